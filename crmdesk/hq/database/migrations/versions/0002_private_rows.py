"""Schema 2: private homes, proposals, handovers, attachments; orders and quotes to their end.

Homes leave the reference rows that every laptop has; each becomes a row of its user's scope, which
the feed then takes to that user's devices. Open proposals become rows that office and proposer see.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE home_base (
    uid UUID NOT NULL,
    user_id UUID NOT NULL,
    address TEXT,
    latitude FLOAT(53),
    longitude FLOAT(53),
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    clocks JSONB,
    extra JSONB,
    CONSTRAINT pk_home_base PRIMARY KEY (uid),
    CONSTRAINT fk_home_base_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid)
);
CREATE UNIQUE INDEX uq_home_base_user_id ON home_base (user_id) WHERE NOT deleted;
CREATE TABLE proposal (
    uid UUID NOT NULL,
    user_id UUID NOT NULL,
    kind TEXT DEFAULT 'field' NOT NULL,
    entity TEXT NOT NULL,
    row_uid UUID NOT NULL,
    account_uid UUID,
    field TEXT,
    current JSONB,
    proposed JSONB,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT DEFAULT 'open' NOT NULL,
    answer TEXT,
    decided_by_id UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    extra JSONB,
    CONSTRAINT pk_proposal PRIMARY KEY (uid),
    CONSTRAINT fk_proposal_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid),
    CONSTRAINT fk_proposal_decided_by_id FOREIGN KEY(decided_by_id) REFERENCES app_user (uid)
);
CREATE TABLE handover (
    account_id UUID NOT NULL,
    uid UUID NOT NULL,
    user_id UUID,
    kind TEXT DEFAULT 'note' NOT NULL,
    text TEXT NOT NULL,
    content JSONB,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE,
    seen_by_id UUID,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    clocks JSONB,
    extra JSONB,
    CONSTRAINT pk_handover PRIMARY KEY (account_id, uid),
    CONSTRAINT fk_handover_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid),
    CONSTRAINT fk_handover_seen_by_id FOREIGN KEY(seen_by_id) REFERENCES app_user (uid),
    CONSTRAINT fk_handover_account_id FOREIGN KEY(account_id) REFERENCES account (account_id)
);
CREATE INDEX ix_handover_uid ON handover (uid);
CREATE TABLE attempt (
    key TEXT NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    locked_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_attempt PRIMARY KEY (key)
);
CREATE TABLE scope_sum (
    scope TEXT NOT NULL,
    position BIGINT NOT NULL,
    buckets BYTEA NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_scope_sum PRIMARY KEY (scope)
);
CREATE TABLE blob (
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    received BIGINT DEFAULT 0 NOT NULL,
    complete BOOLEAN DEFAULT false NOT NULL,
    user_id UUID,
    device_id UUID,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_blob PRIMARY KEY (sha256)
);
CREATE INDEX ix_blob_user_id ON blob (user_id);
CREATE INDEX ix_attachment_sha256 ON attachment (sha256);
CREATE INDEX ix_product_status ON product (status);
CREATE TABLE blob_chunk (
    sha256 TEXT NOT NULL,
    start BIGINT NOT NULL,
    data BYTEA NOT NULL,
    CONSTRAINT pk_blob_chunk PRIMARY KEY (sha256, start),
    CONSTRAINT fk_blob_chunk_sha256 FOREIGN KEY(sha256) REFERENCES blob (sha256)
);
CREATE TABLE quarantine (
    device_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    txn BIGINT NOT NULL,
    op TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    state TEXT DEFAULT 'held' NOT NULL,
    CONSTRAINT pk_quarantine PRIMARY KEY (device_id, seq)
);
"""

_DOCUMENTS = """
CREATE TABLE order_alteration (
    account_id UUID NOT NULL,
    uid UUID NOT NULL,
    order_id UUID NOT NULL,
    user_id UUID,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT NOT NULL,
    before JSONB NOT NULL,
    after JSONB NOT NULL,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    extra JSONB,
    CONSTRAINT pk_order_alteration PRIMARY KEY (account_id, uid),
    CONSTRAINT fk_order_alteration_account_id_order_id FOREIGN KEY(account_id, order_id)
        REFERENCES sales_order (account_id, uid),
    CONSTRAINT fk_order_alteration_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid),
    CONSTRAINT fk_order_alteration_account_id FOREIGN KEY(account_id)
        REFERENCES account (account_id)
);
CREATE INDEX ix_order_alteration_uid ON order_alteration (uid);
CREATE TABLE quote_follow_up (
    account_id UUID NOT NULL,
    uid UUID NOT NULL,
    quote_id UUID NOT NULL,
    user_id UUID,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    date DATE NOT NULL,
    mode TEXT DEFAULT 'call' NOT NULL,
    result TEXT,
    note TEXT,
    next_on DATE,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    extra JSONB,
    CONSTRAINT pk_quote_follow_up PRIMARY KEY (account_id, uid),
    CONSTRAINT fk_quote_follow_up_account_id_quote_id FOREIGN KEY(account_id, quote_id)
        REFERENCES quote (account_id, uid),
    CONSTRAINT fk_quote_follow_up_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid),
    CONSTRAINT fk_quote_follow_up_account_id FOREIGN KEY(account_id)
        REFERENCES account (account_id)
);
CREATE INDEX ix_quote_follow_up_uid ON quote_follow_up (uid);
CREATE TABLE closure (
    account_id UUID NOT NULL,
    uid UUID NOT NULL,
    user_id UUID,
    from_date DATE NOT NULL,
    to_date DATE NOT NULL,
    reason TEXT,
    yearly BOOLEAN DEFAULT false NOT NULL,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    clocks JSONB,
    extra JSONB,
    CONSTRAINT pk_closure PRIMARY KEY (account_id, uid),
    CONSTRAINT fk_closure_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid),
    CONSTRAINT fk_closure_account_id FOREIGN KEY(account_id) REFERENCES account (account_id)
);
CREATE INDEX ix_closure_uid ON closure (uid);
CREATE TABLE day_sheet (
    uid UUID NOT NULL,
    user_id UUID NOT NULL,
    date DATE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    currency TEXT DEFAULT 'EUR' NOT NULL,
    counted_minor BIGINT DEFAULT 0 NOT NULL,
    totals JSONB NOT NULL,
    note TEXT,
    received_at TIMESTAMP WITH TIME ZONE,
    received_by_id UUID,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    extra JSONB,
    CONSTRAINT pk_day_sheet PRIMARY KEY (uid),
    CONSTRAINT fk_day_sheet_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid),
    CONSTRAINT fk_day_sheet_received_by_id FOREIGN KEY(received_by_id) REFERENCES app_user (uid)
);
CREATE UNIQUE INDEX uq_day_sheet_user_id_date ON day_sheet (user_id, date) WHERE NOT deleted;
ALTER TABLE organisation ADD COLUMN website TEXT, ADD COLUMN bank_account TEXT,
    ADD COLUMN logo JSONB, ADD COLUMN policy JSONB, ADD COLUMN document_texts JSONB;
ALTER TABLE sales_order ADD COLUMN entered_by_id UUID, ADD COLUMN contact_id UUID,
    ADD COLUMN signed_by TEXT, ADD COLUMN signed_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN signature JSONB, ADD COLUMN reason_id UUID,
    ADD CONSTRAINT fk_sales_order_reason_id FOREIGN KEY(reason_id) REFERENCES outcome_reason (uid),
    ADD CONSTRAINT fk_sales_order_entered_by_id FOREIGN KEY(entered_by_id)
        REFERENCES app_user (uid),
    ADD CONSTRAINT fk_sales_order_account_id_contact_id FOREIGN KEY(account_id, contact_id)
        REFERENCES contact (account_id, uid);
ALTER TABLE quote ADD COLUMN contact_id UUID, ADD COLUMN terms TEXT, ADD COLUMN lost_to TEXT,
    ADD COLUMN revised_from_uid UUID,
    ADD CONSTRAINT fk_quote_account_id_contact_id FOREIGN KEY(account_id, contact_id)
        REFERENCES contact (account_id, uid);
ALTER TABLE collection ADD COLUMN number TEXT, ADD COLUMN reference TEXT,
    ADD COLUMN cheque_on DATE, ADD COLUMN note TEXT, ADD COLUMN reverses_uid UUID;
ALTER TABLE return_request ADD COLUMN wish TEXT DEFAULT 'credit' NOT NULL;
ALTER TABLE return_line ADD COLUMN reason_id UUID, ADD COLUMN net_minor BIGINT DEFAULT 0 NOT NULL,
    ADD COLUMN condition TEXT,
    ADD CONSTRAINT fk_return_line_reason_id FOREIGN KEY(reason_id) REFERENCES outcome_reason (uid);
ALTER TABLE sample ADD COLUMN base_quantity BIGINT DEFAULT 1 NOT NULL, ADD COLUMN note TEXT;
ALTER TABLE price_list ADD COLUMN status TEXT DEFAULT 'active' NOT NULL,
    ADD COLUMN replaces_uid UUID, ADD COLUMN note TEXT;
ALTER TABLE reorder_override ADD COLUMN kind TEXT DEFAULT 'not_now' NOT NULL,
    ADD COLUMN substitute_id UUID,
    ADD CONSTRAINT fk_reorder_override_substitute_id FOREIGN KEY(substitute_id)
        REFERENCES product (uid);
"""

_WORK = """
CREATE TABLE day_setting (
    uid UUID NOT NULL,
    user_id UUID NOT NULL,
    date DATE NOT NULL,
    start_name TEXT,
    start_latitude FLOAT(53),
    start_longitude FLOAT(53),
    end_name TEXT,
    end_latitude FLOAT(53),
    end_longitude FLOAT(53),
    shifts JSONB,
    max_km INTEGER,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    clocks JSONB,
    extra JSONB,
    CONSTRAINT pk_day_setting PRIMARY KEY (uid),
    CONSTRAINT fk_day_setting_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid)
);
CREATE UNIQUE INDEX uq_day_setting_user_id_date ON day_setting (user_id, date) WHERE NOT deleted;
CREATE TABLE notice_state (
    uid UUID NOT NULL,
    user_id UUID NOT NULL,
    key TEXT NOT NULL,
    snoozed_until DATE,
    done_at TIMESTAMP WITH TIME ZONE,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    clocks JSONB,
    extra JSONB,
    CONSTRAINT pk_notice_state PRIMARY KEY (uid),
    CONSTRAINT fk_notice_state_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid)
);
CREATE UNIQUE INDEX uq_notice_state_user_id_key ON notice_state (user_id, key) WHERE NOT deleted;
CREATE TABLE shared_view (
    uid UUID NOT NULL,
    user_id UUID NOT NULL,
    view_uid UUID,
    place TEXT NOT NULL,
    name TEXT NOT NULL,
    definition JSONB NOT NULL,
    people JSONB,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    extra JSONB,
    CONSTRAINT pk_shared_view PRIMARY KEY (uid),
    CONSTRAINT fk_shared_view_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid)
);
CREATE TABLE deal_share (
    uid UUID NOT NULL,
    user_id UUID NOT NULL,
    opportunity_uid UUID NOT NULL,
    customer TEXT NOT NULL,
    stage TEXT DEFAULT 'qualified' NOT NULL,
    amount_minor BIGINT DEFAULT 0 NOT NULL,
    currency TEXT DEFAULT 'EUR' NOT NULL,
    share_bp INTEGER DEFAULT 0 NOT NULL,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    extra JSONB,
    CONSTRAINT pk_deal_share PRIMARY KEY (uid),
    CONSTRAINT fk_deal_share_user_id FOREIGN KEY(user_id) REFERENCES app_user (uid)
);
CREATE TABLE region_pack (
    uid UUID NOT NULL,
    name TEXT NOT NULL,
    kind TEXT DEFAULT 'map' NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER DEFAULT 0 NOT NULL,
    bounds JSONB,
    made_on DATE,
    note TEXT,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    extra JSONB,
    CONSTRAINT pk_region_pack PRIMARY KEY (uid)
);
CREATE TABLE custom_field (
    uid UUID NOT NULL,
    name TEXT NOT NULL,
    kind TEXT DEFAULT 'text' NOT NULL,
    choices JSONB,
    position INTEGER DEFAULT 0 NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    extra JSONB,
    CONSTRAINT pk_custom_field PRIMARY KEY (uid)
);
CREATE TABLE custom_value (
    account_id UUID NOT NULL,
    uid UUID NOT NULL,
    custom_field_id UUID NOT NULL,
    value TEXT DEFAULT '' NOT NULL,
    rev BIGINT DEFAULT 1 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    clocks JSONB,
    extra JSONB,
    CONSTRAINT pk_custom_value PRIMARY KEY (account_id, uid),
    CONSTRAINT fk_custom_value_custom_field_id FOREIGN KEY(custom_field_id)
        REFERENCES custom_field (uid),
    CONSTRAINT fk_custom_value_account_id FOREIGN KEY(account_id) REFERENCES account (account_id)
);
CREATE INDEX ix_custom_value_uid ON custom_value (uid);
CREATE INDEX ix_custom_value_account_id_custom_field_id
    ON custom_value (account_id, custom_field_id);
ALTER TABLE site ADD COLUMN delivery_note TEXT, ADD COLUMN closed_on DATE;
ALTER TABLE contact ADD COLUMN consents JSONB;
ALTER TABLE attention_model ADD COLUMN virtual_mode TEXT DEFAULT 'call' NOT NULL,
    ADD COLUMN applies JSONB;
ALTER TABLE account ADD COLUMN interval_days INTEGER, ADD COLUMN virtual_between INTEGER;
ALTER TABLE planned_visit ADD COLUMN reason_id UUID, ADD COLUMN note TEXT,
    ADD COLUMN announced INTEGER DEFAULT 0 NOT NULL,
    ADD CONSTRAINT fk_planned_visit_reason_id FOREIGN KEY(reason_id)
        REFERENCES outcome_reason (uid);
ALTER TABLE user_leave ADD COLUMN from_minute INTEGER, ADD COLUMN to_minute INTEGER;
ALTER TABLE visit ADD COLUMN contact_id UUID, ADD COLUMN next_step TEXT,
    ADD COLUMN next_step_on DATE, ADD COLUMN travel_m INTEGER,
    ADD CONSTRAINT fk_visit_account_id_contact_id FOREIGN KEY(account_id, contact_id)
        REFERENCES contact (account_id, uid);
ALTER TABLE visit_task ADD COLUMN key TEXT, ADD COLUMN mandatory BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE promise ADD COLUMN assignee_id UUID, ADD COLUMN note TEXT,
    ADD CONSTRAINT fk_promise_assignee_id FOREIGN KEY(assignee_id) REFERENCES app_user (uid);
ALTER TABLE lead ADD COLUMN qualification JSONB, ADD COLUMN reason_id UUID,
    ADD COLUMN closed_on DATE, ADD COLUMN opportunity_uid UUID,
    ADD CONSTRAINT fk_lead_reason_id FOREIGN KEY(reason_id) REFERENCES outcome_reason (uid);
ALTER TABLE opportunity ADD COLUMN contact_id UUID, ADD COLUMN probability_bp INTEGER,
    ADD COLUMN splits JSONB, ADD COLUMN lead_uid UUID, ADD COLUMN lost_to TEXT,
    ADD COLUMN note TEXT,
    ADD CONSTRAINT fk_opportunity_account_id_contact_id FOREIGN KEY(account_id, contact_id)
        REFERENCES contact (account_id, uid);
ALTER TABLE stage_change ADD COLUMN note TEXT;
ALTER TABLE ticket ADD COLUMN description TEXT, ADD COLUMN contact_id UUID,
    ADD COLUMN visit_uid UUID, ADD COLUMN escalation INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN resolution TEXT, ADD COLUMN reason_id UUID, ADD COLUMN return_request_uid UUID,
    ADD CONSTRAINT fk_ticket_reason_id FOREIGN KEY(reason_id) REFERENCES outcome_reason (uid),
    ADD CONSTRAINT fk_ticket_account_id_contact_id FOREIGN KEY(account_id, contact_id)
        REFERENCES contact (account_id, uid);
ALTER TABLE ticket_event ADD COLUMN to_status TEXT;
ALTER TABLE survey_score ADD COLUMN about_kind TEXT, ADD COLUMN about_uid UUID;
"""

_CHANGED = """
ALTER TABLE hq_device ADD COLUMN program TEXT, ADD COLUMN waiting BIGINT;
ALTER TABLE credential DROP COLUMN failures, DROP COLUMN locked_until;
ALTER TABLE feed ADD COLUMN at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL;
ALTER TABLE outbox ADD COLUMN at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    DROP CONSTRAINT pk_outbox, ADD CONSTRAINT pk_outbox PRIMARY KEY (scope, id);
ALTER TABLE scope_head ADD COLUMN horizon BIGINT DEFAULT 0 NOT NULL;
"""

_MOVED = """
INSERT INTO home_base (uid, user_id, address, latitude, longitude)
SELECT gen_random_uuid(), uid, home_address, home_latitude, home_longitude FROM app_user
WHERE home_address IS NOT NULL OR home_latitude IS NOT NULL;
ALTER TABLE app_user DROP COLUMN home_address, DROP COLUMN home_latitude,
    DROP COLUMN home_longitude;
INSERT INTO proposal (uid, user_id, entity, row_uid, account_uid, field, current, proposed, at,
    status)
SELECT gen_random_uuid(), p.user_id, p.entity, p.uid, nullif(p.account_id,
    '00000000-0000-0000-0000-000000000000'), p.field, p.current, p.proposed, p.at, p.state
FROM proposal_0001 p JOIN app_user u ON u.uid = p.user_id;
DROP TABLE proposal_0001;
INSERT INTO outbox (scope, entity, uid)
SELECT 'u/' || encode(uuid_send(user_id), 'hex'), 'home_base', uid FROM home_base
UNION ALL SELECT 'u/' || encode(uuid_send(user_id), 'hex'), 'proposal', uid FROM proposal;
"""


def upgrade() -> None:
    op.execute("ALTER TABLE proposal RENAME TO proposal_0001")
    op.execute("ALTER TABLE proposal_0001 RENAME CONSTRAINT pk_proposal TO pk_proposal_0001")
    op.execute(_TABLES)
    op.execute(_DOCUMENTS)
    op.execute(_WORK)
    op.execute(_CHANGED)
    op.execute(_MOVED)

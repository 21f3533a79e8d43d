"""Schema 2: private homes, proposals, handovers, attachments; orders and quotes to their end.

Homes of users leave the reference row that every laptop has; the person's own comes back as a
row of its own with the next sync.
"""

import sqlalchemy as sa
from alembic import op

from crmdesk.domain.ids import new_uid

revision = "0002"
down_revision = "0001"

_HOMES = (
    "SELECT id, home_address, home_latitude, home_longitude FROM app_user"
    " WHERE home_latitude IS NOT NULL OR home_address IS NOT NULL"
)


def _row(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("uid", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("rev", sa.Integer, nullable=False, server_default=sa.text("0")),
        *columns,
    )


def _ref(name: str, table: str, *, required: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=not required)


def _text(name: str, *, required: bool = False, default: str | None = None) -> sa.Column[str]:
    given = None if default is None else sa.text(f"'{default}'")
    return sa.Column(name, sa.Text, nullable=not required, server_default=given)


def upgrade() -> None:
    """Add the new tables, move homes out of ``app_user``, drop their columns there."""
    _row(
        "home_base", _ref("user_id", "app_user", required=True), _text("address"),
        sa.Column("latitude", sa.Float), sa.Column("longitude", sa.Float),
        sa.UniqueConstraint("user_id"),
    )  # fmt: skip
    _row(
        "proposal", _ref("user_id", "app_user", required=True),
        _text("kind", required=True, default="field"), _text("entity", required=True),
        sa.Column("row_uid", sa.LargeBinary(16), nullable=False),
        sa.Column("account_uid", sa.LargeBinary(16)), _text("field"), _text("current"),
        _text("proposed"), _text("at", required=True),
        _text("status", required=True, default="open"), _text("answer"),
        _ref("decided_by_id", "app_user"), _text("decided_at"),
    )  # fmt: skip
    op.create_index("ix_proposal_user_id", "proposal", ["user_id"])
    op.create_index("ix_proposal_status_at", "proposal", ["status", "at"])
    _row(
        "handover", _ref("account_id", "account", required=True), _ref("user_id", "app_user"),
        _text("kind", required=True, default="note"), _text("text", required=True),
        _text("content"), _text("at", required=True), _text("seen_at"),
        _ref("seen_by_id", "app_user"),
    )  # fmt: skip
    op.create_index("ix_handover_account_id", "handover", ["account_id"])
    # The board opens on its likeliest rows, state by state; nothing reads by the chance in 7 days.
    op.drop_index("ix_summary_pair_state", "summary_pair")
    op.drop_index("ix_summary_pair_p_7", "summary_pair")
    op.create_index("ix_summary_pair_likely", "summary_pair", ["state", "p_14"])
    # What left the range is looked up after every order.
    op.create_index("ix_product_status", "product", ["status"])
    _document_tables()
    _work_tables()
    _document_columns()
    _platform_tables()
    _told_changes()
    _move_homes()


def _document_tables() -> None:
    _row(
        "order_alteration", _ref("account_id", "account", required=True),
        _ref("order_id", "sales_order", required=True), _ref("user_id", "app_user"),
        _text("at", required=True), _text("reason", required=True),
        _text("before", required=True), _text("after", required=True),
    )  # fmt: skip
    _row(
        "quote_follow_up", _ref("account_id", "account", required=True),
        _ref("quote_id", "quote", required=True), _ref("user_id", "app_user"),
        _text("at", required=True), _text("date", required=True),
        _text("mode", required=True, default="call"), _text("result"), _text("note"),
        _text("next_on"),
    )  # fmt: skip
    _row(
        "closure", _ref("account_id", "account", required=True), _ref("user_id", "app_user"),
        _text("from_date", required=True), _text("to_date", required=True), _text("reason"),
        sa.Column("yearly", sa.Integer, nullable=False, server_default=sa.text("0")),
    )  # fmt: skip
    _row(
        "day_sheet", _ref("user_id", "app_user", required=True), _text("date", required=True),
        _text("closed_at", required=True), _text("currency", required=True, default="EUR"),
        sa.Column("counted_minor", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        _text("totals", required=True), _text("note"), _text("received_at"),
        _ref("received_by_id", "app_user"), sa.UniqueConstraint("user_id", "date"),
        sa.CheckConstraint("typeof(counted_minor) IN ('integer','null')"),
    )  # fmt: skip
    for table, column in (
        ("order_alteration", "account_id"), ("order_alteration", "order_id"),
        ("quote_follow_up", "account_id"), ("quote_follow_up", "quote_id"),
        ("closure", "account_id"), ("day_sheet", "user_id"),
    ):  # fmt: skip
        op.create_index(f"ix_{table}_{column}", table, [column])


def _work_tables() -> None:
    _row(
        "day_setting", _ref("user_id", "app_user", required=True), _text("date", required=True),
        _text("start_name"), sa.Column("start_latitude", sa.Float),
        sa.Column("start_longitude", sa.Float), _text("end_name"),
        sa.Column("end_latitude", sa.Float), sa.Column("end_longitude", sa.Float),
        _text("shifts"), sa.Column("max_km", sa.Integer), sa.UniqueConstraint("user_id", "date"),
    )  # fmt: skip
    _row(
        "notice_state", _ref("user_id", "app_user", required=True), _text("key", required=True),
        _text("snoozed_until"), _text("done_at"), sa.UniqueConstraint("user_id", "key"),
    )  # fmt: skip
    _row(
        "shared_view", _ref("user_id", "app_user", required=True),
        sa.Column("view_uid", sa.LargeBinary(16)), _text("place", required=True),
        _text("name", required=True), _text("definition", required=True), _text("people"),
    )  # fmt: skip
    op.create_index("ix_shared_view_view_uid", "shared_view", ["view_uid"])
    _row(
        "deal_share", _ref("user_id", "app_user", required=True),
        sa.Column("opportunity_uid", sa.LargeBinary(16), nullable=False),
        _text("customer", required=True), _text("stage", required=True, default="qualified"),
        sa.Column("amount_minor", sa.BigInteger,
                  sa.CheckConstraint("typeof(amount_minor) = 'integer'"), nullable=False,
                  server_default=sa.text("0")),
        _text("currency", required=True, default="EUR"),
        sa.Column("share_bp", sa.Integer, nullable=False, server_default=sa.text("0")),
    )  # fmt: skip
    op.create_index("ix_deal_share_opportunity_uid", "deal_share", ["opportunity_uid"])
    _row(
        "region_pack", _text("name", required=True), _text("kind", required=True, default="map"),
        _text("sha256", required=True),
        sa.Column("size", sa.Integer, nullable=False, server_default=sa.text("0")),
        _text("bounds"), _text("made_on"), _text("note"),
    )  # fmt: skip
    _row(
        "custom_field", _text("name", required=True),
        _text("kind", required=True, default="text"), _text("choices"),
        sa.Column("position", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("active", sa.Integer, nullable=False, server_default=sa.text("1")),
    )  # fmt: skip
    _row(
        "custom_value", _ref("account_id", "account", required=True),
        _ref("custom_field_id", "custom_field", required=True),
        _text("value", required=True, default=""),
    )  # fmt: skip
    op.create_index("ix_custom_value_account_id", "custom_value", ["account_id"])
    op.create_index(
        "ix_custom_value_account_id_custom_field_id", "custom_value",
        ["account_id", "custom_field_id"],
    )  # fmt: skip
    for name in ("day_setting", "notice_state", "shared_view", "deal_share"):
        op.create_index(f"ix_{name}_user_id", name, ["user_id"])


_COLUMNS = {
    "organisation": ("website TEXT", "bank_account TEXT", "logo TEXT", "policy TEXT",
                     "document_texts TEXT"),
    "sales_order": (
        "entered_by_id INTEGER REFERENCES app_user (id)",
        "contact_id INTEGER REFERENCES contact (id)",
        "signed_by TEXT", "signed_at TEXT", "signature TEXT",
        "reason_id INTEGER REFERENCES outcome_reason (id)",
    ),
    "quote": (
        "contact_id INTEGER REFERENCES contact (id)", "terms TEXT", "lost_to TEXT",
        "revised_from_uid BLOB",
    ),
    "collection": (
        "number TEXT", "reference TEXT", "cheque_on TEXT", "note TEXT", "reverses_uid BLOB",
    ),
    "return_request": ("wish TEXT DEFAULT 'credit' NOT NULL",),
    "return_line": (
        "reason_id INTEGER REFERENCES outcome_reason (id)",
        "net_minor BIGINT DEFAULT 0 NOT NULL CHECK (typeof(net_minor) = 'integer')",
        "condition TEXT",
    ),
    "sample": (
        "base_quantity BIGINT DEFAULT 1 NOT NULL CHECK (typeof(base_quantity) = 'integer')",
        "note TEXT",
    ),
    "summary_pair": ("because TEXT",),
    "price_list": ("status TEXT DEFAULT 'active' NOT NULL", "replaces_uid BLOB", "note TEXT"),
    "reorder_override": (
        "kind TEXT DEFAULT 'not_now' NOT NULL", "substitute_id INTEGER REFERENCES product (id)",
    ),
    "attention_model": (
        "virtual_mode TEXT DEFAULT 'call' NOT NULL",
        "applies TEXT",
    ),
    "account": (
        "interval_days INTEGER",
        "virtual_between INTEGER",
    ),
    "planned_visit": (
        "reason_id INTEGER REFERENCES outcome_reason (id)",
        "note TEXT",
        "announced INTEGER DEFAULT 0 NOT NULL",
    ),
    "user_leave": (
        "from_minute INTEGER",
        "to_minute INTEGER",
    ),
    "visit": (
        "contact_id INTEGER REFERENCES contact (id)",
        "next_step TEXT",
        "next_step_on TEXT",
        "travel_m INTEGER",
    ),
    "visit_task": (
        "key TEXT",
        "mandatory INTEGER DEFAULT 0 NOT NULL",
    ),
    "promise": (
        "assignee_id INTEGER REFERENCES app_user (id)",
        "note TEXT",
    ),
    "lead": (
        "qualification TEXT",
        "reason_id INTEGER REFERENCES outcome_reason (id)",
        "closed_on TEXT",
        "opportunity_uid BLOB",
    ),
    "opportunity": (
        "contact_id INTEGER REFERENCES contact (id)",
        "probability_bp INTEGER",
        "splits TEXT",
        "lead_uid BLOB",
        "lost_to TEXT",
        "note TEXT",
    ),
    "stage_change": (
        "note TEXT",
    ),
    "ticket": (
        "description TEXT",
        "contact_id INTEGER REFERENCES contact (id)",
        "visit_uid BLOB",
        "escalation INTEGER DEFAULT 0 NOT NULL",
        "resolution TEXT",
        "reason_id INTEGER REFERENCES outcome_reason (id)",
        "return_request_uid BLOB",
    ),
    "site": (
        "delivery_note TEXT",
        "closed_on TEXT",
    ),
    "contact": ("consents TEXT",),
    "ticket_event": (
        "to_status TEXT",
    ),
    "survey_score": (
        "about_kind TEXT",
        "about_uid BLOB",
    ),
}  # fmt: skip


def _document_columns() -> None:
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")


def _platform_tables() -> None:
    op.create_table(
        "unknown_field",
        _text("entity", required=True), sa.Column("uid", sa.LargeBinary(16), nullable=False),
        _text("fields", required=True), sa.PrimaryKeyConstraint("entity", "uid"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "transfer",
        sa.Column("sha256", sa.Text, primary_key=True, nullable=False),
        _text("direction", required=True), sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        _text("state", required=True, default="waiting"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        _text("next_at"), _text("problem"), _text("asked_at", required=True),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("ix_transfer_state", "transfer", ["state", "asked_at"])
    op.create_index("ix_attachment_sha256", "attachment", ["sha256"])
    op.add_column(
        "sync_session",
        sa.Column("healed", sa.Integer, nullable=False, server_default=sa.text("0")),
    )
    op.add_column("sync_session", _text("way", required=True, default="network"))
    for name in ("conflict", "refusal"):
        op.add_column(name, _text("settled_at"))
        op.add_column(name, sa.Column("settled_txn", sa.Integer))
    op.create_table(
        "seen",
        _text("entity", required=True), sa.Column("uid", sa.LargeBinary(16), nullable=False),
        _text("at", required=True), sa.PrimaryKeyConstraint("entity", "uid"),
        sqlite_with_rowid=False,
    )  # fmt: skip


def _told_changes() -> None:
    op.create_table(
        "told_change",
        sa.Column("account_uid", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False), _text("entity", required=True),
        sa.Column("uid", sa.LargeBinary(16), nullable=False), _text("op", required=True),
        _text("fields", required=True), sa.Column("user_uid", sa.LargeBinary(16)),
        sa.Column("own_seq", sa.Integer), sa.Column("hlc", sa.BigInteger, nullable=False),
        _text("at", required=True), sa.PrimaryKeyConstraint("account_uid", "number"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("ix_told_change_uid", "told_change", ["uid"])
    op.create_table(
        "told_account",
        sa.Column("account_uid", sa.LargeBinary(16), nullable=False),
        _text("at", required=True),
        sa.PrimaryKeyConstraint("account_uid"),
        sqlite_with_rowid=False,
    )


def _move_homes() -> None:
    run = op.get_bind().exec_driver_sql
    joined = run("SELECT 1 FROM profile WHERE key = 'hq.url'").first() is not None
    if not joined:
        # Working alone: this is the only copy. A joined laptop gets its own row from HQ.
        for user_id, address, latitude, longitude in run(_HOMES).all():
            run(
                "INSERT INTO home_base (uid, user_id, address, latitude, longitude)"
                " VALUES (?, ?, ?, ?, ?)",
                (new_uid(), user_id, address, latitude, longitude),
            )
    for column in ("home_address", "home_latitude", "home_longitude"):
        op.drop_column("app_user", column)

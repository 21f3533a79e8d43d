"""The local tables, made from the entity specification, and the platform's own tables.

Every entity table has an integer ``id`` that never leaves the laptop, the ``uid`` that does,
and ``rev``, the revision HQ gave it (0: HQ does not know it yet). Lines are WITHOUT ROWID by
(document, position). Summaries are derived and never synced.

An entity's tables are made when they are first asked for: a start needs a third of them.
"""

from __future__ import annotations

import threading

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)  # fmt: skip

from crmdesk.storage.entities import ENTITIES, Entity, Field, Kind
from crmdesk.storage.entities.spec import INTEGER_KINDS
from crmdesk.storage.types import column_type

_metadata = MetaData()
_making = threading.RLock()


def _column(field: Field) -> Column[object]:
    default = None if field.default is None else str(field.default)
    quoted = default
    if default is not None and field.kind is Kind.TEXT:
        quoted = "'" + default.replace("'", "''") + "'"
    foreign = []
    if field.kind is Kind.REF and field.ref:
        target = ENTITIES[field.ref]
        foreign.append(ForeignKey(f"{target.table or target.name}.id"))
    return Column(
        field.column,
        column_type(field),
        *foreign,
        nullable=not field.required,
        server_default=None if quoted is None else text(quoted),
    )


def _integer_checks(fields: tuple[Field, ...], name: str) -> list[CheckConstraint]:
    exact = [f.column for f in fields if f.kind in INTEGER_KINDS]
    if not exact:
        return []
    test = " AND ".join(f"typeof({column}) IN ('integer','null')" for column in exact)
    return [CheckConstraint(test, name=f"ck_{name}_integers")]


def _make_tables(entity: Entity) -> None:
    name = entity.table or entity.name
    table = Table(
        name,
        _metadata,
        Column("id", Integer, primary_key=True),
        Column("uid", LargeBinary(16), nullable=False, unique=True),
        Column("rev", Integer, nullable=False, server_default=text("0")),
        *(_column(field) for field in entity.fields),
        *(UniqueConstraint(*columns) for columns in entity.unique),
        *_integer_checks(entity.fields, name),
    )
    for field in entity.fields:
        if field.indexed:
            Index(f"ix_{name}_{field.column}", table.c[field.column])
    for columns in entity.indexes:
        Index(f"ix_{name}_{'_'.join(columns)}", *(table.c[column] for column in columns))
    if entity.lines is None:
        return
    Table(
        entity.lines.name,
        _metadata,
        Column("parent_id", Integer, ForeignKey(f"{name}.id"), primary_key=True),
        Column("position", Integer, primary_key=True),
        *(_column(field) for field in entity.lines.fields),
        *_integer_checks(entity.lines.fields, entity.lines.name),
        sqlite_with_rowid=False,
    )


_LINES = {entity.lines.name: entity for entity in ENTITIES.values() if entity.lines is not None}

# -- platform ------------------------------------------------------------------------------

profile = Table(
    "profile", _metadata,
    Column("key", Text, primary_key=True), Column("value", Text, nullable=False),
)  # fmt: skip
"""Facts of this profile: user and device uid, HQ address, epoch, schema version, clock offset."""

setting = Table(
    "setting", _metadata,
    Column("key", Text, primary_key=True), Column("value", Text, nullable=False),
)  # fmt: skip

sync_state = Table(
    "sync_state", _metadata,
    Column("id", Integer, primary_key=True),
    Column("applying", Integer, nullable=False, server_default=text("0")),
    Column("txn", Integer, nullable=False, server_default=text("0")),
    Column("hlc", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("id = 1", name="ck_sync_state_one_row"),
)  # fmt: skip
"""One row that the triggers read: is HQ's news being applied, and the transaction's clock."""

journal = Table(
    "journal", _metadata,
    Column("seq", Integer, primary_key=True),
    Column("txn", Integer, nullable=False, index=True),
    Column("entity", Text, nullable=False),
    Column("uid", LargeBinary(16), nullable=False),
    Column("account_uid", LargeBinary(16)),
    Column("op", Text, nullable=False),
    Column("fields", Text),
    Column("base_rev", Integer, nullable=False, server_default=text("0")),
    Column("hlc", BigInteger, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Index("ix_journal_uid", "uid"),
    Index("ix_journal_state", "state", "seq"),
    sqlite_autoincrement=True,
)  # fmt: skip
"""Local changes in order. op: I insert, U update, D delete, L lines, C command.
``fields`` is JSON: {column: [old, new]}, lines {"lines": [...]}, command {"command", "args"}.
state: waiting, sent (answered, kept for undo and the history), refused."""

base_image = Table(
    "base_image", _metadata,
    Column("entity", Text, primary_key=True), Column("uid", LargeBinary(16), primary_key=True),
    Column("rev", Integer, nullable=False), Column("image", Text, nullable=False),
)  # fmt: skip
"""The last image HQ sent of a row that has waiting ops."""

sync_cursor = Table(
    "sync_cursor", _metadata,
    Column("scope", Text, primary_key=True), Column("position", BigInteger, nullable=False),
)  # fmt: skip

conflict = Table(
    "conflict", _metadata,
    Column("id", Integer, primary_key=True),
    Column("entity", Text, nullable=False), Column("uid", LargeBinary(16), nullable=False),
    Column("field", Text, nullable=False), Column("base", Text), Column("mine", Text),
    Column("theirs", Text), Column("kept", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default=text("'field'")),
    Column("theirs_by", Text), Column("theirs_at", Text), Column("at", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("settled_at", Text), Column("settled_txn", Integer),
)  # fmt: skip
"""state: open, settled (fine as it is), restored (by the transaction ``settled_txn``)."""

refusal = Table(
    "refusal", _metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", Integer, nullable=False), Column("txn", Integer, nullable=False),
    Column("entity", Text, nullable=False), Column("uid", LargeBinary(16), nullable=False),
    Column("code", Text, nullable=False), Column("sentence", Text, nullable=False),
    Column("fields", Text), Column("hq_row", Text), Column("at", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("settled_at", Text), Column("settled_txn", Integer),
)  # fmt: skip
"""state: open, settled (seen), retried (made again by the transaction ``settled_txn``)."""

seen = Table(
    "seen", _metadata,
    Column("entity", Text, primary_key=True), Column("uid", LargeBinary(16), primary_key=True),
    Column("at", Text, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Rows of HQ's that the person has taken note of here: decided proposals."""

unknown_field = Table(
    "unknown_field", _metadata,
    Column("entity", Text, primary_key=True), Column("uid", LargeBinary(16), primary_key=True),
    Column("fields", Text, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip
"""What a newer HQ sent in columns that this program does not know; an upgrade puts it in place."""

told_change = Table(
    "told_change", _metadata,
    Column("account_uid", LargeBinary(16), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("entity", Text, nullable=False), Column("uid", LargeBinary(16), nullable=False),
    Column("op", Text, nullable=False), Column("fields", Text, nullable=False),
    Column("user_uid", LargeBinary(16)), Column("own_seq", Integer),
    Column("hlc", BigInteger, nullable=False), Column("at", Text, nullable=False),
    Index("ix_told_change_uid", "uid"),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Who changed a customer's data, as HQ's log tells it; ``own_seq`` is the journal's own entry."""

told_account = Table(
    "told_account", _metadata,
    Column("account_uid", LargeBinary(16), primary_key=True),
    Column("at", Text, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Customers whose changes at HQ are all here; whatever sync touches is asked for again."""

transfer = Table(
    "transfer", _metadata,
    Column("sha256", Text, primary_key=True),
    Column("direction", Text, nullable=False), Column("size", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Text), Column("problem", Text), Column("asked_at", Text, nullable=False),
    Index("ix_transfer_state", "state", "asked_at"),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Bytes of attachments on their way. direction: up, down. state: waiting, done, refused."""

sync_session = Table(
    "sync_session", _metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", Text, nullable=False), Column("seconds", Float),
    Column("result", Text, nullable=False), Column("detail", Text),
    Column("sent", Integer, nullable=False, server_default=text("0")),
    Column("received", Integer, nullable=False, server_default=text("0")),
    Column("bytes_out", Integer, nullable=False, server_default=text("0")),
    Column("bytes_in", Integer, nullable=False, server_default=text("0")),
    Column("conflicts", Integer, nullable=False, server_default=text("0")),
    Column("refusals", Integer, nullable=False, server_default=text("0")),
    Column("healed", Integer, nullable=False, server_default=text("0")),
    Column("way", Text, nullable=False, server_default=text("'network'")),
)  # fmt: skip
"""Rounds that did something or failed. way: network, file. healed: rows put right by checksums."""

import_batch = Table(
    "import_batch", _metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", LargeBinary(16), nullable=False, unique=True),
    Column("kind", Text, nullable=False), Column("file_name", Text, nullable=False),
    Column("file_sha256", Text, nullable=False), Column("at", Text, nullable=False),
    Column("rows", Integer, nullable=False), Column("created", Integer, nullable=False),
    Column("updated", Integer, nullable=False), Column("merged", Integer, nullable=False),
    Column("skipped", Integer, nullable=False), Column("rejected", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'done'")),
)  # fmt: skip

import_row = Table(
    "import_row", _metadata,
    Column("batch_id", Integer, ForeignKey("import_batch.id"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("reason", Text, nullable=False), Column("content", Text),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Rejected rows of an import, with the reason; accepted rows are found by ``batch_uid``."""

dirty = Table(
    "dirty", _metadata,
    Column("kind", Text, primary_key=True), Column("a", Integer, primary_key=True),
    Column("b", Integer, primary_key=True, server_default=text("0")),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Summaries and index entries to bring up to date before the transaction commits."""

# -- summaries (derived, never synced) --------------------------------------------------------


def _whole(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _share(name: str) -> Column[float]:
    return Column(name, Float, nullable=False)


def _key(name: str) -> Column[int]:
    return Column(name, Integer, primary_key=True)


summary_month = Table(
    "summary_month", _metadata,
    _key("account_id"), _key("product_id"), _key("month"),
    _whole("base_quantity"), _whole("net_minor"), _whole("discount_minor"), _whole("cost_minor"),
    _whole("lines"), _whole("return_lines"),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Account × SKU × month (yyyymm) of all sale lines; returns are negative."""

summary_pair = Table(
    "summary_pair", _metadata,
    _key("account_id"), _key("product_id"),
    _whole("n"), Column("first_on", Text, nullable=False), Column("last_on", Text, nullable=False),
    _whole("last_quantity"), Column("last_net_e4", BigInteger),
    Column("interval_days", Float), Column("median_gap", Float),
    _share("p_7"), _share("p_14"), _share("p_30"), Column("state", Text, nullable=False),
    Column("due_on", Text), _whole("expected_quantity"), Column("packaging_id", Integer),
    _whole("packs"), _whole("expected_net_minor"), _whole("expected_margin_minor"),
    Column("as_of", Text, nullable=False), Column("because", Text),
    Index("ix_summary_pair_likely", "state", "p_14"),
    Index("ix_summary_pair_due", "due_on", "account_id"),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Account × SKU: the purchase rhythm and the forecast of ``as_of`` (``reorder.md``).

``because`` is JSON of what besides sales changed it, null where nothing did.
"""

summary_account = Table(
    "summary_account", _metadata,
    _key("account_id"), _whole("order_days"), Column("first_on", Text), Column("last_on", Text),
    _whole("net_12m_minor"), _whole("discount_12m_minor"), _whole("cost_12m_minor"),
    _whole("net_prior_12m_minor"), _whole("cost_prior_12m_minor"),
    _whole("overdue"), _whole("due"), _whole("at_risk"),
    _whole("expected_net_minor"), _whole("expected_margin_minor"),
    _whole("open_minor"), _whole("late_minor"), Column("late_since", Text),
    _whole("open_tickets"), Column("last_visit_on", Text), Column("next_visit_on", Text),
    Column("as_of", Text, nullable=False),
)  # fmt: skip
"""One row per account with what lists and headers show, as of ``as_of``."""


def table(entity_name: str) -> Table:
    """The local table of an entity, or of its lines (``order_line``)."""
    entity = ENTITIES.get(entity_name)
    name = (entity.table or entity.name) if entity else entity_name
    found = _metadata.tables.get(name)
    if found is not None:
        return found
    owner = entity or _LINES[entity_name]
    with _making:
        # Another thread may have made it in the meantime.
        if name not in _metadata.tables:
            _make_tables(owner)
        return _metadata.tables[name]


def whole_metadata() -> MetaData:
    """Every local table: for making the schema and for what goes over all of it."""
    for entity in ENTITIES.values():
        table(entity.name)
    return _metadata

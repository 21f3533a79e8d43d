"""The triggers that mark in ``dirty`` which derived rows a change touches.

Owns which rows mark what: months and forecasts, figures of accounts, search entries, or everybody's
forecasts. :mod:`crmdesk.storage.summaries` brings the marked ones up to date before the commit.
"""

from __future__ import annotations

from collections.abc import Iterator

from crmdesk.storage.entities import ENTITIES, Entity

# Entities whose rows change what an account's summary shows; sales change its rhythm too.
_ACCOUNT_MARKS = ("invoice", "ticket", "visit", "planned_visit", "collection", "payment")
# Entities that the forecast of an account reads besides its sales.
_FORECAST_MARKS = ("account_product", "reorder_override", "closure", "visit_task")
SEARCHED = (
    "account", "contact", "product", "order", "quote", "ticket", "note", "return_request",
    "opportunity", "lead", "promise", "invoice",
)  # fmt: skip

# Rows whose words stand in the entry of another row: what they mark, and by which column.
_SEARCHED_WITH = {
    "contact_point": ("search:contact", "contact_id"),
    "packaging": ("search:product", "product_id"),
    "custom_value": ("search:account", "account_id"),
}

# Rows that the forecasts of all accounts read (lists say what a substitute costs), and the
# company's country, which says which holidays.
_EVERYBODYS_MARKS = ("holiday", "price_list")

# Rows that decide packs and worth of a forecast; columns of ``product`` that do, or end one.
_PRODUCT_MARKS = ("packaging", "cost_version")
_PRODUCT_COLUMNS = "price_per, base_unit, status, delisted_on, substitute_uid"

# Of a listed price a forecast reads those of products that took the place of another.
_TAKES_A_PLACE = (
    "product s JOIN product p ON p.substitute_uid = s.uid WHERE p.status = 'delisted'"
    " AND s.id = {row}.product_id"
)

_EVENTS = (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",)))


def table_of(entity: Entity) -> str:
    """The local table of an entity."""
    return entity.table or entity.name


def mark_triggers() -> Iterator[str]:
    """Every trigger that marks, as CREATE statements."""
    for event, rows in _EVENTS:
        for row in rows:
            yield from _of_rows(event, row)
        yield from _of_events(event, rows[-1])
    yield from _of_columns()


def _of_rows(event: str, row: str) -> Iterator[str]:
    """One trigger for each row that an event has: an update marks what was and what is."""
    suffix = f"{event.lower()}_{row.lower()}"
    marks = {
        "sale": _mark("sales", f"{row}.account_id", _month(f"{row}.date")),
        **dict.fromkeys(_ACCOUNT_MARKS, _mark("account", f"{row}.account_id")),
        **dict.fromkeys(_PRODUCT_MARKS, _mark("product", f"{row}.product_id")),
        "account_price": _mark("sales", f"{row}.account_id", of=_TAKES_A_PLACE.format(row=row)),
        "price_rule": _mark("everybody", "0", of=_TAKES_A_PLACE.format(row=row)),
    }
    for name, mark in marks.items():
        yield _trigger(f"mark_{name}_{suffix}", _after(event, name), mark)
    for name in _FORECAST_MARKS:
        mark = _mark("sales", f"{row}.account_id")
        yield _trigger(f"mark_{name}_{suffix}", _after(event, name), mark)
    sold = f"sale WHERE sale.id = {row}.parent_id"
    mark = _mark("sales", "sale.account_id", _month("sale.date"), of=sold)
    yield _trigger(f"mark_sale_line_{suffix}", f"AFTER {event} ON sale_line", mark)
    for name, (kind, column) in _SEARCHED_WITH.items():
        mark = _mark(kind, f"{row}.{column}")
        yield _trigger(f"search_{name}_{suffix}", _after(event, name), mark)


def _of_events(event: str, row: str) -> Iterator[str]:
    """One trigger for an event, whatever its row was before."""
    for name in _EVERYBODYS_MARKS:
        mark = _mark("everybody", "0")
        yield _trigger(f"mark_{name}_{event.lower()}", _after(event, name), mark)
    for name in SEARCHED:
        mark = _mark(f"search:{name}", f"{row}.id")
        yield _trigger(f"search_{name}_{event.lower()}", _after(event, name), mark)


def _of_columns() -> Iterator[str]:
    """What only some columns mark, and a new customer."""
    yield _trigger(
        "mark_product_update",
        f"AFTER UPDATE OF {_PRODUCT_COLUMNS} ON product",
        _mark("product", "NEW.id"),
    )
    yield _trigger(
        "mark_organisation_update",
        "AFTER UPDATE OF country ON organisation WHEN OLD.country IS NOT NEW.country",
        _mark("everybody", "0"),
    )
    yield _trigger(
        "mark_account_price_list",
        "AFTER UPDATE OF price_list_id ON account WHEN OLD.price_list_id IS NOT NEW.price_list_id",
        _mark("sales", "NEW.id"),
    )
    yield _trigger("mark_account_insert", "AFTER INSERT ON account", _mark("account", "NEW.id"))


def _trigger(name: str, when: str, what: str) -> str:
    return f"CREATE TRIGGER {name} {when} BEGIN {what} END"


def _mark(kind: str, row_id: str, detail: str = "0", *, of: str = "sync_state WHERE id = 1") -> str:
    # Not OR IGNORE: an upsert that fires the trigger would put its own conflict rule in its place.
    return (
        f"INSERT INTO dirty (kind, a, b) SELECT '{kind}', {row_id}, {detail} FROM {of}"
        f" AND NOT EXISTS (SELECT 1 FROM dirty WHERE kind = '{kind}' AND a = {row_id}"
        f" AND b = {detail});"
    )


def _month(date: str) -> str:
    """A date's month as ``summary_month`` has it: what sales of the account are summed anew for."""
    return f"CAST(substr({date}, 1, 4) || substr({date}, 6, 2) AS INTEGER)"


def _after(event: str, name: str) -> str:
    """The event of a mark on an entity: an update counts only when a field changed, not ``rev``."""
    entity = ENTITIES[name]
    if event == "UPDATE":
        event = "UPDATE OF " + ", ".join(field.column for field in entity.fields)
    return f"AFTER {event} ON {table_of(entity)}"

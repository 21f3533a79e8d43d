"""One row of every entity, written by a laptop."""

from __future__ import annotations

from crmdesk.domain.ids import new_uid
from crmdesk.services.office_orders import seen_of
from crmdesk.storage.entities import ENTITIES, Entity, Field, Kind
from crmdesk.storage.rows import Value
from crmdesk.storage.types import dump_json
from tests.sync.conftest import Laptop

_FIXED: dict[str, Value] = {"role": "rep", "mode": "person"}


_STATUS = {
    "order": "submitted", "quote": "sent", "planned_visit": "planned", "lead": "qualified",
    "ticket": "waiting",
}  # fmt: skip


# Its payload has to be a real model; the store would use it at once.
EVERY = [e for e in ENTITIES.values() if e.name != "reorder_model"]


# HQ takes only a map or a promotion that can be meant, and from a rep only what can be taken.
_MEANT: dict[tuple[str, str], Value] = {
    ("collection", "method"): "cash",
    ("collection", "amount_minor"): -500,
    ("return_request", "wish"): "exchange",
    ("return_request", "net_minor"): 500,
    ("order", "signature"): '{"aspect":300,"strokes":[[[1,2],[3,4]]]}',
    ("day_sheet", "totals"): '{"methods":{}}',
    ("day_sheet", "counted_minor"): 500,
    ("promotion", "kind"): "mix",
    ("lead", "score"): 55,
    ("opportunity", "stage"): "won",
    ("opportunity", "splits"): '[{"bp":10000,"user":"' + "a" * 32 + '"}]',
    ("organisation", "logo"): '{"data":"iVBORw0KGgo=","type":"image/png"}',
    ("region_pack", "name"): "Andorra",
    ("region_pack", "kind"): "map",
    ("region_pack", "sha256"): "0f" * 32,
    ("region_pack", "bounds"): "[1.4,42.4,1.8,42.7]",
    ("promotion", "rule"): '{"discount_bp":500,"products":["' + "a" * 32 + '"],"quantity":6}',
}


# An alteration says what the order was and became; HQ looks whether that is so.
_SEEN = {("order_alteration", "before"), ("order_alteration", "after")}


_STRANGE = 'é漢🙂 "quoted" \\back\nline\ttab'


def value_of(entity: Entity, field: Field, number: int) -> Value:
    """A value that is not the default; texts are unlike each other."""
    if field.name == "status":
        return "draft" if entity.local_while else _STATUS.get(entity.name, "active")
    fixed = _MEANT.get((entity.name, field.name), _FIXED.get(field.name))
    if fixed is not None:
        return fixed
    if field.kind is Kind.TEXT:
        return f"{entity.name} {field.name} {number} {_STRANGE}"
    if field.kind is Kind.JSON:
        return dump_json({"b": [1, 2.5, None, True], "a": {"ü": _STRANGE}, "n": 2**53})
    if field.kind is Kind.REAL:
        return 0.1 + 0.2
    if field.kind is Kind.BOOL:
        return 0 if field.default else 1
    if field.kind is Kind.DATE:
        return "2024-02-29"
    if field.kind is Kind.INSTANT:
        return "2026-03-29T01:59:59.999Z"
    if field.kind is Kind.UID:
        return new_uid()
    return 2**40 + number if field.kind in {Kind.MONEY, Kind.PRICE} else number + 1


def cells_of(laptop: Laptop, entity: Entity, fields: tuple[Field, ...], number: int) -> list[Value]:
    """The values of a row; references to the newest row of their entity, if there is one."""
    cells = []
    for field in fields:
        if field.kind is Kind.REF and field.ref:
            target = ENTITIES[field.ref]
            query = f"SELECT max(id) FROM {target.table or target.name}"
            cells.append(None if field.ref == entity.name else laptop.one(query))
        elif (entity.name, field.name) in _SEEN:
            cells.append(dump_json(seen_now(laptop)))
        else:
            cells.append(value_of(entity, field, number))
    return cells


def seen_now(laptop: Laptop) -> dict[str, object]:
    """What an alteration of the newest order has to say, with something strange beside it."""
    with laptop.database.read() as connection:
        key = connection.exec_driver_sql("SELECT max(id) FROM sales_order").scalar_one()
        return {**seen_of(connection, key).document(), "a": {"ü": _STRANGE}, "n": 2**53}


def fill(laptop: Laptop, start: int = 0) -> None:
    """One more row of every entity, parents first; a document with its lines in one step."""
    for number, entity in enumerate(EVERY, start):
        name, uid = entity.table or entity.name, new_uid()
        row = cells_of(laptop, entity, entity.fields, number)
        lines = entity.lines
        line_cells = [cells_of(laptop, entity, lines.fields, n) for n in (1, 2)] if lines else []
        with laptop.database.write() as tx:
            columns = ["uid", *(f.column for f in entity.fields)]
            tx.connection.exec_driver_sql(_insert(name, columns), (uid, *row))
            if lines is not None:
                columns = ["parent_id", "position", *(f.column for f in lines.fields)]
                query = f"SELECT id FROM {name} WHERE uid = ?"
                parent = tx.connection.exec_driver_sql(query, (uid,)).scalar_one()
                for position, cells in enumerate(line_cells, start=1):
                    statement = _insert(lines.name, columns)
                    tx.connection.exec_driver_sql(statement, (parent, position, *cells))
        if entity.local_while is not None:
            status = _STATUS[entity.name]
            laptop.run(f"UPDATE {name} SET status = ? WHERE uid = ?", status, uid)


def _insert(table: str, columns: list[str]) -> str:
    names = ", ".join(f'"{c}"' for c in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"

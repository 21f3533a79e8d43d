"""What HQ knows for the reorder forecast besides sales, in tables as a laptop has them.

The few rows in question (closures, counts, ranges, wishes) are copied into a small database in
memory with whole numbers for keys, so that :mod:`crmdesk.storage.reorder_facts` reads HQ's with the
very statements that read a laptop's: a second reading of the same facts could differ.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from crmdesk.hq.database.history import History
from crmdesk.hq.database.store import HqConnection
from crmdesk.hq.database.tables import table_name
from crmdesk.hq.database.wire import quoted, row_sql
from crmdesk.storage.entities import ENTITIES, Entity, Kind

# Of the large tables only what the forecast reads.
_COUNTED = "counted IS NOT NULL AND product_id IS NOT NULL"
_TABLES = {
    "organisation": "true",
    "holiday": "true",
    "product": "true",
    "account_product": "NOT listed OR par_level > 0",
    "reorder_override": "true",
    "closure": "true",
    "visit": "EXISTS (SELECT 1 FROM visit_task k WHERE k.account_id = t.account_id"
    f" AND k.visit_id = t.uid AND NOT k.deleted AND {_COUNTED})",
    "visit_task": _COUNTED,
}


class _Numbers:
    """A whole number for each uid (hex) of an entity: a customer's and a product's is its place in
    the history, later ones follow.
    """

    def __init__(self, known: History) -> None:
        self._of = {
            "account": {uid.hex(): place for place, uid in enumerate(known.accounts)},
            "product": {uid.hex(): place for place, uid in enumerate(known.products)},
        }

    def of(self, entity_name: str, uid: str | None) -> int | None:
        if uid is None:
            return None
        numbers = self._of.setdefault(entity_name, {})
        return numbers.setdefault(uid, len(numbers))


@contextmanager
def as_on_a_laptop(connection: HqConnection, known: History) -> Iterator[Connection]:
    """The facts as local tables, customers and products by their numbers in the history."""
    numbers = _Numbers(known)
    engine = create_engine("sqlite://", module=sqlite3, poolclass=StaticPool)
    try:
        with engine.connect() as local:
            # A laptop notes there of which day its figures are; HQ always asks for the present.
            local.exec_driver_sql("CREATE TABLE profile (key, value)")
            for name, condition in _TABLES.items():
                _copy(connection, local, ENTITIES[name], condition, numbers)
            yield local
    finally:
        engine.dispose()


def _copy(
    connection: HqConnection, local: Connection, entity: Entity, condition: str, numbers: _Numbers
) -> None:
    name, columns = table_name(entity), ["id", "uid", *(f.column for f in entity.fields)]
    listed = ", ".join(quoted(column) for column in columns)
    local.exec_driver_sql(f"CREATE TABLE {name} ({listed})")
    rows = connection.execute(
        f"SELECT {row_sql(entity.name)}::text FROM {quoted(name)} t"
        f" WHERE NOT t.deleted AND ({condition})".encode()
    )
    values = [_local(entity, msgspec.json.decode(row[0]), numbers) for row in rows]
    if values:
        marks = ", ".join("?" * len(columns))
        local.exec_driver_sql(f"INSERT INTO {name} VALUES ({marks})", values)


def _local(entity: Entity, row: list[Any], numbers: _Numbers) -> tuple[Any, ...]:
    uid, _rev, *cells = row
    found: list[Any] = [numbers.of(entity.name, uid), bytes.fromhex(uid)]
    for field, value in zip(entity.fields, cells, strict=False):
        if field.kind is Kind.REF and field.ref:
            found.append(numbers.of(field.ref, value))
        elif field.kind is Kind.UID and value is not None:
            found.append(bytes.fromhex(value))
        else:
            found.append(json.dumps(value) if isinstance(value, dict | list) else value)
    return tuple(found)

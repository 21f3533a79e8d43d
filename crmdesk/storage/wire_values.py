"""Values of the journal and of the wire as the local columns hold them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from crmdesk.storage.entities import Entity, Kind, entity
from crmdesk.storage.rows import Value
from crmdesk.storage.types import dump_json


def local_value(connection: Connection, spec: Entity, column: str, wire: Any) -> Value:
    """A wire value of a column: uids become local keys, documents become text.

    None also for a reference to a row that is not here. KeyError for an unknown column.
    """
    if wire is None:
        return None
    field = next((f for f in spec.fields if f.column == column), None)
    if field is None:
        raise KeyError(f"{spec.name} has no column {column}")
    if field.kind is Kind.REF and field.ref:
        target = entity(field.ref)
        found = connection.exec_driver_sql(
            f"SELECT id FROM {target.table or target.name} WHERE uid = ?", (bytes.fromhex(wire),)
        ).scalar()
        return None if found is None else int(found)
    if field.kind is Kind.UID:
        return bytes.fromhex(wire)
    if field.kind is Kind.JSON:
        return dump_json(wire)
    value: Value = wire
    return value

"""How HQ's rows look on the wire, as SQL: the one place where both directions are spelled out.

A row is a JSON array ``[uid, rev, field…, lines?]``: uids and references as 32 hexadecimal digits,
dates and instants as ISO text, booleans as 0 or 1, documents nested, lines as arrays of their
fields in order. PostgreSQL makes the text itself, so Python touches no value on its way out.
"""

from __future__ import annotations

from functools import cache

from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.storage.entities import ENTITIES, Field, Kind, Owner


def quoted(name: str) -> str:
    """A column or table name as SQL needs it (``class``, ``order`` are words of SQL)."""
    return f'"{name}"'


def value_sql(field: Field, alias: str) -> str:
    """The expression that gives a field's wire value."""
    column = f"{alias}.{quoted(field.column)}"
    if field.kind in {Kind.REF, Kind.UID}:
        return f"encode(uuid_send({column}),'hex')"
    if field.kind is Kind.BOOL:
        return f"{column}::int"
    if field.kind is Kind.INSTANT:
        return f"to_char({column} AT TIME ZONE 'UTC','YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    return column


@cache
def lines_sql(entity_name: str, alias: str = "t") -> str:
    """The expression that gives a document's lines as an array of arrays."""
    entity = ENTITIES[entity_name]
    if entity.lines is None:
        return "NULL"
    values = ", ".join(value_sql(f, "l") for f in entity.lines.fields)
    return (
        f"(SELECT coalesce(json_agg(json_build_array({values}) ORDER BY l.position), '[]'::json)"
        f" FROM {quoted(entity.lines.name)} l"
        f" WHERE l.account_id = {alias}.account_id AND l.parent_uid = {alias}.uid)"
    )


@cache
def row_sql(entity_name: str, alias: str = "t") -> str:
    """The expression that gives the whole row as a JSON array."""
    entity = ENTITIES[entity_name]
    parts = [f"encode(uuid_send({alias}.uid),'hex')", f"{alias}.rev"]
    parts += [value_sql(f, alias) for f in entity.fields]
    if entity.lines is not None:
        parts.append(lines_sql(entity_name, alias))
    return f"json_build_array({', '.join(parts)})"


@cache
def image_sql(entity_name: str, alias: str = "t") -> str:
    """The row with what HQ keeps beside it: ``[uid, rev, field…, deleted, clocks, extra]``."""
    entity = ENTITIES[entity_name]
    parts = [f"encode(uuid_send({alias}.uid),'hex')", f"{alias}.rev"]
    parts += [value_sql(f, alias) for f in entity.fields]
    clocks = f"{alias}.clocks" if entity.owner is Owner.BOTH else "NULL::jsonb"
    parts += [f"{alias}.deleted", clocks, f"{alias}.extra"]
    return f"json_build_array({', '.join(parts)})"


@cache
def row_columns(entity_name: str) -> tuple[str, ...]:
    """The columns of an entity's table that a write sets, key first."""
    entity = ENTITIES[entity_name]
    columns = ["uid", *(f.column for f in entity.fields), "rev", "deleted"]
    if by_account(entity) and "account_id" not in columns:
        columns.insert(0, "account_id")
    if entity.owner is Owner.BOTH:
        columns.append("clocks")
    return (*columns, "extra")


@cache
def upsert_sql(entity_name: str) -> str:
    """Write whole rows given as one JSON array of objects (one parameter)."""
    entity = ENTITIES[entity_name]
    columns = row_columns(entity_name)
    key = ("account_id", "uid") if by_account(entity) else ("uid",)
    names = ", ".join(quoted(c) for c in columns)
    sets = ", ".join(f"{quoted(c)} = EXCLUDED.{quoted(c)}" for c in columns if c not in key)
    table = quoted(table_name(entity))
    return (
        f"INSERT INTO {table} ({names}) SELECT {names}"
        f" FROM json_populate_recordset(NULL::{table}, %s::json)"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sets}"
    )


@cache
def insert_lines_sql(entity_name: str) -> str:
    """Write lines given as one JSON array of objects (one parameter)."""
    lines = ENTITIES[entity_name].lines
    if lines is None:
        raise ValueError(f"{entity_name} has no lines")
    columns = ("account_id", "parent_uid", "position", *(f.column for f in lines.fields))
    names = ", ".join(quoted(c) for c in columns)
    table = quoted(lines.name)
    return (
        f"INSERT INTO {table} ({names}) SELECT {names}"
        f" FROM json_populate_recordset(NULL::{table}, %s::json)"
    )

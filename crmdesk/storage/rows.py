"""Rows on their way between stores: the plain form shared by snapshot, bulk load and demo.

A row's values follow the entity's fields in order, in storage form: references and uids as
16 bytes, dates and instants as their ISO text, JSON documents as text, booleans as 0 or 1,
money, prices and quantities as integers. Both stores take these without conversion.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple

from crmdesk.domain.clock import format_instant
from crmdesk.domain.ids import Uid
from crmdesk.storage.entities import ENTITIES, Field, Kind
from crmdesk.storage.types import dump_json

Value = bytes | str | int | float | None
LineRow = tuple[Value, ...]


class Row(NamedTuple):
    """One row with its lines; ``rev`` 0 means that HQ has not given one yet."""

    uid: Uid
    values: tuple[Value, ...]
    lines: tuple[LineRow, ...] = ()
    rev: int = 0


class Batch(NamedTuple):
    """Rows of one entity."""

    entity: str
    rows: list[Row]


def storage_form(field: Field, value: object) -> Value:
    """A Python value as the stores keep it; TypeError when the field cannot hold it."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if field.kind is Kind.JSON and not isinstance(value, str):
        return dump_json(value)
    if field.kind is Kind.BOOL:
        return int(bool(value))
    if isinstance(value, bytes | str | int | float):
        return value
    raise TypeError(f"{field.name} cannot hold {type(value).__name__}")


def row_maker(entity_name: str) -> Callable[..., Row]:
    """A function ``make(uid, lines=(), **values)`` that orders values by field and adds defaults.

    An unknown name raises TypeError. Lines are tuples made by :func:`line_maker`.
    """
    spec = ENTITIES[entity_name]
    names = {f.name: i for i, f in enumerate(spec.fields)}
    defaults: list[Value] = [f.default for f in spec.fields]
    fields = spec.fields

    def make(uid: Uid, lines: tuple[LineRow, ...] = (), **values: object) -> Row:
        row = list(defaults)
        for name, value in values.items():
            index = names.get(name)
            if index is None:
                raise TypeError(f"{entity_name} has no field {name}")
            row[index] = storage_form(fields[index], value)
        return Row(uid, tuple(row), lines)

    return make


def line_maker(entity_name: str) -> Callable[..., LineRow]:
    """Like :func:`row_maker` for the lines of an entity; positions follow the order given."""
    lines = ENTITIES[entity_name].lines
    if lines is None:
        raise TypeError(f"{entity_name} has no lines")
    names = {f.name: i for i, f in enumerate(lines.fields)}
    defaults: list[Value] = [f.default for f in lines.fields]
    fields = lines.fields

    def make(**values: object) -> LineRow:
        row = list(defaults)
        for name, value in values.items():
            index = names.get(name)
            if index is None:
                raise TypeError(f"{entity_name} lines have no field {name}")
            row[index] = storage_form(fields[index], value)
        return tuple(row)

    return make

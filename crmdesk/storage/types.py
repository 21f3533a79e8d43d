"""Column types of the local store: instants, JSON documents and uids as SQLite keeps them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, Dialect, Float, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.storage.entities.spec import Field, Kind


class Instant(TypeDecorator[datetime]):
    """An instant as sortable UTC text; a naive datetime is refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return format_instant(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else parse_instant(value)


class JsonText(TypeDecorator[Any]):
    """A small JSON document as text with sorted keys, so that equal documents are equal text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else dump_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def dump_json(value: object) -> str:
    """Compact JSON with sorted keys and plain letters."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.TEXT: Text(),
    Kind.INT: Integer(),
    Kind.REAL: Float(),
    Kind.BOOL: Boolean(create_constraint=False),
    Kind.DATE: Date(),
    Kind.INSTANT: Instant(),
    Kind.JSON: JsonText(),
    Kind.MONEY: BigInteger(),
    Kind.PRICE: BigInteger(),
    Kind.QUANTITY: BigInteger(),
    Kind.REF: Integer(),
    Kind.UID: LargeBinary(16),
}


def column_type(field: Field) -> TypeEngine[Any]:
    """The local column type of a field."""
    return _TYPES[field.kind]

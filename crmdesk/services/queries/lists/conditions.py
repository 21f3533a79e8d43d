"""Conditions on columns, a whole query, and their form in a saved view.

Owns what may be asked of which kind of column and the SQL of it; every value is a bound parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, case, func, or_, type_coerce

from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec
from crmdesk.services.queries.lists.walking import filled
from crmdesk.storage.spelling import folded_text


class Op(StrEnum):
    """What is asked of a column."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    EMPTY = "empty"
    FILLED = "filled"
    BEFORE = "before"
    AFTER = "after"
    ON = "on"
    PAST = "past"
    NOT_PAST = "not_past"
    AHEAD = "ahead"
    LEAST = "least"
    MOST = "most"


_TEXT = (Op.IS, Op.IS_NOT, Op.CONTAINS, Op.EMPTY, Op.FILLED)
OPS: Mapping[Kind, tuple[Op, ...]] = {
    Kind.TEXT: (Op.CONTAINS, Op.IS, Op.IS_NOT, Op.EMPTY, Op.FILLED),
    Kind.CHOICE: _TEXT[:2] + _TEXT[3:],
    Kind.DAY: (
        Op.BEFORE, Op.AFTER, Op.ON, Op.PAST, Op.NOT_PAST, Op.AHEAD, Op.EMPTY, Op.FILLED,
    ),
    Kind.MONEY: (Op.LEAST, Op.MOST, Op.IS),
    Kind.NUMBER: (Op.LEAST, Op.MOST, Op.IS),
}  # fmt: skip
"""What can be asked of a kind of column, the usual first."""

_YEAR_DAYS = 365

BARE = frozenset({Op.EMPTY, Op.FILLED})
DAYS = frozenset({Op.PAST, Op.NOT_PAST, Op.AHEAD})

Value = str | int | None


@dataclass(frozen=True, slots=True)
class Condition:
    """``value``: text or stored choice, ISO day, whole number (minor units, days), or None."""

    column: str
    op: Op
    value: Value = None


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list shows: typed text, conditions that all hold, order; and its columns.

    ``columns`` are (key, width in px before text scale; 0 for the usual) of the visible columns
    from left to right; empty for the usual ones.
    """

    text: str = ""
    conditions: tuple[Condition, ...] = ()
    sort: tuple[str, bool] | None = None
    columns: tuple[tuple[str, int], ...] = ()


def condition_sql(column: ListColumn, condition: Condition, today: date) -> ColumnElement[bool]:
    """The condition as SQL; ValueError for a value that does not fit the column."""
    value, op = column.stored, condition.op
    if op not in OPS[column.kind]:
        raise ValueError(f"{op} is not asked of {column.kind}")
    if op is Op.EMPTY:
        return filled(column) == ""
    if op is Op.FILLED:
        return filled(column) > ""
    if column.kind in (Kind.MONEY, Kind.NUMBER):
        return _number_sql(filled(column), op, _whole(condition.value))
    if column.yearly and op in DAYS and column.order is not None:
        return _yearly_sql(column.order, op, _whole(condition.value), today)
    if column.kind is Kind.DAY:
        return _day_sql(_day(column, op), op, condition.value, today)
    wanted = str(condition.value or "")
    if op is Op.CONTAINS:
        return same_words(value, wanted, lambda text, part: text.contains(part, autoescape=True))
    if column.kind is Kind.TEXT:
        same = same_words(filled(column), wanted, lambda text, all_of_it: text == all_of_it)
    else:
        same = filled(column) == wanted
    return same if op is Op.IS else ~same


def same_words(
    value: ColumnElement[Any],
    wanted: str,
    compare: Callable[[ColumnElement[Any], str], ColumnElement[bool]],
) -> ColumnElement[bool]:
    """Texts without case and accents; those in plain letters without a call of Python."""
    plain = func.length(value) == func.octet_length(value)
    short = case((plain, func.lower(value)), else_=func.folded(value))
    return compare(type_coerce(short, Text), folded_text(wanted) or "")


def _number_sql(value: ColumnElement[Any], op: Op, wanted: int) -> ColumnElement[bool]:
    if op is Op.LEAST:
        return value >= wanted
    return value <= wanted if op is Op.MOST else value == wanted


def _day(column: ListColumn, op: Op) -> ColumnElement[Any]:
    """The day as it is compared: where the list has another order, as its own index has it."""
    other = column.order is not None and column.order is not column.value
    return column.stored if other and op is not Op.NOT_PAST else filled(column)


def _day_sql(value: ColumnElement[Any], op: Op, wanted: Value, today: date) -> ColumnElement[bool]:
    """The value is empty where there is no day, which comes before all days."""
    if op in DAYS:
        days = _whole(wanted)
        if op is Op.AHEAD:
            return and_(value >= _iso(today), value <= _iso(today + timedelta(days=days)))
        first = _iso(today - timedelta(days=days))
        if op is Op.PAST:
            return and_(value >= first, value <= _iso(today))
        return value < first
    day = _iso(date.fromisoformat(str(wanted)))
    if op is Op.BEFORE:
        return and_(value > "", value < day)
    return value > day if op is Op.AFTER else value == day


def _yearly_sql(
    month_day: ColumnElement[Any], op: Op, days: int, today: date
) -> ColumnElement[bool]:
    """Whether a day that comes again each year came or comes within so many days."""
    span = timedelta(days=days)
    first, last = (today, today + span) if op is Op.AHEAD else (today - span, today)
    if (last - first).days >= _YEAR_DAYS:
        within = month_day > ""
    else:
        begin, end = _iso(first)[5:], _month_day_until(last)
        if begin <= end:
            within = and_(month_day >= begin, month_day <= end)
        else:
            within = or_(month_day >= begin, and_(month_day > "", month_day <= end))
    return ~within if op is Op.NOT_PAST else within


def _month_day_until(day: date) -> str:
    """Month and day; born on 29 February has the 28th where there is no other."""
    if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
        return "02-29"
    return _iso(day)[5:]


def _iso(day: date) -> str:
    return day.isoformat()


def _whole(value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number is needed")
    return value


# ------------------------------------------------------------------------------ saved views


def to_document(query: ListQuery) -> dict[str, Any]:
    """The query as a saved view keeps it."""
    return {
        "text": query.text,
        "filter": [[c.column, c.op.value, c.value] for c in query.conditions],
        "sort": list(query.sort) if query.sort else None,
        "columns": [list(pair) for pair in query.columns],
    }


def from_document(spec: ListSpec, document: object) -> tuple[ListQuery, int]:
    """A saved view's query, and how many of its parts this version does not know.

    A view may come from another version or another hand: what is unknown is left out.
    """
    if not isinstance(document, dict):
        return ListQuery(), 1
    found, lost = [], 0
    for part in _several(document.get("filter")):
        condition = _condition(spec, part)
        if condition is None:
            lost += 1
        else:
            found.append(condition)
    sort = document.get("sort")
    order = None
    if isinstance(sort, list) and len(sort) == 2 and spec.knows(str(sort[0])):
        order = (str(sort[0]), bool(sort[1])) if spec.column(str(sort[0])).sortable else None
    columns = tuple(
        (str(pair[0]), int(pair[1]))
        for pair in _several(document.get("columns"))
        if isinstance(pair, list) and len(pair) == 2 and spec.knows(str(pair[0]))
        and isinstance(pair[1], int)
    )  # fmt: skip
    text = document.get("text")
    query = ListQuery(text if isinstance(text, str) else "", tuple(found), order, columns)
    return query, lost


def _several(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _condition(spec: ListSpec, part: object) -> Condition | None:
    if not isinstance(part, list) or len(part) != 3 or not spec.knows(str(part[0])):
        return None
    column, op, value = spec.column(str(part[0])), part[1], part[2]
    if not isinstance(value, str | int | None) or op not in Op.__members__.values():
        return None
    condition = Condition(column.key, Op(op), value)
    try:
        condition_sql(column, condition, date(2000, 1, 1))
    except (ValueError, OverflowError):
        return None
    return condition

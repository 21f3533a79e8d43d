"""Reading any list: its first page, the ids that follow, rows by id, totals of all that match.

Ids are read by key (the sorted value and the id of the last one), so that the first page costs what
a page costs; rows come as they are seen. Totals are of everything that matches, shown or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    func,
    or_,
    select,
    true,
    type_coerce,
)

from crmdesk.services.queries.lists.conditions import ListQuery, condition_sql
from crmdesk.services.queries.lists.spec import Kind, ListRow, ListSpec
from crmdesk.storage import search

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

PAGE = 64
BLOCK = 10_000
"""How many ids follow at once: a list of millions is not held whole to show its beginning."""

_FOUND_LIMIT = 5_000
_AT_ONCE = 500

After = tuple[Any, int]
"""Where a page ended: the last row's sorted value and its id."""


@dataclass(frozen=True, slots=True)
class Page:
    """Ids in order with the rows of the first of them; ``after`` is None at the end."""

    keys: list[int]
    rows: Mapping[int, ListRow]
    after: After | None


@dataclass(frozen=True, slots=True)
class Totals:
    """How many rows match, and the sums of the columns that are added up."""

    count: int
    sums: Mapping[str, int]


def first_page(ws: Workspace, spec: ListSpec, query: ListQuery, size: int = PAGE) -> Page:
    """The first ids that match, in order, with their rows."""
    with ws.database.read() as connection:
        found = connection.execute(_keys(ws, connection, spec, query, None).limit(size)).all()
        keys = [int(row.id) for row in found]
        rows = _rows(connection, spec, keys)
    after = (found[-1].sorted_by, keys[-1]) if len(found) == size else None
    return Page(keys, rows, after)


def following(
    ws: Workspace, spec: ListSpec, query: ListQuery, after: After, size: int | None = BLOCK
) -> Page:
    """The ids after a page, in order, without rows; all of them without ``size``."""
    with ws.database.read() as connection:
        found = connection.execute(_keys(ws, connection, spec, query, after).limit(size)).all()
    keys = [int(row.id) for row in found]
    return Page(keys, {}, (found[-1].sorted_by, keys[-1]) if len(found) == size else None)


def rows_of(ws: Workspace, spec: ListSpec, ids: Sequence[int]) -> dict[int, ListRow]:
    """Rows by id; those that are gone are left out."""
    with ws.database.read() as connection:
        return _rows(connection, spec, ids)


def totals(ws: Workspace, spec: ListSpec, query: ListQuery) -> Totals:
    """Count and sums over all rows that match."""
    added = [column for column in spec.columns if column.total]
    sums = [func.coalesce(func.sum(column.value), 0).label(column.key) for column in added]
    with ws.database.read() as connection:
        row = connection.execute(
            select(func.count().label("count_"), *sums)
            .select_from(spec.source)
            .where(*_conditions(ws, connection, spec, query))
        ).one()
    return Totals(int(row.count_), {column.key: int(row._mapping[column.key]) for column in added})


def listed_values(ws: Workspace, spec: ListSpec, key: str, limit: int = 60) -> tuple[str, ...]:
    """Values that a column has, the usual first: what may follow "is" in a sentence."""
    value = spec.column(key).stored
    with ws.database.read() as connection:
        rows = connection.execute(
            select(value)
            .select_from(spec.source)
            .where(*spec.where(ws), func.coalesce(value, "") != "")
            .group_by(value)
            .order_by(func.count().desc())
            .limit(limit)
        ).scalars()
        return tuple(str(one) for one in rows)


def _keys(
    ws: Workspace,
    connection: Connection,
    spec: ListSpec,
    query: ListQuery,
    after: After | None,
) -> Select[Any]:
    column, descending = query.sort or spec.sort
    value = _sorted(spec, column)
    order = (value.desc(), spec.id.desc()) if descending else (value, spec.id)
    conditions = _conditions(ws, connection, spec, query)
    if after is not None:
        last, key = after
        beyond = value < last if descending else value > last
        further = spec.id < key if descending else spec.id > key
        conditions.append(or_(beyond, and_(value == last, further)))
    return (
        select(spec.id.label("id"), value.label("sorted_by"))
        .select_from(spec.source)
        .where(*conditions)
        .order_by(*order)
    )


def _sorted(spec: ListSpec, key: str) -> ColumnElement[Any]:
    """What a column is sorted by: never null, so that the next page has a place to go on from."""
    column = spec.column(key)
    if column.order is not None:
        return type_coerce(column.order, Text) if column.kind is Kind.DAY else column.order
    if column.kind in (Kind.MONEY, Kind.NUMBER):
        return func.coalesce(column.stored, 0)
    value = func.coalesce(column.stored, "")
    return func.lower(value) if column.kind is Kind.TEXT else value


def _conditions(
    ws: Workspace, connection: Connection, spec: ListSpec, query: ListQuery
) -> list[ColumnElement[bool]]:
    today = ws.today()
    found = [*spec.where(ws)]
    found += [condition_sql(spec.column(c.column), c, today) for c in query.conditions]
    found.append(_matching(connection, spec, query.text))
    return found


def _matching(connection: Connection, spec: ListSpec, text: str) -> ColumnElement[bool]:
    if not text.strip() or not spec.found:
        return true()
    hits = search.find(connection, text, kinds=tuple(spec.found), limit=_FOUND_LIMIT)
    return or_(
        *(
            column.in_([hit.id for hit in hits if hit.kind == kind])
            for kind, column in spec.found.items()
        )
    )


def _rows(connection: Connection, spec: ListSpec, ids: Sequence[int]) -> dict[int, ListRow]:
    named = [column.stored.label(column.key) for column in spec.columns]
    account = [spec.account.label("account_")] if spec.account is not None else []
    query = select(spec.id.label("id_"), *account, *named).select_from(spec.source)
    found: dict[int, ListRow] = {}
    for start in range(0, len(ids), _AT_ONCE):
        part = list(ids[start : start + _AT_ONCE])
        for row in connection.execute(query.where(spec.id.in_(part))):
            held = dict(row._mapping)
            key, owner = int(held.pop("id_")), held.pop("account_", None)
            found[key] = ListRow(key, owner, held)
    return found

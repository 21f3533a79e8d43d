"""Reading any list: its first page, the ids that follow, rows by id, totals of all that match.

Ids are read by key (the place of the last one), along the list's order while rows that match come
soon, else by what the filter knows to be few. Where neither finds a page soon, the page is what was
found so far, and the next call goes on from there: an answer always comes at once. Rows come as
they are seen. Totals are of everything that matches, shown or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from crmdesk.services.queries.lists.asking import Asked
from crmdesk.services.queries.lists.conditions import ListQuery
from crmdesk.services.queries.lists.spec import ListRow, ListSpec
from crmdesk.services.queries.lists.walking import (
    Order,
    Place,
    filled,
    joined,
    slices,
    unindexed,
)

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

PAGE = 64
BLOCK = 10_000
"""How many ids follow at once: a list of millions is not held whole to show its beginning."""

_AT_ONCE = 500
_SLICE, _MOST_SLICE = 512, 4_096

_SHORT = 50_000
"""A list of so many rows can be sorted whole while a person waits."""

_WALKED_FIRST, _WALKED_LATER, _WALKED_SHORT = 2_000, 20_000, 500
"""Rows looked at before a page is given as it is, or before it is asked whether few match."""


@dataclass(frozen=True, slots=True)
class Page:
    """Ids in order with the rows of the first of them.

    ``after`` is where the next page goes on, None at the end. A page may be short, or empty, and
    not the last.
    """

    keys: list[int]
    rows: Mapping[int, ListRow]
    after: Place | None


@dataclass(frozen=True, slots=True)
class Totals:
    """How many rows match, and the sums of the columns that are added up."""

    count: int
    sums: Mapping[str, int]


def first_page(ws: Workspace, spec: ListSpec, query: ListQuery, size: int = PAGE) -> Page:
    """The first ids that match, in order, with their rows."""
    with ws.database.read() as connection:
        page = _Pages(ws, connection, spec, query).page(None, size, _WALKED_FIRST)
        return Page(page.keys, _rows(connection, spec, page.keys), page.after)


def following(
    ws: Workspace, spec: ListSpec, query: ListQuery, after: Place, size: int | None = BLOCK
) -> Page:
    """The ids after a page, in order, without rows; all of them without ``size``."""
    with ws.database.read() as connection:
        pages = _Pages(ws, connection, spec, query)
        if size is None:
            return pages.rest(after)
        return pages.page(after, size, max(size, _WALKED_LATER))


def rows_of(ws: Workspace, spec: ListSpec, ids: Sequence[int]) -> dict[int, ListRow]:
    """Rows by id; those that are gone are left out."""
    with ws.database.read() as connection:
        return _rows(connection, spec, ids)


def totals(ws: Workspace, spec: ListSpec, query: ListQuery) -> Totals:
    """Count and sums over all rows that match."""
    added = [column for column in spec.columns if column.total]
    sums = [func.coalesce(func.sum(column.value), 0).label(column.key) for column in added]
    with ws.database.read() as connection:
        conditions = Asked(ws, connection, spec, query).every()
        source = joined(spec, *sums, *conditions)
        row = connection.execute(
            select(func.count().label("count_"), *sums).select_from(source).where(*conditions)
        ).one()
    return Totals(int(row.count_), {column.key: int(row._mapping[column.key]) for column in added})


def listed_values(ws: Workspace, spec: ListSpec, key: str, limit: int = 60) -> tuple[str, ...]:
    """Values that a column has, the usual first: what may follow "is" in a sentence."""
    value = spec.column(key).stored
    with ws.database.read() as connection:
        rows = connection.execute(
            select(value)
            .select_from(spec.source)
            .where(*spec.where(ws), filled(spec.column(key)) != "")
            .group_by(value)
            .order_by(func.count().desc())
            .limit(limit)
        ).scalars()
        return tuple(str(one) for one in rows)


class _Pages:
    """One query of a list within one reading, and the pages that meet its conditions."""

    def __init__(
        self, ws: Workspace, connection: Connection, spec: ListSpec, query: ListQuery
    ) -> None:
        self._connection, self._spec = connection, spec
        self._asked = Asked(ws, connection, spec, query)
        column, descending = query.sort or spec.sort
        self._order = Order(spec.column(column), descending)

    def page(self, after: Place | None, size: int, walked: int) -> Page:
        """Up to ``size`` ids after a place; where none come soon, fewer."""
        if not self._order.walkable:
            return self._sorted(after, size)
        found: list[Place] = []
        seen, whole, is_asked = 0, not self._long(), False
        for part in slices(
            self._connection, self._spec, self._order, self._asked.on_the_way, after,
            self._sizes(size, walked),
        ):  # fmt: skip
            meet = self._asked.meeting(self._order.column, [place[-1] for place in part])
            found += [place for place in part if place[-1] in meet]
            after = part[-1]
            seen += len(part)
            if len(found) >= size:
                return _page(found[:size], found[size - 1])
            # At this pace the page is not full soon.
            is_slow = seen >= _WALKED_SHORT and (whole or len(found) * walked < size * seen)
            if is_slow and not is_asked:
                is_asked = True
                few = self._asked.few()
                if few is not None or whole:
                    rest = self._sorted(after, size - len(found), few)
                    return Page([place[-1] for place in found] + rest.keys, {}, rest.after)
            if seen >= walked:
                return _page(found, after)
        return _page(found, None)

    def rest(self, after: Place) -> Page:
        """All ids after a place."""
        parts = self._order.parts(self._spec)
        rows = self._connection.execute(self._everything(parts, after, self._asked.every()))
        return Page([int(row[-1]) for row in rows], {}, None)

    def _sizes(self, size: int, walked: int) -> Iterator[int]:
        if self._asked.is_bare:
            yield from repeat(size)
        step, given = _SLICE, 0
        while True:
            yield step
            given += step
            step = min(step * 2, _MOST_SLICE, max(walked - given, _SLICE))

    def _everything(
        self,
        parts: Sequence[ColumnElement[Any]],
        after: Place | None,
        conditions: Sequence[ColumnElement[bool]],
    ) -> Select[Any]:
        if after is not None:
            conditions = [*conditions, self._order.beyond(parts, after)]
        return (
            select(*parts)
            .select_from(joined(self._spec, *parts, *conditions))
            .where(*conditions)
            .order_by(*self._order.ordered(parts))
        )

    def _sorted(
        self, after: Place | None, size: int, few: Sequence[ColumnElement[bool]] | None = None
    ) -> Page:
        """A page of everything that matches, sorted; ``few`` says how to find that."""
        parts = self._order.parts(self._spec)
        if few is None:
            conditions = self._asked.by_owners()
        else:
            parts = tuple(unindexed(part) for part in parts)
            conditions = [*self._asked.every(), *few]
        query = self._everything(parts, after, conditions).limit(size)
        found: list[Place] = [tuple(row) for row in self._connection.execute(query)]
        return _page(found, found[-1] if len(found) == size else None)

    def _long(self) -> bool:
        """Whether there are too many rows for all of them to be read at once."""
        newest = self._connection.execute(select(func.max(self._spec.id))).scalar()
        return (newest or 0) > _SHORT


def _page(found: Sequence[Place], after: Place | None) -> Page:
    return Page([int(place[-1]) for place in found], {}, after)


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

"""Reading any list: its first page, the ids that follow, rows by id, totals of all that match.

Ids are read by key (the place of the last one), along the list's order while rows that match come
soon, else by what the filter knows to be few. Where neither finds a page soon, the page is what was
found so far, and the next call goes on from there: an answer always comes at once. Rows come as
they are seen. Totals are of everything that matches, shown or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    UnaryExpression,
    and_,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.operators import custom_op

from crmdesk.services.queries.lists.conditions import Condition, ListQuery, Op, condition_sql
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListRow, ListSpec
from crmdesk.services.queries.lists.walking import (
    Order,
    Place,
    among,
    filled,
    joined,
    owners_of,
    slices,
)
from crmdesk.storage import search

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

PAGE = 64
BLOCK = 10_000
"""How many ids follow at once: a list of millions is not held whole to show its beginning."""

_FOUND_LIMIT = 5_000
_AT_ONCE = 500
_SLICE, _MOST_SLICE = 512, 4_096
_FEW = 400
"""So few customers, or hits of the search, are worth reading all their rows and sorting these."""

_FEW_ROWS = 8_000
"""So many of them at most."""

_SHORT = 50_000
"""A list of so many rows can be sorted whole while a person waits."""

_WALKED_FIRST, _WALKED_LATER, _WALKED_SHORT = 3_000, 20_000, 500
"""Rows looked at before a page is given as it is, or a short list is sorted whole."""


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
        page = _Asked(ws, connection, spec, query).page(None, size, _WALKED_FIRST)
        return Page(page.keys, _rows(connection, spec, page.keys), page.after)


def following(
    ws: Workspace, spec: ListSpec, query: ListQuery, after: Place, size: int | None = BLOCK
) -> Page:
    """The ids after a page, in order, without rows; all of them without ``size``."""
    with ws.database.read() as connection:
        asked = _Asked(ws, connection, spec, query)
        if size is None:
            return asked.rest(after)
        return asked.page(after, size, max(size, _WALKED_LATER))


def rows_of(ws: Workspace, spec: ListSpec, ids: Sequence[int]) -> dict[int, ListRow]:
    """Rows by id; those that are gone are left out."""
    with ws.database.read() as connection:
        return _rows(connection, spec, ids)


def totals(ws: Workspace, spec: ListSpec, query: ListQuery) -> Totals:
    """Count and sums over all rows that match."""
    added = [column for column in spec.columns if column.total]
    sums = [func.coalesce(func.sum(column.value), 0).label(column.key) for column in added]
    with ws.database.read() as connection:
        conditions = _Asked(ws, connection, spec, query).every()
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


class _Asked:
    """One query of a list within one reading: its conditions, and the pages that meet them."""

    def __init__(
        self, ws: Workspace, connection: Connection, spec: ListSpec, query: ListQuery
    ) -> None:
        self._connection, self._spec, self._query = connection, spec, query
        self._today = ws.today()
        column, descending = query.sort or spec.sort
        self._order = Order(spec.column(column), descending)
        self._always = list(spec.where(ws))
        self._hits = _hits(connection, spec, query.text)

    def every(self) -> list[ColumnElement[bool]]:
        """All conditions."""
        return [*self._always, *self._others(None)]

    def page(self, after: Place | None, size: int, walked: int) -> Page:
        """Up to ``size`` ids after a place; where none come soon, fewer."""
        if not self._order.walkable:
            return self._sorted(after, size)
        found: list[Place] = []
        seen, whole = 0, not self._long()
        for part in slices(
            self._connection, self._spec, self._order, self._on_the_way, after, self._sizes(size)
        ):
            meet = self._meeting([place[-1] for place in part])
            found += [place for place in part if place[-1] in meet]
            after = part[-1]
            seen += len(part)
            if len(found) >= size:
                return _page(found[:size], found[size - 1])
            if seen >= (_WALKED_SHORT if whole else walked):
                few = self._few()
                if few is None and not whole:
                    return _page(found, after)
                rest = self._sorted(after, size - len(found), few)
                return Page([place[-1] for place in found] + rest.keys, {}, rest.after)
        return _page(found, None)

    def rest(self, after: Place) -> Page:
        """All ids after a place."""
        parts = self._order.parts(self._spec)
        rows = self._connection.execute(self._everything(parts, after))
        return Page([int(row[-1]) for row in rows], {}, None)

    def _sizes(self, size: int) -> Iterator[int]:
        bare = not self._query.conditions and self._hits is None
        step = size if bare else _SLICE
        while True:
            yield step
            step = step if bare else min(step * 2, _MOST_SLICE)

    def _on_the_way(self, column: ListColumn) -> list[ColumnElement[bool]]:
        """What can be asked while the list is walked in the order of a column."""
        own = [c for c in self._query.conditions if _on_the_way(c, column)]
        return [*self._always, *(self._sql(c) for c in own)]

    def _others(self, column: ListColumn | None) -> list[ColumnElement[bool]]:
        """What remains to be asked of rows met on such a walk."""
        found = [
            self._sql(c) for c in self._query.conditions
            if column is None or not _on_the_way(c, column)
        ]  # fmt: skip
        if self._hits is not None:
            found.append(or_(false(), *(among(column, ids) for column, ids in self._hits if ids)))
        return found

    def _sql(self, condition: Condition) -> ColumnElement[bool]:
        return condition_sql(self._spec.column(condition.column), condition, self._today)

    def _meeting(self, ids: Sequence[int]) -> set[int]:
        """Those of some rows that meet all conditions."""
        conditions = self._others(self._order.column)
        if not conditions:
            return set(ids)
        # One by one: an index would lead to all rows that meet a condition, not to these.
        meets = case((and_(*conditions), 1), else_=0) == 1
        query = (
            select(self._spec.id)
            .select_from(joined(self._spec, *conditions))
            .where(among(self._spec.id, ids), meets)
        )
        return {int(key) for key in self._connection.execute(query).scalars()}

    def _everything(
        self,
        parts: Sequence[ColumnElement[Any]],
        after: Place | None,
        few: Sequence[ColumnElement[bool]] = (),
    ) -> Select[Any]:
        conditions = [*self.every(), *few]
        if after is not None:
            conditions.append(self._order.beyond(parts, after))
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
        if few is not None:
            parts = tuple(_unindexed(part) for part in parts)
        query = self._everything(parts, after, few or ()).limit(size)
        found: list[Place] = [tuple(row) for row in self._connection.execute(query)]
        return _page(found, found[-1] if len(found) == size else None)

    def _long(self) -> bool:
        """Whether there are too many rows for all of them to be read at once."""
        newest = self._connection.execute(select(func.max(self._spec.id))).scalar()
        return (newest or 0) > _SHORT

    def _few(self) -> Sequence[ColumnElement[bool]] | None:
        """What leads to the few rows that match, beside the conditions; None where nothing does."""
        if self._hits is not None and sum(len(ids) for _column, ids in self._hits) <= _FEW:
            return (or_(false(), *(column.in_(ids) for column, ids in self._hits if ids)),)
        indexed: list[ColumnElement[bool]] = []
        for condition in self._query.conditions:
            column = self._spec.column(condition.column)
            if column.via is not None and (condition.value or condition.op is Op.FILLED):
                if condition.op in _OF_SOMEBODY:
                    ids = self._owners(column, condition)
                    if len(ids) <= _FEW and self._are_few(theirs := column.via.in_(ids)):
                        return (theirs,)
            elif column.indexed and column.kind is not Kind.TEXT and condition.op in _BY_INDEX:
                # Few rows came on the way, so few are to be expected.
                rare = func.likelihood(self._sql(condition), literal_column("0.0001"))
                if self._are_few(rare):
                    indexed.append(rare)
        return indexed or None

    def _are_few(self, condition: ColumnElement[bool]) -> bool:
        """Whether an index leads to few rows: they may all lie where the walk has not come yet."""
        query = (
            select(self._spec.id)
            .select_from(joined(self._spec, condition))
            .where(condition)
            .limit(_FEW_ROWS + 1)
        )
        return len(self._connection.execute(query).all()) <= _FEW_ROWS

    def _owners(self, column: ListColumn, condition: Condition) -> list[int]:
        owners = owners_of(column)
        query = select(owners.c.id).where(self._sql(condition)).limit(_FEW + 1)
        return [int(key) for key in self._connection.execute(query).scalars()]


_OF_SOMEBODY = frozenset({Op.IS, Op.CONTAINS, Op.FILLED})
_BY_INDEX = frozenset(
    {Op.IS, Op.EMPTY, Op.ON, Op.BEFORE, Op.AFTER, Op.PAST, Op.NOT_PAST, Op.AHEAD, Op.LEAST, Op.MOST}
)


def _on_the_way(condition: Condition, column: ListColumn) -> bool:
    """Whether a condition is a stretch of the order of its own column, where no row is in vain."""
    return (
        condition.column == column.key and column.via is None and column.kind is not Kind.TEXT
        and condition.op is not Op.IS_NOT
    )  # fmt: skip


def _unindexed(part: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value, of which SQLite does not see that an index has it."""
    return UnaryExpression(part, operator=custom_op("+"), type_=part.type)


def _page(found: Sequence[Place], after: Place | None) -> Page:
    return Page([int(place[-1]) for place in found], {}, after)


def _hits(
    connection: Connection, spec: ListSpec, text: str
) -> list[tuple[ColumnElement[int], list[int]]] | None:
    """Ids that the search finds, by the column they are of; None where nothing is searched."""
    if not text.strip() or not spec.found:
        return None
    hits = search.find(connection, text, kinds=tuple(spec.found), limit=_FOUND_LIMIT)
    return [
        (column, [hit.id for hit in hits if hit.kind == kind])
        for kind, column in spec.found.items()
    ]


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

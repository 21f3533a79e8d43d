"""The conditions of one query of a list, in the form that is quickest for what is read by them.

Owns how a condition is asked: of rows met on a walk, of owners first, or of the few rows that an
index or a few owners lead to. Walks and pages are :mod:`.reading`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
)

from crmdesk.services.queries.lists.conditions import Condition, ListQuery, Op, condition_sql
from crmdesk.services.queries.lists.links import Link, link_of
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec
from crmdesk.services.queries.lists.walking import among, joined, unindexed
from crmdesk.storage import search

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_FOUND_LIMIT = 5_000
_FEW = 400
"""So few customers, or hits of the search, are worth reading all their rows and sorting these."""

_FEW_ROWS = 2_000
"""So many of them at most."""

_BY_INDEX = frozenset(
    {Op.IS, Op.EMPTY, Op.ON, Op.BEFORE, Op.AFTER, Op.PAST, Op.NOT_PAST, Op.AHEAD, Op.LEAST, Op.MOST}
)


class Asked:
    """One query of a list within one reading: its conditions."""

    def __init__(
        self, ws: Workspace, connection: Connection, spec: ListSpec, query: ListQuery
    ) -> None:
        self._connection, self._spec, self._query = connection, spec, query
        self._today = ws.today()
        self._always = list(spec.where(ws))
        self._hits = _hits(connection, spec, query.text)
        # Conditions on owners as whose rows they are, once the owners have been read.
        self._told: dict[Condition, ColumnElement[bool]] = {}

    @property
    def is_bare(self) -> bool:
        """Whether nothing is asked: every row is wanted."""
        return not self._query.conditions and self._hits is None

    def every(self) -> list[ColumnElement[bool]]:
        """All conditions."""
        return [*self._always, *self._others(None)]

    def on_the_way(self, column: ListColumn) -> list[ColumnElement[bool]]:
        """What can be asked while the list is walked in the order of a column."""
        own = [c for c in self._query.conditions if _on_the_way(c, column)]
        return [*self._always, *(self._sql(c) for c in own)]

    def _others(self, column: ListColumn | None) -> list[ColumnElement[bool]]:
        """What remains to be asked of rows met on such a walk."""
        found = [
            self._sql(c) for c in self._query.conditions
            if column is None or not _on_the_way(c, column)
        ]  # fmt: skip
        return [*found, *self._searched()]

    def _searched(self) -> list[ColumnElement[bool]]:
        if self._hits is None:
            return []
        return [or_(false(), *(among(column, ids) for column, ids in self._hits if ids))]

    def _sql(self, condition: Condition) -> ColumnElement[bool]:
        told = self._told.get(condition)
        if told is not None:
            return told
        return condition_sql(self._spec.column(condition.column), condition, self._today)

    def meeting(self, column: ListColumn, ids: Sequence[int]) -> set[int]:
        """Those of some rows, met on a walk in the order of a column, that meet all conditions."""
        conditions = self._others(column)
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

    def by_owners(self) -> list[ColumnElement[bool]]:
        """All conditions, those on owners asked of the owners, once, for all rows."""
        found = list(self._always)
        for condition in self._query.conditions:
            sql = self._sql(condition)
            link = link_of(self._spec, sql)
            if link is not None:
                none_too = link.holds_for_none(self._connection, sql)
                sql = link.member(unindexed(link.via), sql, none_too=none_too)
            found.append(sql)
        return [*found, *self._searched()]

    def few(self) -> Sequence[ColumnElement[bool]] | None:
        """What leads to the few rows that match, beside the conditions; None where nothing does."""
        if self._hits is not None and sum(len(ids) for _column, ids in self._hits) <= _FEW:
            return (or_(false(), *(column.in_(ids) for column, ids in self._hits if ids)),)
        indexed: list[ColumnElement[bool]] = []
        for condition in self._query.conditions:
            column, sql = self._spec.column(condition.column), self._sql(condition)
            link = link_of(self._spec, sql)
            if link is not None:
                theirs = self._of_few(column, link, sql)
                if theirs is not None and (link.via is self._spec.id or self._are_few(theirs)):
                    return (theirs,)
                if theirs is not None:
                    self._told[condition] = theirs
            elif column.indexed and column.kind is not Kind.TEXT and condition.op in _BY_INDEX:
                # Few rows came on the way, so few are to be expected.
                rare = func.likelihood(sql, literal_column("0.0001"))
                if self._are_few(rare):
                    indexed.append(rare)
        return indexed or None

    def _of_few(
        self, column: ListColumn, link: Link, condition: ColumnElement[bool]
    ) -> ColumnElement[bool] | None:
        """The rows of the few that meet a condition; None where these are many."""
        itself = link.via is self._spec.id
        if column.via is None and not itself:
            return None
        none_too = link.holds_for_none(self._connection, condition)
        if itself:
            ids = [] if none_too else link.owners(self._connection, condition, _FEW_ROWS + 1)
            return None if none_too or len(ids) > _FEW_ROWS else among(link.via, ids)
        ids = link.owners(self._connection, condition, _FEW + 1)
        if len(ids) > _FEW:
            return None
        theirs = link.via.in_(ids)
        return or_(theirs, link.via.is_(None)) if none_too and link.via.nullable else theirs

    def _are_few(self, condition: ColumnElement[bool]) -> bool:
        """Whether an index leads to few rows: they may all lie where the walk has not come yet."""
        query = (
            select(self._spec.id)
            .select_from(joined(self._spec, condition))
            .where(condition)
            .limit(_FEW_ROWS + 1)
        )
        return len(self._connection.execute(query).all()) <= _FEW_ROWS


def _on_the_way(condition: Condition, column: ListColumn) -> bool:
    """Whether a condition is a stretch of the order of its own column, where no row is in vain."""
    return (
        condition.column == column.key and column.via is None and column.kind is not Kind.TEXT
        and condition.op is not Op.IS_NOT
    )  # fmt: skip


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

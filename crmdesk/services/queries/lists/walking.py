"""Walking a long list in its order, a slice at a time, so that a page costs what a page costs.

A list is walked along an index on its own column, or owner by owner (customer, rep, reason) where
it is sorted by what belongs to those: owners are few and come in order, their rows by an index.
A place in the list is (sorted value, id), or (sorted value, owner's id, id) with owners. What meets
the filter is asked of each slice by :mod:`.reading`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Join,
    Text,
    UnaryExpression,
    func,
    literal_column,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.sql import visitors
from sqlalchemy.sql.operators import custom_op

from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec
from crmdesk.storage.tables import table

Place = tuple[Any, ...]

_OWNERS, _MOST_OWNERS = 16, 1_024
_EMPTY: ColumnElement[str] = literal_column("''", Text)
_ZERO: ColumnElement[int] = literal_column("0")


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by; equal values by their owner, then by the row's own id."""

    column: ListColumn
    descending: bool

    @property
    def walkable(self) -> bool:
        """Whether the list can be walked in this order; otherwise all of it has to be sorted."""
        return self.column.indexed or self.column.via is not None

    def parts(self, spec: ListSpec) -> tuple[ColumnElement[Any], ...]:
        """The expressions of a place."""
        value = sorted_value(self.column)
        if self.column.via is None:
            return (value, spec.id)
        return (value, func.coalesce(self.column.via, _ZERO), spec.id)

    def ordered(self, parts: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
        """The expressions as an ORDER BY wants them."""
        return [part.desc() if self.descending else part.asc() for part in parts]

    def beyond(self, parts: Sequence[ColumnElement[Any]], place: Place) -> ColumnElement[bool]:
        """What comes after a place."""
        here, there = tuple_(*parts), tuple_(*place)
        return here < there if self.descending else here > there


def sorted_value(column: ListColumn) -> ColumnElement[Any]:
    """What a column is sorted by: never null, so that the next page has a place to go on from."""
    if column.order is not None:
        return type_coerce(column.order, Text) if column.kind is Kind.DAY else column.order
    if column.kind in (Kind.MONEY, Kind.NUMBER):
        return filled(column)
    value = filled(column)
    return func.lower(value) if column.kind is Kind.TEXT else value


def filled(column: ListColumn) -> ColumnElement[Any]:
    """The stored value, empty or 0 where there is none; written as the indexes have it."""
    always = column.indexed or (column.via is not None and not column.via.nullable)
    if always and isinstance(column.value, Column) and not column.value.nullable:
        return column.stored
    if column.order is not None and column.order is column.value:
        return column.stored
    number = column.kind in (Kind.MONEY, Kind.NUMBER)
    return func.coalesce(column.stored, _ZERO if number else _EMPTY)


def owners_of(column: ListColumn) -> FromClause:
    """The table whose rows have the values of a column that comes ``via`` another."""
    if not isinstance(column.value, Column):
        raise TypeError(f"{column.key} is no column of another table")
    return column.value.table


def slices(
    connection: Connection,
    spec: ListSpec,
    order: Order,
    conditions: Callable[[ListColumn], Sequence[ColumnElement[bool]]],
    after: Place | None,
    sizes: Iterator[int],
) -> Iterator[list[Place]]:
    """Places in order from ``after`` to the list's end, in slices of about the ``sizes`` given.

    ``conditions`` gives those that can be asked on the way: of the list's own columns for a walk
    along an index, of the owners for one by owners.
    """
    if order.column.via is None:
        return _along(connection, spec, order, conditions(order.column), after, sizes)
    return _Owners(connection, spec, order, conditions(order.column)).slices(after, sizes)


def _along(
    connection: Connection,
    spec: ListSpec,
    order: Order,
    conditions: Sequence[ColumnElement[bool]],
    after: Place | None,
    sizes: Iterator[int],
) -> Iterator[list[Place]]:
    parts = order.parts(spec)
    query = select(*parts).where(*conditions).order_by(*order.ordered(parts))
    for size in sizes:
        part = query if after is None else query.where(order.beyond(parts, after))
        found: list[Place] = [tuple(row) for row in connection.execute(part.limit(size))]
        if found:
            yield found
        if len(found) < size:
            return
        after = found[-1]


class _Owners:
    """The walk by owners. Rows without one stand where the empty value stands, as owner 0."""

    def __init__(
        self,
        connection: Connection,
        spec: ListSpec,
        order: Order,
        conditions: Sequence[ColumnElement[bool]],
    ) -> None:
        via = order.column.via
        if via is None:
            raise TypeError(f"{order.column.key} has no owners")
        self._connection, self._order, self._via, self._id = connection, order, via, spec.id
        self._conditions = conditions
        owners = owners_of(order.column)
        self._owner = (sorted_value(order.column), owners.c.id)
        self._every = select(*self._owner).order_by(*order.ordered(self._owner))
        # Of customers there are many with few rows each; of all others few with many.
        self._many = owners is table("account")

    def slices(self, after: Place | None, sizes: Iterator[int]) -> Iterator[list[Place]]:
        """The slices; one that would be empty is left out."""
        count = _OWNERS if self._many else 1
        owner: Place | None = None
        if after is not None:
            owner = after[:2]
            yield from self._rest((owner[0], owner[1]), after[2], sizes)
        while owners := self._following(owner, count):
            owner = owners[-1]
            if self._many:
                found = self._of(owners)
                if found:
                    next(sizes)
                    yield found
                count = min(count * 2, _MOST_OWNERS)
            else:
                for one in owners:
                    yield from self._rest(one, None, sizes)

    def _following(self, owner: Place | None, count: int) -> list[tuple[Any, int]]:
        order, nobody = self._order, ("", 0)
        nullable = bool(self._via.nullable)
        if nullable and owner is None and not order.descending:
            return [nobody]
        query = self._every if owner is None else self._every.where(
            order.beyond(self._owner, owner)
        )  # fmt: skip
        if owner == nobody and order.descending:
            return []
        found = [(row[0], int(row[1])) for row in self._connection.execute(query.limit(count))]
        if not found and nullable and order.descending:
            return [nobody]
        return found

    def _rest(
        self, owner: tuple[Any, int], last: int | None, sizes: Iterator[int]
    ) -> Iterator[list[Place]]:
        value, key = owner
        mine = self._via.is_(None) if key == 0 else self._via == key
        query = (
            select(self._id)
            .where(mine, *self._conditions)
            .order_by(*self._order.ordered((self._id,)))
        )
        for size in sizes:
            part = query
            if last is not None:
                part = part.where(self._id < last if self._order.descending else self._id > last)
            found = [(value, key, int(row)) for row in
                     self._connection.execute(part.limit(size)).scalars()]  # fmt: skip
            if found:
                yield found
                last = found[-1][2]
            if len(found) < size:
                return

    def _of(self, owners: Sequence[tuple[Any, int]]) -> list[Place]:
        """All rows of some owners, in order."""
        rows: dict[int, list[int]] = {}
        query = select(self._via, self._id).where(
            among(self._via, [key for _value, key in owners]), *self._conditions
        )
        for key, row in self._connection.execute(query):
            rows.setdefault(int(key), []).append(int(row))
        down = self._order.descending
        return [
            (value, key, row)
            for value, key in owners
            for row in sorted(rows.get(key, ()), reverse=down)
        ]


def among(column: ColumnElement[Any], ids: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column is one of many ids, which travel as one value."""
    every = func.json_each(json.dumps(list(ids))).table_valued("value")
    return column.in_(select(every.c.value))


def unindexed(part: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value, of which SQLite does not see that an index has it."""
    return UnaryExpression(part, operator=custom_op("+"), type_=part.type)


def joined(spec: ListSpec, *used: ColumnElement[Any]) -> FromClause:
    """The list's tables without those that nothing used is of: a row has at most one of each."""
    tables = {
        element.table
        for one in used
        for element in visitors.iterate(one)
        if isinstance(element, Column)
    }
    source = spec.source
    while isinstance(source, Join) and source.isouter and source.right not in tables:
        source = source.left
    return source

"""The rows that a list's rows lead to (customer, rep, reason), asked first where that is quicker.

A condition on the customer's town, asked of each of 50,000 tickets, reads 50,000 customers; asked
of the customers, it reads an index of them, and a ticket only has to be one of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Join,
    case,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql import visitors

from crmdesk.services.queries.lists.spec import ListSpec


@dataclass(frozen=True, slots=True)
class Link:
    """Rows of ``table`` found by their ``key``, to which a column of the list leads."""

    table: FromClause
    key: Column[int]
    via: Column[int]

    def owners(
        self, connection: Connection, condition: ColumnElement[bool], limit: int
    ) -> list[int]:
        """Keys of those rows that meet a condition, at most ``limit``."""
        query = select(self.key).where(condition).limit(limit)
        return [int(key) for key in connection.execute(query).scalars()]

    def holds_for_none(self, connection: Connection, condition: ColumnElement[bool]) -> bool:
        """Whether a row that leads nowhere meets a condition, all values being empty there."""
        one = select(literal_column("1").label("one")).subquery()
        nobody = one.outerjoin(self.table, self.key == -1)
        return bool(connection.execute(select(_truth(condition)).select_from(nobody)).scalar())

    def member(
        self, via: ColumnElement[int], condition: ColumnElement[bool], *, none_too: bool
    ) -> ColumnElement[bool]:
        """The condition as one on the key by which a row leads there, written as ``via``."""
        if none_too:
            others = select(self.key).where(_truth(condition) == 0)
            return or_(via.is_(None), via.not_in(others))
        return via.in_(select(self.key).where(condition))


def link_of(spec: ListSpec, condition: ColumnElement[bool]) -> Link | None:
    """The link whose rows alone a condition speaks of; None where it speaks of others too."""
    tables = {one.table for one in visitors.iterate(condition) if isinstance(one, Column)}
    if len(tables) != 1:
        return None
    (wanted,) = tables
    return next((link for link in links_of(spec) if link.table is wanted), None)


def links_of(spec: ListSpec) -> Sequence[Link]:
    """The outer joins of a list that are by one key each."""
    found: list[Link] = []
    source: FromClause = spec.source
    while isinstance(source, Join):
        right = source.right
        sides = [one for one in visitors.iterate(source.onclause) if isinstance(one, Column)]
        if len(sides) == 2 and source.isouter:
            key, via = sorted(sides, key=lambda one: one.table is not right)
            if key.table is right and via.table is spec.id.table:
                found.append(Link(right, key, via))
        source = source.left
    return found


def _truth(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)

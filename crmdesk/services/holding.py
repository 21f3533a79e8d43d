"""Whose customers are whose on which of the coming days.

Owns reading covers and changes of territory by their dates, so that nobody is planned before they
come or after they go. Today it is the customer's territory that counts; a change that has been
written for a later day counts from that day on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

_EVER, _NEVER = date.min, date.max


@dataclass(frozen=True, slots=True)
class Term:
    """A person, a territory or both from one day to another, both included."""

    territory: int | None
    user: int | None
    begins: date
    ends: date

    def holds(self, day: date) -> bool:
        """Whether it is so on a day."""
        return self.begins <= day <= self.ends


class Holding:
    """Answers for one rep and the days of a plan; read once."""

    def __init__(
        self, connection: Connection, user_id: int, today: date, days: Sequence[date]
    ) -> None:
        self._user = user_id
        self._today = today
        self._days = tuple(days)
        self._covers = _covers(connection, user_id)
        self._assigned = assigned_terms(connection)
        self._known: dict[int | None, tuple[bool, ...]] = {}

    def territories(self) -> frozenset[int]:
        """Territories that the rep has on one of the days."""
        first, last = self._span()
        return frozenset(
            term.territory
            for term in self._covers
            if term.territory is not None and term.begins <= last and term.ends >= first
        )

    def accounts(self) -> frozenset[int]:
        """Customers that come to the rep by name, whatever their territory."""
        mine = self.territories()
        return frozenset(
            account
            for account, terms in self._assigned.items()
            if any(t.user == self._user or t.territory in mine for t in terms)
        )

    def on_days(self, account_id: int, territory_id: int | None) -> tuple[bool, ...]:
        """Whether the rep has the customer on each of the days."""
        terms = self._assigned.get(account_id)
        if not terms:
            if territory_id not in self._known:
                self._known[territory_id] = tuple(
                    self._has_territory(territory_id, day) for day in self._days
                )
            return self._known[territory_id]
        return tuple(self._on(terms, territory_id, day) for day in self._days)

    def _on(self, terms: list[Term], territory_id: int | None, day: date) -> bool:
        coming = [t for t in terms if t.begins > self._today and t.holds(day)]
        if coming:
            latest = max(coming, key=lambda t: t.begins)
            return latest.user == self._user or (
                latest.user is None and self._has_territory(latest.territory, day)
            )
        own = [t for t in terms if t.territory == territory_id]
        if any(t.user == self._user and t.holds(day) for t in own):
            return True
        ended = any(self._today <= t.ends < day for t in own)
        if ended and not any(t.holds(day) for t in own):
            return False
        return self._has_territory(territory_id, day)

    def _has_territory(self, territory_id: int | None, day: date) -> bool:
        if territory_id is None:
            return True
        return any(t.territory == territory_id and t.holds(day) for t in self._covers)

    def _span(self) -> tuple[date, date]:
        days = self._days or (self._today,)
        return days[0], days[-1]


def _covers(connection: Connection, user_id: int) -> list[Term]:
    rows = connection.exec_driver_sql(
        "SELECT territory_id, valid_from, valid_to FROM territory_user WHERE user_id = ?",
        (user_id,),
    )
    return [Term(row[0], user_id, *dated(row[1], row[2])) for row in rows]


def assigned_terms(connection: Connection) -> dict[int, list[Term]]:
    """Who is named for customers, and when, by account."""
    rows = connection.exec_driver_sql(
        "SELECT account_id, territory_id, user_id, valid_from, valid_to FROM assignment"
    )
    found: dict[int, list[Term]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(Term(row[1], row[2], *dated(row[3], row[4])))
    return found


def dated(begins: str | None, ends: str | None) -> tuple[date, date]:
    """The days as they are stored, open ends as the first and the last there are."""
    return (
        date.fromisoformat(begins) if begins else _EVER,
        date.fromisoformat(ends) if ends else _NEVER,
    )

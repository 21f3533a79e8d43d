"""Who serves each customer in the coming weeks, as shares of the days.

Owns what an assignment by name, a territory and a colleague standing in mean for a manager's sums.
A customer that somebody has by name is served by that person, whatever the territory; otherwise by
those who have the territory. Who stands in for somebody on leave has the work of these days; where
nobody does, it waits for who is away. A cover without leave shares the work. Hours there are
:mod:`.capacity`'s, over the same days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from sqlalchemy import Connection

from crmdesk.planning.effort import Effort
from crmdesk.services.holding import Term, assigned_terms, dated
from crmdesk.services.queries.capacity import LOOK_AHEAD_DAYS


class Why(Enum):
    """Why somebody serves a customer."""

    TERRITORY = "territory"
    NAME = "name"
    COVER = "cover"


@dataclass(frozen=True, slots=True)
class Part:
    """A rep's share, above 0 to 1, of serving a customer in the coming weeks."""

    rep_id: int
    why: Why
    share: float


def part_of(effort: Effort, share: float) -> Effort:
    """A share of what serving takes and brings."""
    return Effort(
        effort.visits * share, effort.calls * share, effort.hours * share, effort.km * share,
        effort.margin * share, effort.cost * share,
    )  # fmt: skip


def serving_parts(
    connection: Connection, today: date, territories: Mapping[int, int | None]
) -> dict[int, tuple[Part, ...]]:
    """The parts of each customer, given with its territory; empty for one that nobody serves.

    Shares add up to 1, and to less where nobody serves it on some of the days.
    """
    sharing = _Sharing(connection, today)
    return {account: sharing.parts(account, key) for account, key in territories.items()}


class _Sharing:
    """Everything by dates, read once; customers with the same terms share the answer."""

    def __init__(self, connection: Connection, today: date) -> None:
        self._today = today
        self._days = tuple(today + timedelta(days=n) for n in range(LOOK_AHEAD_DAYS))
        self._reps = {
            int(key)
            for (key,) in connection.exec_driver_sql(
                "SELECT id FROM app_user WHERE active AND role = 'rep'"
            )
        }
        self._for_good: dict[int, list[Term]] = {}
        self._covers: dict[int, list[Term]] = {}
        for term in _terms(
            connection,
            "SELECT NULL, territory_id, user_id, valid_from, valid_to FROM territory_user",
        ).get(None, []):
            if term.user in self._reps and term.territory is not None:
                kept = self._for_good if term.ends == date.max else self._covers
                kept.setdefault(term.territory, []).append(term)
        self._leave: dict[int, list[Term]] = {}
        for term in _terms(
            connection,
            "SELECT NULL, NULL, user_id, from_date, to_date FROM user_leave"
            " WHERE from_minute IS NULL",
        ).get(None, []):
            if term.user is not None:
                self._leave.setdefault(term.user, []).append(term)
        self._assigned = assigned_terms(connection)
        self._known: dict[tuple[int | None, tuple[Term, ...]], tuple[Part, ...]] = {}

    def parts(self, account: int, territory: int | None) -> tuple[Part, ...]:
        last = self._days[-1]
        terms = tuple(
            Term(t.territory, t.user, max(t.begins, self._today), min(t.ends, last))
            for t in self._assigned.get(account, ())
            if t.begins <= last and t.ends >= self._today
        )
        key = (territory, terms)
        if key not in self._known:
            self._known[key] = self._summed(territory, terms)
        return self._known[key]

    def _summed(self, territory: int | None, terms: tuple[Term, ...]) -> tuple[Part, ...]:
        found: dict[tuple[int, Why], float] = {}
        for day in self._days:
            people = self._on(territory, terms, day)
            for one in people:
                found[one] = found.get(one, 0.0) + 1.0 / len(people)
        return tuple(
            Part(rep, why, days / len(self._days)) for (rep, why), days in sorted(
                found.items(), key=lambda item: (-item[1], item[0][0], item[0][1].value)
            )
        )  # fmt: skip

    def _on(
        self, territory: int | None, terms: tuple[Term, ...], day: date
    ) -> list[tuple[int, Why]]:
        """Who serves a customer on a day, as :mod:`crmdesk.services.holding` has it for plans."""
        coming = [t for t in terms if t.begins > self._today and t.holds(day)]
        if coming:
            latest = max(coming, key=lambda t: t.begins)
            named, territory = [latest.user], latest.territory
        else:
            named = [t.user for t in terms if t.territory == territory and t.holds(day)]
        there = {user for user in named if user is not None and user in self._reps}
        held = self._holders(territory, day)
        if not there:
            return held
        for_good = _users(self._for_good.get(territory or 0, ()), day)
        present = {rep for rep in there if not self._away(rep, day)}
        if not present:
            standing_in = [one for one in held if one[1] is Why.COVER]
            if standing_in:
                return standing_in
            present = there
        return [(rep, Why.TERRITORY if rep in for_good else Why.NAME) for rep in sorted(present)]

    def _holders(self, territory: int | None, day: date) -> list[tuple[int, Why]]:
        if territory is None:
            return []
        for_good = _users(self._for_good.get(territory, ()), day)
        covers = _users(self._covers.get(territory, ()), day) - for_good
        present = {rep for rep in for_good if not self._away(rep, day)}
        covers = {rep for rep in covers if not self._away(rep, day)}
        if not (present or covers):
            present = for_good
        found = [(rep, Why.TERRITORY) for rep in sorted(present)]
        return found + [(rep, Why.COVER) for rep in sorted(covers)]

    def _away(self, rep: int, day: date) -> bool:
        return any(term.holds(day) for term in self._leave.get(rep, ()))


def _users(terms: Iterable[Term], day: date) -> set[int]:
    return {term.user for term in terms if term.user is not None and term.holds(day)}


def _terms(connection: Connection, query: str) -> dict[int | None, list[Term]]:
    found: dict[int | None, list[Term]] = {}
    for key, territory, user, begins, ends in connection.exec_driver_sql(query):
        found.setdefault(key, []).append(Term(territory, user, *dated(begins, ends)))
    return found

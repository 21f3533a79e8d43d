"""Work and value of territories and reps: hours needed against hours there, and where they lie.

Owns the balance a manager looks at; what serving takes is :mod:`crmdesk.planning.effort`'s, hours
there are :mod:`crmdesk.services.queries.capacity`'s, who serves whom
:mod:`crmdesk.services.queries.serving_people`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.planning.effort import Effort, total
from crmdesk.planning.hulls import Point, convex_hull
from crmdesk.services.queries.attention import effort_of
from crmdesk.services.queries.capacity import hours_there, reps
from crmdesk.services.queries.serving_facts import CompanyFacts, serving_facts
from crmdesk.services.queries.serving_people import Part, Why, serving_parts
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class TerritoryWork:
    """A territory: who has it, what it asks for in a month, and its outline.

    ``margin_12m_minor`` is what its customers brought in twelve months after the cost of goods.
    ``hours_there`` are those of its reps less what they work for customers elsewhere, shared among
    the territories they have; ``hours_by_others`` of the work are done by people it is not of: by
    name, or standing in. Without an id these are the customers of no territory.
    """

    id: int | None
    code: str
    name: str
    rep_ids: tuple[int, ...]
    reps: str
    customers: int
    effort: Effort
    hours_there: float
    margin_12m_minor: int
    hull: tuple[Point, ...]
    places: tuple[tuple[int, Point], ...]
    home: Point | None
    hours_by_others: float = 0.0

    @property
    def load(self) -> float | None:
        """Hours needed of its own people ÷ hours there; None where nobody is there."""
        needed = self.effort.hours - self.hours_by_others
        return needed / self.hours_there if self.hours_there > 0 else None


@dataclass(frozen=True, slots=True)
class RepWork:
    """A rep: hours needed in the coming weeks against hours there, in a month.

    Of the hours needed ``hours_by_name`` are for customers of other territories that the rep has by
    name, ``hours_standing_in`` for those of colleagues who are away. ``customers`` are without the
    latter.
    """

    id: int
    name: str
    territories: str
    customers: int
    hours_needed: float
    hours_there: float
    hours_by_name: float = 0.0
    hours_standing_in: float = 0.0

    @property
    def load(self) -> float | None:
        """Hours needed ÷ hours there; None where there are none."""
        return self.hours_needed / self.hours_there if self.hours_there > 0 else None


@dataclass(frozen=True, slots=True)
class WorkBalance:
    """Territories and reps, the fullest first."""

    territories: tuple[TerritoryWork, ...]
    reps: tuple[RepWork, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    territory_id: int | None
    point: Point | None
    margin: int


def work_balance(ws: Workspace, company: CompanyFacts | None = None) -> WorkBalance:
    """The balance of work of all territories with customers or reps."""
    facts = company or serving_facts(ws)
    customers = facts.customers
    with ws.database.read() as connection:
        names = {
            int(key): (str(code), str(name))
            for key, code, name in connection.exec_driver_sql(
                "SELECT id, code, name FROM territory ORDER BY code"
            )
        }
        holders = territory_reps(connection, ws.today())
        homes = _homes(connection)
        places = _places(connection)
        people = dict(reps(connection))
        there = {key: hours_there(connection, ws, key) for key in people}
        parts = serving_parts(
            connection, ws.today(), {key: one.territory_id for key, one in customers.items()}
        )
    work = _Work(facts, holders, parts)
    used = {one.territory_id for one in customers.values()} | set(holders)
    wanted = [key for key in (*names, None) if key in used]
    of_each = {rep: sum(rep in holders.get(key, ()) for key in names) for rep in people}
    free = {rep: max(0.0, there[rep] - work.elsewhere(rep)) for rep in people}
    territories = []
    for key in wanted:
        mine = [one for one in customers.values() if one.territory_id == key]
        rep_ids = () if key is None else holders.get(key, ())
        code, name = ("", "") if key is None else names[key]
        points = tuple(
            (one.account_id, place.point)
            for one in mine
            if (place := places.get(one.account_id)) is not None and place.point is not None
        )
        territories.append(
            TerritoryWork(
                key, code, name, rep_ids, ", ".join(people[rep] for rep in rep_ids), len(mine),
                total(work.efforts[one.account_id] for one in mine),
                sum(free[rep] / max(of_each[rep], 1) for rep in rep_ids),
                sum(places[one.account_id].margin for one in mine if one.account_id in places),
                convex_hull([point for _key, point in points]), points,
                next((homes[rep] for rep in rep_ids if rep in homes), None),
                work.by_others.get(key, 0.0),
            )
        )  # fmt: skip
    territories.sort(key=lambda row: -(row.load if row.load is not None else 9.0))
    return WorkBalance(tuple(territories), _reps(territories, people, there, work))


class _Work:
    """Hours a month of each rep and why, and of each territory those done by others."""

    def __init__(
        self,
        facts: CompanyFacts,
        holders: Mapping[int, tuple[int, ...]],
        parts: Mapping[int, tuple[Part, ...]],
    ) -> None:
        self.efforts = {key: effort_of(facts, one) for key, one in facts.customers.items()}
        self.hours: dict[tuple[int, Why], float] = {}
        self.customers: dict[int, int] = {}
        self.by_others: dict[int | None, float] = {}
        for key, one in facts.customers.items():
            own = holders.get(one.territory_id or 0, ())
            for part in parts[key]:
                hours = self.efforts[key].hours * part.share
                of = (part.rep_id, part.why)
                self.hours[of] = self.hours.get(of, 0.0) + hours
                if part.why is not Why.COVER:
                    self.customers[part.rep_id] = self.customers.get(part.rep_id, 0) + 1
                if part.rep_id not in own:
                    others = self.by_others.get(one.territory_id, 0.0)
                    self.by_others[one.territory_id] = others + hours

    def elsewhere(self, rep: int) -> float:
        """What a rep works for customers of territories that are not the rep's."""
        return self.hours.get((rep, Why.NAME), 0.0) + self.hours.get((rep, Why.COVER), 0.0)


def _reps(
    territories: Sequence[TerritoryWork],
    people: Mapping[int, str],
    there: Mapping[int, float],
    work: _Work,
) -> tuple[RepWork, ...]:
    rows = []
    for rep, name in people.items():
        mine = [row for row in territories if rep in row.rep_ids]
        by_name = work.hours.get((rep, Why.NAME), 0.0)
        standing_in = work.hours.get((rep, Why.COVER), 0.0)
        own = work.hours.get((rep, Why.TERRITORY), 0.0)
        rows.append(
            RepWork(
                rep, name, ", ".join(row.name for row in mine), work.customers.get(rep, 0),
                own + by_name + standing_in, there[rep], by_name, standing_in,
            )
        )  # fmt: skip
    rows.sort(key=lambda row: -(row.hours_needed / row.hours_there if row.hours_there else 9.0))
    return tuple(rows)


def territory_reps(connection: Connection, today: date) -> dict[int, tuple[int, ...]]:
    """The reps who have each territory for good: covers with an end do not count."""
    found: dict[int, list[int]] = {}
    for territory, rep in connection.exec_driver_sql(
        "SELECT m.territory_id, m.user_id FROM territory_user m JOIN app_user u ON"
        " u.id = m.user_id WHERE u.active AND u.role = 'rep' AND m.valid_to IS NULL"
        " AND (m.valid_from IS NULL OR m.valid_from <= ?) ORDER BY m.id",
        (today.isoformat(),),
    ):
        rows = found.setdefault(int(territory), [])
        if int(rep) not in rows:
            rows.append(int(rep))
    return {territory: tuple(rows) for territory, rows in found.items()}


def _homes(connection: Connection) -> dict[int, Point]:
    return {
        int(rep): (float(latitude), float(longitude))
        for rep, latitude, longitude in connection.exec_driver_sql(
            "SELECT user_id, latitude, longitude FROM home_base WHERE latitude IS NOT NULL"
            " AND longitude IS NOT NULL"
        )
    }


def _places(connection: Connection) -> dict[int, _Place]:
    return {
        int(key): _Place(
            territory,
            None if latitude is None or longitude is None else (float(latitude), float(longitude)),
            int(margin),
        )
        for key, territory, latitude, longitude, margin in connection.exec_driver_sql(
            "SELECT a.id, a.territory_id, a.latitude, a.longitude,"
            " coalesce(s.net_12m_minor - s.cost_12m_minor, 0) FROM account a"
            " LEFT JOIN summary_account s ON s.account_id = a.id"
        )
    }

"""Work and value of territories and reps: hours needed against hours there, and where they lie.

Owns the balance a manager looks at; what serving takes is :mod:`crmdesk.planning.effort`'s, hours
there are :mod:`crmdesk.services.queries.capacity`'s.
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
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class TerritoryWork:
    """A territory: who has it, what it asks for in a month, and its outline.

    ``margin_12m_minor`` is what its customers brought in twelve months after the cost of goods.
    ``hours_there`` are those of its reps, shared among the territories they have. Without an id
    these are the customers of no territory.
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

    @property
    def load(self) -> float | None:
        """Hours needed ÷ hours there; None where nobody is there."""
        return self.effort.hours / self.hours_there if self.hours_there > 0 else None


@dataclass(frozen=True, slots=True)
class RepWork:
    """A rep: hours needed by all of the territories against hours there."""

    id: int
    name: str
    territories: str
    customers: int
    hours_needed: float
    hours_there: float

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
    used = {one.territory_id for one in facts.customers.values()} | set(holders)
    wanted = [key for key in (*names, None) if key in used]
    shares = {rep: sum(rep in holders.get(key, ()) for key in names) for rep in people}
    territories = []
    for key in wanted:
        mine = [one for one in facts.customers.values() if one.territory_id == key]
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
                total(effort_of(facts, one) for one in mine),
                sum(there[rep] / max(shares[rep], 1) for rep in rep_ids),
                sum(places[one.account_id].margin for one in mine if one.account_id in places),
                convex_hull([point for _key, point in points]), points,
                next((homes[rep] for rep in rep_ids if rep in homes), None),
            )
        )  # fmt: skip
    territories.sort(key=lambda row: -(row.load if row.load is not None else 9.0))
    return WorkBalance(tuple(territories), _reps(territories, people, there))


def _reps(
    territories: Sequence[TerritoryWork], people: Mapping[int, str], there: Mapping[int, float]
) -> tuple[RepWork, ...]:
    rows = []
    for rep, name in people.items():
        mine = [row for row in territories if rep in row.rep_ids]
        rows.append(
            RepWork(
                rep, name, ", ".join(row.name for row in mine),
                sum(row.customers for row in mine),
                sum(row.effort.hours / len(row.rep_ids) for row in mine), there[rep],
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

"""Which SKUs at which customers the reorder place shows: states, route, area, words.

Owns the filter and its conditions on ``account`` and ``summary_pair``; the rows themselves are
:mod:`crmdesk.services.queries.reorder`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, true

from crmdesk.domain.reorder_overrides import SETS_ASIDE
from crmdesk.storage import search
from crmdesk.storage.tables import summary_pair, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_FOUND_LIMIT = 5_000
_ASIDE = sorted(kind.value for kind in SETS_ASIDE)
_p = summary_pair.c
_account, _planned = table("account"), table("planned_visit")
_override, _listed = table("reorder_override"), table("account_product")
_territory, _holder = table("territory"), table("territory_user")
_user = table("user")


class Urgency(StrEnum):
    """The states of the board, the most urgent first; the values are those of the forecast."""

    OVERDUE = "overdue"
    DUE = "due"
    AT_RISK = "at_risk"
    LAPSED = "lapsed"
    NEW = "new"
    FINE = "fine"
    DELISTED = "delisted"
    SUBSTITUTED = "substituted"


ENDED = frozenset({Urgency.DELISTED, Urgency.SUBSTITUTED})
"""What the customer is not expected to buy again, because somebody said so."""


class Route(StrEnum):
    """Whose rows the board shows: everybody's, or those on the way today or this week."""

    ALL = "all"
    TODAY = "today"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Area:
    """A territory with those below it, or all territories of a person; neither is everywhere."""

    territory_id: int | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class ReorderFilter:
    """What the person asked to see; `text` is searched in customers' and products' names."""

    states: frozenset[Urgency] = frozenset({Urgency.OVERDUE, Urgency.DUE, Urgency.AT_RISK})
    route: Route = Route.ALL
    text: str = ""
    account_id: int | None = None
    area: Area = Area()


@dataclass(frozen=True, slots=True)
class AreaRow:
    """An area that can be chosen, and how many customers it has here."""

    area: Area
    name: str
    accounts: int


def area_rows(ws: Workspace) -> tuple[AreaRow, ...]:
    """Territories and people with customers in this profile, territories first, by name."""
    with ws.database.read() as connection:
        here = {
            int(territory): int(count)
            for territory, count in connection.execute(
                select(_account.c.territory_id, func.count())
                .where(_account.c.territory_id.is_not(None), _account.c.merged_into_uid.is_(None))
                .group_by(_account.c.territory_id)
            )
        }
        territories = connection.execute(
            select(_territory.c.id, _territory.c.name).order_by(_territory.c.name)
        ).all()
        rows = [
            AreaRow(Area(territory_id=key), name, count)
            for key, name in territories
            if (count := sum(here.get(one, 0) for one in _below(connection, key)))
        ]
        held = connection.execute(
            select(_user.c.id, _user.c.name, _holder.c.territory_id)
            .select_from(_holder.join(_user, _user.c.id == _holder.c.user_id))
            .where(_user.c.role == "rep", _holds(ws.today()))
            .order_by(_user.c.name)
        ).all()
    people: dict[tuple[int, str], int] = {}
    for key, name, territory in held:
        people[(key, name)] = people.get((key, name), 0) + here.get(territory, 0)
    rows += [
        AreaRow(Area(user_id=key), name, count) for (key, name), count in people.items() if count
    ]
    return tuple(rows)


def territory_names(ws: Workspace) -> dict[int, str]:
    """The names of all territories, by key."""
    with ws.database.read() as connection:
        rows = connection.execute(select(_territory.c.id, _territory.c.name))
        return {int(key): str(name) for key, name in rows}


def _below(connection: Connection, territory_id: int) -> list[int]:
    """A territory and all below it."""
    tree = select(_territory.c.id).where(_territory.c.id == territory_id).cte(recursive=True)
    tree = tree.union(select(_territory.c.id).where(_territory.c.parent_id == tree.c.id))
    return [int(key) for key in connection.execute(select(tree.c.id)).scalars()]


def _holds(today: date) -> ColumnElement[bool]:
    c = _holder.c
    return and_(
        or_(c.valid_from.is_(None), c.valid_from <= today),
        or_(c.valid_to.is_(None), c.valid_to >= today),
    )


def in_area(connection: Connection, ws: Workspace, area: Area) -> ColumnElement[bool]:
    """The account lies in the area."""
    if area.territory_id is not None:
        return _account.c.territory_id.in_(_below(connection, area.territory_id))
    if area.user_id is not None:
        return _account.c.territory_id.in_(
            select(_holder.c.territory_id).where(
                _holder.c.user_id == area.user_id, _holds(ws.today())
            )
        )
    return true()


def week_of(day: date) -> tuple[date, date]:
    """Monday and Sunday of the week a day lies in."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _route_days(today: date, route: Route) -> tuple[date, date]:
    return (today, today) if route is Route.TODAY else week_of(today)


def on_route(ws: Workspace, route: Route, area: Area) -> ColumnElement[bool]:
    """The account is on the way: on the route of the area's person, or of whoever is working."""
    if route is Route.ALL:
        return true()
    first, last = _route_days(ws.today(), route)
    c = _planned.c
    return _account.c.id.in_(
        select(c.account_id).where(
            c.user_id == (area.user_id or ws.user.id),
            c.date.between(first, last),
            c.status != "cancelled",
        )
    )


def stops_on(connection: Connection, ws: Workspace, route: Route, area: Area) -> int:
    """How many stops the route has."""
    first, last = _route_days(ws.today(), route)
    c = _planned.c
    query = select(func.count()).where(
        c.user_id == (area.user_id or ws.user.id),
        c.date.between(first, last),
        c.status != "cancelled",
    )
    return int(connection.execute(query).scalar_one())


def not_set_aside(today: date) -> ColumnElement[bool]:
    """Without the pairs a person has put off; what has ended stays under its own state."""
    c = _override.c
    return or_(
        _p.state.in_([state.value for state in ENDED]),
        ~exists(
            select(c.id).where(
                c.account_id == _p.account_id, c.product_id == _p.product_id,
                c.kind.in_(_ASIDE), or_(c.until.is_(None), c.until >= today),
            )
        ),
    )  # fmt: skip


def matching(connection: Connection, text: str) -> ColumnElement[bool]:
    """Customer or product has these words."""
    if not text.strip():
        return true()
    hits = search.find(connection, text, kinds=("account", "product"), limit=_FOUND_LIMIT)
    accounts = [hit.id for hit in hits if hit.kind == "account"]
    products = [hit.id for hit in hits if hit.kind == "product"]
    return or_(_p.account_id.in_(accounts), _p.product_id.in_(products))

"""Customers given to another territory: what moves, what it costs, and the note that goes along.

Owns the preview and writing it as one step that can be undone: territory, assignments by their
dates, planned visits, a handover note for each customer. HQ judges it like any change: a territory
is the office's to write, and both laptops hear of it by their scopes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.i18n import _
from crmdesk.planning.effort import Effort, Practice, effort, total
from crmdesk.planning.hulls import Point, way_km
from crmdesk.planning.travel import DEFAULT_SPEED
from crmdesk.services.queries.serving_facts import CompanyFacts, ServingFacts, serving_facts
from crmdesk.services.queries.workload import TerritoryWork, WorkBalance, work_balance
from crmdesk.services.workspace import Workspace

MOST_CUSTOMERS = 2_000
MOST_NOTE = 2_000


@dataclass(frozen=True, slots=True)
class MovedCustomer:
    """A customer that would move, with the month of serving it before and after."""

    account_id: int
    name: str
    city: str
    before: Effort
    after: Effort


@dataclass(frozen=True, slots=True)
class Side:
    """A territory before and after: hours needed, hours there, kilometres, customers."""

    name: str
    customers: tuple[int, int]
    needed: tuple[float, float]
    there: float
    km: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ReassignPreview:
    """What giving customers to a territory would do in a month, and what goes along.

    ``margin_12m_minor`` is what they brought in twelve months. ``visits`` are planned and open,
    ``waiting`` open orders, quotes, tickets and promises.
    """

    target: str
    target_reps: tuple[tuple[int, str], ...]
    customers: tuple[MovedCustomer, ...]
    before: Effort
    after: Effort
    sides: tuple[Side, ...]
    margin_12m_minor: int
    visits: int
    waiting: int
    stays: int


def reassign_preview(
    ws: Workspace,
    account_ids: Sequence[int],
    territory_id: int,
    facts: tuple[CompanyFacts, WorkBalance] | None = None,
) -> ReassignPreview:
    """What moving customers to a territory would do; writes nothing.

    UserError for a rep, FieldError for nobody, NotFound for a territory that is not here.
    """
    _require_office(ws)
    wanted = _checked(account_ids)
    company, balance = facts or _facts(ws)
    works = {work.id: work for work in balance.territories}
    with ws.database.read() as connection:
        name = _territory_name(connection, territory_id)
        margin, visits, waiting = _going_along(connection, ws, wanted)
        people = _reps_of(connection, ws, territory_id)
    target = works.get(territory_id) or _empty(territory_id, name)
    moving = [
        company.customers[key]
        for key in wanted
        if key in company.customers and company.customers[key].territory_id != territory_id
    ]
    places = {key: point for work in works.values() for key, point in work.places}
    going = {one.account_id for one in moving}
    rows = tuple(_moved(company, one, works, target, places, going) for one in moving)
    before, after = total(row.before for row in rows), total(row.after for row in rows)
    return ReassignPreview(
        target=name,
        target_reps=people,
        customers=rows,
        before=before,
        after=after,
        sides=_sides(rows, moving, works, target),
        margin_12m_minor=margin,
        visits=visits,
        waiting=waiting,
        stays=len(wanted) - len(moving),
    )


def reassign(
    ws: Workspace, account_ids: Sequence[int], territory_id: int, note: str = ""
) -> ChangeSet:
    """Give customers to a territory; planned visits go to its rep. One step, can be undone.

    With a note every customer carries it to whoever has it now. Where nobody, or more than one
    person, has the territory, planned visits stay with whom they are.
    """
    _require_office(ws)
    wanted = _checked(account_ids)
    text = note.strip()
    if len(text) > MOST_NOTE:
        raise FieldError("note", _("A note has 2,000 characters at most."))
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        _territory_name(tx.connection, territory_id)
        people = _reps_of(tx.connection, ws, territory_id)
        rep = people[0][0] if len(people) == 1 else None
        touched: dict[str, set[int]] = {"account": set()}
        for key in wanted:
            row = run("SELECT territory_id FROM account WHERE id = ?", (key,)).first()
            if row is None:
                raise NotFound(_("This customer is no longer on this laptop."))
            if row[0] == territory_id:
                continue
            run("UPDATE account SET territory_id = ? WHERE id = ?", (territory_id, key))
            touched["account"].add(key)
            _assign(tx.connection, ws, key, territory_id, rep, touched)
            if rep is not None:
                _move_visits(tx.connection, ws, key, rep, touched)
            if text:
                _note(tx.connection, ws, key, text, touched)
        if not touched["account"]:
            return ChangeSet()
    return ChangeSet({kind: frozenset(keys) for kind, keys in touched.items()}, undo=tx.txn)


def _require_office(ws: Workspace) -> None:
    if ws.user.role is Role.REP:
        raise UserError(
            _("The office gives customers to territories."),
            _("Ask the office, or hand a missed visit over in Today."),
        )


def _checked(account_ids: Sequence[int]) -> list[int]:
    wanted = list(dict.fromkeys(account_ids))
    if not wanted:
        raise FieldError("customers", _("Pick the customers that move."))
    if len(wanted) > MOST_CUSTOMERS:
        raise FieldError("customers", _("At most 2,000 customers move in one step."))
    return wanted


def _territory_name(connection: Connection, territory_id: int) -> str:
    name = connection.exec_driver_sql(
        "SELECT name FROM territory WHERE id = ?", (territory_id,)
    ).scalar()
    if name is None:
        raise NotFound(_("This territory is not here."), _("Choose another one."))
    return str(name)


def _facts(ws: Workspace) -> tuple[CompanyFacts, WorkBalance]:
    company = serving_facts(ws)
    return company, work_balance(ws, company)


def _reps_of(
    connection: Connection, ws: Workspace, territory_id: int
) -> tuple[tuple[int, str], ...]:
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT u.id, u.name FROM territory_user m JOIN app_user u ON u.id = m.user_id"
        " WHERE m.territory_id = ? AND u.active AND u.role = 'rep' AND m.valid_to IS NULL"
        " AND (m.valid_from IS NULL OR m.valid_from <= ?) ORDER BY u.name",
        (territory_id, ws.today().isoformat()),
    )
    return tuple((int(key), str(name)) for key, name in rows)


def _empty(territory_id: int, name: str) -> TerritoryWork:
    return TerritoryWork(territory_id, "", name, (), "", 0, Effort(), 0.0, 0, (), (), None)


# --------------------------------------------------------------------------------------- preview


def _moved(
    company: CompanyFacts,
    one: ServingFacts,
    works: dict[int | None, TerritoryWork],
    target: TerritoryWork,
    places: dict[int, Point],
    going: set[int],
) -> MovedCustomer:
    """A customer among its neighbours as they are, and among those it would have."""
    place = places.get(one.account_id)
    source = works.get(one.territory_id)
    here, there = one.practice, one.practice
    if place is not None and source is not None:
        old = [point for key, point in source.places if key != one.account_id]
        new = [point for _key, point in target.places]
        new += [places[key] for key in going if key in places and key != one.account_id]
        here = _practice(one.practice, way_km(place, old, source.home))
        there = _practice(one.practice, way_km(place, new, target.home))
    model = one.serving.model
    return MovedCustomer(
        one.account_id, one.name, one.city, effort(model, here, one.rhythms, company.rates),
        effort(model, there, one.rhythms, company.rates),
    )  # fmt: skip


def _practice(practice: Practice, km: float) -> Practice:
    return replace(practice, km=km, drive_minutes=DEFAULT_SPEED.drive_minutes(km))


def _sides(
    rows: Sequence[MovedCustomer],
    moving: Sequence[ServingFacts],
    works: dict[int | None, TerritoryWork],
    target: TerritoryWork,
) -> tuple[Side, ...]:
    """The territories that lose customers, and the one that gets them, before and after."""
    sides = []
    by_id = {row.account_id: row for row in rows}
    for key in dict.fromkeys(one.territory_id for one in moving):
        work = works[key]
        gone = [by_id[one.account_id] for one in moving if one.territory_id == key]
        lost = total(row.before for row in gone)
        sides.append(
            Side(
                work.name or _("No territory"), (work.customers, work.customers - len(gone)),
                (work.effort.hours, work.effort.hours - lost.hours), work.hours_there,
                (work.effort.km, work.effort.km - lost.km),
            )
        )  # fmt: skip
    won = total(row.after for row in rows)
    sides.append(
        Side(
            target.name, (target.customers, target.customers + len(rows)),
            (target.effort.hours, target.effort.hours + won.hours), target.hours_there,
            (target.effort.km, target.effort.km + won.km),
        )
    )  # fmt: skip
    return tuple(sides)


def _going_along(
    connection: Connection, ws: Workspace, accounts: Sequence[int]
) -> tuple[int, int, int]:
    """Margin of twelve months, open planned visits, and what else waits at the customers."""
    keys = json.dumps(list(accounts))
    run = connection.exec_driver_sql
    among = "account_id IN (SELECT value FROM json_each(?))"
    margin = run(
        "SELECT coalesce(sum(net_12m_minor - cost_12m_minor), 0) FROM summary_account"  # noqa: S608
        f" WHERE {among}",
        (keys,),
    ).scalar_one()
    visits = run(
        "SELECT count(*) FROM planned_visit WHERE status = 'planned' AND date >= ?"  # noqa: S608
        f" AND {among}",
        (ws.today().isoformat(), keys),
    ).scalar_one()
    waiting = sum(
        int(run(f"SELECT count(*) FROM {table} WHERE {test} AND {among}", (keys,)).scalar_one())  # noqa: S608
        for table, test in (
            ("sales_order", "status IN ('draft', 'submitted', 'accepted')"),
            ("quote", "status IN ('draft', 'sent')"),
            ("ticket", "status IN ('open', 'waiting')"),
            ("promise", "done_at IS NULL"),
        )
    )
    return int(margin), int(visits), waiting


# --------------------------------------------------------------------------------------- writing


def _assign(
    connection: Connection,
    ws: Workspace,
    account_id: int,
    territory_id: int,
    rep: int | None,
    touched: dict[str, set[int]],
) -> None:
    """End what the customer was assigned to yesterday, and assign it from today on."""
    today = ws.today()
    run = connection.exec_driver_sql
    ended = run(
        "UPDATE assignment SET valid_to = ? WHERE account_id = ?"
        " AND (valid_to IS NULL OR valid_to >= ?) RETURNING id",
        ((today - timedelta(days=1)).isoformat(), account_id, today.isoformat()),
    ).scalars()
    touched.setdefault("assignment", set()).update(int(key) for key in ended)
    made = run(
        "INSERT INTO assignment (uid, account_id, territory_id, user_id, valid_from)"
        " VALUES (?, ?, ?, ?, ?) RETURNING id",
        (new_uid(), account_id, territory_id, rep, today.isoformat()),
    ).scalar_one()
    touched["assignment"].add(int(made))


def _move_visits(
    connection: Connection,
    ws: Workspace,
    account_id: int,
    rep: int,
    touched: dict[str, set[int]],
) -> None:
    moved = connection.exec_driver_sql(
        "UPDATE planned_visit SET user_id = ? WHERE account_id = ? AND status = 'planned'"
        " AND date >= ? AND user_id <> ? RETURNING id",
        (rep, account_id, ws.today().isoformat(), rep),
    ).scalars()
    touched.setdefault("planned_visit", set()).update(int(key) for key in moved)


def _note(
    connection: Connection,
    ws: Workspace,
    account_id: int,
    text: str,
    touched: dict[str, set[int]],
) -> None:
    key = connection.exec_driver_sql(
        "INSERT INTO handover (uid, account_id, user_id, kind, text, at)"
        " VALUES (?, ?, ?, 'note', ?, ?) RETURNING id",
        (new_uid(), account_id, ws.user.id, text, format_instant(ws.now())),
    ).scalar_one()
    touched.setdefault("handover", set()).add(int(key))

"""Cover for a rep who is away: a colleague gets the territories for some days, and the visits.

The colleague's laptop has the customers from the first day's sync on and loses them after the last
day by itself, because the link of territory and person has dates (HQ looks at them). The
absent rep keeps reading. Everything is one transaction: links, leave, moved visits; undo takes all
of it back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who can be away or stand in; ``territories`` in words."""

    id: int
    code: str
    name: str
    territories: str


@dataclass(frozen=True, slots=True)
class CoveredTerritory:
    """A territory that is given, and how many customers are in it."""

    id: int
    name: str
    customers: int


@dataclass(frozen=True, slots=True)
class CoveredVisit:
    """A planned visit of the absent rep. ``colleague_busy`` counts what the colleague has that day.

    ``colleague_away`` is true on days the colleague is on leave: such a visit stays.
    """

    id: int
    customer: str
    city: str
    day: date
    start_minute: int | None
    minutes: int
    mode: str
    locked: bool
    colleague_busy: int
    colleague_away: bool


@dataclass(frozen=True, slots=True)
class CoverPreview:
    """What giving cover would do."""

    rep: PersonRow
    colleague: PersonRow
    first: date
    last: date
    territories: tuple[CoveredTerritory, ...]
    visits: tuple[CoveredVisit, ...]


@dataclass(frozen=True, slots=True)
class CoverWish:
    """Who is away and who stands in, from the first to the last day.

    ``kind`` of the leave is sick or holiday; ``visit_ids`` are the visits that move along.
    """

    rep_id: int
    colleague_id: int
    first: date
    last: date
    kind: str = "sick"
    note: str = ""
    visit_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CoverRow:
    """A cover that runs or is to come."""

    ids: tuple[int, ...]
    colleague: str
    territories: str
    first: date
    last: date


def people(ws: Workspace) -> tuple[PersonRow, ...]:
    """Active people who have customers or visit them, by name."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            _PEOPLE + " WHERE u.active AND u.role = 'rep' ORDER BY u.name",
            (ws.today().isoformat(),),
        )
        return tuple(PersonRow(*row) for row in rows)


def cover_preview(ws: Workspace, wish: CoverWish) -> CoverPreview:
    """What a cover would give and which visits are planned; raises what giving it raises."""
    with ws.database.read() as connection:
        return _preview(connection, ws, wish)


def give_cover(ws: Workspace, wish: CoverWish) -> ChangeSet:
    """Give a rep's territories to a colleague for some days, with leave and the chosen visits.

    UserError for a rep, without territories, or where the colleague has them already; FieldError
    for dates that cannot be meant. The result can be undone as one step.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        preview = _preview(tx.connection, ws, wish)
        first, last = wish.first.isoformat(), wish.last.isoformat()
        links = []
        for territory in preview.territories:
            links.append(
                run(
                    "INSERT INTO territory_user (uid, territory_id, user_id, valid_from, valid_to)"
                    " VALUES (?, ?, ?, ?, ?) RETURNING id",
                    (new_uid(), territory.id, wish.colleague_id, first, last),
                ).scalar_one()
            )
        leave = run(
            "INSERT INTO user_leave (uid, user_id, from_date, to_date, kind, note)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (new_uid(), wish.rep_id, first, last, wish.kind, wish.note or None),
        ).scalar_one()
        free = {visit.id for visit in preview.visits if not visit.colleague_away}
        moved = sorted(free & set(wish.visit_ids))
        for visit in moved:
            run("UPDATE planned_visit SET user_id = ? WHERE id = ?", (wish.colleague_id, visit))
        changes = ChangeSet.of("territory_user", links, undo=tx.txn)
    return changes | ChangeSet.of("leave", [leave]) | ChangeSet.of("planned_visit", moved)


def end_cover(ws: Workspace, ids: Sequence[int], last: date) -> ChangeSet:
    """Let a cover end on another day; before its first day it does not begin at all."""
    check_gives(ws)
    with ws.database.write() as tx:
        for key in ids:
            start = tx.connection.exec_driver_sql(
                "SELECT valid_from FROM territory_user WHERE id = ? AND valid_to IS NOT NULL",
                (key,),
            ).scalar()
            if start is None:
                raise NotFound(_("This cover is no longer here."))
            if last.isoformat() < start:
                tx.connection.exec_driver_sql("DELETE FROM territory_user WHERE id = ?", (key,))
            else:
                tx.connection.exec_driver_sql(
                    "UPDATE territory_user SET valid_to = ? WHERE id = ?", (last.isoformat(), key)
                )
        return ChangeSet.of("territory_user", ids, undo=tx.txn)


def covers(ws: Workspace) -> tuple[CoverRow, ...]:
    """Covers that run or are to come, the next to end first."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT json_group_array(m.id), u.name, group_concat(t.name, ', '), m.valid_from,"
            " m.valid_to FROM territory_user m JOIN app_user u ON u.id = m.user_id"
            " JOIN territory t ON t.id = m.territory_id WHERE m.valid_from IS NOT NULL"
            " AND m.valid_to >= ? GROUP BY m.user_id, m.valid_from, m.valid_to"
            " ORDER BY m.valid_to, u.name",
            (ws.today().isoformat(),),
        )
        return tuple(
            CoverRow(
                tuple(json.loads(ids)), name, where, date.fromisoformat(first),
                date.fromisoformat(last),
            )
            for ids, name, where, first, last in rows
        )  # fmt: skip


def check_gives(ws: Workspace) -> None:
    """Raise UserError for a rep."""
    if ws.user.role is Role.REP:
        raise UserError(_("The office arranges cover."), _("Tell the office that you are away."))


_PEOPLE = (
    "SELECT u.id, u.code, u.name, coalesce((SELECT group_concat(t.name, ', ') FROM territory_user m"
    " JOIN territory t ON t.id = m.territory_id WHERE m.user_id = u.id"
    " AND (m.valid_to IS NULL OR m.valid_to >= ?)), '') FROM app_user u"
)


def _preview(connection: Connection, ws: Workspace, wish: CoverWish) -> CoverPreview:
    check_gives(ws)
    if wish.rep_id == wish.colleague_id:
        raise FieldError("colleague", _("Somebody else has to stand in."))
    if wish.last < wish.first:
        raise FieldError("last", _("The last day is before the first."))
    if wish.last < ws.today():
        raise FieldError("last", _("These days have passed."))
    if wish.last - wish.first > timedelta(days=MOST_DAYS):
        raise FieldError("last", _("Cover is for a year at most. Move the customers instead."))
    territories = _territories(connection, wish)
    return CoverPreview(
        _person(connection, wish.rep_id, ws.today()),
        _person(connection, wish.colleague_id, ws.today()),
        wish.first, wish.last, territories, _visits(connection, wish),
    )  # fmt: skip


def _person(connection: Connection, key: int, today: date) -> PersonRow:
    row = connection.exec_driver_sql(
        _PEOPLE + " WHERE u.id = ? AND u.active", (today.isoformat(), key)
    ).first()
    if row is None:
        raise NotFound(_("This person is not here."), _("Choose another one."))
    return PersonRow(*row)


def _territories(connection: Connection, wish: CoverWish) -> tuple[CoveredTerritory, ...]:
    first, last = wish.first.isoformat(), wish.last.isoformat()
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT t.id, t.name, (SELECT count(*) FROM account a WHERE a.territory_id = t.id"
        " AND a.status <> 'lost'), EXISTS (SELECT 1 FROM territory_user c WHERE c.territory_id ="
        " t.id AND c.user_id = :colleague AND (c.valid_from IS NULL OR c.valid_from <= :first)"
        " AND (c.valid_to IS NULL OR c.valid_to >= :last)) FROM territory_user m"
        " JOIN territory t ON t.id = m.territory_id WHERE m.user_id = :rep"
        " AND (m.valid_from IS NULL OR m.valid_from <= :first)"
        " AND (m.valid_to IS NULL OR m.valid_to >= :first) ORDER BY t.name",
        {"rep": wish.rep_id, "colleague": wish.colleague_id, "first": first, "last": last},
    ).all()
    if not rows:
        raise UserError(_("This rep has no territory in these days."), _("Choose another one."))
    wanted = tuple(CoveredTerritory(int(k), str(n), int(c)) for k, n, c, has in rows if not has)
    if not wanted:
        raise UserError(
            _("The colleague has all of these territories in these days already."),
            _("Choose other days or somebody else."),
        )
    return wanted


def _visits(connection: Connection, wish: CoverWish) -> tuple[CoveredVisit, ...]:
    first, last = wish.first.isoformat(), wish.last.isoformat()
    busy: Mapping[str, int] = {
        str(day): int(count)
        for day, count in connection.exec_driver_sql(
            "SELECT date, count(*) FROM planned_visit WHERE user_id = ? AND date BETWEEN ? AND ?"
            " AND status = 'planned' GROUP BY date",
            (wish.colleague_id, first, last),
        )
    }
    rows = connection.exec_driver_sql(
        "SELECT p.id, a.name, coalesce(a.city, ''), p.date, p.start_minute, p.minutes, p.mode,"
        " p.locked OR p.appointment, EXISTS (SELECT 1 FROM user_leave l WHERE l.user_id = ?"
        " AND p.date BETWEEN l.from_date AND l.to_date) FROM planned_visit p"
        " JOIN account a ON a.id = p.account_id WHERE p.user_id = ? AND p.status = 'planned'"
        " AND p.date BETWEEN ? AND ? ORDER BY p.date, p.sequence, p.id",
        (wish.colleague_id, wish.rep_id, first, last),
    )
    return tuple(
        CoveredVisit(
            int(key), name, city, date.fromisoformat(day), start, minutes, mode, bool(locked),
            busy.get(day, 0), bool(away),
        )
        for key, name, city, day, start, minutes, mode, locked, away in rows
    )  # fmt: skip

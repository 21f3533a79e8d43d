"""A rep's plan for other programs: calendars with updates and cancellations, routes, map links.

Owns reading the days and what has been announced of them. What the files look like is
:mod:`crmdesk.interchange`'s. How often a visit was announced with something new is kept with it and
synced (its SEQUENCE is one less); what was announced is remembered on the device that did it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound
from crmdesk.i18n import _
from crmdesk.interchange.calendar import CANCEL, Organizer, calendar_bytes
from crmdesk.interchange.route import Point, RouteDay, RouteStop
from crmdesk.interchange.tracks import gpx_bytes, kml_bytes
from crmdesk.services.planning_problem import committed_until
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.rep_days import rep_days
from crmdesk.services.workspace import Workspace

_TOLD, _KEPT_DAYS, _GONE = "calendar.told", 60, "gone"
_LIVE = ("planned", "started", "done")

_QUERY = (
    "SELECT p.id, p.uid, p.date, p.start_minute, p.minutes, p.mode, p.status, p.appointment,"
    " p.announced, p.note, a.name, a.street, a.postcode, a.city, a.country, a.latitude,"
    " a.longitude FROM planned_visit p JOIN account a ON a.id = p.account_id"
    " WHERE p.user_id = :user AND (p.date BETWEEN :first AND :last"
    " OR (p.announced > 0 AND p.date >= :since))"
    " ORDER BY p.date, p.mode <> 'person', p.sequence, p.start_minute, p.id"
)


@dataclass(frozen=True, slots=True)
class CalendarFiles:
    """What to import into a calendar; ``cancelled`` is empty when nothing has been called off."""

    published: bytes
    cancelled: bytes
    events: int
    cancellations: int
    changes: ChangeSet


def route_days(
    ws: Workspace, first: date, last: date, *, user_id: int | None = None
) -> tuple[RouteDay, ...]:
    """The days with stops that stand, in driving order, calls last."""
    user = ws.user.id if user_id is None else user_id
    with ws.database.read() as connection:
        rows = _rows(connection, user, first, last, last + timedelta(days=1))
        tentative = _tentative_after(connection, ws)
        every = rep_days(connection, user, first, last, ws.country)
    stops = [_stop(ws, row, tentative) for row in rows if row.status in _LIVE]
    days = []
    for day, rep in every.items():
        of_day = tuple(stop for stop in stops if stop.day == day)
        if of_day:
            start, end = rep.start, rep.end
            days.append(
                RouteDay(
                    day, of_day,
                    None if start is None else start.point, None if end is None else end.point,
                    _("Home") if start is not None and not start.name else start.name if start
                    else "",
                    _("Home") if end is not None and not end.name else end.name if end else "",
                )
            )  # fmt: skip
    return tuple(days)


def gpx_file(ws: Workspace, days: tuple[RouteDay, ...], user_id: int | None = None) -> bytes:
    """The routes as GPX."""
    return gpx_bytes(days, _title(ws, user_id), ws.now())


def kml_file(ws: Workspace, days: tuple[RouteDay, ...], user_id: int | None = None) -> bytes:
    """The routes as KML."""
    return kml_bytes(days, _title(ws, user_id))


def _title(ws: Workspace, user_id: int | None) -> str:
    name = organizer_of(ws, ws.user.id if user_id is None else user_id).name
    return _("Visits of {name}").format(name=name)


def organizer_of(ws: Workspace, user_id: int) -> Organizer:
    """Whose plan it is."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT name, code, email FROM app_user WHERE id = ?", (user_id,)
        ).first()
    if row is None:
        raise NotFound(_("This person is no longer here."))
    return Organizer(row[0], row[1], row[2] or "")


# --------------------------------------------------------------------------------- calendars


def announce(
    ws: Workspace, first: date, last: date, *, user_id: int | None = None
) -> CalendarFiles:
    """The calendar of these days, and what has changed since it was last announced.

    Visits keep their UID wherever they move; one that has changed since gets the next SEQUENCE,
    one that was announced and does not take place is called off, also outside of these days.
    """
    user = ws.user.id if user_id is None else user_id
    organizer = organizer_of(ws, user)
    told = _read_told(ws)
    with ws.database.write() as tx:
        since = min(first, ws.today())
        rows = _rows(tx.connection, user, first, last, since)
        tentative = _tentative_after(tx.connection, ws)
        stops, touched = [], set()
        for row in rows:
            stop = _stop(ws, row, tentative)
            if row.status not in _LIVE:
                if not row.announced or row.status != "cancelled":
                    continue
                stop = replace(stop, cancelled=True)
            count = _announcements(stop, row.announced, told)
            if count != row.announced:
                tx.connection.exec_driver_sql(
                    "UPDATE planned_visit SET announced = ? WHERE id = ?", (count, row.id)
                )
                touched.add(int(row.id))
            stops.append(replace(stop, sequence=count - 1))
        stops += _handed_over(tx.connection, user, told, {stop.uid for stop in stops}, since)
    _write_told(ws, told, stops, user)
    stamp = ws.now()
    gone = sum(stop.cancelled for stop in stops)
    return CalendarFiles(
        calendar_bytes(stops, organizer, stamp),
        calendar_bytes(stops, organizer, stamp, method=CANCEL) if gone else b"",
        len(stops) - gone, gone,
        ChangeSet({"planned_visit": frozenset(touched)} if touched else {}),
    )  # fmt: skip


def _announcements(stop: RouteStop, announced: int, told: dict[str, list[Any]]) -> int:
    """How often the visit has been announced with something new, this time included."""
    if not announced:
        return 1
    known = told.get(stop.uid)
    return announced if known is not None and known[0] == _mark(stop) else announced + 1


def _mark(stop: RouteStop) -> str:
    """What a calendar shows of a visit, in a few letters."""
    if stop.cancelled:
        return _GONE
    shown = (
        stop.name, stop.address, stop.place, stop.day.isoformat(), str(stop.begins), stop.minutes,
        stop.in_person, stop.tentative, stop.note,
    )  # fmt: skip
    return hashlib.sha256(repr(shown).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _handed_over(
    connection: Connection, user_id: int, told: dict[str, list[Any]], seen: set[str], since: date
) -> list[RouteStop]:
    """What this device announced and is somebody else's now, or no longer here at all."""
    gone = []
    for uid, (mark, sequence, day, owner) in told.items():
        on = date.fromisoformat(day)
        if uid in seen or owner != user_id or on < since:
            continue
        still = connection.exec_driver_sql(
            "SELECT 1 FROM planned_visit WHERE uid = ? AND user_id = ?",
            (UUID(uid.partition("@")[0]).bytes, user_id),
        ).first()
        if still is not None:
            continue
        number = int(sequence) + (mark != _GONE)
        gone.append(
            RouteStop(uid, _("Visit"), "", None, on, None, 0, in_person=True, cancelled=True,
                      sequence=number)
        )  # fmt: skip
    return gone


def _read_told(ws: Workspace) -> dict[str, list[Any]]:
    with ws.database.read() as connection:
        text = connection.exec_driver_sql(
            "SELECT value FROM setting WHERE key = ?", (_TOLD,)
        ).scalar()
    found = json.loads(str(text)) if text else {}
    return found if isinstance(found, dict) else {}


def _write_told(
    ws: Workspace, told: dict[str, list[Any]], stops: list[RouteStop], user_id: int
) -> None:
    oldest = (ws.today() - timedelta(days=_KEPT_DAYS)).isoformat()
    kept = {uid: entry for uid, entry in told.items() if entry[2] >= oldest}
    for stop in stops:
        kept[stop.uid] = [_mark(stop), stop.sequence, stop.day.isoformat(), user_id]
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql(
            "INSERT INTO setting (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (_TOLD, json.dumps(kept)),
        )


# ----------------------------------------------------------------------------------- reading


def _rows(connection: Connection, user_id: int, first: date, last: date, since: date) -> list[Any]:
    return list(
        connection.exec_driver_sql(
            _QUERY,
            {
                "user": user_id, "first": first.isoformat(), "last": last.isoformat(),
                "since": since.isoformat(),
            },
        ).all()
    )  # fmt: skip


def _tentative_after(connection: Connection, ws: Workspace) -> date:
    return committed_until(ws.today(), policy_in(connection).plan_weeks)


def _stop(ws: Workspace, row: Any, tentative_after: date) -> RouteStop:
    day = date.fromisoformat(row.date)
    town = " ".join(part for part in (row.postcode, row.city) if part)
    place: Point | None = None
    if row.latitude is not None and row.longitude is not None:
        place = (float(row.latitude), float(row.longitude))
    return RouteStop(
        uid=f"{UUID(bytes=row.uid)}@crmdesk",
        name=row.name,
        address=", ".join(part for part in (row.street, town, row.country) if part),
        place=place,
        day=day,
        begins=None if row.start_minute is None else instant_of(ws, day, row.start_minute),
        minutes=row.minutes,
        in_person=row.mode == "person",
        confirmed=bool(row.appointment),
        tentative=day > tentative_after,
        note=row.note or "",
    )


def instant_of(ws: Workspace, day: date, minute: int) -> datetime:
    """The instant at which the wall clock of the company shows a minute of a day."""
    zone = ws.clock.local(ws.now()).tzinfo
    midnight = datetime.combine(day, time(), zone)
    return (midnight + timedelta(minutes=minute)).astimezone(UTC)

"""What one day of a rep has of its own: shifts, where it begins and ends, kilometres.

Owns rows of ``day_setting``. What they make of the day is :mod:`crmdesk.services.rep_days`'.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.week import Span
from crmdesk.domain.workday import DAY_MINUTES, shifts_of
from crmdesk.i18n import _
from crmdesk.services.rep_days import DayPlace
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

MOST_SHIFTS: Final = 3
MOST_KM: Final = 3_000
_MOST_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class DaySettings:
    """None stands for "as usual": hours of the week, home, kilometres of the week."""

    start: DayPlace | None = None
    end: DayPlace | None = None
    shifts: tuple[Span, ...] | None = None
    max_km: int | None = None


USUAL_DAY: Final = DaySettings()


def day_settings(ws: Workspace, day: date, *, user_id: int | None = None) -> DaySettings:
    """What a day has of its own."""
    user = ws.user.id if user_id is None else user_id
    with ws.database.read() as connection:
        return _read(connection, user, day)


def set_day(
    ws: Workspace, day: date, wanted: DaySettings, *, user_id: int | None = None
) -> ChangeSet:
    """Give a day hours, places or kilometres of its own, or take them away with USUAL_DAY.

    Raises FieldError for hours, places or kilometres that cannot be.
    """
    _check(wanted)
    user = ws.user.id if user_id is None else user_id
    values = (
        *_columns(wanted.start),
        *_columns(wanted.end),
        None if wanted.shifts is None else dump_json([list(span) for span in wanted.shifts]),
        wanted.max_km,
    )
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        key = run(
            "SELECT id FROM day_setting WHERE user_id = ? AND date = ?", (user, day.isoformat())
        ).scalar()
        if key is None:
            key = run(
                "INSERT INTO day_setting (uid, user_id, date, start_name, start_latitude,"
                " start_longitude, end_name, end_latitude, end_longitude, shifts, max_km)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (new_uid(), user, day.isoformat(), *values),
            ).scalar_one()
        else:
            run(
                "UPDATE day_setting SET start_name = ?, start_latitude = ?, start_longitude = ?,"
                " end_name = ?, end_latitude = ?, end_longitude = ?, shifts = ?, max_km = ?"
                " WHERE id = ?",
                (*values, key),
            )
    return ChangeSet.of("day_setting", [int(key)], undo=tx.txn)


def _read(connection: Connection, user_id: int, day: date) -> DaySettings:
    row = connection.exec_driver_sql(
        "SELECT start_name, start_latitude, start_longitude, end_name, end_latitude,"
        " end_longitude, shifts, max_km FROM day_setting WHERE user_id = ? AND date = ?",
        (user_id, day.isoformat()),
    ).first()
    if row is None:
        return USUAL_DAY
    return DaySettings(
        _place(row[0], row[1], row[2]), _place(row[3], row[4], row[5]),
        None if row[6] is None else shifts_of(json.loads(row[6])), row[7],
    )  # fmt: skip


def _place(name: str | None, latitude: float | None, longitude: float | None) -> DayPlace | None:
    if latitude is None or longitude is None:
        return None
    return DayPlace(latitude, longitude, name or "")


def _columns(place: DayPlace | None) -> tuple[str | None, float | None, float | None]:
    if place is None:
        return None, None, None
    return place.name.strip() or None, place.latitude, place.longitude


def _check(wanted: DaySettings) -> None:
    for field, place in (("start", wanted.start), ("end", wanted.end)):
        if place is None:
            continue
        if not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
            raise FieldError(field, _("This is no place on the map."))
        if len(place.name) > _MOST_NAME:
            raise FieldError(field, _("The name of the place is too long."))
    if wanted.max_km is not None and not 1 <= wanted.max_km <= MOST_KM:
        raise FieldError("max_km", _("Kilometres are between 1 and 3000."))
    if wanted.shifts is None:
        return
    if len(wanted.shifts) > MOST_SHIFTS:
        raise FieldError("shifts", _("A day has three shifts at most."))
    ordered = sorted(wanted.shifts)
    if any(not 0 <= begin < end <= DAY_MINUTES for begin, end in ordered):
        raise FieldError("shifts", _("A shift ends after it begins, within the day."))
    if any(ordered[n][1] >= ordered[n + 1][0] for n in range(len(ordered) - 1)):
        raise FieldError("shifts", _("The shifts overlap."))

"""What a rep has driven on a day: the odometer, or the legs of the visits made.

Owns rows of ``trip``, one for each person and day. What the day's visits say is
:mod:`crmdesk.services.queries.day_travel`.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.queries.day_travel import travel_in
from crmdesk.services.workspace import Workspace

MOST_KM = 9_999_999
MOST_KM_A_DAY = 2_000


@dataclass(frozen=True, slots=True)
class Odometer:
    """What the odometer showed, in whole kilometres; None where nobody has looked."""

    start_km: int | None = None
    end_km: int | None = None


def record_odometer(ws: Workspace, shown: Odometer) -> ChangeSet:
    """Write down the odometer of today; the day's distance follows from both readings.

    FieldError for what no odometer shows, and for an end before the start. Can be undone.
    """
    for name, value in (("start", shown.start_km), ("end", shown.end_km)):
        if value is not None and not 0 <= value <= MOST_KM:
            raise FieldError(name, _("An odometer shows whole kilometres, like 48210."))
    metres = None
    if shown.start_km is not None and shown.end_km is not None:
        driven = shown.end_km - shown.start_km
        if driven < 0:
            raise FieldError("end", _("The odometer shows less than at the start of the day."))
        if driven > MOST_KM_A_DAY:
            raise FieldError("end", _("That is too far for one day. Check both readings."))
        metres = driven * 1000
    return _write(ws, shown, metres)


def take_legs(ws: Workspace) -> ChangeSet:
    """Count today's legs as they were driven from visit to visit, and the way home."""
    with ws.database.read() as connection:
        travel = travel_in(connection, ws.user.id, ws.today())
    return _write(ws, None, travel.driven_m + travel.home_m)


def _write(ws: Workspace, shown: Odometer | None, metres: int | None) -> ChangeSet:
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        day = (ws.user.id, ws.today().isoformat())
        key = run(
            "SELECT id FROM trip WHERE user_id = ? AND date = ? ORDER BY id LIMIT 1", day
        ).scalar()
        if key is None:
            key = run(
                "INSERT INTO trip (uid, user_id, date, odometer_start_km, odometer_end_km,"
                " distance_m) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    new_uid(), *day, None if shown is None else shown.start_km,
                    None if shown is None else shown.end_km, metres or 0,
                ),
            ).scalar_one()  # fmt: skip
        else:
            if shown is not None:
                run(
                    "UPDATE trip SET odometer_start_km = ?, odometer_end_km = ? WHERE id = ?",
                    (shown.start_km, shown.end_km, key),
                )
            if metres is not None:
                run("UPDATE trip SET distance_m = ? WHERE id = ?", (metres, key))
    return ChangeSet.of("trip", [int(key)], undo=tx.txn)

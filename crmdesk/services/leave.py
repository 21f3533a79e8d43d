"""Leave of a rep: whole days, or some hours of one day.

Owns rows of ``leave``. What leave does to a day is :mod:`crmdesk.services.rep_days`'; visits on
days that are off stay until the next re-plan finds them another day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.domain.workday import DAY_MINUTES
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

KINDS: Final = ("holiday", "sick", "training", "other")
MOST_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class Leave:
    """From one day to another, both included; minutes only for hours of a single day."""

    first: date
    last: date
    kind: str = "holiday"
    from_minute: int | None = None
    to_minute: int | None = None
    note: str = ""

    @property
    def whole_days(self) -> bool:
        """True when nothing of these days is worked."""
        return self.from_minute is None and self.to_minute is None


@dataclass(frozen=True, slots=True)
class LeaveRow:
    """Leave as it is kept."""

    id: int
    leave: Leave


def add_leave(ws: Workspace, leave: Leave, *, user_id: int | None = None) -> ChangeSet:
    """Enter leave. Raises FieldError for impossible days or hours and for days entered before."""
    _check(leave)
    user = ws.user.id if user_id is None else user_id
    with ws.database.write() as tx:
        if leave.whole_days and _overlaps(tx.connection, user, leave):
            raise FieldError(
                "first", _("There is leave on these days already."), _("Take that away first.")
            )
        key = tx.connection.exec_driver_sql(
            "INSERT INTO user_leave (uid, user_id, from_date, to_date, kind, from_minute,"
            " to_minute, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), user, leave.first.isoformat(), leave.last.isoformat(), leave.kind,
                leave.from_minute, leave.to_minute, leave.note.strip() or None,
            ),
        ).scalar_one()  # fmt: skip
    return ChangeSet.of("leave", [int(key)], undo=tx.txn)


def remove_leave(ws: Workspace, leave_id: int) -> Leave:
    """Take leave away and give it back as it was, so that it can be entered again."""
    with ws.database.write() as tx:
        found = _row(tx.connection, leave_id)
        tx.connection.exec_driver_sql("DELETE FROM user_leave WHERE id = ?", (leave_id,))
    return found


def leave_between(
    ws: Workspace, first: date, last: date, *, user_id: int | None = None
) -> tuple[LeaveRow, ...]:
    """The leave that touches these days, earliest first."""
    user = ws.user.id if user_id is None else user_id
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id FROM user_leave WHERE user_id = ? AND from_date <= ? AND to_date >= ?"
            " ORDER BY from_date, id",
            (user, last.isoformat(), first.isoformat()),
        ).scalars()
        return tuple(LeaveRow(int(key), _row(connection, int(key))) for key in rows)


def _row(connection: Connection, leave_id: int) -> Leave:
    row = connection.exec_driver_sql(
        "SELECT from_date, to_date, kind, from_minute, to_minute, note FROM user_leave"
        " WHERE id = ?",
        (leave_id,),
    ).first()
    if row is None:
        raise NotFound(_("This leave is no longer here."))
    return Leave(
        date.fromisoformat(row[0]), date.fromisoformat(row[1]), row[2] or "holiday", row[3],
        row[4], row[5] or "",
    )  # fmt: skip


def _check(leave: Leave) -> None:
    if leave.last < leave.first:
        raise FieldError("last", _("The last day comes before the first one."))
    if (leave.last - leave.first).days >= MOST_DAYS:
        raise FieldError("last", _("Leave is at most a year long."))
    if leave.kind not in KINDS:
        raise FieldError("kind", _("This kind of leave is not known."))
    if leave.whole_days:
        return
    if leave.first != leave.last:
        raise FieldError(
            "from_minute", _("Hours are for a single day."), _("Leave the hours empty.")
        )
    begin = 0 if leave.from_minute is None else leave.from_minute
    end = DAY_MINUTES if leave.to_minute is None else leave.to_minute
    if not 0 <= begin < end <= DAY_MINUTES:
        raise FieldError("to_minute", _("The hours off end before they begin."))


def _overlaps(connection: Connection, user_id: int, leave: Leave) -> bool:
    found = connection.exec_driver_sql(
        "SELECT 1 FROM user_leave WHERE user_id = ? AND from_date <= ? AND to_date >= ?"
        " AND from_minute IS NULL AND to_minute IS NULL LIMIT 1",
        (user_id, leave.last.isoformat(), leave.first.isoformat()),
    ).first()
    return found is not None

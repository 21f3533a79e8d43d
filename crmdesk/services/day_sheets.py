"""The sheet at the end of a rep's day: what was collected, and the cash counted against it.

Owns rows of ``day_sheet``. A sheet takes everything collected since the one before it, so that
nothing taken after a sheet was closed is lost: it is on the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.collecting import (
    MOST_COLLECTED_MINOR,
    CollectionMethod,
    Takings,
    cash_difference,
    takings_of,
)
from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _, format_money
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

FIRST_SHEET_DAYS = 7
"""How far back the very first sheet of a rep looks."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A row of a receipt that belongs on the sheet; amounts in minor units."""

    id: int
    number: str
    account_id: int
    method: str
    amount_minor: int
    at: str


@dataclass(frozen=True, slots=True)
class Closing:
    """How a sheet is closed: the cash that was counted, in minor units, and what explains it."""

    counted_minor: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed sheet: its local id and by how much the cash is over (or short, negative)."""

    sheet_id: int
    difference_minor: int
    changes: ChangeSet


def close_sheet(ws: Workspace, how: Closing) -> Closed:
    """Close today's sheet. Raises UserError when it is closed or nothing was collected.

    A difference wants a note: FieldError without one. The change can be undone.
    """
    if not 0 <= how.counted_minor <= MOST_COLLECTED_MINOR:
        raise FieldError("counted", _("Check the cash that was counted."))
    with ws.database.write() as tx:
        today = ws.today()
        run = tx.connection.exec_driver_sql
        if _closed_on(tx.connection, ws.user.id, today):
            raise UserError(
                _("Today's sheet is closed."),
                _("What is collected from now on is on tomorrow's."),
                code="closed",
            )
        taken = on_sheet(tx.connection, ws.user.id, today)
        if not taken:
            raise UserError(_("Nothing was collected since the last sheet."))
        sums = sums_of(taken)
        difference = cash_difference(sums, how.counted_minor)
        if difference and not how.note.strip():
            raise FieldError(
                "note",
                _("The cash differs by {amount}.").format(
                    amount=format_money(difference, ws.currency)
                ),
                _("Count again, or write down what explains it."),
            )
        totals = {
            "methods": {
                name: {"count": one.count, "amount_minor": one.amount_minor}
                for name, one in sums.items()
            },
            "receipts": sorted({row.number for row in taken if row.number})[:500],
        }
        sheet_id = int(
            run(
                "INSERT INTO day_sheet (uid, user_id, date, closed_at, currency, counted_minor,"
                " totals, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    new_uid(), ws.user.id, today.isoformat(), format_instant(ws.now()),
                    ws.currency, how.counted_minor, dump_json(totals), how.note.strip() or None,
                ),
            ).scalar_one()
        )  # fmt: skip
        changes = ChangeSet({"day_sheet": frozenset({sheet_id})}, undo=tx.txn)
    return Closed(sheet_id, difference, changes)


def on_sheet(connection: Connection, user_id: int, today: date) -> tuple[Taken, ...]:
    """What a rep has collected since the last closed sheet, oldest first."""
    run = connection.exec_driver_sql
    since = run("SELECT max(closed_at) FROM day_sheet WHERE user_id = ?", (user_id,)).scalar()
    first = (today - timedelta(days=FIRST_SHEET_DAYS)).isoformat()
    rows = run(
        "SELECT id, coalesce(number, ''), account_id, method, amount_minor, at FROM collection"
        " WHERE user_id = ? AND at > ? AND (? IS NOT NULL OR date > ?) ORDER BY at, id",
        (user_id, since or "", since, first),
    )
    return tuple(Taken(*row) for row in rows)


def sums_of(taken: tuple[Taken, ...]) -> dict[str, Takings]:
    """What was taken by each method."""
    return dict(takings_of([(t.method, t.number or str(t.id), t.amount_minor) for t in taken]))


def cash_of(taken: tuple[Taken, ...]) -> int:
    """The cash that should be there, in minor units."""
    found = sums_of(taken).get(CollectionMethod.CASH)
    return found.amount_minor if found is not None else 0


def _closed_on(connection: Connection, user_id: int, day: date) -> bool:
    found = connection.exec_driver_sql(
        "SELECT 1 FROM day_sheet WHERE user_id = ? AND date = ?", (user_id, day.isoformat())
    ).first()
    return found is not None

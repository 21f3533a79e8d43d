"""Following up quotes: what was said, and when to ask again.

Nothing leaves the queue without a next date or a decision: every follow-up that is logged says
when the next one is. How a quote ends is :mod:`crmdesk.services.quote_decisions`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import QuoteStatus
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

_MOST_WORDS = 4_000
_FARTHEST_DAYS = 3_650


class FollowUpMode(StrEnum):
    """How the customer was asked."""

    CALL = "call"
    VISIT = "visit"
    MAIL = "mail"
    MESSAGE = "message"


class FollowUpResult(StrEnum):
    """What came of it; a decision is the quote's own."""

    INTERESTED = "interested"
    THINKING = "thinking"
    CHANGES = "changes"
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class FollowUpInput:
    """One follow-up: how, what came of it, what was said, and the day of the next one."""

    mode: FollowUpMode
    result: FollowUpResult
    next_on: date
    note: str = ""


def log_follow_up(ws: Workspace, quote_id: int, made: FollowUpInput) -> ChangeSet:
    """Keep a follow-up of a quote that waits, with the day of the next one.

    Raises UserError for a quote that does not wait, FieldError for a day that cannot be.
    """
    today = ws.today()
    _check_day(made.next_on, today)
    if made.next_on == today:
        raise FieldError("next_on", _("The next follow-up is after today."))
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        account_id = _waiting(tx.connection, quote_id)
        follow_up = run(
            "INSERT INTO quote_follow_up (uid, account_id, quote_id, user_id, at, date, mode,"
            " result, note, next_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), account_id, quote_id, ws.user.id, format_instant(ws.now()),
                today.isoformat(), made.mode, made.result, made.note.strip()[:_MOST_WORDS] or None,
                made.next_on.isoformat(),
            ),
        ).scalar_one()  # fmt: skip
        run(
            "UPDATE quote SET next_follow_up = ? WHERE id = ?",
            (made.next_on.isoformat(), quote_id),
        )
    touched = {
        "quote": frozenset({quote_id}), "quote_follow_up": frozenset({int(follow_up)}),
        "account": frozenset({account_id}),
    }  # fmt: skip
    return ChangeSet(touched)


def plan_follow_up(ws: Workspace, quote_id: int, next_on: date) -> ChangeSet:
    """Put the next follow-up of a quote that waits on another day, today at the earliest."""
    _check_day(next_on, ws.today())
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        account_id = _waiting(tx.connection, quote_id)
        run("UPDATE quote SET next_follow_up = ? WHERE id = ?", (next_on.isoformat(), quote_id))
    return ChangeSet({"quote": frozenset({quote_id}), "account": frozenset({account_id})})


def _check_day(day: date, today: date) -> None:
    if not today <= day <= today + timedelta(days=_FARTHEST_DAYS):
        raise FieldError(
            "next_on",
            _("The next follow-up cannot lie in the past."),
            _("Type a day as 12.5., or +7 for a week from now."),
        )


def _waiting(connection: Connection, quote_id: int) -> int:
    """The customer of a quote that waits for an answer."""
    row = connection.exec_driver_sql(
        "SELECT status, account_id FROM quote WHERE id = ?", (quote_id,)
    ).first()
    if row is None:
        raise NotFound(_("This quote is no longer here."), _("Choose another one."))
    if row[0] != QuoteStatus.SENT:
        raise UserError(
            _("Only a quote that was sent and is not decided is followed up."),
            _("Send it first, or open it again."),
        )
    return int(row[1])

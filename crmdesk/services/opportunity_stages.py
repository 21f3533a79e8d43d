"""Opportunities through their stages: forward, back, won, lost, not buying again, opened again.

Each move is written twice in one step: the row as it is now, and a ``stage_change`` that stays.
Which moves are legal is :mod:`crmdesk.domain.pipeline`'s, the same code that HQ asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError, StaleRevision
from crmdesk.domain.ids import new_uid
from crmdesk.domain.pipeline import (
    CLOSED_STAGES,
    REASON_KINDS,
    Stage,
    check_stage_step,
    stage_of,
)
from crmdesk.i18n import _
from crmdesk.services.opportunities import MOST_WORDS, deal_in
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Before:
    """How an opportunity stood before a move, so that the move can be taken back."""

    stage: Stage
    reason_id: int | None
    closed_on: str | None
    lost_to: str | None
    next_step: str | None
    next_step_on: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move touched, and how it stood before; ``before`` is None when nothing moved."""

    changes: ChangeSet
    before: Before | None


def move_deal(
    ws: Workspace,
    opportunity_id: int,
    to: Stage,
    *,
    reason_id: int | None = None,
    lost_to: str = "",
    note: str = "",
) -> Moved:
    """Move an opportunity to a stage.

    An end needs a reason of its kind: FieldError without. IllegalTransition for a move that
    cannot be: of two ends the first stands until the opportunity is opened again.
    """
    with ws.database.write() as tx:
        row = deal_in(tx.connection, opportunity_id)
        old = stage_of(row.stage)
        if old is to:
            return Moved(ChangeSet(), None)
        check_stage_step(old, to)
        _check_reason(tx.connection, to, reason_id)
        ended = to in CLOSED_STAGES
        decision = {
            "stage": to.value,
            "reason_id": reason_id if ended else None,
            "closed_on": ws.today().isoformat() if ended else None,
            "lost_to": (lost_to.strip()[:MOST_WORDS] or None) if to is Stage.LOST else None,
            **({"next_step": None, "next_step_on": None} if ended else {}),
        }
        _write(tx.connection, opportunity_id, decision)
        _tell(tx.connection, ws, row, to, reason_id if ended else None, note)
    before = Before(old, row.reason_id, row.closed_on, row.lost_to, row.next_step, row.next_step_on)
    return Moved(_touched(opportunity_id, row), before)


def take_back_move(ws: Workspace, opportunity_id: int, left: Stage, before: Before) -> ChangeSet:
    """Put an opportunity back to how it stood before a move to ``left``.

    The history keeps both: nothing that happened is taken out. StaleRevision when it has moved on.
    """
    with ws.database.write() as tx:
        row = deal_in(tx.connection, opportunity_id)
        if stage_of(row.stage) is not left:
            raise StaleRevision(
                _("This opportunity has moved on since, so it was not put back."),
                _("Open it to see where it stands now."),
            )
        decision = {
            "stage": before.stage.value,
            "reason_id": before.reason_id,
            "closed_on": before.closed_on,
            "lost_to": before.lost_to,
            "next_step": before.next_step,
            "next_step_on": before.next_step_on,
        }
        _write(tx.connection, opportunity_id, decision)
        _tell(tx.connection, ws, row, before.stage, before.reason_id, "")
    return _touched(opportunity_id, row)


def _check_reason(connection: Connection, to: Stage, reason_id: int | None) -> None:
    kind = REASON_KINDS.get(to)
    if kind is None:
        return
    if reason_id is None:
        raise FieldError("reason", _("Say why."), _("Choose a reason by its number."))
    found = connection.exec_driver_sql(
        "SELECT kind FROM outcome_reason WHERE id = ?", (reason_id,)
    ).scalar()
    if found != kind:
        raise FieldError("reason", _("This is no reason for that."))


def _write(connection: Connection, opportunity_id: int, cells: dict[str, Any]) -> None:
    pairs = ", ".join(f"{name} = ?" for name in cells)
    connection.exec_driver_sql(
        f"UPDATE opportunity SET {pairs} WHERE id = ?",  # noqa: S608 - names are our own
        (*cells.values(), opportunity_id),
    )


def _tell(
    connection: Connection, ws: Workspace, row: Any, to: Stage, reason_id: int | None, note: str
) -> None:
    connection.exec_driver_sql(
        "INSERT INTO stage_change (uid, account_id, opportunity_id, user_id, from_stage, to_stage,"
        " at, reason_id, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new_uid(), row.account_id, row.id, ws.user.id, row.stage, to.value,
            format_instant(ws.now()), reason_id, note.strip()[:MOST_WORDS] or None,
        ),
    )  # fmt: skip


def _touched(opportunity_id: int, row: Any) -> ChangeSet:
    return ChangeSet(
        {
            "opportunity": frozenset({opportunity_id}),
            "account": frozenset({int(row.account_id)}),
        }
    )

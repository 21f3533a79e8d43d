"""Everything the visit sheet of a customer shows, in one read.

Owns the sheet of the visit that runs at a customer, or of the one about to begin. Writing is
:mod:`crmdesk.services.visits`' and :mod:`crmdesk.services.visit_reports`'.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmdesk.domain.clock import parse_instant
from crmdesk.domain.errors import NotFound
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.domain.visit_work import VisitItem, missing
from crmdesk.i18n import _
from crmdesk.services.queries.today import ReasonRow
from crmdesk.services.satisfaction import may_ask
from crmdesk.services.serving import read_serving
from crmdesk.services.visit_reports import answers_of, items_of

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_MOST = 40


@dataclass(frozen=True, slots=True)
class Kept:
    """Something kept of the visit: a count of the shelf, a photo, a promise, an order or a score.

    ``amount`` is base units of a count, net minor units of an order, the answer of a score;
    ``day`` when a promise is due.
    """

    kind: str
    id: int
    text: str
    amount: int | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class LastContact:
    """The finished visit or call before: when, how, what came of it and what was to follow."""

    day: date
    mode: VisitMode
    outcome: str
    note: str
    next_step: str
    next_step_on: date | None


@dataclass(frozen=True, slots=True)
class VisitSheet:
    """The sheet; ``visit_id`` is None while no visit runs here.

    ``elsewhere`` names the customer whose visit runs instead. ``answers`` by item key. ``spoken``
    is what the visit says by itself: an order when one was taken. ``ask_score``: it is time to ask
    how content they are, and nobody has in this visit.
    """

    account_id: int
    customer: str
    city: str
    today: date
    visit_id: int | None
    mode: VisitMode
    started_at: datetime | None
    off_plan: bool
    elsewhere: str
    items: tuple[VisitItem, ...]
    answers: dict[str, str]
    kept: tuple[Kept, ...]
    reasons: tuple[ReasonRow, ...]
    last: LastContact | None
    spoken: VisitOutcome
    usual_mode: VisitMode
    ask_score: bool = False

    @property
    def left(self) -> tuple[VisitItem, ...]:
        """Mandatory items without an answer, if somebody was met."""
        return missing(self.items, self.answers, self.mode)


def visit_sheet(ws: Workspace, account_id: int) -> VisitSheet:
    """The sheet of a customer. Raises NotFound when it is gone."""
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        account = run("SELECT name, city FROM account WHERE id = ?", (account_id,)).first()
        if account is None:
            raise NotFound(_("This customer is no longer here."), _("Choose another one."))
        running = run(
            "SELECT v.id, v.uid, v.account_id, v.mode, v.started_at, v.off_plan, a.name"
            " FROM visit v JOIN account a ON a.id = v.account_id"
            " WHERE v.user_id = ? AND v.ended_at IS NULL"
            " AND v.date = ? ORDER BY v.account_id = ? DESC, v.id DESC LIMIT 1",
            (ws.user.id, ws.today().isoformat(), account_id),
        ).first()
        here = running if running is not None and running.account_id == account_id else None
        off_plan = here is not None and bool(here.off_plan)
        serving = read_serving(connection, account_id)
        usual = VisitMode.PERSON
        if serving is not None and serving.virtual_only:
            usual = VisitMode(serving.virtual_mode)
        sheet = VisitSheet(
            account_id, account[0], account[1] or "", ws.today(), None, usual, None, off_plan,
            running.name if running is not None and here is None else "",
            items_of(connection, account_id), {}, (), _reasons(connection),
            _last(connection, account_id), VisitOutcome.INFORMATION, usual,
        )  # fmt: skip
        if here is None:
            return sheet
        due = may_ask(ws, connection, account_id)
        return replace(_running(connection, sheet, here), ask_score=due)


def _running(connection: Connection, sheet: VisitSheet, row: Any) -> VisitSheet:
    mode = VisitMode(row.mode)
    kept = _kept(connection, row)
    ordered = any(one.kind == "order" for one in kept)
    return replace(
        sheet,
        visit_id=int(row.id),
        mode=mode,
        started_at=parse_instant(row.started_at),
        items=tuple(item for item in sheet.items if mode in item.modes),
        answers=answers_of(connection, int(row.id)),
        kept=kept,
        spoken=VisitOutcome.ORDER if ordered else VisitOutcome.NO_ORDER,
    )


def _kept(connection: Connection, visit: Any) -> tuple[Kept, ...]:
    run = connection.exec_driver_sql
    orders = run(
        "SELECT id, number, net_minor FROM sales_order WHERE visit_id = ? AND account_id = ?"
        " AND status NOT IN ('draft', 'cancelled') ORDER BY id LIMIT ?",
        (visit.id, visit.account_id, _MOST),
    )
    found = [Kept("order", int(r[0]), r[1], int(r[2] or 0)) for r in orders]
    tasks = run(
        "SELECT id, kind, name, counted FROM visit_task WHERE visit_id = ? AND (kind = 'photo'"
        " OR (kind = 'shelf' AND counted IS NOT NULL)) ORDER BY kind DESC, position, id LIMIT ?",
        (visit.id, _MOST),
    )
    found += [Kept(r[1], int(r[0]), r[2], r[3]) for r in tasks]
    promises = run(
        "SELECT id, text, due_on FROM promise WHERE visit_uid = ? AND account_id = ?"
        " ORDER BY id LIMIT ?",
        (visit.uid, visit.account_id, _MOST),
    )
    found += [
        Kept("promise", int(r[0]), r[1], None, date.fromisoformat(r[2]) if r[2] else None)
        for r in promises
    ]
    scores = run(
        "SELECT id, score FROM survey_score WHERE about_kind = 'visit' AND about_uid = ?"
        " AND kind = 'nps' ORDER BY id DESC LIMIT 1",
        (visit.uid,),
    )
    found += [Kept("score", int(r[0]), "", int(r[1])) for r in scores]
    return tuple(found)


def _reasons(connection: Connection) -> tuple[ReasonRow, ...]:
    rows = connection.exec_driver_sql(
        "SELECT id, kind, name FROM outcome_reason WHERE kind IN ('no_order', 'closed')"
        " ORDER BY kind, position, id"
    )
    return tuple(ReasonRow(int(row[0]), row[1], row[2]) for row in rows)


def _last(connection: Connection, account_id: int) -> LastContact | None:
    row = connection.exec_driver_sql(
        "SELECT date, mode, outcome, note, next_step, next_step_on FROM visit"
        " WHERE account_id = ? AND ended_at IS NOT NULL ORDER BY date DESC, id DESC LIMIT 1",
        (account_id,),
    ).first()
    if row is None:
        return None
    step_on = date.fromisoformat(row[5]) if row[5] else None
    return LastContact(
        date.fromisoformat(row[0]), VisitMode(row[1]), row[2] or "", row[3] or "", row[4] or "",
        step_on,
    )  # fmt: skip

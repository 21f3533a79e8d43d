"""Visits and contacts: start, finish, log a call; missed and closed stops; promises and notes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import PlanStatus, VisitMode, VisitOutcome, check_plan_step
from crmdesk.domain.visit_work import NOBODY_MET
from crmdesk.i18n import _
from crmdesk.services import settings, visit_reports
from crmdesk.services.legs import leg_m
from crmdesk.services.serving import read_servings
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class VisitStarted:
    """A running visit: its local id and what was touched."""

    visit_id: int
    changes: ChangeSet


@dataclass(frozen=True, slots=True)
class NextStep:
    """What comes after a visit, and on which day; it becomes a task of whoever made the visit."""

    text: str
    on: date


def start_visit(
    ws: Workspace,
    account_id: int,
    *,
    mode: VisitMode = VisitMode.PERSON,
    place: tuple[float, float] | None = None,
) -> VisitStarted:
    """Start a visit now; today's planned one for this customer becomes started.

    A visit of this customer that is already running is taken up again. Raises UserError while
    another customer's visit runs. ``place`` (latitude, longitude) is kept only with the consent of
    the person (`settings.VISIT_LOCATION`), and only of visits in person.
    """
    consent = settings.get(ws, settings.VISIT_LOCATION) == 1 and mode is VisitMode.PERSON
    latitude, longitude = place if place is not None and consent else (None, None)
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        running = run(
            "SELECT v.id, v.account_id, a.name FROM visit v JOIN account a ON a.id = v.account_id"
            " WHERE v.user_id = ? AND v.ended_at IS NULL AND v.date = ? ORDER BY v.id DESC LIMIT 1",
            (ws.user.id, ws.today().isoformat()),
        ).first()
        if running is not None and running[1] == account_id:
            return VisitStarted(int(running[0]), ChangeSet())
        if running is not None:
            raise UserError(
                _("The visit to {name} is still running.").format(name=running[2]),
                _("Finish it first with Enter."),
            )
        planned = _planned_today(tx.connection, ws, account_id, mode)
        driven = None
        if mode is VisitMode.PERSON:
            driven = leg_m(tx.connection, ws.user.id, ws.today(), account_id)
        visit_id = run(
            "INSERT INTO visit (uid, account_id, user_id, planned_visit_id, date, started_at,"
            " mode, off_plan, travel_m, latitude, longitude)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), account_id, ws.user.id, planned, ws.today().isoformat(),
                format_instant(ws.now()), mode.value, int(planned is None), driven, latitude,
                longitude,
            ),
        ).scalar_one()  # fmt: skip
        touched = {"visit": frozenset({int(visit_id)}), "account": frozenset({account_id})}
        if planned is not None:
            run("UPDATE planned_visit SET status = 'started' WHERE id = ?", (planned,))
            touched["planned_visit"] = frozenset({planned})
    return VisitStarted(int(visit_id), ChangeSet(touched))


def _planned_today(
    connection: Connection, ws: Workspace, account_id: int, mode: VisitMode
) -> int | None:
    """Today's planned contact of the same kind: a call does not make the drive unnecessary."""
    found = connection.exec_driver_sql(
        "SELECT id FROM planned_visit WHERE account_id = ? AND user_id = ? AND date = ?"
        " AND status = 'planned' AND (mode = 'person') = ? ORDER BY sequence LIMIT 1",
        (account_id, ws.user.id, ws.today().isoformat(), int(mode is VisitMode.PERSON)),
    ).scalar()
    return None if found is None else int(found)


def finish_visit(
    ws: Workspace,
    visit_id: int,
    outcome: VisitOutcome,
    *,
    reason_id: int | None = None,
    note: str = "",
    next_step: NextStep | None = None,
    contact_id: int | None = None,
) -> ChangeSet:
    """End a running visit with its outcome; the planned visit behind it is done.

    Where nobody was met it is closed: no missed visit, but the customer is still to be seen. A
    next step becomes a task. Raises UserError with the code ``unanswered`` while mandatory
    questions of a visit in which somebody was met have no answer, FieldError, NotFound.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run(
            "SELECT account_id, planned_visit_id, ended_at, uid FROM visit WHERE id = ?",
            (visit_id,),
        ).first()
        if row is None:
            raise NotFound(_("This visit is no longer here."))
        if row[2] is not None:
            raise UserError(_("This visit is already finished."))
        visit_reports.check_answered(tx.connection, visit_id, outcome)
        _check_contact(tx.connection, int(row[0]), contact_id)
        run(
            "UPDATE visit SET ended_at = ?, outcome = ?, reason_id = ?, note = ?, next_step = ?,"
            " next_step_on = ?, contact_id = ? WHERE id = ?",
            (
                format_instant(ws.now()), outcome.value, reason_id, note.strip() or None,
                *_step_cells(next_step), contact_id, visit_id,
            ),
        )  # fmt: skip
        touched = {"visit": frozenset({visit_id}), "account": frozenset({int(row[0])})}
        if next_step is not None:
            touched["promise"] = frozenset({_task_of(tx.connection, ws, row, next_step)})
        if row[1] is not None:
            _close_planned(tx.connection, int(row[1]), outcome)
            touched["planned_visit"] = frozenset({int(row[1])})
    return ChangeSet(touched, undo=tx.txn)


def _close_planned(connection: Connection, planned_visit_id: int, outcome: VisitOutcome) -> None:
    """The planned visit or contact is over: done, or closed where nobody was met."""
    status = PlanStatus.CLOSED if outcome in NOBODY_MET else PlanStatus.DONE
    connection.exec_driver_sql(
        "UPDATE planned_visit SET status = ? WHERE id = ?", (status.value, planned_visit_id)
    )


def _step_cells(step: NextStep | None) -> tuple[str | None, str | None]:
    return (None, None) if step is None else (step.text.strip(), step.on.isoformat())


def _task_of(connection: Connection, ws: Workspace, visit: Any, step: NextStep) -> int:
    if step.on < ws.today():
        raise FieldError("next_step_on", _("A next step lies ahead."), _("Choose a later day."))
    wordless = _("A next step needs words.")
    return visit_reports.add_task(connection, ws, visit, "task", step.text, step.on, wordless)


def _check_contact(connection: Connection, account_id: int, contact_id: int | None) -> None:
    if contact_id is None:
        return
    found = connection.exec_driver_sql(
        "SELECT 1 FROM contact WHERE id = ? AND account_id = ?", (contact_id, account_id)
    ).first()
    if found is None:
        raise NotFound(_("This person is not with this customer."))


def log_contact(
    ws: Workspace,
    account_id: int,
    mode: VisitMode,
    outcome: VisitOutcome,
    *,
    minutes: int = 5,
    note: str = "",
    reason_id: int | None = None,
    next_step: NextStep | None = None,
) -> ChangeSet:
    """Log a finished virtual contact (call, video, message) that just ended.

    A planned one for today is done with it, or closed where nobody was reached.
    """
    started = ws.now() - timedelta(minutes=minutes)
    with ws.database.write() as tx:
        planned = _planned_today(tx.connection, ws, account_id, mode)
        run = tx.connection.exec_driver_sql
        row = run(
            "INSERT INTO visit (uid, account_id, user_id, planned_visit_id, date, started_at,"
            " ended_at, mode, outcome, reason_id, note, off_plan, next_step, next_step_on)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id, uid, account_id",
            (
                new_uid(), account_id, ws.user.id, planned, ws.today().isoformat(),
                format_instant(started), format_instant(ws.now()), mode.value, outcome.value,
                reason_id, note.strip() or None, int(planned is None), *_step_cells(next_step),
            ),
        ).one()  # fmt: skip
        touched = {"visit": frozenset({int(row.id)}), "account": frozenset({account_id})}
        if next_step is not None:
            touched["promise"] = frozenset({_task_of(tx.connection, ws, row, next_step)})
        if planned is not None:
            _close_planned(tx.connection, planned, outcome)
            touched["planned_visit"] = frozenset({planned})
    return ChangeSet(touched, undo=tx.txn)


def set_stop_status(ws: Workspace, planned_visit_id: int, status: PlanStatus) -> ChangeSet:
    """Mark a planned stop missed, closed or cancelled, or planned again."""
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run(
            "SELECT status, account_id FROM planned_visit WHERE id = ?", (planned_visit_id,)
        ).first()
        if row is None:
            raise NotFound(_("This stop is no longer in the plan."))
        check_plan_step(PlanStatus(row[0]), status)
        run("UPDATE planned_visit SET status = ? WHERE id = ?", (status.value, planned_visit_id))
    touched = {
        "planned_visit": frozenset({planned_visit_id}), "account": frozenset({int(row[1])}),
    }  # fmt: skip
    return ChangeSet(touched, undo=tx.txn)


def add_promise(ws: Workspace, account_id: int, text: str, due_on: date) -> ChangeSet:
    """Remember something promised to a customer."""
    if not text.strip():
        raise FieldError("text", _("A promise needs words."))
    with ws.database.write() as tx:
        key = tx.connection.exec_driver_sql(
            "INSERT INTO promise (uid, account_id, user_id, text, made_on, due_on)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), account_id, ws.user.id, text.strip(), ws.today().isoformat(),
                due_on.isoformat(),
            ),
        ).scalar_one()  # fmt: skip
    return ChangeSet(
        {"promise": frozenset({int(key)}), "account": frozenset({account_id})}, undo=tx.txn
    )


def keep_promise(ws: Workspace, promise_id: int) -> ChangeSet:
    """Mark a promise or task as done now."""
    with ws.database.write() as tx:
        account = tx.connection.exec_driver_sql(
            "UPDATE promise SET done_at = ? WHERE id = ? AND done_at IS NULL RETURNING account_id",
            (format_instant(ws.now()), promise_id),
        ).scalar()
    if account is None:
        return ChangeSet()
    return ChangeSet(
        {"promise": frozenset({promise_id}), "account": frozenset({int(account)})}, undo=tx.txn
    )


def add_note(ws: Workspace, account_id: int, text: str) -> ChangeSet:
    """Add a note to a customer; notes are facts and are never changed."""
    if not text.strip():
        raise FieldError("text", _("A note needs words."))
    with ws.database.write() as tx:
        key = tx.connection.exec_driver_sql(
            "INSERT INTO note (uid, account_id, user_id, text, at, date)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), account_id, ws.user.id, text.strip(), format_instant(ws.now()),
                ws.today().isoformat(),
            ),
        ).scalar_one()  # fmt: skip
    return ChangeSet({"note": frozenset({int(key)}), "account": frozenset({account_id})})


def end_forgotten_visits(ws: Workspace) -> ChangeSet:
    """End visits of earlier days that were never ended, at their usual length.

    An order taken in one speaks for itself; the others count as information. Called once a day.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        rows = run(
            "SELECT v.id, v.account_id, v.started_at, v.planned_visit_id,"
            " EXISTS (SELECT 1 FROM sales_order o WHERE"
            " o.visit_id = v.id AND o.status NOT IN ('draft', 'cancelled')) FROM visit v"
            " JOIN account a ON a.id = v.account_id"
            " WHERE v.user_id = ? AND v.ended_at IS NULL AND v.date < ?",
            (ws.user.id, ws.today().isoformat()),
        ).all()
        servings = read_servings(tx.connection, [int(row[1]) for row in rows])
        for visit_id, account, started, planned, ordered in rows:
            minutes = servings[int(account)].model.visit_minutes
            ended = parse_instant(started) + timedelta(minutes=minutes)
            outcome = VisitOutcome.ORDER if ordered else VisitOutcome.INFORMATION
            run(
                "UPDATE visit SET ended_at = ?, outcome = ? WHERE id = ?",
                (format_instant(ended), outcome.value, visit_id),
            )
            if planned is not None:
                run("UPDATE planned_visit SET status = 'done' WHERE id = ?", (planned,))
    if not rows:
        return ChangeSet()
    return ChangeSet(
        {
            "visit": frozenset(int(row[0]) for row in rows),
            "account": frozenset(int(row[1]) for row in rows),
            "planned_visit": frozenset(int(row[3]) for row in rows if row[3] is not None),
        }
    )

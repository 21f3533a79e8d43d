"""Tasks: things to be done for a customer by a day, by oneself or by somebody else.

Owns making, changing and giving them; a promise made to a customer is such a task too. What waits
is :mod:`crmdesk.services.queries.notices`', who may get one
:mod:`crmdesk.services.queries.task_people`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.queries.task_people import people_with
from crmdesk.services.workspace import Workspace

MOST_WORDS, MOST_NOTE = 500, 4_000


@dataclass(frozen=True, slots=True)
class TaskInput:
    """What is to be done, until when, by whom (local id of a person), and what else to know."""

    text: str
    due_on: date
    assignee_id: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """A new task: its local id and what was touched."""

    task_id: int
    changes: ChangeSet


def add_task(ws: Workspace, account_id: int, made: TaskInput) -> Added:
    """Make a task for a customer. FieldError for what cannot be, NotFound without the customer."""
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        if run("SELECT 1 FROM account WHERE id = ?", (account_id,)).first() is None:
            raise NotFound(_("This customer is no longer here."))
        cells = _cells(made)
        _check_person(tx.connection, ws, account_id, made.assignee_id)
        if made.due_on < ws.today():
            raise FieldError("due_on", _("Choose today or a day to come."))
        key = run(
            "INSERT INTO promise (uid, account_id, user_id, kind, made_on, text, due_on,"
            " assignee_id, note) VALUES (?, ?, ?, 'task', ?, ?, ?, ?, ?) RETURNING id",
            (new_uid(), account_id, ws.user.id, ws.today().isoformat(), *cells),
        ).scalar_one()
    return Added(int(key), _touched(int(key), account_id, tx.txn))


def edit_task(ws: Workspace, task_id: int, made: TaskInput) -> ChangeSet:
    """Change an open task; FieldError for what cannot be, NotFound for one that is gone or done."""
    with ws.database.write() as tx:
        row = _open_task(tx.connection, task_id)
        cells = _cells(made)
        if made.assignee_id != row.has_it:
            _check_person(tx.connection, ws, int(row.account_id), made.assignee_id)
        if made.due_on < ws.today() and made.due_on.isoformat() != row.due_on:
            raise FieldError("due_on", _("Choose today or a day to come."))
        tx.connection.exec_driver_sql(
            "UPDATE promise SET text = ?, due_on = ?, assignee_id = ?, note = ? WHERE id = ?",
            (*cells, task_id),
        )
    return _touched(task_id, int(row.account_id), tx.txn)


def give_task(ws: Workspace, task_id: int, user_id: int) -> ChangeSet:
    """Give an open task to somebody who has the customer; FieldError otherwise, NotFound."""
    with ws.database.write() as tx:
        row = _open_task(tx.connection, task_id)
        _check_person(tx.connection, ws, int(row.account_id), user_id)
        tx.connection.exec_driver_sql(
            "UPDATE promise SET assignee_id = ? WHERE id = ?", (user_id, task_id)
        )
    return _touched(task_id, int(row.account_id), tx.txn)


def _cells(made: TaskInput) -> tuple[str, str, int, str | None]:
    if not made.text.strip():
        raise FieldError("text", _("Say in a few words what is to be done."))
    return (
        made.text.strip()[:MOST_WORDS], made.due_on.isoformat(), made.assignee_id,
        made.note.strip()[:MOST_NOTE] or None,
    )  # fmt: skip


def _check_person(connection: Connection, ws: Workspace, account_id: int, user_id: int) -> None:
    if user_id not in {one.id for one in people_with(connection, ws, account_id)}:
        raise FieldError(
            "assignee",
            _("This person does not have the customer, and would never see the task."),
            _("Choose one of those offered."),
        )


def _open_task(connection: Connection, task_id: int) -> Any:
    row = connection.exec_driver_sql(
        "SELECT account_id, due_on, coalesce(assignee_id, user_id) AS has_it FROM promise"
        " WHERE id = ? AND done_at IS NULL",
        (task_id,),
    ).first()
    if row is None:
        raise NotFound(_("This task is done, or no longer here."))
    return row


def _touched(task_id: int, account_id: int, txn: int) -> ChangeSet:
    return ChangeSet(
        {"promise": frozenset({task_id}), "account": frozenset({account_id})}, undo=txn
    )

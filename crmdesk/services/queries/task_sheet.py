"""One task as its form shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crmdesk.domain.errors import NotFound
from crmdesk.i18n import _

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class TaskSheet:
    """A task or promise; ``assignee_id`` is who does it, at first whoever made it."""

    id: int
    account_id: int
    customer: str
    text: str
    due_on: date | None
    assignee_id: int | None
    assignee: str
    note: str


def task_sheet(ws: Workspace, task_id: int) -> TaskSheet:
    """One task; NotFound when it is gone."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT p.id, p.account_id, a.name AS customer, p.text, p.due_on, u.id AS user_id,"
            " u.name AS person, p.note FROM promise p JOIN account a ON a.id = p.account_id"
            " LEFT JOIN app_user u ON u.id = coalesce(p.assignee_id, p.user_id) WHERE p.id = ?",
            (task_id,),
        ).first()
    if row is None:
        raise NotFound(_("This task is no longer here."))
    return TaskSheet(
        row.id, row.account_id, row.customer, row.text,
        date.fromisoformat(row.due_on) if row.due_on else None,
        row.user_id, row.person or "", row.note or "",
    )  # fmt: skip

"""What is to be done for a customer, and where its goods go: promises, tasks and sites.

Owns reading both for the card. Words are the place's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST_TASKS = 200


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A promise or task: who is to do it, and whether it is done."""

    id: int
    text: str
    due_on: date | None
    who: str
    done: bool


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A place of delivery; ``hours`` is the stored document's text."""

    id: int
    name: str
    street: str
    postcode: str
    city: str
    hours: str
    delivery_note: str
    usual: bool
    closed_on: date | None


def account_tasks(ws: Workspace, account_id: int) -> tuple[TaskRow, ...]:
    """What was promised and is to be done: the open ones first, by their day."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT p.id, p.text, p.due_on, coalesce(a.name, u.name, '') who,"
            " p.done_at IS NOT NULL done FROM promise p LEFT JOIN app_user u ON u.id = p.user_id"
            " LEFT JOIN app_user a ON a.id = p.assignee_id WHERE p.account_id = ?"
            " ORDER BY done, coalesce(p.due_on, '9999'), p.id LIMIT ?",
            (account_id, MOST_TASKS),
        )
        return tuple(
            TaskRow(
                row.id, row.text, date.fromisoformat(row.due_on) if row.due_on else None,
                row.who, bool(row.done),
            )
            for row in rows
        )  # fmt: skip


def sites(ws: Workspace, account_id: int) -> tuple[SiteRow, ...]:
    """Places of delivery: the usual one first, closed ones last."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, name, street, postcode, city, opening_hours, delivery_note, default_ship,"
            " closed_on FROM site WHERE account_id = ?"
            " ORDER BY closed_on IS NOT NULL, default_ship DESC, name, id",
            (account_id,),
        )
        return tuple(
            SiteRow(
                int(row.id), row.name, row.street or "", row.postcode or "", row.city or "",
                row.opening_hours or "", row.delivery_note or "", bool(row.default_ship),
                date.fromisoformat(row.closed_on) if row.closed_on else None,
            )
            for row in rows
        )  # fmt: skip

"""Who may get a task about a customer: only people whose device ever shows the customer.

The office, managers and administrators see every customer; a rep sees those of the territories
they have on the day, with everything below these. A rep gives tasks to the office or keeps them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.domain.states import Role

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_PEOPLE = """
WITH RECURSIVE above (id, parent_id) AS (
    SELECT t.id, t.parent_id FROM territory t JOIN account a ON a.territory_id = t.id
    WHERE a.id = :account
    UNION
    SELECT t.id, t.parent_id FROM territory t JOIN above ON t.id = above.parent_id
),
holder (user_id, own) AS (
    SELECT m.user_id, max(m.valid_to IS NULL) FROM territory_user m
    WHERE m.territory_id IN (SELECT id FROM above)
      AND (m.valid_from IS NULL OR m.valid_from <= :day)
      AND (m.valid_to IS NULL OR m.valid_to >= :day)
    GROUP BY m.user_id
)
SELECT u.id, u.name, u.role, h.own FROM app_user u LEFT JOIN holder h ON h.user_id = u.id
WHERE u.active AND (u.id = :me OR u.role <> 'rep' OR (h.user_id IS NOT NULL AND NOT :rep))
ORDER BY iif(:rep, u.id <> :me, u.role <> 'rep'), coalesce(h.own, 0) DESC, u.id <> :me, u.name
"""


@dataclass(frozen=True, slots=True)
class Assignee:
    """A person with the local id; reps are those whose customer it is."""

    id: int
    name: str
    is_rep: bool


def task_people(ws: Workspace, account_id: int) -> tuple[Assignee, ...]:
    """Whom this person may give a task about a customer, the likeliest first."""
    with ws.database.read() as connection:
        return people_with(connection, ws, account_id)


def names_without(ws: Workspace, account_id: int, users: Collection[int]) -> tuple[str, ...]:
    """The names of those people on whose devices this customer is not shown."""
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        keys = {"account": account_id, "day": ws.today().isoformat(), "me": 0, "rep": 0}
        shown = {row.id for row in run(_PEOPLE, keys)}
        rows = run("SELECT id, name FROM app_user ORDER BY name, id").all()
    return tuple(str(name) for key, name in rows if key in users and key not in shown)


def people_with(connection: Connection, ws: Workspace, account_id: int) -> tuple[Assignee, ...]:
    """The same on a connection at hand."""
    rows = connection.exec_driver_sql(
        _PEOPLE,
        {
            "account": account_id, "day": ws.today().isoformat(), "me": ws.user.id,
            "rep": int(ws.user.role is Role.REP),
        },
    )  # fmt: skip
    return tuple(Assignee(row.id, row.name, row.role == "rep") for row in rows)

"""Putting notices off or aside. What waits is :mod:`crmdesk.services.queries.notices`'."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace


def snooze(ws: Workspace, keys: Sequence[str], until: date) -> ChangeSet:
    """Have notices come back on a day to come; FieldError for one that is not."""
    if until <= ws.today():
        raise FieldError("until", _("Choose a day to come."))
    return _set(ws, keys, until.isoformat(), None)


def put_aside(ws: Workspace, keys: Sequence[str]) -> ChangeSet:
    """Be done with notices; each comes back only with a new reason."""
    return _set(ws, keys, None, format_instant(ws.now()))


def bring_back(ws: Workspace, keys: Sequence[str]) -> ChangeSet:
    """Have notices that were put off wait again."""
    return _set(ws, keys, None, None)


def _set(ws: Workspace, keys: Sequence[str], until: str | None, done: str | None) -> ChangeSet:
    touched = []
    with ws.database.write() as tx:
        for key in keys:
            touched.append(
                tx.connection.exec_driver_sql(
                    "INSERT INTO notice_state (uid, user_id, key, snoozed_until, done_at)"
                    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, key) DO UPDATE SET"
                    " snoozed_until = excluded.snoozed_until, done_at = excluded.done_at"
                    " RETURNING id",
                    (new_uid(), ws.user.id, key, until, done),
                ).scalar_one()
            )
    return ChangeSet.of("notice_state", [int(key) for key in touched], undo=tx.txn)

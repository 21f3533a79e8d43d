"""Taking back what HQ has not seen yet: rows and journal go as if they had never been.

Owns the question whether something can still be on this laptop alone. What HQ has stays and is
corrected by a counter-entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from crmdesk.domain.errors import ProfileInUse, UserError
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile
from crmdesk.storage.engine import Tx
from crmdesk.sync import facts


@contextmanager
def before_hq_has_it(ws: Workspace) -> Iterator[Tx]:
    """A transaction while no round of sync runs: nothing can be on its way just now.

    Raises UserError when one does.
    """
    try:
        with profile.locked(ws.folder, "sync"), ws.database.write() as tx:
            yield tx
    except ProfileInUse as error:
        raise UserError(
            _("This may be on its way to HQ just now."), _("Try again in a moment."), code="on-way"
        ) from error


def is_only_here(connection: Connection, uid: bytes, rev: int) -> bool:
    """Whether HQ can know nothing of a row: never answered, and never offered to it."""
    sent = connection.exec_driver_sql(
        "SELECT 1 FROM journal WHERE uid = ? AND (state <> 'waiting' OR seq <= ?)",
        (uid, facts.offered(connection)),
    ).first()
    return rev == 0 and sent is None


def forget(connection: Connection, table: str, uid: bytes, lines: str = "") -> None:
    """Delete a row that is only here, with its lines and journal."""
    run = connection.exec_driver_sql
    run("DELETE FROM journal WHERE uid = ? AND state = 'waiting'", (uid,))
    run("UPDATE sync_state SET applying = 1 WHERE id = 1")
    if lines:
        run(
            f"DELETE FROM {lines} WHERE parent_id ="  # noqa: S608 - own table names
            f" (SELECT id FROM {table} WHERE uid = ?)",
            (uid,),
        )
    run(f"DELETE FROM {table} WHERE uid = ?", (uid,))  # noqa: S608
    run("UPDATE sync_state SET applying = 0 WHERE id = 1")

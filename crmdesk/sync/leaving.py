"""The last words of a device that the office retires: what waits is sent, then everything goes.

HQ keeps what such a device sends for the office and gives it nothing more. When nothing is left the
device says so while nobody can write, and destroys itself. How is :mod:`crmdesk.sync.wiping`'s.
"""

from __future__ import annotations

from collections.abc import Callable

from crmdesk.domain.errors import Refused, Unreachable
from crmdesk.i18n import _
from crmdesk.storage.engine import Database
from crmdesk.sync.session import Session
from crmdesk.sync.uploading import waiting_count
from crmdesk.sync.wiping import wipe

RETIRING, RETIRED, WIPED = "retiring", "retired", "wiped"
_ROUNDS = 20


def leave(database: Database, session: Session, push: Callable[[], None]) -> None:
    """Send what waits, tell HQ that nothing is left, and destroy the profile.

    Always raises: Refused (``retired``) when it is done, Unreachable when it could not be.
    """
    for _round in range(_ROUNDS):
        push()
        # From the count to the end nobody writes, so nothing can be lost unseen.
        with database.maintenance() as connection:
            if waiting_count(connection):
                continue
            try:
                session.leave()
            except Refused as error:
                if error.code == RETIRED:
                    wipe(database.path.parent)
                raise
        # HQ has changed its mind: the next round is an ordinary one.
        break
    raise Unreachable(_("This device could not be retired yet."), _("It will be tried again."))


def destroys(error: Refused, database: Database) -> bool:
    """Whether an answer of HQ ends this profile: lost, or retired with nothing left to send."""
    if error.code == RETIRED:
        with database.read() as connection:
            return waiting_count(connection) == 0
    return error.code == WIPED

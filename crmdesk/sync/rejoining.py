"""A laptop that HQ has stopped or lost becomes a new device of the same person, with all its work.

HQ stops a device of which two copies are in use, and knows nothing of one that was enrolled after
the backup it was restored from. A new code gives such a laptop a new name, key and prefix; its
profile stays. Of a copy, only what waits is sent: the rest HQ has had. A device that HQ has lost
offers everything again. What it receives from then on begins anew.
"""

from __future__ import annotations

from datetime import datetime

from crmdesk.domain.errors import Refused, UserError
from crmdesk.i18n import _
from crmdesk.storage import profile, resuming
from crmdesk.storage.engine import Database
from crmdesk.sync import facts, restored
from crmdesk.sync.bootstrap import enrol
from crmdesk.sync.cursor import keep_cursor
from crmdesk.sync.pinning import Pins, split_code
from crmdesk.sync.session import Session
from crmdesk.sync.transport import HttpTransport, Transport, understood

LOST, COPIED = "device", "cloned"
"""HQ's words on a device that may be enrolled again: never heard of, used twice."""


def rejoin(
    database: Database,
    url: str,
    code: str,
    *,
    device_name: str,
    password: str = "",
    transport: Transport | None = None,
) -> str:
    """Make the profile a new device of the HQ at ``url``; returns the new prefix.

    Raises UserError when HQ still takes this device as it is or the code is for somebody else,
    Refused for a wrong code or a device that was ended on purpose, Unreachable, ProfileInUse.
    Nothing is changed here then.
    """
    plain_code, fingerprint = split_code(code)
    now = database.clock.now()
    connection = transport or HttpTransport(url, pins=Pins(fingerprint=fingerprint))
    try:
        with profile.locked(database.path.parent, "sync"), understood():
            with database.read() as reading:
                member = facts.require_membership(reading)
            why = _why(connection, member, now)
            enrolled = enrol(connection, plain_code, device_name, password)
            if enrolled.user != member.user:
                raise UserError(
                    _("This code is for {user}, and this profile belongs to somebody else.").format(
                        user=enrolled.user_name
                    ),
                    _("Ask the office for a code of your own."),
                )
            with database.maintenance() as writing:
                facts.keep_membership(writing, url, enrolled)
                if isinstance(connection, HttpTransport):
                    facts.keep_pins(writing, connection.pins.shown, [])
                if why == LOST:
                    restored.start_over(writing, enrolled.epoch, now)
                else:
                    keep_cursor(writing, {})
                    resuming.make_due(writing)
            return enrolled.prefix
    finally:
        if transport is None:
            connection.close()


def _why(transport: Transport, member: facts.Membership, now: datetime) -> str:
    """Why HQ does not take this device; raises when it does, or has ended it."""
    session = Session(transport, member.device, member.key, lambda: int(now.timestamp() * 1000))
    try:
        session.reach()
    except Refused as error:
        if error.code in {LOST, COPIED}:
            return error.code
        raise
    raise UserError(
        _("HQ knows this device; it need not be enrolled again."), _("Run: crmdesk sync.")
    )

"""The offline lease: a laptop that never comes back to HQ locks itself after the days HQ has set.

Keeps the time since the last contact in the profile. A clock set back gains nothing: every step
back is added to the time that has passed. What is locked is reading and writing the data; sync
goes on and unlocks it, and what waits to be sent is kept. It is a rule of this program, not a
lock of the file (``docs/security.md``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from crmdesk.domain.clock import Clock
from crmdesk.domain.errors import LeaseEnded
from crmdesk.i18n import _
from crmdesk.storage.engine import Database
from crmdesk.storage.profile import get_fact, set_fact
from crmdesk.sync.facts import KEY

DAYS, CONTACT_MS = "lease.days", "lease.contact_ms"
SEEN_MS, BACK_MS = "lease.seen_ms", "lease.back_ms"
NEAR = timedelta(days=3)
"""So long before the end the person is told."""

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Lease:
    """How long the profile may still work without HQ; ``left`` is None for ever."""

    days: int
    left: timedelta | None

    @property
    def ended(self) -> bool:
        """Whether the data are locked until the next sync."""
        return self.left is not None and self.left <= timedelta(0)

    @property
    def near(self) -> bool:
        """Whether it is time to say so: three days before the end."""
        return self.left is not None and self.left <= NEAR


FOR_EVER = Lease(0, None)


def read(connection: Connection, now: datetime) -> Lease:
    """The lease as of an instant of this machine's clock."""
    days = int(get_fact(connection, DAYS) or 0)
    contact = get_fact(connection, CONTACT_MS)
    if not days or contact is None or get_fact(connection, KEY) is None:
        return FOR_EVER
    if get_fact(connection, "clock.anchor") is not None:
        # The demo company begins the same day again at every opening.
        return FOR_EVER
    now_ms = _ms(now)
    passed_ms = now_ms - int(contact) + _back_ms(connection, now_ms)
    return Lease(days, timedelta(milliseconds=days * _DAY_MS - passed_ms))


def observe(connection: Connection, now: datetime) -> Lease:
    """The lease, after noting what the clock says: a later step back will be seen against it."""
    now_ms = _ms(now)
    back = _back_ms(connection, now_ms)
    if get_fact(connection, CONTACT_MS) is not None:
        set_fact(connection, BACK_MS, str(back))
        set_fact(connection, SEEN_MS, str(now_ms))
    return read(connection, now)


def renew(connection: Connection, now: datetime, days: int) -> None:
    """HQ has been reached and allows so many days from now (0: for ever)."""
    set_fact(connection, DAYS, str(days))
    set_fact(connection, CONTACT_MS, str(_ms(now)))
    set_fact(connection, SEEN_MS, str(_ms(now)))
    set_fact(connection, BACK_MS, "0")


def watch(database: Database) -> Lease:
    """Note the time, and lock the data from the end of the lease on; returns the lease."""
    with database.maintenance() as connection:
        lease = observe(connection, database.clock.now())
    lock_after(database, lease)
    return lease


def lock_after(database: Database, lease: Lease) -> None:
    """Lock the database's data from the end of this lease on, which counts from now."""
    if lease.left is None:
        database.guard = None
        return
    # Both, because the clock may be set back while the program runs, or the machine may sleep.
    until = database.clock.now() + lease.left
    until_s = time.monotonic() + lease.left.total_seconds()
    database.guard = _guard(database.clock, until, until_s)


def _guard(clock: Clock, until: datetime, until_s: float) -> Callable[[], None]:
    def check() -> None:
        if time.monotonic() >= until_s or clock.now() >= until:
            raise ended()

    return check


def ended() -> LeaseEnded:
    """What a person reads of a locked profile."""
    return LeaseEnded(
        _("This computer has not met HQ for too long, so its data are locked."),
        _("Connect and sync: that unlocks them. What was not sent yet is kept."),
        code="lease",
    )


def _back_ms(connection: Connection, now_ms: int) -> int:
    """How far the clock has been set back in all since the last contact, this time included."""
    seen = int(get_fact(connection, SEEN_MS) or now_ms)
    return int(get_fact(connection, BACK_MS) or 0) + max(0, seen - now_ms)


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)

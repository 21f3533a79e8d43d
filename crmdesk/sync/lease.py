"""The offline lease: a laptop that never comes back to HQ locks itself after the days HQ has set.

Keeps the time since the last contact in the profile. A clock set back gains nothing: every step
back is added to the time that has passed. What is locked is reading and writing the data; sync
goes on and unlocks it, and what waits to be sent is kept. It is a rule of this program, not a
lock of the file (``docs/security.md``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from crmdesk.domain.clock import Clock
from crmdesk.domain.errors import LeaseEnded
from crmdesk.i18n import _
from crmdesk.storage.engine import Database
from crmdesk.storage.profile import get_facts, set_facts
from crmdesk.sync.facts import KEY

DAYS, CONTACT_MS = "lease.days", "lease.contact_ms"
SEEN_MS, BACK_MS = "lease.seen_ms", "lease.back_ms"
NEAR = timedelta(days=3)
"""So long before the end the person is told."""

_DAY_MS = 86_400_000
_ANCHOR = "clock.anchor"


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
    return _lease(_known(connection), now)


def _known(connection: Connection) -> dict[str, str]:
    return get_facts(connection, (DAYS, CONTACT_MS, SEEN_MS, BACK_MS, KEY, _ANCHOR))


def _lease(known: Mapping[str, str], now: datetime) -> Lease:
    days = int(known.get(DAYS) or 0)
    if not days or CONTACT_MS not in known or KEY not in known:
        return FOR_EVER
    if _ANCHOR in known:
        # The demo company begins the same day again at every opening.
        return FOR_EVER
    now_ms = _ms(now)
    passed_ms = now_ms - int(known[CONTACT_MS]) + _back_ms(known, now_ms)
    return Lease(days, timedelta(milliseconds=days * _DAY_MS - passed_ms))


def observe(connection: Connection, now: datetime) -> Lease:
    """The lease, after noting what the clock says: a later step back will be seen against it."""
    now_ms, known = _ms(now), _known(connection)
    if CONTACT_MS in known:
        seen = {BACK_MS: str(_back_ms(known, now_ms)), SEEN_MS: str(now_ms)}
        set_facts(connection, seen)
        known |= seen
    return _lease(known, now)


def renew(connection: Connection, now: datetime, days: int) -> None:
    """HQ has been reached and allows so many days from now (0: for ever)."""
    now_ms = str(_ms(now))
    set_facts(connection, {DAYS: str(days), CONTACT_MS: now_ms, SEEN_MS: now_ms, BACK_MS: "0"})


def renew_since(connection: Connection, asked: datetime, days: int) -> None:
    """HQ has answered what was asked at an instant of this machine's clock, by a file.

    An older answer than the last contact changes nothing. Steps back of the clock still count.
    """
    if _ms(asked) > int(_known(connection).get(CONTACT_MS) or 0):
        set_facts(connection, {DAYS: str(days), CONTACT_MS: str(_ms(asked))})


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


def _back_ms(known: Mapping[str, str], now_ms: int) -> int:
    """How far the clock has been set back in all since the last contact, this time included."""
    seen = int(known.get(SEEN_MS) or now_ms)
    return int(known.get(BACK_MS) or 0) + max(0, seen - now_ms)


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)

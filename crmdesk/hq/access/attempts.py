"""The memory of failed sign-ins: whoever guesses has to wait, longer with every guess.

Counts per key, which names what was tried and from where; keys come from :func:`from_address` and
its callers. Several servers share the counts through PostgreSQL. What a wrong code or key is, is
decided by :mod:`crmdesk.hq.access.auth`.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from crmdesk.domain.errors import Refused
from crmdesk.hq.database.store import HqConnection
from crmdesk.i18n import _

FREE = 5
"""So many failures cost nothing but themselves; addresses, behind which many sit, have more."""

FREE_OF_ADDRESS = 20
LONGEST = timedelta(minutes=15)
_FORGOTTEN_AFTER = timedelta(days=1)
_MOST_DOUBLINGS = 12


def from_address(what: str, address: str) -> list[str]:
    """The key of an address; a network of IPv6 is one, because its owner has all of it."""
    if not address:
        return []
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return [f"{what}/address/{address[:64]}"]
    if found.version == 6 and found.ipv4_mapped is None:
        return [f"{what}/address/{ipaddress.ip_network((found, 64), strict=False)}"]
    return [f"{what}/address/{found}"]


def free(key: str) -> int:
    """How many failures of this key cost no waiting."""
    return FREE_OF_ADDRESS if "/address/" in key else FREE


def delay(failures: int, free_failures: int) -> timedelta:
    """How long the next try has to wait after so many failures: doubling, to a quarter of an hour.

    The first wait is a second.
    """
    if failures < free_failures:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - free_failures, _MOST_DOUBLINGS)), LONGEST)


def locked(connection: HqConnection, keys: Sequence[str], now: datetime) -> bool:
    """Whether one of the keys has to wait."""
    if not keys:
        return False
    row = connection.execute(
        "SELECT 1 FROM attempt WHERE key = ANY(%s) AND locked_until > %s LIMIT 1",
        (list(keys), now),
    ).fetchone()
    return row is not None


def check(connection: HqConnection, keys: Sequence[str], now: datetime) -> None:
    """Refused (``too-many``) while one of the keys has to wait."""
    if locked(connection, keys, now):
        raise Refused(
            _("There were too many wrong tries."),
            _("Wait a quarter of an hour and try again."),
            code="too-many",
        )


def note_failure(connection: HqConnection, keys: Sequence[str], now: datetime) -> None:
    """Count a failure of every key, and audit the ones that have to wait from now on.

    To be committed although what failed is rolled back.
    """
    connection.execute("DELETE FROM attempt WHERE first_at < %s", (now - _FORGOTTEN_AFTER,))
    for key in sorted(keys):
        row = connection.execute(
            "INSERT INTO attempt (key, failures, first_at) VALUES (%s, 1, %s)"
            " ON CONFLICT (key) DO UPDATE SET failures = attempt.failures + 1 RETURNING failures",
            (key, now),
        ).fetchone()
        failures = 0 if row is None else int(row[0])
        wait = delay(failures, free(key))
        if not wait:
            continue
        connection.execute("UPDATE attempt SET locked_until = %s WHERE key = %s", (now + wait, key))
        if failures == free(key):
            connection.execute(
                "INSERT INTO audit (action, detail) VALUES ('locked-out', %s::jsonb)",
                (json.dumps({"key": key}),),
            )


def forget(connection: HqConnection, keys: Sequence[str]) -> None:
    """A success: whoever it was is no guesser."""
    if keys:
        connection.execute("DELETE FROM attempt WHERE key = ANY(%s)", (list(keys),))

"""A restored device goes on counting where nothing was ever numbered before.

Between the backup and its restore the device has sent changes and given numbers to documents
that the restored database knows nothing of. HQ stops a device that uses a sequence number twice,
so the journal and the document counters step ahead, and the next sync fetches the device's own
rows as well.
"""

from __future__ import annotations

from sqlalchemy import Connection

from crmdesk.domain.clock import Clock
from crmdesk.storage import profile

OWN_ROWS = "sync.own_rows"
"""Fact: the next pull asks for this device's own rows too."""

COMPARED_ON = "sync.compared_on"
"""Fact: the day of the last comparison with HQ that went through; empty: one is due."""

COMPARE_FROM = "sync.compare_from"
"""Fact: the instant from which the next comparison is due; absent: not decided yet."""

_NUMBERS_AHEAD = 1_000


def step_ahead(connection: Connection, clock: Clock) -> None:
    """Make a restored database fit to go on as the device it is; one that works alone stays.

    The journal counts on from the present instant in milliseconds, which no restore of this
    backup before and no change since can have reached.
    """
    run = connection.exec_driver_sql
    if profile.get_fact(connection, "hq.url") is None:
        return
    now_ms = int(clock.now().timestamp() * 1000)
    run("DELETE FROM sqlite_sequence WHERE name = 'journal'")
    run(
        "INSERT INTO sqlite_sequence (name, seq)"
        " SELECT 'journal', max(?, coalesce(max(seq), 0) + 1) FROM journal",
        (now_ms,),
    )
    given = run(
        "SELECT coalesce(max(CAST(substr(number, -5) AS INTEGER)), 0) FROM sales_order"
        " WHERE substr(number, 1, length(?1) + 1) = ?1 || '-'",
        (profile.get_fact(connection, "device.prefix") or "",),
    )
    last = int(profile.get_fact(connection, "counter.order") or given.scalar_one())
    profile.set_fact(connection, "counter.order", str(last))
    run(
        "UPDATE profile SET value = CAST(value AS INTEGER) + ? WHERE key LIKE 'counter.%'",
        (_NUMBERS_AHEAD,),
    )
    # HQ has these bytes and the backup does not: they are fetched like those of others.
    run("DELETE FROM transfer WHERE state = 'done'")
    profile.set_fact(connection, OWN_ROWS, "1")
    make_due(connection)


def make_due(connection: Connection) -> None:
    """Have the next round compare with HQ: after a restore on either side."""
    profile.set_fact(connection, COMPARED_ON, "")
    profile.set_fact(connection, COMPARE_FROM, "1970-01-01T00:00:00.000Z")

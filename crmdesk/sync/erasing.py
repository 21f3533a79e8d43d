"""No trace of rows that left: what is kept about them elsewhere goes, and so do their bytes.

Own words that HQ refused stay (:mod:`crmdesk.sync.departing`), HQ's answers beside them do not. A
purge ends with :func:`wipe_pages`, because a log or an index may still hold what was deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, update

from crmdesk.storage import search_index
from crmdesk.storage.engine import Database
from crmdesk.storage.profile import get_fact, set_fact
from crmdesk.storage.tables import (
    conflict,
    journal,
    refusal,
    told_account,
    told_change,
    unknown_field,
)

UNTIDY = "sync.untidy"
"""Fact: rows have been purged and their bytes may still be in the index or the log."""

_CHUNK = 500


def forget_rows(connection: Connection, uids: Sequence[bytes]) -> None:
    """What this laptop keeps about rows that are no longer its business.

    Answered changes go; a value of one's own that lost against HQ's stays without the other one.
    """
    if not uids:
        return
    set_fact(connection, UNTIDY, "1")
    for part in _chunks(uids):
        run = connection.execute
        run(delete(unknown_field).where(unknown_field.c.uid.in_(part)))
        run(delete(told_change).where(told_change.c.uid.in_(part)))
        run(delete(told_account).where(told_account.c.account_uid.in_(part)))
        run(delete(journal).where(journal.c.uid.in_(part), journal.c.state == "sent"))
        about = conflict.c.uid.in_(part)
        run(
            delete(conflict).where(
                about, (conflict.c.state != "open") | (conflict.c.kept == "mine")
            )
        )
        run(update(conflict).where(about).values(base=None, theirs=None, theirs_by=None))
        run(update(refusal).where(refusal.c.uid.in_(part)).values(hq_row=None))


def wipe_pages(database: Database) -> None:
    """Take what was purged out of the search index and the log; later if somebody is reading."""
    with database.read() as connection:
        if get_fact(connection, UNTIDY) is None:
            return
    with database.maintenance() as connection:
        search_index.forget_deleted(connection)
    if _emptied_log(database):
        with database.maintenance() as connection:
            set_fact(connection, UNTIDY, None)
        _emptied_log(database)


def _emptied_log(database: Database) -> bool:
    with database.exclusive() as driver:
        busy, _pages, _done = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _chunks(uids: Sequence[bytes]) -> Iterable[list[bytes]]:
    for start in range(0, len(uids), _CHUNK):
        yield list(uids[start : start + _CHUNK])

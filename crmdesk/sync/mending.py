"""Putting rows right that differ from HQ's, in one local transaction with capture off.

What is only here stays: unsent work, drafts, and for a time rows that HQ may have lost when it was
restored from a backup (:mod:`crmdesk.sync.restored`). HQ tells rows it has deleted or given to
others from rows it has never heard of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from crmdesk.domain.clock import format_instant
from crmdesk.storage.entities import ENTITIES
from crmdesk.storage.rows import Row
from crmdesk.storage.tables import journal, table
from crmdesk.sync.applying import Applier
from crmdesk.sync.departing import keep_words
from crmdesk.sync.local_sums import RowKey
from crmdesk.sync.restored import surviving

_CHUNK = 500


@dataclass(slots=True)
class Fetched:
    """What HQ gave for the rows asked: as they are, gone for us, or never heard of."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    gone: list[RowKey] = field(default_factory=list)
    unknown: list[RowKey] = field(default_factory=list)


class Mender:
    """Puts rows right in one applying transaction; leaves alone what is only here.

    ``kept`` counts rows that HQ does not know and that stay all the same.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.applier = Applier(connection, room=True)
        self.kept = 0
        self._connection = connection
        self._now = now

    def mend(self, fetched: Fetched) -> None:
        """Remove what HQ does not have, then take its rows as they are."""
        keys = [(n, r.uid) for n, rows in fetched.rows.items() for r in rows]
        mine = self._only_here({uid for _n, uid in [*keys, *fetched.gone, *fetched.unknown]})
        gone = [key for key in fetched.gone if key[1] not in mine]
        unknown = [key for key in fetched.unknown if key[1] not in mine]
        lost = surviving(self._connection, unknown, self._now)
        self.kept = len(lost)
        unknown = [key for key in unknown if key not in lost]
        self._remove([*gone, *unknown])
        for name in ENTITIES:
            rows = [row for row in fetched.rows.get(name, []) if row.uid not in mine]
            if rows:
                self.applier.put(name, rows, force=True)
        # What another row still referred to a moment ago.
        self._remove([*gone, *unknown])

    def _only_here(self, uids: Collection[bytes]) -> set[bytes]:
        """Uids among these with unsent work, or of drafts."""
        found: set[bytes] = set()
        drafts = [e for e in ENTITIES.values() if e.local_while is not None]
        every = list(uids)
        for start in range(0, len(every), _CHUNK):
            part = every[start : start + _CHUNK]
            waiting = select(journal.c.uid).where(
                journal.c.state == "waiting", journal.c.uid.in_(part)
            )
            found.update(self._connection.scalars(waiting))
            for entity in drafts:
                column, value = entity.local_while or ("", "")
                target = table(entity.name)
                query = select(target.c.uid).where(
                    target.c[column] == value, target.c.uid.in_(part)
                )
                found.update(self._connection.scalars(query))
        return found

    def _remove(self, keys: Sequence[RowKey]) -> None:
        by_entity: dict[str, list[bytes]] = {}
        for name, uid in keys:
            by_entity.setdefault(name, []).append(uid)
        for name in reversed(ENTITIES):
            if name == "account":
                self._remove_accounts(by_entity.get(name, []))
            elif name in by_entity:
                self.applier.remove(name, by_entity[name])

    def _remove_accounts(self, uids: Sequence[bytes]) -> None:
        account = table("account")
        for uid in uids:
            unsent = self._connection.scalar(
                select(journal.c.seq)
                .where(journal.c.account_uid == uid, journal.c.state == "waiting")
                .limit(1)
            )
            key = self._connection.scalar(select(account.c.id).where(account.c.uid == uid))
            if key is None or unsent is not None:
                continue
            keep_words(self._connection, [key], format_instant(self._now))
            self.applier.purge_accounts([key])
            self.applier.rows += 1

"""Finding and putting right what differs from HQ although every change has been exchanged.

Runs after a round that left nothing waiting, at most once a day. Checksums of the scopes are
compared; of a scope that differs only the buckets that differ are looked into, and of these only
the rows that differ are fetched. A row HQ does not have goes, but never one with unsent work,
never a draft, and not one that HQ may only have lost (:mod:`crmdesk.sync.surviving`). Two attempts
are made, then what is left is reported and rests until tomorrow; nobody is ever asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, select

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.storage import profile
from crmdesk.storage.engine import Database
from crmdesk.storage.entities import ENTITIES, SCHEMA_VERSION
from crmdesk.storage.rows import Row
from crmdesk.storage.tables import journal, table
from crmdesk.sync import facts
from crmdesk.sync.applying import Applier, MissingParents
from crmdesk.sync.checksums import ROW_BUCKETS, differing_buckets, total
from crmdesk.sync.cursor import read_cursor
from crmdesk.sync.departing import keep_words
from crmdesk.sync.downloading import LEAVING
from crmdesk.sync.local_sums import RowKey, contents, local_sums
from crmdesk.sync.protocol import (
    MAX_ROWS_ASKED,
    PROTOCOL_VERSION,
    BucketsAnswer,
    BucketsRequest,
    Fate,
    RowsRequest,
    Section,
    SumsAnswer,
    SumsRequest,
)
from crmdesk.sync.reading import RowReader, decode_row, is_row, lines
from crmdesk.sync.session import Session
from crmdesk.sync.uploading import waiting_count

COMPARED_ON = "sync.compared_on"
"""Fact: the day of the last comparison that went through."""

COMPARE_FROM = "sync.compare_from"
"""Fact: the instant from which the next comparison is due; absent: not decided yet."""

ATTEMPTS = 2
_MOST_BUCKETS = 64
_MOST_ROWS = 5_000
_SPREAD_S = 2 * 3600
_TRY_AGAIN = timedelta(hours=1)
_CHUNK = 500


@dataclass(slots=True)
class Healing:
    """What a comparison came to. ``differing``: scopes that are still not the same as HQ's."""

    compared: bool = False
    healed: int = 0
    kept: int = 0
    differing: list[str] = field(default_factory=list)
    changes: ChangeSet = field(default_factory=ChangeSet)


@dataclass(slots=True)
class _Difference:
    cursor: dict[str, int]
    buckets: dict[str, list[int]]
    stray: list[RowKey]
    moved: list[str]


@dataclass(slots=True)
class _Fetched:
    rows: dict[str, list[Row]] = field(default_factory=dict)
    gone: list[RowKey] = field(default_factory=list)
    unknown: list[RowKey] = field(default_factory=list)


def due(connection: Connection, device: str, now: datetime) -> bool:
    """Whether a comparison is due; decides once a day when that is.

    Devices start at different moments, so that not all of them ask HQ on Monday at eight.
    """
    today = now.date().isoformat()
    last = profile.get_fact(connection, COMPARED_ON)
    if last is None:
        # Just joined: everything came from HQ a moment ago.
        profile.set_fact(connection, COMPARED_ON, today)
        return False
    if last >= today:
        return False
    start = profile.get_fact(connection, COMPARE_FROM)
    if start is None:
        spread = timedelta(seconds=int(device[-8:] or "0", 16) % _SPREAD_S)
        profile.set_fact(connection, COMPARE_FROM, format_instant(now + spread))
        return False
    return parse_instant(start) <= now


def make_due(connection: Connection) -> None:
    """Have the next round compare: after a restore on either side."""
    profile.set_fact(connection, COMPARED_ON, "")
    profile.set_fact(connection, COMPARE_FROM, "1970-01-01T00:00:00.000Z")


def note_compared(connection: Connection, found: Healing, now: datetime) -> None:
    """Remember that a comparison was made, or when to try one again."""
    if found.compared:
        profile.set_fact(connection, COMPARED_ON, now.date().isoformat())
        profile.set_fact(connection, COMPARE_FROM, None)
    else:
        profile.set_fact(connection, COMPARE_FROM, format_instant(now + _TRY_AGAIN))


def compare(database: Database, session: Session, epoch: str) -> Healing:
    """Compare with HQ and put right what differs; ``compared`` is False when it has to wait.

    Raises what a request raises. Must run under the profile's sync lock, at HQ's heads.
    """
    found = Healing()
    session.reach()
    if session.hq_schema != SCHEMA_VERSION:
        # Other columns give other sums; after the upgrade of either side they can be compared.
        return found
    left = _Difference({}, {}, [], [])
    for attempt in range(ATTEMPTS + 1):
        difference = _differences(database, session, epoch)
        if difference is None:
            return found
        left = difference
        if attempt == ATTEMPTS or not (left.buckets or left.stray):
            break
        if not _heal(database, session, epoch, left, found):
            break
    found.compared = not left.moved
    found.differing = sorted(left.buckets)
    return found


def _differences(database: Database, session: Session, epoch: str) -> _Difference | None:
    with database.read() as connection:
        if waiting_count(connection) or profile.get_fact(connection, LEAVING):
            return None
        cursor = read_cursor(connection)
        mine = local_sums(connection, cursor)
    totals = {scope: total(packed) for scope, packed in mine.packed.items()}
    request = SumsRequest(PROTOCOL_VERSION, epoch, cursor, totals)
    answer = msgspec.json.decode(session.post("/v1/sums", request), type=SumsAnswer)
    buckets = {
        scope: differing_buckets(mine.packed[scope], packed)
        for scope, packed in answer.buckets.items()
        if scope in cursor
    }
    return _Difference(cursor, {s: b for s, b in buckets.items() if b}, mine.stray, answer.moved)


def _heal(
    database: Database, session: Session, epoch: str, left: _Difference, found: Healing
) -> bool:
    """One attempt; False when nothing could be done."""
    wanted, extra = _differing_rows(database, session, epoch, left)
    keys = list(dict.fromkeys([*wanted, *extra, *left.stray]))[:_MOST_ROWS]
    if not keys:
        return False
    fetched = _fetch(session, epoch, keys)
    try:
        with database.write(applying=True) as tx:
            mender = Mender(tx.connection, database.clock.now())
            mender.mend(fetched)
    except MissingParents:
        # They are on their way with the next round's news.
        left.moved.append("")
        return False
    found.healed += mender.applier.rows
    found.kept = mender.kept
    found.changes = found.changes | mender.applier.change_set()
    return mender.applier.rows > 0


def _differing_rows(
    database: Database, session: Session, epoch: str, left: _Difference
) -> tuple[list[RowKey], list[RowKey]]:
    """Rows HQ has differently or alone, and rows only we have; accounts before what they hold."""
    accounts_first = any(b >= ROW_BUCKETS for found in left.buckets.values() for b in found)
    wanted: list[RowKey] = []
    extra: list[RowKey] = []
    for scope, differing in left.buckets.items():
        chosen = [b for b in differing if b >= ROW_BUCKETS or not accounts_first][:_MOST_BUCKETS]
        if not chosen:
            continue
        request = BucketsRequest(PROTOCOL_VERSION, epoch, scope, left.cursor[scope], chosen)
        answer = msgspec.json.decode(session.post("/v1/buckets", request), type=BucketsAnswer)
        if answer.moved:
            left.moved.append(scope)
            continue
        with database.read() as connection:
            here = contents(connection, scope, chosen)
        there = {
            (name, bytes.fromhex(uid)): (rev, value)
            for name, rows in answer.rows.items()
            for uid, rev, value in rows
            if name in ENTITIES
        }
        wanted += [key for key, known in there.items() if here.get(key) != known]
        extra += [key for key in here if key not in there]
    return wanted, extra


def _fetch(session: Session, epoch: str, keys: Sequence[RowKey]) -> _Fetched:
    found = _Fetched()
    for start in range(0, len(keys), MAX_ROWS_ASKED):
        part = [(name, uid.hex()) for name, uid in keys[start : start + MAX_ROWS_ASKED]]
        body = session.post("/v1/rows", RowsRequest(PROTOCOL_VERSION, epoch, part))
        reader: RowReader | None = None
        for line in lines([body]):
            if is_row(line):
                if reader is not None:
                    row = reader.row(decode_row(line))
                    found.rows.setdefault(reader.entity.name, []).append(row)
                continue
            said = msgspec.json.decode(line)
            if "entity" in said:
                section = msgspec.convert(said, Section)
                reader = RowReader(section) if section.entity in ENTITIES else None
            else:
                fate = msgspec.convert(said, Fate)
                found.gone += [(name, bytes.fromhex(uid)) for name, uid in fate.gone]
                found.unknown += [(name, bytes.fromhex(uid)) for name, uid in fate.unknown]
    return found


class Mender:
    """Puts rows right in one applying transaction; leaves alone what is only here.

    ``kept`` counts rows that HQ does not know and that stay all the same.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.applier = Applier(connection)
        self.kept = 0
        self._connection = connection
        self._now = now

    def mend(self, fetched: _Fetched) -> None:
        """Remove what HQ does not have, then take its rows as they are."""
        keys = [(n, r.uid) for n, rows in fetched.rows.items() for r in rows]
        mine = self._only_here({uid for _n, uid in [*keys, *fetched.gone, *fetched.unknown]})
        gone = [key for key in fetched.gone if key[1] not in mine]
        unknown = [key for key in fetched.unknown if key[1] not in mine]
        if may_be_lost(self._connection):
            self.kept = len(unknown)
            unknown = []
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


def may_be_lost(connection: Connection) -> bool:
    """True while HQ may still be offered by its author what it lost with a restore."""
    return profile.get_fact(connection, facts.RESTORED_AT) is not None

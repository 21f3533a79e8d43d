"""Finding and putting right what differs from HQ although every change has been exchanged.

Runs after a round that left nothing waiting, at most once a day. Checksums of the scopes are
compared; of a scope that differs only the buckets that differ are looked into, and of these only
the rows that differ are fetched. A row HQ does not have goes, but never one with unsent work,
never a draft, and not one that HQ may only have lost (:mod:`crmdesk.sync.mending`). Two attempts
are made, then what is left is reported and rests until tomorrow; nobody is ever asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.domain.errors import Unreachable
from crmdesk.i18n import _
from crmdesk.storage import profile
from crmdesk.storage.engine import Database
from crmdesk.storage.entities import ENTITIES, SCHEMA_VERSION
from crmdesk.storage.resuming import COMPARE_FROM, COMPARED_ON
from crmdesk.sync import facts
from crmdesk.sync.applying import MissingParents
from crmdesk.sync.checksums import ROW_BUCKETS, differing_buckets, total
from crmdesk.sync.cursor import read_cursor
from crmdesk.sync.downloading import LEAVING
from crmdesk.sync.local_sums import RowKey, contents, local_sums
from crmdesk.sync.mending import Fetched, Mender
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
from crmdesk.sync.transport import understood
from crmdesk.sync.uploading import waiting_count

ATTEMPTS = 2
_MOST_BUCKETS = ROW_BUCKETS
_MOST_ROWS = 5_000
_SPREAD_S = 2 * 3600
_TRY_AGAIN = timedelta(hours=1)
_LONGEST_WAIT = timedelta(days=1)


@dataclass(slots=True)
class Healing:
    """What a comparison came to. ``differing``: scopes that are still not the same as HQ's."""

    compared: bool = False
    healed: int = 0
    kept: int = 0
    differing: list[str] = field(default_factory=list)
    changes: ChangeSet = field(default_factory=ChangeSet)

    @property
    def sentence(self) -> str | None:
        """What to tell of it beyond the number of rows put right; None when all is the same."""
        if not self.differing:
            return None
        if self.kept:
            return _(
                "HQ does not know {count} rows since it was restored. They are kept here until"
                " those who wrote them have sent them again."
            ).format(count=self.kept)
        return _(
            "Compared with HQ: {count} parts still differ. Tomorrow's comparison tries again."
        ).format(count=len(self.differing))


@dataclass(slots=True)
class _Difference:
    cursor: dict[str, int]
    buckets: dict[str, list[int]]
    stray: list[RowKey]
    moved: list[str]


def due(database: Database, device: str, now: datetime) -> bool:
    """Whether a comparison is due; decides once a day when that is.

    Devices start at different moments, so that not all of them ask HQ on Monday at eight. ``now``
    is by HQ's clock; a day or a moment that lies ahead of it was noted by a wrong one.
    """
    today = now.date().isoformat()
    with database.read() as connection:
        last = profile.get_fact(connection, COMPARED_ON)
        start = profile.get_fact(connection, COMPARE_FROM)
    if last is not None and last == today:
        return False
    if last is not None and start is not None:
        return not now < parse_instant(start) <= now + _LONGEST_WAIT
    with database.maintenance() as connection:
        if last is None:
            # Just joined: everything came from HQ a moment ago.
            profile.set_fact(connection, COMPARED_ON, today)
        else:
            spread = timedelta(seconds=int(device[-8:] or "0", 16) % _SPREAD_S)
            profile.set_fact(connection, COMPARE_FROM, format_instant(now + spread))
    return False


def compare_when_due(
    database: Database,
    session: Session,
    member: facts.Membership,
    instant: datetime,
    *,
    now: bool = False,
    put_off: Collection[int] = (),
) -> Healing:
    """Compare with HQ if nothing waits and it is time (or ``now``), and remember that.

    Transactions that HQ has ``put_off`` do not count as waiting.

    That HQ cannot be reached does not spoil the round that has just been made: the comparison
    is tried again later. Raises Refused.
    """
    found = Healing()
    if not (due(database, member.device, instant) or now):
        return found
    with database.read() as connection:
        if waiting_count(connection, put_off):
            return found
    try:
        with understood():
            found = compare(database, session, member.epoch, put_off)
    except Unreachable:
        found.compared = False
    finally:
        with database.maintenance() as connection:
            _note(connection, found, instant)
    return found


def _note(connection: Connection, found: Healing, instant: datetime) -> None:
    if found.compared:
        profile.set_fact(connection, COMPARED_ON, instant.date().isoformat())
        profile.set_fact(connection, COMPARE_FROM, None)
    else:
        profile.set_fact(connection, COMPARE_FROM, format_instant(instant + _TRY_AGAIN))


def compare(
    database: Database, session: Session, epoch: str, put_off: Collection[int] = ()
) -> Healing:
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
        difference = _differences(database, session, epoch, put_off)
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


def _differences(
    database: Database, session: Session, epoch: str, put_off: Collection[int]
) -> _Difference | None:
    with database.read() as connection:
        if waiting_count(connection, put_off) or profile.get_fact(connection, LEAVING):
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
    """One attempt, accounts before what they hold; False when nothing was changed."""
    accounts = {s: [b for b in every if b >= ROW_BUCKETS] for s, every in left.buckets.items()}
    others = {s: [b for b in every if b < ROW_BUCKETS] for s, every in left.buckets.items()}
    found.kept = 0
    for buckets, stray in ((accounts, left.stray), (others, [])):
        keys = [*_differing_rows(database, session, epoch, left, buckets), *stray]
        if keys and _mend(database, session, epoch, keys, found, left):
            return True
    return False


def _mend(
    database: Database,
    session: Session,
    epoch: str,
    keys: Sequence[RowKey],
    found: Healing,
    left: _Difference,
) -> bool:
    fetched = _fetch(session, epoch, list(dict.fromkeys(keys))[:_MOST_ROWS])
    try:
        with database.write(applying=True) as tx:
            mender = Mender(tx.connection, session.hq_now())
            mender.mend(fetched)
    except MissingParents:
        # They are on their way with the next round's news.
        left.moved.append("")
        return False
    found.healed += mender.applier.rows
    found.kept += mender.kept
    found.changes = found.changes | mender.applier.change_set()
    return mender.applier.rows > 0


def _differing_rows(
    database: Database,
    session: Session,
    epoch: str,
    left: _Difference,
    buckets: Mapping[str, Sequence[int]],
) -> list[RowKey]:
    """Rows in these buckets that HQ has differently or alone, then rows that only we have."""
    there: dict[str, dict[RowKey, tuple[int, int]]] = {}
    asked: dict[str, set[int]] = {}
    for scope, differing in buckets.items():
        chosen = list(differing[:_MOST_BUCKETS])
        if not chosen:
            continue
        request = BucketsRequest(PROTOCOL_VERSION, epoch, scope, left.cursor[scope], chosen)
        answer = msgspec.json.decode(session.post("/v1/buckets", request), type=BucketsAnswer)
        if answer.moved:
            left.moved.append(scope)
            continue
        asked[scope] = set(chosen)
        there[scope] = {
            (name, bytes.fromhex(uid)): (rev, value)
            for name, rows in answer.rows.items()
            for uid, rev, value in rows
            if name in ENTITIES
        }
    if not asked:
        return []
    with database.read() as connection:
        here = contents(connection, asked)
    wanted = [k for s, found in there.items() for k, v in found.items() if here[s].get(k) != v]
    return wanted + [k for s, found in here.items() for k in found if k not in there[s]]


def _fetch(session: Session, epoch: str, keys: Sequence[RowKey]) -> Fetched:
    found = Fetched()
    for start in range(0, len(keys), MAX_ROWS_ASKED):
        part = [(name, uid.hex()) for name, uid in keys[start : start + MAX_ROWS_ASKED]]
        body = session.post("/v1/rows", RowsRequest(PROTOCOL_VERSION, epoch, part))
        reader: RowReader | None = None
        for line in lines([body], whole=True):
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

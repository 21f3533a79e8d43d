"""The feed's pages collected, then applied in one local transaction together with the cursor.

A row may arrive before the row it refers to, when both changed while the pages were read; then
another page is asked for before anything is applied. Scopes the device has gained come by
snapshot, scopes and accounts it has lost are purged once nothing of theirs waits to be sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, select

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.domain.errors import EnvironmentProblem, Unreachable
from crmdesk.i18n import _
from crmdesk.storage import profile
from crmdesk.storage.engine import Database
from crmdesk.storage.entities import ENTITIES, SCHEMA_VERSION, Scope
from crmdesk.storage.pausing import without_collecting
from crmdesk.storage.resuming import OWN_ROWS
from crmdesk.storage.rows import Row
from crmdesk.storage.tables import journal, table
from crmdesk.storage.upgrading import ENTITIES_SINCE
from crmdesk.sync.applying import Applier, MissingParents
from crmdesk.sync.cursor import keep_cursor, read_cursor
from crmdesk.sync.departing import keep_words, strays
from crmdesk.sync.erasing import UNTIDY, forget_rows, wipe_pages
from crmdesk.sync.protocol import (
    PROTOCOL_VERSION,
    Gone,
    PullHead,
    PullRequest,
    Section,
    cursor_hash,
)  # fmt: skip
from crmdesk.sync.reading import RowReader, decode_row, is_row, lines
from crmdesk.sync.resyncing import vanished
from crmdesk.sync.session import Session
from crmdesk.sync.snapshot import SnapshotDownload
from crmdesk.sync.versions import OtherColumns, entities_brought

LEAVING = "sync.leaving"
"""Fact: accounts (hex) that left while something of theirs was still waiting to be sent."""

OVERDUE = "sync.overdue"
"""Fact: rows (entity, hex) that HQ deleted and that something unsent here still refers to."""

_FEW_SCOPES = 3
_MAX_EXTRA_PAGES = 5


@dataclass(slots=True)
class Staged:
    """Everything of one round, not yet applied."""

    cursor: dict[str, int]
    rows: dict[str, dict[bytes, Row]] = field(default_factory=dict)
    deleted: dict[str, dict[bytes, int]] = field(default_factory=dict)
    left: set[bytes] = field(default_factory=set)
    arrived: set[bytes] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    more: bool = False
    # Scopes that are given anew although we held them: HQ's feed does not reach back to where
    # we stood. What their snapshot does not have (its uids by entity) is not there any more.
    anew: set[str] = field(default_factory=set)
    snapshot: dict[str, set[bytes]] = field(default_factory=dict)
    other: OtherColumns = field(default_factory=OtherColumns)
    # Entities fetched as a whole because an upgrade brought them.
    brought: bool = False
    # Rows of gained scopes are taken whatever their revision.
    forced: bool = False
    # Nothing was held before: this laptop begins anew.
    fresh: bool = False
    # After a restore this device's own rows are news too.
    own: bool = False
    # Whether rows of ours give way to HQ's where these have the same codes.
    room: bool = False
    # Whether snapshots of gained scopes may be fetched now.
    whole: bool = True

    @property
    def count(self) -> int:
        """Rows and deletions staged."""
        rows = sum(len(found) for found in self.rows.values())
        return rows + sum(len(found) for found in self.deleted.values())


def download(
    database: Database,
    session: Session,
    epoch: str,
    *,
    nothing_sent: bool,
    progress: Callable[[str, int, int], None],
    check_cancelled: Callable[[], None],
    whole: bool = True,
    room: bool = False,
) -> tuple[int, ChangeSet]:
    """Pull to HQ's present head and apply; returns rows received and what was touched.

    Unless ``whole``, scopes that are new to this laptop put the download off: EnvironmentProblem
    with the code metered.
    """
    with database.read() as connection:
        cursor = read_cursor(connection)
        leaving = bool(_leaving(connection) or strays(connection, cursor) or _overdue(connection))
        own = profile.get_fact(connection, OWN_ROWS) is not None
        since = profile.get_fact(connection, ENTITIES_SINCE)
        untidy = profile.get_fact(connection, UNTIDY) is not None
    if untidy:
        wipe_pages(database)
    staged = Staged(cursor, own=own, whole=whole, room=room, fresh=not cursor)
    if since is not None and not session.partial:
        _stage_brought(session, staged, int(since))
    elif nothing_sent and len(cursor) > _FEW_SCOPES and not leaving:
        request = PullRequest(PROTOCOL_VERSION, epoch, cursor_hash(epoch, cursor))
        if not session.post("/v1/pull", request):
            return 0, ChangeSet()
    _fetch(session, epoch, staged, progress, check_cancelled)
    for _attempt in range(_MAX_EXTRA_PAGES):
        check_cancelled()
        nothing_new = not staged.count and staged.cursor == cursor
        if nothing_new and not (leaving or staged.left or staged.brought):
            return 0, ChangeSet()
        progress("apply", 0, staged.count)
        try:
            with without_collecting(), database.write(applying=True) as tx:
                applier = _apply(tx.connection, staged, format_instant(database.clock.now()))
        except MissingParents:
            _fetch(session, epoch, staged, progress, check_cancelled)
            continue
        wipe_pages(database)
        return applier.rows, applier.change_set()
    raise Unreachable(
        _("HQ's rows could not be put together yet."), _("The next sync will try again.")
    )


def _fetch(
    session: Session,
    epoch: str,
    staged: Staged,
    progress: Callable[[str, int, int], None],
    check_cancelled: Callable[[], None],
) -> None:
    """Stage pages until HQ has no more."""
    while True:
        check_cancelled()
        request = PullRequest(
            PROTOCOL_VERSION, epoch, cursor_hash(epoch, staged.cursor), staged.cursor, staged.own
        )
        body = session.post("/v1/pull", request)
        if not body:
            staged.more = staged.more and session.partial
            return
        gained = _stage(staged, body)
        if gained and not staged.whole:
            raise _postponed()
        if gained:
            _stage_snapshot(session, staged, gained, progress, check_cancelled)
        progress("pull", staged.count, 0)
        if not staged.more:
            return


def _postponed() -> EnvironmentProblem:
    # Without the new scopes nothing is applied: customers may have moved into one of them.
    return EnvironmentProblem(
        _("HQ has more customers for this computer; they wait for a connection without a meter."),
        _("Your own changes were sent. Try now fetches the customers over this connection."),
        code="metered",
    )


@without_collecting()
def _stage(staged: Staged, body: bytes) -> list[str]:
    """Stage one page; returns the scopes that have to be fetched as snapshots."""
    reader: RowReader | None = None
    gained: list[str] = []
    for line in lines([body], whole=True):
        if is_row(line):
            if reader is not None:
                cells = decode_row(line)
                if reader.differs:
                    staged.other.note(reader, cells)
                _keep(staged, reader.entity.name, reader.row(cells))
            continue
        found = msgspec.json.decode(line)
        if "entity" in found:
            section = msgspec.convert(found, Section)
            reader = RowReader(section) if section.entity in ENTITIES else None
        elif "cursor" in found:
            head = msgspec.convert(found, PullHead)
            staged.anew |= set(head.gained) & staged.cursor.keys()
            staged.cursor, staged.more = head.cursor, head.more
            staged.lost |= set(head.lost)
            gained = head.gained
        else:
            gone = msgspec.convert(found, Gone)
            departed = {bytes.fromhex(uid) for uid in gone.left}
            staged.left |= departed
            staged.arrived -= departed
            for name, uid, rev in gone.deleted:
                staged.rows.get(name, {}).pop(bytes.fromhex(uid), None)
                staged.deleted.setdefault(name, {})[bytes.fromhex(uid)] = rev
    return gained


def _keep(staged: Staged, name: str, row: Row) -> None:
    rows = staged.rows.setdefault(name, {})
    known = rows.get(row.uid)
    if known is None or known.rev <= row.rev:
        rows[row.uid] = row
    if name == "account":
        staged.left.discard(row.uid)
        staged.arrived.add(row.uid)
    staged.deleted.get(name, {}).pop(row.uid, None)


def _stage_snapshot(
    session: Session,
    staged: Staged,
    scopes: list[str],
    progress: Callable[[str, int, int], None],
    check_cancelled: Callable[[], None],
) -> None:
    snapshot = SnapshotDownload(session, scopes=scopes, other=staged.other)
    for batch in snapshot.batches():
        check_cancelled()
        progress("snapshot", snapshot.rows, 0)
        known = staged.snapshot.setdefault(batch.entity, set())
        for row in batch.rows:
            _keep(staged, batch.entity, row)
            known.add(row.uid)
    staged.cursor.update(snapshot.heads)
    # What was written after a file is newer than the file, unless nothing here counts any more.
    staged.forced = staged.fresh or not session.partial


def _stage_brought(session: Session, staged: Staged, since: int) -> None:
    """Stage the entities that an upgrade of this program has brought, as far as HQ has them.

    The cursor stays where it is: what came by the feed before the upgrade had been passed over.
    """
    session.reach()
    names = entities_brought(since, session.hq_schema)
    staged.brought = session.hq_schema >= SCHEMA_VERSION
    if not names or not staged.cursor:
        return
    snapshot = SnapshotDownload(session, scopes=list(staged.cursor), entities=names,
                                other=staged.other)  # fmt: skip
    for batch in snapshot.batches():
        for row in batch.rows:
            _keep(staged, batch.entity, row)


# -- applying ------------------------------------------------------------------------------


def _apply(connection: Connection, staged: Staged, at: str) -> Applier:
    applier = Applier(connection, room=staged.room)
    gone_anew = vanished(
        connection, staged.anew, staged.snapshot, staged.rows, parse_instant(at),
        gained=staged.forced and not staged.fresh,
    )  # fmt: skip
    staged.left |= gone_anew.pop("account", set())
    for name in ENTITIES:
        rows = staged.rows.get(name)
        if rows:
            complete = staged.other.completed(connection, name, list(rows.values()))
            applier.put(name, complete, force=staged.forced)
    overdue = _overdue(connection)
    for name in reversed(ENTITIES):
        gone = staged.deleted.get(name, {}).keys() | gone_anew.get(name, set())
        gone |= overdue.get(name, set()) - staged.rows.get(name, {}).keys()
        if gone:
            applier.remove(name, gone)
    _keep_overdue(connection, applier)
    staged.other.keep(connection)
    _purge(connection, applier, staged, at)
    applier.forget_images()
    keep_cursor(connection, staged.cursor)
    if not staged.more:
        profile.set_fact(connection, OWN_ROWS, None)
    if staged.brought:
        profile.set_fact(connection, ENTITIES_SINCE, None)
    return applier


def _purge(connection: Connection, applier: Applier, staged: Staged, at: str) -> None:
    """Take away what may not be here any more, except where our own words still wait."""
    candidates = staged.left | _leaving(connection) | _accounts_of_lost(connection, staged)
    candidates |= strays(connection, staged.cursor)
    candidates -= staged.arrived
    waiting = _with_waiting_ops(connection, candidates)
    account = table("account")
    ready = list(candidates - waiting)
    keys = connection.scalars(select(account.c.id).where(account.c.uid.in_(ready))).all()
    if keys:
        keep_words(connection, keys, at)
        applier.purge_accounts(list(keys))
    profile.set_fact(
        connection, LEAVING, json.dumps(sorted(u.hex() for u in waiting)) if waiting else None
    )
    _purge_private(connection, applier, staged)


def _overdue(connection: Connection) -> dict[str, set[bytes]]:
    """Rows that HQ has deleted and that something unsent here still referred to, by entity."""
    text = profile.get_fact(connection, OVERDUE)
    found: dict[str, set[bytes]] = {}
    for name, uid in json.loads(text) if text else ():
        found.setdefault(name, set()).add(bytes.fromhex(uid))
    return found


def _keep_overdue(connection: Connection, applier: Applier) -> None:
    needed = sorted((name, uid.hex()) for name, uid in applier.needed)
    profile.set_fact(connection, OVERDUE, json.dumps(needed) if needed else None)


def _leaving(connection: Connection) -> set[bytes]:
    text = profile.get_fact(connection, LEAVING)
    return {bytes.fromhex(uid) for uid in json.loads(text)} if text else set()


def _accounts_of_lost(connection: Connection, staged: Staged) -> set[bytes]:
    territories = [bytes.fromhex(s[2:]) for s in staged.lost if len(s) == 34 and s[0] == "t"]
    if not territories:
        return set()
    account, territory = table("account"), table("territory")
    query = (
        select(account.c.uid)
        .join(territory, account.c.territory_id == territory.c.id)
        .where(territory.c.uid.in_(territories))
    )
    return set(connection.scalars(query))


def _with_waiting_ops(connection: Connection, accounts: set[bytes]) -> set[bytes]:
    if not accounts:
        return set()
    query = select(journal.c.account_uid).where(
        journal.c.state == "waiting", journal.c.account_uid.in_(list(accounts))
    )
    return set(connection.scalars(query))


def _purge_private(connection: Connection, applier: Applier, staged: Staged) -> None:
    users = [bytes.fromhex(s[2:]) for s in staged.lost if s.startswith("u/")]
    for entity in reversed(ENTITIES.values()):
        target = table(entity.name)
        uids: Sequence[bytes] = []
        if entity.scope is Scope.USER and users:
            user = table("user")
            query = select(target.c.uid).join(user, user.c.id == target.c.user_id)
            uids = connection.scalars(query.where(user.c.uid.in_(users))).all()
        elif entity.scope is Scope.OFFICE and "office" in staged.lost:
            uids = connection.scalars(select(target.c.uid)).all()
        if uids:
            forget_rows(connection, uids)
            applier.remove(entity.name, uids)

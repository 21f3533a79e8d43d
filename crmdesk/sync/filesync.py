"""Sync without a network: what waits goes into a file, and HQ's answer comes back in another.

The laptop's side. The file holds the same transactions that a push would send, and where this
laptop stands in HQ's feed; the answer holds what HQ said to each and the pages of the feed from
there. They are taken by the steps of an ordinary round, :class:`_Recorded` being the connection.
Files may be lost, repeated, late or mixed with rounds over the network: answers count for changes
that still wait, pages only where the laptop stands where they begin. Bytes of attachments never
travel this way.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select

from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.domain.errors import CorruptFile, Refused, Unreachable, UserError
from crmdesk.i18n import _, format_bytes, format_number, ngettext
from crmdesk.storage import profile
from crmdesk.storage.engine import Database
from crmdesk.storage.entities import SCHEMA_VERSION
from crmdesk.storage.resuming import OWN_ROWS
from crmdesk.storage.sealed import SealedFile
from crmdesk.storage.tables import journal
from crmdesk.sync import bundle, facts, lease
from crmdesk.sync.client import Progress, Round, SyncReport
from crmdesk.sync.cursor import read_cursor
from crmdesk.sync.protocol import (
    MAX_BODY_BYTES,
    PROTOCOL_VERSION,
    Answer,
    PullRequest,
    PushResponse,
    SnapshotRequest,
    TokenResponse,
    Txn,
    cursor_hash,
)
from crmdesk.sync.restored import again
from crmdesk.sync.session import Session
from crmdesk.sync.transport import Traffic
from crmdesk.sync.uploading import waiting_count, waiting_txns

FILE = "file"
_MOST_BYTES = 64 * 1024 * 1024
_YEAR_S = 365 * 24 * 3600
PUSH, PULL, SNAPSHOT = "push", "pull", "snapshot"


@dataclass(frozen=True, slots=True)
class Exported:
    """What a file holds: changes, its size in bytes, and changes that did not fit."""

    changes: int
    size: int
    left: int

    def sentences(self, file: str) -> list[str]:
        """What to say of a file that was written."""
        said = [
            ngettext(
                "{count} change written to {file} ({size})."
                " It waits until HQ's answer is imported.",
                "{count} changes written to {file} ({size})."
                " They wait until HQ's answer is imported.",
                self.changes,
            ).format(count=format_number(self.changes), file=file, size=format_bytes(self.size))
        ]
        if self.left:
            words = _("{count} more did not fit; export again after the answer.")
            said.append(words.format(count=format_number(self.left)))
        return said


@dataclass(frozen=True, slots=True)
class Taken:
    """What an answer brought. ``news`` is how HQ's rows were taken:

    ``taken``, ``none`` (there were none), ``known`` (they were here), ``passed`` (this laptop has
    moved on since it asked: it gets them by the next exchange), ``restored`` (HQ was restored from
    a backup and asks for everything again). ``more``: HQ has more than the file could hold.
    """

    report: SyncReport
    news: str
    more: bool

    @property
    def counts(self) -> str:
        """How many changes were answered, rows received, and what is left to do."""
        report = self.report
        return _(
            "{sent} answered, {received} received, {conflicts} conflicts, {refusals} refused,"
            " {waiting} waiting"
        ).format(
            sent=format_number(report.sent), received=format_number(report.received),
            conflicts=report.conflicts, refusals=report.refusals, waiting=report.waiting,
        )  # fmt: skip

    @property
    def sentence(self) -> str:
        """What to say of HQ's rows; nothing when all that HQ had was taken."""
        if self.news == "restored":
            return _(
                "HQ was restored from a backup. Export again: it asks for everything once more."
            )
        if self.news == "passed":
            return _(
                "This computer has moved on since the export, so HQ's news in the file were left"
                " out. The next sync or export brings them."
            )
        if self.more:
            return _("HQ has more than fitted into the file. Export again for the rest.")
        return _("HQ's news in the file were here already.") if self.news == "known" else ""


def pull_label(cursor: str, *, own: bool) -> str:
    """How the page is found that follows a cursor, by the cursor's hash."""
    return f"{PULL} {cursor}{' own' if own else ''}"


def snapshot_label(scopes: list[str]) -> str:
    """How the snapshot of some scopes is found."""
    return f"{SNAPSHOT} {cursor_hash('', dict.fromkeys(scopes, 0))}"


# -- out -------------------------------------------------------------------------------------


def export(database: Database, target: Path) -> Exported:
    """Write what waits for HQ into a file. Raises UserError (works alone), ProfileInUse, DiskFull.

    Everything goes on waiting until an answer comes, by whichever way.
    """
    with profile.locked(database.path.parent, "sync"), database.unguarded():
        with database.maintenance() as connection:
            # The lease counts from here when the answer comes.
            lease.observe(connection, database.clock.now())
        with database.read() as connection:
            member = facts.require_membership(connection)
            asked = _question(connection, member, database.clock.now())
            batches, left = _batches(connection)
        count = sum(len(txn.ops) for batch in batches for txn in batch)
        if count:
            # Whatever becomes of the file: HQ may see these now.
            with database.maintenance() as connection:
                facts.keep_offered(connection, batches[-1][-1].ops[-1].seq)
        hashed = bundle.key_hash(member.key)
        with bundle.written(target, member.device, bundle.UP, hashed, asked) as file:
            for position, batch in enumerate(batches):
                file.add(position, bundle.packed(msgspec.json.encode(batch)), label=PUSH)
    return Exported(count, target.stat().st_size, left)


def _question(connection: Connection, member: facts.Membership, now: datetime) -> dict[str, str]:
    return {
        "id": secrets.token_hex(16),
        "at": format_instant(now),
        "again": str(again(connection, now)),
        "protocol": str(PROTOCOL_VERSION),
        "schema": str(SCHEMA_VERSION),
        "epoch": member.epoch,
        # How far this clock is from HQ's; the way of a file takes unknown days.
        "offset_ms": profile.get_fact(connection, facts.OFFSET_MS) or "0",
        "cursor": json.dumps(read_cursor(connection)),
        "own": "1" if profile.get_fact(connection, OWN_ROWS) is not None else "",
        "waiting": str(waiting_count(connection)),
        "last": str(connection.scalar(select(func.max(journal.c.seq))) or 0),
    }


def _batches(connection: Connection) -> tuple[list[list[Txn]], int]:
    """Waiting transactions in requests of their usual size, and how many ops did not fit."""
    batches: list[list[Txn]] = []
    size = after = count = 0
    hq_schema = int(profile.get_fact(connection, facts.HQ_SCHEMA) or SCHEMA_VERSION)
    while size < _MOST_BYTES and (
        txns := waiting_txns(connection, after=after, hq_schema=hq_schema)
    ):
        batches.append(txns)
        after = txns[-1].ops[-1].seq
        count += sum(len(txn.ops) for txn in txns)
        size += len(msgspec.json.encode(txns))
    return batches, waiting_count(connection) - count


# -- back ------------------------------------------------------------------------------------


def take(database: Database, file: Path, *, progress: Progress | None = None) -> Taken:
    """Take HQ's answer file.

    Raises UserError (works alone, a file of another laptop, one that answers an older HQ),
    CorruptFile, NewerFile, NotFound, ProfileInUse. Whatever goes wrong, nothing is lost and the
    same file may be taken again.
    """
    with profile.locked(database.path.parent, "sync"), database.unguarded():
        with database.read() as connection:
            member = facts.require_membership(connection)
        with bundle.opened(file, bundle.DOWN, _own_key(file, member)) as found:
            recorded = _Recorded(found, database)
            _check_epoch(recorded, member)
            report = _FileRound(database, recorded, member, progress).run()
            if member.epoch != recorded.epoch:
                return Taken(report, "restored", more=True)
            return Taken(report, recorded.news(), recorded.more)


def _own_key(file: Path, member: facts.Membership) -> Callable[[str], bytes]:
    def key_of(device: str) -> bytes:
        if device != member.device:
            raise UserError(
                _("{file} is for another computer.").format(file=file.name),
                _("Nothing was changed."),
            )
        return bundle.key_hash(member.key)

    return key_of


def _check_epoch(recorded: _Recorded, member: facts.Membership) -> None:
    if member.epoch not in {recorded.epoch, recorded.asked_epoch}:
        raise UserError(
            _("This answer is from before HQ was restored from a backup."),
            _("Nothing was changed. Export again, or sync over the network."),
        )


class _Recorded:
    """HQ as an answer file remembers it: the connection of a round that has no network."""

    def __init__(self, file: SealedFile, database: Database) -> None:
        said = file.facts()
        self.traffic = Traffic()
        self.epoch, self.asked_epoch = said.get("epoch", ""), said.get("asked_epoch", "")
        self.at = said.get("at", "")
        self.more = said.get("more", "") == "1"
        self.asked_at = _instant(said.get("asked_at", ""))
        self.lease_days = _whole(said, "lease_days")
        self._schema = _whole(said, "schema")
        self._refusal = said.get("refused", "")
        self._file, self._database = file, database
        self._is_latest = self._nothing_answered_since(said)
        self._final = said.get("final", "")
        self._places: dict[str, list[int]] = {}
        for position, label in file.labels():
            self._places.setdefault(label, []).append(position)
        self._served = 0
        self._asked: list[str] = []
        self.answers = {answer.seq: answer for answer in self._read_answers()}

    def _nothing_answered_since(self, said: dict[str, str]) -> bool:
        last = _whole(said, "last")
        with self._database.read() as connection:
            waiting = connection.scalar(
                select(func.count()).where(journal.c.seq <= last, journal.c.state == "waiting")
            )
        return waiting == _whole(said, "waiting")

    def _read_answers(self) -> list[Answer]:
        found: list[Answer] = []
        for _position, data in self._file.parts(PUSH):
            text = bundle.unpacked(data, 4 * MAX_BODY_BYTES)
            try:
                found += msgspec.json.decode(text, type=list[Answer])
            except msgspec.DecodeError as error:
                raise CorruptFile(_("The answers in the file cannot be read.")) from error
        return found

    def news(self) -> str:
        """How the pages were taken; see :class:`Taken`."""
        if self._served:
            return "taken"
        if not any(label.startswith(PULL) for label in self._places):
            return "none"
        return "known" if self._asked and self._asked[-1] == self._final else "passed"

    # -- as a transport --------------------------------------------------------------------

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        """HQ's recorded answer to a request; nothing where the file has none."""
        if path == "/v1/token":
            now_ms = int(self._database.clock.now().timestamp() * 1000)
            return msgspec.json.encode(
                TokenResponse(FILE, _YEAR_S, now_ms, self.epoch, self._schema)
            )
        if path != "/v1/pull":
            raise Unreachable(_("The file holds no answer to this."))
        request = msgspec.json.decode(body, type=PullRequest)
        self._refuse(request.epoch)
        hashed = request.hash
        if request.cursor is not None:
            hashed = cursor_hash(request.epoch, request.cursor)
        self._asked.append(hashed)
        label = pull_label(hashed, own=request.own)
        # A laptop that begins anew has its rows overwritten whatever their revision: only by the
        # latest word.
        anew = request.cursor is not None and not request.cursor
        if label not in self._places or (anew and not self._is_latest):
            return b""
        if request.cursor is None:
            return b"news"
        self._served += 1
        return b"".join(data for _position, data in self._file.parts(label))

    def _refuse(self, epoch: str) -> None:
        if epoch != self.epoch:
            raise Refused(_("HQ was restored from a backup."), code="epoch")
        if self._refusal:
            code, _colon, sentence = self._refusal.partition(":")
            raise Refused(sentence, code=code)

    @contextmanager
    def stream(self, path: str, body: bytes, token: str = "") -> Iterator[Iterator[bytes]]:
        """A recorded snapshot."""
        request = msgspec.json.decode(body, type=SnapshotRequest)
        label = snapshot_label(request.scopes)
        if path != "/v1/snapshot" or request.after is not None or label not in self._places:
            raise Unreachable(_("The file holds no answer to this."))
        yield (data for _position, data in self._file.parts(label))

    def close(self) -> None:
        """Nothing to let go of."""


def _whole(said: dict[str, str], name: str) -> int:
    text = said.get(name, "")
    return int(text) if text.isdigit() else 0


def _instant(text: str) -> datetime | None:
    try:
        return parse_instant(text)
    except ValueError:
        return None


class _FileRound(Round):
    """A round whose HQ is a file: nothing is measured, compared or asked beyond it."""

    way = FILE

    def __init__(
        self,
        database: Database,
        recorded: _Recorded,
        member: facts.Membership,
        progress: Progress | None,
    ) -> None:
        session = Session(recorded, member.device, member.key, self._now_ms)
        session.partial = True
        super().__init__(database, session, member, progress, None)
        self._recorded = recorded

    def _offer(self, txns: list[Txn], offered_again: int) -> PushResponse:
        if self._member.epoch != self._recorded.epoch:
            raise Refused(_("HQ was restored from a backup."), code="epoch")
        seqs = [op.seq for txn in txns for op in txn.ops]
        known = [self._recorded.answers[seq] for seq in seqs if seq in self._recorded.answers]
        return PushResponse(known, self._member.epoch, self._now_ms())

    def _follow(self, *, compare: bool) -> str | None:
        # As of when HQ wrote it, and only when that was all HQ had.
        taken = self._recorded.news() in {"taken", "none", "known"} and not self._recorded.more
        self._consistent_at = self._later(self._recorded.at) if taken else None
        if self._recorded.asked_at is not None:
            with self._database.maintenance() as connection:
                lease.renew_since(connection, self._recorded.asked_at, self._recorded.lease_days)
        return None

    def _later(self, at: str) -> str | None:
        with self._database.read() as connection:
            last = profile.get_fact(connection, facts.LAST_SYNC)
        return at if at > (last or "") else None

    def _leave(self) -> None:
        raise Refused(
            _("The office retires this computer: HQ has taken what this file brought."),
            _("Connect to HQ once more, so that the rest is taken and nothing is lost."),
            code="retiring",
        )

"""One round of sync: what waits goes up, what is new comes down, everything is accounted for.

Push comes first, then the pages of the feed are collected and applied in one local transaction
together with their cursor. Any failure leaves the profile as it was, and the next round simply
goes on. The round is written into ``sync_session``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import Cancelled, CrmdeskError, Refused, Unreachable
from crmdesk.i18n import _
from crmdesk.storage import profile, transfers
from crmdesk.storage.engine import Database
from crmdesk.storage.entities import SCHEMA_VERSION
from crmdesk.storage.pausing import without_collecting
from crmdesk.storage.tables import sync_session
from crmdesk.sync import facts, forgetting, healing, history, lease, restored
from crmdesk.sync.applying import MissingParents
from crmdesk.sync.attachments import Carrier, Limits
from crmdesk.sync.clock import Offset, measure
from crmdesk.sync.downloading import download
from crmdesk.sync.leaving import RETIRING, destroys, leave
from crmdesk.sync.pinning import Pins
from crmdesk.sync.protocol import (
    MIN_PIECE_BYTES,
    PROTOCOL_VERSION,
    PushRequest,
    PushResponse,
    Txn,
)  # fmt: skip
from crmdesk.sync.restored import again
from crmdesk.sync.session import Session
from crmdesk.sync.transport import HttpTransport, Transport, understood
from crmdesk.sync.uploading import acknowledge, waiting_count, waiting_txns
from crmdesk.sync.wiping import wipe

NETWORK = "network"

Progress = Callable[[str, int, int], None]
"""Called with the stage (``push``, ``pull``, ``apply``), what is done and of how many (0: ?)."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a round did: ops answered, rows taken, collisions, refusals, ops still waiting.

    ``healed`` rows were put right because checksums differed from HQ's; ``differing`` scopes
    are still not the same; ``compared`` tells whether there was a comparison at all.
    ``files_waiting`` are files that could go at once: the round had no more time for them.
    """

    sent: int = 0
    received: int = 0
    conflicts: int = 0
    refusals: int = 0
    waiting: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    seconds: float = 0.0
    clock_offset_ms: int = 0
    clock_is_wrong: bool = False
    compared: bool = False
    healed: int = 0
    differing: int = 0
    files_sent: int = 0
    files_received: int = 0
    files_waiting: int = 0
    changes: ChangeSet = field(default_factory=ChangeSet)

    @property
    def goes_on(self) -> bool:
        """Whether the next round may begin at once: files moved, and more of them could."""
        return self.files_waiting > 0 and self.bytes_in + self.bytes_out > MIN_PIECE_BYTES

    def then(self, later: SyncReport) -> SyncReport:
        """This round and a later one told as one; how things stand is the later one's."""
        summed = ("sent", "received", "conflicts", "refusals", "bytes_in", "bytes_out", "seconds",
                  "healed", "files_sent", "files_received")  # fmt: skip
        both = {name: getattr(self, name) + getattr(later, name) for name in summed}
        return replace(later, **both, changes=self.changes | later.changes)


def sync_once(
    database: Database,
    *,
    transport: Transport | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    whole: bool = True,
    compare: bool = False,
    files: Limits | None = None,
) -> SyncReport:
    """Sync this profile with its HQ once; ``compare`` does not wait for the day's comparison,
    ``files`` limits what goes of attachments' bytes.

    A round that is not ``whole`` sends and receives documents, but no files, and fetches no
    snapshot: when HQ has one for this laptop it ends with EnvironmentProblem (metered). Raises
    UserError (works alone), ProfileInUse (another sync is running), Unreachable, Refused (HQ does
    not want this device; its code says why) and Cancelled. Whatever was already answered stays
    answered.
    """
    syncer = Syncer(database, transport=transport)
    try:
        return syncer.sync(
            progress=progress, cancelled=cancelled, whole=whole, compare=compare, files=files
        )
    finally:
        if transport is None:
            syncer.close()


class Syncer:
    """A profile's line to HQ, kept between rounds: the connection and the token are used again.

    For the desktop, which syncs many times; :func:`sync_once` is one round of its own.
    """

    def __init__(self, database: Database, *, transport: Transport | None = None) -> None:
        self._database = database
        self._transport = transport
        self._session: Session | None = None
        self._url = ""
        # What the last round touched, also when it did not come to its end.
        self.touched = ChangeSet()

    def sync(
        self,
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        whole: bool = True,
        compare: bool = False,
        files: Limits | None = None,
    ) -> SyncReport:
        """One round; raises what :func:`sync_once` raises."""
        folder = self._database.path.parent
        with profile.locked(folder, "sync"), self._database.unguarded():
            with self._database.read() as connection:
                member = facts.require_membership(connection)
            session = self._session_with(member)
            try:
                one = Round(
                    self._database, session, member, progress, cancelled,
                    whole=whole, files=files or Limits(),
                )  # fmt: skip
                try:
                    return one.run(compare=compare)
                finally:
                    self.touched = one.touched
            except Refused as error:
                if profile.exists(folder) and destroys(error, self._database):
                    wipe(folder)
                raise

    def _session_with(self, member: facts.Membership) -> Session:
        if self._transport is None or (self._url and self._url != member.url):
            self.close()
            self._transport = HttpTransport(member.url, pins=Pins(member.pins))
            self._url = member.url
        if self._session is None:
            self._session = Session(self._transport, member.device, member.key, self._now_ms)
        return self._session

    def bytes_so_far(self) -> int:
        """Bytes over the connection until now, both ways; any thread may ask."""
        transport = self._transport
        return 0 if transport is None else transport.traffic.bytes_in + transport.traffic.bytes_out

    def _now_ms(self) -> int:
        return int(self._database.clock.now().timestamp() * 1000)

    def close(self) -> None:
        """Let go of the connection."""
        if self._transport is not None:
            self._transport.close()
        self._transport = self._session = None


class Round:
    """One exchange with HQ and the account of it; ``way`` is how its bytes travel."""

    way = NETWORK

    def __init__(
        self,
        database: Database,
        session: Session,
        member: facts.Membership,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
        *,
        whole: bool = True,
        files: Limits | None = None,
    ) -> None:
        self._database = database
        self._whole = whole
        self._session = session
        self._member = member
        self._files = files or Limits()
        self._consistent_at: str | None = None
        self._progress = progress or (lambda _stage, _done, _of: None)
        self._cancelled = cancelled or (lambda: False)
        self._report = SyncReport()
        self._put_off: set[int] = set()
        self._before = replace(session.transport.traffic)
        session.waiting = self._waiting

    def _now_ms(self) -> int:
        return int(self._database.clock.now().timestamp() * 1000)

    def _waiting(self) -> int:
        with self._database.read() as connection:
            return waiting_count(connection)

    def _at(self) -> str:
        return format_instant(self._database.clock.now())

    @property
    def touched(self) -> ChangeSet:
        """What was changed here until now."""
        return self._report.changes

    def run(self, *, compare: bool = False) -> SyncReport:
        """The whole round; raises what :func:`sync_once` raises."""
        started_at, started = self._at(), time.perf_counter()
        result, detail = "done", None
        try:
            try:
                self._exchange()
            except Refused as error:
                if error.code == RETIRING:
                    self._leave()
                if error.code != "epoch":
                    raise
                with understood():
                    self._start_over()
                self._exchange()
            self._consistent_at = self._at()
            forgetting.forget_after_round(
                self._database, self._report.changes, sent=self._report.sent
            )
            detail = self._follow(compare=compare)
        except CrmdeskError as error:
            result, detail = error.code, error.message
            raise
        except BaseException:
            result = "failed"
            raise
        finally:
            self._finish(started_at, time.perf_counter() - started, result, detail)
        return self._report

    def _follow(self, *, compare: bool) -> str | None:
        """What comes after the documents; returns what is to be told of it."""
        detail = None
        if self._whole or compare:
            # Not on a metered line.
            detail = self._compare(now=compare)
        if self._whole:
            moved = self._report.sent or self._report.received or self._report.healed
            with understood():
                if history.due(self._database, self._session.hq_now(), quiet=not moved):
                    history.fetch(self._database, self._session, self._check_cancelled)
                self._carry_files()
        return detail

    def _leave(self) -> None:
        self._carrier(Limits.last(), documents=lambda: None).run_last()
        leave(self._database, self._session, lambda: self._push(everything=True))

    def _exchange(self) -> None:
        with understood():
            self._push()
            self._check_cancelled()
            try:
                self._pull()
            except IntegrityError:
                # Something made here since the push stands in the way of HQ's row: HQ judges it.
                # What HQ does not even know gives way.
                self._push()
                self._pull(room=True)

    def _check_cancelled(self) -> None:
        if self._cancelled():
            raise Cancelled

    # -- up --------------------------------------------------------------------------------

    def _push(self, *, everything: bool = False) -> None:
        """Send what waits; ``everything``: also what HQ's schema does not know yet."""
        with self._database.read() as connection:
            total = waiting_count(connection)
        if total == 0:
            return
        while True:
            self._check_cancelled()
            self._session.reach()
            hq_schema = SCHEMA_VERSION if everything else self._session.hq_schema
            with self._database.read() as connection:
                txns = waiting_txns(connection, hq_schema=hq_schema, put_off=self._put_off)
                offered_again = again(connection, self._session.hq_now())
            if not txns:
                return
            self._progress("push", self._report.sent, total)
            response = self._offer(txns, offered_again)
            if not response.answers:
                return
            try:
                self._acknowledge(txns, response)
            except MissingParents:
                # HQ's row refers to one that is still on its way: fetch first, then try again.
                self._pull()
                self._acknowledge(txns, response)

    def _offer(self, txns: list[Txn], offered_again: int) -> PushResponse:
        """HQ's answers to these; none means that there is nothing more to be had now."""
        with self._database.maintenance() as connection:
            facts.keep_offered(connection, max(op.seq for txn in txns for op in txn.ops))
        sent_ms = self._now_ms()
        request = PushRequest(
            PROTOCOL_VERSION, self._member.epoch, sent_ms, txns, again=offered_again
        )
        body = self._session.post("/v1/push", request)
        response = msgspec.json.decode(body, type=PushResponse)
        self._session.offset = measure(sent_ms, response.time, self._now_ms())
        if not response.answers:
            # Otherwise the same question would be asked for ever.
            raise Unreachable(_("HQ gave no answer to the changes that were sent."))
        return response

    def _acknowledge(self, txns: list[Txn], response: PushResponse) -> None:
        with without_collecting(), self._database.write(applying=True) as tx:
            found, applier = acknowledge(tx, txns, response.answers, self._at())
        self._put_off |= found.put_off
        self._add(
            sent=found.sent,
            conflicts=found.conflicts,
            refusals=found.refusals,
            changes=applier.change_set(),
        )

    # -- down ------------------------------------------------------------------------------

    def _pull(self, *, room: bool = False) -> None:
        received, changes = download(
            self._database,
            self._session,
            self._member.epoch,
            nothing_sent=self._report.sent == 0,
            progress=self._progress,
            check_cancelled=self._check_cancelled,
            whole=self._whole,
            room=room,
        )
        self._add(received=received, changes=changes)

    # -- files ------------------------------------------------------------------------------

    def _carry_files(self) -> None:
        """Bytes of attachments, now that the documents are through."""
        transfers.queue_recent(self._database, self._database.clock.now())
        carrier = self._carrier(self._files, documents=self._documents_first)
        moved, waiting = carrier.run(), 0
        if carrier.due:
            with self._database.read() as connection:
                waiting = len(transfers.due(connection, self._database.clock.now()))
        self._report = replace(
            self._report,
            files_sent=moved.sent,
            files_received=moved.received,
            files_waiting=waiting,
        )

    def _carrier(self, limits: Limits, *, documents: Callable[[], None]) -> Carrier:
        return Carrier(
            self._database, self._session, documents=documents,
            check_cancelled=self._check_cancelled, progress=self._progress, limits=limits,
        )  # fmt: skip

    def _documents_first(self) -> None:
        with self._database.read() as connection:
            waits = waiting_count(connection) > 0
        if waits:
            self._push()

    def _start_over(self) -> None:
        """HQ was restored: offer it everything again and take its rows whatever their revision."""
        epoch = self._session.epoch()
        self._member = replace(self._member, epoch=epoch)
        with self._database.maintenance() as connection:
            restored.start_over(connection, epoch, self._session.hq_now())

    def _add(
        self,
        *,
        sent: int = 0,
        received: int = 0,
        conflicts: int = 0,
        refusals: int = 0,
        changes: ChangeSet | None = None,
    ) -> None:
        now = self._report
        self._report = replace(
            now,
            sent=now.sent + sent,
            received=now.received + received,
            conflicts=now.conflicts + conflicts,
            refusals=now.refusals + refusals,
            changes=now.changes | (changes or ChangeSet()),
        )

    # -- the same as HQ? ------------------------------------------------------------------------

    def _compare(self, *, now: bool) -> str | None:
        """Compare with HQ when it is time; the sentence about what could not be put right."""
        found = healing.compare_when_due(
            self._database,
            self._session,
            self._member,
            self._session.hq_now(),
            now=now,
            put_off=self._put_off,
        )
        self._add(changes=found.changes)
        self._report = replace(
            self._report, compared=found.compared, healed=found.healed,
            differing=len(found.differing),
        )  # fmt: skip
        return found.sentence

    # -- the account of it -------------------------------------------------------------------

    def _keep_pins(self, connection: Connection) -> None:
        """HQ has said over a proven connection which keys it shows and will show."""
        transport, announced = self._session.transport, self._session.pins
        if not isinstance(transport, HttpTransport) or not announced:
            return
        pins = transport.pins
        if pins.shown and pins.known != {pins.shown, *announced}:
            pins.known = facts.keep_pins(connection, pins.shown, announced)

    def _finish(self, started_at: str, seconds: float, result: str, detail: str | None) -> None:
        if not profile.exists(self._database.path.parent):
            return
        traffic, before = self._session.transport.traffic, self._before
        offset = self._session.offset or Offset(0, 0)
        with self._database.maintenance() as connection:
            waiting = waiting_count(connection)
            self._report = replace(
                self._report,
                waiting=waiting,
                bytes_in=traffic.bytes_in - before.bytes_in,
                bytes_out=traffic.bytes_out - before.bytes_out,
                seconds=seconds,
                clock_offset_ms=offset.ms,
                clock_is_wrong=offset.worth_telling,
            )
            found = self._report
            moved = found.sent or found.received or found.files_sent or found.files_received
            eventful = moved or found.healed or detail or result != "done"
            if eventful:
                connection.execute(
                    insert(sync_session),
                    {
                        "started_at": started_at, "seconds": seconds, "result": result,
                        "detail": detail, "sent": found.sent, "received": found.received,
                        "bytes_out": found.bytes_out, "bytes_in": found.bytes_in,
                        "conflicts": found.conflicts, "refusals": found.refusals,
                        "healed": found.healed, "way": self.way,
                    },
                )  # fmt: skip
            now = self._database.clock.now()
            if self.way == NETWORK:
                said = {facts.OFFSET_MS: str(offset.ms), facts.LAST_RESULT: result}
                if self._session.hq_schema:
                    said[facts.HQ_SCHEMA] = str(self._session.hq_schema)
                profile.set_facts(connection, said)
            if self._consistent_at is not None:
                profile.set_fact(connection, facts.LAST_SYNC, self._consistent_at)
            if self._consistent_at is not None and self.way == NETWORK:
                lease.renew(connection, now, self._session.lease_days)
                self._keep_pins(connection)
            standing = lease.observe(connection, now)
        lease.lock_after(self._database, standing)

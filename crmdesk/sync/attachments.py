"""The bytes of attachments to HQ and back, after the documents and never in their way.

Runs at the end of a round, for a bounded time and number of bytes; what is left goes with the
next one. Between two pieces, which are small enough for a bad line, whatever was changed here
meanwhile is sent first. An upload goes on at the byte HQ says, a download at the byte that is
here. Nothing that happens to a file fails the round: the documents are through already.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from crmdesk.domain.errors import CorruptFile, EnvironmentProblem, NotFound, Refused, Unreachable
from crmdesk.i18n import _
from crmdesk.storage import transfers
from crmdesk.storage.attachments import AttachmentFiles
from crmdesk.storage.engine import Database
from crmdesk.storage.transfers import DOWN, UP, Transfer
from crmdesk.sync.protocol import (
    MAX_DIGESTS,
    MAX_PIECE_BYTES,
    MIN_PIECE_BYTES,
    PROTOCOL_VERSION,
    BlobFinish,
    BlobGet,
    BlobPut,
    BlobReceived,
    BlobState,
    BlobStateRequest,
    BlobStates,
)
from crmdesk.sync.session import Session

_PIECE_S = 2.0
"""How long a piece should take: so long an order may have to wait."""
_NOTE_EVERY_S = 1.0
_MOST_WRONG = 3
# What HQ says about one file; anything else is about this device and ends the round.
_FINAL = frozenset({"quota", "attachment", "size"})
_PASSING = frozenset({"gap", "digest", "missing"})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a round belongs to files."""

    seconds: float = 20.0
    bytes: int = 256 * 1024 * 1024

    @classmethod
    def last(cls) -> Limits:
        """For a device that is about to go: no round after this one has a share."""
        return cls(3600.0, 1 << 40)


@dataclass(slots=True)
class Moved:
    """What went: finished files each way, and the bytes of all pieces."""

    sent: int = 0
    received: int = 0
    bytes: int = 0


class Carrier:
    """Carries what is due. ``documents`` sends whatever waits in the journal, if anything does.

    ``check_cancelled`` raises Cancelled; ``ticks`` are seconds of any clock that only goes on.
    """

    def __init__(
        self,
        database: Database,
        session: Session,
        *,
        documents: Callable[[], None],
        check_cancelled: Callable[[], None],
        progress: Callable[[str, int, int], None],
        limits: Limits | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._session = session
        self._files = AttachmentFiles(database)
        self._documents = documents
        self._check_cancelled = check_cancelled
        self._progress = progress
        self._limits = limits or Limits()
        self._ticks = ticks
        self._until = ticks() + self._limits.seconds
        self._piece = MIN_PIECE_BYTES
        self._noted = ticks()
        self._advanced = False
        self.moved = Moved()
        self.due = 0

    def run(self) -> Moved:
        """One round's worth. Raises Refused when HQ no longer wants this device, and Cancelled."""
        transfers.clear_up(self._database, self._files)
        with self._database.read() as connection:
            waiting = transfers.due(connection, self._database.clock.now())
        self.due = len(waiting)
        return self._carry(waiting)

    def run_last(self) -> None:
        """All that HQ lacks, before this device goes. Unreachable when not all of it went."""
        with self._database.read() as connection:
            waiting = transfers.unsent(connection)
        self._carry(waiting)
        with self._database.read() as connection:
            left = len(transfers.unsent(connection))
        if left:
            raise Unreachable(
                _("Not all photos and files have been sent yet."), _("It will be tried again.")
            )

    def _carry(self, waiting: list[Transfer]) -> Moved:
        if waiting:
            states = self._states([one.sha256 for one in waiting if one.direction == UP])
            for one in waiting:
                if states is None or self._spent() or not self._carried(one, states):
                    break
        return self.moved

    def _states(self, digests: list[str]) -> dict[str, BlobState] | None:
        """What HQ has of these; None when it cannot be asked now."""
        if not digests:
            return {}
        request = BlobStateRequest(PROTOCOL_VERSION, digests[:MAX_DIGESTS])
        try:
            body = self._session.post("/v1/blob/state", request)
        except Unreachable:
            return None
        found = msgspec.json.decode(body, type=BlobStates)
        return {state.sha256: state for state in found.states}

    def _spent(self) -> bool:
        return self._ticks() >= self._until or self.moved.bytes >= self._limits.bytes

    def _carried(self, one: Transfer, states: dict[str, BlobState]) -> bool:
        """Carry one file as far as possible; False when the line is down."""
        self._advanced = False
        try:
            if one.direction == DOWN:
                self._fetch(one)
            else:
                self._send(one, states.get(one.sha256))
        except Refused as error:
            self._judge(one, error)
        except (NotFound, CorruptFile) as error:
            transfers.refused(self._database, one.sha256, str(error))
        except Unreachable as error:
            self._fail(one, error.message)
            return False
        except EnvironmentProblem as error:
            # A full disk here: the documents are safe, the file waits.
            self._fail(one, error.message)
        return True

    def _judge(self, one: Transfer, error: Refused) -> None:
        """What HQ's refusal means for this file; one that is about the device goes on upwards."""
        if error.code in _FINAL or (error.code == "digest" and one.attempts >= _MOST_WRONG):
            transfers.refused(self._database, one.sha256, str(error))
        elif error.code in _PASSING:
            transfers.failed(self._database, one, error.message)
        else:
            raise error

    def _fail(self, one: Transfer, problem: str) -> None:
        attempts = 0 if self._advanced else one.attempts
        transfers.failed(self._database, replace(one, attempts=attempts), problem)

    # -- up --------------------------------------------------------------------------------

    def _send(self, one: Transfer, state: BlobState | None) -> None:
        if state is None or not state.known:
            raise Refused(_("HQ knows no such attachment of yours."), code="attachment")
        position = one.size if state.complete else state.received
        while position < one.size:
            if not self._may_go_on():
                return
            data = self._files.piece(one.sha256, position, self._piece)
            if not data:
                raise CorruptFile(_("The file of this attachment is cut short."))
            message = BlobPut(PROTOCOL_VERSION, one.sha256, one.size, position)
            started = self._ticks()
            body = self._session.send("/v1/blob/put", message, data)
            received = msgspec.json.decode(body, type=BlobReceived).received
            if received <= position:
                raise Refused(_("HQ and this computer disagree about a file."), code="gap")
            self._went(one, received, len(data), self._ticks() - started)
            position = received
        if not state.complete:
            self._session.post("/v1/blob/finish", BlobFinish(PROTOCOL_VERSION, one.sha256))
        transfers.arrived(self._database, one.sha256, one.size)
        self.moved.sent += 1

    # -- down ------------------------------------------------------------------------------

    def _fetch(self, one: Transfer) -> None:
        position = self._files.arrived(one.sha256)
        while position < one.size:
            if not self._may_go_on():
                return
            started = self._ticks()
            size = self._fetch_piece(one, position)
            if not size:
                raise Unreachable(_("HQ broke off in the middle of a file."))
            position += size
            self._went(one, position, size, self._ticks() - started)
        if not self._files.finish(one.sha256):
            raise Refused(_("HQ's file is not what it is called."), code="digest")
        transfers.arrived(self._database, one.sha256, one.size)
        self.moved.received += 1

    def _fetch_piece(self, one: Transfer, position: int) -> int:
        """Ask for one piece and keep what comes of it, also when it is cut; returns how much."""
        wanted, came = min(self._piece, one.size - position), bytearray()
        request = BlobGet(PROTOCOL_VERSION, one.sha256, position, wanted)
        try:
            with self._session.stream("/v1/blob/get", request) as chunks:
                for chunk in chunks:
                    came += chunk
                    if len(came) >= wanted:
                        break
        finally:
            if came:
                self._advanced = True
                self._files.add(one.sha256, position, bytes(came[:wanted]))
        return min(len(came), wanted)

    # -- between pieces --------------------------------------------------------------------

    def _may_go_on(self) -> bool:
        """Send what was changed here meanwhile; False when the round has had its share of files."""
        self._check_cancelled()
        self._documents()
        return not self._spent()

    def _went(self, one: Transfer, position: int, size: int, seconds: float) -> None:
        self.moved.bytes += size
        self._advanced = True
        fitting = int(size * _PIECE_S / max(seconds, 0.001)) // MIN_PIECE_BYTES * MIN_PIECE_BYTES
        self._piece = max(MIN_PIECE_BYTES, min(MAX_PIECE_BYTES, fitting))
        self._progress("files", position, one.size)
        if self._ticks() - self._noted >= _NOTE_EVERY_S or position >= one.size:
            self._noted = self._ticks()
            transfers.went(self._database, one.sha256, position)

"""Work off the interface thread: one writer, a pool of readers, a pool for the network.

Owns threads, cancelling, progress and the way back: results and errors arrive on the interface
thread by queued signal and are dropped when their owner has closed. What the work does is left
to services; what an unexpected error looks like is left to :mod:`crmdesk.gui.errors`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import Cancelled

T = TypeVar("T")
POLL_MS = 100
READERS = 3
CALLS = 2


class Owner(Protocol):
    """Whoever asked for a job; its results are dropped once ``closed`` is true."""

    closed: bool


@dataclass(frozen=True, slots=True)
class Report:
    """How far a job is: units done, units in all (0 when unknown), and what is being done."""

    done: int = 0
    total: int = 0
    text: str = ""


class Control:
    """Shared by a job and the one who started it: progress one way, cancelling the other.

    The work calls :meth:`report` as often as it likes (it only stores), and either looks at
    :attr:`cancelled`, calls :meth:`check`, or registers what interrupts it with :meth:`on_cancel`.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._stops: list[Callable[[], None]] = []
        self.latest = Report()

    @property
    def cancelled(self) -> bool:
        """True once the person has cancelled."""
        return self._event.is_set()

    def report(self, done: int, total: int = 0, text: str = "") -> None:
        """Say how far the work is; cheap, may be called for every row."""
        self.latest = Report(done, total, text)

    def check(self) -> None:
        """Raise Cancelled when the person has cancelled."""
        if self._event.is_set():
            raise Cancelled

    def on_cancel(self, stop: Callable[[], None]) -> None:
        """Call ``stop`` (for example a connection's interrupt) when cancelled, from any thread."""
        with self._lock:
            if not self._event.is_set():
                self._stops.append(stop)
                return
        stop()

    def cancel(self) -> None:
        """Ask the work to end; a second call does nothing."""
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            stops, self._stops = self._stops, []
        for stop in stops:
            stop()


class Job:
    """One piece of work on its way; keep it only to cancel it."""

    def __init__(
        self,
        kind: str,
        done: Callable[[Any], None] | None,
        failed: Callable[[Exception], None] | None,
        *,
        owner: Owner | None,
        control: Control | None,
        progressed: Callable[[Report], None] | None,
    ) -> None:
        self.kind = kind
        self.done = done
        self.failed = failed
        self.owner = owner
        self.control = control or Control()
        self.progressed = progressed
        self._reported: Report | None = None
        self.began = time.monotonic()

    @property
    def dropped(self) -> bool:
        """True when nobody waits for the result any more."""
        return self.control.cancelled or (self.owner is not None and self.owner.closed)

    def cancel(self) -> None:
        """Stop the work if it can be stopped, and drop its result in any case."""
        self.control.cancel()

    def poll(self) -> None:
        """Pass on the latest progress if it has changed since the last call."""
        latest = self.control.latest
        if self.progressed is not None and latest is not self._reported and not self.dropped:
            self._reported = latest
            self.progressed(latest)


class Runner(QObject):
    """Starts jobs and brings their results back to the interface thread.

    ``busy_changed`` carries the number of unfinished jobs; ``closing`` comes before the end: a
    timer still running when its object is collected on some other thread kills the program. Errors
    that a job does not handle itself go to ``unhandled`` (set by the shell). A write's
    :class:`ChangeSet`, returned as it is, inside a tuple, or as the attribute ``changes`` of the
    result, goes to ``committed``.
    """

    busy_changed = Signal(int)
    closing = Signal()
    _arrived = Signal(object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.unhandled: Callable[[Exception], None] | None = None
        self.committed: Callable[[ChangeSet], None] | None = None
        self._pools = {
            "read": ThreadPoolExecutor(READERS, thread_name_prefix="crmdesk-read"),
            "write": ThreadPoolExecutor(1, thread_name_prefix="crmdesk-write"),
            "network": ThreadPoolExecutor(CALLS, thread_name_prefix="crmdesk-network"),
        }
        self._jobs: set[Job] = set()
        self._closed = False
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._on_polled)

    @property
    def running(self) -> int:
        """How many jobs have not yet come back."""
        return len(self._jobs)

    def waited_s(self) -> float:
        """Seconds of the oldest read that somebody waits for without being told how far; or 0."""
        begun = [
            job.began for job in self._jobs
            if job.kind == "read" and job.owner is not None and job.progressed is None
            and not job.dropped
        ]  # fmt: skip
        return max(time.monotonic() - min(begun), 1e-3) if begun else 0.0

    def read(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        owner: Owner | None = None,
        control: Control | None = None,
        progressed: Callable[[Report], None] | None = None,
    ) -> Job:
        """Run a query; several run at once. ``done`` and ``failed`` run on the interface thread."""
        job = Job("read", done, failed, owner=owner, control=control, progressed=progressed)
        return self._start(job, work)

    def write(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        owner: Owner | None = None,
        control: Control | None = None,
        progressed: Callable[[Report], None] | None = None,
    ) -> Job:
        """Run a command; one at a time, in the order asked. Its change set reaches the bus."""
        job = Job("write", done, failed, owner=owner, control=control, progressed=progressed)
        return self._start(job, work)

    def network(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        owner: Owner | None = None,
        control: Control | None = None,
        progressed: Callable[[Report], None] | None = None,
    ) -> Job:
        """Run something that waits for others; its change set reaches the bus too."""
        job = Job("network", done, failed, owner=owner, control=control, progressed=progressed)
        return self._start(job, work)

    def close(self) -> None:
        """Cancel what runs, let the writer finish what it has begun, and end all threads."""
        if self._closed:
            return
        self._closed = True
        self._timer.stop()
        self.closing.emit()
        for job in tuple(self._jobs):
            if job.kind != "write":
                job.cancel()
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)

    def _start(self, job: Job, work: Callable[[], T]) -> Job:
        if self._closed:
            # The window is closing: what a last timer asks for is not worth an error.
            return job
        self._jobs.add(job)
        self.busy_changed.emit(len(self._jobs))
        if job.progressed is not None:
            self._timer.start()

        def finished(future: Future[T]) -> None:
            if future.cancelled():
                return
            error = future.exception()
            self._arrived.emit(job, None if error else future.result(), error)

        self._pools[job.kind].submit(self._guarded, job, work).add_done_callback(finished)
        return job

    def _guarded(self, job: Job, work: Callable[[], T]) -> T:
        if job.kind != "write" and job.dropped:
            raise Cancelled
        job.control.check()
        return work()

    def _on_polled(self) -> None:
        watched = [job for job in tuple(self._jobs) if job.progressed is not None]
        for job in watched:
            job.poll()
        if not watched:
            self._timer.stop()

    def _on_arrived(self, job: Job, result: Any, error: BaseException | None) -> None:
        job.poll()
        self._jobs.discard(job)
        if self._closed:
            return
        self.busy_changed.emit(len(self._jobs))
        if error is None:
            changes = changes_in(result)
            if changes is not None and job.kind != "read" and self.committed is not None:
                self.committed(changes)
            if job.done is not None and not job.dropped:
                job.done(result)
            return
        if isinstance(error, Cancelled) or job.control.cancelled:
            return
        if not isinstance(error, Exception):
            raise error
        if job.failed is not None and not job.dropped:
            job.failed(error)
        elif self.unhandled is not None:
            self.unhandled(error)
        else:
            raise error


def changes_in(result: object) -> ChangeSet | None:
    """The change set that a command returned, in whichever of the three places it lies."""
    if isinstance(result, ChangeSet):
        return result
    if isinstance(result, tuple):
        return next((item for item in result if isinstance(item, ChangeSet)), None)
    attribute = getattr(result, "changes", None)
    return attribute if isinstance(attribute, ChangeSet) else None

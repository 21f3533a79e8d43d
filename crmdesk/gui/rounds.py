"""The desktop's rounds of sync: one at a time, by themselves or asked for, followed and cancelled.

Owns the running round and what everybody shows of it. When a round begins is decided by
:mod:`crmdesk.sync.schedule`, which is told here what Qt sees: changes, the person's steps, the
network, time.
What a round does is :mod:`crmdesk.sync.client`'s.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import CrmdeskError
from crmdesk.gui.jobs import Control, Report
from crmdesk.gui.network import NetworkWatch
from crmdesk.gui.presenting import RoundState

if TYPE_CHECKING:
    from crmdesk.gui.presenting import JobRunner
    from crmdesk.services.workspace import Workspace
    from crmdesk.sync.client import Syncer
    from crmdesk.sync.schedule import Pace, Schedule
    from crmdesk.sync.transport import Transport

LONGEST_SLEEP_MS = 30_000
AT_ONCE_MS = 20
NETWORK_MS = 2_000


Listener = Callable[[RoundState], None]
Progress = Callable[[int, int, str], None]
"""Done, of how many, and the stage."""

Ended = Callable[[Exception | None, bool], None]
"""Called at the end of a round with what went wrong, and whether the person had asked for it."""


class Line(Protocol):
    """The way to HQ that a round uses; the desktop keeps one :class:`Syncer`."""

    touched: ChangeSet

    def run(self, progress: Progress, cancelled: Callable[[], bool], *, whole: bool) -> ChangeSet:
        """One round, on a thread of the network's."""

    def bytes_so_far(self) -> int:
        """Bytes over the connection until now."""

    def close(self) -> None:
        """Let go of the connection."""


class SyncLine:
    """The :class:`Line` of a joined profile; the network's library is imported when first used."""

    def __init__(self, workspace: Workspace, transport: Transport | None = None) -> None:
        self._workspace = workspace
        self._transport = transport
        self._syncer: Syncer | None = None
        self.touched = ChangeSet()

    def run(self, progress: Progress, cancelled: Callable[[], bool], *, whole: bool) -> ChangeSet:
        """A round, and further ones while files go on; raises what
        :func:`crmdesk.sync.client.sync_once` raises.
        """
        from crmdesk.sync.client import Syncer

        if self._syncer is None:
            self._syncer = Syncer(self._workspace.database, transport=self._transport)
        self.touched = ChangeSet()
        while True:
            try:
                report = self._syncer.sync(
                    progress=lambda stage, done, total: progress(done, total, stage),
                    cancelled=cancelled,
                    whole=whole,
                )
            finally:
                self.touched |= self._syncer.touched
            if not report.goes_on:
                return self.touched

    def bytes_so_far(self) -> int:
        """Bytes over the connection until now."""
        return 0 if self._syncer is None else self._syncer.bytes_so_far()

    def close(self) -> None:
        """Let go of the connection."""
        if self._syncer is not None:
            self._syncer.close()


class Rounds(QObject):
    """Runs rounds one after the other and tells everybody who listens how it stands."""

    closed = False

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = RoundState()
        self.on_ended: Ended | None = None
        self._runner = runner
        self._workspace: Workspace | None = None
        self._line: Line | None = None
        self._plan: Schedule | None = None
        self._stop: threading.Event | None = None
        self._asked = False
        self._bytes_before = 0
        self._listeners: list[Listener] = []
        self._by_itself = False
        self._network = NetworkWatch(self._on_network_back, self)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_time)

    # ---------------------------------------------------------------------------------- life

    def open(self, workspace: Workspace, line: Line | None = None) -> None:
        """From now on rounds are those of this profile; they begin when asked for."""
        self._workspace = workspace
        self._line = line or SyncLine(workspace)

    def run_by_itself(self) -> None:
        """Rounds begin by themselves from now on, as the settings say."""
        self._by_itself = True
        self._plan_of().start(self._now())
        # Asking the system takes a moment of this thread: not while the first place is drawn.
        QTimer.singleShot(NETWORK_MS, self, self._watch_network)
        self._read_pace()

    def _watch_network(self) -> None:
        if not self.closed:
            self._network.start()

    def close(self) -> None:
        """Stop the running round between two requests, and begin no other one."""
        if self.closed:
            return
        self.closed = True
        self._timer.stop()
        if self._stop is not None:
            self._stop.set()
        elif self._line is not None:
            self._line.close()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told of every change of the state; the returned function ends it."""
        self._listeners.append(listener)

        def forget() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return forget

    # ---------------------------------------------------------------------------- what is told

    def ask(self) -> None:
        """A round now; nothing while one runs."""
        if self._line is None or self.state.running:
            return
        self._plan_of().ask(self._now())
        self._begin()

    def cancel(self) -> None:
        """Stop the running round after the request it is at; what was answered stays answered."""
        if self._stop is not None and not self.state.stopping:
            self._stop.set()
            self._show(replace(self.state, stopping=True))

    def note_waiting(self, count: int) -> None:
        """So many changes are seen to wait."""
        if count and self._plan is not None and not self.state.running:
            self._plan.note_waiting(self._now())
            self._wait()

    def settings_changed(self) -> None:
        """Read again how often rounds are wanted."""
        if self._by_itself:
            self._read_pace()

    def note_busy(self) -> None:
        """The person has just done something: a round by itself waits for a pause."""
        if self._plan is not None:
            self._plan.note_key(self._now())

    def _on_network_back(self) -> None:
        if self._plan is not None:
            self._plan.note_connected(self._now())
            self._wait()

    # ------------------------------------------------------------------------------- the round

    def _begin(self) -> None:
        plan, line, workspace = self._plan_of(), self._line, self._workspace
        if line is None or workspace is None or self.closed:
            return
        self._asked = asked = plan.is_asked
        plan.begin(self._now())
        self._timer.stop()
        control, stop = Control(), threading.Event()
        self._stop = stop
        metered = None if asked else self._network.metered()
        self._bytes_before = line.bytes_so_far()
        self._show(RoundState(running=True))
        self._runner.network(
            lambda: self._run(line, workspace, control, stop, metered=metered, asked=asked),
            lambda ending: self._on_ended(ending.error),
            self._on_ended,
            owner=self,
            control=control,
            progressed=self._on_progressed,
        )

    def _run(
        self, line: Line, workspace: Workspace, report: Control, stop: threading.Event,
        *, metered: bool | None, asked: bool,
    ) -> _Ending:  # fmt: skip
        try:
            return _round(line, workspace, report, stop, metered=metered, asked=asked)
        finally:
            if self.closed:
                # The window went while this round ran: nobody else lets go of the connection.
                line.close()

    def _on_progressed(self, report: Report) -> None:
        if self._line is None or not self.state.running:
            return
        gone = self._line.bytes_so_far() - self._bytes_before
        self._show(
            replace(self.state, stage=report.text, done=report.done, total=report.total, bytes=gone)
        )

    def _on_ended(self, error: Exception | None) -> None:
        from crmdesk.sync.schedule import outcome_of

        self._plan_of().end(self._now(), outcome_of(error))
        self._stop = None
        self._wait()
        if self.on_ended is not None:
            self.on_ended(error, self._asked)

    # -------------------------------------------------------------------------------- the time

    def _on_time(self) -> None:
        if self._plan_of().is_due(self._now()):
            self._begin()
        else:
            self._wait()

    def _wait(self) -> None:
        """Set the timer for the next round, and say when it comes."""
        if self._stop is not None or self.closed:
            return
        plan = self._plan_of()
        due = plan.next_at() if self._by_itself else None
        left = None if due is None else max(due - self._now(), 0.0)
        self._show(RoundState(next_in_s=left, turned_away=plan.turned_away))
        if left is not None:
            self._timer.start(max(min(round(left * 1000), LONGEST_SLEEP_MS), AT_ONCE_MS))

    def _read_pace(self) -> None:
        workspace = self._workspace
        if workspace is not None:
            self._runner.read(lambda: _pace(workspace), self._on_pace_read, owner=self)

    def _on_pace_read(self, pace: Pace) -> None:
        self._plan_of().set_pace(pace, self._now())
        self._wait()

    def _plan_of(self) -> Schedule:
        if self._plan is None:
            from crmdesk.sync.schedule import Pace, Schedule

            self._plan = Schedule(Pace(automatic=False), random.random)
        return self._plan

    def _show(self, state: RoundState) -> None:
        self.state = state
        for listener in tuple(self._listeners):
            listener(state)

    def _now(self) -> float:
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a round ended: the runner publishes ``changes``, also of one that broke off."""

    changes: ChangeSet
    error: CrmdeskError | None = None


def _round(
    line: Line,
    workspace: Workspace,
    report: Control,
    stop: threading.Event,
    *,
    metered: bool | None,
    asked: bool,
) -> _Ending:
    from crmdesk.services.pacing import is_whole

    whole = is_whole(workspace, metered=metered, asked=asked)
    try:
        return _Ending(line.run(report.report, stop.is_set, whole=whole))
    except CrmdeskError as error:
        return _Ending(line.touched, error)


def _pace(workspace: Workspace) -> Pace:
    from crmdesk.services.pacing import pace_of

    return pace_of(workspace)

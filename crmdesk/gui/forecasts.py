"""The desktop's renewal of forecasts: behind everything else, followed and stopped by the person.

Owns when it is looked whether the forecasts are those of today and of the newest model: at the
start, on a new day, when a model has come from HQ and after an import. What is done then is
:mod:`crmdesk.services.forecasting`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.jobs import Control, Report
from crmdesk.i18n import _, format_percent

if TYPE_CHECKING:
    from crmdesk.gui.presenting import JobRunner
    from crmdesk.services.workspace import Workspace

_FOR_EVERYBODY = frozenset({"reorder_model", "holiday", "organisation"})
"""What the forecasts of all customers depend on."""


@dataclass(frozen=True, slots=True)
class ForecastState:
    """Whether forecasts are being renewed, and how far; ``stopped``: by the person, for now."""

    running: bool = False
    stopped: bool = False
    done: int = 0
    total: int = 0

    def words(self) -> str:
        """What the bar at the top says; nothing when everything is as it should be."""
        if self.stopped:
            return _("forecasts stopped")
        if not self.running or not self.total:
            return ""
        share = format_percent(self.done / self.total)
        return _("forecasts {percent}").format(percent=share)


class Forecasts(QObject):
    """Renews forecasts one run at a time and tells who listens how it stands."""

    closed = False

    def __init__(
        self,
        runner: JobRunner,
        listener: Callable[[str], None],
        failed: Callable[[Exception], None],
    ) -> None:
        super().__init__()
        self.state = ForecastState()
        self._failed = failed
        self._runner = runner
        self._listener = listener
        self._workspace: Workspace | None = None
        self._control: Control | None = None
        self._again = False

    def begin_day(self, workspace: Workspace) -> None:
        """Visits that nobody has ended are ended; then the forecasts are those of this day.

        From now on it is looked whenever there may be something new.
        """
        self._workspace = workspace
        self._runner.write(lambda: _end_visits(workspace), lambda _done: self.look(), owner=self)

    def note_changes(self, changes: ChangeSet) -> None:
        """A model or a holiday may have come from HQ, or many sales from a file."""
        if changes.everything or not changes.touched.keys().isdisjoint(_FOR_EVERYBODY):
            self.look()

    def look(self) -> None:
        """Renew what is not as it should be; after a run that is on its way if there is one."""
        workspace = self._workspace
        if workspace is None or self.closed or self.state.stopped:
            return
        if self._control is not None:
            self._again = True
            return
        self._again = False
        control = self._control = Control()
        self._show(ForecastState(running=True))
        self._runner.network(
            lambda: _renew(workspace, control),
            self._on_ended,
            self._on_failed,
            owner=self,
            control=control,
            progressed=self._on_progressed,
        )

    def toggle(self) -> None:
        """Stop until told otherwise, or go on."""
        if self.state.stopped:
            self._show(ForecastState())
            self.look()
            return
        self._stop()
        self._show(ForecastState(stopped=True))

    def close(self) -> None:
        """Stop between two steps, and begin no other run."""
        self.closed = True
        self._stop()

    def _stop(self) -> None:
        if self._control is not None:
            self._control.cancel()
        self._control = None

    def _on_progressed(self, report: Report) -> None:
        if self.state.running:
            self._show(ForecastState(running=True, done=report.done, total=report.total))

    def _on_ended(self, _changes: ChangeSet) -> None:
        self._control = None
        if self.state.running:
            self._show(ForecastState())
        if self._again:
            self.look()

    def _on_failed(self, error: Exception) -> None:
        self._control = None
        self._show(ForecastState())
        self._failed(error)

    def _show(self, state: ForecastState) -> None:
        self.state = state
        self._listener(state.words())


def _end_visits(workspace: Workspace) -> ChangeSet:
    from crmdesk.services.visits import end_forgotten_visits

    return end_forgotten_visits(workspace)


def _renew(workspace: Workspace, control: Control) -> ChangeSet:
    from crmdesk.services.forecasting import bring_up_to_date

    worked = bring_up_to_date(workspace, control.report, lambda: control.cancelled)
    return ChangeSet(everything=worked)

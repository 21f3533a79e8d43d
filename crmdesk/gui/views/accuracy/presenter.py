"""What the accuracy page does, without Qt: shows the kept report, measures anew as a job.

Owns whose report is shown and the job under way. Figures are the core's, words are :mod:`.words`'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import Cancelled
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.accuracy import words
from crmdesk.gui.views.accuracy.words import BandItem, MeasureItem
from crmdesk.i18n import _
from crmdesk.services.queries.reorder_report import (
    AccuracyReport,
    account_name,
    kept_report,
    make_report,
)

if TYPE_CHECKING:
    from crmdesk.gui.jobs import Control, Report


class AccuracyView(Protocol):
    """What the presenter asks of the widget."""

    def show_choice(self, customer: str, *, of_customer: bool) -> None:
        """Show whose report it is; an empty name when only the company can be chosen."""

    def show_heading(self, facts: str) -> None:
        """Show on how much it was judged."""

    def show_report(
        self, bands: Sequence[BandItem], sentence: str, measures: Sequence[MeasureItem]
    ) -> None:
        """Show the chart and the table."""

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is nothing to show."""

    def show_progress(self, words: str, done: int, total: int) -> None:
        """Show how far measuring is."""

    def show_measured(self) -> None:
        """Measuring has ended."""


class AccuracyPresenter:
    """See the module."""

    def __init__(
        self, context: PlaceContext, view: AccuracyView, make_control: Callable[[], Control]
    ) -> None:
        self.closed = False
        self._make_control = make_control
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._account: int | None = None
        self._name = ""
        self._of_customer = False
        self._control: Control | None = None

    def start(self) -> None:
        """Nothing is read before it is known whose report is wanted."""

    def close(self) -> None:
        """Stop measuring."""
        self.closed = True
        self.cancel()

    def on_changes(self, changes: ChangeSet) -> None:
        """The past does not change; measuring again is one key."""

    @property
    def _wanted(self) -> int | None:
        return self._account if self._of_customer else None

    def show(self, account_id: int | None) -> None:
        """Show the company's report; a customer can be chosen beside it."""
        self._account, self._of_customer, self._name = account_id, False, ""
        if account_id is not None:
            ws = self._ws
            self._runner.read(lambda: account_name(ws, account_id), self._on_name_read, owner=self)
        self._read()

    def choose(self, *, of_customer: bool) -> None:
        """The company's or the customer's report."""
        self._of_customer = of_customer and self._account is not None
        self._read()

    def measure(self) -> None:
        """Measure now; a job that can be stopped."""
        if self._control is not None:
            return
        ws, wanted = self._ws, self._wanted
        control = self._control = self._make_control()
        self._view.show_progress(_("Looking at past days"), 0, 0)
        self._runner.read(
            lambda: make_report(
                ws, wanted, progress=control.report, cancelled=lambda: control.cancelled
            ),
            lambda report: self._on_measured(control, report),
            lambda error: self._on_failed(control, error),
            owner=self,
            control=control,
            progressed=self._on_progressed,
        )

    def cancel(self) -> None:
        """Stop measuring; what was kept stays."""
        control, self._control = self._control, None
        if control is not None:
            control.cancel()
            if not self.closed:
                self._view.show_measured()
                self._view.show_empty(
                    _("Measuring was stopped"), _("Start it again with R; nothing was changed.")
                )

    def leave(self) -> None:
        """Esc: stop measuring, else go back."""
        if self._control is not None:
            self.cancel()
        else:
            self._desk.back()

    def _read(self) -> None:
        self.cancel_silently()
        self._view.show_choice(self._name, of_customer=self._of_customer)
        ws, wanted = self._ws, self._wanted
        self._runner.read(lambda: kept_report(ws, wanted), self._on_kept_read, owner=self)

    def cancel_silently(self) -> None:
        """Drop a measurement that nobody waits for any more."""
        control, self._control = self._control, None
        if control is not None:
            control.cancel()
            self._view.show_measured()

    def _on_name_read(self, name: str) -> None:
        self._name = name
        self._view.show_choice(name, of_customer=self._of_customer)

    def _on_kept_read(self, report: AccuracyReport | None) -> None:
        if report is None:
            self.measure()
        else:
            self._show(report)

    def _on_progressed(self, report: Report) -> None:
        text = _("Past day {place} of {count}: fitting and judging").format(
            place=min(report.done + 1, report.total), count=report.total
        )
        self._view.show_progress(text, report.done, report.total)

    def _on_measured(self, control: Control, report: AccuracyReport) -> None:
        if control is not self._control:
            return
        self._control = None
        self._view.show_measured()
        self._show(report)

    def _on_failed(self, control: Control, error: Exception) -> None:
        if control is self._control:
            self._control = None
            self._view.show_measured()
        if not isinstance(error, Cancelled):
            self._desk.fail(error)

    def _show(self, report: AccuracyReport) -> None:
        if report.account_id != self._wanted:
            return
        if not report.enough:
            self._view.show_heading("")
            self._view.show_empty(*words.too_short(report))
            return
        self._view.show_heading(words.heading(report, self._ws.today()))
        self._view.show_report(
            [words.band_item(band) for band in report.bands],
            words.calibration_text(report),
            words.measure_items(report.methods),
        )

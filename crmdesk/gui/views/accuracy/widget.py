"""The accuracy page on the screen: the calibration chart beside the table of measures.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.jobs import Control
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.accuracy.chart import CalibrationChart
from crmdesk.gui.views.accuracy.model import MeasuresModel
from crmdesk.gui.views.accuracy.presenter import AccuracyPresenter
from crmdesk.gui.views.accuracy.words import BandItem, MeasureItem, method_text
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.lines import Run, TextLabel
from crmdesk.gui.widgets.notices import EmptyState, ProgressLine
from crmdesk.gui.widgets.panels import HLine, KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _

_ROW = 48
_COMPANY, _CUSTOMER = "company", "customer"


class AccuracyPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = AccuracyPresenter(context, self, Control)
        self._build()
        self._bind()

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: a customer whose report can be chosen beside the company's."""
        account = args.get("account")
        self.presenter.show(None if account is None else int(account))

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("How good it has been"), self)
        self._whose = SegmentedControl(self._choices(""), _("Whose forecasts"), self)
        self._again = KeyHintButton(
            keys.title("accuracy.measure"), keys.hint("accuracy.measure"), parent=self
        )
        self._header.add_action(self._whose)
        self._header.add_action(self._again)
        column.addWidget(self._header)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._make_report())
        self._empty = EmptyState("goals", "", "", parent=self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._make_progress())
        column.addLayout(self._stack, 1)
        self._strip = KeyStrip(
            [
                ((keys.hint(action),), keys.title(action))
                for action in (
                    "accuracy.company", "accuracy.customer", "accuracy.measure", "accuracy.close",
                )
            ]
        )  # fmt: skip
        column.addWidget(self._strip)

    def _make_report(self) -> QWidget:
        report = QWidget(self)
        row = QHBoxLayout(report)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_3)
        left = Panel(_("Said and happened"), _("a dot for each tenth, with its count"), report)
        self.chart = CalibrationChart(left)
        self._sentence = TextLabel("", ink="text", wrap=True, parent=left)
        holder = QVBoxLayout()
        holder.setContentsMargins(t.SPACE_4, t.SPACE_3, t.SPACE_4, t.SPACE_4)
        holder.setSpacing(t.SPACE_3)
        holder.addWidget(self.chart, 1)
        holder.addWidget(self._sentence)
        left.body.addLayout(holder)
        right = Panel(_("Beside simple rules"), _("the better figure is marked"), report)
        self.model = MeasuresModel(self)
        self.table = RowsTable(self.model, row_height=_ROW, parent=right)
        self.table.setAccessibleName(_("Beside simple rules"))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.table.horizontalHeader().setSortIndicatorShown(False)
        theme.fix_height(self.table, 6 * _ROW + t.ROW + 2)
        right.body.addWidget(self.table)
        right.body.addWidget(HLine(right))
        how = TextLabel(method_text(), ink="muted", wrap=True, parent=right)
        how.setAlignment(Qt.AlignmentFlag.AlignTop)
        how.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        right.body.addWidget(how, 1)
        row.addWidget(left, 5)
        row.addWidget(right, 7)
        self.setFocusProxy(self.table)
        return report

    def _make_progress(self) -> QWidget:
        page = Panel(parent=self)
        self.progress = ProgressLine(page, key=keys.hint("accuracy.close"))
        holder = QHBoxLayout()
        holder.setContentsMargins(t.SPACE_5, t.SPACE_5, t.SPACE_5, t.SPACE_5)
        holder.addWidget(self.progress)
        page.body.addStretch(1)
        page.body.addLayout(holder)
        page.body.addStretch(2)
        return page

    def _choices(self, customer: str) -> list[tuple[str, str]]:
        choices = [(_COMPANY, _("This company"))]
        if customer:
            choices.append((_CUSTOMER, customer))
        return choices

    def _bind(self) -> None:
        self._whose.chosen.connect(self._on_whose_chosen)
        self._again.clicked.connect(self.presenter.measure)
        self.progress.cancelled.connect(self.presenter.cancel)
        keys.bind(self, "accuracy.company", lambda: self.presenter.choose(of_customer=False))
        keys.bind(self, "accuracy.customer", lambda: self.presenter.choose(of_customer=True))
        keys.bind(self, "accuracy.measure", self.presenter.measure)
        keys.bind(self, "accuracy.close", self.presenter.leave)

    # ------------------------------------------------------------------- the presenter's view

    def show_choice(self, customer: str, *, of_customer: bool) -> None:
        """Show whose report it is."""
        shown = self.fontMetrics().elidedText(
            customer, Qt.TextElideMode.ElideRight, theme.scaled(200)
        )
        self._whose.set_choices(self._choices(shown))
        self._whose.choose(_CUSTOMER if of_customer and customer else _COMPANY)

    def show_heading(self, facts: str) -> None:
        """Show on how much it was judged."""
        runs = [Run(facts, "muted")] if facts else []
        self._header.set_title(_("How good it has been"), runs)

    def show_report(
        self, bands: Sequence[BandItem], sentence: str, measures: Sequence[MeasureItem]
    ) -> None:
        """Show the chart and the table."""
        self.chart.set_bands(bands)
        self._sentence.setText(sentence)
        self.model.set_keys([item.key for item in measures], {item.key: item for item in measures})
        self._stack.setCurrentIndex(0)
        self.table.select_first()
        self.table.setFocus()

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is nothing to show."""
        self._empty.set_words(title, hint)
        self._stack.setCurrentIndex(1)

    def show_progress(self, words: str, done: int, total: int) -> None:
        """Show how far measuring is."""
        self.progress.show_progress(words, done, total)
        self._stack.setCurrentIndex(2)

    def show_measured(self) -> None:
        """Measuring has ended."""
        self._stack.setCurrentIndex(0)

    def _on_whose_chosen(self, key: str) -> None:
        self.presenter.choose(of_customer=key == _CUSTOMER)


def build(context: PlaceContext) -> AccuracyPlace:
    """Make the place."""
    return AccuracyPlace(context)

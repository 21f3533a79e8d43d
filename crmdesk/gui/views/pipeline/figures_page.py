"""The page of figures: tiles, the forecast with its past, where deals break, how they went."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.pipeline.charts import (
    BarsChart,
    BreaksChart,
    FigureChart,
    MonthsChart,
    Tiles,
)
from crmdesk.gui.views.pipeline.items import Figure, FiguresItem
from crmdesk.gui.widgets.buttons import SegmentedControl
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.panels import Panel
from crmdesk.i18n import _

BY_REASON, BY_PERSON = "reason", "person"


class FiguresPage(QWidget):
    """``wanted(Figure)`` asks for the rows of a figure, ``lines_wanted(str)`` for a grouping."""

    wanted = Signal(object)
    lines_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        self.tiles = Tiles(self)
        column.addWidget(self.tiles)
        self.months = MonthsChart(self)
        self.flows = BarsChart(_("Went further, by stage"), self)
        self.people = BarsChart(_("Win rate by rep"), self)
        self.breaks = BreaksChart(self)
        self.lines = BarsChart(_("How they went"), self)
        self._by = SegmentedControl(
            [(BY_REASON, _("by reason")), (BY_PERSON, _("by rep"))], _("Time lines"), self
        )
        self._months_panel = Panel(_("Forecast"), " ", self)
        self._months_panel.body.addWidget(self.months)
        breaks = self._panel(_("Where opportunities break"), _("in a year"), self.breaks)
        flows = self._panel(_("Went further, by stage"), _("in a year"), self.flows)
        people = self._panel(_("Win rate by rep"), _("in a year"), self.people)
        lines = self._panel(_("How they went"), _("median days by stage"), self.lines)
        if lines.header is not None:
            lines.header.add_right(self._by)
        upper, lower = QHBoxLayout(), QHBoxLayout()
        for row in (upper, lower):
            row.setSpacing(t.SPACE_3)
        upper.addWidget(self._months_panel, 3)
        beside = QVBoxLayout()
        beside.setSpacing(t.SPACE_3)
        beside.addWidget(flows)
        beside.addWidget(people, 1)
        upper.addLayout(beside, 2)
        lower.addWidget(breaks, 1)
        lower.addWidget(lines, 1)
        holder = QWidget()
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(t.SPACE_3)
        inner.addLayout(upper)
        inner.addLayout(lower)
        inner.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidget(holder)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(scroll, 1)
        self._about = TextLabel("", ink="muted", wrap=True, parent=self)
        theme.least_height(self._about, 36)
        column.addWidget(self._about)
        self.say(None)
        self._scroll = scroll
        for chart in self.charts():
            chart.wanted.connect(self.wanted)
            chart.shown.connect(self.say)
            chart.shown.connect(lambda _figure, chart=chart: self._follow(chart))
        self._by.chosen.connect(self.lines_wanted)
        self.setFocusProxy(self.tiles)

    def charts(self) -> tuple[FigureChart, ...]:
        """The charts in reading order."""
        return self.tiles, self.months, self.flows, self.people, self.breaks, self.lines

    def show_item(self, item: FiguresItem, *, by_person: bool) -> None:
        """Show other figures."""
        self.tiles.set_tiles(item.tiles)
        self.months.set_months(item.months, item.months_top)
        self._months_panel.set_title(_("Forecast"), item.months_note)
        self.flows.set_bars(item.flows)
        self.people.set_bars(item.people)
        self.breaks.set_item(item.breaks)
        self.lines.set_bars(item.lines, item.line_heads)
        self._by.choose(BY_PERSON if by_person else BY_REASON)

    def say(self, figure: Figure | None) -> None:
        """How a figure is made, and how its rows are opened."""
        if figure is None:
            self._about.setText(
                _("Choose a figure with the arrows to read how it is made; {key} opens the"
                  " opportunities behind it.").format(key=keys.hint("pipeline.open"))
            )  # fmt: skip
        else:
            self._about.setText(figure.sentence)

    def _follow(self, chart: FigureChart) -> None:
        """Keep the figure that the keyboard is on in sight."""
        holder = self._scroll.widget()
        if chart.part() >= 0 and holder is not None and holder.isAncestorOf(chart):
            spot = chart.part_rect(chart.part()).center().toPoint()
            there = chart.mapTo(holder, spot)
            self._scroll.ensureVisible(there.x(), there.y(), 0, theme.scaled(40))

    def _panel(self, title: str, note: str, chart: QWidget) -> Panel:
        panel = Panel(title, note, self)
        holder = QVBoxLayout()
        holder.setContentsMargins(0, t.SPACE_2, 0, t.SPACE_2)
        holder.addWidget(chart)
        holder.addStretch(1)
        panel.body.addLayout(holder)
        return panel

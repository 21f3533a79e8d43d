"""The top bar: the command field, the date, and the sync chip.

Owns painting and the chip's states. What the states are is read by the shell; what the command
field finds is shown by :mod:`crmdesk.gui.widgets.palette`.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import draw_focus
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.lines import LineLabel, Run, draw_runs, runs_text, runs_width
from crmdesk.gui.widgets.topbar_state import ChipState
from crmdesk.i18n import _, ngettext

_ICONS = {
    "in_sync": ("check", "good"),
    "syncing": ("sync", "accent"),
    "waiting": ("upload", "muted"),
    "offline": ("offline", "muted"),
    "stopped": ("stop", "danger"),
    "alone": ("home", "muted"),
}


def chip_runs(state: ChipState) -> list[Run]:
    """The chip's line: state, when, how many wait, how many need the person."""
    icon, ink = _ICONS[state.kind]
    words = {
        "in_sync": _("In sync"),
        "syncing": _("Syncing"),
        "waiting": _("Connected"),
        "offline": _("Offline"),
        "stopped": _("Stopped by HQ"),
        "alone": _("On this computer"),
    }[state.kind]
    small, medium = t.SIZE_SMALL, t.MEDIUM
    runs = [Run("", ink, icon=icon)]
    if state.kind == "offline" and state.when:
        words = _("Offline {since}").format(since=state.when)
    runs.append(Run(words, "text", medium, small, gap=t.SPACE_2))
    if state.when and state.kind != "offline":
        runs.append(Run(state.when, "muted", size=small, gap=t.SPACE_2))
    if state.waiting:
        count = ngettext("{count} change waiting", "{count} changes waiting", state.waiting)
        text = "· " + count.format(count=state.waiting)
        runs.append(Run(text, "muted", size=small, gap=t.SPACE_2))
    if state.need:
        need = ngettext("{count} needs you", "{count} need you", state.need)
        runs.append(Run("·", "muted", size=small, gap=t.SPACE_1))
        words = need.format(count=state.need)
        runs.append(Run(words, "warning", medium, small, "warning", gap=t.SPACE_2))
    return runs


class SyncChip(QAbstractButton):
    """The pill that says how the laptop stands to HQ; opens the sync centre."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = ChipState()
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_state(self.state)

    def set_state(self, state: ChipState) -> None:
        """Say another state."""
        self.state = state
        self.setAccessibleName(runs_text(chip_runs(state)))
        self.setToolTip(keys.title("global.sync_centre"))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(runs_width(chip_runs(self.state))) + 2 * 13, theme.scaled(28))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        on = self.isChecked()
        ground = "accent_soft" if on else "hover" if self.underMouse() else "surface"
        painter.setPen(QPen(theme.color("accent" if on else "border"), 1))
        painter.setBrush(theme.color(ground))
        painter.drawRoundedRect(frame, frame.height() / 2, frame.height() / 2)
        draw_runs(painter, frame.adjusted(12, 0, -8, 0), chip_runs(self.state))
        if self.hasFocus():
            draw_focus(painter, QRectF(self.rect()), self.height() / 2)
        painter.end()


class TopBar(QWidget):
    """Command field at the left, date and chip at the right; 48 px with a line below."""

    sync_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = SearchField(
            keys.title("global.search"), keys.hint("global.search"), height=32, parent=self
        )
        self._day = self._week = self._work = ""
        self._reading = False
        theme.most_width(self.field, 440)
        self.field.setMinimumWidth(180)
        self.field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.date = LineLabel(parent=self)
        self.date.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.chip = SyncChip(self)
        self.chip.clicked.connect(self.sync_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(t.PAGE_MARGIN, 0, t.PAGE_MARGIN, 1)
        row.setSpacing(t.SPACE_4)
        row.addWidget(self.field, 10)
        row.addStretch(1)
        row.addWidget(self.date)
        row.addWidget(self.chip)
        self._dress()

    def _dress(self) -> None:
        self.setFixedHeight(max(t.TOP_BAR, theme.scaled(44)))
        theme.most_width(self.field, 440)

    def set_date(self, day: str, week: str) -> None:
        """Say the day ("Tue 24 Nov 2026") and the week ("week 48")."""
        self._day, self._week = day, week
        self._show_date()

    def set_work(self, words: str) -> None:
        """Say what is done behind everything else ("forecasts 34 %"); nothing for an empty text."""
        self._work = words
        self._show_date()

    def set_reading(self, reading: bool) -> None:
        """Say that what was asked for is still being read."""
        self._reading = reading
        self._show_date()

    def _show_date(self) -> None:
        reading = _("reading…") if self._reading else ""
        muted = " · ".join(part for part in (self._week, self._work, reading) if part)
        if self._day:
            runs = [Run(self._day, weight=t.MEDIUM), Run("· " + muted, "muted", gap=t.SPACE_1)]
            self.date.set_runs(runs)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("surface"))
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.color("border"))
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "field"):
            self._dress()

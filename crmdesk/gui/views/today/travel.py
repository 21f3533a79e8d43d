"""The strip of kilometres and time: what was driven from visit to visit, and the odometer.

Owns layout and typing. What the figures are is :mod:`crmdesk.services.queries.day_travel`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import Surface, clear_layout
from crmdesk.i18n import _


@dataclass(frozen=True, slots=True)
class TravelItem:
    """The figures in words, the legs behind them, and what the odometer showed."""

    title: str
    legs: tuple[tuple[str, str, str], ...]
    total: str
    start: str
    end: str


class TravelStrip(Surface):
    """Hidden until asked for. ``odometer(start, end)`` as typed, ``legs_wanted``, ``left``."""

    odometer = Signal(str, str)
    legs_wanted = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="raised", edge="border_strong")
        self._title = LineLabel(parent=self)
        self._legs = QVBoxLayout()
        self._legs.setSpacing(0)
        self._total = LineLabel(parent=self)
        self._problem = LineLabel(parent=self)
        self._problem.hide()
        self.start = LabelledEntry(_("Odometer, start"), placeholder=_("km"), parent=self)
        self.end = LabelledEntry(_("Odometer, end"), placeholder=_("km"), parent=self)
        save = KeyHintButton(_("Save"), "Enter", parent=self)
        take = KeyHintButton(_("Count the legs"), parent=self)
        leave = KeyHintButton(_("Close"), "Esc", kind="quiet", parent=self)
        save.clicked.connect(self._on_entered)
        take.clicked.connect(self.legs_wanted)
        leave.clicked.connect(self._on_left)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addWidget(self.start, 1)
        row.addWidget(self.end, 1)
        for button in (save, take, leave):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        column.setSpacing(t.SPACE_2)
        column.addWidget(self._title)
        column.addLayout(self._legs)
        column.addWidget(self._total)
        column.addWidget(self._problem)
        column.addLayout(row)
        for entry in (self.start, self.end):
            entry.field.entered.connect(self._on_entered)
            entry.field.given_up.connect(self._on_left)
        self.hide()

    def show_travel(self, item: TravelItem) -> None:
        """Show the day's legs, with the keyboard at the odometer."""
        self._title.set_runs([Run(item.title, weight=t.SEMIBOLD)])
        clear_layout(self._legs)
        for clock, name, words in item.legs:
            runs = [
                Run(clock, "muted", size=t.SIZE_SMALL),
                Run(name, gap=t.SPACE_2, size=t.SIZE_SMALL),
                Run(words, "muted", gap=t.SPACE_2, size=t.SIZE_SMALL),
            ]
            self._legs.addWidget(LineLabel(runs, parent=self))
        self._total.set_runs([Run(item.total, "muted")])
        self._problem.hide()
        self.start.field.put_text(item.start)
        self.end.field.put_text(item.end)
        self.show()
        first = self.end if item.start else self.start
        first.field.setFocus()
        first.field.selectAll()

    def show_problem(self, words: str) -> None:
        """Say what is wrong with what was typed."""
        self._problem.set_runs([Run(words, "danger")])
        self._problem.show()

    def put_away(self) -> None:
        """Close it."""
        self.hide()

    def _on_entered(self, *_args: object) -> None:
        self.odometer.emit(self.start.field.text(), self.end.field.text())

    def _on_left(self) -> None:
        self.hide()
        self.left.emit()

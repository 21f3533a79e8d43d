"""A line that says what is worth knowing here, with one action and its key; it never blocks.

Owns the look. What it says, and when, is the presenters'.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.items import NoticeItem
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import Surface

_GROUNDS = {"warning": "warning_soft", "danger": "danger_soft", "good": "good_soft"}
_HEIGHT = 38


class NoticeBar(Surface):
    """One notice at a time; hidden while there is none."""

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="warning_soft", edge="border")
        row = QHBoxLayout(self)
        row.setContentsMargins(t.SPACE_3, 0, t.SPACE_2, 0)
        row.setSpacing(t.SPACE_2)
        self._words = LineLabel(parent=self)
        self._button = KeyHintButton("", parent=self)
        self._button.clicked.connect(self.wanted)
        row.addWidget(self._words, 1)
        row.addWidget(self._button)
        theme.fix_height(self, _HEIGHT)
        self.hide()

    def show_notice(self, item: NoticeItem | None) -> None:
        """Show a notice, or none."""
        self.setVisible(item is not None)
        if item is None:
            return
        self.set_ground(_GROUNDS.get(item.tone, "warning_soft"))
        self._words.set_runs(
            [
                Run("", item.tone, icon=item.icon),
                Run(item.loud, weight=t.SEMIBOLD, gap=t.SPACE_2),
                Run(item.quiet, gap=t.SPACE_1),
            ]
        )
        self._button.setVisible(bool(item.action))
        if item.action:
            self._button.set_label(item.action, item.key)
        self.setAccessibleName(f"{item.loud} {item.quiet}".strip())

    def text(self) -> str:
        """What is said."""
        return self._words.text()

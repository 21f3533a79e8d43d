"""What the office has changed on an order: who, when, why, and line by line.

Owns layout; the words come from the presenter.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.order.answer_words import ChangeItem
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import Panel, clear_layout
from crmdesk.i18n import _

_MOST = 8


class ChangesPanel(Panel):
    """Hidden while nothing has been changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Changed by the office"), "", parent)
        self._column = QVBoxLayout()
        self._column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        self._column.setSpacing(t.SPACE_1)
        self.body.addLayout(self._column)
        self.hide()

    def show_changes(self, changes: Sequence[ChangeItem]) -> None:
        """Show all changes, latest first."""
        clear_layout(self._column)
        self.setVisible(bool(changes))
        for change in changes:
            head = LineLabel(parent=self)
            head.set_runs(
                [
                    Run("", "warning", icon="edit"),
                    Run(change.reason, weight=t.SEMIBOLD, gap=t.SPACE_2),
                    Run(change.title, "muted", gap=t.SPACE_2),
                ]
            )
            self._column.addWidget(head)
            for words in change.lines[:_MOST]:
                self._column.addWidget(LineLabel([Run(words, gap=t.SPACE_6)], self))

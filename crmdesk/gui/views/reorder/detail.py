"""The two lines under the table in which the current row speaks: why so many, what is known."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.reorder.items import DetailItem
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import HLine


class DetailStrip(QWidget):
    """Shows a :class:`DetailItem`; empty it keeps its height, so that nothing jumps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._upper = LineLabel(parent=self)
        self._lower = LineLabel(parent=self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(HLine(self))
        column = QVBoxLayout()
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        column.setSpacing(t.SPACE_1)
        outer.addLayout(column)
        column.addWidget(self._upper)
        column.addWidget(self._lower)
        self.show_item(None)

    def show_item(self, item: DetailItem | None) -> None:
        """Show a row, or nothing."""
        if item is None:
            self._upper.set_runs([Run(" ")])
            self._lower.set_runs([Run(" ")])
            return
        self._upper.set_runs(
            [
                Run(item.product, weight=t.MEDIUM),
                Run(item.rounding, gap=t.SPACE_2),
                Run(item.sentence, "muted", gap=t.SPACE_2),
            ]
        )
        self._lower.set_runs(
            [Run(item.account, weight=t.MEDIUM), Run(item.facts, "muted", gap=t.SPACE_2)]
        )

    def text(self) -> str:
        """Both lines as a screen reader says them."""
        return f"{self._upper.text()}\n{self._lower.text()}"

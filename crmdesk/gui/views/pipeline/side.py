"""What stands beside the board: title, figures, and blocks of lines below each other."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.pipeline.items import LineItem, SideItem
from crmdesk.gui.widgets.charts import text_token
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.panels import HLine, Panel, clear_layout
from crmdesk.i18n import _


class SidePanel(Panel):
    """The selected opportunity or lead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Selected"), "", parent)
        holder = QWidget()
        self._column = QVBoxLayout(holder)
        self._column.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        self._column.setSpacing(t.SPACE_1)
        scroll = QScrollArea(self)
        scroll.setWidget(holder)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        holder.setAutoFillBackground(False)
        self.body.addWidget(scroll, 1)
        self.item: SideItem | None = None

    def show_item(self, item: SideItem | None) -> None:
        """Show another one; None says that nothing is selected."""
        if item is not None and item == self.item:
            return
        self.item = item
        clear_layout(self._column)
        if item is None:
            self.set_title(_("Selected"))
            self._column.addWidget(
                TextLabel(_("Nothing is selected."), ink="muted", wrap=True, parent=self)
            )
            self._column.addStretch(1)
            return
        self.set_title(item.title)
        self._column.addWidget(TextLabel(item.about, ink="muted", wrap=True, parent=self))
        pairs = PairList(item.title, self)
        pairs.set_pairs(item.pairs)
        self._column.addWidget(pairs)
        if item.sentence:
            self._column.addWidget(
                TextLabel(item.sentence, ink="muted", size=t.SIZE_SMALL, wrap=True, parent=self)
            )
        for title, lines in item.blocks:
            self._column.addSpacing(t.SPACE_2)
            self._column.addWidget(HLine(self))
            self._column.addSpacing(t.SPACE_1)
            self._column.addWidget(TextLabel(title, weight=t.SEMIBOLD, parent=self))
            for line in lines:
                self._column.addWidget(self._line(line))
        self._column.addStretch(1)

    def _line(self, line: LineItem) -> QWidget:
        if not line.lead:
            return TextLabel(line.text, ink="muted", wrap=True, parent=self)
        ink = text_token(line.tone)
        runs = [Run(line.lead, "muted"), Run(line.text, ink, t.MEDIUM, gap=t.SPACE_2)]
        if line.note:
            runs.append(Run(line.note, "muted", gap=t.SPACE_2))
        return LineLabel(runs, self)

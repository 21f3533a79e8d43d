"""A card in the middle of an otherwise empty window: a lock, a title, words, and a way on."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.notices import IconLabel
from crmdesk.gui.widgets.panels import Surface


class LockedCard(QWidget):
    """What stands where the places would be; whoever shows it adds fields and buttons."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = Surface(self)
        theme.fix_width(self.card, 420)
        self._inner = QVBoxLayout(self.card)
        self._inner.setContentsMargins(t.SPACE_5, t.SPACE_5, t.SPACE_5, t.SPACE_5)
        self._inner.setSpacing(t.SPACE_3)
        self.add(IconLabel("lock", "accent", 24, self.card))
        self.add(TextLabel(title, size=t.SIZE_STRONG, weight=t.SEMIBOLD, parent=self.card))
        self.words = TextLabel("", ink="muted", wrap=True, parent=self.card)
        self.add(self.words)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self.card)
        middle.addStretch(1)
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addLayout(middle)
        column.addStretch(2)

    def add(self, part: QWidget) -> None:
        """Put a field or button below what is there."""
        self._inner.addWidget(part)

"""Fields with their icon and key inside: searching and filtering.

Owns the look and the Escape and Down behaviour. What is searched is left to the presenters.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import key_cap_width, paint_key_cap

TYPING_PAUSE_MS = 60


class SearchField(QLineEdit):
    """A line with an icon at the left and its key cap at the right.

    ``searched`` comes with the text shortly after the last letter; ``left_down`` when Down moves
    on to the results. Escape empties the field, and leaves it when it is empty.
    """

    searched = Signal(str)
    left_down = Signal()
    escaped = Signal()

    def __init__(
        self,
        placeholder: str,
        key: str = "",
        *,
        icon: str = "search",
        height: int = 28,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._key = key
        self._icon = icon
        self._height = height
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self._timer = QTimer(self, interval=TYPING_PAUSE_MS, singleShot=True)
        self._timer.timeout.connect(self._on_paused)
        self.textEdited.connect(self._on_edited)
        self._dress()

    def _dress(self) -> None:
        height = theme.scaled(self._height)
        if self.height() != height or self.maximumHeight() != height:
            self.setFixedHeight(height)
        left = t.SPACE_2 + theme.scaled(icons.SMALL) - 2
        right = round(key_cap_width(self._key)) if self._key else 0
        self.setTextMargins(left, 0, right, 0)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._dress()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        side = theme.scaled(icons.SMALL)
        middle = self.height() / 2
        icons.paint(painter, self._icon, QRectF(9, middle - side / 2, side, side), "muted")
        if self._key and not self.text():
            paint_key_cap(painter, self.width() - key_cap_width(self._key) - 8, middle, self._key)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
                self._on_edited()
            else:
                self.clearFocus()
            self.escaped.emit()
            return
        if event.key() == Qt.Key.Key_Down:
            self.left_down.emit()
            return
        super().keyPressEvent(event)

    def _on_edited(self, _text: str = "") -> None:
        self._timer.start()

    def _on_paused(self) -> None:
        self.searched.emit(self.text())

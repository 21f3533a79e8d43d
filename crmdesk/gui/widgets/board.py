"""A board of columns: headings that stay in place over a body of cards that scrolls.

Owns the frame, the scroll bar's room beside the headings, and the beginning of a drag. What stands
in headings and body, and what a drop means, is the place's.
"""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QRectF, QSize, Qt
from PySide6.QtGui import QDrag, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui.widgets.panels import HLine, Surface


class Headings(QWidget):
    """The row over the columns; painted by the place, ``room`` wide."""

    def __init__(self, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._height = height
        self._spare = 0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    @property
    def room(self) -> int:
        """The width of all columns: what the body's scroll bar leaves."""
        return self.width() - self._spare

    def set_spare(self, spare: int) -> None:
        """Leave room at the right for the body's scroll bar."""
        self._spare = spare
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(600, theme.scaled(self._height))


class Board(Surface):
    """Headings over a scrolling body, which has the keyboard."""

    def __init__(self, headings: Headings, body: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._top = headings
        self._scroll = QScrollArea(self)
        self._scroll.setWidget(body)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusProxy(body)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addWidget(headings)
        self._line = HLine(self)
        column.addWidget(self._line)
        column.addWidget(self._scroll, 1)
        self._scroll.verticalScrollBar().rangeChanged.connect(self._fit)
        self.setFocusProxy(body)

    def show_headings(self, *, on: bool) -> None:
        """Whether the row of headings is there; a body may have headings of its own."""
        self._top.setVisible(on)
        self._line.setVisible(on)

    def bring_into_view(self, rect: QRectF, margin: int) -> None:
        """Scroll so far that a card is seen, with so many pixels above and below its middle."""
        middle = rect.center().toPoint()
        self._scroll.ensureVisible(middle.x(), middle.y(), 0, margin)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self, *_range: int) -> None:
        bar = self._scroll.verticalScrollBar()
        self._top.set_spare(bar.sizeHint().width() if bar.maximum() > 0 else 0)


def drag_card(body: QWidget, mime: str, key: int, rect: QRectF) -> None:
    """Drag the card painted at ``rect`` until it is dropped; its key travels as ``mime``."""
    data = QMimeData()
    data.setData(mime, str(key).encode())
    drag = QDrag(body)
    drag.setMimeData(data)
    drag.setPixmap(body.grab(rect.toAlignedRect()))
    drag.exec(Qt.DropAction.MoveAction)

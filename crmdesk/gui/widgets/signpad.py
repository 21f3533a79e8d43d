"""A pad to sign on with mouse, pen or finger; what is drawn is painted again from its strokes.

Owns drawing and painting. Bounding and storing a signature is :mod:`crmdesk.domain.signature`'s.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QTabletEvent, QTouchEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.domain.signature import SCALE, Signature, drawn
from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t

_HEIGHT = 132
_INK = 2.2


class SignPad(QWidget):
    """Strokes of one signature; ``drawn_on`` comes after each of them."""

    drawn_on = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strokes: list[list[tuple[float, float]]] = []
        self._shown: Signature | None = None
        self._down = False
        self.setAccessibleName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.fix_height(self, _HEIGHT)

    def signature(self) -> Signature | None:
        """What has been drawn since the pad was cleared."""
        return drawn(self._strokes, self.width(), self.height())

    def shown(self) -> Signature | None:
        """The stored signature that is shown, until somebody draws."""
        return self._shown

    def show_signature(self, signature: Signature | None) -> None:
        """Show a stored signature; drawing begins anew."""
        self._strokes, self._shown = [], signature
        self.update()

    def clear(self) -> None:
        """Empty the pad."""
        self.show_signature(None)

    def sizeHint(self) -> QSize:
        return QSize(360, theme.scaled(_HEIGHT))

    # ---------------------------------------------------------------------------------- input

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._begin(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._go_on(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._end()

    def tabletEvent(self, event: QTabletEvent) -> None:
        if event.type() == QEvent.Type.TabletPress:
            self._begin(event.position())
        elif event.type() == QEvent.Type.TabletMove:
            self._go_on(event.position())
        elif event.type() == QEvent.Type.TabletRelease:
            self._end()
        event.accept()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QTouchEvent) and event.points():
            where = event.points()[0].position()
            if event.type() == QEvent.Type.TouchBegin:
                self._begin(where)
            elif event.type() == QEvent.Type.TouchUpdate:
                self._go_on(where)
            elif event.type() == QEvent.Type.TouchEnd:
                self._end()
            event.accept()
            return True
        return super().event(event)

    def _begin(self, where: QPointF) -> None:
        self._down, self._shown = True, None
        self._strokes.append([(where.x(), where.y())])
        self.update()

    def _go_on(self, where: QPointF) -> None:
        if self._down and self._strokes:
            self._strokes[-1].append((where.x(), where.y()))
            self.update()

    def _end(self) -> None:
        if self._down:
            self._down = False
            self.drawn_on.emit()

    # --------------------------------------------------------------------------------- paint

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("border_strong"), 1))
        painter.setBrush(theme.color("surface"))
        painter.drawRoundedRect(box, t.RADIUS, t.RADIUS)
        line = box.bottom() - theme.scaled(28)
        painter.setPen(QPen(theme.color("border_strong"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(
            QPointF(box.left() + t.SPACE_4, line), QPointF(box.right() - t.SPACE_4, line)
        )
        pen = QPen(theme.color("text"), _INK)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        for stroke in self._lines():
            if len(stroke) == 1:
                painter.drawPoint(stroke[0])
            else:
                painter.drawPolyline(stroke)
        painter.end()

    def _lines(self) -> list[list[QPointF]]:
        if self._shown is None:
            return [[QPointF(x, y) for x, y in stroke] for stroke in self._strokes]
        height = float(self.height())
        width = min(float(self.width()), height * self._shown.aspect / 100)
        return [
            [QPointF(x * width / SCALE, y * height / SCALE) for x, y in stroke]
            for stroke in self._shown.strokes
        ]

"""Panels, page headings and the strip of keys at a panel's foot.

Owns the frames that content stands in: surface, 1 px border, radius 6, header of 40 px. The
content is left to the places.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QSizePolicy, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import key_cap_width, paint_key_cap
from crmdesk.gui.widgets.charts import draw_text, text_width
from crmdesk.gui.widgets.lines import LineLabel, Run, draw_runs, runs_width


def clear_layout(layout: QLayout) -> None:
    """Take all items out of a layout and delete their widgets."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            clear_layout(inner)


class Surface(QWidget):
    """A painted ground with border and radius; ``ground`` and ``edge`` are tokens."""

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        ground: str = "surface",
        edge: str = "border",
        radius: int = t.RADIUS,
    ) -> None:
        super().__init__(parent)
        self._ground = ground
        self._edge = edge
        self._radius = radius

    def set_ground(self, ground: str, edge: str = "border") -> None:
        """Change the ground and edge tokens."""
        self._ground, self._edge = ground, edge
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme.color(self._ground))
        painter.setPen(QPen(theme.color(self._edge), 1) if self._edge else Qt.PenStyle.NoPen)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, self._radius, self._radius)
        painter.end()


class HLine(QWidget):
    """A 1 px line across."""

    def __init__(self, parent: QWidget | None = None, *, ink: str = "border") -> None:
        super().__init__(parent)
        self._ink = ink
        self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color(self._ink))
        painter.end()


class VLine(QWidget):
    """A 1 px line down."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("border"))
        painter.end()


class Ground(QWidget):
    """The window's ground colour under the places."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("window"))
        painter.end()


class PanelHeader(QWidget):
    """Title, muted note beside it, and whatever stands at the right; 40 px with a line below."""

    def __init__(self, title: str, note: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._line = LineLabel(parent=self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(t.SPACE_3, 0, t.SPACE_3, 1)
        self._row.setSpacing(t.SPACE_2)
        self._row.addWidget(self._line, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_title(title, note)

    def set_title(self, title: str, note: str = "") -> None:
        """Change the words."""
        runs = [Run(title, weight=t.SEMIBOLD)]
        if note:
            runs.append(Run(note, "muted", gap=t.SPACE_2))
        self._line.set_runs(runs)

    def add_right(self, widget: QWidget) -> None:
        """Put a control or a note at the right end."""
        self._row.addWidget(widget)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), theme.scaled(t.PANEL_HEADER))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.color("border"))
        painter.end()


class Panel(Surface):
    """A bordered surface: header (optional), body, and a foot that is made when asked for."""

    def __init__(self, title: str = "", note: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1, 1, 1, 1)
        self._column.setSpacing(0)
        self.header: PanelHeader | None = None
        if title:
            self.header = PanelHeader(title, note, self)
            self._column.addWidget(self.header)
            self.setAccessibleName(title)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        self._column.addLayout(self.body, 1)

    def set_title(self, title: str, note: str = "") -> None:
        """Change the header's words; the panel must have been made with a title."""
        if self.header is not None:
            self.header.set_title(title, note)
            self.setAccessibleName(title)

    def add_foot(self, widget: QWidget) -> None:
        """Put a strip below the body, parted by a line."""
        self._column.addWidget(HLine(self))
        self._column.addWidget(widget)


class PageHeader(QWidget):
    """The heading of a place: title of 18 px, its figures, and the actions at the right."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = LineLabel(parent=self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(t.SPACE_2)
        self._row.addWidget(self._line, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_title(title)

    def set_title(self, title: str, facts: Sequence[Run] = ()) -> None:
        """Change the title and the line of figures after it."""
        runs = [Run(title, weight=t.SEMIBOLD, size=t.SIZE_TITLE)]
        if facts:
            first, *rest = facts
            runs.append(Run(first.text, first.ink, first.weight, first.size, first.icon, t.SPACE_4))
            runs.extend(rest)
        self._line.set_runs(runs)

    def add_action(self, widget: QWidget) -> None:
        """Put an action at the right end."""
        self._row.addWidget(widget)

    def sizeHint(self) -> QSize:
        height = max(theme.scaled(36), super().sizeHint().height())
        return QSize(super().sizeHint().width(), height)


class FlowBox(QWidget):
    """Widgets side by side that go on in the next line where the width ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: list[QWidget] = []
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_parts(self, parts: Sequence[QWidget]) -> None:
        """Show other widgets; the earlier ones are deleted."""
        for old in self._parts:
            old.hide()
            old.deleteLater()
        self._parts = list(parts)
        for part in self._parts:
            part.setParent(self)
            part.show()
        self._place()
        self.updateGeometry()

    def parts(self) -> list[QWidget]:
        """The widgets shown."""
        return list(self._parts)

    def _lay_out(self, width: int, *, move: bool) -> int:
        x = y = line = 0
        for part in self._parts:
            size = part.sizeHint()
            if x and x + size.width() > width:
                x, y = 0, y + line + t.SPACE_2
                line = 0
            if move:
                part.setGeometry(x, y, min(size.width(), width), size.height())
            x += size.width() + t.SPACE_2
            line = max(line, size.height())
        return y + line

    def _place(self) -> None:
        height = self._lay_out(self.width(), move=True)
        if self.minimumHeight() != height:
            self.setFixedHeight(height)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._lay_out(width, move=False)

    def sizeHint(self) -> QSize:
        return QSize(300, self._lay_out(self.width(), move=False))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()


class KeyStrip(QWidget):
    """The foot that lists keys: ``((("↑", "↓"), "stop"), (("M",), "missed or closed"))``."""

    def __init__(
        self,
        items: Sequence[tuple[Sequence[str], str]],
        note: Sequence[Run] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._items = list(items)
        self._note = tuple(note)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(", ".join(f"{'/'.join(caps)} {text}" for caps, text in items))

    def set_items(self, items: Sequence[tuple[Sequence[str], str]]) -> None:
        """List other keys."""
        self._items = list(items)
        self.setAccessibleName(", ".join(f"{'/'.join(caps)} {text}" for caps, text in items))
        self.update()

    def set_note(self, note: Sequence[Run]) -> None:
        """Change the line at the right end."""
        self._note = tuple(note)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, theme.scaled(36))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, theme.scaled(36))

    def _width_of(self, item: tuple[Sequence[str], str]) -> float:
        caps, text = item
        width = sum(key_cap_width(cap) + t.SPACE_1 for cap in caps)
        return width + t.SPACE_1 + text_width(theme.font(t.SIZE_SMALL), text)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        middle = self.height() / 2
        right = self.width() - t.SPACE_3
        if self._note:
            draw_runs(
                painter, QRectF(t.SPACE_3, 0, right - t.SPACE_3, self.height()), self._note,
                right=True,
            )  # fmt: skip
            right -= round(runs_width(self._note)) + t.SPACE_4
        x = float(t.SPACE_3)
        for caps, text in self._items:
            # A hint that does not fit is left out whole: all keys are in Ctrl+K too.
            if x + self._width_of((caps, text)) > right:
                break
            for cap in caps:
                x += paint_key_cap(painter, x, middle, cap) + t.SPACE_1
            x += t.SPACE_1
            area = QRectF(x, 0, right - x, self.height())
            x += draw_text(painter, area, text, theme.font(t.SIZE_SMALL), "muted") + t.SPACE_4
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()
        super().changeEvent(event)

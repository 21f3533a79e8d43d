"""Buttons that carry their key, icon buttons and the segmented control.

Owns painting and keyboard behaviour of these controls. Which key triggers what is left to
:mod:`crmdesk.gui.keys`.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import CENTER, draw_focus, draw_text, saved, text_width

_CAP_PAD = 5
_CAP_HEIGHT = 18


def key_cap_width(key: str) -> float:
    """Width in px of a key cap."""
    return max(text_width(theme.font(t.SIZE_SMALL), key) + 2 * _CAP_PAD, theme.scaled(_CAP_HEIGHT))


def paint_key_cap(
    painter: QPainter, left: float, middle: float, key: str, ink: str = "muted"
) -> float:
    """Draw a key cap that starts at ``left`` and is centred on ``middle``; returns its width."""
    width = key_cap_width(key)
    height = theme.scaled(_CAP_HEIGHT)
    rect = QRectF(round(left) + 0.5, round(middle - height / 2) + 0.5, round(width) - 1, height - 1)
    with saved(painter):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("border_strong" if ink == "muted" else ink), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect, 3, 3)
        draw_text(painter, rect, key, theme.font(t.SIZE_SMALL), ink, CENTER)
    return width


class _Button(QAbstractButton):
    """What all painted buttons share: hover, focus by Tab, Space and Enter press it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def event(self, event: QEvent) -> bool:
        # Space acts on what has the focus, before any key of the place.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()
        super().changeEvent(event)


class KeyHintButton(_Button):
    """A button whose key stands inside it as a cap.

    ``kind`` is ``"filled"`` (one per screen), ``"outline"`` or ``"quiet"`` (no border); ``large``
    is the 40 px form for the one thing a screen is about.
    """

    def __init__(
        self,
        text: str,
        key: str = "",
        *,
        kind: str = "outline",
        icon: str = "",
        large: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._key = key
        self._kind = kind
        self._icon_name = icon
        self._large = large
        self._label, self._usual_icon, self._short = text, icon, False
        self.setText(text)
        self.setAccessibleName(text)
        if key:
            self.setToolTip(f"{text} ({key})")

    def set_label(self, text: str, key: str | None = None) -> None:
        """Change the words, and the key when given."""
        self._label = text
        self.setText("" if self._short else text)
        self.setAccessibleName(text)
        if key is not None:
            self._key = key
        self.updateGeometry()
        self.update()

    def shorten(self, icon: str) -> None:
        """Where room is short: an icon instead of the words; an empty one brings them back."""
        self._short, self._icon_name = bool(icon), icon or self._usual_icon
        self.setText("" if icon else self._label)
        self.updateGeometry()
        self.update()

    def set_kind(self, kind: str) -> None:
        """Change between filled, outline and quiet."""
        self._kind = kind
        self.update()

    def _words_font(self) -> tuple[int, int]:
        filled = self._kind == "filled"
        size = t.SIZE_STRONG if self._large and filled else t.SIZE_BODY
        return size, t.SEMIBOLD if filled else t.MEDIUM

    def _pad(self) -> int:
        if self._kind == "quiet":
            return 4
        return t.SPACE_4 if self._large else t.SPACE_3

    def _content_width(self) -> float:
        width = text_width(theme.font(*self._words_font()), self.text())
        if self._icon_name:
            width += theme.scaled(icons.SMALL) + (t.SPACE_2 if self.text() else 0)
        if self._key:
            width += key_cap_width(self._key) + t.SPACE_2
        return width

    def sizeHint(self) -> QSize:
        height = t.BUTTON_LARGE if self._large else 24 if self._kind == "quiet" else t.BUTTON
        return QSize(round(self._content_width()) + 2 * self._pad() + 2, theme.scaled(height))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        ink = self._paint_ground(painter, rect)
        x = rect.left() + max((rect.width() - self._content_width()) / 2, 4)
        middle = rect.center().y()
        if self._icon_name:
            side = theme.scaled(icons.SMALL)
            icons.paint(painter, self._icon_name, QRectF(x, middle - side / 2, side, side), ink)
            x += side + (t.SPACE_2 if self.text() else 0)
        words = QRectF(x, rect.top(), rect.right() - x, rect.height())
        x += draw_text(painter, words, self.text(), theme.font(*self._words_font()), ink)
        if self._key:
            cap = ink if self._kind == "filled" else "muted"
            paint_key_cap(painter, x + t.SPACE_2, middle, self._key, cap)
        if self.hasFocus():
            area = QRectF(self.rect())
            if self._kind == "filled":
                painter.setPen(QPen(theme.color("on_accent"), 1.5))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(area.adjusted(3, 3, -3, -3), t.RADIUS - 2, t.RADIUS - 2)
            else:
                draw_focus(painter, area)
        painter.end()

    def _paint_ground(self, painter: QPainter, rect: QRectF) -> str:
        hover = self.underMouse() and self.isEnabled()
        if self._kind == "filled" and self.isEnabled():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent_hover" if hover else "accent"))
            painter.drawRoundedRect(QRectF(self.rect()), t.RADIUS, t.RADIUS)
            return "on_accent"
        if self._kind != "quiet" or hover or self.isDown():
            border = "border" if not self.isEnabled() else "border_strong"
            painter.setPen(
                Qt.PenStyle.NoPen if self._kind == "quiet" else QPen(theme.color(border), 1)
            )
            painter.setBrush(theme.color("hover" if hover or self.isDown() else "surface"))
            painter.drawRoundedRect(rect, t.RADIUS, t.RADIUS)
        return "text" if self.isEnabled() else "muted"


class IconButton(_Button):
    """A square button with an icon; its words are its accessible name and tip."""

    def __init__(
        self,
        icon: str,
        name: str,
        *,
        side: int = 28,
        outline: bool = False,
        ink: str = "muted",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon_name = icon
        self._side = side
        self._outline = outline
        self._ink = ink
        self.setAccessibleName(name)
        self.setToolTip(name)

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        self._icon_name = icon
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(self._side), theme.scaled(self._side))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        hover = self.underMouse() and self.isEnabled()
        if self._outline or hover:
            painter.setPen(
                QPen(theme.color("border_strong"), 1) if self._outline else Qt.PenStyle.NoPen
            )
            painter.setBrush(theme.color("hover" if hover else "surface"))
            painter.drawRoundedRect(rect, t.RADIUS, t.RADIUS)
        side = theme.scaled(icons.SMALL)
        middle = rect.center()
        icons.paint(
            painter, self._icon_name,
            QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side),
            "text" if hover else self._ink,
        )  # fmt: skip
        if self.hasFocus():
            draw_focus(painter, QRectF(self.rect()))
        painter.end()


class SegmentedControl(QWidget):
    """Two to five choices side by side, one of them on; arrows move, one Tab stop for all."""

    chosen = Signal(str)

    def __init__(
        self, choices: Sequence[tuple[str, str]], name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._choices = list(choices)
        self._on = self._choices[0][0] if self._choices else ""
        self._hover = -1
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def choice(self) -> str:
        """The key of the choice that is on."""
        return self._on

    def choose(self, key: str) -> None:
        """Turn a choice on without telling anybody."""
        self._on = key
        self.setAccessibleDescription(dict(self._choices).get(key, ""))
        self.update()

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Change the words (for example a count); the choice that is on stays on."""
        self._choices = list(choices)
        self.updateGeometry()
        self.update()

    def _widths(self) -> list[float]:
        font = theme.font(t.SIZE_SMALL, t.MEDIUM)
        return [text_width(font, text) + 2 * t.SPACE_3 for _key, text in self._choices]

    def sizeHint(self) -> QSize:
        return QSize(round(sum(self._widths())) + 2, theme.scaled(28))

    def _rects(self) -> list[QRectF]:
        rects = []
        x = 0.0
        for width in self._widths():
            rects.append(QRectF(x, 0, width, self.height()))
            x += width
        return rects

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        clip = QPainterPath()
        clip.addRoundedRect(frame, t.RADIUS, t.RADIUS)
        painter.fillPath(clip, theme.color("surface"))
        font = theme.font(t.SIZE_SMALL, t.MEDIUM)
        for index, (rect, (key, text)) in enumerate(zip(self._rects(), self._choices, strict=True)):
            on = key == self._on
            if on or index == self._hover:
                with saved(painter):
                    painter.setClipPath(clip)
                    painter.fillRect(rect, theme.color("accent_soft" if on else "hover"))
            draw_text(painter, rect, text, font, "accent" if on else "text", CENTER)
            if index:
                line = QRectF(round(rect.left()), 0, 1, self.height())
                painter.fillRect(line, theme.color("border_strong"))
        painter.setPen(QPen(theme.color("border_strong"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, t.RADIUS, t.RADIUS)
        if self.hasFocus():
            draw_focus(painter, QRectF(self.rect()))
        painter.end()

    def _take(self, index: int) -> None:
        if 0 <= index < len(self._choices) and self._choices[index][0] != self._on:
            self.choose(self._choices[index][0])
            self.chosen.emit(self._on)

    def _at(self, x: float) -> int:
        return next(
            (i for i, rect in enumerate(self._rects()) if rect.left() <= x < rect.right()), -1
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._take(self._at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = self._at(event.position().x())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = -1
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step:
            keys = [key for key, _text in self._choices]
            self._take(keys.index(self._on) + step)
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()
        super().changeEvent(event)

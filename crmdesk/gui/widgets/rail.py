"""The left rail: the places of the person's role, and the person at its foot.

Owns painting and folding. Which places there are is decided by the shell.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import CENTER, RIGHT, draw_focus, draw_text, fill_round, text_width

_SIDE = t.SPACE_2
_BRAND = 20
_BEFORE = 11
_HINT = 44
_MOST_SHOWN = 99


class RailButton(QAbstractButton):
    """One place: icon, word, key; only the icon when the rail is folded."""

    def __init__(
        self, key: str, text: str, icon: str, hint: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.key = key
        self._icon_name = icon
        self._hint = hint
        self.folded = False
        self._badge = ""
        self.setText(text)
        self.setCheckable(True)
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(f"{text} ({hint})" if hint else text)

    def set_badge(self, count: int) -> None:
        """Show how much waits in the place; nothing for none."""
        self._badge = "" if count <= 0 else str(count) if count < _MOST_SHOWN else f"{_MOST_SHOWN}+"
        self.setAccessibleDescription(self._badge)
        self.update()

    def wanted_width(self) -> float:
        """What the place takes with its whole word, the room for a badge and its key."""
        word = text_width(theme.font(t.SIZE_BODY, t.MEDIUM), self.text())
        side = theme.scaled(18)
        badge = self._badge_width() + t.SPACE_1 if self._badge else 0
        return _BEFORE + side + _BEFORE + word + badge + 1 + theme.scaled(_HINT) + t.SPACE_3

    def badge(self) -> str:
        """What the badge says."""
        return self._badge

    def sizeHint(self) -> QSize:
        return QSize(40, theme.scaled(36))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect())
        on = self.isChecked()
        if on or self.underMouse():
            fill_round(painter, area, "accent_soft" if on else "hover", t.RADIUS)
        ink = "accent" if on else "text"
        side = theme.scaled(18)
        left = area.center().x() - side / 2 if self.folded else area.left() + _BEFORE
        mark = QRectF(left, area.center().y() - side / 2, side, side)
        icons.paint(painter, self._icon_name, mark, "accent" if on else "muted")
        if not self.folded:
            words = area.adjusted(_BEFORE + side + _BEFORE, 0, -t.SPACE_3, 0)
            draw_text(painter, words, self._hint, theme.font(t.SIZE_SMALL), "muted", RIGHT)
            words.setRight(words.right() - theme.scaled(_HINT))
            if self._badge:
                words.setRight(self._paint_badge(painter, words.right(), area) - t.SPACE_1)
            draw_text(painter, words, self.text(), theme.font(t.SIZE_BODY, t.MEDIUM), ink)
        elif self._badge:
            self._paint_badge(painter, area.right() - 2, area.adjusted(0, 0, 0, -area.height() / 2))
        if self.hasFocus():
            draw_focus(painter, area)
        painter.end()

    def _paint_badge(self, painter: QPainter, right: float, area: QRectF) -> float:
        """Paint the count as a pill that ends at ``right``; returns where it begins."""
        font = theme.font(t.SIZE_SMALL, t.SEMIBOLD, tabular=True)
        height, width = theme.scaled(18), self._badge_width()
        pill = QRectF(right - width, area.center().y() - height / 2, width, height)
        fill_round(painter, pill, "accent", height / 2)
        draw_text(painter, pill, self._badge, font, "on_accent", CENTER)
        return pill.left()

    def _badge_width(self) -> float:
        font = theme.font(t.SIZE_SMALL, t.SEMIBOLD, tabular=True)
        return max(text_width(font, self._badge) + 2 * t.SPACE_1 + 2, theme.scaled(18))


class PersonButton(QAbstractButton):
    """The person at the foot: initials, name, role and territory; opens the person's menu."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._role = ""
        self.folded = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_person(self, name: str, role: str) -> None:
        """Show another person; ``role`` is the muted second line."""
        self.setText(name)
        self._role = role
        self.setAccessibleName(f"{name}, {role}")
        self.setToolTip(f"{name}\n{role}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(40, theme.scaled(44))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect())
        if self.underMouse():
            fill_round(painter, area, "hover", t.RADIUS)
        side = theme.scaled(28)
        left = area.center().x() - side / 2 if self.folded else area.left() + t.SPACE_3
        disc = QRectF(left, area.center().y() - side / 2, side, side)
        fill_round(painter, disc, "grey_soft", side / 2)
        initials = "".join(word[0] for word in self.text().split()[:2]).upper()
        draw_text(painter, disc, initials, theme.font(t.SIZE_SMALL, t.SEMIBOLD), "muted", CENTER)
        if not self.folded:
            x = disc.right() + t.SPACE_3
            half = theme.scaled(17)
            upper = QRectF(x, area.center().y() - half, area.right() - x - 4, half)
            draw_text(painter, upper, self.text(), theme.font(t.SIZE_BODY, t.MEDIUM))
            lower = upper.translated(0, half)
            draw_text(painter, lower, self._role, theme.font(t.SIZE_SMALL), "muted")
        if self.hasFocus():
            draw_focus(painter, area)
        painter.end()


class _Brand(QWidget):
    """The mark and the name of the program."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folded = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("crmdesk")

    def sizeHint(self) -> QSize:
        return QSize(40, t.TOP_BAR)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect())
        left = area.center().x() - _BRAND / 2 if self.folded else area.left() + t.SPACE_3
        mark = QRectF(left, area.center().y() - _BRAND / 2, _BRAND, _BRAND)
        fill_round(painter, mark, "accent", 5)
        font = theme.font(t.SIZE_SMALL, t.SEMIBOLD)
        draw_text(painter, mark.adjusted(0, -1, 0, -1), "c", font, "on_accent", CENTER)
        if not self.folded:
            words = QRectF(mark.right() + t.SPACE_2, area.top(), 140, area.height())
            draw_text(painter, words, "crmdesk", theme.font(t.SIZE_STRONG, t.SEMIBOLD))
        painter.end()


class Rail(QWidget):
    """Brand, places, and the person; 200 px or what its words take, 72 px when folded."""

    place_chosen = Signal(str)
    person_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: list[RailButton] = []
        self._brand = _Brand(self)
        self.person = PersonButton(self)
        self.person.clicked.connect(self.person_clicked)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(_SIDE, 0, _SIDE + 1, t.SPACE_3)
        self._column.setSpacing(t.SPACE_1)
        self._column.addWidget(self._brand)
        self._column.addSpacing(t.SPACE_1)
        self._places = QVBoxLayout()
        self._places.setSpacing(t.SPACE_1)
        self._column.addLayout(self._places)
        self._column.addStretch(1)
        self._column.addWidget(self.person)
        self.set_folded(folded=False)

    def set_places(self, places: Sequence[tuple[str, str, str]]) -> None:
        """Show places as (key, title, icon); the first nine answer to Ctrl+1 … Ctrl+9."""
        for old in self._buttons:
            old.deleteLater()
        self._buttons = []
        for number, (key, title, icon) in enumerate(places, start=1):
            hint = f"Ctrl+{number}" if number < 10 else ""
            button = RailButton(key, title, icon, hint, self)
            button.folded = self._brand.folded
            button.clicked.connect(lambda _on=False, key=key: self.place_chosen.emit(key))
            self._places.addWidget(button)
            self._buttons.append(button)
        for before, after in pairwise([*self._buttons, self.person]):
            QWidget.setTabOrder(before, after)
        self._fit()

    def set_badge(self, key: str, count: int) -> None:
        """Show how much waits in a place."""
        for button in self._buttons:
            if button.key == key:
                button.set_badge(count)
                self._fit()

    def buttons(self) -> list[RailButton]:
        """The places shown, from top to bottom."""
        return list(self._buttons)

    def mark(self, key: str) -> None:
        """Mark the place that is shown; none when it is not in the rail."""
        for button in self._buttons:
            button.setChecked(button.key == key)

    @property
    def folded(self) -> bool:
        """True when only the icons are shown."""
        return self._brand.folded

    def set_folded(self, *, folded: bool) -> None:
        """Show only the icons, or the words too."""
        parts: list[_Brand | PersonButton | RailButton] = [self._brand, self.person]
        for part in (*parts, *self._buttons):
            part.folded = folded
            part.update()
        self._fit()

    def _fit(self) -> None:
        """200 px, and more where a word with its badge would be cut."""
        wanted = max((button.wanted_width() for button in self._buttons), default=0)
        wide = max(theme.scaled(t.RAIL), ceil(wanted) + 2 * _SIDE + 1)
        self.setFixedWidth(t.RAIL_COLLAPSED if self._brand.folded else wide)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("window"))
        painter.fillRect(self.width() - 1, 0, 1, self.height(), theme.color("border"))
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_brand"):
            self.set_folded(folded=self._brand.folded)

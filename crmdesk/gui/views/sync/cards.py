"""The cards of "need you": a refusal with its next steps, a collision with both values.

Owns painting a card and its buttons. What a card says comes from the model.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.sync.model import FieldItem, NeedItem, SideItem
from crmdesk.gui.widgets.badges import Badge
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel, draw_runs
from crmdesk.gui.widgets.panels import HLine, clear_layout
from crmdesk.i18n import _

_HEAD_ROW = 45
_ROW = 50
_PAD = t.SPACE_3


class CollisionGrid(QWidget):
    """Field, before, mine and theirs side by side; the kept value tinted and ticked."""

    def __init__(self, item: NeedItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item = item
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        said = ". ".join(
            _("{field}: before {before}, mine {mine}, theirs {theirs}").format(
                field=field.name,
                before=field.before,
                mine=field.mine.value,
                theirs=field.theirs.value,
            )
            for field in item.fields
        )
        self.setAccessibleName(said)
        self.setToolTip(said)

    def sizeHint(self) -> QSize:
        rows = theme.scaled(_HEAD_ROW) + len(self._item.fields) * theme.scaled(_ROW)
        return QSize(480, rows)

    def columns(self) -> list[QRectF]:
        """The four columns of the first row, as wide as the grid."""
        first = max(96.0, self.width() * 0.14)
        rest = (self.width() - first) / 3
        return [
            QRectF(0, 0, first, 0),
            *(QRectF(first + place * rest, 0, rest, 0) for place in range(3)),
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        columns = self.columns()
        head = theme.scaled(_HEAD_ROW)
        heads = (
            (_("Field"), ""),
            (_("Before"), ""),
            (_("Mine"), self._item.mine_head),
            (_("Theirs"), self._item.theirs_head),
        )
        for column, (title, note) in zip(columns, heads, strict=True):
            area = QRectF(column.left() + _PAD, 0, column.width() - _PAD - 4, head)
            self._two_lines(painter, area, title, note, strong=False)
        top = float(head)
        for field in self._item.fields:
            height = theme.scaled(_ROW)
            painter.fillRect(QRectF(0, top, self.width(), 1), theme.color("border"))
            self._paint_field(painter, columns, top, height, field)
            top += height
        for column in columns[1:]:
            line = QRectF(round(column.left()), 0, 1, self.height())
            painter.fillRect(line, theme.color("border"))
        painter.end()

    def _paint_field(
        self, painter: QPainter, columns: Sequence[QRectF], top: float, height: float,
        field: FieldItem,
    ) -> None:  # fmt: skip
        rooms = [
            QRectF(column.left() + _PAD, top, column.width() - _PAD - 4, height)
            for column in columns
        ]
        draw_runs(painter, rooms[0], [Run(field.name, weight=t.MEDIUM)])
        draw_runs(painter, rooms[1], [Run(field.before, "muted")])
        for column, room, side in (
            (columns[2], rooms[2], field.mine),
            (columns[3], rooms[3], field.theirs),
        ):
            if side.kept:
                ground = QRectF(column.left() + 1, top + 1, column.width() - 1, height - 1)
                painter.fillRect(ground, theme.color("accent_soft"))
            self._paint_side(painter, room, side)

    def _paint_side(self, painter: QPainter, room: QRectF, side: SideItem) -> None:
        half = theme.scaled(18)
        upper = QRectF(room.left(), room.center().y() - half, room.width(), half)
        if side.kept:
            word = Run(side.word, "accent", size=t.SIZE_SMALL, icon="check")
        else:
            word = Run(side.word, "muted", size=t.SIZE_SMALL)
        draw_runs(painter, upper, [word])
        weight = t.SEMIBOLD if side.kept else t.REGULAR
        draw_runs(painter, upper.translated(0, half), [Run(side.value, weight=weight)])

    def _two_lines(
        self, painter: QPainter, area: QRectF, title: str, note: str, *, strong: bool
    ) -> None:
        half = theme.scaled(16)
        upper = QRectF(area.left(), area.center().y() - half, area.width(), half)
        weight = t.MEDIUM if strong else t.REGULAR
        draw_runs(painter, upper, [Run(title, "muted", weight, t.SIZE_SMALL)])
        if note:
            draw_runs(painter, upper.translated(0, half), [Run(note, "muted", size=t.SIZE_SMALL)])


class NeedCard(QWidget):
    """One refusal or conflict; the selected one has the accent bar."""

    chosen = Signal(str)
    fine_wanted = Signal(str)
    open_wanted = Signal(str)
    restore_wanted = Signal(int)

    def __init__(self, item: NeedItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.item = item
        self._selected = False
        self.setAccessibleName(f"{item.title}. {item.sentence} {item.hint}")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self)
        column.setContentsMargins(3, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head())
        column.addWidget(HLine(self))
        if item.refused:
            column.addLayout(self._refusal())
        else:
            column.addWidget(CollisionGrid(item, self))
            column.addWidget(HLine(self))
            column.addLayout(self._collision_foot())
        column.addWidget(HLine(self))

    def _head(self) -> QWidget:
        item = self.item
        head = QWidget(self)
        head.setFixedHeight(theme.scaled(40))
        row = QHBoxLayout(head)
        row.setContentsMargins(_PAD - 3, 0, _PAD, 0)
        row.setSpacing(t.SPACE_2)
        badge = BadgeItem(_("Conflict"), Tone.WARNING, "warning")
        if item.refused:
            badge = BadgeItem(_("Refused"), Tone.DANGER, "close")
        row.addWidget(Badge(badge, head))
        runs = [Run(item.title, weight=t.SEMIBOLD)]
        if item.note:
            runs.append(Run(item.note, "muted", gap=t.SPACE_2))
        row.addWidget(LineLabel(runs, head), 1)
        at = LineLabel([Run(item.at, "muted", size=t.SIZE_SMALL)], head, right=True)
        at.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row.addWidget(at)
        return head

    def _refusal(self) -> QVBoxLayout:
        item = self.item
        column = QVBoxLayout()
        column.setContentsMargins(_PAD - 3, t.SPACE_3, _PAD, t.SPACE_3)
        column.setSpacing(t.SPACE_1)
        column.addWidget(TextLabel(item.sentence, wrap=True, parent=self))
        column.addWidget(TextLabel(item.hint, ink="muted", wrap=True, parent=self))
        row = QHBoxLayout()
        row.setContentsMargins(0, t.SPACE_1, 0, 0)
        row.setSpacing(t.SPACE_2)
        if item.order_id is not None or item.account_id is not None:
            words = _("Open the copy") if item.order_id is not None else _("Open the customer")
            button = KeyHintButton(words, keys.hint("sync.open"), kind="filled", parent=self)
            button.clicked.connect(lambda: self.open_wanted.emit(self.item.key))
            row.addWidget(button)
        fine = KeyHintButton(_("Seen"), keys.hint("sync.fine"), parent=self)
        fine.clicked.connect(lambda: self.fine_wanted.emit(self.item.key))
        row.addWidget(fine)
        row.addStretch(1)
        column.addLayout(row)
        return column

    def _collision_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(_PAD - 3, t.SPACE_2, _PAD, t.SPACE_2)
        row.setSpacing(t.SPACE_2)
        hint = self.item.hint or _("The other value is kept and can be put back.")
        row.addWidget(LineLabel([Run(hint, "muted")], self), 1)
        restorable = [field for field in self.item.fields if field.restorable]
        if len(restorable) == 1:
            restore = KeyHintButton(_("Restore"), keys.hint("sync.restore"), parent=self)
            key = restorable[0].conflict_id
            restore.clicked.connect(lambda: self.restore_wanted.emit(key))
            row.addWidget(restore)
        else:
            for field in restorable:
                words = _("Restore {field}").format(field=field.name)
                restore = KeyHintButton(words, parent=self)
                restore.clicked.connect(
                    lambda _on=False, key=field.conflict_id: self.restore_wanted.emit(key)
                )
                row.addWidget(restore)
        fine = KeyHintButton(_("Fine"), keys.hint("sync.fine"), parent=self)
        fine.clicked.connect(lambda: self.fine_wanted.emit(self.item.key))
        row.addWidget(fine)
        return row

    def set_selected(self, *, selected: bool) -> None:
        """Show or take away the accent bar."""
        self._selected = selected
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit(self.item.key)
        super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._selected:
            painter.fillRect(0, 0, 3, self.height() - 1, theme.color("accent"))
        painter.end()


class NeedCards(QWidget):
    """All cards below each other."""

    chosen = Signal(str)
    fine_wanted = Signal(str)
    open_wanted = Signal(str)
    restore_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[NeedCard] = []
        self._shown: tuple[NeedItem, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.setAlignment(Qt.AlignmentFlag.AlignTop)

    def set_items(self, items: Sequence[NeedItem]) -> None:
        """Show other cards; equal ones are left as they are."""
        if tuple(items) == self._shown:
            return
        self._shown = tuple(items)
        clear_layout(self._column)
        self._cards = []
        for item in items:
            card = NeedCard(item, self)
            card.chosen.connect(self.chosen)
            card.fine_wanted.connect(self.fine_wanted)
            card.open_wanted.connect(self.open_wanted)
            card.restore_wanted.connect(self.restore_wanted)
            self._column.addWidget(card)
            self._cards.append(card)
        self._column.addStretch(1)

    def select(self, key: str) -> NeedCard | None:
        """Move the bar; returns the card that has it."""
        found = None
        for card in self._cards:
            card.set_selected(selected=card.item.key == key)
            if card.item.key == key:
                found = card
        return found

    def cards(self) -> list[NeedCard]:
        """The cards, in order."""
        return list(self._cards)

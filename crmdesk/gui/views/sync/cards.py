"""The cards of "need you": what happened, both values side by side, and the next steps.

Owns painting a card, its buttons and the line to type another value into. What a card says and
offers comes from the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.sync.entry import EntryLine
from crmdesk.gui.views.sync.items import FieldItem, NeedItem, SideItem
from crmdesk.gui.widgets.badges import Badge
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.charts import draw_focus
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel, draw_runs
from crmdesk.gui.widgets.panels import FlowBox, HLine, clear_layout
from crmdesk.i18n import _

_HEAD_ROW = 45
_WORD = 18
_ROW = 50
_PAD = t.SPACE_3
_BAR = 3


class CollisionGrid(QWidget):
    """Name, before, mine and theirs side by side; the kept value tinted and ticked.

    Long values wrap, so that two of them can be compared.
    """

    def __init__(self, item: NeedItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item = item
        self._chosen = -1
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
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

    def _columns(self, width: float) -> list[QRectF]:
        """The four columns, without height."""
        first = max(float(theme.scaled(128)), width * 0.15)
        rest = (width - first) / 3
        return [
            QRectF(0, 0, first, 0),
            *(QRectF(first + place * rest, 0, rest, 0) for place in range(3)),
        ]

    def _heights(self, width: float) -> list[float]:
        """The height of every field's row: as many lines as its longest value needs."""
        columns = self._columns(width)
        room, first = columns[2].width() - 2 * _PAD, columns[0].width() - 2 * _PAD + _BAR
        found = []
        for field in self._item.fields:
            texts = (field.mine.value, field.theirs.value, field.before)
            tallest = max(_text_height(text, room) for text in texts) + theme.scaled(_WORD)
            tallest = max(tallest, _text_height(field.name, first))
            found.append(max(float(theme.scaled(_ROW)), tallest + _PAD))
        return found

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return round(theme.scaled(_HEAD_ROW) + sum(self._heights(width)))

    def sizeHint(self) -> QSize:
        return QSize(480, self.heightForWidth(max(self.width(), 480)))

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        height = self.heightForWidth(self.width())
        if self.minimumHeight() != height:
            self.setFixedHeight(height)

    def choose(self, conflict_id: int) -> None:
        """Ring the field that the keys are about; none for an unknown id."""
        found = [n for n, one in enumerate(self._item.fields) if one.conflict_id == conflict_id]
        chosen = found[0] if found else -1
        if chosen != self._chosen:
            self._chosen = chosen
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        columns = self._columns(self.width())
        head = float(theme.scaled(_HEAD_ROW))
        for place, (column, (title, note)) in enumerate(
            zip(columns, self._item.heads, strict=True)
        ):
            self._two_lines(painter, _inside(column, place, 0, head), title, note)
        top = head
        ring = QRectF()
        for number, (field, height) in enumerate(
            zip(self._item.fields, self._heights(self.width()), strict=True)
        ):
            painter.fillRect(QRectF(0, top, self.width(), 1), theme.color("border"))
            self._paint_field(painter, columns, top, height, field)
            if number == self._chosen:
                ring = QRectF(1, top + 1, self.width() - 2, height - 1)
            top += height
        for column in columns[1:]:
            line = QRectF(round(column.left()), 0, 1, self.height())
            painter.fillRect(line, theme.color("border"))
        if not ring.isNull():
            draw_focus(painter, ring, 2)
        painter.end()

    def _paint_field(
        self, painter: QPainter, columns: Sequence[QRectF], top: float, height: float,
        field: FieldItem,
    ) -> None:  # fmt: skip
        rooms = [_inside(column, place, top, height) for place, column in enumerate(columns)]
        _paint_text(painter, rooms[0], field.name, "text", t.MEDIUM, middle=True)
        _paint_text(painter, rooms[1], field.before, "muted", t.REGULAR, middle=True)
        for column, room, side in (
            (columns[2], rooms[2], field.mine),
            (columns[3], rooms[3], field.theirs),
        ):
            if side.kept:
                ground = QRectF(column.left() + 1, top + 1, column.width() - 1, height - 1)
                painter.fillRect(ground, theme.color("accent_soft"))
            self._paint_side(painter, room, side)

    def _paint_side(self, painter: QPainter, room: QRectF, side: SideItem) -> None:
        word_height = theme.scaled(_WORD)
        tall = word_height + _text_height(side.value, room.width())
        upper = QRectF(room.left(), room.center().y() - tall / 2, room.width(), word_height)
        ink, icon = ("accent", "check") if side.kept else ("muted", "")
        draw_runs(painter, upper, [Run(side.word, ink, size=t.SIZE_SMALL, icon=icon)])
        below = QRectF(room.left(), upper.bottom(), room.width(), tall - word_height)
        weight = t.SEMIBOLD if side.kept else t.REGULAR
        _paint_text(painter, below, side.value, "text", weight)

    def _two_lines(self, painter: QPainter, area: QRectF, title: str, note: str) -> None:
        half = theme.scaled(16)
        upper = QRectF(area.left(), area.center().y() - half, area.width(), half)
        if not note:
            upper.moveTop(area.center().y() - half / 2)
        draw_runs(painter, upper, [Run(title, "muted", size=t.SIZE_SMALL)])
        if note:
            draw_runs(painter, upper.translated(0, half), [Run(note, "muted", size=t.SIZE_SMALL)])


def _inside(column: QRectF, place: int, top: float, height: float) -> QRectF:
    """Where the text of a column stands; the first one lines up with the card's title."""
    left = _PAD - _BAR if place == 0 else _PAD
    return QRectF(column.left() + left, top, column.width() - left - _PAD, height)


def _wrapped(text: str, width: float, weight: int) -> QTextLayout:
    """The text in lines of at most this width, parted between words as far as that is possible."""
    layout = QTextLayout(text, theme.font(t.SIZE_BODY, weight, tabular=True))
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    y = 0.0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(width, 40.0))
        line.setPosition(QPointF(0, y))
        y += line.height()
    layout.endLayout()
    return layout


def _text_height(text: str, width: float) -> float:
    """Height of a value that wraps, in its wider weight."""
    return _wrapped(text, width, t.SEMIBOLD).boundingRect().height()


def _paint_text(
    painter: QPainter, room: QRectF, text: str, ink: str, weight: int, *, middle: bool = False
) -> None:
    layout = _wrapped(text, room.width(), weight)
    top = room.top()
    if middle:
        top += (room.height() - layout.boundingRect().height()) / 2
    painter.setPen(theme.color(ink))
    layout.draw(painter, QPointF(room.left(), top))


class NeedCard(QWidget):
    """One card; the selected one has the accent bar and the filled button."""

    chosen = Signal(str)
    wanted = Signal(str, str)
    kept = Signal(str, int)
    value_given = Signal(int, str)
    entry_closed = Signal()

    def __init__(self, item: NeedItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.item = item
        self.entry: EntryLine | None = None
        self._selected = False
        self._primary: KeyHintButton | None = None
        self._grid: CollisionGrid | None = None
        said = (item.title, item.note, item.sentence, *item.lines, item.hint)
        self.setAccessibleName(". ".join(part for part in said if part))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(_BAR, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head())
        column.addWidget(HLine(self))
        if item.sentence:
            column.addLayout(self._words(item))
        if item.fields:
            if item.sentence:
                column.addWidget(HLine(self))
            self._grid = CollisionGrid(item, self)
            column.addWidget(self._grid)
            column.addWidget(HLine(self))
        column.addLayout(self._foot(item))
        column.addWidget(HLine(self))

    def _head(self) -> QWidget:
        item = self.item
        head = QWidget(self)
        theme.fix_height(head, 40)
        row = QHBoxLayout(head)
        row.setContentsMargins(_PAD - _BAR, 0, _PAD, 0)
        row.setSpacing(t.SPACE_2)
        row.addWidget(Badge(item.badge, head))
        runs = [Run(item.title, weight=t.SEMIBOLD)]
        if item.note:
            runs.append(Run(item.note, "muted", gap=t.SPACE_2))
        row.addWidget(LineLabel(runs, head), 1)
        at = LineLabel([Run(item.at, "muted", size=t.SIZE_SMALL)], head, right=True)
        at.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row.addWidget(at)
        return head

    def _words(self, item: NeedItem) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setContentsMargins(_PAD - _BAR, t.SPACE_3, _PAD, t.SPACE_2)
        column.setSpacing(t.SPACE_1)
        column.addWidget(TextLabel(item.sentence, wrap=True, parent=self))
        for line in item.lines:
            column.addWidget(TextLabel(f"· {line}", wrap=True, parent=self))
        return column

    def _foot(self, item: NeedItem) -> QVBoxLayout:
        column = QVBoxLayout()
        top = 0 if item.sentence and not item.fields else t.SPACE_2
        column.setContentsMargins(_PAD - _BAR, top, _PAD, t.SPACE_3)
        column.setSpacing(t.SPACE_2)
        if item.hint:
            column.addWidget(TextLabel(item.hint, ink="muted", wrap=True, parent=self))
        box = FlowBox(self)
        box.set_parts(self._buttons(item, box))
        column.addWidget(box)
        return column

    def _buttons(self, item: NeedItem, box: QWidget) -> list[QWidget]:
        made: list[QWidget] = []
        if item.restorable:
            for side in ("mine", "theirs"):
                made.append(self._button(f"sync.{side}", box, partial(self._keep, side)))
            if any(field.typed for field in item.restorable):
                made.append(self._step("other", "sync.other", box))
        if item.order_id is not None or item.copy_id is not None:
            words = _("Open the copy") if item.order_id is not None else _("Make a copy")
            self._primary = self._step("open", "sync.open", box, words)
            made.append(self._primary)
        if item.quote_id is not None:
            self._primary = self._step("open", "sync.open", box, _("Open the quote"))
            made.append(self._primary)
        if item.can_retry:
            again = self._step("retry", "sync.retry", box)
            self._primary = self._primary or again
            made.append(again)
        if not made and item.account_id is not None:
            made.append(self._step("open", "sync.open", box, _("Open the customer")))
        words = _("Fine") if item.kind == "conflict" else _("Seen")
        fine = self._step("fine", "sync.fine", box, words)
        if item.kind not in ("conflict", "refused"):
            self._primary = self._primary or fine
        made.append(fine)
        return made

    def _step(self, what: str, action: str, box: QWidget, words: str = "") -> KeyHintButton:
        return self._button(action, box, lambda: self.wanted.emit(what, self.item.key), words)

    def _button(
        self, action: str, box: QWidget, slot: Callable[[], object], words: str = ""
    ) -> KeyHintButton:
        button = KeyHintButton(words or keys.title(action), keys.hint(action), parent=box)
        button.clicked.connect(lambda _on=False: slot())
        return button

    def _keep(self, side: str) -> None:
        self.kept.emit(side, self._field_id)

    @property
    def _field_id(self) -> int:
        """The field that the card's buttons are about."""
        fields = self.item.restorable
        return fields[min(self._field, len(fields) - 1)].conflict_id if fields else 0

    _field = 0

    # ------------------------------------------------------------------------------- selecting

    def set_selected(self, *, selected: bool, field: int = 0) -> None:
        """Show or take away the accent bar; the keys are about one field of several."""
        self._selected = selected
        self._field = field if selected else 0
        if self._primary is not None:
            self._primary.set_kind("filled" if selected else "outline")
        if self._grid is not None:
            several = selected and len(self.item.restorable) > 1
            self._grid.choose(self._field_id if several else 0)
        self.update()

    def ask(self, field: FieldItem) -> None:
        """Have another value of a field typed, below the values."""
        self.close_entry()
        label = _("Another value for {field}").format(field=field.name)
        self.entry = EntryLine(label, _("Keep this"), field.plain, self)
        self.entry.setContentsMargins(-_BAR, 0, 0, 0)
        key = field.conflict_id
        self.entry.given.connect(lambda text: self.value_given.emit(key, text))
        self.entry.dropped.connect(self.close_entry)
        self._column.insertWidget(self._column.count() - 2, self.entry)
        self.entry.begin()

    def close_entry(self) -> None:
        """Take the line away again."""
        if self.entry is not None:
            self._column.removeWidget(self.entry)
            self.entry.hide()
            self.entry.deleteLater()
            self.entry = None
            self.entry_closed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit(self.item.key)
        super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._selected:
            painter.fillRect(0, 0, _BAR, self.height() - 1, theme.color("accent"))
        painter.end()


class NeedCards(QWidget):
    """All cards below each other; they stay as they are while somebody types into one."""

    chosen = Signal(str)
    wanted = Signal(str, str)
    kept = Signal(str, int)
    value_given = Signal(int, str)
    entry_closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[NeedCard] = []
        self._shown: tuple[NeedItem, ...] = ()
        self._later: tuple[NeedItem, ...] | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.setAlignment(Qt.AlignmentFlag.AlignTop)

    def set_items(self, items: Sequence[NeedItem]) -> None:
        """Show other cards; equal ones are left as they are, and so is one that is typed into."""
        if self._typed_into() is not None:
            self._later = tuple(items)
            return
        if tuple(items) == self._shown:
            return
        self._shown = tuple(items)
        clear_layout(self._column)
        self._cards = []
        for item in items:
            card = NeedCard(item, self)
            card.chosen.connect(self.chosen)
            card.wanted.connect(self.wanted)
            card.kept.connect(self.kept)
            card.value_given.connect(self.value_given)
            card.entry_closed.connect(self._on_entry_closed)
            self._column.addWidget(card)
            self._cards.append(card)
        self._column.addStretch(1)

    def _typed_into(self) -> NeedCard | None:
        return next((card for card in self._cards if card.entry is not None), None)

    def _on_entry_closed(self) -> None:
        later, self._later = self._later, None
        if later is not None:
            self.set_items(later)
        self.entry_closed.emit()

    def ask(self, key: str, field: FieldItem) -> None:
        """Have another value typed into a card."""
        for card in self._cards:
            if card.item.key == key:
                card.ask(field)

    def entry(self) -> EntryLine | None:
        """The line that is typed into, if any."""
        card = self._typed_into()
        return None if card is None else card.entry

    def close_entry(self) -> None:
        """What was typed is done with."""
        card = self._typed_into()
        if card is not None:
            card.close_entry()

    def select(self, key: str, field: int = 0) -> NeedCard | None:
        """Move the bar; returns the card that has it."""
        found = None
        for card in self._cards:
            card.set_selected(selected=card.item.key == key, field=field)
            if card.item.key == key:
                found = card
        return found

    def cards(self) -> list[NeedCard]:
        """The cards, in order."""
        return list(self._cards)

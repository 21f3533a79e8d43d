"""The brief of a stop: who, what they will need, what to know before going in, and the visit.

Owns painting the brief. What is in it comes from
:mod:`crmdesk.gui.views.today.model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import icons, keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.today.model import BriefItem, FactItem
from crmdesk.gui.widgets.badges import Badge
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.charts import ChartWidget, text_token
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.lines import LineLabel, Run, draw_runs, runs_width
from crmdesk.gui.widgets.needs import NeedsList
from crmdesk.gui.widgets.outcome_bar import OutcomeBar
from crmdesk.gui.widgets.panels import HLine, Panel, VLine, clear_layout
from crmdesk.i18n import _

_FACT_ROW = 51
_FACTS_WIDTH = 276
_WITH_BARS = 460
_NARROW = 620


class FactsList(ChartWidget):
    """What to know before going in; walked with Up and Down, Enter opens."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[FactItem, ...] = ()
        self.setAccessibleName(_("Before you go in"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_items(self, items: Sequence[FactItem]) -> None:
        """Show other facts."""
        self._items = tuple(items)
        self.parts_changed()

    def items(self) -> tuple[FactItem, ...]:
        """The facts shown."""
        return self._items

    def part_count(self) -> int:
        return len(self._items)

    def part_rect(self, part: int) -> QRectF:
        height = theme.scaled(_FACT_ROW)
        return QRectF(0, part * height, self.width(), height)

    def part_text(self, part: int) -> str:
        item = self._items[part]
        return f"{item.lead} {item.words}, {item.when}. {item.detail}"

    def sizeHint(self) -> QSize:
        return QSize(_FACTS_WIDTH, max(len(self._items), 1) * theme.scaled(_FACT_ROW))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and self._items:
            self.set_part(max(self.part() + step, 0))
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._items:
            area = QRectF(self.rect()).adjusted(t.SPACE_3, 0, -t.SPACE_3, 0)
            draw_runs(painter, area, [Run(_("Nothing is waiting."), "muted")])
        for part, item in enumerate(self._items):
            rect = self.part_rect(part)
            self._paint_item(painter, rect, item)
            painter.fillRect(
                QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("border")
            )
        self.draw_part_focus(painter)
        painter.end()

    def _paint_item(self, painter: QPainter, rect: QRectF, item: FactItem) -> None:
        half = rect.height() / 2
        side = theme.scaled(16)
        upper = QRectF(rect.left() + t.SPACE_3, rect.top() + 5, rect.width() - 24, half - 4)
        icon = QRectF(upper.left(), upper.center().y() - side / 2, side, side)
        icons.paint(painter, item.icon, icon, text_token(item.tone))
        left = icon.right() + t.SPACE_2
        when = [Run(item.when, text_token(item.when_tone), size=t.SIZE_SMALL)]
        room = runs_width(when)
        draw_runs(painter, upper, when, right=True)
        words = [Run(item.lead, weight=t.SEMIBOLD)]
        if item.words:
            words.append(Run(item.words, gap=t.SPACE_1))
        end = upper.right() - room - t.SPACE_2
        draw_runs(painter, QRectF(left, upper.top(), end - left, upper.height()), words)
        lower = QRectF(left, rect.top() + half - 1, upper.right() - left, half - 4)
        draw_runs(painter, lower, [Run(item.detail, "muted", size=t.SIZE_SMALL)])


class BriefPanel(Panel):
    """The brief with its one filled button."""

    visit_wanted = Signal()
    card_wanted = Signal()
    order_wanted = Signal()
    need_opened = Signal(int)
    outcome_chosen = Signal(str, object)
    outcome_left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._item: BriefItem | None = None
        self.body.addWidget(self._make_head())
        self.outcome = OutcomeBar(self)
        self.outcome.hide()
        self.outcome.chosen.connect(self.outcome_chosen)
        self.outcome.left.connect(self.outcome_left)
        self.body.addWidget(self.outcome)
        self.body.addWidget(HLine(self))
        self.needs = NeedsList(_("Will need"), parent=self)
        self.needs.part_activated.connect(self._on_need_activated)
        self.facts = FactsList(self)
        self._needs_head = _ListHead(_("Will need"), self)
        self._totals = LineLabel(parent=self, right=True)
        columns = QHBoxLayout()
        columns.setSpacing(0)
        columns.addLayout(self._list_column(self._needs_head, self.needs, self._totals), 1)
        columns.addWidget(VLine(self))
        side = self._side = QWidget(self)
        facts_column = self._list_column(_ListHead(_("Before you go in"), self), self.facts, None)
        side.setLayout(facts_column)
        columns.addWidget(side)
        self.body.addLayout(columns, 1)
        self.show_item(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < theme.scaled(_NARROW)
        side = min(theme.scaled(_FACTS_WIDTH), round(self.width() * 0.4))
        self._side.setFixedWidth(side)
        columns = [Run(_("Suggested"), "muted", size=t.SIZE_SMALL)]
        # The list shows its bars only where there is room for them.
        if self.width() - side >= theme.scaled(_WITH_BARS):
            chance = Run(_("In 14 days"), "muted", size=t.SIZE_SMALL)
            columns = [chance, replace(columns[0], gap=t.SPACE_5 + 18)]
        self._needs_head.set_right(columns)
        self._badge_box.setVisible(not narrow)
        self.card.setVisible(not narrow)

    def _make_head(self) -> QWidget:
        head = QWidget(self)
        theme.fix_height(head, 70)
        self._name = LineLabel(parent=head)
        self._name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._address = LineLabel(parent=head)
        self._badge_box = QWidget(head)
        self._badges = QHBoxLayout(self._badge_box)
        self._badges.setContentsMargins(0, 0, 0, 0)
        self._badges.setSpacing(t.SPACE_2)
        first = QHBoxLayout()
        first.setSpacing(t.SPACE_2)
        first.addWidget(self._name)
        first.addWidget(self._badge_box)
        first.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addLayout(first)
        words.addWidget(self._address)
        words.addStretch(1)
        self.card = KeyHintButton(keys.title("today.card"), keys.hint("today.card"), parent=head)
        self.card.clicked.connect(self.card_wanted)
        self.order = KeyHintButton(keys.title("today.order"), keys.hint("today.order"), parent=head)
        self.order.clicked.connect(self.order_wanted)
        self.visit = KeyHintButton(
            keys.title("today.visit"), keys.hint("today.visit"), kind="filled", large=True,
            parent=head,
        )  # fmt: skip
        self.visit.clicked.connect(self.visit_wanted)
        row = QHBoxLayout(head)
        row.setContentsMargins(t.SPACE_3, 0, t.SPACE_3, 0)
        row.setSpacing(t.SPACE_3)
        row.addLayout(words, 1)
        row.addWidget(self.card)
        row.addWidget(self.order)
        row.addWidget(self.visit)
        return head

    def _list_column(self, head: QWidget, content: QWidget, foot: QWidget | None) -> QVBoxLayout:
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget(area)
        holder.setAutoFillBackground(False)
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(content)
        inner.addStretch(1)
        area.setWidget(holder)
        area.viewport().setAutoFillBackground(False)
        holder.setAutoFillBackground(False)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(HLine(self))
        column.addWidget(area, 1)
        if foot is not None:
            column.addWidget(HLine(self))
            strip = QHBoxLayout()
            strip.setContentsMargins(t.SPACE_3, 9, t.SPACE_3, 9)
            strip.addWidget(foot)
            column.addLayout(strip)
        return column

    def show_item(self, item: BriefItem | None) -> None:
        """Show another brief; None shows nothing rather than the wrong customer."""
        self._item = item
        clear_layout(self._badges)
        if item is None:
            self._name.set_runs([])
            self._address.set_runs([])
            self.needs.set_items([])
            self.facts.set_items([])
            self._totals.set_runs([])
            return
        self.setAccessibleName(item.name)
        self._name.set_runs([Run(item.name, weight=t.SEMIBOLD, size=t.SIZE_TITLE)])
        for badge in item.badges:
            self._badges.addWidget(Badge(badge, self))
        self._address.set_runs([Run(item.address, "muted")])
        self.needs.set_items(item.needs, _("Nothing is due here in the next two weeks."))
        self.facts.set_items(item.facts)
        self._needs_head.set_note(item.needs_note)
        self._totals.set_runs(
            [
                Run(part.text, text_token(part.tone), t.REGULAR if place == 0 else t.SEMIBOLD)
                for place, part in enumerate(item.totals)
            ]
        )

    def item(self) -> BriefItem | None:
        """The brief shown."""
        return self._item

    def show_running(self, minutes: int | None) -> None:
        """Say that the visit shown here runs (since so many minutes), or that it does not."""
        running = minutes is not None
        words = _("End visit") if running else keys.title("today.visit")
        self.visit.set_label(words)
        self.order.setVisible(running)
        if running and self._item is not None:
            clear_layout(self._badges)
            text = _("Visit running, {minutes} min").format(minutes=minutes)
            self._badges.addWidget(Badge(BadgeItem(text, Tone.ACCENT, "clock"), self))

    def _on_need_activated(self, part: int) -> None:
        self.need_opened.emit(self.needs.items()[part].key)


class _ListHead(QWidget):
    """The heading of one of the brief's lists."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._note = ""
        self._right: tuple[Run, ...] = ()
        theme.fix_height(self, 32)
        self.setAccessibleName(title)

    def set_note(self, note: str) -> None:
        """The muted words after the title."""
        self._note = note
        self.update()

    def set_right(self, runs: Sequence[Run]) -> None:
        """The words at the right end."""
        self._right = tuple(runs)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect()).adjusted(t.SPACE_3, 0, -t.SPACE_3, 0)
        runs = [Run(self._title, weight=t.SEMIBOLD)]
        if self._note:
            runs.append(Run(self._note, "muted", size=t.SIZE_SMALL, gap=t.SPACE_2))
        draw_runs(painter, area, runs)
        draw_runs(painter, area, self._right, right=True)
        painter.end()

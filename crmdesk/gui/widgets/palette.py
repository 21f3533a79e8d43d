"""What the command field found, below the field: groups of hits, one of them marked.

Owns showing, walking and choosing hits. Searching is left to the shell.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QGraphicsDropShadowEffect,
    QStyle,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import Hit
from crmdesk.gui.widgets.buttons import key_cap_width, paint_key_cap
from crmdesk.gui.widgets.charts import fill_round
from crmdesk.gui.widgets.delegates import CellDelegate
from crmdesk.gui.widgets.lines import Run, TextLabel, draw_runs
from crmdesk.gui.widgets.panels import Surface
from crmdesk.gui.widgets.rows import ROW_ROLE, Cell, Column, Heading, Index, Key, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _

_ROW = 34
_MOST = 12


class _HitDelegate(CellDelegate):
    """One hit: icon, title, muted detail, and its key at the right."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | Index
    ) -> None:
        hit = index.data(ROW_ROLE)
        if not isinstance(hit, Hit):
            super().paint(painter, option, index)
            return
        area = QRectF(option.rect)
        painter.fillRect(area, theme.color("raised"))
        if option.state & QStyle.StateFlag.State_Selected:
            fill_round(painter, area.adjusted(4, 1, -4, -1), "accent_soft", t.RADIUS)
        side = theme.scaled(16)
        mark = QRectF(area.left() + t.SPACE_3, area.center().y() - side / 2, side, side)
        icons.paint(painter, hit.icon or "command", mark, "muted")
        words = area.adjusted(t.SPACE_3 + side + t.SPACE_2, 0, -t.SPACE_3, 0)
        if hit.keys:
            width = key_cap_width(hit.keys)
            paint_key_cap(painter, words.right() - width, words.center().y(), hit.keys)
            words.setRight(words.right() - width - t.SPACE_2)
        runs = [Run(hit.title, weight=t.MEDIUM)]
        if hit.detail:
            runs.append(Run(hit.detail, "muted", size=t.SIZE_SMALL, gap=t.SPACE_2))
        draw_runs(painter, words, runs)


class Palette(Surface):
    """The floating list; ``chosen(hit)`` comes with Enter or a click."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="raised", edge="border_strong")
        column = Column("hit", "", lambda hit: Cell(hit.title), stretch=True, sortable=False)
        self._model = RowsModel([column], parent=self)
        self._table = RowsTable(self._model, row_height=_ROW, parent=self)
        self._table.horizontalHeader().hide()
        self._table.setItemDelegate(_HitDelegate(self._table))
        self._table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._table.setAccessibleName(_("Found"))
        self._table.clicked.connect(self.choose_current)
        self._nothing = TextLabel("", ink="muted", wrap=True, parent=self)
        self._nothing.setMargin(t.SPACE_4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, t.SPACE_1, 1, t.SPACE_1)
        layout.addWidget(self._table)
        layout.addWidget(self._nothing)
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(32)
        shadow.setOffset(0, 6)
        shadow.setColor(QColor(0, 0, 0, 60))
        self.setGraphicsEffect(shadow)
        self.hide()

    def show_hits(self, hits: Sequence[Hit], text: str) -> None:
        """Show hits under their groups and mark the first; says so when there are none."""
        entries: list[Key | Heading] = []
        group = ""
        for number, hit in enumerate(hits):
            if hit.group != group:
                group = hit.group
                run = Run(group, "muted", t.SEMIBOLD, t.SIZE_SMALL)
                entries.append(Heading(group, (run,)))
            entries.append(number)
        self._model.set_keys(entries, dict(enumerate(hits)))
        self._table.setVisible(bool(hits))
        self._nothing.setVisible(not hits)
        self._nothing.setText(
            _("Nothing found for “{text}”. Try fewer letters, a town or a code.").format(text=text)
        )
        rows = sum(theme.scaled(_ROW) for entry in entries) + t.SPACE_4
        self.resize(self.width(), min(rows if hits else theme.scaled(64), theme.scaled(_ROW) * 14))
        if hits:
            self._table.select_first()

    def hits_shown(self) -> list[Hit]:
        """The hits, in order."""
        return [self._model.row_of(key) for key in self._model.shown_keys()]

    def choose_current(self, _index: object = None) -> None:
        """Choose the marked hit."""
        key = self._table.current_key()
        if key is not None:
            self.chosen.emit(self._model.row_of(key))

    def walk(self, event: QKeyEvent) -> bool:
        """Let the field's arrow and Enter keys act here; False for other keys."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._table.keyPressEvent(event)
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.choose_current()
            return True
        return False

    def event(self, event: QEvent) -> bool:
        # A press inside must not take the focus from the field.
        if event.type() == QEvent.Type.MouseButtonPress:
            return True
        return super().event(event)

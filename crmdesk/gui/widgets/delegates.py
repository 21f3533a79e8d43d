"""How the cells of a table are painted and typed into.

Owns :class:`CellDelegate`: one or two lines, numbers with a muted unit, badges, value boxes, ticks,
headings, the selection bar. Columns with a picture of their own (sparkline, probability) subclass
it and paint :meth:`CellDelegate.paint_content`.
"""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QIntValidator, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.badges import badge_size, paint_badge
from crmdesk.gui.widgets.charts import saved, text_token
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.lines import Run, draw_runs, runs_width
from crmdesk.gui.widgets.rows import CELL_ROLE, HEADING_ROLE, Cell, Heading, Index

PAD = t.SPACE_3
TICK_ROOM = 34
_BAR = 3


def paint_tick(painter: QPainter, rect: QRectF, *, on: bool) -> None:
    """A 16 px tick box centred in ``rect``."""
    side = theme.scaled(16)
    box = QRectF(
        rect.center().x() - side / 2 + 0.5, rect.center().y() - side / 2 + 0.5, side - 1, side - 1
    )
    with saved(painter):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent" if on else "border_strong"), 1))
        painter.setBrush(theme.color("accent" if on else "surface"))
        painter.drawRoundedRect(box, 3, 3)
    if on:
        icons.paint(painter, "check", box.adjusted(1.5, 1.5, -1.5, -1.5), "on_accent")


class CellDelegate(QStyledItemDelegate):
    """Paints :class:`~crmdesk.gui.widgets.rows.Cell` values and edits value boxes."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | Index
    ) -> None:
        rect = QRectF(option.rect)
        heading = index.data(HEADING_ROLE)
        if isinstance(heading, Heading):
            self._paint_heading(painter, rect, heading)
            return
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.fillRect(rect, theme.color("accent_soft" if selected else "window"))
        painter.fillRect(
            QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("border")
        )
        if selected and rect.left() <= 0:
            bar = QRectF(rect.left(), rect.top(), _BAR, rect.height())
            painter.fillRect(bar, theme.color("accent"))
        content = rect.adjusted(PAD, 0, -PAD, -1)
        check = index.data(Qt.ItemDataRole.CheckStateRole)
        if check is not None:
            tick = QRectF(rect.left() + t.SPACE_2, rect.top(), 24, rect.height())
            paint_tick(painter, tick, on=Qt.CheckState(check) == Qt.CheckState.Checked)
            content.setLeft(rect.left() + TICK_ROOM + t.SPACE_2)
        cell = index.data(CELL_ROLE)
        if isinstance(cell, Cell):
            align = Qt.AlignmentFlag(index.data(Qt.ItemDataRole.TextAlignmentRole))
            right = bool(align & Qt.AlignmentFlag.AlignRight)
            self.paint_content(painter, content, cell, right=right)

    def paint_content(self, painter: QPainter, rect: QRectF, cell: Cell, *, right: bool) -> None:
        """Paint a cell's content into the room between the paddings."""
        if cell.field:
            self._paint_field(painter, rect, cell)
        elif cell.badge is not None and not cell.text:
            size = badge_size(cell.badge)
            width = min(size.width(), rect.width())
            left = rect.right() - width if right else rect.left()
            top = rect.center().y() - size.height() / 2
            paint_badge(painter, QRectF(left, top, width, size.height()), cell.badge)
        elif cell.detail:
            half = theme.scaled(18)
            top = rect.center().y() - half
            upper = QRectF(rect.left(), top, rect.width(), half)
            self._paint_line(painter, upper, cell, right=right)
            lower = upper.translated(0, half)
            ink = text_token(cell.detail_tone)
            draw_runs(painter, lower, [Run(cell.detail, ink, size=t.SIZE_SMALL)], right=right)
        else:
            self._paint_line(painter, rect, cell, right=right)

    def _paint_line(self, painter: QPainter, rect: QRectF, cell: Cell, *, right: bool) -> None:
        ink = text_token(cell.tone)
        weight = t.SEMIBOLD if cell.strong else t.MEDIUM if cell.detail else t.REGULAR
        runs = [Run(cell.text, ink, weight, icon=cell.icon)]
        if cell.unit:
            runs.append(Run(cell.unit, "muted", gap=t.SPACE_1))
        if cell.badge is not None:
            size = badge_size(cell.badge)
            room = rect.width() - size.width() - t.SPACE_2
            used = draw_runs(painter, QRectF(rect.left(), rect.top(), room, rect.height()), runs)
            left = rect.left() + min(used, room) + t.SPACE_2
            top = rect.center().y() - size.height() / 2
            paint_badge(painter, QRectF(left, top, size.width(), size.height()), cell.badge)
            return
        draw_runs(painter, rect, runs, right=right)

    def _paint_field(self, painter: QPainter, rect: QRectF, cell: Cell) -> None:
        height = theme.scaled(28)
        box = QRectF(
            rect.left() + 0.5, rect.center().y() - height / 2 + 0.5, rect.width() - 1, height - 1
        )
        with saved(painter):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("border_strong"), 1))
            painter.setBrush(theme.color("surface"))
            painter.drawRoundedRect(box, t.RADIUS, t.RADIUS)
        inner = box.adjusted(t.SPACE_2, 0, -t.SPACE_2, 0)
        number = [Run(cell.text, text_token(cell.tone), t.SEMIBOLD)]
        if not cell.unit:
            draw_runs(painter, inner, number, right=True)
            return
        split = inner.left() + inner.width() * 0.5
        left = QRectF(inner.left(), inner.top(), split - inner.left(), inner.height())
        draw_runs(painter, left, number, right=True)
        unit = QRectF(split + t.SPACE_1 + 2, inner.top(), inner.right() - split, inner.height())
        draw_runs(painter, unit, [Run(cell.unit, "muted")])

    def _paint_heading(self, painter: QPainter, rect: QRectF, heading: Heading) -> None:
        painter.fillRect(rect, theme.color("window"))
        painter.fillRect(
            QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("border")
        )
        content = rect.adjusted(PAD, 0, -PAD, -1)
        room = runs_width(heading.right)
        draw_runs(painter, content.adjusted(0, 0, -room - t.SPACE_4, 0), heading.runs)
        draw_runs(painter, content, heading.right, right=True)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | Index) -> QSize:
        cell = index.data(CELL_ROLE)
        if not isinstance(cell, Cell):
            return QSize(80, theme.scaled(t.ROW))
        runs = [Run(cell.text, icon=cell.icon), Run(cell.unit, gap=t.SPACE_1)]
        width = max(runs_width(runs), runs_width([Run(cell.detail, size=t.SIZE_SMALL)]))
        if cell.badge is not None:
            width += badge_size(cell.badge).width() + t.SPACE_2
        return QSize(round(width) + 2 * PAD + 2, theme.scaled(t.ROW))

    # ------------------------------------------------------------------------------- editing

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | Index
    ) -> QWidget:
        editor = QLineEdit(parent)
        editor.setValidator(QIntValidator(0, 999_999, editor))
        editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        editor.setFont(theme.font(t.SIZE_BODY, t.SEMIBOLD, tabular=True))
        return editor

    def setEditorData(self, editor: QWidget, index: QModelIndex | Index) -> None:
        cell = index.data(CELL_ROLE)
        if isinstance(editor, QLineEdit) and isinstance(cell, Cell):
            editor.setText("".join(sign for sign in cell.text if sign.isdecimal()))
            editor.selectAll()

    def setModelData(
        self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex | Index
    ) -> None:
        if isinstance(editor, QLineEdit) and editor.text():
            model.setData(index, editor.text(), Qt.ItemDataRole.EditRole)

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: QModelIndex | Index
    ) -> None:
        rect = option.rect
        height = theme.scaled(28)
        editor.setGeometry(
            rect.left() + PAD, rect.center().y() - height // 2, rect.width() - 2 * PAD, height
        )

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: QModelIndex | Index,
    ) -> bool:
        check = index.data(Qt.ItemDataRole.CheckStateRole)
        if (
            check is not None
            and event.type() == QEvent.Type.MouseButtonRelease
            and isinstance(event, QMouseEvent)
            and event.position().x() - option.rect.left() < TICK_ROOM
        ):
            on = Qt.CheckState(check) == Qt.CheckState.Checked
            wanted = Qt.CheckState.Unchecked if on else Qt.CheckState.Checked
            return model.setData(index, wanted, Qt.ItemDataRole.CheckStateRole)
        return False


def set_clipboard(text: str) -> None:
    """Put plain text on the clipboard."""
    QApplication.clipboard().setText(text)


def muted(text: str) -> Cell:
    """A cell in the muted ink, for facts of second rank."""
    return Cell(text, tone=Tone.MUTED)

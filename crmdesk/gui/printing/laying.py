"""Pieces of a document as Qt's rich text lays them out, and pages painted from slices of them.

Everything here may run on any thread, as long as all of it runs on the same one and the typeface
was loaded on the interface's. Lengths are px of 1/96 inch; the painter is scaled to its device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QPainter,
    QPalette,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextLength,
    QTextOption,
    QTextTable,
)

from crmdesk.gui.printing.paging import LaidBlock, LaidTable, Pager, Slice
from crmdesk.gui.printing.pictures import Pictures
from crmdesk.gui.printing.typeface import document_font
from crmdesk.interchange.documents.sheet import Picture, Piece, Sheet, Table, table_html
from crmdesk.interchange.documents.template import PAGE, PAGES, SUM

_ROW_PAD = 5.0
_COLUMN_PAD = 7.0
_FOOT_GAP = 14.0
_RULE = QColor("#d5dae2")
_STRONG_RULE = QColor("#566070")
_HAIR = 0.6


class Rich:
    """One piece of rich text at a width."""

    def __init__(self, html: str, width: float, setting: Setting) -> None:
        document = QTextDocument()
        document.setUndoRedoEnabled(False)
        document.setDocumentMargin(0)
        document.setUseDesignMetrics(True)
        document.setDefaultFont(setting.font)
        document.setDefaultStyleSheet(setting.style)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        # Names from right to left are set apart; the page itself reads from left to right.
        option.setTextDirection(Qt.LayoutDirection.LeftToRight)
        document.setDefaultTextOption(option)
        layout = document.documentLayout()
        layout.registerHandler(QTextFormat.ObjectTypes.ImageObject, setting.pictures)
        document.setHtml(html)
        document.setTextWidth(width)
        self.document = document
        self.width = width
        self._setting = setting  # the layout does not keep what draws its pictures

    @property
    def height(self) -> float:
        """How tall the piece is."""
        return self.document.size().height()

    def line_breaks(self) -> Sequence[float]:
        """The lower edges of all lines."""
        edges = []
        layout = self.document.documentLayout()
        block = self.document.begin()
        while block.isValid():
            top = layout.blockBoundingRect(block).top()
            text = block.layout()
            for number in range(text.lineCount()):
                line = text.lineAt(number)
                edges.append(top + line.y() + line.height())
            block = block.next()
        return sorted(set(edges))

    def paint(self, painter: QPainter, part: Slice) -> None:
        """Draw a slice of it at its place."""
        view = QRectF(0, part.top, self.width, part.bottom - part.top)
        painter.save()
        painter.translate(0, part.y - part.top)
        painter.setClipRect(view.adjusted(-1, 0, 1, 0))
        context = QAbstractTextDocumentLayout.PaintContext()
        context.clip = view
        context.palette.setColor(QPalette.ColorRole.Text, QColor("#1a202a"))
        self.document.documentLayout().draw(painter, context)
        painter.restore()
        for rule in part.rules:
            y = part.y + rule - part.top
            ink = _STRONG_RULE if part.strong else _RULE
            painter.fillRect(QRectF(0, y - _HAIR / 2, self.width, _HAIR), ink)


@dataclass(frozen=True, slots=True)
class Setting:
    """What all pieces of a document share."""

    font: QFont
    style: str
    pictures: Pictures


@dataclass(frozen=True, slots=True)
class Pages:
    """A laid out document: the slices of each page, and what stands at the foot of all."""

    pages: tuple[tuple[Slice, ...], ...]
    foot: str
    width: float
    height: float
    setting: Setting


def lay_out(sheet: Sheet, width: float, height: float) -> Pages:
    """Lay a document on pages of a printed area."""
    font = document_font()
    pictures: dict[str, Picture] = dict(sheet.pictures)
    setting = Setting(font, sheet.style, Pictures(pictures, font))
    foot = Rich(_numbered(sheet.foot, 1, 1), width, setting).height
    top = Rich(sheet.top, width, setting)
    laid = [_laid(piece, width, setting) for piece in sheet.pieces]
    pages = Pager(height - foot - _FOOT_GAP, top).lay(laid)
    return Pages(tuple(map(tuple, pages)), sheet.foot, width, height, setting)


def paint_page(painter: QPainter, laid: Pages, number: int) -> None:
    """Draw one page, counted from 0; the painter's unit is px of 1/96 inch."""
    for part in laid.pages[number]:
        if isinstance(part.laid, Rich):
            part.laid.paint(painter, part)
    text = _numbered(laid.foot, number + 1, len(laid.pages))
    foot = Rich(text, laid.width, laid.setting)
    y = laid.height - foot.height
    painter.fillRect(QRectF(0, y - _FOOT_GAP / 2, laid.width, _HAIR), _RULE)
    foot.paint(painter, Slice(foot, 0, foot.height, y))


def _numbered(foot: str, page: int, pages: int) -> str:
    return foot.replace(PAGES, str(pages)).replace(PAGE, str(page))


def _laid(piece: Piece, width: float, setting: Setting) -> LaidBlock | LaidTable:
    if not isinstance(piece, Table):
        return LaidBlock(Rich(piece.html, width, setting), piece.with_next, piece.gap)
    head = _rows(piece, piece.head, width, setting)
    rows = _rows(piece, table_html(piece), width, setting)

    def carried(place: int, out: bool) -> Rich:
        row = piece.carried_out if out else piece.carried_in
        carry = piece.rows[place - 1].carry if place else ""
        return _rows(piece, row.replace(SUM, carry), width, setting)

    edges = _edges(rows, len(piece.rows))
    return LaidTable(head, rows, edges, carried if piece.carried_out else None)


def _rows(table: Table, rows: str, width: float, setting: Setting) -> Rich:
    """Rows as a table of fixed columns, so that every part of it has the same ones."""
    html = f'<table width="100%" cellspacing="0" cellpadding="0" border="0">{rows}</table>'
    rich = Rich(html, width, setting)
    found = _table_of(rich.document)
    # One change for all: every single one would lay the whole table out again.
    cursor = QTextCursor(rich.document)
    cursor.beginEditBlock()
    shape = found.format()
    shape.setColumnWidthConstraints(
        [QTextLength(QTextLength.Type.PercentageLength, share) for share in table.widths]
    )
    found.setFormat(shape)
    _pad(found)
    cursor.endEditBlock()
    return rich


def _pad(table: QTextTable) -> None:
    last = table.columns() - 1
    for row in range(table.rows()):
        for column in range(table.columns()):
            cell = table.cellAt(row, column)
            if cell.column() != column:
                continue
            shape = cell.format().toTableCellFormat()
            shape.setTopPadding(_ROW_PAD)
            shape.setBottomPadding(_ROW_PAD)
            shape.setRightPadding(0 if column + cell.columnSpan() - 1 == last else _COLUMN_PAD)
            cell.setFormat(shape)


def _edges(rows: Rich, count: int) -> tuple[float, ...]:
    """The upper edges of the rows, and the lower one of the last."""
    layout = rows.document.documentLayout()
    table = _table_of(rows.document)
    tops = [
        layout.blockBoundingRect(table.cellAt(row, 0).firstCursorPosition().block()).top()
        - _ROW_PAD
        for row in range(count)
    ]
    return (*tops, rows.height)


def _table_of(document: QTextDocument) -> QTextTable:
    block = document.begin()
    while block.isValid():
        table: QTextTable | None = QTextCursor(block).currentTable()
        if table is not None:
            return table
        block = block.next()
    raise ValueError("rows without a table")

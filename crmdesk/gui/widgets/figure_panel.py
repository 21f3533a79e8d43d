"""A figure opened: its name and value, the formula in words, the rows behind it, their sums.

Owns the frame, the table and the sums below it; Enter opens a row, Esc closes the panel. Any place
may show rows of its own in it (:meth:`FigurePanel.show_rows`); which figure it is, is the place's.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.figure_words import FigureItem, FigureRowItem
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.charts import RIGHT, draw_text, text_width
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import HLine, Panel
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _

Sum = tuple[str, str, str]
"""Below the rows: what it is, how many, how much."""


class FigurePanel(Panel):
    """A titled table with a sentence above, sums below and a way back.

    ``opened`` comes with Enter on a row: its key; of a figure the row's target ("sale:12").
    """

    closed = Signal()
    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(" ", "", parent)
        self.back = KeyHintButton(_("Close"), "Esc", kind="quiet", parent=self)
        self.back.clicked.connect(self.closed)
        if self.header is not None:
            self.header.add_right(self.back)
        self._formula_row = QWidget(self)
        row = QHBoxLayout(self._formula_row)
        row.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        self.formula = TextLabel("", ink="muted", parent=self._formula_row)
        self.formula.setWordWrap(True)
        row.addWidget(self.formula, 1)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(t.SPACE_2)
        row.addLayout(self._buttons)
        self.body.addWidget(self._formula_row)
        self._line = HLine(self)
        self.body.addWidget(self._line)
        self._holder = QVBoxLayout()
        self.body.addLayout(self._holder, 1)
        self._empty = EmptyState("info", "", "", parent=self)
        self._holder.addWidget(self._empty)
        self._empty.hide()
        self.sums = SumLines(self)
        self.body.addWidget(self.sums)
        self.table: RowsTable | None = None
        self._targets: dict[int, str] = {}

    # ------------------------------------------------------------------------------- showing

    def show_figure(self, item: FigureItem) -> None:
        """Open a figure."""
        model = figure_model(item, self)
        self._targets = {at: row.target for at, row in enumerate(item.rows)}
        sums = [(one.what, one.quantity, one.amount) for one in item.sums]
        self.show_rows(
            item.name, item.value, model, formula=item.formula, sums=sums, empty=item.empty
        )

    def show_rows(
        self,
        title: str,
        note: str,
        model: RowsModel,
        *,
        formula: str = "",
        sums: Sequence[Sum] = (),
        empty: str = "",
        name: str = "",
    ) -> None:
        """Show a model's rows under a title; the table before it goes.

        ``empty`` is said where there are no rows; ``name`` remembers the table's columns.
        """
        self.set_title(title, note)
        self._drop_table()
        if model.parent() is not self or name:
            self._targets = {}
        self.formula.setText(formula)
        self._formula_row.setVisible(bool(formula))
        self._line.setVisible(bool(formula))
        self.table = RowsTable(model, row_height=t.ROW_COMPACT, name=name, parent=self)
        self.table.setAccessibleName(title)
        self.table.setAccessibleDescription(formula)
        self.table.opened.connect(self._on_opened)
        self._holder.addWidget(self.table)
        self.table.select_first()
        self.sums.set_sums(sums)
        bare = bool(empty) and model.rowCount() == 0
        self._empty.set_words(empty, "")
        self._empty.setVisible(bare)
        self.table.setVisible(not bare)

    def focus_table(self) -> None:
        """Put the keyboard into the table."""
        if self.table is not None and not self.table.isHidden():
            self.table.setFocus()
        else:
            self.back.setFocus()

    def set_actions(self, buttons: Sequence[QWidget]) -> None:
        """Buttons beside the sentence: what can be done with the rows."""
        while (taken := self._buttons.takeAt(0)) is not None:
            widget = taken.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for button in buttons:
            self._buttons.addWidget(button)
        if buttons:
            self._formula_row.show()
            self._line.show()

    def _drop_table(self) -> None:
        self.set_actions(())
        if self.table is None:
            return
        old = self.table.rows_model()
        self._holder.removeWidget(self.table)
        self.table.hide()
        self.table.deleteLater()
        old.deleteLater()
        self.table = None

    def _on_opened(self, key: object) -> None:
        if self._targets:
            target = self._targets.get(int(str(key)), "")
            if target:
                self.opened.emit(target)
            return
        self.opened.emit(key)


def figure_model(item: FigureItem, parent: QObject) -> RowsModel:
    """The rows of a figure with the columns it has something for; keys are their places."""

    def amount(row: FigureRowItem) -> Cell:
        return Cell(row.amount, strong=True, tone=_minus(row.amount))

    every = (
        ("date", Column("date", _("Date"), lambda r: Cell(r.date_text), 110, sortable=False)),
        ("what", Column("what", _("What"), lambda r: Cell(r.what), 200, sortable=False,
                        stretch=True)),
        ("detail", Column("detail", _("More"), lambda r: Cell(r.detail, tone=Tone.MUTED), 190,
                          sortable=False, yields=True)),
        ("quantity", Column("quantity", _("How much"), lambda r: Cell(r.quantity), 110, right=True,
                            sortable=False)),
        ("amount", Column("amount", _("Amount"), amount, 110, right=True, sortable=False)),
    )  # fmt: skip
    used = {
        "date": any(row.date_text for row in item.rows),
        "what": True,
        "detail": any(row.detail for row in item.rows),
        "quantity": any(row.quantity for row in item.rows),
        "amount": any(row.amount for row in item.rows),
    }
    model = RowsModel([column for key, column in every if used[key]], parent=parent)
    model.set_keys(range(len(item.rows)), dict(enumerate(item.rows)))
    return model


def _minus(text: str) -> Tone:
    return Tone.DANGER if text.startswith(("-", "−")) else Tone.PLAIN


class SumLines(QWidget):
    """The sums below a figure's rows, one line each, the last one strong; no line when none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sums: tuple[Sum, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setVisible(False)

    def set_sums(self, sums: Sequence[Sum]) -> None:
        """Show other sums."""
        self._sums = tuple(sums)
        self.setAccessibleName(_("Totals"))
        self.setAccessibleDescription(
            ". ".join(" ".join(part for part in one if part) for one in self._sums)
        )
        self.setVisible(bool(self._sums))
        self.updateGeometry()
        self.update()

    def _columns(self) -> int:
        return 1 if len(self._sums) <= 2 else 2

    def _lines(self) -> int:
        columns = self._columns()
        return -(-len(self._sums) // columns)

    def sizeHint(self) -> QSize:
        return QSize(200, self._lines() * theme.scaled(t.ROW_COMPACT - 2) + 2 * t.SPACE_1)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(QRectF(0, 0, self.width(), 1), theme.color("border_strong"))
        columns, lines = self._columns(), self._lines()
        height = theme.scaled(t.ROW_COMPACT - 2)
        width = self.width() / columns
        for at, (what, quantity, amount) in enumerate(self._sums):
            column, line = divmod(at, lines)
            left = column * width + t.SPACE_3
            area = QRectF(left, t.SPACE_1 + line * height, width - 2 * t.SPACE_3, height)
            last = at == len(self._sums) - 1 or columns == 1
            figure = theme.font(t.SIZE_BODY, t.SEMIBOLD if last else t.REGULAR, tabular=True)
            shown = "  ".join(part for part in (quantity, amount) if part)
            draw_text(painter, area, shown, figure, "text", RIGHT)
            room = area.adjusted(0, 0, -text_width(figure, shown) - t.SPACE_2, 0)
            draw_text(painter, room, what, theme.font(), "muted")
        painter.end()

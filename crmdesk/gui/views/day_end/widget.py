"""The end of a day on the screen: receipts, the cash counted, and the sheets before.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.day_end.presenter import DayEndPresenter
from crmdesk.gui.views.day_end.words import DayEndItem, TakenItem
from crmdesk.gui.widgets.badges import Badge
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.panels import HLine, KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import CURRENCY_SIGNS, _
from crmdesk.services.documents import Wanted

_SIDE = 320


class DayEndPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = DayEndPresenter(context, self)
        self._user_id = context.workspace.user.id
        self._sign = CURRENCY_SIGNS.get(context.workspace.currency, context.workspace.currency)
        self._build()
        self._bind()
        self.setFocusProxy(self.counted)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """Nothing can be chosen: it is the day of the person who works here."""

    def paper(self) -> Wanted | None:
        """The sheet that was chosen while the keyboard is there, else today's."""
        day = self.presenter.day
        if day is None:
            return None
        chosen = self.sheets.current_key() if self.sheets.hasFocus() else None
        days = {sheet.id: sheet.day for sheet in day.sheets}
        key = chosen if isinstance(chosen, int) else 0
        return Wanted("day-sheet", self._user_id, days.get(key, day.day))

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.SPACE_3)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("End of day"), self)
        self._state = Badge(BadgeItem(" "), self)
        self._close = KeyHintButton(
            _("Close the sheet"), keys.hint("day_end.close_sheet"), kind="filled", large=True,
            parent=self,
        )  # fmt: skip
        self._header.add_action(self._state)
        self._header.add_action(self._close)
        column.addWidget(self._header)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        left = QVBoxLayout()
        left.setSpacing(t.SPACE_3)
        left.addWidget(self._taken_panel(), 3)
        left.addWidget(self._sheets_panel(), 2)
        row.addLayout(left, 1)
        row.addWidget(self._side())
        column.addLayout(row, 1)
        own = ("count", "note", "close_sheet", "open", "close")
        foot = (*(f"day_end.{one}" for one in own), "global.print", "global.pdf")
        column.addWidget(
            KeyStrip(
                [((keys.hint(a),), keys.title(a)) for a in foot],
                parent=self,
            )
        )

    def _taken_panel(self) -> Panel:
        panel = Panel(_("Collected since the last sheet"), self._sign, self)
        self.taken = RowsTable(taken_model(self), row_height=t.ROW_COMPACT, parent=panel)
        self.taken.setAccessibleName(_("Collected since the last sheet"))
        self.taken.horizontalHeader().setSortIndicatorShown(False)
        self._empty = EmptyState("money", "", "", parent=panel)
        self._lists = QStackedLayout()
        self._lists.addWidget(self.taken)
        self._lists.addWidget(self._empty)
        panel.body.addLayout(self._lists, 1)
        return panel

    def _sheets_panel(self) -> Panel:
        panel = Panel(_("Sheets before"), self._sign, self)
        self.sheets = RowsTable(sheets_model(self), row_height=t.ROW_COMPACT, parent=panel)
        self.sheets.setAccessibleName(_("Sheets before"))
        self.sheets.horizontalHeader().setSortIndicatorShown(False)
        panel.body.addWidget(self.sheets, 1)
        return panel

    def _side(self) -> QWidget:
        holder = QWidget(self)
        side = QVBoxLayout(holder)
        side.setContentsMargins(0, 0, 0, 0)
        panel = Panel(_("To hand over"), self._sign, holder)
        column = QVBoxLayout()
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_3)
        column.setSpacing(t.SPACE_2)
        self._sums = PairList(_("To hand over"), panel)
        self._difference = PairList(_("Difference"), panel)
        counted = LabelledEntry(_("Counted"), keys.hint("day_end.count"), parent=panel)
        note = LabelledEntry(_("Note"), keys.hint("day_end.note"), parent=panel)
        self.counted, self.note = counted.field, note.field
        self.counted.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.counted.setMaxLength(16)
        self.note.setMaxLength(300)
        column.addWidget(self._sums)
        column.addWidget(HLine(panel))
        for widget in (counted, self._difference, note):
            column.addWidget(widget)
        panel.body.addLayout(column)
        side.addWidget(panel)
        side.addStretch(1)
        theme.fix_width(holder, _SIDE)
        return holder

    def _bind(self) -> None:
        presenter = self.presenter
        self.counted.textEdited.connect(presenter.type_counted)
        self.note.textEdited.connect(presenter.type_note)
        self.counted.entered.connect(lambda _text: self.note.setFocus())
        self.note.entered.connect(lambda _text: self.taken.setFocus())
        for field in (self.counted, self.note):
            field.given_up.connect(presenter.leave)
        self.taken.opened.connect(presenter.open_customer)
        self._close.clicked.connect(presenter.close_sheet)
        keys.bind(self, "day_end.count", self.counted.setFocus)
        keys.bind(self, "day_end.note", self.note.setFocus)
        keys.bind(self, "day_end.close_sheet", presenter.close_sheet)
        keys.bind(self, "day_end.close", presenter.leave)

    # ------------------------------------------------------------------- the presenter's view

    def show_day(self, item: DayEndItem) -> None:
        """Show what was taken, and the sheets before."""
        self._header.set_title(_("End of day"), [Run(item.facts, "muted")])
        self._state.set_item(item.state)
        self._close.setEnabled(item.can_close)
        for table, rows in ((self.taken, item.taken), (self.sheets, item.sheets)):
            table.rows_model().set_keys([row.key for row in rows], {row.key: row for row in rows})
            table.select_first()
        self._empty.set_words(_("Nothing to hand over"), item.empty)
        self._lists.setCurrentWidget(self._empty if item.empty else self.taken)
        self._sums.set_pairs(item.sums)
        self._difference.set_pairs(item.difference)

    def show_typed(self, counted: str, note: str) -> None:
        """Put the fields to these values."""
        self.counted.setText(counted)
        self.note.setText(note)


def taken_model(parent: QWidget | None = None) -> RowsModel:
    """Receipts since the last sheet, the oldest first."""

    def amount(row: TakenItem) -> Cell:
        return Cell(row.amount, strong=True, tone=Tone.DANGER if row.is_back else Tone.PLAIN)

    columns = (
        Column("number", _("Receipt"), lambda r: Cell(r.key), 110, sortable=False),
        Column("when", _("When"), lambda r: Cell(r.when, tone=Tone.MUTED), 80, sortable=False),
        Column("customer", _("Customer"), lambda r: Cell(r.customer), 160, stretch=True,
               sortable=False),
        Column("method", _("Paid by"), lambda r: Cell(r.method), 100, sortable=False),
        Column("amount", _("Amount"), amount, 90, right=True, sortable=False),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)


def sheets_model(parent: QWidget | None = None) -> RowsModel:
    """Closed sheets, the latest first."""
    columns = (
        Column("day", _("Day"), lambda r: Cell(r.day), 80, sortable=False),
        Column("cash", _("Cash"), lambda r: Cell(r.cash), 90, right=True, sortable=False),
        Column("others", _("Not cash"), lambda r: Cell(r.others, tone=Tone.MUTED), 90,
               right=True, sortable=False),
        Column("difference", _("Difference"),
               lambda r: Cell(r.difference, tone=r.difference_tone), 90, right=True,
               sortable=False),
        Column("state", _("State"), lambda r: Cell("", badge=r.state), 180, sortable=False),
        Column("note", _("Note"), lambda r: Cell(r.note, tone=Tone.MUTED), 80, stretch=True,
               sortable=False),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)


def build(context: PlaceContext) -> DayEndPlace:
    """Make the place."""
    return DayEndPlace(context)

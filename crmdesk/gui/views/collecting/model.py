"""Columns of the open invoices and of the receipts."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from crmdesk.gui.views.collecting.words import DebtItem, ReceiptItem
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import _, pgettext


def debts_model(parent: QWidget | None = None) -> RowsModel:
    """Open invoices; what each gets of the amount stands last."""

    def number(row: DebtItem) -> Cell:
        return Cell(row.number, icon="pin" if row.is_first else "", strong=row.is_first)

    columns = (
        Column("number", _("Invoice"), number, 110, stretch=True, sortable=False),
        Column("day", _("Of"), lambda r: Cell(r.day, tone=Tone.MUTED), 90, sortable=False),
        Column("due", pgettext("invoice", "Due"), lambda r: Cell(r.due, tone=r.due_tone), 110,
               sortable=False),
        Column("open", _("Open at HQ"), lambda r: Cell(r.open), column_width(90, _("Open at HQ")),
               right=True, sortable=False),
        Column("collected", _("Collected"), lambda r: Cell(r.collected, tone=Tone.MUTED),
               column_width(90, _("Collected")), right=True, sortable=False),
        Column("now", _("Pays now"), lambda r: Cell(r.now, tone=Tone.GOOD, strong=True),
               column_width(90, _("Pays now")), right=True, sortable=False),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)


def receipts_model(parent: QWidget | None = None) -> RowsModel:
    """Receipts, the latest first."""
    columns = (
        Column("number", _("Receipt"), lambda r: Cell(r.number), 120, sortable=False),
        Column("when", _("When"), lambda r: Cell(r.when, tone=Tone.MUTED), 84, sortable=False),
        Column("method", _("Paid by"), lambda r: Cell(r.method), column_width(90, _("Paid by")),
               sortable=False),
        Column("invoices", _("For"), lambda r: Cell(r.invoices, tone=Tone.MUTED), 100,
               stretch=True, sortable=False),
        Column("state", _("State"), _state, 160, sortable=False),
        Column("amount", _("Amount"), lambda r: Cell(r.amount, strong=True), 84, right=True,
               sortable=False),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)


def _state(row: ReceiptItem) -> Cell:
    return Cell("", badge=row.state)

"""Columns of a return: what comes back, why, how, and what it is credited at."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from crmdesk.gui.views.returning.words import ReturnItem
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import CURRENCY_SIGNS, _, pgettext


def lines_model(currency: str, parent: QWidget | None = None) -> RowsModel:
    """Products that could come back; the quantity is typed in place."""
    sign = CURRENCY_SIGNS.get(currency, currency)

    def name(row: ReturnItem) -> Cell:
        return Cell(row.name, strong=row.is_on)

    def reason(row: ReturnItem) -> Cell:
        missing = row.is_on and row.reason.endswith("?")
        return Cell(row.reason, tone=Tone.WARNING if missing else Tone.PLAIN)

    def credit(row: ReturnItem) -> Cell:
        icon = "warning" if row.warning else ""
        tone = Tone.WARNING if row.warning else Tone.PLAIN
        return Cell(row.credit, strong=True, icon=icon, tone=tone)

    columns = (
        Column("product", _("SKU"), name, 200, stretch=True, sortable=False),
        Column("quantity", _("Returned"), lambda r: Cell(r.packs, strong=True, field=True), 76,
               right=True, sortable=False, editable=True),
        Column("pack", _("Pack"), lambda r: Cell(r.pack), 96, sortable=False),
        Column("reason", _("Reason"), reason, 128, sortable=False),
        Column("condition", _("Condition"), lambda r: Cell(r.condition), 92, sortable=False),
        Column("bought", _("Bought"), lambda r: Cell(r.bought, tone=Tone.MUTED), 70,
               right=True, sortable=False, yields=True),
        Column("paid", _("Paid {currency}").format(currency=sign),
               lambda r: Cell(r.paid, tone=Tone.MUTED), 76, right=True, sortable=False,
               yields=True),
        Column("last", _("Last"), lambda r: Cell(r.last, tone=Tone.MUTED), 76, sortable=False,
               yields=True),
        Column("credit", pgettext("return", "Credit {currency}").format(currency=sign), credit, 90,
               right=True, sortable=False),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)


def requests_model(parent: QWidget | None = None) -> RowsModel:
    """Returns that were written before."""
    columns = (
        Column("number", _("Return"), lambda r: Cell(r.number), 130, stretch=True, sortable=False),
        Column("when", _("When"), lambda r: Cell(r.when, tone=Tone.MUTED), 80, sortable=False),
        Column(
            "amount",
            pgettext("return", "Credit"),
            lambda r: Cell(r.amount),
            84,
            right=True,
            sortable=False,
        ),
    )
    return RowsModel(columns, parent=parent)

"""The table of customers who stop buying: its columns."""

from __future__ import annotations

from PySide6.QtCore import QObject

from crmdesk.gui.views.reorder.items import LossItem
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import CURRENCY_SIGNS, _

CUSTOMER, AGREED, LAST, WORTH = range(4)


def _columns(currency: str) -> list[Column]:
    worth = _("{currency} a month").format(currency=CURRENCY_SIGNS.get(currency, currency))
    return [
        Column("customer", _("Customer and SKUs"), _customer, width=300, stretch=True),
        Column("agreed", _("Last agreed, next contact"), _agreed, width=340, sortable=False),
        Column("last", _("Last purchase"), _last, width=120),
        Column("worth", worth, _worth, width=110, right=True),
    ]


def _customer(item: LossItem) -> Cell:
    return Cell(item.account, detail=item.skus)


def _agreed(item: LossItem) -> Cell:
    return Cell(item.agreed, detail=item.contact, detail_tone=item.contact_tone)


def _last(item: LossItem) -> Cell:
    return Cell(item.last, detail=item.last_detail)


def _worth(item: LossItem) -> Cell:
    return Cell(item.worth, strong=True)


class LossesModel(RowsModel):
    """Customers by what is lost a month."""

    def __init__(self, currency: str, parent: QObject | None = None) -> None:
        super().__init__(_columns(currency), parent=parent)

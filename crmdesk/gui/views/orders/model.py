"""The columns of the list of orders, and what each says.

Owns turning a row into cells. Reading and sorting are left to the presenter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtWidgets import QWidget

from crmdesk.domain.states import OrderStatus, order_status_word
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel, major
from crmdesk.i18n import CURRENCY_SIGNS, _, format_amount, format_date_near, format_number
from crmdesk.services.queries.orders import OrderRow, OrderSort

_BADGES = {
    "draft": (Tone.MUTED, "edit"),
    "submitted": (Tone.ACCENT, "upload"),
    "accepted": (Tone.GOOD, "check"),
    "rejected": (Tone.DANGER, "close"),
    "shipped": (Tone.GOOD, "truck"),
    "invoiced": (Tone.MUTED, "document"),
    "paid": (Tone.GOOD, "check"),
    "cancelled": (Tone.MUTED, "minus"),
}


class OrdersModel(RowsModel):
    """Orders as rows; keys are local ids."""

    def __init__(
        self, today: Callable[[], date], currency: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(make_columns(today, currency), parent=parent)


def make_columns(today: Callable[[], date], currency: str) -> tuple[Column, ...]:
    """The columns of the list; days are shown relative to `today`."""
    sign = CURRENCY_SIGNS.get(currency, currency)

    def near(day: date | None) -> Cell:
        if day is None:
            return Cell("–", tone=Tone.MUTED)
        return Cell(format_date_near(day, today()))

    dates = column_width(96, _("Taken"), _("Delivery"), _("tomorrow"))
    return (
        Column(OrderSort.NUMBER, _("Number"), lambda row: Cell(row.number), 110),
        Column(
            OrderSort.CUSTOMER,
            _("Customer"),
            lambda row: Cell(row.customer, unit=row.city),
            220,
            stretch=True,
            value=lambda row: row.customer,
            extra=((_("Town"), lambda row: row.city),),
        ),
        Column(OrderSort.STATUS, _("Status"), lambda row: Cell("", badge=status_badge(row)),
               column_width(168, f"      {_('waiting to be sent')}")),
        Column(OrderSort.DATE, _("Taken"), lambda row: near(row.order_date), dates,
               value=lambda row: row.order_date),
        Column(OrderSort.DELIVERY, _("Delivery"), lambda row: near(row.delivery_date), dates,
               value=lambda row: row.delivery_date),
        Column(
            "lines",
            _("Lines"),
            lambda row: Cell(format_number(row.lines)),
            72,
            right=True,
            sortable=False,
            value=lambda row: row.lines,
        ),
        Column(
            OrderSort.NET,
            _("Net {currency}").format(currency=sign),
            lambda row: Cell(format_amount(row.net_minor, currency), strong=True),
            104,
            right=True,
            value=lambda row: major(row.net_minor, currency),
        ),
        Column(OrderSort.MARGIN, _("Margin {currency}").format(currency=sign),
               lambda row: _margin(row, currency), 104, right=True,
               value=lambda row: major(row.margin_minor, currency)),
    )  # fmt: skip


def status_badge(row: OrderRow) -> BadgeItem:
    """The status of an order as a badge; a submitted one says whether HQ has it."""
    tone, icon = _BADGES.get(row.status, (Tone.MUTED, ""))
    words = order_status_word(OrderStatus(row.status))
    if row.status == "submitted" and not row.known_to_hq:
        words = _("waiting to be sent")
    return BadgeItem(words[:1].upper() + words[1:], tone, icon)


def _margin(row: OrderRow, currency: str) -> Cell:
    tone = Tone.DANGER if row.margin_minor < 0 else Tone.PLAIN
    return Cell(format_amount(row.margin_minor, currency), tone=tone)

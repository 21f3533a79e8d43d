"""The columns of the list of customers, and what each says.

Owns turning a row into cells. Reading and sorting are left to the presenter.
"""

from __future__ import annotations

from datetime import date

from PySide6.QtWidgets import QWidget

from crmdesk.gui.customer_words import status_badge
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import CURRENCY_SIGNS, _, format_amount, format_date_near, ngettext
from crmdesk.services.queries.customers import CustomerRow, CustomerSort

NONE = "–"


class CustomersModel(RowsModel):
    """Customers as rows; keys are local ids."""

    def __init__(self, today: date, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(make_columns(today, currency), parent=parent)


def make_columns(today: date, currency: str) -> tuple[Column, ...]:
    """The columns of the list; days are shown relative to `today`."""

    def near(day: date | None) -> Cell:
        if day is None:
            return Cell(NONE, tone=Tone.MUTED)
        return Cell(format_date_near(day, today))

    def amount(minor: int, tone: Tone = Tone.PLAIN) -> Cell:
        if minor == 0:
            return Cell(NONE, tone=Tone.MUTED)
        return Cell(format_amount(minor, currency, decimals=0), tone=tone)

    def late(row: CustomerRow) -> Cell:
        if row.late_minor <= 0:
            return Cell("")
        return Cell(format_amount(row.late_minor, currency), tone=Tone.DANGER, icon="euro")

    sign = CURRENCY_SIGNS.get(currency, currency)
    dates = column_width(84, _("Last order"), _("Next visit"), _("tomorrow"))
    return (
        Column(CustomerSort.NAME, _("Customer"), _name, width=190, stretch=True),
        Column(CustomerSort.CITY, _("Town"), lambda row: Cell(row.city), 120, hidden=True),
        Column(CustomerSort.CLASS, _("Class"), _account_class, 72, hidden=True),
        Column(
            CustomerSort.NEEDS,
            _("Will need"),
            _needs,
            column_width(136, f"     {_('{count} overdue').format(count=10)} +10"),
            tip=_("SKUs overdue, and how many more are due"),
        ),
        Column(
            CustomerSort.EXPECTED,
            _("Expected {currency}").format(currency=sign),
            lambda row: amount(row.expected_margin_minor),
            column_width(92, _("Expected {currency}").format(currency=sign)),
            right=True,
            tip=_("Margin expected from what is due or overdue"),
        ),
        Column(
            CustomerSort.LAST_ORDER, _("Last order"), lambda row: near(row.last_order_on), dates
        ),
        Column(
            CustomerSort.NEXT_VISIT, _("Next visit"), lambda row: near(row.next_visit_on), dates
        ),
        Column(
            CustomerSort.NET,
            _("Net 12 m"),
            lambda row: amount(row.net_12m_minor),
            80,
            right=True,
            tip=_("Sold in the last twelve months, without tax"),
        ),
        Column(
            CustomerSort.MARGIN,
            _("Margin 12 m"),
            lambda row: amount(row.margin_12m_minor),
            104,
            right=True,
            hidden=True,
        ),
        Column(CustomerSort.LATE, _("Late"), late, 92, right=True),
    )


def _name(row: CustomerRow) -> Cell:
    badge: BadgeItem | None = None
    if row.status != "active":
        badge = status_badge(row.status)
    return Cell(row.name, unit=row.city, badge=badge)


def _account_class(row: CustomerRow) -> Cell:
    return Cell(row.account_class)


def _needs(row: CustomerRow) -> Cell:
    if row.overdue:
        words = _("{count} overdue").format(count=row.overdue)
        more = f"+{row.due}" if row.due else ""
        return Cell(words, unit=more, tone=Tone.DANGER, icon="warning")
    if row.due:
        return Cell(_("{count} due").format(count=row.due), tone=Tone.ACCENT, icon="clock")
    if row.at_risk:
        words = ngettext("{count} at risk", "{count} at risk", row.at_risk)
        return Cell(words.format(count=row.at_risk), tone=Tone.WARNING, icon="trend-down")
    return Cell("")

"""The columns of the list of customers, and what each says.

Owns turning a row into cells. Reading and sorting are left to the presenter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtWidgets import QWidget

from crmdesk.gui.customer_words import status_badge
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel, major
from crmdesk.i18n import CURRENCY_SIGNS, _, format_amount, format_date_near, ngettext
from crmdesk.services.queries.customers import CustomerRow, CustomerSort

NONE = "–"


class CustomersModel(RowsModel):
    """Customers as rows; keys are local ids."""

    def __init__(
        self, today: Callable[[], date], currency: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(make_columns(today, currency), parent=parent)


def make_columns(today: Callable[[], date], currency: str) -> tuple[Column, ...]:
    """The columns of the list; days are shown relative to `today`."""
    return (*_who_columns(), *_when_columns(today), *_money_columns(currency))


def _who_columns() -> tuple[Column, ...]:
    return (
        Column(
            CustomerSort.NAME,
            _("Customer"),
            _name,
            width=190,
            stretch=True,
            value=lambda row: row.name,
            extra=(
                (_("Code"), lambda row: row.code),
                (_("Status"), lambda row: row.status),
                (_("Channel"), lambda row: row.channel),
            ),
        ),
        Column(CustomerSort.CITY, _("Town"), lambda row: Cell(row.city), 120, hidden=True),
        Column(CustomerSort.CLASS, _("Class"), _account_class, 72, hidden=True),
        Column(
            CustomerSort.NEEDS,
            _("Will need"),
            _needs,
            column_width(136, f"     {_('{count} overdue').format(count=10)} +10"),
            tip=_("SKUs overdue, and how many more are due"),
        ),
    )


def _when_columns(today: Callable[[], date]) -> tuple[Column, ...]:
    def near(day: date | None) -> Cell:
        if day is None:
            return Cell(NONE, tone=Tone.MUTED)
        return Cell(format_date_near(day, today()))

    last, following = _("Last order"), _("Next visit")
    width = column_width(84, last, following, _("tomorrow"))
    return (
        Column(CustomerSort.LAST_ORDER, last, lambda row: near(row.last_order_on), width,
               value=lambda row: row.last_order_on),
        Column(CustomerSort.NEXT_VISIT, following, lambda row: near(row.next_visit_on), width,
               value=lambda row: row.next_visit_on),
    )  # fmt: skip


def _money_columns(currency: str) -> tuple[Column, ...]:
    def amount(minor: int) -> Cell:
        if minor == 0:
            return Cell(NONE, tone=Tone.MUTED)
        return Cell(format_amount(minor, currency, decimals=0))

    def late(row: CustomerRow) -> Cell:
        if row.late_minor <= 0:
            return Cell("")
        words = format_amount(row.late_minor, currency, decimals=0)
        return Cell(words, tone=Tone.DANGER, icon="euro")

    def column(key: CustomerSort, title: str, field: str, tip: str, *, hidden: bool) -> Column:
        return Column(
            key, title, lambda row: amount(getattr(row, field)), column_width(80, title),
            right=True, tip=tip, hidden=hidden, yields=not hidden,
            value=lambda row: major(getattr(row, field), currency),
        )  # fmt: skip

    expected = _("Expected {currency}").format(currency=CURRENCY_SIGNS.get(currency, currency))
    return (
        column(
            CustomerSort.EXPECTED, expected, "expected_margin_minor",
            _("Margin expected from what is due or overdue"), hidden=False,
        ),
        column(
            CustomerSort.NET, _("Net 12 m"), "net_12m_minor",
            _("Sold in the last twelve months, without tax"), hidden=False,
        ),
        column(
            CustomerSort.MARGIN, _("Margin 12 m"), "margin_12m_minor",
            _("Net less the cost of goods, of the last twelve months"), hidden=True,
        ),
        Column(
            CustomerSort.LATE, _("Late"), late, 84, right=True,
            value=lambda row: major(row.late_minor, currency),
        ),
    )  # fmt: skip


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

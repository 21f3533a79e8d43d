"""The columns of the list of quotes, and what each says.

Owns turning a row into cells. Reading and sorting are left to the presenter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtWidgets import QWidget

from crmdesk.gui.quote_answers import days_late, result_word, state_badge
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.delegates import muted
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import (
    CURRENCY_SIGNS,
    _,
    format_amount,
    format_date_near,
    format_number,
    format_percent,
)
from crmdesk.services.queries.quotes import QuoteRow, QuoteSort

STATE_COLUMN = 0


class QuotesModel(RowsModel):
    """Quotes as rows; keys are local ids."""

    def __init__(
        self, today: Callable[[], date], currency: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(make_columns(today, currency), parent=parent)


def make_columns(today: Callable[[], date], currency: str) -> tuple[Column, ...]:
    """The columns of the list; days are shown relative to ``today``."""
    sign = CURRENCY_SIGNS.get(currency, currency)

    def near(day: date | None) -> Cell:
        return muted("–") if day is None else Cell(format_date_near(day, today()))

    def ended(row: QuoteRow) -> Cell:
        return near(row.next_follow_up if row.state is not None else row.decided_on)

    dates = column_width(92, _("Follow-up"), _("Valid until"), _("tomorrow"))
    return (
        Column(QuoteSort.URGENCY, _("State"), lambda row: Cell("", badge=state_badge(row, today())),
               column_width(128, f"{' ' * 12}{_('Ran out')}", f"{' ' * 12}{days_late(88)}")),
        Column(QuoteSort.CUSTOMER, _("Customer"), lambda row: Cell(row.customer, unit=row.city),
               160, stretch=True),
        Column(QuoteSort.NUMBER, _("Quote"), lambda row: Cell(row.name, unit=row.title), 196),
        Column("next", _("Follow-up"), ended, dates, sortable=False),
        Column("said", _("So far"), said, column_width(140, f"3 · {_('Thinking it over')}"),
               sortable=False, yields=True),
        Column(QuoteSort.VALID, _("Valid until"), lambda row: near(row.valid_until), dates,
               yields=True),
        Column("chance", _("Chance"), chance, column_width(84, _("Chance")), right=True,
               sortable=False,
               tip=_("Won among quotes like this one; beside it how many there are like it.")),
        Column(QuoteSort.NET, _("Net {currency}").format(currency=sign),
               lambda row: Cell(format_amount(row.net_minor, currency), strong=True),
               column_width(84, _("Net {currency}").format(currency=sign)), right=True),
    )  # fmt: skip


def said(row: QuoteRow) -> Cell:
    """How often it was followed up and what came of it; of a decided one, why."""
    if row.state is None and row.reason:
        return muted(row.reason)
    if not row.follow_ups:
        asked = row.status != "draft"
        return Cell(_("never asked"), tone=Tone.WARNING, icon="warning") if asked else muted("–")
    result = result_word(row.last_result)
    return muted(f"{format_number(row.follow_ups)} · {result}" if result else str(row.follow_ups))


def chance(row: QuoteRow) -> Cell:
    """The share of quotes like it that were won, with how many there are."""
    found = row.chance.value
    if found is None:
        return muted("–")
    return Cell(format_percent(found.share), unit=f"({format_number(found.similar)})")

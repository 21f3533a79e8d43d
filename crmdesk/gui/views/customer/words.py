"""The card in words: everything the screen of one customer shows, ready to paint.

Owns the card's own wording (contacts, waterfall, purchases); what other places also say is in
``crmdesk.gui.*_words``. No Qt here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from crmdesk.analytics.value import Step, Waterfall
from crmdesk.gui.customer_words import header_badges, header_facts, missing_words
from crmdesk.gui.sku_words import heat_item
from crmdesk.gui.widgets.items import (
    BadgeItem,
    Fact,
    HeatItem,
    MonthCount,
    TimelineItem,
    Tone,
    WaterfallStep,
)
from crmdesk.i18n import (
    _,
    format_amount,
    format_date,
    format_money,
    format_number,
    month_short,
)
from crmdesk.services.queries.customer import ContactRow, CustomerCard
from crmdesk.services.queries.customer_timeline import TimelineMonths
from crmdesk.services.queries.customer_value import CustomerValue

_MAIN_STEPS = (Step.REVENUE, Step.DISCOUNTS, Step.COST_OF_GOODS, Step.CONTRIBUTION)


@dataclass(frozen=True, slots=True)
class MonthItems:
    """A month's events as they are shown."""

    month: date
    events: tuple[TimelineItem, ...]


@dataclass(frozen=True, slots=True)
class ContactItem:
    """A person in two lines: who and how to reach, then e-mail and when; `key` is the local id."""

    key: int
    name: str
    job: str
    reach: str
    detail: str
    note: str


@dataclass(frozen=True, slots=True)
class CardItem:
    """One screen of a customer."""

    account_id: int
    name: str
    badges: tuple[BadgeItem, ...]
    facts: tuple[Fact, ...]
    running_visit_id: int | None
    months: tuple[MonthCount, ...]
    events: tuple[MonthItems, ...]
    timeline_note: str
    sku_keys: tuple[int, ...]
    sku_months: tuple[date, ...]
    skus: tuple[HeatItem, ...]
    steps: tuple[WaterfallStep, ...]
    value_empty: str
    break_even: str
    contacts: tuple[ContactItem, ...]
    documents: str


def card_item(
    card: CustomerCard,
    scale: tuple[float, float, float],
    events: Sequence[MonthItems],
    currency: str,
    now: datetime,
) -> CardItem:
    """Everything the card shows; `now` is local."""
    today = now.date()
    header = card.header
    return CardItem(
        account_id=header.id,
        name=header.name,
        badges=header_badges(header, currency, today),
        facts=header_facts(header, card.value, currency, now),
        running_visit_id=header.running_visit_id,
        months=tuple(MonthCount(month, count) for month, count in card.timeline.months),
        events=tuple(events),
        timeline_note=timeline_note(card.timeline),
        sku_keys=card.skus.keys,
        sku_months=card.skus.months,
        skus=tuple(heat_item(row, scale, today, currency) for row in card.rows),
        steps=waterfall_steps(card.value.waterfall, currency),
        value_empty=_value_empty(card.value),
        break_even=_break_even(card.value, currency),
        contacts=tuple(contact_item(row) for row in card.contacts),
        documents=_documents(card),
    )


def timeline_note(timeline: TimelineMonths) -> str:
    """Such as "1,148 since Mar 2022"."""
    if timeline.since is None:
        return _("nothing yet")
    since = f"{month_short(timeline.since.month)} {timeline.since.year}"
    return _("{count} since {month}").format(count=format_number(timeline.total), month=since)


def _value_empty(value: CustomerValue) -> str:
    if value.waterfall.net_revenue_minor == 0:
        return _("Nothing was sold in the last twelve months.")
    return ""


def _break_even(value: CustomerValue, currency: str) -> str:
    if value.break_even.value is None:
        return missing_words(value.break_even.reason)
    if value.break_even.value == 0:
        return ""
    amount = format_money(value.break_even.value, currency, decimals=0)
    return _("break-even order {amount}").format(amount=amount)


def waterfall_steps(waterfall: Waterfall, currency: str) -> tuple[WaterfallStep, ...]:
    """The bars of the value chart; steps of cost to serve that are nil are left out.

    Orders and tickets share a bar with returns, as one row of handling.
    """
    if waterfall.net_revenue_minor == 0:
        return ()
    handled = (Step.ORDERS, Step.TICKETS, Step.RETURNS)
    words = step_words()
    steps: list[WaterfallStep] = []
    for bar in waterfall.steps:
        if bar.step in handled[1:]:
            continue
        amount = bar.amount_minor
        if bar.step is Step.ORDERS:
            amount = sum(waterfall.amount(step) for step in handled)
        if amount == 0 and bar.step not in _MAIN_STEPS:
            continue
        steps.append(_step(bar.step, words[bar.step], amount, currency))
    return tuple(steps)


def _step(step: Step, label: str, amount: int, currency: str) -> WaterfallStep:
    total = step in (Step.REVENUE, Step.CONTRIBUTION)
    tone = Tone.MUTED
    if step is Step.REVENUE:
        tone = Tone.ACCENT
    elif step is Step.CONTRIBUTION:
        tone = Tone.GOOD if amount >= 0 else Tone.DANGER
    text = format_amount(amount, currency, decimals=0)
    return WaterfallStep(str(step), label, amount, text, total=total, tone=tone)


def step_words() -> dict[Step, str]:
    """The bars in words, short enough to stand below them."""
    return {
        Step.REVENUE: _("Revenue"),
        Step.DISCOUNTS: _("Discounts"),
        Step.COST_OF_GOODS: _("Goods"),
        Step.VISITS: _("Visits"),
        Step.DELIVERY: _("Delivery"),
        Step.ORDERS: _("Orders tickets"),
        Step.TICKETS: _("Tickets"),
        Step.RETURNS: _("Returns"),
        Step.DEBT: _("Debt"),
        Step.CONTRIBUTION: _("Contrib."),
    }


def contact_item(row: ContactRow) -> ContactItem:
    """A person as the card shows them: telephone first, e-mail and consent below."""
    phones = [p for p in row.points if p.kind != "email"]
    mails = [p.value for p in row.points if p.kind == "email"]
    detail = mails[0] if mails else ""
    if not detail and row.consent_on is not None:
        detail = _("consent for messages {date}").format(
            date=format_date(row.consent_on, year=True)
        )
    note = row.best_time or (phones[0].label if phones else "")
    return ContactItem(row.id, row.name, row.job, phones[0].value if phones else "", detail, note)


def _documents(card: CustomerCard) -> str:
    if card.documents.count == 0:
        return _("none yet")
    return _("{count}, newest {name}").format(
        count=format_number(card.documents.count), name=card.documents.newest
    )

"""The figures beside an order in words: totals, credit, worth, delivery and terms.

Owns the wording of the right side of the sheet. Amounts and rules come from the core. No Qt here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from crmdesk.domain.order_limits import check_credit
from crmdesk.domain.policy import BelowCost
from crmdesk.gui.margin_words import margin_pair, uncosted_lines
from crmdesk.gui.widgets.items import BadgeItem, CreditPart, Pair, Tone
from crmdesk.i18n import (
    _,
    format_amount,
    format_date_near,
    format_percent,
    format_time,
    ngettext,
    weekday_short,
)
from crmdesk.services.queries.order import OrderSheet


def totals(sheet: OrderSheet) -> tuple[Pair, ...]:
    """Net, what was taken off the list prices, and each tax with what it is on."""
    currency = sheet.currency
    pairs = [Pair(_("Net"), format_amount(sheet.net_minor, currency))]
    if sheet.discount_minor:
        pairs.append(
            Pair(
                _("of it discounts"),
                format_amount(-sheet.discount_minor, currency),
                label_tone=Tone.MUTED,
            )
        )
    for tax in sheet.taxes:
        words = _("Tax {rate} on {amount}").format(
            rate=format_percent(tax.rate_bp / 10_000, 0 if tax.rate_bp % 100 == 0 else 1),
            amount=format_amount(tax.on_minor, currency),
        )
        amount = format_amount(tax.tax_minor, currency)
        pairs.append(Pair(words, amount, label_tone=Tone.MUTED))
    return tuple(pairs)


def _this_order_minor(sheet: OrderSheet) -> int:
    """What this order adds to the debts; an order that HQ has is in them already or never will."""
    return sheet.total_minor if sheet.status in ("draft", "submitted") else 0


def credit_parts(sheet: OrderSheet) -> tuple[CreditPart, ...]:
    """What the customer owes, late and not, less what was collected, and this order."""
    credit, currency = sheet.credit, sheet.currency
    current = credit.open_minor - credit.late_minor
    parts = []
    if credit.late_minor > 0:
        amount = format_amount(credit.late_minor, currency)
        parts.append(
            CreditPart("late", _("Late, ask today"), credit.late_minor, amount, Tone.DANGER)
        )
    amount = format_amount(current, currency)
    parts.append(CreditPart("open", _("Open, not due"), current, amount, Tone.MUTED))
    if credit.ordered_minor:
        amount = format_amount(credit.ordered_minor, currency)
        parts.append(
            CreditPart("ordered", _("Ordered, not invoiced"), credit.ordered_minor, amount,
                       Tone.WARNING)
        )  # fmt: skip
    this = _this_order_minor(sheet)
    parts.append(CreditPart("this", _("This order"), this, format_amount(this, currency)))
    return tuple(parts)


def _left_minor(sheet: OrderSheet) -> int | None:
    if sheet.credit.limit_minor is None:
        return None
    return sheet.credit.limit_minor - _owed_minor(sheet) - _this_order_minor(sheet)


def _owed_minor(sheet: OrderSheet) -> int:
    return sheet.credit.open_minor + sheet.credit.ordered_minor


def credit_left(sheet: OrderSheet) -> Pair:
    """What is left of the credit limit."""
    left = _left_minor(sheet)
    if left is None or sheet.credit.limit_minor is None:
        return Pair(_("No limit agreed"), "", label_tone=Tone.MUTED)
    limit = format_amount(sheet.credit.limit_minor, sheet.currency, decimals=0)
    return Pair(
        _("Left of {limit}").format(limit=limit),
        format_amount(left, sheet.currency),
        tone=Tone.DANGER if left < 0 else Tone.PLAIN,
        label_tone=Tone.MUTED,
        strong=True,
    )


def debts_as_of(sheet: OrderSheet, now: datetime) -> tuple[Pair, ...]:
    """What was collected and is not booked yet, and when HQ told the debts."""
    pairs = []
    if sheet.credit.collected_minor:
        amount = format_amount(-sheet.credit.collected_minor, sheet.currency)
        pairs.append(Pair(_("Collected, not booked at HQ"), amount, label_tone=Tone.MUTED))
    as_of = sheet.credit.as_of
    if as_of is not None:
        pairs.append(Pair(_("Debts as of"), when(as_of, now), label_tone=Tone.MUTED))
    return tuple(pairs)


def when(instant: datetime, now: datetime) -> str:
    """An instant shortly: weekday and time within six days, else the day."""
    local = instant.astimezone(now.tzinfo)
    if (now - local).days >= 6:
        return format_date_near(local.date(), now.date())
    return f"{weekday_short(local.weekday())} {format_time(local)}"


def credit_state(sheet: OrderSheet) -> BadgeItem:
    """Whether the order is within the limit."""
    credit = sheet.credit
    if credit.limit_minor is None:
        return BadgeItem(_("no limit"), Tone.MUTED)
    found = check_credit(
        credit.mode, credit.limit_minor, _owed_minor(sheet), _this_order_minor(sheet)
    )
    if not found.over_minor:
        return BadgeItem(_("within limit"), Tone.GOOD, "check")
    if found.blocks:
        return BadgeItem(_("above limit: blocked"), Tone.DANGER, "warning")
    tone = Tone.WARNING if found.warns else Tone.MUTED
    return BadgeItem(_("above limit"), tone, "warning")


def worth(sheet: OrderSheet) -> tuple[Pair, ...]:
    """Whether the order pays: margin, what a visit costs, lines below cost, the minimum."""
    currency = sheet.currency
    uncosted = uncosted_lines(sheet.lines)
    pairs = [margin_pair(sheet.net_minor, sheet.cost_minor, uncosted, currency, strong=True)]
    if sheet.visit_cost_minor:
        cost = format_amount(-sheet.visit_cost_minor, currency)
        pairs.append(Pair(_("A visit costs"), cost))
    if sheet.break_even.value and not uncosted:
        amount = format_amount(sheet.break_even.value, currency, decimals=0)
        words = _("Break-even order {amount}").format(amount=amount)
        pairs.append(_passed(words, sheet.net_minor >= sheet.break_even.value))
    losing = sum(line.below_cost for line in sheet.lines)
    if losing:
        words = ngettext("{count} line below cost", "{count} lines below cost", losing)
        pairs.append(
            Pair(words.format(count=losing),
                 _("not allowed") if sheet.policy.below_cost is BelowCost.BLOCK else _("check"),
                 tone=Tone.DANGER, icon="warning",
                 label_tone=Tone.MUTED)
        )  # fmt: skip
    if sheet.minimum_minor:
        amount = format_amount(sheet.minimum_minor, currency, decimals=0)
        words = _("Minimum order {amount}").format(amount=amount)
        pairs.append(_passed(words, sheet.net_minor >= sheet.minimum_minor))
    return tuple(pairs)


def _passed(label: str, ok: bool) -> Pair:
    word = _("passed") if ok else _("not yet")
    tone, icon = (Tone.GOOD, "check") if ok else (Tone.WARNING, "warning")
    return Pair(label, word, tone=tone, icon=icon, label_tone=Tone.MUTED)


def terms(sheet: OrderSheet, now: datetime) -> tuple[Pair, ...]:
    """Payment, price list and how old the stock figures are."""
    days = ngettext("{count} day", "{count} days", sheet.terms_days)
    pairs = [
        Pair(
            _("Payment"),
            days.format(count=sheet.terms_days),
            note=sheet.price_list,
            label_tone=Tone.MUTED,
        ),
    ]
    if sheet.stock_as_of is not None:
        told = when(sheet.stock_as_of, now)
        stale = now - sheet.stock_as_of > timedelta(hours=sheet.policy.stale_stock_hours)
        pairs.append(
            Pair(_("Stock as of"), told, tone=Tone.WARNING if stale else Tone.PLAIN,
                 icon="warning" if stale else "", label_tone=Tone.MUTED)
        )  # fmt: skip
    return tuple(pairs)

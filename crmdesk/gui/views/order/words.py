"""An order in words: lines, warnings, totals, credit, worth and terms, ready to paint.

Owns the wording of the order sheet. Amounts and rules come from the core. No Qt here.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crmdesk.analytics.value import gross_margin_share
from crmdesk.domain.order_guards import Unusual, unusual_quantity
from crmdesk.domain.order_limits import check_credit
from crmdesk.domain.states import OrderStatus, order_status_word
from crmdesk.gui.packs import pack_name, pack_of, pack_text
from crmdesk.gui.sku_words import need_item
from crmdesk.gui.widgets.items import (
    BadgeItem,
    CreditPart,
    Fact,
    FactPart,
    NeedItem,
    Pair,
    Tone,
)
from crmdesk.i18n import (
    _,
    format_amount,
    format_date,
    format_date_near,
    format_number,
    format_percent,
    format_price,
    format_time,
    ngettext,
    weekday_short,
)
from crmdesk.services.queries.order import OrderLineRow, OrderSheet

NONE = "–"


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line of the sheet as it is shown."""

    product_id: int
    number: str
    name: str
    packs: str
    pack: str
    units: str
    usual: str
    usual_tone: Tone
    list_price: str
    reason: str
    reduced: bool
    net_price: str
    total: str
    editable: bool
    below_cost: bool = False


@dataclass(frozen=True, slots=True)
class WarningItem:
    """What looks unusual about a line, with its two ways out; it never blocks."""

    product_id: int
    loud: str
    quiet: str
    use: str
    keep: str


@dataclass(frozen=True, slots=True)
class SheetItem:
    """The whole sheet as it is shown."""

    order_id: int
    account_id: int
    customer: str
    badge: BadgeItem
    facts: str
    answer: str
    is_draft: bool
    can_call_back: bool
    lines: tuple[LineItem, ...]
    warnings: tuple[WarningItem, ...]
    foot: str
    foot_total: str
    totals: tuple[Pair, ...]
    to_pay: str
    credit: tuple[CreditPart, ...]
    credit_limit_minor: int
    credit_left: tuple[Pair, ...]
    credit_state: BadgeItem
    worth: tuple[Pair, ...]
    terms: tuple[Pair, ...]
    also: tuple[NeedItem, ...]
    last_orders: tuple[Fact, ...]


def sheet_item(sheet: OrderSheet, kept: Set[tuple[int, int]], now: datetime) -> SheetItem:
    """Everything the sheet shows; `kept` are (product, base units) confirmed, `now` is local."""
    today = now.date()
    unusual = {
        line.product_id: found
        for line in sheet.lines
        if sheet.is_draft and (found := line_warning(line, kept)) is not None
    }
    units = sum(line.base_quantity for line in sheet.lines)
    count = len(sheet.lines)
    lines = ngettext("{count} line", "{count} lines", count).format(count=count)
    total_units = ngettext("{count} unit", "{count} units", units)
    return SheetItem(
        order_id=sheet.id,
        account_id=sheet.account_id,
        customer=sheet.customer,
        badge=_badge(sheet),
        facts=_facts(sheet, now),
        answer=sheet.answer,
        is_draft=sheet.is_draft,
        can_call_back=sheet.status == OrderStatus.SUBMITTED,
        lines=tuple(
            _line(line, number, sheet, unusual.get(line.product_id))
            for number, line in enumerate(sheet.lines, 1)
        ),
        warnings=tuple(
            _warning(line, unusual[line.product_id])
            for line in sheet.lines
            if line.product_id in unusual
        ),
        foot=f"{lines}, {total_units.format(count=format_number(units))}",
        foot_total=format_amount(sheet.net_minor, sheet.currency),
        totals=_totals(sheet),
        to_pay=format_amount(sheet.total_minor, sheet.currency),
        credit=_credit_parts(sheet),
        credit_limit_minor=sheet.credit.limit_minor or 0,
        credit_left=(_credit_left(sheet), *_debts_as_of(sheet, now)),
        credit_state=_credit_state(sheet),
        worth=_worth(sheet),
        terms=_terms(sheet, now),
        also=tuple(need_item(row, today) for row in sheet.also_ask),
        last_orders=_last_orders(sheet, today),
    )


def line_warning(line: OrderLineRow, kept: Set[tuple[int, int]]) -> Unusual | None:
    """What is unusual about a line, unless the person has said to keep it."""
    if (line.product_id, line.base_quantity) in kept:
        return None
    return unusual_quantity(line.packs, line.unit, line.factor, line.usual)


def _badge(sheet: OrderSheet) -> BadgeItem:
    tones = {"submitted": Tone.ACCENT, "rejected": Tone.DANGER, "accepted": Tone.GOOD}
    words = order_status_word(OrderStatus(sheet.status))
    return BadgeItem(words[:1].upper() + words[1:], tones.get(sheet.status, Tone.MUTED))


def _facts(sheet: OrderSheet, now: datetime) -> str:
    parts = [_("Order {number}").format(number=sheet.number)]
    if sheet.visit_running and sheet.visit_started_at is not None:
        minutes = max(int((now - sheet.visit_started_at) / timedelta(minutes=1)), 0)
        parts.append(_("visit running, {count} min").format(count=minutes))
    elif not sheet.is_draft:
        parts.append(format_date(sheet.order_date, weekday=True))
    suggested = sum(1 for line in sheet.lines if line.suggested)
    if sheet.source == "suggestion" and suggested:
        words = ngettext(
            "from the suggestion of {count} SKU", "from the suggestion of {count} SKUs", suggested
        )
        parts.append(words.format(count=suggested))
    return " · ".join(parts)


def _line(line: OrderLineRow, number: int, sheet: OrderSheet, unusual: Unusual | None) -> LineItem:
    currency = sheet.currency
    usual = NONE
    if line.usual is not None and line.usual.packs > 0:
        same = line.usual.factor == line.factor
        packs = line.usual.packs
        usual = format_number(packs) if same else pack_text(line.usual.unit, packs)
    units = f"= {format_number(line.base_quantity)}" if line.factor > 1 else ""
    return LineItem(
        product_id=line.product_id,
        number=str(number),
        name=line.name,
        packs=format_number(line.packs),
        pack=pack_of(line.unit, line.factor),
        units=units,
        usual=usual,
        usual_tone=Tone.WARNING if unusual is not None else Tone.MUTED,
        list_price=format_price(line.list_price_e4, currency),
        reason=line.reason if line.list_price_e4 else line.reason or _("no price yet"),
        reduced=line.reduced,
        net_price=format_price(line.net_price_e4, currency),
        total=format_amount(line.net_minor, currency),
        editable=sheet.is_draft,
        below_cost=line.below_cost,
    )


def _warning(line: OrderLineRow, unusual: Unusual) -> WarningItem:
    packs = pack_text(line.unit, line.packs)
    usual = format_number(unusual.usual_packs)
    if unusual.code == "other_unit":
        loud = _("{packs}? Usually {usual}.").format(
            packs=packs, usual=pack_text(unusual.usual_unit, unusual.usual_packs)
        )
        use = pack_text(unusual.usual_unit, unusual.usual_packs)
        return WarningItem(
            line.product_id, loud, _lasts(unusual), _use(use), _keep(format_number(line.packs))
        )
    times = format_number(unusual.times, 0 if unusual.times >= 3 else 1)
    loud = _("{packs} is {times} × the usual {usual}.").format(
        packs=packs, times=times, usual=usual
    )
    most = _("The most so far was {count}").format(count=format_number(unusual.most_packs))
    lasts = _lasts(unusual)
    quiet = f"{most}; {lasts}" if lasts else f"{most}."
    return WarningItem(line.product_id, loud, quiet, _use(usual), _keep(format_number(line.packs)))


def _lasts(unusual: Unusual) -> str:
    if unusual.lasts_days is None:
        return ""
    words = ngettext(
        "this would last about {count} day.", "this would last about {count} days.",
        unusual.lasts_days,
    )  # fmt: skip
    return words.format(count=format_number(unusual.lasts_days))


def _use(what: str) -> str:
    return _("Use {quantity}").format(quantity=what)


def _keep(what: str) -> str:
    return _("Keep {quantity}").format(quantity=what)


def _totals(sheet: OrderSheet) -> tuple[Pair, ...]:
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
    for gift in sheet.gifts:
        words = _("Free to add: {product}").format(product=gift.product)
        pairs.append(
            Pair(words, format_number(gift.quantity), tone=Tone.GOOD, label_tone=Tone.MUTED)
        )
    return tuple(pairs)


def _this_order_minor(sheet: OrderSheet) -> int:
    """What this order adds to the debts; an order that HQ has is in them already or never will."""
    return sheet.total_minor if sheet.status in ("draft", "submitted") else 0


def _credit_parts(sheet: OrderSheet) -> tuple[CreditPart, ...]:
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
    this = _this_order_minor(sheet)
    parts.append(CreditPart("this", _("This order"), this, format_amount(this, currency)))
    return tuple(parts)


def _left_minor(sheet: OrderSheet) -> int | None:
    if sheet.credit.limit_minor is None:
        return None
    return sheet.credit.limit_minor - sheet.credit.open_minor - _this_order_minor(sheet)


def _credit_left(sheet: OrderSheet) -> Pair:
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


def _debts_as_of(sheet: OrderSheet, now: datetime) -> tuple[Pair, ...]:
    as_of = sheet.credit.as_of
    if as_of is None:
        return ()
    return (Pair(_("Debts as of"), _when(as_of, now), label_tone=Tone.MUTED),)


def _when(instant: datetime, now: datetime) -> str:
    local = instant.astimezone(now.tzinfo)
    if (now - local).days >= 6:
        return format_date_near(local.date(), now.date())
    return f"{weekday_short(local.weekday())} {format_time(local)}"


def _credit_state(sheet: OrderSheet) -> BadgeItem:
    credit = sheet.credit
    if credit.limit_minor is None:
        return BadgeItem(_("no limit"), Tone.MUTED)
    found = check_credit(
        credit.mode, credit.limit_minor, credit.open_minor, _this_order_minor(sheet)
    )
    if not found.over_minor:
        return BadgeItem(_("within limit"), Tone.GOOD, "check")
    if found.blocks:
        return BadgeItem(_("above limit: blocked"), Tone.DANGER, "warning")
    tone = Tone.WARNING if found.warns else Tone.MUTED
    return BadgeItem(_("above limit"), tone, "warning")


def _worth(sheet: OrderSheet) -> tuple[Pair, ...]:
    currency = sheet.currency
    share = gross_margin_share(sheet.net_minor, sheet.cost_minor)
    margin = sheet.net_minor - sheet.cost_minor
    pairs = [
        Pair(
            _("Gross margin"),
            format_amount(margin, currency),
            note=format_percent(share.value) if share.value is not None else "",
            strong=True,
            tone=Tone.DANGER if margin < 0 else Tone.PLAIN,
        )
    ]
    if sheet.visit_cost_minor:
        cost = format_amount(-sheet.visit_cost_minor, currency)
        pairs.append(Pair(_("A visit costs"), cost))
    if sheet.break_even.value:
        amount = format_amount(sheet.break_even.value, currency, decimals=0)
        words = _("Break-even order {amount}").format(amount=amount)
        pairs.append(_passed(words, sheet.net_minor >= sheet.break_even.value))
    losing = sum(line.below_cost for line in sheet.lines)
    if losing:
        words = ngettext("{count} line below cost", "{count} lines below cost", losing)
        pairs.append(
            Pair(words.format(count=losing), _("check"), tone=Tone.DANGER, icon="warning",
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


def _terms(sheet: OrderSheet, now: datetime) -> tuple[Pair, ...]:
    days = ngettext("{count} day", "{count} days", sheet.terms_days)
    pairs = [
        Pair(
            _("Delivery"),
            NONE if sheet.delivery_date is None else format_date(sheet.delivery_date, weekday=True),
            label_tone=Tone.MUTED,
        ),
        Pair(_("Payment"), days.format(count=sheet.terms_days), label_tone=Tone.MUTED),
        Pair(_("Prices"), sheet.price_list or NONE, label_tone=Tone.MUTED),
    ]
    if sheet.stock_as_of is not None:
        when = _when(sheet.stock_as_of, now)
        pairs.append(Pair(_("Stock as of"), when, label_tone=Tone.MUTED))
    return tuple(pairs)


def _last_orders(sheet: OrderSheet, today: date) -> tuple[Fact, ...]:
    found = []
    for last in sheet.last_orders:
        lines = ngettext("{count} line", "{count} lines", last.lines).format(count=last.lines)
        label = f"{format_date(last.day, year=(today - last.day).days > 330)} · {lines}"
        amount = format_amount(last.net_minor, sheet.currency)
        found.append(Fact(label, (FactPart(amount),)))
    return tuple(found)


def found_text(unit: str, factor: int) -> str:
    """The pack that a found product would be added in."""
    return pack_of(unit, factor) if factor > 1 else pack_name(unit)

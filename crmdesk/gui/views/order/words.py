"""An order in words: lines, warnings, totals, credit, worth and terms, ready to paint.

Owns the wording of the order sheet. Amounts and rules come from the core. No Qt here.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crmdesk.domain.order_guards import Unusual, unusual_quantity
from crmdesk.domain.signature import Signature, read_signature
from crmdesk.domain.states import OrderStatus, order_status_word
from crmdesk.gui.packs import instead_text, pack_of, pack_text
from crmdesk.gui.sku_words import need_item
from crmdesk.gui.views.order.answer_words import (
    ChangeItem,
    change_items,
    gift_notice,
    hq_pairs,
    same_day_notice,
    signed_words,
    trouble_words,
)
from crmdesk.gui.views.order.side_words import (
    credit_left,
    credit_parts,
    credit_state,
    debts_as_of,
    terms,
    totals,
    when,
    worth,
)
from crmdesk.gui.widgets.items import (
    BadgeItem,
    CreditPart,
    Fact,
    FactPart,
    NeedItem,
    NoticeItem,
    Pair,
    Tone,
)
from crmdesk.i18n import (
    _,
    format_amount,
    format_date,
    format_number,
    format_price,
    ngettext,
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
    by_stock: bool = False


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
    same_day: NoticeItem | None = None
    gift: NoticeItem | None = None
    delivery: str = ""
    delivery_trouble: str = ""
    reference: str = ""
    note: str = ""
    signed: str = ""
    signer: str = ""
    signature: Signature | None = None
    changes: tuple[ChangeItem, ...] = ()
    hq: tuple[Pair, ...] = ()


def sheet_item(sheet: OrderSheet, kept: Set[tuple[int, int]], now: datetime) -> SheetItem:
    """Everything the sheet shows; `kept` are (product, base units) confirmed, `now` is local."""
    today = now.date()
    warned = {
        line.product_id: found
        for line in sheet.lines
        if sheet.is_draft and (found := _warning_of(line, sheet, kept, now)) is not None
    }
    odd = {key for key, found in warned.items() if not found.by_stock}
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
            _line(line, number, sheet, is_odd=line.product_id in odd)
            for number, line in enumerate(sheet.lines, 1)
        ),
        warnings=tuple(warned.values()),
        foot=f"{lines}, {total_units.format(count=format_number(units))}",
        foot_total=format_amount(sheet.net_minor, sheet.currency),
        totals=totals(sheet),
        to_pay=format_amount(sheet.total_minor, sheet.currency),
        credit=credit_parts(sheet),
        credit_limit_minor=sheet.credit.limit_minor or 0,
        credit_left=(credit_left(sheet), *debts_as_of(sheet, now)),
        credit_state=credit_state(sheet),
        worth=worth(sheet),
        terms=terms(sheet, now),
        also=tuple(need_item(row, today) for row in sheet.also_ask),
        last_orders=_last_orders(sheet, today),
        same_day=same_day_notice(sheet),
        gift=gift_notice(sheet),
        delivery="" if sheet.delivery_date is None else _day(sheet.delivery_date),
        delivery_trouble=trouble_words(sheet.delivery_trouble),
        reference=sheet.reference,
        note=sheet.note,
        signed=signed_words(sheet, now),
        signer=sheet.signed_by or sheet.contact,
        signature=_drawn(sheet),
        changes=change_items(sheet, now),
        hq=hq_pairs(sheet, now),
    )


def _day(day: date) -> str:
    return format_date(day, weekday=True)


def _drawn(sheet: OrderSheet) -> Signature | None:
    try:
        return read_signature(sheet.signature)
    except ValueError:
        return None


def _warning_of(
    line: OrderLineRow, sheet: OrderSheet, kept: Set[tuple[int, int]], now: datetime
) -> WarningItem | None:
    unusual = line_warning(line, kept)
    if unusual is not None:
        return _warning(line, unusual)
    return _stock_warning(line, sheet, now) if is_short(line, kept) else None


def is_short(line: OrderLineRow, kept: Set[tuple[int, int]]) -> bool:
    """Whether more is on a line than there was, unless the person has said to keep it."""
    if line.stock is None or (line.product_id, -line.base_quantity) in kept:
        return False
    return line.base_quantity > line.stock.on_hand


def _stock_warning(line: OrderLineRow, sheet: OrderSheet, now: datetime) -> WarningItem | None:
    stock = line.stock
    if stock is None:
        return None
    left = format_number(stock.on_hand)
    loud = (
        _("{product} is out of stock.") if stock.on_hand <= 0
        else _("Only {count} of {product} are in stock.")
    ).format(count=left, product=line.name)  # fmt: skip
    parts = [_("As of {when}").format(when=when(stock.as_of, now))]
    if stock.is_stale(now, sheet.policy.stale_stock_hours):
        parts.append(_("this is old: ask the office"))
    if stock.next_arrival is not None:
        parts.append(_("more on {date}").format(date=format_date(stock.next_arrival, weekday=True)))
    use = ""
    if stock.substitute is not None:
        other = stock.substitute
        use = _("Take {packs} of {product}").format(
            packs=pack_text(other.unit, other.packs), product=other.name
        )
        if instead_text(other):
            parts.append(instead_text(other).rstrip("."))
    keep = _keep(format_number(line.packs))
    return WarningItem(line.product_id, loud, f"{'; '.join(parts)}.", use, keep, by_stock=True)


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


def _line(line: OrderLineRow, number: int, sheet: OrderSheet, *, is_odd: bool) -> LineItem:
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
        usual_tone=Tone.WARNING if is_odd else Tone.MUTED,
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


def _last_orders(sheet: OrderSheet, today: date) -> tuple[Fact, ...]:
    found = []
    for last in sheet.last_orders:
        lines = ngettext("{count} line", "{count} lines", last.lines).format(count=last.lines)
        label = f"{format_date(last.day, year=(today - last.day).days > 330)} · {lines}"
        amount = format_amount(last.net_minor, sheet.currency)
        found.append(Fact(label, (FactPart(amount),)))
    return tuple(found)

"""What the inbox says: notes about an order, its facts, headings, empty states. No Qt.

Owns wording and number formats of the place; figures come from the queries.
"""

from __future__ import annotations

from datetime import date

from crmdesk.domain.states import OrderStatus, order_status_word
from crmdesk.gui.margin_words import margin_pair, uncosted_lines
from crmdesk.gui.packs import base_text, pack_name
from crmdesk.gui.views.inbox.items import GroupItem, LineItem, NoteItem, PreviewItem
from crmdesk.gui.widgets.items import BadgeItem, Pair, Tone
from crmdesk.i18n import (
    _,
    format_amount,
    format_date,
    format_date_near,
    format_money,
    format_number,
    format_price,
    format_time,
    ngettext,
)
from crmdesk.services.queries.inbox import InboxGroup
from crmdesk.services.queries.inbox_attention import Attention
from crmdesk.services.queries.inbox_sheet import InboxSheet
from crmdesk.services.queries.order import FoundProduct, OrderLineRow
from crmdesk.services.queries.order_status import Alteration

_TONES = {
    "credit_hard": (Tone.DANGER, "lock"),
    "below_cost": (Tone.DANGER, "trend-down"),
    "price": (Tone.WARNING, "tag"),
    "stock": (Tone.WARNING, "box"),
    "credit_soft": (Tone.WARNING, "money"),
    "twice": (Tone.WARNING, "orders"),
    "unusual": (Tone.WARNING, "warning"),
    "late": (Tone.WARNING, "clock"),
}
_BADGES = {
    "submitted": (Tone.ACCENT, "download"),
    "accepted": (Tone.GOOD, "check"),
    "rejected": (Tone.DANGER, "close"),
    "shipped": (Tone.GOOD, "truck"),
    "invoiced": (Tone.MUTED, "document"),
    "paid": (Tone.GOOD, "check"),
    "cancelled": (Tone.MUTED, "minus"),
}


def group_words() -> dict[InboxGroup, str]:
    """The chips in words."""
    return {
        InboxGroup.WAITING: _("Waiting for us"),
        InboxGroup.TO_SHIP: _("To ship"),
        InboxGroup.TO_INVOICE: _("To invoice"),
        InboxGroup.TODAY: _("Today"),
        InboxGroup.REJECTED: _("Rejected"),
    }


def empty_words(group: InboxGroup, *, narrowed: bool) -> tuple[str, str]:
    """Why there is no row, and what to do."""
    if narrowed:
        return (
            _("No order matches."),
            _("Empty the search, or show all reps and territories again with F."),
        )
    return {
        InboxGroup.WAITING: (
            _("Nothing waits for you."),
            _("Orders appear here as reps send them. An order by phone is keyed with N."),
        ),
        InboxGroup.TO_SHIP: (
            _("Nothing is to be shipped."),
            _("What you accept stands here until it leaves the house: then press S."),
        ),
        InboxGroup.TO_INVOICE: (
            _("Nothing is to be invoiced."),
            _("What was shipped stands here until you press I, or its invoice is imported."),
        ),
        InboxGroup.TODAY: (
            _("No order today yet."),
            _("Everything submitted today stands here, whatever became of it."),
        ),
        InboxGroup.REJECTED: (
            _("Nothing was rejected in the last 30 days."),
            _("A rejected order can be let in again with U."),
        ),
    }[group]


def note_item(note: Attention, currency: str) -> NoteItem:
    """One thing to look at, in words."""
    tone, icon = _TONES[note.code]
    return NoteItem(_note_text(note, currency), tone, icon)


def _note_text(note: Attention, currency: str) -> str:
    count, amount = note.count, format_money(note.amount_minor, currency)
    if note.code == "credit_hard":
        return _("{amount} over the credit limit, which is hard").format(amount=amount)
    if note.code == "credit_soft":
        return _("{amount} over the credit limit").format(amount=amount)
    if note.code == "late":
        said = ngettext(
            "delivery was due {count} day ago", "delivery was due {count} days ago", count
        )
    elif note.code == "twice":
        return _("same customer, day and amount as {number}").format(number=note.name)
    elif note.code == "below_cost":
        said = ngettext(
            "{count} line below cost, {amount} lost", "{count} lines below cost, {amount} lost",
            count,
        )  # fmt: skip
    elif note.code == "price":
        said = ngettext(
            "HQ has another price for {count} line", "HQ has other prices for {count} lines", count
        )
    elif note.code == "stock":
        said = ngettext("stock is short of {name}", "stock is short for {count} lines", count)
    else:
        said = ngettext("unusual quantity of {name}", "unusual quantities in {count} lines", count)
    return said.format(count=format_number(count), amount=amount, name=note.name)


def preview_item(sheet: InboxSheet, today: date) -> PreviewItem:
    """The order beside the list."""
    order = sheet.sheet
    tone, icon = _BADGES.get(order.status, (Tone.MUTED, ""))
    word = order_status_word(OrderStatus(order.status))
    badges = [BadgeItem(word[:1].upper() + word[1:], tone, icon)]
    if order.hq is not None and order.hq.alterations:
        badges.append(BadgeItem(_("Altered"), Tone.ACCENT, "edit"))
    return PreviewItem(
        order_id=order.id,
        account_id=order.account_id,
        title=order.customer,
        badges=tuple(badges),
        facts=_facts(sheet, today),
        notes=tuple(note_item(note, order.currency) for note in sheet.attention),
        altered=_altered(sheet),
        lines=tuple(line_item(line, sheet) for line in order.lines),
        totals=_totals(sheet),
        credit=_credit(sheet),
        remark=order.note,
    )


def _facts(sheet: InboxSheet, today: date) -> tuple[str, ...]:
    order, hq = sheet.sheet, sheet.sheet.hq
    taken = format_date_near(order.order_date, today)
    if hq is not None and hq.submitted_at is not None:
        taken = f"{taken} {format_time(hq.submitted_at)}"
    by = sheet.rep
    if hq is not None and hq.entered_by:
        by = _("{rep}, keyed by {person}").format(rep=sheet.rep, person=hq.entered_by)
    facts = [order.number, by, taken]
    if order.delivery_date is not None:
        day = format_date_near(order.delivery_date, today)
        facts.append(_("delivery {day}").format(day=day))
    return tuple(fact for fact in facts if fact)


def _altered(sheet: InboxSheet) -> tuple[NoteItem, ...]:
    hq, currency = sheet.sheet.hq, sheet.sheet.currency
    items = [NoteItem(alteration_text(a, currency), Tone.ACCENT, "edit") for a in
             (hq.alterations if hq is not None else ())]  # fmt: skip
    if sheet.sheet.answer:
        items.append(NoteItem(sheet.sheet.answer, Tone.MUTED, "message"))
    return tuple(items)


def alteration_text(one: Alteration, currency: str) -> str:
    """Who altered an order to what, and why, in a line."""
    before, after = one.before.get("total_minor"), one.after.get("total_minor")
    moved = ""
    if isinstance(before, int) and isinstance(after, int):
        moved = f"{format_money(before, currency)} → {format_money(after, currency)}"
    said = _("{person}: {reason}").format(person=one.by, reason=one.reason)
    return f"{said} ({moved})" if moved else said


def line_item(line: OrderLineRow, sheet: InboxSheet, packs: int | None = None) -> LineItem:
    """A line beside the list; ``packs`` is what it is being altered to."""
    currency = sheet.sheet.currency
    detail, tone = line.sku, Tone.MUTED
    stock, hq_price = sheet.stock.get(line.product_id), sheet.hq_prices.get(line.position)
    if packs is not None and packs != line.packs:
        was = f"{format_number(line.packs)} {pack_name(line.unit, line.packs)}"
        detail, tone = _("was {quantity}").format(quantity=was), Tone.ACCENT
    elif line.below_cost:
        lost = format_amount(line.cost_minor - line.net_minor, currency)
        detail, tone = _("{amount} below cost").format(amount=lost), Tone.DANGER
    elif hq_price is not None:
        price = format_price(hq_price, currency)
        detail, tone = _("HQ's price is {price}").format(price=price), Tone.WARNING
    elif stock is not None and stock.on_hand < line.base_quantity:
        there = base_text(line.base_unit, max(stock.on_hand, 0))
        detail, tone = _("in stock: {quantity}").format(quantity=there), Tone.WARNING
    shown = line.packs if packs is None else packs
    return LineItem(
        line.product_id, line.name, detail, tone, format_number(shown),
        pack_name(line.unit, shown), format_price(line.net_price_e4, currency),
        format_amount(line.net_minor, currency),
        changed=packs is not None and packs != line.packs, gone=shown == 0,
    )  # fmt: skip


def added_item(found: FoundProduct, packs: int) -> LineItem:
    """A line that the alteration adds."""
    return LineItem(
        found.product_id, found.name, _("added"), Tone.ACCENT, format_number(packs),
        pack_name(found.unit, packs), "–", "–", changed=True, gone=packs == 0,
    )  # fmt: skip


def _totals(sheet: InboxSheet) -> tuple[Pair, ...]:
    order, currency = sheet.sheet, sheet.sheet.currency
    tax = order.total_minor - order.net_minor
    return (
        Pair(_("Net"), format_amount(order.net_minor, currency)),
        Pair(_("Tax"), format_amount(tax, currency)),
        Pair(_("To pay"), format_amount(order.total_minor, currency), strong=True),
        margin_pair(
            order.net_minor, order.cost_minor, uncosted_lines(order.lines), currency
        ),
    )  # fmt: skip


def _credit(sheet: InboxSheet) -> tuple[Pair, ...]:
    credit, currency = sheet.sheet.credit, sheet.sheet.currency
    if credit.limit_minor is None:
        limit = Pair(_("Credit limit"), _("none"), tone=Tone.MUTED)
    else:
        note = _("hard") if credit.mode == "hard" else ""
        limit = Pair(_("Credit limit"), format_amount(credit.limit_minor, currency), note)
    late = Tone.DANGER if credit.late_minor > 0 else Tone.PLAIN
    return (
        limit,
        Pair(_("Owed"), format_amount(credit.open_minor, currency)),
        Pair(_("of it late"), format_amount(credit.late_minor, currency), tone=late),
        Pair(_("Terms"), _terms(sheet.sheet.terms_days)),
    )  # fmt: skip


def _terms(days: int) -> str:
    if days <= 0:
        return _("at once")
    return ngettext("{count} day", "{count} days", days).format(count=format_number(days))


def more_item(count: int) -> GroupItem:
    """The heading at the end of what was read of a group."""
    said = ngettext("{count} more order", "{count} more orders", count)
    return GroupItem(
        "more", said.format(count=format_number(count)), _("read as you come to them"), ""
    )


def day_heading(day: date, today: date) -> str:
    """The day of a group of orders."""
    if day == today:
        return _("Today")
    return format_date(day, weekday=True)

"""A return in words: what could come back, what does, its credit and what speaks against it.

No Qt here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from crmdesk.domain.packaging import to_base
from crmdesk.domain.returning import Condition, Credit, Wish, credit_of
from crmdesk.gui.packs import pack_name, pack_of
from crmdesk.gui.widgets.items import BadgeItem, Pair, Tone
from crmdesk.i18n import (
    _,
    format_amount,
    format_date,
    format_date_near,
    format_number,
    ngettext,
    pgettext,
)
from crmdesk.services.queries.returning import Pack, RequestRow, Returnable, ReturnSheet
from crmdesk.services.returns import ReturnLine


@dataclass(frozen=True, slots=True)
class ReturnItem:
    """A product that could come back; quantity, reason and credit are empty while it does not."""

    product_id: int
    name: str
    packs: str
    pack: str
    bought: str
    last: str
    paid: str
    reason: str
    condition: str
    credit: str
    warning: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class RequestItem:
    """A return that was written before."""

    key: int
    number: str
    when: str
    lines: str
    amount: str
    state: BadgeItem


@dataclass(frozen=True, slots=True)
class ReturnPlaceItem:
    """The whole place."""

    customer: str
    facts: str
    lines: tuple[ReturnItem, ...]
    requests: tuple[RequestItem, ...]
    totals: tuple[Pair, ...]
    warnings: tuple[str, ...]
    policy: str
    can_submit: bool
    empty: str


def condition_word(condition: Condition) -> str:
    """A condition as people call it."""
    return {
        Condition.SEALED: _("sealed"),
        Condition.OPENED: _("opened"),
        Condition.DAMAGED: _("damaged"),
        Condition.EXPIRED: _("out of date"),
    }[condition]


def wish_word(wish: Wish) -> str:
    """What the customer wants, as people call it."""
    return {Wish.CREDIT: pgettext("return", "Credit"), Wish.EXCHANGE: _("Exchange")}[wish]


def pack_of_line(product: Returnable, line: ReturnLine | None) -> Pack:
    """The pack a line is counted in; the first one while nothing comes back."""
    if line is not None:
        for pack in product.packs:
            if pack.id == line.packaging_id:
                return pack
    return product.packs[0]


def credit_of_line(product: Returnable, line: ReturnLine, oldest: date) -> Credit:
    """What a line is credited at."""
    base = line.base_quantity or to_base(line.packs, pack_of_line(product, line).factor)
    return credit_of(base, product.left, oldest)


def place_item(
    sheet: ReturnSheet, lines: Mapping[int, ReturnLine], packs: Mapping[int, Pack], wish: Wish
) -> ReturnPlaceItem:
    """Everything the place shows; `packs` are chosen for products that do not come back yet."""
    worth = {
        product.product_id: credit_of_line(product, lines[product.product_id], sheet.oldest)
        for product in sheet.products
        if product.product_id in lines
    }
    total = sum(credit.net_minor for credit in worth.values())
    count = len(worth)
    pairs = [
        Pair(_("Lines"), format_number(count), label_tone=Tone.MUTED),
        Pair(wish_word(wish), format_amount(total, sheet.currency), strong=True),
    ]
    items = tuple(
        _line(p, lines.get(p.product_id), packs.get(p.product_id), worth.get(p.product_id), sheet)
        for p in sheet.products
    )
    warnings = tuple(
        f"{item.name}: {item.warning}" for item in items if item.is_on and item.warning
    )
    days = ngettext(
        "Taken back within {count} day of the purchase.",
        "Taken back within {count} days of the purchase.",
        sheet.return_days,
    ).format(count=format_number(sheet.return_days))
    return ReturnPlaceItem(
        sheet.customer, sheet.city, items, tuple(_request(r, sheet) for r in sheet.requests),
        tuple(pairs), warnings, days, bool(worth),
        "" if items else _("Nothing was bought lately. Press A to find a product."),
    )  # fmt: skip


def _line(
    product: Returnable, line: ReturnLine | None, chosen: Pack | None, credit: Credit | None,
    sheet: ReturnSheet,
) -> ReturnItem:  # fmt: skip
    pack = pack_of_line(product, line) if line is not None or chosen is None else chosen
    latest = product.left[0] if product.left else None
    paid = ""
    if latest is not None and latest.base_quantity:
        each = round(latest.net_minor * pack.factor / latest.base_quantity)
        paid = format_amount(each, sheet.currency)
    reasons = {reason.id: reason.name for reason in sheet.reasons}
    reason = ""
    if line is not None:
        reason = reasons.get(line.reason_id or 0, "") or _("why?")
    return ReturnItem(
        product.product_id,
        product.name,
        format_number(line.packs) if line is not None else "",
        pack_of(pack.unit, pack.factor) if pack.factor > 1 else pack_name(pack.unit),
        format_number(sum(b.base_quantity for b in product.left if b.day >= sheet.oldest)),
        "–" if latest is None else format_date_near(latest.day, sheet.today),
        paid,
        reason,
        condition_word(line.condition) if line is not None else "",
        format_amount(credit.net_minor, sheet.currency) if credit is not None else "",
        _warning(credit, product, sheet) if credit is not None else "",
        line is not None,
    )


def _warning(credit: Credit, product: Returnable, sheet: ReturnSheet) -> str:
    never = credit.beyond - credit.late
    if never and not product.left:
        return _("never bought here: the office decides the credit")
    if never:
        words = ngettext(
            "{count} unit more than was bought", "{count} units more than were bought", never
        )
        return words.format(count=format_number(never))
    if credit.late:
        words = ngettext(
            "{count} unit was bought before {day}", "{count} units were bought before {day}",
            credit.late,
        )  # fmt: skip
        return words.format(count=format_number(credit.late), day=format_date(sheet.oldest))
    return ""


def _request(row: RequestRow, sheet: ReturnSheet) -> RequestItem:
    lines = ngettext("{count} line", "{count} lines", row.lines).format(count=row.lines)
    state = (
        BadgeItem(_("at HQ"), Tone.GOOD, "check")
        if row.known
        else BadgeItem(_("waits to be sent"), Tone.MUTED)
    )
    return RequestItem(
        row.id, row.number, format_date_near(row.day, sheet.today), lines,
        format_amount(row.net_minor, sheet.currency), state,
    )  # fmt: skip

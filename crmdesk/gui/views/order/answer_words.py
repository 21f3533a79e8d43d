"""What is worth knowing about an order as a whole, in words: gifts, the same order again, answers.

Owns the wording of notices and of what became of an order at HQ. No Qt here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from crmdesk.gui import keys
from crmdesk.gui.packs import pack_text
from crmdesk.gui.views.order.side_words import when
from crmdesk.gui.widgets.items import NoticeItem, Pair, Tone
from crmdesk.i18n import _, format_date, format_money, format_number, ngettext
from crmdesk.services.queries.order import OrderSheet
from crmdesk.services.queries.order_history import Repeated
from crmdesk.services.queries.order_status import Alteration


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """A change by the office: who and when, why, and line by line what it was and is."""

    title: str
    reason: str
    lines: tuple[str, ...]


def same_day_notice(sheet: OrderSheet) -> NoticeItem | None:
    """Says that this customer has ordered for the same day before; louder if it is the same."""
    if not sheet.same_day:
        return None
    twin = next((one for one in sheet.same_day if one.identical), None)
    if twin is not None:
        loud = _("The same order was submitted today: {number}.").format(number=twin.number)
        quiet = _("Is this one meant as well?")
        return NoticeItem(loud, quiet, action=_("Delete draft"))
    other = sheet.same_day[0]
    lines = ngettext("{count} line", "{count} lines", other.lines).format(count=other.lines)
    loud = _("Ordered today already: {number}.").format(number=other.number)
    return NoticeItem(
        loud, f"{lines}, {format_money(other.net_minor, sheet.currency)}", "muted", "info"
    )


def gift_notice(sheet: OrderSheet) -> NoticeItem | None:
    """Offers what an offer gives for nothing, with the key that puts it on the order."""
    if not sheet.gifts or not sheet.is_draft:
        return None
    parts = [
        _("{count} × {product}").format(count=format_number(g.quantity), product=g.product)
        for g in sheet.gifts
    ]
    offers = ", ".join(dict.fromkeys(g.offer for g in sheet.gifts))
    return NoticeItem(
        _("Free to add: {what}.").format(what=", ".join(parts)), offers, "good", "tag",
        _("Take it"), keys.hint("order.gift"),
    )  # fmt: skip


def repeated_words(found: Repeated) -> str:
    """What was put on an order of the last one, and what could not be."""
    if found.day is None:
        return _("There is no earlier order of this customer.")
    count = len(found.lines)
    day = format_date(found.day)
    words = ngettext(
        "{count} line of the order of {day} added.", "{count} lines of the order of {day} added.",
        count,
    ).format(count=count, day=day)  # fmt: skip
    if not found.lines and not found.gone:
        words = _("Everything of the order of {day} is here already.").format(day=day)
    if found.gone:
        gone = _("Not sold any more: {products}.").format(products=", ".join(found.gone))
        words = f"{words} {gone}"
    return words


def trouble_words(code: str) -> str:
    """What speaks against a day of delivery."""
    return {
        "weekend": _("Nothing is delivered at weekends"),
        "holiday": _("This is a holiday"),
        "closed": _("The customer is closed then"),
    }.get(code, "")


def signed_words(sheet: OrderSheet, now: datetime) -> str:
    """Who has signed, and when; empty when nobody has."""
    if not sheet.signed_by or sheet.signed_at is None:
        return ""
    return _("Signed by {name}, {when}").format(
        name=sheet.signed_by, when=when(sheet.signed_at, now)
    )


def hq_pairs(sheet: OrderSheet, now: datetime) -> tuple[Pair, ...]:
    """What became of a submitted order, step by step."""
    hq = sheet.hq
    if hq is None:
        return ()
    pairs = []
    if hq.submitted_at is not None:
        pairs.append(Pair(_("Submitted"), when(hq.submitted_at, now), label_tone=Tone.MUTED))
    known = (
        Pair(_("HQ"), _("has it"), tone=Tone.GOOD, icon="check", label_tone=Tone.MUTED)
        if hq.known
        else Pair(_("HQ"), _("waits to be sent"), tone=Tone.WARNING, label_tone=Tone.MUTED)
    )
    pairs.append(known)
    if hq.entered_by:
        pairs.append(Pair(_("Keyed by"), hq.entered_by, label_tone=Tone.MUTED))
    for invoice in hq.invoices:
        label = _("Invoice {number}").format(number=invoice.number)
        if invoice.open_minor:
            words = _("{amount} open").format(
                amount=format_money(invoice.open_minor, sheet.currency)
            )
            pairs.append(Pair(label, words, label_tone=Tone.MUTED))
        else:
            pairs.append(Pair(label, _("paid"), tone=Tone.GOOD, label_tone=Tone.MUTED))
    return tuple(pairs)


def change_items(sheet: OrderSheet, now: datetime) -> tuple[ChangeItem, ...]:
    """What the office has changed, latest first."""
    if sheet.hq is None:
        return ()
    return tuple(_change(one, now) for one in reversed(sheet.hq.alterations))


def _change(one: Alteration, now: datetime) -> ChangeItem:
    who = one.by or _("the office")
    title = f"{when(one.at, now)}, {who}"
    lines = list(_differences(_by_product(one.before), _by_product(one.after)))
    days = (_date(one.before), _date(one.after))
    if days[0] != days[1] and days[1] is not None:
        day = format_date(days[1], weekday=True)
        lines.append(_("Delivery: now {day}").format(day=day))
    return ChangeItem(title, one.reason, tuple(lines))


def _differences(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Iterable[str]:
    for key in (*before, *(key for key in after if key not in before)):
        old, new = before.get(key), after.get(key)
        name = str((new or old or {}).get("name") or (new or old or {}).get("sku") or "")
        if new is None and old is not None:
            yield _("{product}: taken off, was {before}").format(product=name, before=_packs(old))
        elif old is None and new is not None:
            yield _("{product}: added, {after}").format(product=name, after=_packs(new))
        elif old is not None and new is not None and _packs(old) != _packs(new):
            yield _("{product}: {before} → {after}").format(
                product=name, before=_packs(old), after=_packs(new)
            )


def _packs(line: Mapping[str, Any]) -> str:
    quantity = line.get("quantity")
    return pack_text(str(line.get("unit") or "EA"), quantity if isinstance(quantity, int) else 0)


def _by_product(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    lines = document.get("lines")
    found = lines if isinstance(lines, list) else []
    return {
        str(line.get("product") or line.get("product_id")): line
        for line in found
        if isinstance(line, Mapping)
    }


def _date(document: Mapping[str, Any]) -> date | None:
    text = document.get("delivery_date")
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None

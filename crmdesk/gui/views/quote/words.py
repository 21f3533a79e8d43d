"""A quote in words: lines, totals, what it says, follow-ups, versions, ready to paint. No Qt here.

Owns the wording of the quote entry. Amounts and rules come from the core.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crmdesk.domain.quote_rules import LineChange
from crmdesk.domain.states import QuoteStatus, quote_status_word
from crmdesk.gui.dates import typed_day
from crmdesk.gui.margin_words import margin_pair, uncosted_lines
from crmdesk.gui.packs import pack_name, pack_of, pack_text
from crmdesk.gui.quote_answers import (
    chance_sentence,
    mode_word,
    result_word,
    state_badge,
    valid_words,
)
from crmdesk.gui.widgets.items import BadgeItem, Pair, Tone
from crmdesk.i18n import (
    _,
    format_amount,
    format_date,
    format_date_near,
    format_money,
    format_number,
    format_percent,
    format_price,
    ngettext,
)
from crmdesk.services.queries.quote import FollowUpRow, QuoteLineRow, QuoteSheet

NONE = "–"


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line as it is shown; ``typed`` is its discount as it can be typed."""

    product_id: int
    number: str
    name: str
    packs: str
    pack: str
    units: str
    list_price: str
    discount: str
    typed: str
    by_hand: bool
    reason: str
    net_price: str
    total: str
    editable: bool
    below_cost: bool


@dataclass(frozen=True, slots=True)
class SheetItem:
    """The whole quote as it is shown; ``said`` are follow-ups as (when and how, what, next)."""

    quote_id: int
    customer: str
    badges: tuple[BadgeItem, ...]
    facts: str
    is_draft: bool
    waits: bool
    can_expire: bool
    can_reopen: bool
    can_revise: bool
    can_call_back: bool
    order: str
    lines: tuple[LineItem, ...]
    foot: str
    foot_total: str
    totals: tuple[Pair, ...]
    total: str
    chance: float | None
    chance_words: str
    title: str
    valid_until: str
    next_follow_up: str
    contact: str
    terms: str
    note: str
    said: tuple[tuple[str, str, str], ...]
    versions: tuple[Pair, ...]
    changes: tuple[Pair, ...]
    changes_title: str


def sheet_item(sheet: QuoteSheet, today: date) -> SheetItem:
    """Everything the quote entry shows."""
    row, currency = sheet.row, sheet.currency
    count = len(sheet.lines)
    decided = row.status in (QuoteStatus.WON, QuoteStatus.LOST, QuoteStatus.EXPIRED)
    chance = row.chance.value
    return SheetItem(
        quote_id=row.id,
        customer=row.customer,
        badges=_badges(sheet, today),
        facts=_facts(sheet, today),
        is_draft=sheet.is_draft,
        waits=sheet.waits,
        can_expire=sheet.waits and row.valid_until is not None and row.valid_until < today,
        can_reopen=decided and sheet.order_id is None,
        can_revise=row.status in (QuoteStatus.SENT, QuoteStatus.LOST, QuoteStatus.EXPIRED),
        can_call_back=sheet.waits and sheet.only_here and not row.follow_ups,
        order=sheet.order_number,
        lines=tuple(
            _line(line, place, currency, editable=sheet.is_draft)
            for place, line in enumerate(sheet.lines, start=1)
        ),
        foot=ngettext("{count} line", "{count} lines", count).format(count=format_number(count)),
        foot_total=format_amount(row.net_minor, currency),
        totals=_totals(sheet),
        total=format_amount(sheet.total_minor, currency),
        chance=None if chance is None else chance.share,
        chance_words=chance_sentence(row) if sheet.waits else "",
        title=row.title,
        valid_until=typed_day(row.valid_until),
        next_follow_up=typed_day(row.next_follow_up),
        contact=sheet.contact,
        terms=sheet.terms,
        note=sheet.note,
        said=tuple(_said(one, today) for one in sheet.follow_ups),
        versions=_versions(sheet),
        changes=tuple(_change(one, currency) for one in sheet.changes),
        changes_title=_changes_title(sheet),
    )  # fmt: skip


def _badges(sheet: QuoteSheet, today: date) -> tuple[BadgeItem, ...]:
    badges = [state_badge(sheet.row, today)]
    if sheet.row.version > 1:
        words = _("version {number}").format(number=sheet.row.version)
        badges.append(BadgeItem(words, Tone.MUTED))
    return tuple(badges)


def _facts(sheet: QuoteSheet, today: date) -> str:
    row = sheet.row
    parts = [_("Quote {number}").format(number=row.name)]
    if row.sent_on is not None:
        parts.append(_("sent {day}").format(day=format_date_near(row.sent_on, today)))
    if not sheet.is_draft:
        parts.append(valid_words(row))
    if row.decided_on is not None:
        word = quote_status_word(QuoteStatus(row.status))
        parts.append(f"{word} {format_date_near(row.decided_on, today)}")
    parts += [row.reason, sheet.lost_to]
    if sheet.order_number:
        parts.append(_("order {number}").format(number=sheet.order_number))
    return " · ".join(part for part in parts if part)


def _line(line: QuoteLineRow, place: int, currency: str, *, editable: bool) -> LineItem:
    pack = pack_of(line.unit, line.factor) if line.factor > 1 else pack_name(line.unit)
    units = f"= {format_number(line.base_quantity)}" if line.factor > 1 else ""
    off = format_percent(line.discount_bp / 10_000, 1 if line.discount_bp % 100 else 0)
    typed = f"{line.discount_bp / 100:g} {line.why}".strip() if line.by_hand else ""
    return LineItem(
        line.product_id, str(place), line.name, format_number(line.packs), pack, units,
        format_price(line.list_price_e4, currency), f"−{off}" if line.discount_bp > 0 else "",
        typed, line.by_hand, line.why if line.by_hand and line.why else line.reason,
        format_price(line.net_price_e4, currency), format_amount(line.net_minor, currency),
        editable, line.below_cost,
    )  # fmt: skip


def _totals(sheet: QuoteSheet) -> tuple[Pair, ...]:
    row, currency = sheet.row, sheet.currency
    pairs = [Pair(_("Net"), format_amount(row.net_minor, currency))]
    if sheet.discount_minor > 0:
        off = f"−{format_amount(sheet.discount_minor, currency)}"
        pairs.append(Pair(_("of it discounts"), off, label_tone=Tone.MUTED))
    pairs.append(
        Pair(_("Tax"), format_amount(sheet.tax_minor, currency), label_tone=Tone.MUTED)
    )  # fmt: skip
    uncosted = uncosted_lines(sheet.lines)
    pairs.append(margin_pair(row.net_minor, sheet.cost_minor, uncosted, currency))
    return tuple(pairs)


def _said(one: FollowUpRow, today: date) -> tuple[str, str, str]:
    when = f"{format_date_near(one.on, today)} · {mode_word(one.mode)}"
    what = " · ".join(part for part in (result_word(one.result), one.note) if part)
    following = ""
    if one.next_on is not None:
        following = _("next {day}").format(day=format_date(one.next_on))
    return when, what, following


def _versions(sheet: QuoteSheet) -> tuple[Pair, ...]:
    return tuple(
        Pair(
            _("Version {number}").format(number=one.version),
            format_money(one.net_minor, sheet.currency),
            quote_status_word(QuoteStatus(one.status)),
        )
        for one in sheet.versions
    )


def _changes_title(sheet: QuoteSheet) -> str:
    older = [one.version for one in sheet.versions if one.version < sheet.row.version]
    if not older:
        return ""
    return _("Changed since version {number}").format(number=max(older))


def _change(one: LineChange, currency: str) -> Pair:
    old, new = one.old, one.new
    if old is None and new is not None:
        return Pair(
            one.product, format_amount(new.net_minor, currency),
            _("new: {packs}").format(packs=pack_text(new.unit, new.packs)), tone=Tone.GOOD,
        )  # fmt: skip
    if new is None and old is not None:
        return Pair(
            one.product, f"−{format_amount(old.net_minor, currency)}",
            _("gone: {packs}").format(packs=pack_text(old.unit, old.packs)), tone=Tone.DANGER,
        )  # fmt: skip
    if old is None or new is None:
        return Pair(one.product, NONE)
    packs = ""
    if (old.packs, old.unit) != (new.packs, new.unit):
        packs = f"{pack_text(old.unit, old.packs)} → {pack_text(new.unit, new.packs)}"
    amounts = f"{format_amount(old.net_minor, currency)} → {format_amount(new.net_minor, currency)}"
    return Pair(one.product, amounts, packs)

"""Debts and receipts in words, ready to paint. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crmdesk.gui.widgets.items import BadgeItem, Pair, Tone
from crmdesk.i18n import _, format_amount, format_date, format_date_near, ngettext, pgettext
from crmdesk.services.debts import Debt
from crmdesk.services.queries.collecting import CollectSheet, ReceiptRow

AHEAD = -1
"""The key of the row that is paid ahead, on account."""


@dataclass(frozen=True, slots=True)
class DebtItem:
    """An open invoice; what it would get of the amount typed."""

    key: int
    number: str
    day: str
    due: str
    due_tone: Tone
    open: str
    collected: str
    now: str
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptItem:
    """A receipt that was written; `state` is what became of it."""

    key: int
    number: str
    when: str
    method: str
    invoices: str
    amount: str
    state: BadgeItem
    can_take_back: bool


@dataclass(frozen=True, slots=True)
class CollectItem:
    """The whole place."""

    customer: str
    facts: str
    debts: tuple[DebtItem, ...]
    receipts: tuple[ReceiptItem, ...]
    totals: tuple[Pair, ...]
    note: str


def method_word(method: str) -> str:
    """A way of paying as people call it."""
    return {
        "cash": _("cash"),
        "card": pgettext("payment", "card"),
        "transfer": _("transfer"),
        "cheque": _("cheque"),
    }.get(method, method)


def collect_item(
    sheet: CollectSheet, shares: Mapping[int | None, int], first: int | None, now: datetime
) -> CollectItem:
    """Everything the place shows; `shares` is what each invoice would get, None on account."""
    debts = [_debt(debt, sheet, shares.get(debt.id, 0), first) for debt in sheet.debts.invoices]
    ahead = shares.get(None, 0)
    if ahead:
        debts.append(
            DebtItem(
                AHEAD, _("Paid ahead"), "", _("on account"), Tone.MUTED, "", "",
                format_amount(ahead, sheet.currency),
            )
        )  # fmt: skip
    return CollectItem(
        sheet.customer,
        sheet.city,
        tuple(debts),
        tuple(_receipt(row, sheet, now) for row in sheet.receipts),
        _totals(sheet, sum(shares.values())),
        "" if sheet.debts.invoices else _("Nothing is open. What is paid now is paid ahead."),
    )


def _debt(debt: Debt, sheet: CollectSheet, share: int, first: int | None) -> DebtItem:
    late = (sheet.today - debt.due_on).days
    if late > 0:
        due = ngettext("{count} day late", "{count} days late", late).format(count=late)
    else:
        due = format_date(debt.due_on)
    return DebtItem(
        debt.id, debt.number, format_date(debt.day), due, Tone.DANGER if late > 0 else Tone.MUTED,
        format_amount(debt.open_minor, sheet.currency),
        format_amount(debt.collected_minor, sheet.currency) if debt.collected_minor else "",
        format_amount(share, sheet.currency) if share else "", debt.id == first,
    )  # fmt: skip


def _receipt(row: ReceiptRow, sheet: CollectSheet, now: datetime) -> ReceiptItem:
    method = method_word(row.method)
    if row.reference:
        method = f"{method} {row.reference}"
    state = BadgeItem(_("not booked yet"), Tone.MUTED)
    if row.taken_back_by:
        words = _("taken back by {number}").format(number=row.taken_back_by)
        state = BadgeItem(words, Tone.WARNING, "undo")
    elif row.is_counter:
        state = BadgeItem(_("counter-entry"), Tone.WARNING, "undo")
    elif row.booked:
        state = BadgeItem(_("booked"), Tone.GOOD, "check")
    return ReceiptItem(
        row.id, row.number or "–", format_date_near(row.day, now.date()), method,
        row.invoices or _("on account"), format_amount(row.amount_minor, sheet.currency), state,
        bool(row.number) and row.own and not row.taken_back_by and not row.is_counter,
    )  # fmt: skip


def _totals(sheet: CollectSheet, taken: int) -> tuple[Pair, ...]:
    currency, debts = sheet.currency, sheet.debts
    late = debts.late_minor(sheet.today)
    pairs = [Pair(_("Open at HQ"), format_amount(debts.open_minor, currency))]
    if debts.collected_minor:
        amount = format_amount(-debts.collected_minor, currency)
        pairs.append(Pair(_("Collected, not booked at HQ"), amount, label_tone=Tone.MUTED))
    if late:
        pairs.append(Pair(_("of it late"), format_amount(late, currency), tone=Tone.DANGER))
    if taken:
        pairs.append(Pair(_("This receipt"), format_amount(-taken, currency)))
    left = debts.left_minor - taken
    pairs.append(Pair(_("Left to pay"), format_amount(left, currency), strong=True))
    return tuple(pairs)

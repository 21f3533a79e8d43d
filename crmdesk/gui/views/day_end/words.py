"""The end of a day in words: receipts, sums by method, the difference, the sheets before.

No Qt here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crmdesk.gui.widgets.items import BadgeItem, Pair, Tone
from crmdesk.i18n import (
    _,
    format_amount,
    format_date,
    format_date_near,
    format_money,
    format_time,
    ngettext,
    pgettext,
)
from crmdesk.services.queries.day_end import DayEnd, SheetRow, TakenRow


@dataclass(frozen=True, slots=True)
class TakenItem:
    """A receipt on the sheet."""

    key: str
    when: str
    customer: str
    method: str
    amount: str
    is_back: bool


@dataclass(frozen=True, slots=True)
class SheetItem:
    """A sheet that was closed."""

    key: int
    day: str
    cash: str
    others: str
    difference: str
    difference_tone: Tone
    note: str
    state: BadgeItem


@dataclass(frozen=True, slots=True)
class DayEndItem:
    """The whole place."""

    facts: str
    taken: tuple[TakenItem, ...]
    sums: tuple[Pair, ...]
    difference: tuple[Pair, ...]
    sheets: tuple[SheetItem, ...]
    state: BadgeItem
    can_close: bool
    empty: str


def method_name(method: str) -> str:
    """A way of paying as people call it, to begin a line with."""
    return {
        "cash": _("Cash"),
        "card": pgettext("payment", "Card"),
        "transfer": _("Transfer"),
        "cheque": _("Cheque"),
    }.get(method, method)


def difference_words(minor: int, currency: str) -> str:
    """By how much the cash is over or short."""
    if minor == 0:
        return _("the cash is right")
    amount = format_money(abs(minor), currency)
    words = _("{amount} too much") if minor > 0 else _("{amount} missing")
    return words.format(amount=amount)


def day_end_item(day: DayEnd, counted: int | None, now: datetime) -> DayEndItem:
    """Everything the place shows; `counted` is the cash typed so far."""
    count = len(day.taken)
    receipts = ngettext("{count} receipt", "{count} receipts", count).format(count=count)
    closed = day.closed_today
    if closed is not None:
        state = BadgeItem(_("Closed"), Tone.GOOD, "check")
        empty = _("Today's sheet is closed. What is collected now is on tomorrow's.")
    else:
        state = BadgeItem(pgettext("sheet", "Open"), Tone.ACCENT)
        empty = _("Nothing was collected since the last sheet. Collect with Shift+M at a customer.")
    sums = [
        Pair(
            method_name(name),
            format_amount(one.amount_minor, day.currency),
            note=f"× {one.count}",
        )
        for name, one in day.methods.items()
    ]
    total = sum(one.amount_minor for one in day.methods.values())
    sums.append(Pair(_("Together"), format_amount(total, day.currency), strong=True))
    return DayEndItem(
        f"{day.person}, {format_date(day.day, weekday=True)}, {receipts}",
        tuple(_taken(row, day, now) for row in day.taken),
        tuple(sums),
        _difference(day, counted),
        tuple(_sheet(sheet, day) for sheet in day.sheets),
        state,
        closed is None and bool(day.taken),
        "" if day.taken else empty,
    )


def _taken(row: TakenRow, day: DayEnd, now: datetime) -> TakenItem:
    local = row.at.astimezone(now.tzinfo)
    when = format_time(local)
    if local.date() != day.day:
        when = f"{format_date_near(local.date(), day.day)} {when}"
    return TakenItem(
        row.number, when, row.customer, method_name(row.method),
        format_amount(row.amount_minor, day.currency), row.amount_minor < 0,
    )  # fmt: skip


def _difference(day: DayEnd, counted: int | None) -> tuple[Pair, ...]:
    pairs = [Pair(_("Cash there should be"), format_amount(day.cash_minor, day.currency))]
    if counted is not None:
        difference = counted - day.cash_minor
        pairs.append(
            Pair(
                _("Difference"),
                format_amount(difference, day.currency),
                tone=Tone.GOOD if difference == 0 else Tone.DANGER,
                icon="check" if difference == 0 else "warning",
                strong=True,
            )
        )
    return tuple(pairs)


def _sheet(sheet: SheetRow, day: DayEnd) -> SheetItem:
    cash = sheet.methods.get("cash")
    others = sum(one.amount_minor for name, one in sheet.methods.items() if name != "cash")
    tone = Tone.MUTED if sheet.difference_minor == 0 else Tone.DANGER
    state = (
        BadgeItem(_("received by {name}").format(name=sheet.received_by), Tone.GOOD, "check")
        if sheet.received_by
        else BadgeItem(_("not received yet"), Tone.MUTED)
    )
    return SheetItem(
        sheet.id, format_date_near(sheet.day, day.day),
        format_amount(cash.amount_minor if cash is not None else 0, day.currency),
        format_amount(others, day.currency) if others else "",
        format_amount(sheet.difference_minor, day.currency) if sheet.difference_minor else "–",
        tone, sheet.note, state,
    )  # fmt: skip

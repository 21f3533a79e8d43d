"""The words of the reorder board: states, sentences, packs, visits. No Qt.

Owns how a forecast is said. The full sentence with its probability is
:mod:`crmdesk.analytics.reorder.sentence`'s, the wording here is its part without the bar beside it.
"""

from __future__ import annotations

from datetime import date

from crmdesk.gui.packs import pack_text
from crmdesk.gui.views.reorder.items import Grouping
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import (
    _,
    format_clock,
    format_date,
    format_date_near,
    format_money,
    format_number,
    format_percent,
    ngettext,
    pgettext,
)
from crmdesk.services.queries.reorder import ReorderRow, Urgency, UrgencyCount
from crmdesk.services.queries.reorder_accuracy import BoardAccuracy
from crmdesk.services.queries.reorder_filter import ENDED

ICONS = {
    Urgency.OVERDUE: "warning",
    Urgency.DUE: "clock",
    Urgency.AT_RISK: "trend-down",
    Urgency.LAPSED: "minus",
    Urgency.NEW: "plus",
    Urgency.FINE: "check",
    Urgency.DELISTED: "stop",
    Urgency.SUBSTITUTED: "redo",
}
TONES = {
    Urgency.OVERDUE: Tone.DANGER,
    Urgency.DUE: Tone.ACCENT,
    Urgency.AT_RISK: Tone.WARNING,
    Urgency.LAPSED: Tone.MUTED,
    Urgency.NEW: Tone.MUTED,
    Urgency.FINE: Tone.MUTED,
    Urgency.DELISTED: Tone.MUTED,
    Urgency.SUBSTITUTED: Tone.MUTED,
}


def state_word(state: Urgency) -> str:
    """The state as people read it."""
    return {
        Urgency.OVERDUE: _("Overdue"),
        Urgency.DUE: _("Due"),
        Urgency.AT_RISK: _("At risk"),
        Urgency.LAPSED: _("Lapsed"),
        Urgency.NEW: pgettext("reorder", "New"),
        Urgency.FINE: _("Fine"),
        Urgency.DELISTED: _("Delisted"),
        Urgency.SUBSTITUTED: _("Substituted"),
    }[state]


def state_note(count: UrgencyCount, currency: str, today: date) -> str:
    """What stands beside a state's number."""
    money = format_money(count.margin_minor, currency, decimals=0)
    if count.state in ENDED:
        return ""
    if count.state is Urgency.NEW:
        return _("too few to tell")
    if count.state is Urgency.LAPSED:
        return _("was {amount}").format(amount=money) if count.pairs else ""
    if count.state is Urgency.FINE:
        if count.last_due_on is None:
            return ""
        days = max(1, (count.last_due_on - today).days)
        return ngettext("due within {count} day", "due within {count} days", days).format(
            count=days
        )
    return money


def group_note(pairs: int, accounts: int, money: str, state: Urgency) -> str:
    """What stands beside a state's heading in the table."""
    skus = ngettext("{count} SKU", "{count} SKUs", pairs).format(count=pairs)
    at = ngettext("at {count} customer", "at {count} customers", accounts).format(count=accounts)
    if state is Urgency.OVERDUE:
        return _("{skus} {at} · {amount} margin waiting").format(skus=skus, at=at, amount=money)
    if state is Urgency.AT_RISK:
        return _("{skus} {at} · visit before they are gone").format(skus=skus, at=at)
    return _("{skus} {at} · {amount}").format(skus=skus, at=at, amount=money)


def why(row: ReorderRow, today: date) -> str:
    """The sentence under a SKU: its rhythm, the last purchase, the usual quantity."""
    if row.state in ENDED:
        return full_sentence(row, today)
    last = _last(max(0, (today - row.last_on).days))
    packs = pack_text(row.pack.unit, row.packs)
    usual = _("usually {usual}").format(usual=packs)
    if row.agreed_quantity is not None:
        usual = _("agreed {usual}").format(usual=packs)
    times = ngettext("{count} time", "{count} times", row.times).format(count=row.times)
    if row.state is Urgency.NEW or not row.gap_days:
        return _("Bought {times}, {last}; {usual}.").format(times=times, last=last, usual=usual)
    days = round(row.gap_days)
    if row.state in (Urgency.AT_RISK, Urgency.LAPSED):
        every = ngettext("Bought every ~{count} day", "Bought every ~{count} days", days)
    else:
        every = ngettext("Buys every ~{count} day", "Buys every ~{count} days", days)
    return _("{every} ({times}), {last}; {usual}.").format(
        every=every.format(count=days), times=times, last=last, usual=usual
    )


def full_sentence(row: ReorderRow, today: date) -> str:
    """The sentence with its probability, as a screen reader says it."""
    # Imported here because the forecast brings numpy, which start-up must not wait for.
    from crmdesk.analytics.reorder.sentence import Because, SentenceFacts, sentence

    facts = SentenceFacts(
        times=row.times,
        gap_days=round(row.gap_days or 0),
        days_since=max(0, (today - row.last_on).days),
        likely=row.p_14,
        because=Because.of_text(row.because),
        state=row.state.value,
        replaced=row.replaced,
    )
    return sentence(facts, pack_text(row.pack.unit, row.packs))


def _last(days: int) -> str:
    if days == 0:
        return _("last today")
    return ngettext("last {count} day ago", "last {count} days ago", days).format(count=days)


def next_visit(row: ReorderRow, today: date) -> str:
    """When the customer is visited next: ``today 11:45``, ``Wed 09:00``, ``3 Dec``."""
    if row.visit_on is None:
        return _("no visit planned")
    day = format_date_near(row.visit_on, today)
    return day if row.visit_minute is None else f"{day} {format_clock(row.visit_minute)}"


def heading(as_of: date | None, today: date, accuracy: BoardAccuracy | None) -> str:
    """How fresh the forecast is, and how good it has been."""
    if as_of is None:
        return _("no forecast yet")
    fresh = _("as of today")
    if as_of != today:
        fresh = _("as of {date}").format(date=format_date(as_of))
    if accuracy is None:
        return fresh
    return _(
        "{fresh} · last {days} days: shown {low}–{high}, bought {share}; "
        "of the call list, {called} bought within 7 days"
    ).format(
        fresh=fresh,
        days=accuracy.days,
        low=format_number(accuracy.low * 100),
        high=format_percent(accuracy.high),
        share=format_percent(accuracy.came_true),
        called=format_percent(accuracy.called_bought),
    )


def group_choices(*, several: bool) -> list[tuple[str, str]]:
    """The groupings that can be chosen; territories only where there are several."""
    choices: list[tuple[str, str]] = [
        (Grouping.URGENCY, _("By urgency")),
        (Grouping.CUSTOMER, _("By customer")),
        (Grouping.SKU, _("By SKU")),
    ]
    if several:
        choices.append((Grouping.TERRITORY, _("By territory")))
    return [*choices, (Grouping.LOSSES, _("At risk, lapsed"))]


def route_choices(stops_today: int, stops_week: int) -> list[tuple[str, str]]:
    """The routes that can be chosen, with their stops."""
    today, week = _("Today's route"), _("This week")
    return [
        ("all", _("All routes")),
        ("today", f"{today} {stops_today}" if stops_today else today),
        ("week", f"{week} {stops_week}" if stops_week else week),
    ]

"""A customer in words: badges, facts, opening, people; for the list, the card and the order.

Owns the wording and the tone of what stands in a customer's header. No Qt here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from crmdesk.analytics.figures import Missing
from crmdesk.gui.widgets.items import BadgeItem, Fact, FactPart, Tone
from crmdesk.i18n import (
    _,
    format_amount,
    format_clock,
    format_date,
    format_date_near,
    format_money,
    format_percent,
    ngettext,
    pgettext,
    weekday_short,
)
from crmdesk.services.queries.customer_header import CustomerHeader
from crmdesk.services.queries.customer_value import CustomerValue

NONE = "–"


def status_badge(status: str) -> BadgeItem:
    """The status of a customer as a badge."""
    return {
        "active": BadgeItem(_("Active"), Tone.GOOD, "check"),
        "prospect": BadgeItem(_("Prospect"), Tone.ACCENT, "plus"),
        "lapsed": BadgeItem(_("Lapsed"), Tone.WARNING, "trend-down"),
        "lost": BadgeItem(_("Lost"), Tone.MUTED, "minus"),
    }.get(status, BadgeItem(status))


def channel_word(channel: str) -> str:
    """A channel as people read it; an unknown one is its own word."""
    return {
        "grocer": pgettext("channel", "grocer"),
        "supermarket": pgettext("channel", "supermarket"),
        "bakery": pgettext("channel", "bakery"),
        "drugstore": pgettext("channel", "drugstore"),
        "bar": pgettext("channel", "bar"),
        "restaurant": pgettext("channel", "restaurant"),
        "hotel": pgettext("channel", "hotel"),
        "kiosk": pgettext("channel", "kiosk"),
        "campsite": pgettext("channel", "campsite"),
    }.get(channel, channel)


def class_text(account_class: str, channel: str) -> str:
    """Such as "Class A · grocer"."""
    words = _("Class {letter}").format(letter=account_class)
    return f"{words} · {channel_word(channel)}" if channel else words


def late_text(late_minor: int, since: date | None, today: date, currency: str) -> str:
    """Such as "€214.60, 6 days late"."""
    amount = format_money(late_minor, currency)
    days = (today - since).days if since is not None else 0
    if days <= 0:
        return _("{amount} late").format(amount=amount)
    late = ngettext("{count} day late", "{count} days late", days).format(count=days)
    return f"{amount}, {late}"


def header_badges(header: CustomerHeader, currency: str, today: date) -> tuple[BadgeItem, ...]:
    """Status, class, segment, owner, debt, tickets, opportunities: those that say something."""
    badges = [
        status_badge(header.status),
        BadgeItem(class_text(header.account_class, header.channel)),
    ]
    if header.segment:
        badges.append(BadgeItem(header.segment_name or header.segment))
    if header.owner:
        badges.append(BadgeItem(header.owner, Tone.MUTED, "user", "owner"))
    if header.late_minor > 0:
        words = late_text(header.late_minor, header.late_since, today, currency)
        badges.append(BadgeItem(words, Tone.DANGER, "euro", "late"))
    if header.open_tickets > 0:
        count = header.open_tickets
        words = ngettext("{count} ticket", "{count} tickets", count).format(count=count)
        badges.append(BadgeItem(words, Tone.WARNING, "ticket", "tickets"))
    if header.open_deals > 0:
        count = header.open_deals
        words = ngettext("{count} opportunity", "{count} opportunities", count).format(count=count)
        amount = format_money(header.deals_minor, currency, decimals=0)
        badges.append(BadgeItem(f"{words} · {amount}", Tone.ACCENT, "goals", "deals"))
    return tuple(badges)


def header_facts(
    header: CustomerHeader, value: CustomerValue, currency: str, now: datetime
) -> tuple[Fact, ...]:
    """The facts strip of the card; `now` is local."""
    today = now.date()
    opening = opening_now(header.opening_hours, now)
    return (
        Fact(_("Next visit"), _next_visit(header, today), figure="next_visit"),
        Fact(_("Due"), due_parts(header.overdue, header.due), figure="due"),
        _contribution(value, currency),
        _lifetime(value, currency),
        _satisfaction(header),
        _credit(header, currency),
        Fact(_("Terms"), (FactPart(_terms(header)),), figure="terms"),
        Fact(opening.text, _where(header), figure="opening"),
    )


def due_parts(overdue: int, due: int) -> tuple[FactPart, ...]:
    """ "2 overdue, 3 due", the first of it in danger's tone."""
    parts = []
    if overdue:
        words = _("{count} overdue").format(count=overdue)
        parts.append(FactPart(words, Tone.DANGER, "warning"))
    if due:
        words = _("{count} due").format(count=due)
        parts.append(FactPart(f", {words}" if parts else words))
    return tuple(parts) or (FactPart(_("nothing"), Tone.MUTED),)


def _next_visit(header: CustomerHeader, today: date) -> tuple[FactPart, ...]:
    rhythm = ""
    if header.interval_days:
        rhythm = _("every {count} d").format(count=header.interval_days)
    if header.next_visit_on is None:
        words = _("not planned")
        return (FactPart(f"{words}, {rhythm}" if rhythm else words, Tone.MUTED),)
    when = capital(format_date_near(header.next_visit_on, today))
    if header.next_visit_minute is not None:
        when = f"{when} {format_clock(header.next_visit_minute)}"
    return (FactPart(f"{when}, {rhythm}" if rhythm else when),)


def _contribution(value: CustomerValue, currency: str) -> Fact:
    label = _("Contribution, 12 m")
    figure = value.waterfall.contribution_minor
    if figure.value is None:
        return Fact(label, (FactPart(NONE),), missing_words(figure.reason), "contribution")
    parts = [FactPart(format_money(figure.value, currency, decimals=0))]
    before = value.contribution_prior_minor
    if before is not None and before > 0:
        change = figure.value / before - 1
        arrow, tone = ("↑", Tone.GOOD) if change >= 0 else ("↓", Tone.DANGER)
        if abs(change) >= 0.005:
            parts.append(FactPart(f" {arrow} {format_percent(abs(change))}", tone))
    return Fact(label, tuple(parts), figure="contribution")


def _lifetime(value: CustomerValue, currency: str) -> Fact:
    label = _("Lifetime value")
    figure = value.lifetime
    if figure.value is None:
        return Fact(label, (FactPart(NONE),), missing_words(figure.reason), "lifetime")
    words = format_money(figure.value.value_minor, currency, decimals=0)
    return Fact(label, (FactPart(words),), figure="lifetime")


def _satisfaction(header: CustomerHeader) -> Fact:
    label = _("Satisfaction")
    if header.score is None or header.scored_on is None:
        return Fact(label, (FactPart(NONE),), _("Never asked."), "satisfaction")
    said = f"{header.score_kind.upper()} {header.score}"
    on = FactPart(f" {format_date(header.scored_on)}", Tone.MUTED)
    return Fact(label, (FactPart(said), on), figure="satisfaction")


def _credit(header: CustomerHeader, currency: str) -> Fact:
    owed = format_money(header.open_minor, currency, decimals=0)
    if header.credit_limit_minor is None:
        parts = (FactPart(owed), FactPart(" " + _("no limit"), Tone.MUTED))
        return Fact(_("Credit"), parts, figure="credit")
    limit = format_amount(header.credit_limit_minor, currency, decimals=0)
    over = header.open_minor > header.credit_limit_minor
    words = _("{owed} of {limit}").format(owed=owed, limit=limit)
    part = FactPart(words, Tone.DANGER if over else Tone.PLAIN)
    return Fact(_("Credit"), (part,), figure="credit")


def _terms(header: CustomerHeader) -> str:
    days = ngettext("{count} day", "{count} days", header.terms_days).format(
        count=header.terms_days
    )
    if not header.price_list:
        return days
    return _("{days}, list {code}").format(days=days, code=header.price_list)


def _where(header: CustomerHeader) -> tuple[FactPart, ...]:
    """The address, behind a warning where its place on the map is not the customer's own."""
    if header.place_known:
        return (FactPart(address(header)),)
    return (
        FactPart(_("place not exact"), Tone.WARNING, "warning"),
        FactPart(f" · {address(header)}"),
    )


def address(header: CustomerHeader) -> str:
    """Street and town."""
    return ", ".join(part for part in (header.street, header.city) if part) or NONE


def capital(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def missing_words(reason: Missing | None) -> str:
    """Why a figure is shown as "–"."""
    words = {
        Missing.NO_SALES: _("Nothing was sold in this period."),
        Missing.NO_MARGIN: _("The sales of this period have no margin."),
        Missing.COST_UNKNOWN: _("The cost of some goods is not known."),
        Missing.RETENTION_TOO_HIGH: _("The retention assumed is too high for a finite value."),
        Missing.NO_VISITS: _("There were no visits."),
        Missing.NO_ORDERS: _("There were no orders."),
        Missing.TOO_FEW_PURCHASES: _("There are too few purchases to tell."),
        Missing.TOO_FEW_QUOTES: _("There are too few decided quotes to tell."),
        Missing.NO_QUOTES: _("No quote was lost or ran out in this time."),
        Missing.TOO_FEW_DEALS: _("There are too few decided opportunities to tell."),
        Missing.NO_ANSWERS: _("Nobody has been asked in this time."),
        Missing.NO_TICKETS: _("No ticket in this time."),
        Missing.NO_DEALS: _("No opportunity was decided in this time."),
    }
    return words.get(reason, _("There is too little data.")) if reason is not None else ""


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a customer is open at a moment, and what to say about it."""

    is_open: bool | None
    text: str


def opening_now(hours: object, now: datetime) -> Opening:
    """ "Open now until 14:00", "Opens 17:30", "Closed today"; `hours` Monday first, in minutes."""
    week = _week(hours)
    if week is None:
        return Opening(None, _("Opening hours unknown"))
    minute = now.hour * 60 + now.minute
    for start, end in week[now.weekday()]:
        if start <= minute < end:
            return Opening(True, _("Open now until {time}").format(time=format_clock(end)))
        if minute < start:
            return Opening(False, _("Opens {time}").format(time=format_clock(start)))
    for ahead in range(1, 8):
        day = week[(now.weekday() + ahead) % 7]
        if day:
            name = weekday_short((now.weekday() + ahead) % 7)
            when = _("tomorrow") if ahead == 1 else name
            words = _("Closed, opens {day} {time}")
            return Opening(False, words.format(day=when, time=format_clock(day[0][0])))
    return Opening(False, _("Closed all week"))


def _week(hours: object) -> Sequence[Sequence[tuple[int, int]]] | None:
    if not isinstance(hours, list) or len(hours) != 7:
        return None
    return [[(int(span[0]), int(span[1])) for span in day] for day in hours]

"""Why a visit stands where it does, and why a customer is left out, in sentences. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crmdesk.gui.views.plan.words import km_words
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.i18n import (
    _,
    format_clock,
    format_date,
    format_date_near,
    format_money,
    format_number,
    pgettext,
    weekday_short,
)
from crmdesk.planning.calls import CallCode
from crmdesk.planning.explain import OmissionCode, VisitCode
from crmdesk.planning.foremost import MOST_STOPS
from crmdesk.services.queries.plan import StopRow
from crmdesk.services.queries.plan_reasons import DayReason, UnplannedRow


@dataclass(frozen=True, slots=True)
class Explanation:
    """The bar under the board: who and when, a muted note, the sentence."""

    title: str
    note: str
    sentence: str


def empty_week() -> Explanation:
    """What to do with a week that has no visits."""
    return Explanation(
        _("No visits in this week yet"),
        "",
        _("Re-plan proposes them from who is due; customers can also be dragged to a day."),
    )


def being_searched(name: str) -> Explanation:
    """While a plan is in the making its reasons are not known yet."""
    return Explanation(
        name, "", _("This plan is still being made; its reasons are said once it is found.")
    )


def explanation(stop: StopRow, currency: str, more: str = "") -> Explanation:
    """Why a stop is where it is, in one sentence; ``more`` says what other days would mean."""
    when = weekday_short(stop.day.weekday())
    if stop.in_person and stop.start_minute is not None:
        when += f" {format_clock(stop.start_minute)}"
    note = ""
    if stop.usual_weekday is not None:
        note = _("usual weekday {day}").format(day=weekday_short(stop.usual_weekday))
    sentence = f"{_stop_sentence(stop, currency)} {more}".strip()
    return Explanation(f"{stop.account}, {when}", note, sentence)


def _stop_sentence(stop: StopRow, currency: str) -> str:
    sold = stop.margin_minor
    done = _("Done, no order.")
    if sold is not None:
        done = _("Done, sold {amount} margin.").format(
            amount=format_money(sold, currency, decimals=0)
        )
    state = {
        "done": done,
        "started": _("Under way."),
        "closed": _("Nobody was met; the next re-plan finds another day."),
        "missed": _("Missed; the next re-plan finds another day."),
    }.get(stop.status)
    if state is not None:
        return state
    if stop.appointment and stop.window is not None:
        return _agreed(stop, currency)
    if not stop.in_person:
        return _call_sentence(stop, currency)
    if not stop.why:
        lead = _("Fixed here by hand") if stop.locked else _("Planned by hand")
        worth = format_money(stop.margin_minor or 0, currency, decimals=0)
        leg = km_words(stop.leg_m / 1000)
        if not stop.margin_minor:
            return _("{lead}; {km} from the stop before.").format(lead=lead, km=leg)
        return _("{lead}, expects {amount}; {km} from the stop before.").format(
            lead=lead, amount=worth, km=leg
        )
    parts = [_lead(stop.why), _("expects {amount}").format(amount=_expected(stop, currency))]
    text = ", ".join(parts)
    return _("{text}; {detour}.").format(text=text, detour=_detour(stop.why))


def _agreed(stop: StopRow, currency: str) -> str:
    first, last = stop.window or (0, 0)
    when = format_clock(first)
    if last > first:
        when += f"\u2013{format_clock(last)}"
    start = stop.start_minute
    if start is not None and start > last:
        return _("Agreed for {time}, but the day reaches it at {late}.").format(
            time=when, late=format_clock(start)
        )
    return _("Agreed for {time}, expects {amount}.").format(
        time=when, amount=_expected(stop, currency)
    )


def _call_sentence(stop: StopRow, currency: str) -> str:
    code = str(stop.why.get("code", ""))
    if code == CallCode.INSTEAD_OF_VISIT.value:
        minor = int(stop.why.get("break_even_minor") or 0)
        return _("A call instead of a drive, which pays from {amount} on.").format(
            amount=format_money(minor, currency, decimals=0)
        )
    if code == CallCode.SERVED_BY_CALL.value:
        return _("Served by call, not by visit.")
    if code == CallCode.BETWEEN_VISITS.value:
        return _("A call between two visits, as the customer's attention asks.")
    return _("Planned by hand")


def _expected(stop: StopRow, currency: str) -> str:
    minor = int(stop.why.get("expected_minor") or stop.margin_minor or 0)
    return format_money(minor, currency, decimals=0)


def _lead(why: Mapping[str, Any]) -> str:
    code = str(why.get("code", ""))
    due = _due(why.get("due"))
    if code == VisitCode.APPOINTMENT.value:
        return _("Appointment agreed")
    if code == VisitCode.LOCKED.value:
        return _("Fixed here by hand")
    if code == VisitCode.OVERDUE.value:
        return _("Overdue since {date}").format(date=due)
    if code == VisitCode.EARLY_ON_THE_WAY.value:
        return _("Due {date}, earlier because it is on the way").format(date=due)
    return _("Due {date}").format(date=due)


def _further(km: float) -> str:
    """A detour; the quickest way by a stop can be shorter than the quickest way past it."""
    return km_words(max(0.0, km))


def _due(text: object) -> str:
    return format_date(date.fromisoformat(str(text)), weekday=True) if text else ""


def _detour(why: Mapping[str, Any]) -> str:
    km = _further(float(why.get("detour_m") or 0) / 1000)
    after = why.get("after")
    if after:
        return _("{km} off the route after {customer}").format(km=km, customer=after)
    return _("{km} off the route").format(km=km)


def unplanned_badge(row: UnplannedRow) -> BadgeItem:
    """The next step for a customer who is left out."""
    if row.fits_on is not None:
        day = weekday_short(row.fits_on.weekday())
        return BadgeItem(_("fits {day}").format(day=day), Tone.GOOD, "check")
    if row.code in (OmissionCode.CALL_INSTEAD.value, OmissionCode.VIRTUAL.value):
        return BadgeItem(pgettext("plan", "call"), Tone.ACCENT, "phone")
    if row.code in (OmissionCode.NOT_DUE.value, OmissionCode.TOO_SOON.value):
        return BadgeItem(format_date(row.due_on), Tone.MUTED, "clock")
    if row.code == OmissionCode.UNKNOWN_PLACE.value:
        return BadgeItem(_("no place"), Tone.WARNING, "pin")
    if row.code == OmissionCode.CLOSED.value:
        return BadgeItem(_("closed"), Tone.WARNING, "warning")
    if row.code == OmissionCode.BEYOND.value:
        return BadgeItem(_("not weighed"), Tone.MUTED, "warning")
    if row.code == OmissionCode.TOO_FAR.value:
        return BadgeItem(_("too far"), Tone.WARNING, "warning")
    return BadgeItem(_("no time"), Tone.WARNING, "warning")


def unplanned_sentence(row: UnplannedRow, currency: str, today: date) -> str:
    """Why a customer is left out, and what would change it."""
    lead = ""
    if row.closed_on is not None:
        lead = _("Was closed on {day}.").format(day=weekday_short(row.closed_on.weekday())) + " "
    return lead + _reason(row, currency, today)


def _reason(row: UnplannedRow, currency: str, today: date) -> str:
    due = format_date(row.due_on)
    lead = _("Due {date}").format(date=due)
    if row.due_on < today:
        lead = _("Overdue since {date}").format(date=format_date_near(row.due_on, today))
    amount = format_money(row.expected_minor, currency, decimals=0)
    km = _further(row.detour_km or 0.0)
    if row.fits_on is not None:
        return _("Fits {day}, +{km}; expects {amount}.").format(
            day=weekday_short(row.fits_on.weekday()), km=_further(row.fits_km), amount=amount
        )
    if row.code == OmissionCode.CALL_INSTEAD.value:
        cost = format_money(row.break_even_minor or 0, currency, decimals=0)
        return _("Drive {cost}, expects {amount}; a visit pays from {cost}.").format(
            cost=cost, amount=amount
        )
    return {
        OmissionCode.BEYOND.value: _(
            "Not weighed: a plan looks at {most} customers, those that bring most in this time."
        ),
        OmissionCode.NOT_DUE.value: _("Not due until {date}; {km} off any day."),
        OmissionCode.TOO_SOON.value: _("Too soon after the last visit; due {date}."),
        OmissionCode.VIRTUAL.value: _("Served by call, not by visit."),
        OmissionCode.UNKNOWN_PLACE.value: _("Its place on the map is not known."),
        OmissionCode.CLOSED.value: _("Closed, or open too shortly, in the hours left."),
        OmissionCode.TOO_FAR.value: _("The drive alone breaks the day's hours or kilometres."),
        OmissionCode.NO_TIME.value: _("{lead}, expects {amount}, but the days are full."),
    }.get(row.code, _("{lead}.")).format(
        lead=lead, date=due, km=km, amount=amount, most=format_number(MOST_STOPS)
    )


def unplanned_days(row: UnplannedRow, currency: str) -> str:
    """Day by day why a customer is left out: ``Mon closed · Tue full, 12 km more``."""
    return " · ".join(day_reason(one, currency) for one in row.days)


def day_reason(one: DayReason, currency: str) -> str:
    """Why not on a day, or what it would take."""
    day = weekday_short(one.day.weekday())
    km = _further(one.km or 0.0)
    if one.fits:
        return _("{day} fits, {km} more").format(day=day, km=km)
    amount = format_money(one.expected_minor or 0, currency, decimals=0)
    return {
        OmissionCode.NOT_DUE.value: _("{day} not due, {km} more"),
        OmissionCode.TOO_SOON.value: _("{day} too soon"),
        OmissionCode.CLOSED.value: _("{day} closed"),
        OmissionCode.TOO_FAR.value: _("{day} too far"),
        OmissionCode.CALL_INSTEAD.value: _("{day} a drive of {km} for {amount}"),
        OmissionCode.NO_TIME.value: _("{day} full, {km} more"),
        OmissionCode.UNKNOWN_PLACE.value: _("{day} no place"),
        OmissionCode.VIRTUAL.value: _("{day} served by call"),
    }.get(one.code, "{day}").format(day=day, km=km, amount=amount)


def elsewhere(reasons: Sequence[DayReason], currency: str) -> str:
    """What another day would mean for a visit, the cheapest first; empty without one."""
    fits = sorted((r for r in reasons if r.fits), key=lambda r: r.km or 0.0)
    others = [r for r in reasons if not r.fits]
    said = [day_reason(one, currency) for one in (*fits, *others)[:2]]
    return _("Elsewhere: {days}.").format(days=", ".join(said)) if said else ""


def unplanned_explanation(row: UnplannedRow, currency: str, today: date) -> Explanation:
    """The bar for a customer who is left out: the whole sentence, and why on each day."""
    sentence = unplanned_sentence(row, currency, today)
    days = unplanned_days(row, currency)
    return Explanation(
        _("{name}, not planned").format(name=row.account), row.city,
        f"{sentence} {days}" if days else sentence,
    )  # fmt: skip

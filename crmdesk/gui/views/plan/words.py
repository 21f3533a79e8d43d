"""The words of the plan: headings, totals, why a visit is planned and why one is not. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.i18n import (
    _,
    format_clock,
    format_date,
    format_date_near,
    format_duration,
    format_money,
    format_number,
    ngettext,
    pgettext,
    weekday_short,
)
from crmdesk.planning.explain import OmissionCode, VisitCode
from crmdesk.services.queries.plan import StopRow
from crmdesk.services.queries.plan_reasons import UnplannedRow


def weekday_long(weekday: int) -> str:
    """The weekday's full name (Monday is 0)."""
    return (
        pgettext("weekday", "Monday"), pgettext("weekday", "Tuesday"),
        pgettext("weekday", "Wednesday"), pgettext("weekday", "Thursday"),
        pgettext("weekday", "Friday"), pgettext("weekday", "Saturday"),
        pgettext("weekday", "Sunday"),
    )[weekday]  # fmt: skip


def week_title(first: date, last: date) -> str:
    """``23–27 Nov`` or ``30 Nov – 4 Dec``."""
    if first.month == last.month:
        return f"{first.day}\u2013{format_date(last)}"
    return f"{format_date(first)} \u2013 {format_date(last)}"


def visits_words(count: int) -> str:
    """``8 visits``."""
    return ngettext("{count} visit", "{count} visits", count).format(count=count)


def calls_words(count: int) -> str:
    """``1 call``."""
    return ngettext("{count} call", "{count} calls", count).format(count=count)


def hours_words(minutes: int) -> str:
    """``7 h 30``; weeks are said in hours too."""
    if minutes < 48 * 60:
        return format_duration(timedelta(minutes=minutes))
    return _("{hours} h {minutes}").format(hours=minutes // 60, minutes=f"{minutes % 60:02d}")


def km_words(km: float) -> str:
    """``97 km``."""
    return _("{km} km").format(km=format_number(km, 0 if km >= 9.95 else 1))


def off_words(reason: str) -> str:
    """A holiday's name or a kind of leave."""
    known = {
        "holiday": _("Leave"),
        "sick": _("Sick leave"),
        "training": _("Training"),
        "other": _("Leave"),
    }
    return known.get(reason, reason)


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


def explanation(stop: StopRow, currency: str) -> Explanation:
    """Why a stop is where it is, in one sentence."""
    when = weekday_short(stop.day.weekday())
    if stop.in_person and stop.start_minute is not None:
        when += f" {format_clock(stop.start_minute)}"
    note = ""
    if stop.usual_weekday is not None:
        note = _("usual weekday {day}").format(day=weekday_short(stop.usual_weekday))
    return Explanation(f"{stop.account}, {when}", note, _stop_sentence(stop, currency))


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
        "closed": _("The customer was closed."),
        "missed": _("Missed; the next re-plan finds another day."),
    }.get(stop.status)
    if state is not None:
        return state
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


def _due(text: object) -> str:
    return format_date(date.fromisoformat(str(text)), weekday=True) if text else ""


def _detour(why: Mapping[str, Any]) -> str:
    km = km_words(float(why.get("detour_m") or 0) / 1000)
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
    km = km_words(row.detour_km or 0.0)
    if row.fits_on is not None:
        return _("Fits {day}, +{km}; expects {amount}.").format(
            day=weekday_short(row.fits_on.weekday()), km=km_words(row.fits_km), amount=amount
        )
    if row.code == OmissionCode.CALL_INSTEAD.value:
        cost = format_money(row.break_even_minor or 0, currency, decimals=0)
        return _("Drive {cost}, expects {amount}; a visit pays from {cost}.").format(
            cost=cost, amount=amount
        )
    return {
        OmissionCode.NOT_DUE.value: _("Not due until {date}; {km} off any day."),
        OmissionCode.TOO_SOON.value: _("Too soon after the last visit; due {date}."),
        OmissionCode.VIRTUAL.value: _("Served by call, not by visit."),
        OmissionCode.UNKNOWN_PLACE.value: _("Its place on the map is not known."),
        OmissionCode.CLOSED.value: _("Closed, or open too shortly, in the hours left."),
        OmissionCode.TOO_FAR.value: _("The drive alone breaks the day's hours or kilometres."),
        OmissionCode.NO_TIME.value: _("{lead}, expects {amount}, but the days are full."),
    }.get(row.code, _("{lead}.")).format(lead=lead, date=due, km=km, amount=amount)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a re-plan changed: counts, kilometres and margin against before."""

    seconds: float
    moved: int
    added: int
    dropped: int
    km: float
    margin_minor: int


def outcome_sentence(outcome: Outcome, currency: str) -> tuple[str, str, str]:
    """Strong beginning, the plain middle, strong margin: the line over the board."""
    took = format_number(outcome.seconds, 1)
    parts = [
        ngettext("{count} visit moved", "{count} visits moved", outcome.moved).format(
            count=outcome.moved
        )
    ]
    if outcome.added:
        parts.append(ngettext("{count} added", "{count} added", outcome.added).format(
            count=outcome.added
        ))  # fmt: skip
    dropped = ngettext("{count} dropped", "{count} dropped", outcome.dropped)
    parts.append(dropped.format(count=outcome.dropped) if outcome.dropped else _("none dropped"))
    km = km_words(abs(outcome.km))
    if abs(outcome.km) >= 0.5:
        parts.append(
            _("{km} less").format(km=km) if outcome.km < 0 else _("{km} more").format(km=km)
        )
    sign = "+" if outcome.margin_minor > 0 else ""
    money = sign + format_money(outcome.margin_minor, currency, decimals=0)
    return (
        _("Re-planned in {seconds} s").format(seconds=took),
        ", ".join(parts) + ", ",
        _("{amount} margin").format(amount=money),
    )

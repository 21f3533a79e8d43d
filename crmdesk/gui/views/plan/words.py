"""The words of the plan: headings, totals, notes of a day, what a re-plan changed. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from crmdesk.domain.spoken_days import weekday_names
from crmdesk.i18n import (
    _,
    format_clock,
    format_date,
    format_duration,
    format_money,
    format_number,
    ngettext,
)
from crmdesk.services.queries.plan import DayRow


def weekday_long(weekday: int) -> str:
    """The weekday's full name (Monday is 0)."""
    return weekday_names()[weekday]


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


def day_note(row: DayRow) -> str:
    """Hours and a beginning of its own, and hours off: the line above the first card."""
    parts = []
    work = row.rep.work
    if work is not None and (len(work.spans) > 1 or row.rep.away):
        parts.append(", ".join(f"{format_clock(a)}\u2013{format_clock(b)}" for a, b in work.spans))
    start = row.rep.start
    if start is not None and start.name:
        parts.append(_("from {place}").format(place=start.name))
    return " · ".join(parts)


def end_note(row: DayRow) -> str:
    """Where a day ends when that is not at home: the line below the last card."""
    end = row.rep.end
    return _("ends at {place}").format(place=end.name) if end is not None and end.name else ""


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


def drives_words(visits: int, estimated: int) -> str:
    """Whether the drives between the visits follow roads of a map or are estimated."""
    if not estimated:
        return _("drives by road")
    if estimated >= visits:
        return _("drives estimated")
    return ngettext(
        "drives of {count} visit estimated", "drives of {count} visits estimated", estimated
    ).format(count=estimated)

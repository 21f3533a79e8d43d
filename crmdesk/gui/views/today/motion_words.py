"""What Today says of the day in motion: lateness, what moved, what mends missed visits. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from crmdesk.gui.views.today.asking import Choice, Question
from crmdesk.gui.views.today.story import MOST_LINES, Story, StoryLine
from crmdesk.i18n import (
    _,
    format_clock,
    format_date,
    format_date_near,
    format_money,
    format_number,
    ngettext,
)
from crmdesk.planning.explain import Omission, OmissionCode, conflict_text
from crmdesk.planning.motion import Leg, Projection, project
from crmdesk.services.queries.day_travel import DayTravel
from crmdesk.services.queries.today import DayRoute, ReasonRow
from crmdesk.services.recovery import Cure, Mending
from crmdesk.services.replanning import DayReplanned, Move

CLOSED_KEY = "C"
ON_THE_WAY_M = 500
DELAYS = (15, 30, 45, 60)


def projection(route: DayRoute, now: int, told_until: int) -> Projection:
    """How the rest of today is likely to go at minute ``now``.

    ``told_until`` is the minute before which the rep does not arrive, as was told; 0 for none.
    """
    free, legs = 0, []
    for stop in route.stops:
        if stop.mode != "person" or stop.off_plan:
            continue
        if stop.account_id == route.running_account_id:
            begun = (stop.start_minute or now) + stop.minutes
            free = max(now, min(begun, now + stop.minutes))
        elif stop.over:
            free = max(free, min(now, (stop.start_minute or 0) + stop.minutes))
            free = free if route.free_minute is None else route.free_minute
        elif stop.start_minute is not None:
            legs.append(
                Leg(
                    stop.id, stop.start_minute, stop.minutes, stop.leg_minutes,
                    stop.spans or ((0, 1440),), stop.appointment,
                )
            )  # fmt: skip
    back = 0
    if route.back_minute is not None and legs:
        last = max(leg.planned or 0 for leg in legs)
        ends = next((leg.minutes for leg in legs if leg.planned == last), 0)
        back = max(0, route.back_minute - last - ends)
    return project(
        _as_planned(legs),
        free,
        now,
        delay=max(0, told_until - now),
        pauses=route.pauses,
        home_minutes=back,
    )


def _as_planned(legs: list[Leg]) -> list[Leg]:
    """The stops with the times they have on a day that goes well.

    A plan moved by hand may be too tight: what it cannot keep anyway is not the rep's lateness.
    """
    if not legs:
        return legs
    first = legs[0]
    ideal = project(legs, (first.planned or 0) - first.drive_minutes, 0)
    return [
        replace(leg, planned=max(leg.planned or 0, 0 if eta.closed else eta.begin))
        for leg, eta in zip(legs, ideal.etas, strict=True)
    ]


# ----------------------------------------------------------------------------------- questions


def skip_question(name: str, reasons: Sequence[ReasonRow]) -> Question:
    """Why a stop is left out: closed, or a reason by its letter."""
    taken, choices = {CLOSED_KEY}, [Choice(CLOSED_KEY, _("Closed"), "closed")]
    for place, reason in enumerate(reasons[:12], start=1):
        key = reason.key.upper()[:1]
        if not key.isalnum() or key in taken:
            key = next((k for k in (str(place % 10), *"ABDEFGHJKL") if k not in taken), "")
        taken.add(key)
        choices.append(Choice(key, reason.name, reason.id))
    return Question(
        "skip", _("Why is {name} not visited?").format(name=name),
        _("it can be seen on another day"), tuple(choices), _("Without a reason"),
    )  # fmt: skip


def closed_question(name: str, reasons: Sequence[ReasonRow]) -> Question:
    """Why a customer was closed; a closed customer is not a missed visit."""
    return Question(
        "closed", _("{name} is closed. Why?").format(name=name),
        _("this is not a missed visit"),
        tuple(Choice(str(n), reason.name, reason.id) for n, reason in enumerate(reasons[:9], 1)),
        _("Not known"),
    )  # fmt: skip


def late_question() -> Question:
    """How late the rep will be at the next stop."""
    choices = [
        Choice(str(n), ngettext("{count} min", "{count} min", delay).format(count=delay), delay)
        for n, delay in enumerate(DELAYS, start=1)
    ]
    choices.append(Choice("0", _("not late"), 0))
    return Question("late", _("How much later will you be at the next stop?"), "", tuple(choices))


# -------------------------------------------------------------------------------------- moves


def replanned_story(
    found: DayReplanned, before: DayRoute, after: DayRoute, today: date, undo_key: str
) -> Story:
    """What a re-plan moved, in sentences."""
    if not found.moves and not found.unkept:
        return Story(_("The rest of today stays as it is, nothing better was found."))
    lines = [
        StoryLine(
            one.name,
            _("cannot be kept {day}: {why}.").format(
                day=format_date_near(one.day, today), why=conflict_text(one.conflict)
            ),
        )
        for one in found.unkept
    ]
    lines += [StoryLine(move.name, move_words(move, today)) for move in found.moves]
    count = len(found.moves)
    title = ngettext("Re-planned: {count} visit moves", "Re-planned: {count} visits move", count)
    parts = [title.format(count=count), *_totals(before, after)]
    hidden = len(lines) - MOST_LINES
    return Story(
        ", ".join(parts) + ".", tuple(lines[:MOST_LINES]),
        ngettext("and {count} more", "and {count} more", hidden).format(count=hidden)
        if hidden > 0 else "",
        (("undo", _("Undo"), undo_key),),
    )  # fmt: skip


def _totals(before: DayRoute, after: DayRoute) -> list[str]:
    parts = []
    if after.back_minute is not None and after.back_minute != before.back_minute:
        parts.append(_("back {time}").format(time=format_clock(after.back_minute)))
    km = round((_metres(after) - _metres(before)) / 1000)
    if km > 0:
        parts.append(_("{km} km more").format(km=format_number(km)))
    elif km < 0:
        parts.append(_("{km} km less").format(km=format_number(-km)))
    return parts


def _metres(route: DayRoute) -> int:
    return sum(s.leg_m for s in route.stops if s.mode == "person") + route.home_leg_m


def move_words(move: Move, today: date) -> str:
    """One move as a sentence without its subject."""
    new = _when(move.to_day, move.to_minute, today)
    if move.to_day is None:
        said = _("is left out of these two weeks")
    elif move.from_day is None:
        said = _("comes in {when}").format(when=new)
    elif move.from_day == move.to_day:
        before = "" if move.from_minute is None else format_clock(move.from_minute)
        said = _("is at {time} instead of {before}").format(
            time=format_clock(move.to_minute or 0), before=before
        )
    else:
        said = _("moves from {before} to {when}").format(
            before=format_date_near(move.from_day, today), when=new
        )
    why = _why(move.why)
    return f"{said}: {why}." if why else f"{said}."


def _when(day: date | None, minute: int | None, today: date) -> str:
    if day is None:
        return ""
    words = format_date_near(day, today)
    return words if minute is None else f"{words} {format_clock(minute)}"


def _why(omission: Omission | None) -> str:
    if omission is None:
        return ""
    return {
        OmissionCode.CLOSED: _("it closes too early today"),
        OmissionCode.NO_TIME: _("there is no time left today"),
        OmissionCode.TOO_FAR: _("it is too far for what is left of today"),
        OmissionCode.CALL_INSTEAD: _("the drive costs more today than it brings"),
    }.get(omission.code, "")


# ------------------------------------------------------------------------------------ lateness


def late_words(found: Projection, route: DayRoute) -> str:
    """What being late means, in a sentence; empty while the day goes as planned."""
    names = {stop.id: stop.name for stop in route.stops}
    closed = [names[eta.key] for eta in found.etas if eta.closed and eta.key in names]
    if closed:
        words = ngettext(
            "{names} closes before you get there.", "{names} close before you get there.",
            len(closed),
        )  # fmt: skip
        return words.format(names=", ".join(closed[:3]))
    return ""


# ------------------------------------------------------------------------------------- mending


def cure_word(cure: Cure) -> str:
    """A cure in a word."""
    return {
        Cure.MOVE: _("Move"), Cure.CALL: _("Call"), Cure.HAND_OVER: _("Hand over"),
        Cure.LEAVE: _("Leave it"),
    }[cure]  # fmt: skip


def mending_story(
    found: Sequence[Mending], today: date, currency: str, mend_key: str, later: str
) -> Story:
    """What was missed and what mends it."""
    count = len(found)
    days = {one.missed.day for one in found}
    if len(days) == 1:
        title = ngettext(
            "{count} visit of {day} did not happen.", "{count} visits of {day} did not happen.",
            count,
        ).format(count=count, day=format_date(next(iter(days)), weekday=True))  # fmt: skip
    else:
        title = ngettext(
            "{count} visit of the last days did not happen.",
            "{count} visits of the last days did not happen.", count,
        ).format(count=count)  # fmt: skip
    lines = tuple(
        StoryLine(
            one.missed.name, cure_words(one, today, currency), cure_word(one.cure), str(place)
        )
        for place, one in enumerate(found[:MOST_LINES], start=1)
    )
    hidden = count - MOST_LINES
    more = ngettext("and {count} more", "and {count} more", hidden).format(count=hidden)
    steps = (("mend", _("Mend the plan"), mend_key), ("later", later, ""))
    return Story(title, lines, more if hidden > 0 else "", steps, "return", "warning")


def cure_words(one: Mending, today: date, currency: str) -> str:
    """Why it was missed and what would be done, as a sentence without its subject."""
    if one.missed.status == "closed":
        happened = _("nobody was met")
    else:
        happened = one.missed.reason.lower() or _("nobody said why")
    money = format_money(one.expected_minor, currency, decimals=0)
    if one.cure is Cure.MOVE:
        when = _when(one.day, one.minute, today)
        if one.detour_m < ON_THE_WAY_M:
            done = _("{when}, on the way, expects {amount}").format(when=when, amount=money)
        else:
            done = _("{when}, {km} km more, expects {amount}").format(
                when=when, amount=money,
                km=format_number(one.detour_m / 1000, 0 if one.detour_m >= 10_000 else 1),
            )  # fmt: skip
    elif one.cure is Cure.CALL and one.break_even_minor is not None:
        done = _("call today: driving there costs {cost}, it expects {amount}").format(
            cost=format_money(one.break_even_minor, currency, decimals=0), amount=money
        )
    elif one.cure is Cure.CALL and one.next_on is not None:
        done = _("call today, the next visit is {day}").format(
            day=format_date_near(one.next_on, today)
        )
    elif one.cure is Cure.CALL:
        done = _("call today")
    elif one.cure is Cure.HAND_OVER:
        done = (
            _("{colleague} goes today").format(colleague=one.colleague)
            if one.colleague_id is not None
            else _("ask the office who can go")
        )
    elif one.next_on is not None:
        done = _("the next visit is {day} anyway").format(day=format_date_near(one.next_on, today))
    else:
        done = _("nothing is done")
    return f"({happened}): {done}."


# -------------------------------------------------------------------------------------- travel


def hours_text(minutes: int) -> str:
    """Minutes as "45 min" or "1 h 10"."""
    if minutes < 60:
        return ngettext("{count} min", "{count} min", minutes).format(count=minutes)
    return _("{hours} h {minutes}").format(hours=minutes // 60, minutes=f"{minutes % 60:02d}")


def travel_words(travel: DayTravel) -> str:
    """ "1 h 10 at customers · 37 km"."""
    parts = []
    if travel.visit_minutes:
        parts.append(_("{time} at customers").format(time=hours_text(travel.visit_minutes)))
    metres = travel.driven_m if travel.trip_m is None else travel.trip_m
    if metres:
        parts.append(_("{count} km").format(count=format_number(metres / 1000)))
    return " · ".join(parts)

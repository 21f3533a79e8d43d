"""The planning problem: customers to see, days to see them on, what counts.

Owns the plain values every planning module shares and their validation. Leaves reading them from
a database to the services and from a file to `instance`. Times are minutes from midnight, days
are positions in `Problem.days`, calendar distances are whole days from `Problem.first_date`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from itertools import pairwise
from typing import Final

from crmdesk.i18n import _, ngettext
from crmdesk.planning.travel import Matrix
from crmdesk.planning.value import SaturatingValue, ValueModel

Window = tuple[float, float]
ALL_DAY: Final[tuple[Window, ...]] = ((0.0, 1440.0),)
_FAULTS_TOLD: Final = 3


class VisitMode(Enum):
    """How a customer is seen: by driving there, or by telephone, video or message."""

    IN_PERSON = "in_person"
    VIRTUAL = "virtual"


class FixedKind(Enum):
    """Why a visit may not be moved: locked by a person, or an hour agreed with the customer."""

    LOCKED = "locked"
    APPOINTMENT = "appointment"


@dataclass(frozen=True, slots=True)
class Break:
    """A pause cut out of the clock: lunch, or the hours between two shifts.

    A visit may span it unless it `divides` the day: then each visit ends before it or begins after.
    """

    at: float
    minutes: float
    divides: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """One working day: shift and breaks on the clock, kilometres allowed, its two ends."""

    date: date
    start: float
    end: float
    start_place: int
    end_place: int
    max_km: float = math.inf
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """One customer.

    `opening` holds the opening windows of each day of the problem, empty when closed.
    `last_visit` is the calendar day of the last visit, counted from the problem's first date and
    so negative in the past; `last_contact` (the last call or message) and `call_due` (the next one
    between two visits, see `attention`) are counted the same way. `margin` is the contribution that
    builds up between visits, as the problem's value model reads it.
    """

    key: str
    place: int
    visit_minutes: float
    opening: tuple[tuple[Window, ...], ...]
    interval_days: float
    last_visit: int
    margin: float
    overdue_per_day: float = 0.0
    usual_weekday: int | None = None
    mode: VisitMode = VisitMode.IN_PERSON
    last_contact: int | None = None
    call_due: int | None = None
    location_known: bool = True


@dataclass(frozen=True, slots=True)
class FixedVisit:
    """A visit the planner must keep: stop and day by position, `start` only for an appointment."""

    stop: int
    day: int
    kind: FixedKind = FixedKind.LOCKED
    start: float | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """What the plan is worth, in the currency of the margins.

    `carry_over` is the share of a customer's accrued value that is kept when the horizon ends
    without a visit: 0 for a closed period, about 0.7 for a week of a life that goes on.
    """

    per_km: float = 0.3
    per_drive_minute: float = 0.0
    overdue: float = 1.0
    usual_weekday: float = 0.0
    stability: float = 0.0
    carry_over: float = 0.0


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything the solver needs; see `problem_faults` for what makes one well formed."""

    stops: tuple[Stop, ...]
    days: tuple[Day, ...]
    travel: Matrix
    weights: Weights = field(default_factory=Weights)
    value: ValueModel = field(default_factory=SaturatingValue)
    fixed: tuple[FixedVisit, ...] = ()
    announced: frozenset[tuple[int, int]] = frozenset()
    spacing_factor: float = 0.5
    first_date: date | None = None
    horizon_days: int | None = None

    @property
    def origin(self) -> date:
        """The date calendar offsets are counted from."""
        if self.first_date is not None:
            return self.first_date
        return self.days[0].date if self.days else date.min

    @property
    def end_offset(self) -> int:
        """The calendar day after the last one that counts, from `origin`."""
        if self.horizon_days is not None:
            return self.horizon_days
        return self.offset(len(self.days) - 1) + 1 if self.days else 0

    def offset(self, day: int) -> int:
        """Calendar days from `origin` to the day at position `day`."""
        return (self.days[day].date - self.origin).days

    def due_date(self, stop: int) -> date:
        """The date on which the usual gap of the stop has passed."""
        return self.due_after(stop, self.stops[stop].last_visit)

    def due_after(self, stop: int, last_visit: int) -> date:
        """The same after a visit on the calendar day `last_visit`."""
        return self.origin + timedelta(days=last_visit + round(self.stops[stop].interval_days))


class ProblemError(ValueError):
    """The problem is malformed; `faults` says what, one sentence each, its text the first few."""

    def __init__(self, faults: list[str]) -> None:
        said = " ".join(faults[:_FAULTS_TOLD])
        if more := len(faults[_FAULTS_TOLD:]):
            said += " " + ngettext("{count} fault more.", "{count} faults more.", more).format(
                count=more
            )
        super().__init__(said)
        self.faults = faults


def problem_faults(problem: Problem) -> list[str]:
    """What is malformed, one sentence each; empty when the problem can be solved.

    Closed shops, impossible appointments and empty lists are not faults: they are planned around
    and explained.
    """
    faults: list[str] = []
    for day in problem.days:
        faults += _day_faults(day, problem.travel.size)
    dates = [day.date for day in problem.days]
    if any(later <= earlier for earlier, later in pairwise(dates)):
        faults.append(_("The days must follow one another without repetition."))
    if problem.days and problem.first_date is not None and problem.first_date > dates[0]:
        faults.append(_("The first day lies before the beginning of the plan."))
    keys: set[str] = set()
    for stop in problem.stops:
        faults += _stop_faults(stop, len(problem.days), problem.travel.size)
        if stop.key in keys:
            faults.append(_("Customer {key} appears twice.").format(key=stop.key))
        keys.add(stop.key)
    for visit in problem.fixed:
        if not (0 <= visit.stop < len(problem.stops) and 0 <= visit.day < len(problem.days)):
            faults.append(_("A fixed visit names a customer or a day that is not in the plan."))
        elif visit.kind is FixedKind.APPOINTMENT and not _is_number(visit.start):
            key = problem.stops[visit.stop].key
            faults.append(_("The appointment with {key} has no time.").format(key=key))
    if not (_is_never_negative(problem.travel.km) and _is_never_negative(problem.travel.minutes)):
        faults.append(_("Distances and driving times cannot be negative."))
    if not all(_is_number(weight) and weight >= 0.0 for weight in _weights(problem)):
        faults.append(_("What driving, waiting and moving cost must be numbers from 0 on."))
    return list(dict.fromkeys(faults))


def check_problem(problem: Problem) -> None:
    """Raise `ProblemError` when the problem is malformed."""
    faults = problem_faults(problem)
    if faults:
        raise ProblemError(faults)


def _weights(problem: Problem) -> tuple[float, ...]:
    weights = problem.weights
    return (
        weights.per_km, weights.per_drive_minute, weights.overdue, weights.usual_weekday,
        weights.stability, weights.carry_over, problem.spacing_factor,
    )  # fmt: skip


def _is_never_negative(cells: list[float]) -> bool:
    """Whether all are 0 or more; a sum that is not a number betrays one that is none."""
    return not cells or (min(cells) >= 0.0 and not math.isnan(sum(cells)))


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _day_faults(day: Day, places: int) -> list[str]:
    faults = []
    name = day.date.isoformat()
    if not (_is_number(day.start) and _is_number(day.end)):
        faults.append(_("{day}: the working hours are not numbers.").format(day=name))
    if not (0 <= day.start_place < places and 0 <= day.end_place < places):
        faults.append(_("{day}: it begins or ends at an unknown place.").format(day=name))
    if not day.max_km >= 0.0:
        faults.append(_("{day}: the kilometres allowed cannot be negative.").format(day=name))
    if any(not (_is_number(b.at) and _is_number(b.minutes) and b.minutes >= 0) for b in day.breaks):
        faults.append(_("{day}: a break has no proper time.").format(day=name))
    pauses = sorted(day.breaks, key=lambda b: b.at)
    if any(later.at < pause.at + pause.minutes for pause, later in pairwise(pauses)):
        faults.append(_("{day}: two breaks overlap.").format(day=name))
    return faults


def _stop_faults(stop: Stop, days: int, places: int) -> list[str]:
    faults = []
    if not 0 <= stop.place < places:
        faults.append(_("Customer {key} is at an unknown place.").format(key=stop.key))
    if len(stop.opening) != days:
        faults.append(
            _("Customer {key} needs opening hours for each of {days} days.").format(
                key=stop.key, days=days
            )
        )
    if not (_is_number(stop.interval_days) and stop.interval_days > 0.0):
        faults.append(_("Customer {key} needs a visit interval above zero.").format(key=stop.key))
    if not (_is_number(stop.visit_minutes) and stop.visit_minutes >= 0.0):
        faults.append(_("Customer {key} needs a visit length.").format(key=stop.key))
    if not (_is_number(stop.margin) and _is_number(stop.overdue_per_day)):
        faults.append(_("Customer {key} has a value that is not a number.").format(key=stop.key))
    return faults

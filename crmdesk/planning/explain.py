"""Why a visit is in the plan, and why a customer is not: codes and numbers first, then a sentence.

Owns the reasons and their wording. Leaves names and money formats to the caller, who knows them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import pairwise

from crmdesk.i18n import _, format_date, format_number
from crmdesk.planning.model import FORBIDDEN, Model
from crmdesk.planning.plan import Conflict, ConflictCode, Plan
from crmdesk.planning.problem import FixedKind, Problem, VisitMode
from crmdesk.planning.routes import NO_POSITION, Routes

_IMPOSSIBLE = FORBIDDEN / 2.0


class VisitCode(Enum):
    """The main reason for a planned visit."""

    APPOINTMENT = "appointment"
    LOCKED = "locked"
    OVERDUE = "overdue"
    DUE = "due"
    EARLY_ON_THE_WAY = "early_on_the_way"


class OmissionCode(Enum):
    """The main reason why a customer is not visited.

    `BEYOND` is said of those that a plan does not weigh, see `foremost`; the others of its stops.
    """

    BEYOND = "beyond"
    CALL_INSTEAD = "call_instead"
    CLOSED = "closed"
    NOT_DUE = "not_due"
    NO_TIME = "no_time"
    PLANNED = "planned"
    TOO_FAR = "too_far"
    TOO_SOON = "too_soon"
    UNKNOWN_PLACE = "unknown_place"
    VIRTUAL = "virtual"


@dataclass(frozen=True, slots=True)
class VisitReason:
    """Why a stop is visited on a day. Kilometres and minutes are the detour it costs."""

    stop: int
    day: int
    code: VisitCode
    due: date
    gap_days: int
    expected: float
    detour_km: float
    detour_minutes: float
    travel_cost: float
    usual_weekday: bool
    previous_stop: int | None


@dataclass(frozen=True, slots=True)
class Omission:
    """Why a stop is not visited (on `day`, or on any day when None), on its best day.

    `expected` is what the visit would add, `break_even` the contribution from which it would pay;
    numbers are None where no day comes into question.
    """

    stop: int
    day: int | None
    code: OmissionCode
    due: date
    expected: float | None = None
    detour_km: float | None = None
    break_even: float | None = None


class Explainer:
    """Answers about one plan of one problem; built once, asked often."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self._problem = problem
        self._plan = plan
        self._model = Model(problem)
        self._routes = Routes(self._model)
        self._routes.load(plan.orders())
        self._alone = Routes(self._model)

    def visits(self) -> list[VisitReason]:
        """The reason for every visit, in the plan's order."""
        return [
            self._visit_reason(day.day, rank)
            for day in self._plan.days
            for rank in range(len(day.visits))
        ]

    def _visit_reason(self, d: int, rank: int) -> VisitReason:
        problem = self._problem
        visit = self._plan.days[d].visits[rank]
        stop = problem.stops[visit.stop]
        nodes = self._routes.nodes[d]
        here, before, after = nodes[rank + 1], nodes[rank], nodes[rank + 2]
        km, minutes = self._model.km_from, self._model.minutes_from
        detour_km = km[before][here] + km[here][after] - km[before][after]
        detour_min = minutes[before][here] + minutes[here][after] - minutes[before][after]
        weights = problem.weights
        if visit.fixed is FixedKind.APPOINTMENT:
            code = VisitCode.APPOINTMENT
        elif visit.fixed is FixedKind.LOCKED:
            code = VisitCode.LOCKED
        elif problem.value.overdue_days(stop.interval_days, visit.gap_days) > 0.0:
            code = VisitCode.OVERDUE
        elif visit.gap_days >= 0.9 * stop.interval_days:
            code = VisitCode.DUE
        else:
            code = VisitCode.EARLY_ON_THE_WAY
        return VisitReason(
            visit.stop,
            d,
            code,
            due=problem.due_after(visit.stop, problem.offset(d) - visit.gap_days),
            gap_days=visit.gap_days,
            expected=visit.expected,
            detour_km=detour_km,
            detour_minutes=detour_min,
            travel_cost=weights.per_km * detour_km + weights.per_drive_minute * detour_min,
            usual_weekday=stop.usual_weekday == problem.days[d].date.weekday(),
            previous_stop=before if before < self._model.stops else None,
        )

    def omissions(self) -> list[Omission]:
        """The reason for every customer without a visit in the plan, by position."""
        return [self.why_not(u) for u in range(self._model.stops) if not self._routes.visits[u]]

    def why_not(self, stop: int, day: int | None = None) -> Omission:
        """Why `stop` is not visited on `day`, or on no day at all."""
        problem = self._problem
        due = problem.due_date(stop)
        days = range(self._model.days) if day is None else (day,)
        if day is not None and day in self._routes.visits[stop]:
            return Omission(stop, day, OmissionCode.PLANNED, due)
        if problem.stops[stop].mode is VisitMode.VIRTUAL:
            return Omission(stop, day, OmissionCode.VIRTUAL, due)
        if not problem.stops[stop].location_known:
            return Omission(stop, day, OmissionCode.UNKNOWN_PLACE, due)
        if not any(self._model.can_visit[stop * self._model.days + d] for d in days):
            return Omission(stop, day, OmissionCode.CLOSED, due)
        alone = [d for d in days if self._alone.find(stop, d) != NO_POSITION]
        if not alone:
            return Omission(stop, day, OmissionCode.TOO_FAR, due)
        spaced = [d for d in alone if self._routes.gain(stop, d) > _IMPOSSIBLE]
        if not spaced:
            return Omission(stop, day, OmissionCode.TOO_SOON, due)
        return self._weigh(stop, day, due, spaced)

    def _weigh(self, stop: int, day: int | None, due: date, days: list[int]) -> Omission:
        """The choice between no time, not due and not worth the drive, on the best of `days`.

        The detour is the shortest one between two stops of the day, whether or not there is time.
        """
        routes = self._routes
        weights = self._problem.weights

        def cost(d: int) -> float:
            km, minutes = self._shortest_detour(stop, d)
            return weights.per_km * km + weights.per_drive_minute * minutes

        best = max(days, key=lambda d: routes.gain(stop, d) - cost(d))
        gain = routes.gain(stop, best)
        travel = cost(best)
        if gain <= 0.0 or due > self._problem.days[best].date:
            code = OmissionCode.NOT_DUE
        elif gain <= travel:
            code = OmissionCode.CALL_INSTEAD
        else:
            code = OmissionCode.NO_TIME
        km, _minutes = self._shortest_detour(stop, best)
        return Omission(stop, day, code, due, max(0.0, gain), km, travel)

    def _shortest_detour(self, stop: int, d: int) -> tuple[float, float]:
        """Kilometres and minutes of the shortest detour to `stop` from the route of day `d`."""
        km, minutes = self._model.km_from, self._model.minutes_from
        return min(
            (
                km[a][stop] + km[stop][b] - km[a][b],
                minutes[a][stop] + minutes[stop][b] - minutes[a][b],
            )
            for a, b in pairwise(self._routes.nodes[d])
        )


def explain_visits(problem: Problem, plan: Plan) -> list[VisitReason]:
    """The reason for every visit of the plan."""
    return Explainer(problem, plan).visits()


def explain_omissions(problem: Problem, plan: Plan) -> list[Omission]:
    """The reason for every customer the plan leaves out."""
    return Explainer(problem, plan).omissions()


def visit_text(
    reason: VisitReason, money: Callable[[float], str], name: Callable[[int], str]
) -> str:
    """One sentence such as "due Thu 26 Nov, expects €84, 6 km off the route after Lucena"."""
    due = format_date(reason.due, weekday=True)
    lead = {
        VisitCode.APPOINTMENT: _("appointment agreed"),
        VisitCode.LOCKED: _("fixed by hand"),
        VisitCode.OVERDUE: _("overdue, was due {date}").format(date=due),
        VisitCode.DUE: _("due {date}").format(date=due),
        VisitCode.EARLY_ON_THE_WAY: _("due {date}, earlier because it is on the way").format(
            date=due
        ),
    }[reason.code]
    parts = [lead, _("expects {amount}").format(amount=money(reason.expected))]
    km = format_number(reason.detour_km, 0 if reason.detour_km >= 10.0 else 1)
    if reason.previous_stop is None:
        parts.append(_("{km} km off the route").format(km=km))
    else:
        parts.append(
            _("{km} km off the route after {customer}").format(
                km=km, customer=name(reason.previous_stop)
            )
        )
    if reason.usual_weekday:
        parts.append(_("the usual weekday"))
    return ", ".join(parts)


def omission_text(omission: Omission, money: Callable[[float], str]) -> str:
    """One sentence on why a customer is not visited, with what would change it."""
    due = format_date(omission.due, weekday=True)
    if omission.code in (OmissionCode.CALL_INSTEAD, OmissionCode.NO_TIME):
        return _worth_text(omission, money, due)
    return {
        OmissionCode.BEYOND: _("there are more customers than one plan weighs"),
        OmissionCode.CLOSED: _("closed, or not open long enough, during working hours"),
        OmissionCode.NOT_DUE: _("not due yet: due {date}").format(date=due),
        OmissionCode.PLANNED: _("is in the plan"),
        OmissionCode.TOO_FAR: _("too far: the drive alone breaks the day's hours or kilometres"),
        OmissionCode.TOO_SOON: _("too soon after another visit: due {date}").format(date=due),
        OmissionCode.UNKNOWN_PLACE: _("its place on the map is not known"),
        OmissionCode.VIRTUAL: _("served by call, not by visit"),
    }[omission.code]


def _worth_text(omission: Omission, money: Callable[[float], str], due: str) -> str:
    expected = money(omission.expected or 0.0)
    break_even = money(omission.break_even or 0.0)
    km = format_number(omission.detour_km or 0.0)
    if omission.code is OmissionCode.NO_TIME:
        return _("no time left: due {date}, expects {amount}, {km} km").format(
            date=due, amount=expected, km=km
        )
    return _(
        "call instead: {km} km of driving cost {cost}, it expects {amount}; "
        "a visit pays from {cost} of margin"
    ).format(km=km, cost=break_even, amount=expected)


def conflict_text(conflict: Conflict) -> str:
    """Why a fixed visit could not be kept."""
    return {
        ConflictCode.CLOSED: _("the customer is closed that day"),
        ConflictCode.OUTSIDE_SHIFT: _("it lies outside the working or opening hours"),
        ConflictCode.NO_TIME: _("it does not fit between the other fixed visits"),
        ConflictCode.TOO_FAR: _("too far: the drive alone breaks the day's hours or kilometres"),
    }[conflict.code]

"""Visits and plans of the demo company: what was done, and what is planned for two weeks.

Owns visits with their outcomes, the tasks done in them, and the planned visits of a year back and
two weeks ahead. Minutes and legs come from :mod:`crmdesk.demo.schedule`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from crmdesk.demo.customer import Customer
from crmdesk.demo.people import Staff
from crmdesk.demo.rhythm import Calendar
from crmdesk.demo.schedule import Schedule
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.storage.rows import row_maker

PLANNED_DAYS = 366
RECENT_DAYS = 28
_OUTCOMES = (("no_order", 74), ("closed", 7), ("absent", 8), ("information", 11))
_NO_ORDER = (
    ("stock", 50), ("decides", 14), ("price", 12), ("budget", 10), ("competitor", 9),
    ("quality", 5),
)  # fmt: skip
_SKIPPED = (
    ("time", 9), ("customer", 5), ("busy", 3), ("traffic", 2), ("needless", 2), ("ill", 1),
)  # fmt: skip
_TASKS = (
    ("shelf", "Count the shelf"), ("objective", "Show the Christmas range"),
    ("survey", "Which day suits delivery?"), ("objective", "Offer the case price"),
)  # fmt: skip
_NOTES = {
    "no_order": (
        "Wants to see the new price list first",
        "Has enough until the end of the month",
        "Decides with her husband, call again",
        "Found it cheaper elsewhere, asks for an offer",
    ),
    "information": (
        "Asked for a sample of the new range",
        "Takes the cases again after the holidays",
        "New manager from December on",
    ),
    "absent": ("The buyer was out, back on Monday",),
}
_NOTED_DAYS = 120
_ANSWERS = ("done", "Thursdays", "next time", "liked it", "mornings")
MORNING = {0: ("order", 24), 1: ("no_order", 14)}
"""What happened this morning at the first two stops of today's route: outcome and minutes."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a visit is expected to bring, in minor units, and why on that day."""

    net: int = 0
    margin: int = 0


class Visits:
    """Writes visits and plans of a customer into a sink."""

    def __init__(
        self, spec: DemoSpec, staff: Staff, uids: UidMaker, sink: Sink, schedule: Schedule
    ) -> None:
        self._today = spec.today.toordinal()
        self._staff, self._uids, self._sink, self._schedule = staff, uids, sink, schedule
        self._visit, self._plan = row_maker("visit"), row_maker("planned_visit")
        self._task = row_maker("visit_task")

    def past(
        self, customer: Customer, found: Calendar, ordered: set[int], rng: Random
    ) -> dict[int, Uid]:
        """All visits and calls before today; returns the visit of each day."""
        done: dict[int, Uid] = {}
        for days, mode in ((found.visits, "person"), (found.calls, "call")):
            for day in days:
                if day == self._today - 1 and mode == "person" and day not in ordered:
                    self._undone(customer, day)
                    continue
                outcome = "order"
                if day not in ordered:
                    outcome = rng.choices([o for o, _w in _OUTCOMES], [w for _o, w in _OUTCOMES])[0]
                done[day] = self._done(customer, day, mode, outcome, rng)
        return done

    def coming(
        self, customer: Customer, found: Calendar, expected: Expected, rng: Random
    ) -> Uid | None:
        """Plans from today on; returns this morning's visit when it has been made already."""
        morning = None
        for day in found.coming:
            if day == self._today and customer.cast in MORNING:
                morning = self._this_morning(customer, day, expected)
                continue
            fixed = rng.random() < (0.10 if day > self._today else 0.2)
            self._planned(
                customer, day, "person", "planned", expected, locked=fixed,
                appointment=fixed and rng.random() < 0.5,
            )  # fmt: skip
        for day in found.coming_calls:
            share = Expected(expected.net // 3, expected.margin // 3)
            self._planned(customer, day, "call", "planned", share)
        return morning

    def _this_morning(self, customer: Customer, day: int, expected: Expected) -> Uid:
        outcome, minutes = MORNING[customer.cast or 0]
        plan = self._planned(customer, day, "person", "done", expected)
        reason = self._staff.reasons["no_order", "stock"] if outcome == "no_order" else None
        start = self._schedule.minute(customer, day)
        return self._write(customer, day, "person", outcome, reason, plan, start, minutes)

    def _planned(
        self,
        customer: Customer,
        day: int,
        mode: str,
        status: str,
        expected: Expected | None = None,
        *,
        locked: bool = False,
        appointment: bool = False,
        reason: Uid | None = None,
    ) -> Uid:
        uid = self._uids()
        sequence, metres, minutes = self._schedule.leg(customer, day)
        person = mode == "person"
        start = self._schedule.minute(customer, day)
        row = self._plan(
            uid, account=customer.uid, user=customer.rep.uid, date=date.fromordinal(day),
            sequence=sequence if person else 50, mode=mode, status=status,
            start_minute=start if person else None,
            minutes=customer.minutes if person else 8, leg_m=metres if person else None,
            leg_minutes=minutes if person else None, locked=locked, appointment=appointment,
            reason=reason,
            window_from=start if appointment else None,
            window_to=start + 30 if appointment else None,
            expected_net_minor=None if expected is None else expected.net,
            expected_margin_minor=None if expected is None else expected.margin,
            explanation=None if expected is None or not person
            else self._explanation(customer, day, expected),
        )  # fmt: skip
        self._sink.add("planned_visit", row)
        return uid

    def _explanation(self, customer: Customer, day: int, expected: Expected) -> dict[str, object]:
        _sequence, metres, minutes = self._schedule.leg(customer, day)
        return {
            "code": "due", "due": date.fromordinal(day).isoformat(),
            "gap_days": customer.interval, "expected_minor": expected.margin,
            "detour_m": metres // 2, "detour_minutes": minutes // 2,
            "usual_weekday": (day - 1) % 7 == customer.weekday,
            "after": self._schedule.before(customer, day),
        }  # fmt: skip

    def _done(self, customer: Customer, day: int, mode: str, outcome: str, rng: Random) -> Uid:
        age, plan, reason = self._today - day, None, None
        if outcome == "no_order":
            code = rng.choices([c for c, _w in _NO_ORDER], [w for _c, w in _NO_ORDER])[0]
            reason = self._staff.reasons["no_order", code]
        elif outcome == "closed":
            reason = self._staff.reasons["closed", rng.choice(("holiday", "day", "works"))]
        off_plan = rng.random() < 0.05
        if age <= RECENT_DAYS and mode == "person" and rng.random() < 0.07:
            self._missed(customer, day, rng)
            off_plan = True
        if age <= PLANNED_DAYS and not off_plan:
            status = "closed" if outcome in ("closed", "absent") else "done"
            plan = self._planned(customer, day, mode, status)
        length = (
            rng.randrange(10, customer.minutes + 12) if mode == "person" else rng.randrange(3, 10)
        )
        if outcome in ("closed", "absent"):
            length = 3
        start = self._schedule.minute(customer, day) + rng.randrange(-4, 9)
        uid = self._write(customer, day, mode, outcome, reason, plan, start, length)
        if mode == "person" and length > 3 and age <= 200 and rng.random() < 0.2:
            self._write_task(customer, uid, rng)
        return uid

    def _missed(self, customer: Customer, day: int, rng: Random) -> None:
        earlier = day - rng.randrange(1, 4)
        if (earlier - 1) % 7 < 5:
            reason = self._why_skipped(customer, earlier)
            self._planned(customer, earlier, "person", "missed", reason=reason)

    def _undone(self, customer: Customer, day: int) -> None:
        """Yesterday's visits that nobody made: some skipped for a reason, of others nothing said.

        The first thing a rep sees this morning is what mends them.
        """
        if customer.index % 3 == 2:
            self._planned(customer, day, "person", "planned")
            return
        reason = self._why_skipped(customer, day)
        self._planned(customer, day, "person", "missed", reason=reason)

    def _why_skipped(self, customer: Customer, day: int) -> Uid:
        codes = [code for code, weight in _SKIPPED for _n in range(weight)]
        code = Random(f"{customer.code}/skipped/{day}").choice(codes)
        return self._staff.reasons["skipped", code]

    def _write(
        self, customer: Customer, day: int, mode: str, outcome: str, reason: Uid | None,
        plan: Uid | None, start: int, minutes: int,
    ) -> Uid:  # fmt: skip
        local, uid = date.fromordinal(day), self._uids()
        place = customer.place if mode == "person" and self._today - day < 400 else None
        row = self._visit(
            uid, account=customer.uid, user=customer.rep.uid, planned_visit=plan, date=local,
            started_at=instant_text(local, start), ended_at=instant_text(local, start + minutes),
            mode=mode, outcome=outcome, reason=reason, off_plan=plan is None and
            self._today - day <= PLANNED_DAYS, note=self._note(customer, day, outcome),
            latitude=None if place is None else place.latitude,
            longitude=None if place is None else place.longitude,
        )  # fmt: skip
        self._sink.add("visit", row)
        return uid

    def _note(self, customer: Customer, day: int, outcome: str) -> str | None:
        """What was agreed without an order, in some of the last months' contacts."""
        rng = Random(f"{customer.code}/note/{day}")
        if outcome not in _NOTES or self._today - day > _NOTED_DAYS or rng.random() < 0.3:
            return None
        return rng.choice(_NOTES[outcome])

    def _write_task(self, customer: Customer, visit: Uid, rng: Random) -> None:
        kind, name = rng.choice(_TASKS)
        row = self._task(
            self._uids(), account=customer.uid, visit=visit, kind=kind, name=name,
            answer=None if kind == "shelf" else rng.choice(_ANSWERS),
            counted=rng.randrange(0, 48) if kind == "shelf" else None,
        )  # fmt: skip
        self._sink.add("visit_task", row)

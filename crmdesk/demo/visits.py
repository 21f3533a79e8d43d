"""Visits and plans of the demo company: what was done, and what is planned for two weeks.

Owns visits with their outcomes and the planned visits of four weeks past and two weeks ahead.
"""

from __future__ import annotations

from datetime import date
from random import Random

from crmdesk.demo.customers import Customer
from crmdesk.demo.people import Staff
from crmdesk.demo.rhythm import Calendar
from crmdesk.demo.schedule import Schedule
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.storage.rows import row_maker

PLANNED_DAYS = 28


class Visits:
    """Writes visits and plans of a customer into a sink."""

    def __init__(
        self, spec: DemoSpec, staff: Staff, uids: UidMaker, sink: Sink, schedule: Schedule
    ) -> None:
        self._today = spec.today.toordinal()
        self._staff, self._uids, self._sink, self._schedule = staff, uids, sink, schedule
        self._visit, self._plan = row_maker("visit"), row_maker("planned_visit")

    def write(
        self, customer: Customer, found: Calendar, ordered: set[int], rng: Random
    ) -> dict[int, Uid]:
        """All visits of a customer; returns the visit of each day seen or called."""
        done: dict[int, Uid] = {}
        for days, mode in ((found.visits, "person"), (found.calls, "call")):
            for day in days:
                done[day] = self._past(customer, day, mode, rng, has_order=day in ordered)
        for day in found.coming:
            self.plan(customer, day, "person", "planned")
        for day in found.coming_calls:
            self.plan(customer, day, "call", "planned")
        return done

    def plan(self, customer: Customer, day: int, mode: str, status: str) -> Uid:
        """One planned visit; returns its uid."""
        uid = self._uids()
        sequence, metres, minutes = self._schedule.leg(customer, day)
        person = mode == "person"
        row = self._plan(
            uid, account=customer.uid, user=customer.rep.uid, date=date.fromordinal(day),
            sequence=sequence if person else 90, mode=mode, status=status,
            start_minute=self._schedule.minute(customer, day) if person else None,
            minutes=customer.minutes if person else 8, leg_m=metres if person else None,
            leg_minutes=minutes if person else None,
        )  # fmt: skip
        self._sink.add("planned_visit", row)
        return uid

    def _past(
        self, customer: Customer, day: int, mode: str, rng: Random, *, has_order: bool
    ) -> Uid:
        planned = None
        outcome, reason = "order", None
        if not has_order:
            outcome = rng.choices(("no_order", "closed", "absent", "information"), (70, 8, 10, 12))[
                0
            ]
        if outcome == "no_order":
            code = rng.choices(
                ("stock", "decides", "price", "budget", "competitor", "quality"),
                (50, 14, 12, 10, 9, 5),
            )[0]
            reason = self._staff.reasons["no_order", code]
        if day >= self._today - PLANNED_DAYS:
            planned = self.plan(customer, day, mode, "closed" if outcome == "closed" else "done")
        start = self._schedule.minute(customer, day) + rng.randrange(-4, 9)
        length = 3 if outcome in ("closed", "absent") else rng.randrange(10, customer.minutes + 12)
        local = date.fromordinal(day)
        uid = self._uids()
        row = self._visit(
            uid, account=customer.uid, user=customer.rep.uid, planned_visit=planned, date=local,
            started_at=instant_text(local, start), ended_at=instant_text(local, start + length),
            mode=mode, outcome=outcome, reason=reason, off_plan=rng.random() < 0.06,
        )  # fmt: skip
        self._sink.add("visit", row)
        return uid

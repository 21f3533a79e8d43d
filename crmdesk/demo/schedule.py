"""The order of the company's days: who is seen when on a rep's day, and numbers of documents.

Owns starting minutes of visits and the running numbers, which need everybody's calendar at once.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from datetime import date

from crmdesk.demo.customer import Customer
from crmdesk.demo.hours import is_open
from crmdesk.demo.people import Rep
from crmdesk.demo.rhythm import Calendar
from crmdesk.demo.spec import DOCUMENT_DAYS, DemoSpec
from crmdesk.domain.ids import document_number

TODAY_MINUTES = (520, 570, 600, 655, 705, 750, 905, 960, 1040)
"""Starting minutes of today's nine stops of the first rep."""
LUNCH = (810, 885)
_LAST_BEGIN = 1_080
_WAIT_FOR_NOON_M = 2_500


class Schedule:
    """Minutes and numbers for every customer and day."""

    def __init__(
        self, spec: DemoSpec, customers: list[Customer], calendars: list[Calendar]
    ) -> None:
        self._today = spec.today.toordinal()
        self._minutes: dict[tuple[int, int], int] = {}
        self._legs: dict[tuple[int, int], tuple[int, int, int]] = {}
        self._before: dict[tuple[int, int], str] = {}
        self._driven: dict[tuple[str, int], int] = {}
        routes: dict[tuple[str, int], list[Customer]] = {}
        reps: dict[str, Rep] = {}
        for customer, found in zip(customers, calendars, strict=True):
            reps[customer.rep.code] = customer.rep
            for day in (*found.visits, *found.coming):
                routes.setdefault((customer.rep.code, day), []).append(customer)
        for (code, day), stops in routes.items():
            self._route(reps[code], day, stops)
        self._count(spec, customers, calendars)

    def minute(self, customer: Customer, day: int) -> int:
        """The minute of the day on which the customer is seen, or telephones."""
        known = self._minutes.get((customer.index, day))
        return known if known is not None else 540 + customer.index * 37 % 480

    def leg(self, customer: Customer, day: int) -> tuple[int, int, int]:
        """Sequence (1 …), metres and minutes of the way to a customer on a day."""
        return self._legs.get((customer.index, day), (0, 0, 0))

    def before(self, customer: Customer, day: int) -> str | None:
        """The name of the customer seen just before on a coming day; None from home."""
        return self._before.get((customer.index, day))

    def distance(self, rep: Rep, day: int) -> int:
        """Metres a rep drove on a day, the way home included; 0 on a day without visits."""
        return self._driven.get((rep.code, day), 0)

    def numbers(self, customer: Customer, day: int) -> tuple[str, str]:
        """The numbers of the order and of the invoice of a customer's order day."""
        rep = customer.rep
        number = bisect_left(self._by_rep[rep.code], (day, customer.index)) + 1
        year = date.fromordinal(day).year
        within = bisect_left(self._by_year[year], (day, customer.index)) + 1
        return document_number("", rep.prefix, number), f"F-{year % 100:02d}/{within:04d}"

    def next_order(self, rep: Rep) -> str:
        """The number after the last of a rep's past order days."""
        return document_number("", rep.prefix, len(self._by_rep.get(rep.code, ())) + 1)

    def _count(self, spec: DemoSpec, customers: list[Customer], calendars: list[Calendar]) -> None:
        self._by_rep: dict[str, list[tuple[int, int]]] = {}
        self._by_year: dict[int, list[tuple[int, int]]] = {}
        first = self._today - DOCUMENT_DAYS
        for customer, found in zip(customers, calendars, strict=True):
            for day in found.days:
                key = (day, customer.index)
                self._by_year.setdefault(date.fromordinal(day).year, []).append(key)
                if day >= first:
                    self._by_rep.setdefault(customer.rep.code, []).append(key)
        for keys in (*self._by_rep.values(), *self._by_year.values()):
            keys.sort()

    def _route(self, rep: Rep, day: int, stops: list[Customer]) -> None:
        """Nearest neighbour from home among those open, lunch left out; the cast in its order."""
        waiting = sorted(stops, key=lambda c: c.index)
        here, minute, driven, before = (rep.latitude, rep.longitude), 520, 0, ""
        for sequence in range(1, len(stops) + 1):
            following = self._next(waiting, here, day, minute)
            waiting.remove(following)
            there = (following.place.latitude, following.place.longitude)
            metres = round(_metres(here, there) * 1.35)
            travel = 6 + metres // 650
            driven += metres
            minute = self._begin(following, day, minute + (travel if sequence > 1 else 0))
            self._minutes[following.index, day] = minute
            self._legs[following.index, day] = (sequence, metres, travel)
            if before and day >= self._today:
                self._before[following.index, day] = before
            minute += following.minutes
            here, before = there, following.name
        way = _metres(here, (rep.latitude, rep.longitude))
        self._driven[rep.code, day] = driven + round(way * 1.35)

    def _next(
        self, waiting: list[Customer], here: tuple[float, float], day: int, minute: int
    ) -> Customer:
        """Today's cast in its order; else the nearest, shops that shut at noon a little nearer."""

        def rank(customer: Customer) -> tuple[int, bool, float, int]:
            cast = customer.cast if day == self._today and customer.cast is not None else 99
            away = _metres(here, (customer.place.latitude, customer.place.longitude))
            hours, weekday = customer.hours, (day - 1) % 7
            shut = not is_open(hours, weekday, minute + 15, customer.minutes)
            if minute < LUNCH[0] and len(hours[weekday]) == 1:
                away += _WAIT_FOR_NOON_M
            return cast, shut, away, customer.index

        return min(waiting, key=rank)

    def _begin(self, customer: Customer, day: int, minute: int) -> int:
        """When the visit begins: after lunch, in steps of five, and not before the door opens."""
        if LUNCH[0] - 15 <= minute < LUNCH[1]:
            minute = LUNCH[1] + 10
        minute += -minute % 5
        if day == self._today and customer.cast is not None and customer.cast < len(TODAY_MINUTES):
            return TODAY_MINUTES[customer.cast]
        hours, weekday = customer.hours, (day - 1) % 7
        if not is_open(hours, weekday, minute, customer.minutes):
            later = [opens for opens, _closes in hours[weekday] if opens > minute]
            if later and min(later) <= _LAST_BEGIN:
                minute = min(later)
        return min(minute, 1_140)


def _metres(here: tuple[float, float], there: tuple[float, float]) -> float:
    east = (there[1] - here[1]) * math.cos(math.radians((here[0] + there[0]) / 2))
    return 111_200 * math.hypot(there[0] - here[0], east)

"""The order of the company's days: who is seen when on a rep's day, and numbers of documents.

Owns starting minutes of visits and the running numbers, which need everybody's calendar at once.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from datetime import date

from crmdesk.demo.customers import Customer
from crmdesk.demo.people import Rep
from crmdesk.demo.rhythm import Calendar
from crmdesk.demo.spec import DOCUMENT_DAYS, DemoSpec
from crmdesk.domain.ids import document_number

TODAY_MINUTES = (520, 570, 600, 655, 705, 750, 905, 960, 1040)
"""Starting minutes of today's nine stops of the first rep."""
LUNCH = (810, 885)


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
        """Nearest neighbour from home, lunch left out; today's cast in its own order."""
        waiting = sorted(stops, key=lambda c: c.index)
        latitude, longitude, minute, last = rep.latitude, rep.longitude, 520, ""
        driven = 0
        for sequence in range(1, len(stops) + 1):
            nearest = min(
                waiting,
                key=lambda c: (
                    c.cast if day == self._today and c.cast is not None else 99,
                    _metres(latitude, longitude, c.place.latitude, c.place.longitude),
                    c.index,
                ),
            )
            waiting.remove(nearest)
            way = _metres(latitude, longitude, nearest.place.latitude, nearest.place.longitude)
            metres = round(way * 1.35)
            travel = 6 + metres // 650
            driven += metres
            minute += travel if sequence > 1 else 0
            if LUNCH[0] - 15 <= minute < LUNCH[1]:
                minute = LUNCH[1] + travel
            minute -= minute % 5
            if day == self._today and nearest.cast is not None and nearest.cast < 9:
                minute = TODAY_MINUTES[nearest.cast]
            self._minutes[nearest.index, day] = min(minute, 1_200)
            self._legs[nearest.index, day] = (sequence, metres, travel)
            if last and day >= self._today:
                self._before[nearest.index, day] = last
            last = nearest.name
            minute += nearest.minutes
            latitude, longitude = nearest.place.latitude, nearest.place.longitude
        way = _metres(latitude, longitude, rep.latitude, rep.longitude)
        self._driven[rep.code, day] = driven + round(way * 1.35)


def _metres(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    east = (lon2 - lon1) * math.cos(math.radians((lat1 + lat2) / 2))
    return 111_200 * math.hypot(lat2 - lat1, east)

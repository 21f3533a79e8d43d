"""Call cycles: on which weekday and in which week of the cycle a customer is seen.

Owns usual weekdays, by direction from the rep's home so that a day stays together, and an even
load of the days. Single dates come from :mod:`crmdesk.demo.rhythm`.
"""

from __future__ import annotations

import math
from collections import Counter

from crmdesk.demo.customer import Customer
from crmdesk.demo.people import Rep
from crmdesk.demo.spec import DemoSpec

_HORIZON_DAYS = 84


def give_cycles(spec: DemoSpec, rep: Rep, customers: list[Customer]) -> None:
    """Give every customer of a rep its weekday and anchor; today's route keeps today for itself."""
    today, weekday = spec.today.toordinal(), spec.today.weekday()
    cast = [c for c in customers if c.cast is not None]
    load: Counter[int] = Counter()
    for customer in cast:
        customer.weekday, customer.anchor = weekday, today
        load.update(_days(customer, weekday))
    others = [c for c in customers if c.cast is None]
    others.sort(key=lambda c: (_direction(rep, c), c.index))
    room = [len(customers) / 5] * 5
    if weekday < 5:
        room[weekday] -= len(cast)
    day = 0
    for customer in others:
        while day < 4 and room[day] < 0.5:
            day += 1
        room[day] -= 1
        customer.weekday = day if customer.hours[day] else (day + 1) % 5
        first = _lightest(customer, load, weekday if cast else None)
        customer.anchor = today - weekday + first
        if customer.cls != "D":
            load.update(_days(customer, first))


def _direction(rep: Rep, customer: Customer) -> float:
    place = customer.place
    return math.atan2(place.latitude - rep.latitude, place.longitude - rep.longitude)


def _days(customer: Customer, first: int) -> range:
    return range(first, _HORIZON_DAYS, customer.interval)


def _lightest(customer: Customer, load: Counter[int], taken: int | None) -> int:
    """The day of the first cycle (0 is this week's Monday) whose days have least to do."""
    choices = [
        first
        for first in range(customer.weekday, max(customer.interval, 7), 7)
        if first != taken or customer.interval <= 7
    ]
    return min(
        choices,
        key=lambda first: (
            sum(load[d] for d in _days(customer, first)) / len(_days(customer, first)),
            first,
        ),
    )

"""The demo company as a stream of batches, parents first: the door of this package.

Owns the order of the work: staff and goods, customers, everybody's calendar, then the history
customer by customer, so that two million lines never lie in memory together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from crmdesk.demo.catalogue import Catalogue, write_catalogue
from crmdesk.demo.customers import Customer, write_customers
from crmdesk.demo.documents import Documents, Placed
from crmdesk.demo.people import Staff, write_devices, write_rates, write_staff
from crmdesk.demo.rhythm import Calendar, calendar, pairs, purchases
from crmdesk.demo.schedule import Schedule
from crmdesk.demo.sink import Sink, start_ms
from crmdesk.demo.spec import DemoSpec
from crmdesk.demo.visits import Visits
from crmdesk.domain.ids import UidMaker, seeded_uids
from crmdesk.storage.rows import Batch


@dataclass(frozen=True, slots=True)
class _World:
    spec: DemoSpec
    uids: UidMaker
    sink: Sink
    staff: Staff
    catalogue: Catalogue
    customers: list[Customer]
    intensity: float


def company(spec: DemoSpec) -> Iterator[Batch]:
    """All rows of a demo company, parents first, at most 5,000 rows a batch.

    The same spec gives the same rows. Nothing is kept: batches are made while they are read.
    """
    sink = Sink()
    uids = seeded_uids(spec.seed, start_ms(spec.first_day))
    rng = Random(f"{spec.seed}/company")
    staff = write_staff(spec, rng, uids, sink)
    write_devices(spec, staff, uids, sink)
    write_rates(spec, uids, sink)
    catalogue = write_catalogue(spec, rng, uids, sink)
    customers = write_customers(spec, rng, uids, sink, staff, catalogue)
    yield from sink.drain()
    world = _World(spec, uids, sink, staff, catalogue, customers, _intensity(spec))
    yield from _histories(world)


def _intensity(spec: DemoSpec) -> float:
    if spec.lines is None:
        return 1.0
    return max(0.05, spec.lines / (160 * spec.customers * spec.years))


def _histories(world: _World) -> Iterator[Batch]:
    spec, sink = world.spec, world.sink
    calendars = [
        calendar(spec, c, world.staff, Random(f"{spec.seed}/days/{c.code}"), world.intensity)
        for c in world.customers
    ]
    schedule = Schedule(spec, world.customers, calendars)
    documents = Documents(spec, world.catalogue, world.uids, sink)
    visits = Visits(spec, world.staff, world.uids, sink, schedule)
    for customer, found in zip(world.customers, calendars, strict=True):
        _history(world, customer, found, schedule, documents, visits)
        if sink.full:
            yield from sink.drain()
    yield from sink.drain()


def _history(
    world: _World, customer: Customer, found: Calendar, schedule: Schedule, documents: Documents,
    visits: Visits,
) -> None:  # fmt: skip
    spec = world.spec
    rng = Random(f"{spec.seed}/trade/{customer.code}")
    habits = pairs(spec, customer, world.catalogue, rng, world.intensity)
    bought = purchases(spec, habits, found, rng) if found.days else {}
    visit_of = visits.write(customer, found, set(bought), rng)
    for day in sorted(bought):
        minute = schedule.minute(customer, day)
        order, invoice = schedule.numbers(customer, day)
        placed = Placed(day, minute, visit_of.get(day), order, invoice)
        documents.trade(customer, placed, bought[day], rng)

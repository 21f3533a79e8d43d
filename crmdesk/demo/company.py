"""The demo company as a stream of batches, parents first: the door of this package.

Owns the order of the work: staff and goods, customers, everybody's calendar, then the history
customer by customer, so that two million lines never lie in memory together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from crmdesk.demo.catalogue import write_catalogue
from crmdesk.demo.customer import Customer
from crmdesk.demo.customers import write_customers
from crmdesk.demo.day_sheets import write_day_sheets
from crmdesk.demo.dealings import write_dealings
from crmdesk.demo.documents import Documents, Placed, totals
from crmdesk.demo.fieldwork import write_fieldwork
from crmdesk.demo.goals import write_goals
from crmdesk.demo.goods import Catalogue
from crmdesk.demo.habits import write_habits
from crmdesk.demo.leads import write_leads
from crmdesk.demo.names import Namer
from crmdesk.demo.numbers import Numbers
from crmdesk.demo.people import Staff, write_devices, write_rates, write_staff
from crmdesk.demo.pipeline import Pipeline
from crmdesk.demo.pricing import PricedLine
from crmdesk.demo.returns import Returns
from crmdesk.demo.rhythm import Calendar, Pair, Purchase, calendar, pairs, purchases
from crmdesk.demo.said import write_said
from crmdesk.demo.schedule import Schedule
from crmdesk.demo.service import Service
from crmdesk.demo.sink import Sink, start_ms
from crmdesk.demo.spec import DemoSpec
from crmdesk.demo.visits import Expected, Visits
from crmdesk.domain.ids import Uid, UidMaker, seeded_uids
from crmdesk.storage.rows import Batch

_LINES_A_YEAR = 150
_EXPECTED_FROM = 6


@dataclass(frozen=True, slots=True)
class _World:
    spec: DemoSpec
    uids: UidMaker
    sink: Sink
    staff: Staff
    catalogue: Catalogue
    intensity: float


@dataclass(frozen=True, slots=True)
class _Desks:
    """Those who write, once everybody's calendar is known."""

    schedule: Schedule
    documents: Documents
    returns: Returns
    visits: Visits
    service: Service
    pipeline: Pipeline


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
    write_goals(spec, staff, uids, sink)
    catalogue = write_catalogue(spec, rng, uids, sink)
    customers = write_customers(spec, rng, uids, sink, staff, catalogue)
    yield from sink.drain()
    intensity = 1.0
    if spec.lines is not None:
        intensity = _intensity(spec, staff, catalogue, customers)
    yield from _histories(_World(spec, uids, sink, staff, catalogue, intensity), customers)


def _histories(world: _World, customers: list[Customer]) -> Iterator[Batch]:
    spec, uids, sink, staff = world.spec, world.uids, world.sink, world.staff
    calendars = [_calendar(spec, staff, customer, world.intensity) for customer in customers]
    schedule, numbers = Schedule(spec, customers, calendars), Numbers(spec)
    documents = Documents(spec, world.catalogue, uids, sink, staff)
    desks = _Desks(
        schedule,
        documents,
        Returns(spec, staff, documents, uids, sink),
        Visits(spec, staff, uids, sink, schedule),
        Service(spec, staff, numbers, uids, sink),
        Pipeline(spec, staff, world.catalogue, documents, numbers, uids, sink),
    )
    for rep in staff.reps:
        rng = Random(f"{spec.seed}/rep/{rep.code}")
        write_fieldwork(spec, rep, schedule, uids, sink, rng)
        write_leads(spec, staff, rep, Namer(rng), uids, sink)
    for customer, found in zip(customers, calendars, strict=True):
        _history(world, desks, customer, found)
        if sink.full:
            yield from sink.drain()
    write_dealings(spec, staff, customers, uids, sink)
    write_day_sheets(spec, staff, documents.collected, uids, sink)
    yield from sink.drain()


def _calendar(spec: DemoSpec, staff: Staff, customer: Customer, intensity: float) -> Calendar:
    return calendar(spec, customer, staff, Random(f"{spec.seed}/days/{customer.code}"), intensity)


def _bought(
    spec: DemoSpec, catalogue: Catalogue, customer: Customer, found: Calendar, intensity: float
) -> tuple[list[Pair], dict[int, list[Purchase]]]:
    rng = Random(f"{spec.seed}/habits/{customer.code}")
    habits = pairs(spec, customer, catalogue, rng, intensity) if found.days else []
    return habits, purchases(spec, habits, found, rng)


def _history(world: _World, desks: _Desks, customer: Customer, found: Calendar) -> None:
    spec = world.spec
    rng = Random(f"{spec.seed}/history/{customer.code}")
    habits, bought = _bought(spec, world.catalogue, customer, found, world.intensity)
    write_habits(spec, world.uids, world.sink, customer, habits, rng)
    seen = desks.visits.past(customer, found, set(bought), rng)
    write_said(spec, world.uids, world.sink, customer, habits, seen)
    recent: list[list[PricedLine]] = []
    for day in sorted(bought):
        placed = _placed(desks.schedule, customer, day, seen.get(day))
        lines = desks.documents.trade(customer, placed, bought[day], rng)
        if not lines:
            continue
        desks.returns.after(customer, placed, lines, rng)
        recent = [*recent[1 - _EXPECTED_FROM :], lines]
    morning = desks.visits.coming(customer, found, _expected(recent), rng)
    if morning is not None and customer.cast == 0 and recent:
        _order_of_this_morning(world, desks, customer, morning, habits)
    desks.service.write(customer, habits, seen, rng)
    desks.pipeline.write(customer, habits, rng)


def _placed(schedule: Schedule, customer: Customer, day: int, visit: Uid | None) -> Placed:
    order, invoice = schedule.numbers(customer, day)
    return Placed(day, schedule.minute(customer, day) + 9, visit, order, invoice)


def _expected(recent: list[list[PricedLine]]) -> Expected:
    """Four fifths of the mean of the last orders."""
    if not recent:
        return Expected()
    sums = [totals(lines) for lines in recent]
    net = sum(s.net for s in sums) * 4 // (5 * len(sums))
    cost = sum(s.cost for s in sums) * 4 // (5 * len(sums))
    return Expected(net, net - cost)


def _order_of_this_morning(
    world: _World, desks: _Desks, customer: Customer, visit: Uid, habits: list[Pair]
) -> None:
    """The order taken at today's first stop, submitted and not yet seen by HQ's warehouse."""
    today = world.spec.today.toordinal()
    wanted = [p for p in habits if p.last >= today and p.product.season != "christmas"][:5]
    lines = desks.documents.priced(customer, today, [Purchase(p, p.usual) for p in wanted])
    number = desks.schedule.next_order(customer.rep)
    placed = Placed(today, desks.schedule.minute(customer, today) + 21, visit, number, "")
    desks.documents.write_order(
        customer, placed, lines, world.uids(), "submitted", signed_by=customer.owner
    )
    desks.documents.collect_this_morning(customer, placed)


def _intensity(
    spec: DemoSpec, staff: Staff, catalogue: Catalogue, customers: list[Customer]
) -> float:
    """The pace at which the whole company buys about ``spec.lines``: measured on a sample."""
    wanted = (spec.lines or 0) / len(customers)
    sample = customers[:: max(1, len(customers) // 12)]
    intensity = max(0.05, wanted / (_LINES_A_YEAR * spec.years))
    for _step in range(4):
        lines = 0
        for customer in sample:
            found = _calendar(spec, staff, customer, intensity)
            bought = _bought(spec, catalogue, customer, found, intensity)[1]
            lines += sum(len(day) for day in bought.values())
        mean = lines / len(sample)
        if mean == 0:
            break
        intensity = min(60.0, max(0.02, intensity * wanted / mean))
    return intensity

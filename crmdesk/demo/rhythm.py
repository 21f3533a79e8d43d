"""When customers are seen and what they buy: call cycles, order days, pairs with own rhythms.

Owns dates and quantities of purchases, seasons, lapses and closed weeks. What documents become of
them is :mod:`crmdesk.demo.documents`'.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from random import Random

from crmdesk.demo.cast import CAST_HABITS
from crmdesk.demo.customer import Customer
from crmdesk.demo.goods import Catalogue, Pack, Product
from crmdesk.demo.people import Staff
from crmdesk.demo.spec import DemoSpec

SEASONS: dict[str, tuple[float, ...]] = {
    "even": (1.0,) * 12,
    "summer": (0.7, 0.7, 0.8, 0.9, 1.1, 1.4, 1.7, 1.7, 1.2, 0.9, 0.7, 0.8),
    "winter": (1.3, 1.3, 1.1, 0.9, 0.8, 0.7, 0.7, 0.7, 0.9, 1.1, 1.3, 1.4),
    "ski": (1.7, 1.8, 1.5, 0.8, 0.4, 0.6, 0.9, 1.0, 0.6, 0.5, 0.8, 1.6),
    "christmas": (1.0,) * 12,
}
_TASTE: dict[str, dict[str, float]] = {
    "grocer": {"23": 0.2, "22": 0.7},
    "supermarket": {},
    "bakery": {"13": 6, "14": 3, "16": 2, "18": 0.2, "19": 0.3, "24": 0.1},
    "drugstore": {"20": 6, "21": 5, "22": 6, "10": 0.1, "11": 0.1, "14": 0, "18": 0.1, "24": 0},
    "bar": {"15": 3, "17": 5, "18": 5, "19": 4, "23": 2, "24": 0, "12": 0.3},
    "restaurant": {"10": 3, "11": 2, "12": 2, "18": 4, "21": 2, "23": 2, "16": 0.3},
    "hotel": {"22": 3, "20": 2, "21": 3, "14": 2, "15": 3, "24": 0.1},
    "kiosk": {"16": 4, "17": 4, "19": 5, "24": 0, "10": 0.1, "20": 0.2},
    "campsite": {"17": 4, "18": 3, "21": 2, "23": 3, "24": 0},
}
_PAIRS = {"A": 46, "B": 35, "C": 25, "D": 15}
_PACE = {"A": 70.0, "B": 78.0, "C": 95.0, "D": 80.0}
CLOSED_DAYS = 14
_STEPS = (0, 1, -1, 2, -2, 7, -7)


@dataclass(slots=True)
class Calendar:
    """The days of one customer as ordinals, in order: seen in person, called, able to order."""

    visits: list[int] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    coming: list[int] = field(default_factory=list)
    coming_calls: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Pair:
    """A customer's habit with one product: mean gap in days, its regularity, usual quantity.

    A ``pinned`` habit ends with a purchase on its ``last`` day, when that is an order day.
    """

    product: Product
    pack: Pack
    usual: int
    gap: float
    shape: float
    first: int
    last: int
    pinned: bool = False


@dataclass(slots=True)
class Purchase:
    """One line bought on a day, in packs of the pair."""

    pair: Pair
    quantity: int


def calendar(
    spec: DemoSpec, customer: Customer, staff: Staff, rng: Random, intensity: float
) -> Calendar:
    """The customer's days from acquisition to two weeks after today."""
    found = Calendar()
    if customer.status == "prospect":
        return found
    holidays = staff.holidays["AD" if customer.place.country == "AD" else "ES"]
    today, first = spec.today.toordinal(), max(customer.acquired, spec.first_day.toordinal())
    last = min(today + 14, (customer.ended or today + 14) + 90)

    def works(day: int) -> bool:
        return (day - 1) % 7 < 5 and day not in holidays and day not in customer.rep.away

    def is_open(day: int) -> bool:
        local = date.fromordinal(day)
        if (local.month, local.day) == (12, 24) or local.month in customer.closed_months:
            return False
        return not 0 <= local.timetuple().tm_yday - customer.closed_from < CLOSED_DAYS

    cycle = _cycle(customer, rng, first, last, today, works)
    by_call = customer.cls == "D"
    seen = [day for day in cycle if is_open(day) and first <= day <= last]
    between = {"B": 2, "C": 3}.get(customer.cls, 0)
    calls = [
        earlier + (later - earlier) * step // between
        for earlier, later in pairwise(seen)
        for step in range(1, between)
        if rng.random() < 0.7
    ]
    calls = [day for day in calls if works(day)]
    if by_call:
        seen, calls = [], seen
    own: set[int] = set()
    day = float(first)
    pace = customer.interval * (9.0 if customer.cast is not None else 2.4) / intensity
    while day < today:
        day += rng.expovariate(1 / pace)
        if (int(day) - 1) % 7 < 6 and int(day) not in holidays and is_open(int(day)):
            own.add(int(day))
    found.visits = [d for d in seen if d < today]
    found.calls = [d for d in calls if d < today]
    found.coming = [d for d in seen if d >= today]
    found.coming_calls = [d for d in calls if d >= today]
    end = customer.ended or today
    eager = 0.93 if customer.cast is not None else 0.8
    sure = today - 100 if customer.cast is not None else today
    willing = {d for d in found.visits if rng.random() < eager or d > sure}
    # Who does not order in the visit often telephones within the week.
    later = [d + rng.randrange(1, 6) for d in found.visits if d not in willing]
    own.update(d for d in later if rng.random() < 0.6 and d not in holidays and (d - 1) % 7 < 6)
    willing.update(d for d in found.calls if rng.random() < 0.5)
    if customer.cast is not None:
        own = {d for d in own if d < today - 14}
    found.days = sorted(d for d in willing | own if d < min(today, end + 1))
    return found


def _cycle(
    customer: Customer, rng: Random, first: int, last: int, today: int,
    works: Callable[[int], bool],
) -> list[int]:  # fmt: skip
    """Days of the call cycle around the anchor, moved off holidays, each day at most once."""
    start = customer.anchor - (customer.anchor - first) // customer.interval * customer.interval
    found: set[int] = set()
    for planned in range(start, last + 1, customer.interval):
        day = planned
        if planned < today - 1 and customer.cast is None and rng.random() < 0.12:
            day += rng.choice((-2, -1, 1, 2, 3))
        for step in _STEPS:
            if works(day + step) and (planned >= today) == (day + step >= today):
                found.add(day + step)
                break
    if customer.cast is not None:
        found = {day for day in found if not today - 9 < day < today} | {today}
    return sorted(found)


def pairs(
    spec: DemoSpec, customer: Customer, catalogue: Catalogue, rng: Random, intensity: float
) -> list[Pair]:
    """The products a customer buys, each with its own rhythm."""
    products = catalogue.products
    taste = _TASTE[customer.channel]
    weights = [p.weight * taste.get(p.category_code, 1.0) for p in products]
    if customer.language == "ru":
        weights = [
            w * (8 if p.category_code == "24" else 1)
            for w, p in zip(weights, products, strict=True)
        ]
    wanted = round(_PAIRS[customer.cls] * rng.uniform(0.7, 1.3) * min(intensity, 2.0) ** 0.5)
    keyed = [(rng.random() ** (1 / w) if w else 0.0, i) for i, w in enumerate(weights)]
    keyed.sort(reverse=True)
    chosen = [i for _key, i in keyed[: min(wanted, len(products))]]
    volume = intensity / min(intensity, 2.0) ** 0.5
    first, today = spec.first_day.toordinal(), spec.today.toordinal()
    found = _scripted(customer, products, first, today)
    if found:
        chosen = chosen[: 34 - len(found)]
    taken = set(chosen)
    scripted = {pair.product.sku for pair in found}
    chosen = [i for i in chosen if products[i].sku not in scripted]
    for rank, index in enumerate(chosen):
        product = products[index]
        pair = _pair(customer, product, rng, rank / len(chosen), volume, first, today)
        found.append(pair)
        if scripted and pair.last == today and rng.random() < 0.8:
            pair.last, pair.pinned = today - 14, True
        other = product.substitute
        if product.delisted and other is not None and other not in taken and rng.random() < 0.7:
            taken.add(other)
            follow = _pair(customer, products[other], rng, rank / len(chosen), volume, first, today)
            follow.first, follow.gap = product.delisted + 5, pair.gap
            found.append(follow)
    return found


def _scripted(customer: Customer, products: list[Product], first: int, today: int) -> list[Pair]:
    """The set habits of a customer of today's route, as far as the range has them."""
    by_name = {product.name: product for product in products}
    habits = () if customer.cast is None else CAST_HABITS.get(customer.cast, ())
    found = []
    for name, unit, usual, gap, ago in habits:
        product = by_name[name]
        pack = next((p for p in product.packs if p.unit == unit), product.packs[0])
        found.append(Pair(product, pack, usual, gap, 14.0, first, today - ago, pinned=True))
    return found


def _pair(
    customer: Customer, product: Product, rng: Random, rank: float, volume: float, first: int,
    today: int,
) -> Pair:  # fmt: skip
    gap = _PACE[customer.cls] * (0.45 + 0.95 * rank) * rng.lognormvariate(0, 0.3) / volume
    starts = max(first, customer.acquired, product.launched)
    if rng.random() < 0.25:
        starts += rng.randrange(max(1, (today - starts) * 2 // 3))
    ends = product.delisted or today
    if rng.random() < 0.10 and today - starts > 400:
        ends = min(ends, starts + rng.randrange(200, today - starts))
    elif rng.random() < 0.03:
        ends = min(ends, today - int(gap * rng.uniform(1.2, 1.8)))
    pack, usual = _pack(customer, product, rng)
    return Pair(
        product, pack, usual, min(120.0, max(4.0, gap)), rng.uniform(3.0, 18.0), starts, ends
    )


def _pack(customer: Customer, product: Product, rng: Random) -> tuple[Pack, int]:
    """The pack and number of packs the customer usually buys."""
    by_unit = {pack.unit: pack for pack in product.packs}
    big = {"A": 2, "B": 2, "C": 1, "D": 1}[customer.cls]
    if "BU" in by_unit and rng.random() < 0.35:
        return by_unit["BU"], 1
    if "CS" in by_unit and rng.random() < 0.8:
        return by_unit["CS"], rng.randint(1, big)
    if "IN" in by_unit and rng.random() < 0.7:
        return by_unit["IN"], rng.randint(1, 2 * big)
    case = by_unit["CS"].factor // by_unit["EA"].factor if "CS" in by_unit else 4
    return by_unit["EA"], max(1, rng.choice((case, max(1, case // 2), 2 * big)))


def purchases(
    spec: DemoSpec, habits: list[Pair], found: Calendar, rng: Random
) -> dict[int, list[Purchase]]:
    """What is bought on which day: gamma gaps from one purchase to the next possible day."""
    days = found.days
    bought: dict[int, list[Purchase]] = {}
    count, possible = len(days), set(days)
    base = spec.first_day.toordinal() - 1
    months = [date.fromordinal(base + i).month for i in range(spec.today.toordinal() - base + 1)]
    for pair in habits:
        season = SEASONS[pair.product.season]
        christmas = pair.product.season == "christmas"
        shape, scale = pair.shape, pair.gap / pair.shape
        slack = min(10.0, 0.25 * pair.gap)
        need, newest = pair.first + rng.random() * pair.gap, 0
        while True:
            if christmas:
                need = _into_advent(need)
            place = bisect_left(days, max(need - slack, pair.first))
            if place == count:
                break
            day = days[place]
            if day > pair.last:
                break
            luck = rng.random()
            quantity = pair.usual
            if luck > 0.85:
                quantity += 1
            elif luck < 0.08 and quantity > 1:
                quantity -= 1
            elif 0.5 < luck < 0.502:
                quantity *= rng.randint(4, 8)
            bought.setdefault(day, []).append(Purchase(pair, quantity))
            newest = day
            need = day + max(1.0, rng.gammavariate(shape, scale) / season[months[day - base] - 1])
        if pair.pinned and newest < pair.last and pair.last in possible:
            bought.setdefault(pair.last, []).append(Purchase(pair, pair.usual))
    return bought


def _into_advent(need: float) -> float:
    """The day itself in the Christmas trade (5 November to 20 December), else its next start."""
    day = date.fromordinal(int(need))
    if (day.month, day.day) < (11, 5):
        return float(date(day.year, 11, 5).toordinal())
    if (day.month, day.day) > (12, 20):
        return float(date(day.year + 1, 11, 5).toordinal())
    return need

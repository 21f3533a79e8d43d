"""The customers of the demo company: who they are, where, how they are served.

Owns accounts, assignments, contacts and their points. When they are seen and what they buy is
:mod:`crmdesk.demo.rhythm`'s.
"""

from __future__ import annotations

import math
from datetime import date
from random import Random

from crmdesk.demo.cast import CAST, CAST_HOURS
from crmdesk.demo.closures import write_closures
from crmdesk.demo.customer import Customer
from crmdesk.demo.cycles import give_cycles
from crmdesk.demo.geography import Place, places
from crmdesk.demo.goods import Catalogue
from crmdesk.demo.hours import opening_hours, same_hours
from crmdesk.demo.names import Namer
from crmdesk.demo.people import MODELS, Rep, Staff
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import UidMaker
from crmdesk.storage.rows import row_maker

_CLASS_SHARE = (("A", 34), ("B", 35), ("C", 21), ("D", 10))
_LIST = {"supermarket": 1, "bar": 2, "restaurant": 2, "hotel": 2, "campsite": 2}
_INTERVAL = {code: interval for code, _name, interval, _virtual, _minutes in MODELS}
_MINUTES = {code: minutes for code, _name, _interval, _virtual, minutes in MODELS}


def write_customers(
    spec: DemoSpec, rng: Random, uids: UidMaker, sink: Sink, staff: Staff, catalogue: Catalogue
) -> list[Customer]:
    """Every customer with its contacts, rep by rep."""
    namer = Namer(Random(f"{spec.seed}/names"))
    customers: list[Customer] = []
    for number, rep in enumerate(staff.reps):
        count = spec.customers // spec.reps + (number < spec.customers % spec.reps)
        chosen = _customers_of(spec, rng, uids, namer, rep, count, len(customers), number)
        give_cycles(spec, rep, chosen)
        customers += chosen
    for customer in customers:
        _write_account(rng, uids, sink, staff, catalogue, customer)
        _write_contacts(spec, rng, uids, sink, namer, customer)
        write_closures(spec, uids, sink, customer)
        if customer.cast is None and customer.cls == "A" and rng.random() < 0.15:
            _write_site(uids, sink, customer, rng)
    return customers


def _customers_of(
    spec: DemoSpec, rng: Random, uids: UidMaker, namer: Namer, rep: Rep, count: int, start: int,
    number: int,
) -> list[Customer]:  # fmt: skip
    everywhere = [p for p in places("AD" if rep.country == "AD" else "ES")
                  if not rep.regions or p.region in rep.regions]  # fmt: skip
    near = sorted(
        everywhere, key=lambda p: _km(p.latitude, p.longitude, rep.latitude, rep.longitude)
    )
    near = near[: max(len(near) * 3 // 5, 60)]
    chosen = _spread(rng, near, count)
    found = []
    for offset in range(count):
        cast = offset if number == 0 and offset < len(CAST) else None
        place = chosen[offset]
        if cast is not None:
            town = CAST[cast][3]
            place = rng.choice([p for p in everywhere if p.town == town] or [place])
        found.append(_customer(spec, rng, uids, namer, rep, place, start + offset, cast))
    return found


def _spread(rng: Random, near: list[Place], count: int) -> list[Place]:
    """Places over all towns, the larger ones more often; each once while there are enough."""
    towns: dict[str, list[Place]] = {}
    for place in near:
        towns.setdefault(place.town, []).append(place)
    names = sorted(towns)
    weights = [math.sqrt(len(towns[name])) for name in names]
    free = {name: rng.sample(towns[name], len(towns[name])) for name in names}
    found = []
    for name in rng.choices(names, weights, k=count):
        found.append(free[name].pop() if free[name] else rng.choice(towns[name]))
    return found


def _customer(
    spec: DemoSpec, rng: Random, uids: UidMaker, namer: Namer, rep: Rep, place: Place, index: int,
    cast: int | None,
) -> Customer:  # fmt: skip
    if cast is None:
        name, channel, language, owner = namer.business(namer.channel(), index, place.country)
        cls = rng.choices([c for c, _share in _CLASS_SHARE], [s for _c, s in _CLASS_SHARE])[0]
    else:
        name, channel, cls, _town, owner = CAST[cast]
        language = "ru" if cast == 4 else "es"
    first, today = spec.first_day.toordinal(), spec.today.toordinal()
    acquired = first - rng.randrange(30, 2000)
    ended = None
    status = "active"
    if cast is None:
        if rng.random() < 0.3:
            acquired = rng.randrange(first, max(first + 1, today - 120))
        fate = rng.random()
        if fate < 0.04:
            status = "prospect"
        elif fate < 0.10:
            status = "lapsed" if fate < 0.075 else "lost"
            lowest = max(acquired + 60, today - 700)
            ended = rng.randrange(min(lowest, today - 150), today - 120)
    closed: frozenset[int] = frozenset()
    if channel == "campsite":
        closed = frozenset((11, 12, 1, 2, 3))
    elif channel == "hotel" and cast is None and rep.country == "AD" and rng.random() < 0.4:
        closed = frozenset((5, 10))
    hours = opening_hours(channel, rng) if cast is None else same_hours(CAST_HOURS[cast])
    terms, share, holidays = rng.choice((0, 30, 30, 30, 60)), rng.randrange(1, 4), 400
    if channel in ("bar", "restaurant", "bakery") and rng.random() < 0.5:
        holidays = rng.choice((150, 214, 222, 305))
    if cast is not None:
        terms, share, holidays = 30, 2, 400
    limit = share * {"A": 150_000, "B": 90_000, "C": 50_000, "D": 20_000}[cls]
    return Customer(
        uid=uids(), index=index, code=f"C{index + 1:05d}", name=name, channel=channel, cls=cls,
        language=language, owner=owner, place=place, rep=rep, hours=hours,
        weekday=0, anchor=0, interval=_INTERVAL[cls] if cls != "D" else 14,
        minutes=_MINUTES[cls], acquired=acquired, ended=ended, status=status,
        price_list=_LIST.get(channel, 0), terms=terms,
        credit_limit=limit, cast=cast, closed_months=closed,
        closed_from=holidays,
    )  # fmt: skip


def _km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    east = (lon2 - lon1) * math.cos(math.radians((lat1 + lat2) / 2))
    return 111.2 * math.hypot(lat2 - lat1, east)


def _write_account(
    rng: Random, uids: UidMaker, sink: Sink, staff: Staff, catalogue: Catalogue,
    customer: Customer,
) -> None:  # fmt: skip
    place, lost = customer.place, customer.status == "lost"
    reason = rng.choice(("closed", "competitor", "price", "service"))
    row = row_maker("account")(
        customer.uid, code=customer.code, name=customer.name,
        segment=_segment(customer), tax_id=_tax_id(customer),
        channel=customer.channel, status=customer.status, **{"class": customer.cls},
        source_campaign=rng.choice(staff.campaigns) if rng.random() < 0.15 else None,
        acquired_on=None if customer.status == "prospect" else date.fromordinal(customer.acquired),
        lost_on=date.fromordinal(customer.ended or 0) if lost else None,
        lost_reason=staff.reasons["account_lost", reason] if lost else None,
        street=place.street, city=place.town, postcode=place.postcode, region=place.region,
        country=place.country, latitude=place.latitude, longitude=place.longitude,
        location_quality="address", time_zone="Europe/Andorra" if place.country == "AD"
        else "Europe/Madrid", opening_hours=customer.hours,
        **_exceptions(customer), usual_weekday=customer.weekday,
        delivery_lead_days=2 if place.country == "AD" else 3, language=customer.language,
        territory=customer.rep.territory, price_list=catalogue.lists[customer.price_list],
        credit_limit_minor=customer.credit_limit,
        credit_mode={"A": "soft", "B": "soft", "C": "hard"}.get(customer.cls, "none"),
        payment_terms_days=customer.terms,
    )  # fmt: skip
    sink.add("account", row)
    assignment = row_maker("assignment")(
        uids(), account=customer.uid, territory=customer.rep.territory, user=customer.rep.uid,
        valid_from=date.fromordinal(customer.acquired),
    )  # fmt: skip
    sink.add("assignment", assignment)


def _exceptions(customer: Customer) -> dict[str, object]:
    """What a few customers have of their own beside the attention model of their class."""
    own = Random(f"{customer.code}/attention")
    if customer.cast is not None or own.random() > 0.08:
        return {}
    if customer.cls == "A":
        return {"visit_minutes": 60}
    if customer.cls == "D":
        return {"virtual_between": 6}
    if own.random() < 0.5:
        return {"visit_minutes": customer.minutes + 15}
    return {"interval_days": customer.interval, "virtual_between": 3}


def _tax_id(customer: Customer) -> str:
    number, letter = 700_000 + customer.index, "ABCDEFGHJKLMNP"[customer.index % 14]
    return f"L-{number}-{letter}" if customer.place.country == "AD" else f"B25{number}"


def _segment(customer: Customer) -> str:
    if customer.cls in "AD":
        return "KEY" if customer.cls == "A" else "SMALL"
    return "HORECA" if customer.channel in ("hotel", "bar", "restaurant", "campsite") else "SHOPS"


def _phone(rng: Random, country: str) -> str:
    if country == "AD":
        return f"+376{rng.choice('38')}{rng.randrange(10_000, 99_999)}"
    return f"+346{rng.randrange(10_000_000, 99_999_999)}"


def _write_contacts(
    spec: DemoSpec, rng: Random, uids: UidMaker, sink: Sink, namer: Namer, customer: Customer
) -> None:
    contact, point = row_maker("contact"), row_maker("contact_point")
    roles = ["owner, decides", "orders", "invoices"][
        : 1 + (rng.random() < 0.6) + (customer.cls == "A")
    ]
    for position, job in enumerate(roles):
        name = customer.owner if position == 0 else namer.person(customer.language)
        uid = uids()
        customer.contact = customer.contact or uid
        consent = position < 2 and rng.random() < 0.7
        asked = date.fromordinal(spec.today.toordinal() - rng.randrange(60, 900))
        row = contact(
            uid, account=customer.uid, name=name, job=job, language=customer.language,
            best_time=rng.choice(("mornings", "afternoons", "after 17:00", None)),
            consent_at=instant_text(asked, 600) if consent else None,
            consent_channel="message" if consent else None, position=position,
        )  # fmt: skip
        sink.add("contact", row)
        row = point(
            uids(), account=customer.uid, contact=uid, kind="phone",
            value=_phone(rng, customer.place.country), label="mobile", preferred=True,
        )  # fmt: skip
        sink.add("contact_point", row)
        if position != 1:
            box = "info" if position == 0 else "factures"
            row = point(
                uids(), account=customer.uid, contact=uid, kind="email",
                value=f"{box}@{customer.code.lower()}.example",
            )  # fmt: skip
            sink.add("contact_point", row)


def _write_site(uids: UidMaker, sink: Sink, customer: Customer, rng: Random) -> None:
    """A second place of delivery in the same country."""
    country = "AD" if customer.place.country == "AD" else "ES"
    place = rng.choice([p for p in places(country) if p.town == customer.place.town])
    row = row_maker("site")(
        uids(), account=customer.uid, name=f"{customer.name}, {place.street}",
        street=place.street, city=place.town, postcode=place.postcode, region=place.region,
        country=place.country, latitude=place.latitude, longitude=place.longitude,
        opening_hours=customer.hours,
    )  # fmt: skip
    sink.add("site", row)

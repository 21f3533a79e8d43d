"""Organisation, users, territories, models and reasons of the demo company.

Owns the rows that everybody holds (reference scope) apart from goods and goals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from crmdesk.demo import letterhead
from crmdesk.demo.geography import places
from crmdesk.demo.hours import working_week
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DEMO_ZONE, DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.planning.travel import great_circle_km
from crmdesk.storage.rows import row_maker

REP_NAMES = (
    "Rocío Almagro", "Marc Pujol", "Lucía Cobos", "Jordi Ferrer", "Anna Riera", "Pau Segarra",
    "Elena Duarte", "Иван Петров", "Núria Camps", "Tiago Lopes", "Sílvia Roca", "Andrés Molina",
)  # fmt: skip
TERRITORIES: tuple[tuple[str, str, tuple[str, ...], float, float, str], ...] = (
    ("Andorra", "AD", (), 42.5063, 1.5218, "Carrer Prat de la Creu 8, Andorra la Vella"),
    ("Alt Pirineu", "ES", ("Lleida", "Huesca"), 41.6183, 0.6204, "Carrer Major 30, Lleida"),
    ("Girona", "ES", ("Girona", "Barcelona"), 41.9794, 2.8214, "Carrer Nou 12, Girona"),
    ("Subbética", "ES", ("Córdoba", "Sevilla"), 37.4094, -4.4853, "Calle Nueva 16, Lucena"),
)
MODELS: tuple[tuple[str, str, int, int, int], ...] = (
    ("A", "A: every 2 weeks", 14, 0, 45),
    ("B", "B: every 3 weeks, a call between", 21, 1, 35),
    ("C", "C: every 6 weeks, two calls between", 42, 2, 25),
    ("D", "D: by telephone", 182, 12, 15),
)
OBJECTIVES: dict[str, tuple[dict[str, object] | str, ...]] = {
    "A": (
        {
            "key": "display", "kind": "survey", "name": "Is our display in its place?",
            "answer": "yes_no",
        },
        "Agree the next promotion",
        "Check the shelf against the plan",
        {
            "key": "day", "kind": "survey", "name": "Which day suits delivery?",
            "answer": "choice", "choices": ["Monday", "Wednesday", "Friday"],
        },
    ),
    "B": (
        "Offer one new product",
        "Check the shelf against the plan",
        {
            "key": "facings", "kind": "survey", "name": "How many facings do we have?",
            "answer": "number",
        },
    ),
    "C": (
        "Offer the case price",
        {
            "key": "own_label",
            "kind": "survey",
            "name": "Do they sell a brand of their own?",
            "answer": "yes_no",
            "mandatory": True,
        },
    ),
    "D": (
        {"key": "run out", "name": "Ask what has run out", "modes": ["call", "video", "message"]},
    ),
}  # fmt: skip
"""What a visit to a customer of the model is for, by model."""
_REASONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("no_order", (
        ("stock", "Enough stock"), ("decides", "Decision maker absent"), ("price", "Price"),
        ("budget", "No budget this month"), ("competitor", "Bought elsewhere"),
        ("quality", "Complaint first"),
    )),
    ("closed", (("holiday", "Closed for holidays"), ("day", "Closing day"), ("works", "Works"))),
    ("skipped", (
        ("time", "No time left"), ("customer", "Customer cancelled"), ("traffic", "Road or car"),
        ("busy", "Customer was busy"), ("ill", "Not well"), ("needless", "Nothing needed"),
    )),
    ("quote_lost", (
        ("price", "Price"), ("competitor", "Competitor"), ("timing", "Too late"),
        ("need", "No need any more"), ("silent", "No answer"),
    )),
    ("quote_won", (
        ("price", "Price"), ("service", "Service"), ("range", "Range"), ("trust", "Knows us"),
    )),
    ("opportunity_lost", (
        ("price", "Price"), ("competitor", "Competitor"), ("need", "No need"),
        ("silent", "No answer"), ("terms", "Terms"), ("timing", "Not now"),
    )),
    ("opportunity_won", (
        ("price", "Price"), ("service", "Service"), ("range", "Range"), ("trust", "Knows us"),
    )),
    ("opportunity_ended", (
        ("price", "Price"), ("competitor", "Went to a competitor"), ("quality", "Complaints"),
        ("need", "No need any more"), ("closed", "Business closed"),
    )),
    ("lead_lost", (
        ("need", "No need"), ("small", "Too small"), ("area", "Outside our area"),
        ("supplier", "Content with theirs"), ("unreached", "Not reached"),
    )),
    ("account_lost", (
        ("closed", "Business closed"), ("competitor", "Went to a competitor"),
        ("price", "Price"), ("service", "Service"),
    )),
    ("return", (
        ("damaged", "Damaged"), ("expiry", "Too near its date"), ("wrong", "Wrong goods"),
        ("keying", "Keyed by mistake"), ("unsold", "Not sold"),
    )),
    ("order_rejected", (
        ("credit", "Over the credit limit"), ("stock", "Not in stock"),
        ("price", "Price not agreed"),
        ("twice", "Ordered twice"), ("delivery", "Cannot be delivered that day"),
    )),
    ("order_altered", (
        ("stock", "Stock is short"), ("customer", "The customer asked for it"),
        ("delivery", "Delivery on another day"), ("keying", "Keying error"),
    )),
    ("override", (("promo", "Promotion"), ("event", "Event"), ("season", "Season"))),
)  # fmt: skip
_SKIP_LETTERS = {
    "time": "T", "customer": "X", "traffic": "R", "busy": "B", "ill": "I", "needless": "N",
}  # fmt: skip
_RATES: tuple[tuple[str, int, str], ...] = (
    ("minute", 6_200, "minute"), ("kilometre", 2_600, "km"), ("order", 11_000, "order"),
    ("line", 1_800, "line"), ("drop", 34_000, "delivery"), ("ticket", 62_000, "ticket"),
    ("return", 48_000, "return"), ("capital", 700, "year"),
)  # fmt: skip


@dataclass(slots=True)
class Rep:
    """A rep with territory, home and device; ``away`` holds ordinals of leave."""

    uid: Uid
    code: str
    name: str
    territory: Uid
    territory_code: str
    country: str
    regions: tuple[str, ...]
    latitude: float
    longitude: float
    prefix: str
    away: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Staff:
    """Everybody and everything that customers refer to."""

    reps: list[Rep]
    office: Uid
    manager: Uid
    admin: Uid
    models: dict[str, Uid]
    reasons: dict[tuple[str, str], Uid]
    campaigns: list[Uid]
    campaign_days: list[tuple[int, int]]
    team: Uid
    holidays: dict[str, set[int]]


def write_staff(spec: DemoSpec, rng: Random, uids: UidMaker, sink: Sink) -> Staff:
    """The organisation with its people, territories, models and reasons."""
    _write_organisation(uids, sink)
    company_team, team = uids(), uids()
    sink.add("team", row_maker("team")(company_team, name="Distribucions Valira"))
    sink.add("team", row_maker("team")(team, name="Field sales", parent=company_team))
    root = uids()
    sink.add("territory", row_maker("territory")(root, code="T0", name="All territories"))
    reps = [_write_rep(spec, index, root, team, uids, sink) for index in range(spec.reps)]
    inside = [
        _write_user(uids, sink, team, code, name, role, language)
        for code, name, role, language in (
            ("O1", "Inés Pardo", "office", "es"), ("M1", "Albert Casal", "manager", "en"),
            ("X1", "Мария Орлова", "admin", "ru"),
        )
    ]  # fmt: skip
    for rep in reps:
        _write_leave(spec, rng, rep, uids, sink)
        _write_days(spec, rep, uids, sink)
    return Staff(
        reps, inside[0], inside[1], inside[2], _write_models(uids, sink),
        _write_reasons(uids, sink), *_write_campaigns(spec, uids, sink), team,
        _write_holidays(spec, uids, sink),
    )  # fmt: skip


def _write_organisation(uids: UidMaker, sink: Sink) -> None:
    row = row_maker("organisation")(
        uids(), name="Distribucions Valira", currency="EUR", country="AD", time_zone=DEMO_ZONE,
        language="en", tax_id="L-712345-K", street="Avinguda de Salou 60",
        city="Andorra la Vella", postcode="AD500", phone="+376812345",
        email="comandes@valira.example", minimum_order_minor=9_000,
        document_terms="Prices without IGI. Goods remain ours until paid.",
        website="valira.example", bank_account="AD12 0001 2030 2003 5910 0100 · Banc de la Valira",
        document_texts=letterhead.texts(), logo=letterhead.logo(),
    )  # fmt: skip
    sink.add("organisation", row)


def _write_user(
    uids: UidMaker, sink: Sink, team: Uid, code: str, name: str, role: str, language: str,
    **more: object,
) -> Uid:  # fmt: skip
    uid = uids()
    row = row_maker("user")(
        uid, code=code, name=name, role=role, team=team, language=language,
        email=f"{code.lower()}@valira.example", phone=f"+3766{int(uid[-2:].hex(), 16) % 90000:05d}",
        **more,
    )  # fmt: skip
    sink.add("user", row)
    return uid


def _write_rep(spec: DemoSpec, index: int, root: Uid, team: Uid, uids: UidMaker, sink: Sink) -> Rep:
    name, country, regions, latitude, longitude, home = TERRITORIES[index % len(TERRITORIES)]
    again = index // len(TERRITORIES)
    code = f"R{index + 1}"
    rep_name = REP_NAMES[index % len(REP_NAMES)]
    if index >= len(REP_NAMES):
        rep_name = f"{rep_name} {index // len(REP_NAMES) + 1}"
    uid = _write_user(
        uids, sink, team, code, rep_name, "rep", "en" if index % 2 == 0 else "es",
        working_week=working_week(),
    )  # fmt: skip
    territory, prefix = uids(), f"M{index + 7:02d}"
    sink.add(
        "territory",
        row_maker("territory")(
            territory, code=f"T{index + 1}", parent=root,
            name=name if not again else f"{name} {again + 1}",
        ),
    )  # fmt: skip
    sink.add(
        "territory_user",
        row_maker("territory_user")(
            uids(), territory=territory, user=uid, valid_from=spec.first_day
        ),
    )
    sink.add(
        "home_base",
        row_maker("home_base")(
            uids(), user=uid, address=home, latitude=latitude, longitude=longitude
        ),
    )
    return Rep(
        uid, code, rep_name, territory, f"T{index + 1}", country, regions, latitude, longitude,
        prefix,
    )  # fmt: skip


def _write_leave(spec: DemoSpec, rng: Random, rep: Rep, uids: UidMaker, sink: Sink) -> None:
    make = row_maker("leave")
    for year in range(spec.first_day.year, spec.today.year + 1):
        for month, length in ((5, 5), (8, 12)):
            first = date(year, month, rng.randrange(2, 16))
            first -= timedelta(days=first.weekday())
            last = first + timedelta(days=length - 1)
            rep.away.update(range(first.toordinal(), last.toordinal() + 1))
            row = make(uids(), user=rep.uid, from_date=first, to_date=last, kind="holiday")
            sink.add("leave", row)
    bridge = spec.today + timedelta(days=13)
    rep.away.add(bridge.toordinal())
    row = make(uids(), user=rep.uid, from_date=bridge, to_date=bridge, kind="holiday")
    sink.add("leave", row)


def _write_days(spec: DemoSpec, rep: Rep, uids: UidMaker, sink: Sink) -> None:
    """Next week: a night at the far end of the territory, and a morning at the dentist's."""
    monday = spec.today + timedelta(days=7 - spec.today.weekday())
    home = (rep.latitude, rep.longitude)
    every = [p for p in places(rep.country) if not rep.regions or p.region in rep.regions]
    if every:
        far = max(every, key=lambda p: great_circle_km(*home, p.latitude, p.longitude))
        row = row_maker("day_setting")(
            uids(), user=rep.uid, date=monday + timedelta(days=2), end_name=f"Hotel {far.town}",
            end_latitude=far.latitude, end_longitude=far.longitude,
        )  # fmt: skip
        sink.add("day_setting", row)
    off = monday + timedelta(days=3)
    row = row_maker("leave")(
        uids(), user=rep.uid, from_date=off, to_date=off, kind="other", from_minute=510,
        to_minute=630, note="Dentist",
    )  # fmt: skip
    sink.add("leave", row)


def _write_models(uids: UidMaker, sink: Sink) -> dict[str, Uid]:
    make = row_maker("attention_model")
    found = {}
    for code, name, interval, virtual, minutes in MODELS:
        found[code] = uids()
        row = make(
            found[code], code=code, name=name, interval_days=interval, virtual_between=virtual,
            visit_minutes=minutes, virtual_minutes=8,
            virtual_mode="message" if code == "C" else "call",
            applies={"classes": [code], "segments": []}, objectives=list(OBJECTIVES[code]),
        )  # fmt: skip
        sink.add("attention_model", row)
    return found


def _write_reasons(uids: UidMaker, sink: Sink) -> dict[tuple[str, str], Uid]:
    make = row_maker("outcome_reason")
    found = {}
    for kind, reasons in _REASONS:
        for position, (code, name) in enumerate(reasons):
            found[kind, code] = uids()
            row = make(
                found[kind, code], kind=kind, code=code, name=name, position=position,
                key=_SKIP_LETTERS.get(code, "") if kind == "skipped" else str(position + 1),
            )  # fmt: skip
            sink.add("outcome_reason", row)
    return found


def _write_campaigns(
    spec: DemoSpec, uids: UidMaker, sink: Sink
) -> tuple[list[Uid], list[tuple[int, int]]]:
    make = row_maker("campaign")
    year = spec.today.year
    found, days = [], []
    for code, name, first, last, cost in (
        ("FAIR", "Pyrenees food fair", date(year - 1, 10, 2), date(year - 1, 10, 5), 480_000),
        ("SKI", "Ready for the ski season", date(year, 10, 1), date(year, 12, 15), 150_000),
        ("MAIL", "Spring mailing", date(year, 3, 1), date(year, 4, 15), 60_000),
        ("XMAS", "Christmas boxes", date(year, 11, 2), date(year, 12, 18), 90_000),
    ):
        found.append(uids())
        row = make(found[-1], code=code, name=name, from_date=first, to_date=last, cost_minor=cost)
        sink.add("campaign", row)
        days.append((first.toordinal(), last.toordinal()))
    return found, days


def _write_holidays(spec: DemoSpec, uids: UidMaker, sink: Sink) -> dict[str, set[int]]:
    import holidays

    make = row_maker("holiday")
    found: dict[str, set[int]] = {}
    years = range(spec.first_day.year, spec.today.year + 2)
    for country in ("AD", "ES"):
        days = holidays.country_holidays(country, years=years)
        found[country] = {day.toordinal() for day in days}
        for day, name in sorted(days.items()):
            if day.year >= spec.today.year:
                sink.add("holiday", make(uids(), country=country, date=day, name=name))
    return found


def write_devices(spec: DemoSpec, staff: Staff, uids: UidMaker, sink: Sink) -> None:
    """One laptop for each rep, whose prefix is in the numbers of the rep's documents."""
    make = row_maker("device")
    for rep in staff.reps:
        row = make(
            uids(), user=rep.uid, name=f"{rep.code} laptop", prefix=rep.prefix,
            enrolled_at=instant_text(spec.first_day, 540),
        )  # fmt: skip
        sink.add("device", row)


def write_rates(spec: DemoSpec, uids: UidMaker, sink: Sink) -> None:
    """Cost-to-serve rates: 1e-4 of a euro per unit of the driver, two versions."""
    make = row_maker("cost_rate")
    for driver, rate, per in _RATES:
        for day, level in ((spec.first_day, 9_000), (date(spec.today.year, 1, 1), 10_000)):
            row = make(
                uids(), driver=driver, rate_e4=max(1, rate * level // 10_000), per=per,
                valid_from=day,
            )  # fmt: skip
            sink.add("cost_rate", row)

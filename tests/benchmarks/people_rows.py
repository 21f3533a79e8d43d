"""Records of about 290 bytes, as a CRM has them: customers, contacts, ways to reach them, notes.

Deterministic, so that the HQ and the floor's server hold the same rows without handing them over.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import msgspec

from crmdesk.domain.ids import compose_uid
from crmdesk.storage.rows import Batch, Row, row_maker

_START_MS = 1_760_000_000_000
_FIRST = (
    "Anna",
    "Joan",
    "Marta",
    "Pere",
    "Sofía",
    "Iván",
    "Elena",
    "Jürgen",
    "Zoë",
    "Miquel",
    "Olga",
)
_LAST = (
    "Vidal",
    "Puig",
    "Serra",
    "Font",
    "Moreno",
    "Iglesias",
    "Krüger",
    "Petrov",
    "Casal",
    "Roca",
)
_TOWNS = ("Encamp", "Ordino", "Escaldes", "Canillo", "Massana", "Lleida", "Berga", "Solsona", "Vic")
_JOBS = ("owner", "buyer", "chef", "store manager", "accounts", "head waiter")
_TEXT = """
asked about the new range and wants a sample next week; the fridge was repaired, the last delivery
came late again but complete; price of oil is fine, compares with two others, closes in August,
call before ten, owner back on Monday, likes the small cases, pays late, moved the shelf to the
entrance, sells more coffee than last year, wants the promotion
"""
_WORDS = tuple(_TEXT.split())


def _rng(kind: int, number: int) -> Random:
    return Random(kind * 10_000_000 + number)


def _uid(kind: int, number: int) -> bytes:
    rng = _rng(kind, number)
    return compose_uid(_START_MS + 977 * number + kind, rng.getrandbits(70))


def company_rows() -> Iterator[Batch]:
    """The company around the records: one rep, one territory."""
    make = row_maker
    territory, user = _uid(1, 1), _uid(2, 1)
    yield Batch("organisation", [make("organisation")(_uid(0, 1), name="Benchmark")])
    yield Batch("user", [make("user")(user, code="R1", name="Ruth Rep")])
    yield Batch("territory", [make("territory")(territory, code="T1", name="North")])
    link = make("territory_user")(_uid(3, 1), territory=territory, user=user)
    yield Batch("territory_user", [link])


def record_rows(count: int) -> Iterator[Batch]:
    """``count`` records: 20 % customers, 30 % contacts, 30 % contact points, 20 % notes."""
    customers, contacts, notes = count // 5, count * 3 // 10, count // 5
    points = count - customers - contacts - notes
    account, contact = row_maker("account"), row_maker("contact")
    point, note = row_maker("contact_point"), row_maker("note")
    territory, user = _uid(1, 1), _uid(2, 1)
    yield Batch("account", [_customer(account, n, territory) for n in range(customers)])
    yield Batch("contact", [_person(contact, n, n % customers) for n in range(contacts)])
    yield Batch("contact_point", [_point(point, n, n % contacts, customers) for n in range(points)])
    yield Batch("note", [_note(note, n, n % customers, user) for n in range(notes)])


def _name(rng: Random) -> str:
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)} {rng.choice(_LAST)}"


def _customer(make: object, number: int, territory: bytes) -> Row:
    rng = _rng(5, number)
    made: Row = make(
        _uid(5, number), code=f"C{number:06d}", territory=territory, city=rng.choice(_TOWNS),
        name=f"{rng.choice(('Bar', 'Café', 'Queviures', 'Hotel', 'Restaurant'))} {_name(rng)}",
        street=f"Carrer {rng.choice(_LAST)} {rng.randrange(1, 120)}", country="AD",
        postcode=f"AD{rng.randrange(100, 800)}", channel=rng.choice(("bar", "shop", "hotel")),
        tax_id=f"L-{rng.randrange(10**5, 10**6)}-{rng.choice('ABCDEFGHJK')}",
        latitude=42.5 + rng.randrange(10_000) / 1e5, longitude=1.5 + rng.randrange(10_000) / 1e5,
    )  # fmt: skip
    return made


def _person(make: object, number: int, customer: int) -> Row:
    rng = _rng(6, number)
    made: Row = make(
        _uid(6, number), account=_uid(5, customer), name=_name(rng), job=rng.choice(_JOBS),
        language=rng.choice(("ca", "es", "fr")), note=_sentence(rng, 21), position=number // 1000,
        best_time=f"{rng.randrange(8, 18)}:00",
    )  # fmt: skip
    return made


def _point(make: object, number: int, contact: int, customers: int) -> Row:
    rng = _rng(7, number)
    made: Row = make(
        _uid(7, number), account=_uid(5, contact % customers), contact=_uid(6, contact),
        kind="email",
        value=f"{_name(rng).replace(' ', '.').lower()}{rng.randrange(10**4)}@example.com",
        label=_sentence(rng, 16),
    )  # fmt: skip
    return made


def _note(make: object, number: int, customer: int, user: bytes) -> Row:
    rng = _rng(8, number)
    day = f"2026-{rng.randrange(1, 11):02d}-{rng.randrange(1, 29):02d}"
    made: Row = make(
        _uid(8, number), account=_uid(5, customer), user=user, text=_sentence(rng, 34), date=day,
        at=f"{day}T{rng.randrange(8, 18):02d}:{rng.randrange(60):02d}:00.000Z",
    )  # fmt: skip
    return made


def _sentence(rng: Random, words: int) -> str:
    start = rng.randrange(len(_WORDS))
    some = [_WORDS[(start + n) % len(_WORDS)] for n in range(words // 2)]
    return " ".join([*some, *rng.choices(_WORDS, k=words - words // 2)])


def mean_size(count: int) -> float:
    """Mean bytes of a record as JSON, uids in hexadecimal digits."""
    total = 0
    for batch in record_rows(count):
        for row in batch.rows:
            cells = [v.hex() if isinstance(v, bytes) else v for v in row.values]
            total += len(msgspec.json.encode([row.uid.hex(), row.rev, *cells]))
    return total / count

"""A company of any size for HQ: so many records in so many territories, made quickly.

User ``R1`` has the first territory, ``R2`` the second and so on; ``A1`` has the one above them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from crmdesk.domain.ids import compose_uid
from crmdesk.storage.rows import Batch, Row, row_maker

_START_MS = 1_760_000_000_000
_AT_ONCE = 20_000
_TEXT = (
    "asked about the new range and wants a sample next week; the fridge was repaired, the last"
    " delivery came late again but complete; price of oil is fine, closes in August"
)
_WORDS = tuple(_TEXT.split())
_TEXTS = tuple(" ".join(_WORDS[n % 19 :] + _WORDS[: n % 23]) for n in range(400))


def _uid(kind: int, number: int) -> bytes:
    return compose_uid(_START_MS + number, kind << 40 | number * 2_654_435_761 & 0xFFFFFFFF)


def crowd_rows(records: int, territories: int, users: int) -> Iterator[Batch]:
    """The company: a fifth of the records are customers, two fifths contacts, the rest notes."""
    make = row_maker
    top = _uid(1, territories)
    yield Batch("organisation", [make("organisation")(_uid(0, 1), name="Crowd")])
    people = [make("user")(_uid(2, n), code=f"R{n + 1}", name=f"Rep {n + 1}") for n in range(users)]
    people.append(make("user")(_uid(2, users), code="A1", name="All"))
    yield Batch("user", people)
    territory = make("territory")
    regions = [territory(top, code="ALL", name="All")]
    regions += [
        territory(_uid(1, n), code=f"T{n + 1}", name=f"Territory {n + 1}", parent=top)
        for n in range(territories)
    ]
    yield Batch("territory", regions)
    link = make("territory_user")
    links = [link(_uid(3, n), territory=_uid(1, n), user=_uid(2, n)) for n in range(users)]
    links.append(link(_uid(3, users), territory=top, user=_uid(2, users)))
    yield Batch("territory_user", links)
    yield from _records(records, territories)


def account_uids(records: int, territories: int, territory: int) -> list[bytes]:
    """The customers of a territory (from 0)."""
    return [_uid(5, n) for n in range(territory, records // 5, territories)]


def user_uid(number: int) -> bytes:
    """A user by number, from 0."""
    return _uid(2, number)


def _records(records: int, territories: int) -> Iterator[Batch]:
    customers, contacts = records // 5, records * 2 // 5
    account, contact, note = row_maker("account"), row_maker("contact"), row_maker("note")
    yield from _batches("account", (
        account(_uid(5, n), code=f"C{n:07d}", name=f"Customer {n}", city="Encamp", country="AD",
                street=f"Carrer {n % 97}", territory=_uid(1, n % territories))
        for n in range(customers)
    ))  # fmt: skip
    yield from _batches("contact", (
        contact(_uid(6, n), account=_uid(5, n % customers), name=f"Person {n}", job="buyer",
                note=_TEXTS[n % 400])
        for n in range(contacts)
    ))  # fmt: skip
    yield from _batches("note", (
        note(_uid(8, n), account=_uid(5, n % customers), text=_TEXTS[n % 397], date="2026-03-02",
             at="2026-03-02T08:00:00.000Z")
        for n in range(records - customers - contacts)
    ))  # fmt: skip


def _batches(entity: str, rows: Iterable[Row]) -> Iterator[Batch]:
    rest = iter(rows)
    while part := list(islice(rest, _AT_ONCE)):
        yield Batch(entity, part)

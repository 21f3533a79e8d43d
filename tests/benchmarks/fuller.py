"""The big company as the bounds ask for it: ten contacts a customer, and one customer of many.

Owns what is added to the demo's rows on their way into the profile. The demo gives a customer two
contacts and the largest one 800 lines; the bounds speak of 200,000 contacts and of a history of
any length. Deterministic: the same rows go in, the same come out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from crmdesk.domain.ids import compose_uid
from crmdesk.storage.entities import ENTITIES
from crmdesk.storage.rows import Batch, Row, row_maker

_START_MS = 1_650_000_000_000
_MORE = 8.25
"""Contacts added to a customer on average."""
_GATHERED = range(40, 160)
"""Customers, in the order they are made, whose history is the first one's in the end."""
_OF_THE_GATHERED = 300
"""Contacts added to that one."""
_KEPT = frozenset({"account_product", "assignment", "reorder_override", "closure"})
"""Kept by the customer they were made for: one of them is meant, or may be, for each product."""
_ONSETS = ("b", "br", "c", "d", "f", "g", "gr", "l", "m", "n", "p", "pr", "r", "s", "t", "tr", "v")
_RIMES = ("a", "al", "an", "ar", "e", "el", "en", "er", "i", "il", "in", "o", "ol", "on", "or", "u")
_ENDS = ("a", "as", "es", "et", "ell", "i", "o", "os", "ó", "ez", "é", "ol", "")
_JOBS = ("owner", "buyer", "chef", "store manager", "accounts", "head waiter", "warehouse", None)


def fuller(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The batches with more contacts, and with the histories of some customers at one of them."""
    gathering = _Gathering()
    for batch in batches:
        if batch.entity == "account":
            gathering.see(batch.rows)
        yield gathering.moved(batch)
        if batch.entity == "account":
            yield from _contacts(gathering, batch.rows)


class _Gathering:
    def __init__(self) -> None:
        self.count = 0
        self.chief = b""
        self.into: dict[object, bytes] = {}
        self._places = {
            name: next(i for i, f in enumerate(spec.fields) if f.name == "account")
            for name, spec in ENTITIES.items()
            if name not in _KEPT and any(f.name == "account" for f in spec.fields)
        }

    def see(self, rows: list[Row]) -> None:
        """Count the customers and note whose history goes to the first."""
        for row in rows:
            if self.count == _GATHERED.start:
                self.chief = row.uid
            elif self.count in _GATHERED:
                self.into[row.uid] = self.chief
            self.count += 1

    def moved(self, batch: Batch) -> Batch:
        """The batch with the references to gathered customers put to the first."""
        place = self._places.get(batch.entity)
        if place is None or not self.into:
            return batch
        rows = []
        for row in batch.rows:
            target = self.into.get(row.values[place])
            if target is None:
                rows.append(row)
                continue
            cells = (*row.values[:place], target, *row.values[place + 1 :])
            rows.append(row._replace(values=cells))
        return Batch(batch.entity, rows)


def _contacts(gathering: _Gathering, rows: list[Row]) -> Iterator[Batch]:
    contact, point = row_maker("contact"), row_maker("contact_point")
    people, points = [], []
    for row in rows:
        rng = Random(row.uid)
        count = _OF_THE_GATHERED if row.uid == gathering.chief else _how_many(rng)
        for number in range(count):
            name = " ".join((_word(rng, 400), _word(rng, 6000), _word(rng, 6000)))
            uid = _uid(rng)
            born = (
                f"{rng.randrange(1950, 2004)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
            )
            people.append(
                contact(
                    uid, account=row.uid, name=name, job=rng.choice(_JOBS), position=3 + number,
                    language=rng.choice(("ca", "es", "fr", "pt")),
                    birthday=born if rng.random() < 0.2 else None,
                )
            )  # fmt: skip
            phone = f"+346{rng.randrange(10_000_000, 99_999_999)}"
            points.append(point(_uid(rng), account=row.uid, contact=uid, kind="phone", value=phone))
            if rng.random() < 0.5:
                address = f"{name.replace(' ', '.').lower()}@example.com"
                points.append(
                    point(_uid(rng), account=row.uid, contact=uid, kind="email", value=address)
                )
    for start in range(0, len(people), 5000):
        yield Batch("contact", people[start : start + 5000])
    for start in range(0, len(points), 5000):
        yield Batch("contact_point", points[start : start + 5000])


def _how_many(rng: Random) -> int:
    return min(60, round(rng.lognormvariate(0.0, 0.7) * _MORE / 1.2776))


def _word(rng: Random, of: int) -> str:
    """A made-up name, the common ones far more often, as surnames are."""
    draw = Random(of * 1_000_003 + int(of * rng.random() ** 2.5))
    syllables = [draw.choice(_ONSETS) + draw.choice(_RIMES) for _n in range(draw.choice((1, 2, 2)))]
    return ("".join(syllables) + draw.choice(_ONSETS) + draw.choice(_ENDS)).capitalize()


def _uid(rng: Random) -> bytes:
    return compose_uid(_START_MS + rng.randrange(10**11), rng.getrandbits(70))

"""A customer as the history of the demo company knows it.

Owns the values; its rows are written by :mod:`crmdesk.demo.customers`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crmdesk.demo.geography import Place
from crmdesk.demo.hours import Week
from crmdesk.demo.people import Rep
from crmdesk.domain.ids import Uid


@dataclass(frozen=True, slots=True)
class Agreed:
    """A price agreed with a customer; days are ordinals."""

    price_e4: int
    first: int
    last: int


@dataclass(slots=True)
class Customer:
    """A customer as the history needs it; days are ordinals.

    ``anchor`` is a day on which the rep's call cycle falls; ``cast`` the place on today's route of
    the first rep (0 … 9), or None; ``closed_from`` the day of the year on which two weeks of
    holidays begin (400: none). ``ended`` is the day of the last purchase of a lapsed customer.
    """

    uid: Uid
    index: int
    code: str
    name: str
    channel: str
    cls: str
    language: str
    owner: str
    place: Place
    rep: Rep
    hours: Week
    weekday: int
    anchor: int
    interval: int
    minutes: int
    acquired: int
    ended: int | None
    status: str
    price_list: int
    terms: int
    credit_limit: int
    cast: int | None
    closed_months: frozenset[int]
    closed_from: int
    contact: Uid = b""
    site: Uid = b""
    agreed: dict[str, Agreed] = field(default_factory=dict)

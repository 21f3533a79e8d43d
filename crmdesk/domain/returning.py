"""Goods that come back: what they are credited at, and what speaks against taking them.

Pure. Quantities are base units, amounts minor units. The credit is what the customer really paid:
units come off the latest purchases first, each at its own price.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from crmdesk.domain.money import divide_half_even


class Condition(StrEnum):
    """The state in which goods come back; decides whether they can be sold again."""

    SEALED = "sealed"
    OPENED = "opened"
    DAMAGED = "damaged"
    EXPIRED = "expired"


class Wish(StrEnum):
    """What the customer wants for it."""

    CREDIT = "credit"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase of a product: its day, base units and net in minor units."""

    day: date
    base_quantity: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class Credit:
    """What units that come back are worth.

    ``beyond`` are units more than were bought within the days of the company's policy: ``late`` of
    them were bought before that, the rest never.
    """

    net_minor: int
    beyond: int = 0
    late: int = 0


def left_of(purchases: Iterable[Bought], returned: int) -> tuple[Bought, ...]:
    """Purchases, latest first, less what has come back already.

    What came back is taken off the latest purchases: nobody knows which delivery a tin was from.
    """
    left: list[Bought] = []
    for one in sorted(purchases, key=lambda b: b.day, reverse=True):
        gone = min(returned, one.base_quantity)
        returned -= gone
        rest = one.base_quantity - gone
        if rest > 0:
            left.append(
                Bought(one.day, rest, divide_half_even(one.net_minor * rest, one.base_quantity))
            )
    return tuple(left)


def credit_of(base_quantity: int, left: Sequence[Bought], oldest: date) -> Credit:
    """The credit for so many units; ``left`` is :func:`left_of`'s, ``oldest`` the policy's day.

    Whole purchases are credited to the minor unit, parts half-even. Units that were never bought
    are worth nothing here: the office decides.
    """
    missing, net, late = base_quantity, 0, 0
    for one in left:
        taken = min(missing, one.base_quantity)
        if taken <= 0:
            break
        net += divide_half_even(one.net_minor * taken, one.base_quantity)
        late += taken if one.day < oldest else 0
        missing -= taken
    return Credit(net, missing + late, late)

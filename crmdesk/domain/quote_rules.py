"""Rules of quotes: how long they hold, when one has to be followed up, what was agreed in them.

Pure; the same code on the laptop and at HQ. The states and their steps are
:mod:`crmdesk.domain.states`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from crmdesk.domain.money import PRICE_SCALE, currency_exponent, divide_half_even
from crmdesk.domain.pricing import Price, Reason, amount_minor, share_off
from crmdesk.domain.states import QuoteStatus

EXPIRING_DAYS = 7
"""A quote that holds for so many days more is about to expire."""

_LEAST_SHARE = (9, 10)
"""The agreed price holds from nine tenths of the quoted quantity on: weighed goods never come
exactly, and who takes a tenth less is not given the price of another quantity."""


class FollowUp(StrEnum):
    """Where a sent quote stands in the queue, the most urgent first.

    ``EXPIRED``: it holds no longer and nobody has decided. ``EXPIRING``: it soon will not, and no
    follow-up is planned before. ``NONE``: no follow-up is planned at all.
    """

    EXPIRED = "expired"
    OVERDUE = "overdue"
    TODAY = "today"
    EXPIRING = "expiring"
    NONE = "none"
    LATER = "later"

    @property
    def waits(self) -> bool:
        """True when something is to be done about it today."""
        return self is not FollowUp.LATER


def follow_up_state(next_on: date | None, valid_until: date | None, today: date) -> FollowUp:
    """Where a sent quote stands in the queue on a day."""
    if valid_until is not None and valid_until < today:
        return FollowUp.EXPIRED
    if next_on is not None and next_on < today:
        return FollowUp.OVERDUE
    if next_on == today:
        return FollowUp.TODAY
    ends = valid_until is not None and valid_until <= today + timedelta(days=EXPIRING_DAYS)
    if ends and (next_on is None or (valid_until is not None and next_on > valid_until)):
        return FollowUp.EXPIRING
    return FollowUp.NONE if next_on is None else FollowUp.LATER


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line of a quote as it was agreed: so many base units for so many minor units."""

    quote: str
    number: str
    product: str
    base_quantity: int
    list_price_e4: int
    net_price_e4: int
    net_minor: int


def holds(status: str, valid_until: date | None, day: date) -> bool:
    """Whether what a quote says can be ordered on a day: sent or won, and still valid."""
    if status not in (QuoteStatus.SENT, QuoteStatus.WON):
        return False
    return valid_until is None or day <= valid_until


def quoted_price(
    line: QuotedLine, wanted: int, price_per: int, currency: str
) -> tuple[Price, int] | None:
    """Price and net (minor units) of ``wanted`` base units as quoted; None for too few of them.

    More units cost in proportion, rounded half-even once; the quoted quantity costs exactly what
    the quote says, whatever promotion made that price.
    """
    least, of = _LEAST_SHARE
    if wanted <= 0 or line.base_quantity <= 0 or wanted * of < line.base_quantity * least:
        return None
    net = divide_half_even(line.net_minor * wanted, line.base_quantity)
    each = line.net_price_e4
    if amount_minor(each, line.base_quantity, price_per, currency) != line.net_minor:
        # Units that cost nothing are spread over all: a price that says what each really costs.
        each = divide_half_even(
            line.net_minor * PRICE_SCALE * price_per,
            line.base_quantity * 10 ** currency_exponent(currency),
        )
    reason: Reason = {"code": "quoted", "quote": line.number, "uid": line.quote}
    off = share_off(line.list_price_e4, each)
    return Price(line.list_price_e4, each, off, 0, reason), net


@dataclass(frozen=True, slots=True)
class VersionLine:
    """What two versions of a quote are compared by; money in minor units."""

    product: str
    packs: int
    unit: str
    factor: int
    base_quantity: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line that differs between two versions; None where a version does not have it."""

    product: str
    old: VersionLine | None
    new: VersionLine | None


def line_changes(old: Sequence[VersionLine], new: Sequence[VersionLine]) -> tuple[LineChange, ...]:
    """Lines that came, went or differ: in the order of the new version, then what went."""
    before: Mapping[str, VersionLine] = {line.product: line for line in old}
    after: Mapping[str, VersionLine] = {line.product: line for line in new}
    changed = [
        LineChange(line.product, before.get(line.product), line)
        for line in new
        if before.get(line.product) != line
    ]
    gone = [LineChange(line.product, line, None) for line in old if line.product not in after]
    return (*changed, *gone)

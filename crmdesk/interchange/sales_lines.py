"""The sold lines of a chunk as columns of exact whole numbers: packs, base units, amounts.

The same figures as :meth:`crmdesk.interchange.sales_goods.Goods.take` gives for one line; where 64
bits might not hold them, or they are beyond what is believed, the line is marked for that.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crmdesk.domain.money import PRICE_SCALE, currency_exponent
from crmdesk.interchange import cells
from crmdesk.interchange.sales_cells import BAD, NONE, Columns, Ints
from crmdesk.interchange.sales_goods import Counted

# Products of whole numbers up to here are exact in 64 bits.
_EXACT = 9.0e18


class Alone:
    """Rows of a chunk that were looked at by themselves, by their place: taken or refused."""

    def __init__(self, count: int) -> None:
        self.open = np.ones(count, np.bool_)
        self.taken: dict[int, Counted] = {}
        self.refused: dict[int, str] = {}


class SoldLines:
    """Lines as columns; ``odd`` marks those whose numbers need a closer look."""

    def __init__(
        self, found: Columns, account: Ints, place: Ints, goods: dict[str, Ints], currency: str
    ) -> None:
        where = np.where(place >= 0, place, 0)
        of = {
            name: column[where] if len(column) else np.ones(len(place), np.int64)
            for name, column in goods.items()
        }
        self.account, self.product = account, of["product"]
        self.day, self.document = found.day, found.document
        self._count_packs(found.quantity, of)
        given_price = found.price_e4 != NONE
        scale, per = 10 ** currency_exponent(currency), PRICE_SCALE * of["per"]
        price = np.where(found.price_e4 == NONE, 0, found.price_e4)
        no_cost = found.cost_e4 == NONE
        unit_cost = np.where(no_cost, 0, found.cost_e4)
        priced = _half_even(price * found.quantity * scale, per)
        self.net_minor = self._net(found, priced)
        cost = _half_even(unit_cost * found.quantity * scale, per)
        self.cost_minor = np.where(no_cost, NONE, cost)
        size = np.abs(found.quantity.astype(np.float64))
        self.odd = (
            (size * of["factor"] > cells.MAX_QUANTITY)
            | (size * scale * price > _EXACT)
            | (size * scale * unit_cost > _EXACT)
            | (np.abs(self.net_minor) > cells.MAX_MINOR)
            | (np.abs(cost) > cells.MAX_MINOR)
            | ((self.net_minor < 0) & (self.base > 0))
            | ((of["weight"] > 0) & (of["weight"] < cells.LARGE) & (given_price | ~no_cost))
        )

    def put(self, alone: Alone) -> None:
        """Put the lines that were counted by themselves into their places."""
        for at, counted in alone.taken.items():
            self.account[at], self.product[at] = counted.account, counted.product
            self.packaging[at], self.packs[at] = counted.packaging, counted.packs
            self.factor[at], self.base[at] = counted.factor, counted.base
            self.net_minor[at] = counted.net_minor
            self.cost_minor[at] = NONE if counted.cost_minor is None else counted.cost_minor

    def differing(self, found: Columns) -> npt.NDArray[np.bool_]:
        """Where a row gives an amount and a price, and they differ by more than a cent."""
        both = (found.price_e4 != NONE) & (found.amount_minor != NONE) & (found.amount_minor != BAD)
        gap = np.abs(np.abs(self.net_minor) - np.abs(np.where(both, found.amount_minor, 0)))
        unlike: npt.NDArray[np.bool_] = both & (gap > 1)
        return unlike

    def _count_packs(self, quantity: Ints, of: dict[str, Ints]) -> None:
        counted, factor = of["counted"] != 0, of["factor"]
        packs = np.where(counted, quantity, quantity // factor)
        single = ~counted & (packs * factor != quantity)
        self.base = np.where(counted, quantity * factor, quantity)
        self.packs = np.where(single, quantity, packs)
        self.factor = np.where(single, 1, factor)
        self.packaging = np.where(single, of["single"], of["packaging"])
        weighed = of["weight"] != 0
        if weighed.any():
            base = quantity * of["weight"]
            whole = np.maximum((np.abs(base) + cells.LARGE // 2) // cells.LARGE, 1)
            self.base = np.where(weighed, base, self.base)
            self.packs = np.where(weighed, np.where(base > 0, whole, -whole), self.packs)

    def _net(self, found: Columns, priced: Ints) -> Ints:
        """The price's amount, or the amount that the row gives instead, with its direction."""
        given = (found.price_e4 == NONE) & (found.amount_minor != NONE)
        back = (self.base < 0) & (found.amount_minor > 0)
        amount = np.where(back, -found.amount_minor, found.amount_minor)
        return np.where(given, amount, priced)


def _half_even(numerator: Ints, denominator: Ints) -> Ints:
    """Quotients rounded half to even, as ``domain.money.divide_half_even`` does it for one."""
    quotient, remainder = np.divmod(numerator, denominator)
    twice = 2 * remainder
    up = (twice > denominator) | ((twice == denominator) & (quotient & 1 == 1))
    rounded: Ints = quotient + up
    return rounded

"""What a forecast quantity is in packs and money, for many pairs at once.

Owns the newest line and the usual packaging of each pair, the packs that come nearest to its
quantity, and their worth and margin: all in whole numbers, and so that the order in which rows have
arrived has no part in it. Leaves the quantity to :mod:`crmdesk.analytics.reorder` and the rows to
:mod:`crmdesk.storage.forecasts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from crmdesk.analytics.reorder.exact import distinct
from crmdesk.domain.money import currency_exponent, divide_half_even
from crmdesk.storage.driver import chosen, rows

Ints = npt.NDArray[np.int64]
# Absurd imported prices times absurd quantities must still fit the columns.
_MOST_MINOR = 10**15
_MOST_WHOLE = 10**18
_EXACT = 2.0**61
_MOST_PACKED = 2**30
"""Quantities and packs are multiplied in 64 bits: none larger is forecast."""


@dataclass(frozen=True, slots=True)
class LastLines:
    """Per pair: base units and net of its newest line above zero; its usual packaging (0: none)."""

    quantity: Ints
    net_minor: Ints
    packaging: Ints


@dataclass(frozen=True, slots=True)
class Worth:
    """Per pair: the packaging (0: base units), so many packs of it, and what they are worth."""

    packaging: Ints
    packs: Ints
    last_net_e4: Ints
    net_minor: Ints
    margin_minor: Ints


def pair_codes(account: Ints, product: Ints) -> Ints:
    """One number per pair, in the order of account and product."""
    return np.asarray((account << 32) | product)


class Goods:
    """How products are packed, priced and what they cost on a day; of some products, or of all."""

    def __init__(
        self, connection: Connection, day: date, product_ids: Sequence[int] | None = None
    ) -> None:
        only, keys = chosen("id", product_ids)
        per = rows(connection, f"SELECT id, price_per FROM product WHERE {only} ORDER BY id", keys)
        only, keys = chosen("product_id", product_ids)
        cost = rows(
            connection,
            "SELECT product_id, cost_e4, valid_from > :day FROM cost_version"
            f" WHERE {only} ORDER BY valid_from, uid",
            {"day": day.isoformat(), **keys},
        )
        # Of a product whose cost is only known for later, the first to come serves.
        known: dict[int, int] = {}
        for product, cost_e4, later in cost:
            if not later or product not in known:
                known[product] = cost_e4
        self._product = _whole(row[0] for row in per)
        self._per = _whole(row[1] for row in per)
        self._cost = _whole(known.get(row[0], 0) for row in per)
        self._read_packs(
            rows(
                connection,
                "SELECT id, product_id, factor, minimum, multiple, sellable FROM packaging"
                f" WHERE {only} ORDER BY product_id, factor, unit",
                keys,
            )
        )
        company = rows(connection, "SELECT currency FROM organisation ORDER BY id LIMIT 1")
        currency = company[0][0] if company else None
        self._unit = 10 ** (4 - currency_exponent(str(currency or "EUR")))

    def _read_packs(self, packagings: list[Any]) -> None:
        every = np.array(packagings, dtype=np.int64).reshape(-1, 6)
        # By size: of packagings used equally often the smallest counts as usual.
        self._rank = np.zeros(int(every[:, 0].max(initial=0)) + 1, dtype=np.int64)
        self._rank[every[:, 0]] = np.arange(1, len(every) + 1)
        self._owner = np.zeros_like(self._rank)
        self._owner[every[:, 0]] = every[:, 1]
        sold = every[every[:, 5] == 1]
        self._pack_id, pack_product = sold[:, 0], sold[:, 1]
        self._factor, self._minimum, self._multiple = sold[:, 2], sold[:, 3], sold[:, 4]
        self._first_pack = pack_product.searchsorted(self._product)
        self._pack_count = pack_product.searchsorted(self._product, "right") - self._first_pack
        self._place = np.full(len(self._rank), -1, dtype=np.int64)
        self._place[self._pack_id] = np.arange(len(sold))

    def last_lines(self, pair: Ints, sales: Any, net_minor: Ints, packaging: Ints) -> LastLines:
        """Of the sorted pairs, from all their lines.

        Of several lines on the newest day the one with the largest quantity, then the largest net.
        """
        code = pair_codes(sales.account, sales.sku)
        at = np.minimum(pair.searchsorted(code), max(len(pair) - 1, 0))
        keep = ((sales.quantity > 0) & (pair[at] == code)).nonzero()[0]
        at, day, quantity = at[keep], sales.day[keep], sales.quantity[keep]
        net, packed = net_minor[keep], self._its_own(packaging[keep], sales.sku[keep])
        newest = np.full(len(pair), np.iinfo(np.int64).min)
        np.maximum.at(newest, at, day)
        last = (day == newest[at]).nonzero()[0]
        last = last[np.lexsort((net[last], quantity[last], at[last]))]
        owner = at[last]
        is_best = np.ones(len(last), dtype=np.bool_)
        np.not_equal(owner[1:], owner[:-1], out=is_best[:-1])
        last = last[is_best]
        usual = self._usual(at, packed, len(pair))
        return LastLines(quantity[last], net[last], usual)

    def _its_own(self, packaging: Ints, product: Ints) -> Ints:
        """The packagings that are those of the product; 0 in the place of others."""
        place = np.where(packaging < len(self._owner), packaging, 0)
        return np.where(self._owner[place] == product, place, 0)

    def _usual(self, at: Ints, packed: Ints, size: int) -> Ints:
        """The most frequent packaging of each pair; of several the smallest."""
        least = np.full(size, np.iinfo(np.int64).max)
        most = np.zeros(size, dtype=np.int64)
        np.minimum.at(least, at, packed)
        np.maximum.at(most, at, packed)
        mixed = (least != most)[at].nonzero()[0]
        if len(mixed):
            width = len(self._rank) + 1
            keys = np.sort(at[mixed] * width + self._rank[packed[mixed]])
            runs = distinct(keys)
            counts = keys.searchsorted(runs, side="right") - keys.searchsorted(runs)
            owner, rank = runs // width, runs % width
            order = np.lexsort((rank, -counts, owner))
            firsts = order[np.append(True, np.diff(owner[order]) != 0)]
            by_rank = np.zeros(width, dtype=np.int64)
            by_rank[self._rank] = np.arange(len(self._rank))
            by_rank[0] = 0
            least[owner[firsts]] = by_rank[rank[firsts]]
        return least

    def worth(self, product: Ints, quantity: Ints, wanted: Ints, last: LastLines) -> Worth:
        """Packs and worth of a quantity of each product; ``wanted`` is the packaging to take."""
        row = self._product.searchsorted(product)
        packaging, count, factor = self._packed(product, row, np.minimum(quantity, _MOST_PACKED),
                                                wanted)  # fmt: skip
        base, unit = count * factor, self._per[row] * self._unit
        price, net, cost = share_half_even(
            np.array((last.net_minor, last.net_minor, self._cost[row])),
            np.array((unit, base, base)),
            np.array((last.quantity, last.quantity, unit)),
        )
        net_minor, margin_minor = np.minimum(
            np.maximum((net, net - cost), -_MOST_MINOR), _MOST_MINOR
        )
        return Worth(packaging, count, price, net_minor, margin_minor)

    def _packed(
        self, product: Ints, row: Ints, quantity: Ints, wanted: Ints
    ) -> tuple[Ints, Ints, Ints]:
        """Packaging (0 where none is sold), packs and factor: :func:`~.quantity.packs` for all."""
        options = self._pack_count[row]
        if not options.any():
            return np.zeros_like(quantity), quantity, np.ones_like(quantity)
        place = self._place[self._its_own(wanted, product)]
        own = place >= 0
        place = np.where(own, place, self._best_fitting(row, quantity))
        place = np.where(options > 0, place, 0)
        factor, multiple = self._factor[place], self._multiple[place]
        step = factor * multiple
        steps = (2 * quantity + step) // (2 * step)
        fewest = -(-self._minimum[place] // multiple)
        count = np.maximum(np.maximum(steps, fewest), 1) * multiple
        packed = options > 0
        return (
            np.where(packed, self._pack_id[place], 0),
            np.where(packed, count, quantity),
            np.where(packed, factor, 1),
        )

    def _best_fitting(self, row: Ints, quantity: Ints) -> Ints:
        """The largest packaging that gives the quantity exactly, else the smallest."""
        first, options = self._first_pack[row], self._pack_count[row]
        best = first.copy()
        largest = np.zeros_like(quantity)
        for number in range(int(options.max())):
            place = np.minimum(first + number, len(self._factor) - 1)
            factor = self._factor[place]
            exact = (
                (number < options)
                & (quantity % (factor * self._multiple[place]) == 0)
                & (quantity >= factor * self._minimum[place])
                & (factor > largest)
            )
            best, largest = np.where(exact, place, best), np.where(exact, factor, largest)
        return np.asarray(best)


def share_half_even(number: Ints, times: Ints, by: Ints) -> Ints:
    """``number · times ÷ by`` rounded half to even, exact whatever the sizes; within ±10^18."""
    large = np.abs(number.astype(np.float64)) * np.abs(times.astype(np.float64)) >= _EXACT
    some = bool(large.any())
    product = np.where(large, 0, number) * np.where(large, 0, times) if some else number * times
    whole, rest = np.divmod(product, by)
    twice = 2 * rest
    whole += (twice > by) | ((twice == by) & (whole & 1 == 1))
    if some:
        number, times, by = np.broadcast_arrays(number, times, by)
        for place in zip(*(axis.tolist() for axis in large.nonzero()), strict=True):
            exact = divide_half_even(int(number[place]) * int(times[place]), int(by[place]))
            whole[place] = max(-_MOST_WHOLE, min(exact, _MOST_WHOLE))
    return np.asarray(np.minimum(np.maximum(whole, -_MOST_WHOLE), _MOST_WHOLE))


def _whole(values: Any) -> Ints:
    return np.fromiter(values, np.int64)

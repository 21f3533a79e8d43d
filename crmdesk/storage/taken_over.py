"""Histories of delisted products that their substitutes take over.

Owns the lines that are counted again in the substitute's name, and what is to be said of it. Which
they are is :mod:`crmdesk.analytics.reorder.substitutes`'.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date

import numpy as np

from crmdesk.analytics.reorder import SaleLines
from crmdesk.storage.line_arrays import LineArrays, day_number
from crmdesk.storage.reorder_facts import Assortment


@dataclass(frozen=True, slots=True)
class Histories:
    """What was bought; the same with what substitutes take over; and the former of each of those.

    ``taken_over`` gives the former product of an (account, substitute), of several the one made
    last anywhere; ``recounted`` are those of them that are counted in another base unit.
    """

    bought: LineArrays
    every: LineArrays
    taken_over: dict[tuple[int, int], int]
    recounted: Set[tuple[int, int]]


def histories_of(lines: LineArrays, assortment: Assortment, today: date) -> Histories:
    """The lines, and those of delisted products again in the name of their substitutes.

    Where the two are counted in different base units only the days are taken over: every purchase
    is of one unit of the substitute, of which its smallest pack is made.
    """
    row, substitute = assortment.replacements.copied_rows(lines.sales, day_number(today))
    if not len(row):
        return Histories(lines, lines, {}, frozenset())
    copies = lines.kept(row)
    sales, taken = lines.sales, copies.sales
    unit, order = assortment.base_unit, assortment.order
    copied = list(zip(taken.account.tolist(), substitute.tolist(), taken.sku.tolist(), strict=True))
    former = {(one, new): old for one, new, old in sorted(copied, key=lambda row: order[row[2]])}
    other = np.array([unit[old] != unit[new] for _one, new, old in copied], dtype=np.bool_)
    both = SaleLines(
        np.concatenate((sales.account, taken.account)),
        np.concatenate((sales.sku, substitute)),
        np.concatenate((sales.day, taken.day)),
        np.concatenate((sales.quantity, np.where(other, np.sign(taken.quantity), taken.quantity))),
    )
    every = LineArrays(
        both,
        np.concatenate((lines.net_minor, copies.net_minor)),
        np.concatenate((lines.packaging, copies.packaging)),
    )
    recounted = {pair for pair, old in former.items() if unit[old] != unit[pair[1]]}
    return Histories(lines, every, former, recounted)

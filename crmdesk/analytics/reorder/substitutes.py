"""SKUs that left the range and what took their place.

Owns which customers' history of a delisted SKU is taken over by its substitute: those who have not
yet bought the substitute on three days, which would be a rhythm of its own. The lines are copied,
not moved, so that the delisted SKU keeps a row of its own. Base units of both are taken as equal.
"""

from dataclasses import dataclass, field

import numpy as np

from crmdesk.analytics.reorder.circumstances import Mask, among, rows_of
from crmdesk.analytics.reorder.exact import Ints, distinct
from crmdesk.analytics.reorder.purchases import SaleLines
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Replacements:
    """Delisted SKUs with a substitute: the SKU, the first day without it, and what came instead."""

    sku: Ints = field(default_factory=_none)
    day: Ints = field(default_factory=_none)
    by: Ints = field(default_factory=_none)

    def by_day(self, day: int) -> "Replacements":
        """Those in force on a day, each led on to what is still sold; circles are left out."""
        then = {
            sku: by
            for sku, since, by in zip(
                self.sku.tolist(), self.day.tolist(), self.by.tolist(), strict=True
            )
            if since <= day
        }
        since = dict(zip(self.sku.tolist(), self.day.tolist(), strict=True))
        found = []
        for sku in sorted(then):
            end, steps = then[sku], 0
            while end in then and steps <= len(then):
                end, steps = then[end], steps + 1
            if end not in then:
                found.append((sku, since[sku], end))
        table = np.array(found, dtype=np.int64).reshape(-1, 3)
        return Replacements(table[:, 0], table[:, 1], table[:, 2])

    def copied_rows(self, lines: SaleLines, as_of: int) -> tuple[Ints, Ints]:
        """Rows of the lines that a substitute takes over, and the substitute of each."""
        if not len(self.sku) or not len(lines.day) or not among(lines.sku, self.sku).any():
            return _none(), _none()
        here = self.by_day(as_of)
        if not len(here.sku):
            return _none(), _none()
        place = np.minimum(here.sku.searchsorted(lines.sku), len(here.sku) - 1)
        row = ((here.sku[place] == lines.sku) & (lines.day <= as_of)).nonzero()[0]
        if not len(row):
            return _none(), _none()
        substitute = here.by[place[row]]
        keep = ~_regular(lines.until(as_of), lines.account[row], substitute)
        return row[keep], substitute[keep]

    def taken_over(self, lines: SaleLines, as_of: int) -> SaleLines:
        """The lines, followed by the copies under the substitutes' names."""
        row, substitute = self.copied_rows(lines, as_of)
        if not len(row):
            return lines
        return SaleLines(
            np.concatenate((lines.account, lines.account[row])),
            np.concatenate((lines.sku, substitute)),
            np.concatenate((lines.day, lines.day[row])),
            np.concatenate((lines.quantity, lines.quantity[row])),
        )


NO_REPLACEMENTS = Replacements()


def _regular(lines: SaleLines, account: Ints, sku: Ints) -> Mask:
    """Whether each account bought its SKU on three days or more."""
    bought = (among(lines.sku, sku) & (lines.quantity > 0)).nonzero()[0]
    # The last row of a pair stands for all of its rows.
    owner = rows_of(lines.account[bought], lines.sku[bought], account, sku)
    hit = owner >= 0
    day = lines.day[bought][hit]
    if not len(day):
        return np.zeros(len(account), dtype=np.bool_)
    low, days = int(day.min()), int(day.max()) - int(day.min()) + 1
    bought_on = distinct(owner[hit] * days + (day - low))
    count = np.bincount(bought_on // days, minlength=len(account))
    return np.asarray(count[rows_of(account, sku, account, sku)] >= MINIMUM_PURCHASES)

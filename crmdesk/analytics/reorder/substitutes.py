"""SKUs that left the range and what took their place.

Owns which customers' history of a delisted SKU is taken over by its substitute: those who have not
yet bought the substitute on three days, which would be a rhythm of its own. The lines are copied,
not moved, so that the delisted SKU keeps a row of its own. Base units of both are taken as equal.
"""

from dataclasses import dataclass, field

import numpy as np

from crmdesk.analytics.reorder.circumstances import Mask, rows_of
from crmdesk.analytics.reorder.exact import Ints
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
        here = self.by_day(as_of)
        if not len(here.sku) or not len(lines.day):
            return _none(), _none()
        place = np.minimum(np.searchsorted(here.sku, lines.sku), len(here.sku) - 1)
        row = np.flatnonzero((here.sku[place] == lines.sku) & (lines.day <= as_of))
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
    bought = np.flatnonzero(
        np.isin(lines.sku, sku) & np.isin(lines.account, account) & (lines.quantity > 0)
    )
    asked = np.unique(np.stack((account, sku), axis=1), axis=0)
    pair = rows_of(lines.account[bought], lines.sku[bought], asked[:, 0], asked[:, 1])
    hit = pair >= 0
    days = np.unique(np.stack((pair[hit], lines.day[bought][hit]), axis=1), axis=0)
    count = np.bincount(days[:, 0], minlength=len(asked))
    mine = rows_of(account, sku, asked[:, 0], asked[:, 1])
    return np.asarray(count[mine] >= MINIMUM_PURCHASES)

"""What a change of prices would have meant: money and margin, who wins and loses, and by how much
the volume may fall before the change costs more than it brings.

Arrays in, sums out, in exact integers. The prices are :mod:`crmdesk.analytics.price_simulation`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmdesk.analytics.figures import Figure, Missing
from crmdesk.analytics.price_simulation import Flags, Ints, Repriced, SoldLines


@dataclass(frozen=True, slots=True)
class Effect:
    """Sums of some lines in minor units.

    ``net`` is what they brought; ``change`` the difference between both prices of the engine, so
    that what was agreed by hand stays as it was. ``margin`` counts lines whose cost is known only:
    of them ``costed_net`` was sold, and ``costed_change`` is the change. ``unpriced`` lines are
    counted as they were.
    """

    lines: int
    net: int
    change: int
    costed_net: int
    costed_change: int
    cost: int
    unpriced: int

    @property
    def net_after(self) -> int:
        """What they would have brought."""
        return self.net + self.change

    @property
    def margin(self) -> int:
        """The margin of lines with a known cost."""
        return self.costed_net - self.cost

    @property
    def margin_after(self) -> int:
        """The same at the changed prices."""
        return self.margin + self.costed_change

    def volume_to_lose(self) -> Figure[float]:
        """Share of the volume that may go until the margin is what it was; negative: must come.

        m₁(1 − x) = m₀, so x = 1 − m₀/m₁ with the margins m₀ before and m₁ after; no figure without
        a margin after.
        """
        if self.margin_after <= 0:
            return Figure(None, Missing.NO_MARGIN)
        return Figure(1 - self.margin / self.margin_after)


def line_changes(before: Repriced, after: Repriced) -> tuple[Ints, Flags]:
    """By line: what changes, in minor units, and whether both prices are known."""
    priced = before.priced & after.priced
    return np.where(priced, after.net - before.net, 0), priced


def effects(
    lines: SoldLines, change: Ints, priced: Flags, group: Ints, groups: int
) -> tuple[Effect, ...]:
    """The effect by group; ``group`` gives each line's, from 0 to ``groups`` − 1."""

    def total(values: Ints) -> Ints:
        sums = np.zeros(groups, dtype=np.int64)
        np.add.at(sums, group, values)
        return sums

    costed = lines.costed
    columns = (
        total(np.ones(len(lines), dtype=np.int64)),
        total(lines.net),
        total(change),
        total(np.where(costed, lines.net, 0)),
        total(np.where(costed, change, 0)),
        total(np.where(costed, lines.cost, 0)),
        total((~priced & (lines.quantity > 0)).astype(np.int64)),
    )
    return tuple(Effect(*(int(column[place]) for column in columns)) for place in range(groups))


def whole_effect(lines: SoldLines, change: Ints, priced: Flags) -> Effect:
    """The effect on all lines together."""
    return effects(lines, change, priced, np.zeros(len(lines), dtype=np.int64), 1)[0]

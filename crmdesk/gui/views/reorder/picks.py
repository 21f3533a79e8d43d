"""What is picked on the board, in which packs, and what it comes to. No Qt.

Owns picks and changed quantities; rows are handed in as they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from crmdesk.domain.money import divide_half_even
from crmdesk.domain.packaging import fit_base, fit_packs
from crmdesk.gui.packs import pack_text
from crmdesk.i18n import _, ngettext
from crmdesk.services.queries.reorder import PackOption, PairKey, ReorderRow
from crmdesk.services.reorder_board import Pick

MAX_PACKS = 99_999
_UNITS_SHOWN = 2


@dataclass(slots=True)
class Picks:
    """See the module."""

    keys: set[PairKey] = field(default_factory=set)
    _edits: dict[PairKey, tuple[int, PackOption]] = field(default_factory=dict)

    def clear(self) -> None:
        """Nothing is picked, and quantities are the suggested ones again."""
        self.keys.clear()
        self._edits.clear()

    def quantity(self, row: ReorderRow) -> tuple[int, PackOption]:
        """So many packs of which packaging."""
        return self._edits.get(row.key, (row.packs, row.pack))

    def set_packs(self, row: ReorderRow, text: str) -> bool:
        """Change a row's quantity to what can be sold, and pick it; zero takes the pick away.

        False when it is no quantity.
        """
        if not text.isdecimal() or int(text) > MAX_PACKS:
            return False
        pack = self.quantity(row)[1]
        packs = fit_packs(int(text), pack.pack).packs
        self._edits[row.key] = (packs, pack)
        if packs:
            self.keys.add(row.key)
        else:
            self.keys.discard(row.key)
        return True

    def next_pack(self, row: ReorderRow, options: tuple[PackOption, ...]) -> bool:
        """Say the quantity in the next packaging; False when there is no other."""
        packs, pack = self.quantity(row)
        places = [option.packaging_id for option in options]
        if len(options) < 2 or pack.packaging_id not in places:
            return False
        following = options[(places.index(pack.packaging_id) + 1) % len(options)]
        fitted = fit_base(packs * pack.factor, following.pack)
        self._edits[row.key] = (max(1, fitted.packs), following)
        return True

    def margin_minor(self, row: ReorderRow) -> int:
        """The margin at the quantity shown: in proportion to the suggested one."""
        packs, pack = self.quantity(row)
        suggested = row.packs * row.pack.factor
        if not suggested:
            return 0
        return divide_half_even(row.margin_minor * packs * pack.factor, suggested)

    def total(
        self, rows: Mapping[PairKey, ReorderRow], money: Callable[[int], str]
    ) -> tuple[str, str]:
        """How much is picked, and its margin, in words; rows not read yet are left out."""
        known = [rows[key] for key in self.keys if key in rows]
        count = len(self.keys)
        words = ngettext("{count} picked", "{count} picked", count).format(count=count)
        units: dict[str, int] = {}
        for row in known:
            packs, pack = self.quantity(row)
            units[pack.unit] = units.get(pack.unit, 0) + packs
        for unit, packs in sorted(units.items(), key=lambda pair: -pair[1])[:_UNITS_SHOWN]:
            words += f" · {pack_text(unit, packs)}"
        margin = money(sum(self.margin_minor(row) for row in known))
        return words, _("{amount} margin").format(amount=margin)

    def lines(self, rows: Iterable[ReorderRow]) -> list[Pick]:
        """The rows as lines of orders, those of nothing left out."""
        made = []
        for row in rows:
            packs, pack = self.quantity(row)
            if packs > 0:
                suggested = row.packs * row.pack.factor
                made.append(Pick(row.key[0], row.key[1], pack.packaging_id, packs, suggested))
        return made

    def copy(self) -> Picks:
        """The same, to be worked on elsewhere."""
        return Picks(set(self.keys), dict(self._edits))

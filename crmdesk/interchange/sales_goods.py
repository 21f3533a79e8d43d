"""What sold lines refer to: accounts, products and packagings, known or made on the way.

Knows which key a naming of the file stands for, makes what is not there yet, and says how a line is
counted: packs, base units, amounts. A line that is refused makes nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection

from crmdesk.domain.ids import UidMaker
from crmdesk.domain.money import PRICE_SCALE, currency_exponent, divide_half_even
from crmdesk.domain.packaging import is_weighed
from crmdesk.i18n import _, format_number
from crmdesk.interchange import cells
from crmdesk.interchange.sales_cells import UNNUMBERED, Ints, Line
from crmdesk.storage.bulk import insert_rows

_COLUMNS = {
    "account": ("id", "uid", "code", "name", "country", "territory_id", "status", "acquired_on"),
    "product": ("id", "uid", "sku", "name", "base_unit", "price_per"),
    "packaging": ("id", "uid", "product_id", "unit", "factor"),
}


_LARGE_UNITS = {"G": "KG", "ML": "L"}


class _Product(NamedTuple):
    """A product that is known: its key, what its prices are for, and its base unit."""

    key: int
    per: int
    base_unit: str


class _Goods(NamedTuple):
    """A product as a line names it; ``single`` is its packaging of one base unit, 0 for none.

    ``counted`` tells that the line's quantity is in packs of ``factor`` base units; prices are for
    ``per`` of what the line counts. ``weight`` is not 0 where that is a measure of so many base
    units (1000 for a kilogram): then the packs are the nearest whole kilograms or litres.
    """

    product: int
    per: int
    packaging: int
    factor: int
    single: int
    counted: bool
    weight: int = 0


class Counted(NamedTuple):
    """A line as it is kept; ``packaging`` is 0 for none, ``cost_minor`` None where unknown."""

    account: int
    product: int
    packaging: int
    packs: int
    factor: int
    base: int
    net_minor: int
    cost_minor: int | None


class Known:
    """What each naming of a file stands for, by its number; ``missing`` where that is not known."""

    def __init__(self, missing: int) -> None:
        self._missing = missing
        self._of = np.full(1024, missing, np.int64)

    def column(self, numbers: Ints) -> Ints:
        """A column of numbers, at least one, as what they stand for."""
        short = int(numbers.max()) + 1 - len(self._of)
        if short > 0:
            more = np.full(max(short, len(self._of)), self._missing, np.int64)
            self._of = np.concatenate([self._of, more])
        return np.where(numbers == UNNUMBERED, self._missing, self._of[numbers])

    def of(self, number: int) -> int:
        """What one number of a column that has been looked up stands for by now."""
        return self._missing if number == UNNUMBERED else int(self._of[number])

    def learn(self, number: int, value: int) -> None:
        """Note what a number of a column that has been looked up stands for."""
        if number != UNNUMBERED:
            self._of[number] = value


class Goods:
    """Accounts and goods by the numbers of what the file calls them.

    ``accounts`` knows keys of accounts (0 for none), ``places`` those of goods in :meth:`table`
    (-1 for none); ``made`` has the keys of what had to be made.
    """

    def __init__(
        self, connection: Connection, uids: UidMaker, currency: str, territory: int | None
    ) -> None:
        self._connection, self._uids = connection, uids
        self._currency, self._territory = currency, territory
        run = connection.exec_driver_sql
        self._by_code = {str(row[0]): int(row[1]) for row in run("SELECT code, id FROM account")}
        self._products = {
            str(row[0]): _Product(int(row[1]), int(row[2]), str(row[3] or "EA").upper())
            for row in run("SELECT sku, id, price_per, base_unit FROM product")
        }
        self._packs = {
            (int(r[0]), str(r[1]), int(r[2])): int(r[3])
            for r in run("SELECT product_id, unit, factor, id FROM packaging")
        }
        self._factors = {
            (product, unit): factor for product, unit, factor in sorted(self._packs, reverse=True)
        }
        self._goods: dict[tuple[str, str, int], int] = {}
        self._all: list[_Goods] = []
        self._table: dict[str, Ints] = {}
        self._tabled = 0
        self._next = {
            name: int(run(f"SELECT coalesce(max(id), 0) FROM {name}").scalar_one()) + 1  # noqa: S608
            for name in _COLUMNS
        }
        self._waiting: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}
        self.accounts, self.places = Known(0), Known(-1)
        self.made: dict[str, list[int]] = {name: [] for name in _COLUMNS}
        self.weighed: list[str] = []
        """SKUs that were made as goods by weight or volume."""
        self.without_unit: dict[str, None] = {}
        """SKUs by weight whose quantities came without a unit."""

    def take(self, line: Line, account_number: int, goods_number: int) -> Counted:
        """Count one line and make what it names; ValueError when it cannot be taken."""
        named = (line.sku, line.unit, line.pack)
        place = self._goods.get(named)
        known = self._foreseen(line) if place is None else self._all[place]
        packs, base, factor, single = _in_packs(line.milli, known)
        net, cost = self._amounts(line, base, known)
        if place is None:
            place = self._goods[named] = len(self._all)
            self._all.append(self._make_goods(line, known))
        goods = self._all[place]
        account = self._by_code.get(line.account) or self._make_account(line)
        self.accounts.learn(account_number, account)
        self.places.learn(goods_number, place)
        packaging = goods.single if single else goods.packaging
        return Counted(account, goods.product, packaging, packs, factor, base, net, cost)

    def table(self) -> dict[str, Ints]:
        """All goods met so far as columns, in the order of their places."""
        if self._tabled < len(self._all) or not self._table:
            table = np.array(self._all, np.int64).reshape(-1, len(_Goods._fields))
            self._table = {name: table[:, at].copy() for at, name in enumerate(_Goods._fields)}
            self._tabled = len(self._all)
        return self._table

    def write(self) -> None:
        """Write what was made since the last time, parents first."""
        for name, rows in self._waiting.items():
            insert_rows(self._connection, name, _COLUMNS[name], rows)
            rows.clear()

    def _amounts(self, line: Line, base: int, known: _Goods) -> tuple[int, int | None]:
        if 0 < known.weight < cells.LARGE and (
            line.cost_e4 or (line.net_minor is None and line.price_e4)
        ):
            raise ValueError(
                _(
                    "a price for goods counted in {unit} is not clear: give the amount, or count in"
                    " kg or l"
                ).format(unit=line.unit.lower())
            )
        net = line.net_minor
        if net is None:
            net = self._priced(line.price_e4, line.milli, known.per)
        elif base < 0 < net:
            net = -net
        elif net < 0 < base:
            raise ValueError(_("the amount is negative, the quantity is not"))
        cost = None
        if line.cost_e4 is not None:
            cost = self._priced(line.cost_e4, line.milli, known.per)
        most = cells.MAX_MINOR
        if not (-most <= net <= most and -most <= (cost or 0) <= most):
            raise ValueError(_("the amount is too large"))
        if not -cells.MAX_QUANTITY <= base <= cells.MAX_QUANTITY:
            raise ValueError(_("the quantity is too large"))
        return net, cost

    def _priced(self, price_e4: int, milli: int, per: int) -> int:
        scale = 10 ** currency_exponent(self._currency)
        return divide_half_even(price_e4 * milli * scale, PRICE_SCALE * per * 1000)

    def _foreseen(self, line: Line) -> _Goods:
        """The goods of a line that is named like this for the first time; nothing is made yet."""
        product = self._products.get(line.sku)
        weight = self._weight(line, product)
        if weight:
            return _Goods(
                product.key if product else 0, 1, 0, cells.LARGE, 0, counted=True, weight=weight
            )
        factor = line.pack or 1
        if line.unit and not line.pack and product:
            single = 1 if line.unit == "EA" and not is_weighed(product.base_unit) else 0
            factor = self._factors.get((product.key, line.unit), single)
            if not factor:
                raise ValueError(self._why_unknown(line, product))
        per = product.per if product and not line.unit else 1
        return _Goods(product.key if product else 0, per, 0, factor, 0, counted=bool(line.unit))

    def _weight(self, line: Line, product: _Product | None) -> int:
        """How many base units the line's measure holds; 0 where it counts packs or pieces."""
        base_unit, weight = cells.WEIGHTS.get(line.unit, ("", 0))
        if product is None:
            return weight
        if not line.unit and not line.pack and is_weighed(product.base_unit):
            self.without_unit[line.sku] = None
            return cells.LARGE
        return weight if base_unit == product.base_unit else 0

    @staticmethod
    def _why_unknown(line: Line, product: _Product) -> str:
        if line.unit in cells.WEIGHTS and not is_weighed(product.base_unit):
            return _("{sku} is counted in pieces, not in {unit}").format(
                sku=line.sku, unit=line.unit.lower()
            )
        if line.unit == "EA":
            return _("{sku} is sold by weight, and what a piece of it weighs is not known").format(
                sku=line.sku
            )
        return _("the unit {unit} of {sku} is not known").format(unit=line.unit, sku=line.sku)

    def _make_goods(self, line: Line, known: _Goods) -> _Goods:
        found = self._products.get(line.sku)
        if found is None:
            found = self._make_product(line)
        if known.weight:
            packaging = self._pack(found.key, _LARGE_UNITS[found.base_unit], cells.LARGE)
            return known._replace(product=found.key, packaging=packaging)
        single = self._packs.get((found.key, "EA", 1), 0)
        counted = bool(line.unit)
        if not counted and known.factor == 1:
            return _Goods(found.key, found.per, single, 1, single, counted)
        packaging = self._pack(found.key, line.unit or "CS", known.factor)
        per = 1 if counted else found.per
        return _Goods(found.key, per, packaging, known.factor, single, counted)

    def _make_product(self, line: Line) -> _Product:
        base_unit = cells.WEIGHTS.get(line.unit, ("EA", 1))[0]
        per = cells.LARGE if is_weighed(base_unit) else 1
        key = self._make("product", line.sku, line.name or line.sku, base_unit, per)
        found = self._products[line.sku] = _Product(key, per, base_unit)
        if is_weighed(base_unit):
            self.weighed.append(line.sku)
        else:
            # A new SKU that is only known by the case is counted in cases.
            self._pack(key, line.unit if line.unit and not line.pack else "EA", 1)
        return found

    def _pack(self, product: int, unit: str, factor: int) -> int:
        key = self._packs.get((product, unit, factor))
        if key is None:
            key = self._packs[(product, unit, factor)] = self._make(
                "packaging", product, unit, factor
            )
            self._factors.setdefault((product, unit), factor)
        return key

    def _make_account(self, line: Line) -> int:
        key = self._by_code[line.account] = self._make(
            "account", line.account, line.account_name or line.account, line.country or None,
            self._territory, "active", line.day,
        )  # fmt: skip
        return key

    def _make(self, name: str, *values: Any) -> int:
        key = self._next[name]
        self._next[name] = key + 1
        self._waiting[name].append((key, self._uids(), *values))
        self.made[name].append(key)
        return key


def _in_packs(milli: int, goods: _Goods) -> tuple[int, int, int, bool]:
    """Packs, base units, factor, and whether the line is counted in single base units instead."""
    if goods.weight:
        base, finer = divmod(milli * goods.weight, 1000)
        if finer:
            raise ValueError(_("the quantity is finer than a gram or a millilitre"))
        return whole_packs(base), base, cells.LARGE, False
    quantity, finer = divmod(milli, 1000)
    if goods.counted:
        if not finer:
            return quantity, quantity * goods.factor, goods.factor, False
        base, finer = divmod(milli * goods.factor, 1000)
        if not finer:
            return base, base, 1, True
    if finer:
        raise ValueError(
            _(
                "the quantity {number} is not a whole number; goods by weight need a unit: kg, g, l"
                " or ml"
            ).format(number=format_number(milli / 1000, 3))
        )
    packs, rest = divmod(quantity, goods.factor)
    if rest:
        return quantity, quantity, 1, True
    return packs, quantity, goods.factor, False


def whole_packs(base: int) -> int:
    """The kilograms or litres that stand for so many grams or millilitres: the nearest, at least
    one, with their sign.
    """
    packs = max((abs(base) + cells.LARGE // 2) // cells.LARGE, 1)
    return packs if base > 0 else -packs

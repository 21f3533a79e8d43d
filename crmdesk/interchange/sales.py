"""Imported sales: one row per sold line becomes a line of a sale or return document.

Rows are streamed into the store inside the caller's transaction. Accounts, products and
packagings that are unknown are made. A document is (account, date, document number, sale or
return); lines keep the order of the file, and identical lines are distinct sales.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection

from crmdesk.domain.ids import UidMaker
from crmdesk.domain.pricing import amount_minor
from crmdesk.i18n import _
from crmdesk.interchange import cells
from crmdesk.interchange.ledger import Ledger
from crmdesk.storage.bulk import insert_rows

_K = TypeVar("_K")
_V = TypeVar("_V")

_FLUSH = 20_000
_PULSE = 2_000
_REMEMBERED = 500_000
_ACCOUNT_COLUMNS = (
    "id", "uid", "code", "name", "country", "territory_id", "status", "acquired_on",
)  # fmt: skip
_PRODUCT_COLUMNS = ("id", "uid", "sku", "name")
_PACK_COLUMNS = ("id", "uid", "product_id", "unit", "factor")
_SALE_COLUMNS = ("id", "uid", "account_id", "kind", "date", "document", "currency", "batch_uid")
_LINE_COLUMNS = (
    "parent_id", "position", "product_id", "packaging_id", "quantity", "factor", "base_quantity",
    "net_minor", "cost_minor",
)  # fmt: skip
_FIELDS = (
    "account", "sku", "date", "quantity", "unit", "pack", "unit_price", "amount", "cost",
    "document", "account_name", "country", "description",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SalesContext:
    """What an import writes with: ids, currency, the batch, the territory of new accounts."""

    uids: UidMaker
    currency: str
    batch_uid: bytes
    territory_id: int | None
    today: date


class _Line(NamedTuple):
    account: str
    account_name: str
    country: str
    sku: str
    name: str
    day: str
    quantity: int
    unit: str
    pack: int
    net_minor: int | None
    price_e4: int
    cost_e4: int | None
    document: str


class _Goods(NamedTuple):
    """A product as a line names it; ``single`` is its packaging of one base unit."""

    product: int
    per: int
    packaging: int | None
    factor: int
    single: int | None


class SalesWriter:
    """Takes parsed rows and writes documents, lines and what they refer to, in bulk.

    ``made`` holds the keys of new accounts, products and packagings.
    """

    def __init__(self, connection: Connection, context: SalesContext) -> None:
        self._connection = connection
        self._context = context
        run = connection.exec_driver_sql
        self._accounts = {row[0]: int(row[1]) for row in run("SELECT code, id FROM account")}
        self._products = {
            row[0]: (int(row[1]), int(row[2]))
            for row in run("SELECT sku, id, price_per FROM product")
        }
        self._packs = {
            (int(r[0]), str(r[1]), int(r[2])): int(r[3])
            for r in run("SELECT product_id, unit, factor, id FROM packaging")
        }
        self._factors = {
            (product, unit): factor for product, unit, factor in sorted(self._packs, reverse=True)
        }
        self._goods: dict[tuple[str, str, int], _Goods] = {}
        self._documents: dict[tuple[int, str, str, bool], list[int]] = {}
        self._next = {
            name: int(run(f"SELECT coalesce(max(id), 0) FROM {name}").scalar_one()) + 1  # noqa: S608
            for name in ("account", "product", "packaging", "sale")
        }
        self._waiting: dict[str, list[tuple[Any, ...]]] = {
            name: [] for name in ("account", "product", "packaging", "sale", "sale_line")
        }
        self._lines = self._waiting["sale_line"]
        self.made: dict[str, list[int]] = {"account": [], "product": [], "packaging": []}

    def add(self, line: _Line) -> None:
        """Add one line; ValueError when its unit is not known for an existing SKU.

        A line that is refused makes nothing.
        """
        named = (line.sku, line.unit, line.pack)
        goods = self._goods.get(named)
        known = goods if goods is not None else self._foreseen(line)
        packaging, factor = known.packaging, known.factor
        if line.unit:
            packs, base = line.quantity, line.quantity * factor
        else:
            packs, rest = divmod(line.quantity, factor)
            base = line.quantity
            if rest:
                packs, factor, packaging = base, 1, known.single
        net, cost = self._amounts(line, base, known.per)
        if goods is None:
            goods = self._goods[named] = self._make_goods(line, known.factor)
            packaging = goods.packaging if factor == goods.factor else goods.single
        account = self._accounts.get(line.account)
        if account is None:
            account = self._make_account(line)
        kind = (account, line.day, line.document, base > 0)
        found = self._documents.get(kind)
        if found is None:
            found = self._documents[kind] = self._make_sale(account, line, base > 0)
        found[1] += 1
        self._lines.append(
            (found[0], found[1], goods.product, packaging, packs, factor, base, net, cost)
        )
        if len(self._lines) >= _FLUSH:
            self.flush()

    def _amounts(self, line: _Line, base: int, per: int) -> tuple[int, int | None]:
        currency = self._context.currency
        net = line.net_minor
        if net is None:
            net = amount_minor(line.price_e4, line.quantity, per, currency)
        elif base < 0 < net:
            net = -net
        cost = None
        if line.cost_e4 is not None:
            cost = amount_minor(line.cost_e4, line.quantity, per, currency)
        most = cells.MAX_MINOR
        if not (-most <= net <= most and -most <= (cost or 0) <= most):
            raise ValueError(_("the amount is too large"))
        if not -cells.MAX_QUANTITY <= base <= cells.MAX_QUANTITY:
            raise ValueError(_("the quantity is too large"))
        return net, cost

    def _foreseen(self, line: _Line) -> _Goods:
        """The goods of a line that is named like this for the first time; nothing is made yet."""
        product, per = self._products.get(line.sku, (0, 1))
        factor = line.pack or 1
        if line.unit and not line.pack and product:
            factor = self._factors.get((product, line.unit), 1 if line.unit == "EA" else 0)
            if not factor:
                raise ValueError(
                    _("the unit {unit} of {sku} is not known").format(unit=line.unit, sku=line.sku)
                )
        return _Goods(product, per, None, factor, None)

    def _make_goods(self, line: _Line, factor: int) -> _Goods:
        found = self._products.get(line.sku)
        if found is None:
            key = self._make("product", line.sku, line.name or line.sku)
            found = self._products[line.sku] = (key, 1)
            # A new SKU that is only known by the case is counted in cases.
            self._pack(key, line.unit if line.unit and not line.pack else "EA", 1)
        product, per = found
        single = self._packs.get((product, "EA", 1))
        if not line.unit and factor == 1:
            return _Goods(product, per, single, 1, single)
        return _Goods(product, per, self._pack(product, line.unit or "CS", factor), factor, single)

    def _pack(self, product: int, unit: str, factor: int) -> int:
        key = self._packs.get((product, unit, factor))
        if key is None:
            key = self._packs[(product, unit, factor)] = self._make(
                "packaging", product, unit, factor
            )
            self._factors.setdefault((product, unit), factor)
        return key

    def _make_account(self, line: _Line) -> int:
        key = self._accounts[line.account] = self._make(
            "account", line.account, line.account_name or line.account, line.country or None,
            self._context.territory_id, "active", line.day,
        )  # fmt: skip
        return key

    def _make(self, name: str, *values: Any) -> int:
        key = self._next[name]
        self._next[name] = key + 1
        self._waiting[name].append((key, self._context.uids(), *values))
        self.made[name].append(key)
        return key

    def _make_sale(self, account: int, line: _Line, is_sale: bool) -> list[int]:  # noqa: FBT001
        key = self._next["sale"]
        self._next["sale"] = key + 1
        self._waiting["sale"].append(
            (
                key, self._context.uids(), account, "sale" if is_sale else "return", line.day,
                line.document or None, self._context.currency, self._context.batch_uid,
            )
        )  # fmt: skip
        return [key, 0]

    def flush(self) -> None:
        """Write what has gathered, parents first."""
        columns = {
            "account": _ACCOUNT_COLUMNS, "product": _PRODUCT_COLUMNS, "packaging": _PACK_COLUMNS,
            "sale": _SALE_COLUMNS, "sale_line": _LINE_COLUMNS,
        }  # fmt: skip
        for name, rows in self._waiting.items():
            insert_rows(self._connection, name, columns[name], rows)
            rows.clear()

    def finish(self) -> None:
        """Write the rest and the totals of the documents."""
        self.flush()
        self._connection.exec_driver_sql(
            "UPDATE sale SET (net_minor, cost_minor, line_count) = (SELECT sum(l.net_minor),"
            " coalesce(sum(l.cost_minor), 0), count(*) FROM sale_line l WHERE l.parent_id ="
            " sale.id) WHERE batch_uid = ?",
            (self._context.batch_uid,),
        )


class SalesParser:
    """Cells → lines, by the columns found; remembers what it has parsed before."""

    def __init__(
        self, places: Mapping[str, int], context: SalesContext, samples: list[str]
    ) -> None:
        self._width = max(places.values()) + 1
        # A field without a column reads the empty cell behind the last one.
        self._cells: Callable[[list[str]], tuple[str, ...]] = itemgetter(
            *(places.get(name, self._width) for name in _FIELDS)
        )
        self._context = context
        self._day_first = cells.day_first(samples)
        self._dates: dict[str, str] = {}
        self._quantities: dict[str, int] = {}
        self._prices: dict[str, int | None] = {"": None}
        self._texts: dict[str, str] = {"": ""}
        self._packs: dict[tuple[str, str], tuple[str, int]] = {("", ""): ("", 0)}

    def parse(self, row: list[str]) -> _Line:
        """The line of a row; ValueError with the reason when it cannot be one."""
        width = self._width
        row = (
            row[:width] + [""] * (width + 1 - len(row)) if len(row) < width else [*row[:width], ""]
        )
        (
            account, sku, day, quantity, unit, pack, price, amount, cost, document, account_name,
            country, name,
        ) = self._cells(row)  # fmt: skip
        text = self._text
        account, sku = text(account), text(sku)
        if not account:
            raise ValueError(_("no customer"))
        if not sku:
            raise ValueError(_("no SKU"))
        if len(account) > 40 or len(sku) > 60:
            raise ValueError(_("a code is too long"))
        unit, factor = self._packs.get((unit, pack)) or self._pack(unit, pack)
        price_e4 = self._price(price)
        net = None
        if price_e4 is None and amount.strip():
            net = cells.read_amount_minor(amount.strip(), self._context.currency)
        return _Line(
            account, text(account_name), text(country), sku, text(name), self._date(day),
            self._quantity(quantity), unit, factor, net, price_e4 or 0, self._price(cost),
            text(document)[:60],
        )  # fmt: skip

    def _pack(self, unit_cell: str, pack_cell: str) -> tuple[str, int]:
        unit_text = unit_cell.strip().casefold().rstrip(".")
        pack_text = pack_cell.strip()
        unit = cells.read_unit(unit_cell)
        pack = cells.read_quantity(pack_text) if pack_text else 0
        if unit_text.isdecimal():
            unit, pack = "", cells.read_quantity(unit_text)
        if pack < 0:
            raise ValueError(_("a pack is smaller than one"))
        return _remember(self._packs, (unit_cell, pack_cell), (unit, pack))

    def _text(self, text: str) -> str:
        found = self._texts.get(text)
        return _remember(self._texts, text, cells.read_text(text)) if found is None else found

    def _quantity(self, text: str) -> int:
        found = self._quantities.get(text)
        if found is None:
            found = _remember(self._quantities, text, cells.read_quantity(text.strip()))
        return found

    def _date(self, text: str) -> str:
        found = self._dates.get(text)
        if found is None:
            day = cells.read_date(text.strip(), day_comes_first=self._day_first)
            if (day - self._context.today).days > 366:
                raise ValueError(_("the date {date} is in the future").format(date=text[:20]))
            found = _remember(self._dates, text, day.isoformat())
        return found

    def _price(self, text: str) -> int | None:
        try:
            return self._prices[text]
        except KeyError:
            price = cells.read_price_e4(text.strip()) if text.strip() else None
            return _remember(self._prices, text, price)


def _remember(known: dict[_K, _V], key: _K, value: _V) -> _V:
    """Keep what was parsed, as long as there is not too much of it."""
    if len(known) < _REMEMBERED:
        known[key] = value
    return value


def write_rows(
    rows: Iterable[tuple[int, list[str]]],
    parser: SalesParser,
    writer: SalesWriter,
    ledger: Ledger,
    pulse: Callable[[int], None],
) -> None:
    """Parse and write rows, counting each; ``pulse`` hears the count every few thousand rows."""
    parse, add = parser.parse, writer.add
    for line, row in rows:
        ledger.rows += 1
        try:
            add(parse(row))
            ledger.created += 1
        except ValueError as error:
            ledger.reject(line, str(error), row)
        if not ledger.rows % _PULSE:
            pulse(ledger.rows)

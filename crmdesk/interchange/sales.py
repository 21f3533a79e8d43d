"""Imported sales: one row per sold line becomes a line of a sale or return document.

Rows are streamed into the store inside the caller's transaction. Accounts, products and
packagings that are unknown are made. A document is (account, date, document number, sale or
return); lines keep the order of the file, and identical lines are distinct sales.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.ids import UidMaker
from crmdesk.domain.pricing import amount_minor
from crmdesk.i18n import _
from crmdesk.interchange import cells
from crmdesk.interchange.ledger import Ledger
from crmdesk.storage.bulk import insert_rows

_FLUSH = 20_000
_SALE_COLUMNS = ("id", "uid", "account_id", "kind", "date", "document", "currency", "batch_uid")
_LINE_COLUMNS = (
    "parent_id", "position", "product_id", "packaging_id", "quantity", "factor", "base_quantity",
    "net_minor", "cost_minor",
)  # fmt: skip
_UNITS = {
    "ea": "EA", "each": "EA", "unit": "EA", "units": "EA", "pc": "EA", "pcs": "EA", "ud": "EA",
    "uds": "EA", "unidad": "EA", "unidades": "EA", "sht": "EA", "шт": "EA", "in": "IN",
    "inner": "IN", "cs": "CS", "case": "CS", "cases": "CS", "caja": "CS", "cajas": "CS",
    "кор": "CS", "bu": "BU", "bulk": "BU", "pl": "PL", "pallet": "PL", "palet": "PL",
    "паллета": "PL",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SalesContext:
    """What an import writes with: ids, currency, the batch, the territory of new accounts."""

    uids: UidMaker
    currency: str
    batch_uid: bytes
    territory_id: int | None
    today: date


@dataclass(frozen=True, slots=True)
class _Line:
    account: str
    account_name: str
    country: str | None
    sku: str
    name: str
    day: date
    quantity: int
    unit: str
    pack: int
    net_minor: int | None
    price_e4: int
    cost_e4: int | None
    document: str


class SalesWriter:
    """Takes parsed rows and writes documents, lines and what they refer to, in bulk."""

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
        self._documents: dict[tuple[int, str, str, str], list[int]] = {}
        self._next_sale = int(run("SELECT coalesce(max(id), 0) FROM sale").scalar_one()) + 1
        self._sales: list[tuple[Any, ...]] = []
        self._lines: list[tuple[Any, ...]] = []
        self.made: dict[str, list[int]] = {"account": [], "product": [], "packaging": []}

    def add(self, line: _Line) -> None:
        """Add one line; ValueError when its unit is not known for an existing SKU."""
        product, per = self._product(line)
        packaging, factor = self._packaging(product, line)
        account = self._account(line)
        base = line.quantity * factor if line.unit else line.quantity
        packs = line.quantity if line.unit or base % factor else base // factor
        if not line.unit and base % factor:
            packaging, factor, packs = self._packs.get((product, "EA", 1)), 1, base
        kind = "sale" if base > 0 else "return"
        net = line.net_minor
        if net is None:
            net = amount_minor(line.price_e4, line.quantity, per, self._context.currency)
        elif base < 0 < net:
            net = -net
        cost = None
        if line.cost_e4 is not None:
            cost = amount_minor(line.cost_e4, line.quantity, per, self._context.currency)
        day = line.day.isoformat()
        found = self._documents.get((account, day, line.document, kind))
        if found is None:
            found = self._documents[(account, day, line.document, kind)] = [self._next_sale, 0]
            self._sales.append(
                (
                    self._next_sale, self._context.uids(), account, kind, day,
                    line.document or None, self._context.currency, self._context.batch_uid,
                )
            )  # fmt: skip
            self._next_sale += 1
        found[1] += 1
        self._lines.append((found[0], found[1], product, packaging, packs, factor, base, net, cost))
        if len(self._lines) >= _FLUSH:
            self.flush()

    def _account(self, line: _Line) -> int:
        key = self._accounts.get(line.account)
        if key is None:
            key = self._insert(
                "account",
                "INSERT INTO account (uid, code, name, country, territory_id, status, acquired_on)"
                " VALUES (?, ?, ?, ?, ?, 'active', ?) RETURNING id",
                (
                    self._context.uids(), line.account, line.account_name or line.account,
                    line.country, self._context.territory_id, line.day.isoformat(),
                ),
            )  # fmt: skip
            self._accounts[line.account] = key
        return key

    def _product(self, line: _Line) -> tuple[int, int]:
        found = self._products.get(line.sku)
        if found is None:
            key = self._insert(
                "product",
                "INSERT INTO product (uid, sku, name) VALUES (?, ?, ?) RETURNING id",
                (self._context.uids(), line.sku, line.name or line.sku),
            )
            found = self._products[line.sku] = (key, 1)
            # A new SKU that is only known by the case is counted in cases.
            self._new_packaging(key, line.unit if line.unit and not line.pack else "EA", 1)
        return found

    def _packaging(self, product: int, line: _Line) -> tuple[int | None, int]:
        if line.unit:
            factor = line.pack or self._factors.get((product, line.unit), 0)
            if not factor and line.unit == "EA":
                factor = 1
            if not factor:
                raise ValueError(
                    _("the unit {unit} of {sku} is not known").format(unit=line.unit, sku=line.sku)
                )
        elif line.pack > 1:
            factor = line.pack
        else:
            return self._packs.get((product, "EA", 1)), 1
        unit = line.unit or "CS"
        key = self._packs.get((product, unit, factor))
        if key is None:
            key = self._new_packaging(product, unit, factor)
        return key, factor

    def _new_packaging(self, product: int, unit: str, factor: int) -> int:
        key = self._insert(
            "packaging",
            "INSERT INTO packaging (uid, product_id, unit, factor) VALUES (?, ?, ?, ?)"
            " RETURNING id",
            (self._context.uids(), product, unit, factor),
        )
        self._packs[(product, unit, factor)] = key
        self._factors.setdefault((product, unit), factor)
        return key

    def _insert(self, name: str, query: str, values: tuple[Any, ...]) -> int:
        key = int(self._connection.exec_driver_sql(query, values).scalar_one())
        self.made[name].append(key)
        return key

    def flush(self) -> None:
        """Write what has gathered."""
        insert_rows(self._connection, "sale", _SALE_COLUMNS, self._sales)
        insert_rows(self._connection, "sale_line", _LINE_COLUMNS, self._lines)
        self._sales.clear()
        self._lines.clear()

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
        self._places = places
        self._context = context
        self._day_first = cells.day_first(samples)
        self._dates: dict[str, date] = {}
        self._prices: dict[str, int] = {}
        self._texts: dict[str, str] = {}

    def parse(self, row: list[str]) -> _Line:
        """The line of a row; ValueError with the reason when it cannot be one."""
        get = self._cell
        account, sku = self._text(get(row, "account")), self._text(get(row, "sku"))
        if not account:
            raise ValueError(_("no customer"))
        if not sku:
            raise ValueError(_("no SKU"))
        if len(account) > 40 or len(sku) > 60:
            raise ValueError(_("a code is too long"))
        unit_text = get(row, "unit").casefold().rstrip(".")
        pack_text = get(row, "pack")
        unit = _UNITS.get(unit_text, unit_text.upper()[:8])
        pack = cells.read_quantity(pack_text) if pack_text else 0
        if unit_text.isdigit():
            unit, pack = "", int(unit_text)
        if pack < 0:
            raise ValueError(_("a pack is smaller than one"))
        amount, cost = get(row, "amount"), get(row, "cost")
        price = get(row, "unit_price")
        return _Line(
            account=account,
            account_name=self._text(get(row, "account_name")),
            country=self._text(get(row, "country")) or None,
            sku=sku,
            name=self._text(get(row, "description")),
            day=self._date(get(row, "date")),
            quantity=cells.read_quantity(get(row, "quantity")),
            unit=unit,
            pack=pack,
            net_minor=cells.read_amount_minor(amount, self._context.currency)
            if amount and not price
            else None,
            price_e4=self._price(price) if price else 0,
            cost_e4=self._price(cost) if cost else None,
            document=self._text(get(row, "document"))[:60],
        )

    def _cell(self, row: list[str], field: str) -> str:
        place = self._places.get(field)
        return row[place].strip() if place is not None and place < len(row) else ""

    def _text(self, text: str) -> str:
        found = self._texts.get(text)
        if found is None:
            found = self._texts[text] = cells.read_text(text)
        return found

    def _date(self, text: str) -> date:
        found = self._dates.get(text)
        if found is None:
            found = cells.read_date(text, day_comes_first=self._day_first)
            if (found - self._context.today).days > 366:
                raise ValueError(_("the date {date} is in the future").format(date=text[:20]))
            self._dates[text] = found
        return found

    def _price(self, text: str) -> int:
        found = self._prices.get(text)
        if found is None:
            found = self._prices[text] = cells.read_price_e4(text)
        return found


def write_rows(
    rows: Iterator[tuple[int, list[str]]], parser: SalesParser, writer: SalesWriter, ledger: Ledger
) -> Iterator[int]:
    """Parse and write rows, counting each; yields the rows read after each to report progress."""
    for line, row in rows:
        ledger.rows += 1
        try:
            writer.add(parser.parse(row))
            ledger.created += 1
        except ValueError as error:
            ledger.reject(line, str(error), row)
        yield ledger.rows

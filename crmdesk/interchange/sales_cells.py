"""Cells of a sales file: one row as a line with its reasons, many rows as columns of numbers.

A row by itself is parsed by :meth:`SalesParser.line`, which says what is wrong with it. Whole
chunks are read by :meth:`SalesParser.columns`: each different cell is parsed once and stands for
a whole number, so that a million rows cost look-ups. What the numbers mean for accounts and
products is :mod:`crmdesk.interchange.sales_goods`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from crmdesk.i18n import _
from crmdesk.interchange import cells, days
from crmdesk.interchange.csv_rows import Chunk, LineRows, columns_of
from crmdesk.interchange.sales_writing import Writing

if TYPE_CHECKING:
    from crmdesk.interchange.tables import TableFile

Ints = npt.NDArray[np.int64]
Key = str | tuple[str, ...]

BAD = -(1 << 62)
"""Stands for a cell that cannot be what it should."""
NONE = BAD + 1
"""Stands for an empty cell where a value may be missing."""

UNNUMBERED = -1
"""Stands for a naming too long to be remembered; each of its rows is looked at by itself."""

_REMEMBERED = 500_000
_MOST_NAMING = 400
_EPOCH = date(1970, 1, 1).toordinal()


class Line(NamedTuple):
    """One sold line as its row says it: ``milli`` thousandths of its unit; ``pack`` is 0 where the
    row names none.
    """

    account: str
    account_name: str
    country: str
    sku: str
    name: str
    day: str
    milli: int
    unit: str
    pack: int
    net_minor: int | None
    price_e4: int
    cost_e4: int | None
    document: str


@dataclass(frozen=True, slots=True)
class Columns:
    """A chunk of rows as columns.

    ``account`` and ``goods`` number the different ways the file names them, ``UNNUMBERED`` where it
    does so with too many words; ``document`` numbers the texts of documents, ``day`` counts from
    1970-01-01; ``BAD`` and ``NONE`` stand for cells without a value. ``bad`` marks rows that only
    :meth:`SalesParser.line` can judge.
    """

    account: Ints
    goods: Ints
    day: Ints
    quantity: Ints
    price_e4: Ints
    amount_minor: Ints
    cost_e4: Ints
    document: Ints
    bad: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SalesChunk:
    """Rows of a sales file with their lines in it, and the same as columns (None without rows).

    ``documents`` are the texts that have got a number here, following those of earlier chunks;
    ``digest`` is that of what has been read of the file by then.
    """

    numbers: Sequence[int]
    rows: Sequence[list[str]]
    columns: Columns | None
    documents: list[str]
    digest: str = ""


class _Namings(dict[Key, int]):
    """Cells that name something → their numbers, in order of appearance."""

    def __missing__(self, cells: Key) -> int:
        if sum(map(len, cells)) > _MOST_NAMING:
            return UNNUMBERED
        number = self[cells] = len(self)
        return number


class _Codes(dict[str, int]):
    """Cells → numbers, each read once; ``BAD`` for what cannot be read."""

    def __init__(self, read: Callable[[str], int]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> int:
        try:
            code = self._read(cell)
        except ValueError:
            code = BAD
        if len(self) < _REMEMBERED:
            self[cell] = code
        return code

    def column(self, found: Sequence[str]) -> Ints:
        """A column of cells as numbers."""
        return np.fromiter(map(self.__getitem__, found), np.int64, len(found))

    def misread(self, found: Sequence[str]) -> npt.NDArray[np.bool_] | None:
        """Which cells of a column cannot be read; None where every one can."""
        if any(self[cell] == BAD for cell in set(found)):
            return np.equal(self.column(found), BAD)
        return None


class SalesParser:
    """Rows → lines and columns, by the columns found and how the file is written.

    ``contrary`` is the first date that only the other order explains, where no sample told it.
    """

    def __init__(
        self, places: Mapping[str, int], currency: str, today: date, writing: Writing
    ) -> None:
        self._places = places
        self._width = max(places.values()) + 1
        self._currency, self._today = currency, today
        self._writing, self._mark = writing, writing.mark
        self.contrary = ""
        self._named = tuple(places[n] for n in ("sku", "unit", "pack") if n in places)
        self._accounts, self._goods = _Namings(), _Namings()
        self._document_numbers: dict[str, int] = {}
        self._new_documents: list[str] = []
        self._codes = {
            "date": _Codes(self._day_number),
            "quantity": _Codes(lambda cell: cells.read_quantity(cell.strip(), self._mark)),
            "unit_price": _Codes(self._price_code),
            "amount": _Codes(self._amount_code),
            "cost": _Codes(self._price_code),
            "document": _Codes(self._document_number),
        }
        # Their words count only where something is made, but a row may be refused for them.
        self._words = {n: _Codes(_readable) for n in ("account_name", "country", "description")}

    def chunk(
        self, numbers: Sequence[int], rows: Sequence[list[str]], digest: str = ""
    ) -> SalesChunk:
        """A chunk of rows of a file, read; ``digest`` is that of the file so far."""
        columns = self.columns(rows) if len(rows) else None
        documents, self._new_documents = self._new_documents, []
        return SalesChunk(numbers, rows, columns, documents, digest)

    def columns(self, rows: Sequence[list[str]]) -> Columns:
        """A chunk of rows, at least one, as columns."""
        width, count = self._width, len(rows)
        found = rows.columns(width) if isinstance(rows, LineRows) else columns_of(rows, width)

        def of(name: str) -> Ints:
            place = self._places.get(name)
            if place is None:
                empty = self._codes[name][""]
                return np.full(count, empty, np.int64)
            return self._codes[name].column(found[place])

        read = {name: of(name) for name in self._codes}
        bad = read["date"] == BAD
        for name in self._codes.keys() - {"date", "amount"}:
            bad |= read[name] == BAD
        bad |= (read["unit_price"] == NONE) & (read["amount"] == BAD)
        for name, codes in self._words.items():
            misread = codes.misread(found[self._places[name]]) if name in self._places else None
            if misread is not None:
                bad |= misread
        named: Iterable[Key] = found[self._named[0]]
        if len(self._named) > 1:
            named = zip(*(found[place] for place in self._named), strict=True)
        accounts = map(self._accounts.__getitem__, found[self._places["account"]])
        return Columns(
            np.fromiter(accounts, np.int64, count),
            np.fromiter(map(self._goods.__getitem__, named), np.int64, count),
            read["date"], read["quantity"], read["unit_price"], read["amount"], read["cost"],
            read["document"], bad,
        )  # fmt: skip

    def line(self, row: list[str]) -> Line:
        """The line of a row; ValueError with the reason when it cannot be one."""
        account, sku = self._text(row, "account"), self._text(row, "sku")
        if not account:
            raise ValueError(_("no customer"))
        if not sku:
            raise ValueError(_("no SKU"))
        if len(account) > 40 or len(sku) > 60:
            raise ValueError(_("a code is too long"))
        unit, pack = _unit_and_pack(self._cell(row, "unit"), self._cell(row, "pack"))
        price_e4 = self._price(self._cell(row, "unit_price"))
        amount, net = self._cell(row, "amount").strip(), None
        if price_e4 is None and amount:
            net = cells.read_amount_minor(amount, self._currency, self._mark)
        return Line(
            account, self._text(row, "account_name"), self._text(row, "country"), sku,
            self._text(row, "description"), self._day(self._cell(row, "date")).isoformat(),
            cells.read_milli(self._cell(row, "quantity").strip(), self._mark), unit, pack, net,
            price_e4 or 0, self._price(self._cell(row, "cost")), self._text(row, "document")[:60],
        )  # fmt: skip

    def _cell(self, row: list[str], name: str) -> str:
        place = self._places.get(name)
        return row[place] if place is not None and place < len(row) else ""

    def _text(self, row: list[str], name: str) -> str:
        return cells.read_text(self._cell(row, name))

    def _day(self, cell: str) -> date:
        order = self._writing.order
        try:
            day = days.read_date(cell, order)
        except ValueError:
            if order is days.Order.OPEN and not self.contrary:
                with suppress(ValueError):
                    days.read_date(cell, days.Order.MONTH)
                    self.contrary = cell.strip()[:40]
            raise
        if (day - self._today).days > 366:
            raise ValueError(_("the date {date} is in the future").format(date=cell[:20]))
        return day

    def _day_number(self, cell: str) -> int:
        return self._day(cell).toordinal() - _EPOCH

    def _amount_code(self, cell: str) -> int:
        if not cell.strip():
            return NONE
        return cells.read_amount_minor(cell.strip(), self._currency, self._mark)

    def _price(self, cell: str) -> int | None:
        if not cell.strip():
            return None
        return cells.read_price_e4(cell.strip(), self._mark, self._currency)

    def _price_code(self, cell: str) -> int:
        price = self._price(cell)
        return NONE if price is None else price

    def _document_number(self, cell: str) -> int:
        text = cells.read_text(cell)[:60]
        number = self._document_numbers.get(text)
        if number is None:
            number = self._document_numbers[text] = len(self._document_numbers)
            self._new_documents.append(text)
        return number


def sold_chunks(table: TableFile, head: Chunk, parser: SalesParser) -> Iterator[SalesChunk]:
    """A sales file read in chunks, of which ``head`` is the first; the last one has no rows."""
    for numbers, rows in chain([head], table.chunks):
        if len(rows):
            yield parser.chunk(numbers, rows, table.digest.hex())
    yield parser.chunk((), (), table.digest.hex())


@lru_cache(maxsize=50_000)
def day_text(number: int) -> str:
    """The date behind a day of :class:`Columns`."""
    return date.fromordinal(number + _EPOCH).isoformat()


def _readable(cell: str) -> int:
    cells.read_text(cell)
    return 0


def _unit_and_pack(unit_cell: str, pack_cell: str) -> tuple[str, int]:
    unit_text = unit_cell.strip().casefold().rstrip(".")
    pack_text = pack_cell.strip()
    unit = cells.read_unit(unit_cell)
    pack = cells.read_quantity(pack_text) if pack_text else 0
    if unit_text.isdecimal():
        unit, pack = "", cells.read_quantity(unit_text)
    if pack < 0:
        raise ValueError(_("a pack is smaller than one"))
    if pack and unit in cells.WEIGHTS:
        raise ValueError(
            _("{unit} and units per pack do not go together").format(unit=unit_cell.strip()[:20])
        )
    return unit, pack

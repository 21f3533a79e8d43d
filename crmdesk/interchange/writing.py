"""Tables out: CSV (UTF-8) or XLSX by the file's ending, safe to open in a spreadsheet.

Text that a spreadsheet would run as a formula is written to CSV with a leading apostrophe (source:
OWASP, CSV injection), which :func:`unguarded` takes off again; in XLSX it stays as it is, marked as
text. Numbers stay numbers and dates dates: ISO text in CSV, real dates in XLSX. A text longer than
a cell of a spreadsheet holds is cut and ends with "…".
Files appear whole or not at all.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice, zip_longest
from pathlib import Path

import zstandard

from crmdesk.domain.errors import DiskFull, UserError
from crmdesk.i18n import _
from crmdesk.storage.pausing import without_collecting

Cell = str | int | float | Decimal | date | datetime | None
_RISKY = re.compile("'*(?:\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\\t\\r\\n])")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)
_BREAK = re.compile("\r\n?")
_MOST_CELL = 32_767
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_XLSX_ROWS = 1_048_575
_PLAIN = frozenset({int, float, type(None)})
"""What the CSV writer takes as it is."""

_ROWS_AT_ONCE = 5_000


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a table to ``.csv``, ``.csv.zst`` or ``.xlsx``; returns the number of rows.

    Raises UserError for another ending or too many rows, DiskFull when it cannot be written.
    """
    suffixes = [s.lower() for s in path.suffixes]
    if not (suffixes[-1:] in ([".csv"], [".xlsx"]) or suffixes[-2:] == [".csv", ".zst"]):
        raise UserError(_("{file} must end in .csv, .csv.zst or .xlsx.").format(file=path.name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as work:
            draft = Path(work) / path.name
            write = _write_xlsx if suffixes[-1] == ".xlsx" else _write_csv
            count = write(draft, columns, rows)
            draft.replace(path)
    except OSError as error:
        raise DiskFull(
            _("{file} cannot be written: {reason}.").format(file=path, reason=error.strerror),
            _("Check the folder and the space on the disk."),
        ) from error
    return count


def safe_cell(value: Cell) -> Cell:
    """A cell that no spreadsheet runs as a formula or refuses; numbers and dates stay."""
    if not isinstance(value, str):
        return value
    text = _plain(value, _MOST_CELL - 1)
    return "'" + text if _is_risky(text) else text


def unguarded(text: str) -> str:
    """A text as it was before :func:`safe_cell` made it safe for CSV."""
    return text[1:] if text.startswith("'") and _is_risky(text) else text


def _plain(text: str, most: int) -> str:
    """Without what no spreadsheet holds. A lone CR would end the row, for CSV does not quote it."""
    if not text.isprintable():
        text = _BREAK.sub("\n", _CONTROL.sub("", text))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _is_risky(text: str) -> bool:
    return _RISKY.match(text) is not None and _NUMBER.fullmatch(text) is None


@without_collecting()
def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    count = 0
    with path.open("wb") as raw:
        packed = zstandard.ZstdCompressor().stream_writer(raw) if path.suffix == ".zst" else None
        target = packed or raw
        # The standard library's writer wants text; encode in blocks to keep one pass.
        block = _Block()
        writer = csv.writer(block, lineterminator="\n")
        writer.writerow([safe_cell(column) for column in columns])
        cells = iter(rows)
        while part := list(islice(cells, _ROWS_AT_ONCE)):
            writer.writerows(_as_texts(part))
            count += len(part)
            target.write(block.take())
        target.write(block.take())
        if packed is not None:
            packed.close()  # type: ignore[no-untyped-call,unused-ignore]
    return count


def _as_texts(rows: Sequence[Sequence[Cell]]) -> Iterable[Sequence[Cell]]:
    """Rows as the CSV writer takes them, converted column by column; short ones are filled up."""
    return zip(*map(_column_as_texts, zip_longest(*rows)), strict=True)


def _column_as_texts(column: Sequence[Cell]) -> Iterable[Cell]:
    kinds = set(map(type, column))
    if kinds <= _PLAIN:
        return column
    if kinds == {str}:
        # Codes and words of states recur all the time, so each different text is looked at once.
        texts = {cell: _as_text(cell) for cell in set(column)}
        return map(texts.__getitem__, column)
    return map(_as_text, column)


def _as_text(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return safe_cell(cell)
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None).isoformat(" ", "minutes")
    return cell.isoformat() if isinstance(cell, date) else cell


class _Block:
    """Gathers text for the CSV writer."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, text: str) -> int:
        self._parts.append(text)
        return len(text)

    def take(self) -> bytes:
        data = "".join(self._parts).encode()
        self._parts.clear()
        return data


def _write_xlsx(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    def as_excel(cell: Cell) -> object:
        if isinstance(cell, datetime):
            # Excel knows no time zones; what is local stays local.
            return cell.replace(tzinfo=None)
        if not isinstance(cell, str):
            return cell
        text = _plain(cell, _MOST_CELL)
        if not _is_risky(text):
            return text
        made = WriteOnlyCell(sheet, text)
        made.data_type, made.quotePrefix = "s", True
        return made

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    sheet.append([as_excel(column) for column in columns])
    count = 0
    for row in rows:
        count += 1
        if count > _XLSX_ROWS:
            raise UserError(
                _("A spreadsheet holds at most {count} rows.").format(count=f"{_XLSX_ROWS:,}"),
                _("Export as CSV instead."),
            )
        sheet.append([as_excel(cell) for cell in row])
    book.save(path)
    return count

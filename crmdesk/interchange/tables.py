"""Tables from outside, read as a stream: CSV (any usual encoding and delimiter, ``.zst``), XLSX.

Files are hostile until read: sizes, ratios and cell lengths are bounded. Rows come as lists of
text with the line number a person finds in the file. What the columns mean is elsewhere.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import zstandard

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _, format_bytes
from crmdesk.interchange.csv_rows import MAX_CELL, Chunk, Lines, csv_chunks, csv_rows, gathered

MAX_BYTES = 8 << 30
MAX_RATIO = 400
MAX_COLUMNS = 500
_XLSX_MAX = 1 << 30
_SAMPLE = 64 * 1024
_DELIMITERS = ",;\t|"


@dataclass(slots=True)
class TableFile:
    """An open table: its heading and its rows, read once, one by one or in chunks.

    ``rows`` gives (line number, cells), ``chunks`` (line numbers, rows); the first use of either
    takes the rows from the other. ``files`` are the descriptors they are read from.
    """

    name: str
    columns: list[str]
    rows: Iterator[tuple[int, list[str]]]
    chunks: Iterator[Chunk]
    digest: _Digest
    files: tuple[int, ...] = ()


class _Digest:
    """SHA-256 of the content; complete once every row has been read."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def hex(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def open_table(path: Path) -> Iterator[TableFile]:
    """Open a CSV or XLSX file, also ``.zst``; NotFound or UserError says why it cannot be read."""
    if not path.is_file():
        raise NotFound(_("There is no file {file}.").format(file=path))
    suffixes = [s.lower() for s in path.suffixes]
    with ExitStack() as stack:
        try:
            if suffixes[-1:] in ([".xlsx"], [".xlsm"], [".ods"]):
                yield _spreadsheet(path)
                return
            raw = stack.enter_context(path.open("rb"))
            stream: IO[bytes] = raw
            if suffixes[-1:] == [".zst"]:
                stream = io.BufferedReader(_Unpacked(raw), _SAMPLE)
            table = _csv(path.name, stream, path.stat().st_size)
            table.files = (raw.fileno(),)
            yield table
        except (zstandard.ZstdError, EOFError) as error:
            raise UserError(
                _("{file} is not a complete .zst file.").format(file=path.name),
                _("Make it again; nothing was imported."),
            ) from error
        except OSError as error:
            raise UserError(
                _("{file} cannot be read: {reason}.").format(
                    file=path.name, reason=error.strerror or error
                )
            ) from error


class _Unpacked(io.RawIOBase):
    """The content of a ``.zst`` file with all its frames; EOFError when it ends too early.

    The library's own reader takes a file that was cut short for a complete one.
    """

    _PIECE = 1 << 17

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame: Any = None
        self._input = b""
        self._output = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._output:
            if not self._input:
                self._input = self._packed.read(self._PIECE)
            if not self._input:
                if self._frame is not None:
                    raise EOFError("the last frame is incomplete")
                return 0
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
            self._output = memoryview(self._frame.decompress(self._input))
            self._input = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = None
        count = min(len(buffer), len(self._output))
        buffer[:count] = self._output[:count]
        self._output = self._output[count:]
        return count


class _Bounded(io.RawIOBase):
    """A stream that stops at the allowed size and ratio and takes the digest on the way."""

    def __init__(self, head: bytes, stream: IO[bytes], packed: int, digest: _Digest) -> None:
        self._head, self._stream, self._digest = head, stream, digest
        self._left = min(MAX_BYTES, max(packed * MAX_RATIO, 64 << 20))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._head:
            data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise UserError(
                _("The file unpacks to more than {size}.").format(size=format_bytes(MAX_BYTES)),
                _("It looks damaged or hostile; nothing was imported."),
            )
        self._digest.update(data)
        buffer[: len(data)] = data
        return len(data)


def _csv(name: str, stream: IO[bytes], packed: int) -> TableFile:
    head = stream.read(_SAMPLE)
    encoding = _encoding(head, name)
    sample = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)
    if "\x00" in sample:
        raise UserError(_("{file} is not a table of text.").format(file=name))
    digest = _Digest()
    bounded = io.BufferedReader(_Bounded(head, stream, packed, digest), 1 << 20)
    # A byte that the encoding does not know is kept visible rather than losing the row.
    text = io.TextIOWrapper(bounded, encoding, errors="replace", newline="")
    csv.field_size_limit(MAX_CELL)
    lines = Lines(text)
    delimiter = _delimiter(sample)
    reader = csv.reader(iter(lines), delimiter=delimiter)
    try:
        columns = [cell.strip() for cell in next(reader)]
    except (StopIteration, csv.Error):
        columns = []
    if not any(columns) or len(columns) > MAX_COLUMNS:
        raise UserError(
            _("{file} has no heading line.").format(file=name),
            _("The first line must name the columns."),
        )
    number = reader.line_num
    chunks = csv_chunks(text, number, delimiter, name)
    return TableFile(name, columns, csv_rows(reader, lines, name, number), chunks, digest)


def _encoding(head: bytes, name: str) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return encoding
    try:
        # The sample may end inside a letter, which an incremental decoder forgives.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        if b"\x00" in head:
            raise UserError(_("{file} is not a table of text.").format(file=name)) from None
        return "cp1251" if _looks_cyrillic(head) else "cp1252"
    return "utf-8"


def _looks_cyrillic(head: bytes) -> bool:
    """In cp1251 whole words lie above 0xC0; in Western text such bytes stand alone."""
    high = sum(byte >= 0xC0 for byte in head)
    pairs = sum(a >= 0xC0 and b >= 0xC0 for a, b in pairwise(head))
    return high > 0 and pairs * 2 > high


def _delimiter(sample: str) -> str:
    first = sample.split("\n", 1)[0]
    return max(_DELIMITERS, key=first.count) if any(d in first for d in _DELIMITERS) else ","


def _spreadsheet(path: Path) -> TableFile:
    from python_calamine import CalamineError, CalamineWorkbook

    _check_container(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheet = book.get_sheet_by_index(0)
        cells = sheet.iter_rows()
        heading = next(iter(cells), [])
    except (CalamineError, IndexError) as error:
        raise UserError(
            _("{file} is not a spreadsheet that can be read.").format(file=path.name),
            _("Save it as XLSX or CSV and try again."),
        ) from error
    columns = [_cell(value).strip() for value in heading]
    if not any(columns):
        raise UserError(
            _("{file} has no heading line.").format(file=path.name),
            _("The first line must name the columns."),
        )
    digest = _Digest()
    rows = _sheet_rows(cells, digest)
    return TableFile(path.name, columns, rows, gathered(rows), digest)


def _sheet_rows(cells: Iterator[list[Any]], digest: _Digest) -> Iterator[tuple[int, list[str]]]:
    for line, row in enumerate(cells, start=2):
        texts = [_cell(value) for value in row]
        digest.update("\x1f".join(texts).encode() + b"\n")
        if any(texts):
            yield line, texts


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    return "" if value is None else str(value)


def _check_container(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(info.file_size for info in archive.infolist())
    except zipfile.BadZipFile:
        raise UserError(
            _("{file} is not a spreadsheet that can be read.").format(file=path.name),
            _("Save it as XLSX or CSV and try again."),
        ) from None
    if total > _XLSX_MAX or total > path.stat().st_size * MAX_RATIO + (1 << 20):
        raise UserError(
            _("{file} unpacks to {size}, which is not believable.").format(
                file=path.name, size=format_bytes(total)
            ),
            _("Save it as CSV and try again; nothing was imported."),
        )

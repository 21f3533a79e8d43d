"""Tables from outside, read as a stream: CSV (any usual encoding and delimiter, ``.zst``), XLSX.

Files are hostile until read: sizes, ratios and cell lengths are bounded. Rows come as lists of
text with the line number a person finds in the file. What the columns mean is elsewhere; whoever
knows it says which row is a heading, so that titles above it are passed over.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import IO, Any

import zstandard

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _, format_bytes
from crmdesk.interchange.csv_rows import MAX_CELL, Chunk, Lines, csv_chunks, csv_rows, gathered
from crmdesk.interchange.encodings import encoding_of
from crmdesk.interchange.sheets import is_spreadsheet, open_sheet

MAX_BYTES = 8 << 30
MAX_RATIO = 400
MAX_COLUMNS = 500
_SAMPLE = 64 * 1024
_LOOK_BYTES = 1 << 22
_MOST_BEFORE = 25
"""So many rows are looked through for a heading."""
_DELIMITERS = ",;\t|"

Numbered = tuple[int, list[str]]
"""The number of a line in its file, and its cells."""


@dataclass(slots=True)
class TableFile:
    """An open table: its heading and its rows, read once, one by one or in chunks.

    ``rows`` gives (line number, cells), ``chunks`` (line numbers, rows); the first use of either
    takes the rows from the other. ``files`` are the descriptors they are read from. ``encoding``
    names one that was judged by its letters alone; ``sheet`` is that of a spreadsheet, beside it
    those that were not read.
    """

    name: str
    columns: list[str]
    rows: Iterator[tuple[int, list[str]]]
    chunks: Iterator[Chunk]
    digest: _Digest
    files: tuple[int, ...] = ()
    heading_line: int = 1
    encoding: str = ""
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
    hidden_sheets: tuple[str, ...] = ()


def _no_heading(_row: list[str]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a file is read: a sheet by its name, below the first row that is a heading.

    Where no row is one, the first row counts as it. ``sample`` is a part of the file that tells its
    encoding.
    """

    is_heading: Callable[[list[str]], bool] = _no_heading
    sheet: str = ""
    sample: bytes = b""


class _Digest:
    """SHA-256 of the content; complete once every row has been read."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def hex(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def open_table(path: Path, wanted: Wanted | None = None) -> Iterator[TableFile]:
    """Open a CSV, also ``.zst``, or a spreadsheet; NotFound or UserError says why it cannot be."""
    if not path.is_file():
        raise NotFound(_("There is no file {file}.").format(file=path))
    want = wanted or Wanted()
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(path.open("rb"))
            head = raw.read(_SAMPLE)
            if is_spreadsheet(path, head):
                yield _sheet_table(path, head, want)
                return
            if want.sheet:
                raise UserError(_("Only a spreadsheet has sheets."))
            stream: IO[bytes] = raw
            if path.suffix.lower() == ".zst":
                raw.seek(0)
                stream = io.BufferedReader(_Unpacked(raw), _SAMPLE)
                head = stream.read(_SAMPLE)
            else:
                want = replace(want, sample=_beyond_ascii(raw, head))
            table = _text_table(path.name, stream, path.stat().st_size, head, want)
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


def _text_table(name: str, stream: IO[bytes], packed: int, head: bytes, want: Wanted) -> TableFile:
    if not head.strip():
        raise UserError(
            _("{file} is empty.").format(file=name), _("It has no heading line and no rows.")
        )
    encoding = encoding_of(want.sample or head)
    sample = "" if encoding is None else _decoded(head, encoding.codec)
    if encoding is None or "\x00" in sample:
        raise UserError(_("{file} is not a table of text.").format(file=name))
    if sample.lstrip()[:1] == "<":
        raise UserError(
            _("{file} is a page of the web or XML, not a table.").format(file=name),
            _("Open it in a spreadsheet program and save it as XLSX."),
        )
    digest = _Digest()
    bounded = io.BufferedReader(_Bounded(head, stream, packed, digest), 1 << 20)
    # A byte that the encoding does not know is kept visible rather than losing the row.
    text = io.TextIOWrapper(bounded, encoding.codec, errors="replace", newline="")
    csv.field_size_limit(MAX_CELL)
    delimiter, before = _layout(sample, want.is_heading)
    lines = Lines(text)
    reader = csv.reader(iter(lines), delimiter=delimiter)
    columns: list[str] = []
    try:
        for _row in range(before + 1):
            columns = [cell.strip() for cell in next(reader)]
    except (StopIteration, csv.Error):
        columns = []
    _check_heading(name, columns)
    number = reader.line_num
    chunks = csv_chunks(text, number, delimiter, name)
    return TableFile(
        name, columns, csv_rows(reader, lines, name, number), chunks, digest,
        heading_line=number, encoding=encoding.guessed,
    )  # fmt: skip


def _decoded(head: bytes, codec: str) -> str:
    return codecs.getincrementaldecoder(codec)(errors="replace").decode(head)


def _layout(sample: str, is_heading: Callable[[list[str]], bool]) -> tuple[str, int]:
    """The delimiter, and how many rows stand before the heading: titles, blank lines, ``sep=;``.

    What parts a line into the heading that is looked for; otherwise the first line decides.
    """
    lines = sample.splitlines(keepends=True)[:_MOST_BEFORE]
    for delimiter in sorted(_DELIMITERS, key="".join(lines).count, reverse=True):
        try:
            rows = list(csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            continue
        for at, row in enumerate(rows):
            if is_heading([cell.strip() for cell in row]):
                return delimiter, at
    first = lines[0] if lines else ""
    return max(_DELIMITERS, key=first.count) if any(d in first for d in _DELIMITERS) else ",", 0


def _sheet_table(path: Path, head: bytes, want: Wanted) -> TableFile:
    sheet = open_sheet(path, head, want.sheet)
    before: list[tuple[int, list[str]]] = []
    for line, row in sheet.rows:
        before.append((line, row))
        if want.is_heading([cell.strip() for cell in row]):
            before = before[-1:]
            break
        if len(before) >= _MOST_BEFORE:
            break
    number, heading = before[0] if before else (1, [])
    columns = [cell.strip() for cell in heading]
    _check_heading(path.name, columns)
    digest = _Digest()
    rows = _told(chain(before[1:], sheet.rows), digest)
    return TableFile(
        path.name, columns, rows, gathered(rows), digest, heading_line=number,
        sheet=sheet.name, other_sheets=sheet.others, hidden_sheets=sheet.hidden,
    )  # fmt: skip


def _told(rows: Iterable[tuple[int, list[str]]], digest: _Digest) -> Iterator[Numbered]:
    for line, texts in rows:
        digest.update("\x1f".join(texts).encode() + b"\n")
        yield line, texts


def _check_heading(name: str, columns: list[str]) -> None:
    if not any(columns) or len(columns) > MAX_COLUMNS:
        raise UserError(
            _("{file} has no heading line.").format(file=name),
            _("The first line must name the columns."),
        )


def _beyond_ascii(file: IO[bytes], head: bytes) -> bytes:
    """The first part of a file that is not plain ASCII: only there its encoding can be seen."""
    if not head.isascii() or b"\x00" in head:
        return b""
    place = file.tell()
    found = b""
    while piece := file.read(_LOOK_BYTES):
        if not piece.isascii():
            at = next(n for n, byte in enumerate(piece) if byte > 0x7F)
            found = piece[at : at + _SAMPLE]
            break
    file.seek(place)
    return found

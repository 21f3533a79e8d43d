"""Rows of a CSV text: one by one, or many lines at a time.

Owns what a row is where quotation marks hold it open over lines, the numbers of lines a person
finds in the file, and the cells of many lines as columns. Leaves files and encodings to ``tables``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any, overload

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _

# Wide enough that a single absurd cell costs its row and not the file.
MAX_CELL = 16 << 20
_MOST_LINES_A_ROW = 100
# So few that the cells of a chunk stay in the processor's cache: half the time of larger chunks.
_CHUNK_CHARACTERS = 1 << 19
_CHUNK_ROWS = 5_000
_BLANK = frozenset({"\n", "\r\n", "\r"})
_CLOSED = "closed\n"

Chunk = tuple[Sequence[int], Sequence[list[str]]]
"""Line numbers, and the rows on these lines."""


class Lines:
    """The lines of a text, remembering that they have come to an end."""

    def __init__(self, text: Iterable[str]) -> None:
        self._text = text
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        yield from self._text
        self.ended = True


class LineRows(Sequence[list[str]]):
    """Rows that are a line of text each: cut into cells when a row or the columns are asked for."""

    def __init__(self, lines: Sequence[str], delimiter: str) -> None:
        self._lines, self._delimiter = lines, delimiter

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> list[str]: ...
    @overload
    def __getitem__(self, at: slice) -> LineRows: ...
    def __getitem__(self, at: int | slice) -> list[str] | LineRows:
        if isinstance(at, slice):
            return LineRows(self._lines[at], self._delimiter)
        return next(csv.reader([self._lines[at]], delimiter=self._delimiter))

    def __iter__(self) -> Iterator[list[str]]:
        return csv.reader(self._lines, delimiter=self._delimiter)

    def columns(self, width: int) -> list[Sequence[str]]:
        """The cells of the first so many columns; what a short row lacks is empty."""
        found = self._cut()
        if found is None or len(found) < width:
            return columns_of(self, width)
        return found[:width]

    def _cut(self) -> list[Sequence[str]] | None:
        """All lines cut at once, in half the time; None where they are not all alike.

        Lines with quotation marks are read by themselves and put in the place of empty cells.
        """
        lines, delimiter = list(self._lines), self._delimiter
        end = "\r\n" if lines[0].endswith("\r\n") else "\n"
        if not lines[-1].endswith(("\n", "\r")):
            lines[-1] += end
        width = len(self[0])
        quoted = [at for at, line in enumerate(lines) if '"' in line]
        apart = list(csv.reader([lines[at] for at in quoted], delimiter=delimiter))
        for at in quoted:
            lines[at] = delimiter * (width - 1) + end
        text = "".join(lines)
        one_end = text.count(end) == len(lines) and text.count("\r") == len(lines) * end.count("\r")
        # The end of a line becomes a cell of its own, so that lines of other widths are found out.
        cells = text.replace(end, f"{delimiter}\n{delimiter}").split(delimiter)
        cells.pop()
        columns: list[Any] = [cells[at :: width + 1] for at in range(width + 1)]
        alike = len(cells) == len(lines) * (width + 1) and columns.pop().count("\n") == len(lines)
        if not one_end or not alike or any(len(row) != width for row in apart):
            return None
        for at, row in zip(quoted, apart, strict=True):
            for column, cell in zip(columns, row, strict=True):
                column[at] = cell
        return columns


def columns_of(rows: Iterable[list[str]], width: int) -> list[Sequence[str]]:
    """The cells of the first so many columns of any rows; what a short row lacks is empty."""
    cut = [row[:width] for row in rows]
    found: list[Sequence[str]] = list(zip_longest(*cut, fillvalue=""))
    return found + [("",) * len(cut)] * (width - len(found))


def csv_chunks(text: io.TextIOWrapper, number: int, delimiter: str, name: str) -> Iterator[Chunk]:
    """Many lines at a time, as long as every line is a row; from there on row by row."""
    while lines := text.readlines(_CHUNK_CHARACTERS):
        if not _each_is_a_row(lines, delimiter):
            careful = Lines(chain(lines, text))
            reader = csv.reader(iter(careful), delimiter=delimiter)
            yield from gathered(csv_rows(reader, careful, name, number))
            return
        numbers: Sequence[int] = range(number + 1, number + len(lines) + 1)
        number += len(lines)
        if not _BLANK.isdisjoint(lines):
            numbers = [at for at, line in zip(numbers, lines, strict=True) if line not in _BLANK]
            lines = [line for line in lines if line not in _BLANK]
        if lines:
            yield numbers, LineRows(lines, delimiter)


def _each_is_a_row(lines: Sequence[str], delimiter: str) -> bool:
    """Whether no line is held open by a quotation mark, and none is too long for its cells."""
    if max(map(len, lines)) > MAX_CELL:
        return False
    # A line that is open swallows the one behind it.
    tried = list(chain.from_iterable((line, _CLOSED) for line in lines if '"' in line))
    return sum(1 for _row in csv.reader(tried, delimiter=delimiter)) == len(tried)


def gathered(rows: Iterable[tuple[int, list[str]]], most: int = _CHUNK_ROWS) -> Iterator[Chunk]:
    """Rows one by one as chunks of at most so many rows, or so many characters."""
    numbers: list[int] = []
    taken: list[list[str]] = []
    size = 0
    for number, row in rows:
        numbers.append(number)
        taken.append(row)
        size += sum(map(len, row)) + len(row)
        if len(taken) >= most or size >= _CHUNK_CHARACTERS:
            yield numbers, taken
            numbers, taken, size = [], [], 0
    if taken:
        yield numbers, taken


def csv_rows(reader: Any, lines: Lines, name: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """Row by row; ``before`` is the number of the line the rows begin after."""
    offset = before - reader.line_num
    number = before
    try:
        for row in reader:
            first, number = number + 1, reader.line_num + offset
            # A quotation mark that is never closed swallows the rows behind it without a word.
            if lines.ended or number - first > _MOST_LINES_A_ROW:
                raise UserError(
                    _("{file}: a quotation mark in line {line} is never closed.").format(
                        file=name, line=first
                    ),
                    _("Close or remove it; nothing was imported."),
                )
            if row:
                yield first, row
    except csv.Error as error:
        raise UserError(
            _("{file} is not a table from line {line} on: {reason}.").format(
                file=name, line=number + 1, reason=error
            ),
            _("Nothing was imported."),
        ) from error

"""NDJSON rows from HQ turned into the plain rows of the store.

Reads a zstd stream line by line; a line is an object (what follows) or an array (a row). Columns
this program does not know are left out, columns HQ does not know get their default; what to do
about them is :mod:`crmdesk.sync.versions`'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

import msgspec
import zstandard

from crmdesk.domain.errors import Unreachable
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES, Field, Kind
from crmdesk.storage.rows import LineRow, Row, Value
from crmdesk.storage.types import dump_json
from crmdesk.sync.protocol import Section, Wire

_ROW_START = ord("[")
_MAX_LINE_BYTES = 64 * 1024 * 1024

Convert = Callable[[Any], Value]
_decode = msgspec.json.Decoder().decode
_decode_all = msgspec.json.Decoder(list[list[Any]]).decode


def lines(chunks: Iterable[bytes], *, whole: bool = False) -> Iterator[bytes]:
    """The complete lines of a zstd stream; a cut stream simply ends early.

    ``whole`` raises Unreachable at the end of a stream that was cut.
    """
    return chain.from_iterable(line_blocks(chunks, whole=whole))


def line_blocks(chunks: Iterable[bytes], *, whole: bool = False) -> Iterator[list[bytes]]:
    """The same lines, those of a chunk at a time."""
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    rest = b""
    for chunk in chunks:
        if decompressor.eof:
            break
        data = rest + decompressor.decompress(chunk)
        *complete, rest = data.split(b"\n")
        if len(rest) > _MAX_LINE_BYTES:
            raise ValueError("a line from HQ is too long")
        yield complete
    if whole and not decompressor.eof:
        raise Unreachable(_("HQ's answer broke off."), _("The next sync will try again."))


def is_row(line: bytes) -> bool:
    """True for a row, False for an object that opens or closes something."""
    return line[0] == _ROW_START


def parted(block: list[bytes]) -> Iterator[tuple[list[bytes], bytes | None]]:
    """Runs of rows, each with the object behind it; the last with none."""
    begin = 0
    for place in [at for at, line in enumerate(block) if line[0] != _ROW_START]:
        yield block[begin:place], block[place]
        begin = place + 1
    yield block[begin:], None


def decode_row(line: bytes) -> list[Wire]:
    """A row as its array."""
    found: list[Wire] = _decode(line)
    return found


@cache
def converter(kind: Kind) -> Convert | None:
    """How a wire value becomes a stored one; None when it is the same."""
    if kind in {Kind.REF, Kind.UID}:
        return bytes.fromhex
    if kind is Kind.JSON:
        return dump_json
    return None


class RowReader:
    """Makes :class:`Row` of the arrays of one section.

    ``missing`` are the places of our fields that the section does not have; ``unknown`` and
    ``unknown_lines`` name the columns of it that we do not have, by their place in the array.
    """

    def __init__(self, section: Section) -> None:
        self.entity = ENTITIES[section.entity]
        self._fields = _plan(self.entity.fields, section.columns, 2)
        self._lines_at = 2 + len(section.columns) if section.lines else None
        lines = self.entity.lines
        self._lines = _plan(lines.fields, section.lines, 0) if lines is not None else []
        there, here = set(section.columns), {f.column for f in self.entity.fields}
        self.missing = [i for i, f in enumerate(self.entity.fields) if f.column not in there]
        self.unknown = _beyond(section.columns, here, 2)
        known = {f.column for f in lines.fields} if lines is not None else set()
        self.unknown_lines = _beyond(section.lines, known, 0)
        # The usual case: the same columns on both sides, converted in place.
        self._same = section.columns == [f.column for f in self.entity.fields]
        self._convert = [
            (at, convert)
            for at, field in enumerate(self.entity.fields, start=2)
            if (convert := converter(field.kind)) is not None
        ]

    def rows(self, lines: Sequence[bytes]) -> list[Row]:
        """The rows of many lines, in storage form."""
        found = _decode_all(b"[" + b",".join(lines) + b"]")
        if not self._same or self._lines_at is not None:
            return [self.row(cells) for cells in found]
        # The same as :meth:`row` for the usual case, without its calls.
        for at, convert in [(0, bytes.fromhex), *self._convert]:
            for cells in found:
                value = cells[at]
                if value is not None:
                    cells[at] = convert(value)
        return [Row(cells[0], tuple(cells[2:]), (), cells[1]) for cells in found]

    @property
    def differs(self) -> bool:
        """True when HQ's columns are not ours."""
        return bool(self.missing or self.unknown or self.unknown_lines)

    def beyond(self, cells: list[Wire]) -> dict[str, Wire]:
        """What a row holds in columns that are not ours, by column; of lines as a list."""
        found = {column: cells[at] for column, at in self.unknown}
        if self._lines_at is not None and self.unknown_lines:
            lines = [
                {column: line[at] for column, at in self.unknown_lines if line[at] is not None}
                for line in cells[self._lines_at]
            ]
            found["lines"] = lines if any(lines) else None
        return found

    def row(self, cells: list[Wire]) -> Row:
        """One row in storage form."""
        lines: tuple[LineRow, ...] = ()
        if self._lines_at is not None:
            lines = tuple(_pick(self._lines, line) for line in cells[self._lines_at])
        if not self._same:
            return Row(bytes.fromhex(cells[0]), _pick(self._fields, cells), lines, cells[1])
        for at, convert in self._convert:
            value = cells[at]
            if value is not None:
                cells[at] = convert(value)
        end = self._lines_at if self._lines_at is not None else len(cells)
        return Row(bytes.fromhex(cells[0]), tuple(cells[2:end]), lines, cells[1])


def _beyond(columns: list[str], known: set[str], shift: int) -> list[tuple[str, int]]:
    return [(c, at) for at, c in enumerate(columns, start=shift) if c not in known]


Plan = list[tuple[int | None, Convert | None, Value]]


def _plan(fields: tuple[Field, ...], columns: list[str], shift: int) -> Plan:
    places = {column: at for at, column in enumerate(columns, start=shift)}
    return [(places.get(f.column), converter(f.kind), f.default) for f in fields]


def _pick(plan: Plan, cells: list[Wire]) -> tuple[Value, ...]:
    return tuple(
        default if at is None else _stored(cells[at], convert) for at, convert, default in plan
    )


def _stored(value: Wire, convert: Convert | None) -> Value:
    if value is None or convert is None:
        stored: Value = value
        return stored
    return convert(value)

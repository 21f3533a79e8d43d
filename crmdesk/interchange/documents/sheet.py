"""A document in pieces, ready to be laid on pages: HTML, pictures, and what may be parted where.

Owns the shape that the templates give and the printing room takes; no paper is measured here.
Lengths are in px of 1/96 inch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crmdesk.domain.symbols import Symbol
from crmdesk.interchange.documents.content import Strokes

A4, LETTER = "A4", "Letter"
_LETTER_COUNTRIES = frozenset(
    ("US", "CA", "MX", "PH", "CL", "CO", "CR", "GT", "NI", "PA", "SV", "VE", "PR", "DO")
)


def paper_of(country: str) -> str:
    """A4, or Letter where offices print on that (source: CLDR, paperSize US)."""
    return LETTER if country.upper() in _LETTER_COUNTRIES else A4


@dataclass(frozen=True, slots=True)
class Block:
    """A piece that stays in one place unless it is longer than a page.

    ``with_next`` keeps it on the page where the next piece begins; ``gap`` is the room above it,
    left out at the top of a page.
    """

    html: str
    gap: float = 0.0
    with_next: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, ``<tr>…</tr>``, and the sum up to it as a page says it that ends there."""

    html: str
    carry: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a head that every page repeats. ``widths`` are shares of the width, in percent.

    ``carried_out`` and ``carried_in`` are the rows where a page ends and where the next begins,
    with the mark SUM for the sum; empty for tables without one.
    """

    widths: tuple[int, ...]
    head: str
    rows: tuple[Row, ...]
    carried_out: str = ""
    carried_in: str = ""


Piece = Block | Table


@dataclass(frozen=True, slots=True)
class Raster:
    """A PNG or JPEG, drawn as large as fits into ``width`` × ``height``."""

    data: bytes
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bars:
    """A barcode, drawn into ``width`` × ``height`` with its text below."""

    symbol: Symbol
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Strokes of a pen, drawn as large as fits into ``width`` × ``height``."""

    strokes: Strokes
    width: float
    height: float


Picture = Raster | Bars | Drawing


@dataclass(frozen=True, slots=True)
class Letter:
    """The mail that goes with the document."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One document. ``pictures`` by the name that ``<img src>`` has in the pieces.

    ``top`` stands on every page but the first, ``foot`` on all; it has the marks PAGE and PAGES,
    which whoever lays out the pages fills. ``stem`` is a name for the file, without its ending.
    """

    title: str
    author: str
    language: str
    paper: str
    style: str
    pieces: tuple[Piece, ...]
    top: str
    foot: str
    stem: str
    letter: Letter
    pictures: Mapping[str, Picture] = field(default_factory=dict)


def table_html(table: Table) -> str:
    """All rows of a table without its head."""
    return "".join(row.html for row in table.rows)

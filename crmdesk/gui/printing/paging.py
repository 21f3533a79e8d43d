"""Pieces laid on pages: where a page may end, heads repeated, sums carried over.

Owns the arithmetic of pages. Rich text lays out each piece once, at the page's width; a page is
then a list of slices of pieces. Lengths are px of 1/96 inch, from the top of the printed area.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

KEPT_ROWS = 2
"""So many rows stand at least below a head, and before totals that begin a page."""
TABLE_GAP = 12.0
_GAP = 10.0


class Laid(Protocol):
    """A piece that was laid out: ``height``, and where it may be parted in an emergency."""

    @property
    def height(self) -> float:
        """How tall it is."""

    def line_breaks(self) -> Sequence[float]:
        """The lower edges of its lines of text, ascending."""


@dataclass(frozen=True, slots=True)
class LaidTable:
    """A table that was laid out: its head, its rows with their upper edges and the end.

    ``carried(place, out)`` lays out the row with the sum up to row ``place``, at the end of a page
    (``out``) or at the beginning of the next; None for tables without sums.
    """

    head: Laid
    rows: Laid
    edges: tuple[float, ...]
    carried: Callable[[int, bool], Laid] | None

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.edges) - 1


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a laid piece, from ``top`` to ``bottom`` in it, standing at ``y`` on the page.

    ``rules`` are where hairlines are drawn, in the piece's own lengths; ``strong`` below a head.
    """

    laid: Laid
    top: float
    bottom: float
    y: float
    rules: tuple[float, ...] = ()
    strong: bool = False


@dataclass(frozen=True, slots=True)
class LaidBlock:
    """A block that was laid out, the room above it, and whether it stays with what follows."""

    laid: Laid
    with_next: bool = False
    gap: float = 0.0


@dataclass(slots=True)
class _Page:
    slices: list[Slice] = field(default_factory=list)
    y: float = 0.0
    fresh: bool = True


class Pager:
    """Puts pieces on pages of one height; later pages begin with ``top``."""

    def __init__(self, height: float, top: Laid) -> None:
        self._height = height
        self._top = top
        self._pages = [_Page()]

    def lay(self, pieces: Sequence[LaidBlock | LaidTable]) -> list[list[Slice]]:
        """All pieces in order; returns the slices of each page, at least one page."""
        for place, piece in enumerate(pieces):
            if isinstance(piece, LaidTable):
                following = pieces[place + 1] if place + 1 < len(pieces) else None
                self._lay_table(piece, _kept_height(following))
            else:
                self._lay_block(piece, pieces[place + 1 :])
        return [page.slices for page in self._pages]

    # ---------------------------------------------------------------------------------- pages

    @property
    def _page(self) -> _Page:
        return self._pages[-1]

    @property
    def _room(self) -> float:
        return self._height - self._page.y

    @property
    def _whole(self) -> float:
        """The room of a page that begins with the repeated top."""
        return self._height - self._top.height - _GAP

    def _turn(self) -> None:
        """Begin the next page."""
        self._pages.append(_Page())
        self._put(self._top, 0, self._top.height, rules=(self._top.height,))
        self._page.y += _GAP
        self._page.fresh = True

    def _put(
        self,
        laid: Laid,
        top: float,
        bottom: float,
        *,
        rules: tuple[float, ...] = (),
        strong: bool = False,
    ) -> None:
        page = self._page
        page.slices.append(Slice(laid, top, bottom, page.y, rules, strong))
        page.y += bottom - top
        page.fresh = False

    # --------------------------------------------------------------------------------- blocks

    def _lay_block(self, block: LaidBlock, rest: Sequence[LaidBlock | LaidTable]) -> None:
        gap = 0.0 if self._page.fresh else block.gap
        wanted = gap + block.laid.height
        if block.with_next and rest:
            wanted += _least_height(rest[0])
        if wanted > self._room and not self._page.fresh and wanted - gap <= self._whole:
            self._turn()
            gap = 0.0
        self._page.y += gap
        if block.laid.height <= self._room:
            self._put(block.laid, 0, block.laid.height)
        else:
            self._lay_in_parts(block.laid, 0, block.laid.height)

    def _lay_in_parts(self, laid: Laid, top: float, bottom: float) -> None:
        """What is longer than a page, parted between two lines of text."""
        while bottom - top > self._room:
            limit = top + self._room
            fitting = [edge for edge in laid.line_breaks() if top < edge <= limit]
            if fitting:
                self._put(laid, top, fitting[-1])
                top = fitting[-1]
            elif self._page.fresh:
                # One line taller than a page: cut it, or it would never end.
                self._put(laid, top, limit)
                top = limit
            self._turn()
        self._put(laid, top, bottom)

    # ---------------------------------------------------------------------------------- tables

    def _lay_table(self, table: LaidTable, kept: float) -> None:
        """Rows page by page; the last of them go along when what is ``kept`` after them turns."""
        first = 0
        if not self._page.fresh:
            self._page.y += TABLE_GAP
        if _least_height(table) > self._room and not self._page.fresh:
            self._turn()
        while first < table.count:
            if first and table.carried is not None:
                self._lay_head(table)
                carried = table.carried(first, False)
                self._put(carried, 0, carried.height, rules=(carried.height,))
            else:
                self._lay_head(table)
            last = self._last_row(table, first, kept)
            if last == first:
                # Not even one row has room on a page of its own.
                self._lay_in_parts(table.rows, table.edges[first], table.edges[first + 1])
                last = first + 1
            else:
                rules = tuple(table.edges[first + 1 : last + 1])
                self._put(table.rows, table.edges[first], table.edges[last], rules=rules)
            first = last
            if first < table.count:
                if table.carried is not None:
                    carried = table.carried(first, True)
                    # After a row longer than a page there may be no room left for it.
                    if carried.height <= self._room:
                        self._put(carried, 0, carried.height)
                self._turn()

    def _lay_head(self, table: LaidTable) -> None:
        self._put(table.head, 0, table.head.height, rules=(table.head.height,), strong=True)

    def _last_row(self, table: LaidTable, first: int, kept: float) -> int:
        """The row after the last one that stands on this page."""
        start = table.edges[first]
        room = self._room
        if table.edges[-1] - start <= room and table.edges[-1] - start + kept <= room:
            return table.count
        carried = table.carried(first, True).height if table.carried is not None else 0.0
        last = first
        while last < table.count and table.edges[last + 1] - start + carried <= room:
            last += 1
        if last > first and table.count - last < KEPT_ROWS and table.count - first > 1:
            # The totals, or a last row, do not stand alone on the next page.
            last = max(first + 1, table.count - KEPT_ROWS)
        return last


def _kept_height(piece: LaidBlock | LaidTable | None) -> float:
    """The height of what must not begin a page alone after a table."""
    return piece.gap + piece.laid.height if isinstance(piece, LaidBlock) else 0.0


def _least_height(piece: LaidBlock | LaidTable) -> float:
    """The least of a piece that may stand at the end of a page."""
    if isinstance(piece, LaidBlock):
        return piece.gap + piece.laid.height
    rows = min(KEPT_ROWS, piece.count)
    carried = piece.carried(0, True).height if piece.carried and piece.count > rows else 0.0
    return piece.head.height + piece.edges[rows] - piece.edges[0] + carried

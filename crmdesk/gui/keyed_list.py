"""A list that reads its keys first and its rows as they come into view. No Qt here.

Owns the state that the lists of customers and of orders share: filter, order, keys, the rows read
first. A list that may be very long reads the first of its keys, and more as they are asked for.
Which filters there are, and all words, are the presenters'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from crmdesk.gui.presenting import PlaceContext

if TYPE_CHECKING:
    from crmdesk.gui.jobs import Owner
    from crmdesk.services.workspace import Workspace

FIRST_ROWS = 64
FIRST_KEYS = 2_000

F = TypeVar("F")
S = TypeVar("S")
R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class ChipItem:
    """A filter chip with its count."""

    key: str
    text: str


class ListView(Protocol[R_contra]):
    """What such a list asks of its widget."""

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the filters with their counts."""

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, R_contra]) -> None:
        """Show these rows in this order; ``rows`` are those at hand."""

    def put_rows(self, rows: Mapping[int, R_contra]) -> None:
        """Rows that were asked for or have changed."""

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row; empty words mean there are some."""


@dataclass(frozen=True, slots=True)
class ListSource(Generic[F, S, R]):
    """Where the list reads: ``keys(workspace, filter, order, descending)`` and the rows of keys.

    ``beginning`` gives the first of the keys, as many as its last argument says (None: all).
    """

    keys: Callable[[Workspace, F, S, bool], list[int]]
    rows: Callable[[Workspace, Sequence[int]], Mapping[int, R]]
    beginning: Callable[[Workspace, F, S, bool, int | None], list[int]] | None = None


class KeyedList(Generic[F, S, R]):
    """Filter, order and keys of one list; ``read_again`` is told of the keys once they are shown.

    ``wanted`` and ``order`` (column, descending) are what it starts with. ``added`` is told of keys
    that follow, and whether there are more, where the source can give a beginning.
    """

    def __init__(
        self,
        context: PlaceContext,
        owner: Owner,
        view: ListView[R],
        source: ListSource[F, S, R],
        wanted: F,
        order: tuple[S, bool],
        read_again: Callable[[Sequence[int]], None],
        added: Callable[[Sequence[int], bool], None] | None = None,
    ) -> None:
        self.wanted = wanted
        self.keys: list[int] = []
        self._workspace = context.workspace
        self._runner = context.runner
        self._owner = owner
        self._view = view
        self._source = source
        self._order = order
        self._read_again = read_again
        self._added = added
        self._more = False
        self._asked = 0

    def read(self) -> None:
        """Read keys and first rows; the answer to an older question is dropped."""
        self._asked += 1
        number, ws, wanted, source = self._asked, self._workspace, self.wanted, self._source
        sort, descending = self._order

        def work() -> tuple[list[int], Mapping[int, R]]:
            if source.beginning is None:
                keys = source.keys(ws, wanted, sort, descending)
            else:
                keys = source.beginning(ws, wanted, sort, descending, FIRST_KEYS)
            return keys, source.rows(ws, keys[:FIRST_ROWS])

        self._runner.read(work, lambda found: self._on_read(number, *found), owner=self._owner)

    def read_on(self, done: Callable[[], None] | None = None) -> None:
        """Read more of the keys; with ``done`` all of them, and tell it then."""
        beginning = self._source.beginning
        if not self._more or beginning is None:
            if done is not None:
                done()
            return
        number, ws, wanted = self._asked, self._workspace, self.wanted
        sort, descending = self._order
        most = None if done is not None else 2 * len(self.keys)

        def show(keys: list[int]) -> None:
            if number != self._asked or len(keys) < len(self.keys):
                return
            known, self.keys = len(self.keys), keys
            self._more = len(keys) == most
            if self._added is not None:
                self._added(keys[known:], self._more)
            if done is not None:
                done()

        self._runner.read(
            lambda: beginning(ws, wanted, sort, descending, most), show, owner=self._owner
        )

    def narrow(self, wanted: F) -> None:
        """Show what another filter finds."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.read()

    def sort(self, column: S, *, descending: bool) -> None:
        """Order the list by a column."""
        self._order = (column, descending)
        self.read()

    def read_rows(self, keys: Sequence[int]) -> None:
        """Rows came into view."""
        ws, wanted, source = self._workspace, list(keys), self._source
        self._runner.read(lambda: source.rows(ws, wanted), self._view.put_rows, owner=self._owner)

    def _on_read(self, number: int, keys: list[int], rows: Mapping[int, R]) -> None:
        if number == self._asked:
            self.keys = keys
            self._view.show_keys(keys, rows)
            self._more = self._source.beginning is not None and len(keys) == FIRST_KEYS
            if self._added is not None:
                self._added((), self._more)
            self._read_again(keys)

"""What the lists do, without Qt: which list, filter, order, pages, totals, open.

Saved views and bulk edits are :mod:`.steps`'. Painting and keys are the widget's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.lists.steps import ListSteps, ViewItem
from crmdesk.gui.views.lists.words import empty_words, looking_words, rows_words, totals_words
from crmdesk.i18n import _
from crmdesk.services.queries.lists import reading, sentences
from crmdesk.services.queries.lists.conditions import ListQuery
from crmdesk.services.queries.lists.own_fields import known_part, with_own_fields
from crmdesk.services.queries.lists.reading import Page, Totals
from crmdesk.services.queries.lists.registry import all_lists, list_named
from crmdesk.services.queries.lists.spec import ListRow, ListSpec
from crmdesk.services.queries.lists.walking import Place

FIRST = "contacts"


@dataclass(frozen=True, slots=True)
class FilterItem:
    """The filter as one sentence, and what is wrong with what was typed instead."""

    sentence: str
    problem: str = ""


class ListsView(Protocol):
    """What the presenter asks of the widget."""

    def show_list(self, spec: ListSpec, query: ListQuery) -> None:
        """Show the columns of a list, as the query has them."""

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""

    def show_keys(
        self, keys: Sequence[int], rows: Mapping[int, ListRow], *, more: bool, again: bool
    ) -> None:
        """Show these rows in this order; ``more`` follow, ``again``: as asked before."""

    def add_keys(self, keys: Sequence[int], *, more: bool) -> None:
        """Show these behind the others; ``more`` follow when they are asked for."""

    def put_rows(self, rows: Mapping[int, ListRow]) -> None:
        """Rows that were asked for or have changed."""

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row; empty words mean there are some."""

    def show_totals(self, words: str) -> None:
        """Show what all rows come to."""

    def show_filter(self, item: FilterItem) -> None:
        """Show the filter, or why it was not understood."""

    def show_endings(self, text: str, endings: Sequence[str]) -> None:
        """Offer how the sentence typed may go on."""

    def show_views(self, views: Sequence[ViewItem]) -> None:
        """The views that can be chosen."""

    def shown_columns(self) -> tuple[tuple[str, int], ...]:
        """The visible columns with their widths, from left to right."""

    def waits_for_rows(self) -> bool:
        """True while a row that had the bar or a pick has not come back."""

    def close_bars(self) -> None:
        """What was asked is done: close the bars of editing and naming."""

    def say_problem(self, words: str) -> None:
        """Say in the open bar what is wrong with its values."""


class ListsPresenter:
    """The lists; one of them is shown."""

    def __init__(self, context: PlaceContext, view: ListsView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self.spec = list_named(FIRST)
        self.query = ListQuery()
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._asked = 0
        self._totals: Totals | None = None
        self._after: Place | None = None
        self._found = 0
        self._following = False
        self._shown: tuple[str, ListQuery] | None = None
        self._queries: dict[str, ListQuery] = {}
        self.steps = ListSteps(context, self, view)

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Show the first list."""
        self.show(self.spec.key)

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again what is shown, when something of it was touched."""
        if changes.touches("custom_field"):
            self.show(self.spec.key, self.query)
        elif changes.touches(*self.spec.touched, self.spec.entity):
            self.read()
        if changes.touches("saved_view", "shared_view"):
            self.steps.read_views()

    # ------------------------------------------------------------------------------- intents

    def show(self, key: str, query: ListQuery | None = None) -> None:
        """Show a list as it was left, or with another query."""
        if key not in all_lists():
            return
        self._queries[self.spec.key] = self.query
        self.spec = with_own_fields(self.workspace, list_named(key))
        self.query = known_part(self.spec, query or self._queries.get(key, ListQuery()))
        self._totals = None
        self._view.show_list(self.spec, self.query)
        self._show_sentence()
        self.read()
        self.steps.read_views()

    def search(self, text: str) -> None:
        """Show rows that match a text."""
        self._narrow(replace(self.query, text=text.strip()))

    def filter(self, sentence: str) -> None:
        """Show rows that meet a sentence; one that is not understood changes nothing."""

        def work() -> ListQuery:
            conditions = sentences.read_all(self.grammar(), sentence)
            return replace(self.query, conditions=conditions)

        def failed(error: Exception) -> None:
            if not isinstance(error, FieldError):
                self._desk.fail(error)
                return
            problem = f"{error.message} {error.hint}".strip()
            self._view.show_filter(FilterItem(sentence, problem))

        def done(query: ListQuery) -> None:
            self._narrow(query)
            self._show_sentence()

        self._runner.read(work, done, failed, owner=self)

    def complete(self, text: str) -> None:
        """Find out how the sentence may go on."""
        grammar = self.grammar()
        self._runner.read(
            lambda: sentences.endings(grammar, text),
            lambda found: self._view.show_endings(text, found),
            owner=self,
        )

    def sort(self, column: str, *, descending: bool) -> None:
        """Order the list by a column."""
        self._narrow(replace(self.query, sort=(column, descending)))

    def read_rows(self, keys: Sequence[int]) -> None:
        """Rows came into view."""
        ws, spec, wanted = self.workspace, self.spec, list(keys)

        def put(rows: Mapping[int, ListRow]) -> None:
            if spec is self.spec:
                self._view.put_rows(rows)

        self._runner.read(lambda: reading.rows_of(ws, spec, wanted), put, owner=self)

    def open(self, key: int | None) -> None:
        """Open what the row is about."""
        if key is None:
            return
        ws, spec = self.workspace, self.spec

        def work() -> ListRow | None:
            return reading.rows_of(ws, spec, [key]).get(key)

        self._runner.read(work, self._on_opened, owner=self)

    def export(self) -> None:
        """Write all rows that match, with the columns and order they have, to a file."""
        self._desk.export_list()

    def say_not_editable(self) -> None:
        """Say why nothing can be changed in these rows."""
        self._desk.toast(_("Nothing in these rows can be changed together by you."))

    def columns_changed(self) -> None:
        """Other columns are shown: the totals are of those."""
        self._show_totals()

    # ------------------------------------------------------------------------------- reading

    def grammar(self) -> sentences.Grammar:
        """What sentences of this list are read with."""
        ws, spec = self.workspace, self.spec
        return sentences.Grammar(
            spec, ws.currency, ws.today(), lambda key: reading.listed_values(ws, spec, key)
        )

    def example(self) -> str:
        """A sentence that can be typed in this list."""
        return sentences.example(self.grammar())

    def read(self) -> None:
        """Read the first page, then what follows, then totals; older answers are dropped."""
        self._asked += 1
        number, ws, spec, query = self._asked, self.workspace, self.spec, self.query
        self._runner.read(
            lambda: reading.first_page(ws, spec, query),
            lambda page: self._on_page(number, page),
            owner=self,
        )
        self._runner.read(
            lambda: reading.totals(ws, spec, query),
            lambda totals: self._on_totals(number, totals),
            owner=self,
        )

    def _narrow(self, query: ListQuery) -> None:
        if query != self.query:
            self.query = query
            self.read()

    def _show_sentence(self) -> None:
        words = sentences.say_all(self.grammar(), self.query.conditions)
        self._view.show_filter(FilterItem(words))

    def _on_page(self, number: int, page: Page) -> None:
        if number != self._asked:
            return
        self._after, self._following, self._found = page.after, False, len(page.keys)
        asked = (self.spec.key, self.query)
        again, self._shown = asked == self._shown, asked
        self._view.show_keys(page.keys, page.rows, more=page.after is not None, again=again)
        self._show_emptiness()
        self.read_on()

    def _show_emptiness(self) -> None:
        title, hint = "", ""
        if not self._found:
            ended = self._after is None
            title, hint = empty_words(self.spec, self.query) if ended else looking_words()
        self._view.show_empty(title, hint)

    def read_on(self, done: Callable[[], None] | None = None) -> None:
        """Read the ids that follow; with ``done`` all of them, and tell it then."""
        after, number = self._after, self._asked
        if after is None or (self._following and done is None):
            if done is not None:
                done()
            return
        self._following = True
        ws, spec, query = self.workspace, self.spec, self.query
        size = None if done is not None else reading.BLOCK
        self._runner.read(
            lambda: reading.following(ws, spec, query, after, size),
            lambda page: self._on_following(number, page, done),
            owner=self,
        )

    def _on_following(self, number: int, page: Page, done: Callable[[], None] | None) -> None:
        if number != self._asked:
            return
        self._after, self._following = page.after, False
        self._found += len(page.keys)
        self._view.add_keys(page.keys, more=page.after is not None)
        self._show_emptiness()
        if done is not None:
            done()
        elif self._found < reading.PAGE or self._view.waits_for_rows():
            # What was looked through had too few rows that match to fill the window, or not yet
            # those that the person had under the bar or picked before they were read again.
            self.read_on()

    def _on_totals(self, number: int, totals: Totals) -> None:
        if number == self._asked:
            self._totals = totals
            self._view.show_heading(rows_words(totals.count))
            self._show_totals()

    def _show_totals(self) -> None:
        if self._totals is not None:
            shown = frozenset(key for key, _width in self._view.shown_columns())
            words = totals_words(self.spec, self._totals, shown, self.workspace.currency)
            self._view.show_totals(words)

    def _on_opened(self, row: ListRow | None) -> None:
        if row is not None:
            place, args = self.spec.opens(row)
            self._desk.go(place, **args)

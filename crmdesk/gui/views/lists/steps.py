"""Saved views and bulk edits of the lists, without Qt.

Owns what a view is called in the menu, and reading the value of a bulk edit. The list itself is
the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui.presenting import PlaceContext
from crmdesk.i18n import _, format_number, ngettext, read_number
from crmdesk.services import bulk_edits, saved_views, undo
from crmdesk.services.queries.lists import reading, sentences
from crmdesk.services.queries.lists.conditions import from_document, to_document
from crmdesk.services.queries.lists.spec import Kind, ListColumn
from crmdesk.services.saved_views import SavedView

if TYPE_CHECKING:
    from crmdesk.gui.views.lists.presenter import ListsPresenter, ListsView

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ViewItem:
    """A view in the menu: ``note`` says whose it is, or whom it is shown to.

    ``people`` are the ids of those; none of a ``shared`` one: everybody.
    """

    id: int
    name: str
    note: str
    own: bool
    shared: bool
    people: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class EditItem:
    """A column that can be changed in many rows, with the values that are usual."""

    key: str
    title: str
    choices: tuple[str, ...]
    free: bool


class ListSteps:
    """The second half of the presenter of the lists."""

    def __init__(self, context: PlaceContext, owner: ListsPresenter, view: ListsView) -> None:
        self._runner, self._desk = context.runner, context.desk
        self._owner, self._view = owner, view
        self._views: tuple[SavedView, ...] = ()
        self.people: tuple[tuple[int, str], ...] = ()
        self.chosen: int | None = None

    # --------------------------------------------------------------------------------- views

    def read_views(self) -> None:
        """Read which views there are for the list shown."""
        ws, key = self._owner.workspace, self._owner.spec.key

        def work() -> tuple[str, tuple[SavedView, ...], tuple[tuple[int, str], ...]]:
            return key, saved_views.saved_views(ws, key), saved_views.colleagues(ws)

        self._runner.read(work, lambda found: self._on_views_read(*found), owner=self._owner)

    def _on_views_read(
        self, key: str, views: tuple[SavedView, ...], people: tuple[tuple[int, str], ...]
    ) -> None:
        if key == self._owner.spec.key:
            self._views, self.people = views, people
            self._view.show_views([_item(view) for view in views])

    def choose_view(self, place: int) -> None:
        """Show what a view shows (its place in the menu)."""
        view = self._views[place]
        query, lost = from_document(self._owner.spec, dict(view.definition))
        self.chosen = view.id if not view.owner else None
        self._owner.show(self._owner.spec.key, query)
        if lost:
            words = ngettext(
                "{count} part of this view is not known here and was left out.",
                "{count} parts of this view are not known here and were left out.",
                lost,
            )
            self._desk.banner(words.format(count=lost))

    def save_view(self, name: str) -> None:
        """Keep what is shown under a name."""
        ws, key = self._owner.workspace, self._owner.spec.key
        query = replace(self._owner.query, columns=self._view.shown_columns())
        document = to_document(query)

        def done(saved: tuple[int, ChangeSet]) -> None:
            self.chosen = saved[0]
            self._view.close_bars()
            self._said(_("The view is kept: {name}.").format(name=name.strip()), saved[1])

        self._write(lambda: saved_views.save_view(ws, key, name, document), done)

    def share_also(self, view: ViewItem, person: int) -> None:
        """Show a view to one more colleague, or to one fewer; without any to nobody."""
        people = view.people ^ {person}
        if people:
            self.share(view.id, sorted(people))
        else:
            self.stop_sharing(view.id)

    def share(self, view_id: int, people: Sequence[int] = ()) -> None:
        """Show a view to colleagues, or to everybody."""
        ws = self._owner.workspace
        words = _("Your colleagues see this view after their next sync.")
        self._write(
            lambda: saved_views.share_view(ws, view_id, people),
            lambda changes: self._said(words, changes),
        )

    def stop_sharing(self, view_id: int) -> None:
        """Show a view to nobody."""
        ws = self._owner.workspace
        self._write(
            lambda: saved_views.stop_sharing(ws, view_id),
            lambda _changes: self._desk.toast(_("Only you see this view now.")),
        )

    def delete_view(self, view_id: int) -> None:
        """Delete a view."""
        ws = self._owner.workspace
        self._write(
            lambda: saved_views.delete_view(ws, view_id),
            lambda _changes: self._desk.toast(_("The view is deleted.")),
        )

    # ---------------------------------------------------------------------------- bulk edits

    def editable(self) -> list[EditItem]:
        """What may be changed in many rows of this list, by this person."""
        ws, spec = self._owner.workspace, self._owner.spec
        found = []
        for column in bulk_edits.editable_columns(ws, spec):
            if column.choices is not None:
                choices = tuple(column.choices().values())
            elif column.kind is Kind.TEXT:
                choices = reading.listed_values(ws, spec, column.key)
            else:
                choices = ()
            free = column.choices is None
            found.append(EditItem(column.key, column.title(), choices, free))
        return found

    def edit(self, keys: Sequence[int], column: str, words: str) -> None:
        """Give a column a value in these rows, as one step that can be taken back."""
        ws, spec = self._owner.workspace, self._owner.spec
        ids = list(keys)

        def work() -> bulk_edits.BulkEdited:
            value = self._read_value(spec.column(column), words)
            return bulk_edits.edit_rows(ws, spec, ids, column, value)

        def done(edited: bulk_edits.BulkEdited) -> None:
            self._view.close_bars()
            said = ngettext("{count} row changed.", "{count} rows changed.", edited.changed)
            self._said(said.format(count=format_number(edited.changed)), edited.changes)

        self._write(work, done)

    def _read_value(self, column: ListColumn, words: str) -> str | int | None:
        words = words.strip()
        if not words:
            return None
        if column.choices is not None:
            known = {shown.casefold(): stored for stored, shown in column.choices().items()}
            return known.get(words.casefold(), words)
        if column.kind is Kind.DAY:
            day = sentences.read_day(words, self._owner.workspace.today())
            if day is None:
                raise FieldError(column.key, _("“{words}” is no day.").format(words=words))
            return day.isoformat()
        if column.kind is Kind.NUMBER:
            number = read_number(words)
            if number is None or number != number.to_integral_value():
                raise FieldError(column.key, _("“{words}” is no number.").format(words=words))
            return int(number)
        return words

    # ------------------------------------------------------------------------------- writing

    def _write(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        def failed(error: Exception) -> None:
            if isinstance(error, FieldError):
                self._view.say_problem(f"{error.message} {error.hint}".strip())
            else:
                self._desk.fail(error)

        self._runner.write(work, done, failed, owner=self._owner)

    def _said(self, words: str, changes: ChangeSet) -> None:
        ws, txn = self._owner.workspace, changes.undo
        if txn is None:
            self._desk.toast(words)
            return
        step = txn

        def take_back() -> None:
            self._runner.write(lambda: undo.undo(ws, step), owner=self._owner)

        self._desk.toast(words, undo=take_back)


def _item(view: SavedView) -> ViewItem:
    note = view.owner
    if not view.owner and view.shared:
        note = _("shown to {people}").format(
            people=", ".join(name for _id, name in view.people) or _("everybody")
        )
    people = frozenset(key for key, _name in view.people)
    return ViewItem(view.id, view.name, note, not view.owner, view.shared, people)

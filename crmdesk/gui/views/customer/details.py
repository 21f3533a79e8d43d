"""What opens inside the card: figures, purchases, documents, and who changed what. No Qt here.

Owns which of them is open, so that it is read again when something of it was touched, and what is
done from there: an older value put back, a file opened or added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.figure_words import FigureItem, figure_item, figures_item
from crmdesk.gui.kept_files import keep_files, open_kept
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.customer.detail_words import (
    ChangeItem,
    DocumentItem,
    PurchaseItem,
    change_item,
    document_item,
    event_figure,
    purchase_figure,
    purchase_item,
    site_texts,
    task_texts,
)
from crmdesk.i18n import _
from crmdesk.services import attachments, visits
from crmdesk.services.queries.account_work import account_tasks, sites
from crmdesk.services.queries.customer import documents
from crmdesk.services.queries.customer_figures import FigureKey, card_figure, card_figures
from crmdesk.services.queries.customer_matrix import purchases, sku_rows
from crmdesk.services.queries.event_details import event_details
from crmdesk.services.queries.field_history import FieldChange, field_changes
from crmdesk.services.restoring_values import restore_value

T = TypeVar("T")
TextRow = tuple[int, tuple[str, ...]]
_PLACES = {"collection": "collecting", "return": "returning", "sample": "sampling"}


class DetailsView(Protocol):
    """What the details ask of the widget."""

    def show_figure(self, item: FigureItem) -> None:
        """Open a figure with its formula and rows."""

    def show_purchases(self, item: FigureItem, rows: Sequence[PurchaseItem]) -> None:
        """Show all purchases of a SKU; `item` has its name, formula and sums."""

    def show_documents(self, rows: Sequence[DocumentItem]) -> None:
        """Show all files of the customer."""

    def show_changes(self, title: str, rows: Sequence[ChangeItem]) -> None:
        """Show who changed what."""

    def show_tasks(self, rows: Sequence[TextRow]) -> None:
        """Show promises and tasks: local id and texts of each."""

    def show_sites(self, rows: Sequence[TextRow]) -> None:
        """Show places of delivery: local id and texts of each."""

    def open_file(self, name: str, data: bytes) -> None:
        """Show the contents of a file."""


class CardHost(Protocol):
    """The presenter of the card, as its details see it."""

    closed: bool

    @property
    def account_id(self) -> int | None:
        """Which customer is shown."""

    def say_done(
        self, words: str, changes: ChangeSet, back: Callable[[], ChangeSet] | None = None
    ) -> None:
        """Say what was done, with the way back; ``back`` where it cannot simply be undone."""

    def forget(self) -> None:
        """No page of rows is open any more."""

    def go_to(self, place: str) -> None:
        """Go to a place of this customer."""

    def find(self, text: str) -> None:
        """Search the history for a text, as if it had been typed there."""

    def open_reorder(self, product_id: int) -> None:
        """The SKU on the reorder board."""


class CardDetails:
    """See the module."""

    def __init__(self, context: PlaceContext, view: DetailsView, host: CardHost) -> None:
        self._context = context
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._host = host
        self._again: Callable[[], None] | None = None
        self._field = ""
        self._changes: tuple[FieldChange, ...] = ()

    @property
    def account_id(self) -> int | None:
        """Which customer is shown."""
        return self._host.account_id

    def forget(self) -> None:
        """Nothing is open any more."""
        self._again = None

    def read_again(self, _changes: ChangeSet) -> None:
        """Something of the customer was touched: what is open is read again."""
        if self._again is not None:
            self._again()

    # -------------------------------------------------------------------------------- opening

    def open_figure(self, key: str) -> None:
        """Open a figure of the card by its key."""
        account_id, ws = self.account_id, self._ws
        if account_id is None:
            return
        wanted = FigureKey(key)

        def work() -> FigureItem:
            return figure_item(card_figure(ws, account_id, wanted), ws.currency)

        self._open(work, self._view.show_figure)

    def open_figures(self) -> None:
        """All figures of the card, of which each can be opened."""
        account_id, ws = self.account_id, self._ws
        if account_id is None:
            return
        self._open(
            lambda: figures_item(card_figures(ws, account_id), ws.currency),
            self._view.show_figure,
        )

    def open_purchases(self, product_id: int, name: str) -> None:
        """Show every purchase of a SKU, why it is suggested, and what they add up to."""
        account_id, ws = self.account_id, self._ws
        if account_id is None:
            return

        def work() -> tuple[FigureItem, list[PurchaseItem]]:
            found = purchases(ws, account_id, product_id)
            rows = sku_rows(ws, account_id, [product_id])
            figure = purchase_figure(name, found, rows[0] if rows else None, ws)
            return figure, [purchase_item(row, ws.currency) for row in found]

        self._open(work, lambda found: self._view.show_purchases(*found))

    def open_documents(self) -> None:
        """Show all files of the customer."""
        account_id, ws = self.account_id, self._ws
        if account_id is None:
            return

        def work() -> list[DocumentItem]:
            return [document_item(row) for row in documents(ws, account_id)]

        self._open(work, self._view.show_documents)

    def open_sites(self) -> None:
        """Show the customer's places of delivery."""
        account_id, ws = self.account_id, self._ws
        if account_id is not None:
            today = ws.today()
            self._open(
                lambda: [site_texts(row, today) for row in sites(ws, account_id)],
                self._view.show_sites,
            )

    def open_tasks(self) -> None:
        """Show what is promised and to be done, the open ones first."""
        account_id, ws = self.account_id, self._ws
        if account_id is None:
            return

        def work() -> list[TextRow]:
            return [task_texts(row, ws.today()) for row in account_tasks(ws, account_id)]

        self._open(work, self._view.show_tasks)

    def finish_task(self, promise_id: int) -> None:
        """A promise was kept, a task done."""
        ws = self._ws
        self._runner.write(
            lambda: visits.keep_promise(ws, promise_id),
            lambda changes: self._host.say_done(_("Done."), changes),
            self._desk.fail,
            owner=self._host,
        )

    def open_changes(self, field: str = "") -> None:
        """Show who changed what, of one field ("account.street") or of all."""
        account_id, ws = self.account_id, self._ws
        if account_id is None:
            return
        self._field = field

        def work() -> tuple[FieldChange, ...]:
            found = field_changes(ws, account_id)
            if field:
                found = tuple(c for c in found if f"{c.entity}.{c.field}" == field)
            return found

        self._open(work, self._on_changes_read)

    def open_target(self, target: str) -> None:
        """Open what a row is about: a document in its place, anything else in rows here."""
        kind, _colon, text = target.partition(":")
        if kind == "figure":
            self.open_figure(text)
        if not text.isdecimal():
            return
        key = int(text)
        if kind in ("order", "alteration"):
            self._desk.go("order", order=key)
        elif kind == "deal":
            self._desk.go("pipeline", deal=key)
        elif kind in ("quote", "follow_up"):
            self._desk.go("quote", quote=key)
        elif kind in _PLACES:
            self._host.go_to(_PLACES[kind])
        elif kind == "sku":
            self._open_sku(key)
        elif kind == "file":
            self.open_document(key)
        elif kind == "change":
            self._open_change(key)
        else:
            self._open_event("sale" if kind == "price" else kind, key)

    def _open_sku(self, product_id: int) -> None:
        account_id, ws = self.account_id, self._ws
        if account_id is None:
            return

        def done(rows: Sequence[str]) -> None:
            if rows:
                self.open_purchases(product_id, rows[0])

        self._runner.read(
            lambda: [row.name for row in sku_rows(ws, account_id, [product_id])],
            done,
            owner=self._host,
        )

    def _open_event(self, kind: str, key: int) -> None:
        ws = self._ws

        def work() -> FigureItem | None:
            found = event_details(ws, kind, key)
            return None if found is None else event_figure(found, ws.currency)

        def done(item: FigureItem | None) -> None:
            if item is not None:
                self._view.show_figure(item)

        self._open(work, done)

    def _open_change(self, number: int) -> None:
        """All values that the field of one change has had."""
        account_id, ws = self.account_id, self._ws
        if account_id is None:
            return

        def done(found: tuple[FieldChange, ...]) -> None:
            one = next((c for c in found if c.number == number), None)
            if one is not None:
                self.open_changes(f"{one.entity}.{one.field}")

        self._runner.read(lambda: field_changes(ws, account_id), done, owner=self._host)

    # --------------------------------------------------------------------------------- doing

    def restore(self, number: int, *, older: bool) -> None:
        """Put the value of a change back (or with ``older`` the one before it)."""
        ws = self._ws
        change = next((c for c in self._changes if c.number == number), None)
        if change is None:
            return
        self._runner.write(
            lambda: restore_value(ws, change, older=older),
            lambda changes: self._host.say_done(_("The value was put back."), changes),
            self._desk.fail,
            owner=self._host,
        )

    def open_document(self, attachment_id: int) -> None:
        """Show a file; where its bytes are not here yet, the next sync fetches them."""
        open_kept(self._context, self._host, attachment_id, self._view.open_file)

    def add_files(self, paths: Sequence[Path]) -> None:
        """Keep files with the customer."""
        account_id, ws = self.account_id, self._ws
        if account_id is None:
            return

        def keep(path: Path) -> ChangeSet:
            kind = attachments.PHOTO if path.suffix.lower() in _PICTURES else attachments.FILE
            return attachments.attach_file(ws, account_id, path, kind=kind).changes

        keep_files(self._context, self._host, paths, keep)

    # ------------------------------------------------------------------------------- answers

    def _open(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        def read() -> None:
            self._runner.read(work, done, owner=self._host)

        self._again = read
        read()

    def _on_changes_read(self, found: tuple[FieldChange, ...]) -> None:
        self._changes = found
        ws = self._ws
        rows = [change_item(one, ws.currency, ws.clock.local(one.at)) for one in found]
        self._view.show_changes(_("What changed here?"), rows)


_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".gif")

"""What the customer card does, without Qt: one read for the screen, more when it is looked at.

Owns which customer is shown, the timeline's filter and search, and the commands of the card (start
a visit, log a call, take an order). Wording is shared with other places; painting is the widget's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.gui.event_words import event_item
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.sku_words import heat_item, thresholds_of
from crmdesk.gui.views.customer.details import CardDetails, DetailsView
from crmdesk.gui.views.customer.editing import CardEditing, EditingView
from crmdesk.gui.views.customer.words import (
    CardItem,
    MonthItems,
    card_item,
)
from crmdesk.gui.widgets.items import HeatItem, MonthCount, TimelineItem
from crmdesk.i18n import _, ngettext
from crmdesk.services import orders, undo, visits
from crmdesk.services.queries.customer import customer_card
from crmdesk.services.queries.customer_matrix import sku_rows
from crmdesk.services.queries.customer_timeline import (
    EventGroup,
    EventRow,
    TimelineMonths,
    search_timeline,
    timeline_month,
    timeline_months,
)

CALL_MINUTES = 5
_SHOWN_KINDS = (
    "account", "contact", "contact_point", "sale", "order", "visit", "planned_visit", "ticket",
    "invoice", "payment", "collection", "note", "promise", "quote", "return_request",
    "survey_score", "attachment", "sample", "reorder_override", "site", "account_product",
    "custom_value", "custom_field",
    "quote_follow_up", "order_alteration", "stage_change", "opportunity", "touch", "visit_task",
)  # fmt: skip


class PagesView(DetailsView, EditingView, Protocol):
    """What opens in the lower part of the card, and its forms."""


class CustomerView(Protocol):
    """What the presenter asks of the widget."""

    def show_card(self, card: CardItem) -> None:
        """Show a customer; its first months and SKUs are in the card."""

    def show_timeline(
        self, months: Sequence[MonthCount], events: Sequence[MonthItems], note: str
    ) -> None:
        """Show other months of the timeline: another filter, or what a search found."""

    def put_month(self, events: MonthItems) -> None:
        """Events of a month that came into view."""

    def put_skus(self, items: Sequence[HeatItem]) -> None:
        """SKUs that came into view."""

    def show_search(self, text: str) -> None:
        """Open the search of the history with a text in it."""

    def show_gone(self, message: str, hint: str) -> None:
        """The customer has left this laptop."""


class CustomerPresenter:
    """The card of one customer at a time."""

    def __init__(self, context: PlaceContext, view: CustomerView, pages: PagesView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._account_id: int | None = None
        self._card: CardItem | None = None
        self._scale = (0.0, 0.0, 0.0)
        self._group = EventGroup.ALL
        self._text = ""
        self._asked = 0
        self.details = CardDetails(context, pages, self)
        self.editing = CardEditing(context, pages, self)

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Nothing is read before a customer is chosen."""

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read the card again when something of it was touched."""
        if self._account_id is not None and changes.touches(*_SHOWN_KINDS):
            self._read_card(self._account_id)
            self.details.read_again(changes)

    @property
    def account_id(self) -> int | None:
        """Which customer is shown."""
        return self._account_id

    # -------------------------------------------------------------------------------- intents

    def show(self, account_id: int) -> None:
        """Show a customer."""
        if account_id != self._account_id:
            self._group, self._text = EventGroup.ALL, ""
            self.details.forget()
        self._account_id = account_id
        self._read_card(account_id)

    def choose_group(self, key: str) -> None:
        """Show one kind of events."""
        self._group = EventGroup(key)
        self._read_timeline()

    def search(self, text: str) -> None:
        """Show the events in which a text occurs; an empty text shows all again."""
        if text != self._text:
            self._text = text
            self._read_timeline()

    def find(self, text: str) -> None:
        """Search for a text, and show in the search field that it is being searched."""
        self._view.show_search(text)
        self.search(text)

    def read_month(self, month: date) -> None:
        """A month came into view."""
        if self._account_id is None or self._text.strip():
            return
        ws, account_id, group, number = self.workspace, self._account_id, self._group, self._asked

        def work() -> MonthItems:
            return self._month(month, timeline_month(ws, account_id, month, group))

        self._runner.read(work, lambda found: self._on_month_read(number, found), owner=self)

    def read_skus(self, keys: Sequence[int]) -> None:
        """SKUs came into view."""
        if self._account_id is None:
            return
        ws, account_id, wanted, scale = self.workspace, self._account_id, list(keys), self._scale
        today = ws.today()

        def work() -> list[HeatItem]:
            rows = sku_rows(ws, account_id, wanted)
            return [heat_item(row, scale, today, ws.currency) for row in rows]

        self._runner.read(work, self._view.put_skus, owner=self)

    def open_event(self, item: TimelineItem) -> None:
        """Open what an event is about, where there is a place for it."""
        self.details.open_target(item.key)

    def start_visit(self) -> None:
        """Start a visit now; while one is running, take its order."""
        if self._account_id is None:
            return
        if self._card is not None and self._card.running_visit_id is not None:
            self.suggested_order()
            return
        ws, account_id = self.workspace, self._account_id

        def done(_started: visits.VisitStarted) -> None:
            self._desk.toast(_("Visit started. Today ends it."))
            self._read_card(account_id)

        self._runner.write(lambda: visits.start_visit(ws, account_id), done, owner=self)

    def log_call(self) -> None:
        """Log a call that has just ended."""
        if self._account_id is None:
            return
        ws, account_id = self.workspace, self._account_id

        def work() -> ChangeSet:
            return visits.log_contact(
                ws, account_id, VisitMode.CALL, VisitOutcome.INFORMATION, minutes=CALL_MINUTES
            )

        self._runner.write(
            work, lambda changes: self.say_done(_("Call logged."), changes), owner=self
        )

    def new_order(self) -> None:
        """Start an empty order."""
        self._start_order(suggested=False)

    def go_to(self, place: str) -> None:
        """Go to a place of this customer: a return, a collection, samples."""
        if self._account_id is not None:
            self._desk.go(place, account=self._account_id)

    def new_at(self, place: str) -> None:
        """Make something new of this customer in a place: a task, an opportunity."""
        if self._account_id is None:
            return
        if place == "pipeline":
            self._desk.go(place, account=self._account_id, new=True)
        else:
            self._desk.go(place, new=self._account_id)

    def open_reorder(self, product_id: int) -> None:
        """The SKU on the reorder board, where its level, pack and count are kept."""
        if self._account_id is not None:
            self._desk.go("reorder", account=self._account_id, product=product_id)

    def suggested_order(self) -> None:
        """Start an order from what is due."""
        self._start_order(suggested=True)

    def leave(self) -> None:
        """Go back to where the person came from."""
        self._desk.back()

    # -------------------------------------------------------------------------------- reading

    def _start_order(self, *, suggested: bool) -> None:
        if self._account_id is None:
            return
        ws, account_id = self.workspace, self._account_id
        visit_id = self._card.running_visit_id if self._card is not None else None

        def work() -> orders.Started:
            return orders.start_order(ws, account_id, visit_id=visit_id, suggested=suggested)

        def done(started: orders.Started) -> None:
            self._desk.go("order", order=started.order_id)

        self._runner.write(work, done, owner=self)

    def _read_card(self, account_id: int) -> None:
        self._asked += 1
        number, ws = self._asked, self.workspace

        def work() -> tuple[CardItem, tuple[float, float, float]]:
            card = customer_card(ws, account_id)
            scale = thresholds_of(card.rows)
            now = ws.clock.local(ws.now())
            events = [self._month(month, rows) for month, rows in card.events]
            return card_item(card, scale, events, ws.currency, now), scale

        self._runner.read(
            work, lambda found: self._on_card_read(number, *found), self._on_card_failed, owner=self
        )

    def _read_timeline(self) -> None:
        if self._account_id is None:
            return
        self._asked += 1
        number, ws, account_id = self._asked, self.workspace, self._account_id
        group, text = self._group, self._text
        work: Callable[[], tuple[list[MonthCount], list[MonthItems], str]]
        if text.strip():

            def work() -> tuple[list[MonthCount], list[MonthItems], str]:
                found = search_timeline(ws, account_id, text, group, said=self._said)
                return self._found(found)
        else:

            def work() -> tuple[list[MonthCount], list[MonthItems], str]:
                found = timeline_months(ws, account_id, group)
                return month_counts(found), [], events_note(found.total)

        self._runner.read(work, lambda found: self._on_timeline_read(number, *found), owner=self)

    def _said(self, row: EventRow) -> str:
        """How an event reads, so that whatever is shown can be searched for."""
        item = event_item(row, self.workspace.currency, self.workspace.today())
        return f"{item.title} {item.detail} {item.value}"

    def _found(self, rows: Sequence[EventRow]) -> tuple[list[MonthCount], list[MonthItems], str]:
        by_month: dict[date, list[EventRow]] = {}
        for row in rows:
            by_month.setdefault(row.day.replace(day=1), []).append(row)
        counts = [MonthCount(month, len(found)) for month, found in by_month.items()]
        items = [self._month(month, found) for month, found in by_month.items()]
        note = ngettext("{count} found", "{count} found", len(rows)).format(count=len(rows))
        return counts, items, note

    def _month(self, month: date, rows: Sequence[EventRow]) -> MonthItems:
        ws = self.workspace
        today = ws.today()
        return MonthItems(month, tuple(event_item(row, ws.currency, today) for row in rows))

    # -------------------------------------------------------------------------------- answers

    def _on_card_read(self, number: int, card: CardItem, scale: tuple[float, float, float]) -> None:
        if number != self._asked or card.account_id != self._account_id:
            return
        self._card, self._scale = card, scale
        self._view.show_card(card)
        if self._group is not EventGroup.ALL or self._text.strip():
            self._read_timeline()

    def _on_card_failed(self, error: Exception) -> None:
        if isinstance(error, NotFound):
            self._view.show_gone(error.message, error.hint)
        else:
            self._desk.fail(error)

    def _on_timeline_read(
        self, number: int, months: list[MonthCount], events: list[MonthItems], note: str
    ) -> None:
        if number == self._asked:
            self._view.show_timeline(months, events, note)

    def _on_month_read(self, number: int, found: MonthItems) -> None:
        if number == self._asked:
            self._view.put_month(found)

    def forget(self) -> None:
        """No page of rows is open any more."""
        self.details.forget()

    def say_done(
        self, words: str, changes: ChangeSet, back: Callable[[], ChangeSet] | None = None
    ) -> None:
        """Say what was done, with the way back where there is one."""
        ws, txn = self.workspace, changes.undo
        if txn is not None:
            self._desk.toast(words, undo=lambda: self._take_back(lambda: undo.undo(ws, txn)))
        elif back is not None:
            self._desk.toast(words, undo=lambda: self._take_back(back))
        else:
            self._desk.toast(words)

    def _take_back(self, work: Callable[[], ChangeSet]) -> None:
        self._runner.write(work, owner=self)


def month_counts(found: TimelineMonths) -> list[MonthCount]:
    """The months of a timeline as its list wants them."""
    return [MonthCount(month, count) for month, count in found.months]


def events_note(total: int) -> str:
    """How many events there are."""
    return ngettext("{count} event", "{count} events", total).format(count=total)

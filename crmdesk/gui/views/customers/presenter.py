"""What the list of customers does, without Qt: reading, filtering, sorting, the preview.

Owns the state of the list (text, chip, order, selected customer). Painting and keys are the
widget's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.customer_words import address, header_badges, opening_now
from crmdesk.gui.event_words import event_item
from crmdesk.gui.keyed_list import ChipItem, KeyedList, ListSource, ListView
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.sku_words import need_item
from crmdesk.gui.widgets.items import BadgeItem, NeedItem, TimelineItem
from crmdesk.i18n import _, format_number, ngettext
from crmdesk.services import accounts, orders, undo
from crmdesk.services.queries.customer_preview import CustomerPreview, customer_preview
from crmdesk.services.queries.customers import (
    CustomerFilter,
    CustomerNeed,
    CustomerRow,
    CustomerSort,
    customer_counts,
    customer_keys,
    customer_rows,
)

_SHOWN_KINDS = (
    "account", "contact", "sale", "order", "visit", "planned_visit", "ticket", "invoice",
    "payment", "reorder_override",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PreviewItem:
    """The selected customer as it is shown beside the list."""

    account_id: int
    name: str
    badges: tuple[BadgeItem, ...]
    where: str
    opening: str
    contact: str
    reach: str
    needs: tuple[NeedItem, ...]
    events: tuple[TimelineItem, ...]


class CustomersView(ListView[CustomerRow], Protocol):
    """What the presenter asks of the widget."""

    def show_preview(self, preview: PreviewItem | None) -> None:
        """Show the selected customer, or nothing."""

    def select(self, account_id: int) -> None:
        """Move the selection to a customer."""


class CustomersPresenter:
    """The list of customers."""

    def __init__(self, context: PlaceContext, view: CustomersView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._list = KeyedList(
            context, self, view, _SOURCE, CustomerFilter(), (CustomerSort.NAME, False),
            self._on_listed,
        )  # fmt: skip
        self._selected: int | None = None

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time."""
        self._read_counts()
        self._list.read()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again what is shown, when something of it was touched."""
        if not changes.touches(*_SHOWN_KINDS):
            return
        self._read_counts()
        self._list.read()
        if self._selected is not None:
            self._read_preview(self._selected)

    # -------------------------------------------------------------------------------- intents

    def search(self, text: str) -> None:
        """Show customers that match a text."""
        self._list.narrow(replace(self._list.wanted, text=text))

    def choose_need(self, key: str) -> None:
        """Show the customers of one chip."""
        self._list.narrow(replace(self._list.wanted, need=CustomerNeed(key)))

    def sort(self, column: str, *, descending: bool) -> None:
        """Order the list by a column."""
        self._list.sort(CustomerSort(column), descending=descending)

    def read_rows(self, keys: Sequence[int]) -> None:
        """Rows came into view."""
        self._list.read_rows(keys)

    def select(self, account_id: int) -> None:
        """The selection bar moved."""
        if account_id != self._selected:
            self._selected = account_id
            self._read_preview(account_id)

    def open(self, account_id: int | None) -> None:
        """Open the card."""
        if account_id is not None:
            self._desk.go("customer", account=account_id)

    def new_order(self, account_id: int | None) -> None:
        """Start an order from what is due."""
        if account_id is None:
            return
        ws = self.workspace
        self._runner.write(
            lambda: orders.start_order(ws, account_id),
            lambda started: self._desk.go("order", order=started.order_id),
            owner=self,
        )

    def filter_more(self) -> None:
        """Go to the list with sentences, views and bulk edits."""
        self._desk.go("lists", list="customers")

    def create(self, name: str, city: str) -> None:
        """Make a customer and open its card."""
        ws = self.workspace
        values = {"name": name, "city": city, "status": "prospect"}
        self._runner.write(
            lambda: accounts.create_account(ws, values), self._on_created, owner=self
        )

    def export(self) -> None:
        """Write what is shown, with the columns, filter and order it has, to a file."""
        self._desk.export_list()

    # -------------------------------------------------------------------------------- reading

    def _read_counts(self) -> None:
        ws = self.workspace
        self._runner.read(lambda: customer_counts(ws), self._on_counted, owner=self)

    def _read_preview(self, account_id: int) -> None:
        ws = self.workspace

        def work() -> PreviewItem:
            return self._preview(customer_preview(ws, account_id))

        self._runner.read(work, self._on_preview_read, lambda _error: None, owner=self)

    def _preview(self, found: CustomerPreview) -> PreviewItem:
        ws = self.workspace
        today, now = ws.today(), ws.clock.local(ws.now())
        person = found.contact
        return PreviewItem(
            account_id=found.header.id,
            name=found.header.name,
            badges=header_badges(found.header, ws.currency, today),
            where=address(found.header),
            opening=opening_now(found.header.opening_hours, now).text,
            contact=", ".join(p for p in (person.name, person.job) if p) if person else "",
            reach=person.points[0].value if person and person.points else "",
            needs=tuple(need_item(row, today) for row in found.needs),
            events=tuple(event_item(row, ws.currency, today) for row in found.events),
        )

    # -------------------------------------------------------------------------------- answers

    def _on_counted(self, counts: Mapping[CustomerNeed, int]) -> None:
        words = need_words()
        chips = [
            ChipItem(need, f"{words[need]} {format_number(counts[need])}")
            for need in CustomerNeed
            if counts[need] or need in (CustomerNeed.ALL, self._list.wanted.need)
        ]
        self._view.show_chips(chips)
        every = counts[CustomerNeed.ALL]
        facts = [ngettext("{count} customer", "{count} customers", every).format(
            count=format_number(every)
        )]  # fmt: skip
        overdue = counts[CustomerNeed.OVERDUE]
        if overdue:
            facts.append(_("{count} with something overdue").format(count=format_number(overdue)))
        debt = counts[CustomerNeed.DEBT]
        if debt:
            facts.append(_("{count} pay late").format(count=format_number(debt)))
        self._view.show_heading(" · ".join(facts))

    def _on_listed(self, keys: Sequence[int]) -> None:
        self._view.show_empty(*_empty_words(self._list.wanted) if not keys else ("", ""))
        if not keys:
            self._selected = None
            self._view.show_preview(None)

    def _on_preview_read(self, preview: PreviewItem) -> None:
        if preview.account_id == self._selected:
            self._view.show_preview(preview)

    def _on_created(self, made: tuple[int, ChangeSet]) -> None:
        account_id, changes = made
        ws, txn = self.workspace, changes.undo
        take_back = None
        if txn is not None:

            def take_back() -> None:
                self._runner.write(lambda: undo.undo(ws, txn), owner=self)
                self._desk.go("customers")

        self._desk.go("customer", account=account_id)
        self._desk.toast(_("Customer added."), undo=take_back)


_SOURCE: ListSource[CustomerFilter, CustomerSort, CustomerRow] = ListSource(
    lambda ws, wanted, sort, descending: customer_keys(ws, wanted, sort, descending=descending),
    customer_rows,
)


def _empty_words(wanted: CustomerFilter) -> tuple[str, str]:
    """Why there is no row, and what to do."""
    if wanted.text:
        return (
            _("No customer matches “{text}”.").format(text=wanted.text),
            _("Try a part of the name, the town or a person. Esc empties the field."),
        )
    if wanted.need is CustomerNeed.ALL:
        return (
            _("No customer yet."),
            _("Add the first one with N, or bring them all from a file: crmdesk import."),
        )
    return _("No customer here."), _("Choose another filter, or add one with N.")


def need_words() -> dict[CustomerNeed, str]:
    """The chips in words."""
    return {
        CustomerNeed.ALL: _("All"),
        CustomerNeed.OVERDUE: _("Overdue"),
        CustomerNeed.DUE: _("Due"),
        CustomerNeed.AT_RISK: _("At risk"),
        CustomerNeed.DEBT: _("Late payers"),
        CustomerNeed.TICKETS: _("Tickets"),
        CustomerNeed.PROSPECTS: _("Prospects"),
        CustomerNeed.LAPSED: _("Lapsed"),
    }

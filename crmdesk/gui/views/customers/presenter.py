"""What the list of customers does, without Qt: reading, filtering, sorting, the preview.

Owns the state of the list (text, chip, order, selected customer). Painting and keys are the
widget's.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.customer_words import address, header_badges, opening_now
from crmdesk.gui.event_words import event_item
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

FIRST_ROWS = 64
_SHOWN_KINDS = (
    "account", "contact", "sale", "order", "visit", "planned_visit", "ticket", "invoice",
    "payment", "reorder_override",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChipItem:
    """A filter chip with its count."""

    key: str
    text: str


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


class CustomersView(Protocol):
    """What the presenter asks of the widget."""

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the filters with their counts."""

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, CustomerRow]) -> None:
        """Show these customers; `rows` are those at hand."""

    def put_rows(self, rows: Mapping[int, CustomerRow]) -> None:
        """Rows that were asked for or have changed."""

    def show_preview(self, preview: PreviewItem | None) -> None:
        """Show the selected customer, or nothing."""

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row; empty words mean there are some."""

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
        self._filter = CustomerFilter()
        self._sort = CustomerSort.NAME
        self._descending = False
        self._asked = 0
        self._selected: int | None = None
        self._keys: list[int] = []

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time."""
        self._read_counts()
        self._read_keys()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again what is shown, when something of it was touched."""
        if not changes.touches(*_SHOWN_KINDS):
            return
        self._read_counts()
        self._read_keys()
        if self._selected is not None:
            self._read_preview(self._selected)

    # -------------------------------------------------------------------------------- intents

    def search(self, text: str) -> None:
        """Show customers that match a text."""
        if text != self._filter.text:
            self._filter = CustomerFilter(text, self._filter.need)
            self._read_keys()

    def choose_need(self, key: str) -> None:
        """Show the customers of one chip."""
        self._filter = CustomerFilter(self._filter.text, CustomerNeed(key))
        self._read_keys()

    def sort(self, column: str, *, descending: bool) -> None:
        """Order the list by a column."""
        self._sort, self._descending = CustomerSort(column), descending
        self._read_keys()

    def read_rows(self, keys: Sequence[int]) -> None:
        """Rows came into view."""
        ws, wanted = self.workspace, list(keys)
        self._runner.read(lambda: customer_rows(ws, wanted), self._view.put_rows, owner=self)

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

    def create(self, name: str, city: str) -> None:
        """Make a customer and open its card."""
        ws = self.workspace
        values = {"name": name, "city": city, "status": "prospect"}
        self._runner.write(
            lambda: accounts.create_account(ws, values), self._on_created, owner=self
        )

    def export(self, path: Path) -> None:
        """Write all customers shown, in the order shown, as CSV (UTF-8 with a heading)."""
        ws, keys = self.workspace, list(self._keys)

        def work() -> int:
            rows = customer_rows(ws, keys)
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(_EXPORTED)
                for key in keys:
                    if key in rows:
                        writer.writerow([getattr(rows[key], name) for name in _EXPORTED])
            return len(rows)

        self._runner.read(work, lambda count: self._on_exported(count, path), owner=self)

    # -------------------------------------------------------------------------------- reading

    def _read_counts(self) -> None:
        ws = self.workspace
        self._runner.read(lambda: customer_counts(ws), self._on_counted, owner=self)

    def _read_keys(self) -> None:
        self._asked += 1
        number, ws, wanted = self._asked, self.workspace, self._filter
        sort, descending = self._sort, self._descending

        def work() -> tuple[list[int], dict[int, CustomerRow]]:
            keys = customer_keys(ws, wanted, sort, descending=descending)
            return keys, customer_rows(ws, keys[:FIRST_ROWS])

        self._runner.read(work, lambda found: self._on_keys_read(number, *found), owner=self)

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
            if counts[need] or need in (CustomerNeed.ALL, self._filter.need)
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

    def _on_keys_read(self, number: int, keys: list[int], rows: Mapping[int, CustomerRow]) -> None:
        if number != self._asked:
            return
        self._keys = keys
        self._view.show_keys(keys, rows)
        if keys:
            self._view.show_empty("", "")
        elif self._filter.text:
            self._view.show_empty(
                _("No customer matches “{text}”.").format(text=self._filter.text),
                _("Try a part of the name, the town or a person. Esc empties the field."),
            )
            self._view.show_preview(None)
        elif self._filter.need is CustomerNeed.ALL:
            self._view.show_empty(
                _("No customer yet."),
                _("Add the first one with N, or bring them all from a file: crmdesk import."),
            )
            self._view.show_preview(None)
        else:
            self._view.show_empty(
                _("No customer here."),
                _("Choose another filter, or add one with N."),
            )
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

    def _on_exported(self, count: int, path: Path) -> None:
        words = ngettext(
            "{count} customer written to {file}", "{count} customers written to {file}", count
        )
        self._desk.toast(words.format(count=format_number(count), file=path.name))


_EXPORTED = (
    "code", "name", "city", "account_class", "channel", "status", "last_order_on",
    "next_visit_on", "net_12m_minor", "margin_12m_minor", "overdue", "due", "late_minor",
)  # fmt: skip


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

"""What the list of orders does, without Qt: reading, filtering, sorting, starting a new one.

Owns the state of the list. One order with its lines is the order place's.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.presenting import PlaceContext
from crmdesk.i18n import _, format_money, format_number, ngettext
from crmdesk.services import orders
from crmdesk.services.queries.customers import (
    CustomerFilter,
    CustomerRow,
    customer_keys,
    customer_rows,
)
from crmdesk.services.queries.orders import (
    OrderCount,
    OrderFilter,
    OrderGroup,
    OrderRow,
    OrderSort,
    order_counts,
    order_keys,
    order_rows,
)

FIRST_ROWS = 64
OFFERED = 8
_EXPORTED = (
    "number", "customer", "city", "status", "order_date", "delivery_date", "lines", "net_minor",
    "total_minor", "margin_minor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChipItem:
    """A filter chip with its count."""

    key: str
    text: str


class OrdersView(Protocol):
    """What the presenter asks of the widget."""

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the filters with their counts."""

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, OrderRow]) -> None:
        """Show these orders; `rows` are those at hand."""

    def put_rows(self, rows: Mapping[int, OrderRow]) -> None:
        """Rows that were asked for or have changed."""

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row; empty words mean there are some."""

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that an order can be started for."""


class OrdersPresenter:
    """The list of orders."""

    def __init__(self, context: PlaceContext, view: OrdersView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._filter = OrderFilter()
        self._sort = OrderSort.DATE
        self._descending = True
        self._asked = 0
        self._keys: list[int] = []
        self._wanted = ""

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time."""
        self._read_counts()
        self._read_keys()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again what is shown, when an order or a customer's name was touched."""
        if changes.touches("order", "account"):
            self._read_counts()
            self._read_keys()

    # -------------------------------------------------------------------------------- intents

    def search(self, text: str) -> None:
        """Show orders that match a text."""
        if text != self._filter.text:
            self._filter = OrderFilter(text, self._filter.group)
            self._read_keys()

    def choose_group(self, key: str) -> None:
        """Show the orders of one chip."""
        self._filter = OrderFilter(self._filter.text, OrderGroup(key))
        self._read_keys()

    def sort(self, column: str, *, descending: bool) -> None:
        """Order the list by a column."""
        self._sort, self._descending = OrderSort(column), descending
        self._read_keys()

    def read_rows(self, keys: Sequence[int]) -> None:
        """Rows came into view."""
        ws, wanted = self.workspace, list(keys)
        self._runner.read(lambda: order_rows(ws, wanted), self._view.put_rows, owner=self)

    def open(self, order_id: int | None) -> None:
        """Open an order."""
        if order_id is not None:
            self._desk.go("order", order=order_id)

    def find_customers(self, text: str) -> None:
        """Look for the customer of a new order."""
        self._wanted = text
        ws = self.workspace

        def work() -> list[CustomerRow]:
            keys = customer_keys(ws, CustomerFilter(text))[:OFFERED]
            rows = customer_rows(ws, keys)
            return [rows[key] for key in keys if key in rows]

        self._runner.read(work, lambda rows: self._on_customers_found(text, rows), owner=self)

    def start_order(self, account_id: int) -> None:
        """Start an order for a customer from what is due."""
        ws = self.workspace
        self._runner.write(
            lambda: orders.start_order(ws, account_id),
            lambda started: self._desk.go("order", order=started.order_id),
            owner=self,
        )

    def export(self, path: Path) -> None:
        """Write all orders shown, in the order shown, as CSV (UTF-8 with a heading)."""
        ws, keys = self.workspace, list(self._keys)

        def work() -> int:
            rows = order_rows(ws, keys)
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
        self._runner.read(lambda: order_counts(ws), self._on_counted, owner=self)

    def _read_keys(self) -> None:
        self._asked += 1
        number, ws, wanted = self._asked, self.workspace, self._filter
        sort, descending = self._sort, self._descending

        def work() -> tuple[list[int], dict[int, OrderRow]]:
            keys = order_keys(ws, wanted, sort, descending=descending)
            return keys, order_rows(ws, keys[:FIRST_ROWS])

        self._runner.read(work, lambda found: self._on_keys_read(number, *found), owner=self)

    # -------------------------------------------------------------------------------- answers

    def _on_counted(self, counts: Mapping[OrderGroup, OrderCount]) -> None:
        words = group_words()
        self._view.show_chips(
            [
                ChipItem(group, f"{words[group]} {format_number(counts[group].count)}")
                for group in OrderGroup
                if counts[group].count or group in (OrderGroup.ALL, self._filter.group)
            ]
        )
        facts = []
        drafts, waiting = counts[OrderGroup.DRAFTS], counts[OrderGroup.WAITING]
        if drafts.count:
            said = ngettext("{count} draft, {amount}", "{count} drafts, {amount}", drafts.count)
            facts.append(self._said(said, drafts))
        if waiting.count:
            said = ngettext(
                "{count} waiting for HQ, {amount}", "{count} waiting for HQ, {amount}",
                waiting.count,
            )  # fmt: skip
            facts.append(self._said(said, waiting))
        refused = counts[OrderGroup.REFUSED]
        if refused.count:
            said = ngettext("{count} refused", "{count} refused", refused.count)
            facts.append(said.format(count=format_number(refused.count)))
        self._view.show_heading(" · ".join(facts) or _("nothing is waiting"))

    def _said(self, words: str, count: OrderCount) -> str:
        amount = format_money(count.net_minor, self.workspace.currency, decimals=0)
        return words.format(count=format_number(count.count), amount=amount)

    def _on_keys_read(self, number: int, keys: list[int], rows: Mapping[int, OrderRow]) -> None:
        if number != self._asked:
            return
        self._keys = keys
        self._view.show_keys(keys, rows)
        if keys:
            self._view.show_empty("", "")
        elif self._filter.text:
            self._view.show_empty(
                _("No order matches “{text}”.").format(text=self._filter.text),
                _("Search for a number or a customer. Esc empties the field."),
            )
        elif self._filter.group is OrderGroup.ALL:
            self._view.show_empty(
                _("No order yet."), _("Start one with N, or from a customer's card.")
            )
        else:
            self._view.show_empty(_("No order of this kind."), _("Choose another filter."))

    def _on_customers_found(self, text: str, rows: Sequence[CustomerRow]) -> None:
        if text == self._wanted:
            self._view.offer_customers(rows)

    def _on_exported(self, count: int, path: Path) -> None:
        words = ngettext(
            "{count} order written to {file}", "{count} orders written to {file}", count
        )
        self._desk.toast(words.format(count=format_number(count), file=path.name))


def group_words() -> dict[OrderGroup, str]:
    """The chips in words."""
    return {
        OrderGroup.ALL: _("All"),
        OrderGroup.DRAFTS: _("Drafts"),
        OrderGroup.WAITING: _("Waiting for HQ"),
        OrderGroup.ACCEPTED: _("Accepted"),
        OrderGroup.REFUSED: _("Refused or cancelled"),
        OrderGroup.DONE: _("Invoiced"),
    }

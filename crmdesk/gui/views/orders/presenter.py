"""What the list of orders does, without Qt: reading, filtering, sorting, starting a new one.

Owns the state of the list. One order with its lines is the order place's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.customer_finding import CustomerFinder
from crmdesk.gui.keyed_list import ChipItem, KeyedList, ListSource, ListView
from crmdesk.gui.presenting import PlaceContext
from crmdesk.i18n import _, format_money, format_number, ngettext
from crmdesk.services import orders
from crmdesk.services.queries.customers import CustomerRow
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


class OrdersView(ListView[OrderRow], Protocol):
    """What the presenter asks of the widget."""

    def add_keys(self, keys: Sequence[int], *, more: bool) -> None:
        """Show these behind the others; ``more`` follow when they are asked for."""

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
        self.customers = CustomerFinder(context, self, view.offer_customers)
        self._list = KeyedList(
            context, self, view, _SOURCE, OrderFilter(), (OrderSort.DATE, True), self._on_listed,
            lambda keys, more: view.add_keys(keys, more=more),
        )  # fmt: skip

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time."""
        self._read_counts()
        self._list.read()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again what is shown, when an order or a customer's name was touched."""
        if changes.touches("order", "account"):
            self._read_counts()
            self._list.read()

    # -------------------------------------------------------------------------------- intents

    def search(self, text: str) -> None:
        """Show orders that match a text."""
        self._list.narrow(replace(self._list.wanted, text=text))

    def choose_group(self, key: str) -> None:
        """Show the orders of one chip."""
        self._list.narrow(replace(self._list.wanted, group=OrderGroup(key)))

    def sort(self, column: str, *, descending: bool) -> None:
        """Order the list by a column."""
        self._list.sort(OrderSort(column), descending=descending)

    def read_rows(self, keys: Sequence[int]) -> None:
        """Rows came into view."""
        self._list.read_rows(keys)

    def read_on(self, done: Callable[[], None] | None = None) -> None:
        """Read more of the list; with ``done`` all of it, and tell it then."""
        self._list.read_on(done)

    def open(self, order_id: int | None) -> None:
        """Open an order."""
        if order_id is not None:
            self._desk.go("order", order=order_id)

    def end_day(self) -> None:
        """Go to the sheet at the end of the day."""
        self._desk.go("day_end")

    def start_order(self, account_id: int) -> None:
        """Start an order for a customer from what is due."""
        ws = self.workspace
        self._runner.write(
            lambda: orders.start_order(ws, account_id),
            lambda started: self._desk.go("order", order=started.order_id),
            owner=self,
        )

    def export(self) -> None:
        """Write what is shown, with the columns, filter and order it has, to a file."""
        self._desk.export_list()

    # -------------------------------------------------------------------------------- reading

    def _read_counts(self) -> None:
        ws = self.workspace
        self._runner.read(lambda: order_counts(ws), self._on_counted, owner=self)

    # -------------------------------------------------------------------------------- answers

    def _on_counted(self, counts: Mapping[OrderGroup, OrderCount]) -> None:
        words = group_words()
        self._view.show_chips(
            [
                ChipItem(group, f"{words[group]} {format_number(counts[group].count)}")
                for group in OrderGroup
                if counts[group].count or group in (OrderGroup.ALL, self._list.wanted.group)
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

    def _on_listed(self, keys: Sequence[int]) -> None:
        self._view.show_empty(*_empty_words(self._list.wanted) if not keys else ("", ""))


_SOURCE: ListSource[OrderFilter, OrderSort, OrderRow] = ListSource(
    lambda ws, wanted, sort, descending: order_keys(ws, wanted, sort, descending=descending),
    order_rows,
    lambda ws, wanted, sort, descending, most: order_keys(
        ws, wanted, sort, descending=descending, most=most
    ),
)


def _empty_words(wanted: OrderFilter) -> tuple[str, str]:
    """Why there is no row, and what to do."""
    if wanted.text:
        return (
            _("No order matches “{text}”.").format(text=wanted.text),
            _("Search for a number or a customer. Esc empties the field."),
        )
    if wanted.group is OrderGroup.ALL:
        return _("No order yet."), _("Start one with N, or from a customer's card.")
    return _("No order of this kind."), _("Choose another filter.")


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

"""What the service place shows, without Qt: the list of tickets, one of them, the figures.

Owns the state of the list and which ticket is shown. What is done to it is :mod:`.work`'s, a new
one :mod:`.reporting`'s, what it is about :mod:`.about`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound
from crmdesk.domain.states import Role
from crmdesk.gui.customer_finding import CustomerFinder
from crmdesk.gui.keyed_list import ChipItem, KeyedList, ListSource, ListView
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.service.about import AboutView, TicketLinks
from crmdesk.gui.views.service.reporting import ReportView, TicketReporting
from crmdesk.gui.views.service.words import (
    SheetItem,
    figure_pairs,
    group_words,
    load_pairs,
    sheet_item,
    sku_pairs,
)
from crmdesk.gui.views.service.work import TicketWork, WorkView
from crmdesk.gui.widgets.items import Pair
from crmdesk.i18n import _, format_number, ngettext
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.service_figures import ServiceFigures, service_figures
from crmdesk.services.queries.ticket_sheet import TicketSheet, ticket_sheet
from crmdesk.services.queries.tickets import (
    Load,
    TicketFilter,
    TicketGroup,
    TicketRow,
    TicketSort,
    loads,
    ticket_counts,
    ticket_keys,
    ticket_rows,
)

_SHOWN_KINDS = ("ticket", "ticket_event", "survey_score", "account", "attachment")


class ServiceView(AboutView, ReportView, WorkView, ListView[TicketRow], Protocol):
    """What the presenter asks of the widget."""

    def show_ticket(self, item: SheetItem | None) -> None:
        """Show a ticket beside the list, or none."""

    def show_figures(
        self, load: Sequence[Pair], figures: Sequence[Pair], skus: Sequence[Pair]
    ) -> None:
        """Show the load per person, the figures of a year, SKUs complained about."""

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that a ticket can be reported for."""

    def show_filter(self, group: TicketGroup, text: str) -> None:
        """Say in chips and search field which filter is in force."""

    def select_ticket(self, key: int) -> None:
        """Put the bar on a ticket."""


class ServicePresenter:
    """Tickets of everybody this person sees."""

    def __init__(self, context: PlaceContext, view: ServiceView) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self.customers = CustomerFinder(context, self, view.offer_customers)
        self._list = KeyedList(
            context, self, view, _SOURCE, TicketFilter(), (TicketSort.DUE, False), self._on_listed
        )
        self._shown: int | None = None
        self._sheet: TicketSheet | None = None
        self._go_to: int | None = None
        self.links = TicketLinks(context, view, self)
        self.reporting = TicketReporting(context, view, self)
        self.work = TicketWork(context, view, self)

    # ---------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time."""
        self._read()
        self._read_figures()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when what is shown was touched."""
        if changes.touches(*_SHOWN_KINDS):
            self._read()
            self._read_figures()
            if self._shown is not None:
                self._read_sheet(self._shown)

    @property
    def sheet(self) -> TicketSheet | None:
        """The ticket shown."""
        return self._sheet

    @property
    def group(self) -> TicketGroup:
        """The chip that is on."""
        return self._list.wanted.group

    # -------------------------------------------------------------------------------- the list

    def search(self, text: str) -> None:
        """Show tickets that match a text."""
        self._list.narrow(replace(self._list.wanted, text=text))

    def choose_group(self, key: str) -> None:
        """Show the tickets of one chip."""
        self._list.narrow(replace(self._list.wanted, group=TicketGroup(key)))

    def of_customer(self, account_id: int | None) -> None:
        """Show the tickets of one customer, or everybody's again."""
        self._narrow(TicketFilter(account_id=account_id))
        self._read_counts()

    def sort(self, column: str, *, descending: bool) -> None:
        """Order the list by a column."""
        self._list.sort(TicketSort(column), descending=descending)

    def read_rows(self, keys: Sequence[int]) -> None:
        """Rows came into view."""
        self._list.read_rows(keys)

    def select(self, key: int | None) -> None:
        """Show a ticket."""
        if key == self._shown and self._sheet is not None:
            return
        self._shown, self._sheet = key, None
        if key is None:
            self._view.show_ticket(None)
        else:
            self._read_sheet(key)

    def show_ticket(self, key: int) -> None:
        """Show one ticket, whatever its state."""
        self._go_to = key
        self._narrow(TicketFilter(group=TicketGroup.ALL))
        self._list.read()

    def _narrow(self, wanted: TicketFilter) -> None:
        """Another filter than the person typed or chose: chips and search field say so."""
        self._list.narrow(wanted)
        self._view.show_filter(wanted.group, wanted.text)

    def export(self) -> None:
        """Write what is shown to a file."""
        self._desk.export_list()

    def open_customer(self, _key: object = None) -> None:
        """Open the card of the ticket's customer."""
        if self._sheet is not None:
            self._desk.go("customer", account=self._sheet.row.account_id)

    def open_rules(self) -> None:
        """Open what the office sets: hours, targets, escalation."""
        if self._ws.user.role is Role.REP:
            self._desk.banner(
                _("The office sets the hours and targets of the service."),
                _("Ask them; you get theirs with the next sync."),
            )
        else:
            self._desk.go("rules")

    def leave(self) -> None:
        """Everybody's tickets again, or back to where the person came from."""
        if self._list.wanted.account_id is not None:
            self.of_customer(None)
        else:
            self._desk.back()

    # -------------------------------------------------------------------------------- reading

    def refresh(self) -> None:
        """Read again."""
        self._read()
        if self._shown is not None:
            self._read_sheet(self._shown)

    def _read(self) -> None:
        self._read_counts()
        self._list.read()

    def _read_counts(self) -> None:
        ws, account = self._ws, self._list.wanted.account_id
        self._runner.read(lambda: ticket_counts(ws, account), self._on_counted, owner=self)

    def _read_figures(self) -> None:
        ws = self._ws

        def done(found: tuple[tuple[Load, ...], ServiceFigures]) -> None:
            load, figures = found
            self._view.show_figures(load_pairs(load), figure_pairs(figures), sku_pairs(figures))

        self._runner.read(lambda: (loads(ws), service_figures(ws)), done, owner=self)

    def _read_sheet(self, key: int) -> None:
        ws = self._ws

        def done(sheet: TicketSheet) -> None:
            if sheet.row.id == self._shown:
                self._sheet = sheet
                self._view.show_ticket(sheet_item(sheet, ws.now(), ws.clock, ws.currency))

        def failed(error: Exception) -> None:
            if isinstance(error, NotFound):
                self.select(None)
            else:
                self._desk.fail(error)

        self._runner.read(lambda: ticket_sheet(ws, key), done, failed, owner=self)

    def _on_counted(self, counts: Mapping[TicketGroup, int]) -> None:
        words = group_words()
        self._view.show_chips(
            [
                ChipItem(group, f"{words[group]} {format_number(counts[group])}")
                for group in TicketGroup
            ]
        )
        work, late = counts[TicketGroup.WORK], counts[TicketGroup.LATE]
        said = ngettext("{count} at work", "{count} at work", work)
        facts = [said.format(count=format_number(work))]
        if late:
            said = ngettext("{count} late", "{count} late", late)
            facts.append(said.format(count=format_number(late)))
        if not work:
            facts = [_("nothing is waiting")]
        if self._list.wanted.account_id is not None:
            facts.append(_("of one customer"))
        self._view.show_heading(" · ".join(facts))

    def _on_listed(self, keys: Sequence[int]) -> None:
        self._view.show_empty(*_empty_words(self._list.wanted) if not keys else ("", ""))
        if self._go_to is not None and self._go_to in keys:
            self._view.select_ticket(self._go_to)
            self._go_to = None


_SOURCE: ListSource[TicketFilter, TicketSort, TicketRow] = ListSource(
    lambda ws, wanted, sort, descending: ticket_keys(ws, wanted, sort, descending=descending),
    ticket_rows,
)


def _empty_words(wanted: TicketFilter) -> tuple[str, str]:
    """Why there is no row, and what to do."""
    if wanted.text:
        return (
            _("No ticket matches “{text}”.").format(text=wanted.text),
            _("Search for a number, a subject or a customer. Esc empties the field."),
        )
    if wanted.group is TicketGroup.WORK:
        return (
            _("Nothing is waiting."),
            _("When a customer complains, report it with N: its clock starts at once."),
        )
    return _("No ticket of this kind."), _("Choose another filter.")

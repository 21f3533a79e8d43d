"""What the service place does, without Qt: lists tickets, shows one, answers, resolves, reports.

Owns the state of the list and which ticket is shown. Steps are :mod:`crmdesk.services.tickets`'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound
from crmdesk.domain.states import Role, TicketKind, TicketStatus
from crmdesk.domain.tickets import Priority
from crmdesk.gui.customer_finding import CustomerFinder
from crmdesk.gui.form_meeting import Theirs, say_theirs
from crmdesk.gui.keyed_list import ChipItem, KeyedList, ListSource, ListView
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.service.about import AboutView, TicketLinks
from crmdesk.gui.views.service.steps import Words, give_ticket, say_words
from crmdesk.gui.views.service.words import (
    SheetItem,
    figure_pairs,
    group_words,
    load_pairs,
    sheet_item,
    sku_pairs,
)
from crmdesk.gui.widgets.items import Pair
from crmdesk.i18n import _, format_number, ngettext
from crmdesk.services import satisfaction, tickets, undo
from crmdesk.services.queries.customer import contacts
from crmdesk.services.queries.customers import CustomerRow, customer_rows
from crmdesk.services.queries.order import FoundProduct, find_products
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
from crmdesk.services.tickets import Opened, Report

_SHOWN_KINDS = ("ticket", "ticket_event", "survey_score", "account", "attachment")
_NEXT_PRIORITY = {"low": Priority.NORMAL, "normal": Priority.HIGH, "high": Priority.LOW}


@dataclass(frozen=True, slots=True)
class Reported:
    """What stands in the form of a new ticket."""

    kind: TicketKind = TicketKind.INCIDENT
    priority: Priority = Priority.NORMAL
    subject: str = ""
    description: str = ""
    order_number: str = ""
    return_number: str = ""
    contact_id: int | None = None


class ServiceView(AboutView, ListView[TicketRow], Protocol):
    """What the presenter asks of the widget."""

    def show_ticket(self, item: SheetItem | None) -> None:
        """Show a ticket beside the list, or none."""

    def show_figures(
        self, load: Sequence[Pair], figures: Sequence[Pair], skus: Sequence[Pair]
    ) -> None:
        """Show the load per person, the figures of a year, SKUs complained about."""

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that a ticket can be reported for."""

    def show_form(self, customer: str, contacts: Sequence[tuple[int, str]]) -> None:
        """Open the form of a new ticket; ``contacts`` are who may have reported it."""

    def show_product(self, name: str) -> None:
        """Name the SKU that the new ticket is about."""

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show SKUs that it can be about."""

    def close_form(self) -> None:
        """Close the form; what was reported is kept."""

    def ask_words(self, kind: Words, title: str) -> None:
        """Ask for words; answered by :meth:`ServicePresenter.say`."""

    def forget_words(self) -> None:
        """What was typed is written; until then it is still there when it is asked for again."""

    def ask_person(self, people: Sequence[tuple[int, str]]) -> None:
        """Ask whom to give the ticket to."""

    def ask_score(self) -> None:
        """Ask how content the customer is, 1 to 5."""

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
        # What is being answered: the bar may go to another ticket meanwhile.
        self._asked: TicketSheet | None = None
        self._for: tuple[int, str] | None = None
        self._visit: int | None = None
        self._product: FoundProduct | None = None
        self._go_to: int | None = None
        self._busy = False
        self.links = TicketLinks(context, view, self)

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
        self._list.narrow(TicketFilter(account_id=account_id))
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
        self._list.narrow(TicketFilter(group=TicketGroup.ALL))
        self._list.read()

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

    # ---------------------------------------------------------------------------- a new ticket

    def report_for(self, account_id: int, visit_id: int | None = None) -> None:
        """Open the form for a customer."""
        ws = self._ws

        def work() -> tuple[CustomerRow | None, list[tuple[int, str]]]:
            people = [(one.id, one.name) for one in contacts(ws, account_id)]
            return customer_rows(ws, [account_id]).get(account_id), people

        def done(found: tuple[CustomerRow | None, list[tuple[int, str]]]) -> None:
            row, people = found
            if row is not None:
                self._for, self._visit, self._product = (row.id, row.name), visit_id, None
                self._view.show_form(row.name, people)

        self._runner.read(work, done, owner=self)

    def find_products(self, text: str) -> None:
        """Look for the SKU of a new ticket."""
        if self._for is None or not text.strip():
            self._view.show_found(())
            return
        ws, account_id = self._ws, self._for[0]
        self._runner.read(
            lambda: find_products(ws, account_id, text), self._view.show_found, owner=self
        )

    def choose_product(self, found: FoundProduct) -> None:
        """The new ticket is about this SKU."""
        self._product = found
        self._view.show_product(found.name)

    def report(self, what: Reported) -> None:
        """Open the ticket; a report that cannot be keeps its form."""
        if self._for is None or self._busy:
            return
        ws, account_id = self._ws, self._for[0]
        report = Report(
            what.subject, what.kind, what.description,
            None if self._product is None else self._product.product_id, what.order_number,
            what.priority, what.contact_id, self._visit, what.return_number,
        )  # fmt: skip

        def done(opened: Opened) -> None:
            self._busy = False
            self._view.close_form()
            self._desk.toast(_("Ticket {number} opened.").format(number=opened.number))
            self.show_ticket(opened.ticket_id)

        self._busy = True
        self._runner.write(
            lambda: tickets.open_ticket(ws, account_id, report), done, self._failed, owner=self
        )

    # --------------------------------------------------------------------------------- a step

    def ask(self, kind: Words) -> None:
        """Ask for words to the ticket shown."""
        self._asked = self._sheet
        if self._asked is not None:
            self._view.ask_words(kind, _titles()[kind].format(number=self._asked.row.number))

    def say(self, kind: Words, text: str) -> None:
        """Write what was typed to the ticket that was asked about."""
        ws, sheet = self._ws, self._asked
        if sheet is None:
            return
        key = sheet.row.id

        def done(found: tuple[ChangeSet, bool]) -> None:
            self._view.forget_words()
            if found[1]:
                self._desk.banner(
                    _("Somebody else has taken this step while you were typing."),
                    _("What you typed is kept as a note among ourselves."),
                )
            self._said_changed(found[0])

        self._runner.write(lambda: say_words(ws, key, kind, text), done, self._failed, owner=self)

    def wait(self) -> None:
        """Wait for the customer, or go on after a wait."""
        ws, sheet = self._ws, self._sheet
        if sheet is None:
            return
        waiting = sheet.row.status is TicketStatus.WAITING
        to = TicketStatus.OPEN if waiting else TicketStatus.WAITING
        self._write(lambda: tickets.set_status(ws, sheet.row.id, to))

    def close_ticket(self) -> None:
        """Close a resolved ticket."""
        ws, key = self._ws, self._shown
        if key is not None:
            self._write(lambda: tickets.set_status(ws, key, TicketStatus.CLOSED))

    def next_priority(self) -> None:
        """The next priority."""
        ws, sheet = self._ws, self._sheet
        if sheet is None:
            return
        to = _NEXT_PRIORITY.get(sheet.row.priority, Priority.NORMAL)
        self._write(lambda: tickets.set_priority(ws, sheet.row.id, to))

    def ask_person(self) -> None:
        """Ask whom to give the ticket to."""
        self._asked = self._sheet
        if self._asked is not None:
            self._view.ask_person(self._asked.people)

    def assign(self, user_id: int | None) -> None:
        """Give the ticket that was asked about to somebody."""
        ws, sheet = self._ws, self._asked
        if sheet is not None:

            def done(found: tuple[ChangeSet, Theirs]) -> None:
                say_theirs(self._desk, found[1])
                self._said_changed(found[0])

            self._runner.write(
                lambda: give_ticket(ws, sheet, user_id), done, self._failed, owner=self
            )

    def ask_score(self) -> None:
        """Ask how content the customer was with a solved ticket."""
        sheet = self._asked = self._sheet
        if sheet is None:
            return
        if sheet.row.status in (TicketStatus.RESOLVED, TicketStatus.CLOSED):
            self._view.ask_score()
        else:
            self._desk.banner(_("Ask when it is solved."), _("D resolves it."))

    def score(self, value: int) -> None:
        """Keep how content the customer was, 1 to 5."""
        ws, sheet = self._ws, self._asked
        if sheet is not None:
            about = ("ticket", sheet.row.id)
            self._write(
                lambda: satisfaction.record_score(
                    ws, sheet.row.account_id, satisfaction.CSAT, value, about=about,
                    contact_id=sheet.about.contact_id,
                )
            )  # fmt: skip

    def _write(self, work: Callable[[], ChangeSet]) -> None:
        self._runner.write(work, self._said_changed, self._failed, owner=self)

    def _said_changed(self, changes: ChangeSet) -> None:
        txn = changes.undo
        if txn is not None:
            self._desk.toast(_("Changed."), undo=lambda: self._take_back(txn))
        self.refresh()

    def _take_back(self, txn: int) -> None:
        ws = self._ws
        self._runner.write(
            lambda: undo.undo(ws, txn), lambda _changes: self.refresh(), self._failed, owner=self
        )

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self._desk.fail(error)

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


def _titles() -> dict[Words, str]:
    return {
        Words.REPLY: _("Said to the customer, {number}"),
        Words.INCOMING: _("The customer said, {number}"),
        Words.NOTE: _("Note among ourselves, {number}"),
        Words.RESOLVE: _("How was {number} solved?"),
        Words.REOPEN: _("Why is {number} opened again?"),
        Words.ESCALATE: _("Why is {number} raised?"),
    }


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

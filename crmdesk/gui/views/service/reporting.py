"""A new ticket, without Qt: whose, about which SKU, and what is reported.

Owns what stands chosen while its form is open. Opening it is :mod:`crmdesk.services.tickets`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crmdesk.domain.states import TicketKind
from crmdesk.domain.tickets import Priority
from crmdesk.gui.presenting import PlaceContext
from crmdesk.i18n import _
from crmdesk.services import tickets
from crmdesk.services.queries.customer import contacts
from crmdesk.services.queries.customers import CustomerRow, customer_rows
from crmdesk.services.queries.order import FoundProduct, find_products
from crmdesk.services.tickets import Opened, Report


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


class ReportView(Protocol):
    """What this asks of the widget."""

    def show_form(self, customer: str, contacts: Sequence[tuple[int, str]]) -> None:
        """Open the form of a new ticket; ``contacts`` are who may have reported it."""

    def show_product(self, name: str) -> None:
        """Name the SKU that the new ticket is about."""

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show SKUs that it can be about."""

    def close_form(self) -> None:
        """Close the form; what was reported is kept."""


class ReportHost(Protocol):
    """The presenter of the place."""

    closed: bool

    def show_ticket(self, key: int) -> None:
        """Show one ticket, whatever its state."""


class TicketReporting:
    """See the module."""

    def __init__(self, context: PlaceContext, view: ReportView, host: ReportHost) -> None:
        self._ws = context.workspace
        self._runner, self._desk = context.runner, context.desk
        self._view, self._host = view, host
        self._for: tuple[int, str] | None = None
        self._visit: int | None = None
        self._product: FoundProduct | None = None
        self._busy = False

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

        self._runner.read(work, done, owner=self._host)

    def find_products(self, text: str) -> None:
        """Look for the SKU of a new ticket."""
        if self._for is None or not text.strip():
            self._view.show_found(())
            return
        ws, account_id = self._ws, self._for[0]
        self._runner.read(
            lambda: find_products(ws, account_id, text), self._view.show_found, owner=self._host
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
            self._host.show_ticket(opened.ticket_id)

        self._busy = True
        self._runner.write(
            lambda: tickets.open_ticket(ws, account_id, report),
            done,
            self._failed,
            owner=self._host,
        )

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self._desk.fail(error)

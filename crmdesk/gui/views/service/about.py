"""What a ticket is about, without Qt: choosing it, opening it, its files.

Owns the form of the links and the files of the ticket shown. Looking up what was typed is
:mod:`crmdesk.services.ticket_links`'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui.form_meeting import Filled, Theirs, keep, say_theirs
from crmdesk.gui.kept_files import keep_files, open_kept
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.i18n import _
from crmdesk.services import attachments, undo
from crmdesk.services.queries.ticket_sheet import TicketAbout, TicketSheet, ticket_sheet
from crmdesk.services.ticket_links import Links, attach_to_ticket, set_links

NOBODY = ""


class AboutView(Protocol):
    """What this asks of the widget."""

    def show_links(self, title: str, fields: Sequence[AskedField]) -> None:
        """Open the form of what a ticket is about."""

    def say_link_wrong(self, field: str, words: str) -> None:
        """Say what is wrong in it."""

    def close_links(self) -> None:
        """What was typed is kept; the form goes."""

    def offer_files(self, files: Sequence[tuple[int, str]]) -> None:
        """Ask which file to open."""

    def open_file(self, name: str, data: bytes) -> None:
        """Show the contents of a file."""


class TicketHost(Protocol):
    """The presenter of the place."""

    closed: bool

    @property
    def sheet(self) -> TicketSheet | None:
        """The ticket shown."""

    def refresh(self) -> None:
        """Read again."""


def link_fields(about: TicketAbout) -> list[AskedField]:
    """The form of what a ticket is about."""
    people = ((NOBODY, "–"), *((str(key), name) for key, name in about.contacts))
    return [
        AskedField("contact", _("Contact"), str(about.contact_id or NOBODY), choices=people),
        AskedField("sku", _("SKU"), about.sku, _("code")),
        AskedField("order", _("Order"), about.order_number, _("number")),
        AskedField("return", _("Return"), about.return_number, _("number")),
    ]


class TicketLinks:
    """See the module."""

    def __init__(self, context: PlaceContext, view: AboutView, host: TicketHost) -> None:
        self._context = context
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._host = host
        self._asked: int | None = None

    def ask(self) -> None:
        """Open the form of what the ticket shown is about."""
        sheet = self._host.sheet
        if sheet is not None:
            self._asked = sheet.row.id
            title = _("{number} is about").format(number=sheet.row.number)
            self._view.show_links(title, link_fields(sheet.about))

    def save(self, filled: Filled) -> None:
        """Save what is typed."""
        ws, key = self._ws, self._asked
        if key is None:
            return

        def write(typed: Mapping[str, str]) -> ChangeSet:
            contact = typed["contact"]
            links = Links(
                int(contact) if contact else None, typed["sku"], typed["order"], typed["return"]
            )
            return set_links(ws, key, links)

        def work() -> tuple[ChangeSet, Theirs]:
            return keep(ws, filled, lambda: link_fields(ticket_sheet(ws, key).about), write)

        def done(found: tuple[ChangeSet, Theirs]) -> None:
            changes, theirs = found
            self._view.close_links()
            say_theirs(self._desk, theirs)
            txn = changes.undo
            if txn is not None:
                self._desk.toast(
                    _("Changed."), undo=lambda: self._write(lambda: undo.undo(ws, txn))
                )
            self._host.refresh()

        def failed(error: Exception) -> None:
            if isinstance(error, FieldError):
                self._view.say_link_wrong(error.field, f"{error.message} {error.hint}".strip())
            else:
                self._desk.fail(error)

        self._runner.write(work, done, failed, owner=self._host)

    def open(self, what: str) -> None:
        """Open what the ticket is about: its SKU, order, return."""
        sheet = self._host.sheet
        if sheet is None:
            return
        about, account = sheet.about, sheet.row.account_id
        if what == "order" and about.order_id is not None:
            self._desk.go("order", order=about.order_id)
        elif what == "return" and about.return_id is not None:
            self._desk.go("returning", account=account)
        elif what == "sku" and about.product_id is not None:
            self._desk.go("reorder", account=account, product=about.product_id)
        else:
            self._desk.banner(_("This ticket names none."), _("B says what it is about."))

    # --------------------------------------------------------------------------------- files

    def add_files(self, paths: Sequence[Path], compress: Callable[[bytes], bytes]) -> None:
        """Keep files and photos with the ticket shown; photos are made small."""
        ws, sheet = self._ws, self._host.sheet
        if sheet is None:
            return
        key = sheet.row.id

        def keep(path: Path) -> ChangeSet:
            if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"):
                data = compress(attachments.read_file(path))
                return attach_to_ticket(ws, key, data, f"{path.stem}.jpg")
            return attach_to_ticket(ws, key, path)

        keep_files(self._context, self._host, paths, keep, self._host.refresh)

    def open_files(self) -> None:
        """Open the file of the ticket shown, or ask which."""
        sheet = self._host.sheet
        files = () if sheet is None else sheet.about.files
        if len(files) == 1:
            self.open_file(files[0][0])
        elif files:
            self._view.offer_files(files[-9:])
        else:
            self._desk.banner(_("This ticket has no files."), _("Shift+F adds one."))

    def open_file(self, attachment_id: int) -> None:
        """Show a file; where its bytes are not here yet, the next sync fetches them."""
        open_kept(self._context, self._host, attachment_id, self._view.open_file)

    def _write(self, work: Callable[[], ChangeSet]) -> None:
        self._runner.write(
            work, lambda _changes: self._host.refresh(), self._desk.fail, owner=self._host
        )

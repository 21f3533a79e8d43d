"""What the page of the company does, without Qt: reading, saving, the logo.

Owns which fields differ from what is stored. Pictures are read by the printing room, which the
widget hands in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.states import Role
from crmdesk.gui.form_meeting import Filled, Theirs, keep, say_theirs
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.i18n import _, pgettext
from crmdesk.services import undo
from crmdesk.services.company import change_company
from crmdesk.services.queries.company import CompanyRow, company

MOST_FILE_BYTES = 4_000_001


TERMS = "terms."
"""Before the language, in the keys of the terms."""


def field_words() -> dict[str, str]:
    """The labels of the fields."""
    return {
        "name": pgettext("company", "Name"), "street": _("Street"),
        "postcode": _("Postcode"), "city": _("Town"),
        "country": _("Country"), "tax_id": _("Tax id"), "phone": _("Telephone"),
        "email": _("E-mail"), "website": _("Website"), "bank_account": _("Bank account"),
    }  # fmt: skip


def terms_words() -> dict[str, str]:
    """The labels of the terms, by language."""
    return {
        "": _("In any other language"), "en": _("In English"), "es": _("In Spanish"),
        "ru": _("In Russian"),
    }  # fmt: skip


def company_fields(row: CompanyRow) -> list[AskedField]:
    """The page by fields, the terms among them."""
    return [
        *(AskedField(key, label, row.fields[key]) for key, label in field_words().items()),
        *(AskedField(f"{TERMS}{code}", label, row.terms.get(code, ""))
          for code, label in terms_words().items()),
    ]  # fmt: skip


class CompanyView(Protocol):
    """What the presenter asks of the widget."""

    def show_company(self, row: CompanyRow, *, may_change: bool) -> None:
        """Show what is stored, but leave what is being typed."""

    def settle(self) -> None:
        """What stands on the page was saved."""

    def show_problem(self, field: str, message: str) -> None:
        """Say what is wrong with a field; empty words take that away."""


class CompanyPresenter:
    """The page of the company."""

    def __init__(
        self, context: PlaceContext, view: CompanyView, make_logo: Callable[[bytes], bytes]
    ) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._make_logo = make_logo

    def start(self) -> None:
        """Read for the first time."""
        ws = self._ws
        self._runner.read(lambda: company(ws), self._on_read, owner=self)

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when the company was changed, here or at HQ."""
        if changes.touches("organisation"):
            self.start()

    def save(self, filled: Filled) -> None:
        """Store what was typed on the page; only what differs is written."""
        self._view.show_problem("", "")
        ws = self._ws

        def write(values: Mapping[str, str]) -> ChangeSet:
            fields = {key: text for key, text in values.items() if not key.startswith(TERMS)}
            terms = {
                key.removeprefix(TERMS): text
                for key, text in values.items()
                if key.startswith(TERMS)
            }
            return change_company(ws, fields, terms)

        def done(found: tuple[ChangeSet, Theirs]) -> None:
            say_theirs(self._desk, found[1])
            self._view.settle()
            self._on_saved(found[0])
            self.start()

        self._runner.write(
            lambda: keep(ws, filled, lambda: company_fields(company(ws)), write), done,
            self._on_refused, owner=self,
        )  # fmt: skip

    def take_logo(self, path: Path) -> None:
        """Use a picture file as the logo."""
        ws, make = self._ws, self._make_logo

        def work() -> ChangeSet:
            try:
                with path.open("rb") as file:
                    data = file.read(MOST_FILE_BYTES)
            except OSError as error:
                raise UserError(
                    _("{file} cannot be read.").format(file=path.name), error.strerror or ""
                ) from error
            return change_company(ws, logo=make(data))

        self._runner.write(work, self._on_saved, self._on_refused, owner=self)

    def remove_logo(self) -> None:
        """Documents show the company's name again."""
        ws = self._ws
        self._runner.write(
            lambda: change_company(ws, logo=b""), self._on_saved, self._on_refused, owner=self
        )

    def _on_read(self, row: CompanyRow) -> None:
        self._view.show_company(row, may_change=self._ws.user.role is not Role.REP)

    def _on_saved(self, changes: ChangeSet) -> None:
        if changes.undo is None:
            self._desk.toast(_("Nothing was changed."))
            return
        ws, txn = self._ws, changes.undo

        def take_back() -> None:
            self._runner.write(lambda: undo.undo(ws, txn), owner=self)

        self._desk.toast(_("Documents use this from now on."), undo=take_back)

    def _on_refused(self, error: Exception) -> None:
        if isinstance(error, FieldError):
            self._view.show_problem(error.field, str(error))
        else:
            self._desk.fail(error)

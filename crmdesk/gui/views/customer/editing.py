"""What is typed on the card, without Qt: people, sites, the customer's own data.

Owns which form is open and what saving it means; what is wrong is said in the form and nothing that
was typed is lost. What may be typed is the services'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui import keys
from crmdesk.gui.form_meeting import Filled, Theirs, keep, say_theirs, theirs_of
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.customer.details import CardHost
from crmdesk.gui.views.customer.form_words import (
    data_fields,
    data_of,
    person_fields,
    site_fields,
    site_of,
)
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.i18n import _, format_number, ngettext
from crmdesk.services.customer_data import CustomerData, read_data, save_data
from crmdesk.services.erasing_people import erase_person
from crmdesk.services.forms_meeting import meet
from crmdesk.services.people import Person, read_person, save_person
from crmdesk.services.queries.customer_timeline import search_timeline
from crmdesk.services.sites import Site, close_site, read_site, save_site

Submit = Callable[[Filled], None]


class EditingView(Protocol):
    """What the forms ask of the widget."""

    def show_person(self, contact_id: int | None, person: Person, today: str) -> None:
        """Open the form of a person; without an id a new one."""

    def show_form(self, title: str, note: str, fields: Sequence[AskedField]) -> None:
        """Open another form."""

    def say_wrong(self, field: str, words: str) -> None:
        """Say what is wrong in the form that is open."""

    def close_form(self) -> None:
        """What was typed is kept; the form goes."""


class CardEditing:
    """See the module."""

    def __init__(self, context: PlaceContext, view: EditingView, host: CardHost) -> None:
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._host = host
        self._submit: Submit | None = None
        self._before: Person | None = None
        self._erasing: int | None = None

    # -------------------------------------------------------------------------------- people

    def open_person(self, contact_id: int | None) -> None:
        """Open the form of a person, or of a new one."""
        ws = self._ws
        if self._host.account_id is None:
            return
        self._host.forget()
        self._before = self._erasing = None
        today = ws.today().isoformat()
        if contact_id is None:
            self._view.show_person(None, Person(""), today)
            return

        def show(person: Person) -> None:
            self._before = person
            self._view.show_person(contact_id, person, today)

        self._runner.read(
            lambda: read_person(ws, contact_id), show, self._desk.fail, owner=self._host
        )

    def save_person(self, contact_id: int | None, person: Person) -> None:
        """Save the form of a person."""
        account_id, ws, before = self._host.account_id, self._ws, self._before
        if account_id is None:
            return
        back = None
        if contact_id is not None and before is not None:

            def back() -> ChangeSet:
                # What somebody else has changed since stays: only what was typed is taken back.
                return save_person(ws, account_id, contact_id, before, person)

        def work() -> tuple[ChangeSet, Theirs]:
            with ws.database.undisturbed():
                theirs: Theirs = ()
                if contact_id is not None and before is not None:
                    theirs = _theirs(person, before, read_person(ws, contact_id))
                return save_person(ws, account_id, contact_id, person, before), theirs

        self._save(work, _("{name} saved.").format(name=person.name.strip()), back)

    def erase_person(self, contact_id: int) -> None:
        """Say what erasing means; asked once more for the same person, do it.

        Free words are nobody's to rewrite by a search: they are shown to whoever erases.
        """
        ws, account_id = self._ws, self._host.account_id
        if account_id is None:
            return
        if self._erasing != contact_id:
            self._erasing = contact_id
            self._view.say_wrong(
                "",
                _(
                    "Erased for good: name, telephones, addresses, birthday and notes of this"
                    " person go from here, from HQ and from every laptop. There is no way back."
                    " What was written in free words (visits, tickets, notes of the customer) and"
                    " documents already sent stay; you are shown where the name stands."
                    " Press {key} again to erase."
                ).format(key=keys.hint("customer.erase")),
            )
            return

        def work() -> tuple[ChangeSet, str, int]:
            name = read_person(ws, contact_id).name
            changes = erase_person(ws, contact_id)
            return changes, name, len(search_timeline(ws, account_id, name))

        def done(found: tuple[ChangeSet, str, int]) -> None:
            _changes, name, count = found
            self._view.close_form()
            said = _("The person was erased.")
            if count:
                words = ngettext(
                    "The name stands in {count} entry of the history, which is shown.",
                    "The name stands in {count} entries of the history, which are shown.",
                    count,
                )
                said = f"{said} {words.format(count=format_number(count))}"
                self._host.find(name)
            self._desk.toast(said)

        self._erasing = None
        self._runner.write(work, done, self._desk.fail, owner=self._host)

    # --------------------------------------------------------------------------------- sites

    def open_site(self, site_id: int | None) -> None:
        """Open the form of a place of delivery, or of a new one."""
        account_id, ws = self._host.account_id, self._ws
        if account_id is None:
            return
        self._host.forget()

        def show(site: Site) -> None:
            def now() -> Sequence[AskedField]:
                return site_fields(site if site_id is None else read_site(ws, site_id))

            def save(typed: Mapping[str, str]) -> ChangeSet:
                return save_site(ws, account_id, site_id, site_of(typed))

            def submit(filled: Filled) -> None:
                words = _("{name} saved.").format(name=filled.values["name"].strip())
                self._save(lambda: keep(ws, filled, now, save), words)

            self._ask(site.name or _("New site"), _("place of delivery"), site_fields(site), submit)

        if site_id is None:
            show(Site(""))
            return
        self._runner.read(lambda: read_site(ws, site_id), show, self._desk.fail, owner=self._host)

    def close_or_open_site(self, site_id: int) -> None:
        """Nothing more goes to this place; a closed one is opened again."""
        ws = self._ws

        def work() -> tuple[bool, ChangeSet]:
            closed = not read_site(ws, site_id).closed
            return closed, close_site(ws, site_id, closed=closed)

        def done(found: tuple[bool, ChangeSet]) -> None:
            words = _("The site is closed.") if found[0] else _("The site is open again.")
            self._host.say_done(words, found[1])

        self._runner.write(work, done, self._desk.fail, owner=self._host)

    # ------------------------------------------------------------------------ the customer's own

    def open_data(self) -> None:
        """Open the form of the customer's own data."""
        account_id, ws = self._host.account_id, self._ws
        if account_id is None:
            return
        self._host.forget()

        def show(data: CustomerData) -> None:
            def save(typed: Mapping[str, str]) -> ChangeSet:
                return save_data(ws, account_id, data_of(typed, data))

            def submit(filled: Filled) -> None:
                self._save(
                    lambda: keep(ws, filled, lambda: data_fields(read_data(ws, account_id)), save),
                    _("The customer's data are saved."),
                )

            self._ask(_("Data of the customer"), "", data_fields(data), submit)

        self._runner.read(
            lambda: read_data(ws, account_id), show, self._desk.fail, owner=self._host
        )

    # ---------------------------------------------------------------------------------- forms

    def submit(self, filled: Filled) -> None:
        """Save what is typed in the form that is open."""
        if self._submit is not None:
            self._submit(filled)

    def _ask(self, title: str, note: str, fields: Sequence[AskedField], submit: Submit) -> None:
        self._submit = submit
        self._view.show_form(title, note, fields)

    def _save(
        self,
        work: Callable[[], tuple[ChangeSet, Theirs]],
        words: str,
        back: Callable[[], ChangeSet] | None = None,
    ) -> None:
        def saved(found: tuple[ChangeSet, Theirs]) -> None:
            changes, theirs = found
            self._view.close_form()
            say_theirs(self._desk, theirs)
            if changes.touched:
                self._host.say_done(words, changes, back)
            else:
                self._desk.toast(_("Nothing was changed."))

        def failed(error: Exception) -> None:
            if isinstance(error, FieldError):
                words = " ".join(part for part in (error.message, error.hint) if part)
                self._view.say_wrong(error.field, words)
            else:
                self._desk.fail(error)

        self._runner.write(work, saved, failed, owner=self._host)


def _theirs(typed: Person, opened: Person, now: Person) -> Theirs:
    """What somebody else has made of fields of a person that were typed."""
    texts = [{one.key: one.text for one in person_fields(who)} for who in (typed, opened, now)]
    return theirs_of(person_fields(now), meet(*texts).collided)

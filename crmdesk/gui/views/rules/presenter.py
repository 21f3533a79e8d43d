"""What the place of rules does, without Qt: reads, asks, saves, with the way back.

Owns which form is open. What may be written, and by whom, is the services'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.custom_fields import CustomField
from crmdesk.domain.errors import FieldError
from crmdesk.domain.policy import Policy
from crmdesk.gui.form_meeting import Filled, Theirs, keep, say_theirs
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.rules.words import field_of, own_fields, service_fields, service_rules
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.i18n import _
from crmdesk.services import undo
from crmdesk.services.company_policy import change_company_policy
from crmdesk.services.custom_fields import custom_fields, save_field
from crmdesk.services.queries.policy import company_policy

SERVICE, FIELDS = "service", "fields"


class RulesView(Protocol):
    """What the presenter asks of the widget."""

    def show_service(self, title: str, note: str, fields: Sequence[AskedField]) -> None:
        """Show the form of the service's rules."""

    def renew_service(self, fields: Sequence[AskedField]) -> None:
        """Show what the rules are now, but leave what is being typed."""

    def settle_service(self) -> None:
        """What stands in the form was saved."""

    def show_fields(self, rows: Sequence[CustomField]) -> None:
        """Show the company's own fields."""

    def show_field(self, title: str, note: str, fields: Sequence[AskedField]) -> None:
        """Show the form of one of them."""

    def renew_field(self, fields: Sequence[AskedField]) -> None:
        """Show what the field that is open says now, but leave what is being typed."""

    def say_wrong(self, part: str, field: str, words: str) -> None:
        """Say what is wrong in a form."""

    def close_field(self) -> None:
        """What was typed is kept; the form of a field goes."""


class RulesPresenter:
    """See the module."""

    def __init__(self, context: PlaceContext, view: RulesView) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._shown: Policy | None = None
        self._asked_service = False
        self._fields: dict[int, CustomField] = {}
        self._open = 0

    def start(self) -> None:
        """Read for the first time."""
        self._read_service()
        self._read_fields()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again what was changed, here or elsewhere."""
        if changes.touches("organisation"):
            self._read_service()
        if changes.touches("custom_field"):
            self._read_fields()

    # -------------------------------------------------------------------------------- intents

    def save_service(self, filled: Filled) -> None:
        """Save the rules of the service."""
        ws = self._ws

        def write(typed: Mapping[str, str]) -> ChangeSet:
            return change_company_policy(ws, service_rules(typed, company_policy(ws)))

        self._save(
            SERVICE,
            lambda: keep(ws, filled, lambda: service_fields(company_policy(ws)), write),
            _("The service works by these rules after the next sync."),
        )

    def open_field(self, key: int | None) -> None:
        """Open the form of a field, or of a new one."""
        one = CustomField(0, "") if key is None else self._fields.get(key)
        if one is None:
            return
        self._open = one.id
        note = _("a customer's card asks for it") if one.active else _("put away")
        self._view.show_field(one.name or _("New field"), note, own_fields(one))

    def save_field(self, filled: Filled) -> None:
        """Save the field whose form is open."""
        ws, key = self._ws, self._open

        def now() -> Sequence[AskedField]:
            found = {one.id: one for one in custom_fields(ws, retired=True)}
            return own_fields(found.get(key, CustomField(key, "")))

        self._save(
            FIELDS,
            lambda: keep(ws, filled, now, lambda typed: save_field(ws, field_of(typed, key))),
            _("{name} saved.").format(name=filled.values["name"].strip()),
        )

    def leave(self) -> None:
        """Back to where the person came from."""
        self._desk.back()

    # -------------------------------------------------------------------------------- answers

    def _save(self, part: str, work: Callable[[], tuple[ChangeSet, Theirs]], words: str) -> None:
        def done(found: tuple[ChangeSet, Theirs]) -> None:
            changes, theirs = found
            say_theirs(self._desk, theirs)
            if part == FIELDS:
                self._view.close_field()
            else:
                # Shown as the rules are stored, 4 as 4:00, and nothing of it as still typed.
                self._view.settle_service()
                self._shown = None
                self._read_service()
            ws, txn = self._ws, changes.undo
            if txn is None:
                self._desk.toast(_("Nothing was changed."))
                return

            def take_back() -> None:
                self._runner.write(lambda: undo.undo(ws, txn), owner=self)

            self._desk.toast(words, undo=take_back)

        def failed(error: Exception) -> None:
            if isinstance(error, FieldError):
                said = " ".join(part for part in (error.message, error.hint) if part)
                self._view.say_wrong(part, error.field, said)
            else:
                self._desk.fail(error)

        self._runner.write(work, done, failed, owner=self)

    def _read_service(self) -> None:
        ws = self._ws

        def done(policy: Policy) -> None:
            if policy == self._shown:
                # Nothing new: what is being typed stays.
                return
            first, self._shown = not self._asked_service, policy
            self._asked_service = True
            if first:
                note = _("for everybody after the next sync; an empty line means the usual")
                self._view.show_service(_("Service"), note, service_fields(policy))
            else:
                self._view.renew_service(service_fields(policy))

        self._runner.read(lambda: company_policy(ws), done, owner=self)

    def _read_fields(self) -> None:
        ws = self._ws

        def done(found: Sequence[CustomField]) -> None:
            self._fields = {one.id: one for one in found}
            self._view.show_fields(found)
            if self._open in self._fields:
                self._view.renew_field(own_fields(self._fields[self._open]))

        self._runner.read(lambda: custom_fields(ws, retired=True), done, owner=self)

"""Making, changing and giving tasks, without Qt: from a key to a form, to the command, to undo.

Owns that way; which tasks are shown and selected is the presenter's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crmdesk.domain.errors import FieldError
from crmdesk.gui.customer_finding import CustomerFinder
from crmdesk.gui.form_meeting import say_theirs
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.tasks.forms import Ask, Done, answer, form_of
from crmdesk.gui.widgets.formbar import Form, Given
from crmdesk.i18n import _
from crmdesk.services import undo
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.notices import Notice, NoticeKind


class StepsView(Protocol):
    """What the steps ask of the widget."""

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that a task can be made for."""

    def ask(self, form: Form) -> None:
        """Open the form."""

    def complain(self, problem: str, field: str) -> None:
        """Say what is wrong in the form; what was typed stays."""

    def put_form_away(self) -> None:
        """Close the form."""


class Host(Protocol):
    """The presenter, as the steps see it."""

    closed: bool

    def show_task(self, task_id: int) -> None:
        """Show one task, once it has been read."""


class TaskSteps:
    """Everything that makes a task or changes one."""

    def __init__(self, context: PlaceContext, host: Host, view: StepsView) -> None:
        self._ws = context.workspace
        self._runner, self._desk = context.runner, context.desk
        self._host, self._view = host, view
        self.customers = CustomerFinder(context, host, view.offer_customers)
        self._goes_back = self._answering = False

    def ask_new(self, account_id: int, *, goes_back: bool = False) -> None:
        """Ask about a new task of a customer; back to where one came from when it is made."""
        self._goes_back = goes_back
        self._ask(Ask.NEW, account_id)

    def ask(self, kind: Ask, notice: Notice | None) -> None:
        """Ask about the selected task; anything else is said not to be one."""
        if notice is None:
            return
        if notice.kind is not NoticeKind.PROMISE:
            self._desk.toast(_("Only tasks and promises are changed here. Enter opens the rest."))
            return
        self._goes_back = False
        self._ask(kind, notice.row_id)

    def answer(self, given: Given) -> None:
        """Do what was answered; what cannot be keeps the form open and says why."""
        if self._answering:
            return  # Enter again, while the first answer waits for its turn to be written.
        ws, self._answering = self._ws, True
        self._runner.write(
            lambda: answer(ws, given), self._on_answered, self._on_failed, owner=self._host
        )

    def _ask(self, kind: Ask, subject: int) -> None:
        ws = self._ws
        self._runner.read(
            lambda: form_of(ws, kind, subject), self._view.ask, self._desk.fail, owner=self._host
        )

    def _on_answered(self, done: Done) -> None:
        ws, txn = self._ws, done.changes.undo
        self._answering = False
        self._view.put_form_away()
        say_theirs(self._desk, done.theirs)

        def take_back() -> None:
            if txn is not None:
                self._runner.write(
                    lambda: undo.undo(ws, txn), None, self._desk.fail, owner=self._host
                )

        if self._goes_back:
            self._goes_back = False
            self._desk.back()
        else:
            self._host.show_task(done.task_id)
        self._desk.toast(done.said, undo=take_back)

    def _on_failed(self, error: Exception) -> None:
        self._answering = False
        if isinstance(error, FieldError):
            self._view.complain(f"{error.message} {error.hint}".strip(), error.field)
        else:
            self._desk.fail(error)

"""What is done to the ticket shown, without Qt: answered, solved, given, raised, scored.

Owns which ticket is being answered: the bar may go to another one meanwhile. What is written is
:mod:`.steps`' and :mod:`crmdesk.services.tickets`'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.states import TicketStatus
from crmdesk.domain.tickets import Priority
from crmdesk.gui.form_meeting import Theirs, say_theirs
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.service.about import TicketHost
from crmdesk.gui.views.service.steps import Words, give_ticket, say_words
from crmdesk.i18n import _
from crmdesk.services import satisfaction, tickets, undo
from crmdesk.services.queries.ticket_sheet import TicketSheet

_NEXT_PRIORITY = {"low": Priority.NORMAL, "normal": Priority.HIGH, "high": Priority.LOW}


class WorkView(Protocol):
    """What this asks of the widget."""

    def ask_words(self, kind: Words, title: str) -> None:
        """Ask for words; answered by :meth:`TicketWork.say`."""

    def forget_words(self) -> None:
        """What was typed is written; until then it is still there when it is asked for again."""

    def ask_person(self, people: Sequence[tuple[int, str]]) -> None:
        """Ask whom to give the ticket to."""

    def ask_score(self) -> None:
        """Ask how content the customer is, 1 to 5."""


class TicketWork:
    """See the module."""

    def __init__(self, context: PlaceContext, view: WorkView, host: TicketHost) -> None:
        self._ws = context.workspace
        self._runner, self._desk = context.runner, context.desk
        self._view, self._host = view, host
        self._asked: TicketSheet | None = None

    def ask(self, kind: Words) -> None:
        """Ask for words to the ticket shown."""
        self._asked = self._host.sheet
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

        self._runner.write(
            lambda: say_words(ws, key, kind, text), done, self._desk.fail, owner=self._host
        )

    def wait(self) -> None:
        """Wait for the customer, or go on after a wait."""
        ws, sheet = self._ws, self._host.sheet
        if sheet is None:
            return
        waiting = sheet.row.status is TicketStatus.WAITING
        to = TicketStatus.OPEN if waiting else TicketStatus.WAITING
        self._write(lambda: tickets.set_status(ws, sheet.row.id, to))

    def close_ticket(self) -> None:
        """Close a resolved ticket."""
        ws, sheet = self._ws, self._host.sheet
        if sheet is not None:
            self._write(lambda: tickets.set_status(ws, sheet.row.id, TicketStatus.CLOSED))

    def next_priority(self) -> None:
        """The next priority."""
        ws, sheet = self._ws, self._host.sheet
        if sheet is None:
            return
        to = _NEXT_PRIORITY.get(sheet.row.priority, Priority.NORMAL)
        self._write(lambda: tickets.set_priority(ws, sheet.row.id, to))

    def ask_person(self) -> None:
        """Ask whom to give the ticket to."""
        self._asked = self._host.sheet
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
                lambda: give_ticket(ws, sheet, user_id), done, self._desk.fail, owner=self._host
            )

    def ask_score(self) -> None:
        """Ask how content the customer was with a solved ticket."""
        sheet = self._asked = self._host.sheet
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
        self._runner.write(work, self._said_changed, self._desk.fail, owner=self._host)

    def _said_changed(self, changes: ChangeSet) -> None:
        txn = changes.undo
        if txn is not None:
            self._desk.toast(_("Changed."), undo=lambda: self._take_back(txn))
        self._host.refresh()

    def _take_back(self, txn: int) -> None:
        ws = self._ws
        self._runner.write(
            lambda: undo.undo(ws, txn),
            lambda _changes: self._host.refresh(),
            self._desk.fail,
            owner=self._host,
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

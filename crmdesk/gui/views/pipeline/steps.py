"""What is done with the selected opportunity or lead, without Qt: asked, moved, taken back.

Owns the way from a key to a form, from its answer to the command, and to what is said then. What
is shown and selected is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.pipeline import OPEN_STAGES, Stage
from crmdesk.domain.states import Role
from crmdesk.gui.customer_finding import CustomerFinder
from crmdesk.gui.form_meeting import say_theirs
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.pipeline.answering import (
    Done,
    answer,
    contacted,
    move,
    reopen_deal,
    reopen_lead,
)
from crmdesk.gui.views.pipeline.forms import OF_LEADS, Ask, form_of
from crmdesk.gui.views.pipeline.items import Mode
from crmdesk.gui.widgets.formbar import Form, Given
from crmdesk.i18n import _
from crmdesk.services import opportunities
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.deal import DealSheet, LinkedDocument, deal_sheet
from crmdesk.services.queries.deals import DealRow, deal_rows
from crmdesk.services.queries.leads import LeadRow, lead_rows


class StepsView(Protocol):
    """What the steps ask of the widget."""

    def select_deal(self, key: int) -> None:
        """Put the selection on an opportunity, once it is shown."""

    def select_lead(self, key: int) -> None:
        """Put the selection on a lead, once it is shown."""

    def ask(self, form: Form) -> None:
        """Open the form."""

    def complain(self, problem: str, field: str) -> None:
        """Say what is wrong in the form; what was typed stays."""

    def put_form_away(self) -> None:
        """Close the form."""

    def offer_documents(self, documents: Sequence[LinkedDocument]) -> None:
        """Offer the quotes and orders of the selected opportunity."""

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that an opportunity can be begun at."""


class Host(Protocol):
    """The presenter, as the steps see it: what is shown and what is selected."""

    closed: bool
    mode: Mode
    deal: int | None
    lead: int | None

    def choose_mode(self, mode: Mode) -> None:
        """Look at it another way."""

    def show_deal(self, key: int) -> None:
        """Show one opportunity, wherever it stands."""


class PipelineSteps:
    """Everything that can be done with what is selected."""

    def __init__(self, context: PlaceContext, host: Host, view: StepsView) -> None:
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._host = host
        self._view = view
        self._answering = False
        self.customers = CustomerFinder(context, host, view.offer_customers)

    def open(self) -> None:
        """Open the customer of the selected opportunity; of a converted lead its opportunity."""
        ws, deal, lead = self._ws, self._host.deal, self._host.lead
        if self._host.mode is Mode.LEADS:
            if lead is not None:
                self._runner.read(
                    lambda: lead_rows(ws, [lead]).get(lead), self._on_lead_opened, owner=self._host
                )
        elif deal is not None:
            self._runner.read(
                lambda: opportunities.deal_row(ws, deal),
                lambda row: self._desk.go("customer", account=int(row.account_id)),
                self._desk.fail,
                owner=self._host,
            )

    def _on_lead_opened(self, row: LeadRow | None) -> None:
        if row is None:
            return
        if row.opportunity_id is not None:
            self._host.show_deal(row.opportunity_id)
        else:
            self.ask(Ask.EDIT_LEAD)

    def ask(self, kind: Ask) -> None:
        """Ask about the selected opportunity or lead; nothing without one."""
        of_lead = kind in OF_LEADS
        if of_lead is not (self._host.mode is Mode.LEADS):
            return
        subject = self._host.lead if of_lead else self._host.deal
        if subject is not None or kind is Ask.NEW_LEAD:
            self._ask(kind, subject or 0)

    def ask_new_deal(self, account_id: int) -> None:
        """Ask about a new opportunity at a customer."""
        self._ask(Ask.NEW_DEAL, account_id)

    def ask_new_lead(self) -> None:
        """Ask about a new lead."""
        if self._host.mode is not Mode.LEADS:
            self._host.choose_mode(Mode.LEADS)
        self._ask(Ask.NEW_LEAD, 0)

    def _ask(self, kind: Ask, subject: int) -> None:
        ws = self._ws
        self._runner.read(
            lambda: form_of(ws, kind, subject), self._view.ask, self._desk.fail, owner=self._host
        )

    def answer(self, given: Given) -> None:
        """Do what was answered; what cannot be keeps the form open and says why."""
        if self._answering:
            return  # Enter again, while the first answer waits for its turn to be written.
        ws, self._answering = self._ws, True
        self._runner.write(
            lambda: answer(ws, given), self._on_form_answered, self._on_failed, owner=self._host
        )

    def shift(self, steps: int) -> None:
        """Move the selected opportunity to the next stage or the one before; to win asks why."""
        key, ws = self._host.deal, self._ws
        if key is None or self._host.mode not in (Mode.BOARD, Mode.LIST):
            return

        def found(row: DealRow | None) -> None:
            if row is None:
                return
            if row.stage not in OPEN_STAGES:
                self._desk.toast(_("This opportunity is closed. Open it again with U."))
                return
            place = OPEN_STAGES.index(row.stage) + steps
            if place >= len(OPEN_STAGES):
                self._ask(Ask.WON, key)
            elif place >= 0:
                self.drop(key, OPEN_STAGES[place])

        self._runner.read(lambda: deal_rows(ws, [key]).get(key), found, owner=self._host)

    def drop(self, key: int, stage: Stage) -> None:
        """An opportunity was put into a column: an end asks why first."""
        ends = {Stage.WON: Ask.WON, Stage.LOST: Ask.LOST, Stage.ENDED: Ask.ENDED}
        self._host.deal = key
        if stage in ends:
            self._ask(ends[stage], key)
            return
        ws = self._ws
        self._runner.write(
            lambda: move(ws, key, stage), self._on_answered, self._desk.fail, owner=self._host
        )

    def reopen(self) -> None:
        """Let a closed opportunity be worked on again; a disqualified lead alike."""
        ws, key = self._ws, self._host.deal
        if self._host.mode is Mode.LEADS:
            lead = self._host.lead
            if lead is not None:
                self._runner.write(
                    lambda: reopen_lead(ws, lead), self._on_answered, self._desk.fail,
                    owner=self._host,
                )  # fmt: skip
        elif key is not None:
            self._runner.write(
                lambda: reopen_deal(ws, key), self._on_answered, self._desk.fail, owner=self._host
            )

    def contacted(self) -> None:
        """Somebody has spoken to the selected lead."""
        ws, lead = self._ws, self._host.lead
        if lead is None or self._host.mode is not Mode.LEADS:
            return
        self._runner.write(
            lambda: contacted(ws, lead), self._on_answered, self._desk.fail, owner=self._host
        )

    def quote(self) -> None:
        """Start a quote for the selected opportunity."""
        ws, key = self._ws, self._host.deal
        if key is None or self._host.mode is Mode.LEADS:
            return
        self._runner.write(
            lambda: opportunities.quote_for_deal(ws, key),
            lambda started: self._desk.go("quote", quote=started.quote_id),
            self._desk.fail,
            owner=self._host,
        )

    def give(self) -> None:
        """Ask who is to have the selected opportunity or lead; for managers and the office."""
        if self._ws.user.role is Role.REP:
            self._desk.toast(_("Your manager gives opportunities and leads to somebody else."))
        else:
            self.ask(Ask.GIVE_LEAD if self._host.mode is Mode.LEADS else Ask.GIVE)

    def open_documents(self) -> None:
        """Open the quote or order of the selected opportunity, or offer them where there are more.

        None yet: say how to begin one.
        """
        ws, key = self._ws, self._host.deal
        if key is None or self._host.mode is Mode.LEADS:
            return

        def found(sheet: DealSheet) -> None:
            if not sheet.documents:
                self._desk.toast(_("There is no quote for this yet. Q starts one."))
            elif len(sheet.documents) == 1:
                self.open_document(sheet.documents[0])
            else:
                self._view.offer_documents(sheet.documents)

        self._runner.read(lambda: deal_sheet(ws, key), found, self._desk.fail, owner=self._host)

    def open_document(self, one: LinkedDocument) -> None:
        """Open a quote or an order."""
        self._desk.go(one.kind, **{one.kind: one.id})

    def _on_form_answered(self, done: Done) -> None:
        self._answering = False
        self._view.put_form_away()
        say_theirs(self._desk, done.theirs)
        self._on_answered(done)

    def _on_answered(self, done: Done) -> None:
        if done.deal is not None:
            self._host.deal = done.deal
            if self._host.mode not in (Mode.BOARD, Mode.LIST):
                self._host.choose_mode(Mode.BOARD)
            self._view.select_deal(done.deal)
        if done.lead is not None:
            self._host.lead = done.lead
            self._view.select_lead(done.lead)
        take_back = done.take_back
        undo = None if take_back is None else lambda: self._take_back(take_back)
        self._desk.toast(done.said, undo=undo)

    def _take_back(self, take_back: Callable[[], tuple[ChangeSet, str]]) -> None:
        def done(found: tuple[ChangeSet, str]) -> None:
            if found[1]:
                self._desk.toast(found[1])

        self._runner.write(take_back, done, self._desk.fail, owner=self._host)

    def _on_failed(self, error: Exception) -> None:
        self._answering = False
        if isinstance(error, FieldError):
            self._view.complain(f"{error.message} {error.hint}".strip(), error.field)
        else:
            self._desk.fail(error)

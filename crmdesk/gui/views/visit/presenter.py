"""What the visit sheet does, without Qt: start, answer, keep, end; calls and messages alike.

Owns what is being typed and which customer is shown. Visits are the core's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.visit.words import SheetItem, read_step, sheet_item
from crmdesk.i18n import _
from crmdesk.services import (
    attachments,
    satisfaction,
    stock_counts,
    undo,
    visit_places,
    visit_reports,
    visits,
)
from crmdesk.services.queries.order import FoundProduct, find_products
from crmdesk.services.queries.today import ReasonRow
from crmdesk.services.queries.visit_sheet import VisitSheet, visit_sheet
from crmdesk.services.visits import VisitStarted

_SHOWN_KINDS = (
    "visit", "visit_task", "promise", "account", "order", "attachment", "survey_score",
)  # fmt: skip
_COUNTED = re.compile(r"^\s*(\d{1,7})\s*[x×*]?\s+(\S.*)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields, and the mode of a contact that has not begun."""

    mode: VisitMode = VisitMode.PERSON
    note: str = ""
    step: str = ""
    promise: str = ""
    score: str = ""
    here: str = ""


class VisitView(Protocol):
    """What the presenter asks of the widget."""

    def show_sheet(self, item: SheetItem) -> None:
        """Show the sheet."""

    def show_typed(self, typed: Typed) -> None:
        """Put the fields to these values."""

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be counted."""

    def ask_outcome(self, name: str, reasons: Sequence[ReasonRow]) -> None:
        """Ask how it ended; answered by :meth:`VisitPresenter.end`."""

    def show_missing(self, key: str) -> None:
        """Go to a question that has to be answered first."""

    def show_gone(self, message: str, hint: str) -> None:
        """The customer is no longer here."""


class VisitPresenter:
    """One customer at a time."""

    def __init__(
        self, context: PlaceContext, view: VisitView, compress: Callable[[bytes], bytes]
    ) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._compress = compress
        self._account_id: int | None = None
        self._sheet: VisitSheet | None = None
        self._typed = Typed()
        self._count = 0
        self._busy = False
        self._asked_consent = False

    def start(self) -> None:
        """Nothing is read before a customer is chosen."""

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when what is shown was touched."""
        if self._account_id is not None and changes.touches(*_SHOWN_KINDS):
            self._read()

    @property
    def sheet(self) -> VisitSheet | None:
        """The sheet shown."""
        return self._sheet

    # -------------------------------------------------------------------------------- intents

    def show(self, account_id: int, mode: VisitMode | None = None) -> None:
        """Show a customer; what was typed for another one goes."""
        if account_id != self._account_id:
            self._account_id, self._sheet, self._typed = account_id, None, Typed()
        if mode is not None:
            self._typed = replace(self._typed, mode=mode)
        self._view.show_typed(self._typed)
        self._read()

    def type(self, **changed: str) -> None:
        """A field was typed into: note, step or promise."""
        self._typed = replace(self._typed, **changed)  # type: ignore[arg-type]
        self._show()

    def choose_mode(self, mode: str) -> None:
        """How the customer is going to be met."""
        self._typed = replace(self._typed, mode=VisitMode(mode))
        self._view.show_typed(self._typed)
        self._show()

    def next_mode(self) -> None:
        """The next way of meeting the customer."""
        modes = list(VisitMode)
        self.choose_mode(modes[(modes.index(self._typed.mode) + 1) % len(modes)].value)

    def begin(self) -> None:
        """Start a visit or a call now; while it runs, ask how it ended."""
        sheet = self._sheet
        if sheet is None or self._busy:
            return
        if sheet.visit_id is not None:
            self.ask_end()
            return
        ws, account_id, mode = self._ws, sheet.account_id, self._typed.mode

        def done(_started: VisitStarted) -> None:
            self._busy = False
            self._read()

        self._busy = True
        self._runner.write(
            lambda: visits.start_visit(ws, account_id, mode=mode), done, self._failed, owner=self
        )

    def answer(self, key: object, typed: str) -> None:
        """Answer a question of the running visit."""
        visit_id = self._visit()
        if visit_id is None or not isinstance(key, str):
            self._desk.banner(_("Start the visit first."), _("Space starts it."))
            return
        ws = self._ws
        self._runner.write(
            lambda: visit_reports.answer_item(ws, visit_id, key, typed),
            lambda _changes: self._read(),
            self._failed,
            owner=self,
        )

    def promise(self) -> None:
        """Keep what was typed as a promise; a day at its end is when it is due."""
        visit_id, sheet = self._visit(), self._sheet
        if visit_id is None or sheet is None:
            self._desk.banner(_("Start the visit first."), _("Space starts it."))
            return
        step = read_step(self._typed.promise, sheet.today)
        if step is None:
            return
        ws = self._ws

        def done(changes: ChangeSet) -> None:
            self._typed = replace(self._typed, promise="")
            self._view.show_typed(self._typed)
            self._toast(_("Promise kept as a task."), changes)
            self._read()

        self._runner.write(
            lambda: visit_reports.promise_in_visit(ws, visit_id, step.text, step.on),
            done,
            self._failed,
            owner=self,
        )

    def score(self) -> None:
        """Keep how likely the customer is to recommend us, 0 to 10, as said in this visit."""
        visit_id, sheet = self._visit(), self._sheet
        if visit_id is None or sheet is None:
            self._desk.banner(_("Start the visit first."), _("Space starts it."))
            return
        said = self._typed.score.strip()
        if not said:
            return
        ws, value = self._ws, int(said) if said.isdecimal() and len(said) < 4 else -1

        def done(_changes: ChangeSet) -> None:
            self._typed = replace(self._typed, score="")
            self._view.show_typed(self._typed)
            self._desk.toast(_("{score} of 10 kept.").format(score=value))
            self._read()

        self._runner.write(
            lambda: satisfaction.record_score(
                ws, sheet.account_id, satisfaction.NPS, value, about=("visit", visit_id)
            ),
            done,
            self._failed,
            owner=self,
        )

    def say_here(self) -> None:
        """Keep where the running visit is; the first time it is asked whether it may be."""
        visit_id = self._visit()
        if visit_id is None:
            self._desk.banner(_("Start the visit first."), _("Space starts it."))
            return
        ws, agreed, typed = self._ws, self._asked_consent, self._typed.here

        def work() -> ChangeSet:
            if agreed:
                visit_places.agree(ws)
            return visit_places.say_here(ws, visit_id, typed)

        def done(changes: ChangeSet) -> None:
            self._typed = replace(self._typed, here="")
            self._view.show_typed(self._typed)
            self._toast(_("The place of this visit is kept."), changes)

        def failed(error: Exception) -> None:
            self._asked_consent = (
                isinstance(error, UserError) and error.code == visit_places.NO_CONSENT
            )
            if self._asked_consent and isinstance(error, UserError):
                self._desk.banner(error.message, error.hint)
            else:
                self._failed(error)

        self._asked_consent = False
        self._runner.write(work, done, failed, owner=self)

    def keep_no_places(self) -> None:
        """Take the consent back: no place is kept any more, and none goes to HQ that waits."""
        ws = self._ws
        words = _("No place of a visit is kept any more; what HQ does not have yet was taken out.")

        def done(_changes: ChangeSet) -> None:
            self._asked_consent = False
            self._desk.toast(words)

        self._runner.write(lambda: visit_places.withdraw(ws), done, self._failed, owner=self)

    def find(self, text: str) -> None:
        """Look for a product to count; ``24 rice`` counts 24 of it."""
        found = _COUNTED.match(text)
        self._count = int(found.group(1)) if found else 0
        words = found.group(2) if found else text
        if self._account_id is None or not words.strip():
            self._view.show_found(())
            return
        ws, account_id = self._ws, self._account_id
        self._runner.read(
            lambda: find_products(ws, account_id, words), self._view.show_found, owner=self
        )

    def count(self, found: FoundProduct) -> None:
        """Keep how much of a product stands on the shelf, in its base unit."""
        if self._account_id is None:
            return
        ws, account_id, quantity = self._ws, self._account_id, self._count

        def done(changes: ChangeSet) -> None:
            words = _("{product}: {count} counted.").format(product=found.name, count=quantity)
            self._toast(words, changes)
            self._read()

        self._runner.write(
            lambda: stock_counts.count_stock(ws, account_id, found.product_id, quantity),
            done,
            self._failed,
            owner=self,
        )

    def take_photo(self, path: Path) -> None:
        """Keep a photo of the running visit, made small."""
        visit_id = self._visit()
        if visit_id is None:
            self._desk.banner(_("Start the visit first."), _("Space starts it."))
            return
        ws, compress = self._ws, self._compress

        def work() -> ChangeSet:
            data = compress(attachments.read_file(path))
            return visit_reports.attach_photo(ws, visit_id, data, f"{path.stem}.jpg")

        def done(_changes: ChangeSet) -> None:
            self._desk.toast(_("Photo kept with the visit."))
            self._read()

        self._runner.write(work, done, self._failed, owner=self)

    def ask_end(self) -> None:
        """Ask how it ended."""
        sheet = self._sheet
        if sheet is None:
            return
        if sheet.visit_id is None and self._typed.mode is VisitMode.PERSON:
            self._desk.banner(_("No visit is running here."), _("Space starts it."))
            return
        self._view.ask_outcome(sheet.customer, sheet.reasons)

    def end(self, outcome: str, reason_id: int | None) -> None:
        """End the running visit, or log a contact that was not started before.

        Without an outcome it is the one the visit speaks for itself.
        """
        sheet = self._sheet
        if sheet is None or self._busy:
            return
        made = VisitOutcome(outcome) if outcome else sheet.spoken
        ws, note = self._ws, self._typed.note
        step = read_step(self._typed.step, sheet.today)

        def work() -> ChangeSet:
            if sheet.visit_id is None:
                return visits.log_contact(
                    ws, sheet.account_id, self._typed.mode, made, note=note, reason_id=reason_id,
                    next_step=step,
                )  # fmt: skip
            return visits.finish_visit(
                ws, sheet.visit_id, made, reason_id=reason_id, note=note, next_step=step
            )

        def done(changes: ChangeSet) -> None:
            self._busy = False
            self._typed = Typed()
            self._view.show_typed(self._typed)
            self._desk.back()
            self._toast(_("Visit to {name} logged").format(name=sheet.customer), changes)

        self._busy = True
        self._runner.write(work, done, self._failed_to_end, owner=self)

    def go_to(self, place: str) -> None:
        """Go to a place of this customer: its order, a ticket, a return, its card."""
        if self._sheet is None:
            return
        if place == "order":
            self._desk.go("order", account=self._sheet.account_id, visit=self._sheet.visit_id)
        else:
            self._desk.go(place, account=self._sheet.account_id)

    def open_ticket(self) -> None:
        """Report something of this customer to the office."""
        if self._sheet is not None:
            self._desk.go("service", new=self._sheet.account_id, visit=self._sheet.visit_id)

    def leave(self) -> None:
        """Go back; the visit goes on."""
        self._desk.back()

    # -------------------------------------------------------------------------------- reading

    def _visit(self) -> int | None:
        return None if self._sheet is None else self._sheet.visit_id

    def _read(self) -> None:
        ws, account_id = self._ws, self._account_id
        if account_id is None:
            return

        def done(sheet: VisitSheet) -> None:
            if sheet.account_id != self._account_id:
                return
            first = self._sheet is None
            self._sheet = sheet
            if first and sheet.visit_id is None and self._typed.mode is VisitMode.PERSON:
                self._typed = replace(self._typed, mode=sheet.usual_mode)
                self._view.show_typed(self._typed)
            self._show()
            if first and sheet.left:
                self._view.show_missing(sheet.left[0].key)

        self._runner.read(lambda: visit_sheet(ws, account_id), done, self._gone, owner=self)

    def _show(self) -> None:
        if self._sheet is None:
            return
        typed = self._typed
        step = read_step(typed.step, self._sheet.today)
        due = read_step(typed.promise, self._sheet.today)
        self._view.show_sheet(
            sheet_item(self._sheet, typed.mode, self._ws.now(), self._ws.currency, step, due)
        )

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self._desk.fail(error)

    def _failed_to_end(self, error: Exception) -> None:
        self._failed(error)
        sheet = self._sheet
        if not isinstance(error, FieldError) and sheet is not None and sheet.left:
            self._view.show_missing(sheet.left[0].key)

    def _gone(self, error: Exception) -> None:
        if isinstance(error, NotFound):
            self._view.show_gone(error.message, error.hint)
        else:
            self._desk.fail(error)

    def _toast(self, words: str, changes: ChangeSet) -> None:
        txn = changes.undo
        if txn is None:
            self._desk.toast(words)
            return
        self._desk.toast(words, undo=lambda: self._take_back(txn))

    def _take_back(self, txn: int) -> None:
        ws = self._ws
        self._runner.write(
            lambda: undo.undo(ws, txn), lambda _changes: self._read(), self._failed, owner=self
        )

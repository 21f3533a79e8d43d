"""What the quote entry does, without Qt: every change is a saved draft, and can be taken back.

Owns which quote is shown and the steps that can be undone. Prices, totals and rules are the
core's; painting and keys are the widget's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Protocol, TypeVar

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.packaging import Pack, fit_packs
from crmdesk.gui.dates import read_day
from crmdesk.gui.discounts import read_discount
from crmdesk.gui.packs import fitted_text
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.quote_answers import Answer, AnswerItem, answered_words, give_answer, question
from crmdesk.gui.views.quote.words import SheetItem, sheet_item
from crmdesk.gui.weighing import weighed_line
from crmdesk.i18n import _
from crmdesk.services import quote_decisions, quote_versions, quotes
from crmdesk.services.document_lines import MAX_PACKS, LineInput
from crmdesk.services.queries.order import FoundProduct, find_products
from crmdesk.services.queries.quote import QuoteLineRow, QuoteSheet, quote_sheet

_SHOWN_KINDS = ("quote", "quote_follow_up", "order", "account", "contact", "organisation")
_Shown = tuple[QuoteSheet, SheetItem]
T = TypeVar("T")


class QuoteView(Protocol):
    """What the presenter asks of the widget."""

    def show_sheet(self, sheet: SheetItem) -> None:
        """Show a quote."""

    def show_saving(self, *, saved: bool) -> None:
        """Say whether everything typed is saved."""

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be added."""

    def select_line(self, product_id: int) -> None:
        """Move the selection to a line."""

    def ask(self, item: AnswerItem) -> None:
        """Open the answer bar."""

    def put_answer_away(self) -> None:
        """Close the answer bar."""

    def show_gone(self, message: str, hint: str) -> None:
        """The quote is no longer here."""


class QuotePresenter:
    """One quote at a time."""

    def __init__(self, context: PlaceContext, view: QuoteView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._quote_id: int | None = None
        self._sheet: QuoteSheet | None = None
        self._steps: list[Callable[[], ChangeSet]] = []
        self._writing = 0
        self._asked = 0
        self._wanted = ""

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Nothing is read before a quote is chosen."""

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read the sheet again when somebody else touched what it shows."""
        if self._quote_id is not None and not self._writing and changes.touches(*_SHOWN_KINDS):
            self._read(self._quote_id)

    @property
    def sheet(self) -> QuoteSheet | None:
        """The quote shown."""
        return self._sheet

    # ------------------------------------------------------------------------------- opening

    def show(self, quote_id: int) -> None:
        """Show a quote."""
        if quote_id != self._quote_id:
            self._steps.clear()
            self._quote_id, self._sheet = quote_id, None
        self._read(quote_id)

    def begin(self, account_id: int) -> None:
        """Start a quote for a customer."""
        ws = self.workspace
        self._write(
            lambda: quotes.start_quote(ws, account_id), lambda made: self.show(made.quote_id)
        )

    def other_version(self) -> None:
        """Show the version before this one; from the first on, the newest."""
        if self._sheet is None or not self._sheet.versions:
            return
        mine, others = self._sheet.row.version, self._sheet.versions
        older = [one for one in others if one.version < mine]
        self._desk.go("quote", quote=(older or list(others))[-1].id)

    # --------------------------------------------------------------------------------- lines

    def set_packs(self, product_id: int, text: str) -> None:
        """A quantity was typed, or an amount of weighed goods; nothing takes the line off."""
        line = self._line(product_id)
        if line is None:
            return
        if text and not text.isdecimal():
            self._set_amount(line, text)
            return
        asked = min(int(text or 0), MAX_PACKS)
        pack = next((p for p in line.packagings if p.id == line.packaging_id), None)
        least, step = (1, 1) if pack is None else (pack.minimum, pack.multiple)
        fitted = fit_packs(asked, Pack(line.unit, line.factor, least, step))
        if asked == 0:
            self.remove(product_id)
        elif fitted.packs != line.packs or line.weighed_quantity is not None:
            self._set_line(LineInput(product_id, line.packaging_id, fitted.packs), line)
        if fitted.code:
            self._desk.toast(fitted_text(fitted, asked, line.unit))

    def _set_amount(self, line: QuoteLineRow, text: str) -> None:
        try:
            weighed = weighed_line(line, text)
        except FieldError as error:
            self._desk.fail(error)
            return
        if weighed is not None and weighed.packs:
            self._set_line(weighed, line)
        elif weighed is not None:
            self.remove(line.product_id)

    def set_discount(self, product_id: int, text: str) -> None:
        """A discount with its reason was typed: ``5 opening order``; nothing takes it away."""
        line, ws, quote_id = self._line(product_id), self.workspace, self._quote_id
        if line is None or quote_id is None:
            return
        found = read_discount(text)
        if found is None:
            self._desk.fail(
                FieldError(
                    "discount",
                    _("“{text}” is no discount.").format(text=text),
                    _("Type it as 5 opening order: how many per cent, and why."),
                )
            )
            return
        before = (line.discount_bp, line.why) if line.by_hand else (0, "")
        if found != before:
            self._change(
                lambda: quotes.set_discount(ws, quote_id, product_id, *found),
                lambda: quotes.set_discount(ws, quote_id, product_id, *before),
            )

    def next_pack(self, product_id: int) -> None:
        """Take the same number in the product's next packaging."""
        line = self._line(product_id)
        if line is None or len(line.packagings) < 2:
            return
        places = [pack.id for pack in line.packagings]
        at = places.index(line.packaging_id) if line.packaging_id in places else -1
        pack = line.packagings[(at + 1) % len(places)]
        self._set_line(LineInput(product_id, pack.id, line.packs), line)

    def remove(self, product_id: int) -> None:
        """Take a line off."""
        line = self._line(product_id)
        if line is not None:
            self._set_line(LineInput(product_id, None, 0), line)
            words = _("{product} taken off.").format(product=line.name)
            self._desk.toast(words, undo=self.undo)

    def find(self, text: str) -> None:
        """Look for a product to add."""
        self._wanted = text
        if self._sheet is None or not text.strip():
            self._view.show_found(())
            return
        ws, account_id = self.workspace, self._sheet.row.account_id

        def done(found: tuple[FoundProduct, ...]) -> None:
            if text == self._wanted:
                self._view.show_found(found)

        self._runner.read(lambda: find_products(ws, account_id, text), done, owner=self)

    def scan(self, text: str) -> None:
        """Put what was scanned on the quote, or say that nothing has this barcode."""
        if self._sheet is None:
            return
        ws, account_id = self.workspace, self._sheet.row.account_id

        def done(found: tuple[FoundProduct, ...]) -> None:
            if found:
                self.add_product(found[0])
            else:
                words = _("No product has the barcode {code}.")
                self._desk.toast(words.format(code=text.strip()))

        self._runner.read(lambda: find_products(ws, account_id, text, 1), done, owner=self)

    def add_product(self, found: FoundProduct) -> None:
        """Add what was found, or go to its line when it is there already."""
        if self._line(found.product_id) is not None:
            self._view.select_line(found.product_id)
            return
        line = LineInput(found.product_id, found.packaging_id, 1)
        self._set_line(line, None, select=found.product_id)

    @property
    def can_undo(self) -> bool:
        """True while a change of this sheet can be taken back."""
        return bool(self._steps)

    def undo(self) -> None:
        """Take the last change back; again for the one before."""
        if self._steps:
            self._write_change(self._steps.pop())

    # --------------------------------------------------------------------------------- terms

    def set_term(self, name: str, text: str) -> None:
        """A field beside the lines was typed: title, valid_until, next_follow_up, terms, note."""
        sheet = self._sheet
        if sheet is None or not sheet.is_draft:
            return
        before = self._terms(sheet)
        value: Any = text
        if name in ("valid_until", "next_follow_up"):
            value = read_day(text, self.workspace.today())
            if value is None:
                self._desk.fail(
                    FieldError(
                        name,
                        _("“{text}” is no day.").format(text=text),
                        _("Type it as 2.12., or +30 for thirty days from now."),
                    )
                )
                self._show((sheet, self._item(sheet)))
                return
        self._set_terms(replace(before, **{name: value}), before)

    def next_contact(self) -> None:
        """Address the quote to the next person of the customer."""
        sheet = self._sheet
        if sheet is None or not sheet.is_draft or not sheet.contacts:
            return
        keys = [key for key, _name in sheet.contacts]
        at = keys.index(sheet.contact_id) if sheet.contact_id in keys else -1
        before = self._terms(sheet)
        self._set_terms(replace(before, contact_id=keys[(at + 1) % len(keys)]), before)

    def _terms(self, sheet: QuoteSheet) -> quotes.QuoteTerms:
        row, today = sheet.row, self.workspace.today()

        def sure(day: date | None) -> date:
            return max(day or today, today)

        return quotes.QuoteTerms(
            row.title, sure(row.valid_until), sure(row.next_follow_up), sheet.contact_id,
            sheet.terms, sheet.note,
        )  # fmt: skip

    def _set_terms(self, terms: quotes.QuoteTerms, before: quotes.QuoteTerms) -> None:
        ws, quote_id = self.workspace, self._quote_id
        if terms != before and quote_id is not None:
            self._change(
                lambda: quotes.edit_terms(ws, quote_id, terms),
                lambda: quotes.edit_terms(ws, quote_id, before),
            )

    # ------------------------------------------------------------------------- the quote itself

    def send(self) -> None:
        """The customer has it: the quote is immutable and comes back on its day."""
        if self._sheet is None or not self._sheet.is_draft:
            return
        ws, quote_id, name = self.workspace, self._sheet.row.id, self._sheet.row.name

        def done(_changes: ChangeSet) -> None:
            self._steps.clear()
            words = _("Quote {number} is sent; it comes back on its day.").format(number=name)
            self._desk.toast(words, undo=self.call_back)
            self._read(quote_id)

        self._write(lambda: quotes.send_quote(ws, quote_id), done)

    def call_back(self) -> None:
        """Make a sent quote a draft again, while HQ does not have it."""
        self._whole(quote_versions.call_back_quote)

    def reopen(self) -> None:
        """Take the decision back; the quote waits again."""
        self._whole(quote_decisions.reopen_quote)

    def expire(self) -> None:
        """The quote holds no longer and nobody has said anything."""
        self._whole(quote_decisions.expire_quote)

    def _whole(self, act: Callable[..., ChangeSet]) -> None:
        ws, quote_id = self.workspace, self._quote_id
        if quote_id is not None:
            self._write(lambda: act(ws, quote_id), lambda _changes: self._read(quote_id))

    def revise(self) -> None:
        """Start the next version as a draft, or go on with it."""
        ws, quote_id = self.workspace, self._quote_id
        if quote_id is not None:
            self._write(
                lambda: quote_versions.revise_quote(ws, quote_id),
                lambda made: self._desk.go("quote", quote=made.quote_id),
            )

    def order(self) -> None:
        """Make an order of it at the prices agreed, or show the one it has become."""
        ws, sheet = self.workspace, self._sheet
        if sheet is None:
            return
        if sheet.order_id is not None:
            self._desk.go("order", order=sheet.order_id)
            return
        quote_id = sheet.row.id
        self._write(
            lambda: quote_decisions.order_from_quote(ws, quote_id),
            lambda started: self._desk.go("order", order=started.order_id),
        )

    def discard(self) -> None:
        """Delete the draft and go back."""
        ws, sheet = self.workspace, self._sheet
        if sheet is None or not sheet.is_draft:
            return
        quote_id = sheet.row.id

        def done(_changes: ChangeSet) -> None:
            self._quote_id = self._sheet = None
            self._desk.back()
            self._desk.toast(_("Draft deleted."))

        self._write(lambda: quotes.discard_quote(ws, quote_id), done)

    def ask(self, kind: str) -> None:
        """Ask what came of it: follow, plan, won or lost."""
        if self._sheet is not None and self._sheet.waits:
            self._view.ask(question(self._sheet, kind, self.workspace.today()))

    def answer(self, answer: Answer) -> None:
        """Do what was answered; what cannot be keeps the bar open and says why."""
        ws, sheet = self.workspace, self._sheet
        if sheet is None:
            return

        def done(_changes: ChangeSet) -> None:
            self._view.put_answer_away()
            undo = self.reopen if answer.kind in ("won", "lost") else None
            self._desk.toast(answered_words(answer, sheet.row, ws.today()), undo=undo)
            self._read(sheet.row.id)

        self._write(lambda: give_answer(ws, answer), done)

    def open_customer(self) -> None:
        """Open the card of the customer."""
        if self._sheet is not None:
            self._desk.go("customer", account=self._sheet.row.account_id)

    def leave(self) -> None:
        """Go back to where the person came from; the draft is saved."""
        self._desk.back()

    # -------------------------------------------------------------------------------- writing

    def _set_line(
        self, line: LineInput, before: QuoteLineRow | None, *, select: int | None = None
    ) -> None:
        ws, quote_id = self.workspace, self._quote_id
        if quote_id is None:
            return
        was = LineInput(line.product_id, None, 0)
        if before is not None:
            was = LineInput(
                before.product_id, before.packaging_id, before.packs,
                weighed_quantity=before.weighed_quantity,
            )  # fmt: skip
        self._change(
            lambda: quotes.set_line(ws, quote_id, line),
            lambda: quotes.set_line(ws, quote_id, was),
            select=select,
        )

    def _change(
        self, act: Callable[[], ChangeSet], back: Callable[[], ChangeSet], *,
        select: int | None = None,
    ) -> None:  # fmt: skip
        def done() -> None:
            self._steps.append(back)

        self._write_change(act, done, select=select)

    def _write_change(
        self, act: Callable[[], ChangeSet], then: Callable[[], None] | None = None, *,
        select: int | None = None,
    ) -> None:  # fmt: skip
        ws, quote_id = self.workspace, self._quote_id
        if quote_id is None:
            return

        def work() -> tuple[ChangeSet, _Shown]:
            changes = act()
            sheet = quote_sheet(ws, quote_id)
            return changes, (sheet, self._item(sheet))

        def done(result: tuple[ChangeSet, _Shown]) -> None:
            self._asked += 1
            if then is not None:
                then()
            self._show(result[1])
            if select is not None:
                self._view.select_line(select)

        self._write(work, done)

    def _write(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        self._writing += 1
        self._view.show_saving(saved=False)

        def succeeded(result: T) -> None:
            self._written()
            done(result)

        self._runner.write(work, succeeded, self._on_write_failed, owner=self)

    def _written(self) -> None:
        self._writing -= 1
        self._view.show_saving(saved=self._writing == 0)

    def _on_write_failed(self, error: Exception) -> None:
        self._written()
        self._desk.fail(error)
        if self._quote_id is not None:
            self._read(self._quote_id)

    # -------------------------------------------------------------------------------- reading

    def _read(self, quote_id: int) -> None:
        self._asked += 1
        number, ws = self._asked, self.workspace

        def work() -> _Shown:
            sheet = quote_sheet(ws, quote_id)
            return sheet, self._item(sheet)

        def done(shown: _Shown) -> None:
            if number == self._asked:
                self._show(shown)

        self._runner.read(work, done, self._on_read_failed, owner=self)

    def _item(self, sheet: QuoteSheet) -> SheetItem:
        return sheet_item(sheet, self.workspace.today())

    def _show(self, shown: _Shown) -> None:
        if shown[0].row.id == self._quote_id:
            self._sheet = shown[0]
            self._view.show_sheet(shown[1])

    def _on_read_failed(self, error: Exception) -> None:
        if isinstance(error, NotFound):
            self._view.show_gone(error.message, error.hint)
        else:
            self._desk.fail(error)

    def _line(self, product_id: int) -> QuoteLineRow | None:
        if self._sheet is None or not self._sheet.is_draft:
            return None
        return next((x for x in self._sheet.lines if x.product_id == product_id), None)

"""What collecting does, without Qt: an amount is spread over invoices, a receipt is written.

Owns what is being typed and how it would be spread. Receipts are the core's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.collecting import CollectionMethod, allocate
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.money import typed_minor
from crmdesk.gui.dates import read_day
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.collecting.words import CollectItem, collect_item
from crmdesk.i18n import _, format_money
from crmdesk.services import collecting
from crmdesk.services.collecting import Collecting, Receipt
from crmdesk.services.queries.collecting import CollectSheet, ReceiptRow, collect_sheet

_SHOWN_KINDS = ("collection", "invoice", "payment", "account", "visit")
METHODS = tuple(CollectionMethod)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields."""

    amount: str = ""
    method: CollectionMethod = CollectionMethod.CASH
    reference: str = ""
    cheque_on: str = ""
    note: str = ""
    invoice_id: int | None = None


class CollectView(Protocol):
    """What the presenter asks of the widget."""

    def show_sheet(self, item: CollectItem) -> None:
        """Show debts, how the amount would be spread, and receipts."""

    def show_typed(self, typed: Typed) -> None:
        """Put the fields to these values."""

    def show_gone(self, message: str, hint: str) -> None:
        """The customer is no longer here."""


class CollectPresenter:
    """One customer at a time."""

    def __init__(self, context: PlaceContext, view: CollectView) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._account_id: int | None = None
        self._sheet: CollectSheet | None = None
        self._typed = Typed()
        self._busy = False

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
    def sheet(self) -> CollectSheet | None:
        """The sheet shown."""
        return self._sheet

    # -------------------------------------------------------------------------------- intents

    def show(self, account_id: int) -> None:
        """Show a customer; what was typed for another one goes."""
        if account_id != self._account_id:
            self._account_id, self._sheet, self._typed = account_id, None, Typed()
            self._view.show_typed(self._typed)
        self._read()

    def type(self, **changed: str) -> None:
        """A field was typed into: amount, reference, cheque_on or note."""
        self._typed = replace(self._typed, **changed)  # type: ignore[arg-type]
        self._show()

    def choose_method(self, method: str) -> None:
        """Another way of paying."""
        self._typed = replace(self._typed, method=CollectionMethod(method))
        self._view.show_typed(self._typed)
        self._show()

    def next_method(self) -> None:
        """The next way of paying."""
        at = METHODS.index(self._typed.method)
        self.choose_method(METHODS[(at + 1) % len(METHODS)])

    def pay_invoice(self, invoice_id: int | None) -> None:
        """Take what is left of one invoice, which is paid first; again for the oldest first."""
        if self._sheet is None:
            return
        chosen = None if invoice_id == self._typed.invoice_id else invoice_id
        debt = next((d for d in self._sheet.debts.invoices if d.id == chosen), None)
        amount = self._typed.amount
        if debt is not None and not amount.strip():
            amount = format_plain(debt.left_minor, self._sheet.currency)
        self._typed = replace(self._typed, invoice_id=chosen, amount=amount)
        self._view.show_typed(self._typed)
        self._show()

    def take_all(self, *, late_only: bool) -> None:
        """Put all that is owed, or what is late of it, into the amount."""
        if self._sheet is None:
            return
        debts = self._sheet.debts
        amount = debts.late_minor(self._sheet.today) if late_only else debts.left_minor
        if amount > 0:
            self._typed = replace(self._typed, amount=format_plain(amount, self._sheet.currency))
            self._view.show_typed(self._typed)
            self._show()

    def collect(self) -> None:
        """Write the receipt."""
        if self._account_id is None or self._sheet is None or self._busy:
            return
        try:
            what = self._read_typed(self._sheet)
        except FieldError as error:
            self._desk.fail(error)
            return
        ws, account_id = self._ws, self._account_id
        self._busy = True

        def done(receipt: Receipt) -> None:
            self._busy = False
            self._typed = Typed(method=self._typed.method)
            self._view.show_typed(self._typed)
            amount = format_money(sum(s.amount_minor for s in receipt.shares), ws.currency)
            words = _("Receipt {number}: {amount}.").format(number=receipt.number, amount=amount)
            self._desk.toast(words, undo=lambda: self.take_back(receipt.number))
            self._read()

        self._runner.write(
            lambda: collecting.collect(ws, account_id, what), done, self._failed, owner=self
        )

    def take_back(self, number: str) -> None:
        """Take a receipt back by its counter-entry."""
        ws = self._ws

        def done(counter: Receipt) -> None:
            self._desk.toast(
                _("Receipt {number} was taken back by {counter}.").format(
                    number=number, counter=counter.number
                )
            )
            self._read()

        self._runner.write(
            lambda: collecting.reverse_receipt(ws, number), done, self._failed, owner=self
        )

    def take_back_row(self, key: object) -> None:
        """Take the receipt of a row back."""
        row = self._receipt(key)
        if row is not None and row.number:
            self.take_back(row.number)

    def leave(self) -> None:
        """Go back to where the person came from."""
        self._desk.back()

    # -------------------------------------------------------------------------------- reading

    def _read_typed(self, sheet: CollectSheet) -> Collecting:
        typed = self._typed
        day = None
        if typed.method is CollectionMethod.CHEQUE and typed.cheque_on.strip():
            day = read_day(typed.cheque_on, sheet.today)
            if day is None:
                raise FieldError(
                    "cheque_on",
                    _("{text} is no day.").format(text=typed.cheque_on.strip()),
                    _("Type the day on the cheque, such as 3.12."),
                )
        return Collecting(
            read_amount(typed.amount, sheet.currency), typed.method, typed.reference, day,
            typed.note, typed.invoice_id, sheet.visit_id,
        )  # fmt: skip

    def _read(self) -> None:
        ws, account_id = self._ws, self._account_id
        if account_id is None:
            return

        def done(sheet: CollectSheet) -> None:
            if sheet.account_id == self._account_id:
                self._sheet = sheet
                self._show()

        self._runner.read(lambda: collect_sheet(ws, account_id), done, self._gone, owner=self)

    def _show(self) -> None:
        sheet = self._sheet
        if sheet is None:
            return
        try:
            amount = read_amount(self._typed.amount, sheet.currency)
        except FieldError:
            amount = 0
        invoices = [debt.as_open() for debt in sheet.debts.invoices]
        first = [one for one in invoices if one.id == self._typed.invoice_id]
        shares = {share.invoice_id: share.amount_minor for share in allocate(amount, first)}
        if first:
            rest = shares.pop(None, 0)
            others = [one for one in invoices if one not in first]
            shares |= {s.invoice_id: s.amount_minor for s in allocate(rest, others)}
        else:
            shares = {s.invoice_id: s.amount_minor for s in allocate(amount, invoices)}
        now = self._ws.clock.local(self._ws.now())
        self._view.show_sheet(collect_item(sheet, shares, self._typed.invoice_id, now))

    def _receipt(self, key: object) -> ReceiptRow | None:
        if self._sheet is None:
            return None
        return next((row for row in self._sheet.receipts if row.id == key), None)

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self._desk.fail(error)

    def _gone(self, error: Exception) -> None:
        if isinstance(error, NotFound):
            self._view.show_gone(error.message, error.hint)
        else:
            self._desk.fail(error)


def read_amount(text: str, currency: str) -> int:
    """An amount as typed, in minor units; FieldError when it is none."""
    try:
        return typed_minor(text, currency)
    except (ValueError, ArithmeticError) as error:
        said = text.strip()
        message = _("{text} is no amount.").format(text=said) if said else _("How much was paid?")
        raise FieldError("amount", message, _("Type it as 120 or 120.50.")) from error


def format_plain(minor: int, currency: str) -> str:
    """An amount as it would be typed."""
    from crmdesk.i18n import currency_digits

    digits = currency_digits(currency)
    if digits == 0:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{rest:0{digits}d}"

"""What taking a return does, without Qt: quantities, reasons, credit; saved at every key.

Owns the return that is being taken. Prices and rules are the core's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.packaging import InvalidAmount, is_weighed, read_amount
from crmdesk.domain.returning import Condition, Wish
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.returning.words import ReturnPlaceItem, pack_of_line, place_item
from crmdesk.i18n import _, format_money
from crmdesk.services import returns
from crmdesk.services.queries.order import FoundProduct, find_products
from crmdesk.services.queries.returning import Pack, Returnable, ReturnSheet, return_sheet
from crmdesk.services.returns import MOST_PACKS, Returned, Returning, ReturnLine

_SHOWN_KINDS = ("return_request", "sale", "account", "visit", "outcome_reason")
CONDITIONS = tuple(Condition)


class ReturnView(Protocol):
    """What the presenter asks of the widget."""

    def show_sheet(self, item: ReturnPlaceItem) -> None:
        """Show what could come back and what does."""

    def show_head(self, wish: Wish, note: str) -> None:
        """Put the fields of the head to these values."""

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be added."""

    def select_line(self, product_id: int) -> None:
        """Move the selection to a line."""

    def show_gone(self, message: str, hint: str) -> None:
        """The customer is no longer here."""


class ReturnPresenter:
    """One customer at a time."""

    def __init__(self, context: PlaceContext, view: ReturnView) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._account_id: int | None = None
        self._sheet: ReturnSheet | None = None
        self._lines: dict[int, ReturnLine] = {}
        self._packs: dict[int, Pack] = {}
        self._also: list[int] = []
        self._wish, self._note = Wish.CREDIT, ""
        self._last_reason: int | None = None
        self._busy = False
        self._fresh = True

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
    def sheet(self) -> ReturnSheet | None:
        """The sheet shown."""
        return self._sheet

    @property
    def lines(self) -> tuple[ReturnLine, ...]:
        """What comes back so far."""
        return tuple(self._lines.values())

    # -------------------------------------------------------------------------------- intents

    def show(self, account_id: int) -> None:
        """Show a customer, with what was typed of a return and not submitted."""
        if account_id != self._account_id:
            self._account_id, self._sheet, self._fresh = account_id, None, True
            self._lines, self._packs, self._also = {}, {}, []
            self._wish, self._note = Wish.CREDIT, ""
        self._read()

    def set_packs(self, product_id: int, text: str) -> None:
        """A quantity was typed; nothing or zero takes the line off."""
        product = self._product(product_id)
        if product is None:
            return
        line = self._lines.get(product_id)
        pack = self._pack(product)
        packs, base = 0, None
        if text.isdecimal() or not text:
            packs = min(int(text or 0), MOST_PACKS)
        elif is_weighed(product.base_unit):
            try:
                amount = read_amount(text, product.base_unit)
            except InvalidAmount:
                self._say_amount(text, product.name)
                return
            packs, base = amount.packs or 1, amount.base_quantity
        else:
            self._say_amount(text, product.name)
            return
        if packs == 0:
            self._lines.pop(product_id, None)
        elif line is None:
            reason = self._last_reason
            self._lines[product_id] = ReturnLine(
                product_id, pack.id, packs, reason, base_quantity=base
            )
        else:
            self._lines[product_id] = replace(line, packs=packs, base_quantity=base)
        self._changed()

    def next_pack(self, product_id: int) -> None:
        """Count in the product's next pack."""
        product = self._product(product_id)
        if product is None:
            return
        at = product.packs.index(self._pack(product))
        pack = product.packs[(at + 1) % len(product.packs)]
        self._packs[product_id] = pack
        line = self._lines.get(product_id)
        if line is not None:
            self._lines[product_id] = replace(line, packaging_id=pack.id, base_quantity=None)
        self._changed()

    def next_reason(self, product_id: int) -> None:
        """The next reason; the following lines begin with it."""
        line = self._lines.get(product_id)
        if line is None or self._sheet is None or not self._sheet.reasons:
            return
        keys = [reason.id for reason in self._sheet.reasons]
        at = keys.index(line.reason_id) if line.reason_id in keys else -1
        self._last_reason = keys[(at + 1) % len(keys)]
        self._lines[product_id] = replace(line, reason_id=self._last_reason)
        self._changed()

    def next_condition(self, product_id: int) -> None:
        """The next condition."""
        line = self._lines.get(product_id)
        if line is not None:
            at = CONDITIONS.index(line.condition)
            condition = CONDITIONS[(at + 1) % len(CONDITIONS)]
            self._lines[product_id] = replace(line, condition=condition)
            self._changed()

    def choose_wish(self, wish: str) -> None:
        """Credit or exchange."""
        self._wish = Wish(wish)
        self._changed()

    def next_wish(self) -> None:
        """The other wish."""
        self.choose_wish(Wish.EXCHANGE if self._wish is Wish.CREDIT else Wish.CREDIT)
        self._view.show_head(self._wish, self._note)

    def type_note(self, text: str) -> None:
        """The note is being typed."""
        self._note = text
        self._save()

    def find(self, text: str) -> None:
        """Look for a product that is not in the list."""
        if self._account_id is None or not text.strip():
            self._view.show_found(())
            return
        ws, account_id = self._ws, self._account_id
        self._runner.read(
            lambda: find_products(ws, account_id, text), self._view.show_found, owner=self
        )

    def add_product(self, found: FoundProduct) -> None:
        """Bring a product into the list."""
        if self._product(found.product_id) is None:
            self._also.append(found.product_id)
            self._read(select=found.product_id)
        else:
            self._view.select_line(found.product_id)

    def submit(self) -> None:
        """Write the return."""
        if self._account_id is None or self._sheet is None or self._busy:
            return
        ws, account_id = self._ws, self._account_id
        what = self._what()
        self._busy = True

        def done(back: Returned) -> None:
            self._busy = False
            self._lines, self._packs, self._note = {}, {}, ""
            self._wish, self._fresh = Wish.CREDIT, True
            words = _("Return {number}: {amount}.").format(
                number=back.number, amount=format_money(back.net_minor, ws.currency)
            )
            self._desk.back()
            self._desk.toast(words, undo=lambda: self._call_back(account_id, back.return_id))

        self._runner.write(
            lambda: returns.take_return(ws, account_id, what), done, self._failed, owner=self
        )

    def leave(self) -> None:
        """Go back; what was typed is kept."""
        self._desk.back()

    # -------------------------------------------------------------------------------- reading

    def _call_back(self, account_id: int, return_id: int) -> None:
        ws = self._ws

        def done(_changes: ChangeSet) -> None:
            self._account_id = None
            self._desk.go("returning", account=account_id)

        self._runner.write(
            lambda: returns.call_back_return(ws, return_id), done, self._failed, owner=self
        )

    def _what(self) -> Returning:
        visit = self._sheet.visit_id if self._sheet is not None else None
        return Returning(tuple(self._lines.values()), self._wish, self._note, visit)

    def _changed(self) -> None:
        self._save()
        self._show()

    def _save(self) -> None:
        ws, account_id, what = self._ws, self._account_id, self._what()
        if account_id is not None:
            self._runner.write(
                lambda: returns.save_draft(ws, account_id, what), failed=self._failed, owner=self
            )

    def _read(self, *, select: int | None = None) -> None:
        ws, account_id, also = self._ws, self._account_id, tuple(self._also)
        if account_id is None:
            return

        def done(sheet: ReturnSheet) -> None:
            if sheet.account_id != self._account_id:
                return
            self._sheet = sheet
            if self._fresh:
                self._fresh = False
                self._lines = {line.product_id: line for line in sheet.draft.lines}
                self._wish, self._note = sheet.draft.wish, sheet.draft.note
                self._view.show_head(self._wish, self._note)
            self._show()
            if select is not None:
                self._view.select_line(select)

        self._runner.read(lambda: return_sheet(ws, account_id, also), done, self._gone, owner=self)

    def _show(self) -> None:
        if self._sheet is not None:
            self._view.show_sheet(place_item(self._sheet, self._lines, self._packs, self._wish))

    def _product(self, product_id: int) -> Returnable | None:
        if self._sheet is None:
            return None
        return next((p for p in self._sheet.products if p.product_id == product_id), None)

    def _pack(self, product: Returnable) -> Pack:
        line = self._lines.get(product.product_id)
        if line is None and product.product_id in self._packs:
            return self._packs[product.product_id]
        return pack_of_line(product, line)

    def _say_amount(self, text: str, name: str) -> None:
        self._desk.fail(
            FieldError(
                "quantity",
                _("{text} is no amount of {product}.").format(text=text, product=name),
                _("Type a whole number; nothing was changed."),
            )
        )

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self._desk.fail(error)

    def _gone(self, error: Exception) -> None:
        if isinstance(error, NotFound):
            self._view.show_gone(error.message, error.hint)
        else:
            self._desk.fail(error)

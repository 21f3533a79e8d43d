"""What the order sheet does, without Qt: every change is a saved draft, and can be taken back.

Owns which order is shown, the steps that can be undone, and the quantities the person has said to
keep. Prices, totals and rules are the core's; painting and keys are the widget's.
"""

from __future__ import annotations

from typing import TypeVar

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.packaging import (
    Pack,
    fit_base,
    fit_packs,
)
from crmdesk.gui.packs import fitted_text, instead_text, pack_text
from crmdesk.gui.views.order.answer_words import repeated_words
from crmdesk.gui.views.order.words import SheetItem
from crmdesk.gui.views.order.writing import SheetWriter, as_input
from crmdesk.gui.weighing import weighed_line
from crmdesk.i18n import _
from crmdesk.services import orders
from crmdesk.services.document_lines import MAX_PACKS, LineInput
from crmdesk.services.queries.order import (
    FoundProduct,
    OrderLineRow,
    OrderSheet,
    find_products,
    order_sheet,
)
from crmdesk.services.queries.order_history import Repeated, last_order_lines
from crmdesk.services.scanning import ScanOutcome, add_scanned

_MOST_DIGITS = len(str(MAX_PACKS))
_Shown = tuple[OrderSheet, SheetItem]
_SHOWN_KINDS = (
    "order", "order_alteration", "sale", "invoice", "payment", "collection", "account", "visit",
)  # fmt: skip
T = TypeVar("T")


class OrderPresenter(SheetWriter):
    """One order at a time."""

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Nothing is read before an order is chosen."""

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read the sheet again when somebody else touched what it shows."""
        if self._order_id is None or self._writing:
            return
        if changes.touches(*_SHOWN_KINDS):
            self._read(self._order_id)

    # -------------------------------------------------------------------------------- intents

    def show(self, order_id: int) -> None:
        """Show an order."""
        if order_id != self._order_id:
            self._steps.clear()
            self._kept.clear()
            self._typing.clear()
            self._order_id, self._sheet = order_id, None
            self.details.show(order_id)
        self._read(order_id)

    def begin(self, account_id: int, visit_id: int | None) -> None:
        """Start today's order of a customer from what is due, or go on with it."""
        ws = self.workspace

        def done(started: orders.Started) -> None:
            self._written()
            self.show(started.order_id)

        self._write(lambda: orders.start_order(ws, account_id, visit_id=visit_id), done)

    def set_packs(self, product_id: int, text: str) -> None:
        """A quantity was typed; nothing or zero takes the line off.

        More digits than a quantity has are a scanner's, and weighed goods take an amount.
        """
        line = self._line(product_id)
        if line is None:
            return
        if text and not text.isdecimal():
            self._set_amount(line, text)
            return
        if len(text) > _MOST_DIGITS:
            self.stop_typing(product_id)
            self.scan(text)
            return
        asked = min(int(text or 0), MAX_PACKS)
        pack = next((p for p in line.packagings if p.id == line.packaging_id), None)
        least, step = (1, 1) if pack is None else (pack.minimum, pack.multiple)
        fitted = fit_packs(asked, Pack(line.unit, line.factor, least, step))
        if asked == 0:
            self.remove(product_id)
        elif (
            fitted.packs != line.packs
            or line.weighed_quantity is not None
            or product_id in self._typing
        ):
            before = self._typing.pop(product_id, as_input(line))
            self._change(LineInput(product_id, line.packaging_id, fitted.packs), before)
        if fitted.code:
            self._desk.toast(fitted_text(fitted, asked, line.unit))

    def type_packs(self, product_id: int, text: str) -> None:
        """A quantity is being typed: what stands there is saved, and nothing is said yet."""
        line = self._line(product_id)
        if line is None or not text.isdecimal() or not 0 < len(text) <= _MOST_DIGITS:
            return
        packs = min(int(text), MAX_PACKS)
        if packs == 0 or (packs == line.packs and product_id not in self._typing):
            return
        self._typing.setdefault(product_id, as_input(line))
        ws, order_id = self.workspace, self._order_id
        if order_id is not None:
            typed = LineInput(product_id, line.packaging_id, packs)
            self._write_quietly(lambda: orders.set_line(ws, order_id, typed))

    def stop_typing(self, product_id: int) -> None:
        """What was being typed is given up: the line is as it was before."""
        line = self._line(product_id)
        if line is not None and product_id in self._typing:
            self._write_lines((self._typing.pop(product_id),))

    def _set_amount(self, line: OrderLineRow, text: str) -> None:
        """Take an amount of weighed goods: `1,25 kg`, or `3 = 1,25 kg` with the pieces."""
        try:
            weighed = weighed_line(line, text)
        except FieldError as error:
            self._desk.fail(error)
            return
        if weighed is None:
            return
        if weighed.packs == 0:
            self.remove(line.product_id)
            return
        self._change(weighed, as_input(line))

    def scan(self, text: str) -> None:
        """Put one more pack of what was scanned on the order, or say why not."""
        if self._sheet is None or not self._sheet.is_draft:
            return
        ws, order_id = self.workspace, self._sheet.id

        def work() -> tuple[ScanOutcome, _Shown]:
            outcome = add_scanned(ws, order_id, text)
            sheet = order_sheet(ws, order_id)
            return outcome, (sheet, self._item(sheet))

        def done(result: tuple[ScanOutcome, _Shown]) -> None:
            self._written()
            self._asked += 1
            outcome = result[0]
            if outcome.before is not None:
                self._steps.append((outcome.before,))
            self._show(result[1])
            if outcome.sentence:
                self._desk.toast(outcome.sentence)
            if self._line(outcome.product_id) is not None:
                self._view.mark_line(outcome.product_id)

        self._write(work, done)

    def next_pack(self, product_id: int) -> None:
        """Take the same number in the product's next packaging."""
        line = self._line(product_id)
        if line is None or len(line.packagings) < 2:
            return
        places = [pack.id for pack in line.packagings]
        at = places.index(line.packaging_id) if line.packaging_id in places else -1
        pack = line.packagings[(at + 1) % len(places)]
        self._change(LineInput(product_id, pack.id, line.packs), as_input(line))

    def remove(self, product_id: int) -> None:
        """Take a line off."""
        line = self._line(product_id)
        if line is None:
            return
        self._change(LineInput(product_id, None, 0), as_input(line))
        self._desk.toast(_("{product} taken off.").format(product=line.name), undo=self.undo)

    def add_product(self, found: FoundProduct) -> None:
        """Add what was found, or go to its line when it is there already."""
        if self._line(found.product_id) is None:
            line = LineInput(found.product_id, found.packaging_id, 1)
            self._change(line, None, select=found.product_id)
        else:
            self._desk.toast(_("{product} is on this order already.").format(product=found.name))
            self._view.select_line(found.product_id)

    def set_discount(self, product_id: int, text: str) -> None:
        """A discount with its reason was typed for a line."""
        line = self._line(product_id)
        if line is not None and self._sheet is not None and self._sheet.is_draft:
            self.details.discount(line, text)

    def discount_of(self, product_id: int) -> tuple[str, str]:
        """The name of a line's product, and its discount by hand as it would be typed."""
        line = self._line(product_id)
        if line is None or line.by_hand is None:
            return ("" if line is None else line.name), ""
        percent = f"{line.discount_bp / 100:g}"
        return line.name, f"{percent} {line.by_hand}".strip()

    def take_gifts(self) -> None:
        """Put what an offer gives for nothing on the order."""
        if self._sheet is None or not self._sheet.is_draft or not self._sheet.gifts:
            return
        lines = []
        for gift in self._sheet.gifts:
            there = self._line(gift.product_id)
            units = gift.quantity + (there.base_quantity if there is not None else 0)
            packaging, packs = None, units
            if there is not None and units % there.factor == 0:
                packaging, packs = there.packaging_id, units // there.factor
            lines.append(LineInput(gift.product_id, packaging, packs))
        self._change_all(lines, select=lines[0].product_id)

    def take_substitute(self, product_id: int | None = None) -> None:
        """Take what is in stock instead of what is not: as much of it as its packs allow."""
        line = self._short(product_id)
        if line is None or line.stock is None or line.stock.substitute is None:
            return
        other = line.stock.substitute
        self._change_all(
            [
                LineInput(line.product_id, None, 0),
                LineInput(other.product_id, other.packaging_id, other.packs),
            ],
            select=other.product_id,
        )
        said = _("{packs} of {other} instead of {product}.").format(
            packs=pack_text(other.unit, other.packs), other=other.name, product=line.name
        )
        self._desk.toast(" ".join(filter(None, (said, instead_text(other)))), undo=self.undo)

    def repeat_last(self) -> None:
        """Put what was ordered last on the order, beside what is there."""
        if self._sheet is None or not self._sheet.is_draft:
            return
        ws, order_id = self.workspace, self._sheet.id

        def done(found: Repeated) -> None:
            if found.lines:
                self._change_all(list(found.lines), select=found.lines[0].product_id)
            self._desk.toast(repeated_words(found))

        self._runner.read(lambda: last_order_lines(ws, order_id), done, owner=self)

    def add_suggestion(self, place: int) -> None:
        """Add one of "also ask about" with the suggested packs."""
        if self._sheet is None or not 0 <= place < len(self._sheet.also_ask):
            return
        row = self._sheet.also_ask[place]
        line = LineInput(row.product_id, row.packaging_id, max(row.packs, 1), row.usual_quantity)
        self._change(line, None, select=row.product_id)

    def use_usual(self, product_id: int | None = None) -> None:
        """Take the usual quantity instead of the unusual one."""
        line = self._warned(product_id)
        if line is None or line.usual is None:
            return
        packaging = line.packaging_id
        packs = fit_base(line.usual.quantity, Pack(line.unit, line.factor)).packs
        if line.factor != line.usual.factor:
            same = [p.id for p in line.packagings if p.factor == line.usual.factor]
            packaging, packs = same[0] if same else packaging, line.usual.packs
        self._change(LineInput(line.product_id, packaging, packs), as_input(line))

    def keep(self, product_id: int | None = None) -> None:
        """Keep the unusual quantity; it is not asked about again."""
        line = self._warned(product_id)
        if self._sheet is None:
            return
        if line is not None:
            self._kept.add((line.product_id, line.base_quantity))
        else:
            short = self._short(product_id)
            if short is None:
                return
            self._kept.add((short.product_id, -short.base_quantity))
        self._show((self._sheet, self._item(self._sheet)))

    def find(self, text: str) -> None:
        """Look for a product to add."""
        self._wanted = text
        if self._sheet is None or not text.strip():
            self._view.show_found(())
            return
        ws, account_id = self.workspace, self._sheet.account_id

        def done(found: tuple[FoundProduct, ...]) -> None:
            if text == self._wanted:
                self._view.show_found(found)

        self._runner.read(lambda: find_products(ws, account_id, text), done, owner=self)

    @property
    def can_undo(self) -> bool:
        """True while a change of this sheet can be taken back."""
        return bool(self._steps)

    def undo(self) -> None:
        """Take the last change back; again for the one before."""
        if self._steps:
            self._write_lines(self._steps.pop())

    def submit(self) -> None:
        """Submit the order; it is then immutable and waits for HQ."""
        if self._sheet is None or not self._sheet.is_draft:
            return
        ws, order_id, number = self.workspace, self._sheet.id, self._sheet.number

        def done(_changes: ChangeSet) -> None:
            self._written()
            self._steps.clear()
            words = _("Order {number} submitted.").format(number=number)
            self._desk.back()
            self._desk.toast(words, undo=lambda: self._call_back(order_id))

        self._write(lambda: orders.submit_order(ws, order_id), done)

    def call_back(self) -> None:
        """Make a submitted order a draft again, while HQ does not have it."""
        if self._order_id is not None:
            self._call_back(self._order_id)

    def copy(self) -> None:
        """Start a new draft with the same lines at today's prices."""
        if self._order_id is None:
            return
        ws, order_id = self.workspace, self._order_id

        def done(started: orders.Started) -> None:
            self._written()
            self._desk.go("order", order=started.order_id)

        self._write(lambda: orders.copy_order(ws, order_id), done)

    def discard(self) -> None:
        """Delete the draft and go back."""
        if self._sheet is None or not self._sheet.is_draft:
            return
        ws, order_id = self.workspace, self._sheet.id

        def done(_changes: ChangeSet) -> None:
            self._written()
            self._order_id = self._sheet = None
            self._desk.back()
            self._desk.toast(_("Draft deleted."))

        self._write(lambda: orders.discard_draft(ws, order_id), done)

    def go_to(self, place: str) -> None:
        """Go to a place of the order's customer: a return, a collection, samples."""
        if self._sheet is not None:
            self._desk.go(place, account=self._sheet.account_id)

    def open_customer(self) -> None:
        """Open the card of the order's customer."""
        if self._sheet is not None:
            self._desk.go("customer", account=self._sheet.account_id)

    def leave(self) -> None:
        """Go back to where the person came from; the draft is saved."""
        self._desk.back()

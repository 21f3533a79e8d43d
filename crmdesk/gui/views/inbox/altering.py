"""Altering one order in place: quantities typed over, lines dropped, another day, then why.

Owns the alteration while it is open; no Qt. Nothing is written before it is kept with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Protocol

from crmdesk.domain.errors import IllegalTransition
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.inbox import words
from crmdesk.gui.views.inbox.items import PreviewItem, Question
from crmdesk.gui.widgets.items import Pair, Tone
from crmdesk.i18n import _, format_amount
from crmdesk.services.document_lines import MAX_PACKS, LineInput
from crmdesk.services.order_alterations import (
    Alteration,
    AlteredTotals,
    alter_order,
    preview_alteration,
)
from crmdesk.services.queries.inbox_sheet import InboxSheet, ReasonChoice, reject_reasons
from crmdesk.services.queries.order import FoundProduct, find_products

if TYPE_CHECKING:
    from crmdesk.gui.views.inbox.presenter import InboxPresenter


class AlteringView(Protocol):
    """What altering asks of the widget."""

    def show_preview(self, item: PreviewItem | None) -> None:
        """Show the order beside the list."""

    def show_editing(self, *, on: bool) -> None:
        """Let the quantities be typed, or not."""

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be added."""


class Altering:
    """The alteration that is open, if any."""

    def __init__(self, context: PlaceContext, inbox: InboxPresenter, view: AlteringView) -> None:
        self._workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._inbox = inbox
        self._view = view
        self._sheet: InboxSheet | None = None
        self._packs: dict[int, int] = {}
        self._added: dict[int, FoundProduct] = {}
        self._day: date | None = None
        self._totals: AlteredTotals | None = None

    @property
    def on(self) -> bool:
        """Whether an order is being altered."""
        return self._sheet is not None

    def begin(self, sheet: InboxSheet) -> None:
        """Open an order's lines."""
        self._sheet = sheet
        self._packs = {line.product_id: line.packs for line in sheet.sheet.lines}
        self._day, self._totals = None, None
        self._added = {}
        self._view.show_editing(on=True)
        self._show()

    def leave(self) -> None:
        """Drop the alteration."""
        self._sheet = None
        self._view.show_editing(on=False)

    def set_packs(self, product_id: int, typed: str) -> None:
        """A quantity was typed over; what is no number changes nothing and is said."""
        text = typed.strip().replace(" ", "").replace("\u00a0", "")
        if not text.isdecimal() or int(text) > MAX_PACKS:
            self._desk.banner(
                _("“{text}” is no number of packs.").format(text=typed.strip()),
                _("Type a whole number; 0 takes the line off."),
            )
            return
        if self.on and self._packs.get(product_id) != int(text):
            self._packs[product_id] = int(text)
            self._preview()

    def find(self, text: str) -> None:
        """Look for a product to add."""
        if self._sheet is None:
            return
        ws, account_id = self._workspace, self._sheet.sheet.account_id
        self._runner.read(
            lambda: find_products(ws, account_id, text) if text.strip() else (),
            self._view.show_found, owner=self._inbox,
        )  # fmt: skip

    def add(self, found: FoundProduct) -> None:
        """Put a product on the order, one pack of it; the quantity is typed over."""
        if self.on and not self._packs.get(found.product_id):
            if found.product_id not in self._packs:
                self._added[found.product_id] = found
            self._packs[found.product_id] = 1
            self._preview()

    def drop(self, product_id: int) -> None:
        """Take a line off, or put it back."""
        if self._sheet is None or product_id not in self._packs:
            return
        if product_id in self._added:
            del self._added[product_id], self._packs[product_id]
            self._preview()
            return
        before = {line.product_id: line.packs for line in self._sheet.sheet.lines}
        self._packs[product_id] = before[product_id] if self._packs[product_id] == 0 else 0
        self._preview()

    def move_day(self, days: int) -> None:
        """Another delivery day, so many days from the one there is."""
        if self._sheet is None:
            return
        start = self._day or self._sheet.sheet.delivery_date or self._workspace.today()
        moved = date.fromordinal(start.toordinal() + days)
        if moved >= self._sheet.sheet.order_date:
            self._day = moved
            self._show()

    def save(self) -> None:
        """Ask why, then keep the alteration."""
        sheet = self._sheet
        if sheet is None:
            return
        ws = self._workspace
        label = _("Why is {number} altered? The rep reads it.").format(number=sheet.sheet.number)

        def ask(reasons: tuple[ReasonChoice, ...]) -> None:
            choices = tuple((reason.id, reason.name) for reason in reasons)
            names = dict(choices)

            def answered(reason_id: int | None, text: str) -> None:
                name = names.get(reason_id or 0, "")
                self._keep(": ".join(part for part in (name, text.strip()) if part))

            self._inbox.ask(Question(label, choices, _("Alter")), answered)

        self._runner.read(lambda: reject_reasons(ws, "order_altered"), ask, owner=self._inbox)

    def _keep(self, reason: str, beyond_credit: str = "") -> None:
        sheet, ws = self._sheet, self._workspace
        if sheet is None:
            return
        lines = tuple(self._lines()) if self._changed() else None
        wanted = Alteration(lines, self._day, reason, sheet.seen, beyond_credit)
        number = sheet.sheet.number

        def done(_changes: object) -> None:
            self._desk.toast(_("{number} is altered; the rep sees why.").format(number=number))

        self.leave()
        self._runner.write(
            lambda: alter_order(ws, sheet.sheet.id, wanted), done, self._on_failed(sheet, reason),
            owner=self._inbox,
        )  # fmt: skip

    def _on_failed(self, sheet: InboxSheet, reason: str) -> Callable[[Exception], None]:
        """What was typed comes back when it could not be kept; beyond a hard limit it is asked."""
        packs, day, added = dict(self._packs), self._day, dict(self._added)

        def failed(error: Exception) -> None:
            self.begin(sheet)
            self._packs, self._day, self._added = packs, day, added
            self._show()
            if isinstance(error, IllegalTransition) and error.code == "credit":
                self._ask_beyond_credit(sheet, error.message, reason)
            else:
                self._desk.fail(error)

        return failed

    def _ask_beyond_credit(self, sheet: InboxSheet, why: str, reason: str) -> None:
        """An accepted order grows beyond a hard limit: whoever wants it all the same says why."""
        said = _("{why} Alter {number} all the same? Say why: the rep reads it.")
        label = said.format(why=why, number=sheet.sheet.number)

        def answered(_reason_id: int | None, text: str) -> None:
            self._keep(reason, text)

        self._inbox.ask(Question(label, (), _("Alter all the same")), answered)

    def _changed(self) -> bool:
        if self._sheet is None:
            return False
        return bool(self._added) or any(
            self._packs[line.product_id] != line.packs for line in self._sheet.sheet.lines
        )

    def _lines(self) -> list[LineInput]:
        if self._sheet is None:
            return []
        added = [
            LineInput(key, found.packaging_id, self._packs[key])
            for key, found in self._added.items()
        ]
        kept = [
            LineInput(
                line.product_id, line.packaging_id, self._packs[line.product_id], line.suggested,
                line.weighed_quantity if self._packs[line.product_id] == line.packs else None,
            )
            for line in self._sheet.sheet.lines
        ]  # fmt: skip
        return kept + added

    def _preview(self) -> None:
        self._show()
        if self._sheet is None or not any(self._packs.values()):
            return
        ws, order_id, lines = self._workspace, self._sheet.sheet.id, self._lines()
        self._runner.write(
            lambda: preview_alteration(ws, order_id, lines), self._on_previewed, owner=self._inbox
        )

    def _on_previewed(self, totals: AlteredTotals) -> None:
        if self.on:
            self._totals = totals
            self._show()

    def _show(self) -> None:
        sheet = self._sheet
        if sheet is None:
            return
        if self._day is not None:
            sheet = replace(sheet, sheet=replace(sheet.sheet, delivery_date=self._day))
        item = words.preview_item(sheet, self._workspace.today())
        lines = tuple(
            words.line_item(line, sheet, self._packs[line.product_id]) for line in sheet.sheet.lines
        )
        lines += tuple(
            words.added_item(found, self._packs[key]) for key, found in self._added.items()
        )
        self._view.show_preview(replace(item, lines=lines, totals=self._pairs(item.totals)))

    def _pairs(self, before: tuple[Pair, ...]) -> tuple[Pair, ...]:
        totals = self._totals
        if totals is None or self._sheet is None:
            return before
        currency = self._sheet.sheet.currency

        def changed(label: str, was: int, now: int, *, strong: bool = False) -> Pair:
            note = _("was {amount}").format(amount=format_amount(was, currency))
            tone = Tone.ACCENT if was != now else Tone.PLAIN
            value = format_amount(now, currency)
            return Pair(label, value, note if was != now else "", tone, strong=strong)

        return (
            changed(_("Net"), totals.net_before_minor, totals.net_minor),
            changed(
                _("Tax"), totals.total_before_minor - totals.net_before_minor,
                totals.total_minor - totals.net_minor,
            ),
            changed(_("To pay"), totals.total_before_minor, totals.total_minor, strong=True),
            Pair(_("Gross margin"), format_amount(totals.margin_minor, currency)),
        )  # fmt: skip

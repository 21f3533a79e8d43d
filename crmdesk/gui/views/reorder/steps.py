"""What a person does with a row besides picking it, without Qt: said, kept, counted, planned.

Owns running these commands and the word that follows, with Undo. Rows and picks are the
presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.reorder_overrides import OverrideKind, put_off_until
from crmdesk.gui.packs import base_text, pack_name
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.reorder.asking import Ask, Asking, AskingView, Subject
from crmdesk.i18n import _, format_date, format_date_near, ngettext
from crmdesk.services import account_products, plans, undo, visits
from crmdesk.services.queries.contact_days import ContactDay, contact_days
from crmdesk.services.queries.reorder import PackOption, PairKey, ReorderRow, pack_options
from crmdesk.services.queries.reorder_detail import SkuDetail, sku_detail
from crmdesk.services.reorder_overrides import Said, override_suggestion
from crmdesk.services.stock_counts import count_stock

_PROMISE_DAYS = 7


class StepsView(AskingView, Protocol):
    """What the steps ask of the widget."""

    def offer_packs(self, detail: SkuDetail) -> None:
        """Offer what can be kept of a SKU: listed, par level, usual pack."""

    def offer_days(self, key: PairKey | int, mode: str, days: Sequence[ContactDay]) -> None:
        """Offer the days on which a contact can be planned."""


class Board(Protocol):
    """What the steps ask of the board."""

    def row(self, key: PairKey) -> ReorderRow | None:
        """A row that has been read."""

    def pack(self, row: ReorderRow) -> PackOption:
        """The packaging a row is shown in."""

    def customer(self, key: PairKey | int) -> tuple[int, str]:
        """The customer of a row or line: key and name."""


class BoardSteps:
    """See the module; ``closed`` follows its owner."""

    def __init__(self, context: PlaceContext, view: StepsView, board: Board) -> None:
        self.closed = False
        self._view = view
        self._board = board
        self.asking = Asking(context.workspace, context.runner, view, self.answered)
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = self.asking.closed = True

    # ------------------------------------------------------------------------------ questions

    def ask(self, kind: Ask, key: PairKey) -> None:
        """Ask for a count, a par level, another quantity or a substitute of a row."""
        row, ws = self._board.row(key), self._ws
        if row is None:
            return

        def ask(options: tuple[PackOption, ...]) -> None:
            pack = self._board.pack(row)
            subject = Subject(key, row.product, row.account, row.base_unit, options, pack)
            self.asking.ask(kind, subject)

        self._runner.read(lambda: pack_options(ws, [key[1]]).get(key[1], ()), ask, owner=self)

    def ask_promise(self, key: PairKey | int) -> None:
        """Ask what was promised to a customer."""
        account, name = self._board.customer(key)
        pack = PackOption(None, "EA", 1)
        self.asking.ask(Ask.PROMISE, Subject((account, 0), "", name, "EA", (), pack))

    def ask_kept(self, key: PairKey) -> None:
        """Offer what can be kept of a SKU at a customer."""
        ws = self._ws
        self._runner.read(lambda: sku_detail(ws, key), self._view.offer_packs, owner=self)

    def ask_day(self, key: PairKey | int, mode: str) -> None:
        """Offer the days on which a visit or call can be planned."""
        ws = self._ws
        self._runner.read(
            lambda: contact_days(ws),
            lambda days: self._view.offer_days(key, mode, days),
            owner=self,
        )

    # ------------------------------------------------------------------- against a suggestion

    def put_off(self, key: PairKey, reason: str, kind: OverrideKind = OverrideKind.NOT_NOW) -> None:
        """Take a row off the board for a month (or its gap, if longer), or for good; keep why."""
        row = self._board.row(key)
        if row is None:
            return
        if kind is OverrideKind.DELISTED:
            self._delist(row, reason)
            return
        today = self._ws.today()
        until = put_off_until(today, row.gap_days)
        days = (until - today).days
        text = ngettext(
            "{product} is off the board for {count} day.",
            "{product} is off the board for {count} days.",
            days,
        ).format(product=row.product, count=days)
        self._say(row.key, Said(kind, reason, until), text)

    def _delist(self, row: ReorderRow, reason: str) -> None:
        text = _("{product} is no longer listed at {account}.").format(
            product=row.product, account=row.account
        )
        self._say(row.key, Said(OverrideKind.DELISTED, reason), text)

    def answered(self, kind: Ask, subject: Subject, value: int | str) -> None:
        """A question was answered: base units, a product's key, or words."""
        key, product = subject.key, subject.product
        if kind is Ask.PROMISE:
            self.promise(key[0], str(value), subject.account)
            return
        number = int(value)
        amount = base_text(subject.base_unit, number)
        if kind is Ask.COUNT:
            text = _("{amount} of {product} counted.").format(amount=amount, product=product)
            self._write(lambda: count_stock(self._ws, *key, number), text)
        elif kind is Ask.PAR:
            text = _("Par level of {product}: {amount}.").format(amount=amount, product=product)
            if not number:
                text = _("{product} has no par level any more.").format(product=product)
            level = number or None
            self._write(lambda: account_products.set_par_level(self._ws, *key, level), text)
        elif kind is Ask.QUANTITY:
            text = _("{product}: {amount} from now on.").format(amount=amount, product=product)
            said = Said(OverrideKind.QUANTITY, _("Another quantity"), base_quantity=number)
            self._say(key, said, text)
        else:
            text = _("{product} is substituted at {account}.").format(
                product=product, account=subject.account
            )
            said = Said(OverrideKind.SUBSTITUTED, _("Substituted"), substitute_id=number)
            self._say(key, said, text)

    def _say(self, key: PairKey, said: Said, text: str) -> None:
        self._write(lambda: override_suggestion(self._ws, *key, said), text)

    # ---------------------------------------------------------------- the customer's products

    def set_listed(self, key: PairKey, *, listed: bool) -> None:
        """List a product at a customer, or no longer."""
        product = self._product(key)
        text = _("{product} is listed again.") if listed else _("{product} is not listed any more.")
        self._write(
            lambda: account_products.set_listed(self._ws, *key, listed=listed),
            text.format(product=product),
        )

    def set_usual_pack(self, key: PairKey, pack: PackOption | None) -> None:
        """In which pack a customer takes a product; None: as it was bought so far."""
        product = self._product(key)
        text = _("{product} comes in the pack it was mostly bought in.").format(product=product)
        if pack is not None:
            text = _("{product}: suggested in {packs}.").format(
                product=product, packs=pack_name(pack.unit, 2)
            )
        packaging = None if pack is None else pack.packaging_id
        self._write(lambda: account_products.set_usual_packaging(self._ws, *key, packaging), text)

    def _product(self, key: PairKey) -> str:
        row = self._board.row(key)
        return "" if row is None else row.product

    # ----------------------------------------------------------------------------- the contact

    def plan_contact(self, key: PairKey | int, day: date, mode: str) -> None:
        """Plan a visit or a call on a day, at its end."""
        account_id, name = self._board.customer(key)
        when = format_date_near(day, self._ws.today())
        text = _("Visit to {name} planned: {day}.") if mode == "person" else _(
            "Call to {name} planned: {day}."
        )  # fmt: skip
        self._write(
            lambda: plans.add_visit(self._ws, account_id, day, mode=mode),
            text.format(name=name, day=when),
        )

    def promise(self, account_id: int, words: str, name: str) -> None:
        """Remember what was promised, due in a week."""
        due = date.fromordinal(self._ws.today().toordinal() + _PROMISE_DAYS)
        text = _("Promised to {name} by {day}.").format(name=name, day=format_date(due))
        self._write(lambda: visits.add_promise(self._ws, account_id, words, due), text)

    def _write(self, work: Callable[[], ChangeSet], text: str) -> None:
        def done(changes: ChangeSet) -> None:
            self._desk.toast(text, undo=lambda: self._take_back(changes))

        self._runner.write(work, done, self._desk.fail, owner=self)

    def _take_back(self, changes: ChangeSet) -> None:
        ws, txn = self._ws, changes.undo
        if txn is not None:
            self._runner.write(lambda: undo.undo(ws, txn), owner=self)

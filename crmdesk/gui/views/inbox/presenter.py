"""What the inbox does, without Qt: reading, narrowing, deciding about one order or many.

Owns the state of the list and the question that is open. Altering an order in place is
:mod:`crmdesk.gui.views.inbox.altering`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.customer_finding import CustomerFinder
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.inbox import words
from crmdesk.gui.views.inbox.altering import Altering
from crmdesk.gui.views.inbox.items import GroupItem, Narrowing, PreviewItem, Question, Steps
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _, format_money, format_number, ngettext
from crmdesk.services import office_invoices, office_keying, office_orders, proposals
from crmdesk.services.office_orders import Left, Taken
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.inbox import MOST, Inbox, InboxFilter, InboxGroup, InboxRow, inbox
from crmdesk.services.queries.inbox_sheet import (
    InboxSheet,
    ReasonChoice,
    inbox_sheet,
    reject_reasons,
)
from crmdesk.services.queries.order import FoundProduct

_STEPS = {
    "submitted": ("accept", "reject", "alter"),
    "accepted": ("ship", "reject", "alter", "reopen"),
    "shipped": ("invoice",),
    "rejected": ("reopen",),
}


class InboxView(Protocol):
    """What the presenter asks of the widget."""

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the groups with their counts."""

    def show_narrowing(self, narrowing: Narrowing) -> None:
        """Show what the list can be narrowed to."""

    def show_entries(
        self, entries: Sequence[int | GroupItem], rows: Mapping[int, InboxRow]
    ) -> None:
        """Show orders and the headings between them."""

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row; empty words mean there are some."""

    def show_preview(self, item: PreviewItem | None) -> None:
        """Show the order beside the list."""

    def show_steps(self, steps: Steps) -> None:
        """Show what can be done now."""

    def show_editing(self, *, on: bool) -> None:
        """Let the quantities of the order beside the list be typed, or not."""

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be added."""

    def ask(self, question: Question) -> None:
        """Ask something in place."""

    def complain(self, problem: str) -> None:
        """Say what is wrong with the answer; it stays open."""

    def close_question(self) -> None:
        """The question has been answered or left."""

    def clear_picks(self) -> None:
        """Nothing is picked any more."""

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that an order can be keyed for."""


class InboxPresenter:
    """Orders that came in, and what becomes of them."""

    def __init__(self, context: PlaceContext, view: InboxView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self.customers = CustomerFinder(context, self, view.offer_customers)
        self._wanted = InboxFilter()
        self._rows: dict[int, InboxRow] = {}
        self._sheet: InboxSheet | None = None
        self._current: int | None = None
        self._picked: tuple[int, ...] = ()
        self._asked = self._left_out = 0
        self._answer: Callable[[int | None, str], None] | None = None
        self.altering = Altering(context, self, view)

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time."""
        self._read()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when an order or what is said about one was touched."""
        if changes.touches("order", "account", "proposal", "order_alteration", "stock_snapshot"):
            self._read()
            if self._current is not None and not self.altering.on:
                self._read_sheet(self._current)

    # -------------------------------------------------------------------------------- showing

    def choose_group(self, key: str) -> None:
        """Show the orders of one chip."""
        self._narrow(replace(self._wanted, group=InboxGroup(key)))

    def search(self, text: str) -> None:
        """Show orders that match a text."""
        self._narrow(replace(self._wanted, text=text))

    def choose_rep(self, rep_id: int | None) -> None:
        """Show one rep's orders, or all."""
        self._narrow(replace(self._wanted, rep_id=rep_id))

    def choose_territory(self, territory_id: int | None) -> None:
        """Show the orders of one territory, or all."""
        self._narrow(replace(self._wanted, territory_id=territory_id))

    def show_all(self) -> None:
        """Show all reps and territories again."""
        self._narrow(replace(self._wanted, rep_id=None, territory_id=None))

    def more(self) -> None:
        """The end of what was read has come into view: read on."""
        if self._left_out:
            self._left_out = 0
            self._wanted = replace(self._wanted, most=self._wanted.most + MOST)
            self._read()

    def select(self, order_id: int | None) -> None:
        """Another order is the current one."""
        if order_id == self._current:
            return
        self.leave()
        self._current = order_id
        self._sheet = None
        if order_id is None:
            self._view.show_preview(None)
            self._show_steps()
        else:
            self._read_sheet(order_id)

    def pick(self, order_ids: Sequence[int]) -> None:
        """Other orders are picked for a step in bulk."""
        self._picked = tuple(order_ids)
        self._show_steps()

    def open_customer(self) -> None:
        """Open the card of the current order's customer."""
        row = self._rows.get(self._current or 0)
        if row is not None:
            self._desk.go("customer", account=row.account_id)

    def open_order(self) -> None:
        """Open the current order's sheet."""
        if self._current is not None:
            self._desk.go("order", order=self._current)

    def open_cover(self) -> None:
        """Arrange cover, for the current order's rep first."""
        row = self._rows.get(self._current or 0)
        args = {"rep": row.rep_id} if row is not None and row.rep_id is not None else {}
        self._desk.go("cover", **args)

    # ------------------------------------------------------------------------------- deciding

    def accept(self) -> None:
        """Accept what is picked, or the current order; while altering: keep the alteration."""
        if self.altering.on:
            self.altering.save()
            return
        ids = self._fitting("accept")
        ws = self.workspace
        if ids:
            self._write(lambda: office_orders.accept_orders(ws, ids))

    def ship(self) -> None:
        """Note that what is picked, or the current order, has left the house."""
        ids = self._fitting("ship")
        ws = self.workspace
        if ids:
            self._write(lambda: office_orders.ship_orders(ws, ids))

    def invoice(self) -> None:
        """Invoice what is picked, or the current order, once it was shipped."""
        ids = self._fitting("invoice")
        ws = self.workspace
        if ids:
            self._write(lambda: office_invoices.invoice_orders(ws, ids))

    def reject(self) -> None:
        """Ask why, then reject the current order (cancel it, once it was accepted)."""
        if not self._fits("reject") or self.altering.on:
            return
        row = self._rows[self._current or 0]
        cancels = row.status == "accepted"
        label = (
            _("Why is {number} cancelled? The rep reads it.")
            if cancels
            else _("Why is {number} rejected? The rep reads it.")
        )
        step = _("Cancel the order") if cancels else _("Reject")
        ws = self.workspace

        def answered(reason_id: int | None, text: str) -> None:
            self._write(lambda: office_orders.reject_order(ws, row.id, text, reason_id=reason_id))

        self._ask_why("order_rejected", label.format(number=row.number), step, answered)

    def alter(self) -> None:
        """Let the current order's lines be changed in place."""
        if self._fits("alter") and self._sheet is not None and not self.altering.on:
            self.altering.begin(self._sheet)
            self._show_steps()

    def reopen(self) -> None:
        """Let the current order wait again."""
        if self._fits("reopen") and self._current is not None:
            ws, order_id = self.workspace, self._current
            self._runner.write(
                lambda: office_orders.reopen_order(ws, order_id),
                lambda _done: self._desk.toast(_("The order waits again.")),
                owner=self,
            )

    def keep_price(self) -> None:
        """The prices stand as they were agreed: the notes about them are settled."""
        if self._sheet is not None and self._sheet.proposal_ids:
            ws, ids = self.workspace, self._sheet.proposal_ids
            self._runner.write(
                lambda: proposals.accept(ws, ids),
                lambda _done: self._desk.toast(_("The prices stand as they were agreed.")),
                owner=self,
            )

    def leave(self) -> None:
        """Leave the question, or the alteration: nothing of it is kept."""
        if self._answer is not None:
            self._answer = None
            self._view.close_question()
        elif self.altering.on:
            self.altering.leave()
            self._show_steps()
            if self._current is not None:
                self._read_sheet(self._current)

    # ------------------------------------------------------------------------------ questions

    def ask(self, question: Question, answered: Callable[[int | None, str], None]) -> None:
        """Ask in place; ``answered`` gets the structured reason and the text."""
        self._answer = answered
        self._view.ask(question)

    def answer(self, reason_id: int | None, text: str) -> None:
        """What was asked is answered; an empty answer is no answer."""
        if self._answer is None:
            return
        if reason_id is None and not text.strip():
            self._view.complain(_("Say why: the rep reads it."))
            return
        answered, self._answer = self._answer, None
        self._view.close_question()
        answered(reason_id, text)

    def _ask_why(
        self, kind: str, label: str, step: str, answered: Callable[[int | None, str], None]
    ) -> None:
        ws = self.workspace

        def ask(reasons: tuple[ReasonChoice, ...]) -> None:
            choices = tuple((reason.id, reason.name) for reason in reasons)
            self.ask(Question(label, choices, step), answered)

        self._runner.read(lambda: reject_reasons(ws, kind), ask, owner=self)

    # -------------------------------------------------------------------------- keying orders

    def key_order(self, account_id: int) -> None:
        """Start an order by phone in the name of the customer's rep."""
        ws = self.workspace
        self._runner.write(
            lambda: office_keying.start_for_rep(ws, account_id),
            lambda started: self._desk.go("order", order=started.order_id),
            owner=self,
        )

    # -------------------------------------------------------------------------------- reading

    def _narrow(self, wanted: InboxFilter) -> None:
        if wanted != self._wanted:
            self._wanted = wanted
            self._view.clear_picks()
            self._read()

    def _read(self) -> None:
        self._asked += 1
        number, ws, wanted = self._asked, self.workspace, self._wanted
        self._runner.read(
            lambda: inbox(ws, wanted), lambda found: self._on_read(number, found), owner=self
        )

    def _on_read(self, number: int, found: Inbox) -> None:
        if number != self._asked:
            return
        self._rows, self._left_out = {row.id: row for row in found.rows}, found.left_out
        wanted = self._wanted
        self._view.show_heading(self._facts(found))
        said = words.group_words()
        self._view.show_chips(
            [
                ChipItem(group, f"{said[group]} {format_number(found.counts[group].count)}")
                for group in InboxGroup
            ]
        )
        self._view.show_narrowing(
            Narrowing(found.reps, found.territories, wanted.rep_id, wanted.territory_id)
        )
        self._view.show_entries(self._entries(found), self._rows)
        narrowed = bool(wanted.text or wanted.rep_id or wanted.territory_id)
        empty = words.empty_words(wanted.group, narrowed=narrowed)
        self._view.show_empty(*(("", "") if found.rows else empty))
        if self._current not in self._rows:
            self.select(found.rows[0].id if found.rows else None)
        self._show_steps()

    def _facts(self, found: Inbox) -> str:
        waiting, today = found.counts[InboxGroup.WAITING], found.today
        facts = []
        if waiting.count:
            said = ngettext(
                "{count} waits for you, {amount}", "{count} wait for you, {amount}", waiting.count
            )
            amount = format_money(waiting.net_minor, self.workspace.currency, decimals=0)
            facts.append(said.format(count=format_number(waiting.count), amount=amount))
        looks = sum(1 for row in found.rows if row.attention)
        if looks and self._wanted.group is InboxGroup.WAITING:
            said = ngettext("{count} to look at", "{count} to look at", looks)
            facts.append(said.format(count=format_number(looks)))
        if today:
            gone = sum(today.values()) - today.get("submitted", 0)
            said = ngettext(
                "today {count} order, {done} decided", "today {count} orders, {done} decided",
                sum(today.values()),
            )  # fmt: skip
            facts.append(
                said.format(count=format_number(sum(today.values())), done=format_number(gone))
            )
        return " · ".join(facts) or _("nothing is waiting")

    def _entries(self, found: Inbox) -> list[int | GroupItem]:
        entries: list[int | GroupItem] = []
        groups: dict[str, list[InboxRow]] = {}
        for row in found.rows:
            key = "look" if row.attention else f"{row.order_date}/{row.rep}"
            groups.setdefault(key, []).append(row)
        for key, rows in groups.items():
            entries.append(self._group(key, rows))
            entries += [row.id for row in rows]
        return entries if not found.left_out else [*entries, words.more_item(found.left_out)]

    def _group(self, key: str, rows: Sequence[InboxRow]) -> GroupItem:
        net = format_money(sum(row.net_minor for row in rows), self.workspace.currency)
        if key == "look":
            said = ngettext("{count} order", "{count} orders", len(rows))
            note = said.format(count=format_number(len(rows)))
            return GroupItem(key, _("Look first"), note, net, Tone.WARNING, "warning")
        day = words.day_heading(rows[0].order_date, self.workspace.today())
        return GroupItem(key, day, rows[0].rep or _("no rep"), net)

    def _read_sheet(self, order_id: int) -> None:
        ws = self.workspace
        self._runner.read(lambda: inbox_sheet(ws, order_id), self._on_sheet_read, owner=self)

    def _on_sheet_read(self, sheet: InboxSheet) -> None:
        if sheet.sheet.id != self._current or self.altering.on:
            return
        self._sheet = sheet
        self._view.show_preview(words.preview_item(sheet, self.workspace.today()))

    # --------------------------------------------------------------------------------- steps

    def _fits(self, step: str) -> bool:
        row = self._rows.get(self._current or 0)
        return row is not None and step in _STEPS.get(row.status, ())

    def _fitting(self, step: str) -> tuple[int, ...]:
        """What a step in bulk is about: the picked orders it fits, or the current one."""
        ids = self._picked or ((self._current,) if self._current is not None else ())
        rows = [self._rows[key] for key in ids if key in self._rows]
        return tuple(row.id for row in rows if step in _STEPS.get(row.status, ()))

    def _show_steps(self) -> None:
        if self.altering.on:
            self._view.show_steps(Steps(accept=_("Keep the alteration")))
            return

        def label(step: str, one: str, many: str) -> str:
            count = len(self._fitting(step))
            if not count:
                return ""
            return many.format(count=format_number(count)) if len(self._picked) > 1 else one

        accept = label("accept", _("Accept"), _("Accept {count}"))
        ship = "" if accept else label("ship", _("Shipped"), _("{count} shipped"))
        invoice = "" if accept or ship else label("invoice", _("Invoice"), _("Invoice {count}"))
        self._view.show_steps(
            Steps(
                accept=accept,
                reject=_("Reject") if self._fits("reject") else "",
                alter=_("Alter") if self._fits("alter") else "",
                ship=ship,
                invoice=invoice,
                reopen=_("Let it wait again") if self._fits("reopen") else "",
            )
        )

    def _write(self, step: Callable[[], Taken]) -> None:
        self._runner.write(step, self._on_taken, owner=self)

    def _on_taken(self, taken: Taken) -> None:
        self._view.clear_picks()
        if taken.left and taken.left[0].code == "credit":
            self._ask_beyond_credit(taken.left[0])
        elif taken.left:
            first = taken.left[0]
            said = ngettext(
                "{number} was left as it is: {why}", "{number} and others were left: {why}",
                len(taken.left),
            )  # fmt: skip
            self._desk.banner(said.format(number=first.number, why=first.sentence))
        if not taken.order_ids:
            return
        undo = None
        if taken.can_be_taken_back:
            ws = self.workspace

            def undo() -> None:
                self._runner.write(lambda: office_orders.take_back(ws, taken), owner=self)

        self._desk.toast(_done(taken), undo=undo)

    def _ask_beyond_credit(self, left: Left) -> None:
        """An order passes a hard credit limit: whoever accepts it all the same says why."""
        said = _("{why} Accept {number} all the same? Say why: the rep reads it.")
        label = said.format(why=left.sentence, number=left.number)
        ws = self.workspace

        def answered(_reason_id: int | None, text: str) -> None:
            self._write(
                lambda: office_orders.accept_orders(ws, [left.order_id], beyond_credit=text)
            )

        self.ask(Question(label, (), _("Accept all the same")), answered)


def _done(taken: Taken) -> str:
    count = len(taken.order_ids)
    said = {
        "accept": ngettext("{count} order accepted.", "{count} orders accepted.", count),
        "reject": ngettext("{count} order rejected.", "{count} orders rejected.", count),
        "cancel": ngettext("{count} order cancelled.", "{count} orders cancelled.", count),
        "invoice": ngettext("{count} order invoiced.", "{count} orders invoiced.", count),
        "ship": ngettext("{count} order shipped.", "{count} orders shipped.", count),
    }
    return said.get(taken.command, "{count}").format(count=format_number(count))

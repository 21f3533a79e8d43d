"""What giving samples does, without Qt: one is written down, and one not sent is taken back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound
from crmdesk.gui.packs import pack_text
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.i18n import _, format_date_near, format_money, ngettext
from crmdesk.services import samples
from crmdesk.services.queries.order import FoundProduct, find_products
from crmdesk.services.queries.sampling import SampleRow, SampleSheet, sample_sheet
from crmdesk.services.samples import Given, Giving

_SEVERAL = re.compile(r"\s*([1-9][0-9]{0,3})\s*[xX×*хХ]\s*(\S.*)")
_SHOWN_KINDS = ("sample", "sale", "account", "visit")


@dataclass(frozen=True, slots=True)
class SampleItem:
    """A sample in words; `came` is what came of it."""

    key: int
    name: str
    quantity: str
    when: str
    note: str
    came: BadgeItem
    since: str
    editable: bool = False


class SampleView(Protocol):
    """What the presenter asks of the widget."""

    def show_samples(self, customer: str, facts: str, items: Sequence[SampleItem]) -> None:
        """Show the samples of a customer."""

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be given."""

    def show_gone(self, message: str, hint: str) -> None:
        """The customer is no longer here."""


class SamplePresenter:
    """One customer at a time."""

    def __init__(self, context: PlaceContext, view: SampleView) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._account_id: int | None = None
        self._sheet: SampleSheet | None = None
        self._packs = 1

    def start(self) -> None:
        """Nothing is read before a customer is chosen."""

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when what is shown was touched."""
        if self._account_id is not None and changes.touches(*_SHOWN_KINDS):
            self._read()

    def show(self, account_id: int) -> None:
        """Show a customer."""
        self._account_id = account_id
        self._read()

    def find(self, text: str) -> None:
        """Look for a product to give; ``3 x rice`` gives three of it."""
        several = _SEVERAL.match(text)
        self._packs = int(several.group(1)) if several else 1
        text = several.group(2) if several else text
        if self._account_id is None or not text.strip():
            self._view.show_found(())
            return
        ws, account_id = self._ws, self._account_id
        self._runner.read(
            lambda: find_products(ws, account_id, text), self._view.show_found, owner=self
        )

    def give(self, found: FoundProduct) -> None:
        """Give a product: one of it, or as many as were typed before its name."""
        if self._account_id is None:
            return
        ws, account_id = self._ws, self._account_id
        visit = self._sheet.visit_id if self._sheet is not None else None
        what = Giving(found.product_id, packs=self._packs, visit_id=visit)

        def done(given: Given) -> None:
            words = _("Sample of {product} written down.").format(product=found.name)
            self._desk.toast(words, undo=lambda: self.take_back(given.sample_id))
            self._read()

        self._runner.write(
            lambda: samples.give_sample(ws, account_id, what), done, self._desk.fail, owner=self
        )

    def count(self, key: object, text: str) -> None:
        """A quantity was typed; nothing or zero takes the sample back."""
        row = self._row(key)
        if row is None or not text.isdecimal() or int(text) == row.packs:
            return
        if int(text) == 0:
            self.take_back(key)
            return
        ws, packs = self._ws, int(text)

        def done(_changes: ChangeSet) -> None:
            words = _("{product}: {packs} given.").format(
                product=row.name, packs=pack_text(row.unit, packs)
            )
            self._desk.toast(words, undo=lambda: self.count(row.id, str(row.packs)))
            self._read()

        self._runner.write(
            lambda: samples.count_sample(ws, row.id, packs), done, self._desk.fail, owner=self
        )

    def _row(self, key: object) -> SampleRow | None:
        rows = self._sheet.samples if self._sheet is not None else ()
        return next((row for row in rows if row.id == key), None)

    def take_back(self, key: object) -> None:
        """Take a sample back that HQ has not seen."""
        if not isinstance(key, int):
            return
        ws = self._ws

        def done(_changes: ChangeSet) -> None:
            self._desk.toast(_("Sample taken back."))
            self._read()

        self._runner.write(
            lambda: samples.take_back_sample(ws, key), done, self._desk.fail, owner=self
        )

    def leave(self) -> None:
        """Go back to where the person came from."""
        self._desk.back()

    def _read(self) -> None:
        ws, account_id = self._ws, self._account_id
        if account_id is None:
            return

        def done(sheet: SampleSheet) -> None:
            if sheet.account_id == self._account_id:
                self._sheet = sheet
                items = [_item(row, sheet) for row in sheet.samples]
                self._view.show_samples(sheet.customer, _facts(sheet), items)

        self._runner.read(lambda: sample_sheet(ws, account_id), done, self._gone, owner=self)

    def _gone(self, error: Exception) -> None:
        if isinstance(error, NotFound):
            self._view.show_gone(error.message, error.hint)
        else:
            self._desk.fail(error)


def _facts(sheet: SampleSheet) -> str:
    count = len(sheet.samples)
    if not count:
        return _("no samples yet")
    words = ngettext("{count} sample", "{count} samples", count).format(count=count)
    won = sum(row.has_won for row in sheet.samples)
    bought = ngettext("{count} led to a first purchase", "{count} led to a first purchase", won)
    return f"{words}, {bought.format(count=won)}"


def _item(row: SampleRow, sheet: SampleSheet) -> SampleItem:
    came = BadgeItem(_("not bought since"), Tone.MUTED)
    if row.has_won and row.bought_on is not None:
        day = format_date_near(row.bought_on, sheet.today)
        came = BadgeItem(_("first bought {day}").format(day=day), Tone.GOOD, "check")
    elif row.bought_on is not None:
        came = BadgeItem(_("bought before and since"), Tone.PLAIN)
    elif not row.known:
        came = BadgeItem(_("waits to be sent"), Tone.MUTED)
    return SampleItem(
        row.id, row.name, pack_text(row.unit, row.packs), format_date_near(row.day, sheet.today),
        row.note, came, format_money(row.since_minor, sheet.currency) if row.since_minor else "",
        not row.known,
    )  # fmt: skip

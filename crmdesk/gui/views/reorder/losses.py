"""Customers who stop buying: what the list does, without Qt.

Owns reading and ordering it, and the contact that follows. What stands in a row is the core's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.reorder import detail_words, words
from crmdesk.gui.views.reorder.items import LossItem
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _, format_amount, format_date, ngettext
from crmdesk.services.queries import reorder_losses as queries
from crmdesk.services.queries.reorder import Urgency
from crmdesk.services.queries.reorder_filter import ReorderFilter
from crmdesk.services.queries.reorder_losses import LossEntry, LossRow, LossSort, LostSku


class LossesView(Protocol):
    """What the list asks of the widget."""

    def show_losses(self, account_ids: Sequence[int]) -> None:
        """Show these customers; rows are asked for as they come into view."""

    def put_losses(self, items: dict[int, LossItem]) -> None:
        """Rows that were asked for."""

    def show_losses_sentence(self, words: str) -> None:
        """Say what the list shows."""


class LossesPresenter:
    """See the module; ``closed`` follows its owner."""

    def __init__(self, context: PlaceContext, view: LossesView) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._view = view
        self._entries: dict[int, LossEntry] = {}
        self._sort: tuple[LossSort, bool] = (LossSort.WORTH, True)
        self._wanted = ReorderFilter()
        self._asked: tuple[ReorderFilter, LossSort, bool] | None = None

    def name_of(self, account_id: int) -> str:
        """The customer's name."""
        entry = self._entries.get(account_id)
        return "" if entry is None else entry.name

    def read(self, wanted: ReorderFilter) -> None:
        """Read the list for a filter."""
        self._wanted = wanted
        ws, (sort, descending) = self._ws, self._sort
        asked = self._asked = (wanted, sort, descending)
        self._runner.read(
            lambda: queries.loss_entries(ws, wanted, sort, descending=descending),
            lambda entries: self._on_entries_read(entries, asked),
            owner=self,
        )

    def sort(self, column: str, *, descending: bool) -> None:
        """Another order."""
        self._sort = (LossSort(column), descending)
        self.read(self._wanted)

    def read_rows(self, account_ids: Sequence[int]) -> None:
        """Rows that came into view."""
        ws = self._ws
        self._runner.read(
            lambda: queries.loss_rows(ws, account_ids), self._on_rows_read, owner=self
        )

    def _on_entries_read(
        self, entries: tuple[LossEntry, ...], asked: tuple[ReorderFilter, LossSort, bool]
    ) -> None:
        if asked != self._asked:
            return
        self._entries = {entry.account_id: entry for entry in entries}
        self._view.show_losses(list(self._entries))
        worth = detail_words.a_month(sum(entry.worth_minor for entry in entries), self._ws.currency)
        customers = ngettext("{count} customer", "{count} customers", len(entries))
        self._view.show_losses_sentence(
            _("{customers} with SKUs at risk or lapsed within a year · {worth} at stake").format(
                customers=customers.format(count=len(entries)), worth=worth
            )
        )

    def _on_rows_read(self, rows: dict[int, LossRow]) -> None:
        self._view.put_losses(
            {key: self._item(self._entries[key], row) for key, row in rows.items()
             if key in self._entries}
        )  # fmt: skip

    def _item(self, entry: LossEntry, row: LossRow) -> LossItem:
        today, agreed = self._ws.today(), row.agreed
        last = "" if entry.last_on is None else format_date(entry.last_on)
        days = 0 if entry.last_on is None else (today - entry.last_on).days
        ago = ngettext("{count} day ago", "{count} days ago", days).format(count=days)
        return LossItem(
            account_id=entry.account_id,
            account=entry.name,
            skus=_skus_text(entry, row.skus),
            last=last,
            last_detail=ago,
            worth=format_amount(entry.worth_minor, self._ws.currency, decimals=0),
            agreed=detail_words.last_agreed(agreed),
            contact=detail_words.next_contact(agreed, today),
            contact_tone=Tone.WARNING if agreed.planned_on is None else Tone.ACCENT,
        )


def _skus_text(entry: LossEntry, skus: Sequence[LostSku]) -> str:
    """How many, and the dearest of them by name with their state."""
    named = [f"{sku.product} ({words.state_word(Urgency(sku.state)).lower()})" for sku in skus]
    more = entry.at_risk + entry.lapsed - len(named)
    if more > 0:
        named.append(ngettext("{count} more", "{count} more", more).format(count=more))
    return ", ".join(named)

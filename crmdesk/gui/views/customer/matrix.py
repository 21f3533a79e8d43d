"""The SKU matrix of the card: heat map, legend, and the foot in which the selected row speaks.

Owns layout; rows are the presenter's.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.customer.words import CardItem
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.heatmap import HeatLegend, HeatTable
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import Panel
from crmdesk.i18n import _, format_number, ngettext


class MatrixPanel(Panel):
    """What a customer buys; `purchases_wanted(product id, name)` comes with Enter."""

    purchases_wanted = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("What they buy"), " ", parent)
        self.suggested = KeyHintButton(
            _("Suggested order"), keys.hint("customer.suggested"), parent=self
        )
        if self.header is not None:
            self.header.add_right(HeatLegend(self.header))
            self.header.add_right(self.suggested)
        self.table = HeatTable(self)
        self._empty = EmptyState(
            "cart", _("Nothing bought yet"),
            _("After the first order this shows what is bought how often, and what is due."),
            parent=self,
        )  # fmt: skip
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        self.body.addLayout(self._stack, 1)
        self.add_foot(self._foot())
        self.table.spoken.connect(self._on_spoken)
        self.table.purchases_wanted.connect(self._on_purchases_wanted)

    def _foot(self) -> QWidget:
        foot = QWidget(self)
        theme.least_height(foot, 30)
        row = QHBoxLayout(foot)
        row.setContentsMargins(t.SPACE_3, 0, t.SPACE_3, 0)
        self._sentence = LineLabel(parent=foot)
        self._all = KeyHintButton(
            keys.title("customer.purchases"), keys.hint("customer.purchases"), kind="quiet",
            parent=foot,
        )  # fmt: skip
        self._all.clicked.connect(self._on_all_clicked)
        row.addWidget(self._sentence, 1)
        row.addWidget(self._all)
        return foot

    def show_card(self, card: CardItem) -> None:
        """Show the SKUs of a customer; the selected SKU stays selected when it is still there."""
        kept = self.table.selected()
        count = len(card.sku_keys)
        note = ngettext(
            "units per month, {count} SKU", "units per month, {count} SKUs", count
        ).format(count=format_number(count))
        self.set_title(_("What they buy"), note)
        self._sentence.set_runs([])
        self.table.set_rows(card.sku_keys, card.sku_months, card.skus)
        if kept is not None:
            self.table.select_key(kept.key)
        self._stack.setCurrentWidget(self.table if count else self._empty)
        self._all.setVisible(count > 0)

    def _on_spoken(self, name: str, words: str) -> None:
        self._sentence.set_runs(
            [
                Run(_short(name), weight=t.SEMIBOLD, size=t.SIZE_SMALL),
                Run(words, "muted", size=t.SIZE_SMALL, gap=t.SPACE_2),
            ]
        )

    def _on_all_clicked(self) -> None:
        item = self.table.selected()
        if item is not None:
            self.purchases_wanted.emit(item.key, item.name)

    def _on_purchases_wanted(self, product_id: int) -> None:
        item = self.table.selected()
        if item is not None and item.key == product_id:
            self.purchases_wanted.emit(product_id, item.name)


def _short(name: str) -> str:
    """Enough of a product's name to tell the selected row, so that the sentence fits beside it."""
    return " ".join(name.split()[:2])

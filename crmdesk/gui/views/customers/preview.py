"""The selected customer beside the list: who, what they will need, what happened last.

Owns its layout; the words come from the presenter.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.customers.presenter import PreviewItem
from crmdesk.gui.widgets.badges import BadgeRow
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.items import Pair, Tone
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.needs import NeedsList
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.panels import HLine, PanelHeader, Surface
from crmdesk.i18n import _, format_date


class PreviewPanel(Surface):
    """A short card; `opened` and `order_wanted` carry the customer's id."""

    opened = Signal(int)
    order_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Selected customer"))
        self._account_id: int | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addWidget(HLine(self))
        column.addWidget(PanelHeader(_("Will need"), parent=self))
        self._needs = NeedsList(_("Will need"), parent=self)
        self._needs.part_activated.connect(lambda _part: self._on_open_clicked())
        column.addWidget(self._needs)
        column.addWidget(HLine(self))
        column.addWidget(PanelHeader(_("Lately"), parent=self))
        self._events = PairList(_("Lately"), self)
        holder = QVBoxLayout()
        holder.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        holder.addWidget(self._events)
        column.addLayout(holder)
        column.addStretch(1)

    def _head(self) -> QVBoxLayout:
        head = QVBoxLayout()
        head.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        head.setSpacing(t.SPACE_1)
        self._name = LineLabel(parent=self)
        self._badges = BadgeRow(self)
        self._where = LineLabel(parent=self)
        self._contact = LineLabel(parent=self)
        head.addWidget(self._name)
        head.addSpacing(t.SPACE_1)
        head.addWidget(self._badges)
        head.addSpacing(t.SPACE_1)
        head.addWidget(self._where)
        head.addWidget(self._contact)
        head.addSpacing(t.SPACE_2)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_2)
        self._open = KeyHintButton(
            _("Open card"), keys.hint("customers.open"), kind="filled", parent=self
        )
        self._order = KeyHintButton(_("Suggested order"), parent=self)
        row.addWidget(self._open)
        row.addWidget(self._order)
        row.addStretch(1)
        head.addLayout(row)
        self._open.clicked.connect(self._on_open_clicked)
        self._order.clicked.connect(self._on_order_clicked)
        return head

    def show_preview(self, item: PreviewItem | None) -> None:
        """Show a customer, or nothing."""
        self.setVisible(item is not None)
        if item is None:
            self._account_id = None
            return
        self._account_id = item.account_id
        self._name.set_runs([Run(item.name, weight=t.SEMIBOLD, size=t.SIZE_TITLE)])
        self._badges.set_items(item.badges)
        self._where.set_runs([Run(item.where), Run(item.opening, "muted", gap=t.SPACE_2)])
        runs = [Run(item.contact, "muted")] if item.contact else []
        if item.reach:
            runs.append(Run(item.reach, gap=t.SPACE_2, icon="phone"))
        self._contact.set_runs(runs or [Run(_("No contact yet"), "muted")])
        self._needs.set_items(item.needs, _("Nothing is due."))
        pairs = [
            Pair(f"{format_date(event.day)} · {event.title}", event.value, tone=event.tone)
            for event in item.events
        ]
        self._events.set_pairs(
            pairs or [Pair(_("Nothing has happened yet."), "", label_tone=Tone.MUTED)]
        )

    def _on_open_clicked(self) -> None:
        if self._account_id is not None:
            self.opened.emit(self._account_id)

    def _on_order_clicked(self) -> None:
        if self._account_id is not None:
            self.order_wanted.emit(self._account_id)

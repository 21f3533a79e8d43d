"""The right side of the sheet: totals, credit, worth, delivery and terms, always in view.

Owns layout; the figures come from the presenter.
"""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.order.words import SheetItem
from crmdesk.gui.widgets.badges import Badge
from crmdesk.gui.widgets.creditbar import CreditBar
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.items import BadgeItem
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.panels import HLine, Panel
from crmdesk.i18n import CURRENCY_SIGNS, _


def _padded(panel: Panel) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
    column.setSpacing(t.SPACE_1)
    panel.body.addLayout(column)
    return column


class SideColumn(QWidget):
    """Panels below one another; what can be typed is in the last."""

    def __init__(self, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        column.addWidget(self._hq_panel())
        column.addWidget(self._totals_panel(CURRENCY_SIGNS.get(currency, currency)))
        column.addWidget(self._credit_panel())
        column.addWidget(self._worth_panel())
        column.addWidget(self._terms_panel())
        column.addStretch(1)
        theme.least_width(self, 220)

    def _totals_panel(self, sign: str) -> Panel:
        panel = Panel(_("Totals"), sign, self)
        self._totals = PairList(_("Totals"), panel)
        _padded(panel).addWidget(self._totals)
        panel.body.addWidget(HLine(panel))
        pay = _padded(panel)
        self._to_pay = LineLabel(parent=panel)
        self._amount = LineLabel(right=True, parent=panel)
        row = QHBoxLayout()
        row.addWidget(self._to_pay)
        row.addWidget(self._amount, 1)
        pay.addLayout(row)
        return panel

    def _credit_panel(self) -> Panel:
        panel = Panel(_("Credit"), "", self)
        self._credit_state = Badge(BadgeItem(" "), panel)
        if panel.header is not None:
            panel.header.add_right(self._credit_state)
        column = _padded(panel)
        column.addSpacing(t.SPACE_1)
        self._credit = CreditBar(panel)
        column.addWidget(self._credit)
        panel.body.addWidget(HLine(panel))
        self._left = PairList(_("Credit left"), panel)
        _padded(panel).addWidget(self._left)
        return panel

    def _worth_panel(self) -> Panel:
        panel = Panel(_("Worth it"), "", self)
        self._worth = PairList(_("Worth it"), panel)
        _padded(panel).addWidget(self._worth)
        return panel

    def _hq_panel(self) -> Panel:
        panel = self._hq = Panel(_("At HQ"), "", self)
        self._answers = PairList(_("At HQ"), panel)
        _padded(panel).addWidget(self._answers)
        panel.hide()
        return panel

    def _terms_panel(self) -> Panel:
        panel = Panel(_("Delivery and terms"), "", self)
        column = _padded(panel)
        entries = (
            LabelledEntry(_("Delivery"), keys.hint("order.delivery"), parent=panel),
            LabelledEntry(_("Their number"), keys.hint("order.reference"), parent=panel),
            LabelledEntry(_("Note"), keys.hint("order.note"), parent=panel),
        )
        self.delivery, self.reference, self.note = (entry.field for entry in entries)
        self.reference.setMaxLength(60)
        self.note.setMaxLength(2_000)
        self._trouble = LineLabel(parent=panel)
        column.addWidget(entries[0])
        column.addWidget(self._trouble)
        for entry in entries[1:]:
            column.addWidget(entry)
        self._terms = PairList(_("Delivery and terms"), panel)
        column.addWidget(self._terms)
        return panel

    def show_sheet(self, sheet: SheetItem) -> None:
        """Show the figures of an order."""
        self._totals.set_pairs(sheet.totals)
        for label, words in ((self._to_pay, _("To pay")), (self._amount, sheet.to_pay)):
            label.set_runs([Run(words, weight=t.SEMIBOLD, size=t.SIZE_TITLE)])
        self._credit.set_parts(sheet.credit, sheet.credit_limit_minor)
        self._credit_state.set_item(sheet.credit_state)
        self._left.set_pairs(sheet.credit_left)
        self._worth.set_pairs(sheet.worth)
        self._terms.set_pairs(sheet.terms)
        self._hq.setVisible(bool(sheet.hq))
        self._answers.set_pairs(sheet.hq)
        for field, text in (
            (self.delivery, sheet.delivery),
            (self.reference, sheet.reference),
            (self.note, sheet.note),
        ):
            field.put_text(text)
            field.setCursorPosition(0)
            field.setReadOnly(not sheet.is_draft)
        self._trouble.setVisible(bool(sheet.delivery_trouble))
        self._trouble.set_runs([Run(sheet.delivery_trouble, "warning", icon="warning")])

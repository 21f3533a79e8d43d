"""The right side of a quote: totals, chance, what it says beside its lines, versions.

Owns layout; the words come from the presenter.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.quote.words import SheetItem
from crmdesk.gui.widgets.entries import EntryLine, LabelledEntry
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.panels import HLine, Panel
from crmdesk.gui.widgets.probability import ProbabilityBar
from crmdesk.i18n import CURRENCY_SIGNS, _, pgettext

_TERMS = ("title", "valid_until", "next_follow_up", "terms", "note")


def _padded(panel: Panel) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
    column.setSpacing(t.SPACE_2)
    panel.body.addLayout(column)
    return column


class QuoteSide(QWidget):
    """Panels below one another; ``typed(field, text)`` when a field was entered."""

    typed = Signal(str, str)
    left = Signal()

    def __init__(self, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        column.addWidget(self._totals_panel(CURRENCY_SIGNS.get(currency, currency)))
        column.addWidget(self._chance_panel())
        column.addWidget(self._terms_panel())
        column.addWidget(self._versions_panel())
        column.addStretch(1)
        theme.least_width(self, 220)

    def _totals_panel(self, sign: str) -> Panel:
        panel = Panel(_("Totals"), sign, self)
        self._totals = PairList(_("Totals"), panel)
        _padded(panel).addWidget(self._totals)
        panel.body.addWidget(HLine(panel))
        row = QHBoxLayout()
        self._total = LineLabel(parent=panel)
        self._amount = LineLabel(right=True, parent=panel)
        row.addWidget(self._total)
        row.addWidget(self._amount, 1)
        _padded(panel).addLayout(row)
        return panel

    def _chance_panel(self) -> Panel:
        panel = self._chance = Panel(_("Chance"), "", self)
        column = _padded(panel)
        self._bar = ProbabilityBar(panel)
        self._why = TextLabel("", ink="muted", size=t.SIZE_SMALL, wrap=True, parent=panel)
        column.addWidget(self._bar)
        column.addWidget(self._why)
        return panel

    def _terms_panel(self) -> Panel:
        panel = Panel(_("The quote says"), "", self)
        column = _padded(panel)
        made = {
            "title": LabelledEntry(_("Title"), keys.hint("quote.terms"), parent=panel),
            "valid_until": LabelledEntry(_("Valid until"), keys.hint("quote.valid"), parent=panel),
            "next_follow_up": LabelledEntry(_("Follow-up"), parent=panel),
            "terms": LabelledEntry(_("Terms"), parent=panel),
            "note": LabelledEntry(_("Note"), parent=panel),
        }
        self.fields: dict[str, EntryLine] = {}
        self.contact = LabelledEntry(
            pgettext("quote", "For"), keys.hint("quote.contact"), parent=panel
        )
        self.contact.field.setReadOnly(True)
        for name in _TERMS:
            field = self.fields[name] = made[name].field
            field.setMaxLength(2_000 if name in ("terms", "note") else 200)
            field.entered.connect(lambda text, name=name: self._on_entered(name, text))
            field.given_up.connect(self.left)
            column.addWidget(made[name])
            if name == "next_follow_up":
                column.addWidget(self.contact)
        return panel

    def _versions_panel(self) -> Panel:
        panel = self._versions_of = Panel(_("Versions"), "", self)
        self._versions = PairList(_("Versions"), panel)
        _padded(panel).addWidget(self._versions)
        return panel

    def show_sheet(self, sheet: SheetItem) -> None:
        """Show the figures and fields of a quote."""
        self._totals.set_pairs(sheet.totals)
        for label, words in ((self._total, _("Total")), (self._amount, sheet.total)):
            label.set_runs([Run(words, weight=t.SEMIBOLD, size=t.SIZE_TITLE)])
        self._chance.setVisible(bool(sheet.chance_words))
        self._bar.setVisible(sheet.chance is not None)
        self._bar.set_probability(sheet.chance or 0.0, sentence=sheet.chance_words)
        self._why.setText(sheet.chance_words)
        values = (
            sheet.title, sheet.valid_until, sheet.next_follow_up, sheet.terms, sheet.note
        )  # fmt: skip
        for name, text in zip(_TERMS, values, strict=True):
            self.fields[name].put_text(text)
            self.fields[name].setEnabled(sheet.is_draft)
            self.fields[name].setCursorPosition(0)
        self.contact.field.put_text(sheet.contact)
        self.contact.field.setEnabled(sheet.is_draft)
        self._versions_of.setVisible(bool(sheet.versions))
        self._versions.set_pairs(sheet.versions)

    def _on_entered(self, name: str, text: str) -> None:
        self.typed.emit(name, text)
        place = _TERMS.index(name) + 1
        if place < len(_TERMS):
            following = self.fields[_TERMS[place]]
            following.setFocus()
            following.selectAll()
        else:
            self.left.emit()

"""Value of the last twelve months beside the people of a customer and its files.

Owns layout; what opens from here is :mod:`.pages`'.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.customer.people import PeopleList
from crmdesk.gui.views.customer.words import CardItem
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import Panel
from crmdesk.gui.widgets.waterfall import Waterfall
from crmdesk.i18n import CURRENCY_SIGNS, _


class ValueAndPeople(QWidget):
    """See the module."""

    figure_wanted = Signal(str)
    figures_wanted = Signal()
    people_wanted = Signal()
    documents_wanted = Signal()
    person_opened = Signal(int)

    def __init__(self, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card: CardItem | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_3)
        row.addWidget(self._value_panel(CURRENCY_SIGNS.get(currency, currency)), 57)
        row.addWidget(self._people_panel(), 43)

    def _value_panel(self, sign: str) -> Panel:
        panel = Panel(_("Value, 12 m"), sign, self)
        self._break_even = KeyHintButton("", "", kind="quiet", parent=panel)
        figures = KeyHintButton(
            _("figures"), keys.hint("customer.figures"), kind="quiet", parent=panel
        )
        if panel.header is not None:
            panel.header.add_right(self._break_even)
            panel.header.add_right(figures)
        self.waterfall = Waterfall(panel)
        panel.body.addWidget(self.waterfall, 1)
        self.waterfall.step_activated.connect(self.figure_wanted)
        self._break_even.clicked.connect(lambda: self.figure_wanted.emit("break_even"))
        figures.clicked.connect(self.figures_wanted)
        return panel

    def _people_panel(self) -> Panel:
        panel = Panel(_("Contacts"), "", self)
        everybody = KeyHintButton(
            _("all"), keys.hint("customer.contacts"), kind="quiet", parent=panel
        )
        if panel.header is not None:
            panel.header.add_right(everybody)
        self.people = PeopleList(panel)
        panel.body.addWidget(self.people, 1)
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_1, t.SPACE_3, t.SPACE_1)
        self._documents = LineLabel(parent=panel)
        files = KeyHintButton("", keys.hint("customer.documents"), kind="quiet", parent=panel)
        files.setAccessibleName(keys.title("customer.documents"))
        row.addWidget(self._documents, 1)
        row.addWidget(files)
        panel.body.addLayout(row)
        everybody.clicked.connect(self.people_wanted)
        files.clicked.connect(self.documents_wanted)
        self.people.part_activated.connect(self._on_person_opened)
        return panel

    def show_card(self, card: CardItem) -> None:
        """Show a customer."""
        self._card = card
        self.waterfall.set_steps(card.steps, card.value_empty)
        self._break_even.set_label(card.break_even)
        self._break_even.setVisible(bool(card.break_even and card.steps))
        self.people.set_people(card.contacts)
        self._documents.set_runs(
            [
                Run(_("Documents"), weight=t.SEMIBOLD, icon="document"),
                Run(card.documents, "muted", gap=t.SPACE_2),
            ]
        )

    def _on_person_opened(self, part: int) -> None:
        if self._card is not None:
            self.person_opened.emit(self._card.contacts[part].key)

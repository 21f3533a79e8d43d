"""The bar under the board: why the chosen card is there, and what can be done to it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.plan.items import CardItem
from crmdesk.gui.views.plan.reasons import Explanation
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.notices import IconLabel
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _, pgettext


class ReasonBar(Surface):
    """See the module; the place connects the buttons."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        row.setSpacing(t.SPACE_2)
        row.addWidget(IconLabel("pin", "accent", parent=self))
        words = QVBoxLayout()
        words.setSpacing(2)
        self._what = LineLabel(parent=self)
        self._why = TextLabel("", wrap=True, parent=self)
        self._why.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        words.addWidget(self._what)
        words.addWidget(self._why, 1)
        row.addLayout(words, 1)
        self.hour = KeyHintButton(
            keys.title("plan.hour"), keys.hint("plan.hour"), kind="quiet", parent=self
        )
        self.day = KeyHintButton(pgettext("plan", "Day"), keys.hint("plan.day"), kind="quiet",
                                 parent=self)  # fmt: skip
        self.day.setToolTip(keys.title("plan.day"))
        self.lock = KeyHintButton(keys.title("plan.lock"), keys.hint("plan.lock"), parent=self)
        caps = f"{keys.hint('plan.earlier')} {keys.hint('plan.later').rpartition('+')[2]}"
        self.move_on = KeyHintButton(pgettext("plan", "Move"), caps, parent=self)
        for button in (self.day, self.hour, self.lock, self.move_on):
            row.addWidget(button)

    def show_explanation(self, explanation: Explanation | None, card: CardItem | None) -> None:
        """Say why, with the buttons that fit the card."""
        changeable = card is not None and (card.movable or card.locked)
        for button in (self.lock, self.move_on, self.hour):
            button.setVisible(changeable)
        if explanation is None:
            self._what.set_runs([Run(_("Choose a visit to see why it is here."), "muted")])
            self._why.setText("")
            return
        runs = [Run(explanation.title, weight=t.SEMIBOLD)]
        if explanation.note:
            runs.append(Run(explanation.note, "muted", gap=t.SPACE_1))
        self._what.set_runs(runs)
        self._why.setText(explanation.sentence)
        self._why.setToolTip(explanation.sentence)
        if card is not None:
            locked = pgettext("plan", "Unlock") if card.locked else keys.title("plan.lock")
            self.lock.set_label(locked)

"""The bar under the board: why the chosen card is there, and what can be done to it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.plan.items import CardItem
from crmdesk.gui.views.plan.reasons import Explanation
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.notices import IconLabel
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _, pgettext

_ROOMY = 640


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
        self._narrow = self._changeable = False

    def fit(self, width: int) -> None:
        """The sentence comes first: where room is short the keys at the foot must do for some."""
        self._narrow = width < theme.scaled(_ROOMY)
        self.hour.shorten("clock" if self._narrow else "")
        self.lock.shorten("lock" if self._narrow else "")
        self._show_buttons()

    def _show_buttons(self) -> None:
        for button in (self.lock, self.hour):
            button.setVisible(self._changeable)
        self.move_on.setVisible(self._changeable and not self._narrow)
        self.day.setVisible(not self._narrow)

    def show_explanation(self, explanation: Explanation | None, card: CardItem | None) -> None:
        """Say why, with the buttons that fit the card."""
        self._changeable = card is not None and (card.movable or card.locked)
        self._show_buttons()
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

"""A question in place: structured answers by their number, words beyond them, Enter and Esc.

Owns the field and its keys. What an answer leads to is the presenter's.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.inbox.items import Question
from crmdesk.gui.widgets.badges import Chip
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.panels import FlowBox, Surface
from crmdesk.i18n import _

_OWN = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Up, Qt.Key.Key_Down)
_MOST_CHARACTERS = 400


class _Field(QLineEdit):
    """A field whose Enter and Esc are its own; a digit in front of all words chooses an answer."""

    escaped = Signal()
    numbered = Signal(int)

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in _OWN
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        elif not self.text() and event.text().isdecimal() and event.text() != "0":
            self.numbered.emit(int(event.text()))
        else:
            super().keyPressEvent(event)


class AskPanel(Surface):
    """``given(reason id or None, text)`` with Enter, ``left`` with Esc."""

    given = Signal(object, str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="accent_soft", radius=0)
        self._label = TextLabel("", weight=t.MEDIUM, wrap=True, parent=self)
        self._choices = FlowBox(self)
        self.field = _Field(self)
        self.field.setMaxLength(_MOST_CHARACTERS)
        theme.least_height(self.field, 32)
        self._problem = TextLabel("", ink="danger", size=t.SIZE_SMALL, wrap=True, parent=self)
        self._keep = KeyHintButton("", "Enter", parent=self)
        self._drop = KeyHintButton(_("Leave"), "Esc", kind="quiet", parent=self)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_2)
        row.addWidget(self.field, 1)
        row.addWidget(self._keep)
        row.addWidget(self._drop)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_3)
        column.setSpacing(t.SPACE_2)
        column.addWidget(self._label)
        column.addWidget(self._choices)
        column.addLayout(row)
        column.addWidget(self._problem)
        self._reasons: tuple[int, ...] = ()
        self._chosen: int | None = None
        self.field.returnPressed.connect(self._on_return_pressed)
        self.field.escaped.connect(self.left)
        self.field.numbered.connect(self._on_numbered)
        self._keep.clicked.connect(self._on_return_pressed)
        self._drop.clicked.connect(self.left)
        self.hide()

    def ask(self, question: Question) -> None:
        """Show a question and take the keyboard."""
        self._label.setText(question.label)
        self._reasons = tuple(key for key, _name in question.choices)
        self._chosen = None
        chips = []
        for number, (key, name) in enumerate(question.choices, start=1):
            chip = Chip(str(key), f"{number}  {name}", self)
            chip.setCheckable(True)
            chip.clicked.connect(lambda _on=False, key=key: self._choose(key))
            chips.append(chip)
        self._choices.set_parts(chips)
        self._choices.setVisible(bool(chips))
        self.field.setText(question.text)
        self.field.setPlaceholderText(
            _("number of the reason, then more words") if chips else _("in a few words")
        )
        self.field.setAccessibleName(question.label)
        self._keep.set_label(question.step)
        self._problem.hide()
        self.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def complain(self, problem: str) -> None:
        """Say what is wrong; what was typed stays."""
        self._problem.setText(problem)
        self._problem.show()
        self.field.setAccessibleDescription(problem)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_numbered(self, number: int) -> None:
        if number <= len(self._reasons):
            self._choose(self._reasons[number - 1])

    def _choose(self, key: int) -> None:
        self._chosen = None if self._chosen == key else key
        for chip in self._choices.parts():
            if isinstance(chip, Chip):
                chip.setChecked(chip.key == str(self._chosen))
        self._problem.hide()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_return_pressed(self) -> None:
        self.given.emit(self._chosen, self.field.text())

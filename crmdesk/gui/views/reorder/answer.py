"""The line at the foot that one question is answered in: a count, a level, a product, a promise.

Owns the field and its keys; what is asked and what an answer means are
:mod:`crmdesk.gui.views.reorder.asking`'s.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.reorder.asking import Question
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import HLine, KeyStrip
from crmdesk.i18n import _

_NUMBER_WIDTH = 120
_WORDS_WIDTH = 320
_MOST_CHARACTERS = 500
_OWN = (
    Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Up, Qt.Key.Key_Down,
    Qt.Key.Key_Space,
)  # fmt: skip


class _Field(QLineEdit):
    """A field whose Enter, Esc and arrows are its own; in a number P is the next pack."""

    escaped = Signal()
    cycled = Signal()
    number = False

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
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) or (
            self.number and event.key() == Qt.Key.Key_P
        ):
            self.cycled.emit()
        else:
            super().keyPressEvent(event)


class AnswerLine(QWidget):
    """``typed`` with every letter, ``given`` with Enter, ``left`` with Esc, ``cycled`` for the
    next pack or match."""

    typed = Signal(str)
    given = Signal(str)
    left = Signal()
    cycled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prompt = LineLabel(parent=self)
        self.field = _Field(self)
        self.field.setMaxLength(_MOST_CHARACTERS)
        self.field.textEdited.connect(self.typed)
        self.field.returnPressed.connect(lambda: self.given.emit(self.field.text()))
        self.field.escaped.connect(self.left)
        self.field.cycled.connect(self.cycled)
        self._beside = LineLabel(parent=self)
        self._strip = KeyStrip([], parent=self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(HLine(self))
        row = QHBoxLayout()
        outer.addLayout(row)
        row.setContentsMargins(t.SPACE_3, t.SPACE_1, 0, t.SPACE_1)
        row.setSpacing(t.SPACE_2)
        row.addWidget(self._prompt)
        row.addWidget(self.field)
        row.addWidget(self._beside, 1)
        row.addWidget(self._strip)
        self.hide()

    def ask(self, question: Question) -> None:
        """Show a question and take the keyboard."""
        self._prompt.set_runs([Run(question.prompt, weight=t.MEDIUM)])
        self.field.setAccessibleName(question.prompt)
        self.field.setText(question.text)
        self.field.number = question.number
        width = _NUMBER_WIDTH if question.number else _WORDS_WIDTH
        theme.fix_width(self.field, width)
        theme.least_height(self.field, 28)
        hints: list[tuple[list[str], str]] = [(["Enter"], _("keep"))]
        if question.number and question.can_cycle:
            hints.append((["P"], _("other pack")))
        elif not question.number:
            hints.append((["↓"], _("next match")) if question.can_cycle else ([], ""))
        hints = [hint for hint in hints if hint[0]] + [(["Esc"], _("leave"))]
        self._strip.set_items(hints)
        theme.fix_width(self._strip, 80 * len(hints) + 60)
        self.say(question.beside, wrong=question.wrong)
        self.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def say(self, words: str, *, wrong: bool) -> None:
        """Say something beside what is being typed."""
        ink = "danger" if wrong else "muted"
        self._beside.set_runs([Run(words, ink, icon="warning" if wrong else "")] if words else [])
        self.field.setAccessibleDescription(words)

    def beside(self) -> str:
        """What is said beside the field."""
        return self._beside.text()

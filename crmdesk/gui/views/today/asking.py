"""The strip in which Today asks something that one letter answers.

Owns its look and keys: a letter or digit chooses, Enter is the answer without one, Esc leaves it.
What an answer does is the presenter's.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import FlowBox, Surface
from crmdesk.i18n import _


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer: its key, its words, and the value the presenter gets."""

    key: str
    words: str
    value: object


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. ``enter`` are the words of the answer without a choice, empty for none."""

    kind: str
    title: str
    about: str
    choices: tuple[Choice, ...]
    enter: str = ""


class AskStrip(Surface):
    """Hidden until it asks; ``answered(kind, value)`` with None for Enter, ``left`` for Esc."""

    answered = Signal(str, object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="accent_soft", edge="")
        self._question: Question | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._words = LineLabel(parent=self)
        self._flow = FlowBox(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        column.setSpacing(t.SPACE_2)
        column.addWidget(self._words)
        column.addWidget(self._flow)
        self.hide()

    def question(self) -> Question | None:
        """What is being asked; None while it is hidden."""
        return self._question

    def ask(self, question: Question) -> None:
        """Ask, with the keyboard in the strip."""
        self._question = question
        runs = [Run(question.title, weight=t.SEMIBOLD)]
        if question.about:
            runs.append(Run(question.about, "muted", gap=t.SPACE_2))
        self._words.set_runs(runs)
        self.setAccessibleName(f"{question.title} {question.about}".strip())
        buttons = [self._button(choice.words, choice.key) for choice in question.choices]
        if question.enter:
            buttons.append(self._button(question.enter, "Enter"))
        leave = KeyHintButton(_("Cancel"), "Esc", kind="quiet")
        leave.clicked.connect(self._on_left)
        self._flow.set_parts([*buttons, leave])
        self.show()
        self.setFocus()

    def put_away(self) -> None:
        """Close without an answer."""
        self._question = None
        self.hide()

    def _button(self, words: str, key: str) -> KeyHintButton:
        button = KeyHintButton(words, key)
        button.clicked.connect(lambda _on=False, key=key: self._take(key))
        return button

    def _take(self, key: str) -> None:
        question = self._question
        if question is None:
            return
        if key == "Enter":
            if question.enter:
                self._end(question, None)
            return
        found = next((choice for choice in question.choices if choice.key == key), None)
        if found is not None:
            self._end(question, found.value)

    def _end(self, question: Question, value: object) -> None:
        self.put_away()
        self.answered.emit(question.kind, value)

    def _on_left(self) -> None:
        self.put_away()
        self.left.emit()

    def event(self, event: QEvent) -> bool:
        # While it asks, its letters come before the keys of the place.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
            if plain and (event.text().isalnum() or event.key() in _ENDS):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._on_left()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take("Enter")
        elif event.text():
            self._take(event.text().upper())
        else:
            super().keyPressEvent(event)


_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Space)

"""Fields with their label at the left, in the width of a panel: what is typed beside a list.

Owns their look and keys: Enter and Escape are done with a field. What is typed means is the
presenters' to say.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.lines import TextLabel

_LABEL = 84
_HEIGHT = 28


class EntryLine(QLineEdit):
    """A line that is done with by Enter (`entered`) or Escape (`given_up`, text as it was).

    As a part of a form it is left as it stands: what becomes of its fields is the form's to say.
    """

    entered = Signal(str)
    given_up = Signal()

    def __init__(self, name: str, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before = ""
        self._of_a_form = False
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        theme.fix_height(self, _HEIGHT)

    def be_of_a_form(self) -> None:
        """Leave what is typed to the form when Escape is pressed."""
        self._of_a_form = True

    def put_text(self, text: str) -> None:
        """Show what is stored, unless the person is typing here."""
        self._before = text
        if not self.hasFocus():
            self.setText(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._before = self.text()
            self.entered.emit(self.text())
        elif event.key() == Qt.Key.Key_Escape:
            if self.text() != self._before and not self._of_a_form:
                self.setText(self._before)
                self.textEdited.emit(self._before)
            self.given_up.emit()
        else:
            super().keyPressEvent(event)


class LabelledEntry(QWidget):
    """A label, its field, and its key when the field is empty."""

    def __init__(
        self, label: str, key: str = "", *, placeholder: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_2)
        words = TextLabel(label, ink="muted", parent=self)
        theme.least_width(words, _LABEL)
        hint = f"{placeholder}  {key}".strip() if key else placeholder
        self.field = EntryLine(label, hint, self)
        if key:
            self.field.setToolTip(f"{label} ({key})")
        row.addWidget(words)
        row.addWidget(self.field, 1)

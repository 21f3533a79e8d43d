"""A line to type into, in place: what is asked, the field, what is wrong with it.

Owns its keys: Enter keeps, Esc drops, and both stay inside. What is done with the text is the
presenter's.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.i18n import _

_OWN = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Up, Qt.Key.Key_Down)
MOST_CHARACTERS = 500


class _Edit(QLineEdit):
    """A field whose Enter and Esc are its own, not the place's."""

    escaped = Signal()

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
            return
        super().keyPressEvent(event)


class EntryLine(QWidget):
    """Asks for one line of text, and says what ``step`` follows; shown where its answer belongs."""

    given = Signal(str)
    dropped = Signal()

    def __init__(
        self, label: str, step: str, text: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._label = TextLabel(label, weight=t.MEDIUM, wrap=True, parent=self)
        self.field = _Edit(text, self)
        self.field.setMaxLength(MOST_CHARACTERS)
        self.field.setAccessibleName(label)
        theme.least_height(self.field, 32)
        self.field.returnPressed.connect(self._on_return_pressed)
        self.field.escaped.connect(self.dropped)
        self._problem = TextLabel("", ink="danger", size=t.SIZE_SMALL, wrap=True, parent=self)
        self._problem.hide()
        keep = KeyHintButton(step, "Enter", kind="filled", parent=self)
        keep.clicked.connect(self._on_return_pressed)
        drop = KeyHintButton(_("Cancel"), "Esc", parent=self)
        drop.clicked.connect(self.dropped)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_2)
        row.addWidget(self.field, 1)
        row.addWidget(keep)
        row.addWidget(drop)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        column.setSpacing(t.SPACE_1)
        column.addWidget(self._label)
        column.addLayout(row)
        column.addWidget(self._problem)

    def begin(self) -> None:
        """Take the keyboard."""
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.selectAll()

    def complain(self, words: str) -> None:
        """Say what is wrong; the text stays."""
        self._problem.setText(words)
        self._problem.show()
        self.field.setAccessibleDescription(words)
        self.begin()

    def _on_return_pressed(self) -> None:
        self.given.emit(self.field.text())

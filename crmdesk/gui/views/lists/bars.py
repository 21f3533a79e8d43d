"""What is asked inside the lists: the filter's sentence, a view's name, a value for many rows.

Owns layout and keys of these lines. What they do is the presenter's.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import Hit
from crmdesk.gui.views.lists.steps import EditItem
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.fields import TYPING_PAUSE_MS, SearchField
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.palette import Palette
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _


class SentenceField(SearchField):
    """The filter as a sentence; below it how it may go on. Down walks there, Tab or Enter takes.

    ``given(text)`` comes with Enter; ``begun(text)`` while it is typed.
    """

    given = Signal(str)
    begun = Signal(str)

    def __init__(self, key: str, parent: QWidget) -> None:
        super().__init__(_("Filter"), key, icon="filter", height=t.BUTTON, parent=parent)
        self.offers = Palette(parent)
        self.offers.chosen.connect(self._on_chosen)
        self._walked = False
        self._sentence = ""
        self.pause = QTimer(self, interval=TYPING_PAUSE_MS, singleShot=True)
        self.pause.timeout.connect(lambda: self.begun.emit(self.text()))
        self.textEdited.connect(lambda _text: self.pause.start())

    def show_example(self, sentence: str) -> None:
        """Say in the empty field what can be typed here."""
        self.setPlaceholderText(_("Filter, such as: {example}").format(example=sentence))

    def set_sentence(self, text: str) -> None:
        """Show the filter in force."""
        self._sentence = text
        self.setText(text)
        self.offers.hide()

    def show_endings(self, text: str, endings: Sequence[str]) -> None:
        """Offer whole sentences, if this is still what is typed."""
        parent = self.parentWidget()
        if text != self.text() or not self.hasFocus() or not endings or parent is None:
            self.offers.hide()
            return
        self._walked = False
        corner = self.mapTo(parent, self.rect().bottomLeft())
        self.offers.move(corner.x(), corner.y() + t.SPACE_1)
        self.offers.resize(min(self.width(), theme.scaled(620)), self.offers.height())
        self.offers.show_hits([Hit("", one.strip()) for one in endings], text)
        self.offers.show()
        self.offers.raise_()

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Tab
            and self.offers.isVisible()
        ):
            self.offers.choose_current()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shown = self.offers.isVisible()
        if shown and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            # The first step down marks the first offer, which is marked already.
            if self._walked or event.key() == Qt.Key.Key_Up:
                self.offers.walk(event)
            self._walked = True
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if shown and self._walked:
                self.offers.choose_current()
                return
            self.offers.hide()
            self.pause.stop()
            self.given.emit(self.text())
            return
        if event.key() == Qt.Key.Key_Escape:
            self.offers.hide()
            self.pause.stop()
            self.setText(self._sentence)
            self.escaped.emit()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.offers.hide()
        super().focusOutEvent(event)

    def _on_chosen(self, hit: Hit) -> None:
        self.setText(hit.title + " ")
        self._walked = False
        self.begun.emit(self.text())


class _Bar(Surface):
    """A line with fields, Done and Cancel; below it what is wrong with a value."""

    given = Signal()
    closed = Signal()

    def __init__(self, words: str, fields: Sequence[QWidget], done: str, parent: QWidget) -> None:
        super().__init__(parent, ground="raised", edge="border_strong")
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_2)
        self.words = TextLabel(words, parent=self)
        row.addWidget(self.words)
        for field in fields:
            row.addWidget(field, 1)
        self._done = KeyHintButton(done, "Enter", parent=self)
        cancel = KeyHintButton(_("Cancel"), "Esc", kind="quiet", parent=self)
        row.addWidget(self._done)
        row.addWidget(cancel)
        column.addLayout(row)
        self._problem = TextLabel("", ink="danger", wrap=True, parent=self)
        self._problem.hide()
        column.addWidget(self._problem)
        self._done.clicked.connect(self.given)
        cancel.clicked.connect(self.closed)
        self.hide()

    def say(self, problem: str) -> None:
        """Say what is wrong; the values stay."""
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.given.emit()
        else:
            super().keyPressEvent(event)


class NameBar(_Bar):
    """Asks for the name of a view."""

    def __init__(self, parent: QWidget) -> None:
        self.name = QLineEdit()
        self.name.setAccessibleName(_("Name of the view"))
        self.name.setPlaceholderText(_("Name of the view"))
        super().__init__(_("Keep what is shown as"), [self.name], _("Save"), parent)
        self.name.setParent(self)

    def open(self, name: str) -> None:
        """Ask, with a name that can be kept."""
        self.say("")
        self.name.setText(name)
        self.show()
        self.name.setFocus()
        self.name.selectAll()


class EditBar(_Bar):
    """Asks which column gets which value in the picked rows."""

    def __init__(self, parent: QWidget) -> None:
        self.column = QComboBox()
        self.column.setAccessibleName(_("Column to change"))
        self.value = QComboBox()
        self.value.setAccessibleName(_("New value"))
        super().__init__("", [self.column, self.value], _("Change"), parent)
        self._items: tuple[EditItem, ...] = ()
        self.column.currentIndexChanged.connect(self._on_column_chosen)

    def open(self, words: str, items: Sequence[EditItem]) -> None:
        """Ask for one of these columns."""
        self.say("")
        self.words.setText(words)
        self._items = tuple(items)
        self.column.blockSignals(True)
        self.column.clear()
        self.column.addItems([item.title for item in items])
        self.column.blockSignals(False)
        self._on_column_chosen(0)
        self.show()
        self.column.setFocus()

    def chosen(self) -> tuple[str, str]:
        """The column's key and the value as typed."""
        place = self.column.currentIndex()
        key = self._items[place].key if 0 <= place < len(self._items) else ""
        return key, self.value.currentText()

    def _on_column_chosen(self, place: int) -> None:
        if not 0 <= place < len(self._items):
            return
        item = self._items[place]
        self.value.clear()
        self.value.setEditable(item.free)
        self.value.addItems(item.choices)
        if item.free:
            self.value.setCurrentText("")

"""The strip below the board that asks for a few things: fields side by side, Enter and Esc.

Owns layout and keyboard; what is asked and what is done with it are the presenter's.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.form_meeting import Filled
from crmdesk.gui.views.plan.items import FormField, FormItem
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _

_WIDTH = 118
_HEIGHT = 28
_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)


class FormStrip(Surface):
    """``answered(kind, Filled)`` with Enter, ``taken_away(kind)``, ``closed`` with Esc."""

    answered = Signal(str, object)
    taken_away = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="raised", edge="border_strong")
        self._item: FormItem | None = None
        self._fields: dict[str, QLineEdit | QComboBox] = {}
        self._opened: dict[str, str] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        column.setSpacing(t.SPACE_1)
        self._title = LineLabel(parent=self)
        column.addWidget(self._title)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_2)
        self._room = QHBoxLayout()
        self._room.setSpacing(t.SPACE_2)
        row.addLayout(self._room)
        row.addStretch(1)
        self._away = KeyHintButton("", "", kind="quiet", parent=self)
        self._leave = KeyHintButton(_("Cancel"), "Esc", kind="quiet", parent=self)
        self._done = KeyHintButton("", "Enter", parent=self)
        for button in (self._away, self._leave, self._done):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(row)
        self._done.clicked.connect(self._on_done)
        self._leave.clicked.connect(self._on_left)
        self._away.clicked.connect(self._on_taken_away)
        self.hide()

    @property
    def item(self) -> FormItem | None:
        """What is being asked; None while it is closed."""
        return self._item

    def ask(self, item: FormItem) -> None:
        """Show other fields, the keyboard in the first of them."""
        self._item = item
        while (old := self._room.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._fields = {}
        for field in item.fields:
            self._room.addWidget(self._labelled(field))
        self._opened = self._values()
        self._done.set_label(item.done)
        self._away.set_label(item.takes_away)
        self._away.setVisible(bool(item.takes_away))
        self._say(item.about, "muted")
        self.show()
        first = next(iter(self._fields.values()))
        first.setFocus(Qt.FocusReason.TabFocusReason)
        if isinstance(first, QLineEdit):
            first.selectAll()

    def put_away(self) -> None:
        """Close without an answer."""
        self._item = None
        self.hide()

    def field(self, key: str) -> QLineEdit | QComboBox:
        """One field."""
        return self._fields[key]

    def complain(self, key: str, words: str) -> None:
        """Say what is wrong and go to the field, what was typed still in it."""
        self._say(words, "danger")
        field = self._fields.get(key)
        if field is not None:
            field.setFocus(Qt.FocusReason.OtherFocusReason)
            if isinstance(field, QLineEdit):
                field.selectAll()

    def words(self) -> str:
        """The title and what is said beside it."""
        return self._title.text()

    def _say(self, words: str, ink: str) -> None:
        title = "" if self._item is None else self._item.title
        self._title.set_runs([Run(title, weight=t.SEMIBOLD), Run(words, ink, gap=t.SPACE_2)])
        self.setAccessibleName(f"{title} {words}".strip())

    def _labelled(self, item: FormField) -> QWidget:
        box = QWidget(self)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(TextLabel(item.label, ink="muted", size=t.SIZE_SMALL, parent=box))
        field: QLineEdit | QComboBox
        if item.choices:
            field = QComboBox(box)
            for key, words in item.choices:
                field.addItem(words, key)
            field.setCurrentIndex(max(field.findData(item.value), 0))
        else:
            field = QLineEdit(item.value, box)
            field.setPlaceholderText(item.placeholder)
            theme.fix_width(field, _WIDTH)
        theme.fix_height(field, _HEIGHT)
        field.setAccessibleName(item.label)
        field.installEventFilter(self)
        column.addWidget(field)
        self._fields[item.key] = field
        return box

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Enter and Esc are the strip's, wherever in it the keyboard is.
        if (
            event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
            and isinstance(event, QKeyEvent)
            and event.key() in _ENDS
        ):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
            elif event.key() == Qt.Key.Key_Escape:
                self._on_left()
            else:
                self._on_done()
            return True
        return super().eventFilter(watched, event)

    def _values(self) -> dict[str, str]:
        return {
            key: str(field.currentData()) if isinstance(field, QComboBox) else field.text()
            for key, field in self._fields.items()
        }

    def _on_done(self) -> None:
        if self._item is not None:
            self.answered.emit(self._item.kind, Filled(self._values(), dict(self._opened)))

    def _on_left(self) -> None:
        self.put_away()
        self.closed.emit()

    def _on_taken_away(self) -> None:
        if self._item is not None:
            self.taken_away.emit(self._item.kind)

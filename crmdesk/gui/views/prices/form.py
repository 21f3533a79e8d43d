"""A form in the page: fields side by side, what they mean below, Enter carries out, Esc gives up.

Owns layout and keyboard; what is asked and what is done with it are the presenters'.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.form_meeting import Filled
from crmdesk.gui.views.prices.items import Form, FormField
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.charts import text_token, text_width
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.panels import FlowBox, Panel
from crmdesk.i18n import _


class FormPanel(Panel):
    """``submitted(Filled)`` with Enter, ``typed(values)`` with every letter, ``left`` with Esc."""

    submitted = Signal(object)
    typed = Signal(dict)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(" ", parent=parent)
        self._fields: dict[str, QLineEdit | QComboBox] = {}
        self._opened: dict[str, str] = {}
        holder = QVBoxLayout()
        holder.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_3)
        holder.setSpacing(t.SPACE_2)
        self._flow = FlowBox(self)
        holder.addWidget(self._flow)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        self._words = TextLabel("", ink="muted", wrap=True, parent=self)
        theme.least_height(self._words, 18)
        row.addWidget(self._words, 1)
        self._leave = KeyHintButton(
            _("Close without saving"), keys.hint("prices.leave"), parent=self
        )
        self._button = KeyHintButton("", keys.hint("prices.submit"), kind="filled", parent=self)
        row.addWidget(self._leave)
        row.addWidget(self._button)
        holder.addLayout(row)
        self.body.addLayout(holder)
        self._button.clicked.connect(self.submit)
        self._leave.clicked.connect(self.left)
        self.hide()

    def show_form(self, form: Form) -> None:
        """Show other fields, the keyboard in the first of them."""
        self.set_title(form.title, form.note)
        self._fields = {}
        self._flow.set_parts([self._labelled(one) for one in form.fields])
        self._opened = self.values()
        self._button.set_label(form.submit)
        self.say("", Tone.MUTED)
        self.show()
        first = next(iter(self._fields.values()), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.TabFocusReason)

    def values(self) -> dict[str, str]:
        """What is typed, by field."""
        return {
            key: str(field.currentData()) if isinstance(field, QComboBox) else field.text()
            for key, field in self._fields.items()
        }

    def say(self, text: str, tone: Tone) -> None:
        """Say what the form means, or what is wrong."""
        self._words.setText(text)
        self._words.set_ink(text_token(tone))
        self._words.setAccessibleName(text)

    def words(self) -> str:
        """What is said below the fields."""
        return self._words.text()

    def point_at(self, field: str, text: str) -> None:
        """Say what is wrong and go to the field, what was typed still in it."""
        self.say(text, Tone.DANGER)
        widget = self._fields.get(field)
        if widget is not None:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)
            if isinstance(widget, QLineEdit):
                widget.selectAll()

    def field(self, key: str) -> QLineEdit | QComboBox:
        """One field."""
        return self._fields[key]

    def submit(self) -> None:
        """Carry out what is typed."""
        self.submitted.emit(Filled(self.values(), dict(self._opened)))

    def _labelled(self, one: FormField) -> QWidget:
        box = QWidget(self)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        label = TextLabel(one.label, ink="muted", size=t.SIZE_SMALL, parent=box)
        column.addWidget(label)
        widget: QLineEdit | QComboBox
        if one.choices:
            widget = QComboBox(box)
            for key, words in one.choices:
                widget.addItem(words, key)
            widget.setCurrentIndex(max(widget.findData(one.text), 0))
            widget.currentIndexChanged.connect(self._on_typed)
        else:
            widget = QLineEdit(one.text, box)
            widget.setPlaceholderText(one.hint)
            widget.textEdited.connect(self._on_typed)
        widget.setAccessibleName(one.label)
        widget.setObjectName(f"prices.{one.key}")
        widest = text_width(theme.font(t.SIZE_SMALL), one.label) + 4
        width = max(theme.scaled(one.width), round(widest))
        if one.choices:
            font = theme.font(t.SIZE_BODY)
            room = max(text_width(font, words) for _key, words in one.choices)
            width = max(width, round(room) + theme.scaled(48))
        widget.setFixedWidth(width)
        widget.installEventFilter(self)
        column.addWidget(widget)
        self._fields[one.key] = widget
        return box

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Enter and Esc are the form's, wherever in it the keyboard is.
        if (
            event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
        ):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
            elif event.key() == Qt.Key.Key_Escape:
                self.left.emit()
            else:
                self.submit()
            return True
        return super().eventFilter(watched, event)

    def _on_typed(self, *_what: object) -> None:
        self.typed.emit(self.values())

"""A form in a panel: labelled fields in two columns, saved by Ctrl+Enter, left by Esc.

Owns layout, scrolling and the keyboard between fields; what is asked, and what is done with it, are
the presenters'. A field with choices is a list, any other a line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.form_meeting import Filled, theirs_notice, theirs_of
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.charts import text_width
from crmdesk.gui.widgets.entries import EntryLine
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.panels import Panel, clear_layout
from crmdesk.i18n import _
from crmdesk.services.forms_meeting import meet

_LABEL, _MOST_LABEL = 84, 220
_HEIGHT = 28


class ChoiceField(QComboBox):
    """A list of choices that Esc leaves (`given_up`) and Enter is done with (`entered`)."""

    entered = Signal(str)
    given_up = Signal()

    def __init__(
        self, name: str, choices: Sequence[tuple[str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        theme.fix_height(self, _HEIGHT)
        self.set_choices(choices)

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer other choices, the first of them chosen."""
        self.clear()
        for value, words in choices:
            self.addItem(words, value)
        self.setCurrentIndex(0)

    def choose(self, value: str) -> None:
        """Show a choice."""
        self.setCurrentIndex(max(self.findData(value), 0))

    def value(self) -> str:
        """What is chosen."""
        return str(self.currentData() if self.currentData() is not None else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit(self.value())
        elif event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(event)


def labelled(label: str, field: QWidget, parent: QWidget, width: int = 0) -> QWidget:
    """A label at the left of a field, at least ``width`` px wide."""
    holder = QWidget(parent)
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(t.SPACE_2)
    words = TextLabel(label, ink="muted", parent=holder)
    words.setMinimumWidth(max(theme.scaled(_LABEL), width))
    row.addWidget(words)
    row.addWidget(field, 1)
    return holder


def scrolling(inside: QWidget, parent: QWidget) -> QScrollArea:
    """A view of something that may be higher than its room; what has the keyboard is in sight."""
    area = QScrollArea(parent)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    area.viewport().setAutoFillBackground(False)
    inside.setAutoFillBackground(False)
    return area


class FormFrame(Panel):
    """Title, Close and Save around a form; `save_wanted` and `closed`. The body is the form's."""

    save_wanted = Signal()
    closed = Signal()

    def __init__(self, save_key: str, parent: QWidget | None = None) -> None:
        super().__init__(" ", "", parent)
        self._warned = False
        self._actions = QHBoxLayout()
        self._actions.setSpacing(t.SPACE_2)
        holder = QWidget(self)
        self._actions.setContentsMargins(0, 0, 0, 0)
        holder.setLayout(self._actions)
        self.back = KeyHintButton(_("Close"), "Esc", kind="quiet", parent=self)
        self.back.clicked.connect(self.leave)
        self.save = KeyHintButton(_("Save"), save_key, parent=self)
        self.save.clicked.connect(self.save_wanted)
        if self.header is not None:
            for widget in (holder, self.back, self.save):
                self.header.add_right(widget)
        self.problem = TextLabel("", ink="danger", wrap=True, parent=self)
        self.problem.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, 0)
        self.problem.hide()
        self.body.addWidget(self.problem)

    def is_changed(self) -> bool:
        """Whether anything stands in it that has not been saved."""
        return False

    def leave(self) -> None:
        """Close it; what was typed and not saved is left only when Esc is pressed once more."""
        if self.is_changed() and not self._warned:
            self.say_problem(_("This is not saved: Ctrl+Enter saves it, Esc once more leaves it."))
            self._warned = True
            return
        self._warned = False
        self.closed.emit()

    def set_actions(self, buttons: Sequence[QWidget]) -> None:
        """Further steps beside Save."""
        clear_layout(self._actions)
        for button in buttons:
            self._actions.addWidget(button)

    def say_problem(self, words: str) -> None:
        """Say what is wrong; empty words take that away."""
        self._warned = False
        self.problem.setText(words)
        self.problem.setVisible(bool(words))


class FieldForm(FormFrame):
    """See the module; `saved(Filled)` with what is typed and what was shown at first, by key."""

    saved = Signal(object)

    def __init__(self, save_key: str, parent: QWidget | None = None) -> None:
        super().__init__(save_key, parent)
        self._fields: dict[str, EntryLine | ChoiceField] = {}
        self._opened: dict[str, str] = {}
        inside = QWidget(self)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        self._grid_holder: QWidget | None = None
        self._label_width = 0
        self.body.addWidget(scrolling(inside, self), 1)
        self.save_wanted.connect(self.submit)

    def show_form(self, title: str, note: str, fields: Sequence[AskedField]) -> None:
        """Show other fields, the keyboard in the first of them."""
        self.set_title(title, note)
        self.setAccessibleName(title)
        self.say_problem("")
        self.set_actions(())
        clear_layout(self._column)
        self._fields = {}
        self._grid_holder = QWidget(self)
        grid = QGridLayout(self._grid_holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(t.SPACE_4)
        grid.setVerticalSpacing(t.SPACE_2)
        place, font = 0, theme.font()
        widest = max((text_width(font, one.label) for one in fields), default=0)
        self._label_width = min(ceil(widest) + 2, theme.scaled(_MOST_LABEL))
        for one in fields:
            if one.wide and place % 2:
                place += 1
            grid.addWidget(self._made(one), place // 2, place % 2, 1, 2 if one.wide else 1)
            place += 2 if one.wide else 1
        for column in (0, 1):
            grid.setColumnStretch(column, 1)
        self._column.addWidget(self._grid_holder)
        self._column.addStretch(1)
        self.settle()
        self.focus_first()

    def is_changed(self) -> bool:
        """Whether anything stands in it that has not been saved."""
        return dict(self.values()) != self._opened

    def settle(self) -> None:
        """What stands in it now has been saved: nothing of it counts as typed any more."""
        self._opened = dict(self.values())

    def renew(self, fields: Sequence[AskedField]) -> None:
        """Show what the same fields say now, but leave what is being typed, and say where both."""
        now = {one.key: one.text for one in fields}
        met = meet(self.values(), self._opened, now)
        for key, text in met.values.items():
            if text != self._shown(key):
                self._put(key, text)
            if key not in met.collided:
                self._opened[key] = now.get(key, text)
        self.say_problem(theirs_notice(theirs_of(fields, met.collided)))

    def _shown(self, key: str) -> str:
        field = self._fields[key]
        return field.value() if isinstance(field, ChoiceField) else field.text()

    def _put(self, key: str, text: str) -> None:
        field = self._fields[key]
        if isinstance(field, ChoiceField):
            field.choose(text)
        else:
            field.put_text(text)
            field.setText(text)
            field.setCursorPosition(0)

    def _made(self, one: AskedField) -> QWidget:
        parent = self._grid_holder or self
        field: EntryLine | ChoiceField
        if one.choices:
            field = ChoiceField(one.label, one.choices, parent)
        else:
            field = EntryLine(one.label, one.hint, parent)
            field.be_of_a_form()
        self._fields[one.key] = field
        self._put(one.key, one.text)
        holder = labelled(one.label, field, parent, self._label_width)
        field.entered.connect(lambda _text: self.focusNextChild())
        field.given_up.connect(self.leave)
        return holder

    def focus_first(self) -> None:
        """Put the keyboard into the first field."""
        first = next(iter(self._fields.values()), None)
        if first is not None:
            first.setFocus()

    def field(self, key: str) -> EntryLine | ChoiceField:
        """One field; KeyError when there is none."""
        return self._fields[key]

    def values(self) -> Mapping[str, str]:
        """What is typed, by key."""
        return {key: self._shown(key) for key in self._fields}

    def say(self, key: str, words: str) -> None:
        """Say what is wrong with a field and put the keyboard there; nothing typed is lost."""
        self.say_problem(words)
        if key in self._fields:
            self._fields[key].setFocus()

    def submit(self) -> None:
        """Ask to save what is typed."""
        self.saved.emit(Filled(self.values(), dict(self._opened)))

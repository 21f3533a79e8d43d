"""A short form in place, at the foot of a list or board: answers by digits, words, a day.

Digits answer the question that is marked and go on to the next; a letter goes into the first
field of words; Enter is done and Esc leaves. What was typed by then is there again when the same
is asked again. What is typed means is the presenters' to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.form_meeting import Filled
from crmdesk.gui.widgets.badges import Chip
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.entries import EntryLine
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.panels import FlowBox, Surface, clear_layout
from crmdesk.i18n import _

_LABEL = 104
_MOST_LEFT = 20
"""So many forms that were left half filled are remembered."""
_FIELD = 168


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing that is asked. With ``choices`` (key, words) it is answered by a digit.

    ``wide`` fields of words take what room there is.
    """

    key: str
    label: str
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    placeholder: str = ""
    wide: bool = False

    @property
    def text(self) -> str:
        """What it shows."""
        return self.value


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked about ``subject`` (a local id, 0 for something new)."""

    kind: str
    subject: int
    title: str
    about: str
    fields: tuple[FormField, ...]
    done: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What was answered, and what was shown at first, by the keys of the fields."""

    kind: str
    subject: int
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    opened: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def filled(self) -> Filled:
        """The answer as a form that is saved."""
        return Filled(self.values, self.opened)


class _Choice:
    """The chips of one question."""

    def __init__(self, asked: FormField, bar: FormBar) -> None:
        self.asked = asked
        self.value = asked.value
        self.label = TextLabel(asked.label, ink="muted", parent=bar)
        theme.least_width(self.label, _LABEL)
        self.box = FlowBox(bar)
        chips: list[QWidget] = []
        for number, (key, words) in enumerate(asked.choices, start=1):
            chip = Chip(key, f"{number}  {words}" if number < 10 else words, self.box)
            chip.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            # A click on what is chosen takes it back; a digit always means its answer.
            chip.clicked.connect(
                lambda _on=False, key=key: bar.choose(self, "" if self.value == key else key)
            )
            chips.append(chip)
        self.box.set_parts(chips)
        self.take(asked.value)

    def take(self, key: str) -> None:
        self.value = key
        for chip in self.box.parts():
            if isinstance(chip, Chip):
                chip.setChecked(chip.key == key)


@dataclass(frozen=True, slots=True)
class _Left:
    """What a form showed at first, and what stood in it when it was left."""

    opened: Mapping[str, str]
    values: Mapping[str, str]


class FormBar(Surface):
    """Hidden until it is asked something; ``given(Given)`` and ``closed`` are its ends."""

    given = Signal(object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="raised", edge="border_strong")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._form: Form | None = None
        self._choices: list[_Choice] = []
        self._entries: dict[str, EntryLine] = {}
        self._opened: Mapping[str, str] = {}
        self._left: dict[tuple[str, int, str], _Left] = {}
        self._at = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        column.setSpacing(t.SPACE_2)
        self._title = LineLabel(parent=self)
        column.addWidget(self._title)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(t.SPACE_2)
        column.addLayout(self._rows)
        self._problem = TextLabel("", ink="danger", size=t.SIZE_SMALL, wrap=True, parent=self)
        self._problem.hide()
        column.addWidget(self._problem)
        self._hint = TextLabel("", ink="muted", size=t.SIZE_SMALL, wrap=True, parent=self)
        self._done = KeyHintButton(_("Save"), "Enter", parent=self)
        self._leave = KeyHintButton(_("Cancel"), "Esc", kind="quiet", parent=self)
        foot = QHBoxLayout()
        foot.setSpacing(t.SPACE_2)
        foot.addWidget(self._hint, 1)
        foot.addWidget(self._done)
        foot.addWidget(self._leave)
        column.addLayout(foot)
        self._done.clicked.connect(self._on_done)
        self._leave.clicked.connect(self._on_left)
        self.hide()

    @property
    def form(self) -> Form | None:
        """What is being asked; None while it is closed."""
        return self._form

    def ask(self, form: Form) -> None:
        """Show a form and take the keyboard."""
        clear_layout(self._rows)
        self._form, self._choices, self._entries, self._at = form, [], {}, 0
        self._title.set_runs(
            [Run(form.title, weight=t.SEMIBOLD), Run(form.about, "muted", gap=t.SPACE_2)]
        )
        run: list[FormField] = []
        for asked in (*form.fields, None):
            if asked is not None and not asked.choices:
                run.append(asked)
                continue
            if run:
                self._add_entries(run)
                run = []
            if asked is not None:
                self._add_choice(asked)
        self._done.set_label(form.done)
        self._hint.setText(form.hint)
        self._problem.hide()
        self.setAccessibleName(f"{form.title} {form.about}")
        self._opened = MappingProxyType(self.values())
        self._restore(self._left.get(_key(form)))
        self._mark()
        self.show()
        first = form.fields[0] if form.fields else None
        if first is None or not self._entries or (first.choices and not first.value):
            self.setFocus()
        else:
            self._enter()

    def put_away(self) -> None:
        """Close it; what was answered is not asked for again."""
        if self._form is not None:
            self._left.pop(_key(self._form), None)
        self._form = None
        self.hide()

    def complain(self, problem: str, key: str = "") -> None:
        """Say what is wrong; what was typed stays."""
        self._problem.setText(problem)
        self._problem.show()
        self.setAccessibleDescription(problem)
        if key in self._entries:
            self._entries[key].setFocus()
            self._entries[key].selectAll()

    def values(self) -> dict[str, str]:
        """What stands in the form now."""
        found = {choice.asked.key: choice.value for choice in self._choices}
        return found | {key: entry.text() for key, entry in self._entries.items()}

    def choose(self, choice: _Choice, key: str) -> None:
        """Answer a question; nothing leaves it open."""
        choice.take(key)
        last = self._choices[-1] is choice
        self._at = min(self._choices.index(choice) + 1, len(self._choices) - 1)
        self._mark()
        if last and choice.value and self._entries:
            self._enter()
        else:
            self.setFocus()

    def _enter(self) -> None:
        """Go into the first field of words."""
        entry = next(iter(self._entries.values()))
        entry.setFocus()
        entry.selectAll()

    def _restore(self, left: _Left | None) -> None:
        """Put back what was typed before the form was left, where it shows the same as then."""
        if left is None:
            return
        for key, value in left.values.items():
            same = self._opened.get(key) == left.opened.get(key)
            if same and key in self._entries:
                self._entries[key].put_text(value)
        for choice in self._choices:
            key = choice.asked.key
            if key in left.values and self._opened.get(key) == left.opened.get(key):
                choice.take(left.values[key])

    # ------------------------------------------------------------------------------ building

    def _add_choice(self, asked: FormField) -> None:
        choice = _Choice(asked, self)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_2)
        row.addWidget(choice.label)
        row.addWidget(choice.box, 1)
        self._rows.addLayout(row)
        self._choices.append(choice)

    def _add_entries(self, asked: Sequence[FormField]) -> None:
        narrow = [one for one in asked if not one.wide]
        if narrow:
            flow = FlowBox(self)
            flow.set_parts([self._entry(one, flow) for one in narrow])
            self._rows.addWidget(flow)
        for one in asked:
            if one.wide:
                self._rows.addWidget(self._entry(one, self))

    def _entry(self, asked: FormField, parent: QWidget) -> QWidget:
        holder = QWidget(parent)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_2)
        label = TextLabel(asked.label, ink="muted", parent=holder)
        if asked.wide:
            theme.least_width(label, _LABEL)
        entry = EntryLine(asked.label, asked.placeholder, holder)
        entry.be_of_a_form()
        entry.put_text(asked.value)
        if not asked.wide:
            theme.fix_width(entry, _FIELD)
        entry.entered.connect(self._on_done)
        entry.given_up.connect(self._on_left)
        row.addWidget(label)
        row.addWidget(entry, 1)
        self._entries[asked.key] = entry
        return holder

    def _mark(self) -> None:
        for place, choice in enumerate(self._choices):
            marked = self.hasFocus() and place == self._at and len(self._choices) > 1
            choice.label.set_ink("accent" if marked else "muted")

    # --------------------------------------------------------------------------------- input

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._mark()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._mark()

    def event(self, event: QEvent) -> bool:
        # While it is open its letters and digits are its own, whatever the place does with them.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
            mine = (
                Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Up,
                Qt.Key.Key_Down,
            )  # fmt: skip
            if plain and (event.text().isalnum() or event.key() in mine):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, text = event.key(), event.text()
        if self._form is None:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_done()
        elif key == Qt.Key.Key_Escape:
            self._on_left()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._choices and not self.hasFocus():
            self.setFocus()  # from a field of words to the questions
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._choices:
            step = 1 if key == Qt.Key.Key_Down else -1
            self._at = max(0, min(self._at + step, len(self._choices) - 1))
            self._mark()
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Backspace) and self._choices:
            self.choose(self._choices[self._at], "")
        elif text.isdecimal() and self._choices:
            choice = self._choices[self._at]
            if 0 < int(text) <= len(choice.asked.choices):
                self.choose(choice, choice.asked.choices[int(text) - 1][0])
        elif text.isalpha() and self._entries:
            entry = next(iter(self._entries.values()))
            entry.setFocus()
            entry.insert(text)
        else:
            super().keyPressEvent(event)

    def _on_done(self, _text: str = "") -> None:
        if self._form is not None:
            values = MappingProxyType(self.values())
            self.given.emit(Given(self._form.kind, self._form.subject, values, self._opened))

    def _on_left(self) -> None:
        form, values = self._form, self.values()
        self.put_away()
        if form is not None and values != dict(self._opened):
            self._left[_key(form)] = _Left(self._opened, MappingProxyType(values))
            while len(self._left) > _MOST_LEFT:
                self._left.pop(next(iter(self._left)))
        self.closed.emit()


def _key(form: Form) -> tuple[str, int, str]:
    """What makes two forms the same question."""
    return form.kind, form.subject, form.about

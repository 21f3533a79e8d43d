"""The strip in which a follow-up or a decision of a quote is given with a few keys.

Digits choose what came of it, letters how the customer was asked, N goes into the note, D to the
day of the next follow-up; Enter is done and Esc leaves. What an answer does is the presenters'.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.quote_answers import Answer, AnswerItem
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.entries import EntryLine
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _

_DAY_WIDTH = 132


class AnswerBar(Surface):
    """Hidden until it is asked something; ``answered(Answer)`` and ``closed`` are its ends."""

    answered = Signal(object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="raised", edge="border_strong")
        self._item: AnswerItem | None = None
        self._left_note: tuple[str, int, str] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        column.setSpacing(t.SPACE_2)
        self._title = LineLabel(parent=self)
        column.addWidget(self._title)
        self._results = SegmentedControl([("", "")], _("What came of it"), self)
        self._modes = SegmentedControl([("", "")], _("How"), self)
        for control in (self._results, self._modes):
            control.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            control.chosen.connect(lambda _key: self.setFocus())
        self.note = EntryLine(_("Note"), parent=self)
        self._day_label = TextLabel(_("Next follow-up"), ink="muted", parent=self)
        self.day = EntryLine(_("Next follow-up"), "+7", self)
        theme.fix_width(self.day, _DAY_WIDTH)
        self._done = KeyHintButton(_("Save"), "Enter", parent=self)
        self._leave = KeyHintButton(_("Cancel"), "Esc", kind="quiet", parent=self)
        # Three lines: long words of another language still fit beside a narrow list.
        column.addLayout(_line(self._results, None))
        column.addLayout(_line(self._modes, None, self._day_label, self.day))
        row = _line(self.note, self._done, self._leave)
        row.setStretchFactor(self.note, 1)
        column.addLayout(row)
        for field in (self.note, self.day):
            field.entered.connect(self._on_done)
            field.given_up.connect(self.setFocus)
        self._done.clicked.connect(self._on_done)
        self._leave.clicked.connect(self._on_left)
        self.hide()

    @property
    def item(self) -> AnswerItem | None:
        """What is being asked; None while it is closed."""
        return self._item

    def ask(self, item: AnswerItem) -> None:
        """Show itself with the keyboard in it."""
        self._item = item
        self._title.set_runs(
            [Run(item.title, weight=t.SEMIBOLD), Run(item.about, "muted", gap=t.SPACE_2)]
        )
        self._results.setVisible(bool(item.results))
        self._modes.setVisible(bool(item.modes))
        numbered = [(key, f"{n}  {words}") for n, (key, words) in enumerate(item.results, start=1)]
        self._results.set_choices(numbered)
        self._results.choose(item.result)
        self._modes.set_choices([(key, f"{sign}  {words}") for key, sign, words in item.modes])
        self._modes.choose(item.mode)
        left = self._left_note
        here = left is not None and left[:2] == (item.kind, item.quote_id)
        self.note.setText(left[2] if left is not None and here else "")
        self.note.setPlaceholderText(item.note)
        self.note.setVisible(bool(item.note))
        for widget in (self._day_label, self.day):
            widget.setVisible(bool(item.day))
        self.day.setText(item.day)
        self._done.set_label(item.done)
        self.setAccessibleName(f"{item.title} {item.about}")
        self.show()
        self.setFocus()
        if not item.results and item.day:
            self.day.setFocus()
            self.day.selectAll()

    def put_away(self) -> None:
        """Close without an answer."""
        self._item = None
        self.hide()

    # --------------------------------------------------------------------------------- input

    def event(self, event: QEvent) -> bool:
        # While it is open its letters and digits are its own, whatever the place does with them.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
            mine = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
            if plain and (event.text().isalnum() or event.key() in mine):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item, text = self._item, event.text().upper()
        if item is None:
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_done()
        elif event.key() == Qt.Key.Key_Escape:
            self._on_left()
        elif text.isdecimal() and 0 < int(text) <= len(item.results):
            self._results.choose(item.results[int(text) - 1][0])
        elif text in {sign for _key, sign, _words in item.modes}:
            self._modes.choose(next(key for key, sign, _words in item.modes if sign == text))
        elif text == "N" and item.note:
            self.note.setFocus()
        elif text == "D" and item.day:
            self.day.setFocus()
            self.day.selectAll()
        else:
            super().keyPressEvent(event)

    def _on_done(self, _text: str = "") -> None:
        if self._item is None:
            return
        self._left_note = None
        self.answered.emit(
            Answer(
                self._item.kind, self._item.quote_id, self._results.choice(),
                self._modes.choice(), self.note.text(), self.day.text(),
            )
        )  # fmt: skip

    def _on_left(self) -> None:
        """What was typed about a quote is there when the same is asked of it again."""
        if self._item is not None and self.note.text():
            self._left_note = self._item.kind, self._item.quote_id, self.note.text()
        self.put_away()
        self.closed.emit()


def _line(*parts: QWidget | None) -> QHBoxLayout:
    """Widgets beside each other; None is the room that gives way."""
    row = QHBoxLayout()
    row.setSpacing(t.SPACE_2)
    for part in parts:
        if part is None:
            row.addStretch(1)
        else:
            row.addWidget(part)
    return row

"""The right side of attention: the form of a model, a customer's own figures, what changes.

Owns layout and typing; everything else is the presenter's.
"""

from __future__ import annotations

import itertools

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.attention import words
from crmdesk.gui.views.attention.model import reps_model
from crmdesk.gui.views.attention.presenter import ChangeItem
from crmdesk.gui.views.attention.words import ModelTyped, OwnTyped
from crmdesk.gui.widgets.buttons import SegmentedControl
from crmdesk.gui.widgets.compare import CompareTable
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.panels import HLine
from crmdesk.gui.widgets.side_tables import side_table
from crmdesk.i18n import _

_WAIT_MS = 250
_REP_ROW = 45


class ModelForm(QWidget):
    """An attention model to type; ``typed`` a moment after the last key."""

    typed = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        hints = {
            "classes": _("A, B"), "segments": _("HORECA, KEY"),
            "objectives": _("Check the shelf!; Which day suits? Mon / Thu; Fridges? # @call"),
        }  # fmt: skip
        self.fields = {
            name: LabelledEntry(label, placeholder=hints.get(name, ""), parent=self)
            for name, label in words.model_labels().items()
        }
        self._timer = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._timer.timeout.connect(self._tell)
        self.mode = SegmentedControl(words.virtual_words(), _("Contacts between by"), self)
        self.mode.chosen.connect(lambda _key: self._timer.start())
        grid = QGridLayout(self)
        grid.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        grid.setHorizontalSpacing(t.SPACE_4)
        grid.setVerticalSpacing(t.SPACE_2)
        places = {
            "code": (0, 0, 1), "visit": (0, 1, 1), "every": (1, 0, 1), "virtual": (1, 1, 1),
            "between": (2, 0, 1), "name": (3, 0, 2), "classes": (4, 0, 2), "segments": (5, 0, 2),
            "objectives": (6, 0, 2),
        }  # fmt: skip
        for name, (row, column, across) in places.items():
            grid.addWidget(self.fields[name], row, column, 1, across)
        grid.addWidget(self.mode, 2, 1, Qt.AlignmentFlag.AlignRight)
        reading: list[QWidget] = [self.fields[name].field for name in places]
        reading.insert(reading.index(self.fields["between"].field) + 1, self.mode)
        for one, after in itertools.pairwise(reading):
            self.setTabOrder(one, after)
        for entry in self.fields.values():
            entry.field.textEdited.connect(lambda _text: self._timer.start())
            entry.field.entered.connect(lambda _text: self._tell())
            entry.field.given_up.connect(self.left)

    def value(self) -> ModelTyped:
        """What is typed."""
        texts = {name: entry.field.text() for name, entry in self.fields.items()}
        return ModelTyped(mode=self.mode.choice(), **texts)

    def show_typed(self, typed: ModelTyped, *, may_change: bool) -> None:
        """Show a model."""
        self._timer.stop()
        for name, entry in self.fields.items():
            entry.field.put_text(getattr(typed, name))
            # Shown again while somebody types, the cursor stays where it is.
            if entry.field.text() != getattr(typed, name):
                entry.field.setText(getattr(typed, name))
                entry.field.setCursorPosition(0)
            entry.field.setReadOnly(not may_change)
        self.mode.choose(typed.mode)
        self.mode.setEnabled(may_change)

    def go(self, field: str = "every") -> None:
        """Put the keyboard into a field."""
        entry = self.fields.get(_FIELDS.get(field, field), self.fields["every"])
        entry.field.setFocus()
        entry.field.selectAll()

    def _tell(self) -> None:
        self._timer.stop()
        self.typed.emit(self.value())


_FIELDS = {
    "interval_days": "every", "virtual_between": "between", "visit_minutes": "visit",
    "virtual_minutes": "virtual",
}  # fmt: skip


class OwnForm(QWidget):
    """A customer's own figures; empty where the model's hold, which stand behind as a hint."""

    typed = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts = TextLabel("", ink="muted", wrap=True, parent=self)
        labels = words.own_labels()
        self.every = LabelledEntry(labels["every"], parent=self)
        self.between = LabelledEntry(labels["between"], parent=self)
        self.minutes = LabelledEntry(labels["minutes"], parent=self)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        column.setSpacing(t.SPACE_2)
        column.addWidget(self.facts)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_4)
        row.addWidget(self.every)
        row.addWidget(self.minutes)
        column.addLayout(row)
        column.addWidget(self.between)
        column.addStretch(1)
        for entry in (self.every, self.between, self.minutes):
            entry.field.textEdited.connect(lambda _text: self.typed.emit(self.value()))
            entry.field.entered.connect(lambda _text: self.left.emit())
            entry.field.given_up.connect(self.left)

    def value(self) -> OwnTyped:
        """What is typed."""
        return OwnTyped(
            self.every.field.text(), self.between.field.text(), self.minutes.field.text()
        )

    def show_typed(self, facts: str, typed: OwnTyped, usual: OwnTyped) -> None:
        """Show a customer."""
        self.facts.setText(facts)
        for entry, text, hint in (
            (self.every, typed.every, usual.every),
            (self.between, typed.between, usual.between),
            (self.minutes, typed.minutes, usual.minutes),
        ):
            entry.field.put_text(text)
            if entry.field.text() != text:
                entry.field.setText(text)
            entry.field.setPlaceholderText(hint)

    def go(self) -> None:
        """Put the keyboard into the first field."""
        self.every.field.setFocus()
        self.every.field.selectAll()


class ChangePart(QWidget):
    """What the typed change would do: a sentence, the figures, and how they come about."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.said = TextLabel("", wrap=True, parent=self)
        self.table = CompareTable(_("What changes in a month"), self)
        self.reps = side_table(
            reps_model(self), _("What changes rep by rep"), self, name="attention.reps",
            row_height=_REP_ROW,
        )  # fmt: skip
        self.reps.hide()
        self._formula = TextLabel(
            words.formula_text(), ink="muted", size=t.SIZE_SMALL, wrap=True, parent=self
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_2)
        column.addWidget(HLine(self))
        for label in (self.said, self._formula):
            label.setContentsMargins(t.SPACE_3, t.SPACE_1, t.SPACE_3, t.SPACE_1)
        column.addWidget(self.said)
        column.addWidget(self.table)
        column.addWidget(self.reps)
        column.addWidget(self._formula)
        column.addStretch(1)

    def show_change(self, item: ChangeItem) -> None:
        """Show another change."""
        self.said.setText(item.problem or item.sentence)
        self.said.set_ink("danger" if item.problem else "text")
        self.table.setVisible(bool(item.rows))
        if item.rows:
            self.table.show_rows(item.rows)
        self.reps.setVisible(bool(item.reps))
        self.reps.rows_model().set_keys(
            [rep.id for rep in item.reps], {rep.id: rep for rep in item.reps}
        )
        theme.fix_height(self.reps, _REP_ROW * len(item.reps) + 38)

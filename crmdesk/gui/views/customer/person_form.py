"""The form of one person, in place of value and contacts: typed, saved by Ctrl+Enter, left by Esc.

Owns layout and input; what was typed is checked and saved by the presenter's service.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.panels import Panel
from crmdesk.i18n import _
from crmdesk.services.people import Person


class PersonForm(Panel):
    """See the module; `saved(person)` comes with Ctrl+Enter."""

    saved = Signal(object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Contact"), "", parent)
        back = KeyHintButton(_("Close"), "Esc", kind="quiet", parent=self)
        back.clicked.connect(self.closed)
        self.save = KeyHintButton(_("Save"), keys.hint("customer.save"), parent=self)
        self.save.clicked.connect(self._on_saved)
        if self.header is not None:
            self.header.add_right(back)
            self.header.add_right(self.save)
        self.entries = {
            "name": LabelledEntry(_("Name"), parent=self),
            "job": LabelledEntry(_("Job"), parent=self),
            "phone": LabelledEntry(_("Telephone"), parent=self),
            "email": LabelledEntry(_("E-mail"), parent=self),
            "best_time": LabelledEntry(_("Best time"), parent=self),
            "birthday": LabelledEntry(_("Birthday"), placeholder="1980-11-24", parent=self),
            "note": LabelledEntry(_("Note"), parent=self),
        }
        grid = QGridLayout()
        grid.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        grid.setHorizontalSpacing(t.SPACE_4)
        grid.setVerticalSpacing(t.SPACE_2)
        for at, entry in enumerate(self.entries.values()):
            grid.addWidget(entry, at // 2, at % 2)
            entry.field.given_up.connect(self.closed)
        self.body.addLayout(grid)
        self.problem = TextLabel("", ink="danger", parent=self)
        self.problem.setContentsMargins(t.SPACE_3, 0, t.SPACE_3, 0)
        self.body.addWidget(self.problem)
        self.body.addStretch(1)

    def show_person(self, title: str, person: Person) -> None:
        """Show somebody, or an empty form, with the keyboard in the name."""
        self.set_title(title, "")
        self.problem.setText("")
        for name, entry in self.entries.items():
            entry.field.put_text(str(getattr(person, name)))
        self.entries["name"].field.setFocus()
        self.entries["name"].field.selectAll()

    def person(self) -> Person:
        """What is typed."""
        return Person(**{name: entry.field.text() for name, entry in self.entries.items()})

    def say(self, field: str, words: str) -> None:
        """Say what is wrong with a field and put the keyboard there."""
        self.problem.setText(words)
        if field in self.entries:
            self.entries[field].field.setFocus()

    def submit(self) -> None:
        """Save what is typed."""
        self._on_saved()

    def _on_saved(self) -> None:
        self.saved.emit(self.person())

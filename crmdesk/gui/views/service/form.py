"""The form of a new ticket, and the line in which words to a ticket are written.

Own layout and keys; what they mean is the presenter's.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.domain.states import TicketKind
from crmdesk.domain.tickets import Priority, priority_word, ticket_kind_word
from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.service.reporting import Reported
from crmdesk.gui.views.service.steps import Words
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.entries import EntryLine, LabelledEntry
from crmdesk.gui.widgets.field_form import ChoiceField, labelled
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.panels import FlowBox, Panel, Surface
from crmdesk.gui.widgets.product_finder import ProductFinder
from crmdesk.i18n import _
from crmdesk.services.queries.order import FoundProduct


class ReportForm(Panel):
    """Hidden until it is opened; `reported` asks to keep it, `closed` leaves it."""

    reported = Signal(object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("New ticket"), "", parent)
        self._customer = ""
        self._left: dict[str, tuple[str, ...]] = {}
        column = QVBoxLayout()
        column.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        column.setSpacing(t.SPACE_2)
        self.kinds = SegmentedControl(
            [(kind.value, ticket_kind_word(kind.value)) for kind in TicketKind], _("Kind"), self
        )
        self.priorities = SegmentedControl(
            [(one.value, priority_word(one.value).capitalize()) for one in Priority],
            _("Priority"), self,
        )  # fmt: skip
        first = QHBoxLayout()
        first.setSpacing(t.SPACE_3)
        first.addWidget(self.kinds)
        first.addWidget(self.priorities)
        first.addStretch(1)
        column.addLayout(first)
        subject = LabelledEntry(_("What is wrong"), parent=self)
        details = LabelledEntry(_("In detail"), parent=self)
        order = LabelledEntry(_("Order"), placeholder=_("number, if it is about one"), parent=self)
        returned = LabelledEntry(
            _("Return"), placeholder=_("number, if it is about one"), parent=self
        )
        self.subject, self.details, self.order = subject.field, details.field, order.field
        self.returned = returned.field
        self.contact = ChoiceField(_("Contact"), [("", "–")], self)
        column.addWidget(subject)
        column.addWidget(labelled(_("Contact"), self.contact, self))
        self.contact.entered.connect(lambda _text: self.focusNextChild())
        self.contact.given_up.connect(self.leave)
        for entry in (details, order, returned):
            column.addWidget(entry)
        for entry in (subject, details, order, returned):
            entry.field.be_of_a_form()
            entry.field.entered.connect(lambda _text: self.focusNextChild())
            entry.field.given_up.connect(self.leave)
        self.finder = ProductFinder(
            self, words=_("SKU, if it is about one"), key=keys.hint("service.sku")
        )
        self.finder.left.connect(self.leave)
        self._product = TextLabel("", ink="muted", parent=self)
        column.addWidget(self.finder)
        column.addWidget(self._product)
        last = QHBoxLayout()
        last.addStretch(1)
        leave = KeyHintButton(_("Cancel"), "Esc", kind="quiet", parent=self)
        self._save = KeyHintButton(
            _("Open ticket"), keys.hint("service.save"), kind="filled", parent=self
        )
        leave.clicked.connect(self.leave)
        self._save.clicked.connect(self.submit)
        last.addWidget(leave)
        last.addWidget(self._save)
        column.addLayout(last)
        self.body.addLayout(column)
        self.hide()

    def open(self, customer: str, contacts: Sequence[tuple[int, str]] = ()) -> None:
        """Open it for a customer with these people: empty, or as it was left unsaved."""
        self.contact.set_choices([("", "–"), *((str(key), name) for key, name in contacts)])
        self.set_title(_("New ticket"), customer)
        left = self._left.pop(customer, ("", "", "", ""))
        self._customer = customer
        for field, text in zip(self._lines(), left, strict=True):
            field.put_text(text)
            field.setText(text)
        self.kinds.choose(TicketKind.INCIDENT.value)
        self.priorities.choose(Priority.NORMAL.value)
        self.show_product("")
        self.finder.close_matches()
        self.show()
        self.subject.setFocus()

    def _lines(self) -> tuple[EntryLine, ...]:
        return self.subject, self.details, self.order, self.returned

    def leave(self) -> None:
        """Close it; what was typed is there again when it is opened for the same customer."""
        texts = tuple(field.text() for field in self._lines())
        if any(texts):
            self._left[self._customer] = texts
        self.closed.emit()

    def show_product(self, name: str) -> None:
        """Name the SKU it is about."""
        self._product.setText(_("About {product}").format(product=name) if name else "")
        self._product.setVisible(bool(name))

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show SKUs it can be about."""
        self.finder.show_found(found)

    def submit(self) -> None:
        """Ask to keep it."""
        self.reported.emit(
            Reported(
                TicketKind(self.kinds.choice()), Priority(self.priorities.choice()),
                self.subject.text(), self.details.text(), self.order.text(), self.returned.text(),
                int(self.contact.value()) if self.contact.value() else None,
            )
        )  # fmt: skip


class ChoiceBar(Surface):
    """Choices by digit; `chosen((value,))` with one of them, `closed` with Esc."""

    chosen = Signal(object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="raised", edge="border_strong")
        self._values: dict[str, object] = {}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        column.setSpacing(t.SPACE_2)
        self._title = LineLabel(parent=self)
        self._flow = FlowBox(self)
        column.addWidget(self._title)
        column.addWidget(self._flow)
        self.hide()

    def ask(self, title: str, choices: Sequence[tuple[str, str, object]]) -> None:
        """Show itself with the keyboard in it; ``choices`` are digit, words and value."""
        self._values = {digit: value for digit, _words, value in choices}
        self._title.set_runs([Run(title, weight=t.SEMIBOLD)])
        self.setAccessibleName(title)
        buttons = []
        for digit, words, _value in choices:
            button = KeyHintButton(words, digit)
            button.clicked.connect(lambda _on=False, digit=digit: self._take(digit))
            buttons.append(button)
        self._flow.set_parts(buttons)
        self.show()
        self.setFocus()

    def event(self, event: QEvent) -> bool:
        # While it is open its digits come before the keys of the place.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and (event.text() in self._values or event.key() == Qt.Key.Key_Escape)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.closed.emit()
        elif event.text() in self._values:
            self._take(event.text())
        else:
            super().keyPressEvent(event)

    def _take(self, digit: str) -> None:
        self.hide()
        self.closed.emit()
        self.chosen.emit((self._values[digit],))


class WordsBar(Surface):
    """One line for words to a ticket; `said(kind, text)` with Enter, `closed` with Esc."""

    said = Signal(str, str)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="raised", edge="border_strong")
        self._kind, self._last = Words.REPLY, ""
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        column.setSpacing(t.SPACE_2)
        self._title = LineLabel(parent=self)
        self.field = EntryLine(_("Words"), parent=self)
        self.field.setMaxLength(4_000)
        save = KeyHintButton(_("Save"), "Enter", parent=self)
        leave = KeyHintButton(_("Cancel"), "Esc", kind="quiet", parent=self)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_2)
        row.addWidget(self.field, 1)
        row.addWidget(save)
        row.addWidget(leave)
        column.addWidget(self._title)
        column.addLayout(row)
        save.clicked.connect(self._on_said)
        leave.clicked.connect(self._on_left)
        self.field.entered.connect(lambda _text: self._on_said())
        self.field.given_up.connect(self._on_left)
        self.hide()

    def ask(self, kind: Words, title: str) -> None:
        """Show itself with the keyboard in it; what was typed of the same kind is still there."""
        if kind is not self._kind:
            self.field.put_text("")
            self.field.clear()
        self._kind = kind
        self._title.set_runs([Run(title, weight=t.SEMIBOLD)])
        self.field.setAccessibleName(title)
        self.show()
        self.field.setFocus()

    def _on_said(self) -> None:
        self._on_left()
        self._last = self.field.text()
        self.said.emit(self._kind.value, self._last)

    def forget(self) -> None:
        """What was said is written: the line is empty when it opens next."""
        if self.field.text() == self._last:
            self.field.put_text("")
            self.field.clear()

    def _on_left(self) -> None:
        self.hide()
        self.closed.emit()

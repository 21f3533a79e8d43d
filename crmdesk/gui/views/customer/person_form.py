"""The form of one person, in place of value and contacts: typed, saved by Ctrl+Enter, left by Esc.

Owns layout and input; what was typed is checked and saved by the presenter's service. The last row
of telephones and addresses is always empty: typing in it makes another one.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.domain.consents import Channel, Consent, channel_word, read_consent
from crmdesk.domain.errors import FieldError
from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.entries import EntryLine, LabelledEntry
from crmdesk.gui.widgets.field_form import ChoiceField, FormFrame, labelled, scrolling
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.i18n import _, pgettext
from crmdesk.services.people import EMAIL, MOBILE, MOST_WAYS, PHONE, Person, Way

_NUMBER, _LABEL, _LIST = 128, 64, 160
_SHORT = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
_NEVER, _YES, _NO = "", "yes", "no"


def way_words() -> list[tuple[str, str]]:
    """The kinds of ways to reach somebody."""
    return [(PHONE, _("Telephone")), (MOBILE, _("Mobile")), (EMAIL, _("E-mail"))]


class WayRow(QWidget):
    """One way to reach somebody: kind, value, whose or where, and whether it is the first one."""

    typed = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = 0
        self.kind = ChoiceField(_("Kind"), way_words(), self)
        self.value = EntryLine(_("Number or address"), _("number or address"), self)
        self.label = EntryLine(_("Whose or where"), _("office, private"), self)
        self.value.be_of_a_form()
        self.label.be_of_a_form()
        self.first = ChoiceField(_("Preferred"), [("", "–"), ("1", _("preferred"))], self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_2)
        for widget, share in ((self.kind, 0), (self.value, 5), (self.label, 3), (self.first, 0)):
            row.addWidget(widget, share)
        # A telephone number is read whole before a choice is: the list shows that in full.
        theme.least_width(self.value, _NUMBER)
        theme.least_width(self.label, _LABEL)
        for choice, letters in ((self.kind, 6), (self.first, 3)):
            choice.setSizeAdjustPolicy(_SHORT)
            choice.setMinimumContentsLength(letters)
            theme.least_width(choice.view(), _LIST)
        self.value.textEdited.connect(lambda _text: self.typed.emit())
        for field in (self.kind, self.value, self.label, self.first):
            field.entered.connect(lambda _text: self.focusNextChild())
            field.given_up.connect(self.left)

    def show_way(self, way: Way) -> None:
        """Show a stored way, or an empty row."""
        self._key = way.key
        self.kind.choose(way.kind)
        for field, text in ((self.value, way.value), (self.label, way.label)):
            field.put_text(text)
            field.setText(text)
        self.first.choose("1" if way.preferred else "")

    def way(self) -> Way:
        """What is typed; an address is one whatever kind was left beside it."""
        value, kind = self.value.text(), self.kind.value()
        if "@" in value:
            kind = EMAIL
        return Way(kind, value, self.label.text(), bool(self.first.value()), self._key)


class ConsentRow(QWidget):
    """What somebody said about one channel, and on which day; no day typed: today."""

    left = Signal()

    def __init__(self, channel: Channel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.channel = channel
        name = channel_word(channel)
        choices = [
            (_NEVER, pgettext("consent", "not asked")), (_YES, pgettext("consent", "agreed")),
            (_NO, pgettext("consent", "refused")),
        ]  # fmt: skip
        self.said = ChoiceField(name, choices, self)
        self.on = EntryLine(_("{channel}, on which day").format(channel=name), _("today"), self)
        self.on.be_of_a_form()
        theme.fix_width(self.on, 110)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(labelled(name, self.said, self), 1)
        row.addWidget(self.on)
        for field in (self.said, self.on):
            field.entered.connect(lambda _text: self.focusNextChild())
            field.given_up.connect(self.left)

    def show_consent(self, consent: Consent | None) -> None:
        """Show what is stored."""
        self.said.choose(_NEVER if consent is None else _YES if consent.given else _NO)
        text = "" if consent is None else consent.on.isoformat()
        self.on.put_text(text)
        self.on.setText(text)

    def typed(self) -> tuple[Channel, str, str]:
        """Channel, what is chosen, and the day as it is typed."""
        return self.channel, self.said.value(), self.on.text()


class PersonForm(FormFrame):
    """See the module; `saved(person)` comes with Ctrl+Enter."""

    saved = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(keys.hint("customer.save"), parent)
        self.entries = {
            "name": LabelledEntry(_("Name"), parent=self),
            "job": LabelledEntry(_("Job"), placeholder=_("buyer, owner, cook"), parent=self),
            "best_time": LabelledEntry(_("Best time"), parent=self),
            "birthday": LabelledEntry(_("Birthday"), placeholder="1980-11-24", parent=self),
            "language": LabelledEntry(_("Language"), placeholder="es, en, ru", parent=self),
            "note": LabelledEntry(_("Note"), parent=self),
        }
        self.ways: list[WayRow] = []
        self.consents = [ConsentRow(channel, self) for channel in Channel]
        self._today = ""
        self._opened: tuple[object, ...] = ()
        inside = QWidget(self)
        grid = QGridLayout(inside)
        grid.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        grid.setHorizontalSpacing(t.SPACE_4)
        left, self._way_rows = QVBoxLayout(), QVBoxLayout()
        right = QVBoxLayout()
        for column in (left, right, self._way_rows):
            column.setSpacing(t.SPACE_2)
        for entry in self.entries.values():
            left.addWidget(entry)
            entry.field.entered.connect(lambda _text: self.focusNextChild())
            entry.field.be_of_a_form()
            entry.field.given_up.connect(self.leave)
        left.addStretch(1)
        right.addWidget(TextLabel(_("How to reach"), ink="muted", parent=inside))
        right.addLayout(self._way_rows)
        right.addWidget(TextLabel(_("May be contacted by"), ink="muted", parent=inside))
        for row in self.consents:
            right.addWidget(row)
            row.left.connect(self.leave)
        right.addStretch(1)
        grid.addLayout(left, 0, 0)
        grid.addLayout(right, 0, 1)
        grid.setColumnStretch(0, 4)
        grid.setColumnStretch(1, 6)
        self.body.addWidget(scrolling(inside, self), 1)
        self.save_wanted.connect(self.submit)

    def show_person(self, title: str, person: Person, today: str) -> None:
        """Show somebody, or an empty form, with the keyboard in the name."""
        self._today = today
        self.set_title(title, "")
        self.set_actions(())
        self.say_problem("")
        for name, entry in self.entries.items():
            entry.field.put_text(str(getattr(person, name)))
            entry.field.setText(str(getattr(person, name)))
        self._show_ways(person.ways)
        said = {one.channel: one for one in person.consents}
        for row in self.consents:
            row.show_consent(said.get(row.channel))
        self._opened = self._stands()
        self.entries["name"].field.setFocus()
        self.entries["name"].field.selectAll()

    def is_changed(self) -> bool:
        """Whether anything stands in it that has not been saved."""
        return self._stands() != self._opened

    def _stands(self) -> tuple[object, ...]:
        """Everything that stands in its fields, right or wrong."""
        named = tuple(entry.field.text() for entry in self.entries.values())
        ways = tuple(row.way() for row in self.ways if row.value.text().strip())
        return named, ways, tuple(row.typed() for row in self.consents)

    def _show_ways(self, ways: Sequence[Way]) -> None:
        wanted = len(ways) + 1
        while len(self.ways) < wanted:
            self._add_row()
        for row in self.ways[wanted:]:
            self._way_rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        del self.ways[wanted:]
        for row, way in zip(self.ways, (*ways, Way(PHONE, "")), strict=True):
            row.show_way(way)
        self._order_of_tab()

    def _add_row(self) -> None:
        row = WayRow(self)
        row.show_way(Way(PHONE, ""))
        row.typed.connect(self._on_typed)
        row.left.connect(self.leave)
        self.ways.append(row)
        self._way_rows.addWidget(row)

    def _order_of_tab(self) -> None:
        """Rows that came later stand before the consents for the keyboard too."""
        fields = [f for row in self.ways for f in (row.kind, row.value, row.label, row.first)]
        fields += [f for row in self.consents for f in (row.said, row.on)]
        before: QWidget = self.entries["note"].field
        for field in fields:
            QWidget.setTabOrder(before, field)
            before = field

    def _on_typed(self) -> None:
        if self.ways[-1].value.text().strip() and len(self.ways) < MOST_WAYS:
            self._add_row()
            self._order_of_tab()

    def person(self) -> Person:
        """What is typed. FieldError for a day of a consent that is none."""
        said = [read_consent(*row.typed(), today=self._today) for row in self.consents]
        return Person(
            **{name: entry.field.text() for name, entry in self.entries.items()},
            ways=tuple(row.way() for row in self.ways if row.value.text().strip()),
            consents=tuple(one for one in said if one is not None),
        )

    def say(self, field: str, words: str) -> None:
        """Say what is wrong with a field and put the keyboard there."""
        self.say_problem(words)
        kind, _point, place = field.partition(".")
        if field in self.entries:
            self.entries[field].field.setFocus()
        elif kind == "way" and place.isdecimal():
            filled = [row for row in self.ways if row.value.text().strip()]
            if int(place) < len(filled):
                filled[int(place)].value.setFocus()
        elif kind == "consent":
            next(row for row in self.consents if row.channel.value == place).on.setFocus()

    def submit(self) -> None:
        """Save what is typed."""
        try:
            self.saved.emit(self.person())
        except FieldError as error:
            self.say(error.field, error.message)

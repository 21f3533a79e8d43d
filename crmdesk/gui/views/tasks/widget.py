"""The tasks on the screen: heading, kinds, table, the form of a task, the day to put off to.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.tasks.forms import Ask
from crmdesk.gui.views.tasks.model import TasksModel
from crmdesk.gui.views.tasks.presenter import ALL, TasksPresenter
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.customer_picker import CustomerPicker
from crmdesk.gui.widgets.formbar import Form, FormBar
from crmdesk.gui.widgets.lines import Run, TextLabel
from crmdesk.gui.widgets.listpanel import ListPanel
from crmdesk.gui.widgets.panels import PageHeader, Surface
from crmdesk.i18n import _
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.notices import Notice

_WEEK = 7


class TasksPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = TasksPresenter(context, self)
        self._today = context.workspace.today
        self._currency = context.workspace.currency
        self._settings = context.settings
        # What the bar asks about, though another may be selected by the time it is answered.
        self._put_off: str | None = None
        self._build()
        self._bind()
        self.setFocusProxy(self.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``promise``: which one to show; ``kind``: which chip; ``new``: a customer's new task."""
        if "promise" in args:
            self.presenter.show_task(int(args["promise"]))
        if "kind" in args:
            self.presenter.choose(str(args["kind"]))
        if "new" in args:
            self.presenter.steps.ask_new(int(args["new"]), goes_back=True)

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Tasks"), self)
        self._snooze = KeyHintButton(_("Put off"), keys.hint("tasks.snooze"), parent=self)
        self._done = KeyHintButton(_("Done"), keys.hint("tasks.done"), parent=self)
        self._new = KeyHintButton(_("New task"), keys.hint("tasks.new"), kind="filled", parent=self)
        for widget in (self._snooze, self._done, self._new):
            self._header.add_action(widget)
        column.addWidget(self._header)
        self.picker = CustomerPicker(self, title=_("New task"))
        self.picker.hide()
        column.addWidget(self.picker)
        column.addWidget(self._bar())
        self.model = TasksModel(self._today, self._currency, self)
        self._panel = ListPanel(
            self.model,
            _("Tasks"),
            name="check",
            chips=[(ALL, _("All"))],
            sorted_by=(-1, Qt.SortOrder.AscendingOrder),
            foot=(
                "tasks.act", "tasks.open", "tasks.card", "tasks.done", "tasks.snooze",
                "tasks.until", "tasks.edit", "tasks.give",
            ),
            settings=self._settings,
            parent=self,
        )  # fmt: skip
        self.chips, self.table = self._panel.chips, self._panel.table
        self.table.horizontalHeader().setSortIndicatorShown(False)
        column.addWidget(self._panel, 1)
        self.form = FormBar(self)
        column.addWidget(self.form)

    def _bar(self) -> QWidget:
        self.bar = Surface(self, ground="raised", edge="border_strong")
        column = QVBoxLayout(self.bar)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_2)
        row.addWidget(TextLabel(_("Put off until"), parent=self.bar))
        self.day = QLineEdit(self.bar)
        self.day.setAccessibleName(_("Put off until"))
        self.day.setPlaceholderText(_("a day, such as 3 Dec or next Monday"))
        row.addWidget(self.day, 1)
        row.addWidget(KeyHintButton(_("Put off"), "Enter", parent=self.bar))
        row.addWidget(KeyHintButton(_("Cancel"), "Esc", kind="quiet", parent=self.bar))
        take, leave = self.bar.findChildren(KeyHintButton)
        column.addLayout(row)
        self._problem = TextLabel("", ink="danger", wrap=True, parent=self.bar)
        self._problem.hide()
        column.addWidget(self._problem)
        take.clicked.connect(self._on_day_given)
        leave.clicked.connect(self.close_bar)
        self.day.returnPressed.connect(self._on_day_given)
        self.bar.hide()
        return self.bar

    def _bind(self) -> None:
        presenter = self.presenter
        self.chips.chosen.connect(presenter.choose)
        self.table.opened.connect(presenter.open)
        self._new.clicked.connect(self.picker.open)
        self.picker.serve(
            presenter.steps.customers.find, presenter.steps.ask_new, self.table.setFocus
        )
        self.form.given.connect(presenter.steps.answer)
        self.form.closed.connect(self.table.setFocus)
        self._snooze.clicked.connect(lambda: presenter.snooze(self._key(), 1))
        self._done.clicked.connect(lambda: presenter.done(self._key()))
        for action, slot in (
            ("tasks.act", lambda: presenter.act(self._key())),
            ("tasks.card", lambda: presenter.card(self._key())),
            ("tasks.done", lambda: presenter.done(self._key())),
            ("tasks.snooze", lambda: presenter.snooze(self._key(), 1)),
            ("tasks.week", lambda: presenter.snooze(self._key(), _WEEK)),
            ("tasks.until", self._on_until_wanted),
            ("tasks.new", self.picker.open),
            ("tasks.edit", lambda: presenter.steps.ask(Ask.EDIT, self._notice())),
            ("tasks.give", lambda: presenter.steps.ask(Ask.GIVE, self._notice())),
        ):
            keys.bind(self, action, slot)

    # ------------------------------------------------------------------- the presenter's view

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the kinds with their counts."""
        self._panel.show_chips(chips)

    def show_heading(self, words: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(_("Tasks"), [Run(words, "muted")])

    def show_rows(self, rows: Mapping[str, Notice]) -> None:
        """Show these notices; of one that is gone the next is selected."""
        place = self.table.currentIndex().row()
        current = self.table.current_key()
        self.model.set_keys(list(rows), dict(rows))
        if current is None or not self.table.select_key(current):
            following = self.model.key_at(min(max(place, 0), len(rows) - 1))
            if following is not None:
                self.table.select_key(following)

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is none."""
        self._panel.show_empty(title, hint)

    def select(self, key: str) -> None:
        """Move the selection to a notice."""
        self.table.select_key(key)

    def say_problem(self, words: str) -> None:
        """Say what is wrong with the day typed."""
        self._problem.setText(words)
        self._problem.setVisible(bool(words))

    def close_bar(self) -> None:
        """The day was taken, or is not wanted."""
        if self.bar.isVisible():
            self.bar.hide()
            self.table.setFocus()

    def choose_chip(self, key: str) -> None:
        """Turn a chip on."""
        self.chips.choose(key)

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that a task can be made for."""
        self.picker.show_matches(rows)

    def ask(self, form: Form) -> None:
        """Open the form."""
        self.form.ask(form)

    def complain(self, problem: str, field: str) -> None:
        """Say what is wrong in the form."""
        self.form.complain(problem, field)

    def put_form_away(self) -> None:
        """Close the form."""
        self.form.put_away()
        self.table.setFocus()

    # --------------------------------------------------------------------------------- input

    def _notice(self) -> Notice | None:
        return self.presenter.notice(self._key())

    def _key(self) -> str | None:
        key = self.table.current_key()
        return key if isinstance(key, str) else None

    def _on_until_wanted(self) -> None:
        self._put_off = self._key()
        if self.presenter.can_wait(self._put_off):
            self.say_problem("")
            self.day.clear()
            self.bar.show()
            self.day.setFocus()

    def _on_day_given(self) -> None:
        self.presenter.snooze_until(self._put_off, self.day.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.bar.isVisible():
            self.close_bar()
            return
        super().keyPressEvent(event)


def build(context: PlaceContext) -> TasksPlace:
    """Make the place."""
    return TasksPlace(context)

"""What the tasks do, without Qt: reading what waits, acting, putting off, putting aside.

Painting and keys are the widget's; making and giving tasks is
:mod:`crmdesk.gui.views.tasks.steps`'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui.dates import read_day
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.tasks.steps import StepsView, TaskSteps
from crmdesk.gui.views.tasks.words import UNDATED, chip_of, facts, kind_words
from crmdesk.i18n import _, format_date_near, format_number, pgettext
from crmdesk.services import notices as commands
from crmdesk.services import plans, undo, visits
from crmdesk.services.queries.notices import (
    Notice,
    NoticeKind,
    coming_tasks,
    given_tasks,
    notices,
)

ALL, COMING, GIVEN, PUT_OFF = "all", "coming", "given", "put_off"
_SHOWN_KINDS = (
    "notice_state", "promise", "quote", "order", "ticket", "opportunity", "lead", "sale",
    "planned_visit", "contact", "account", "visit",
)  # fmt: skip


class TasksView(StepsView, Protocol):
    """What the presenter asks of the widget."""

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the kinds with their counts."""

    def show_heading(self, words: str) -> None:
        """Show the line beside the title."""

    def show_rows(self, rows: Mapping[str, Notice]) -> None:
        """Show these notices in this order."""

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is none; empty words mean there are some."""

    def select(self, key: str) -> None:
        """Move the selection to a notice."""

    def say_problem(self, words: str) -> None:
        """Say what is wrong with the day typed."""

    def close_bar(self) -> None:
        """The day was taken."""

    def choose_chip(self, key: str) -> None:
        """Turn a chip on."""


class TasksPresenter:
    """The one quiet list."""

    def __init__(self, context: PlaceContext, view: TasksView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner, self._desk, self._view = context.runner, context.desk, view
        self._chip = ALL
        self._waiting: tuple[Notice, ...] = ()
        self._more: dict[str, tuple[Notice, ...]] = {}
        self.steps = TaskSteps(context, self, view)
        self._wanted: int | None = None
        self._asked = 0

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time."""
        self._read()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when something of it was touched."""
        if changes.touches(*_SHOWN_KINDS):
            self._read()

    # -------------------------------------------------------------------------------- intents

    def choose(self, chip: str) -> None:
        """Show one kind, all, what is still to come, was given away or put off."""
        self._chip = chip
        self._show()

    def show_task(self, task_id: int) -> None:
        """Show one task or promise, wherever it stands, as soon as it has been read."""
        self._wanted = task_id
        self._read()

    def notice(self, key: str | None) -> Notice | None:
        """What stands in a row."""
        every = (*self._waiting, *(one for rows in self._more.values() for one in rows))
        return next((one for one in every if one.key == key), None)

    def open(self, key: str | None) -> None:
        """Open what it is about."""
        notice = self.notice(key)
        if notice is None:
            return
        targets: dict[NoticeKind, tuple[str, dict[str, object]]] = {
            NoticeKind.FOLLOW_UP: ("quote", {"quote": notice.row_id}),
            NoticeKind.EXPIRING: ("quote", {"quote": notice.row_id}),
            NoticeKind.REJECTED: ("order", {"order": notice.row_id}),
            NoticeKind.TICKET: ("service", {"ticket": notice.row_id}),
            NoticeKind.OPPORTUNITY: ("pipeline", {"deal": notice.row_id}),
            NoticeKind.STALE_DEAL: ("pipeline", {"deal": notice.row_id}),
            NoticeKind.LEAD: ("pipeline", {"lead": notice.row_id}),
            NoticeKind.STALE_LEAD: ("pipeline", {"lead": notice.row_id}),
        }
        card: dict[str, object] = {"account": notice.account_id or 0}
        place, args = targets.get(notice.kind, ("customer", card))
        self._desk.go(place, **args)

    def card(self, key: str | None) -> None:
        """Open the customer's card."""
        notice = self.notice(key)
        if notice is not None and notice.account_id is not None:
            self._desk.go("customer", account=notice.account_id)

    def act(self, key: str | None) -> None:
        """Do the one thing that this kind asks for."""
        notice, ws = self.notice(key), self.workspace
        if notice is None:
            return
        account = notice.account_id
        if notice.kind is NoticeKind.PROMISE:
            self._write(lambda: visits.keep_promise(ws, notice.row_id), _("Done."))
        elif notice.kind is NoticeKind.SILENT and account is not None:
            day = _next_working_day(ws.today())
            words = _("A call is planned: {customer}, {day}.").format(
                customer=notice.customer, day=format_date_near(day, ws.today())
            )
            self._write(lambda: plans.add_visit(ws, account, day, mode="call"), words)
        else:
            self.open(key)

    def done(self, key: str | None) -> None:
        """Be done with it: a promise is kept, anything else is put aside."""
        notice, ws = self.notice(key), self.workspace
        if notice is None:
            return
        if notice.kind is NoticeKind.PROMISE:
            self.act(key)
            return
        words = _("Put aside. It comes back with a new reason.")
        self._write(lambda: commands.put_aside(ws, [notice.key]), words)

    def snooze(self, key: str | None, days: int) -> None:
        """Put it off by some days; one that is put off already waits again."""
        notice, ws = self.notice(key), self.workspace
        if notice is None:
            return
        if notice.snoozed_until is not None:
            self._write(lambda: commands.bring_back(ws, [notice.key]), _("It waits again."))
        elif self._can_wait(notice):
            self._snooze(notice, ws.today() + timedelta(days=days))

    def can_wait(self, key: str | None) -> bool:
        """Whether a row can be put off to a day; says why not."""
        notice = self.notice(key)
        return notice is not None and self._can_wait(notice)

    def snooze_until(self, key: str | None, words: str) -> None:
        """Put it off until a day as typed."""
        notice = self.notice(key)
        if notice is None:
            self._view.close_bar()
            self._desk.toast(_("What this was about is no longer here."))
            return
        day = read_day(words, self.workspace.today())
        if day is None:
            self._view.say_problem(_("“{words}” is no day.").format(words=words))
            return
        self._snooze(notice, day)

    # -------------------------------------------------------------------------------- reading

    def _can_wait(self, notice: Notice) -> bool:
        if notice in self._waiting:
            return True
        self._desk.toast(_("This does not wait for you now. T gives it another day."))
        return False

    def _read(self) -> None:
        self._asked += 1
        number, ws = self._asked, self.workspace

        def work() -> tuple[tuple[Notice, ...], dict[str, tuple[Notice, ...]]]:
            more = {
                COMING: coming_tasks(ws), GIVEN: given_tasks(ws),
                PUT_OFF: notices(ws, put_off=True),
            }  # fmt: skip
            return notices(ws), more

        def done(found: tuple[tuple[Notice, ...], dict[str, tuple[Notice, ...]]]) -> None:
            if number == self._asked:
                self._waiting, self._more = found
                self._go_to_wanted()
                self._show()

        self._runner.read(work, done, owner=self)

    def _go_to_wanted(self) -> None:
        """Turn on the chip under which the wanted task stands."""
        where = {ALL: self._waiting, **self._more}
        for chip, rows in where.items():
            if any(_is_task(one, self._wanted) for one in rows):
                self._chip = chip
                return

    def _show(self) -> None:
        today = self.workspace.today()
        self._view.show_chips(self._chips())
        self._view.choose_chip(self._chip)
        late = sum(one.day < today and one.kind not in UNDATED for one in self._waiting)
        self._view.show_heading(facts(len(self._waiting), late))
        rows = self._more.get(self._chip, self._waiting)
        if self._chip not in (ALL, *self._more):
            rows = tuple(one for one in rows if chip_of(one.kind) == self._chip)
        self._view.show_rows({one.key: one for one in rows})
        self._view.show_empty(*(_empty(self._chip) if not rows else ("", "")))
        wanted = [one.key for one in rows if _is_task(one, self._wanted)]
        if wanted:
            self._wanted = None
            self._view.select(wanted[0])

    def _chips(self) -> list[ChipItem]:
        words, counts = kind_words(), Counter(chip_of(one.kind) for one in self._waiting)
        chips = [ChipItem(ALL, f"{_('All')} {format_number(len(self._waiting))}")]
        chips += [
            ChipItem(kind, f"{words[kind]} {format_number(counts[kind])}")
            for kind in words
            if counts[kind] or kind == self._chip
        ]
        titles = {
            COMING: _("To come"),
            GIVEN: _("Given to others"),
            PUT_OFF: pgettext("notices", "Put off"),
        }
        return chips + [
            ChipItem(key, f"{words} {format_number(len(self._more.get(key, ())))}")
            for key, words in titles.items()
        ]

    def _snooze(self, notice: Notice, until: date) -> None:
        ws = self.workspace
        words = _("Put off until {day}.").format(day=format_date_near(until, ws.today()))
        self._write(lambda: commands.snooze(ws, [notice.key], until), words)

    def _write(self, work: Callable[[], ChangeSet], words: str) -> None:
        ws = self.workspace

        def failed(error: Exception) -> None:
            if isinstance(error, FieldError):
                self._view.say_problem(error.message)
            else:
                self._desk.fail(error)

        def done(changes: ChangeSet) -> None:
            self._view.close_bar()
            txn = changes.undo

            def take_back() -> None:
                if txn is not None:
                    self._runner.write(lambda: undo.undo(ws, txn), owner=self)

            self._desk.toast(words, undo=take_back if txn is not None else None)

        self._runner.write(work, done, failed, owner=self)


def _is_task(notice: Notice, task_id: int | None) -> bool:
    return notice.kind is NoticeKind.PROMISE and notice.row_id == task_id


def _empty(chip: str) -> tuple[str, str]:
    if chip == PUT_OFF:
        return _("Nothing is put off."), _("S puts a notice off until tomorrow.")
    if chip == COMING:
        return _("No task is to come."), _("N makes one, with a day and a customer.")
    if chip == GIVEN:
        return (
            _("Nothing was given to others."),
            _("N makes a task, P gives one to somebody who has the customer."),
        )
    return (
        _("Nothing waits for you."),
        _("Tasks, promises, follow-ups, expiring quotes, silent customers and birthdays show up"
          " here. N makes a task."),
    )  # fmt: skip


def _next_working_day(today: date) -> date:
    """Tomorrow, or Monday."""
    gap = 3 if today.weekday() == 4 else 2 if today.weekday() == 5 else 1
    return today + timedelta(days=gap)

"""What the tasks do, without Qt: reading what waits, acting, putting off, putting aside.

Painting and keys are the widget's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.tasks.words import facts, kind_words
from crmdesk.i18n import _, format_date_near, format_number
from crmdesk.services import notices as commands
from crmdesk.services import plans, undo, visits
from crmdesk.services.queries.lists.sentences import read_day
from crmdesk.services.queries.notices import Notice, NoticeKind, notices

ALL, PUT_OFF = "all", "put_off"
_SHOWN_KINDS = (
    "notice_state", "promise", "quote", "order", "ticket", "opportunity", "lead", "sale",
    "planned_visit", "contact", "account", "visit",
)  # fmt: skip


class TasksView(Protocol):
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


class TasksPresenter:
    """The one quiet list."""

    def __init__(self, context: PlaceContext, view: TasksView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner, self._desk, self._view = context.runner, context.desk, view
        self._chip = ALL
        self._waiting: tuple[Notice, ...] = ()
        self._put_off: tuple[Notice, ...] = ()
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
        """Show one kind, all, or what was put off."""
        self._chip = chip
        self._show()

    def show_promise(self, promise_id: int) -> None:
        """Show one promise, as soon as it has been read."""
        self._wanted = promise_id
        self.choose(ALL)

    def open(self, key: str | None) -> None:
        """Open what it is about."""
        notice = self._of(key)
        if notice is None:
            return
        targets: dict[NoticeKind, tuple[str, dict[str, object]]] = {
            NoticeKind.FOLLOW_UP: ("quote", {"quote": notice.row_id}),
            NoticeKind.EXPIRING: ("quote", {"quote": notice.row_id}),
            NoticeKind.REJECTED: ("order", {"order": notice.row_id}),
            NoticeKind.TICKET: ("service", {"ticket": notice.row_id}),
            NoticeKind.OPPORTUNITY: ("pipeline", {"deal": notice.row_id}),
            NoticeKind.LEAD: ("pipeline", {"mode": "leads"}),
        }
        card: dict[str, object] = {"account": notice.account_id or 0}
        place, args = targets.get(notice.kind, ("customer", card))
        self._desk.go(place, **args)

    def card(self, key: str | None) -> None:
        """Open the customer's card."""
        notice = self._of(key)
        if notice is not None and notice.account_id is not None:
            self._desk.go("customer", account=notice.account_id)

    def act(self, key: str | None) -> None:
        """Do the one thing that this kind asks for."""
        notice, ws = self._of(key), self.workspace
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
        notice, ws = self._of(key), self.workspace
        if notice is None:
            return
        if notice.kind is NoticeKind.PROMISE:
            self.act(key)
            return
        words = _("Put aside. It comes back with a new reason.")
        self._write(lambda: commands.put_aside(ws, [notice.key]), words)

    def snooze(self, key: str | None, days: int) -> None:
        """Put it off by some days; one that is put off already waits again."""
        notice, ws = self._of(key), self.workspace
        if notice is None:
            return
        if notice.snoozed_until is not None:
            self._write(lambda: commands.bring_back(ws, [notice.key]), _("It waits again."))
            return
        self._snooze(notice, ws.today() + timedelta(days=days))

    def snooze_until(self, key: str | None, words: str) -> None:
        """Put it off until a day as typed."""
        notice = self._of(key)
        if notice is None:
            return
        day = read_day(words.strip(), self.workspace.today())
        if day is None:
            self._view.say_problem(_("“{words}” is no day.").format(words=words))
            return
        self._snooze(notice, day)

    # -------------------------------------------------------------------------------- reading

    def _read(self) -> None:
        self._asked += 1
        number, ws = self._asked, self.workspace

        def work() -> tuple[tuple[Notice, ...], tuple[Notice, ...]]:
            return notices(ws), notices(ws, put_off=True)

        def done(found: tuple[tuple[Notice, ...], tuple[Notice, ...]]) -> None:
            if number == self._asked:
                self._waiting, self._put_off = found
                self._show()

        self._runner.read(work, done, owner=self)

    def _show(self) -> None:
        today, words = self.workspace.today(), kind_words()
        counts = Counter(one.kind for one in self._waiting)
        chips = [ChipItem(ALL, f"{_('All')} {format_number(len(self._waiting))}")]
        chips += [
            ChipItem(kind, f"{words[kind]} {format_number(counts[kind])}")
            for kind in NoticeKind
            if counts[kind] or kind == self._chip
        ]
        chips.append(ChipItem(PUT_OFF, f"{_('Put off')} {format_number(len(self._put_off))}"))
        self._view.show_chips(chips)
        late = sum(
            one.day < today and one.kind not in (NoticeKind.SILENT, NoticeKind.REJECTED)
            for one in self._waiting
        )
        self._view.show_heading(facts(len(self._waiting), late))
        rows = self._put_off if self._chip == PUT_OFF else self._waiting
        if self._chip not in (ALL, PUT_OFF):
            rows = tuple(one for one in rows if one.kind == self._chip)
        self._view.show_rows({one.key: one for one in rows})
        self._view.show_empty(*(_empty(self._chip) if not rows else ("", "")))
        wanted = [
            one.key for one in rows
            if one.kind is NoticeKind.PROMISE and one.row_id == self._wanted
        ]  # fmt: skip
        if wanted:
            self._wanted = None
            self._view.select(wanted[0])

    def _of(self, key: str | None) -> Notice | None:
        every = (*self._waiting, *self._put_off)
        return next((one for one in every if one.key == key), None)

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


def _empty(chip: str) -> tuple[str, str]:
    if chip == PUT_OFF:
        return _("Nothing is put off."), _("S puts a notice off until tomorrow.")
    return (
        _("Nothing waits for you."),
        _("Promises, follow-ups, expiring quotes, silent customers and birthdays show up here."),
    )


def _next_working_day(today: date) -> date:
    """Tomorrow, or Monday."""
    gap = 3 if today.weekday() == 4 else 2 if today.weekday() == 5 else 1
    return today + timedelta(days=gap)

"""What the end of a day does, without Qt: cash is counted against receipts, a sheet is closed."""

from __future__ import annotations

from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.money import typed_minor
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.day_end.words import DayEndItem, day_end_item, difference_words
from crmdesk.i18n import _
from crmdesk.services import day_sheets, undo
from crmdesk.services.day_sheets import Closed, Closing
from crmdesk.services.queries.day_end import DayEnd, day_end

_SHOWN_KINDS = ("collection", "day_sheet", "account")


class DayEndView(Protocol):
    """What the presenter asks of the widget."""

    def show_day(self, item: DayEndItem) -> None:
        """Show what was taken, and the sheets before."""

    def show_typed(self, counted: str, note: str) -> None:
        """Put the fields to these values."""


class DayEndPresenter:
    """The day of the person who works here."""

    def __init__(self, context: PlaceContext, view: DayEndView) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._day: DayEnd | None = None
        self._counted, self._note = "", ""

    def start(self) -> None:
        """Read the day."""
        self._read()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when what is shown was touched."""
        if changes.touches(*_SHOWN_KINDS):
            self._read()

    @property
    def day(self) -> DayEnd | None:
        """The day shown."""
        return self._day

    # -------------------------------------------------------------------------------- intents

    def type_counted(self, text: str) -> None:
        """The cash is being counted."""
        self._counted = text
        self._show()

    def type_note(self, text: str) -> None:
        """What explains a difference is being typed."""
        self._note = text

    def close_sheet(self) -> None:
        """Close today's sheet with what was counted."""
        if self._day is None:
            return
        try:
            counted = self._read_counted(self._day)
        except FieldError as error:
            self._desk.fail(error)
            return
        ws, how = self._ws, Closing(counted, self._note)

        def done(closed: Closed) -> None:
            self._counted, self._note = "", ""
            self._view.show_typed("", "")
            words = difference_words(closed.difference_minor, ws.currency)
            txn = closed.changes.undo
            self._desk.toast(
                _("Sheet closed: {difference}.").format(difference=words),
                undo=None if txn is None else lambda: self._take_back(txn),
            )
            self._read()

        self._runner.write(
            lambda: day_sheets.close_sheet(ws, how), done, self._desk.fail, owner=self
        )

    def open_customer(self, key: object) -> None:
        """Collect from, or look at, the customer of a receipt."""
        if self._day is None:
            return
        row = next((one for one in self._day.taken if one.number == key), None)
        if row is not None:
            self._desk.go("collecting", account=row.account_id)

    def leave(self) -> None:
        """Go back to where the person came from."""
        self._desk.back()

    # -------------------------------------------------------------------------------- reading

    def _read_counted(self, day: DayEnd) -> int:
        if not self._counted.strip() and day.cash_minor == 0:
            return 0
        try:
            return typed_minor(self._counted, day.currency)
        except (ValueError, ArithmeticError) as error:
            raise FieldError(
                "counted",
                _("How much cash is there?"),
                _("Count it and type the amount, such as 120.50."),
            ) from error

    def _take_back(self, txn: int) -> None:
        ws = self._ws
        self._runner.write(
            lambda: undo.undo(ws, txn), lambda _c: self._read(), self._desk.fail, owner=self
        )

    def _read(self) -> None:
        ws = self._ws

        def done(day: DayEnd) -> None:
            self._day = day
            self._show()

        self._runner.read(lambda: day_end(ws), done, self._desk.fail, owner=self)

    def _show(self) -> None:
        if self._day is None:
            return
        try:
            counted = self._read_counted(self._day) if self._counted.strip() else None
        except FieldError:
            counted = None
        now = self._ws.clock.local(self._ws.now())
        self._view.show_day(day_end_item(self._day, counted, now))

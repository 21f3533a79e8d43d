"""Agreed hours, a day's own hours and places, leave: asked for in a strip and kept. No Qt.

Owns what each answer means. The fields are :mod:`.forms`', reading what was typed :mod:`.typed`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui.dates import read_day
from crmdesk.gui.form_meeting import Filled, Theirs, keep, say_theirs, theirs_of
from crmdesk.gui.views.plan import forms, typed
from crmdesk.gui.views.plan.handwork import Handwork
from crmdesk.gui.views.plan.items import FormField
from crmdesk.gui.views.plan.standing import Standing
from crmdesk.i18n import _, format_date
from crmdesk.services import appointments
from crmdesk.services.day_settings import USUAL_DAY, DaySettings, day_settings, set_day
from crmdesk.services.forms_meeting import meet
from crmdesk.services.leave import Leave, LeaveRow, add_leave, leave_between, remove_leave
from crmdesk.services.queries.towns import towns
from crmdesk.services.rep_days import DayPlace


class Strips:
    """See the module."""

    def __init__(self, standing: Standing, hand: Handwork) -> None:
        self._at = standing
        self._hand = hand
        self._asked_stop: int | None = None
        self._asked_day: date | None = None
        self._own = USUAL_DAY
        self._towns: tuple[DayPlace, ...] = ()
        self._leave: tuple[LeaveRow, ...] = ()

    def ask_hour(self) -> None:
        """Ask when the chosen visit was agreed for."""
        at = self._at
        stop = at.stop(at.selected)
        if stop is None or not self._hand.may_change(stop):
            return
        if not stop.in_person:
            at.desk.toast(_("Calls have no hour of their own."))
            return
        self._asked_stop = stop.id
        at.view.ask(forms.hour_form(stop))

    def ask_day(self) -> None:
        """Ask for hours, places and leave of the shown day."""
        at, day = self._at, self._at.day
        if not at.may_change():
            return
        if day < at.ws.today():
            at.desk.toast(_("That day is over."))
            return

        def read() -> tuple[DaySettings, tuple[DayPlace, ...], tuple[LeaveRow, ...]]:
            user = at.person.id
            return (
                day_settings(at.ws, day, user_id=user),
                towns(at.ws),
                leave_between(at.ws, day, day, user_id=user),
            )

        def shown(result: tuple[DaySettings, tuple[DayPlace, ...], tuple[LeaveRow, ...]]) -> None:
            self._own, self._towns, self._leave = result
            self._asked_day = day
            at.view.ask(forms.day_form(day, self._own, at.day_row(day)))

        at.runner.read(read, shown, owner=at)

    def ask_leave(self) -> None:
        """Ask for leave, beginning with the shown day."""
        at, day = self._at, self._at.day
        if not at.may_change():
            return

        def shown(rows: tuple[LeaveRow, ...]) -> None:
            self._leave, self._asked_day = rows, day
            at.view.ask(forms.leave_form(day, rows))

        user = at.person.id
        at.runner.read(lambda: leave_between(at.ws, day, day, user_id=user), shown, owner=at)

    def answer(self, kind: str, filled: Filled) -> None:
        """What was typed into a strip; it stays open when something cannot be."""
        if not self._at.may_change():
            return
        try:
            {"hour": self._agree, "day": self._set_day, "leave": self._add_leave}[kind](filled)
        except FieldError as error:
            self._complain(error)

    def take_away(self, kind: str) -> None:
        """Take away what the strip is about."""
        at, day, stop = self._at, self._asked_day, self._asked_stop
        if not at.may_change():
            return
        at.view.ask(None)
        if kind == "hour" and stop is not None:
            at.change(
                lambda: appointments.withdraw_hour(at.ws, stop), _("The hour no longer holds.")
            )
        elif kind == "day" and day is not None:
            user = at.person.id
            at.change(
                lambda: set_day(at.ws, day, USUAL_DAY, user_id=user),
                _("The day is as usual again."),
            )
        elif kind == "leave" and self._leave:
            self._remove_leave(self._leave[0])

    def _remove_leave(self, row: LeaveRow) -> None:
        at, user = self._at, self._at.person.id

        def again() -> None:
            at.change(lambda: add_leave(at.ws, row.leave, user_id=user), _("The leave is back."))

        def done(_leave: Leave) -> None:
            at.desk.toast(_("The leave is taken away."), undo=again)
            at.refresh()

        at.runner.write(lambda: remove_leave(at.ws, row.id), done, owner=at)

    def _submit(self, work: Callable[[], tuple[ChangeSet, Theirs]], text: str) -> None:
        """Write; a field that cannot be is told in the strip, which closes otherwise."""
        at = self._at

        def done(found: tuple[ChangeSet, Theirs]) -> None:
            changes, theirs = found
            at.view.ask(None)
            say_theirs(at.desk, theirs)
            at.undo, at.moved = changes.undo, frozenset()
            at.view.show_outcome("", "", "")
            at.desk.toast(text, undo=at.take_back)
            at.refresh()

        def failed(error: Exception) -> None:
            if isinstance(error, FieldError):
                self._complain(error)
            else:
                at.desk.fail(error)

        at.runner.write(work, done, failed, owner=at)

    def _complain(self, error: FieldError) -> None:
        words = f"{error.message} {error.hint}".strip() if error.hint else error.message
        self._at.view.complain(error.field, words)

    def _agree(self, filled: Filled) -> None:
        at, key = self._at, self._asked_stop
        stop = at.stop(key)
        if stop is None or key is None:
            at.view.ask(None)
            return
        # The office, or whoever stands in, may have moved the visit meanwhile.
        fields = forms.hour_form(stop).fields
        met = meet(filled.values, filled.opened, {one.key: one.text for one in fields})
        values, theirs = met.values, theirs_of(fields, met.collided)
        day = read_day(values["day"], at.ws.today())
        if day is None:
            raise FieldError("day", _("Type a day such as 26, Thu or +2."))
        window = typed.read_window(values["time"])
        if window is None:
            raise FieldError("time", _("Type an hour such as 10:30, or 10:30-11:15."))
        self._submit(
            lambda: (appointments.agree_hour(at.ws, key, day, *window), theirs),
            _("{name} is agreed for {day}, {time}.").format(
                name=stop.account, day=format_date(day, weekday=True),
                time=typed.window_text(window),
            ),
        )  # fmt: skip

    def _set_day(self, filled: Filled) -> None:
        at, day, user = self._at, self._asked_day, self._at.person.id
        if day is None:
            return

        def now() -> tuple[FormField, ...]:
            self._own = day_settings(at.ws, day, user_id=user)
            return forms.day_form(day, self._own, at.day_row(day)).fields

        def save(values: Mapping[str, str]) -> ChangeSet:
            return set_day(at.ws, day, self._day_of(values), user_id=user)

        self._submit(
            lambda: keep(at.ws, filled, now, save),
            _("{day} is set; re-plan to make use of it.").format(
                day=format_date(day, weekday=True)
            ),
        )

    def _day_of(self, values: Mapping[str, str]) -> DaySettings:
        """The settings that were typed. FieldError."""
        shifts = None
        if values["shifts"].strip():
            shifts = typed.read_shifts(values["shifts"])
            if shifts is None:
                raise FieldError("shifts", _("Type hours such as 8:30-13, 16-20."))
        start, end = self._place("start", values), self._place("end", values)
        max_km = None
        if values["max_km"].strip():
            if not values["max_km"].strip().isdecimal():
                raise FieldError("max_km", _("Kilometres are a whole number."))
            max_km = int(values["max_km"].strip()[:9])
        return DaySettings(start, end, shifts, max_km)

    def _place(self, key: str, values: Mapping[str, str]) -> DayPlace | None:
        text = values[key].strip()
        if not text:
            return None
        for place in (self._own.start, self._own.end):
            if place is not None and place.name == text:
                return place
        found = typed.read_place(text, self._towns)
        if found is None:
            raise FieldError(
                key, _("This town is not known. Type one of your customers', or 42.54, 1.73.")
            )
        return found

    def _add_leave(self, filled: Filled) -> None:
        values = filled.values
        at, user = self._at, self._at.person.id
        first = read_day(values["first"], at.ws.today())
        last = read_day(values["last"], at.ws.today()) if values["last"].strip() else first
        if first is None:
            raise FieldError("first", _("Type a day such as 26, Thu or +2."))
        if last is None:
            raise FieldError("last", _("Type a day such as 26, Thu or +2."))
        begin = end = None
        if values["hours"].strip():
            spans = typed.read_shifts(values["hours"])
            if not spans or len(spans) != 1:
                raise FieldError("hours", _("Type hours such as 8:30-11, or leave them empty."))
            begin, end = spans[0]
        leave = Leave(first, last, values["kind"] or "holiday", begin, end)
        self._submit(
            lambda: (add_leave(at.ws, leave, user_id=user), ()),
            _("Leave is entered; re-plan to make use of it."),
        )

"""The day in motion, without Qt: skipping, being late, re-planning, mending, kilometres.

Owns what is asked and told beside the route; the route, the selection and visits themselves are
the place's presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui import keys
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.today import motion_words as words
from crmdesk.gui.views.today.asking import Question
from crmdesk.gui.views.today.story import Story
from crmdesk.gui.views.today.travel import TravelItem
from crmdesk.i18n import _, format_clock, format_number, ngettext
from crmdesk.planning.motion import Projection
from crmdesk.services import recovery, stops, trips, undo
from crmdesk.services.queries import day_travel
from crmdesk.services.queries import today as queries
from crmdesk.services.queries.day_travel import DayTravel, TravelRow
from crmdesk.services.queries.today import DayRoute, DayStop, ReasonRow
from crmdesk.services.recovery import Mending
from crmdesk.services.replanning import DayReplanned, replan_day_under_way

if TYPE_CHECKING:
    from datetime import date

_MOST_LEGS = 10


class MotionView(Protocol):
    """What is asked of the widget beside the route."""

    def ask(self, question: Question) -> None:
        """Ask something; answered by :meth:`TodayMotion.answer`."""

    def tell(self, story: Story | None) -> None:
        """Tell what moved, or what was missed; nothing with None."""

    def warn(self, sentence: str) -> None:
        """Say that the day no longer works out; nothing with an empty text."""

    def show_replanning(self, *, busy: bool) -> None:
        """The re-plan is under way, or over."""

    def show_travel(self, item: TravelItem | None) -> None:
        """The kilometres and the odometer, or away with them."""

    def show_travel_problem(self, sentence: str) -> None:
        """What is wrong with the odometer as typed."""

    def show_driven(self, sentence: str) -> None:
        """Time and kilometres so far, at the foot of the route."""


class TodayMotion:
    """The part of Today's presenter that is about the day going on."""

    def __init__(
        self, context: PlaceContext, view: MotionView, route: Callable[[], DayRoute | None]
    ) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._route = route
        self._asked: DayStop | None = None
        self._told_until = 0
        self._told_on: date | None = None
        self._warned = ""
        self._replanning = False
        self._undo: int | None = None
        self._mendings: tuple[Mending, ...] = ()
        self._looked: date | None = None
        self._telling = ""

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    # -------------------------------------------------------------------------------- the clock

    def now_minute(self) -> int:
        """The minute of the day."""
        now = self._ws.clock.local(self._ws.now())
        return int(now.hour * 60 + now.minute)

    def projection(self, route: DayRoute) -> Projection:
        """How the rest of the day is likely to go."""
        told = self._told_until if self._told_on == route.day else 0
        return words.projection(route, self.now_minute(), told)

    def follow(self, route: DayRoute) -> Projection:
        """The route was read again, or a minute has passed: say what no longer works out."""
        found = self.projection(route)
        sentence = words.late_words(found, route)
        if sentence != self._warned:
            self._warned = sentence
            self._view.warn(sentence)
        if self._looked != self._ws.today():
            self._looked = self._ws.today()
            self._look_for_missed()
        return found

    # ----------------------------------------------------------------------------------- asking

    def skip(self, stop: DayStop | None) -> None:
        """Ask why the shown stop is left out."""
        if stop is None or stop.over or stop.off_plan:
            return
        if stop.status == "started":
            self._desk.banner(_("The visit has begun."), _("End it with Space."))
            return
        ws, self._asked = self._ws, stop
        self._runner.read(
            lambda: queries.outcome_reasons(ws, stops.SKIP_REASONS),
            lambda reasons: self._view.ask(words.skip_question(stop.name, reasons)),
            owner=self,
        )

    def late(self) -> None:
        """Ask how late the rep will be at the next stop."""
        route = self._route()
        if route is not None and any(not s.over and s.mode == "person" for s in route.stops):
            self._view.ask(words.late_question())

    def answer(self, kind: str, value: object) -> None:
        """An answer to what was asked."""
        if kind == "late" and isinstance(value, int):
            self._be_late(value)
        elif kind == "skip" and value == "closed":
            self._ask_closed()
        elif kind in ("skip", "closed") and self._asked is not None:
            self._leave_out(self._asked, kind, value if isinstance(value, int) else None)

    def _ask_closed(self) -> None:
        ws, stop = self._ws, self._asked
        if stop is None:
            return

        def done(reasons: Sequence[ReasonRow]) -> None:
            if reasons:
                self._view.ask(words.closed_question(stop.name, reasons))
            else:
                self._leave_out(stop, "closed", None)

        self._runner.read(
            lambda: queries.outcome_reasons(ws, stops.CLOSED_REASONS), done, owner=self
        )

    def _leave_out(self, stop: DayStop, kind: str, reason_id: int | None) -> None:
        ws, key = self._ws, stop.id
        command = stops.close_stop if kind == "closed" else stops.skip_stop
        said = _("{name} was closed") if kind == "closed" else _("{name} skipped")
        self._asked = None
        self._runner.write(
            lambda: command(ws, key, reason_id=reason_id),
            lambda changes: self._on_left_out(said.format(name=stop.name), changes),
            owner=self,
        )

    def _on_left_out(self, said: str, changes: ChangeSet) -> None:
        self._go_on()
        self._done(said, changes)

    def _be_late(self, minutes: int) -> None:
        self._told_until = self.now_minute() + minutes if minutes else 0
        self._told_on = self._ws.today()
        route = self._route()
        if route is None:
            return
        late = self.projection(route).late
        if minutes and late:
            said = ngettext("{count} min late", "{count} min late", late).format(count=late)
            self._desk.toast(_("{late}. {key} plans the rest anew.").format(
                late=said, key=keys.hint("today.replan")))  # fmt: skip
        elif minutes:
            self._desk.toast(_("There is slack enough: the next stops stay on time."))
        self._refresh()

    _refresh: Callable[[], None] = staticmethod(lambda: None)
    _go_on: Callable[[], None] = staticmethod(lambda: None)

    def on_refresh(self, refresh: Callable[[], None], go_on: Callable[[], None]) -> None:
        """What shows the route again when lateness was told, and goes on to the next stop."""
        self._refresh, self._go_on = refresh, go_on

    # --------------------------------------------------------------------------------- re-plan

    def replan(self) -> None:
        """Plan the rest of today anew, and tell what moved."""
        ws, before = self._ws, self._route()
        if before is None or self._replanning:
            return
        delay = max(0, self._told_until - self.now_minute()) if self._told_on == before.day else 0
        self._replanning = True
        self._view.show_replanning(busy=True)

        def work() -> tuple[DayReplanned, DayRoute, ChangeSet]:
            found = replan_day_under_way(ws, delay_minutes=delay)
            return found, queries.day_route(ws), found.changes

        self._runner.write(
            work,
            lambda result: self._on_replanned(before, result[0], result[1]),
            self._on_replan_failed,
            owner=self,
        )

    def _on_replan_failed(self, error: Exception) -> None:
        self._replanning = False
        self._view.show_replanning(busy=False)
        self._desk.fail(error)

    def _on_replanned(self, before: DayRoute, found: DayReplanned, after: DayRoute) -> None:
        self._replanning = False
        self._view.show_replanning(busy=False)
        self._undo = found.changes.undo if found.moves else None
        self._told_until = 0
        self._telling = "replanned"
        self._view.tell(
            words.replanned_story(
                found, before, after, self._ws.today(), keys.hint("today.take_back")
            )
        )

    def take_back(self) -> None:
        """Take the last re-plan or mending back."""
        if self._undo is None:
            self._desk.toast(_("There is nothing to take back."))
            return
        txn, self._undo = self._undo, None
        self._view.tell(None)
        if self._telling == "mended":
            self._looked = None
        self._take_back(txn)

    # --------------------------------------------------------------------------------- mending

    def _look_for_missed(self) -> None:
        ws = self._ws
        self._runner.read(
            lambda: recovery.propose_mending(ws), self._on_mendings, self._on_look_failed,
            owner=self,
        )  # fmt: skip

    def _on_look_failed(self, error: Exception) -> None:
        """Nothing to mend is shown then; the plan itself still works."""
        self._desk.fail(error)

    def _on_mendings(self, found: tuple[Mending, ...]) -> None:
        self._mendings = found
        if found:
            self._tell_mendings()

    def _tell_mendings(self) -> None:
        self._telling = "mending"
        self._view.tell(
            words.mending_story(
                self._mendings, self._ws.today(), self._ws.currency, keys.hint("today.mend"),
                _("Not now"),
            )
        )  # fmt: skip

    def turn(self, line: int) -> None:
        """Another cure for one of the missed visits."""
        if self._telling != "mending" or not 0 <= line < len(self._mendings):
            return
        one = self._mendings[line]
        place = one.cures.index(one.cure)
        turned = replace(one, cure=one.cures[(place + 1) % len(one.cures)])
        self._mendings = (*self._mendings[:line], turned, *self._mendings[line + 1 :])
        self._tell_mendings()

    def mend(self) -> None:
        """Mend what was missed as it is proposed; look again where nothing is shown."""
        if not self._mendings:
            ws = self._ws
            self._runner.read(
                lambda: recovery.propose_mending(ws), self._on_asked_for_mending, owner=self
            )
            return
        if self._telling != "mending":
            self._tell_mendings()
            return
        ws, chosen = self._ws, self._mendings
        self._runner.write(
            lambda: recovery.apply_cures(ws, chosen),
            lambda changes: self._on_mended(len(chosen), changes),
            owner=self,
        )

    def _on_asked_for_mending(self, found: tuple[Mending, ...]) -> None:
        self._mendings = found
        if found:
            self._tell_mendings()
        else:
            self._desk.toast(_("Nothing of the last days waits to be mended."))

    def _on_mended(self, count: int, changes: ChangeSet) -> None:
        self._mendings = ()
        self._telling = "mended"
        self._undo = changes.undo
        self._view.tell(None)
        said = ngettext("{count} missed visit mended", "{count} missed visits mended", count)
        self._done(said.format(count=count), changes)

    def story_closed(self) -> None:
        """The person has read it."""
        self._telling = ""
        self._view.tell(None)

    # ---------------------------------------------------------------------------------- travel

    def read_driven(self) -> None:
        """Time and kilometres so far, for the foot of the route."""
        ws = self._ws
        self._runner.read(
            lambda: day_travel.day_travel(ws),
            lambda travel: self._view.show_driven(words.travel_words(travel)),
            owner=self,
        )

    def travel(self) -> None:
        """Show the legs of the day and the odometer."""
        ws = self._ws
        self._runner.read(lambda: day_travel.day_travel(ws), self._on_travel, owner=self)

    def _on_travel(self, travel: DayTravel) -> None:
        km = format_number((travel.driven_m + travel.home_m) / 1000)
        total = _("{driven} km driven and {home} km home: {all} km. {time} of driving.").format(
            driven=format_number(travel.driven_m / 1000),
            home=format_number(travel.home_m / 1000), all=km,
            time=words.hours_text(travel.driving_minutes),
        )  # fmt: skip
        self._view.show_travel(
            TravelItem(
                _("Kilometres and time of today"),
                tuple(self._leg(row) for row in travel.rows[-_MOST_LEGS:]),
                total if travel.rows else _("Nobody was visited yet today."),
                "" if travel.odometer_start_km is None else str(travel.odometer_start_km),
                "" if travel.odometer_end_km is None else str(travel.odometer_end_km),
            )
        )

    def _leg(self, row: TravelRow) -> tuple[str, str, str]:
        local = self._ws.clock.local(row.started_at)
        parts = [words.hours_text(row.minutes)] if row.minutes else []
        if row.mode == "person":
            parts.append(_("{count} km").format(count=format_number(row.leg_m / 1000, 1)))
        return format_clock(local.hour * 60 + local.minute), row.customer, " · ".join(parts)

    def record_odometer(self, start: str, end: str) -> None:
        """Write down what the odometer shows, as typed."""
        ws = self._ws

        def work() -> ChangeSet:
            shown = trips.Odometer(_km("start", start), _km("end", end))
            return trips.record_odometer(ws, shown)

        self._runner.write(work, self._on_recorded, self._on_refused, owner=self)

    def count_legs(self) -> None:
        """Take the legs from visit to visit as what was driven."""
        ws = self._ws
        self._runner.write(lambda: trips.take_legs(ws), self._on_recorded, owner=self)

    def _on_recorded(self, changes: ChangeSet) -> None:
        self._view.show_travel(None)
        self.read_driven()
        self._done(_("Kilometres of today written down"), changes)

    def _on_refused(self, error: Exception) -> None:
        if isinstance(error, FieldError):
            self._view.show_travel_problem(str(error))
        else:
            self._desk.fail(error)

    # ------------------------------------------------------------------------------------ undo

    def _done(self, said: str, changes: ChangeSet) -> None:
        txn = changes.undo
        if txn is None:
            self._desk.toast(said)
        else:
            self._desk.toast(said, undo=lambda: self._take_back(txn))

    def _take_back(self, txn: int) -> None:
        ws = self._ws
        self._runner.write(lambda: undo.undo(ws, txn), owner=self)


def _km(name: str, typed: str) -> int | None:
    text = typed.replace(" ", "").replace("\u00a0", "").replace(".", "").strip()
    if not text:
        return None
    if not text.isdecimal():
        raise FieldError(name, _("An odometer shows whole kilometres, like 48210."))
    return int(text)

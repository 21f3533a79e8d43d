"""The Today place: heading, route list, map, brief.

Owns layout, keys and passing intents to the presenter; shows what the presenter says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.today.asking import AskStrip, Question
from crmdesk.gui.views.today.brief import BriefPanel
from crmdesk.gui.views.today.model import BriefItem, Entry, StopItem
from crmdesk.gui.views.today.presenter import Running, TodayPresenter
from crmdesk.gui.views.today.route_list import RouteList
from crmdesk.gui.views.today.story import MOST_LINES, Story, StoryPanel
from crmdesk.gui.views.today.travel import TravelItem, TravelStrip
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.charts import text_token
from crmdesk.gui.widgets.items import FactPart, Tone
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.map import MapView
from crmdesk.gui.widgets.map_items import Home, MapStop, StopState
from crmdesk.gui.widgets.notices import Banner, EmptyState
from crmdesk.gui.widgets.panels import KeyStrip, PageHeader, Panel
from crmdesk.i18n import _
from crmdesk.services.queries.today import ReasonRow

MINUTE_MS = 60_000
LIST_WIDTH = 392
_STATES = {"done": StopState.DONE, "next": StopState.NEXT, "to come": StopState.TO_COME}


def build(context: PlaceContext) -> TodayPlace:
    """The place, for the shell."""
    return TodayPlace(context)


class TodayPlace(QWidget):
    """Route beside map, brief below; one filled button: start the visit."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self._desk = context.desk
        self.presenter = TodayPresenter(context, self)
        self._heading = PageHeader(_("Today"), self)
        self._replan = KeyHintButton(
            keys.title("today.replan"), keys.hint("today.replan"), icon="reorder", parent=self
        )
        motion = self.presenter.motion
        self._replan.clicked.connect(motion.replan)
        self._heading.add_action(self._replan)
        self.notice = Banner(self)
        self.asking = AskStrip(self)
        self.story = StoryPanel(self)
        self.travel = TravelStrip(self)
        self.route = RouteList(self)
        self.map = MapView(self)
        self.brief = BriefPanel(self)
        self._so_far = LineLabel(parent=self, right=True)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._make_day())
        self._stack.addWidget(self._make_empty())
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_3, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_2)
        column.addWidget(self._heading)
        for strip in (self.notice, self.story, self.asking, self.travel):
            column.addWidget(strip)
        column.addWidget(self._stack, 1)
        self.setFocusProxy(self.route)
        self._bind()
        self._timer = QTimer(self, interval=MINUTE_MS)
        self._timer.timeout.connect(self.presenter.tick)
        self._timer.start()

    def _make_day(self) -> QWidget:
        day = QWidget(self)
        self._panel = Panel(_("Route"), parent=day)
        note = LineLabel([Run(_("margin expected"), "muted", size=t.SIZE_SMALL)], right=True)
        if self._panel.header is not None:
            self._panel.header.add_right(note)
        self._panel.body.addWidget(self.route)
        foot = QWidget(self._panel)
        row = QHBoxLayout(foot)
        row.setContentsMargins(t.SPACE_3, 12, t.SPACE_3, 12)
        row.setSpacing(t.SPACE_2)
        self._driven = LineLabel([Run(_("So far"), "muted")])
        self._driven.setMinimumWidth(0)
        row.addWidget(self._driven, 1)
        row.addWidget(self._so_far)
        self._panel.add_foot(foot)
        strip = KeyStrip(
            [
                ((keys.hint("today.previous"), keys.hint("today.next")), keys.title("today.next")),
                ((keys.hint("today.missed"),), keys.title("today.missed")),
                ((keys.hint("today.late"),), keys.title("today.late")),
                ((keys.hint("today.travel"),), keys.title("today.travel")),
                ((keys.hint("today.lock"),), keys.title("today.lock")),
            ]
        )
        self._panel.add_foot(strip)
        theme.least_width(self._panel, 300)
        right = QSplitter(Qt.Orientation.Vertical, day)
        right.setHandleWidth(t.SPACE_4)
        right.setChildrenCollapsible(False)
        right.addWidget(self.map)
        right.addWidget(self.brief)
        right.setSizes([360, 400])
        right.setStretchFactor(0, 1)
        right.setStretchFactor(1, 1)
        across = QSplitter(Qt.Orientation.Horizontal, day)
        across.setHandleWidth(t.SPACE_4)
        across.setChildrenCollapsible(False)
        across.addWidget(self._panel)
        across.addWidget(right)
        across.setSizes([LIST_WIDTH, 800])
        across.setStretchFactor(1, 1)
        layout = QHBoxLayout(day)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(across)
        return day

    def _make_empty(self) -> QWidget:
        panel = Panel(parent=self)
        button = KeyHintButton(_("Plan the week"), "Ctrl+3", kind="filled", parent=panel)
        button.clicked.connect(lambda: self._desk.go("plan"))
        panel.body.addWidget(
            EmptyState(
                "plan",
                _("Nobody is planned for today"),
                _("Plan the week: crmdesk proposes whom to see on which day, and says why."),
                button,
                panel,
            )
        )
        return panel

    def _bind(self) -> None:
        self.route.stop_selected.connect(self._on_stop_selected)
        self.route.opened.connect(lambda _key: self.presenter.open_card())
        self.map.stop_selected.connect(self._on_stop_selected)
        self.map.legs_changed.connect(self.map.show_next_leg)
        self.brief.visit_wanted.connect(self.presenter.visit)
        self.brief.card_wanted.connect(self.presenter.open_card)
        self.brief.order_wanted.connect(self.presenter.take_order)
        self.brief.need_opened.connect(lambda _key: self.presenter.open_card())
        self.brief.outcome_chosen.connect(self._on_outcome_chosen)
        self.brief.outcome_left.connect(self._on_outcome_left)
        self._bind_motion()
        for action, slot in (
            ("today.visit", self.presenter.visit),
            ("today.card", self.presenter.open_card),
            ("today.brief", self.presenter.open_briefs),
            ("today.order", self.presenter.take_order),
            ("today.quote", self.presenter.open_quote),
            ("today.replan", self.presenter.motion.replan),
            ("today.missed", self.presenter.skip_stop),
            ("today.late", self.presenter.motion.late),
            ("today.travel", self.presenter.motion.travel),
            ("today.mend", self.presenter.motion.mend),
            ("today.take_back", self.presenter.motion.take_back),
            ("today.lock", self.presenter.lock_stop),
            ("today.sheet", self.presenter.open_sheet),
            ("today.day_end", self.presenter.end_day),
        ):
            keys.bind(self, action, slot)
        for place in ("returning", "collecting", "sampling"):
            keys.bind(self, f"today.{place}", partial(self.presenter.go_to, place))

    def _bind_motion(self) -> None:
        motion = self.presenter.motion
        self.asking.answered.connect(self._on_answered)
        self.asking.left.connect(self.route.setFocus)
        self.asking.left.connect(self._show_story_again)
        self.story.step.connect(self._on_step_wanted)
        self.story.turned.connect(motion.turn)
        self.story.closed.connect(motion.story_closed)
        self.travel.odometer.connect(motion.record_odometer)
        self.travel.legs_wanted.connect(motion.count_legs)
        self.travel.left.connect(self.route.setFocus)
        self.travel.left.connect(self._show_story_again)
        for digit in range(1, MOST_LINES + 1):
            shortcut = QShortcut(QKeySequence(str(digit)), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(partial(motion.turn, digit - 1))

    def show_target(self, args: Mapping[str, Any]) -> None:
        """Show the stop of a customer, when the target names one."""
        account = args.get("account")
        if isinstance(account, int):
            self.presenter.select_account(account)

    # ------------------------------------------------------------------- what the presenter says

    def show_heading(self, facts: Sequence[FactPart], now: str) -> None:
        runs = [
            Run(
                part.text,
                text_token(part.tone),
                t.REGULAR if part.tone is Tone.MUTED else t.SEMIBOLD,
            )
            for part in facts
        ]
        self._heading.set_title(_("Today"), runs)
        self._panel.set_title(_("Route"), _("{time} now").format(time=now))

    def show_route(self, entries: Sequence[Entry], home: tuple[float, float] | None) -> None:
        self._stack.setCurrentIndex(0)
        self.route.set_entries(entries)
        stops = [entry for entry in entries if isinstance(entry, StopItem) and not entry.is_call]
        self.map.set_route(
            [
                MapStop(
                    stop.key, stop.number, stop.name, stop.latitude, stop.longitude,
                    _STATES[stop.state],
                )
                for stop in stops
                if stop.latitude is not None and stop.longitude is not None
            ],
            None if home is None else Home(*home),
        )  # fmt: skip
        self.map.show_next_leg()

    def show_so_far(self, parts: Sequence[FactPart]) -> None:
        last = len(parts) - 1
        self._so_far.set_runs(
            [
                Run(part.text, weight=t.SEMIBOLD if place == last else t.MEDIUM)
                for place, part in enumerate(parts)
            ]
        )

    def select_stop(self, key: int) -> None:
        self.route.select(key)
        self.map.select(key)

    def show_brief(self, brief: BriefItem | None) -> None:
        self.brief.show_item(brief)
        self._show_running()

    def show_running(self, running: Running | None, *, startable: bool) -> None:
        self._running = running
        self._startable = startable
        self._show_running()

    def _show_running(self) -> None:
        running = self._running
        shown = running is not None and running.shown
        self.brief.show_running(running.minutes if running is not None and shown else None)
        self.brief.visit.setEnabled(shown or (self._startable and running is None))
        if not shown:
            self._close_outcome()

    def _close_outcome(self) -> None:
        self.brief.outcome.hide()
        self.brief.visit.set_kind("filled")

    _running: Running | None = None
    _startable = False

    def ask_outcome(self, name: str, reasons: Sequence[ReasonRow]) -> None:
        self.brief.outcome.show()
        self.brief.visit.set_kind("outline")
        self.brief.outcome.ask(name, reasons)

    def show_nothing_planned(self) -> None:
        self._stack.setCurrentIndex(1)
        self._heading.set_title(_("Today"))

    def show_replanning(self, *, busy: bool) -> None:
        self._replan.setEnabled(not busy)
        self._replan.set_label(_("Re-planning…") if busy else keys.title("today.replan"))
        if busy:
            self._replan.setCursor(Qt.CursorShape.BusyCursor)
        else:
            self._replan.unsetCursor()

    def ask(self, question: Question) -> None:
        # One strip at a time: the route below keeps its room.
        self.travel.put_away()
        self.story.hide()
        self.asking.ask(question)

    def tell(self, story: Story | None) -> None:
        self.story.tell(story)

    def _show_story_again(self) -> None:
        self.story.tell(self.story.story())

    def warn(self, sentence: str) -> None:
        if not sentence:
            self.notice.hide()
            return
        button = KeyHintButton(keys.title("today.replan"), keys.hint("today.replan"))
        button.clicked.connect(self.presenter.motion.replan)
        self.notice.say([Run(sentence)], tone="warning", actions=[button])

    def show_travel(self, item: TravelItem | None) -> None:
        if item is None:
            self.travel.put_away()
            self.route.setFocus()
            self._show_story_again()
        else:
            self.asking.put_away()
            self.story.hide()
            self.travel.show_travel(item)

    def show_travel_problem(self, sentence: str) -> None:
        self.travel.show_problem(sentence)

    def show_driven(self, sentence: str) -> None:
        self._driven.set_runs([Run(sentence or _("So far"), "muted")])

    # ------------------------------------------------------------------------------------ slots

    def _on_stop_selected(self, key: object) -> None:
        if isinstance(key, int):
            self.presenter.select(key)

    def _on_outcome_chosen(self, outcome: str, reason: object) -> None:
        self._close_outcome()
        self.route.setFocus()
        self.presenter.end_visit(outcome or None, reason if isinstance(reason, int) else None)

    def _on_outcome_left(self) -> None:
        self._close_outcome()
        self.route.setFocus()

    def _on_answered(self, kind: str, value: object) -> None:
        self.route.setFocus()
        self._show_story_again()
        self.presenter.motion.answer(kind, value)

    def _on_step_wanted(self, name: str) -> None:
        motion = self.presenter.motion
        {"undo": motion.take_back, "mend": motion.mend, "later": motion.story_closed}[name]()
        self.route.setFocus()

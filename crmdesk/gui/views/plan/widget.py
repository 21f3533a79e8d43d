"""The plan on the screen: heading, outcome of a re-plan, week board, map, those left out.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.jobs import Control
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan.bar import ReasonBar
from crmdesk.gui.views.plan.board import VISIT_MIME, DropPlace, WeekBoard
from crmdesk.gui.views.plan.comparison import VariantTable
from crmdesk.gui.views.plan.form import FormStrip
from crmdesk.gui.views.plan.heading import PlanHeading
from crmdesk.gui.views.plan.items import CardItem, DayItem, FormItem, UnplannedItem, VariantItem
from crmdesk.gui.views.plan.leaving import Asking
from crmdesk.gui.views.plan.presenter import PlanPresenter
from crmdesk.gui.views.plan.reasons import Explanation
from crmdesk.gui.views.plan.side import SideColumn
from crmdesk.gui.views.plan.totals import Heading
from crmdesk.gui.views.plan.unplanned import UnplannedList
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.map import MapView
from crmdesk.gui.widgets.map_items import Home, MapStop
from crmdesk.gui.widgets.notices import Banner, ProgressLine
from crmdesk.gui.widgets.panels import KeyStrip, Surface
from crmdesk.i18n import _
from crmdesk.services.documents import Wanted

_REST_MS = 250
_BAR = 86


class PlanPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = PlanPresenter(context, self)
        self.asking = Asking()
        self.links: QMenu | None = None
        self._build()
        self._bind()
        self.setFocusProxy(self.board)

    @property
    def map(self) -> MapView:
        """The map of the chosen day."""
        return self.side.map

    @property
    def unplanned(self) -> UnplannedList:
        """Who is left out."""
        return self.side.unplanned

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``person``: whose plan; ``account``: its next stop; ``day``: the week and route."""
        if "person" in args:
            self.presenter.whose.choose(int(args["person"]))
        if "day" in args:
            day = args["day"]
            self.presenter.show_day(day if isinstance(day, date) else date.fromisoformat(str(day)))
        if "account" in args:
            self.presenter.show_account(int(args["account"]))
        self.board.setFocus()

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        # The keys stand in the margin at the foot.
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, 0)
        column.setSpacing(t.SPACE_3)
        self.heading = PlanHeading(self)
        column.addWidget(self.heading)
        self._progress = ProgressLine(self)
        self._progress.hide()
        column.addWidget(self._progress)
        self.banner = Banner(self)
        column.addWidget(self.banner)
        self._comparing = self._comparison()
        column.addWidget(self._comparing)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        left = QVBoxLayout()
        left.setSpacing(t.SPACE_3)
        self.board = WeekBoard(self)
        left.addWidget(self.board, 1)
        self.form = FormStrip(self)
        left.addWidget(self.form)
        self.bar = ReasonBar(self)
        left.addWidget(self.bar)
        row.addLayout(left, 1)
        self.side = SideColumn(self)
        row.addWidget(self.side)
        column.addLayout(row, 1)
        column.addSpacing(-t.SPACE_3)
        column.addWidget(_foot(self))

    def _comparison(self) -> Surface:
        """Plans side by side, with what can be done about them."""
        box = Surface(self, edge="accent")
        row = QHBoxLayout(box)
        row.setContentsMargins(t.SPACE_1, t.SPACE_1, t.SPACE_3, t.SPACE_1)
        row.setSpacing(t.SPACE_2)
        self.variants = VariantTable(box)
        row.addWidget(self.variants, 1)
        self._take = KeyHintButton(keys.title("plan.accept"), keys.hint("plan.accept"), parent=box)
        self._discard = KeyHintButton(_("Put away"), keys.hint("plan.compare"), kind="quiet",
                                      parent=box)  # fmt: skip
        buttons = QVBoxLayout()
        buttons.setSpacing(t.SPACE_1)
        buttons.addStretch(1)
        buttons.addWidget(self._take)
        buttons.addWidget(self._discard)
        buttons.addStretch(1)
        row.addLayout(buttons)
        box.hide()
        return box

    def _bind(self) -> None:
        do, choosing, strips = self.presenter, self.presenter.choosing, self.presenter.strips
        head, bar, side = self.heading, self.bar, self.side
        self._later = QTimer(self, interval=_REST_MS, singleShot=True)
        self._later.timeout.connect(do.telling.explain_more)
        head.previous.clicked.connect(lambda: do.show_week(-1))
        head.next.clicked.connect(lambda: do.show_week(1))
        head.person.clicked.connect(do.whose.ask)
        head.weeks.chosen.connect(lambda key: do.show_weeks(int(key)))
        head.compare.clicked.connect(choosing.compare)
        head.fill.clicked.connect(do.fill)
        head.replan.clicked.connect(do.replan)
        self._progress.cancelled.connect(do.cancel)
        bar.lock.clicked.connect(do.toggle_lock)
        bar.move_on.clicked.connect(lambda: do.move_selected(1))
        bar.hour.clicked.connect(strips.ask_hour)
        bar.day.clicked.connect(strips.ask_day)
        side.sorted.connect(lambda by_due: do.telling.sort_unplanned(by_due=by_due))
        side.maps_wanted.connect(do.open_maps)
        self._take.clicked.connect(choosing.accept)
        self._discard.clicked.connect(choosing.discard)
        self.variants.chosen.connect(choosing.choose)
        self.variants.accepted.connect(choosing.accept)
        self.variants.left.connect(choosing.discard)
        self.form.answered.connect(do.answer)
        self.form.taken_away.connect(strips.take_away)
        self.form.closed.connect(self.board.setFocus)
        self.board.chosen.connect(do.select)
        self.board.opened.connect(lambda _key: do.open_selected())
        self.board.dropped.connect(self._on_dropped)
        self.board.day_chosen.connect(do.choose_day)
        self.map.stop_selected.connect(self._on_stop_selected)
        self.unplanned.plan_wanted.connect(do.plan_fitting)
        self.unplanned.opened.connect(do.open_unplanned)
        self.unplanned.chosen.connect(do.select_unplanned)
        self._bind_keys()

    def _bind_keys(self) -> None:
        do, choosing, strips = self.presenter, self.presenter.choosing, self.presenter.strips
        hand = do.hand
        for action, slot in (
            ("plan.previous", lambda: do.show_week(-1)), ("plan.next", lambda: do.show_week(1)),
            ("plan.replan", do.replan), ("plan.fill", do.fill), ("plan.moved", do.next_moved),
            ("plan.lock", do.toggle_lock), ("plan.earlier", lambda: do.move_selected(-1)),
            ("plan.later", lambda: do.move_selected(1)), ("plan.up", lambda: hand.move_within(-1)),
            ("plan.down", lambda: hand.move_within(1)), ("plan.hour", strips.ask_hour),
            ("plan.day", strips.ask_day), ("plan.leave", strips.ask_leave),
            ("plan.compare", choosing.compare), ("plan.accept", choosing.accept),
            ("plan.give", do.giving.ask), ("plan.maps", do.open_maps),
            ("plan.weekdays", do.weekdays.look), ("plan.person", do.whose.ask),
            ("plan.one_week", lambda: do.show_weeks(1)),
            ("plan.two_weeks", lambda: do.show_weeks(2)),
            ("plan.three_weeks", lambda: do.show_weeks(3)),
            ("plan.four_weeks", lambda: do.show_weeks(4)),
        ):  # fmt: skip
            keys.bind(self, action, slot)
        # Among those left out there is nothing to take off: only the board has this key.
        keys.bind(self.board, "plan.drop", do.drop_selected)

    def paper(self) -> Wanted:
        """The route of the shown day."""
        return Wanted("route", self.presenter.person.id, self.presenter.day)

    def why_no_paper(self) -> str:
        """Only the plan that is kept goes on paper; empty while it is the one on the board."""
        return self.presenter.hands_off()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """The side column grows with the text, but the board keeps three quarters."""
        self.side.fit(self.width(), self.height())
        theme.fix_height(self.bar, _BAR)
        self.bar.fit(self.width() - self.side.width())
        self.heading.fit(self.width())

    # ------------------------------------------------------------------- the presenter's view

    def show_person(self, name: str) -> None:
        """Show whose plan it is."""
        self.heading.show_person(name)

    def ask_person(self, people: Sequence[tuple[int, str]]) -> None:
        """Offer whose plan to show, in a menu at the name."""
        self.links = self.heading.people_menu(people, self.presenter.whose.choose)

    def show_heading(self, heading: Heading) -> None:
        """Show week and totals."""
        self.heading.show_heading(heading, self.presenter.weeks)

    def show_days(self, days: Sequence[DayItem]) -> None:
        """Show the board."""
        self.board.set_days(days)

    def show_selected(self, card: int | None) -> None:
        """Mark a card, on the board and on the map."""
        self.board.set_selected(card)
        self._later.start()

    def show_explanation(self, explanation: Explanation | None, card: CardItem | None) -> None:
        """Show the bar under the board."""
        self.bar.show_explanation(explanation, card)

    def show_map(self, title: str, note: str, stops: Sequence[MapStop], home: Home | None) -> None:
        """Show a day's route."""
        self.side.show_map(title, note, stops, home, self.presenter.selected)

    def show_unplanned(self, note: str, items: Sequence[UnplannedItem]) -> None:
        """Show who is left out."""
        self.side.show_unplanned(note, items)

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Show how far a re-plan is."""
        self._progress.setVisible(bool(text))
        self.heading.set_busy(busy=bool(text))
        if text:
            self._progress.show_progress(text, done, total)

    def show_outcome(self, strong: str, middle: str, margin: str) -> None:
        """Show what the re-plan changed."""
        if not strong:
            self.banner.hide()
            return
        show = KeyHintButton(keys.title("plan.moved"), keys.hint("plan.moved"), kind="quiet")
        back = KeyHintButton(_("Undo"), keys.hint("global.undo"), kind="quiet")
        show.clicked.connect(self.presenter.next_moved)
        back.clicked.connect(self.presenter.take_back)
        self.banner.say(
            [
                Run(f"{strong}: ", weight=t.SEMIBOLD),
                Run(middle),
                Run(margin, weight=t.SEMIBOLD),
            ],
            actions=[show, back],
        )

    def show_variants(self, items: Sequence[VariantItem], chosen: str) -> None:
        """Show plans side by side."""
        was = self._comparing.isVisible()
        self._comparing.setVisible(bool(items))
        self.variants.set_items(items, chosen)
        if items:
            self.variants.setFocus()
        elif was:
            self.board.setFocus()

    def ask(self, form: FormItem | None) -> None:
        """Ask for a few things below the board."""
        if form is not None:
            self.form.ask(form)
        elif self.form.item is not None:
            self.form.put_away()
            self.board.setFocus()

    def complain(self, field: str, words: str) -> None:
        """Say what is wrong with a field."""
        self.form.complain(field, words)

    def ask_file(self, stem: str, ending: str) -> str:
        """Where a file is to be written."""
        return self.asking.plan_file(self, stem, ending)

    def open_links(self, links: Sequence[tuple[str, str]]) -> None:
        """A single link opens; of several the person chooses."""
        if len(links) == 1:
            self.asking.open_url(links[0][1])
            return
        menu = QMenu(self)
        for title, url in links:
            action = menu.addAction(title)
            action.triggered.connect(lambda _on=False, url=url: self.asking.open_url(url))
        self.links = menu
        menu.popup(self.board.mapToGlobal(self.board.rect().center()))

    def new_control(self) -> Control:
        """Make what a job reports to and is cancelled by."""
        return Control()

    # --------------------------------------------------------------------------------- input

    def event(self, event: QEvent) -> bool:
        # While the outcome of a re-plan is shown, Ctrl+Z takes that back and nothing else.
        if event.type() == QEvent.Type.ShortcutOverride and self._is_undo(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._is_undo(event):
            self.presenter.take_back()
            return
        super().keyPressEvent(event)

    def _is_undo(self, event: QEvent) -> bool:
        return (
            isinstance(event, QKeyEvent)
            and self.banner.isVisible()
            and event.matches(QKeySequence.StandardKey.Undo)
        )

    def _on_dropped(self, kind: str, key: int, place: DropPlace) -> None:
        if kind == VISIT_MIME:
            self.presenter.move(key, place.day, place.sequence)
        else:
            self.presenter.plan_customer(key, place.day)

    def _on_stop_selected(self, key: object) -> None:
        if isinstance(key, int):
            self.presenter.select(key)


def _foot(parent: QWidget) -> KeyStrip:
    """The keys that have no button of their own."""
    moves = tuple(keys.hint(f"plan.{way}") for way in ("earlier", "later", "up", "down"))
    one = ("plan.open", "plan.drop", "plan.day", "plan.leave", "plan.moved", "plan.weekdays")
    rest = (*one, "plan.give")
    items = [(moves, _("move")), *(((keys.hint(key),), keys.title(key)) for key in rest)]
    return KeyStrip(items, parent=parent)


def build(context: PlaceContext) -> PlanPlace:
    """Make the place."""
    return PlanPlace(context)

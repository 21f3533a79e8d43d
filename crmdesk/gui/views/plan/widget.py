"""The plan on the screen: heading, outcome of a re-plan, week board, map, those left out.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from PySide6.QtCore import QEvent, QStandardPaths, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QMenu,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.jobs import Control
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan.asked import Heading
from crmdesk.gui.views.plan.board import VISIT_MIME, DropPlace, WeekBoard
from crmdesk.gui.views.plan.comparison import VariantTable
from crmdesk.gui.views.plan.form import FormStrip
from crmdesk.gui.views.plan.items import CardItem, DayItem, FormItem, UnplannedItem, VariantItem
from crmdesk.gui.views.plan.presenter import MOST_WEEKS, PlanPresenter
from crmdesk.gui.views.plan.unplanned import UnplannedList
from crmdesk.gui.views.plan.words import Explanation
from crmdesk.gui.widgets.buttons import IconButton, KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.map import MapView
from crmdesk.gui.widgets.map_items import Home, MapStop
from crmdesk.gui.widgets.notices import Banner, IconLabel, ProgressLine
from crmdesk.gui.widgets.panels import PageHeader, Panel, Surface
from crmdesk.i18n import _, pgettext
from crmdesk.services.documents import Wanted

_SIDE = 288
_MAP = 272
_REST_MS = 250
_BAR = 86


class Asking:
    """What leaves the window; replaced in tests."""

    def plan_file(self, parent: QWidget, stem: str, ending: str) -> str:
        """Where the plan is to be written; empty when not wanted."""
        place = QStandardPaths.StandardLocation.DocumentsLocation
        start = f"{QStandardPaths.writableLocation(place)}/{stem}.{ending}"
        name, _kind = QFileDialog.getSaveFileName(
            parent, keys.title("plan.give"), start, f"*.{ending}"
        )
        return name if not name or name.lower().endswith(f".{ending}") else f"{name}.{ending}"

    def open_url(self, url: str) -> bool:
        """Open a map program."""
        return QDesktopServices.openUrl(QUrl(url))


class PlanPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = PlanPresenter(context, self)
        self.asking = Asking()
        self.links: QMenu | None = None
        self._user_id = context.workspace.user.id
        self._build()
        self._bind()
        self.setFocusProxy(self.board)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: select its next stop; ``day``: that day's week and route."""
        if "day" in args:
            day = args["day"]
            self.presenter.show_day(day if isinstance(day, date) else date.fromisoformat(str(day)))
        if "account" in args:
            self.presenter.show_account(int(args["account"]))
        self.board.setFocus()

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        column.addLayout(self._heading())
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
        left.addWidget(self._bar())
        row.addLayout(left, 1)
        row.addWidget(self._side())
        column.addLayout(row, 1)

    def _heading(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_2)
        title = PageHeader(_("Plan"), self)
        self._previous = IconButton("chevron-left", keys.title("plan.previous"), outline=True)
        self._next = IconButton("chevron-right", keys.title("plan.next"), outline=True)
        self._week = LineLabel(parent=self)
        self._totals, self._shares = LineLabel(parent=self), LineLabel(parent=self)
        figures = QVBoxLayout()
        figures.setSpacing(0)
        for line in (self._totals, self._shares):
            figures.addWidget(line)
        numbers = [(str(n), str(n)) for n in range(1, MOST_WEEKS + 1)]
        self._weeks = SegmentedControl(numbers, _("Weeks shown and planned"), self)
        self._compare = KeyHintButton(
            keys.title("plan.compare"), keys.hint("plan.compare"), parent=self
        )
        self._fill = KeyHintButton(keys.title("plan.fill"), keys.hint("plan.fill"), parent=self)
        self._replan = KeyHintButton(
            keys.title("plan.replan"), keys.hint("plan.replan"), kind="filled", parent=self
        )
        row.addWidget(title)
        row.addSpacing(t.SPACE_1)
        for widget in (self._previous, self._week, self._next, self._weeks):
            row.addWidget(widget)
        row.addSpacing(t.SPACE_2)
        row.addLayout(figures, 1)
        row.addWidget(self._compare)
        row.addWidget(self._fill)
        row.addWidget(self._replan)
        return row

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

    def _bar(self) -> Surface:
        """The line that explains the chosen card, with what can be done to it."""
        bar = self._explaining = Surface(self)
        row = QHBoxLayout(bar)
        row.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        row.setSpacing(t.SPACE_2)
        row.addWidget(IconLabel("pin", "accent", parent=bar))
        words = QVBoxLayout()
        words.setSpacing(2)
        self._what = LineLabel(parent=bar)
        self._why = TextLabel("", wrap=True, parent=bar)
        self._why.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        words.addWidget(self._what)
        words.addWidget(self._why, 1)
        row.addLayout(words, 1)
        self._hour = KeyHintButton(
            keys.title("plan.hour"), keys.hint("plan.hour"), kind="quiet", parent=bar
        )
        self._day = KeyHintButton(pgettext("plan", "Day"), keys.hint("plan.day"), kind="quiet",
                                  parent=bar)  # fmt: skip
        self._day.setToolTip(keys.title("plan.day"))
        self._lock = KeyHintButton(keys.title("plan.lock"), keys.hint("plan.lock"), parent=bar)
        caps = f"{keys.hint('plan.earlier')} {keys.hint('plan.later').rpartition('+')[2]}"
        self._move = KeyHintButton(pgettext("plan", "Move"), caps, parent=bar)
        row.addWidget(self._day)
        row.addWidget(self._hour)
        row.addWidget(self._lock)
        row.addWidget(self._move)
        return bar

    def _side(self) -> QWidget:
        side = self._side_column = QWidget(self)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        self._map_panel = Panel(_("Map"), parent=side)
        self.map = MapView(self._map_panel)
        self._map_panel.body.addWidget(self.map)
        column.addWidget(self._map_panel)
        self._left_out = Panel(_("Not planned"), parent=side)
        self._order = KeyHintButton(_("by margin"), kind="quiet", icon="sort-down")
        if self._left_out.header is not None:
            self._left_out.header.add_right(self._order)
        self.unplanned = UnplannedList()
        scroll = QScrollArea()
        scroll.setWidget(self.unplanned)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        self.unplanned.setAutoFillBackground(False)
        self._left_out.body.addWidget(scroll, 1)
        column.addWidget(self._left_out, 1)
        return side

    def _bind(self) -> None:
        do, planner, hand = self.presenter, self.presenter.planner, self.presenter.hand
        self._by_due = False
        self._later = QTimer(self, interval=_REST_MS, singleShot=True)
        self._later.timeout.connect(do.explain_more)
        self._previous.clicked.connect(lambda: do.show_week(-1))
        self._next.clicked.connect(lambda: do.show_week(1))
        self._weeks.chosen.connect(lambda key: do.show_weeks(int(key)))
        self._compare.clicked.connect(planner.compare)
        self._fill.clicked.connect(do.fill)
        self._replan.clicked.connect(do.replan)
        self._progress.cancelled.connect(do.cancel)
        self._lock.clicked.connect(do.toggle_lock)
        self._move.clicked.connect(lambda: do.move_selected(1))
        self._hour.clicked.connect(hand.ask_hour)
        self._day.clicked.connect(hand.ask_day)
        self._order.clicked.connect(self._on_order_clicked)
        self._take.clicked.connect(planner.accept)
        self._discard.clicked.connect(planner.discard)
        self.variants.chosen.connect(planner.choose)
        self.variants.accepted.connect(planner.accept)
        self.variants.left.connect(planner.discard)
        self.form.answered.connect(do.answer)
        self.form.taken_away.connect(hand.take_away)
        self.form.closed.connect(self.board.setFocus)
        self.board.chosen.connect(do.select)
        self.board.opened.connect(lambda _key: do.open_selected())
        self.board.removed.connect(lambda _key: do.drop_selected())
        self.board.dropped.connect(self._on_dropped)
        self.board.day_chosen.connect(do.choose_day)
        self.map.stop_selected.connect(self._on_stop_selected)
        self.unplanned.plan_wanted.connect(do.plan_fitting)
        self.unplanned.opened.connect(do.open_unplanned)
        self.unplanned.chosen.connect(do.select_unplanned)
        self._bind_keys()

    def _bind_keys(self) -> None:
        do, planner, hand = self.presenter, self.presenter.planner, self.presenter.hand
        for action, slot in (
            ("plan.previous", lambda: do.show_week(-1)), ("plan.next", lambda: do.show_week(1)),
            ("plan.replan", do.replan), ("plan.fill", do.fill), ("plan.moved", do.next_moved),
            ("plan.lock", do.toggle_lock), ("plan.earlier", lambda: do.move_selected(-1)),
            ("plan.later", lambda: do.move_selected(1)), ("plan.up", lambda: hand.move_within(-1)),
            ("plan.down", lambda: hand.move_within(1)), ("plan.hour", hand.ask_hour),
            ("plan.day", hand.ask_day), ("plan.leave", hand.ask_leave),
            ("plan.compare", planner.compare), ("plan.accept", planner.accept),
            ("plan.give", do.giving.ask), ("plan.weekdays", do.weekdays.look),
            ("plan.one_week", lambda: do.show_weeks(1)),
            ("plan.two_weeks", lambda: do.show_weeks(2)),
            ("plan.three_weeks", lambda: do.show_weeks(3)),
            ("plan.four_weeks", lambda: do.show_weeks(4)),
        ):  # fmt: skip
            keys.bind(self, action, slot)

    def paper(self) -> Wanted:
        """The route of the shown day."""
        return Wanted("route", self._user_id, self.presenter.day)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """The side column grows with the text, but the board keeps three quarters."""
        self._side_column.setFixedWidth(min(theme.scaled(_SIDE), self.width() * 26 // 100))
        self._explaining.setFixedHeight(theme.scaled(_BAR))
        self._map_panel.setFixedHeight(min(theme.scaled(_MAP), self.height() * 2 // 5))

    # ------------------------------------------------------------------- the presenter's view

    def show_heading(self, heading: Heading) -> None:
        """Show week and totals."""
        self._week.set_runs([Run(heading.week, weight=t.MEDIUM, size=t.SIZE_STRONG)])
        self._weeks.choose(str(self.presenter.weeks))
        self._totals.set_runs([Run(heading.totals, "muted", size=t.SIZE_SMALL)])
        runs = []
        if heading.margin:
            runs.append(Run(_("Expected margin"), "muted", size=t.SIZE_SMALL))
            margin = Run(heading.margin, weight=t.SEMIBOLD, size=t.SIZE_SMALL, gap=t.SPACE_1)
            runs.append(margin)
        if heading.regularity:
            words = f"· {heading.regularity}"
            runs.append(Run(words, "muted", size=t.SIZE_SMALL, gap=t.SPACE_1))
        self._shares.setVisible(bool(runs))
        self._shares.set_runs(runs)

    def show_days(self, days: Sequence[DayItem]) -> None:
        """Show the board."""
        self.board.set_days(days)

    def show_selected(self, card: int | None) -> None:
        """Mark a card, on the board and on the map."""
        self.board.set_selected(card)
        self._later.start()

    def show_explanation(self, explanation: Explanation | None, card: CardItem | None) -> None:
        """Show the bar under the board."""
        changeable = card is not None and (card.movable or card.locked)
        for button in (self._lock, self._move, self._hour):
            button.setVisible(changeable)
        if explanation is None:
            self._what.set_runs([Run(_("Choose a visit to see why it is here."), "muted")])
            self._why.setText("")
            return
        runs = [Run(explanation.title, weight=t.SEMIBOLD)]
        if explanation.note:
            runs.append(Run(explanation.note, "muted", gap=t.SPACE_1))
        self._what.set_runs(runs)
        self._why.setText(explanation.sentence)
        self._why.setToolTip(explanation.sentence)
        if card is not None:
            locked = pgettext("plan", "Unlock") if card.locked else keys.title("plan.lock")
            self._lock.set_label(locked)

    def show_map(self, title: str, note: str, stops: Sequence[MapStop], home: Home | None) -> None:
        """Show a day's route."""
        self._map_panel.set_title(title, note)
        self.map.set_route(stops, home)
        self.map.select(self.presenter.selected)

    def show_unplanned(self, note: str, items: Sequence[UnplannedItem]) -> None:
        """Show who is left out."""
        self._left_out.set_title(_("Not planned"), note)
        self.unplanned.set_items(items)

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Show how far a re-plan is."""
        self._progress.setVisible(bool(text))
        for button in (self._replan, self._fill, self._compare):
            button.setEnabled(not text)
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

    def _on_order_clicked(self) -> None:
        self._by_due = not self._by_due
        self._order.set_label(_("by date") if self._by_due else _("by margin"))
        self.presenter.sort_unplanned(by_due=self._by_due)


def build(context: PlaceContext) -> PlanPlace:
    """Make the place."""
    return PlanPlace(context)

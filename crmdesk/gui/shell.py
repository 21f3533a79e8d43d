"""The window around the places: rail, top bar, place stack, banner, toast, command field.

Owns navigation and its history, lazily building places, telling them of changes, scheme and text
scale. What a place shows is its own business; opening the database is :mod:`crmdesk.gui.app`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QSettings, Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLayout,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.bus import Bus
from crmdesk.gui.chip_follower import ChipFollower
from crmdesk.gui.commands import key_hits, place_hits
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.finding import says, starts_with
from crmdesk.gui.first_size import first_size
from crmdesk.gui.forecasts import Forecasts
from crmdesk.gui.jobs import Runner
from crmdesk.gui.paper_keys import PaperKeys
from crmdesk.gui.person_menu import person_menu, show_above
from crmdesk.gui.presenting import Hit, PlaceContext, PlaceSpec, Target
from crmdesk.gui.rail_badges import RailBadges
from crmdesk.gui.reading_sign import ReadingSign
from crmdesk.gui.rounds import Rounds
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.notices import Banner, Toast
from crmdesk.gui.widgets.panels import Ground
from crmdesk.gui.widgets.rail import Rail
from crmdesk.gui.widgets.topbar import TopBar
from crmdesk.gui.widgets.topbar_state import ChipState
from crmdesk.i18n import _, format_date

if TYPE_CHECKING:
    from crmdesk.gui.widgets.palette import Palette
    from crmdesk.services.workspace import Workspace

DEFAULT_SIZE = (1440, 900)
LEAST_SIZE = (960, 600)
FOLD_BELOW = 1120
SYNC_PLACE = "sync"
ALIASES = {"visit": "today"}
"""Where a target is shown that has no place of its own: a visit runs on Today."""


@dataclass(frozen=True, slots=True)
class ShellSources:
    """What the shell reads: hits for a text, what was opened last, the chip's state.

    They run off the interface thread. ``opened(hit)`` keeps what was chosen, on the writer;
    ``on_look_changed(scheme, text scale)`` is told when the person changes them.
    """

    search: Callable[[str], Sequence[Hit]] | None = None
    recent: Callable[[], Sequence[Hit]] | None = None
    opened: Callable[[Hit], None] | None = None
    chip: Callable[[], ChipState] | None = None
    on_look_changed: Callable[[str, float], None] | None = None


class MainWindow(QMainWindow):
    """The shell. It is usable before a workspace is there: places come with :meth:`open_places`."""

    closed = False

    def __init__(
        self, runner: Runner, bus: Bus, errors: ErrorDesk, settings: QSettings | None = None
    ) -> None:
        super().__init__()
        self.setWindowTitle("crmdesk")
        self.setMinimumSize(*LEAST_SIZE)
        self.resize(first_size(self, DEFAULT_SIZE))
        self._runner = runner
        self._bus = bus
        self._errors = errors
        self._settings = settings
        self._sources = ShellSources()
        self._context: PlaceContext | None = None
        self._specs: dict[str, PlaceSpec] = {}
        self._widgets: dict[str, Any] = {}
        self._past, self._future = list[Target](), list[Target]()
        self._here: Target | None = None
        self._asked = ""
        self._fold_wanted = False
        self._build()
        self.rounds = Rounds(runner, self)
        ReadingSign(runner, self.top.set_reading)
        self.forecasts = Forecasts(runner, self.top.set_work, errors.show)
        self._chip = ChipFollower(self.top.chip, runner, self.rounds, self)
        self._badges = RailBadges(self.rail, runner, bus)
        self._bind_keys()
        self.paper = PaperKeys(self, runner, self, self._shown_place)
        self.export_list = self.paper.export_list
        runner.committed = bus.publish
        runner.unhandled = errors.show
        errors.on_banner = self.banner
        self._unsubscribe = bus.subscribe(self._on_changes_published)
        self._restore_geometry()

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        ground = self._ground = Ground(self)
        self.rail = Rail(ground)
        self.top = TopBar(ground)
        self.stack = QStackedWidget(ground)
        self.notice = Banner(ground)
        holder = QVBoxLayout()
        holder.setContentsMargins(t.PAGE_MARGIN, t.SPACE_3, t.PAGE_MARGIN, 0)
        holder.addWidget(self.notice)
        self._banner_room = QWidget(ground)
        self._banner_room.setLayout(holder)
        self._banner_room.hide()
        self.notice.closed.connect(self._banner_room.hide)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self.top)
        right.addWidget(self._banner_room)
        right.addWidget(self.stack, 1)
        row = QHBoxLayout(ground)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        self.setCentralWidget(ground)
        # Only our own least size counts; a place that wants more scrolls or elides.
        layout = self.layout()
        if layout is not None:
            layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._palette: Palette | None = None
        self.toast_note = Toast(ground)
        self.rail.place_chosen.connect(self.go)
        self.rail.person_clicked.connect(self._on_person_clicked)
        self.top.sync_clicked.connect(lambda: self.go(SYNC_PLACE))
        self.top.field.searched.connect(self._on_searched)
        self.top.field.escaped.connect(self._on_field_escaped)
        self.top.field.installEventFilter(self)
        self._show_frame(on=False)

    def _show_frame(self, *, on: bool) -> None:
        """Searching, syncing and the person make sense only with a workspace."""
        for part in (self.top.field, self.top.chip, self.rail.person):
            part.setVisible(on)

    def _bind_keys(self) -> None:
        slots: tuple[tuple[str, Callable[[], object]], ...] = (
            ("global.search", self._on_search_wanted),
            ("global.back", self.back),
            ("global.forward", self.forward),
            ("global.undo", self.toast_note.take_back),
            ("global.sync_centre", lambda: self.go(SYNC_PLACE)),
            ("global.forecasts", self.forecasts.toggle),
            ("global.scheme", self.toggle_scheme),
            ("global.larger", lambda: self._step_scale(1)),
            ("global.smaller", lambda: self._step_scale(-1)),
            ("global.rail", self._on_fold_wanted),
            ("global.quit", self.close),
        )
        for action, slot in slots:
            keys.bind(self, action, slot)
        for number in range(1, 10):
            chosen = QShortcut(QKeySequence(f"Ctrl+{number}"), self).activated
            chosen.connect(lambda number=number: self._on_place_number(number))

    # -------------------------------------------------------------------------------- places

    def open_places(
        self, workspace: Workspace, places: Sequence[PlaceSpec], sources: ShellSources
    ) -> None:
        """Fill the rail and open the first place; called once the workspace is open."""
        self._sources = sources
        self._chip.source = sources.chip
        self.rounds.open(workspace)
        self.paper.workspace = workspace
        self._show_frame(on=True)
        self._context = PlaceContext(workspace, self._runner, self, self._settings)
        self._specs = {spec.key: spec for spec in places}
        self.rail.set_places([(s.key, s.title(), s.icon) for s in places if s.in_rail])
        self._badges.open(workspace, places)
        self.show_day(workspace.today())
        first = next((spec.key for spec in places if spec.in_rail), None)
        if first is not None:
            self.go(first)
        self.refresh_chip()

    def show_day(self, today: date) -> None:
        """Say what day and week it is."""
        week = _("week {number}").format(number=today.isocalendar().week)
        self.top.set_date(format_date(today, year=True, weekday=True), week)

    def set_person(self, name: str, role: str) -> None:
        """Say who is working; ``role`` is "Rep · Subbética"."""
        self.rail.person.set_person(name, role)

    def show_alone(self, widget: QWidget) -> None:
        """Show a widget in the place area without any place (first run, passphrase)."""
        if self.stack.indexOf(widget) < 0:
            self.stack.addWidget(widget)
        self.stack.setCurrentWidget(widget)
        widget.setFocus()

    def place(self, key: str) -> Any:
        """The widget of a place, built when first asked for; raises KeyError when unknown."""
        if key not in self._widgets:
            if self._context is None:
                raise KeyError(key)
            widget = self._specs[key].build(self._context)
            self._widgets[key] = widget
            self.stack.addWidget(widget)
            widget.presenter.start()
        return self._widgets[key]

    def _shown_place(self) -> tuple[QWidget, str] | None:
        key = self._here.place if self._here is not None else ""
        return (self.place(key), self._specs[key].title()) if key else None

    def here(self) -> Target | None:
        """What is shown now."""
        return self._here

    # ---------------------------------------------------------------- Desk, for the presenters

    def go(self, place: str, **args: object) -> None:
        """Open a place and show something in it; Alt+Left comes back here."""
        place = place if place in self._specs else ALIASES.get(place, place)
        if place not in self._specs:
            return
        target = Target(place, args)
        if self._here is not None and target != self._here:
            self._past.append(self._here)
            self._future.clear()
        self._show(target)

    def back(self) -> None:
        """Return to where the person came from."""
        if self._past:
            if self._here is not None:
                self._future.append(self._here)
            self._show(self._past.pop())

    def forward(self) -> None:
        """Take a step back again."""
        if self._future:
            if self._here is not None:
                self._past.append(self._here)
            self._show(self._future.pop())

    def toast(self, text: str, *, undo: Callable[[], None] | None = None) -> None:
        """Say shortly what was done."""
        self.toast_note.say(text, undo)

    def banner(self, message: str, hint: str = "", *, tone: str = "warning") -> None:
        """Say what did not work and what to do next."""
        runs = [Run(message, weight=t.SEMIBOLD)]
        if hint:
            runs.append(Run(hint, gap=t.SPACE_1))
        self.notice.say(runs, tone=tone)
        self._banner_room.show()

    def fail(self, error: Exception) -> None:
        """Show an error in the way its kind asks for."""
        self._errors.show(error)

    def _show(self, target: Target) -> None:
        widget = self.place(target.place)
        self._here = target
        self.stack.setCurrentWidget(widget)
        self.rail.mark(self._specs[target.place].within or target.place)
        self.top.chip.setChecked(target.place == SYNC_PLACE)
        widget.show_target(target.args)
        self._leave_field()
        widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_place_number(self, number: int) -> None:
        shown = [spec.key for spec in self._specs.values() if spec.in_rail]
        if number <= len(shown):
            self.go(shown[number - 1])

    # ------------------------------------------------------------------------- command field

    @property
    def palette_list(self) -> Palette:
        """The list below the command field; made when first needed, to start sooner."""
        if self._palette is None:
            from crmdesk.gui.widgets.palette import Palette

            self._palette = Palette(self._ground)
            self._palette.chosen.connect(self._on_hit_chosen)
        return self._palette

    def _on_search_wanted(self) -> None:
        self.top.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.top.field.selectAll()
        self._on_searched(self.top.field.text())

    def _on_searched(self, text: str) -> None:
        self._asked = text
        if not self.top.field.hasFocus():
            return
        commands = self.commands(text)
        search, recent = self._sources.search, self._sources.recent
        if search is None or not text.strip():
            self._show_hits(commands, text)
            if recent is not None and not text.strip():
                self._runner.read(recent, lambda hits: self._on_recent_read(text, hits), owner=self)
            return
        self._runner.read(lambda: search(text), lambda hits: self._on_found(text, hits), owner=self)

    def _on_found(self, text: str, hits: Sequence[Hit]) -> None:
        if text == self._asked and self.top.field.hasFocus():
            commands = self.commands(text)
            meant = [hit for hit in commands if hit.target is not None and starts_with(hit, text)]
            rest = [hit for hit in commands if hit not in meant]
            self._show_hits([*meant, *hits, *rest], text)

    def _on_recent_read(self, text: str, hits: Sequence[Hit]) -> None:
        if hits and text == self._asked and self.top.field.hasFocus():
            self._show_hits([*hits, *self.commands(text)], text)

    def commands(self, text: str) -> list[Hit]:
        """What can be done here and everywhere, with its key; narrowed by a text."""
        owners: list[QWidget] = [self]
        if self._here is not None:
            owners.insert(0, self.place(self._here.place))
        hits = place_hits(self._specs.values()) + key_hits(self, owners, self.paper.offers)
        return [hit for hit in hits if says(hit, text)]

    def _show_hits(self, hits: Sequence[Hit], text: str) -> None:
        field, ground = self.top.field, self._ground
        corner = field.mapTo(ground, field.rect().bottomLeft())
        width = max(field.width(), min(theme.scaled(560), ground.width() - corner.x() - 16))
        self.palette_list.move(corner.x(), corner.y() + t.SPACE_1)
        self.palette_list.resize(width, self.palette_list.height())
        self.palette_list.show()
        self.palette_list.show_hits(hits, text)
        self.palette_list.raise_()

    def _on_field_escaped(self) -> None:
        """The field is done with: its text goes, and the keys are the place's again."""
        self._leave_field()
        shown = self.stack.currentWidget()
        if shown is not None:
            shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave_field(self) -> None:
        self._close_palette()
        self.top.field.clear()
        self.top.field.clearFocus()

    def _close_palette(self) -> None:
        if self._palette is not None:
            self._palette.hide()

    def _on_hit_chosen(self, hit: Hit) -> None:
        self._on_field_escaped()
        opened = self._sources.opened
        if hit.row is not None and opened is not None:
            self._runner.write(lambda: opened(hit), owner=self)
        target = hit.target
        if target is not None and target.instead is not None and target.place not in self._specs:
            target = target.instead
        if target is not None:
            self.go(target.place, **target.args)
        elif hit.action is not None:
            hit.action()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.top.field:
            if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
                shown = self._palette is not None and self._palette.isVisible()
                return shown and self.palette_list.walk(event)
            if event.type() == QEvent.Type.FocusOut:
                self._close_palette()
        return False

    # ----------------------------------------------------------------------- look and person

    def toggle_scheme(self) -> None:
        """Change between light and dark."""
        self.set_look("light" if theme.tokens().is_dark else "dark", theme.text_scale())

    def set_look(self, scheme: str, scale: float) -> None:
        """Apply a scheme and a text scale, and have them remembered."""
        app = QApplication.instance()
        before = theme.text_scale()
        if isinstance(app, QApplication):
            theme.apply(app, scheme, scale=scale)
        if theme.text_scale() != before:
            self._rebuild_places()
        if self._sources.on_look_changed is not None:
            self._sources.on_look_changed(scheme, scale)

    def _rebuild_places(self) -> None:
        """Build the places anew for another text scale: heights are laid out when built."""
        for widget in self._widgets.values():
            widget.presenter.close()
            self.stack.removeWidget(widget)
            widget.deleteLater()
        self._widgets.clear()
        if self._here is not None:
            self._show(self._here)

    def _step_scale(self, step: int) -> None:
        self.set_look(theme.tokens().name, theme.scale_beside(step))

    def _on_person_clicked(self) -> None:
        show_above(self.person_menu(), self.rail.person)

    def person_menu(self) -> QMenu:
        """What can be set, and the places that belong to no day's work."""
        actions: tuple[tuple[str, Callable[[], object]], ...] = (
            ("global.scheme", self.toggle_scheme),
            ("global.larger", lambda: self._step_scale(1)),
            ("global.smaller", lambda: self._step_scale(-1)),
            ("global.rail", self._on_fold_wanted),
            ("global.sync_centre", lambda: self.go(SYNC_PLACE)),
            ("global.quit", self.close),
        )
        return person_menu(self, actions, self._specs, self.go)

    def _on_fold_wanted(self) -> None:
        self._fold_wanted = not self.rail.folded
        self.rail.set_folded(folded=self._fold_wanted)

    # -------------------------------------------------------------------------------- changes

    def _on_changes_published(self, changes: ChangeSet) -> None:
        for widget in tuple(self._widgets.values()):
            widget.presenter.on_changes(changes)
        self.rounds.note_busy()
        self.forecasts.note_changes(changes)
        self.refresh_chip()

    def refresh_chip(self) -> None:
        """Read the chip's state again."""
        self._chip.refresh()

    # --------------------------------------------------------------------------------- window

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < FOLD_BELOW
        self.rail.set_folded(folded=narrow or self._fold_wanted)
        self._close_palette()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closed = self._chip.closed = self.paper.closed = self._badges.closed = True
        self.rounds.close()
        self.forecasts.close()
        self._unsubscribe()
        for widget in self._widgets.values():
            widget.presenter.close()
        # A profile that was not made leaves no folder behind.
        if self._settings is not None and Path(self._settings.fileName()).parent.is_dir():
            self._settings.setValue("window/geometry", self.saveGeometry())
        self._runner.close()
        super().closeEvent(event)

    def _restore_geometry(self) -> None:
        if self._settings is not None:
            geometry = self._settings.value("window/geometry")
            if geometry is not None:
                self.restoreGeometry(geometry)


def build_shell(
    workspace: Workspace,
    runner: Runner,
    bus: Bus,
    places: Sequence[PlaceSpec],
    sources: ShellSources | None = None,
    *,
    errors: ErrorDesk | None = None,
    settings: QSettings | None = None,
) -> MainWindow:
    """The window with its places, for an open workspace."""
    window = MainWindow(runner, bus, errors or ErrorDesk(), settings)
    window.open_places(workspace, places, sources or ShellSources())
    return window

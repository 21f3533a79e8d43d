"""The shell: places, history, command field, chip, undo, look; keys; light imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import UserError
from crmdesk.gui import keys, theme
from crmdesk.gui.bus import Bus
from crmdesk.gui.chip_follower import ROUND_SAID_MS
from crmdesk.gui.first_size import first_size
from crmdesk.gui.firstrun import FirstRun, Unlock
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import Hit, PlaceContext, PlaceSpec, RoundState, Target
from crmdesk.gui.shell import MainWindow, ShellSources, build_shell
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.fields import TYPING_PAUSE_MS
from crmdesk.gui.widgets.topbar import chip_runs
from crmdesk.gui.widgets.topbar_state import ChipState
from tests.gui.pictures import grab


@dataclass
class FakePresenter:
    closed: bool = False
    started: int = 0
    changes: list[ChangeSet] = field(default_factory=list)

    def start(self) -> None:
        self.started += 1

    def close(self) -> None:
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        self.changes.append(changes)


class FakePlace(QWidget):
    def __init__(self, key: str) -> None:
        super().__init__()
        self.presenter = FakePresenter()
        self.shown: list[Mapping[str, Any]] = []
        self.fired: list[str] = []
        self.field = QLineEdit(self)
        self.button = KeyHintButton("Press", parent=self)
        self.button.clicked.connect(lambda: self.fired.append("pressed"))
        column = QVBoxLayout(self)
        column.addWidget(self.field)
        column.addWidget(self.button)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if key == "today":
            keys.bind(self, "today.replan", lambda: self.fired.append("replan"))
            keys.bind(self, "today.visit", lambda: self.fired.append("visit"))

    def show_target(self, args: Mapping[str, Any]) -> None:
        self.shown.append(args)


class FakeWorkspace:
    def today(self) -> date:
        return date(2026, 11, 24)


@dataclass
class Office:
    window: MainWindow
    bus: Bus
    built: list[str]

    def place(self, key: str) -> FakePlace:
        found = self.window.place(key)
        assert isinstance(found, FakePlace)
        return found


@pytest.fixture
def make_office(qtbot: QtBot, runner: Runner) -> Iterator[Callable[..., Office]]:
    made: list[MainWindow] = []

    def make(sources: ShellSources | None = None, settings: QSettings | None = None) -> Office:
        bus = Bus()
        built: list[str] = []

        def build(key: str, _context: PlaceContext) -> FakePlace:
            built.append(key)
            return FakePlace(key)

        specs = [
            PlaceSpec(
                key,
                lambda key=key: key.title(),
                icon,
                lambda context, key=key: build(key, context),
                in_rail=key not in ("sync", "card", "maps"),
                within="plan" if key == "card" else "",
            )
            for key, icon in (
                ("today", "today"),
                ("plan", "plan"),
                ("sync", "sync"),
                ("card", "note"),
                ("maps", "map"),
            )
        ]
        window = build_shell(FakeWorkspace(), runner, bus, specs, sources, settings=settings)  # type: ignore[arg-type]
        made.append(window)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitExposed(window)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return Office(window, bus, built)

    yield make
    for window in made:
        window.close()


def test_places_are_built_when_first_opened(make_office: Callable[..., Office]) -> None:
    office = make_office()
    assert office.built == ["today"]
    office.window.go("plan", day="2026-11-25")
    assert office.built == ["today", "plan"]
    assert office.place("plan").shown == [{"day": "2026-11-25"}]
    assert office.place("plan").presenter.started == 1
    office.window.go("nowhere")
    assert office.window.here() == Target("plan", {"day": "2026-11-25"})


def test_history_goes_back_and_forward(qtbot: QtBot, make_office: Callable[..., Office]) -> None:
    office = make_office()
    office.window.go("plan")
    office.window.go("sync")
    qtbot.keyClick(office.window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert office.window.here() == Target("plan", {})
    office.window.back()
    assert office.window.here() == Target("today", {})
    office.window.back()
    office.window.forward()
    assert office.window.here() == Target("plan", {})
    assert office.window.stack.currentWidget() is office.place("plan")


def test_rail_marks_the_place_a_screen_belongs_to(make_office: Callable[..., Office]) -> None:
    office = make_office()
    office.window.go("card")
    marked = [button.key for button in office.window.rail.buttons() if button.isChecked()]
    assert marked == ["plan"]


def test_number_keys_open_places(qtbot: QtBot, make_office: Callable[..., Office]) -> None:
    office = make_office()
    qtbot.keyClick(office.window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert office.window.here() == Target("plan", {})


def test_maps_are_in_the_menu_of_the_person(make_office: Callable[..., Office]) -> None:
    office = make_office()
    menu = office.window.person_menu()
    (entry,) = [action for action in menu.actions() if action.text() == "Maps"]
    entry.trigger()
    assert office.window.here() == Target("maps", {})


def test_changes_reach_open_places_only(make_office: Callable[..., Office]) -> None:
    office = make_office()
    changes = ChangeSet.of("visit", [3])
    office.bus.publish(changes)
    assert office.place("today").presenter.changes == [changes]
    assert "plan" not in office.built
    office.window.close()
    assert office.place("today").presenter.closed


def test_chip_is_read_and_read_again(qtbot: QtBot, make_office: Callable[..., Office]) -> None:
    states = iter([ChipState("in_sync", "2 min ago"), ChipState("offline", "since Mon", 14, 3)])
    office = make_office(ShellSources(chip=lambda: next(states)))
    chip = office.window.top.chip
    qtbot.waitUntil(lambda: chip.state.kind == "in_sync")
    office.bus.publish(ChangeSet.of("order", [1]))
    qtbot.waitUntil(lambda: chip.state.waiting == 14)
    assert "Offline since Mon" in chip.accessibleName()
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert office.window.here() == Target("sync", {})


def test_chip_follows_a_round_that_brought_nothing(
    qtbot: QtBot, make_office: Callable[..., Office]
) -> None:
    waiting = [69]
    office = make_office(ShellSources(chip=lambda: ChipState("in_sync", "now", waiting[0])))
    window, chip = office.window, office.window.top.chip
    qtbot.waitUntil(lambda: chip.state.waiting == 69)
    window.rounds._show(RoundState(running=True))
    assert chip.state.kind == "in_sync"
    qtbot.waitUntil(lambda: chip.state.kind == "syncing")
    window.refresh_chip()
    waiting[0] = 0
    window.rounds._show(RoundState())
    qtbot.waitUntil(lambda: chip.state == ChipState("in_sync", "now", 0))


def test_profile_without_hq_never_says_that_it_syncs(
    qtbot: QtBot, make_office: Callable[..., Office]
) -> None:
    office = make_office(ShellSources(chip=lambda: ChipState("alone", need=2)))
    window, chip = office.window, office.window.top.chip
    qtbot.waitUntil(lambda: chip.state.need == 2)
    window.rounds._show(RoundState(running=True))
    qtbot.wait(ROUND_SAID_MS + 50)
    assert chip.state.kind == "alone"
    window.rounds._show(RoundState())


@pytest.mark.parametrize("kind", ["in_sync", "syncing", "waiting", "offline", "stopped", "alone"])
def test_every_chip_state_has_an_icon_and_a_word(qapp: object, kind: str) -> None:
    runs = chip_runs(ChipState(kind, "2 min ago", 1, 1))
    assert runs[0].icon
    assert runs[1].text


def test_command_field_finds_and_goes(qtbot: QtBot, make_office: Callable[..., Office]) -> None:
    hit = Hit("Customers", "Plaza Mayor", "Cabra", "customers", Target("plan", {"account": 7}))
    office = make_office(ShellSources(search=lambda text: [hit] if text == "pla" else []))
    window = office.window
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.top.field.hasFocus()
    qtbot.keyClicks(window.top.field, "pla")
    qtbot.waitUntil(lambda: hit in window.palette_list.hits_shown())
    titles = [shown.title for shown in window.palette_list.hits_shown()]
    assert titles == ["Plan", "Plaza Mayor", "Re-plan the rest"]
    qtbot.keyClick(window.top.field, Qt.Key.Key_Down)
    qtbot.keyClick(window.top.field, Qt.Key.Key_Down)
    qtbot.keyClick(window.top.field, Qt.Key.Key_Up)
    qtbot.keyClick(window.top.field, Qt.Key.Key_Return)
    assert window.here() == Target("plan", {"account": 7})
    assert not window.palette_list.isVisible()
    assert window.top.field.text() == ""


def test_what_was_opened_last_stands_first_and_is_remembered_when_chosen(
    qtbot: QtBot, make_office: Callable[..., Office]
) -> None:
    hit = Hit(
        "Opened last", "Plaza", "", "shop", Target("plan", {"account": 7}), row=("account", 7)
    )
    nowhere = Target("service", {"ticket": 1}, Target("plan", {"account": 8}))
    ticket = Hit("Opened last", "Broken", "", "ticket", nowhere, row=("ticket", 1))
    opened: list[Hit] = []
    window = make_office(ShellSources(recent=lambda: [hit, ticket], opened=opened.append)).window
    for step, args in ((0, {"account": 7}), (1, {"account": 8})):
        qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: window.palette_list.hits_shown()[:2] == [hit, ticket])
        for _down in range(step):
            qtbot.keyClick(window.top.field, Qt.Key.Key_Down)
        qtbot.keyClick(window.top.field, Qt.Key.Key_Return)
        assert window.here() == Target("plan", args)
        qtbot.waitUntil(lambda step=step: len(opened) == step + 1)
    assert opened == [hit, ticket]


def test_commands_are_found_by_the_beginnings_of_their_words(
    make_office: Callable[..., Office],
) -> None:
    window = make_office().window
    for typed in ("sync cen", "cen sy", "SÝNC"):
        assert "Sync centre" in [hit.title for hit in window.commands(typed)], typed


def test_a_global_key_leaves_the_command_field(
    qtbot: QtBot, make_office: Callable[..., Office]
) -> None:
    window = make_office().window
    for key, modifier in (
        (Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier),
        (Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier),
    ):
        before = window.here()
        qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        qtbot.keyClicks(window.top.field, "pl")
        qtbot.waitUntil(window.palette_list.isVisible)
        qtbot.keyClick(window.top.field, key, modifier)
        assert window.here() != before
        assert not window.palette_list.isVisible()
        assert window.top.field.text() == ""
        assert window.stack.currentWidget().hasFocus()


def test_one_escape_clears_and_leaves_the_command_field(
    qtbot: QtBot, make_office: Callable[..., Office]
) -> None:
    office = make_office()
    field = office.window.top.field
    field.setFocus()
    qtbot.keyClicks(field, "pl")
    qtbot.waitUntil(lambda: bool(office.window.palette_list.hits_shown()))
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""
    assert office.place("today").hasFocus()
    qtbot.wait(TYPING_PAUSE_MS + 40)
    assert not office.window.palette_list.isVisible()


def test_commands_of_the_place_can_be_run_from_the_field(
    qtbot: QtBot, make_office: Callable[..., Office]
) -> None:
    office = make_office()
    (hit,) = office.window.commands("re-plan")
    assert hit.keys == "R"
    office.window.palette_list.chosen.emit(hit)
    assert office.place("today").fired == ["replan"]


def test_fields_keep_their_letters_and_buttons_their_space(
    qtbot: QtBot, make_office: Callable[..., Office]
) -> None:
    office = make_office()
    place = office.place("today")
    place.setFocus()
    qtbot.keyClick(place, Qt.Key.Key_R)
    qtbot.keyClick(place, Qt.Key.Key_Space)
    assert place.fired == ["replan", "visit"]
    place.field.setFocus()
    qtbot.keyClicks(place.field, "r r")
    assert place.field.text() == "r r"
    place.button.setFocus()
    qtbot.keyClick(place.button, Qt.Key.Key_Space)
    assert place.fired == ["replan", "visit", "pressed"]


def test_toast_undoes_once(qtbot: QtBot, make_office: Callable[..., Office]) -> None:
    office = make_office()
    undone: list[bool] = []
    office.window.toast("Visit logged", undo=lambda: undone.append(True))
    assert office.window.toast_note.isVisible()
    qtbot.keyClick(office.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(office.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert undone == [True]
    assert not office.window.toast_note.isVisible()


def test_user_error_becomes_a_banner(make_office: Callable[..., Office]) -> None:
    office = make_office()
    office.window.fail(UserError("No delivery day.", "Choose one and submit again."))
    assert office.window.notice.text() == "No delivery day. Choose one and submit again."
    assert office.window.notice.isVisible()


def test_look_changes_and_is_told(qtbot: QtBot, make_office: Callable[..., Office]) -> None:
    told: list[tuple[str, float]] = []
    office = make_office(ShellSources(on_look_changed=lambda *look: told.append(look)))
    office.window.toggle_scheme()
    assert theme.tokens().is_dark
    qtbot.keyClick(office.window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert theme.text_scale() == 1.1
    assert told == [("dark", 1.0), ("dark", 1.1)]


def test_places_are_built_anew_for_another_text_scale(make_office: Callable[..., Office]) -> None:
    office = make_office()
    office.window.go("plan", day="2026-11-25")
    first = office.place("plan")
    office.window.set_look("light", 1.25)
    assert first.presenter.closed
    assert office.place("plan") is not first
    assert office.place("plan").shown == [{"day": "2026-11-25"}]
    office.window.set_look("dark", 1.25)
    assert office.built == ["today", "plan", "plan"]


def test_a_visit_is_shown_on_today(make_office: Callable[..., Office]) -> None:
    office = make_office()
    office.window.go("visit", account=7)
    assert office.window.here() == Target("today", {"account": 7})


def test_narrow_window_folds_the_rail(qtbot: QtBot, make_office: Callable[..., Office]) -> None:
    office = make_office()
    office.window.resize(1000, 700)
    assert office.window.rail.folded
    office.window.resize(1440, 900)
    assert not office.window.rail.folded


def test_geometry_is_remembered(make_office: Callable[..., Office], tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    office = make_office(settings=settings)
    office.window.resize(1200, 800)
    office.window.close()
    assert settings.contains("window/geometry")


def test_key_map_has_no_clashes() -> None:
    assert keys.clashes() == []


def test_every_key_is_a_key_qt_knows(qapp: object) -> None:
    for binding in keys.KEYS.values():
        if not binding.hint_only:
            assert all(not s.isEmpty() and s.toString() for s in keys.sequences(binding.key))
        assert keys.title(binding.action)


def test_first_run_asks_for_what_joining_needs(
    make_office: Callable[..., Office], tmp_path: Path
) -> None:
    window = make_office().window
    screen = FirstRun()
    window.show_alone(screen)
    wanted: list[tuple[str, str]] = []
    screen.join_wanted.connect(lambda address, code: wanted.append((address, code)))
    assert not grab(window, tmp_path / "first.png").isNull()
    join = next(b for b in screen.findChildren(KeyHintButton) if b.text() == "Join")
    join.click()
    assert wanted == []
    assert "address" in screen.notice.text()
    for line in screen.findChildren(QLineEdit)[:2]:
        line.setText("x")
    join.click()
    assert wanted == [("x", "x")]


def test_unlock_gives_the_passphrase(qtbot: QtBot) -> None:
    screen = Unlock()
    qtbot.addWidget(screen)
    with qtbot.waitSignal(screen.passphrase_given) as given:
        line = screen.findChild(QLineEdit)
        assert line is not None
        line.setText("correct horse")
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert given.args == ["correct horse"]


HEAVY = (
    "sqlalchemy",
    "numpy",
    "httpx2",
    "openpyxl",
    "alembic",
    "sqlcipher3",
    "keyring",
    "holidays",
)


@pytest.mark.parametrize("module", ["crmdesk.gui.shell", "crmdesk.gui.app"])
def test_the_window_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"


def test_the_window_begins_no_larger_than_the_screen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    screen = window.screen().availableSize()
    small = (screen.width() // 2, screen.height() * 3)
    assert first_size(window, small, "xcb") == QSize(small[0], screen.height())
    assert first_size(window, small) == QSize(*small)

"""Start-up: the window before the database, first run, locked profile, opening, errors, the log."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.domain.errors import Cancelled, DiskFull, KeyMissing, Refused, Unreachable, UserError
from crmdesk.gui import app as start_up
from crmdesk.gui.app import Beginnings, Desktop, Start
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.firstrun import FirstRun, Unlock
from crmdesk.gui.jobs import Control
from crmdesk.gui.lease_screen import LeaseScreen
from crmdesk.gui.presenting import Target
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.rows import RowsModel
from crmdesk.services.queries.search import find
from crmdesk.storage import crypto, profile
from tests.gui.demo_profile import SPEC
from tests.gui.pictures import grab

Begin = Callable[..., Desktop]


@pytest.fixture
def begin(qtbot: QtBot, qapp: QApplication, synchronous_maps: None) -> Iterator[Begin]:
    made: list[Desktop] = []

    def start(
        folder: Path, instants: Callable[[], datetime] = SPEC.instant, **rest: object
    ) -> Desktop:
        desktop = Desktop(qapp, Start(folder, instants, sync_by_itself=False, **rest))  # type: ignore[arg-type]
        made.append(desktop)
        desktop.show()
        return desktop

    yield start
    for desktop in made:
        desktop.close()


@pytest.fixture
def folder(demo_template: Path, tmp_path: Path) -> Path:
    shutil.copytree(demo_template, tmp_path / "profile")
    return tmp_path / "profile"


def test_window_comes_before_the_database(begin: Begin, qtbot: QtBot, folder: Path) -> None:
    desktop = begin(folder)
    assert desktop.window.isVisible()
    assert desktop.workspace is None
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    assert desktop.window.here() == Target("today", {})
    assert desktop.window.rail.person.text() == "Rocío Almagro"
    qtbot.waitUntil(lambda: desktop.runner.running == 0)


def test_command_field_finds_customers_of_the_profile(
    begin: Begin, qtbot: QtBot, folder: Path
) -> None:
    desktop = begin(folder)
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    window = desktop.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.top.field.setFocus()
    qtbot.keyClicks(window.top.field, "perla")
    qtbot.waitUntil(lambda: window.palette_list.hits_shown() != [])
    assert desktop.workspace is not None
    names = [row.title for row in find(desktop.workspace, "perla") if row.kind == "account"]
    assert names
    hit = window.palette_list.hits_shown()[0]
    assert hit.title in names
    assert hit.target is not None
    assert hit.target.place == "customer"


def test_empty_machine_offers_three_ways(begin: Begin, qtbot: QtBot, tmp_path: Path) -> None:
    desktop = begin(tmp_path / "nothing")
    qtbot.waitUntil(lambda: isinstance(desktop.window.stack.currentWidget(), FirstRun))
    screen = desktop.window.stack.currentWidget()
    assert isinstance(screen, FirstRun)
    screen.demo_wanted.emit()
    assert "not part of this build" in screen.notice.text()
    desktop.close()
    assert not (tmp_path / "nothing").exists()


def test_a_beginning_leads_into_the_profile(
    begin: Begin, qtbot: QtBot, tmp_path: Path, folder: Path
) -> None:
    steps: list[str] = []

    def demo(control: Control) -> Path:
        control.report(1, 2, "Half")
        steps.append("made")
        return folder

    desktop = begin(tmp_path / "nothing", beginnings=Beginnings(demo=demo))
    qtbot.waitUntil(lambda: isinstance(desktop.window.stack.currentWidget(), FirstRun))
    screen = desktop.window.stack.currentWidget()
    assert isinstance(screen, FirstRun)
    screen.demo_wanted.emit()
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    assert steps == ["made"]
    qtbot.waitUntil(lambda: desktop.runner.running == 0)


def test_a_failed_join_says_why_and_lets_choose_again(
    begin: Begin, qtbot: QtBot, tmp_path: Path
) -> None:
    def join(*_given: object) -> Path:
        raise Unreachable("HQ does not answer.", "Check the address.")

    desktop = begin(tmp_path / "nothing", beginnings=Beginnings(join=join))
    qtbot.waitUntil(lambda: isinstance(desktop.window.stack.currentWidget(), FirstRun))
    screen = desktop.window.stack.currentWidget()
    assert isinstance(screen, FirstRun)
    screen.join_wanted.emit("https://hq.example", "code")
    assert screen.progress.isVisible()
    qtbot.waitUntil(screen.notice.isVisible)
    assert screen.notice.text() == "HQ does not answer. Check the address."
    assert not screen.progress.isVisible()


def test_without_a_keyring_a_passphrase_is_chosen_in_the_window(
    begin: Begin, qtbot: QtBot, tmp_path: Path
) -> None:
    from crmdesk.services.workspace import NewCompany, start_alone

    secrets: list[str | None] = []

    def join(_a: str, _code: str, secret: str | None, _word: str, _control: Control) -> Path:
        secrets.append(secret)
        if secret is None:
            raise KeyMissing("No keyring answers on this computer.", "Set CRMDESK_PASSPHRASE.")
        company = NewCompany("Subbética", "Rocío Almagro")
        place = tmp_path / "new"
        start_alone(place, SPEC.instant, company, way="passphrase", passphrase=secret).close()
        return place

    desktop = begin(tmp_path / "new", beginnings=Beginnings(join=join))
    qtbot.waitUntil(lambda: isinstance(desktop.window.stack.currentWidget(), FirstRun))
    screen = desktop.window.stack.currentWidget()
    assert isinstance(screen, FirstRun)
    address, code, _word, _company, first, second = screen.findChildren(QLineEdit)
    button = next(b for b in screen.findChildren(KeyHintButton) if b.text() == "Join")
    address.setText("https://hq.example.com")
    code.setText("CODE")
    button.click()
    qtbot.waitUntil(first.isVisible)
    assert "No keyring answers" in screen.notice.text()
    assert "CRMDESK" not in screen.notice.text()
    for one, other, words in (
        ("short", "short", "too short"), ("correct horse", "correct hors", "not the same"),
    ):  # fmt: skip
        first.setText(one)
        second.setText(other)
        button.click()
        assert words in screen.notice.text()
    second.setText("correct horse")
    button.click()
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    assert secrets == [None, "correct horse"]
    qtbot.waitUntil(lambda: desktop.runner.running == 0)


def test_locked_profile_asks_in_the_window(begin: Begin, qtbot: QtBot, tmp_path: Path) -> None:
    from crmdesk.services.workspace import NewCompany, start_alone

    folder = tmp_path / "locked"
    start_alone(
        folder, SPEC.instant, NewCompany("Subbética", "Rocío Almagro"), way="passphrase",
        passphrase="correct horse",
    ).close()  # fmt: skip
    desktop = begin(folder)
    qtbot.waitUntil(lambda: isinstance(desktop.window.stack.currentWidget(), Unlock))
    screen = desktop.window.stack.currentWidget()
    assert isinstance(screen, Unlock)
    screen.passphrase_given.emit("wrong")
    qtbot.waitUntil(lambda: "not the passphrase" in screen.asked())
    screen.passphrase_given.emit("correct horse")
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    qtbot.waitUntil(lambda: desktop.runner.running == 0)


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.parametrize("damage", ["no key", "another key"])
def test_no_passphrase_is_asked_where_none_would_help(
    begin: Begin, qtbot: QtBot, folder: Path, damage: str
) -> None:
    if damage == "no key":
        (folder / crypto.KEY_FILE).unlink()
    else:
        crypto.keep_key(folder, crypto.new_key(), way="open")
    desktop = begin(folder)
    qtbot.waitUntil(lambda: desktop.window.findChild(QMessageBox) is not None)
    box = desktop.window.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    assert "key" in box.text()
    assert not isinstance(desktop.window.stack.currentWidget(), Unlock)
    box.close()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_wiped_profile_leaves_the_screen(begin: Begin, qtbot: QtBot, folder: Path) -> None:
    desktop = begin(folder)
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    desktop._on_round_ended(
        Refused("This device has been reported lost.", code="wiped"), asked=False
    )
    (box,) = desktop.window.findChildren(QMessageBox)
    assert "reported lost" in box.text()
    assert type(desktop.window.stack.currentWidget()) is QWidget
    box.accept()
    qtbot.waitUntil(lambda: not desktop.window.isVisible())


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_profile_in_use_is_said_in_a_dialog(begin: Begin, qtbot: QtBot, folder: Path) -> None:
    with profile.locked(folder, "desktop"):
        desktop = begin(folder)
        qtbot.waitUntil(lambda: desktop.window.findChild(QMessageBox) is not None)
    box = desktop.window.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    assert "already open" in box.text()
    assert "safe" in box.informativeText()
    box.close()


def test_look_is_remembered(begin: Begin, qtbot: QtBot, folder: Path) -> None:
    from crmdesk.gui import theme

    first = begin(folder)
    qtbot.waitUntil(lambda: first.workspace is not None)
    first.window.set_look("dark", 1.25)
    qtbot.waitUntil(lambda: first.runner.running == 0)
    first.close()
    begin(folder)
    assert (theme.tokens().name, theme.text_scale()) == ("dark", 1.25)


# -------------------------------------------------------------------------------------- errors


def test_what_a_person_can_mend_goes_to_the_banner(qtbot: QtBot) -> None:
    desk = ErrorDesk()
    said: list[tuple[str, str]] = []
    desk.on_banner = lambda message, hint: said.append((message, hint))
    desk.show(UserError("No day.", "Choose one."))
    desk.show(Cancelled())
    desk.show(Unreachable("HQ does not answer."))
    assert said == [("No day.", "Choose one.")]


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.logs_warnings
def test_bugs_open_one_crash_dialog_with_the_log_to_send(qtbot: QtBot, tmp_path: Path) -> None:

    window = QWidget()
    qtbot.addWidget(window)
    desk = ErrorDesk(window, tmp_path / "crmdesk.log")
    forget = start_up._keep_log(tmp_path / "crmdesk.log")
    desk.show(ZeroDivisionError("first"))
    desk.show(ZeroDivisionError("second"))
    boxes = window.findChildren(QMessageBox)
    assert len(boxes) == 1
    assert "crmdesk.log" in boxes[0].informativeText()
    assert "ZeroDivisionError" in boxes[0].detailedText()
    boxes[0].close()
    forget()
    logged = (tmp_path / "crmdesk.log").read_text(encoding="utf-8")
    assert logged.count("ZeroDivisionError") >= 2


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_machine_failures_say_that_the_data_are_safe(qtbot: QtBot) -> None:

    window = QWidget()
    qtbot.addWidget(window)
    ErrorDesk(window).show(DiskFull("The disk is full.", "Free some space."))
    box = window.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    assert "Your data are safe" in box.informativeText()
    box.close()


def test_log_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "crmdesk.log"
    forget = start_up._keep_log(path)
    handler = logging.getLogger("crmdesk").handlers[-1]
    record = logging.LogRecord("crmdesk", logging.ERROR, "x", 1, "y" * 600_000, None, None)
    for _number in range(4):
        handler.handle(record)
    forget()
    assert path.stat().st_size < 2 * start_up.LOG_BYTES


def away_for(folder: Path, days: int) -> None:
    """A joined profile that met HQ so many days ago and may stay away for 21."""
    from crmdesk.services.workspace import NewCompany, start_alone
    from crmdesk.sync import facts, lease

    workspace = start_alone(folder, SPEC.instant, NewCompany("Subbética", "Rocío"), way="open")
    with workspace.database.maintenance() as connection:
        lease.renew(connection, SPEC.instant() - timedelta(days=days), 21)
        for key, value in ((facts.URL, "http://127.0.0.1:9"), (facts.KEY, "k"),
                           (facts.DEVICE, "ab" * 16)):  # fmt: skip
            profile.set_fact(connection, key, value)
    workspace.close()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_profile_that_was_away_too_long_shows_only_that(
    begin: Begin, qtbot: QtBot, tmp_path: Path
) -> None:
    away_for(tmp_path / "away", 22)
    desktop = begin(tmp_path / "away")
    qtbot.waitUntil(lambda: isinstance(desktop.window.stack.currentWidget(), LeaseScreen))
    screen = desktop.window.stack.currentWidget()
    assert isinstance(screen, LeaseScreen)
    assert "data are locked" in screen.said()
    assert desktop.workspace is None

    screen.findChild(KeyHintButton).click()

    qtbot.waitUntil(lambda: "cannot be reached" in screen.said())
    assert desktop.workspace is None


def _lists_shown(desktop: Desktop, qtbot: QtBot) -> dict[str, list[list[str]]]:
    """The words of the first rows of every list, by place and list."""
    found: dict[str, list[list[str]]] = {}
    for place in ("customers", "orders", "quotes", "tasks", "pipeline", "lists", "service"):
        for model in desktop.window.place(place).findChildren(RowsModel):

            def words(model: RowsModel = model) -> list[list[str]]:
                across, down = range(model.columnCount()), range(min(12, model.rowCount()))
                return [[str(model.index(row, at).data()) for at in across] for row in down]

            words()  # asks for the rows that are not there yet
            qtbot.waitUntil(lambda: desktop.runner.running == 0)
            found[f"{place} {model.columns[0].title}"] = words()
    return found


def test_a_window_left_open_over_midnight_says_what_one_opened_in_the_morning_says(
    begin: Begin, qtbot: QtBot, folder: Path
) -> None:
    """Lists too: what was due tomorrow is due today, and what was due today is late."""
    passed = timedelta(0)
    desktop = begin(folder, instants=lambda: SPEC.instant() + passed)
    qtbot.waitUntil(lambda: desktop.workspace is not None and desktop.runner.running == 0)
    evening = _lists_shown(desktop, qtbot)

    passed = timedelta(days=1)
    desktop._on_ticked()
    qtbot.waitUntil(lambda: desktop.runner.running == 0)
    left_open = _lists_shown(desktop, qtbot)
    desktop.close()

    fresh = begin(folder, instants=lambda: SPEC.instant() + passed)
    qtbot.waitUntil(lambda: fresh.workspace is not None and fresh.runner.running == 0)
    morning = _lists_shown(fresh, qtbot)
    assert len(morning) >= 7
    assert sum(bool(rows) for rows in morning.values()) >= 6
    assert {name for name in morning if morning[name] != evening[name]} >= {
        "orders Number",
        "tasks What waits",
    }
    for name, rows in morning.items():
        assert left_open[name] == rows, name


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_lease_that_ends_in_an_open_window_leaves_the_screen(
    begin: Begin, qtbot: QtBot, tmp_path: Path
) -> None:
    from crmdesk.sync import lease

    away_for(tmp_path / "away", 20)
    desktop = begin(tmp_path / "away")
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    qtbot.waitUntil(lambda: desktop.runner.running == 0)
    assert desktop.workspace is not None
    lease.lock_after(desktop.workspace.database, lease.Lease(21, timedelta(0)))

    desktop._on_ticked()

    (box,) = desktop.window.findChildren(QMessageBox)
    assert "data are locked" in box.text()
    assert type(desktop.window.stack.currentWidget()) is QWidget
    box.accept()


def test_what_is_not_clear_in_a_file_is_shown_before_it_is_taken(
    begin: Begin, qtbot: QtBot, tmp_path: Path
) -> None:
    from crmdesk.cli.beginning import start_from_file
    from crmdesk.services.imports import SalesFile

    place, file = tmp_path / "new", tmp_path / "sales.csv"
    file.write_text(
        "customer;sku;date;qty\nA;S1;03/04/2026;3\nA;S1;03/04/2026;many\n", encoding="utf-8"
    )

    def alone(company: str, chosen: SalesFile, _secret: str | None, _control: Control) -> Path:
        start_from_file(
            place, company, chosen.path, SPEC.instant, passphrase="correct horse", seen=chosen.seen
        )
        return place

    desktop = begin(place, beginnings=Beginnings(alone=alone), passphrase="correct horse")
    qtbot.waitUntil(lambda: isinstance(desktop.window.stack.currentWidget(), FirstRun))
    screen = desktop.window.stack.currentWidget()
    assert isinstance(screen, FirstRun)
    screen._want(file, seen=False)
    qtbot.waitUntil(lambda: screen._report is not None and screen._report.isVisible())
    report = screen._report
    assert report is not None
    assert not profile.exists(place)
    assert "1 row can be taken, 1 cannot" in report.heading.text()
    said = report.text.toPlainText()
    assert "line 3: “many” is not a quantity" in said
    assert "read with the day first: 3 Apr 2026" in said
    assert not grab(desktop.window, tmp_path / "report.png").isNull()
    qtbot.keyClick(report, Qt.Key.Key_Escape)
    assert not report.isVisible()
    screen._want(file, seen=False)
    qtbot.waitUntil(report.isVisible)
    qtbot.keyClick(report.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    qtbot.waitUntil(lambda: desktop.runner.running == 0)

"""What the user always sees, in the window and in a terminal: unsent, refused, last consistent.

The numbers are counted here once more from the tables and from what the test itself has done, and
must be the same in the chip, in the sync centre and on the command line, whatever went wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.cli.program import Faces, main
from crmdesk.gui.bus import Bus
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.rounds import SyncLine
from crmdesk.gui.shell import MainWindow, ShellSources, build_shell
from crmdesk.gui.sync_words import chip_state
from crmdesk.gui.views.sync.widget import SyncPlace
from crmdesk.hq.administration import admin
from crmdesk.hq.database import schema
from crmdesk.i18n import format_date, format_time
from crmdesk.services.queries.sync import sync_status
from crmdesk.services.workspace import Workspace, workspace_of
from crmdesk.sync.transport import HttpTransport
from tests.gui.conftest import runner
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note
from tests.sync.faults import FaultyTransport

__all__ = ["runner"]

pytestmark = pytest.mark.hq


@dataclass
class Steps:
    """The laptop's clock: it goes on by minutes, so that no round ends in the minute of another."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Desk:
    """A rep's desktop on a real laptop, and the truth as the test knows it."""

    qtbot: QtBot
    runner: Runner
    hq: Headquarters
    laptop: Laptop
    ws: Workspace
    window: MainWindow
    capsys: pytest.CaptureFixture[str]
    fault: dict[str, str]
    clock: Steps
    consistent: datetime
    ends: list[Exception | None] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Something is typed; the window hears of it."""
        add_note(self.laptop, "C0", "R1", text)
        self.window.refresh_chip()

    def round(self) -> Exception | None:
        """A round, to its end; a whole one moves the last consistent time."""
        self.clock.ahead += timedelta(minutes=3)
        before, began = len(self.ends), self.clock()
        self.window.rounds.ask()
        self.qtbot.waitUntil(lambda: len(self.ends) > before, timeout=20_000)
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=20_000)
        if self.ends[-1] is None:
            self.consistent = began
        return self.ends[-1]

    def sees(self, *, waiting: int, need: int, kind: str) -> None:
        """The three facts are told in all three places, and they are true."""
        assert self._unsent() == waiting
        assert self._refused() == need
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=20_000)
        self._sees_chip(waiting, need, kind)
        self._sees_centre(waiting, need)
        self._sees_terminal(waiting, need)

    def _unsent(self) -> int:
        rows = self.laptop.rows(
            "SELECT entity, hex(uid) FROM journal WHERE state = 'waiting' AND op <> 'C'"
        )
        return len(set(rows))

    def _refused(self) -> int:
        return len(set(self.laptop.rows("SELECT hex(uid) FROM refusal WHERE state = 'open'")))

    def _sees_chip(self, waiting: int, need: int, kind: str) -> None:
        chip = self.window.top.chip
        assert chip.state.kind == kind, chip.accessibleName()
        words = chip.accessibleName()
        assert (f"{waiting} change" in words) == bool(waiting), words
        assert (f"{need} need" in words) == bool(need), words

    def _sees_centre(self, waiting: int, need: int) -> None:
        place = self.window.place("sync")
        assert isinstance(place, SyncPlace)
        place.presenter.refresh()
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=20_000)
        said = place.tiles.accessibleName()
        assert f"Waiting to send: {waiting}" in said
        assert f"Need you: {need}" in said
        assert f"Last consistent: {self._time(weekday=True)}" in said
        assert len(place.cards.cards()) == need

    def _sees_terminal(self, waiting: int, need: int) -> None:
        self.capsys.readouterr()
        faces = Faces(lambda _f: 1, lambda _f, _p: 1, lambda: 1)
        profile = str(self.laptop.folder)
        main(["sync", "--status", "--profile", profile], faces, self.clock)
        said = self.capsys.readouterr().out
        assert re.search(rf"^{waiting} changes? waiting · {need} needs? you · ", said), said
        assert self._time(year=True).replace(",", "") in said.replace(",", "")

    def _time(self, *, weekday: bool = False, year: bool = False) -> str:
        local = self.ws.clock.local(self.consistent)
        day = format_date(local.date(), weekday=weekday, year=year)
        return f"{day}, {format_time(local)}"


@pytest.fixture
def desk(
    hq: Headquarters, qtbot: QtBot, runner: Runner, qapp: QApplication,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:  # fmt: skip
    laptop = hq.join("R1")
    clock = Steps()
    ws = workspace_of(laptop.folder, laptop.database, clock)
    specs = [spec for spec in places_for(ws) if spec.key == "sync"]

    def chip() -> object:
        return chip_state(sync_status(ws), ws.clock.local(ws.now()))

    window = build_shell(ws, runner, Bus(), specs, ShellSources(chip=chip))  # type: ignore[arg-type]
    qtbot.addWidget(window)
    fault: dict[str, str] = {}
    inner = HttpTransport(hq.url)
    line = SyncLine(ws, FaultyTransport(inner, lambda path, _nth: fault.get(path, "")))
    window.rounds.open(ws, line)
    window.show()
    window.go("sync")
    made = Desk(qtbot, runner, hq, laptop, ws, window, capsys, fault, clock, clock())
    window.rounds.on_ended = lambda error, _asked: made.ends.append(error)
    assert made.round() is None
    yield made
    window.close()
    inner.close()


def _offline(desk: Desk) -> None:
    desk.fault["/v1/token"] = desk.fault["/v1/push"] = "lose-request"
    desk.round()
    desk.sees(waiting=1, need=0, kind="offline")
    desk.fault.clear()
    desk.round()
    desk.sees(waiting=0, need=0, kind="in_sync")


def _answer_lost(desk: Desk) -> None:
    """HQ has taken it, but the laptop does not know: it counts as unsent until it does."""
    desk.fault["/v1/push"] = "lose-response"
    desk.round()
    desk.sees(waiting=1, need=0, kind="offline")
    desk.fault.clear()
    desk.round()
    desk.sees(waiting=0, need=0, kind="in_sync")
    assert desk.hq.one("SELECT count(*) FROM note") == 1


def _half_way(desk: Desk) -> None:
    """Sent, but HQ's news did not come: nothing waits, and consistent it was before."""
    desk.fault["/v1/pull"] = "lose-request"
    desk.round()
    desk.sees(waiting=0, need=0, kind="offline")


def _cancelled(desk: Desk) -> None:
    class Stops:
        """The person presses Esc while the first request is under way."""

        def __call__(self, path: str, _nth: int) -> str:
            if path == "/v1/push":
                desk.window.rounds._stop.set()
            return ""

    desk.window.rounds._line._transport._fault = Stops()
    desk.round()
    desk.sees(waiting=0, need=0, kind="waiting")


def _refused(desk: Desk) -> None:
    """The customer has moved away meanwhile: what was typed is refused and stays readable."""
    admin.reassign_territory(desk.hq.store, ["C0"], "T2", now_ms=desk.hq.now_ms())
    desk.round()
    desk.sees(waiting=0, need=1, kind="in_sync")


def _new_epoch(desk: Desk) -> None:
    """HQ was restored from a backup: what it lost waits again until it has been taken."""
    desk.round()
    with desk.hq.store.transaction() as connection:
        connection.execute("DELETE FROM note")
        connection.execute("DELETE FROM op_result")
    schema.new_epoch(desk.hq.store)
    desk.fault["/v1/push"] = "lose-request"
    desk.note("after the restore")
    desk.round()
    # The first push told of the new epoch; everything is offered again.
    desk.fault.clear()
    desk.round()
    desk.sees(waiting=0, need=0, kind="in_sync")
    assert desk.hq.one("SELECT count(*) FROM note") == 2


def _turned_away(desk: Desk) -> None:
    with desk.hq.store.transaction() as connection:
        connection.execute("UPDATE hq_device SET status = 'cloned'")
    desk.window.rounds._line.close()
    desk.round()
    desk.sees(waiting=1, need=0, kind="stopped")
    assert desk.window.rounds.state.turned_away


@pytest.mark.parametrize(
    "fault",
    [_offline, _answer_lost, _half_way, _cancelled, _refused, _new_epoch, _turned_away],
    ids=lambda one: one.__name__.strip("_"),
)
def test_case_36_unsent_refused_and_last_consistent_are_always_seen(
    desk: Desk, fault: Callable[[Desk], None]
) -> None:
    desk.sees(waiting=0, need=0, kind="in_sync")
    desk.note("typed before it went wrong")
    desk.sees(waiting=1, need=0, kind="in_sync")
    fault(desk)


def test_a_wiped_laptop_says_why_and_holds_nothing(desk: Desk) -> None:
    """There is nothing left to count; what is said is what happened and whom to speak to."""
    desk.note("lost with the laptop")
    admin.end_device(desk.hq.store, desk.ws.device_prefix, "wiped")
    error = desk.round()
    assert "reported lost" in str(error)
    assert "Speak to the office" in str(error)
    desk.capsys.readouterr()
    faces = Faces(lambda _f: 1, lambda _f, _p: 1, lambda: 1)
    code = main(["sync", "--profile", str(desk.laptop.folder)], faces, lambda: datetime.now(UTC))
    assert code != 0
    assert "lost with the laptop" not in desk.capsys.readouterr().out

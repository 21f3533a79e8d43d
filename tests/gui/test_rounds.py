"""The desktop's rounds: one at a time, told, cancelled between requests, by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import Cancelled, CrmdeskError, Refused, Unreachable
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import RoundState
from crmdesk.gui.rounds import Rounds
from crmdesk.services import settings
from crmdesk.services.workspace import Workspace
from crmdesk.sync import schedule

WAIT_S = 10.0


@dataclass
class FakeLine:
    """A way to HQ that goes on page by page as the test lets it."""

    error: CrmdeskError | None = None
    pages: int = 1
    touched: ChangeSet = field(default_factory=ChangeSet)
    whole: list[bool] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    turned: int = 0
    closed: bool = False

    def run(
        self,
        progress: Callable[[int, int, str], None],
        cancelled: Callable[[], bool],
        *,
        whole: bool,
    ) -> ChangeSet:
        self.whole.append(whole)
        for page in range(self.pages):
            if cancelled():
                self.touched = ChangeSet.of("account", [1])
                raise Cancelled
            progress(page * 500, 0, "pull")
            assert self.go_on.wait(WAIT_S)
            self.turned += 1
        if self.error is not None:
            raise self.error
        return ChangeSet.of("note", [7])

    def bytes_so_far(self) -> int:
        return 1000 * self.turned

    def close(self) -> None:
        self.closed = True


@dataclass
class Stand:
    rounds: Rounds
    line: FakeLine
    states: list[RoundState] = field(default_factory=list)
    ends: list[tuple[Exception | None, bool]] = field(default_factory=list)
    published: list[ChangeSet] = field(default_factory=list)


@pytest.fixture
def stand(demo: Workspace, runner: Runner) -> Iterator[Stand]:
    made = Stand(Rounds(runner), FakeLine())
    made.rounds.open(demo, made.line)
    made.rounds.listen(made.states.append)
    made.rounds.on_ended = lambda error, asked: made.ends.append((error, asked))
    runner.committed = made.published.append
    yield made
    made.line.go_on.set()
    made.rounds.close()


def test_a_round_is_asked_for_once_and_publishes_what_it_brought(
    qtbot: QtBot, stand: Stand
) -> None:
    stand.rounds.ask()
    stand.rounds.ask()
    assert stand.rounds.state.running
    stand.line.go_on.set()
    qtbot.waitUntil(lambda: stand.ends == [(None, True)])
    assert stand.line.whole == [True]
    assert stand.published == [ChangeSet.of("note", [7])]
    assert stand.rounds.state == RoundState(), "no further one without being told"


def test_progress_tells_stage_rows_and_bytes(qtbot: QtBot, stand: Stand) -> None:
    stand.line.pages = 2
    stand.rounds.ask()
    qtbot.waitUntil(lambda: stand.rounds.state.stage == "pull")
    stand.line.go_on.set()
    qtbot.waitUntil(lambda: len(stand.ends) == 1)
    told = [state for state in stand.states if state.done == 500]
    assert told == [RoundState(running=True, stage="pull", done=500, bytes=told[0].bytes)]
    assert told[0].bytes >= 1000


def test_cancelling_stops_between_requests_and_the_next_round_may_come(
    qtbot: QtBot, stand: Stand
) -> None:
    stand.line.pages = 50
    stand.rounds.ask()
    qtbot.waitUntil(lambda: stand.rounds.state.stage == "pull")
    stand.rounds.cancel()
    assert stand.rounds.state.stopping
    stand.rounds.ask()
    assert len(stand.line.whole) == 1, "still on its way"
    stand.line.go_on.set()
    qtbot.waitUntil(lambda: len(stand.ends) == 1)
    assert isinstance(stand.ends[0][0], Cancelled)
    assert stand.line.turned < 50
    assert stand.published == [ChangeSet.of("account", [1])], "what it got to is shown"
    stand.line.pages = 1
    stand.rounds.ask()
    qtbot.waitUntil(lambda: stand.ends[-1] == (None, True))


def test_rounds_come_by_themselves_and_say_when(
    qtbot: QtBot, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "START_S", 0.0)
    monkeypatch.setattr(schedule, "FIRST_RETRY_S", 0.1)
    stand.line.go_on.set()
    stand.line.error = Unreachable("HQ cannot be reached.")
    stand.rounds.run_by_itself()
    qtbot.waitUntil(lambda: len(stand.ends) >= 2)
    assert all(asked is False for _error, asked in stand.ends)
    stand.line.error = None
    qtbot.waitUntil(lambda: stand.ends[-1] == (None, False))
    left = stand.rounds.state.next_in_s
    assert left is not None
    assert 100 < left < 140
    monkeypatch.setattr(schedule, "DEBOUNCE_S", 0.0)
    monkeypatch.setattr(schedule, "LEAST_GAP_S", 0.0)
    before = len(stand.ends)
    stand.rounds.note_waiting(3)
    qtbot.waitUntil(lambda: len(stand.ends) > before)


def test_a_device_turned_away_is_not_tried_again(
    qtbot: QtBot, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "START_S", 0.0)
    stand.line.go_on.set()
    stand.line.error = Refused("This device has been retired by the office.", code="retired")
    stand.rounds.run_by_itself()
    qtbot.waitUntil(lambda: len(stand.ends) == 1)
    assert stand.rounds.state == RoundState(turned_away=True)
    stand.rounds.note_waiting(3)
    assert stand.rounds.state.next_in_s is None


def test_switched_off_rounds_wait_to_be_asked(
    qtbot: QtBot, stand: Stand, demo: Workspace, runner: Runner
) -> None:
    settings.put(demo, settings.SYNC_AUTOMATIC, 0)
    stand.rounds.run_by_itself()
    qtbot.waitUntil(lambda: runner.running == 0)
    stand.rounds.note_waiting(1)
    assert stand.rounds.state.next_in_s is None
    stand.line.go_on.set()
    stand.rounds.ask()
    qtbot.waitUntil(lambda: stand.ends == [(None, True)])


def test_a_metered_connection_gets_small_rounds_unless_asked(
    qtbot: QtBot, stand: Stand, demo: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "START_S", 0.0)
    settings.put_text(demo, "sync.metered", "always")
    stand.line.go_on.set()
    stand.rounds.run_by_itself()
    qtbot.waitUntil(lambda: len(stand.ends) == 1)
    stand.rounds.ask()
    qtbot.waitUntil(lambda: len(stand.ends) == 2)
    assert stand.line.whole == [False, True]
    with pytest.raises(CrmdeskError):
        settings.put_text(demo, "sync.metered", "sometimes")


def test_closing_during_a_round_stops_it_and_lets_go_of_the_connection(
    qtbot: QtBot, stand: Stand
) -> None:
    stand.line.pages = 50
    stand.rounds.ask()
    qtbot.waitUntil(lambda: stand.rounds.state.stage == "pull")
    stand.rounds.close()
    stand.line.go_on.set()
    qtbot.waitUntil(lambda: stand.line.closed)
    assert stand.line.turned < 50

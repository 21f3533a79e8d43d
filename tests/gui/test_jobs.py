"""The runner: threads, order, progress, cancelling, dropped results; and the bus."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import Cancelled, UserError
from crmdesk.gui.bus import Bus
from crmdesk.gui.jobs import Control, Report, Runner, changes_in


@dataclass
class Owner:
    closed: bool = False


def test_results_come_back_on_the_interface_thread(qtbot: QtBot, runner: Runner) -> None:
    seen: list[tuple[int, threading.Thread]] = []
    workers: list[threading.Thread] = []

    def work() -> int:
        workers.append(threading.current_thread())
        return 42

    runner.read(work, lambda value: seen.append((value, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [(42, threading.main_thread())]
    assert workers[0] is not threading.main_thread()
    assert runner.running == 0


def test_writes_run_one_at_a_time_in_order(qtbot: QtBot, runner: Runner) -> None:
    order: list[int] = []
    threads: set[str] = set()

    def work(number: int) -> None:
        threads.add(threading.current_thread().name)
        order.append(number)

    for number in range(20):
        runner.write(lambda number=number: work(number))
    qtbot.waitUntil(lambda: runner.running == 0)
    assert order == list(range(20))
    assert len(threads) == 1


def test_result_of_a_closed_owner_is_dropped(qtbot: QtBot, runner: Runner) -> None:
    owner = Owner()
    go = threading.Event()
    seen: list[object] = []
    runner.read(lambda: go.wait(5), seen.append, owner=owner)
    owner.closed = True
    go.set()
    qtbot.waitUntil(lambda: runner.running == 0)
    assert seen == []


def test_write_of_a_closed_owner_is_still_done_and_published(qtbot: QtBot, runner: Runner) -> None:
    published: list[ChangeSet] = []
    runner.committed = published.append
    changes = ChangeSet.of("visit", [1])
    runner.write(lambda: changes, owner=Owner(closed=True))
    qtbot.waitUntil(lambda: runner.running == 0)
    assert published == [changes]


def test_errors_reach_the_one_who_asked_or_the_error_desk(qtbot: QtBot, runner: Runner) -> None:
    mine: list[Exception] = []
    others: list[Exception] = []
    runner.unhandled = others.append
    error = UserError("no", "try again")

    def work() -> None:
        raise error

    runner.read(work, None, mine.append)
    runner.read(work)
    qtbot.waitUntil(lambda: runner.running == 0)
    assert mine == [error]
    assert others == [error]


def test_progress_is_polled_and_the_last_word_arrives(qtbot: QtBot, runner: Runner) -> None:
    control = Control()
    reports: list[Report] = []
    go = threading.Event()

    def work() -> None:
        control.report(1, 3, "first")
        go.wait(5)
        control.report(3, 3, "all")

    runner.read(work, control=control, progressed=reports.append)
    qtbot.waitUntil(lambda: Report(1, 3, "first") in reports)
    go.set()
    qtbot.waitUntil(lambda: runner.running == 0)
    assert reports[-1] == Report(3, 3, "all")


def test_cancelling_interrupts_and_is_silent(qtbot: QtBot, runner: Runner) -> None:
    control = Control()
    stopped = threading.Event()
    failed: list[Exception] = []
    others: list[Exception] = []
    runner.unhandled = others.append
    started = threading.Event()

    def work() -> None:
        control.on_cancel(stopped.set)
        started.set()
        assert stopped.wait(5)
        control.check()

    job = runner.read(work, None, failed.append, control=control)
    assert started.wait(5)
    job.cancel()
    job.cancel()
    qtbot.waitUntil(lambda: runner.running == 0)
    assert failed == []
    assert others == []


def test_cancel_before_the_hook_calls_the_hook_at_once() -> None:
    control = Control()
    control.cancel()
    called: list[bool] = []
    control.on_cancel(lambda: called.append(True))
    assert called == [True]
    with pytest.raises(Cancelled):
        control.check()


def test_close_waits_for_the_writer(qtbot: QtBot) -> None:
    runner = Runner()
    done: list[int] = []
    go = threading.Event()

    def work() -> None:
        go.wait(5)
        done.append(1)

    runner.write(work)
    threading.Timer(0.05, go.set).start()
    runner.close()
    assert done == [1]


def test_closed_runner_starts_nothing(qtbot: QtBot) -> None:
    runner = Runner()
    runner.close()
    runner.close()
    seen: list[int] = []
    runner.read(lambda: seen.append(1))
    assert (runner.running, seen) == (0, [])


def test_changes_are_found_in_all_three_places() -> None:
    changes = ChangeSet.of("order", [1])

    @dataclass
    class Result:
        changes: ChangeSet

    assert changes_in(changes) is changes
    assert changes_in((7, changes)) is changes
    assert changes_in(Result(changes)) is changes
    assert changes_in({"order": 1}) is None


def test_bus_tells_listeners_until_they_leave() -> None:
    bus = Bus()
    heard: list[ChangeSet] = []
    leave = bus.subscribe(heard.append)
    bus.publish(ChangeSet())
    bus.publish(ChangeSet.of("account", [1]))
    leave()
    leave()
    bus.publish(ChangeSet.of("account", [2]))
    assert heard == [ChangeSet.of("account", [1])]

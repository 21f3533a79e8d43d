"""What is made ahead in a second process is what would be made here, errors and all."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.domain.errors import EnvironmentProblem, UserError
from crmdesk.interchange import ahead


@pytest.fixture(params=[True, False], ids=["two", "one"])
def forks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param and not hasattr(os, "fork"):
        pytest.skip("no system that forks")
    monkeypatch.setattr(ahead, "_can_fork", lambda: request.param)
    return bool(request.param)


def _with_an_error(error: Exception) -> Iterator[int]:
    yield from (1, 2)
    raise error


def test_items_come_in_their_order_from_the_process_expected(forks: bool) -> None:
    with ahead.made_ahead((number, os.getpid()) for number in range(1000)) as items:
        found = list(items)
    assert [number for number, _process in found] == list(range(1000))
    assert {process == os.getpid() for _number, process in found} == {not forks}


@pytest.mark.parametrize(
    "error", [UserError("Line 7.", "Correct it.", code="c"), OSError(5, "no", "f"), EOFError("e")]
)
def test_an_error_comes_after_what_was_made_before_it(forks: bool, error: Exception) -> None:
    found: list[int] = []
    with pytest.raises(type(error)) as raised, ahead.made_ahead(_with_an_error(error)) as items:
        found.extend(items)
    assert found == [1, 2]
    assert (raised.value.args, str(raised.value)) == (error.args, str(error))
    assert getattr(raised.value, "code", "") == getattr(error, "code", "")


def _until_killed(first: int) -> Iterator[int]:
    yield os.getpid()
    if os.getpid() != first:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_lost_process_is_a_problem_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_can_fork", lambda: hasattr(os, "fork"))
    if not hasattr(os, "fork"):
        pytest.skip("no system that forks")
    with (
        pytest.raises(EnvironmentProblem, match="Nothing was imported"),
        ahead.made_ahead(_until_killed(os.getpid())) as items,
    ):
        list(items)


def _open_files() -> Iterator[tuple[int, list[str]]]:
    while True:
        held = [place for place in Path("/proc/self/fd").iterdir() if place.exists()]
        yield os.getpid(), [str(place.readlink()) for place in held]


def test_the_second_process_holds_nothing_and_ends_with_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a lock or a file of a program that was killed would outlive it."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc")
    monkeypatch.setattr(ahead, "_can_fork", lambda: True)
    with (tmp_path / "lock").open("w") as lock, (tmp_path / "needed").open("w") as needed:
        with ahead.made_ahead(_open_files(), (needed.fileno(),)) as items:
            process, held = next(items)
        assert needed.name in held
        assert lock.name not in held
        assert process != os.getpid()
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_one_core_or_another_thread_is_reason_enough_to_do_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("no Linux")
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    assert ahead._can_fork()
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert not ahead._can_fork()
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {1})
    assert not ahead._can_fork()

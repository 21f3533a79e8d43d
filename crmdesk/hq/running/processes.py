"""Several server processes at one address: started, watched, and ended together.

The parent binds the socket and never reads from it; every child accepts from the same queue, so
none has to know of the others and a dead one leaves nothing behind but its place, which is taken
by a new one. What one process does is :mod:`crmdesk.hq.running.server`'s.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from crmdesk.domain.errors import EnvironmentProblem, UserError
from crmdesk.hq.running import children
from crmdesk.hq.running.logs import logging_to
from crmdesk.hq.running.options import ServeOptions
from crmdesk.i18n import _

_log = logging.getLogger("crmdesk.hq")
_LOOK_S = 0.2
# One that dies sooner than this after its start has not worked at all.
_SOON_S, _MOST_SOON = 10.0, 3
_KILL_AFTER_S = 15.0


def run(url: str, options: ServeOptions, listener: socket.socket) -> None:
    """Serve with ``options.processes`` children until SIGTERM or SIGINT.

    A child that dies is replaced. EnvironmentProblem when they die as soon as they are started.
    """
    if os.name == "nt":
        raise UserError(
            _("Several processes at one address need Linux or macOS."),
            _("Run one server per port behind a balancer."),
        )
    with logging_to(sys.stderr, options.log_level), _until_signal() as ended:
        team = _Team(url, options, listener)
        try:
            while not ended():
                team.look()
                time.sleep(_LOOK_S)
        finally:
            team.end()


@contextmanager
def _until_signal() -> Iterator[_Signal]:
    found = _Signal()
    ends = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, found.note) for number in ends]
    try:
        yield found
    finally:
        for number, handler in zip(ends, before, strict=True):
            signal.signal(number, handler)


class _Signal:
    """True once a signal has come."""

    def __init__(self) -> None:
        self._came = False

    def note(self, _number: int, _frame: FrameType | None) -> None:
        self._came = True

    def __call__(self) -> bool:
        return self._came


class _Team:
    """The children by their places."""

    def __init__(self, url: str, options: ServeOptions, listener: socket.socket) -> None:
        self._url, self._options, self._listener = url, options, listener
        self._soon = 0
        self._began_s: dict[int, float] = {}
        self._at: dict[int, subprocess.Popen[bytes]] = {}
        for place in range(options.processes):
            self._start(place)

    def _start(self, place: int) -> None:
        task = children.Task(
            self._url, self._options, listener=self._listener.fileno(), place=place, follow=True
        )
        self._began_s[place] = time.monotonic()
        self._at[place] = children.start(task)

    def look(self) -> None:
        """Replace whoever has died."""
        for place, process in list(self._at.items()):
            if process.poll() is None:
                continue
            _let_go(process)
            self._count(time.monotonic() - self._began_s[place])
            _log.error("process %d ended with %d", process.pid, process.returncode)
            self._start(place)

    def _count(self, lived_s: float) -> None:
        self._soon = self._soon + 1 if lived_s < _SOON_S else 0
        if self._soon >= _MOST_SOON * self._options.processes:
            raise EnvironmentProblem(
                _("The server processes end as soon as they are started."),
                _("Their log says why."),
            )

    def end(self) -> None:
        """End all of them: together, and in bounded time."""
        for process in self._at.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        until_s = time.monotonic() + self._options.grace_s + _KILL_AFTER_S
        for process in self._at.values():
            try:
                process.wait(max(0.0, until_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _let_go(process)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()

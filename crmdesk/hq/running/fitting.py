"""The fit of the reorder model as a process of its own, behind everything else.

Numbers of millions of lines would take the processor and the memory of the process that answers
requests. Whether it is time, and that one server does it, is decided in
:mod:`crmdesk.hq.administration.reorder_fit`.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress

import psycopg

from crmdesk.domain.clock import Clock
from crmdesk.domain.errors import CrmdeskError
from crmdesk.hq.administration import reorder_fit
from crmdesk.hq.database.store import Store
from crmdesk.hq.running import children
from crmdesk.hq.running.logs import logging_to
from crmdesk.hq.running.options import ServeOptions
from crmdesk.hq.running.serving import system_clock

_log = logging.getLogger("crmdesk.hq")
_NICENESS = 10
_LOOK_S = 0.2
_KILL_AFTER_S = 5.0
_CONNECTIONS = 2


def when_due(
    store: Store, clock: Clock, url: str, options: ServeOptions, over: threading.Event
) -> None:
    """Start the fit when it is time, and wait for its end; it ends with us."""
    try:
        if not reorder_fit.is_due(store, clock):
            return
        process = children.start(children.Task(url, options, follow=True, fit=True))
    except (CrmdeskError, psycopg.Error, OSError) as error:
        _log.info("reorder model not fitted", exc_info=error)
        return
    while process.poll() is None and not over.wait(_LOOK_S):
        pass
    _end(process)


def work(task: children.Task) -> None:
    """What the process does: one fit, if nobody else is at it."""
    _give_way()
    options = task.options
    store = Store(task.url, connections=_CONNECTIONS, streams=1, prepare=not options.pooler)
    with logging_to(sys.stderr, options.log_level):
        try:
            clock = system_clock(offset_s=options.offset_s)
            done = reorder_fit.fit(store, clock, only_when_due=True)
        finally:
            store.dispose()
        if done is not None:
            _log.info("reorder model fitted", extra={
                "version": done.version, "lines": done.lines, "seconds": done.seconds,
            })  # fmt: skip


def _give_way() -> None:
    if hasattr(os, "nice"):
        os.nice(_NICENESS)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(_KILL_AFTER_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""What a server does by itself now and then: HQ forgets what its time has come for, and fits the
reorder model when enough is new.

A thread of its own beside the requests; of several servers one does each of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg

from crmdesk.domain.clock import Clock
from crmdesk.domain.errors import CrmdeskError
from crmdesk.hq.database import retention
from crmdesk.hq.database.store import Store
from crmdesk.hq.exchange import blobs

_log = logging.getLogger("crmdesk.hq")
_FIRST_S, _EVERY_S = 60.0, 3600.0
_END_S = 5.0
Further = Callable[[threading.Event], None]
"""More to be looked after; ends soon once the event is set."""


@contextmanager
def upkeep(
    store: Store,
    clock: Clock,
    further: Further | None = None,
    *,
    first_s: float = _FIRST_S,
    every_s: float = _EVERY_S,
) -> Iterator[None]:
    """Look every ``every_s`` seconds whether it is time, while the body runs."""
    over = threading.Event()

    def look() -> None:
        wait_s = first_s
        while not over.wait(wait_s):
            _tidied(store, clock.now())
            if further is not None and not over.is_set():
                further(over)
            wait_s = every_s

    thread = threading.Thread(target=look, name="upkeep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        store.cancel_running()
        thread.join(_END_S)


def tidy(store: Store, now: datetime) -> dict[str, int]:
    """Forget everything whose time has come; how many rows of each kind."""
    found = retention.tidy(store, now).as_dict()
    found["files"] = blobs.forget_unnamed(store, now)
    return found


def _tidied(store: Store, now: datetime) -> None:
    try:
        report = retention.tidy_when_due(store, now)
        if report is not None:
            files = blobs.forget_unnamed(store, now)
            _log.info("tidied", extra={**report.as_dict(), "files": files})
    except (CrmdeskError, psycopg.Error) as error:
        _log.info("not tidied", exc_info=error)

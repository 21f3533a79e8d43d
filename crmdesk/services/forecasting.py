"""The forecasts kept of today and of the newest model, behind whatever the person is doing.

Owns one run of it: this profile's own fit where HQ gives none and enough is new, then a walk over
the customers in transactions so short that nobody waits for one. It may be cancelled or killed at
any point; the next run goes on. When it runs is decided by the desktop (``gui/forecasts.py``) and
by the commands that sync.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from crmdesk.domain.errors import Cancelled
from crmdesk.services.workspace import Workspace
from crmdesk.storage import rescoring, summaries

Progress = Callable[[int, int], None]
"""Customers done, of how many."""

_SLICE_S = 0.04
_PAUSE_S = 0.005
_FIRST_ACCOUNTS, _MOST_ACCOUNTS = 4, 400


@dataclass(frozen=True, slots=True)
class ForecastStanding:
    """The forecasts as they stand: of which day, by whose model, and how far they are renewed."""

    as_of: date | None
    by_hq: bool
    done: int
    accounts: int
    stale: bool


def forecast_standing(ws: Workspace) -> ForecastStanding:
    """How the forecasts stand; counts sale lines, so not for the interface's thread."""
    with ws.database.read() as connection:
        found = rescoring.standing(connection, ws.today())
    by_hq = (found.stamp or "").startswith("hq:")
    stale = found.is_stale(ws.today())
    return ForecastStanding(found.as_of, by_hq, found.done, found.accounts, stale)


def make_whole(ws: Workspace) -> None:
    """Make what a large import has left for later; nothing where there is nothing to make."""
    with ws.database.read() as connection:
        missing = summaries.are_put_off(connection)
    if missing:
        with ws.database.maintenance() as connection:
            summaries.rebuild(connection, ws.today())


def bring_up_to_date(
    ws: Workspace,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> bool:
    """Make the forecasts those of today and of the newest model; True when there was work to do.

    For a thread of its own: other writers get their turn every 40 ms. Raises Cancelled between two
    of its steps; what is done by then stays.
    """
    worked = False
    while True:
        today = ws.today()
        with ws.database.read() as connection:
            found = rescoring.standing(connection, today)
        if not found.is_stale(today):
            return worked
        _check(cancelled)
        if found.as_of is None and found.accounts and progress is not None:
            # A fit on a million lines takes seconds: whoever waits for the first figures is told.
            progress(0, found.accounts)
        _begin(ws, found, today)
        _walk(ws, found.accounts, progress or (lambda _done, _of: None), cancelled)
        worked = True


def _begin(ws: Workspace, found: rescoring.Standing, today: date) -> None:
    """Begin a walk, unless one to the same day and model is on its way."""
    own, first = None, found.as_of is None
    if found.own_fit:
        from crmdesk.storage import forecasts

        with ws.database.read() as connection:
            own = forecasts.fitted(connection, today)
    if own is not None or found.new_model or found.as_of != today:
        with ws.database.maintenance() as connection:
            rescoring.begin(connection, today, own, whole=first)


def _walk(
    ws: Workspace, accounts: int, progress: Progress, cancelled: Callable[[], bool] | None
) -> None:
    size, done = _FIRST_ACCOUNTS, 0
    while True:
        _check(cancelled)
        with ws.database.maintenance() as connection:
            began_s = time.perf_counter()
            count = rescoring.step(connection, size)
            took_s = time.perf_counter() - began_s
        if count == 0:
            return
        done += count
        progress(min(done, accounts), accounts)
        # So many as fit into a slice, approached slowly: one customer may be as large as a hundred.
        fitting = int(count * _SLICE_S / max(took_s, 1e-4))
        size = max(1, min(fitting, 2 * count, _MOST_ACCOUNTS))
        time.sleep(_PAUSE_S)


def _check(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled

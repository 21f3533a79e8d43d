"""The HQ of the demo company: made from batches, started as a child, joined by the rep's laptop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from crmdesk.domain.errors import NotFound
from crmdesk.hq.administration import admin
from crmdesk.hq.database import bulk, home
from crmdesk.hq.database.store import Store
from crmdesk.hq.running import serving
from crmdesk.i18n import _
from crmdesk.storage.rows import Batch

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class DemoMade:
    """What was loaded into the demo HQ, and the code with which the rep's laptop joins."""

    rows: int
    lines: int
    seconds: float
    code: str


@dataclass(slots=True)
class RunningHq:
    """A demo HQ that is up: its address, and how to stop it."""

    url: str
    server: serving.ServerProcess
    place: home.HqHome

    def stop(self) -> None:
        """Stop the server, then its PostgreSQL."""
        self.server.stop()
        self.place.stop()


def make_demo_hq(
    folder: Path,
    batches: Iterable[Batch],
    *,
    user_code: str = "R1",
    offset: timedelta = timedelta(0),
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> DemoMade:
    """Make an HQ in ``folder`` with these rows and a code for one user; leaves PostgreSQL running.

    ``offset`` moves HQ's clock, as it moves the laptop's. Raises UserError when there is one.
    """
    place = home.init(folder)
    with place.store() as store:
        report = bulk.load(store, batches, progress=progress, cancelled=cancelled)
        clock = serving.system_clock(offset_s=offset.total_seconds())
        code = admin.make_code(store, user_code, clock.now())
    return DemoMade(report.rows, report.lines, report.seconds, code)


def start_demo_hq(folder: Path, *, offset: timedelta = timedelta(0)) -> RunningHq:
    """Start the HQ of a folder on a free loopback port, PostgreSQL first."""
    place = home.open_home(folder)
    place.start()
    server = serving.start_server(folder / "server", place.url, offset_s=offset.total_seconds())
    return RunningHq(server.url, server, place)


def code_for_role(store: Store, role: str, now: datetime) -> str:
    """An enrolment code for the first active person of a role. NotFound when there is none."""
    with store.transaction() as connection:
        row = connection.execute(
            "SELECT code FROM app_user WHERE role = %s AND active AND NOT deleted"
            " ORDER BY code LIMIT 1",
            (role,),
        ).fetchone()
    if row is None:
        raise NotFound(_("Nobody in the demo company is {role}.").format(role=role))
    return admin.make_code(store, str(row[0]), now)

"""The offline lease: a laptop that stays away locks its data, keeps its work; a sync unlocks it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from crmdesk.cli.program import Faces, main
from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import LeaseEnded, Refused, Unreachable
from crmdesk.gui.sync_words import chip_state
from crmdesk.hq.exchange import editing
from crmdesk.hq.running import serving
from crmdesk.services.queries.lease import lease_state
from crmdesk.services.queries.sync import sync_status
from crmdesk.services.workspace import Workspace, open_workspace, workspace_of
from crmdesk.storage import profile
from crmdesk.sync import facts, lease
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note

pytestmark = pytest.mark.hq


class Away:
    """A laptop whose clock the test moves."""

    def __init__(self, hq: Headquarters) -> None:
        self.moved = timedelta(0)
        self.laptop = hq.join("R1")
        self.laptop.database.clock = ZoneClock(self.now, serving.system_clock().zone)
        self.laptop.sync()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved

    def open(self, *, to_sync: bool = False) -> Workspace:
        """As the desktop opens it after a restart; closed at once."""
        workspace = open_workspace(self.laptop.folder, self.now, to_sync=to_sync)
        workspace.close()
        return workspace

    def later(self, **passed: float) -> None:
        self.moved += timedelta(**passed)

    def unplug(self) -> None:
        with self.laptop.database.maintenance() as connection:
            profile.set_fact(connection, facts.URL, "http://127.0.0.1:9")

    def state(self) -> lease.Lease:
        with self.laptop.database.maintenance() as connection:
            return lease.read(connection, self.now())


@pytest.fixture
def away(hq: Headquarters) -> Away:
    return Away(hq)


def test_case_32_a_laptop_that_stays_away_locks_itself_and_a_sync_unlocks_it(
    hq: Headquarters, away: Away
) -> None:
    one = away.laptop
    add_note(one, "C0", "R1", "kept through the lock")
    away.later(days=20)
    away.open()
    away.later(days=1, minutes=1)

    with pytest.raises(LeaseEnded):
        away.open()
    # A desktop that stayed open is locked as well, at the same moment.
    with pytest.raises(LeaseEnded):
        one.rows("SELECT * FROM account")
    with pytest.raises(LeaseEnded):
        one.run("UPDATE account SET channel = 'bar'")

    assert one.sync().sent == 1
    assert one.rows("SELECT text FROM note") == [("kept through the lock",)]
    assert hq.rows("SELECT text FROM note") == [("kept through the lock",)]
    away.open()


def test_what_is_locked_stays_locked_while_hq_is_not_reached(hq: Headquarters, away: Away) -> None:
    one = away.laptop
    away.unplug()
    away.later(days=22)
    workspace = open_workspace(one.folder, away.now, to_sync=True)
    try:
        with pytest.raises(Unreachable):
            Laptop(one.folder, workspace.database, hq.url).sync()
        with pytest.raises(LeaseEnded), workspace.database.read():
            pass
        assert lease_state(workspace).ended
    finally:
        workspace.close()


def test_the_person_is_told_three_days_before(hq: Headquarters, away: Away) -> None:
    ws = workspace_of(away.laptop.folder, away.laptop.database, away.now)
    away.later(days=17, hours=23)
    assert sync_status(ws).locks_at is None and not lease_state(ws).near
    away.later(hours=2)

    status = sync_status(ws)

    assert status.locks_at is not None
    assert abs(status.locks_at - (away.now() + timedelta(days=2, hours=23))) < timedelta(minutes=5)
    assert chip_state(status, ws.clock.local(ws.now())).when.startswith("locks ")
    found = lease_state(ws)
    assert (found.days, found.near, found.ended) == (21, True, False)
    away.laptop.sync()
    assert sync_status(ws).locks_at is None


@pytest.mark.parametrize("back", [1.0, 10.0, 10_000.0], ids="{} days".format)
def test_a_clock_set_back_gains_nothing(away: Away, back: float) -> None:
    away.later(days=15)
    away.open()
    away.later(days=-back)
    away.open()
    away.later(days=5)
    away.open()
    away.later(days=1, minutes=5)
    with pytest.raises(LeaseEnded):
        away.open()


def test_a_clock_set_back_every_day_gains_nothing(away: Away) -> None:
    for _day in range(20):
        away.later(days=1)
        away.open()
        away.later(days=-1)
        away.open()
    away.later(days=1, minutes=30)
    with pytest.raises(LeaseEnded):
        away.open()


def test_a_clock_set_back_while_the_program_runs_gains_nothing(away: Away) -> None:
    database = away.laptop.database
    lease.lock_after(database, lease.Lease(21, timedelta(seconds=0.2)))
    away.later(days=-1000)
    assert away.laptop.rows("SELECT 1") == [(1,)]
    time.sleep(0.25)
    assert database.is_locked()


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_years_off_costs_a_sync_at_most(away: Away, years: int) -> None:
    """The laptop is always let back in by HQ, whatever its clock says."""
    away.later(days=365 * years)
    away.laptop.sync()
    away.open()
    assert not away.state().near
    away.later(days=-365 * years)
    away.laptop.sync()
    away.open()
    assert not away.state().near


def test_a_wrong_clock_that_is_corrected_does_not_lock(away: Away) -> None:
    away.later(days=365)
    away.laptop.sync()
    away.later(days=-365)
    away.open()
    assert not away.state().near


def test_hq_sets_the_days_and_may_set_none(hq: Headquarters, away: Away) -> None:
    company = hq.one("SELECT encode(uuid_send(uid),'hex') FROM organisation")
    editing.update_rows(hq.store, "organisation", [company], {"offline_lease_days": 2}, hq.now_ms())
    away.laptop.sync()
    assert away.state().days == 2
    away.later(days=2, minutes=1)
    with pytest.raises(LeaseEnded):
        away.open()
    editing.update_rows(hq.store, "organisation", [company], {"offline_lease_days": 0}, hq.now_ms())
    away.laptop.sync()
    away.later(days=10_000)
    away.open()


def test_an_ended_device_is_not_unlocked_by_asking(hq: Headquarters, away: Away) -> None:
    editing.update_rows(
        hq.store, "user", [away.laptop.fact("user.uid")], {"active": 0}, hq.now_ms()
    )
    away.later(days=22)
    with pytest.raises(Refused):
        away.laptop.sync()
    with pytest.raises(LeaseEnded):
        away.open()


def test_the_command_line_reads_nothing_of_a_locked_profile_but_syncs(
    hq: Headquarters, away: Away, capsys: pytest.CaptureFixture[str]
) -> None:
    one = away.laptop
    add_note(one, "C0", "R1", "kept")
    one.database.dispose()
    away.later(days=30)

    def run(*command: str) -> tuple[int, str]:
        faces = Faces(lambda _f: 0, lambda _f, _p: 0, lambda: 0)
        code = main([*command, "--profile", str(one.folder)], faces, away.now)
        said = capsys.readouterr()
        return code, said.out + said.err

    for command in (["customer", "C0"], ["reorder"], ["conflicts"], ["check"], ["backup"]):
        code, said = run(*command)
        assert code == 3, (command, said)
        assert "locked" in said and company.NAMES[0] not in said
    code, said = run("sync", "--json")
    assert (code, json.loads(said)["sent"]) == (0, 1)
    assert run("customer", "C0")[0] == 0

"""A laptop's clock that is set back by years stops nothing that waits for its day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from crmdesk.domain.clock import format_instant
from crmdesk.storage import profile, resuming, transfers
from crmdesk.sync import healing
from tests.sync.actions import HQ_ACTIONS
from tests.sync.conftest import Headquarters
from tests.sync.oracle import check_world
from tests.sync.photos import attach, photo
from tests.sync.world import Stage, World

pytestmark = pytest.mark.hq

_YEARS_BACK = -timedelta(days=730)


@pytest.fixture
def world(stage: Stage) -> Iterator[World]:
    """A company whose laptops are at rest."""
    made = World(stage)
    yield made
    made.close()


def test_case_24_what_a_restored_hq_lost_is_settled_by_hqs_clock_not_by_the_laptops(
    world: World,
) -> None:
    """The office has compared and holds a row of the lost time; then its clock falls back."""
    office = world.peers["office"]
    world.save_hq()
    held = {row[0] for row in office.rows("SELECT uid FROM territory_user")}
    world.act_at_hq(HQ_ACTIONS["hq_territory"], 0, 0)
    world.sync("office")
    assert {row[0] for row in office.rows("SELECT uid FROM territory_user")} > held
    world.restore_hq()
    world.sync("office")
    office.clock.offset_ms = int(_YEARS_BACK.total_seconds() * 1000)

    world.rest()

    check_world(world)


@pytest.mark.parametrize("noted", ["2030-03-02", "2026-03-01"])
def test_a_comparison_does_not_wait_for_a_day_that_a_wrong_clock_noted(
    hq: Headquarters, noted: str
) -> None:
    one = hq.join("R1")
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    with one.database.maintenance() as connection:
        profile.set_fact(connection, resuming.COMPARED_ON, noted)
        profile.set_fact(connection, resuming.COMPARE_FROM, "2030-03-02T08:00:00.000Z")
    assert healing.due(one.database, one.fact("device.uid"), now)


def test_a_file_does_not_wait_for_a_moment_that_a_wrong_clock_noted(hq: Headquarters) -> None:
    one = hq.join("R1")
    attach(one, "C0", photo(20_000))
    one.sync()
    with one.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE transfer SET state = 'waiting'")
    now = one.database.clock.now()
    for ahead, waits in ((timedelta(minutes=1), True), (timedelta(days=700), False)):
        with one.database.maintenance() as connection:
            connection.exec_driver_sql(
                "UPDATE transfer SET next_at = ?", (format_instant(now + ahead),)
            )
        with one.database.read() as connection:
            assert (transfers.due(connection, now) == []) is waits

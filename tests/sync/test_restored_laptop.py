"""A joined laptop restored from a backup goes on as the same device and loses nothing at HQ."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmdesk.hq.running import serving
from crmdesk.services.document_lines import LineInput
from crmdesk.services.orders import set_line, start_order, submit_order
from crmdesk.storage import backup, profile
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.edits import add_note
from tests.sync.trading import give_prices

pytestmark = pytest.mark.hq


def _order(laptop: Laptop, account: str) -> str:
    """Submit an order as the editor does; returns its number."""
    ws = at(laptop)
    key = laptop.one("SELECT id FROM account WHERE code = ?", account)
    started = start_order(ws, key, suggested=False).order_id
    set_line(ws, started, LineInput(1, None, 3))
    submit_order(ws, started)
    return str(laptop.one("SELECT number FROM sales_order WHERE id = ?", started))


def _restore(laptop: Laptop, file: Path) -> None:
    laptop.database.dispose()
    backup.restore(file, laptop.folder, serving.system_clock())
    laptop.database = profile.open_database(laptop.folder, serving.system_clock())


@pytest.mark.parametrize("times", [1, 2])
def test_what_was_sent_after_the_backup_comes_back_and_no_number_is_used_twice(
    hq: Headquarters, tmp_path: Path, times: int
) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    give_prices(hq, one, two)
    _order(one, "C0")
    one.sync()
    file = tmp_path / "laptop.backup"
    backup.back_up(one.database, one.folder, file)
    numbers = {_order(one, "C1"), _order(one, "C2")}
    add_note(one, "C0", "R1", "after the backup")
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C3'")
    assert one.sync().refusals == 0

    for _time in range(times):
        _restore(one, file)
        assert one.one("SELECT count(*) FROM sales_order") == 1
        report = one.sync()

        assert (report.refusals, report.conflicts, one.waiting()) == (0, 0, 0)
        here = {number for (number,) in one.rows("SELECT number FROM sales_order")}
        assert here > numbers
        assert one.rows("SELECT text FROM note") == [("after the backup",)]
        assert one.one("SELECT channel FROM account WHERE code = 'C3'") == "bar"
        assert one.one("SELECT count(*) FROM order_line") == len(here)

        fresh = _order(one, "C0")
        assert fresh not in here
        numbers.add(fresh)
        assert one.sync().refusals == 0
        assert one.sync().received == 0

    assert hq.one("SELECT count(*) FROM sales_order") == 3 + times
    assert hq.rows("SELECT DISTINCT status FROM hq_device") == [("active",)]


def test_work_goes_on_offline_between_restore_and_sync(hq: Headquarters, tmp_path: Path) -> None:
    one = hq.join("R1")
    give_prices(hq, one)
    file = tmp_path / "laptop.backup"
    backup.back_up(one.database, one.folder, file)
    sent = _order(one, "C0")
    one.sync()

    _restore(one, file)
    fresh = _order(one, "C0")
    assert fresh != sent
    report = one.sync()

    assert (report.refusals, report.waiting) == (0, 0)
    assert {n for (n,) in one.rows("SELECT number FROM sales_order")} == {sent, fresh}
    assert hq.one("SELECT count(*) FROM sales_order") == 2


def test_a_profile_that_works_alone_is_restored_as_it_was(hq: Headquarters, tmp_path: Path) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "x")
    with one.database.maintenance() as connection:
        profile.set_fact(connection, "hq.url", None)
    file = tmp_path / "laptop.backup"
    backup.back_up(one.database, one.folder, file)
    before = (
        one.rows("SELECT * FROM profile ORDER BY key"),
        one.rows("SELECT * FROM sqlite_sequence"),
    )
    _restore(one, file)
    after = (
        one.rows("SELECT * FROM profile ORDER BY key"),
        one.rows("SELECT * FROM sqlite_sequence"),
    )
    assert before == after

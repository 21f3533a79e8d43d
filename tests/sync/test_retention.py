"""HQ forgets tombstones in time; who was silent for longer is given the scope anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmdesk.hq.administration import admin
from crmdesk.hq.database import retention
from crmdesk.sync import downloading
from tests.sync import company
from tests.sync.both_sums import both
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note, draft_order

pytestmark = pytest.mark.hq

_T1 = f"t/{company.T1.hex()}"


def long_after(hq: Headquarters) -> datetime:
    """A moment at which everything in the feed is older than the retention."""
    return datetime.now(UTC) + timedelta(days=retention.RETENTION_DAYS + 1)


def delete_much(office: Laptop, hq: Headquarters) -> None:
    """At HQ: a person and a product deleted, a customer moved to the other rep."""
    office.run("DELETE FROM contact WHERE uid = ?", company.CONTACTS[1])
    office.run("DELETE FROM packaging WHERE uid = ?", company.PACKS[4])
    office.run("DELETE FROM product WHERE uid = ?", company.PRODUCTS[4])
    assert office.sync().refusals == 0
    admin.reassign_territory(hq.store, ["C2"], "T2", now_ms=hq.now_ms())
    office.sync()


def test_case_28_who_was_silent_longer_than_tombstones_are_kept_starts_anew(
    hq: Headquarters,
) -> None:
    """The silent laptop ends as HQ is; its unsent work goes through, its draft stays."""
    one, office = hq.join("R1"), hq.join("O1")
    draft = draft_order(one, "C0", "R1", "R01-00005")
    delete_much(office, hq)
    # Written while it was silent: about a row that stays, one that is gone, a customer that left.
    add_note(one, "C0", "R1", "silent work")
    one.run("UPDATE contact SET job = 'cook' WHERE uid = ?", company.CONTACTS[0])
    one.run("UPDATE contact SET job = 'too late' WHERE uid = ?", company.CONTACTS[1])
    add_note(one, "C2", "R1", "about a customer that left")

    report = retention.tidy(hq.store, long_after(hq))

    assert report.feed_entries > 0
    assert hq.one("SELECT horizon FROM scope_head WHERE scope = %s", _T1) > 0
    found = one.sync()
    assert (found.sent, found.refusals, found.waiting) == (4, 2, 0)
    assert found.healed == 0, "by the new start, not by the comparison that follows a refusal"
    here, there = both(hq, one)
    assert here == there
    assert one.rows("SELECT code FROM account ORDER BY code") == [("C0",), ("C1",), ("C3",)]
    assert one.one("SELECT count(*) FROM product") == 4
    assert one.rows("SELECT job FROM contact WHERE job IS NOT NULL") == [("cook",)]
    assert one.rows("SELECT text FROM note") == [("silent work",)]
    assert one.rows("SELECT uid FROM sales_order") == [(draft,)]
    refused = one.one("SELECT group_concat(fields) FROM refusal")
    assert "too late" in refused
    assert "about a customer that left" in refused
    assert one.one("SELECT count(*) FROM journal") == 4
    # And from then on news comes as news.
    office.run("UPDATE account SET segment = 'A' WHERE code = 'C0'")
    office.sync()
    assert one.sync().received == 1


def test_work_done_during_the_download_stays_until_it_is_answered(hq: Headquarters) -> None:
    """An edit between push and apply: on a row that HQ deleted, and one on a row that stays."""
    one, office = hq.join("R1"), hq.join("O1")
    delete_much(office, hq)
    retention.tidy(hq.store, long_after(hq))
    from crmdesk.sync import client

    download = downloading.download

    def meanwhile(*args: object, **options: object) -> object:
        patch.undo()
        one.run("UPDATE contact SET job = 'typed' WHERE uid = ?", company.CONTACTS[1])
        one.run("UPDATE contact SET job = 'cook' WHERE uid = ?", company.CONTACTS[0])
        return download(*args, **options)  # type: ignore[arg-type]

    patch = pytest.MonkeyPatch()
    patch.setattr(client, "download", meanwhile)
    assert one.sync().waiting == 2
    jobs = "SELECT job FROM contact WHERE job IS NOT NULL ORDER BY job"
    assert one.rows(jobs) == [("cook",), ("typed",)]

    report = one.sync()

    assert (report.refusals, report.waiting) == (1, 0)
    assert "typed" in one.one("SELECT fields FROM refusal")
    assert hq.one("SELECT job FROM contact WHERE uid = %s", company.CONTACTS[0].hex()) == "cook"


def test_who_kept_up_notices_nothing(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    delete_much(office, hq)
    one.sync()
    before = one.rows("SELECT scope, position FROM sync_cursor ORDER BY scope")
    assert retention.tidy(hq.store, long_after(hq)).feed_entries > 0
    report = one.sync()
    assert report.received == 0
    assert one.rows("SELECT scope, position FROM sync_cursor ORDER BY scope") == before


def test_living_rows_and_young_tombstones_stay_in_the_feed(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    add_note(one, "C0", "R1", "lives")
    one.sync()
    delete_much(office, hq)
    entries = hq.one("SELECT count(*) FROM feed")
    report = retention.tidy(hq.store, datetime.now(UTC) + timedelta(days=1))
    assert report.as_dict() == dict.fromkeys(report.as_dict(), 0)
    assert hq.one("SELECT count(*) FROM feed") == entries
    retention.tidy(hq.store, long_after(hq))
    assert hq.one("SELECT count(*) FROM feed WHERE entity = 'note'") == 1
    # The customer is named where it is now, and no longer where it was.
    named = "SELECT scope FROM feed WHERE entity IN ('account', 'account*') AND uid = %s"
    assert hq.rows(named, company.ACCOUNTS[2].hex()) == [(f"t/{company.T2.hex()}",)]


def test_what_nobody_asks_for_again_goes_and_what_somebody_may_stays(hq: Headquarters) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    add_note(one, "C0", "R1", "x")
    add_note(two, "C4", "R2", "y")
    one.sync()
    two.sync()
    with hq.store.transaction() as connection:
        run = connection.execute
        run("UPDATE hq_device SET status = 'wiped' WHERE device_id = %s", (two.fact("device.uid"),))
        run("INSERT INTO audit (action, at) VALUES ('read-customer', now() - interval '4 years')")
        run("INSERT INTO audit (action, at) VALUES ('enrol', now() - interval '4 years')")
    report = retention.tidy(hq.store, long_after(hq))
    assert (report.answers, report.read_audit) == (1, 1)
    assert hq.one("SELECT count(*) FROM op_result") == 1
    assert hq.one("SELECT count(*) FROM audit WHERE action = 'enrol' AND at < '2024-01-01'") == 1


def test_of_several_servers_one_tidies_once_a_day(hq: Headquarters) -> None:
    now = datetime.now(UTC)
    assert retention.tidy_when_due(hq.store, now) is not None
    assert retention.tidy_when_due(hq.store, now + timedelta(hours=5)) is None
    assert retention.tidy_when_due(hq.store, now + timedelta(days=1, seconds=1)) is not None
    retention.set_retention(hq.store, 30)
    with hq.store.transaction() as connection:
        assert retention.retention_days(connection) == 30
    with pytest.raises(ValueError, match="a week"):
        retention.set_retention(hq.store, 1)

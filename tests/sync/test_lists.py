"""Views shown to colleagues, notices put off and bulk edits, through a real HQ."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmdesk.services import bulk_edits, notices, saved_views, undo
from crmdesk.services.queries.lists.registry import list_named
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at

pytestmark = pytest.mark.hq


def _seen(laptop: Laptop) -> list[tuple[str, str]]:
    return [(one.name, one.owner) for one in saved_views.saved_views(at(laptop), "customers")]


def test_a_view_is_shown_to_one_colleague_then_to_all_then_to_nobody(hq: Headquarters) -> None:
    first, second, office = hq.join("R1"), hq.join("R2"), hq.join("O1")
    for laptop in (first, second, office):
        laptop.sync()
    key, _changes = saved_views.save_view(at(first), "customers", "Best", {"text": "a"})
    saved_views.share_view(at(first), key, [first.one("SELECT id FROM app_user WHERE code = 'R2'")])
    assert first.sync().refusals == 0
    for laptop in (second, office):
        laptop.sync()
    owner = at(first).user.name
    assert _seen(second) == [("Best", owner)]
    assert _seen(office) == []
    # What a colleague's laptop makes of it stays there: HQ takes it from its owner only.
    second.run("UPDATE shared_view SET name = 'Stolen'")
    assert second.sync().refusals == 1
    saved_views.share_view(at(first), key)
    first.sync()
    office.sync()
    assert _seen(office) == [("Best", owner)]
    saved_views.stop_sharing(at(first), key)
    first.sync()
    office.sync()
    assert _seen(office) == []
    assert _seen(first) == [("Best", "")]


def test_a_bulk_edit_and_its_undo_reach_the_office_whole(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    before = rep.rows("SELECT code, channel FROM account ORDER BY code")
    keys = [key for (key,) in rep.rows("SELECT id FROM account")]
    edited = bulk_edits.edit_rows(at(rep), list_named("customers"), keys, "channel", "bar")
    assert edited.changed == len(keys) > 1
    report = rep.sync()
    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    office.sync()
    mine = ", ".join(f"'{code}'" for code, _channel in before)
    query = f"SELECT code, channel FROM account WHERE code IN ({mine}) ORDER BY code"
    assert {channel for _code, channel in office.rows(query)} == {"bar"}
    assert edited.changes.undo is not None
    undo.undo(at(rep), edited.changes.undo)
    rep.sync()
    office.sync()
    assert office.rows(query) == before


def test_what_was_put_off_is_put_off_on_the_persons_other_laptop(hq: Headquarters) -> None:
    first, other = hq.join("R1"), hq.join("R1", "Second laptop")
    first.sync()
    other.sync()
    ws = at(first)
    notices.snooze(ws, ["promise:00:2026-11-01"], ws.today() + timedelta(days=3))
    assert first.sync().refusals == 0
    other.sync()
    assert other.rows("SELECT key FROM notice_state") == [("promise:00:2026-11-01",)]

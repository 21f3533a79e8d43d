"""Rounds on a metered connection: documents go both ways, snapshots wait for another connection."""

from __future__ import annotations

import pytest

from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.hq.exchange import editing
from crmdesk.sync.client import sync_once
from tests.sync import company
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note

pytestmark = pytest.mark.hq


def test_documents_travel_in_a_small_round(hq: Headquarters) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "up")
    uid = company.ACCOUNTS[1].hex()
    editing.update_rows(hq.store, "account", [uid], {"description": "down"}, hq.now_ms())

    report = sync_once(one.database, whole=False)

    assert (report.sent, report.waiting) == (1, 0)
    assert one.one("SELECT description FROM account WHERE code = 'C1'") == "down"


def test_new_customers_wait_for_a_whole_round_and_that_is_said(hq: Headquarters) -> None:
    """Nothing is applied by half: a customer may have moved into what is not fetched."""
    one = hq.join("R1")
    last = one.fact("sync.last_at")
    add_note(one, "C0", "R1", "up")
    values = {"territory_id": company.T2.hex(), "user_id": company.R1.hex()}
    editing.insert_row(hq.store, "territory_user", values, hq.now_ms())
    moved = company.ACCOUNTS[0].hex()
    editing.update_rows(
        hq.store, "account", [moved], {"territory_id": company.T2.hex()}, hq.now_ms()
    )

    with pytest.raises(EnvironmentProblem, match="without a meter") as caught:
        sync_once(one.database, whole=False)

    assert caught.value.code == "metered"
    assert one.waiting() == 0, "what was typed here went all the same"
    assert one.fact("sync.last_at") == last
    assert one.fact("sync.last_result") == "metered"
    assert one.one("SELECT count(*) FROM account WHERE code = 'C0'") == 1
    one.sync()
    assert one.one("SELECT count(*) FROM account") == 6
    assert one.fact("sync.last_result") == "done"

"""Writers against each other at HQ: a push racing with the move of its customer."""

from __future__ import annotations

import threading
import time

import pytest

from crmdesk.hq.database import feed
from crmdesk.hq.exchange import editing
from crmdesk.hq.exchange.push import judge_and_write
from crmdesk.sync.protocol import Txn
from tests.sync import company
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note

pytestmark = pytest.mark.hq


def test_case_14_a_push_racing_with_the_move_of_its_customer_is_judged_under_one_lock(
    hq: Headquarters,
) -> None:
    """The move is written but not yet committed when the push comes: it has to wait for it."""
    one = hq.join("R1")
    add_note(one, "C0", "R1", "while it moves")
    account = company.ACCOUNTS[0].hex()
    now_ms = hq.now_ms()
    fields = {"territory_id": [company.T1.hex(), company.T2.hex()]}
    move = editing._op("account", account, "U", fields, account, now_ms, 1, 1)
    reports = []

    with hq.store.transaction() as connection:
        connection.execute("SELECT 1")
        answers = judge_and_write(connection, editing.HQ_ITSELF, [Txn(0, [move])], now_ms)
        assert [a.status for a in answers.values()] == ["a"]
        pushing = threading.Thread(target=lambda: reports.append(one.sync()))
        pushing.start()
        time.sleep(0.3)
    pushing.join()
    with hq.store.transaction() as connection:
        feed.sequence(connection)
    one.sync()

    assert [report.refusals for report in reports] == [1]
    assert one.rows("SELECT code FROM refusal") == [("scope",)]
    assert hq.rows("SELECT 1 FROM note") == []
    assert one.rows("SELECT 1 FROM account WHERE code = 'C0'") == []

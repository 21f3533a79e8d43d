"""Customers moved and served otherwise, judged at HQ: what arrives where, and who may do what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.planning.serving import Exceptions
from crmdesk.services import attention_models, recovery, undo
from crmdesk.services.attention_models import ModelFields
from crmdesk.services.queries.coverage import coverage_report
from crmdesk.services.reassigning import reassign
from crmdesk.services.recovery import Cure, Mending
from crmdesk.services.stops import skip_stop
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at

pytestmark = pytest.mark.hq


def planned(laptop: Laptop, day: str, status: str = "planned") -> int:
    laptop.run(
        "INSERT INTO planned_visit (uid, account_id, user_id, date, status)"
        " SELECT ?, a.id, u.id, ?, ? FROM account a, app_user u"
        " WHERE a.code = 'C0' AND u.code = 'R1'",
        new_uid(), day, status,
    )  # fmt: skip
    return int(laptop.one("SELECT max(id) FROM planned_visit"))


def test_a_moved_customer_arrives_with_its_visit_and_the_note_and_goes_back(
    hq: Headquarters,
) -> None:
    office, one, two = hq.join("O1"), hq.join("R1"), hq.join("R2")
    ws = at(office)
    planned(one, (ws.today() + timedelta(days=2)).isoformat())
    one.sync()
    office.sync()
    account = office.one("SELECT id FROM account WHERE code = 'C0'")
    target = office.one("SELECT id FROM territory WHERE code = 'T2'")
    changes = reassign(ws, [account], target, "Ring the bell twice.")
    assert office.sync().refusals == 0
    one.sync()
    two.sync()
    assert one.one("SELECT count(*) FROM account WHERE code = 'C0'") == 0
    assert two.rows(
        "SELECT u.code FROM planned_visit p JOIN app_user u ON u.id = p.user_id"
        " JOIN account a ON a.id = p.account_id WHERE a.code = 'C0'"
    ) == [("R2",)]
    assert two.rows("SELECT text FROM handover WHERE kind = 'note'") == [("Ring the bell twice.",)]
    assert changes.undo is not None
    undo.undo(ws, changes.undo)
    assert office.sync().refusals == 0
    one.sync()
    two.sync()
    assert two.one("SELECT count(*) FROM account WHERE code = 'C0'") == 0
    assert one.rows("SELECT u.code FROM planned_visit p JOIN app_user u ON u.id = p.user_id") == [
        ("R1",)
    ]


def test_hq_refuses_what_is_the_offices_from_a_reps_laptop(hq: Headquarters) -> None:
    office, one = hq.join("O1"), hq.join("R1")
    target = one.one("SELECT id FROM territory WHERE code = 'T2'")
    one.run("UPDATE account SET territory_id = ? WHERE code = 'C0'", target)
    # A field of the office's becomes a proposal: HQ keeps its own value.
    assert one.sync().conflicts == 1
    assert one.one("SELECT count(*) FROM proposal WHERE status <> 'accepted'") == 1
    one.run(
        "INSERT INTO assignment (uid, account_id, territory_id) SELECT ?, id, ? FROM account"
        " WHERE code = 'C0'",
        new_uid(), target,
    )  # fmt: skip
    assert one.sync().refusals == 1
    one.run(
        "INSERT INTO attention_model (uid, code, name, interval_days) VALUES (?, 'Z', 'Mine', 1)",
        new_uid(),
    )
    assert one.sync().refusals == 1
    office.sync()
    assert office.one("SELECT count(*) FROM attention_model WHERE code = 'Z'") == 0
    territory = "SELECT t.code FROM account a JOIN territory t ON t.id = a.territory_id"
    assert office.rows(territory + " WHERE a.code = 'C0'") == [("T1",)]


def test_models_of_the_office_and_exceptions_of_the_rep_reach_each_other(hq: Headquarters) -> None:
    office, one = hq.join("O1"), hq.join("R1")
    made = ModelFields("Z", "Every ten days", 10, 1, "video", classes=("Z",), objectives=("Ask",))
    attention_models.save_model(at(office), None, made)
    account = one.one("SELECT id FROM account WHERE code = 'C0'")
    attention_models.set_exceptions(
        at(one), {account: Exceptions(interval_days=12, virtual_between=2)}
    )
    for laptop in (office, one, office):
        assert laptop.sync().refusals == 0
    model = "SELECT interval_days, virtual_mode, applies FROM attention_model WHERE code = 'Z'"
    assert one.rows(model) == office.rows(model) != []
    own = "SELECT interval_days, virtual_between FROM account WHERE code = 'C0'"
    assert office.rows(own) == [(12, 2)]


def test_a_skipped_visit_and_the_wish_for_help_reach_the_office(hq: Headquarters) -> None:
    office, one = hq.join("O1"), hq.join("R1")
    ws = at(one)
    today = planned(one, ws.today().isoformat())
    skip_stop(ws, today, note="the road is closed")
    planned(one, (ws.today() - timedelta(days=1)).isoformat())
    missed = [m for m in recovery.missed_visits(ws) if m.day < ws.today()]
    asked = Mending(
        missed[0], Cure.HAND_OVER, (Cure.HAND_OVER,), None, None, 0, 0, None, 0, None, None, ""
    )
    recovery.apply_cures(ws, [asked])
    assert recovery.missed_visits(ws) == ()
    assert one.sync().refusals == 0
    office.sync()
    assert office.rows("SELECT status, note FROM planned_visit ORDER BY date") == [
        ("missed", None), ("missed", "the road is closed"),
    ]  # fmt: skip
    report = coverage_report(at(office), ws.today() - timedelta(days=7), ws.today())
    assert len(report.asked) == 1

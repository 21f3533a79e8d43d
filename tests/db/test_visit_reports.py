"""What is told of a visit: answers, photos, promises, the next step, and where it was started."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.services import settings, undo, visit_reports, visits
from crmdesk.services.queries.visit_sheet import visit_sheet
from crmdesk.services.visits import NextStep
from crmdesk.services.workspace import Workspace
from tests.db.files import ask

QUESTIONS = [
    "Offer one new product",
    {"key": "fridge", "kind": "survey", "name": "Is the fridge ours?", "answer": "yes_no",
     "mandatory": True},
    {"key": "facings", "kind": "survey", "name": "How many facings?", "answer": "number"},
    {"key": "day", "kind": "survey", "name": "Which day?", "answer": "choice",
     "choices": ["Monday", "Friday"], "modes": ["person", "call"]},
]  # fmt: skip
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def account(ws: Workspace) -> int:
    """A customer whose attention model asks the questions above."""
    ((key,),) = ask(ws, "SELECT min(id) FROM account WHERE status = 'active'")
    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        run("DELETE FROM visit_task")
        run("UPDATE attention_model SET objectives = ?", (json.dumps(QUESTIONS),))
        run("UPDATE account SET attention_model_id = (SELECT min(id) FROM attention_model)")
    return int(key)


def test_a_visit_ends_only_with_its_mandatory_answers(ws: Workspace, account: int) -> None:
    visit = visits.start_visit(ws, account).visit_id
    with pytest.raises(UserError) as refused:
        visits.finish_visit(ws, visit, VisitOutcome.NO_ORDER)
    assert refused.value.code == "unanswered"
    assert "Is the fridge ours?" in refused.value.message
    assert ask(ws, "SELECT ended_at FROM visit WHERE id = ?", visit) == [(None,)]
    visit_reports.answer_item(ws, visit, "fridge", "2")
    visits.finish_visit(ws, visit, VisitOutcome.NO_ORDER)
    assert ask(ws, "SELECT outcome, ended_at IS NOT NULL FROM visit WHERE id = ?", visit) == [
        ("no_order", 1)
    ]
    assert ask(ws, "SELECT kind, answer, mandatory FROM visit_task WHERE visit_id = ?", visit) == [
        ("survey", "no", 1)
    ]


@pytest.mark.parametrize("outcome", [VisitOutcome.CLOSED, VisitOutcome.ABSENT])
def test_nobody_met_nobody_asked(ws: Workspace, account: int, outcome: VisitOutcome) -> None:
    visit = visits.start_visit(ws, account).visit_id
    visits.finish_visit(ws, visit, outcome)
    assert ask(ws, "SELECT outcome FROM visit WHERE id = ?", visit) == [(outcome.value,)]


def test_a_call_is_asked_only_what_is_for_calls(ws: Workspace, account: int) -> None:
    visit = visits.start_visit(ws, account, mode=VisitMode.CALL).visit_id
    sheet = visit_sheet(ws, account)
    assert [item.key for item in sheet.items] == ["day"]
    visits.finish_visit(ws, visit, VisitOutcome.INFORMATION)


def test_answers_are_checked_corrected_and_taken_back(ws: Workspace, account: int) -> None:
    visit = visits.start_visit(ws, account).visit_id
    for key, typed in (("day", "Sunday"), ("facings", "many"), ("day", "7")):
        with pytest.raises(FieldError):
            visit_reports.answer_item(ws, visit, key, typed)
    visit_reports.answer_item(ws, visit, "facings", "12")
    visit_reports.answer_item(ws, visit, "day", "f")
    changed = visit_reports.answer_item(ws, visit, "day", "monday")
    assert visit_sheet(ws, account).answers == {"facings": "12", "day": "Monday"}
    assert len(ask(ws, "SELECT 1 FROM visit_task WHERE visit_id = ?", visit)) == 2
    undo.undo(ws, changed.undo or 0)
    assert visit_sheet(ws, account).answers["day"] == "Friday"
    visit_reports.answer_item(ws, visit, "day", "")
    assert "day" not in visit_sheet(ws, account).answers


def test_promises_and_the_next_step_are_tasks_with_a_day(ws: Workspace, account: int) -> None:
    visit = visits.start_visit(ws, account).visit_id
    day = ws.today() + timedelta(days=3)
    visit_reports.promise_in_visit(ws, visit, "Bring the price list", day)
    visit_reports.answer_item(ws, visit, "fridge", "yes")
    step = NextStep("Offer the case price", day)
    ended = visits.finish_visit(ws, visit, VisitOutcome.INFORMATION, next_step=step)
    query = (
        "SELECT kind, text, due_on, assignee_id, visit_uid = (SELECT uid FROM visit WHERE id = ?)"
        " FROM promise WHERE account_id = ? AND made_on = ? ORDER BY id"
    )
    mine = [
        ("promise", "Bring the price list", day.isoformat(), ws.user.id, 1),
        ("task", "Offer the case price", day.isoformat(), ws.user.id, 1),
    ]
    today = ws.today().isoformat()
    assert ask(ws, query, visit, account, today) == mine
    assert ask(ws, "SELECT next_step, next_step_on FROM visit WHERE id = ?", visit) == [
        ("Offer the case price", day.isoformat())
    ]
    undo.undo(ws, ended.undo or 0)
    assert ask(ws, query, visit, account, today) == mine[:1]
    with pytest.raises(FieldError):
        visits.finish_visit(
            ws, visit, VisitOutcome.INFORMATION,
            next_step=NextStep("Too late", ws.today() - timedelta(days=1)),
        )  # fmt: skip


def test_a_photo_is_kept_with_the_visit(ws: Workspace, account: int) -> None:
    visit = visits.start_visit(ws, account).visit_id
    visit_reports.attach_photo(ws, visit, PNG, "shelf.png")
    assert ask(
        ws,
        "SELECT t.name, a.kind, a.owner_kind, a.owner_uid = v.uid FROM visit_task t"
        " JOIN attachment a ON a.uid = t.attachment_uid JOIN visit v ON v.id = t.visit_id"
        " WHERE t.visit_id = ? AND t.kind = 'photo'",
        visit,
    ) == [("shelf.png", "photo", "visit", 1)]
    assert [one.kind for one in visit_sheet(ws, account).kept] == ["photo"]
    with pytest.raises(UserError):
        visit_reports.attach_photo(ws, visit, b"no picture", "x.png")
    with pytest.raises(UserError):
        visit_reports.attach_photo(ws, visit, PNG + b"0" * 2_000_000, "raw.png")


def test_the_place_of_a_visit_is_kept_only_with_consent(ws: Workspace, account: int) -> None:
    where = (42.5, 1.5)
    query = "SELECT latitude, longitude FROM visit WHERE id = ?"
    first = visits.start_visit(ws, account, place=where).visit_id
    visits.finish_visit(ws, first, VisitOutcome.ABSENT)
    assert ask(ws, query, first) == [(None, None)]
    settings.put(ws, settings.VISIT_LOCATION, 1)
    second = visits.start_visit(ws, account, place=where).visit_id
    visits.finish_visit(ws, second, VisitOutcome.ABSENT)
    assert ask(ws, query, second) == [where]
    call = visits.start_visit(ws, account, mode=VisitMode.CALL, place=where).visit_id
    assert ask(ws, query, call) == [(None, None)]


def test_the_visit_of_somebody_else_is_not_told_of(ws: Workspace, account: int) -> None:
    visit = visits.start_visit(ws, account).visit_id
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE visit SET user_id = (SELECT max(id) FROM app_user WHERE id <> ?) WHERE id = ?",
            (ws.user.id, visit),
        )
    with pytest.raises(UserError):
        visit_reports.answer_item(ws, visit, "fridge", "1")

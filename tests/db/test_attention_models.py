"""Attention models and exceptions: written, decided once, followed by the planner, taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.states import Role
from crmdesk.planning.attention import AttentionModel
from crmdesk.planning.serving import Exceptions
from crmdesk.services import attention_models, undo
from crmdesk.services.attention_models import ModelFields
from crmdesk.services.planning_problem import Objective, read_problem
from crmdesk.services.queries.attention import (
    attention_board,
    effort_of,
)
from crmdesk.services.queries.serving_facts import serving_facts
from crmdesk.services.queries.what_if import what_if, what_if_exceptions
from crmdesk.services.serving import read_serving
from crmdesk.services.workspace import Workspace
from tests.db.files import ask
from tests.db.model_fields import fields_of


@pytest.fixture
def office(ws: Workspace) -> Workspace:
    return replace(ws, user=replace(ws.user, role=Role.OFFICE))


def a_customer(ws: Workspace, class_: str) -> int:
    (row,) = ask(
        ws,
        "SELECT a.id FROM account a JOIN summary_account s ON s.account_id = a.id"
        " WHERE a.class = ? AND a.status = 'active' AND a.interval_days IS NULL"
        " AND a.virtual_between IS NULL AND a.visit_minutes IS NULL"
        " AND a.territory_id IN (SELECT territory_id FROM territory_user WHERE user_id = ?)"
        " ORDER BY s.net_12m_minor DESC LIMIT 1",
        class_, ws.user.id,
    )  # fmt: skip
    return int(row[0])


def interval_in_plan(ws: Workspace, account: int) -> float:
    source = read_problem(ws, ws.user.id, ws.today(), 14, Objective.MARGIN)
    place = [c.account_id for c in source.candidates].index(account)
    return source.problem.stops[place].interval_days


def test_a_model_saved_as_it_is_changes_nothing(office: Workspace) -> None:
    key, fields = fields_of(office, "B")
    assert attention_models.save_model(office, key, fields).undo is None


def test_the_planner_follows_a_changed_model_at_once_and_back(office: Workspace) -> None:
    account = a_customer(office, "B")
    key, fields = fields_of(office, "B")
    assert interval_in_plan(office, account) == 21
    changes = attention_models.save_model(office, key, replace(fields, interval_days=35))
    assert interval_in_plan(office, account) == 35
    assert changes.undo is not None
    undo.undo(office, changes.undo)
    assert interval_in_plan(office, account) == 21


def test_a_new_model_for_a_segment_comes_before_the_one_of_the_class(office: Workspace) -> None:
    account = a_customer(office, "A")
    made = ModelFields("KEYS", "Key customers", 7, segments=("KEY",), virtual_mode="video")
    attention_models.save_model(office, None, made)
    with office.database.read() as connection:
        serving = read_serving(connection, account)
    assert serving is not None
    assert serving.source is not None
    assert (serving.source.code, serving.virtual_mode) == ("KEYS", "video")
    assert interval_in_plan(office, account) == 7


def test_a_rep_does_not_change_models_but_may_give_exceptions(ws: Workspace) -> None:
    key, fields = fields_of(ws, "A")
    with pytest.raises(UserError):
        attention_models.save_model(ws, key, replace(fields, interval_days=3))
    account = a_customer(ws, "A")
    changes = attention_models.set_exceptions(ws, {account: Exceptions(interval_days=10)})
    assert interval_in_plan(ws, account) == 10
    assert changes.undo is not None
    undo.undo(ws, changes.undo)
    assert interval_in_plan(ws, account) == 14


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"interval_days": 0}, "interval_days"), ({"interval_days": 99_999}, "interval_days"),
        ({"virtual_between": -1}, "virtual_between"), ({"visit_minutes": 0}, "visit_minutes"),
        ({"code": "  "}, "code"), ({"code": "a"}, "code"), ({"name": ""}, "name"),
        ({"virtual_mode": "pigeon"}, "virtual_mode"), ({"classes": ("A",)}, "classes"),
        ({"objectives": tuple(str(n) for n in range(13))}, "objectives"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_written(
    office: Workspace, change: dict[str, object], field: str
) -> None:
    key, fields = fields_of(office, "B")
    before = ask(office, "SELECT * FROM attention_model ORDER BY id")
    with pytest.raises(FieldError) as refused:
        attention_models.save_model(office, key, replace(fields, **change))  # type: ignore[arg-type]
    assert refused.value.field == field
    assert ask(office, "SELECT * FROM attention_model ORDER BY id") == before


def test_exceptions_of_nobody_and_out_of_bounds_are_refused_whole(ws: Workspace) -> None:
    account = a_customer(ws, "A")
    before = ask(ws, "SELECT interval_days FROM account ORDER BY id")
    with pytest.raises(FieldError):
        attention_models.set_exceptions(
            ws, {account: Exceptions(interval_days=9), account + 1: Exceptions(interval_days=-3)}
        )
    with pytest.raises(NotFound):
        attention_models.set_exceptions(
            ws, {account: Exceptions(interval_days=9), 10**9: Exceptions()}
        )
    assert ask(ws, "SELECT interval_days FROM account ORDER BY id") == before


def test_the_board_adds_up_to_its_customers(ws: Workspace) -> None:
    board, company = attention_board(ws), serving_facts(ws)
    assert sum(row.customers for row in board.models) == len(company.customers)
    hours = sum(effort_of(company, one).hours for one in company.customers.values())
    assert board.total.hours == pytest.approx(hours)
    assert sum(row.effort.margin for row in board.models) == pytest.approx(board.total.margin)
    own = [one for one in company.customers.values() if one.serving.own.any]
    assert {row.facts.account_id for row in board.exceptions} == {o.account_id for o in own}
    assert board.hours_there > 100


def test_what_if_is_what_it_comes_to(office: Workspace) -> None:
    key, fields = fields_of(office, "A")
    wanted = replace(fields, interval_days=28)
    said = what_if(office, key, wanted)
    before = attention_board(office).total
    attention_models.save_model(office, key, wanted)
    after = attention_board(office).total
    assert said.rows
    for name in ("visits", "hours", "km", "margin", "cost"):
        done = getattr(after, name) - getattr(before, name)
        assert getattr(said.change, name) == pytest.approx(done)
    assert said.hours_needed == pytest.approx(after.hours)
    assert said.asked_before.km == pytest.approx(before.km)
    assert said.plans_after.hours <= min(after.hours, said.hours_there)
    assert said.change.margin < 0 < -said.change.hours


def test_who_orders_in_a_rhythm_but_no_product_is_worth_what_it_brought(ws: Workspace) -> None:
    (row,) = ask(
        ws,
        "SELECT s.account_id, s.net_12m_minor - s.cost_12m_minor FROM summary_account s"
        " WHERE s.net_12m_minor > s.cost_12m_minor AND julianday('2026-11-24')"
        " - julianday(s.last_on) < 10 AND s.order_days > 9 LIMIT 1",
    )
    account, yearly = row
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql("DELETE FROM summary_pair WHERE account_id = ?", (account,))
    found = serving_facts(ws).customers[account]
    (rhythm,) = found.rhythms
    assert rhythm.cycle_days == found.buys_every
    assert rhythm.margin_per_day == pytest.approx(yearly / 100 / 365)
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql(
            "UPDATE summary_account SET last_on = '2026-01-02' WHERE account_id = ?", (account,)
        )
    assert serving_facts(ws).customers[account].rhythms == ()


def test_what_if_of_one_customer_concerns_that_one(ws: Workspace) -> None:
    account = a_customer(ws, "A")
    said = what_if_exceptions(ws, {account: AttentionModel(7.0, 0, 45.0)})
    assert [row.facts.account_id for row in said.rows] == [account]
    assert said.change.visits == pytest.approx(365 / 12 / 7 - 365 / 12 / 14)


def test_a_company_without_models_or_customers_has_an_empty_board(alone: Workspace) -> None:
    board = attention_board(alone)
    assert (board.models, board.proposals, board.exceptions) == ((), (), ())
    assert board.total.hours == 0

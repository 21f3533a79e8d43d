"""Who serves whom: by territory, by name, standing in; and the sums that a manager decides by."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.planning.effort import in_plans
from crmdesk.services.cover import CoverWish, give_cover
from crmdesk.services.queries.attention import attention_board, effort_of
from crmdesk.services.queries.capacity import LOOK_AHEAD_DAYS
from crmdesk.services.queries.serving_facts import serving_facts
from crmdesk.services.queries.serving_people import Part, Why, serving_parts
from crmdesk.services.queries.what_if import WhatIf, what_if
from crmdesk.services.queries.workload import RepWork, TerritoryWork, work_balance
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json
from tests.db.files import ask
from tests.db.model_fields import fields_of

SHORT = {"days": [[[540, 660]]] * 5 + [[], []], "max_km": 280}


@pytest.fixture
def boss(ws: Workspace) -> Workspace:
    return replace(ws, user=replace(ws.user, role=Role.MANAGER))


def run(ws: Workspace, statement: str, *values: object) -> None:
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(statement, values)


def rep(ws: Workspace, code: str) -> int:
    return int(ask(ws, "SELECT id FROM app_user WHERE code = ?", code)[0][0])


def territory(ws: Workspace, code: str) -> int:
    return int(ask(ws, "SELECT territory_id FROM territory_user WHERE user_id = ?"
                   " AND valid_to IS NULL", rep(ws, code))[0][0])  # fmt: skip


def customer(ws: Workspace, code: str) -> int:
    """The customer of a rep's territory that takes the most hours."""
    company = serving_facts(ws)
    mine = [c for c in company.customers.values() if c.territory_id == territory(ws, code)]
    return max(mine, key=lambda one: effort_of(company, one).hours).account_id


def parts(ws: Workspace, account: int) -> tuple[Part, ...]:
    with ws.database.read() as connection:
        (key,) = connection.exec_driver_sql(
            "SELECT territory_id FROM account WHERE id = ?", (account,)
        ).scalars()
        return serving_parts(connection, ws.today(), {account: key})[account]


def assign(ws: Workspace, account: int, user: int, first: date, last: date | None = None) -> None:
    """As the office writes it: what was ends the day before, the territory stays."""
    run(ws, "UPDATE assignment SET valid_to = ? WHERE account_id = ?",
        (first - timedelta(days=1)).isoformat(), account)  # fmt: skip
    run(
        ws,
        "INSERT INTO assignment (uid, account_id, territory_id, user_id, valid_from, valid_to)"
        " SELECT ?, id, territory_id, ?, ?, ? FROM account WHERE id = ?",
        new_uid(), user, first.isoformat(), None if last is None else last.isoformat(), account,
    )  # fmt: skip


def works(ws: Workspace) -> tuple[dict[int, RepWork], dict[int | None, TerritoryWork]]:
    balance = work_balance(ws)
    return {row.id: row for row in balance.reps}, {row.id: row for row in balance.territories}


def test_a_territory_s_customer_is_its_reps(boss: Workspace) -> None:
    assert parts(boss, customer(boss, "R1")) == (Part(rep(boss, "R1"), Why.TERRITORY, 1.0),)


def test_who_has_a_customer_by_name_serves_it_and_not_the_territory_s_rep(boss: Workspace) -> None:
    account, one, other = customer(boss, "R1"), rep(boss, "R1"), rep(boss, "R2")
    before, lands = works(boss)
    assign(boss, account, other, boss.today())
    assert parts(boss, account) == (Part(other, Why.NAME, 1.0),)
    after, land = works(boss)
    company = serving_facts(boss)
    hours = effort_of(company, company.customers[account]).hours
    assert hours > 0.5
    assert after[one].hours_needed == pytest.approx(before[one].hours_needed - hours)
    assert after[other].hours_needed == pytest.approx(before[other].hours_needed + hours)
    assert after[other].hours_by_name == pytest.approx(hours)
    assert after[one].customers == before[one].customers - 1
    assert after[other].customers == before[other].customers + 1
    mine, theirs = territory(boss, "R1"), territory(boss, "R2")
    assert land[mine].hours_by_others == pytest.approx(hours)
    assert land[mine].effort.hours == pytest.approx(lands[mine].effort.hours)
    assert land[theirs].hours_there == pytest.approx(lands[theirs].hours_there - hours)
    # Of their own people's work and time both territories say what is so.
    assert (land[mine].load or 0) < (lands[mine].load or 0)
    assert (land[theirs].load or 0) > (lands[theirs].load or 0)


def test_a_name_that_comes_or_goes_counts_for_its_days(boss: Workspace) -> None:
    account, one, other = customer(boss, "R1"), rep(boss, "R1"), rep(boss, "R2")
    run(boss, "DELETE FROM assignment WHERE account_id = ?", account)
    run(boss, "DELETE FROM user_leave")
    first = boss.today() + timedelta(days=7)
    assign(boss, account, other, first, first + timedelta(days=LOOK_AHEAD_DAYS // 4 - 1))
    found = {part.rep_id: part for part in parts(boss, account)}
    assert (found[other].why, found[one].why) == (Why.NAME, Why.TERRITORY)
    assert (found[other].share, found[one].share) == pytest.approx((0.25, 0.75))


def test_who_stands_in_has_the_work_of_these_days(boss: Workspace) -> None:
    one, other = rep(boss, "R1"), rep(boss, "R2")
    run(boss, "DELETE FROM user_leave")
    account, before = customer(boss, "R1"), works(boss)[0]
    first = boss.today() + timedelta(days=1)
    give_cover(boss, CoverWish(one, other, first, first + timedelta(days=20)))
    found = {part.rep_id: part for part in parts(boss, account)}
    assert found[other].why is Why.COVER
    assert found[other].share == pytest.approx(21 / LOOK_AHEAD_DAYS)
    assert found[one].share == pytest.approx(1 - 21 / LOOK_AHEAD_DAYS)
    after = works(boss)[0]
    moved = before[one].hours_needed * 21 / LOOK_AHEAD_DAYS
    assert after[one].hours_needed == pytest.approx(before[one].hours_needed - moved)
    assert after[other].hours_standing_in == pytest.approx(moved)
    assert after[one].hours_there < before[one].hours_there
    assert after[other].customers == before[other].customers


def test_a_name_on_leave_is_stood_in_for(boss: Workspace) -> None:
    account, one, other = customer(boss, "R1"), rep(boss, "R1"), rep(boss, "R2")
    run(boss, "DELETE FROM user_leave")
    run(boss, "INSERT INTO user_leave (uid, user_id, from_date, to_date, kind)"
        " VALUES (?, ?, ?, ?, 'sick')", new_uid(), one, boss.today().isoformat(),
        (boss.today() + timedelta(days=41)).isoformat())  # fmt: skip
    assert parts(boss, account)[0].rep_id == one  # nobody stands in: it waits
    assert sum(part.share for part in parts(boss, account)) == pytest.approx(1.0)
    run(boss, "INSERT INTO territory_user (uid, territory_id, user_id, valid_from, valid_to)"
        " VALUES (?, ?, ?, ?, ?)", new_uid(), territory(boss, "R1"), other,
        boss.today().isoformat(), (boss.today() + timedelta(days=41)).isoformat())  # fmt: skip
    assert {p.rep_id: p.share for p in parts(boss, account)} == pytest.approx(
        {one: 0.5, other: 0.5}
    )


def test_a_customer_of_nobody_is_in_no_plan(boss: Workspace) -> None:
    account = customer(boss, "R1")
    run(boss, "DELETE FROM assignment WHERE account_id = ?", account)
    run(boss, "UPDATE account SET territory_id = NULL WHERE id = ?", account)
    assert parts(boss, account) == ()
    assert _halved(boss).unserved == 1


def _halved(boss: Workspace) -> WhatIf:
    key, fields = fields_of(boss, "A")
    return what_if(boss, key, replace(fields, interval_days=max(1, fields.interval_days // 2)))


def test_what_if_is_said_rep_by_rep_and_adds_up(boss: Workspace) -> None:
    said = _halved(boss)
    assert [row.name for row in said.reps] == sorted(
        (row.name for row in said.reps),
        key=lambda name: -next(r.load_after or 0 for r in said.reps if r.name == name),
    )
    assert sum(row.before.hours for row in said.reps) == pytest.approx(said.asked_before.hours)
    assert sum(row.after.hours for row in said.reps) == pytest.approx(said.asked_after.hours)
    assert sum(row.after.margin for row in said.reps) == pytest.approx(said.asked_after.margin)
    balance = {row.id: row.hours_needed for row in work_balance(boss).reps}
    assert {row.id: row.before.hours for row in said.reps} == pytest.approx(balance)


def test_a_full_rep_does_not_drive_in_the_hours_of_another(boss: Workspace) -> None:
    """Everything by name with one rep: the hours of the others are no help."""
    one = rep(boss, "R1")
    run(boss, "UPDATE assignment SET user_id = ?", one)
    run(boss, "UPDATE app_user SET working_week = ? WHERE id = ?", dump_json(SHORT), one)
    said = _halved(boss)
    full = next(row for row in said.reps if row.id == one)
    assert full.after.hours == pytest.approx(said.asked_after.hours)
    assert full.after.hours > full.hours_there
    assert said.plans_after.hours == pytest.approx(full.hours_there)
    assert said.plans_after.hours < in_plans(said.asked_after, said.hours_there).hours
    assert (attention_board(boss).full_reps, attention_board(boss).reps) == (1, len(said.reps))

"""Coverage, balance and moving customers: figures that add up, and one step that is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.services import reassigning, undo
from crmdesk.services.queries.coverage import Outcome, coverage_report, period_of
from crmdesk.services.queries.serving_facts import serving_facts
from crmdesk.services.queries.workload import work_balance
from crmdesk.services.reassigning import reassign, reassign_preview
from crmdesk.services.workspace import Workspace
from tests.db.files import ask


@pytest.fixture
def boss(ws: Workspace) -> Workspace:
    return replace(ws, user=replace(ws.user, role=Role.MANAGER))


def test_every_figure_is_its_rows(boss: Workspace) -> None:
    report = coverage_report(boss, *period_of("quarter", boss.today()))
    assert {row.name for row in report.reps} == {"Rocío Almagro", "Marc Pujol"}
    assert sum(row.assigned for row in report.reps) == report.whole.assigned
    assert sum(row.assigned for row in report.classes) == report.whole.assigned
    for row in (*report.reps, *report.classes, report.whole):
        plan = row.plan
        assert plan.on_day + plan.early_or_late + plan.closed + plan.missed == plan.planned
    for row in report.reps:
        mine = [line for line in report.planned if str(line.rep_id) == row.key]
        for outcome, count in (
            (Outcome.ON_DAY, row.plan.on_day), (Outcome.LATE, row.plan.early_or_late),
            (Outcome.CLOSED, row.plan.closed), (Outcome.MISSED, row.plan.missed),
        ):  # fmt: skip
            assert sum(line.outcome is outcome for line in mine) == count
        reached = [c for c in report.customers if str(c.rep_id) == row.key and c.visits]
        assert row.reached == len(reached)
        assert row.field.coverage.value == pytest.approx(len(reached) / row.assigned)
    missed = sum(reason.missed for reason in report.reasons)
    assert missed == report.whole.plan.missed


def test_refused_orders_bring_nothing_and_a_colleague_covers(boss: Workspace) -> None:
    """Against the plain rows: one visit more, by somebody else, whose order HQ refuses."""
    period = boss.today() - timedelta(days=5), boss.today()
    before = coverage_report(boss, *period)
    line = next(c for c in before.customers if not c.visits and c.rep_id is not None)
    other = ask(boss, "SELECT id FROM app_user WHERE role = 'rep' AND id <> ?", line.rep_id)[0][0]
    with boss.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        visit = run(
            "INSERT INTO visit (uid, account_id, user_id, date, started_at, ended_at, mode,"
            " outcome) VALUES (?, ?, ?, ?, ?, ?, 'person', 'order') RETURNING id",
            (
                new_uid(), line.account_id, other, boss.today().isoformat(),
                f"{boss.today()}T07:00:00.000Z", f"{boss.today()}T07:20:00.000Z",
            ),
        ).scalar_one()  # fmt: skip
        for number, status in enumerate(("rejected", "cancelled")):
            run(
                "INSERT INTO sales_order (uid, account_id, user_id, visit_id, number, status,"
                " order_date, net_minor) VALUES (?, ?, ?, ?, ?, ?, ?, 5000000)",
                (
                    new_uid(), line.account_id, other, visit, f"X{number}", status,
                    boss.today().isoformat(),
                ),
            )  # fmt: skip
    after = coverage_report(boss, *period)
    assert after.whole.field.visits == before.whole.field.visits + 1
    assert after.whole.field.visits_with_order == before.whole.field.visits_with_order
    assert after.whole.field.drop_size_minor == before.whole.field.drop_size_minor
    mine = next(row for row in after.reps if row.key == str(line.rep_id))
    assert mine.field.coverage.value == pytest.approx(mine.reached / mine.assigned)
    was = next(row for row in before.reps if row.key == str(line.rep_id))
    assert mine.reached == was.reached + 1
    with boss.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET status = 'accepted' WHERE number = 'X0'"
        )
    stood = coverage_report(boss, *period).whole.field
    assert stood.visits_with_order == before.whole.field.visits_with_order + 1
    assert (stood.drop_size_minor.value or 0) > (before.whole.field.drop_size_minor.value or 0)


def plan(ws: Workspace, days_ago: int, status: str, account: int) -> int:
    with ws.database.write() as tx:
        return int(
            tx.connection.exec_driver_sql(
                "INSERT INTO planned_visit (uid, account_id, user_id, date, status)"
                " VALUES (?, ?, ?, ?, ?) RETURNING id",
                (
                    new_uid(), account, ws.user.id,
                    (ws.today() - timedelta(days=days_ago)).isoformat(), status,
                ),
            ).scalar_one()
        )  # fmt: skip


def test_closed_is_not_missed_and_a_visit_within_a_week_is_late(boss: Workspace) -> None:
    today = boss.today()
    with boss.database.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM visit_task")
        tx.connection.exec_driver_sql(
            "UPDATE visit SET date = '2020-01-01', planned_visit_id = NULL"
        )
        tx.connection.exec_driver_sql("UPDATE planned_visit SET date = '2020-01-01'")
    one, two, three, four = (row[0] for row in ask(boss, "SELECT id FROM account LIMIT 4"))
    plan(boss, 5, "closed", one)
    plan(boss, 5, "missed", two)
    plan(boss, 5, "missed", three)
    plan(boss, 5, "planned", four)
    with boss.database.write() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO visit (uid, account_id, user_id, date, started_at, ended_at, mode,"
            " outcome, off_plan) VALUES (?, ?, ?, ?, '2026-11-22T09:00:00.000Z',"
            " '2026-11-22T09:20:00.000Z', 'person', 'order', 1)",
            (new_uid(), three, boss.user.id, (today - timedelta(days=2)).isoformat()),
        )
    whole = coverage_report(boss, today - timedelta(days=10), today).whole.plan
    assert (whole.planned, whole.closed, whole.missed, whole.early_or_late) == (4, 1, 2, 1)


def test_a_period_without_anything_has_dashes_not_zeros(alone: Workspace) -> None:
    report = coverage_report(alone, *period_of("month", alone.today()))
    assert report.whole.field.coverage.value is None
    assert report.whole.plan.share.value is None
    assert work_balance(alone).reps == ()


def test_the_balance_adds_up_to_the_customers(boss: Workspace) -> None:
    company, balance = serving_facts(boss), work_balance(boss)
    assert sum(row.customers for row in balance.territories) == len(company.customers)
    needed = sum(row.effort.hours for row in balance.territories)
    assert sum(row.hours_needed for row in balance.reps) == pytest.approx(needed)
    loads = [row.load for row in balance.territories if row.load is not None]
    assert loads == sorted(loads, reverse=True)
    assert all(row.hours_there > 100 for row in balance.reps)


def some(ws: Workspace) -> tuple[list[int], int, int]:
    """Three customers of R1's territory with visits to come, that territory, and R2's."""
    mine, other = (
        ask(ws, "SELECT m.territory_id FROM territory_user m JOIN app_user u ON u.id = m.user_id"
                " WHERE u.code = ?", code)[0][0]
        for code in ("R1", "R2")
    )  # fmt: skip
    rows = ask(
        ws,
        "SELECT DISTINCT p.account_id FROM planned_visit p JOIN account a ON a.id = p.account_id"
        " WHERE a.territory_id = ? AND p.status = 'planned' AND p.date >= ? LIMIT 3",
        mine, ws.today().isoformat(),
    )  # fmt: skip
    return [int(row[0]) for row in rows], int(mine), int(other)


_STATE = (
    "SELECT a.id, a.territory_id, (SELECT group_concat(p.user_id || p.date || p.status) FROM"
    " planned_visit p WHERE p.account_id = a.id), (SELECT group_concat(s.territory_id || '-' ||"
    " coalesce(s.valid_to, '')) FROM assignment s WHERE s.account_id = a.id),"
    " (SELECT count(*) FROM handover h WHERE h.account_id = a.id) FROM account a ORDER BY a.id"
)


def test_the_preview_says_what_moves_and_moving_does_just_that(boss: Workspace) -> None:
    accounts, mine, other = some(boss)
    before = ask(boss, _STATE)
    preview = reassign_preview(boss, accounts, other)
    assert ask(boss, _STATE) == before
    assert [row.account_id for row in preview.customers] == accounts
    assert preview.target_reps[0][1] == "Marc Pujol"
    assert preview.visits > 0
    lost, won = preview.sides
    assert (lost.customers[0] - lost.customers[1], won.customers[1] - won.customers[0]) == (3, 3)
    assert won.needed[1] > won.needed[0]
    assert preview.after.km > preview.before.km  # Lleida is farther away than Andorra
    changes = reassign(boss, accounts, other, "Ask for Carmen, she decides.")
    marks = ", ".join("?" for _key in accounts)
    territories = ask(boss, f"SELECT territory_id FROM account WHERE id IN ({marks})", *accounts)
    assert territories == [(other,)] * 3
    left = ask(
        boss,
        "SELECT count(*) FROM planned_visit p JOIN app_user u ON u.id = p.user_id WHERE"
        f" u.code = 'R1' AND p.status = 'planned' AND p.date >= ? AND p.account_id IN ({marks})",
        boss.today().isoformat(), *accounts,
    )  # fmt: skip
    assert left == [(0,)]
    notes = ask(boss, f"SELECT DISTINCT text FROM handover WHERE account_id IN ({marks})",
                *accounts)  # fmt: skip
    assert notes == [("Ask for Carmen, she decides.",)]
    after = work_balance(boss)
    assert {row.id: row.customers for row in after.territories}[mine] == lost.customers[1]
    assert changes.undo is not None
    undo.undo(boss, changes.undo)
    assert ask(boss, _STATE) == before


def test_moving_where_they_are_changes_nothing(boss: Workspace) -> None:
    accounts, mine, _other = some(boss)
    assert reassign_preview(boss, accounts, mine).stays == 3
    assert reassign(boss, accounts, mine).undo is None


def test_a_territory_of_nobody_keeps_the_visits_with_whom_they_are(boss: Workspace) -> None:
    accounts, _mine, _other = some(boss)
    with boss.database.write() as tx:
        empty = tx.connection.exec_driver_sql(
            "INSERT INTO territory (uid, code, name) VALUES (?, 'TX', 'Nobody') RETURNING id",
            (new_uid(),),
        ).scalar_one()
    assert reassign_preview(boss, accounts, empty).target_reps == ()
    before = ask(boss, "SELECT id, user_id FROM planned_visit ORDER BY id")
    reassign(boss, accounts, empty)
    assert ask(boss, "SELECT id, user_id FROM planned_visit ORDER BY id") == before


def test_what_cannot_be_moved_is_said(boss: Workspace, ws: Workspace) -> None:
    accounts, _mine, other = some(boss)
    with pytest.raises(UserError):
        reassign(ws, accounts, other)
    with pytest.raises(FieldError):
        reassign(boss, [], other)
    with pytest.raises(NotFound):
        reassign(boss, accounts, 10**9)
    with pytest.raises(NotFound):
        reassign(boss, [*accounts, 10**9], other)
    with pytest.raises(FieldError):
        reassign(boss, accounts, other, "x" * (reassigning.MOST_NOTE + 1))

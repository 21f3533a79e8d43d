"""Tasks: who may be given one, what can be changed, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.states import Role
from crmdesk.services import tasks, undo, visits
from crmdesk.services.queries.notices import NoticeKind, coming_tasks, given_tasks, notices
from crmdesk.services.queries.task_people import task_people
from crmdesk.services.queries.task_sheet import task_sheet
from crmdesk.services.tasks import TaskInput
from crmdesk.services.workspace import Workspace


def _people(ws: Workspace) -> dict[str, int]:
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT code, id FROM app_user")
        return {code: int(key) for code, key in rows}


def _name(ws: Workspace, code: str) -> str:
    with ws.database.read() as connection:
        found = connection.exec_driver_sql("SELECT name FROM app_user WHERE code = ?", (code,))
        return str(found.scalar_one())


def _as(ws: Workspace, code: str, role: Role) -> Workspace:
    return replace(ws, user=replace(ws.user, id=_people(ws)[code], role=role))


def _account(ws: Workspace, territory: str | None) -> int:
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT a.id FROM account a LEFT JOIN territory t ON t.id = a.territory_id"
            " WHERE t.code IS ? ORDER BY a.id LIMIT 1",
            (territory,),
        )
        return int(found.scalar_one())


def _codes(ws: Workspace, account: int) -> list[str]:
    names = {key: code for code, key in _people(ws).items()}
    return [names[one.id] for one in task_people(ws, account)]


def test_only_people_who_have_the_customer_get_its_tasks(ws: Workspace) -> None:
    mine = _account(ws, "T1")
    inside = ["M1", "O1", "X1"]
    assert _codes(ws, mine)[0] == "R1"
    assert sorted(_codes(ws, mine)[1:]) == inside
    office = _as(ws, "O1", Role.OFFICE)
    assert _codes(office, mine)[:2] == ["R1", "O1"]
    with ws.database.maintenance() as connection:
        run = connection.exec_driver_sql
        run("UPDATE territory_user SET valid_to = ?", ((ws.today() - timedelta(1)).isoformat(),))
    assert sorted(_codes(office, mine)) == inside
    with ws.database.maintenance() as connection:
        run = connection.exec_driver_sql
        run("UPDATE territory_user SET valid_to = NULL")
        run("INSERT INTO territory (uid, code, name) VALUES (randomblob(16), 'ALL', 'All')")
        run("UPDATE territory SET parent_id = (SELECT id FROM territory WHERE code = 'ALL')"
            " WHERE code = 'T1'")  # fmt: skip
        run("UPDATE territory_user SET territory_id = (SELECT id FROM territory WHERE code = 'ALL')"
            " WHERE user_id = ?", (_people(ws)["R1"],))  # fmt: skip
    assert _codes(office, mine)[0] == "R1"
    with pytest.raises(FieldError, match="would never see"):
        tasks.add_task(office, mine, TaskInput("x", ws.today(), _people(ws)["R2"]))


def test_a_task_waits_from_its_day_on_and_shows_who_gave_it(ws: Workspace) -> None:
    office, me = _as(ws, "O1", Role.OFFICE), ws.user.id
    tomorrow = ws.today() + timedelta(days=1)
    made = tasks.add_task(
        office, _account(ws, "T1"), TaskInput(" Bring the list ", tomorrow, me, " in colour ")
    )
    sheet = task_sheet(ws, made.task_id)
    assert (sheet.text, sheet.due_on, sheet.assignee_id) == ("Bring the list", tomorrow, me)
    assert sheet.note == "in colour"
    (coming,) = [one for one in coming_tasks(ws) if one.row_id == made.task_id]
    assert (coming.person, coming.day) == (_name(ws, "O1"), tomorrow)
    (given,) = given_tasks(office)
    assert (given.row_id, given.person, given.is_given) == (made.task_id, ws.user.name, True)
    assert made.task_id not in {one.row_id for one in coming_tasks(office)}
    tasks.edit_task(ws, made.task_id, TaskInput("Bring it", ws.today(), me))
    assert made.task_id in {one.row_id for one in notices(ws) if one.kind is NoticeKind.PROMISE}
    taken = tasks.give_task(ws, made.task_id, office.user.id)
    assert not given_tasks(office)
    assert taken.undo is not None
    undo.undo(ws, taken.undo)
    assert given_tasks(office)
    visits.keep_promise(ws, made.task_id)
    assert not given_tasks(office)
    with pytest.raises(NotFound):
        tasks.edit_task(ws, made.task_id, TaskInput("x", ws.today(), me))


def test_what_cannot_be_is_said_and_nothing_is_kept(ws: Workspace) -> None:
    account, me = _account(ws, "T1"), ws.user.id
    before = coming_tasks(ws), given_tasks(ws)
    late = ws.today() - timedelta(days=1)
    for made, field in (
        (TaskInput(" ", ws.today(), me), "text"),
        (TaskInput("x", late, me), "due_on"),
        (TaskInput("x", ws.today(), 999), "assignee"),
    ):
        with pytest.raises(FieldError) as caught:
            tasks.add_task(ws, account, made)
        assert caught.value.field == field
    with pytest.raises(NotFound):
        tasks.add_task(ws, 999_999, TaskInput("x", ws.today(), me))
    assert (coming_tasks(ws), given_tasks(ws)) == before


def test_a_late_task_of_a_colleague_can_be_reworded_as_it_is(ws: Workspace) -> None:
    late = ws.today() - timedelta(days=3)
    with ws.database.write() as tx:
        key = tx.connection.exec_driver_sql(
            "INSERT INTO promise (uid, account_id, user_id, text, due_on) VALUES"
            " (randomblob(16), ?, ?, 'x', ?) RETURNING id",
            (_account(ws, "T1"), _people(ws)["R2"], late.isoformat()),
        ).scalar_one()
    tasks.edit_task(ws, int(key), TaskInput("y", late, _people(ws)["R2"]))
    assert task_sheet(ws, int(key)).text == "y"

"""Tasks given in the office reach the rep's laptop, and what became of them comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.services import tasks, tickets, visits
from crmdesk.services.queries.notices import coming_tasks, given_tasks
from crmdesk.services.queries.task_people import task_people
from crmdesk.services.tasks import TaskInput
from crmdesk.services.tickets import Report
from tests.sync.conftest import Headquarters
from tests.sync.desks import at

pytestmark = pytest.mark.hq


def test_a_task_goes_to_the_rep_is_moved_and_done_there(hq: Headquarters) -> None:
    rep, other, office = hq.join("R1"), hq.join("R2"), hq.join("O1")
    for laptop in (rep, other, office):
        laptop.sync()
    account = office.one("SELECT min(a.id) FROM account a JOIN territory t ON t.id ="
                         " a.territory_id WHERE t.code = 'T1'")  # fmt: skip
    ruth = task_people(at(office), account)[0]
    day = at(office).today() + timedelta(days=2)
    made = tasks.add_task(at(office), account, TaskInput("Bring the list", day, ruth.id))
    assert office.sync().refusals == 0
    for laptop in (rep, other):
        laptop.sync()
    (task,) = coming_tasks(at(rep))
    assert (task.text, task.day, task.person) == ("Bring the list", day, at(office).user.name)
    assert coming_tasks(at(other)) == ()
    later = day + timedelta(days=7)
    tasks.edit_task(at(rep), task.row_id, TaskInput("Bring two lists", later, at(rep).user.id))
    assert rep.sync().refusals == 0
    office.sync()
    (given,) = given_tasks(at(office))
    assert (given.row_id, given.text, given.day) == (made.task_id, "Bring two lists", later)
    visits.keep_promise(at(rep), task.row_id)
    rep.sync()
    office.sync()
    assert given_tasks(at(office)) == ()


def test_hq_takes_no_task_or_ticket_that_a_rep_gives_to_another_rep(hq: Headquarters) -> None:
    """Another program on a rep's laptop writes what it likes: HQ asks who is given what."""
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    account = rep.one("SELECT id FROM account WHERE code = 'C0'")
    day = at(rep).today() + timedelta(days=2)
    ruth, rolf, olga = (
        rep.one("SELECT id FROM app_user WHERE code = ?", code) for code in ("R1", "R2", "O1")
    )
    tasks.add_task(at(rep), account, TaskInput("Mine", day, ruth))
    tickets.open_ticket(at(rep), account, Report("4 dented tins"))
    assert rep.sync().refusals == 0
    for name, maker in (("promise", "user_id"), ("ticket", "opened_by_id")):
        standing = rep.rows(f"SELECT assignee_id, {maker} FROM {name}")
        for written in (f"assignee_id = {rolf}", f"{maker} = {rolf}"):
            rep.run(f"UPDATE {name} SET {written}")
            assert rep.sync().refusals == 1, (name, written)
            assert rep.rows(f"SELECT assignee_id, {maker} FROM {name}") == standing
        rep.run(f"UPDATE {name} SET assignee_id = ?", olga)
        assert rep.sync().refusals == 0, name
    for user, assignee in ((ruth, rolf), (rolf, ruth), (rolf, None)):
        rep.run("INSERT INTO promise (uid, account_id, user_id, assignee_id, text, due_on)"
                " VALUES (?, ?, ?, ?, 'Yours', ?)",
                new_uid(), account, user, assignee, day.isoformat())  # fmt: skip
        assert rep.sync().refusals == 1, (user, assignee)
    office.sync()
    assert office.rows("SELECT p.text, u.code FROM promise p JOIN app_user u"
                       " ON u.id = p.assignee_id") == [("Mine", "O1")]  # fmt: skip
    office.run("UPDATE promise SET assignee_id = (SELECT id FROM app_user WHERE code = 'R1')")
    assert office.sync().refusals == 0
    rep.sync()
    assert [task.text for task in coming_tasks(at(rep))] == ["Mine"]

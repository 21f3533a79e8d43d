"""Tasks given in the office reach the rep's laptop, and what became of them comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmdesk.services import tasks, visits
from crmdesk.services.queries.notices import coming_tasks, given_tasks
from crmdesk.services.queries.task_people import task_people
from crmdesk.services.tasks import TaskInput
from tests.sync.conftest import Headquarters
from tests.sync.test_lists import at

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

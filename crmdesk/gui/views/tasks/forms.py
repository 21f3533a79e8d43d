"""The forms of a task, what their answers do, and what is then said. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.gui.dates import read_day, typed_day
from crmdesk.gui.form_meeting import Theirs, keep
from crmdesk.gui.widgets.formbar import Form, FormField, Given
from crmdesk.i18n import _, format_date_near
from crmdesk.services import tasks
from crmdesk.services.queries.customers import customer_rows
from crmdesk.services.queries.task_people import Assignee, task_people
from crmdesk.services.queries.task_sheet import TaskSheet, task_sheet
from crmdesk.services.tasks import TaskInput
from crmdesk.services.workspace import Workspace


class Ask(StrEnum):
    """The kinds of forms; NEW is about a customer, the others about a task."""

    NEW = "new"
    EDIT = "edit"
    GIVE = "give"


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: the task, what it touched, the words for it, what both have changed."""

    task_id: int
    changes: ChangeSet
    said: str
    theirs: Theirs = ()


def form_of(ws: Workspace, kind: Ask, subject: int) -> Form:
    """The form of a kind; NotFound when what it is about is gone."""
    if kind is Ask.NEW:
        row = customer_rows(ws, [subject]).get(subject)
        if row is None:
            raise NotFound(_("This customer is no longer here."))
        people = task_people(ws, subject)
        who = people[0].id if people else ws.user.id
        return Form(
            kind, subject, _("New task"), row.name,
            (_who_field(people, who), *_fields("", _("tomorrow"), "")),
            _("Save"), _hint(),
        )  # fmt: skip
    sheet = task_sheet(ws, subject)
    people = _with_owner(task_people(ws, sheet.account_id), sheet)
    who_field = _who_field(people, sheet.assignee_id or 0)
    if kind is Ask.GIVE:
        return Form(kind, subject, _("Who does it?"), sheet.text, (who_field,), _("Save"), "")
    return Form(
        kind, subject, _("Change the task"), sheet.customer,
        (who_field, *_fields(sheet.text, typed_day(sheet.due_on), sheet.note)), _("Save"), _hint(),
    )  # fmt: skip


def _fields(text: str, due: str, note: str) -> tuple[FormField, ...]:
    return (
        FormField("text", _("What"), text, placeholder=_("what is to be done"), wide=True),
        FormField("due_on", _("Until"), due, placeholder=_("tomorrow, next Monday, 3.12."),
                  wide=True),
        FormField("note", _("Note"), note, wide=True),
    )  # fmt: skip


def _who_field(people: tuple[Assignee, ...], who: int) -> FormField:
    choices = tuple((str(one.id), one.name) for one in people)
    return FormField("assignee", _("Who"), str(who) if who else "", choices)


def _with_owner(people: tuple[Assignee, ...], sheet: TaskSheet) -> tuple[Assignee, ...]:
    """Whoever has the task stays among those offered, even where it could not be given to them."""
    if sheet.assignee_id is None or sheet.assignee_id in {one.id for one in people}:
        return people
    return (*people, Assignee(sheet.assignee_id, sheet.assignee, is_rep=True))


def _hint() -> str:
    return _("The day in words or numbers: tomorrow, next Monday, in 2 weeks, 3.12. ↑ goes to who.")


def answer(ws: Workspace, given: Given) -> Done:
    """Do what was answered. FieldError for what cannot be read, by the key of its field."""
    kind, key = Ask(given.kind), given.subject
    done, theirs = keep(
        ws, given.filled, lambda: form_of(ws, kind, key).fields,
        lambda values: _do(ws, kind, key, values),
    )  # fmt: skip
    return replace(done, theirs=theirs)


def _do(ws: Workspace, kind: Ask, key: int, values: Mapping[str, str]) -> Done:
    if kind is Ask.GIVE:
        user = _person(values)
        changes = tasks.give_task(ws, key, user)
        name = task_sheet(ws, key).assignee
        return Done(key, changes, _("{name} has it now.").format(name=name))
    made = TaskInput(
        values.get("text", ""), _day(values.get("due_on", ""), ws.today()), _person(values),
        values.get("note", ""),
    )  # fmt: skip
    if kind is Ask.EDIT:
        return Done(key, tasks.edit_task(ws, key, made), _("Saved."))
    added = tasks.add_task(ws, key, made)
    day = format_date_near(made.due_on, ws.today())
    if made.assignee_id == ws.user.id:
        said = _("Task until {day}.").format(day=day)
    else:
        name = task_sheet(ws, added.task_id).assignee
        said = _("Task for {name} until {day}.").format(name=name, day=day)
    return Done(added.task_id, added.changes, said)


def _person(values: Mapping[str, str]) -> int:
    chosen = values.get("assignee", "")
    if not chosen:
        raise FieldError("assignee", _("Say who does it."), _("Choose a person by the number."))
    return int(chosen)


def _day(words: str, today: date) -> date:
    if not words.strip():
        raise FieldError("due_on", _("A task needs a day."), _("Such as tomorrow."))
    found = read_day(words, today)
    if found is None:
        raise FieldError(
            "due_on", _("“{words}” is no day.").format(words=words.strip()),
            _("Say it like tomorrow, next Monday, in 2 weeks, or 3.12."),
        )  # fmt: skip
    return found

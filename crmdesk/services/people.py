"""A person at a customer saved as a whole: who they are and how to reach them, in one step.

Owns adding and changing a contact with its telephone and e-mail from one form. Only what differs
is written, so that two people's changes meet as fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.accounts import e164
from crmdesk.services.workspace import Workspace

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Person:
    """A person as a form has it; empty texts are nothing. ``birthday`` is ISO text."""

    name: str
    job: str = ""
    phone: str = ""
    email: str = ""
    best_time: str = ""
    birthday: str = ""
    note: str = ""


def read_person(ws: Workspace, contact_id: int) -> Person:
    """The person as the form shows it. Raises NotFound."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT name, job, best_time, birthday, note FROM contact WHERE id = ?", (contact_id,)
        ).first()
        if row is None:
            raise _gone()
        phone, email = (_point(connection, contact_id, kind) for kind in ("phone", "email"))
    return Person(
        name=row.name,
        job=row.job or "",
        phone="" if phone is None else phone[1],
        email="" if email is None else email[1],
        best_time=row.best_time or "",
        birthday=row.birthday or "",
        note=row.note or "",
    )


def save_person(
    ws: Workspace, account_id: int, contact_id: int | None, person: Person
) -> ChangeSet:
    """Add a person (without an id) or change one; one undoable step.

    FieldError for an empty name, a date, telephone or address that is none; NotFound.
    """
    cells = _cells(person)
    phone = e164(person.phone, ws.country) if person.phone.strip() else ""
    email = person.email.strip()
    if email and not _MAIL.fullmatch(email):
        raise FieldError("email", _("This is not an e-mail address."))
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        if contact_id is None:
            contact_id = int(
                run(
                    "INSERT INTO contact (uid, account_id, name, job, best_time, birthday, note,"
                    " position) VALUES (?, ?, ?, ?, ?, ?, ?,"
                    " (SELECT count(*) FROM contact WHERE account_id = ?)) RETURNING id",
                    (new_uid(), account_id, *cells, account_id),
                ).scalar_one()
            )
        else:
            changed = run(
                "UPDATE contact SET name = ?, job = ?, best_time = ?, birthday = ?, note = ?"
                " WHERE id = ? AND account_id = ?",
                (*cells, contact_id, account_id),
            )
            if changed.rowcount == 0:
                raise _gone()
        touched = {"contact": frozenset({contact_id}), "account": frozenset({account_id})}
        points = {
            point
            for kind, value in (("phone", phone), ("email", email))
            if (point := _set_point(tx.connection, account_id, contact_id, (kind, value)))
        }
        if points:
            touched["contact_point"] = frozenset(points)
    return ChangeSet(touched, undo=tx.txn)


def _cells(person: Person) -> tuple[str | None, ...]:
    if not person.name.strip():
        raise FieldError("name", _("A contact needs a name."))
    birthday = person.birthday.strip()
    if birthday:
        try:
            birthday = date.fromisoformat(birthday).isoformat()
        except ValueError:
            raise FieldError(
                "birthday", _("{text} is not a date like 1980-11-24.").format(text=birthday)
            ) from None
    texts = (person.name, person.job, person.best_time, birthday, person.note)
    return tuple(text.strip() or None for text in texts)


def _point(connection: Connection, contact_id: int, kind: str) -> tuple[int, str] | None:
    """The way to reach somebody that is shown first: its id and value; mobiles are telephones."""
    test = "kind = 'email'" if kind == "email" else "kind <> 'email'"
    row = connection.exec_driver_sql(
        f"SELECT id, value FROM contact_point WHERE contact_id = ? AND {test}"  # noqa: S608
        " ORDER BY preferred DESC, id LIMIT 1",
        (contact_id,),
    ).first()
    return None if row is None else (int(row[0]), str(row[1]))


def _set_point(
    connection: Connection, account_id: int, contact_id: int, wanted: tuple[str, str]
) -> int | None:
    """Give somebody this telephone or address; an empty one takes the shown one away."""
    kind, value = wanted
    found = _point(connection, contact_id, kind)
    run = connection.exec_driver_sql
    if found is None:
        if not value:
            return None
        return int(
            run(
                "INSERT INTO contact_point (uid, account_id, contact_id, kind, value, preferred)"
                " VALUES (?, ?, ?, ?, ?, 1) RETURNING id",
                (new_uid(), account_id, contact_id, kind, value),
            ).scalar_one()
        )
    if found[1] == value:
        return None
    if value:
        run("UPDATE contact_point SET value = ? WHERE id = ?", (value, found[0]))
    else:
        run("DELETE FROM contact_point WHERE id = ?", (found[0],))
    return found[0]


def _gone() -> NotFound:
    return NotFound(_("This person is no longer here."))

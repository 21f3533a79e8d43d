"""A person at a customer saved as a whole: who they are and how to reach them, in one step.

Owns adding and changing a contact with all its telephones and addresses and its consents from one
form. Only what differs is written, so that two people's changes meet as fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.consents import (
    Channel,
    Consent,
    consents_document,
    latest_given,
    read_consents,
)
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.accounts import e164
from crmdesk.services.forms_meeting import meet, met_form
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

PHONE, MOBILE, EMAIL = "phone", "mobile", "email"
KINDS = (PHONE, MOBILE, EMAIL)
MOST_WAYS = 12
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_CELLS = ("name", "job", "best_time", "birthday", "note", "language")


@dataclass(frozen=True, slots=True)
class Way:
    """A way to reach somebody. ``key`` is the local id of a stored one; 0: not stored yet."""

    kind: str
    value: str
    label: str = ""
    preferred: bool = False
    key: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """A person as a form has it; empty texts are nothing. ``birthday`` is ISO text."""

    name: str
    job: str = ""
    best_time: str = ""
    birthday: str = ""
    note: str = ""
    language: str = ""
    ways: tuple[Way, ...] = ()
    consents: tuple[Consent, ...] = ()


def read_person(ws: Workspace, contact_id: int) -> Person:
    """The person as the form shows it. Raises NotFound."""
    with ws.database.read() as connection:
        return _person_in(connection, contact_id)


def _person_in(connection: Connection, contact_id: int) -> Person:
    row = connection.exec_driver_sql(
        "SELECT name, job, best_time, birthday, note, language, consents, consent_at,"
        " consent_channel FROM contact WHERE id = ? AND erased_at IS NULL",
        (contact_id,),
    ).first()
    if row is None:
        raise _gone()
    ways = tuple(_stored_ways(connection, contact_id))
    texts = [str(row._mapping[name] or "") for name in _CELLS]
    return Person(
        texts[0],
        texts[1],
        texts[2],
        texts[3],
        texts[4],
        texts[5],
        ways=ways,
        consents=consents_of(row.consents, row.consent_at, row.consent_channel),
    )


def consents_of(document: str | None, at: str | None, channel: str | None) -> tuple[Consent, ...]:
    """The consents of a contact's stored cells."""
    on = date.fromisoformat(at[:10]) if at else None
    try:
        found = json.loads(document) if document else None
    except ValueError:
        found = None
    return read_consents(found, on, channel or "")


def save_person(
    ws: Workspace,
    account_id: int,
    contact_id: int | None,
    person: Person,
    opened: Person | None = None,
) -> ChangeSet:
    """Add a person (without an id) or change one, in one step.

    ``opened``: the person as the form showed them at first; what still reads so stays as it is now.

    It can be undone unless a way to reach somebody went: then saving what was before is the way
    back.
    FieldError for an empty name, a date, language, telephone or address that is none; NotFound.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        if contact_id is not None and opened is not None:
            now = _person_in(tx.connection, contact_id)
            person = replace(
                met_form(person, opened, now),
                ways=met_ways(person.ways, opened.ways, now.ways),
                consents=met_consents(person.consents, opened.consents, now.consents),
            )
        cells = _cells(person)
        ways = _checked_ways(ws, person.ways)
        if contact_id is None:
            if run("SELECT 1 FROM account WHERE id = ?", (account_id,)).first() is None:
                raise NotFound(_("This customer is no longer here."))
            contact_id = int(
                run(
                    "INSERT INTO contact (uid, account_id, name, job, best_time, birthday, note,"
                    " language, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?,"
                    " (SELECT count(*) FROM contact WHERE account_id = ?)) RETURNING id",
                    (new_uid(), account_id, *cells, account_id),
                ).scalar_one()
            )
        else:
            changed = run(
                "UPDATE contact SET name = ?, job = ?, best_time = ?, birthday = ?, note = ?,"
                " language = ? WHERE id = ? AND account_id = ? AND erased_at IS NULL",
                (*cells, contact_id, account_id),
            )
            if changed.rowcount == 0:
                raise _gone()
        _set_consents(tx.connection, contact_id, person.consents)
        points, removed = _set_ways(tx.connection, account_id, contact_id, ways)
    touched = {"contact": frozenset({contact_id}), "account": frozenset({account_id})}
    if points:
        touched["contact_point"] = frozenset(points)
    return ChangeSet(touched, undo=None if removed else tx.txn)


def met_ways(typed: Sequence[Way], opened: Sequence[Way], now: Sequence[Way]) -> tuple[Way, ...]:
    """The ways that were typed, with what others have added, changed or put away meanwhile."""
    before = {way.key: way for way in opened}
    there = {way.key: way for way in now}
    kept = []
    for way in typed:
        if way != before.get(way.key):
            # What somebody has put away while it was being changed here is given anew.
            kept.append(way if way.key in there else replace(way, key=0))
        elif way.key in there:
            kept.append(there[way.key])
    return (*kept, *(way for way in now if way.key not in before))


def met_consents(
    typed: Sequence[Consent], opened: Sequence[Consent], now: Sequence[Consent]
) -> tuple[Consent, ...]:
    """The consents that were typed; of a channel that was not touched, what stands now."""

    def by_channel(consents: Sequence[Consent]) -> dict[Channel, Consent | None]:
        return dict.fromkeys(Channel) | {one.channel: one for one in consents}

    met = meet(by_channel(typed), by_channel(opened), by_channel(now))
    return tuple(one for one in met.values.values() if one is not None)


def _cells(person: Person) -> tuple[str | None, ...]:
    if not person.name.strip():
        raise FieldError("name", _("A contact needs a name."))
    birthday, language = person.birthday.strip(), person.language.strip().casefold()
    if birthday:
        try:
            birthday = date.fromisoformat(birthday).isoformat()
        except ValueError:
            raise FieldError(
                "birthday", _("{text} is not a date like 1980-11-24.").format(text=birthday)
            ) from None
    if language and not _LANGUAGE.fullmatch(language):
        raise FieldError("language", _("A language is two letters, like es or ru."))
    texts = (person.name, person.job, person.best_time, birthday, person.note, language)
    return tuple(text.strip() or None for text in texts)


def _checked_ways(ws: Workspace, ways: Sequence[Way]) -> list[Way]:
    """The ways as they are stored: telephones in international form, one of a kind preferred."""
    made: list[Way] = []
    for place, way in enumerate(ways):
        if not way.value.strip():
            continue
        try:
            value = _checked_value(ws, way)
        except FieldError as error:
            raise FieldError(f"way.{place}", error.message, error.hint) from error
        made.append(replace(way, value=value, label=way.label.strip()))
    if len(made) > MOST_WAYS:
        raise FieldError("way.0", _("Twelve ways to reach somebody are enough."))
    return _one_preferred(made)


def _one_preferred(ways: Sequence[Way]) -> list[Way]:
    """At most one preferred telephone and one preferred address; of new ones alone the first."""
    chosen: dict[bool, Way] = {}
    for mail in (False, True):
        family = [way for way in ways if (way.kind == EMAIL) is mail]
        flagged = [way for way in family if way.preferred]
        if flagged or (family and not any(way.key for way in family)):
            chosen[mail] = flagged[0] if flagged else family[0]
    return [replace(way, preferred=chosen.get(way.kind == EMAIL) is way) for way in ways]


def _checked_value(ws: Workspace, way: Way) -> str:
    value = way.value.strip()
    if way.kind != EMAIL:
        return e164(value, ws.country)
    if not _MAIL.fullmatch(value):
        raise FieldError("email", _("This is not an e-mail address."))
    return value


def _stored_ways(connection: Connection, contact_id: int) -> list[Way]:
    rows = connection.exec_driver_sql(
        "SELECT id, kind, value, label, preferred FROM contact_point WHERE contact_id = ?"
        " ORDER BY preferred DESC, id",
        (contact_id,),
    )
    return [
        Way(str(row.kind), str(row.value), row.label or "", bool(row.preferred), int(row.id))
        for row in rows
    ]


def _set_ways(
    connection: Connection, account_id: int, contact_id: int, wanted: Sequence[Way]
) -> tuple[set[int], bool]:
    """Make these the ways to reach somebody; the ids of touched rows, and whether one went."""
    run = connection.exec_driver_sql
    before = {way.key: way for way in _stored_ways(connection, contact_id)}
    touched: set[int] = set()
    for way in wanted:
        known = before.pop(way.key, None)
        cells = (way.kind, way.value, way.label or None, int(way.preferred))
        if known is None:
            key = run(
                "INSERT INTO contact_point (uid, account_id, contact_id, kind, value, label,"
                " preferred) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (new_uid(), account_id, contact_id, *cells),
            ).scalar_one()
            touched.add(int(key))
        elif (known.kind, known.value, known.label or None, int(known.preferred)) != cells:
            run(
                "UPDATE contact_point SET kind = ?, value = ?, label = ?, preferred = ?"
                " WHERE id = ?",
                (*cells, way.key),
            )
            touched.add(way.key)
    for key in before:
        run("DELETE FROM contact_point WHERE id = ?", (key,))
        touched.add(key)
    return touched, bool(before)


def _set_consents(connection: Connection, contact_id: int, wanted: Sequence[Consent]) -> None:
    run = connection.exec_driver_sql
    row = run(
        "SELECT consents, consent_at, consent_channel FROM contact WHERE id = ?", (contact_id,)
    ).one()
    before = consents_of(row.consents, row.consent_at, row.consent_channel)
    if before == tuple(wanted):
        return
    # The single consent beside them is what lists and programs of before read.
    latest = latest_given(wanted)
    run(
        "UPDATE contact SET consents = ?, consent_at = ?, consent_channel = ? WHERE id = ?",
        (
            dump_json(consents_document(wanted)),
            None if latest is None else f"{latest.on.isoformat()}T00:00:00.000Z",
            None if latest is None else latest.channel.value,
            contact_id,
        ),
    )


def _gone() -> NotFound:
    return NotFound(_("This person is no longer here."))

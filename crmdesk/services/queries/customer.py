"""The customer card: everything about one customer in one consistent read.

Owns the people and the files; the header, the history, the SKUs and the value are read by their own
modules inside the same transaction. Whatever is long (months of the timeline, SKUs beyond the
first page) is left to be read when it is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Date, func, select

from crmdesk.domain.errors import NotFound
from crmdesk.i18n import _
from crmdesk.services.queries.customer_header import CustomerHeader, read_header
from crmdesk.services.queries.customer_matrix import SkuKeys, SkuRow, read_keys, read_rows
from crmdesk.services.queries.customer_timeline import (
    EventGroup,
    EventRow,
    TimelineMonths,
    made_events,
    read_events,
    read_months,
)
from crmdesk.services.queries.customer_value import CustomerValue, read_value
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

FIRST_SKUS = 32
FIRST_EVENTS = 24
_account, _contact, _point = table("account"), table("contact"), table("contact_point")
_attachment = table("attachment")


@dataclass(frozen=True, slots=True)
class ContactPointRow:
    """A way to reach somebody: kind (phone, mobile, email…), value and its label."""

    kind: str
    value: str
    label: str
    preferred: bool


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A person at the customer."""

    id: int
    name: str
    job: str
    best_time: str
    consent_on: date | None
    consent_channel: str
    points: tuple[ContactPointRow, ...]


@dataclass(frozen=True, slots=True)
class DocumentsNote:
    """How many files the customer has and the newest one's name."""

    count: int
    newest: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A file kept with the customer; `size` in bytes."""

    id: int
    name: str
    kind: str
    size: int
    taken_on: date | None


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """One screen of a customer, read at once."""

    header: CustomerHeader
    contacts: tuple[ContactRow, ...]
    documents: DocumentsNote
    timeline: TimelineMonths
    events: tuple[tuple[date, tuple[EventRow, ...]], ...]
    skus: SkuKeys
    rows: tuple[SkuRow, ...]
    value: CustomerValue


def customer_card(ws: Workspace, account_id: int) -> CustomerCard:
    """The card of one customer. Raises NotFound when it has left this profile."""
    today = ws.today()
    with ws.database.read() as connection:
        header = read_header(connection, account_id, today)
        made = made_events(ws, connection, account_id, EventGroup.ALL)
        timeline = read_months(connection, account_id, made=made)
        skus = read_keys(connection, account_id, today)
        return CustomerCard(
            header=header,
            contacts=read_contacts(connection, account_id),
            documents=_documents(connection, account_id),
            timeline=timeline,
            events=_newest_months(connection, account_id, timeline, made),
            skus=skus,
            rows=read_rows(connection, account_id, skus.keys[:FIRST_SKUS], today),
            value=read_value(connection, account_id, today, ws.currency),
        )


def find_customer(ws: Workspace, code: str) -> int:
    """The local id of the customer with this code; raises NotFound."""
    with ws.database.read() as connection:
        found = connection.execute(select(_account.c.id).where(_account.c.code == code)).scalar()
    if found is None:
        raise NotFound(
            _("There is no customer {code}.").format(code=code),
            _("Search by name instead."),
        )
    return int(found)


def contacts(ws: Workspace, account_id: int) -> tuple[ContactRow, ...]:
    """All people at a customer, in their order."""
    with ws.database.read() as connection:
        return read_contacts(connection, account_id)


def documents(ws: Workspace, account_id: int) -> tuple[DocumentRow, ...]:
    """All files of a customer, newest first."""
    a = _attachment.c
    query = (
        select(
            a.id, a.name, a.kind, a.size, func.local_day(a.taken_at, type_=Date()).label("taken_on")
        )
        .where(a.account_id == account_id)
        .order_by(a.id.desc())
    )
    with ws.database.read() as connection:
        return tuple(
            DocumentRow(row.id, row.name, row.kind, row.size, row.taken_on)
            for row in connection.execute(query)
        )


def _newest_months(
    connection: Connection, account_id: int, timeline: TimelineMonths, made: Sequence[EventRow]
) -> tuple[tuple[date, tuple[EventRow, ...]], ...]:
    """The newest months, as many as fill the first screen, read at once."""
    months: list[date] = []
    seen = 0
    for month, count in timeline.months:
        if seen >= FIRST_EVENTS:
            break
        months.append(month)
        seen += count
    if not months:
        return ()
    events = read_events(connection, account_id, (months[-1], months[0]), made=made)
    return tuple(
        (month, tuple(e for e in events if e.day.replace(day=1) == month)) for month in months
    )


def read_contacts(connection: Connection, account_id: int) -> tuple[ContactRow, ...]:
    """All people at a customer inside a read transaction that is already open."""
    people = connection.execute(
        select(
            _contact.c.id, _contact.c.name, _contact.c.job, _contact.c.best_time,
            _contact.c.consent_at, _contact.c.consent_channel,
        )
        .where(_contact.c.account_id == account_id, _contact.c.erased_at.is_(None))
        .order_by(_contact.c.position, _contact.c.id)
    ).all()  # fmt: skip
    points: dict[int, list[ContactPointRow]] = {}
    reach = connection.execute(
        select(
            _point.c.contact_id, _point.c.kind, _point.c.value, _point.c.label, _point.c.preferred
        )
        .where(_point.c.account_id == account_id)
        .order_by(_point.c.preferred.desc(), _point.c.id)
    )
    for row in reach:
        made = ContactPointRow(row.kind, row.value, row.label or "", bool(row.preferred))
        points.setdefault(row.contact_id, []).append(made)
    return tuple(_contact_row(row, points.get(row.id, ())) for row in people)


def _contact_row(row: Any, points: Sequence[ContactPointRow]) -> ContactRow:
    return ContactRow(
        id=row.id,
        name=row.name,
        job=row.job or "",
        best_time=row.best_time or "",
        consent_on=row.consent_at.date() if row.consent_at else None,
        consent_channel=row.consent_channel or "",
        points=tuple(points),
    )


def _documents(connection: Connection, account_id: int) -> DocumentsNote:
    where = _attachment.c.account_id == account_id
    count = connection.execute(select(func.count()).where(where)).scalar_one()
    newest = connection.execute(
        select(_attachment.c.name).where(where).order_by(_attachment.c.id.desc()).limit(1)
    ).scalar()
    return DocumentsNote(count, newest or "")

"""The customer card: everything about one customer in one consistent read.

Owns the header and the people; the history, the SKUs and the value are read by their own modules
inside the same transaction. Whatever is long (months of the timeline, SKUs beyond the first page)
is left to be read when it is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from crmdesk.domain.errors import NotFound
from crmdesk.i18n import _
from crmdesk.services.queries.customer_matrix import SkuKeys, SkuRow, read_keys, read_rows
from crmdesk.services.queries.customer_timeline import (
    EventRow,
    TimelineMonths,
    read_events,
    read_months,
)
from crmdesk.services.queries.customer_value import CustomerValue, read_value
from crmdesk.services.queries.customers import parse_day
from crmdesk.storage.tables import summary_account, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

FIRST_SKUS = 32
FIRST_EVENTS = 24
_account, _contact, _point = table("account"), table("contact"), table("contact_point")
_model, _list, _plan = table("attention_model"), table("price_list"), table("planned_visit")
_score, _attachment, _visit = table("survey_score"), table("attachment"), table("visit")
_territory = table("territory")


@dataclass(frozen=True, slots=True)
class CustomerHeader:
    """Who the customer is and how things stand; money in minor units, days local.

    `opening_hours` is the document as stored; `running_visit_id` is a visit that has not ended.
    """

    id: int
    uid: bytes
    rev: int
    code: str
    name: str
    account_class: str
    channel: str
    segment: str
    status: str
    street: str
    city: str
    postcode: str
    territory: str
    opening_hours: Any
    interval_days: int | None
    attention_model: str
    terms_days: int
    price_list: str
    credit_limit_minor: int | None
    credit_mode: str
    minimum_order_minor: int | None
    overdue: int
    due: int
    at_risk: int
    open_minor: int
    late_minor: int
    late_since: date | None
    open_tickets: int
    last_order_on: date | None
    last_visit_on: date | None
    next_visit_on: date | None
    next_visit_minute: int | None
    running_visit_id: int | None
    score_kind: str
    score: int | None
    scored_on: date | None


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
        timeline = read_months(connection, account_id)
        skus = read_keys(connection, account_id, today)
        return CustomerCard(
            header=header,
            contacts=read_contacts(connection, account_id),
            documents=_documents(connection, account_id),
            timeline=timeline,
            events=_newest_months(connection, account_id, timeline),
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
        select(a.id, a.name, a.kind, a.size, a.taken_at)
        .where(a.account_id == account_id)
        .order_by(a.id.desc())
    )
    with ws.database.read() as connection:
        return tuple(
            DocumentRow(
                row.id, row.name, row.kind, row.size, row.taken_at.date() if row.taken_at else None
            )
            for row in connection.execute(query)
        )


def _newest_months(
    connection: Connection, account_id: int, timeline: TimelineMonths
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
    events = read_events(connection, account_id, months[-1], months[0])
    return tuple(
        (month, tuple(e for e in events if e.day.replace(day=1) == month)) for month in months
    )


def read_header(connection: Connection, account_id: int, today: date) -> CustomerHeader:
    """The header inside a read transaction that is already open; raises NotFound."""
    a, s = _account.c, summary_account.c
    query = (
        select(
            *a, s.overdue, s.due, s.at_risk, s.open_minor, s.late_minor, s.late_since,
            s.open_tickets, s.last_on, s.last_visit_on,
            _model.c.interval_days, _model.c.name.label("model_name"),
            _list.c.code.label("list_code"), _territory.c.name.label("territory_name"),
        )
        .select_from(
            _account.outerjoin(summary_account, s.account_id == a.id)
            .outerjoin(_model, _model.c.id == a.attention_model_id)
            .outerjoin(_list, _list.c.id == a.price_list_id)
            .outerjoin(_territory, _territory.c.id == a.territory_id)
        )
        .where(a.id == account_id)
    )  # fmt: skip
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(
            _("This customer is no longer on this laptop."),
            _("It may have been given to another territory. Open the list of customers."),
        )
    planned = _next_visit(connection, account_id, today)
    running = connection.execute(
        select(func.max(_visit.c.id)).where(
            _visit.c.account_id == account_id, _visit.c.date == today, _visit.c.ended_at.is_(None)
        )
    ).scalar()
    score = connection.execute(
        select(_score.c.kind, _score.c.score, _score.c.date)
        .where(_score.c.account_id == account_id)
        .order_by(_score.c.date.desc(), _score.c.id.desc())
        .limit(1)
    ).first()
    return CustomerHeader(
        id=row["id"],
        uid=row["uid"],
        rev=row["rev"],
        code=row["code"],
        name=row["name"],
        account_class=row["class"],
        channel=row["channel"] or "",
        segment=row["segment"] or "",
        status=row["status"],
        street=row["street"] or "",
        city=row["city"] or "",
        postcode=row["postcode"] or "",
        territory=row["territory_name"] or "",
        opening_hours=row["opening_hours"],
        interval_days=row["interval_days"],
        attention_model=row["model_name"] or "",
        terms_days=row["payment_terms_days"],
        price_list=row["list_code"] or "",
        credit_limit_minor=row["credit_limit_minor"],
        credit_mode=row["credit_mode"],
        minimum_order_minor=row["minimum_order_minor"],
        overdue=row["overdue"] or 0,
        due=row["due"] or 0,
        at_risk=row["at_risk"] or 0,
        open_minor=row["open_minor"] or 0,
        late_minor=row["late_minor"] or 0,
        late_since=parse_day(row["late_since"]),
        open_tickets=row["open_tickets"] or 0,
        last_order_on=parse_day(row["last_on"]),
        last_visit_on=parse_day(row["last_visit_on"]),
        next_visit_on=planned[0],
        next_visit_minute=planned[1],
        running_visit_id=running,
        score_kind=score.kind if score else "",
        score=score.score if score else None,
        scored_on=score.date if score else None,
    )


def _next_visit(
    connection: Connection, account_id: int, today: date
) -> tuple[date | None, int | None]:
    row = connection.execute(
        select(_plan.c.date, _plan.c.start_minute)
        .where(
            _plan.c.account_id == account_id,
            _plan.c.date >= today,
            _plan.c.status.in_(("planned", "started")),
        )
        .order_by(_plan.c.date, _plan.c.start_minute)
        .limit(1)
    ).first()
    return (row.date, row.start_minute) if row else (None, None)


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

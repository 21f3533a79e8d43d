"""The list of customers: which, in which order, and what stands in each row.

Owns filters, sorting and search of the list and the preview of one customer. All figures come from
``summary_account`` and ``summary_pair``; the full card is left to
:mod:`crmdesk.services.queries.customer`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, true

from crmdesk.storage import search
from crmdesk.storage.tables import summary_account, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_FOUND_LIMIT = 5_000
_account = table("account")
_contact = table("contact")
_s = summary_account.c


class CustomerNeed(StrEnum):
    """Which customers the list shows; one chip each."""

    ALL = "all"
    OVERDUE = "overdue"
    DUE = "due"
    AT_RISK = "at_risk"
    DEBT = "debt"
    TICKETS = "tickets"
    PROSPECTS = "prospects"
    LAPSED = "lapsed"


class CustomerSort(StrEnum):
    """What the list can be sorted by; the values are the column keys of the table."""

    NAME = "name"
    CITY = "city"
    CLASS = "class"
    LAST_ORDER = "last_order"
    NEXT_VISIT = "next_visit"
    NET = "net"
    MARGIN = "margin"
    NEEDS = "needs"
    EXPECTED = "expected"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """What the person asked to see; `text` is searched in names, codes, towns and contacts."""

    text: str = ""
    need: CustomerNeed = CustomerNeed.ALL


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One line of the list; money in minor units of the organisation's currency."""

    id: int
    code: str
    name: str
    city: str
    account_class: str
    channel: str
    status: str
    last_order_on: date | None
    last_visit_on: date | None
    next_visit_on: date | None
    net_12m_minor: int
    margin_12m_minor: int
    net_prior_12m_minor: int
    overdue: int
    due: int
    at_risk: int
    expected_margin_minor: int
    open_minor: int
    late_minor: int
    late_since: date | None
    open_tickets: int


_NEEDS: Mapping[CustomerNeed, ColumnElement[bool]] = {
    CustomerNeed.ALL: _account.c.status != "lost",
    CustomerNeed.OVERDUE: _s.overdue > 0,
    CustomerNeed.DUE: _s.overdue + _s.due > 0,
    CustomerNeed.AT_RISK: _s.at_risk > 0,
    CustomerNeed.DEBT: _s.late_minor > 0,
    CustomerNeed.TICKETS: _s.open_tickets > 0,
    CustomerNeed.PROSPECTS: _account.c.status == "prospect",
    CustomerNeed.LAPSED: _account.c.status.in_(("lapsed", "lost")),
}
_MARGIN = _s.net_12m_minor - _s.cost_12m_minor
_SORTS: Mapping[CustomerSort, Sequence[ColumnElement[Any]]] = {
    CustomerSort.NAME: (func.lower(_account.c.name),),
    CustomerSort.CITY: (_account.c.city, _account.c.name),
    CustomerSort.CLASS: (_account.c["class"], _account.c.name),
    CustomerSort.LAST_ORDER: (_s.last_on,),
    CustomerSort.NEXT_VISIT: (func.coalesce(_s.next_visit_on, "9999"),),
    CustomerSort.NET: (func.coalesce(_s.net_12m_minor, 0),),
    CustomerSort.MARGIN: (func.coalesce(_MARGIN, 0),),
    CustomerSort.NEEDS: (_s.overdue * 1000 + _s.due,),
    CustomerSort.EXPECTED: (func.coalesce(_s.expected_margin_minor, 0),),
    CustomerSort.LATE: (func.coalesce(_s.late_minor, 0),),
}
_SOURCE = _account.outerjoin(summary_account, _s.account_id == _account.c.id)
_SHOWN = _account.c.merged_into_uid.is_(None)


def customer_keys(
    ws: Workspace,
    wanted: CustomerFilter,
    sort: CustomerSort = CustomerSort.NAME,
    *,
    descending: bool = False,
) -> list[int]:
    """Local ids of all customers that match, in order; the rows are read as they are seen."""
    first, *ties = _SORTS[sort]
    order = [first.desc() if descending else first.asc(), *ties]
    with ws.database.read() as connection:
        matching = _matching(connection, wanted.text)
        query = (
            select(_account.c.id)
            .select_from(_SOURCE)
            .where(_SHOWN, _NEEDS[wanted.need], matching)
            .order_by(*order, _account.c.id)
        )
        return list(connection.execute(query).scalars())


def customer_counts(ws: Workspace) -> dict[CustomerNeed, int]:
    """How many customers each chip would show."""
    columns = [func.count().filter(condition).label(need) for need, condition in _NEEDS.items()]
    with ws.database.read() as connection:
        row = connection.execute(select(*columns).select_from(_SOURCE).where(_SHOWN)).one()
    return dict(zip(_NEEDS, (int(value) for value in row), strict=True))


def customer_rows(ws: Workspace, ids: Sequence[int]) -> dict[int, CustomerRow]:
    """The rows of these customers by id; ids that are gone are left out."""
    with ws.database.read() as connection:
        rows = connection.execute(_rows_query().where(_account.c.id.in_(list(ids))))
        return {row.id: _customer_row(row) for row in rows}


def _matching(connection: Connection, text: str) -> ColumnElement[bool]:
    if not text.strip():
        return true()
    hits = search.find(connection, text, kinds=("account", "contact"), limit=_FOUND_LIMIT)
    accounts = [hit.id for hit in hits if hit.kind == "account"]
    contacts = [hit.id for hit in hits if hit.kind == "contact"]
    owners = select(_contact.c.account_id).where(_contact.c.id.in_(contacts))
    return or_(_account.c.id.in_(accounts), _account.c.id.in_(owners))


def _rows_query() -> Select[Any]:
    a = _account.c
    return select(
        a.id, a.code, a.name, a.city, a["class"].label("account_class"), a.channel, a.status,
        _s.last_on, _s.last_visit_on, _s.next_visit_on, _s.net_12m_minor, _s.cost_12m_minor,
        _s.net_prior_12m_minor, _s.overdue, _s.due, _s.at_risk, _s.expected_margin_minor,
        _s.open_minor, _s.late_minor, _s.late_since, _s.open_tickets,
    ).select_from(_SOURCE)  # fmt: skip


def _customer_row(row: Any) -> CustomerRow:
    return CustomerRow(
        id=row.id,
        code=row.code,
        name=row.name,
        city=row.city or "",
        account_class=row.account_class,
        channel=row.channel or "",
        status=row.status,
        last_order_on=parse_day(row.last_on),
        last_visit_on=parse_day(row.last_visit_on),
        next_visit_on=parse_day(row.next_visit_on),
        net_12m_minor=row.net_12m_minor or 0,
        margin_12m_minor=(row.net_12m_minor or 0) - (row.cost_12m_minor or 0),
        net_prior_12m_minor=row.net_prior_12m_minor or 0,
        overdue=row.overdue or 0,
        due=row.due or 0,
        at_risk=row.at_risk or 0,
        expected_margin_minor=row.expected_margin_minor or 0,
        open_minor=row.open_minor or 0,
        late_minor=row.late_minor or 0,
        late_since=parse_day(row.late_since),
        open_tickets=row.open_tickets or 0,
    )


def parse_day(text: str | None) -> date | None:
    """A day of a summary table, where days are ISO text."""
    return None if text is None else date.fromisoformat(text)

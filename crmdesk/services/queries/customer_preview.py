"""What the list shows beside the selected customer: who, what is due, what happened last.

Owns a short read of one customer; the whole card is :mod:`crmdesk.services.queries.customer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from crmdesk.services.queries.customer import ContactRow, read_contacts
from crmdesk.services.queries.customer_header import CustomerHeader, read_header
from crmdesk.services.queries.customer_matrix import SkuRow, read_rows
from crmdesk.services.queries.customer_timeline import EventRow, read_events, read_months
from crmdesk.storage.tables import summary_pair

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

NEEDS = 5
EVENTS = 5
_p = summary_pair.c


@dataclass(frozen=True, slots=True)
class CustomerPreview:
    """One customer beside the list: the most urgent SKUs and the newest events."""

    header: CustomerHeader
    contact: ContactRow | None
    needs: tuple[SkuRow, ...]
    events: tuple[EventRow, ...]


def customer_preview(ws: Workspace, account_id: int) -> CustomerPreview:
    """The preview of one customer. Raises NotFound when it has left this profile."""
    today = ws.today()
    with ws.database.read() as connection:
        header = read_header(connection, account_id, today)
        people = read_contacts(connection, account_id)
        return CustomerPreview(
            header=header,
            contact=people[0] if people else None,
            needs=read_rows(connection, account_id, _urgent(connection, account_id), today),
            events=_newest(connection, account_id),
        )


def _urgent(connection: Connection, account_id: int) -> list[int]:
    query = (
        select(_p.product_id)
        .where(_p.account_id == account_id, _p.state.in_(("overdue", "due", "at_risk")))
        .order_by((_p.state == "at_risk"), _p.p_14.desc())
        .limit(NEEDS)
    )
    return list(connection.execute(query).scalars())


def _newest(connection: Connection, account_id: int) -> tuple[EventRow, ...]:
    months = read_months(connection, account_id).months
    wanted: list[date] = []
    seen = 0
    for month, count in months:
        if seen < EVENTS:
            wanted.append(month)
        seen += count
    if not wanted:
        return ()
    return read_events(connection, account_id, (wanted[-1], wanted[0]))[:EVENTS]

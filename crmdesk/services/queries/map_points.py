"""Customers as points of a map: where, what is expected where they are due, whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_DUE_AFTER_DAYS = 14


@dataclass(frozen=True, slots=True)
class CustomerPoint:
    """A placed customer. ``due_minor`` is what its order is expected to bring, 0 if not due.

    It is due when a visit is planned within a week, or when the last one is two weeks ago.
    """

    account_id: int
    name: str
    latitude: float
    longitude: float
    due_minor: int
    territory: str


_QUERY = (
    "SELECT a.id, a.name, a.latitude, a.longitude, coalesce(t.name, '') AS territory,"
    " CASE WHEN s.next_visit_on <= :soon OR coalesce(s.last_visit_on, '') <= :before"
    " THEN max(coalesce(s.expected_net_minor, 0), 0) ELSE 0 END AS due"
    " FROM account a LEFT JOIN summary_account s ON s.account_id = a.id"
    " LEFT JOIN territory t ON t.id = a.territory_id"
    " WHERE a.latitude IS NOT NULL AND a.longitude IS NOT NULL"
    " AND a.status IN ('active', 'prospect', 'lapsed') AND a.merged_into_uid IS NULL ORDER BY a.id"
)


def customer_points(ws: Workspace) -> tuple[CustomerPoint, ...]:
    """All placed customers of this profile."""
    today = ws.today()
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            _QUERY,
            {
                "soon": (today + timedelta(days=7)).isoformat(),
                "before": (today - timedelta(days=_DUE_AFTER_DAYS)).isoformat(),
            },
        ).all()  # fmt: skip
    return tuple(
        CustomerPoint(row.id, row.name, row.latitude, row.longitude, int(row.due), row.territory)
        for row in rows
    )

"""Figures of the service over a stretch of days: speed, satisfaction, complaints by SKU.

Owns reading their rows. Formulas are :mod:`crmdesk.analytics.service`'s; every figure comes with
the rows it was made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crmdesk.analytics.figures import Figure
from crmdesk.analytics.service import Content, Spread, csat, nps, spread
from crmdesk.services.ticket_clocks import clocks_of

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

DAYS = 365
_MINUTE = timedelta(minutes=1)
_MOST_SKUS = 12


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One answer: who, when, how much, and about what (``visit``, ``ticket`` or empty)."""

    id: int
    account_id: int
    customer: str
    day: date
    kind: str
    score: int
    comment: str
    about: str


@dataclass(frozen=True, slots=True)
class SkuRow:
    """Complaints and returns of a SKU beside the sold lines; the rate is of 1,000 lines."""

    product_id: int
    name: str
    tickets: int
    lines: int

    @property
    def rate(self) -> float | None:
        """Tickets of 1,000 sold lines; None when none was sold."""
        return 1_000 * self.tickets / self.lines if self.lines else None


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """The figures since a day. Times are service time in minutes."""

    since: date
    tickets: int
    response: Figure[Spread]
    resolution: Figure[Spread]
    late: int
    reopened: int
    nps: Figure[Content]
    csat: Figure[Content]
    skus: tuple[SkuRow, ...]


def service_figures(ws: Workspace, days: int = DAYS) -> ServiceFigures:
    """The figures of tickets opened, and answers given, in the last days."""
    since = ws.today() - timedelta(days=days)
    with ws.database.read() as connection:
        ids = [
            int(row[0])
            for row in connection.exec_driver_sql(
                "SELECT id FROM ticket WHERE date >= ?", (since.isoformat(),)
            )
        ]
        found = clocks_of(ws, connection, ids)
    scores = score_rows(ws, since)
    measured = found.values()
    return ServiceFigures(
        since,
        len(ids),
        spread([one.response / _MINUTE for one in measured if one.response is not None]),
        spread([one.resolution / _MINUTE for one in measured if one.resolution is not None]),
        sum(one.late for one in measured),
        sum(one.reopened > 0 for one in measured),
        nps([row.score for row in scores if row.kind == "nps"]),
        csat([row.score for row in scores if row.kind == "csat"]),
        complaints_by_sku(ws, since),
    )


def score_rows(ws: Workspace, since: date, account_id: int | None = None) -> tuple[ScoreRow, ...]:
    """The answers behind NPS and CSAT since a day, latest first; of one customer with its id."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT s.id, s.account_id, a.name, s.date, s.kind, s.score, s.comment, s.about_kind"
            " FROM survey_score s JOIN account a ON a.id = s.account_id WHERE s.date >= ?"
            " AND (? IS NULL OR s.account_id = ?) ORDER BY s.date DESC, s.id DESC",
            (since.isoformat(), account_id, account_id),
        )
        return tuple(
            ScoreRow(
                int(row[0]), int(row[1]), row[2], date.fromisoformat(row[3]), row[4], int(row[5]),
                row[6] or "", row[7] or "",
            )
            for row in rows
        )  # fmt: skip


def complaints_by_sku(ws: Workspace, since: date) -> tuple[SkuRow, ...]:
    """SKUs with complaints or returns since a day, the highest rate of sold lines first."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            # Sold lines are summed in one pass over the months, not one for each SKU.
            "WITH m AS MATERIALIZED (SELECT product_id, sum(lines - return_lines) AS lines"
            " FROM summary_month WHERE month >= ? GROUP BY product_id)"
            " SELECT p.id, p.name, t.n, coalesce(m.lines, 0) AS sold FROM"
            " (SELECT product_id, count(*) n FROM ticket WHERE kind IN ('complaint', 'return')"
            " AND date >= ? AND product_id IS NOT NULL GROUP BY product_id) t"
            " JOIN product p ON p.id = t.product_id LEFT JOIN m ON m.product_id = p.id"
            " ORDER BY CAST(t.n AS REAL) / max(sold, 1) DESC, t.n DESC, p.id LIMIT ?",
            (since.year * 100 + since.month, since.isoformat(), _MOST_SKUS),
        )
        return tuple(SkuRow(int(row[0]), row[1], int(row[2]), int(row[3])) for row in rows)

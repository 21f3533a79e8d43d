"""Figures of quotes: chances from the company's own history, and quotes lost for lack of a call.

Owns which rows the figures rest on; the figures are :mod:`crmdesk.analytics.quotes`'. Versions
that were replaced count nowhere: a quote is decided once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.analytics.figures import Figure, Missing, share
from crmdesk.analytics.quotes import (
    DecidedQuote,
    OpenQuote,
    WinChance,
    WinHistory,
    expected_minor,
)

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

HISTORY_DAYS = 3 * 365
"""Older quotes say little about today's."""

UNTOUCHED_DAYS = 365
"""The time over which quotes lost without a follow-up are counted."""

SENT_ON = "coalesce(local_day(q.sent_at), q.quote_date)"
SEGMENT = "coalesce(a.segment, a.class)"
UNTOUCHED = (
    "q.status IN ('lost', 'expired')"
    " AND NOT EXISTS (SELECT 1 FROM quote_follow_up f WHERE f.quote_id = q.id)"
)
ENDED_ON = "coalesce(q.decided_on, q.valid_until, q.quote_date)"


@dataclass(frozen=True, slots=True)
class OpenValue:
    """Quotes that wait: how many, what they come to, and what that is worth by their chances."""

    count: int
    net_minor: int
    expected_minor: Figure[int]


@dataclass(frozen=True, slots=True)
class Untouched:
    """Of the quotes a person lost or let run out, how many were never followed up."""

    rep: str
    lost: int
    untouched: int
    rate: Figure[float]


@dataclass(frozen=True, slots=True)
class UntouchedFigure:
    """The rate of the whole profile over the last year, and by who wrote the quotes."""

    lost: int
    untouched: int
    net_minor: int
    rate: Figure[float]
    by_rep: tuple[Untouched, ...]


def win_history(connection: Connection, today: date) -> WinHistory:
    """The decided quotes of the last three years, with the days on which they were followed up."""
    rows = connection.exec_driver_sql(
        f"SELECT {SEGMENT}, q.net_minor, CAST(julianday({ENDED_ON}) - julianday({SENT_ON}) AS"
        " INTEGER), q.status = 'won', (SELECT group_concat(CAST(julianday(f.date) -"
        f" julianday({SENT_ON}) AS INTEGER)) FROM quote_follow_up f WHERE f.quote_id = q.id)"
        " FROM quote q JOIN account a ON a.id = q.account_id"
        f" WHERE q.status IN ('won', 'lost', 'expired') AND {ENDED_ON} >= ? ORDER BY q.id",
        ((today - timedelta(days=HISTORY_DAYS)).isoformat(),),
    )
    return WinHistory(
        [
            DecidedQuote(
                segment or "", net, max(int(days or 0), 0),
                tuple(int(day) for day in (followed or "").split(",") if day), bool(won),
            )
            for segment, net, days, won, followed in rows
        ]
    )  # fmt: skip


def chances_of(
    connection: Connection, today: date, where: str, parameters: tuple[object, ...] = ()
) -> dict[int, tuple[int, Figure[WinChance]]]:
    """Net and chance of sent quotes by id; ``where`` limits the rows of ``quote q``."""
    rows = connection.exec_driver_sql(
        f"SELECT q.id, {SEGMENT}, q.net_minor, CAST(julianday(?) - julianday({SENT_ON}) AS"
        " INTEGER), (SELECT count(*) FROM quote_follow_up f WHERE f.quote_id = q.id)"
        " FROM quote q JOIN account a ON a.id = q.account_id"
        f" WHERE q.status = 'sent' AND {where}",
        (today.isoformat(), *parameters),
    ).all()
    if not rows:
        return {}
    history = win_history(connection, today)
    return {
        int(key): (net, history.chance(OpenQuote(segment or "", net, int(age or 0), followed)))
        for key, segment, net, age, followed in rows
    }


def open_value(connection: Connection, today: date) -> OpenValue:
    """All quotes that wait, with their expected value."""
    found = list(chances_of(connection, today, "true").values())
    return OpenValue(len(found), sum(net for net, _chance in found), expected_minor(found))


def untouched_figure(connection: Connection, today: date) -> UntouchedFigure:
    """How many of the quotes lost or run out within a year nobody ever followed up."""
    rows = connection.exec_driver_sql(
        "SELECT coalesce(u.name, ''), count(*), count(*) FILTER (WHERE"
        f" {UNTOUCHED}), coalesce(sum(q.net_minor) FILTER (WHERE {UNTOUCHED}), 0)"
        " FROM quote q LEFT JOIN app_user u ON u.id = q.user_id"
        f" WHERE q.status IN ('lost', 'expired') AND {ENDED_ON} >= ? GROUP BY 1 ORDER BY 3 DESC, 1",
        ((today - timedelta(days=UNTOUCHED_DAYS)).isoformat(),),
    ).all()
    lost, untouched = sum(row[1] for row in rows), sum(row[2] for row in rows)
    return UntouchedFigure(
        lost, untouched, sum(row[3] for row in rows), share(untouched, lost, Missing.NO_QUOTES),
        tuple(
            Untouched(rep, count, never, share(never, count, Missing.NO_QUOTES))
            for rep, count, never, _net in rows
        ),
    )  # fmt: skip


def quote_figures(ws: Workspace) -> tuple[OpenValue, UntouchedFigure]:
    """Both figures in one consistent read."""
    with ws.database.read() as connection:
        today = ws.today()
        return open_value(connection, today), untouched_figure(connection, today)

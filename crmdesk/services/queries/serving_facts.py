"""What is known of how customers buy and are served: rhythms, contacts made, ways to them.

Owns gathering, for every customer here at once, what :mod:`crmdesk.planning.effort` works on.
Margins and rates go over as major units; they rank and compare and are never stored as money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from crmdesk.domain.money import currency_exponent
from crmdesk.planning.effort import Practice, Rates, Rhythm
from crmdesk.planning.serving import Serving
from crmdesk.services.queries.customer_value import read_rates
from crmdesk.services.serving import read_servings
from crmdesk.services.workspace import Workspace
from crmdesk.storage.met import somebody_met

YEAR_DAYS = 365
_STOPPED = 2.0
LEAST_ORDERS = 4
_USUAL_KM, _USUAL_DRIVE_MINUTES = 10.0, 15.0
_NOT_BOUGHT = ("new", "lapsed", "substituted")


@dataclass(frozen=True, slots=True)
class ServingFacts:
    """A customer: how it is served, how it buys, how it was visited in the last twelve months.

    ``buys_every`` and ``visited_every`` are days between order days and between visits; None with
    too few of them. ``contacts`` and ``orders`` are what these were counted from.
    """

    account_id: int
    code: str
    name: str
    city: str
    account_class: str
    segment: str
    territory_id: int | None
    serving: Serving
    practice: Practice
    rhythms: tuple[Rhythm, ...]
    buys_every: float | None
    visited_every: float | None
    orders: int
    visits: int
    calls: int


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """All customers by id, and what a minute and a kilometre cost."""

    customers: Mapping[int, ServingFacts]
    rates: Rates


def serving_facts(ws: Workspace) -> CompanyFacts:
    """Every customer of this laptop that is to be visited, with what is known of it."""
    today = ws.today()
    scale = 10 ** currency_exponent(ws.currency)
    with ws.database.read() as connection:
        servings = read_servings(connection)
        rhythms = _rhythms(connection, scale)
        bought = _order_days(connection, today)
        made, call_worth = _contacts(connection, today)
        ways = _ways(connection, today)
        rates = read_rates(connection, today)
        rows = connection.exec_driver_sql(
            "SELECT a.id, a.code, a.name, coalesce(a.city, ''), coalesce(a.class, ''),"
            " coalesce(a.segment, ''), a.territory_id, s.net_12m_minor - s.cost_12m_minor,"
            " s.last_on FROM account a LEFT JOIN summary_account s ON s.account_id = a.id"
            " WHERE a.merged_into_uid IS NULL"
            " AND a.status IN ('active', 'prospect', 'lapsed') ORDER BY a.name, a.id"
        ).all()
    usual = ways.get(None, (_USUAL_KM, _USUAL_DRIVE_MINUTES))
    found = {}
    for key, code, name, city, class_, segment, territory, yearly_minor, last_on in rows:
        serving = servings[key]
        visits, calls, visited_every, step = made.get(key, (0, 0, None, None))
        orders, buys_every, alone = bought.get(key, (0, None, 0.0))
        km, drive = ways.get(key, usual)
        practice = Practice(
            step if step is not None else serving.model.contact_step_days,
            alone, call_worth, km, drive,
        )  # fmt: skip
        found[key] = ServingFacts(
            key, code, name, city, class_, segment, territory, serving, practice,
            rhythms.get(key) or _as_one((yearly_minor or 0) / scale, buys_every, last_on, today),
            buys_every, visited_every, orders, visits, calls,
        )  # fmt: skip
    return CompanyFacts(found, Rates(rates.minute_e4 / 10_000, rates.kilometre_e4 / 10_000))


def _rhythms(connection: Connection, scale: int) -> dict[int, tuple[Rhythm, ...]]:
    """The products a customer buys in a rhythm, by account, as the reorder model has them."""
    marks = ", ".join("?" for _state in _NOT_BOUGHT)
    found: dict[int, list[Rhythm]] = {}
    for account, interval, margin in connection.exec_driver_sql(
        "SELECT account_id, interval_days, expected_margin_minor FROM summary_pair"
        f" WHERE interval_days > 0 AND n >= 3 AND state NOT IN ({marks})",
        _NOT_BOUGHT,
    ):
        rhythm = Rhythm(float(interval), margin / scale / float(interval))
        found.setdefault(account, []).append(rhythm)
    return {account: tuple(rows) for account, rows in found.items()}


def _as_one(
    yearly: float, buys_every: float | None, last_on: str | None, today: date
) -> tuple[Rhythm, ...]:
    """A customer that buys no product in a rhythm but orders in one, by its last twelve months.

    None of it for one that has stopped: no order for twice its usual time.
    """
    if buys_every is None or last_on is None or yearly <= 0.0:
        return ()
    if (today - date.fromisoformat(last_on)).days > _STOPPED * buys_every:
        return ()
    return (Rhythm(buys_every, yearly / YEAR_DAYS),)


def _order_days(connection: Connection, today: date) -> dict[int, tuple[int, float | None, float]]:
    """Order days, days between them and the share without a contact, by account."""
    since = (today - timedelta(days=YEAR_DAYS)).isoformat()
    rows = connection.exec_driver_sql(
        "SELECT account_id, count(*), min(date), max(date), sum(NOT met) FROM ("
        " SELECT DISTINCT s.account_id, s.date, EXISTS (SELECT 1 FROM visit v"
        " WHERE v.account_id = s.account_id AND v.date BETWEEN date(s.date, '-1 day') AND s.date"
        f" AND {somebody_met('v')}) AS met FROM sale s WHERE s.kind = 'sale' AND s.date >= ?)"
        " GROUP BY account_id",
        (since,),
    )
    found = {}
    for account, days, first, last, alone in rows:
        span = (date.fromisoformat(last) - date.fromisoformat(first)).days
        every = span / (days - 1) if days >= LEAST_ORDERS and span else None
        found[int(account)] = (int(days), every, int(alone) / int(days))
    return found


def _contacts(
    connection: Connection, today: date
) -> tuple[dict[int, tuple[int, int, float | None, float | None]], float]:
    """Visits, calls, days between visits and days between contacts that count, by account.

    Beside them what a call is worth, from the same rows: a year of a large company is read once.
    """
    since = (today - timedelta(days=YEAR_DAYS)).isoformat()
    rows = connection.exec_driver_sql(
        "SELECT account_id, sum(mode = 'person'), sum(mode <> 'person'),"
        " min(CASE WHEN mode = 'person' THEN date END),"
        " max(CASE WHEN mode = 'person' THEN date END), min(date), max(date), count(*),"
        " sum(mode = 'person' AND ended_at IS NOT NULL),"
        " sum(mode = 'person' AND ended_at IS NOT NULL AND coalesce(outcome, '') = 'order'),"
        " sum(mode <> 'person' AND ended_at IS NOT NULL),"
        " sum(mode <> 'person' AND ended_at IS NOT NULL AND coalesce(outcome, '') = 'order')"
        f" FROM visit WHERE date >= ? AND {somebody_met()} GROUP BY account_id",
        (since,),
    )
    found = {}
    ended = [0, 0, 0, 0]
    for account, visits, calls, first, last, begin, end, contacts, *over in rows:
        ended = [so_far + more for so_far, more in zip(ended, over, strict=True)]
        found[int(account)] = (
            int(visits), int(calls), _every(first, last, visits), _every(begin, end, contacts),
        )  # fmt: skip
    return found, _call_worth(*ended)


def _every(first: str | None, last: str | None, times: int) -> float | None:
    if first is None or last is None or times < 3:
        return None
    span = (date.fromisoformat(last) - date.fromisoformat(first)).days
    return span / (times - 1) if span > 0 else None


def _ways(connection: Connection, today: date) -> dict[int | None, tuple[float, float]]:
    """Kilometres and minutes of the way to a customer on a route, by account; all under None."""
    since = (today - timedelta(days=YEAR_DAYS)).isoformat()
    rows = connection.exec_driver_sql(
        "SELECT account_id, sum(leg_m), sum(leg_minutes), count(*) FROM planned_visit"
        " WHERE mode = 'person' AND status = 'done' AND leg_m IS NOT NULL AND date >= ?"
        " GROUP BY account_id",
        (since,),
    ).all()
    found: dict[int | None, tuple[float, float]] = {}
    metres = minutes = times = 0
    for account, leg_m, leg_minutes, count in rows:
        found[int(account)] = (leg_m / count / 1000, (leg_minutes or 0) / count)
        metres, minutes, times = metres + leg_m, minutes + (leg_minutes or 0), times + count
    if times:
        found[None] = (metres / times / 1000, minutes / times)
    return found


def _call_worth(visits: int, ordered: int, calls: int, called: int) -> float:
    """How often a call brings an order, against a visit; 0.5 before there are enough of both."""
    if visits < 20 or calls < 20 or not ordered:
        return 0.5
    return min(1.0, (called / calls) / (ordered / visits))

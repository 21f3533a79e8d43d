"""What to know in the doorway of a customer, read in one go: facts only, no words.

Owns what the stop brief does not read: who is who with birthdays, the last visits, what customers
of the same segment buy and this one does not, promotions and objectives that apply. Words are
:mod:`crmdesk.services.call_briefs`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmdesk.services.queries.customer_header import CustomerHeader, read_header
from crmdesk.services.queries.customer_value import CustomerValue, read_value
from crmdesk.services.queries.stop_brief import StopBrief, stop_brief
from crmdesk.services.serving import read_serving

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST_PEOPLE = 6
"""Besides these only people with a birthday near."""

LAST_VISITS = 3
BIRTHDAY_DAYS = 14
MOST_TALK = 3
_LEAST_PEERS = 5
_PEER_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person there: how to reach them, and the next birthday where it is near."""

    name: str
    job: str
    reach: str
    best_time: str
    birthday_on: date | None


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One of the last visits or calls: mode and outcome are codes."""

    day: date
    mode: str
    outcome: str
    reason: str
    note: str
    next_step: str
    who: str


@dataclass(frozen=True, slots=True)
class PeerRow:
    """A SKU that many customers of the segment buy and this one does not; ``share`` of them do."""

    product: str
    share: float


@dataclass(frozen=True, slots=True)
class DealFact:
    """An opportunity that can still be won."""

    name: str
    stage: str
    amount_minor: int
    next_step: str
    next_step_on: date | None


@dataclass(frozen=True, slots=True)
class Facts:
    """All of a brief before it is put into words. ``lost_skus`` are bought no more: name, since."""

    stop: StopBrief
    header: CustomerHeader
    value: CustomerValue
    people: tuple[PersonRow, ...]
    visits: tuple[VisitRow, ...]
    objectives: tuple[str, ...]
    promotions: tuple[tuple[str, date], ...]
    peers: tuple[PeerRow, ...]
    lost_skus: tuple[tuple[str, date], ...]
    comment: str
    deals: tuple[DealFact, ...] = ()


def brief_facts(ws: Workspace, account_id: int) -> Facts:
    """What there is to know about one customer today. Raises NotFound."""
    today = ws.today()
    stop = stop_brief(ws, account_id)
    with ws.database.read() as connection:
        serving = read_serving(connection, account_id)
        header = read_header(connection, account_id, today)
        return Facts(
            stop=stop,
            header=header,
            value=read_value(connection, account_id, today, ws.currency),
            people=_people(connection, account_id, today),
            visits=_visits(connection, account_id),
            objectives=() if serving is None or not serving.source else serving.source.objectives,
            promotions=_promotions(connection, header.segment, today),
            peers=_peers(connection, account_id, header.segment),
            lost_skus=_lost(connection, account_id),
            comment=_comment(connection, account_id),
            deals=_deals(connection, account_id),
        )


def day_stops(ws: Workspace, day: date) -> list[tuple[int, int | None]]:
    """The customers of one's own day in their order, with the minute they are planned for."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT account_id, start_minute FROM planned_visit WHERE user_id = ? AND date = ?"
            " AND status IN ('planned', 'started', 'done') ORDER BY sequence, start_minute, id",
            (ws.user.id, day.isoformat()),
        )
        found: dict[int, int | None] = {}
        for account_id, minute in rows:
            found.setdefault(int(account_id), minute)
    return list(found.items())


def _rows(connection: Connection, statement: str, *values: object) -> list[Any]:
    return list(connection.exec_driver_sql(statement, values))


def _people(connection: Connection, account_id: int, today: date) -> tuple[PersonRow, ...]:
    rows = _rows(
        connection,
        "SELECT c.name, c.job, c.best_time, c.birthday, (SELECT p.value FROM contact_point p"
        " WHERE p.contact_id = c.id AND p.kind <> 'email' ORDER BY p.preferred DESC, p.id LIMIT 1)"
        " reach FROM contact c WHERE c.account_id = ? AND c.erased_at IS NULL"
        " ORDER BY c.position, c.id",
        account_id,
    )
    people = [
        PersonRow(r.name, r.job or "", r.reach or "", r.best_time or "", near(r.birthday, today))
        for r in rows
    ]
    return tuple(one for place, one in enumerate(people) if place < MOST_PEOPLE or one.birthday_on)


def near(birthday: str | None, today: date) -> date | None:
    """The next birthday where it is at most two weeks away; born on 29 February: the 28th."""
    if not birthday:
        return None
    born = date.fromisoformat(str(birthday)[:10])
    for year in (today.year, today.year + 1):
        day = _in_year(born, year)
        if day >= today:
            return day if day - today <= timedelta(days=BIRTHDAY_DAYS) else None
    return None


def _in_year(born: date, year: int) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def _visits(connection: Connection, account_id: int) -> tuple[VisitRow, ...]:
    rows = _rows(
        connection,
        "SELECT v.date, v.mode, v.outcome, r.name reason, v.note, v.next_step, u.name who"
        " FROM visit v LEFT JOIN outcome_reason r ON r.id = v.reason_id"
        " LEFT JOIN app_user u ON u.id = v.user_id WHERE v.account_id = ?"
        " AND v.ended_at IS NOT NULL ORDER BY v.date DESC, v.id DESC LIMIT ?",
        account_id, LAST_VISITS,
    )  # fmt: skip
    return tuple(
        VisitRow(
            date.fromisoformat(r.date), r.mode or "person", r.outcome or "", r.reason or "",
            r.note or "", r.next_step or "", r.who or "",
        )
        for r in rows
    )  # fmt: skip


def _promotions(connection: Connection, segment: str, today: date) -> tuple[tuple[str, date], ...]:
    """Promotions that hold today, those for the customer's segment first."""
    rows = _rows(
        connection,
        "SELECT name, valid_to FROM promotion WHERE valid_from <= ? AND valid_to >= ?"
        " AND (segment IS NULL OR segment = '' OR segment = ?)"
        " ORDER BY segment IS NULL OR segment = '', valid_to, name LIMIT ?",
        today.isoformat(), today.isoformat(), segment, MOST_TALK,
    )  # fmt: skip
    return tuple((r.name, date.fromisoformat(r.valid_to)) for r in rows)


# What the customer buys already is left out before anything is counted. Most customers of a company
# may be of one segment: their pairs are read from an index, their rows in one go.
_PEERS = """
WITH peer AS MATERIALIZED (SELECT id FROM account WHERE segment = ? AND +status = 'active'),
other AS MATERIALIZED (SELECT id FROM product WHERE status = 'active'
    AND id NOT IN (SELECT product_id FROM summary_pair WHERE account_id = ?)),
bought AS MATERIALIZED (SELECT p.product_id, count(*) AS buyers
    FROM peer CROSS JOIN summary_pair p ON p.account_id = peer.id
    WHERE p.n >= 2 AND p.state <> 'lapsed' AND +p.product_id IN (SELECT id FROM other)
    GROUP BY p.product_id)
SELECT q.name, b.buyers, (SELECT count(*) FROM peer) AS peers
FROM bought b JOIN product q ON q.id = b.product_id ORDER BY b.buyers DESC, q.name LIMIT ?
"""


def _peers(connection: Connection, account_id: int, segment: str) -> tuple[PeerRow, ...]:
    """What at least two of five customers of the segment buy regularly, and this one never did."""
    if not segment:
        return ()
    rows = _rows(connection, _PEERS, segment, account_id, MOST_TALK)
    return tuple(
        PeerRow(row.name, row.buyers / row.peers)
        for row in rows
        if row.peers >= _LEAST_PEERS and row.buyers >= max(1, round(row.peers * _PEER_SHARE))
    )


def _lost(connection: Connection, account_id: int) -> tuple[tuple[str, date], ...]:
    """SKUs that were bought again and again and are bought no more, the latest first."""
    rows = _rows(
        connection,
        "SELECT q.name, p.last_on FROM summary_pair p JOIN product q ON q.id = p.product_id"
        " WHERE p.account_id = ? AND p.state = 'lapsed' AND p.n >= 3 AND q.status = 'active'"
        " ORDER BY p.last_on DESC, q.name LIMIT ?",
        account_id, MOST_TALK,
    )  # fmt: skip
    return tuple((r.name, date.fromisoformat(r.last_on)) for r in rows)


def _deals(connection: Connection, account_id: int) -> tuple[DealFact, ...]:
    rows = _rows(
        connection,
        "SELECT name, stage, amount_minor, next_step, next_step_on FROM opportunity"
        " WHERE account_id = ? AND stage IN ('qualified', 'proposal', 'negotiation')"
        " ORDER BY coalesce(next_step_on, ''), id LIMIT ?",
        account_id, MOST_TALK,
    )  # fmt: skip
    return tuple(
        DealFact(
            r.name, r.stage, r.amount_minor, r.next_step or "",
            date.fromisoformat(r.next_step_on) if r.next_step_on else None,
        )
        for r in rows
    )  # fmt: skip


def _comment(connection: Connection, account_id: int) -> str:
    found = connection.exec_driver_sql(
        "SELECT comment FROM survey_score WHERE account_id = ? ORDER BY date DESC, id DESC LIMIT 1",
        (account_id,),
    ).scalar()
    return str(found or "")

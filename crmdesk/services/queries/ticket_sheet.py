"""One ticket: its history, its clocks, whom it may be given to, the risk for its customer.

Owns everything that the service place shows beside its list, in one read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.analytics.service import Risk, Signs, losing_risk
from crmdesk.domain.clock import parse_instant
from crmdesk.domain.errors import NotFound
from crmdesk.domain.states import TicketStatus
from crmdesk.i18n import _
from crmdesk.services.queries.tickets import TicketRow, ticket_rows
from crmdesk.services.satisfaction import may_ask
from crmdesk.services.ticket_clocks import clocks_of

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

SIGN_DAYS = 180
_LEAST_ORDERS = 3


@dataclass(frozen=True, slots=True)
class EventRow:
    """What happened in a ticket: words, a note among ourselves, or a step."""

    at: datetime
    who: str
    kind: str
    direction: str
    text: str
    to_status: str


@dataclass(frozen=True, slots=True)
class TicketAbout:
    """What a ticket is about, with what opens it (local ids), and its files (id, name).

    ``contacts`` are the people of the customer who may be chosen.
    """

    contact_id: int | None
    contact: str
    product_id: int | None
    sku: str
    order_id: int | None
    order_number: str
    return_id: int | None
    return_number: str
    files: tuple[tuple[int, str], ...]
    contacts: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class TicketSheet:
    """The sheet. ``score`` is the answer asked after it (1–5); ``may_ask`` whether one is due."""

    row: TicketRow
    about: TicketAbout
    description: str
    resolution: str
    opened_by: str
    credit_minor: int | None
    events: tuple[EventRow, ...]
    people: tuple[tuple[int, str], ...]
    open_here: int
    risk: Risk
    score: int | None
    may_ask: bool


def ticket_sheet(ws: Workspace, ticket_id: int) -> TicketSheet:
    """The sheet of a ticket. Raises NotFound when it is gone."""
    row = ticket_rows(ws, [ticket_id]).get(ticket_id)
    if row is None:
        raise NotFound(_("This ticket is no longer here."))
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        more = run(
            "SELECT t.description, t.resolution, u.name, t.credit_minor, t.uid FROM ticket t"
            " LEFT JOIN app_user u ON u.id = t.opened_by_id WHERE t.id = ?",
            (ticket_id,),
        ).one()
        score = run(
            "SELECT score FROM survey_score WHERE about_kind = 'ticket' AND about_uid = ?"
            " AND kind = 'csat' ORDER BY id DESC LIMIT 1",
            (more[4],),
        ).scalar()
        open_here = run(
            "SELECT count(*) FROM ticket WHERE account_id = ? AND status IN ('open', 'waiting')",
            (row.account_id,),
        ).scalar_one()
        solved = row.status in (TicketStatus.RESOLVED, TicketStatus.CLOSED)
        return TicketSheet(
            row, about_in(connection, ticket_id), more[0] or "", more[1] or "", more[2] or "",
            more[3], _events(connection, ticket_id), _people(connection), int(open_here),
            losing_risk(signs_of(ws, connection, row.account_id)),
            None if score is None else int(score),
            solved and score is None and may_ask(ws, connection, row.account_id),
        )  # fmt: skip


def about_in(connection: Connection, ticket_id: int) -> TicketAbout:
    """What a ticket is about, inside a read that is open."""
    run = connection.exec_driver_sql
    row = run(
        "SELECT t.account_id, t.uid, c.id contact_id, c.name contact, p.id product_id, p.sku,"
        " o.id order_id, o.number order_number, r.id return_id, r.number return_number"
        " FROM ticket t LEFT JOIN contact c ON c.id = t.contact_id"
        " LEFT JOIN product p ON p.id = t.product_id"
        " LEFT JOIN sales_order o ON o.uid = t.order_uid"
        " LEFT JOIN return_request r ON r.uid = t.return_request_uid WHERE t.id = ?",
        (ticket_id,),
    ).one()
    files = run(
        "SELECT id, name FROM attachment WHERE owner_kind = 'ticket' AND owner_uid = ? ORDER BY id",
        (row.uid,),
    )
    people = run(
        "SELECT id, name FROM contact WHERE account_id = ? AND erased_at IS NULL"
        " ORDER BY position, id",
        (row.account_id,),
    )
    return TicketAbout(
        row.contact_id, row.contact or "", row.product_id, row.sku or "", row.order_id,
        row.order_number or "", row.return_id, row.return_number or "",
        tuple((int(one[0]), str(one[1])) for one in files),
        tuple((int(one[0]), str(one[1])) for one in people),
    )  # fmt: skip


def _events(connection: Connection, ticket_id: int) -> tuple[EventRow, ...]:
    rows = connection.exec_driver_sql(
        "SELECT e.at, u.name, e.kind, e.direction, e.text, e.to_status FROM ticket_event e"
        " LEFT JOIN app_user u ON u.id = e.user_id WHERE e.ticket_id = ? ORDER BY e.at, e.id",
        (ticket_id,),
    )
    return tuple(
        EventRow(
            parse_instant(row[0]), row[1] or "", row[2] or "", row[3] or "", row[4] or "",
            row[5] or "",
        )
        for row in rows
    )  # fmt: skip


def _people(connection: Connection) -> tuple[tuple[int, str], ...]:
    rows = connection.exec_driver_sql(
        "SELECT id, name FROM app_user WHERE role <> 'rep' AND active ORDER BY role, name LIMIT 9"
    )
    return tuple((int(row[0]), str(row[1])) for row in rows)


def signs_of(ws: Workspace, connection: Connection, account_id: int) -> Signs:
    """The signs that a customer may be lost, as of today."""
    run = connection.exec_driver_sql
    since = (ws.today() - timedelta(days=SIGN_DAYS)).isoformat()
    days = run(
        "SELECT order_days, julianday(?) - julianday(last_on),"
        " (julianday(last_on) - julianday(first_on)) / nullif(order_days - 1, 0)"
        " FROM summary_account WHERE account_id = ?",
        (ws.today().isoformat(), account_id),
    ).first()
    lapse = None
    if days is not None and days[0] >= _LEAST_ORDERS and days[2]:
        lapse = float(days[1]) / float(days[2])
    rows = run(
        "SELECT id, kind, status FROM ticket WHERE account_id = ?"
        " AND (date >= ? OR status IN ('open', 'waiting'))",
        (account_id, since),
    ).all()
    found = clocks_of(ws, connection, [int(row[0]) for row in rows])
    score = run(
        "SELECT kind, score FROM survey_score WHERE account_id = ? AND date >= ?"
        " ORDER BY date DESC, id DESC LIMIT 1",
        (account_id, since),
    ).first()
    low = score is not None and score[1] <= (6 if score[0] == "nps" else 3)
    return Signs(
        lapse,
        sum(row[2] == "open" and found[int(row[0])].late for row in rows),
        sum(row[1] == "complaint" for row in rows),
        sum(found[int(row[0])].reopened > 0 for row in rows),
        low,
    )

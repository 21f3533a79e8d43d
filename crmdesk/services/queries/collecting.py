"""What is collected from a customer: its open invoices, and the receipts that were written.

Owns everything the place shows, in one read. Writing is :mod:`crmdesk.services.collecting`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.domain.clock import parse_instant
from crmdesk.domain.errors import NotFound
from crmdesk.i18n import _
from crmdesk.services.debts import Debts, read_debts
from crmdesk.services.queries.visit_running import running_visit

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST_RECEIPTS = 40
_RECEIPTS = (
    "SELECT min(c.id), coalesce(c.number, ''), min(c.at), c.date, c.method, sum(c.amount_minor),"
    " max(c.reference), max(c.cheque_on), max(c.reverses_uid IS NOT NULL),"
    " (SELECT r.number FROM collection r WHERE r.reverses_uid IN (SELECT m.uid FROM collection m"
    "  WHERE m.account_id = c.account_id AND m.number = c.number) LIMIT 1),"
    " min(EXISTS (SELECT 1 FROM payment p WHERE p.account_id = c.account_id AND (p.reference ="
    "  c.number OR (p.invoice_id IS c.invoice_id AND p.amount_minor = c.amount_minor"
    "  AND p.date >= c.date)))), max(c.user_id = :user), max(c.rev),"
    " group_concat(i.number, ', ')"
    " FROM collection c LEFT JOIN invoice i ON i.id = c.invoice_id WHERE c.account_id = :account"
    " GROUP BY coalesce(c.number, c.id) ORDER BY min(c.at) DESC, min(c.id) DESC LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A receipt: when, how, how much (minor units), for which invoices, and what became of it.

    ``taken_back_by`` names its counter-entry; ``is_counter`` is one; ``booked`` once HQ has a
    payment for it; ``known`` once HQ has the receipt; ``own`` was written by this person.
    """

    id: int
    number: str
    at: datetime
    day: date
    method: str
    amount_minor: int
    reference: str
    cheque_on: date | None
    is_counter: bool
    taken_back_by: str
    booked: bool
    own: bool
    known: bool
    invoices: str


@dataclass(frozen=True, slots=True)
class CollectSheet:
    """What a customer owes and has paid into a rep's hands."""

    account_id: int
    customer: str
    city: str
    currency: str
    today: date
    debts: Debts
    receipts: tuple[ReceiptRow, ...]
    visit_id: int | None


def collect_sheet(ws: Workspace, account_id: int) -> CollectSheet:
    """The sheet of a customer. Raises NotFound when it is gone."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT name, city FROM account WHERE id = ?", (account_id,)
        ).first()
        if row is None:
            raise NotFound(_("This customer is no longer here."), _("Choose another one."))
        return CollectSheet(
            account_id, row[0], row[1] or "", ws.currency, ws.today(),
            read_debts(connection, account_id), _receipts(connection, account_id, ws.user.id),
            running_visit(connection, account_id, ws.user.id),
        )  # fmt: skip


def _receipts(connection: Connection, account_id: int, user_id: int) -> tuple[ReceiptRow, ...]:
    rows = connection.exec_driver_sql(
        _RECEIPTS, {"account": account_id, "user": user_id, "most": MOST_RECEIPTS}
    )
    return tuple(
        ReceiptRow(
            row[0], row[1], parse_instant(row[2]), date.fromisoformat(row[3]), row[4], row[5],
            row[6] or "", date.fromisoformat(row[7]) if row[7] else None, bool(row[8]),
            row[9] or "", bool(row[10]), bool(row[11]), row[12] > 0, row[13] or "",
        )
        for row in rows
    )  # fmt: skip

"""What a customer owes: open invoices, less what was collected and HQ has not booked yet.

Owns reading both. An invoice's open amount is HQ's; a collection counts beside it until HQ has
booked a payment for it (:mod:`crmdesk.storage.collected`). A customer's figures and the lists that
show them say the same: summaries are made by the same statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.collecting import OpenInvoice
from crmdesk.storage.collected import unbooked

_INVOICES = (
    "SELECT id, number, date, due_on, open_minor FROM invoice"
    " WHERE account_id = ? AND open_minor > 0 ORDER BY due_on, date, number"
)


@dataclass(frozen=True, slots=True)
class Debt:
    """An open invoice: what HQ says is open, and what was collected of it and is not booked."""

    id: int
    number: str
    day: date
    due_on: date
    open_minor: int
    collected_minor: int

    @property
    def left_minor(self) -> int:
        """What is still to be paid."""
        return self.open_minor - self.collected_minor

    def as_open(self) -> OpenInvoice:
        """The invoice as an amount is spread over it."""
        return OpenInvoice(self.id, self.number, self.day, self.due_on, self.left_minor)


@dataclass(frozen=True, slots=True)
class Debts:
    """All a customer owes; ``ahead_minor`` was paid on account and is not booked yet."""

    invoices: tuple[Debt, ...]
    ahead_minor: int

    @property
    def open_minor(self) -> int:
        """What HQ says is open."""
        return sum(debt.open_minor for debt in self.invoices)

    @property
    def collected_minor(self) -> int:
        """What was collected and HQ has not booked."""
        return sum(debt.collected_minor for debt in self.invoices) + self.ahead_minor

    @property
    def left_minor(self) -> int:
        """What is left when HQ has booked it; below nothing where more was paid than is owed."""
        return self.open_minor - self.collected_minor

    def late_minor(self, today: date) -> int:
        """What is left of invoices that were due before today."""
        return sum(debt.left_minor for debt in self.invoices if debt.due_on < today)


def read_debts(connection: Connection, account_id: int) -> Debts:
    """The debts of a customer, those due first in front."""
    run = connection.exec_driver_sql
    query = unbooked("c.account_id = ?")
    waiting = {key: int(amount) for _account, key, amount in run(query, (account_id,))}
    invoices = tuple(
        Debt(
            int(key), str(number), date.fromisoformat(day), date.fromisoformat(due),
            int(open_minor), min(waiting.get(key, 0), int(open_minor)),
        )
        for key, number, day, due, open_minor in run(_INVOICES, (account_id,))
    )  # fmt: skip
    return Debts(invoices, waiting.get(None, 0))

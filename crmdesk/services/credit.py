"""A customer's credit: what is owed and ordered, held against the limit.

Owns reading it. The limit itself is :mod:`crmdesk.domain.order_limits`'; HQ reads the same from its
own rows (:mod:`crmdesk.hq.exchange.credit`) when an order is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.clock import parse_instant
from crmdesk.domain.order_limits import CreditCheck, Exposure, check_credit, over_limit_sentence
from crmdesk.services.debts import read_debts
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile
from crmdesk.sync import facts


@dataclass(frozen=True, slots=True)
class OrderCredit:
    """An order against its customer's limit; ``as_of`` is when HQ told the debts last."""

    check: CreditCheck
    exposure: Exposure
    limit_minor: int
    as_of: date

    def sentence(self, currency: str) -> str:
        """What is owed, as of when, the limit, and by how much it is passed."""
        return over_limit_sentence(
            self.exposure, self.limit_minor, self.check.over_minor, currency, self.as_of
        )


def read_exposure(
    connection: Connection, account_id: int, *, besides: int | None = None, waiting: bool = True
) -> Exposure:
    """What a customer owes and has ordered, without the order ``besides``.

    ``waiting`` counts orders that nobody has accepted yet as well; not where no HQ ever does.
    """
    waiting = waiting and profile.get_fact(connection, facts.LAST_SYNC) is not None
    ordered = connection.exec_driver_sql(
        "SELECT coalesce(sum(total_minor), 0) FROM sales_order WHERE account_id = ?"
        " AND id IS NOT ? AND (status IN ('accepted', 'shipped') OR ? AND status = 'submitted')",
        (account_id, besides, waiting),
    ).scalar_one()
    return Exposure(read_debts(connection, account_id).left_minor, int(ordered))


def credit_of(
    connection: Connection,
    ws: Workspace,
    order_id: int,
    *,
    waiting: bool = True,
    total_minor: int | None = None,
) -> OrderCredit:
    """An order against the limit of its customer; ``total_minor`` is what it is to become."""
    account_id, total, limit, mode = connection.exec_driver_sql(
        "SELECT a.id, o.total_minor, a.credit_limit_minor, a.credit_mode FROM sales_order o"
        " JOIN account a ON a.id = o.account_id WHERE o.id = ?",
        (order_id,),
    ).one()
    exposure = read_exposure(connection, account_id, besides=order_id, waiting=waiting)
    if total_minor is not None:
        total = total_minor
    check = check_credit(mode, limit, exposure.owed_minor, total)
    told = profile.get_fact(connection, facts.LAST_SYNC)
    as_of = ws.clock.local(parse_instant(told)).date() if told else ws.today()
    return OrderCredit(check, exposure, limit or 0, as_of)

"""Credit limits at HQ: what customers owe by its rows when their orders are accepted or grow.

Owns reading it and whether a step that passes a hard limit carries the decision it needs. The
laptop asks the same of its rows (:mod:`crmdesk.services.credit`); HQ's are the ones that count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from crmdesk.domain.order_limits import (
    Exposure,
    check_credit,
    credit_reason,
    over_limit_sentence,
)
from crmdesk.hq.database.store import HqConnection, as_uids
from crmdesk.sync.merge import Image, RefusedOp

_ON_THE_WAY = frozenset({"accepted", "shipped"})
_BEFORE = frozenset({"", "draft", "submitted", "rejected", "cancelled"})
"""Orders in these, or that HQ does not have yet (""), are not counted among what was ordered."""
_OWED = """
WITH unbooked AS (
  SELECT c.account_id, c.invoice_id, sum(c.amount_minor) AS amount FROM collection c
  WHERE c.account_id = ANY(%(accounts)s::uuid[]) AND NOT c.deleted AND NOT EXISTS (
    SELECT 1 FROM payment p WHERE p.account_id = c.account_id AND NOT p.deleted
    AND (p.reference = c.number OR (p.invoice_id IS NOT DISTINCT FROM c.invoice_id
      AND p.amount_minor = c.amount_minor AND p.date >= c.date)))
  GROUP BY c.account_id, c.invoice_id)
SELECT encode(uuid_send(a.account_id), 'hex'), a.credit_mode, a.credit_limit_minor,
  (SELECT coalesce(sum(i.open_minor - least(coalesce(u.amount, 0), i.open_minor)), 0)
   FROM invoice i LEFT JOIN unbooked u ON u.account_id = i.account_id AND u.invoice_id = i.uid
   WHERE i.account_id = a.account_id AND NOT i.deleted AND i.open_minor > 0)
  - (SELECT coalesce(sum(u.amount), 0) FROM unbooked u
     WHERE u.account_id = a.account_id AND u.invoice_id IS NULL),
  (SELECT coalesce(sum(o.total_minor), 0) FROM sales_order o
   WHERE o.account_id = a.account_id AND NOT o.deleted AND o.status IN ('accepted', 'shipped'))
FROM account a WHERE a.account_id = ANY(%(accounts)s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's limit, how it holds, and what is owed."""

    mode: str
    limit_minor: int | None
    exposure: Exposure


class Credit:
    """The standings of the customers whose orders a push accepts, kept up to date within it."""

    def __init__(self, standings: dict[str, Standing], today: date) -> None:
        self._standings = standings
        self._today = today

    def check(self, before: Image | None, after: Image, args: Mapping[str, Any]) -> None:
        """Raise RefusedOp where a step passes a hard limit and does not say why.

        An acceptance, or an alteration by which an accepted order grows. ``args`` are what the step
        says about itself.
        """
        values = after.values
        known = self._standings.get(str(values.get("account_id")))
        if known is None or values.get("status") not in _ON_THE_WAY:
            return
        counted = 0 if before is None or _status(before) in _BEFORE else _total(before)
        if counted and _total(after) <= counted:
            return
        besides = replace(known.exposure, ordered_minor=known.exposure.ordered_minor - counted)
        found = check_credit(known.mode, known.limit_minor, besides.owed_minor, _total(after))
        if found.blocks and not credit_reason(args):
            raise RefusedOp(
                "credit",
                over_limit_sentence(
                    besides, known.limit_minor or 0, found.over_minor,
                    str(values.get("currency") or "EUR"), self._today,
                ),
            )  # fmt: skip

    def follow(self, before: Image | None, after: Image) -> None:
        """What was taken of an order counts for those that come after it."""
        account = str(after.values.get("account_id"))
        known = self._standings.get(account)
        if known is None:
            return
        was, now = _status(before), _status(after)
        change = 0
        if was in _BEFORE and now in _ON_THE_WAY:
            change = _total(after)
        elif before is not None and was in _ON_THE_WAY and now in _BEFORE:
            change = -_total(before)
        elif before is not None and was in _ON_THE_WAY and now in _ON_THE_WAY:
            change = _total(after) - _total(before)
        exposure = known.exposure
        exposure = replace(exposure, ordered_minor=exposure.ordered_minor + change)
        self._standings[account] = replace(known, exposure=exposure)


def read_credit(connection: HqConnection, accounts: set[str], today: date) -> Credit:
    """The standings of these customers (hex); their rows have to be locked."""
    rows = connection.execute(_OWED.encode(), {"accounts": as_uids(sorted(accounts))})
    return Credit(
        {
            str(account): Standing(str(mode), limit, Exposure(int(debts), int(ordered)))
            for account, mode, limit, debts, ordered in rows
        },
        today,
    )


def _status(order: Image | None) -> str:
    return "" if order is None else str(order.values.get("status"))


def _total(order: Image) -> int:
    value = order.values.get("total_minor")
    return value if isinstance(value, int) else 0

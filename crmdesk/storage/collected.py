"""What was collected and HQ has not booked yet: the one statement that everybody reads it by.

A collection counts until a payment names its receipt, or one of the same amount on the same
invoice has been booked since.
"""

from __future__ import annotations

_UNBOOKED = (
    "SELECT c.account_id, c.invoice_id, sum(c.amount_minor) AS amount_minor FROM collection c"
    " WHERE {where} AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.account_id = c.account_id"
    " AND (p.reference = c.number OR (p.invoice_id IS c.invoice_id"
    " AND p.amount_minor = c.amount_minor AND p.date >= c.date)))"
    " GROUP BY c.account_id, c.invoice_id"
)


def unbooked(where: str = "true") -> str:
    """SQL: account, invoice (NULL: paid ahead) and minor units; ``where`` chooses among ``c``."""
    return _UNBOOKED.format(where=where)


def still_owed(accounts: str = "") -> str:
    """SQL: account, due day and minor units of every open invoice, less what was collected for it.

    What was paid ahead is a row below nothing without a due day. ``accounts`` narrows by
    ``account_id``, as ``AND account_id IN (1)``.
    """
    return (
        "SELECT i.account_id, i.due_on,"
        " i.open_minor - min(coalesce(u.amount_minor, 0), i.open_minor) AS left_minor"
        f" FROM (SELECT * FROM invoice WHERE open_minor > 0 {accounts}) i"
        f" LEFT JOIN ({unbooked('true ' + accounts)}) u"
        " ON u.account_id = i.account_id AND u.invoice_id = i.id"
        " UNION ALL SELECT account_id, NULL, -amount_minor"
        f" FROM ({unbooked('c.invoice_id IS NULL ' + accounts)})"
    )

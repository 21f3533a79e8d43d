"""Orders made of a quote: the prices agreed in it, and the quote that is won by the order.

Owns the tie between an order and the quote it is made of (``copied_from`` of an order whose
source is the quote; ``order`` of the quote once the order is submitted). The rule what is agreed is
:mod:`crmdesk.domain.quote_rules`'.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.quote_rules import QuotedLine, holds
from crmdesk.domain.states import QuoteStatus

SOURCE = "quote"
"""The source of an order that was made of a quote."""


def quoted_lines(connection: Connection, order_id: int) -> dict[int, QuotedLine]:
    """What was agreed, by product id; empty unless the quote holds on the day of the order."""
    run = connection.exec_driver_sql
    head = run(
        "SELECT q.id, lower(hex(q.uid)), q.number, q.status, q.valid_until, o.order_date"
        " FROM sales_order o JOIN quote q ON q.uid = o.copied_from_uid"
        " AND q.account_id = o.account_id AND q.currency = o.currency"
        " WHERE o.id = ? AND o.source = ?",
        (order_id, SOURCE),
    ).first()
    if head is None:
        return {}
    until = None if head[4] is None else date.fromisoformat(head[4])
    if not holds(head[3], until, date.fromisoformat(head[5])):
        return {}
    rows = run(
        "SELECT l.product_id, lower(hex(p.uid)), l.base_quantity, l.list_price_e4, l.net_price_e4,"
        " l.net_minor FROM quote_line l JOIN product p ON p.id = l.product_id"
        " WHERE l.parent_id = ? ORDER BY l.position DESC",
        (head[0],),
    )
    return {
        int(product): QuotedLine(head[1], head[2], uid, quantity, listed, each, net)
        for product, uid, quantity, listed, each, net in rows
    }


def win_quote_of(connection: Connection, order_id: int, today: date) -> int | None:
    """The quote that an order is made of is won by it; its id, None where there is none waiting."""
    run = connection.exec_driver_sql
    found = run(
        "UPDATE quote SET status = ?, decided_on = coalesce(decided_on, ?), next_follow_up = NULL,"
        " order_uid = (SELECT uid FROM sales_order WHERE id = ?)"
        " WHERE status IN (?, ?) AND order_uid IS NULL AND uid ="
        " (SELECT copied_from_uid FROM sales_order WHERE id = ? AND source = ?) RETURNING id",
        (
            QuoteStatus.WON, today.isoformat(), order_id, QuoteStatus.SENT, QuoteStatus.WON,
            order_id, SOURCE,
        ),
    ).scalar()  # fmt: skip
    return None if found is None else int(found)


def reopen_quote_of(connection: Connection, order_uid: bytes) -> int | None:
    """The order was called back before HQ heard of it: its quote waits again, as it did before.

    Capture must be off: HQ has not heard of the decision either, and never will.
    """
    run = connection.exec_driver_sql
    row = run("SELECT id, uid FROM quote WHERE order_uid = ?", (order_uid,)).first()
    if row is None:
        return None
    entry = run(
        "SELECT seq, json_extract(fields, '$.next_follow_up[0]'),"
        " coalesce(json_extract(fields, '$.status[0]'), 'won') FROM journal WHERE uid = ?"
        " AND state = 'waiting' AND json_extract(fields, '$.order_uid[1]') = ?"
        " ORDER BY seq DESC LIMIT 1",
        (row[1], order_uid.hex()),
    ).first()
    if entry is None:
        return None
    run("DELETE FROM journal WHERE seq = ?", (entry[0],))
    run(
        "UPDATE quote SET status = ?, decided_on = iif(status = ?, decided_on, NULL),"
        " order_uid = NULL, next_follow_up = ? WHERE id = ?",
        (entry[2], entry[2], entry[1], row[0]),
    )
    return int(row[0])

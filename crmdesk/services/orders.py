"""Orders: start from the suggestion or empty, change lines in packagings, submit, call back.

A draft is saved at every change and stays on this laptop until it is submitted; then it is
immutable and waits for HQ. Lines and what they cost are :mod:`crmdesk.services.document_lines`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import OrderStatus, check_order_step
from crmdesk.i18n import _
from crmdesk.services.delivering import next_delivery
from crmdesk.services.document_lines import MAX_PACKS, ORDER_LINES, LineInput
from crmdesk.services.document_numbers import next_number
from crmdesk.services.order_checks import check_submittable
from crmdesk.services.prices import Terms, terms_of
from crmdesk.services.quoted_prices import reopen_quote_of, win_quote_of
from crmdesk.services.withdrawing import before_hq_has_it, is_only_here
from crmdesk.services.workspace import Workspace
from crmdesk.storage.capture import record_command
from crmdesk.storage.types import dump_json


@dataclass(frozen=True, slots=True)
class Started:
    """A new order: its local id and what was touched."""

    order_id: int
    changes: ChangeSet


def start_order(
    ws: Workspace, account_id: int, *, visit_id: int | None = None, suggested: bool = True
) -> Started:
    """Start a draft for a customer, filled with what is due when ``suggested``.

    An open draft of the same customer made here is taken up again instead of a second one.
    """
    today = ws.today()
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        open_draft = run(
            "SELECT id FROM sales_order WHERE account_id = ? AND status = 'draft'"
            " AND order_date = ? ORDER BY id DESC LIMIT 1",
            (account_id, today.isoformat()),
        ).scalar()
        if open_draft is not None:
            return Started(int(open_draft), ChangeSet())
        terms = terms_of(tx.connection, account_id, today)
        row = run(
            "INSERT INTO sales_order (uid, account_id, number, user_id, visit_id, price_list_id,"
            " order_date, delivery_date, currency, source)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), account_id, next_number(tx.connection, ws, ""), ws.user.id, visit_id,
                terms.price_list_id, today.isoformat(),
                next_delivery(tx.connection, account_id, today).isoformat(), ws.currency,
                "suggestion" if suggested else "manual",
            ),
        )  # fmt: skip
        order_id = int(row.scalar_one())
        if suggested:
            for line in _suggested_lines(tx.connection, account_id):
                ORDER_LINES.put(tx.connection, order_id, line)
            ORDER_LINES.reprice(tx.connection, order_id, terms)
    return Started(order_id, ChangeSet.of("order", [order_id]))


def _suggested_lines(connection: Connection, account_id: int) -> list[LineInput]:
    rows = connection.exec_driver_sql(
        "SELECT s.product_id, s.packaging_id, s.packs, s.expected_quantity FROM summary_pair s"
        " JOIN product p ON p.id = s.product_id"
        " WHERE s.account_id = ? AND s.state IN ('overdue', 'due') AND p.status = 'active'"
        " AND s.packs > 0 AND NOT EXISTS (SELECT 1 FROM reorder_override o WHERE o.account_id ="
        " s.account_id AND o.product_id = s.product_id AND o.kind <> 'quantity'"
        " AND (o.until IS NULL OR o.until >= s.as_of))"
        " ORDER BY s.p_7 DESC LIMIT 30",
        (account_id,),
    )
    return [LineInput(int(p), k, int(n), int(q)) for p, k, n, q in rows]


def set_line(ws: Workspace, order_id: int, line: LineInput) -> ChangeSet:
    """Add a product to a draft or change its packs and packaging; zero packs removes it.

    Packs are raised to the packaging's minimum and multiple; the whole order is priced again. A
    product without a price costs what this customer paid last; one never bought stays without,
    and the order cannot be submitted with it.
    """
    return set_lines(ws, order_id, (line,))


def set_lines(ws: Workspace, order_id: int, lines: Sequence[LineInput]) -> ChangeSet:
    """The same for several lines in one step: a gift, a substitute, what was ordered last."""
    for line in lines:
        weighed = line.weighed_quantity
        if not 0 <= line.packs <= MAX_PACKS or (weighed is not None and weighed < 0):
            raise FieldError(
                "quantity",
                _("A quantity is between 0 and {most}.").format(most=f"{MAX_PACKS:,}"),
                _("Check the number; nothing was changed."),
            )
    with ws.database.write() as tx:
        terms = draft_terms(tx.connection, order_id)
        for line in lines:
            ORDER_LINES.put(tx.connection, order_id, line)
        ORDER_LINES.reprice(tx.connection, order_id, terms)
    return ChangeSet.of("order", [order_id])


def remove_line(ws: Workspace, order_id: int, product_id: int) -> ChangeSet:
    """Take a product off a draft."""
    return set_line(ws, order_id, LineInput(product_id, None, 0))


def draft_terms(connection: Connection, order_id: int) -> Terms:
    """The terms that a draft is changed and priced by. Raises UserError when it is no draft.

    Its signature goes: it was given for what stood there before.
    """
    account_id, day = _draft(connection, order_id)
    connection.exec_driver_sql(
        "UPDATE sales_order SET signed_by = NULL, signed_at = NULL, signature = NULL"
        " WHERE id = ? AND signed_at IS NOT NULL",
        (order_id,),
    )
    return terms_of(connection, account_id, day)


def _draft(connection: Connection, order_id: int) -> tuple[int, date]:
    row = connection.exec_driver_sql(
        "SELECT account_id, order_date, status FROM sales_order WHERE id = ?", (order_id,)
    ).first()
    if row is None:
        raise NotFound(_("This order is no longer here."), _("Choose another one."))
    if row[2] != OrderStatus.DRAFT:
        raise UserError(
            _("This document has been submitted and cannot be changed."),
            _("Make a copy and change that."),
            code="immutable",
        )
    return int(row[0]), date.fromisoformat(row[1])


def submit_order(ws: Workspace, order_id: int) -> ChangeSet:
    """Submit a draft: it is numbered, immutable and waits for HQ.

    Raises UserError for an empty order, a line without any price, one below the minimum, or
    above a hard credit limit.
    """
    with ws.database.write() as tx:
        account_id, _day = _draft(tx.connection, order_id)
        check_order_step(OrderStatus.DRAFT, OrderStatus.SUBMITTED, ws.user.role)
        check_submittable(tx.connection, ws, order_id, account_id)
        run = tx.connection.exec_driver_sql
        run(
            "UPDATE sales_order SET status = 'submitted', submitted_at = ? WHERE id = ?",
            (format_instant(ws.now()), order_id),
        )
        uid, account_uid = run(
            "SELECT o.uid, a.uid FROM sales_order o JOIN account a ON a.id = o.account_id"
            " WHERE o.id = ?",
            (order_id,),
        ).one()
        record_command(
            tx.connection, "order", uid, account_uid, dump_json({"command": "submit", "args": {}})
        )
        quote = win_quote_of(tx.connection, order_id, ws.today())
    touched = {"order": frozenset({order_id}), "account": frozenset({account_id})}
    if quote is not None:
        touched["quote"] = frozenset({quote})
    return ChangeSet(touched)


def call_back_order(ws: Workspace, order_id: int) -> ChangeSet:
    """Make a submitted order a draft again, as long as it has not been sent to HQ.

    No round of sync may run meanwhile: the order could be on its way. UserError says so.
    """
    with before_hq_has_it(ws) as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT uid, status, rev FROM sales_order WHERE id = ?", (order_id,)).first()
        if row is None:
            raise NotFound(_("This order is no longer here."))
        if row[1] != OrderStatus.SUBMITTED or not is_only_here(tx.connection, row[0], row[2]):
            raise UserError(
                _("HQ has this order already."), _("Ask the office to reject it instead."),
                code="taken",
            )  # fmt: skip
        # HQ has never seen it, so its journal entries go and the draft stays on this laptop.
        run("DELETE FROM journal WHERE uid = ? AND state = 'waiting'", (row[0],))
        run("UPDATE sync_state SET applying = 1 WHERE id = 1")
        run(
            "UPDATE sales_order SET status = 'draft', submitted_at = NULL WHERE id = ?", (order_id,)
        )
        quote = reopen_quote_of(tx.connection, row[0])
        run("UPDATE sync_state SET applying = 0 WHERE id = 1")
    changes = ChangeSet.of("order", [order_id])
    return changes if quote is None else changes | ChangeSet.of("quote", [quote])


def discard_draft(ws: Workspace, order_id: int) -> ChangeSet:
    """Delete a draft with its lines."""
    with ws.database.write() as tx:
        _draft(tx.connection, order_id)
        tx.connection.exec_driver_sql("DELETE FROM order_line WHERE parent_id = ?", (order_id,))
        tx.connection.exec_driver_sql("DELETE FROM sales_order WHERE id = ?", (order_id,))
    return ChangeSet.of("order", [order_id])


def copy_order(ws: Workspace, order_id: int) -> Started:
    """A new draft with the lines of another order at today's prices: refused or repeated orders."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT account_id, uid FROM sales_order WHERE id = ?", (order_id,)
        ).first()
        if row is None:
            raise NotFound(_("This order is no longer here."))
        lines = ORDER_LINES.read(connection, order_id)
    started = start_order(ws, int(row[0]), suggested=False)
    with ws.database.write() as tx:
        terms = draft_terms(tx.connection, started.order_id)
        for line in lines:
            ORDER_LINES.put(tx.connection, started.order_id, line)
        ORDER_LINES.reprice(tx.connection, started.order_id, terms)
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET copied_from_uid = ? WHERE id = ?", (row[1], started.order_id)
        )
    return started

"""Orders: start from the suggestion or empty, change lines in packagings, submit, call back.

A draft is saved at every change and stays on this laptop until it is submitted; then it is
immutable and waits for HQ. Lines and what they cost are :mod:`crmdesk.services.document_lines`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError, NotFound, ProfileInUse, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.order_limits import below_minimum_minor, check_credit
from crmdesk.domain.states import OrderStatus, check_order_step
from crmdesk.i18n import _, format_money
from crmdesk.services.document_lines import MAX_PACKS, ORDER_LINES, LineInput
from crmdesk.services.document_numbers import next_number
from crmdesk.services.prices import Terms, terms_of
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile
from crmdesk.storage.capture import record_command
from crmdesk.storage.types import dump_json
from crmdesk.sync import facts


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
        lead = run("SELECT delivery_lead_days FROM account WHERE id = ?", (account_id,)).scalar()
        row = run(
            "INSERT INTO sales_order (uid, account_id, number, user_id, visit_id, price_list_id,"
            " order_date, delivery_date, currency, source)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), account_id, next_number(tx.connection, ws, ""), ws.user.id, visit_id,
                terms.price_list_id, today.isoformat(),
                _delivery_day(today, int(lead or 2)).isoformat(), ws.currency,
                "suggestion" if suggested else "manual",
            ),
        )  # fmt: skip
        order_id = int(row.scalar_one())
        if suggested:
            for line in _suggested_lines(tx.connection, account_id):
                ORDER_LINES.put(tx.connection, order_id, line)
            ORDER_LINES.reprice(tx.connection, order_id, terms)
    return Started(order_id, ChangeSet.of("order", [order_id]))


def _delivery_day(today: date, lead_days: int) -> date:
    day = today + timedelta(days=lead_days)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


def _suggested_lines(connection: Connection, account_id: int) -> list[LineInput]:
    rows = connection.exec_driver_sql(
        "SELECT s.product_id, s.packaging_id, s.packs, s.expected_quantity FROM summary_pair s"
        " JOIN product p ON p.id = s.product_id"
        " WHERE s.account_id = ? AND s.state IN ('overdue', 'due') AND p.status = 'active'"
        " AND s.packs > 0 AND NOT EXISTS (SELECT 1 FROM reorder_override o WHERE o.account_id ="
        " s.account_id AND o.product_id = s.product_id AND (o.until IS NULL OR o.until >= s.as_of))"
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
    weighed = line.weighed_quantity
    if not 0 <= line.packs <= MAX_PACKS or (weighed is not None and weighed < 0):
        raise FieldError(
            "quantity",
            _("A quantity is between 0 and {most}.").format(most=f"{MAX_PACKS:,}"),
            _("Check the number; nothing was changed."),
        )
    with ws.database.write() as tx:
        terms = draft_terms(tx.connection, order_id)
        ORDER_LINES.put(tx.connection, order_id, line)
        ORDER_LINES.reprice(tx.connection, order_id, terms)
    return ChangeSet.of("order", [order_id])


def remove_line(ws: Workspace, order_id: int, product_id: int) -> ChangeSet:
    """Take a product off a draft."""
    return set_line(ws, order_id, LineInput(product_id, None, 0))


def draft_terms(connection: Connection, order_id: int) -> Terms:
    """The terms that a draft is priced by. Raises UserError when it is no draft (any more)."""
    account_id, day = _draft(connection, order_id)
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
        _check_complete(tx.connection, ws, order_id, account_id)
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
    return ChangeSet({"order": frozenset({order_id}), "account": frozenset({account_id})})


def _check_complete(connection: Connection, ws: Workspace, order_id: int, account_id: int) -> None:
    run = connection.exec_driver_sql
    lines, net, total = run(
        "SELECT (SELECT count(*) FROM order_line WHERE parent_id = o.id), o.net_minor,"
        " o.total_minor FROM sales_order o WHERE o.id = ?",
        (order_id,),
    ).one()
    if lines == 0:
        raise UserError(_("This order has no lines."), _("Add a product with A."))
    _check_priced(connection, order_id)
    minimum, limit, mode, owed = run(
        "SELECT coalesce(a.minimum_order_minor, (SELECT minimum_order_minor FROM organisation"
        " LIMIT 1), 0), a.credit_limit_minor, a.credit_mode, (SELECT coalesce(sum(open_minor), 0)"
        " FROM invoice WHERE account_id = a.id) FROM account a WHERE a.id = ?",
        (account_id,),
    ).one()
    missing = below_minimum_minor(net, minimum)
    if missing:
        raise UserError(
            _("This order is {amount} below the minimum of {minimum}.").format(
                amount=format_money(missing, ws.currency),
                minimum=format_money(minimum, ws.currency),
            ),
            _("Add something, or agree an exception with the office."),
        )
    credit = check_credit(mode, limit, owed, total)
    if credit.blocks:
        raise UserError(
            _("With this order the customer would owe {amount} more than agreed.").format(
                amount=format_money(credit.over_minor, ws.currency)
            ),
            _("Collect first, or ask the office to raise the credit limit."),
        )


def _check_priced(connection: Connection, order_id: int) -> None:
    unpriced = ORDER_LINES.unpriced(connection, order_id)
    if unpriced is not None:
        raise UserError(
            _("{product} has no price, so this order cannot be submitted.").format(
                product=unpriced
            ),
            _("Take it off, or have its price added: crmdesk import prices FILE."),
            code="no-price",
        )


def call_back_order(ws: Workspace, order_id: int) -> ChangeSet:
    """Make a submitted order a draft again, as long as it has not been sent to HQ.

    No round of sync may run meanwhile: the order could be on its way. UserError says so.
    """
    try:
        with profile.locked(ws.folder, "sync"):
            return _call_back(ws, order_id)
    except ProfileInUse as error:
        raise UserError(
            _("This order may be on its way to HQ just now."), _("Try again in a moment.")
        ) from error


def _call_back(ws: Workspace, order_id: int) -> ChangeSet:
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT uid, status, rev FROM sales_order WHERE id = ?", (order_id,)).first()
        if row is None:
            raise NotFound(_("This order is no longer here."))
        sent = run(
            "SELECT 1 FROM journal WHERE uid = ? AND (state <> 'waiting' OR seq <= ?)",
            (row[0], facts.offered(tx.connection)),
        ).first()
        if row[1] != OrderStatus.SUBMITTED or row[2] > 0 or sent is not None:
            raise UserError(
                _("HQ has this order already."), _("Ask the office to reject it instead.")
            )
        # HQ has never seen it, so its journal entries go and the draft stays on this laptop.
        run("DELETE FROM journal WHERE uid = ? AND state = 'waiting'", (row[0],))
        run("UPDATE sync_state SET applying = 1 WHERE id = 1")
        run(
            "UPDATE sales_order SET status = 'draft', submitted_at = NULL WHERE id = ?", (order_id,)
        )
        run("UPDATE sync_state SET applying = 0 WHERE id = 1")
    return ChangeSet.of("order", [order_id])


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

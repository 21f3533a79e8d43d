"""How a quote ends: won, lost with its reason, run out, opened again, made into an order.

Of two decisions that meet at HQ the first stands. What was agreed goes into the order as agreed
(:mod:`crmdesk.services.quoted_prices`); the quote is won when that order is submitted.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.quote_rules import holds
from crmdesk.domain.states import QuoteStatus, check_quote_step
from crmdesk.i18n import _, format_date
from crmdesk.services.delivering import next_delivery
from crmdesk.services.document_lines import ORDER_LINES, QUOTE_LINES
from crmdesk.services.document_numbers import next_number
from crmdesk.services.orders import Started, draft_terms
from crmdesk.services.quoted_prices import SOURCE
from crmdesk.services.workspace import Workspace

LOST = "quote_lost"
WON = "quote_won"
"""Kinds of outcome reasons."""

_AFTER_DAYS = 1


def win_quote(ws: Workspace, quote_id: int, reason_id: int | None = None) -> ChangeSet:
    """The customer has said yes; ``reason_id`` is one of kind ``quote_won``."""
    return _decide(ws, quote_id, QuoteStatus.WON, WON, reason_id, None)


def lose_quote(ws: Workspace, quote_id: int, reason_id: int | None, lost_to: str = "") -> ChangeSet:
    """The customer has said no; the reason (of kind ``quote_lost``) must be given."""
    if reason_id is None:
        raise FieldError("reason", _("Say why this quote was lost."))
    return _decide(ws, quote_id, QuoteStatus.LOST, LOST, reason_id, lost_to.strip()[:200] or None)


def expire_quote(ws: Workspace, quote_id: int) -> ChangeSet:
    """Nobody has said anything and the quote holds no longer.

    UserError while it still holds: then it is lost, not run out.
    """
    with ws.database.read() as connection:
        row = _quote(connection, quote_id)
    until = None if row.valid_until is None else date.fromisoformat(row.valid_until)
    if until is None or until >= ws.today():
        raise UserError(
            _("This quote still holds."), _("If the customer has said no, it is lost: press L.")
        )
    return _decide(ws, quote_id, QuoteStatus.EXPIRED, "", None, None)


def reopen_quote(ws: Workspace, quote_id: int) -> ChangeSet:
    """Take a decision back: the quote waits again, from tomorrow.

    UserError when it has become an order.
    """
    tomorrow = ws.today() + timedelta(days=_AFTER_DAYS)
    with ws.database.write() as tx:
        row = _quote(tx.connection, quote_id)
        check_quote_step(QuoteStatus(row.status), QuoteStatus.SENT)
        if row.order_uid is not None:
            raise UserError(
                _("This quote has been ordered."), _("Call the order back, or ask the office.")
            )
        tx.connection.exec_driver_sql(
            "UPDATE quote SET status = ?, decided_on = NULL, reason_id = NULL, lost_to = NULL,"
            " next_follow_up = ? WHERE id = ?",
            (QuoteStatus.SENT, tomorrow.isoformat(), quote_id),
        )
    return _touched(quote_id, row.account_id)


def order_from_quote(ws: Workspace, quote_id: int) -> Started:
    """A draft order with the lines and the prices agreed; one that is open is taken up again.

    UserError when the quote does not wait, or holds no longer.
    """
    today = ws.today()
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = _quote(tx.connection, quote_id)
        until = None if row.valid_until is None else date.fromisoformat(row.valid_until)
        if row.status != QuoteStatus.SENT and (
            row.status != QuoteStatus.WON or row.order_uid is not None
        ):
            raise UserError(
                _("Only a quote that waits for an answer becomes an order."),
                _("Open it again, or make a new version with R."),
            )
        if not holds(row.status, until, today):
            raise UserError(
                _("This quote held until {date}.").format(date=format_date(until or today)),
                _("Make a new version with R: its prices can be agreed again."),
            )
        draft = run(
            "SELECT id FROM sales_order WHERE copied_from_uid = ? AND source = ?"
            " AND status = 'draft' AND order_date = ?",
            (row.uid, SOURCE, today.isoformat()),
        ).scalar()
        if draft is not None:
            return Started(int(draft), ChangeSet())
        order_id = _new_order(tx.connection, ws, row)
        for line in QUOTE_LINES.read(tx.connection, quote_id):
            ORDER_LINES.put(tx.connection, order_id, line)
        ORDER_LINES.reprice(tx.connection, order_id, draft_terms(tx.connection, order_id))
    return Started(order_id, ChangeSet.of("order", [order_id]))


def _new_order(connection: Connection, ws: Workspace, row: Any) -> int:
    delivery = next_delivery(connection, row.account_id, ws.today())
    made = connection.exec_driver_sql(
        "INSERT INTO sales_order (uid, account_id, number, user_id, price_list_id, order_date,"
        " delivery_date, currency, source, copied_from_uid, contact_id, note)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            new_uid(), row.account_id, next_number(connection, ws, ""), ws.user.id,
            row.price_list_id, ws.today().isoformat(), delivery.isoformat(), row.currency, SOURCE,
            row.uid, row.contact_id, row.note,
        ),
    ).scalar_one()  # fmt: skip
    return int(made)


def _decide(
    ws: Workspace, quote_id: int, to: QuoteStatus, kind: str, reason_id: int | None,
    lost_to: str | None,
) -> ChangeSet:  # fmt: skip
    with ws.database.write() as tx:
        row = _quote(tx.connection, quote_id)
        if row.status == to:
            return ChangeSet()
        check_quote_step(QuoteStatus(row.status), to)
        if reason_id is not None:
            found = tx.connection.exec_driver_sql(
                "SELECT kind FROM outcome_reason WHERE id = ?", (reason_id,)
            ).scalar()
            if found != kind:
                raise FieldError("reason", _("This is no reason for that."))
        tx.connection.exec_driver_sql(
            "UPDATE quote SET status = ?, decided_on = ?, reason_id = ?, lost_to = ?,"
            " next_follow_up = NULL WHERE id = ?",
            (to, ws.today().isoformat(), reason_id, lost_to, quote_id),
        )
    return _touched(quote_id, row.account_id)


def _touched(quote_id: int, account_id: int) -> ChangeSet:
    return ChangeSet({"quote": frozenset({quote_id}), "account": frozenset({account_id})})


def _quote(connection: Connection, quote_id: int) -> Any:
    row = connection.exec_driver_sql(
        "SELECT uid, account_id, status, valid_until, order_uid, currency, price_list_id,"
        " contact_id, note FROM quote WHERE id = ?",
        (quote_id,),
    ).first()
    if row is None:
        raise NotFound(_("This quote is no longer here."), _("Choose another one."))
    return row

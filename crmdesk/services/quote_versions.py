"""Versions of a quote: the next one as a draft, and a sent one called back.

A version that is sent (:func:`crmdesk.services.quotes.send_quote`) replaces the one it was made of,
which stays readable. How two differ is :func:`crmdesk.domain.quote_rules.line_changes`'.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import QuoteStatus, check_quote_step
from crmdesk.i18n import _
from crmdesk.services.document_lines import QUOTE_LINES
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.quotes import StartedQuote, draft_terms, working_day
from crmdesk.services.withdrawing import before_hq_has_it, is_only_here
from crmdesk.services.workspace import Workspace

_COPIED = (
    "packaging_id, unit, quantity, factor, base_quantity, list_price_e4, discount_bp, net_price_e4,"
    " price_reason, net_minor, tax_bp, tax_minor, cost_minor, suggested_quantity, override_reason"
)


def call_back_quote(ws: Workspace, quote_id: int) -> ChangeSet:
    """Make a quote that was just sent a draft again, as long as HQ has not heard of it.

    The version it replaced holds again. UserError when HQ has it, or while a round of sync runs.
    """
    with before_hq_has_it(ws) as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT uid, status, rev FROM quote WHERE id = ?", (quote_id,)).first()
        if row is None:
            raise NotFound(_("This quote is no longer here."))
        txns = run("SELECT DISTINCT txn FROM journal WHERE uid = ?", (row[0],)).scalars().all()
        here = is_only_here(tx.connection, row[0], row[2])
        if row[1] != QuoteStatus.SENT or not here or len(txns) != 1:
            raise UserError(
                _("HQ has this quote already, or it has been followed up."),
                _("Make a new version with R instead."),
            )
        touched = {quote_id}
        # HQ has never seen it, so its journal entries go and the draft stays on this laptop.
        run("UPDATE sync_state SET applying = 1 WHERE id = 1")
        run("UPDATE quote SET status = 'draft', sent_at = NULL WHERE id = ?", (quote_id,))
        touched |= _restore(tx.connection, row[0], int(txns[0]))
        run("DELETE FROM journal WHERE txn = ? AND uid = ? AND state = 'waiting'",
            (txns[0], row[0]))  # fmt: skip
        run("UPDATE sync_state SET applying = 0 WHERE id = 1")
    return ChangeSet({"quote": frozenset(touched)})


def _restore(connection: Connection, uid: bytes, txn: int) -> set[int]:
    """What this version replaced, as it was before that step, which HQ has not heard of."""
    run = connection.exec_driver_sql
    entries = run(
        "SELECT seq, uid, json_extract(fields, '$.status[0]'),"
        " json_extract(fields, '$.next_follow_up[0]') FROM journal WHERE txn = ? AND uid <> ?"
        " AND entity = 'quote' AND op = 'U'",
        (txn, uid),
    ).all()
    touched = set()
    for seq, replaced, status, follow in entries:
        run("DELETE FROM journal WHERE seq = ?", (seq,))
        found = run(
            "UPDATE quote SET status = ?, next_follow_up = ? WHERE uid = ? RETURNING id",
            (status, follow, replaced),
        )
        touched.add(int(found.scalar_one()))
    return touched


def revise_quote(ws: Workspace, quote_id: int) -> StartedQuote:
    """A new version of a quote as a draft: the same number, lines and discounts by hand.

    What price rules decide is priced for today. An open draft of the next version is taken up
    again. UserError for a draft, a won quote, and one that has been replaced already.
    """
    today = ws.today()
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        old = run(
            "SELECT uid, number, version, status, account_id FROM quote WHERE id = ?", (quote_id,)
        ).first()
        if old is None:
            raise NotFound(_("This quote is no longer here."))
        if old.status == QuoteStatus.SUPERSEDED:
            raise UserError(
                _("A newer version has replaced this one."), _("Open that one and revise it.")
            )
        check_quote_step(QuoteStatus(old.status), QuoteStatus.SUPERSEDED)
        draft = run(
            "SELECT id FROM quote WHERE revised_from_uid = ? AND status = 'draft'", (old.uid,)
        ).scalar()
        if draft is not None:
            return StartedQuote(int(draft), ChangeSet())
        policy = policy_in(tx.connection)
        made = run(
            "INSERT INTO quote (uid, account_id, number, version, title, user_id, price_list_id,"
            " quote_date, valid_until, next_follow_up, currency, contact_id, terms, note,"
            " opportunity_id, revised_from_uid) SELECT ?, account_id, number, (SELECT max(version)"
            " FROM quote WHERE number = q.number) + 1, title, ?, price_list_id, ?, ?, ?, currency,"
            " contact_id, terms, note, opportunity_id, uid FROM quote q WHERE id = ? RETURNING id",
            (
                new_uid(), ws.user.id, today.isoformat(),
                (today + timedelta(days=policy.quote_valid_days)).isoformat(),
                working_day(today + timedelta(days=policy.quote_follow_up_days)).isoformat(),
                quote_id,
            ),
        ).scalar_one()  # fmt: skip
        run(
            f"INSERT INTO quote_line (parent_id, position, product_id, {_COPIED})"  # noqa: S608
            f" SELECT ?, position, product_id, {_COPIED} FROM quote_line WHERE parent_id = ?",
            (made, quote_id),
        )
        QUOTE_LINES.reprice(tx.connection, int(made), draft_terms(tx.connection, int(made)))
    return StartedQuote(int(made), ChangeSet.of("quote", [int(made)]))

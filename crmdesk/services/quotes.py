"""Quotes until they are sent: start, change lines and terms, discounts of one's own, send.

A draft is saved at every change and stays on this laptop; what was sent is immutable. Versions are
:mod:`crmdesk.services.quote_versions`'. Following up is
:mod:`crmdesk.services.quote_follow_ups`', how a quote ends is
:mod:`crmdesk.services.quote_decisions`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import QuoteStatus, check_quote_step
from crmdesk.i18n import _, format_percent
from crmdesk.services.document_lines import MAX_PACKS, QUOTE_LINES, LineInput
from crmdesk.services.document_numbers import next_number
from crmdesk.services.prices import Terms, terms_of
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.workspace import Workspace
from crmdesk.storage.capture import record_command
from crmdesk.storage.types import dump_json

_MOST_WORDS = 4_000


@dataclass(frozen=True, slots=True)
class StartedQuote:
    """A new quote: its local id and what was touched."""

    quote_id: int
    changes: ChangeSet


@dataclass(frozen=True, slots=True)
class QuoteTerms:
    """What a quote says beside its lines."""

    title: str
    valid_until: date
    next_follow_up: date
    contact_id: int | None = None
    terms: str = ""
    note: str = ""


def start_quote(ws: Workspace, account_id: int, *, title: str = "") -> StartedQuote:
    """Start a draft for a customer; an empty one of the same customer is taken up again."""
    today = ws.today()
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        empty = run(
            "SELECT id FROM quote q WHERE account_id = ? AND status = 'draft' AND version = 1"
            " AND quote_date = ? AND NOT EXISTS (SELECT 1 FROM quote_line WHERE parent_id = q.id)"
            " ORDER BY id DESC LIMIT 1",
            (account_id, today.isoformat()),
        ).scalar()
        if empty is not None:
            return StartedQuote(int(empty), ChangeSet())
        terms, policy = terms_of(tx.connection, account_id, today), policy_in(tx.connection)
        quote_id = run(
            "INSERT INTO quote (uid, account_id, number, title, user_id, price_list_id, quote_date,"
            " valid_until, next_follow_up, currency, contact_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?,"
            " ?, (SELECT id FROM contact WHERE account_id = ? ORDER BY id LIMIT 1)) RETURNING id",
            (
                new_uid(), account_id, next_number(tx.connection, ws, "Q", "quote"), title,
                ws.user.id, terms.price_list_id, today.isoformat(),
                (today + timedelta(days=policy.quote_valid_days)).isoformat(),
                working_day(today + timedelta(days=policy.quote_follow_up_days)).isoformat(),
                ws.currency, account_id,
            ),
        ).scalar_one()  # fmt: skip
    return StartedQuote(int(quote_id), ChangeSet.of("quote", [int(quote_id)]))


def working_day(day: date) -> date:
    """The same day, or the Monday after a weekend: a follow-up is for a day at work."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


def set_line(ws: Workspace, quote_id: int, line: LineInput) -> ChangeSet:
    """Put a line on a draft, change its packs, or take it off (no packs); prices follow."""
    weighed = line.weighed_quantity
    if not 0 <= line.packs <= MAX_PACKS or (weighed is not None and weighed < 0):
        raise FieldError(
            "quantity",
            _("A quantity is between 0 and {most}.").format(most=f"{MAX_PACKS:,}"),
            _("Check the number; nothing was changed."),
        )
    with ws.database.write() as tx:
        terms = draft_terms(tx.connection, quote_id)
        QUOTE_LINES.put(tx.connection, quote_id, line)
        QUOTE_LINES.reprice(tx.connection, quote_id, terms)
    return ChangeSet.of("quote", [quote_id])


def set_discount(
    ws: Workspace, quote_id: int, product_id: int, discount_bp: int, why: str
) -> ChangeSet:
    """Give a line a discount of one's own off the list price, with its reason.

    0 lets the price rules decide again. Raises FieldError beyond what the company lets this
    person give, and without a reason.
    """
    with ws.database.write() as tx:
        terms = draft_terms(tx.connection, quote_id)
        most = policy_in(tx.connection).most_discount_of(ws.user.role)
        if not 0 <= discount_bp <= most:
            raise FieldError(
                "discount",
                _("You may give up to {most}.").format(most=format_percent(most / 10_000)),
                _("Ask the office for more; the price was not changed."),
            )
        if discount_bp and not why.strip():
            raise FieldError("reason", _("Say why this customer gets a discount."))
        QUOTE_LINES.set_discount(
            tx.connection, quote_id, product_id, discount_bp, why.strip()[:_MOST_WORDS]
        )
        QUOTE_LINES.reprice(tx.connection, quote_id, terms)
    return ChangeSet.of("quote", [quote_id])


def edit_terms(ws: Workspace, quote_id: int, terms: QuoteTerms) -> ChangeSet:
    """Change what a draft says beside its lines. Raises FieldError for days that cannot be."""
    if terms.valid_until < ws.today():
        raise FieldError("valid_until", _("A quote holds at least until today."))
    if terms.next_follow_up < ws.today():
        raise FieldError("next_follow_up", _("The next follow-up cannot lie in the past."))
    with ws.database.write() as tx:
        account_id = int(_draft(tx.connection, quote_id)[0])
        run = tx.connection.exec_driver_sql
        if terms.contact_id is not None:
            whose = run("SELECT account_id FROM contact WHERE id = ?", (terms.contact_id,)).scalar()
            if whose != account_id:
                raise FieldError("contact", _("This person does not belong to the customer."))
        run(
            "UPDATE quote SET title = ?, valid_until = ?, next_follow_up = ?, contact_id = ?,"
            " terms = ?, note = ? WHERE id = ?",
            (
                terms.title.strip()[:200], terms.valid_until.isoformat(),
                terms.next_follow_up.isoformat(), terms.contact_id,
                terms.terms.strip()[:_MOST_WORDS] or None,
                terms.note.strip()[:_MOST_WORDS] or None, quote_id,
            ),
        )  # fmt: skip
    return ChangeSet.of("quote", [quote_id])


def send_quote(ws: Workspace, quote_id: int) -> ChangeSet:
    """A draft becomes what the customer has in hand: immutable, and on its way to HQ.

    The version it revises is replaced by it in the same step. Raises UserError for a quote
    without lines, with a line without price, or one that holds no longer.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = _draft(tx.connection, quote_id)
        _check_complete(tx.connection, quote_id, row.valid_until, ws.today())
        number, version = _free_version(tx.connection, row)
        run(
            "UPDATE quote SET number = ?, version = ?, status = ?, sent_at = ?, next_follow_up ="
            " coalesce(next_follow_up, ?), user_id = ? WHERE id = ?",
            (
                number, version, QuoteStatus.SENT, format_instant(ws.now()), row.valid_until,
                ws.user.id, quote_id,
            ),
        )  # fmt: skip
        touched = {quote_id}
        if row.revised_from_uid is not None:
            touched |= _supersede(tx.connection, row.revised_from_uid, number, version)
        record_command(
            tx.connection, "quote", row.uid, row.account_uid,
            dump_json({"command": "send", "args": {}}),
        )  # fmt: skip
    return ChangeSet({"quote": frozenset(touched), "account": frozenset({int(row.account_id)})})


def _supersede(connection: Connection, uid: bytes, number: str, version: int) -> set[int]:
    """The version that was revised is replaced, and any that somebody else has sent meanwhile."""
    run = connection.exec_driver_sql
    others = run(
        "SELECT id, status FROM quote WHERE status <> ? AND (uid = ? OR (number = ? AND version < ?"
        " AND status IN (?, ?)))",
        (
            QuoteStatus.SUPERSEDED, uid, number, version, QuoteStatus.SENT, QuoteStatus.WON,
        ),
    ).all()  # fmt: skip
    for key, status in others:
        check_quote_step(QuoteStatus(status), QuoteStatus.SUPERSEDED)
        run(
            "UPDATE quote SET status = ?, next_follow_up = NULL WHERE id = ?",
            (QuoteStatus.SUPERSEDED, key),
        )
    return {int(key) for key, _status in others}


def _free_version(connection: Connection, row: Any) -> tuple[str, int]:
    """Number and version to send under: others if somebody else has sent that version meanwhile."""
    number = str(row.number).partition("~")[0]
    taken = connection.exec_driver_sql(
        "SELECT coalesce(max(version), 0) FROM quote WHERE number = ? AND id <> ?"
        " AND status <> 'draft'",
        (number, row.id),
    ).scalar_one()
    return number, max(int(row.version), int(taken) + 1)


def _check_complete(
    connection: Connection, quote_id: int, valid_until: str | None, today: date
) -> None:
    lines = connection.exec_driver_sql(
        "SELECT count(*) FROM quote_line WHERE parent_id = ?", (quote_id,)
    ).scalar_one()
    if not lines:
        raise UserError(_("This quote has no lines."), _("Add a product with A."))
    unpriced = QUOTE_LINES.unpriced(connection, quote_id)
    if unpriced is not None:
        raise UserError(
            _("{product} has no price, so this quote cannot be sent.").format(product=unpriced),
            _("Take it off, or have its price added: crmdesk import prices FILE."),
            code="no-price",
        )
    if valid_until is None or date.fromisoformat(valid_until) < today:
        raise FieldError(
            "valid_until",
            _("This quote would hold no longer than until yesterday."),
            _("Give it a later day with V."),
        )


def discard_quote(ws: Workspace, quote_id: int) -> ChangeSet:
    """Delete a draft with its lines."""
    with ws.database.write() as tx:
        _draft(tx.connection, quote_id)
        tx.connection.exec_driver_sql("DELETE FROM quote_line WHERE parent_id = ?", (quote_id,))
        tx.connection.exec_driver_sql("DELETE FROM quote WHERE id = ?", (quote_id,))
    return ChangeSet.of("quote", [quote_id])


def draft_terms(connection: Connection, quote_id: int) -> Terms:
    """The terms that a draft is priced by. Raises UserError when it is no draft (any more)."""
    row = _draft(connection, quote_id)
    return terms_of(connection, int(row.account_id), date.fromisoformat(row.quote_date))


def _draft(connection: Connection, quote_id: int) -> Any:
    row = connection.exec_driver_sql(
        "SELECT q.account_id, q.quote_date, q.status, q.id, q.uid, q.number, q.version,"
        " q.valid_until, q.revised_from_uid, a.uid AS account_uid FROM quote q"
        " JOIN account a ON a.id = q.account_id WHERE q.id = ?",
        (quote_id,),
    ).first()
    if row is None:
        raise NotFound(_("This quote is no longer here."), _("Choose another one."))
    if row.status != QuoteStatus.DRAFT:
        raise UserError(
            _("This quote has been sent and cannot be changed."),
            _("Make a new version with R and change that."),
            code="immutable",
        )
    return row

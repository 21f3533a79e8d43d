"""What stands on a draft beside its lines: delivery day, note, the customer's number, a signature.

Owns these columns of ``sales_order``. A signature is for the order as it stood: whatever changes
the draft afterwards takes it off (:func:`crmdesk.services.orders.draft_terms`).
"""

from __future__ import annotations

from datetime import date, timedelta

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError
from crmdesk.domain.signature import Signature
from crmdesk.i18n import _, format_percent
from crmdesk.services.delivering import next_delivery
from crmdesk.services.document_lines import ORDER_LINES
from crmdesk.services.orders import draft_terms
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

MOST_NOTE = 2_000
MOST_REFERENCE = 60
MOST_NAME = 80
FURTHEST_DAYS = 370


def set_note(ws: Workspace, order_id: int, text: str) -> ChangeSet:
    """Keep what was written for the warehouse; empty takes it off."""
    return _set(ws, order_id, "note", _fitting("note", text, MOST_NOTE))


def set_reference(ws: Workspace, order_id: int, text: str) -> ChangeSet:
    """Keep the customer's own number of this order; empty takes it off."""
    return _set(ws, order_id, "customer_reference", _fitting("reference", text, MOST_REFERENCE))


def set_delivery_day(ws: Workspace, order_id: int, day: date | None) -> ChangeSet:
    """Agree another day of delivery; None is the usual one by lead days.

    A day on which nobody is there is kept as agreed, the sheet says what speaks against it.
    Raises FieldError for one before the order or more than a year away.
    """
    with ws.database.write() as tx:
        terms = draft_terms(tx.connection, order_id)
        if day is None:
            day = next_delivery(tx.connection, terms.account_id, terms.day)
        if not terms.day <= day <= terms.day + timedelta(days=FURTHEST_DAYS):
            raise FieldError(
                "delivery",
                _("The delivery is today or later, within a year."),
                _("Type a day, such as 3 or 3.12; nothing was changed."),
            )
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET delivery_date = ? WHERE id = ?", (day.isoformat(), order_id)
        )
    return ChangeSet.of("order", [order_id])


def sign_order(
    ws: Workspace, order_id: int, name: str, signature: Signature | None = None
) -> ChangeSet:
    """Put the customer's name, and what was drawn, under a draft. FieldError without a name."""
    signed_by = _fitting("name", name, MOST_NAME)
    if not signed_by:
        raise FieldError("name", _("Whose signature is it?"), _("Type the name of who signs."))
    drawn = dump_json(signature.document()) if signature is not None else None
    with ws.database.write() as tx:
        draft_terms(tx.connection, order_id)
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET signed_by = ?, signed_at = ?, signature = ? WHERE id = ?",
            (signed_by, format_instant(ws.now()), drawn, order_id),
        )
    return ChangeSet.of("order", [order_id])


def set_discount(
    ws: Workspace, order_id: int, product_id: int, discount_bp: int, why: str
) -> ChangeSet:
    """Give a line a discount of one's own off its list price; 0 lets the rules decide again.

    Raises FieldError beyond what the company lets this person give, and without a reason.
    """
    with ws.database.write() as tx:
        terms = draft_terms(tx.connection, order_id)
        most = policy_in(tx.connection).most_discount_of(ws.user.role)
        if not 0 <= discount_bp <= most:
            raise FieldError(
                "discount",
                _("You may give up to {most}.").format(most=format_percent(most / 10_000)),
                _("Ask the office for more; the price was not changed."),
            )
        if discount_bp and not why.strip():
            raise FieldError("reason", _("Say why this customer gets a discount."))
        ORDER_LINES.set_discount(
            tx.connection, order_id, product_id, discount_bp, why.strip()[:MOST_NOTE]
        )
        ORDER_LINES.reprice(tx.connection, order_id, terms)
    return ChangeSet.of("order", [order_id])


def unsign_order(ws: Workspace, order_id: int) -> ChangeSet:
    """Take the signature off a draft."""
    with ws.database.write() as tx:
        draft_terms(tx.connection, order_id)
    return ChangeSet.of("order", [order_id])


def _fitting(field: str, text: str, most: int) -> str | None:
    words = text.strip()
    if len(words) > most:
        raise FieldError(
            field, _("This is too long: at most {most} letters.").format(most=f"{most:,}")
        )
    return words or None


def _set(ws: Workspace, order_id: int, column: str, value: str | None) -> ChangeSet:
    with ws.database.write() as tx:
        draft_terms(tx.connection, order_id)
        tx.connection.exec_driver_sql(
            f"UPDATE sales_order SET {column} = ? WHERE id = ?",  # noqa: S608 - own column names
            (value, order_id),
        )
    return ChangeSet.of("order", [order_id])

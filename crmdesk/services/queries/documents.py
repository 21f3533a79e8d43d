"""What the documents say: an order, a quote, a return, a receipt, a day's sheet, read whole.

Owns reading them with company, customer, rep and texts in one consistent read. How they look is
:mod:`crmdesk.interchange.documents`'; which language they are in is the caller's to speak.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row

from crmdesk.domain.clock import parse_instant
from crmdesk.domain.errors import NotFound
from crmdesk.domain.letterhead import logo_of
from crmdesk.domain.signature import read_signature
from crmdesk.i18n import _, known_language, language
from crmdesk.interchange.documents import words
from crmdesk.interchange.documents.content import (
    Address,
    Company,
    Customer,
    DaySheet,
    Head,
    Line,
    Receipt,
    Signature,
    Strokes,
    Taken,
    Tax,
    TradeDocument,
)
from crmdesk.services.prices import reason_words
from crmdesk.services.workspace import Workspace

_TABLES = {
    words.ORDER: "sales_order", words.QUOTE: "quote", words.RETURN: "return_request",
    words.RECEIPT: "collection",
}  # fmt: skip
_LINES = {words.ORDER: "order_line", words.QUOTE: "quote_line"}
_RATE = re.compile(r"\s*[\d.,]+\s*%\s*")


def document_id(ws: Workspace, kind: str, number: str) -> int:
    """The local id of a document by its number; of a quote's versions the newest.

    NotFound when there is none.
    """
    if kind == words.BRIEF:
        from crmdesk.services.queries.customer import find_customer

        return find_customer(ws, number)
    table = _TABLES[kind]
    order = "version DESC" if kind == words.QUOTE else "id DESC"
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            f"SELECT id FROM {table} WHERE number = ? ORDER BY {order} LIMIT 1", (number,)
        ).scalar()
    if found is None:
        raise NotFound(
            _("There is no {document} with the number {number}.").format(
                document=words.kind_word(kind).lower(), number=number
            )
        )
    return int(found)


def document_language(ws: Workspace, kind: str, key: int) -> str:
    """The language a document is written in: its customer's, else the company's."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            f"SELECT a.language, (SELECT language FROM organisation LIMIT 1) FROM {_TABLES[kind]} d"
            " JOIN account a ON a.id = d.account_id WHERE d.id = ?",
            (key,),
        ).first()
    if row is None:
        raise _gone()
    return known_language(row[0], known_language(row[1]))


def company_language(ws: Workspace) -> str:
    """The language of papers that stay in the company."""
    with ws.database.read() as connection:
        found = connection.exec_driver_sql("SELECT language FROM organisation LIMIT 1").scalar()
    return known_language(found)


def order_document(ws: Workspace, order_id: int) -> TradeDocument:
    """An order as its customer gets it. Raises NotFound."""
    with ws.database.read() as connection:
        row = _one(
            connection,
            "SELECT d.*, a.payment_terms_days FROM sales_order d"
            " JOIN account a ON a.id = d.account_id WHERE d.id = ?",
            order_id,
        )
        lines = _priced_lines(connection, words.ORDER, order_id)
        return replace(
            _trade(connection, words.ORDER, row, row.order_date, lines),
            delivery=_day(row.delivery_date), reference=row.customer_reference or "",
            terms_days=row.payment_terms_days, signature=_signature(ws, row),
        )  # fmt: skip


def quote_document(ws: Workspace, quote_id: int) -> TradeDocument:
    """A quote as its customer gets it. Raises NotFound."""
    with ws.database.read() as connection:
        row = _one(
            connection,
            "SELECT d.*, NULL AS site_id, a.payment_terms_days FROM quote d"
            " JOIN account a ON a.id = d.account_id WHERE d.id = ?",
            quote_id,
        )
        lines = _priced_lines(connection, words.QUOTE, quote_id)
        return replace(
            _trade(connection, words.QUOTE, row, row.quote_date, lines),
            title=row.title or "", version=row.version, valid_until=_day(row.valid_until),
            terms=row.terms or "", terms_days=row.payment_terms_days,
        )  # fmt: skip


def return_document(ws: Workspace, return_id: int) -> TradeDocument:
    """A return as its customer gets it. Raises NotFound."""
    with ws.database.read() as connection:
        row = _one(
            connection,
            "SELECT d.*, r.name AS reason_name, NULL AS site_id, NULL AS contact_id,"
            " (SELECT currency FROM organisation LIMIT 1) AS currency FROM return_request d"
            " LEFT JOIN outcome_reason r ON r.id = d.reason_id WHERE d.id = ?",
            return_id,
        )
        lines = _return_lines(connection, return_id, row.reason_name or "")
        head = _head(connection, words.RETURN, row, row.date)
        lines_net = sum(line.net_minor for line in lines)
        return TradeDocument(
            head=head, lines=lines, taxes=(), net_minor=lines_net or row.net_minor,
            discount_minor=0, tax_minor=0, total_minor=lines_net or row.net_minor,
            wish=row.wish or "",
        )  # fmt: skip


def receipt_document(ws: Workspace, collection_id: int) -> Receipt:
    """The receipt a collection belongs to, with all invoices it pays. Raises NotFound."""
    with ws.database.read() as connection:
        row = _one(
            connection,
            "SELECT d.*, NULL AS site_id, NULL AS contact_id, (SELECT o.number FROM collection o"
            " WHERE o.uid = d.reverses_uid) AS reversed_number FROM collection d WHERE d.id = ?",
            collection_id,
        )
        shares = connection.exec_driver_sql(
            "SELECT coalesce(i.number, ''), d.amount_minor FROM collection d"
            " LEFT JOIN invoice i ON i.id = d.invoice_id"
            " WHERE d.id = ? OR (d.number = ? AND d.account_id = ?) ORDER BY d.id",
            (collection_id, row.number, row.account_id),
        ).all()
        reverses = "" if row.reverses_uid is None else row.reversed_number or "–"
        return Receipt(
            head=_head(connection, words.RECEIPT, row, row.date),
            amount_minor=sum(minor for _number, minor in shares), method=row.method or "cash",
            at=ws.clock.local(parse_instant(row.at)), reference=row.reference or "",
            cheque_on=_day(row.cheque_on), shares=tuple((n, minor) for n, minor in shares),
            reverses=reverses,
        )  # fmt: skip


def day_sheet_document(ws: Workspace, user_id: int, day: date) -> DaySheet:
    """What a person took on a day. Raises NotFound for an unknown person."""
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        user = run("SELECT name, code, phone, email FROM app_user WHERE id = ?", (user_id,)).first()
        if user is None:
            raise _gone()
        company = company_of(connection)
        closed = run(
            "SELECT closed_at, counted_minor, note, currency FROM day_sheet"
            " WHERE user_id = ? AND date = ?",
            (user_id, day.isoformat()),
        ).first()
        taken = _taken(ws, connection, user_id, day, closed.closed_at if closed else None)
        orders = run(
            "SELECT count(*), coalesce(sum(net_minor), 0) FROM sales_order WHERE user_id = ?"
            " AND order_date = ? AND status NOT IN ('draft', 'cancelled', 'rejected')",
            (user_id, day.isoformat()),
        ).one()
        head = Head(
            words.DAY_SHEET, f"{user.code} {day.isoformat()}", day,
            closed.currency if closed else ws.currency, company, Customer("", Address(user.name)),
            rep=user.name, rep_phone=user.phone or "", rep_email=user.email or "",
            note=(closed.note or "") if closed else "",
        )  # fmt: skip
        return DaySheet(
            head, taken, closed.counted_minor if closed else None,
            ws.clock.local(parse_instant(closed.closed_at)) if closed else None,
            orders[0], orders[1],
        )  # fmt: skip


# --------------------------------------------------------------------------------- whole and head


def _gone() -> NotFound:
    return NotFound(_("This document is no longer here."), _("Choose another one."))


def _one(connection: Connection, query: str, key: int) -> Row[Any]:
    row = connection.exec_driver_sql(query, (key,)).first()
    if row is None:
        raise _gone()
    return row


def _trade(
    connection: Connection, kind: str, row: Row[Any], day: str, lines: tuple[Line, ...]
) -> TradeDocument:
    return TradeDocument(
        head=_head(connection, kind, row, day), lines=lines, taxes=_taxes(connection, lines),
        net_minor=row.net_minor, discount_minor=row.discount_minor, tax_minor=row.tax_minor,
        total_minor=row.total_minor, status=row.status,
    )  # fmt: skip


def _head(connection: Connection, kind: str, row: Row[Any], day: str) -> Head:
    user = connection.exec_driver_sql(
        "SELECT name, phone, email FROM app_user WHERE id = ?", (row.user_id,)
    ).first()
    return Head(
        kind, row.number or "", date.fromisoformat(day), row.currency, company_of(connection),
        _customer(connection, row.account_id, row.site_id, row.contact_id),
        rep=user.name if user else "", rep_phone=(user.phone or "") if user else "",
        rep_email=(user.email or "") if user else "", note=row.note or "",
    )  # fmt: skip


def company_of(connection: Connection) -> Company:
    """Who sends the documents."""
    row = connection.exec_driver_sql("SELECT * FROM organisation ORDER BY id LIMIT 1").one()
    address = Address(
        row.name, row.street or "", row.postcode or "", row.city or "", "", row.country or ""
    )
    return Company(
        address, row.tax_id or "", row.phone or "", row.email or "", row.website or "",
        row.bank_account or "", terms_in(row.document_texts, row.document_terms, language()),
        logo_of(_json(row.logo)),
    )  # fmt: skip


def terms_in(texts: str | None, default: str | None, code: str) -> str:
    """The terms in a language, as the company wrote them; the general ones where it did not."""
    found = _json(texts)
    terms = found.get("terms") if isinstance(found, Mapping) else None
    own = terms.get(code) if isinstance(terms, Mapping) else None
    return own if isinstance(own, str) and own else default or ""


def _customer(
    connection: Connection, account_id: int, site_id: int | None, contact_id: int | None
) -> Customer:
    run = connection.exec_driver_sql
    account = run("SELECT * FROM account WHERE id = ?", (account_id,)).one()
    site = run("SELECT * FROM site WHERE id = ?", (site_id,)).first() if site_id else None
    contact = run(
        "SELECT c.name, c.id FROM contact c WHERE c.account_id = ? AND c.erased_at IS NULL"
        " AND (c.id = ? OR ? IS NULL) ORDER BY c.position, c.id LIMIT 1",
        (account_id, contact_id, contact_id),
    ).first()
    email = run(
        "SELECT p.value FROM contact_point p JOIN contact c ON c.id = p.contact_id"
        " WHERE p.account_id = ? AND p.kind = 'email' AND c.erased_at IS NULL"
        " ORDER BY p.contact_id = ? DESC, p.preferred DESC, c.position, p.id LIMIT 1",
        (account_id, contact.id if contact else None),
    ).scalar()
    return Customer(
        account.code, _address(account), account.tax_id or "",
        _address(site) if site is not None else None,
        # Nobody is named on a document who was not named in it; the mail finds an address anyway.
        contact.name if contact is not None and contact_id else "", email or "",
    )  # fmt: skip


def _address(row: Row[Any]) -> Address:
    return Address(
        row.name, row.street or "", row.postcode or "", row.city or "", row.region or "",
        row.country or "",
    )  # fmt: skip


def _signature(ws: Workspace, row: Row[Any]) -> Signature | None:
    strokes = strokes_of(_json(row.signature))
    if not strokes:
        return None
    at = ws.clock.local(parse_instant(row.signed_at)) if row.signed_at else None
    return Signature(row.signed_by or "", at, strokes)


def strokes_of(found: object) -> Strokes:
    """The strokes of a stored signature, as wide as they were drawn; none for what is no such."""
    try:
        signature = read_signature(found)
    except ValueError:
        return ()
    if signature is None:
        return ()
    wide = signature.aspect / 100
    return tuple(tuple((x * wide, float(y)) for x, y in stroke) for stroke in signature.strokes)


# ------------------------------------------------------------------------------------------ lines


def _priced_lines(connection: Connection, kind: str, key: int) -> tuple[Line, ...]:
    rows = connection.exec_driver_sql(
        "SELECT l.*, p.sku, p.name, p.base_unit, p.price_per, k.gtin"
        f" FROM {_LINES[kind]} l JOIN product p ON p.id = l.product_id"
        " LEFT JOIN packaging k ON k.id = l.packaging_id WHERE l.parent_id = ? ORDER BY l.position",
        (key,),
    )
    return tuple(
        Line(
            sku=row.sku, name=row.name, unit=row.unit, quantity=row.quantity, factor=row.factor,
            base_quantity=row.base_quantity, base_unit=row.base_unit,
            list_price_e4=row.list_price_e4, net_price_e4=row.net_price_e4,
            price_per=row.price_per, discount_bp=row.discount_bp, net_minor=row.net_minor,
            tax_bp=row.tax_bp, tax_minor=row.tax_minor, gtin=row.gtin or "",
            reason=_price_reason(row),
        )
        for row in rows
    )  # fmt: skip


def _price_reason(row: Row[Any]) -> str:
    """Why the price, where it is a favour: offers, agreements and steps; not the list's name."""
    reason = _json(row.price_reason)
    if not isinstance(reason, Mapping):
        return ""
    favour = isinstance(reason.get("parts"), list) or reason.get("code") in (
        "agreed", "break", "promotion", "gift", "bundle", "mix", "extra",
    )  # fmt: skip
    return reason_words(reason, row.discount_bp) if favour else ""


def _return_lines(connection: Connection, key: int, reason: str) -> tuple[Line, ...]:
    rows = connection.exec_driver_sql(
        "SELECT l.*, p.sku, p.name, p.base_unit, k.unit, k.gtin, r.name AS reason_name"
        " FROM return_line l JOIN product p ON p.id = l.product_id"
        " LEFT JOIN packaging k ON k.id = l.packaging_id"
        " LEFT JOIN outcome_reason r ON r.id = l.reason_id WHERE l.parent_id = ?"
        " ORDER BY l.position",
        (key,),
    )
    return tuple(
        Line(
            sku=row.sku, name=row.name, unit=row.unit or row.base_unit, quantity=row.quantity,
            factor=row.factor, base_quantity=row.base_quantity, base_unit=row.base_unit,
            net_minor=row.net_minor, reason=row.reason_name or reason,
            condition=row.condition or "", note=row.note or "", gtin=row.gtin or "",
        )
        for row in rows
    )  # fmt: skip


def _taxes(connection: Connection, lines: Sequence[Line]) -> tuple[Tax, ...]:
    names: dict[int, set[str]] = {}
    for name, rate in connection.exec_driver_sql("SELECT name, rate_bp FROM tax_rate"):
        names.setdefault(rate, set()).add(name)
    sums: dict[int, tuple[int, int]] = {}
    for line in lines:
        on, tax = sums.get(line.tax_bp, (0, 0))
        sums[line.tax_bp] = (on + line.net_minor, tax + line.tax_minor)
    return tuple(
        Tax(_rate_name(names.get(rate, set())), rate, *sums[rate]) for rate in sorted(sums)
    )


def _rate_name(names: set[str]) -> str:
    """The name of a rate without the rate in it, where only one has this rate."""
    if len(names) != 1:
        return ""
    return _RATE.sub(" ", next(iter(names))).strip()


def _taken(
    ws: Workspace, connection: Connection, user_id: int, day: date, closed_at: str | None
) -> tuple[Taken, ...]:
    """What belongs on a sheet: everything since the one before it, receipt by receipt."""
    before = connection.exec_driver_sql(
        "SELECT max(closed_at) FROM day_sheet WHERE user_id = ? AND date < ?",
        (user_id, day.isoformat()),
    ).scalar()
    rows = connection.exec_driver_sql(
        "SELECT d.at, d.number, d.id, d.method, d.reference, d.amount_minor, a.name,"
        " i.number AS invoice FROM collection d JOIN account a ON a.id = d.account_id"
        " LEFT JOIN invoice i ON i.id = d.invoice_id WHERE d.user_id = ? AND d.at > ?"
        " AND d.at <= ? AND d.date <= ? AND (? IS NOT NULL OR d.date = ?) ORDER BY d.at, d.id",
        (user_id, before or "", closed_at or "9999", day.isoformat(), before, day.isoformat()),
    ).all()
    receipts: dict[object, list[Row[Any]]] = {}
    for row in rows:
        receipts.setdefault(row.number or row.id, []).append(row)
    return tuple(
        Taken(
            ws.clock.local(parse_instant(row.at)), row.number or "", row.name,
            row.method or "cash", row.reference or "",
            ", ".join(part.invoice for part in parts if part.invoice),
            sum(part.amount_minor for part in parts),
        )
        for parts in receipts.values()
        for row in parts[:1]
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _json(text: str | None) -> object:
    return json.loads(text) if text else None

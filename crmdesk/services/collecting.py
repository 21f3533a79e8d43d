"""Money collected at the customer's: receipts against open invoices, and their counter-entries.

Owns rows of ``collection``. A receipt is one row per invoice it pays, all with its number. Nothing
is ever deleted: what was wrong is taken back by a receipt of its own with the amounts turned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.collecting import MOST_COLLECTED_MINOR, CollectionMethod, Share, allocate
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _, format_money
from crmdesk.services.debts import read_debts
from crmdesk.services.document_numbers import next_number
from crmdesk.services.workspace import Workspace

RECEIPT_KIND = "C"


@dataclass(frozen=True, slots=True)
class Collecting:
    """What a customer hands over, in minor units; a cheque has its day, a transfer a reference.

    ``invoice_id`` is the invoice the customer says it is for; None pays the oldest first.
    """

    amount_minor: int
    method: CollectionMethod = CollectionMethod.CASH
    reference: str = ""
    cheque_on: date | None = None
    note: str = ""
    invoice_id: int | None = None
    visit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that was written: its number, and what each invoice got."""

    number: str
    shares: tuple[Share, ...]
    changes: ChangeSet


def collect(ws: Workspace, account_id: int, what: Collecting) -> Receipt:
    """Take money and write its receipt. Raises FieldError for what cannot be, NotFound."""
    _check(ws, what)
    with ws.database.write() as tx:
        if not _exists(tx.connection, account_id):
            raise NotFound(_("This customer is no longer here."), _("Choose another one."))
        invoices = [debt.as_open() for debt in read_debts(tx.connection, account_id).invoices]
        first = [invoice for invoice in invoices if invoice.id == what.invoice_id]
        shares = allocate(what.amount_minor, first)
        if what.invoice_id is None or not first:
            shares = allocate(what.amount_minor, invoices)
        elif shares and shares[-1].invoice_id is None:
            others = [invoice for invoice in invoices if invoice.id != what.invoice_id]
            shares = (*shares[:-1], *allocate(shares[-1].amount_minor, others))
        number = next_number(tx.connection, ws, RECEIPT_KIND, "collection")
        ids = [_write(tx.connection, ws, account_id, what, share, number) for share in shares]
    return Receipt(number, shares, _touched(ids, account_id))


def reverse_receipt(ws: Workspace, number: str) -> Receipt:
    """Take a receipt back by a counter-entry with a number of its own; it stays to be seen.

    Raises UserError when it has been taken back before or is a counter-entry itself.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        rows = run(
            "SELECT id, uid, account_id, invoice_id, amount_minor, method, reference, cheque_on,"
            " visit_uid, reverses_uid, user_id, currency FROM collection WHERE number = ?"
            " ORDER BY id",
            (number,),
        ).all()
        if not rows:
            raise NotFound(_("This receipt is no longer here."))
        _check_reversible(tx.connection, ws, [(row[1], row[9], row[10]) for row in rows])
        counter = next_number(tx.connection, ws, RECEIPT_KIND, "collection")
        today, now = ws.today().isoformat(), format_instant(ws.now())
        ids, shares = [], []
        for row in rows:
            made = run(
                "INSERT INTO collection (uid, account_id, user_id, invoice_id, visit_uid, date, at,"
                " amount_minor, currency, method, number, reference, cheque_on, note, reverses_uid)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    new_uid(), row[2], ws.user.id, row[3], row[8], today, now, -row[4], row[11],
                    row[5], counter, row[6], row[7],
                    _("Takes back {number}").format(number=number), row[1],
                ),
            )  # fmt: skip
            ids.append(int(made.scalar_one()))
            shares.append(Share(row[3], -int(row[4])))
    return Receipt(counter, tuple(shares), _touched(ids, int(rows[0][2])))


def _check(ws: Workspace, what: Collecting) -> None:
    if not 0 < what.amount_minor <= MOST_COLLECTED_MINOR:
        raise FieldError(
            "amount",
            _("An amount is between {least} and {most}.").format(
                least=format_money(1, ws.currency),
                most=format_money(MOST_COLLECTED_MINOR, ws.currency),
            ),
            _("Check the amount; nothing was written."),
        )
    if what.method is CollectionMethod.CHEQUE and not what.reference.strip():
        raise FieldError(
            "reference", _("A cheque has a number."), _("Type the number of the cheque.")
        )


def _check_reversible(
    connection: Connection, ws: Workspace, rows: list[tuple[bytes, bytes | None, int | None]]
) -> None:
    for uid, reverses, user_id in rows:
        if reverses is not None:
            raise UserError(_("This is a counter-entry itself."), _("Write a new receipt instead."))
        if user_id not in (None, ws.user.id):
            raise UserError(
                _("Somebody else has written this receipt."), _("Ask them, or the office.")
            )
        again = connection.exec_driver_sql(
            "SELECT number FROM collection WHERE reverses_uid = ?", (uid,)
        ).scalar()
        if again is not None:
            raise UserError(
                _("This receipt was taken back by {number} already.").format(number=again)
            )


def _exists(connection: Connection, account_id: int) -> bool:
    found = connection.exec_driver_sql("SELECT 1 FROM account WHERE id = ?", (account_id,)).first()
    return found is not None


def _write(
    connection: Connection, ws: Workspace, account_id: int, what: Collecting, share: Share,
    number: str,
) -> int:  # fmt: skip
    row = connection.exec_driver_sql(
        "INSERT INTO collection (uid, account_id, user_id, invoice_id, visit_uid, date, at,"
        " amount_minor, currency, method, number, reference, cheque_on, note)"
        " VALUES (?, ?, ?, ?, (SELECT uid FROM visit WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " RETURNING id",
        (
            new_uid(), account_id, ws.user.id, share.invoice_id, what.visit_id,
            ws.today().isoformat(), format_instant(ws.now()), share.amount_minor, ws.currency,
            what.method.value, number, what.reference.strip() or None,
            what.cheque_on.isoformat() if what.cheque_on is not None else None,
            what.note.strip() or None,
        ),
    )  # fmt: skip
    return int(row.scalar_one())


def _touched(ids: list[int], account_id: int) -> ChangeSet:
    return ChangeSet({"collection": frozenset(ids), "account": frozenset({account_id})})

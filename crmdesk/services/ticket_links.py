"""What a ticket is about: the person, the SKU, the order and the return it names, and its files.

Owns looking up what was typed, and changing it later. Steps and clocks are :mod:`.tickets`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.i18n import _
from crmdesk.services import attachments
from crmdesk.services.workspace import Workspace

_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".gif")


@dataclass(frozen=True, slots=True)
class Links:
    """What was typed: numbers of an order and a return, a SKU's code, a contact's local id."""

    contact_id: int | None = None
    sku: str = ""
    order_number: str = ""
    return_number: str = ""


def order_uid(connection: Connection, account_id: int, number: str) -> bytes | None:
    """The order of a customer by its number; nothing typed: none. FieldError."""
    found = _by_number(connection, "sales_order", account_id, number)
    if number.strip() and found is None:
        raise FieldError(
            "order",
            _("This customer has no order {number}.").format(number=number.strip()),
            _("Leave it empty when it is about no order."),
        )
    return found


def return_uid(connection: Connection, account_id: int, number: str) -> bytes | None:
    """The return of a customer by its number; nothing typed: none. FieldError."""
    found = _by_number(connection, "return_request", account_id, number)
    if number.strip() and found is None:
        raise FieldError(
            "return",
            _("This customer has no return {number}.").format(number=number.strip()),
            _("Leave it empty when it is about no return."),
        )
    return found


def check_contact(connection: Connection, account_id: int, contact_id: int | None) -> None:
    """NotFound for somebody who is not (or no more) of this customer."""
    if contact_id is None:
        return
    found = connection.exec_driver_sql(
        "SELECT 1 FROM contact WHERE id = ? AND account_id = ? AND erased_at IS NULL",
        (contact_id, account_id),
    ).first()
    if found is None:
        raise NotFound(_("This person is no longer here."))


def _by_number(connection: Connection, table: str, account_id: int, number: str) -> bytes | None:
    words = number.strip()
    if not words:
        return None
    query = f"SELECT uid FROM {table} WHERE account_id = ? AND lower(number) = lower(?)"  # noqa: S608
    found = connection.exec_driver_sql(query, (account_id, words)).scalar()
    return None if found is None else bytes(found)


def _says(connection: Connection, table: str, uid: bytes | None, number: str) -> bool:
    """Whether a number is what is shown of a document: nothing of one that is not here."""
    query = f"SELECT number FROM {table} WHERE uid = ?"  # noqa: S608 - our own names
    shown = connection.exec_driver_sql(query, (uid,)).scalar()
    return number.strip() == (shown or "")


def _product(connection: Connection, sku: str) -> int | None:
    words = sku.strip()
    if not words:
        return None
    found = connection.exec_driver_sql(
        "SELECT id FROM product WHERE lower(sku) = lower(?)", (words,)
    ).scalar()
    if found is None:
        raise FieldError("sku", _("There is no SKU {code}.").format(code=words))
    return int(found)


def set_links(ws: Workspace, ticket_id: int, links: Links) -> ChangeSet:
    """Change what a ticket is about; one undoable step. FieldError, NotFound.

    What is not typed otherwise stays, also an order or a person that is no longer here.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT * FROM ticket WHERE id = ?", (ticket_id,)).first()
        if row is None:
            raise NotFound(_("This ticket is no longer here."))
        account = int(row.account_id)
        if links.contact_id != row.contact_id:
            check_contact(tx.connection, account, links.contact_id)
        cells: dict[str, object] = {
            "contact_id": links.contact_id,
            "product_id": _product(tx.connection, links.sku),
        }
        if not _says(tx.connection, "sales_order", row.order_uid, links.order_number):
            cells["order_uid"] = order_uid(tx.connection, account, links.order_number)
        if not _says(tx.connection, "return_request", row.return_request_uid, links.return_number):
            cells["return_request_uid"] = return_uid(tx.connection, account, links.return_number)
        changed = {name: value for name, value in cells.items() if row._mapping[name] != value}
        if not changed:
            return ChangeSet()
        pairs = ", ".join(f"{name} = ?" for name in changed)
        query = f"UPDATE ticket SET {pairs} WHERE id = ?"  # noqa: S608 - names are our own
        run(query, (*changed.values(), ticket_id))
    touched = {"ticket": frozenset({ticket_id}), "account": frozenset({account})}
    return ChangeSet(touched, undo=tx.txn)


def attach_to_ticket(
    ws: Workspace, ticket_id: int, source: Path | bytes, name: str = ""
) -> ChangeSet:
    """Keep a file or photo with a ticket. NotFound, UserError for what is not taken."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT uid, account_id FROM ticket WHERE id = ?", (ticket_id,)
        ).first()
    if row is None:
        raise NotFound(_("This ticket is no longer here."))
    shown = name or (source.name if isinstance(source, Path) else "")
    kind = attachments.PHOTO if shown.lower().endswith(_PICTURES) else attachments.FILE
    made = attachments.attach_file(
        ws, int(row.account_id), source, name=name, kind=kind, owner=("ticket", bytes(row.uid))
    )
    touched = {
        "ticket": frozenset({ticket_id}), "account": frozenset({int(row.account_id)}),
        "attachment": frozenset({made.attachment_id}),
    }  # fmt: skip
    return ChangeSet(touched)

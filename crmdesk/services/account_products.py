"""A customer's list of products: listed or not, the par level, the packaging usually taken.

Owns rows of ``account_product``. Forecasts follow from it in the same transaction.
"""

from __future__ import annotations

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

MOST_PAR = 10**9


def set_listed(ws: Workspace, account_id: int, product_id: int, *, listed: bool) -> ChangeSet:
    """Put a product on the customer's list, or take it off."""
    with ws.database.write() as tx:
        key = write_listed(tx.connection, account_id, product_id, listed=listed)
    return _changed(key, account_id, tx.txn)


def set_par_level(
    ws: Workspace, account_id: int, product_id: int, base_quantity: int | None
) -> ChangeSet:
    """How much the customer wants to have on the shelf, in base units; None takes it away.

    Raises FieldError for a level that cannot be.
    """
    if base_quantity is not None and not 0 < base_quantity <= MOST_PAR:
        raise FieldError("par_level", _("A par level is above zero."))
    with ws.database.write() as tx:
        key = _write(tx.connection, account_id, product_id, "par_level", base_quantity)
    return _changed(key, account_id, tx.txn)


def set_usual_packaging(
    ws: Workspace, account_id: int, product_id: int, packaging_id: int | None
) -> ChangeSet:
    """The packaging in which suggestions for this customer come; None leaves it to the habit.

    Raises FieldError for a packaging of another product.
    """
    with ws.database.write() as tx:
        if packaging_id is not None:
            found = tx.connection.exec_driver_sql(
                "SELECT 1 FROM packaging WHERE id = ? AND product_id = ? AND sellable",
                (packaging_id, product_id),
            ).first()
            if found is None:
                raise FieldError("packaging", _("This product is not sold in that pack."))
        key = _write(tx.connection, account_id, product_id, "usual_packaging_id", packaging_id)
    return _changed(key, account_id, tx.txn)


def write_listed(connection: Connection, account_id: int, product_id: int, *, listed: bool) -> int:
    """The same as :func:`set_listed` in an open transaction; returns the row's key."""
    return _write(connection, account_id, product_id, "listed", int(listed))


def _write(
    connection: Connection, account_id: int, product_id: int, column: str, value: int | None
) -> int:
    run = connection.exec_driver_sql
    row = run(
        f"SELECT id, {column} FROM account_product"  # noqa: S608 - own column names
        " WHERE account_id = ? AND product_id = ?",
        (account_id, product_id),
    ).first()
    if row is None:
        return int(
            run(
                f"INSERT INTO account_product (uid, account_id, product_id, {column})"  # noqa: S608
                " VALUES (?, ?, ?, ?) RETURNING id",
                (new_uid(), account_id, product_id, value),
            ).scalar_one()
        )
    if row[1] != value:
        run(
            f"UPDATE account_product SET {column} = ? WHERE id = ?",  # noqa: S608
            (value, row[0]),
        )
    return int(row[0])


def _changed(key: int, account_id: int, txn: int | None) -> ChangeSet:
    touched = {"account_product": frozenset({key}), "account": frozenset({account_id})}
    return ChangeSet(touched, undo=txn)

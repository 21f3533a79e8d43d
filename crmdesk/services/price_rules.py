"""Prices of single products by the office: rules of a price list, prices agreed with a customer.

One transaction each, journalled and undoable: nothing is deleted, what goes is closed, so that
orders of earlier days keep their prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, StaleRevision
from crmdesk.domain.ids import new_uid
from crmdesk.domain.price_change import MOST_E4
from crmdesk.domain.price_lists import ListStatus
from crmdesk.i18n import _
from crmdesk.services.company_policy import require_office
from crmdesk.services.price_lists import price_list_row
from crmdesk.services.workspace import Workspace

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RuleInput:
    """A price (1e-4 for the product's price unit) or a discount from a quantity of base units."""

    product_id: int
    minimum_quantity: int = 1
    price_e4: int | None = None
    discount_bp: int | None = None
    packaging_id: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None


def set_rule(ws: Workspace, list_id: int, rule: RuleInput, rule_id: int | None = None) -> ChangeSet:
    """Set a price or discount of a list; ``rule_id`` is the rule it takes the place of.

    In a list that is in force the old rule ends the day before the new one begins, so that orders
    of earlier days keep their prices; a draft is changed in place. FieldError says what is wrong.
    """
    require_office(ws)
    with ws.database.write() as tx:
        connection = tx.connection
        found = price_list_row(connection, list_id)
        checked = _checked(connection, rule)
        old = None if rule_id is None else _rule(connection, list_id, rule_id)
        if found.status == ListStatus.DRAFT:
            _write_rule(connection, list_id, checked, rule_id)
        else:
            start = rule.valid_from or ws.today()
            if start < ws.today():
                raise FieldError("valid_from", _("Prices of days that have passed cannot change."))
            checked["valid_from"] = start.isoformat()
            if old is not None and (old.valid_from or "") < start.isoformat():
                _end_rule(connection, old.id, start - _ONE_DAY)
                rule_id = None
            _write_rule(connection, list_id, checked, rule_id)
    return ChangeSet.of("price_list", [list_id], undo=tx.txn)


def remove_rule(ws: Workspace, list_id: int, rule_id: int) -> ChangeSet:
    """Take a rule out of a list: it ends yesterday, or never begins."""
    require_office(ws)
    with ws.database.write() as tx:
        old = _rule(tx.connection, list_id, rule_id)
        last = ws.today() - _ONE_DAY
        if price_list_row(tx.connection, list_id).status == ListStatus.DRAFT:
            last = min(last, date.fromisoformat(old.valid_from or date.max.isoformat()) - _ONE_DAY)
        _end_rule(tx.connection, rule_id, last)
    return ChangeSet.of("price_list", [list_id], undo=tx.txn)


def set_account_price(
    ws: Workspace, account_id: int, rule: RuleInput, reason: str = ""
) -> ChangeSet:
    """Agree a price with a customer from a day on; one that held until then ends the day before."""
    require_office(ws)
    if rule.price_e4 is None:
        raise FieldError("price", _("An agreed price is a price, not a discount."))
    start = rule.valid_from or ws.today()
    with ws.database.write() as tx:
        connection = tx.connection
        if (
            connection.exec_driver_sql("SELECT 1 FROM account WHERE id = ?", (account_id,)).first()
            is None
        ):
            raise NotFound(_("This customer is no longer here."), _("Choose another one."))
        cells = _checked(connection, rule)
        same_day = (account_id, rule.product_id, cells["minimum_quantity"], start.isoformat())
        again = connection.exec_driver_sql(
            "UPDATE account_price SET price_e4 = ?, valid_to = ?, reason = ? WHERE account_id = ?"
            " AND product_id = ? AND minimum_quantity = ? AND valid_from = ? RETURNING id",
            (rule.price_e4, cells["valid_to"], reason.strip() or None, *same_day),
        ).all()
        if again:
            # Somebody has agreed another price from the same day on: there is one only.
            touched = {"account_price": frozenset(int(row.id) for row in again),
                       "account": frozenset({account_id})}  # fmt: skip
            return ChangeSet(touched, undo=tx.txn)
        connection.exec_driver_sql(
            "UPDATE account_price SET valid_to = ? WHERE account_id = ? AND product_id = ?"
            " AND minimum_quantity = ? AND coalesce(valid_from, '') < ?"
            " AND coalesce(valid_to, '9999') >= ?",
            ((start - _ONE_DAY).isoformat(), account_id, rule.product_id, rule.minimum_quantity,
             start.isoformat(), start.isoformat()),
        )  # fmt: skip
        connection.exec_driver_sql(
            "INSERT INTO account_price (uid, account_id, product_id, minimum_quantity, price_e4,"
            " valid_from, valid_to, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (new_uid(), account_id, rule.product_id, cells["minimum_quantity"], rule.price_e4,
             start.isoformat(), cells["valid_to"], reason.strip() or None),
        )  # fmt: skip
    return ChangeSet(
        {"account_price": frozenset(), "account": frozenset({account_id})}, undo=tx.txn
    )


def end_account_price(ws: Workspace, price_id: int, last: date) -> ChangeSet:
    """End an agreed price; ``last`` is the last day it holds."""
    require_office(ws)
    with ws.database.write() as tx:
        account = tx.connection.exec_driver_sql(
            "UPDATE account_price SET valid_to = ? WHERE id = ? RETURNING account_id",
            (last.isoformat(), price_id),
        ).scalar()
        if account is None:
            raise NotFound(_("This price is no longer here."))
    return ChangeSet({"account_price": frozenset({price_id}), "account": frozenset({int(account)})},
                     undo=tx.txn)  # fmt: skip


def _rule(connection: Connection, list_id: int, rule_id: int) -> Any:
    row = connection.exec_driver_sql(
        "SELECT * FROM price_rule WHERE id = ? AND price_list_id = ?", (rule_id, list_id)
    ).first()
    if row is None:
        raise StaleRevision(_("This price is no longer here."), _("Look at the list again."))
    return row


def _checked(connection: Connection, rule: RuleInput) -> dict[str, Any]:
    if (
        connection.exec_driver_sql("SELECT 1 FROM product WHERE id = ?", (rule.product_id,)).first()
        is None
    ):
        raise FieldError("product", _("This product is no longer here."))
    if (rule.price_e4 is None) == (rule.discount_bp is None):
        raise FieldError("price", _("Give a price or a discount, not both."))
    if rule.price_e4 is not None and not 0 <= rule.price_e4 <= MOST_E4:
        raise FieldError("price", _("This price is not possible."))
    if rule.discount_bp is not None and not 0 < rule.discount_bp <= 10_000:
        raise FieldError("price", _("A discount is above 0 and at most 100 %."))
    if not 1 <= rule.minimum_quantity <= 10**9:
        raise FieldError("minimum_quantity", _("A quantity is at least 1."))
    if rule.valid_from and rule.valid_to and rule.valid_to < rule.valid_from:
        raise FieldError("valid_to", _("It ends before it begins."))
    return {
        "product_id": rule.product_id, "packaging_id": rule.packaging_id,
        "minimum_quantity": rule.minimum_quantity, "price_e4": rule.price_e4,
        "discount_bp": rule.discount_bp, "valid_from": _iso(rule.valid_from),
        "valid_to": _iso(rule.valid_to),
    }  # fmt: skip


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _write_rule(
    connection: Connection, list_id: int, cells: dict[str, Any], rule_id: int | None
) -> None:
    if rule_id is not None:
        pairs = ", ".join(f"{name} = ?" for name in cells)
        connection.exec_driver_sql(
            f"UPDATE price_rule SET {pairs} WHERE id = ?",  # noqa: S608 - our own column names
            (*cells.values(), rule_id),
        )
        return
    names = ", ".join(cells)
    connection.exec_driver_sql(
        f"INSERT INTO price_rule (uid, price_list_id, {names})"  # noqa: S608
        f" VALUES (?, ?, {', '.join('?' * len(cells))})",
        (new_uid(), list_id, *cells.values()),
    )


def _end_rule(connection: Connection, rule_id: int, last: date) -> None:
    connection.exec_driver_sql(
        "UPDATE price_rule SET valid_to = ? WHERE id = ?", (last.isoformat(), rule_id)
    )

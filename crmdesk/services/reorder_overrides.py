"""What a person says against a suggestion: not now, another quantity, not listed, substituted.

Owns rows of ``reorder_override`` and what goes with them in the customer's list of products. What
each kind means is :mod:`crmdesk.domain.reorder_overrides`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.reorder_overrides import OverrideKind
from crmdesk.i18n import _
from crmdesk.services.account_products import write_listed
from crmdesk.services.workspace import Workspace

_MOST_BASE = 10**12


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a SKU of a customer, and why in words.

    ``until`` None is for good; ``base_quantity`` in base units for another quantity;
    ``substitute_id`` the product that is bought instead.
    """

    kind: OverrideKind
    reason: str
    until: date | None = None
    base_quantity: int | None = None
    substitute_id: int | None = None


def override_suggestion(ws: Workspace, account_id: int, product_id: int, said: Said) -> ChangeSet:
    """Keep what a person said of a suggestion; one step, which undo takes back whole.

    A SKU that is no longer listed or was substituted also leaves the customer's list of products;
    its substitute joins it. Raises FieldError for no reason, no quantity or no other product.
    """
    _check(product_id, said)
    with ws.database.write() as tx:
        key = _insert(tx.connection, ws, account_id, product_id, said)
        touched = {"reorder_override": {key}, "account": {account_id}}
        if said.kind in (OverrideKind.DELISTED, OverrideKind.SUBSTITUTED):
            listed = {write_listed(tx.connection, account_id, product_id, listed=False)}
            if said.substitute_id is not None:
                listed.add(write_listed(tx.connection, account_id, said.substitute_id, listed=True))
            touched["account_product"] = listed
    return ChangeSet({name: frozenset(keys) for name, keys in touched.items()}, undo=tx.txn)


def _check(product_id: int, said: Said) -> None:
    if not said.reason.strip():
        raise FieldError("reason", _("Say why, so that the forecast can learn from it."))
    quantity = said.base_quantity
    if said.kind is OverrideKind.QUANTITY and (quantity is None or not 0 < quantity <= _MOST_BASE):
        raise FieldError("base_quantity", _("Say how much it will be instead."))
    if said.kind is OverrideKind.SUBSTITUTED and said.substitute_id in (None, product_id):
        raise FieldError("substitute", _("Choose the other product that is bought instead."))


def _insert(
    connection: Connection, ws: Workspace, account_id: int, product_id: int, said: Said
) -> int:
    return int(
        connection.exec_driver_sql(
            "INSERT INTO reorder_override (uid, account_id, product_id, user_id, kind, reason,"
            " base_quantity, substitute_id, until, made_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " RETURNING id",
            (
                new_uid(), account_id, product_id, ws.user.id, said.kind.value,
                said.reason.strip(), said.base_quantity, said.substitute_id,
                None if said.until is None else said.until.isoformat(), ws.today().isoformat(),
            ),
        ).scalar_one()
    )  # fmt: skip

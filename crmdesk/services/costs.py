"""What goods cost the company, version by version: a new cost from a day on, one or many.

Orders and sales keep the cost that held on their day; a new version changes later ones only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.price_change import MOST_E4, PriceChange
from crmdesk.i18n import _
from crmdesk.services.company_policy import require_office
from crmdesk.services.price_lists import categories_below
from crmdesk.services.workspace import Workspace


def set_cost(ws: Workspace, product_id: int, cost_e4: int, start: date) -> ChangeSet:
    """What a product costs (1e-4, for its price unit) from a day on.

    FieldError for an impossible cost, a day that has passed, or an unknown product.
    """
    require_office(ws)
    _check(ws, cost_e4, start)
    with ws.database.write() as tx:
        known = tx.connection.exec_driver_sql(
            "SELECT 1 FROM product WHERE id = ?", (product_id,)
        ).first()
        if known is None:
            raise FieldError("product", _("This product is no longer here."))
        key = write_cost(tx.connection, product_id, cost_e4, start)
    return ChangeSet({"cost_version": frozenset({key}), "product": frozenset({product_id})},
                     undo=tx.txn)  # fmt: skip


def change_costs(
    ws: Workspace, change: PriceChange, start: date, categories: Sequence[int] = ()
) -> ChangeSet:
    """New versions of all known costs, or of those of some categories, from a day on."""
    require_office(ws)
    _check(ws, 0, start)
    if change.is_nothing:
        return ChangeSet()
    with ws.database.write() as tx:
        wanted = categories_below(tx.connection, categories)
        rows = tx.connection.exec_driver_sql(
            "SELECT p.id, p.category_id, (SELECT c.cost_e4 FROM cost_version c"
            " WHERE c.product_id = p.id AND c.valid_from <= ? ORDER BY c.valid_from DESC,"
            " c.cost_e4 DESC LIMIT 1) FROM product p WHERE p.status = 'active'",
            (start.isoformat(),),
        ).all()
        keys = [
            write_cost(tx.connection, product, change.of(cost), start)
            for product, category, cost in rows
            if cost and (not categories or category in wanted)
        ]
    return ChangeSet.of("cost_version", keys, undo=tx.txn)


def write_cost(connection: Connection, product_id: int, cost_e4: int, start: date) -> int:
    """One version; of the same day there is only one. Returns its id."""
    run = connection.exec_driver_sql
    found = run(
        "SELECT id FROM cost_version WHERE product_id = ? AND valid_from = ?",
        (product_id, start.isoformat()),
    ).scalar()
    if found is not None:
        run("UPDATE cost_version SET cost_e4 = ? WHERE id = ?", (cost_e4, found))
        return int(found)
    made = run(
        "INSERT INTO cost_version (uid, product_id, cost_e4, valid_from) VALUES (?, ?, ?, ?)"
        " RETURNING id",
        (new_uid(), product_id, cost_e4, start.isoformat()),
    ).scalar_one()
    return int(made)


def _check(ws: Workspace, cost_e4: int, start: date) -> None:
    if not 0 <= cost_e4 <= MOST_E4:
        raise FieldError("cost", _("This cost is not possible."))
    if start < ws.today():
        raise FieldError("valid_from", _("Costs of days that have passed cannot change."))

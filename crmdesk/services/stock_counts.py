"""What stands on the customer's shelf: counted in a visit, in base units of the product.

Owns the rows of ``visit_task`` that are counts. A count is a fact of a visit or call: without one
of today it has nobody who saw the shelf.
"""

from __future__ import annotations

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

MOST_COUNTED = 10**9


def count_stock(ws: Workspace, account_id: int, product_id: int, base_quantity: int) -> ChangeSet:
    """Keep how much of a product stands at the customer now; counting again corrects it.

    It belongs to today's visit or call of this person. Raises FieldError for a count that cannot
    be, UserError when there was no visit or call today.
    """
    if not 0 <= base_quantity <= MOST_COUNTED:
        raise FieldError("counted", _("A count is zero or more."))
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        visit = run(
            "SELECT id FROM visit WHERE account_id = ? AND user_id = ? AND date = ?"
            " ORDER BY ended_at IS NULL DESC, id DESC LIMIT 1",
            (account_id, ws.user.id, ws.today().isoformat()),
        ).scalar()
        if visit is None:
            raise UserError(
                _("A count belongs to a visit or a call, and there was none today."),
                _("Start the visit with Space, or log the call with L, and count then."),
                code="no-visit",
            )
        key = run(
            "SELECT id FROM visit_task WHERE visit_id = ? AND product_id = ?"
            " AND kind = 'shelf' AND counted IS NOT NULL ORDER BY id LIMIT 1",
            (visit, product_id),
        ).scalar()
        if key is None:
            key = run(
                "INSERT INTO visit_task (uid, account_id, visit_id, kind, name, product_id,"
                " counted, position) SELECT ?, ?, ?, 'shelf', name, id, ?, (SELECT"
                " coalesce(max(position), 0) + 1 FROM visit_task WHERE visit_id = ?)"
                " FROM product WHERE id = ? RETURNING id",
                (new_uid(), account_id, visit, base_quantity, visit, product_id),
            ).scalar_one()
        else:
            run("UPDATE visit_task SET counted = ? WHERE id = ?", (base_quantity, key))
    touched = {"visit_task": frozenset({int(key)}), "account": frozenset({account_id})}
    return ChangeSet(touched, undo=tx.txn)

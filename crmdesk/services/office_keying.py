"""Keying an order in the name of a rep: by phone at the office, for any customer.

The order is the rep's: it counts for them and they see it after their next sync; ``entered_by``
says who took it. Lines and submitting are those of every order (:mod:`crmdesk.services.orders`).
"""

from __future__ import annotations

from sqlalchemy import Connection

from crmdesk.domain.errors import NotFound
from crmdesk.i18n import _
from crmdesk.services.office_orders import check_office
from crmdesk.services.orders import Started, start_order
from crmdesk.services.workspace import Workspace


def start_for_rep(
    ws: Workspace, account_id: int, *, rep_id: int | None = None, suggested: bool = False
) -> Started:
    """Start a draft for a customer in the name of a rep: the one given, or the customer's own.

    A customer whose territory nobody has today is the office's own: the order is in the name of
    whoever keys it. UserError for a rep.
    """
    check_office(ws)
    started = start_order(ws, account_id, suggested=suggested)
    with ws.database.write() as tx:
        rep = rep_id
        if rep is None:
            rep = rep_of(tx.connection, account_id, ws.today().isoformat()) or ws.user.id
        elif (
            tx.connection.exec_driver_sql("SELECT 1 FROM app_user WHERE id = ?", (rep,)).first()
            is None
        ):
            raise NotFound(_("This person is not here."), _("Choose another one."))
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET user_id = ?, entered_by_id = ? WHERE id = ?"
            " AND status = 'draft'",
            (rep, ws.user.id, started.order_id),
        )
    return started


def rep_of(connection: Connection, account_id: int, day: str) -> int | None:
    """The rep whose customer it is on a day: who has its territory, a stand-in before the usual."""
    found = connection.exec_driver_sql(
        "SELECT m.user_id FROM account a JOIN territory_user m ON m.territory_id = a.territory_id"
        " JOIN app_user u ON u.id = m.user_id WHERE a.id = ? AND u.active"
        " AND (m.valid_from IS NULL OR m.valid_from <= ?)"
        " AND (m.valid_to IS NULL OR m.valid_to >= ?)"
        " ORDER BY m.valid_to IS NULL, u.role <> 'rep', m.id LIMIT 1",
        (account_id, day, day),
    ).scalar()
    return None if found is None else int(found)

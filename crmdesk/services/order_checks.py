"""What stands in the way of submitting an order: no lines, no price, below cost, minimum, credit.

Owns reading what the limits of an order are held against. The limits are
:mod:`crmdesk.domain.order_limits`'.
"""

from __future__ import annotations

from sqlalchemy import Connection

from crmdesk.domain.errors import UserError
from crmdesk.domain.order_limits import below_minimum_minor
from crmdesk.domain.policy import BelowCost
from crmdesk.i18n import _, format_money
from crmdesk.services.credit import credit_of
from crmdesk.services.document_lines import ORDER_LINES
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.workspace import Workspace

_LOSING = (
    "SELECT p.name FROM order_line l JOIN product p ON p.id = l.product_id WHERE l.parent_id = ?"
    " AND l.net_minor < l.cost_minor AND NOT (l.base_quantity > 0 AND l.base_quantity <="
    " coalesce((SELECT sum(json_extract(r.value, '$.free')) FROM json_each(coalesce("
    "json_extract(l.price_reason, '$.parts'), json_array(l.price_reason))) r), 0))"
    " ORDER BY l.position LIMIT 1"
)


def check_submittable(
    connection: Connection, ws: Workspace, order_id: int, account_id: int
) -> None:
    """Raise UserError, saying what to do, for an order that cannot be submitted."""
    run = connection.exec_driver_sql
    lines, net = run(
        "SELECT (SELECT count(*) FROM order_line WHERE parent_id = o.id), o.net_minor"
        " FROM sales_order o WHERE o.id = ?",
        (order_id,),
    ).one()
    if lines == 0:
        raise UserError(_("This order has no lines."), _("Add a product with A."))
    _check_priced(connection, order_id)
    _check_cost(connection, order_id)
    minimum = run(
        "SELECT coalesce(a.minimum_order_minor, (SELECT minimum_order_minor FROM organisation"
        " LIMIT 1), 0) FROM account a WHERE a.id = ?",
        (account_id,),
    ).scalar_one()
    missing = below_minimum_minor(net, minimum)
    if missing:
        raise UserError(
            _("This order is {amount} below the minimum of {minimum}.").format(
                amount=format_money(missing, ws.currency),
                minimum=format_money(minimum, ws.currency),
            ),
            _("Add something, or agree an exception with the office."),
        )
    credit = credit_of(connection, ws, order_id)
    if credit.check.blocks:
        raise UserError(
            credit.sentence(ws.currency),
            _("Collect first, or ask the office to raise the credit limit."),
            code="credit",
        )


def _check_priced(connection: Connection, order_id: int) -> None:
    unpriced = ORDER_LINES.unpriced(connection, order_id)
    if unpriced is not None:
        raise UserError(
            _("{product} has no price, so this order cannot be submitted.").format(
                product=unpriced
            ),
            _("Take it off, or have its price added: crmdesk import prices FILE."),
            code="no-price",
        )


def _check_cost(connection: Connection, order_id: int) -> None:
    if policy_in(connection).below_cost is not BelowCost.BLOCK:
        return
    losing = connection.exec_driver_sql(_LOSING, (order_id,)).scalar()
    if losing is not None:
        raise UserError(
            _("{product} brings less than it costs.").format(product=losing),
            _("Take it off, change its quantity, or ask the office for a price."),
            code="below-cost",
        )

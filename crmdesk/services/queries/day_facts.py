"""Small facts of a day's work, for whoever checks that it was done: the tour and tests."""

from __future__ import annotations

from sqlalchemy import func, select

from crmdesk.services.workspace import Workspace
from crmdesk.storage.tables import table

_order, _line, _plan = table("order").c, table("order_line").c, table("planned_visit").c


def draft_lines_today(ws: Workspace) -> list[tuple[int, int, int]]:
    """(order, product, packs) of the drafts begun today."""
    query = (
        select(_order.id, _line.product_id, _line.quantity)
        .join_from(table("order"), table("order_line"), _line.parent_id == _order.id)
        .where(_order.status == "draft", _order.order_date == ws.today())
        .order_by(_order.id, _line.position)
    )
    with ws.database.read() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def drafts_today(ws: Workspace) -> int:
    """How many drafts were begun today and not yet submitted."""
    query = select(func.count()).where(_order.status == "draft", _order.order_date == ws.today())
    with ws.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def planned_ahead(ws: Workspace) -> int:
    """Visits of this user that are planned after today."""
    query = select(func.count()).where(
        _plan.user_id == ws.user.id, _plan.status == "planned", _plan.date > ws.today()
    )
    with ws.database.read() as connection:
        return int(connection.execute(query).scalar_one())

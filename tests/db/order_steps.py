"""Orders that have prices, for tests that go on from there."""

from __future__ import annotations

import pytest

from crmdesk.services import orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.workspace import Workspace
from tests.db.files import ask, put


@pytest.fixture
def priced(ws: Workspace) -> list[int]:
    """Products with a price, cheapest first."""
    rows = ask(
        ws,
        "SELECT r.product_id FROM price_rule r JOIN product p ON p.id = r.product_id"
        " WHERE r.price_e4 > 0 AND p.status = 'active' GROUP BY 1 ORDER BY min(r.price_e4)",
    )
    return [row[0] for row in rows]


def submitted(ws: Workspace, product: int, account: int = 1) -> int:
    put(ws, "UPDATE account SET minimum_order_minor = 0, credit_mode = 'none'")
    order = orders.start_order(ws, account, suggested=False).order_id
    orders.set_line(ws, order, LineInput(product, None, 10))
    orders.submit_order(ws, order)
    return order

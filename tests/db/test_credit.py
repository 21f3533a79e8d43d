"""A credit limit when an order is submitted: hard, soft or none, to the cent and as of its day."""

from __future__ import annotations

from datetime import date

import pytest

from crmdesk.domain.errors import UserError
from crmdesk.gui.views.order.side_words import credit_state
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import format_date, format_money
from crmdesk.services import orders
from crmdesk.services.debts import read_debts
from crmdesk.services.document_lines import LineInput
from crmdesk.services.queries.order import order_sheet
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile
from crmdesk.sync import facts
from tests.db.files import ask, put
from tests.db.order_steps import priced, submitted

__all__ = ["priced"]


def _nothing_ordered(ws: Workspace) -> None:
    put(ws, "UPDATE sales_order SET status = 'invoiced' WHERE status <> 'draft'")


def test_a_hard_credit_limit_holds_to_the_cent(ws: Workspace, priced: list[int]) -> None:
    _nothing_ordered(ws)
    order = orders.start_order(ws, 1, suggested=False).order_id
    orders.set_line(ws, order, LineInput(priced[0], None, 10))
    ((total,),) = ask(ws, "SELECT total_minor FROM sales_order WHERE id = ?", order)
    with ws.database.read() as connection:
        owed = read_debts(connection, 1).left_minor
    limit = "UPDATE account SET minimum_order_minor = 0, credit_limit_minor = ?, credit_mode = ?"
    put(ws, limit, owed + total - 1, "hard")
    with pytest.raises(UserError) as refused:
        orders.submit_order(ws, order)
    amounts = [format_money(amount, ws.currency) for amount in (owed, owed + total - 1, 1)]
    assert refused.value.code == "credit"
    assert all(amount in refused.value.message for amount in amounts)
    assert format_date(ws.today()) in refused.value.message
    put(ws, limit, owed + total, "hard")
    orders.submit_order(ws, order)


def test_what_was_ordered_counts_against_a_hard_limit_a_soft_one_only_warns(
    ws: Workspace, priced: list[int]
) -> None:
    _nothing_ordered(ws)
    with ws.database.maintenance() as connection:
        profile.set_fact(connection, facts.LAST_SYNC, "2026-11-20T08:00:00.000Z")
    first = submitted(ws, priced[0])
    ((total,),) = ask(ws, "SELECT total_minor FROM sales_order WHERE id = ?", first)
    with ws.database.read() as connection:
        owed = read_debts(connection, 1).left_minor
    put(ws, "UPDATE sales_order SET order_date = date(order_date, '-1 day') WHERE id = ?", first)
    second = orders.start_order(ws, 1, suggested=False).order_id
    orders.set_line(ws, second, LineInput(priced[0], None, 10))
    limit = "UPDATE account SET credit_limit_minor = ?, credit_mode = ? WHERE id = 1"
    put(ws, limit, owed + 2 * total - 1, "hard")
    with pytest.raises(UserError, match="has ordered") as refused:
        orders.submit_order(ws, second)
    assert format_money(total, ws.currency) in refused.value.message
    assert format_date(date(2026, 11, 20)) in refused.value.message
    put(ws, limit, 0, "soft")
    assert credit_state(order_sheet(ws, second)).tone is Tone.WARNING
    orders.submit_order(ws, second)
    put(ws, limit, 0, "none")
    assert credit_state(order_sheet(ws, second)).tone is Tone.MUTED

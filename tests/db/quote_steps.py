"""Steps and questions that the tests of quotes share."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from crmdesk.services import quotes
from crmdesk.services.document_lines import LineInput
from crmdesk.services.quote_follow_ups import FollowUpInput, FollowUpMode, FollowUpResult
from crmdesk.services.workspace import Workspace
from tests.db.files import ask

ACCOUNT = 1


def one(ws: Workspace, query: str, *values: object) -> Any:
    return ask(ws, query, *values)[0][0]


def status(ws: Workspace, quote_id: int) -> str:
    return str(one(ws, "SELECT status FROM quote WHERE id = ?", quote_id))


def priced_products(ws: Workspace) -> list[int]:
    rows = ask(
        ws, "SELECT DISTINCT r.product_id FROM price_rule r JOIN product p ON p.id = r.product_id"
        " WHERE r.price_e4 > 0 AND p.status = 'active' ORDER BY 1 LIMIT 5"
    )  # fmt: skip
    return [row[0] for row in rows]


def make_draft(ws: Workspace, products: list[int]) -> int:
    quote = quotes.start_quote(ws, ACCOUNT, title="Terrace").quote_id
    for product in products:
        quotes.set_line(ws, quote, LineInput(product, None, 12))
    return quote


def lost_reason(ws: Workspace, kind: str = "quote_lost") -> int:
    return int(one(ws, "SELECT min(id) FROM outcome_reason WHERE kind = ?", kind))


def tomorrow(ws: Workspace, days: int = 1) -> date:
    return ws.today() + timedelta(days=days)


def follow_up(ws: Workspace, next_on: date) -> FollowUpInput:
    return FollowUpInput(FollowUpMode.CALL, FollowUpResult.THINKING, next_on, "asks the owner")

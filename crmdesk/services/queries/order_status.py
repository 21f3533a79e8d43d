"""What became of a submitted order: whether HQ has it, what the office changed, its invoice.

Owns reading the answer side of an order. The words are the places'.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.clock import parse_instant


@dataclass(frozen=True, slots=True)
class Alteration:
    """A change by the office: who, when, why, and the documents before and after as stored."""

    at: datetime
    by: str
    reason: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """The invoice of an order; amounts in minor units."""

    number: str
    day: date
    total_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class HqState:
    """``known`` once HQ has taken the order; ``entered_by`` names who keyed it for the rep."""

    submitted_at: datetime | None
    known: bool
    entered_by: str
    alterations: tuple[Alteration, ...]
    invoices: tuple[InvoiceRow, ...]


def hq_state(connection: Connection, order_id: int) -> HqState | None:
    """The state of a submitted order; None for a draft."""
    run = connection.exec_driver_sql
    row = run(
        "SELECT o.submitted_at, o.rev, o.uid, u.name, o.status FROM sales_order o"
        " LEFT JOIN app_user u ON u.id = o.entered_by_id AND u.id IS NOT o.user_id WHERE o.id = ?",
        (order_id,),
    ).first()
    if row is None or row[4] == "draft":
        return None
    alterations = tuple(
        Alteration(
            parse_instant(at), name or "", reason, _document(before), _document(after)
        )
        for at, name, reason, before, after in run(
            "SELECT a.at, u.name, a.reason, a.before, a.after FROM order_alteration a"
            " LEFT JOIN app_user u ON u.id = a.user_id WHERE a.order_id = ? ORDER BY a.at, a.id",
            (order_id,),
        )
    )  # fmt: skip
    invoices = tuple(
        InvoiceRow(number, date.fromisoformat(day), total, left)
        for number, day, total, left in run(
            "SELECT number, date, total_minor, open_minor FROM invoice WHERE order_uid = ?"
            " ORDER BY date, number",
            (row[2],),
        )
    )
    submitted = parse_instant(row[0]) if row[0] else None
    return HqState(submitted, row[1] > 0, row[3] or "", alterations, invoices)


def _document(text: str | None) -> Mapping[str, Any]:
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {"lines": found}

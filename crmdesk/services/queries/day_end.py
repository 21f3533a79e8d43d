"""The end of a rep's day: what was collected since the last sheet, by method and receipt.

Owns everything the place, the command line and the printed sheet show. Closing a sheet is
:mod:`crmdesk.services.day_sheets`'.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.domain.clock import parse_instant
from crmdesk.domain.collecting import Takings
from crmdesk.services.day_sheets import Taken, on_sheet, sums_of

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST_SHEETS = 15


@dataclass(frozen=True, slots=True)
class TakenRow:
    """A receipt on the sheet: when, from whom, how, how much (minor units)."""

    number: str
    at: datetime
    account_id: int
    customer: str
    method: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A closed sheet; ``difference_minor`` is cash over (or short of) its receipts.

    ``received_by`` names who has taken the money over in the office.
    """

    id: int
    day: date
    closed_at: datetime
    methods: Mapping[str, Takings]
    counted_minor: int
    difference_minor: int
    note: str
    received_by: str


@dataclass(frozen=True, slots=True)
class DayEnd:
    """What is to be handed over, and the sheets before."""

    day: date
    person: str
    currency: str
    taken: tuple[TakenRow, ...]
    methods: Mapping[str, Takings]
    cash_minor: int
    closed_today: SheetRow | None
    sheets: tuple[SheetRow, ...]


def day_end(ws: Workspace) -> DayEnd:
    """Everything about the end of this person's day."""
    today = ws.today()
    with ws.database.read() as connection:
        taken = on_sheet(connection, ws.user.id, today)
        sheets = _sheets(connection, ws.user.id)
        names = {
            int(key): str(name)
            for key, name in connection.exec_driver_sql(
                "SELECT id, name FROM account WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(sorted({row.account_id for row in taken})),),
            )
        }
    methods = sums_of(taken)
    cash = methods.get("cash")
    return DayEnd(
        today, ws.user.name, ws.currency, _rows(taken, names), methods,
        cash.amount_minor if cash is not None else 0,
        next((sheet for sheet in sheets if sheet.day == today), None), sheets,
    )  # fmt: skip


def _rows(taken: tuple[Taken, ...], names: Mapping[int, str]) -> tuple[TakenRow, ...]:
    """One row per receipt: what its invoices got together."""
    found: dict[str, TakenRow] = {}
    for row in taken:
        key = row.number or str(row.id)
        amount = row.amount_minor + (found[key].amount_minor if key in found else 0)
        found[key] = TakenRow(
            row.number, parse_instant(row.at), row.account_id, names.get(row.account_id, ""),
            row.method, amount,
        )  # fmt: skip
    return tuple(found.values())


def _sheets(connection: Connection, user_id: int) -> tuple[SheetRow, ...]:
    rows = connection.exec_driver_sql(
        "SELECT d.id, d.date, d.closed_at, d.totals, d.counted_minor, d.note, u.name"
        " FROM day_sheet d LEFT JOIN app_user u ON u.id = d.received_by_id WHERE d.user_id = ?"
        " ORDER BY d.date DESC LIMIT ?",
        (user_id, MOST_SHEETS),
    )
    found = []
    for key, day, closed, totals, counted, note, by in rows:
        methods = _methods(totals)
        cash = methods.get("cash")
        found.append(
            SheetRow(
                key, date.fromisoformat(day), parse_instant(closed), methods, counted,
                counted - (cash.amount_minor if cash is not None else 0), note or "", by or "",
            )
        )  # fmt: skip
    return tuple(found)


def _methods(text: str | None) -> dict[str, Takings]:
    document = json.loads(text) if text else {}
    methods = document.get("methods") if isinstance(document, dict) else None
    if not isinstance(methods, dict):
        return {}
    return {
        str(name): Takings(int(one.get("count", 0)), int(one.get("amount_minor", 0)))
        for name, one in methods.items()
        if isinstance(one, dict)
    }

"""What a list must show, told slowly: every row read, every condition in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crmdesk.services.queries.lists import asking, reading
from crmdesk.services.queries.lists.conditions import Condition, ListQuery, Op
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListRow, ListSpec
from crmdesk.services.workspace import Workspace
from crmdesk.storage.spelling import folded_text


def everything(ws: Workspace, spec: ListSpec, query: ListQuery) -> list[int]:
    page = reading.first_page(ws, spec, query, size=7)
    keys, after = list(page.keys), page.after
    while after is not None:
        page = reading.following(ws, spec, query, after, 50)
        keys, after = keys + page.keys, page.after
    return keys


def values_of(column: ListColumn, rows: list[ListRow]) -> list[Any]:
    """Values that conditions can meet: some that rows have, and one they do not."""
    some = [row.values[column.key] for row in rows if row.values[column.key] is not None][:3]
    if column.kind in (Kind.MONEY, Kind.NUMBER):
        return [*(int(one) for one in some), 0, 12_345]
    if column.kind is Kind.DAY:
        return [*some, "2026-11-01"]
    return [*some, *(str(one)[:3] for one in some), "nobody has this"]


def holds(column: ListColumn, condition: Condition, value: Any, today: date) -> bool:
    """The same condition in plain Python."""
    op, wanted = condition.op, condition.value
    if op is Op.EMPTY:
        return value in (None, "")
    if op is Op.FILLED:
        return value not in (None, "")
    if column.kind in (Kind.MONEY, Kind.NUMBER):
        have = value or 0
        assert isinstance(wanted, int)
        return {Op.LEAST: have >= wanted, Op.MOST: have <= wanted, Op.IS: have == wanted}[op]
    if column.yearly and op in (Op.PAST, Op.NOT_PAST, Op.AHEAD):
        assert isinstance(wanted, int)
        days = range(wanted + 1)
        near = [today + timedelta(n if op is Op.AHEAD else -n) for n in days]
        return (value is not None and _comes_on(value, near)) is (op is not Op.NOT_PAST)
    if column.kind is Kind.DAY:
        if op in (Op.PAST, Op.NOT_PAST, Op.AHEAD):
            assert isinstance(wanted, int)
            if op is Op.NOT_PAST:
                return value is None or value < (today - timedelta(wanted)).isoformat()
            first = today - timedelta(wanted) if op is Op.PAST else today
            last = today if op is Op.PAST else today + timedelta(wanted)
            return value is not None and first.isoformat() <= value <= last.isoformat()
        if value is None:
            return False
        return {Op.BEFORE: value < wanted, Op.AFTER: value > wanted, Op.ON: value == wanted}[op]
    have = str(value or "")
    asked = str(wanted)
    if column.kind is Kind.TEXT:
        have, asked = str(folded_text(have)), str(folded_text(asked))
    if op is Op.CONTAINS:
        return value is not None and asked in have
    return (have == asked) is (op is Op.IS)


def _comes_on(born: str, days: Sequence[date]) -> bool:
    """Whether a birthday is on one of the days; that of 29 February on the 28th without one."""
    month, day = int(born[5:7]), int(born[8:10])
    for one in days:
        leap = (one.replace(month=2, day=28) + timedelta(1)).month == 2
        kept = 28 if (month, day) == (2, 29) and not leap else day
        if (one.month, one.day) == (month, kept):
            return True
    return False


def places_of(ws: Workspace, spec: ListSpec, column: ListColumn) -> dict[int, tuple[Any, ...]]:
    """Where each row belongs in an order, told by one plain statement: value, owner, id."""
    value = column.stored if column.order is None else column.order
    owner = spec.id if column.via is None else column.via
    with ws.database.read() as connection:
        rows = connection.execute(
            select(spec.id, value, owner).select_from(spec.source).where(*spec.where(ws))
        ).all()
    places = {}
    for key, held, whose in rows:
        known = held or (0 if column.kind in (Kind.MONEY, Kind.NUMBER) else "")
        if column.kind is Kind.TEXT and column.sortable:
            # As SQLite folds: the letters of ASCII only.
            known = "".join(one.lower() if one.isascii() else one for one in known)
        places[key] = (known, key) if column.via is None else (known, whose or 0, key)
    return places


def walk_little(monkeypatch: pytest.MonkeyPatch, walked: int, short: int) -> None:
    """Small numbers in place of the large ones of long lists; lists up to ``short`` are short."""
    for module, name, value in (
        (reading, "_SLICE", 8), (reading, "_WALKED_FIRST", walked),
        (reading, "_WALKED_LATER", walked), (reading, "_WALKED_SHORT", 8),
        (reading, "_SHORT", short), (asking, "_FEW", 12), (asking, "_FEW_ROWS", 40),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)

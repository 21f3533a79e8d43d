"""How good the reorder forecast has been lately, for the board's heading.

Owns comparing forecasts as of past days with what was bought afterwards. It takes about a second
per hundred thousand sale lines, so it is read last and left out for very long histories.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

DAYS = 90
_HORIZON = 14
_CALL_DAYS = 7
_CALL_SHARE = 0.05
_AT_LEAST = 20
_MOST_LINES = 400_000
_sale, _line = table("sale"), table("sale_line")


@dataclass(frozen=True, slots=True)
class BoardAccuracy:
    """Of pairs shown between `low` and `high`, the share that bought; of the call list too.

    `low`, `high`, `came_true` and `called_bought` are shares of one; `pairs` were compared.
    """

    days: int
    low: float
    high: float
    came_true: float
    called_bought: float
    pairs: int


@dataclass(slots=True)
class _Told:
    """What one forecast said, and what came of it: probabilities beside zero or one."""

    fortnight: list[tuple[float, bool]]
    week: list[tuple[float, bool]]


def board_accuracy(ws: Workspace) -> BoardAccuracy | None:
    """The last 90 days; None with too short or too long a history to say."""
    today = ws.today()
    told = _Told([], [])
    called: list[bool] = []
    with ws.database.read() as connection:
        if connection.execute(select(func.count()).select_from(_line)).scalar_one() > _MOST_LINES:
            return None
        for back in range(_HORIZON, DAYS, 30):
            before = len(told.week)
            _compare(connection, today - timedelta(days=back), told)
            listed = sorted(told.week[before:], reverse=True)
            called += [bought for _p, bought in listed[: max(1, int(len(listed) * _CALL_SHARE))]]
    band = _best_band(told.fortnight)
    if band is None or len(called) < _AT_LEAST // 2:
        return None
    low, outcomes = band
    return BoardAccuracy(
        days=DAYS,
        low=low,
        high=low + 0.1,
        came_true=sum(outcomes) / len(outcomes),
        called_bought=sum(called) / len(called),
        pairs=len(told.fortnight),
    )


def _compare(connection: Connection, day: date, told: _Told) -> None:
    # Imported here because the forecast brings numpy, which start-up must not wait for.
    from crmdesk.storage.forecasts import rows_as_of

    fortnight = _bought(connection, day, _HORIZON)
    week = _bought(connection, day, _CALL_DAYS)
    for row in rows_as_of(connection, day):
        if row.state == "new":
            continue
        pair = (row.account_id, row.product_id)
        told.fortnight.append((row.p_14, pair in fortnight))
        told.week.append((row.p_7, pair in week))


def _bought(connection: Connection, day: date, days: int) -> set[tuple[int, int]]:
    query = (
        select(_sale.c.account_id, _line.c.product_id)
        .select_from(_sale.join(_line, _line.c.parent_id == _sale.c.id))
        .where(
            _sale.c.date > day,
            _sale.c.date <= day + timedelta(days=days),
            _line.c.base_quantity > 0,
        )
        .distinct()
    )
    return {(account, product) for account, product in connection.execute(query)}


def _best_band(told: list[tuple[float, bool]]) -> tuple[float, list[bool]] | None:
    """The tenth from 60 % on if it was shown often enough, else the fullest one from 30 % on."""
    bands: dict[int, list[bool]] = {}
    for probability, bought in told:
        bands.setdefault(min(9, int(probability * 10)), []).append(bought)
    shown = {tenth: outcomes for tenth, outcomes in bands.items() if len(outcomes) >= _AT_LEAST}
    if 6 in shown:
        return 0.6, shown[6]
    likely = {tenth: outcomes for tenth, outcomes in shown.items() if tenth >= 3}
    if not likely:
        return None
    tenth = max(likely, key=lambda each: len(likely[each]))
    return tenth / 10, likely[tenth]

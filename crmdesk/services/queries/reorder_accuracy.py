"""How good the reorder forecast has been lately, for the board's heading.

Owns comparing forecasts as of past days with what was bought afterwards. It takes some seconds per
hundred thousand sale lines, so it is made once a day, kept in the profile, and left out for very
long histories.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from crmdesk.storage import profile
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.analytics.reorder import SaleLines
    from crmdesk.services.workspace import Workspace

DAYS = 90
_HORIZON = 14
_CALL_DAYS = 7
_CALL_SHARE = 0.05
_AT_LEAST = 20
_CUTOFFS = (14, 59)  # days back; each has its two weeks within the last ninety days
_FACT = "reorder.accuracy"
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
    """The last 90 days as of today; None with too short or too long a history to say."""
    today = ws.today().isoformat()
    with ws.database.read() as connection:
        kept = json.loads(profile.get_fact(connection, _FACT) or "{}")
    if kept.get("as_of") != today:
        made = _measure(ws)
        kept = {"as_of": today, "found": None if made is None else asdict(made)}
        with ws.database.maintenance() as connection:
            profile.set_fact(connection, _FACT, json.dumps(kept))
    return None if kept["found"] is None else BoardAccuracy(**kept["found"])


def _measure(ws: Workspace) -> BoardAccuracy | None:
    today = ws.today()
    told = _Told([], [])
    called: list[bool] = []
    with ws.database.read() as connection:
        if connection.execute(select(func.count()).select_from(_line)).scalar_one() > _MOST_LINES:
            return None
        # Imported here because the forecast brings numpy, which start-up must not wait for.
        from crmdesk.storage.line_arrays import read_lines

        sales = read_lines(connection).sales
        for back in _CUTOFFS:
            before = len(told.week)
            _compare(connection, sales, today - timedelta(days=back), told)
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


def _compare(connection: Connection, sales: SaleLines, day: date, told: _Told) -> None:
    """Forecast as of a day from what was known then, and look up what came of it."""
    from crmdesk.analytics.reorder import STATES, ReorderState, SaleLines, fit, purchase_days, score
    from crmdesk.storage.line_arrays import day_number

    keep = sales.day <= day_number(day)
    known = SaleLines(sales.account[keep], sales.sku[keep], sales.day[keep], sales.quantity[keep])
    if not len(known.day):
        return
    bought_by_day = purchase_days(known)
    found = score(bought_by_day, fit(bought_by_day, day_number(day)), day_number(day))
    fortnight = _bought(connection, day, _HORIZON)
    week = _bought(connection, day, _CALL_DAYS)
    new = STATES.index(ReorderState.NEW)
    for account, sku, state, p7, p14 in zip(
        found.account.tolist(), found.sku.tolist(), found.state.tolist(), found.p7.tolist(),
        found.p14.tolist(), strict=True,
    ):  # fmt: skip
        if state != new:
            told.fortnight.append((p14, (account, sku) in fortnight))
            told.week.append((p7, (account, sku) in week))


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

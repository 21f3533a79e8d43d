"""The forecast rows of ``summary_pair``: lines read into arrays, scored, written back.

Owns the way between the tables and :mod:`crmdesk.analytics.reorder`; imported on first use
because numpy costs start-up time. The same code serves one account after a sale and everything
after a load, so both give the identical rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from math import isnan
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection

from crmdesk.analytics.reorder import (
    STATES,
    Forecasts,
    Packaging,
    ReorderModel,
    SaleLines,
    fit,
    packs,
    purchase_days,
    score,
)  # fmt: skip
from crmdesk.domain.money import currency_exponent, divide_half_even
from crmdesk.storage import reorder_models
from crmdesk.storage.indexes import indexes_built_afterwards

_EPOCH = date(1970, 1, 1)
# Absurd imported prices times absurd quantities must still fit the columns.
_MOST_MINOR = 10**15
_CHUNK = 100_000

_LINES = (
    "SELECT s.account_id, l.product_id, CAST(julianday(s.date) - 2440587.5 AS INTEGER),"
    " l.base_quantity, l.net_minor, coalesce(l.packaging_id, 0)"
    " FROM sale s CROSS JOIN sale_line l ON l.parent_id = s.id"
)
# Of everything, documents and lines are read one table after the other and joined as arrays:
# half the time of a join, which makes the day anew for every line.
_DOCUMENTS = "SELECT id, account_id, CAST(julianday(date) - 2440587.5 AS INTEGER) FROM sale"
_LINES_ALONE = (
    "SELECT parent_id, product_id, base_quantity, net_minor, coalesce(packaging_id, 0)"
    " FROM sale_line"
)
_INSERT = (
    "INSERT INTO summary_pair (account_id, product_id, n, first_on, last_on, last_quantity,"
    " last_net_e4, interval_days, median_gap, p_7, p_14, p_30, state, due_on, expected_quantity,"
    " packaging_id, packs, expected_net_minor, expected_margin_minor, as_of)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The date behind :func:`day_number`."""
    return _EPOCH + timedelta(days=int(number))


@lru_cache(maxsize=50_000)
def _iso(number: int) -> str:
    return day_of(number).isoformat()


@dataclass(frozen=True, slots=True)
class LineArrays:
    """Sale lines as columns of equal length, in no particular order of accounts."""

    sales: SaleLines
    net_minor: Any
    packaging: Any


def read_lines(connection: Connection, account_ids: Sequence[int] | None = None) -> LineArrays:
    """All sale lines, or those of some accounts, ordered by document and position."""
    if account_ids is None:
        sale, owner, date_of = _columns(connection, _DOCUMENTS + " ORDER BY id", 3)
        parent, product, quantity, net, packaging = _columns(
            connection, _LINES_ALONE + " ORDER BY parent_id, position", 5
        )
        at = np.searchsorted(sale, parent)
        return LineArrays(SaleLines(owner[at], product, date_of[at], quantity), net, packaging)
    where = f" WHERE s.account_id IN ({','.join(str(int(key)) for key in account_ids)})"
    account, product, day, quantity, net, packaging = _columns(
        connection, _LINES + where + " ORDER BY s.id, l.position", 6
    )
    return LineArrays(SaleLines(account, product, day, quantity), net, packaging)


def _columns(connection: Connection, query: str, width: int) -> list[Any]:
    """The whole numbers a query gives, as one array per column."""
    cursor = connection.connection.cursor()
    cursor.execute(query)
    chunks = []
    while rows := cursor.fetchmany(_CHUNK):
        chunks.append(np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * width))
    cursor.close()
    table = np.concatenate(chunks) if chunks else np.zeros(0, dtype=np.int64)
    return [np.ascontiguousarray(column) for column in table.reshape(-1, width).T]


def fitted(connection: Connection, today: date) -> tuple[reorder_models.Offered, int] | None:
    """A model fitted on all lines here, and their number; None without lines. Writes nothing."""
    lines = read_lines(connection)
    if len(lines.net_minor) == 0:
        return None
    model = fit(purchase_days(lines.sales), day_number(today))
    return reorder_models.fitted_here(connection, model), len(lines.net_minor)


def fit_model(connection: Connection, lines: LineArrays, today: date) -> ReorderModel:
    """Fit on the lines given, keep the model in this profile and use it from now on."""
    model = fit(purchase_days(lines.sales), day_number(today))
    offered = reorder_models.fitted_here(connection, model)
    reorder_models.adopt(connection, offered, lines=len(lines.net_minor), day=today)
    return reorder_models.in_use(connection) or model


def forecast(lines: LineArrays, model: ReorderModel, today: date) -> Forecasts:
    """Score every pair of the lines as of today."""
    return score(purchase_days(lines.sales), model, day_number(today))


def write_pairs(
    connection: Connection,
    lines: LineArrays,
    model: ReorderModel,
    today: date,
    account_ids: Sequence[int] | None = None,
) -> None:
    """Replace the rows of ``summary_pair`` of these accounts (or all) by a new forecast."""
    if account_ids is None:
        with indexes_built_afterwards(connection, "summary_pair"):
            connection.exec_driver_sql("DELETE FROM summary_pair")
            _insert_pairs(connection, lines, model, today, None)
    else:
        keys = ",".join(str(int(key)) for key in account_ids)
        connection.exec_driver_sql(f"DELETE FROM summary_pair WHERE account_id IN ({keys})")
        _insert_pairs(connection, lines, model, today, account_ids)


def _insert_pairs(
    connection: Connection,
    lines: LineArrays,
    model: ReorderModel,
    today: date,
    account_ids: Sequence[int] | None,
) -> None:
    forecasts = forecast(lines, model, today)
    if len(forecasts) == 0:
        return
    last = _last_lines(lines)
    prices = _Prices(connection, account_ids)
    cursor = connection.connection.cursor()
    cursor.executemany(_INSERT, list(_pair_rows(forecasts, last, prices, today)))
    cursor.close()


class PairRow(NamedTuple):
    """One forecast row, in the order of the columns of ``summary_pair``."""

    account_id: int
    product_id: int
    n: int
    first_on: str
    last_on: str
    last_quantity: int
    last_net_e4: int
    interval_days: float | None
    median_gap: float | None
    p_7: float
    p_14: float
    p_30: float
    state: str
    due_on: str
    expected_quantity: int
    packaging_id: int | None
    packs: int
    expected_net_minor: int
    expected_margin_minor: int
    as_of: str


def rows_as_of(
    connection: Connection, as_of: date, account_id: int | None = None
) -> Iterable[PairRow]:
    """The forecast as it would have been on a day: fitted and scored on what was known then."""
    lines = _until(read_lines(connection), day_number(as_of))
    if len(lines.net_minor) == 0:
        return []
    model = fit(purchase_days(lines.sales), day_number(as_of))
    if account_id is not None:
        lines = _kept(lines, lines.sales.account == account_id)
    forecasts = forecast(lines, model, as_of)
    prices = _Prices(connection, None)
    return _pair_rows(forecasts, _last_lines(lines), prices, as_of)


def _until(lines: LineArrays, day: int) -> LineArrays:
    return _kept(lines, lines.sales.day <= day)


def _kept(lines: LineArrays, keep: Any) -> LineArrays:
    sales = lines.sales
    chosen = SaleLines(sales.account[keep], sales.sku[keep], sales.day[keep], sales.quantity[keep])
    return LineArrays(chosen, lines.net_minor[keep], lines.packaging[keep])


@dataclass(frozen=True, slots=True)
class _LastLine:
    quantity: int
    net_minor: int
    packaging: int


def _last_lines(lines: LineArrays) -> dict[tuple[int, int], _LastLine]:
    """Per pair: quantity and net of its newest line above zero, and its usual packaging."""
    keep = np.flatnonzero(lines.sales.quantity > 0)
    account, product = lines.sales.account[keep], lines.sales.sku[keep]
    day, quantity = lines.sales.day[keep], lines.sales.quantity[keep]
    net, packaging = lines.net_minor[keep], lines.packaging[keep]
    if len(keep) == 0:
        return {}
    pair = (account << 32) | product
    usual = _usual_packaging(pair, packaging)
    order = np.lexsort((np.arange(len(keep)), day, pair))
    at = order[_ends(pair[order])]
    columns = (account[at], product[at], quantity[at], net[at], pair[at])
    return {
        (one, sku): _LastLine(amount, worth, usual[code])
        for one, sku, amount, worth, code in zip(*(c.tolist() for c in columns), strict=True)
    }


def _usual_packaging(pair: Any, packaging: Any) -> dict[int, int]:
    """The most frequent packaging of each pair; of several the one made first."""
    order = np.lexsort((packaging, pair))
    pairs, packs_of = pair[order], packaging[order]
    ends = np.flatnonzero(np.append((np.diff(pairs) != 0) | (np.diff(packs_of) != 0), True))
    counts = np.diff(ends, prepend=-1)
    usual: dict[int, tuple[int, int]] = {}
    runs = (pairs[ends].tolist(), packs_of[ends].tolist(), counts.tolist())
    for code, pack, count in zip(*runs, strict=True):
        if code not in usual or count > usual[code][0]:
            usual[code] = (count, pack)
    return {code: pack for code, (_count, pack) in usual.items()}


def _ends(groups: Any) -> Any:
    """Where each run of equal numbers ends."""
    return np.flatnonzero(np.append(groups[1:] != groups[:-1], True))


class _Prices:
    """What products cost and how they are packed and priced, read once for a set of pairs."""

    def __init__(self, connection: Connection, account_ids: Sequence[int] | None) -> None:
        self.per = dict(_pairs(connection, "SELECT id, price_per FROM product"))
        self.cost = dict(
            _pairs(
                connection,
                "SELECT product_id, cost_e4 FROM cost_version ORDER BY valid_from",
            )
        )
        self.packagings: dict[int, list[tuple[int, Packaging]]] = {}
        rows = connection.exec_driver_sql(
            "SELECT id, product_id, factor, minimum, multiple FROM packaging WHERE sellable"
            " ORDER BY product_id, factor"
        )
        for key, product, factor, minimum, multiple in rows:
            self.packagings.setdefault(product, []).append(
                (key, Packaging(factor, minimum, multiple))
            )
        self.chosen: dict[tuple[int, int], int] = {}
        where = "" if account_ids is None else (
            f" AND account_id IN ({','.join(str(int(key)) for key in account_ids)})"
        )  # fmt: skip
        for account, product, pack in connection.exec_driver_sql(
            "SELECT account_id, product_id, usual_packaging_id FROM account_product"
            f" WHERE usual_packaging_id IS NOT NULL{where}"
        ):
            self.chosen[(account, product)] = pack
        currency = connection.exec_driver_sql("SELECT currency FROM organisation").scalar()
        self.unit = 10 ** (4 - currency_exponent(str(currency or "EUR")))

    def pack(self, pair: tuple[int, int], quantity: int, usual: int) -> tuple[int | None, int]:
        """(packaging key or None for base units, packs) for a quantity in base units."""
        options = self.packagings.get(pair[1])
        if not options or quantity <= 0:
            return None, quantity
        wanted = self.chosen.get(pair, usual)
        keys = [key for key, _packaging in options]
        index = keys.index(wanted) if wanted in keys else None
        place, count = packs(quantity, [packaging for _key, packaging in options], index)
        return keys[place], count

    def base_quantity(self, product: int, packaging: int | None, count: int) -> int:
        """Base units of so many packs."""
        for key, one in self.packagings.get(product, ()):
            if key == packaging:
                return count * one.factor
        return count


def _pairs(connection: Connection, query: str) -> Iterable[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in connection.exec_driver_sql(query)]


def _pair_rows(
    forecasts: Forecasts, last: dict[tuple[int, int], _LastLine], prices: _Prices, today: date
) -> Iterable[PairRow]:
    as_of = today.isoformat()
    names = [str(state) for state in STATES]
    columns = zip(
        forecasts.account.tolist(), forecasts.sku.tolist(), forecasts.n.tolist(),
        forecasts.first.tolist(), forecasts.last.tolist(), forecasts.interval_days.tolist(),
        forecasts.median_gap.tolist(), forecasts.p7.tolist(), forecasts.p14.tolist(),
        forecasts.p30.tolist(), forecasts.state.tolist(), forecasts.expected_next_day.tolist(),
        forecasts.expected_quantity.tolist(), strict=True,
    )  # fmt: skip
    for (
        account,
        product,
        n,
        first,
        newest,
        mean,
        median,
        p7,
        p14,
        p30,
        state,
        due,
        quantity,
    ) in columns:
        pair = (account, product)
        line = last[pair]
        packaging, count = prices.pack(pair, quantity, line.packaging)
        base = prices.base_quantity(product, packaging, count)
        net = divide_half_even(line.net_minor * base, line.quantity)
        per = prices.per.get(product, 1)
        cost = divide_half_even(prices.cost.get(product, 0) * base, per * prices.unit)
        yield PairRow(
            account, product, n, _iso(first), _iso(newest),
            line.quantity, divide_half_even(line.net_minor * prices.unit * per, line.quantity),
            None if isnan(mean) else mean, None if isnan(median) else median,
            p7, p14, p30, names[state], _iso(due), quantity, packaging, count,
            _bounded(net), _bounded(net - cost), as_of,
        )  # fmt: skip


def _bounded(minor: int) -> int:
    return max(-_MOST_MINOR, min(minor, _MOST_MINOR))

"""The forecast rows of ``summary_pair``: lines read into arrays, scored, written back.

Owns the way between the tables and :mod:`crmdesk.analytics.reorder`; imported on first use
because numpy costs start-up time. The same code serves one account after a sale and everything
after a load, so both give the identical rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from math import isnan
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from crmdesk.analytics.reorder import (
    STATES,
    Forecasts,
    ReorderModel,
    SaleLines,
    fit,
    purchase_days,
    score,
)  # fmt: skip
from crmdesk.analytics.reorder.circumstances import NOTHING_KNOWN, Circumstances
from crmdesk.analytics.reorder.sentence import because_texts
from crmdesk.storage import reorder_facts, reorder_models
from crmdesk.storage.indexes import indexes_built_afterwards
from crmdesk.storage.pair_worth import Goods, Ints, LastLines, pair_codes
from crmdesk.storage.substitute_prices import listed_prices

_EPOCH = date(1970, 1, 1)
_CHUNK = 100_000
_DOCUMENTS_TOLD = 10_000

_LINES = (
    "SELECT s.account_id, l.product_id, CAST(julianday(s.date) - 2440587.5 AS INTEGER),"
    " l.base_quantity, l.net_minor, coalesce(l.packaging_id, 0)"
    " FROM sale s CROSS JOIN sale_line l ON l.parent_id = s.id"
)
# Of everything, documents and lines are read one table after the other and joined as arrays:
# half the time of a join, which makes the day anew for every line.
_DOCUMENTS = "SELECT id, account_id, CAST(julianday(date) - 2440587.5 AS INTEGER) FROM sale"
_LINES_TOLD = (
    "SELECT group_concat(parent_id), group_concat(product_id), group_concat(base_quantity),"
    " group_concat(net_minor), group_concat(coalesce(packaging_id, 0))"
    " FROM (SELECT * FROM sale_line WHERE parent_id BETWEEN ? AND ? ORDER BY parent_id, position)"
)
_INSERT = (
    "INSERT INTO summary_pair (account_id, product_id, n, first_on, last_on, last_quantity,"
    " last_net_e4, interval_days, median_gap, p_7, p_14, p_30, state, due_on, expected_quantity,"
    " packaging_id, packs, expected_net_minor, expected_margin_minor, as_of, because)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
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


@dataclass(frozen=True, slots=True)
class Histories:
    """What was bought; the same with what substitutes take over; and the former of each of those.

    ``taken_over`` gives the former product of an (account, substitute).
    """

    bought: LineArrays
    every: LineArrays
    taken_over: dict[tuple[int, int], int]


def read_lines(connection: Connection, account_ids: Sequence[int] | None = None) -> LineArrays:
    """All sale lines, or those of some accounts, ordered by document and position."""
    if account_ids is None:
        sale, owner, date_of = _columns(connection, _DOCUMENTS + " ORDER BY id", 3)
        parent, product, quantity, net, packaging = _sold(connection, sale)
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


def _sold(connection: Connection, documents: Ints) -> list[Any]:
    """:data:`_LINES_TOLD` of these documents, sorted, as arrays; half the time of reading rows."""
    cursor = connection.connection.cursor()
    told: list[Any] = [("",) * 5]
    for at in range(0, len(documents), _DOCUMENTS_TOLD):
        part = documents[at : at + _DOCUMENTS_TOLD]
        told += cursor.execute(_LINES_TOLD, (int(part[0]), int(part[-1]))).fetchall()
    cursor.close()
    columns = zip(*(texts for texts in told if texts[0] is not None), strict=True)
    return [
        np.concatenate([np.fromstring(text, np.int64, sep=",") for text in column])
        for column in columns
    ]


def fitted(connection: Connection, today: date) -> tuple[reorder_models.Offered, int] | None:
    """A model fitted on all lines here, and their number; None without lines. Writes nothing."""
    lines = read_lines(connection)
    if len(lines.net_minor) == 0:
        return None
    model = _fit(connection, lines, today)
    return reorder_models.fitted_here(connection, model), len(lines.net_minor)


def fit_model(connection: Connection, lines: LineArrays, today: date) -> ReorderModel:
    """Fit on the lines given, keep the model in this profile and use it from now on."""
    model = _fit(connection, lines, today)
    offered = reorder_models.fitted_here(connection, model)
    reorder_models.adopt(connection, offered, lines=len(lines.net_minor), day=today)
    return reorder_models.in_use(connection) or model


def _fit(connection: Connection, lines: LineArrays, today: date) -> ReorderModel:
    """A model of all that is known here; what substitutes take over is no sale of its own."""
    told = reorder_facts.circumstances_of(connection, today, present=_present(connection, today))
    return fit(purchase_days(lines.sales), day_number(today), told)


def forecast(
    lines: LineArrays, model: ReorderModel, today: date, told: Circumstances = NOTHING_KNOWN
) -> Forecasts:
    """Score every pair of the lines as of today."""
    return score(purchase_days(lines.sales), model, day_number(today), told)


def with_substitutes(
    connection: Connection, lines: LineArrays, today: date
) -> tuple[LineArrays, dict[tuple[int, int], int]]:
    """The lines, and those of delisted products again in the name of their substitutes.

    Where the two are counted in different base units only the days are taken over: every purchase
    is of one unit of the substitute, of which its smallest pack is made. The dictionary gives the
    former product of each (account, substitute) that took over.
    """
    replacements = reorder_facts.replacements_of(connection)
    row, substitute = replacements.copied_rows(lines.sales, day_number(today))
    if not len(row):
        return lines, {}
    copies = _kept(lines, row)
    sales, taken = lines.sales, copies.sales
    other = _other_unit(connection, taken.sku, substitute)
    counted = np.where(other, np.sign(taken.quantity), taken.quantity)
    both = SaleLines(
        np.concatenate((sales.account, taken.account)),
        np.concatenate((sales.sku, substitute)),
        np.concatenate((sales.day, taken.day)),
        np.concatenate((sales.quantity, counted)),
    )
    net = np.concatenate((lines.net_minor, copies.net_minor))
    packaging = np.concatenate((lines.packaging, copies.packaging))
    former = _former(connection, taken.account, substitute, taken.sku)
    return LineArrays(both, net, packaging), former


def _other_unit(connection: Connection, sku: Ints, substitute: Ints) -> npt.NDArray[np.bool_]:
    """Whether each product is counted in another base unit than its substitute."""
    pairs, at = np.unique(np.stack((sku, substitute), axis=1), axis=0, return_inverse=True)
    keys = ",".join(str(key) for key in np.unique(pairs).tolist())
    cursor = connection.connection.cursor()
    cursor.execute(f"SELECT id, base_unit FROM product WHERE id IN ({keys})")
    unit = dict(cursor.fetchall())
    other = [unit.get(old) != unit.get(new) for old, new in pairs.tolist()]
    return np.array(other, dtype=np.bool_)[at.reshape(-1)]


def _former(
    connection: Connection, account: Ints, substitute: Ints, sku: Ints
) -> dict[tuple[int, int], int]:
    """The former product of each (account, substitute); of several the one made last anywhere."""
    keys = ",".join(str(key) for key in np.unique(sku).tolist())
    cursor = connection.connection.cursor()
    cursor.execute(f"SELECT id FROM product WHERE id IN ({keys}) ORDER BY uid")
    rank = {row[0]: place for place, row in enumerate(cursor.fetchall())}
    taken = np.unique(np.stack((account, substitute, sku), axis=1), axis=0).tolist()
    return {(one, new): old for one, new, old in sorted(taken, key=lambda row: rank[row[2]])}


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
    every, taken_over = with_substitutes(connection, lines, today)
    told = reorder_facts.circumstances_of(connection, today, account_ids)
    forecasts = forecast(every, model, today, told)
    if len(forecasts) == 0:
        return
    histories = Histories(lines, every, taken_over)
    columns = _pair_columns(connection, forecasts, histories, today, account_ids)
    cursor = connection.connection.cursor()
    cursor.executemany(_INSERT, list(zip(*columns, strict=True)))
    cursor.close()


class PairColumns(NamedTuple):
    """Forecast rows as columns of one length, in the order of the columns of ``summary_pair``."""

    account_id: Sequence[int] = ()
    product_id: Sequence[int] = ()
    n: Sequence[int] = ()
    first_on: Sequence[str] = ()
    last_on: Sequence[str] = ()
    last_quantity: Sequence[int] = ()
    last_net_e4: Sequence[int] = ()
    interval_days: Sequence[float | None] = ()
    median_gap: Sequence[float | None] = ()
    p_7: Sequence[float] = ()
    p_14: Sequence[float] = ()
    p_30: Sequence[float] = ()
    state: Sequence[str] = ()
    due_on: Sequence[str] = ()
    expected_quantity: Sequence[int] = ()
    packaging_id: Sequence[int | None] = ()
    packs: Sequence[int] = ()
    expected_net_minor: Sequence[int] = ()
    expected_margin_minor: Sequence[int] = ()
    as_of: Sequence[str] = ()
    because: Sequence[str | None] = ()


def columns_as_of(
    connection: Connection, as_of: date, account_id: int | None = None
) -> PairColumns:
    """The forecast as it would have been on a day: fitted and scored on what was known then."""
    lines = _until(read_lines(connection), day_number(as_of))
    if len(lines.net_minor) == 0:
        return PairColumns()
    model = _fit(connection, lines, as_of)
    only = None if account_id is None else [account_id]
    if account_id is not None:
        lines = _kept(lines, lines.sales.account == account_id)
    every, taken_over = with_substitutes(connection, lines, as_of)
    told = reorder_facts.circumstances_of(
        connection, as_of, only, present=_present(connection, as_of)
    )
    forecasts = forecast(every, model, as_of, told)
    histories = Histories(lines, every, taken_over)
    return _pair_columns(connection, forecasts, histories, as_of, only)


def _present(connection: Connection, day: date) -> date:
    """The day of the summaries, or a later one that is asked for."""
    query = "SELECT value FROM profile WHERE key = 'summaries.as_of'"
    kept = connection.exec_driver_sql(query).scalar()
    return day if kept is None else max(day, date.fromisoformat(str(kept)))


def _until(lines: LineArrays, day: int) -> LineArrays:
    return _kept(lines, lines.sales.day <= day)


def _kept(lines: LineArrays, keep: Any) -> LineArrays:
    sales = lines.sales
    chosen = SaleLines(sales.account[keep], sales.sku[keep], sales.day[keep], sales.quantity[keep])
    return LineArrays(chosen, lines.net_minor[keep], lines.packaging[keep])


def _pair_columns(
    connection: Connection,
    forecasts: Forecasts,
    histories: Histories,
    today: date,
    account_ids: Sequence[int] | None,
) -> PairColumns:
    """The rows of a forecast, column by column."""
    if len(forecasts) == 0:
        return PairColumns()
    products = None if account_ids is None else np.unique(forecasts.sku).tolist()
    goods = Goods(connection, today, products)
    pair = pair_codes(forecasts.account, forecasts.sku)
    every = histories.every
    last = goods.last_lines(pair, every.sales, every.net_minor, every.packaging)
    row = _taken_rows(pair, histories)
    priced = _own_prices(connection, goods, forecasts, last, row, histories, today)
    wanted = _chosen(connection, pair, priced.packaging, account_ids)
    worth = goods.worth(forecasts.sku, forecasts.expected_quantity, wanted, priced)
    if len(row):
        # Without any price nothing is known of the margin, least of all that it is a loss.
        worth.margin_minor[row[priced.net_minor[row] == 0]] = 0
    names = np.array([str(state) for state in STATES], dtype=object)
    return PairColumns(
        forecasts.account.tolist(), forecasts.sku.tolist(), forecasts.n.tolist(),
        _dates(forecasts.first), _dates(forecasts.last), last.quantity.tolist(),
        worth.last_net_e4.tolist(), _known(forecasts.interval_days), _known(forecasts.median_gap),
        forecasts.p7.tolist(), forecasts.p14.tolist(), forecasts.p30.tolist(),
        names[forecasts.state].tolist(), _dates(forecasts.expected_next_day),
        forecasts.expected_quantity.tolist(), [key or None for key in worth.packaging.tolist()],
        worth.packs.tolist(), worth.net_minor.tolist(), worth.margin_minor.tolist(),
        [today.isoformat()] * len(forecasts),
        because_texts(forecasts, histories.taken_over, _recounted(connection, histories)),
    )  # fmt: skip


def _taken_rows(pair: Ints, histories: Histories) -> Ints:
    """The rows of the pairs whose history is, in part or whole, another product's."""
    if not histories.taken_over:
        return np.zeros(0, dtype=np.int64)
    taken = np.array(list(histories.taken_over), dtype=np.int64)
    return np.flatnonzero(np.isin(pair, pair_codes(taken[:, 0], taken[:, 1])))


def _own_prices(
    connection: Connection,
    goods: Goods,
    forecasts: Forecasts,
    last: LastLines,
    row: Ints,
    histories: Histories,
    today: date,
) -> LastLines:
    """The newest lines, those of substitutes by their own price and packaging.

    That is the customer's last price of the substitute itself, else what is agreed or listed for
    it; nothing (0 for one unit) where no price is known.
    """
    if not len(row):
        return last
    own = histories.bought
    pair = pair_codes(forecasts.account[row], forecasts.sku[row])
    bought = pair_codes(own.sales.account, own.sales.sku)[own.sales.quantity > 0]
    known = np.isin(pair, bought)
    quantity, net, packaging = last.quantity.copy(), last.net_minor.copy(), last.packaging.copy()
    if known.any():
        lines = goods.last_lines(pair[known], own.sales, own.net_minor, own.packaging)
        at = row[known]
        quantity[at], net[at], packaging[at] = lines.quantity, lines.net_minor, lines.packaging
    rest = row[~known]
    wanted = zip(
        forecasts.account[rest].tolist(), forecasts.sku[rest].tolist(),
        forecasts.expected_quantity[rest].tolist(), strict=True,
    )  # fmt: skip
    shares = listed_prices(connection, list(wanted), today)
    net[rest] = [0 if share is None else share.net_minor for share in shares]
    quantity[rest] = [1 if share is None else share.quantity for share in shares]
    packaging[rest] = 0
    return replace(last, quantity=quantity, net_minor=net, packaging=packaging)


def _recounted(connection: Connection, histories: Histories) -> set[tuple[int, int]]:
    """Of the pairs taken over those whose former product is counted in another base unit."""
    if not histories.taken_over:
        return set()
    pairs = list(histories.taken_over)
    sku = np.array([histories.taken_over[pair] for pair in pairs], dtype=np.int64)
    substitute = np.array([new for _account, new in pairs], dtype=np.int64)
    other = _other_unit(connection, sku, substitute).tolist()
    return {pair for pair, differs in zip(pairs, other, strict=True) if differs}


def _chosen(
    connection: Connection, pair: Ints, usual: Ints, account_ids: Sequence[int] | None
) -> Ints:
    """The packaging somebody has set for the customer, else the usual one."""
    where = "" if account_ids is None else (
        f" AND account_id IN ({','.join(str(int(key)) for key in account_ids)})"
    )  # fmt: skip
    cursor = connection.connection.cursor()
    rows = cursor.execute(
        "SELECT account_id, product_id, usual_packaging_id FROM account_product"
        f" WHERE usual_packaging_id IS NOT NULL{where}"
    ).fetchall()
    if not rows:
        return usual
    account, product, packaging = np.array(rows, dtype=np.int64).T
    code = pair_codes(account, product)
    at = np.minimum(np.searchsorted(pair, code), len(pair) - 1)
    hit = pair[at] == code
    wanted = usual.copy()
    wanted[at[hit]] = packaging[hit]
    return wanted


def _dates(day: Ints) -> list[str]:
    """ISO dates; each of the few thousand days that occur is written once."""
    days, at = np.unique(day, return_inverse=True)
    found: list[str] = np.array([_iso(one) for one in days.tolist()], dtype=object)[at].tolist()
    return found


def _known(value: npt.NDArray[np.float64]) -> list[float | None]:
    return [None if isnan(one) else one for one in value.tolist()]

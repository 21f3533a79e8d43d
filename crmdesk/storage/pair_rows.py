"""Forecasts as rows of ``summary_pair``: with packs, worth and what they are because of.

Owns the columns in their order. Leaves prices and packs of many pairs to
:mod:`crmdesk.storage.pair_worth`, and the table to :mod:`crmdesk.storage.forecasts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from math import isnan
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from crmdesk.analytics.reorder import STATES, Forecasts
from crmdesk.analytics.reorder.circumstances import among
from crmdesk.analytics.reorder.sentence import because_texts
from crmdesk.storage.driver import chosen, rows
from crmdesk.storage.line_arrays import day_of
from crmdesk.storage.pair_worth import Goods, Ints, LastLines, pair_codes
from crmdesk.storage.substitute_prices import listed_prices
from crmdesk.storage.taken_over import Histories

_STATE_NAMES = tuple(str(state) for state in STATES)


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


def pair_columns(
    connection: Connection,
    forecasts: Forecasts,
    histories: Histories,
    today: date,
    account_ids: Sequence[int] | None,
) -> PairColumns:
    """The rows of a forecast, column by column."""
    if len(forecasts) == 0:
        return PairColumns()
    products = None if account_ids is None else sorted(set(forecasts.sku.tolist()))
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
    return PairColumns(
        forecasts.account.tolist(), forecasts.sku.tolist(), forecasts.n.tolist(),
        _dates(forecasts.first), _dates(forecasts.last), last.quantity.tolist(),
        worth.last_net_e4.tolist(), _known(forecasts.interval_days), _known(forecasts.median_gap),
        forecasts.p7.tolist(), forecasts.p14.tolist(), forecasts.p30.tolist(),
        [_STATE_NAMES[code] for code in forecasts.state.tolist()],
        _dates(forecasts.expected_next_day),
        forecasts.expected_quantity.tolist(), [key or None for key in worth.packaging.tolist()],
        worth.packs.tolist(), worth.net_minor.tolist(), worth.margin_minor.tolist(),
        [today.isoformat()] * len(forecasts),
        because_texts(forecasts, histories.taken_over, histories.recounted),
    )  # fmt: skip


def _taken_rows(pair: Ints, histories: Histories) -> Ints:
    """The rows of the pairs whose history is, in part or whole, another product's."""
    if not histories.taken_over:
        return np.zeros(0, dtype=np.int64)
    taken = np.array(list(histories.taken_over), dtype=np.int64)
    return among(pair, pair_codes(taken[:, 0], taken[:, 1])).nonzero()[0]


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
    known = among(pair, bought)
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


def _chosen(
    connection: Connection, pair: Ints, usual: Ints, account_ids: Sequence[int] | None
) -> Ints:
    """The packaging somebody has set for the customer, else the usual one."""
    only, values = chosen("account_id", account_ids)
    found = rows(
        connection,
        "SELECT account_id, product_id, usual_packaging_id FROM account_product"
        f" WHERE usual_packaging_id IS NOT NULL AND {only}",
        values,
    )
    if not found:
        return usual
    account, product, packaging = np.array(found, dtype=np.int64).T
    code = pair_codes(account, product)
    at = np.minimum(pair.searchsorted(code), len(pair) - 1)
    hit = pair[at] == code
    wanted = usual.copy()
    wanted[at[hit]] = packaging[hit]
    return wanted


def _dates(day: Ints) -> list[str]:
    return list(map(_iso, day.tolist()))


@lru_cache(maxsize=50_000)
def _iso(number: int) -> str:
    """An ISO date; each of the few thousand days that occur is written once."""
    return day_of(number).isoformat()


def _known(value: npt.NDArray[np.float64]) -> list[float | None]:
    return [None if isnan(one) else one for one in value.tolist()]

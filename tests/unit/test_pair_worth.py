"""Packs and worth of many pairs at once are those of one pair after the other, in any order."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event

from crmdesk.analytics.reorder import Packaging, SaleLines, packs
from crmdesk.domain.money import divide_half_even
from crmdesk.storage.pair_worth import Goods, LastLines, pair_codes, share_half_even

_sizes = st.integers(1, 60)
_pack = st.tuples(st.integers(1, 3), _sizes, st.integers(1, 5), st.integers(1, 4), st.booleans())


@given(
    st.lists(
        st.tuples(st.integers(-(10**15), 10**15), st.integers(0, 10**6), st.integers(1, 10**9)),
        min_size=1,
    )
)
def test_shares_are_rounded_half_even_whatever_their_size(
    cases: list[tuple[int, int, int]],
) -> None:
    number, times, by = np.array(cases, dtype=np.int64).T
    expected = [max(-(10**18), min(divide_half_even(n * t, b), 10**18)) for n, t, b in cases]
    assert share_half_even(number, times, by).tolist() == expected


def test_halves_go_to_the_even_number() -> None:
    number = np.array([1, 3, 5, -1, -3], dtype=np.int64)
    assert share_half_even(number, np.int64(1), np.int64(2)).tolist() == [0, 2, 2, 0, -2]  # type: ignore[arg-type]


def _goods(packagings: Sequence[tuple[int, int, int, int, bool]], ids: Sequence[int]) -> Goods:
    """Products 1 to 3 with these packagings (product, factor, minimum, multiple, sellable)."""
    engine = create_engine("sqlite://", module=sqlite3)

    @event.listens_for(engine, "connect")
    def _fill(connection: Any, _record: object) -> None:
        connection.executescript(
            "CREATE TABLE product (id, price_per); INSERT INTO product VALUES (1,1),(2,100),(3,1);"
            "CREATE TABLE cost_version (uid, product_id, cost_e4, valid_from);"
            "INSERT INTO cost_version VALUES (1,1,20000,'2026-01-01'),(2,1,30000,'2026-06-01'),"
            "(3,1,99999,'2027-01-01'),(4,2,70000,'2027-01-01');"
            "CREATE TABLE packaging (id, product_id, factor, minimum, multiple, sellable, unit);"
            "CREATE TABLE organisation (id, currency); INSERT INTO organisation VALUES (1, 'EUR');"
        )
        connection.executemany(
            "INSERT INTO packaging VALUES (?,?,?,?,?,?,?)",
            [(key, *one, f"U{place}") for place, (key, one) in
             enumerate(zip(ids, packagings, strict=False))],
        )  # fmt: skip

    with engine.connect() as connection:
        return Goods(connection, date(2026, 11, 24))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(_pack, max_size=9),
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 400), st.integers(0, 12)), min_size=1),
    st.permutations(range(1, 10)),
)
def test_packs_are_those_of_one_after_the_other(
    packagings: list[tuple[int, int, int, int, bool]],
    wanted: list[tuple[int, int, int]],
    ids: list[int],
) -> None:
    goods = _goods(packagings, ids)
    product, quantity, chosen = np.array(wanted, dtype=np.int64).T
    last = LastLines(quantity, quantity * 1234, chosen)
    found = goods.worth(product, quantity, chosen, last)
    for place, (one, amount, key) in enumerate(wanted):
        options = sorted(
            (row[1], f"U{n}", ids[n], Packaging(row[1], row[2], row[3]))
            for n, row in enumerate(packagings)
            if row[0] == one and row[4]
        )
        if not options:
            assert (found.packaging[place], found.packs[place]) == (0, amount)
            continue
        keys = [option[2] for option in options]
        index = keys.index(key) if key in keys else None
        at, count = packs(amount, [option[3] for option in options], index)
        assert (found.packaging[place], found.packs[place]) == (keys[at], count)


def test_the_cost_is_that_of_the_day_and_a_later_one_where_there_is_no_other() -> None:
    goods = _goods([], [])
    ones = np.ones(3, dtype=np.int64)
    found = goods.worth(np.array([1, 2, 3]), ones * 10, ones * 0, LastLines(ones, ones * 500, ones))
    assert found.net_minor.tolist() == [5000, 5000, 5000]
    # 10 units at 3.00 each; at 7.00 for a hundred; at no known cost.
    assert (found.net_minor - found.margin_minor).tolist() == [3000, 70, 0]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_lines_and_the_numbers_of_packagings_play_no_part(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 300
    sales = SaleLines(
        rng.integers(1, 4, size), rng.integers(1, 4, size), rng.integers(20_000, 20_004, size),
        rng.integers(-3, 9, size),
    )  # fmt: skip
    net = rng.integers(0, 900, size)
    kind = rng.integers(0, 3, size)
    packagings = [(sku, factor, 1, 1, True) for sku in (1, 2, 3) for factor in (6, 12)]
    pair = np.unique(pair_codes(sales.account, sales.sku)[sales.quantity > 0])

    def found(ids: list[int], order: Any) -> tuple[list[int], list[int], list[int]]:
        key = np.array([0, *ids])
        place = np.where(kind > 0, 2 * (sales.sku - 1) + kind, 0)
        columns = [c[order] for c in (sales.account, sales.sku, sales.day, sales.quantity)]
        last = _goods(packagings, ids).last_lines(
            pair, SaleLines(*columns), net[order], key[place][order]
        )
        back = {number: n for n, number in enumerate(ids, start=1)} | {0: 0}
        usual = [back[number] for number in last.packaging.tolist()]
        return last.quantity.tolist(), last.net_minor.tolist(), usual

    expected = found([1, 2, 3, 4, 5, 6], np.arange(size))
    assert found([9, 3, 7, 1, 4, 2], rng.permutation(size)) == expected
    assert len(set(expected[2])) > 3

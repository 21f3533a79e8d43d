"""What is known besides sales: closed days, delisted SKUs, counts, and what people said."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.analytics.reorder import (
    STATES,
    ReorderState,
    SaleLines,
    fit,
    metrics,
    purchase_days,
    score,
)
from crmdesk.analytics.reorder.adjusting import within_open_days
from crmdesk.analytics.reorder.circumstances import (
    AccountDays,
    Circumstances,
    Delisted,
    PairValues,
    lasting,
    rows_of,
)
from crmdesk.analytics.reorder.opening import OpenTime
from crmdesk.analytics.reorder.substitutes import Replacements
from tests.unit.analytics.histories import invented_lines, lines_of

T = 20_000
DELISTED, SUBSTITUTED = (
    STATES.index(state) for state in (ReorderState.DELISTED, ReorderState.SUBSTITUTED)
)


def ints(*values):
    return np.array(values, dtype=np.int64)


def values(*rows):
    return PairValues(*np.array(rows, dtype=np.int64).reshape(-1, 4).T)


def forecast(lines: SaleLines, told: Circumstances, as_of: int = T):
    bought = purchase_days(lines)
    return score(bought, fit(bought, as_of, told), as_of, told)


def regular(gap: int = 14, ago: int = 14, times: int = 9, account: int = 1, sku: int = 1):
    return [(account, sku, T - ago - gap * k, 12) for k in range(times)]


_DAY = st.integers(T - 40, T + 40)
_ACCOUNT = st.integers(0, 3)


@settings(max_examples=200, deadline=None)
@given(
    common=st.lists(_DAY, max_size=8),
    own=st.lists(st.tuples(_ACCOUNT, _DAY), max_size=25),
    bought=st.lists(st.tuples(_ACCOUNT, _DAY), max_size=10),
    spans=st.lists(st.tuples(_ACCOUNT, _DAY, st.integers(0, 50)), min_size=1, max_size=10),
)
def test_closed_days_between_are_those_of_a_slow_count(common, own, bought, spans):
    purchases = purchase_days(lines_of([(account, 1, day, 5) for account, day in bought]))
    rows = AccountDays(ints(*(a for a, _ in own)), ints(*(d for _, d in own)))
    time = OpenTime(ints(*common), rows, purchases, T)
    account = ints(*(a for a, _, _ in spans))
    start = ints(*(day for _, day, _ in spans))
    end = start + ints(*(days for _, _, days in spans))
    found = time.between(account, start, end).tolist()
    closed = {(a, d) for a in range(4) for d in common} | set(own)
    closed -= set(bought)
    assert found == [
        sum((a, d) in closed for d in range(day + 1, day + days + 1)) for a, day, days in spans
    ]
    moved = time.moved(purchases)
    before = purchases.day <= T
    for a, day, new in zip(
        purchases.account[before].tolist(), purchases.day[before].tolist(),
        moved.day[before].tolist(), strict=True,
    ):  # fmt: skip
        assert new == day + sum((a, d) in closed for d in range(day + 1, T + 1))
    keys = list(zip(moved.account[before].tolist(), moved.day[before].tolist(), strict=True))
    assert keys == sorted(set(keys))
    later = time.later(account, ints(*(1 + days for _, _, days in spans)))
    for a, ahead, (_, _, days) in zip(account.tolist(), later.tolist(), spans, strict=True):
        opened = [d for d in range(T + 1, T + ahead + 1) if (a, d) not in closed]
        assert len(opened) >= 1 + days
        assert (a, T + ahead) not in closed or len(opened) == 1 + days


_PAIR = st.tuples(st.integers(0, 4), st.integers(0, 4))


@given(asked=st.lists(_PAIR, max_size=12), among=st.lists(_PAIR, max_size=12))
def test_rows_of_pairs_are_found_as_a_dictionary_finds_them(asked, among):
    places = {pair: row for row, pair in enumerate(among)}
    found = rows_of(
        ints(*(a for a, _ in asked)), ints(*(s for _, s in asked)),
        ints(*(a for a, _ in among)), ints(*(s for _, s in among)),
    )  # fmt: skip
    assert found.tolist() == [places.get(pair, -1) for pair in asked]


@given(
    chances=st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).map(sorted),
    closed=st.lists(st.integers(0, 30), min_size=3, max_size=3).map(sorted),
)
def test_fewer_open_days_never_raise_a_chance_nor_turn_horizons_over(chances, closed):
    days = ints(*(max(h - c, 0) for h, c in zip((7, 14, 30), closed, strict=True)))
    days = np.minimum.accumulate(days[::-1])[::-1].reshape(3, 1)
    column = np.array(chances).reshape(3, 1)
    flat = within_open_days(column, days)[:, 0].tolist()
    assert all(new <= old for new, old in zip(flat, chances, strict=True))
    assert all(one == 0.0 for one, left in zip(flat, days[:, 0], strict=True) if left == 0)
    same = within_open_days(column, ints(7, 14, 30).reshape(3, 1))
    assert same[:, 0].tolist() == chances


def test_a_customer_on_holiday_is_neither_lapsed_nor_due_before_it_opens():
    lines = lines_of(regular(ago=40))
    away = Circumstances(closed=AccountDays(np.full(61, 1), np.arange(T - 30, T + 31)))
    plain, closed = forecast(lines, Circumstances()), forecast(lines, away)
    assert plain.days_open.tolist() == [40]
    assert closed.days_open.tolist() == [9]
    assert (closed.p7[0], closed.p14[0], closed.p30[0]) == (0.0, 0.0, 0.0)
    assert closed.expected_next_day[0] > T + 30
    assert closed.state_of(0) is ReorderState.FINE
    assert (closed.first[0], closed.last[0]) == (plain.first[0], plain.last[0])


def test_holidays_ahead_lower_the_chance_of_their_horizon_alone():
    lines = invented_lines().until(19_400)
    plain = forecast(lines, Circumstances(), 19_400)
    told = Circumstances(holidays=np.arange(19_408, 19_412))
    closed = forecast(lines, told, 19_400)
    assert (closed.p7 == plain.p7).all()
    assert (closed.p14 <= plain.p14).all()
    assert (closed.p14 < plain.p14).mean() > 0.9


def test_delisted_skus_have_a_state_of_their_own_and_teach_nothing():
    lines = lines_of(regular() + regular(sku=2) + regular(account=2))
    gone = Circumstances(delisted=Delisted(ints(1), ints(T - 3)), substituted=ints(1))
    found = forecast(lines, gone)
    assert found.state.tolist() == [SUBSTITUTED, found.state[1], SUBSTITUTED]
    assert found.p30[[0, 2]].tolist() == [0.0, 0.0]
    assert found.p30[1] > 0.0
    later = Circumstances(delisted=Delisted(ints(1), ints(T + 3)))
    assert forecast(lines, later).p30[0] > 0.0


def test_who_says_no_longer_listed_is_corrected_by_a_purchase():
    lines = lines_of(regular(ago=14))
    said, refuted = (
        Circumstances(unlisted=values((1, 1, day, lasting(None)))) for day in (T - 5, T - 20)
    )
    assert forecast(lines, said).state.tolist() == [DELISTED]
    assert forecast(lines, refuted).state.tolist() != [DELISTED]
    over = Circumstances(unlisted=values((1, 1, T - 5, T - 1)))
    assert forecast(lines, over).state.tolist() != [DELISTED]


def test_a_substitute_takes_the_history_over():
    lines = lines_of([*regular(sku=1, ago=21), (1, 2, T - 7, 6), *regular(account=2, sku=1),
                      *regular(account=2, sku=2)])  # fmt: skip
    chain = Replacements(ints(1, 3), ints(T - 10, T - 5), ints(3, 2))
    taken = purchase_days(chain.taken_over(lines, T))
    of_two = taken.where((taken.account == 1) & (taken.sku == 2))
    assert len(of_two) == 10
    assert len(taken.where((taken.account == 1) & (taken.sku == 1))) == 9
    regular_already = taken.where((taken.account == 2) & (taken.sku == 2))
    assert len(regular_already) == 9
    assert chain.taken_over(lines, T - 11) is lines
    circle = Replacements(ints(1, 2), ints(0, 0), ints(2, 1))
    assert circle.taken_over(lines, T) is lines


def test_what_is_put_off_again_and_again_is_less_likely_until_it_is_bought():
    lines = lines_of(regular())
    plain = forecast(lines, Circumstances())
    chances = []
    for times in (1, 2, 3):
        told = Circumstances(put_off=values(*[(1, 1, T - k, T + 9) for k in range(times)]))
        found = forecast(lines, told)
        chances.append(float(found.p14[0]))
        assert found.refusals.tolist() == [times]
        assert found.expected_next_day[0] > T + 9
        assert found.p7[0] <= found.p14[0] <= found.p30[0]
    assert plain.p14[0] > chances[0] > chances[1] > chances[2] > 0.0
    before = Circumstances(put_off=values((1, 1, T - 15, T - 14)))
    assert forecast(lines, before).p14.tolist() == plain.p14.tolist()


def test_a_wish_stands_until_the_next_purchase_and_is_remembered():
    lines = lines_of(regular())
    asked = Circumstances(wanted=values((1, 1, T - 1, 30)))
    assert forecast(lines, asked).expected_quantity.tolist() == [30]
    once = Circumstances(wanted=values((1, 1, T - 20, 30)))
    assert forecast(lines, once).expected_quantity.tolist() == [12]
    often = Circumstances(wanted=values(*[(1, 1, T - 15 - k, 30) for k in range(12)]))
    assert forecast(lines, often).expected_quantity.tolist() == [30]


def test_a_par_level_asks_for_what_the_shelf_will_lack():
    lines = lines_of(regular(gap=10, ago=10))
    told = Circumstances(counts=values((1, 1, T - 2, 4)), par=values((1, 1, 0, 24)))
    found = forecast(lines, told)
    # 1.2 units a day: two days later two whole ones are used of the four that were counted.
    ahead = int(found.expected_next_day[0]) - T
    left = max(2 - int(1.2 * ahead), 0)
    assert found.stock.tolist() == [2]
    assert found.expected_quantity.tolist() == [24 - left]
    full = replace(told, counts=values((1, 1, T - 2, 24)))
    assert forecast(lines, full).days_open.tolist() == [1]


def test_what_is_learned_later_changes_no_earlier_forecast():
    lines = invented_lines()
    later = Circumstances(
        delisted=Delisted(ints(1), ints(19_401)),
        unlisted=values((1, 1, 19_401, lasting(None))),
        counts=values((1, 1, 19_401, 3)),
        put_off=values((1, 1, 19_401, 19_500)),
        wanted=values((1, 1, 19_401, 77)),
    )
    plain = forecast(lines, Circumstances(), 19_400)
    told = forecast(lines, later, 19_400)
    for name in ("p7", "p14", "p30", "expected_quantity", "state", "expected_next_day"):
        assert (getattr(plain, name) == getattr(told, name)).all(), name


def _shelves(seed: int = 1):
    """Customers who use a SKU at a pace that varies, order when it runs low, and are counted."""
    random = np.random.default_rng(seed)
    rows, counts, truth = [], [], []
    for account in range(400):
        pace, lot = random.uniform(0.4, 2.5), int(random.choice([12, 24, 36]))
        stock, low = float(lot), 0.15 * lot
        bought_next = None
        for day in range(T - 400, T + 15):
            if random.random() < 0.02:
                pace *= random.uniform(0.6, 1.6)
            stock = max(stock - random.gamma(1.0, pace), 0.0)
            if day == T - 3:
                counts.append((account, 0, day, int(stock)))
            if stock <= low and random.random() < 0.5:
                stock += lot
                if day <= T:
                    rows.append((account, 0, day, lot))
                elif bought_next is None:
                    bought_next = day
        truth.append(bought_next is not None and bought_next <= T + 14)
    return lines_of(rows), values(*counts), np.array(truth)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_make_the_forecast_of_shelves_better(seed):
    lines, counts, truth = _shelves(seed)
    losses, hits = [], []
    for told in (Circumstances(), Circumstances(counts=counts)):
        found = forecast(lines, told)
        here = truth[found.account]
        losses.append(metrics.log_loss(found.p14, here))
        hits.append(metrics.area_under_curve(found.p14, here))
    assert losses[1] < losses[0]
    assert hits[1] > hits[0] + 0.01

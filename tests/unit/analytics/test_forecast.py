"""Fitting and scoring: order, labels, monotony, states, dates, quantities, one account alone."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.analytics.reorder import (
    Forecasts,
    PurchaseDays,
    ReorderModel,
    ReorderState,
    SaleLines,
    fit,
    purchase_days,
    score,
)
from crmdesk.analytics.reorder.knowledge import believed, believed_date
from tests.unit.analytics.histories import invented_lines, lines_of, shuffled

AS_OF = 19_400


@pytest.fixture(scope="module")
def lines() -> SaleLines:
    return invented_lines().until(AS_OF)


@pytest.fixture(scope="module")
def purchases(lines: SaleLines) -> PurchaseDays:
    return purchase_days(lines)


@pytest.fixture(scope="module")
def model(purchases: PurchaseDays) -> ReorderModel:
    return fit(purchases, AS_OF)


@pytest.fixture(scope="module")
def forecasts(purchases: PurchaseDays, model: ReorderModel) -> Forecasts:
    return score(purchases, model, AS_OF)


def assert_same(one: Forecasts, other: Forecasts) -> None:
    for field in fields(Forecasts):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def test_the_history_is_enough_for_a_fit(model):
    assert sorted(model.coefficients) == [7, 14, 30]
    assert model.date_coefficients is not None


def test_any_order_of_lines_gives_the_same_bits(lines, model, forecasts):
    again = purchase_days(shuffled(lines, 11))
    refitted = fit(again, AS_OF)
    assert refitted.to_dict() == model.to_dict()
    assert_same(score(again, refitted, AS_OF), forecasts)


def test_other_numbers_for_accounts_and_skus_give_the_same_bits(lines, model, forecasts):
    renamed = SaleLines(5000 - 7 * lines.account, 900 - lines.sku, lines.day, lines.quantity)
    again = purchase_days(renamed)
    refitted = fit(again, AS_OF)
    for horizon, weights in model.coefficients.items():
        assert refitted.coefficients[horizon].tolist() == weights.tolist()
    assert refitted.date_coefficients.tolist() == model.date_coefficients.tolist()
    other = score(again, refitted, AS_OF)
    back = np.lexsort((900 - other.sku, (5000 - other.account) // 7))
    assert other.p14[back].tolist() == forecasts.p14.tolist()
    assert other.expected_next_day[back].tolist() == forecasts.expected_next_day.tolist()


def test_an_account_scored_alone_gets_the_same_bits(purchases, model, forecasts):
    for account in (0, 17, 89):
        alone = score(purchases.where(purchases.account == account), model, AS_OF)
        rows = forecasts.account == account
        for field in fields(Forecasts):
            if field.name != "as_of":
                np.testing.assert_array_equal(
                    getattr(alone, field.name), getattr(forecasts, field.name)[rows]
                )


def test_probabilities_rise_with_the_horizon(forecasts):
    assert (forecasts.p7 >= 0.0).all()
    assert (forecasts.p7 <= forecasts.p14).all()
    assert (forecasts.p14 <= forecasts.p30).all()
    assert (forecasts.p30 <= 1.0).all()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 15), st.integers(18_000, AS_OF), st.integers(-2, 9)
        ),
        max_size=40,
    )
)
def test_any_history_is_scored_whole(model, rows):
    known = purchase_days(lines_of(rows))
    result = score(known, model, AS_OF)
    assert len(result) == len(set(zip(known.account.tolist(), known.sku.tolist(), strict=True)))
    assert (result.p7 <= result.p14).all()
    assert (result.p14 <= result.p30).all()
    assert (result.expected_next_day > AS_OF).all()
    assert (result.expected_quantity > 0).all()
    assert ((result.state == list(ReorderState).index(ReorderState.NEW)) == (result.n < 3)).all()


def test_a_model_survives_storage(purchases, model, forecasts):
    stored = json.loads(json.dumps(model.to_dict()))
    assert_same(score(purchases, ReorderModel.from_dict(stored), AS_OF), forecasts)


def test_a_model_of_another_version_or_shape_is_refused(model):
    with pytest.raises(ValueError, match="version"):
        ReorderModel.from_dict({**model.to_dict(), "version": 99})
    with pytest.raises(ValueError, match="coefficients"):
        ReorderModel.from_dict({**model.to_dict(), "coefficients": {"7": [1.0]}})


def test_a_model_can_travel_between_numberings_of_skus(purchases, model, forecasts):
    renamed = model.with_sku_ids({sku: 700 - sku for sku in range(12)})
    order = np.lexsort((purchases.day, 700 - purchases.sku, purchases.account))
    moved = PurchaseDays(
        purchases.account[order], 700 - purchases.sku[order], purchases.day[order],
        purchases.quantity[order],
    )  # fmt: skip
    result = score(moved, renamed, AS_OF)
    back = np.lexsort((700 - result.sku, result.account))
    assert result.p14[back].tolist() == forecasts.p14.tolist()
    assert len(model.with_sku_ids({3: 4}).skus.sku) == 1


def test_later_lines_have_no_part_in_an_earlier_day(purchases, lines):
    early = AS_OF - 100
    cut = purchase_days(lines).until(early)
    assert fit(purchases, early).to_dict() == fit(cut, early).to_dict()


def test_little_history_is_answered_by_what_companies_have_in_common():
    few = purchase_days(lines_of([(1, 1, 19_000 + 21 * k, 6) for k in range(8)]))
    model = fit(few, 19_160)
    for horizon, weights in model.coefficients.items():
        assert np.abs(weights - believed(horizon).mean).max() < 0.2
    assert model.date_coefficients is not None
    assert np.abs(model.date_coefficients - believed_date().mean).max() < 0.2
    result = score(few, model, 19_160)
    assert (result.n.tolist(), result.median_gap.tolist()) == ([8], [21.0])
    assert 0.6 < float(result.p14[0]) < 1.0
    assert result.state_of(0) == ReorderState.DUE


def test_a_weekly_buyer_is_told_from_one_who_comes_now_and_then():
    weekly = [(1, 1, 19_000 + 7 * week, 6) for week in range(20)]
    loose = [(2, 1, 19_000 + day, 6) for day in (0, 2, 9, 40, 44, 45, 90, 121, 131)]
    known = purchase_days(lines_of([*weekly, *loose]))
    result = score(known, fit(known, 19_135), 19_135)
    regular, other = float(result.p14[0]), float(result.p14[1])
    assert regular > 0.9
    assert other < 0.65
    assert result.expected_next_day[0] - 19_133 in (6, 7, 8)


def test_no_history_gives_an_empty_forecast():
    nothing = purchase_days(lines_of([]))
    assert len(score(nothing, fit(nothing, AS_OF), AS_OF)) == 0


def test_a_lapsed_pair_and_a_due_one_are_told_apart(purchases, model):
    rows = [(500, 1, AS_OF - 300 + 14 * k, 6) for k in range(8)]
    rows += [(500, 2, AS_OF - 13 - 14 * k, 6) for k in range(15)]
    rows += [(500, 3, AS_OF - 2, 6)]
    result = score(purchase_days(lines_of(rows)), model, AS_OF)
    states = [result.state_of(row) for row in range(3)]
    assert states == [ReorderState.LAPSED, ReorderState.DUE, ReorderState.NEW]


def test_a_date_moves_to_the_usual_weekday(model):
    monday = AS_OF - 200 + (4 - (AS_OF - 200)) % 7
    rows = [(500, 2, monday + 21 * k, 6) for k in range(9)]
    result = score(purchase_days(lines_of(rows)), model, AS_OF)
    assert int(result.expected_next_day[0]) % 7 == monday % 7
    irregular = [(500, 2, monday + 20 * k, 6) for k in range(9)]
    assert not score(purchase_days(lines_of(irregular)), model, AS_OF).weekday_snapped[0]


def test_a_pair_bought_once_has_no_interval(model):
    result = score(purchase_days(lines_of([(1, 1, AS_OF - 5, 3)])), model, AS_OF)
    assert np.isnan(result.interval_days[0])
    assert np.isnan(result.median_gap[0])


def test_the_fallback_differs_from_the_fit(purchases, model, forecasts):
    renewal = score(purchases, replace(model, coefficients={}, date_coefficients=None), AS_OF)
    own = forecasts.n >= 3
    assert np.abs(renewal.p14 - forecasts.p14)[own].max() > 0.02
    assert renewal.p14[~own].tolist() == forecasts.p14[~own].tolist()

"""A single order far above the usual: it is not repeated, and the next need comes later."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crmdesk.analytics.reorder import (
    Forecasts,
    ReorderModel,
    SaleLines,
    fit,
    purchase_days,
    score,
    training,
)
from crmdesk.analytics.reorder.circumstances import Circumstances, PairValues
from crmdesk.analytics.reorder.features import EXCESS_FEATURE, FEATURES
from crmdesk.analytics.reorder.logistic import fit_logistic, nothing_believed
from crmdesk.analytics.reorder.sentence import (
    Because,
    SentenceFacts,
    because_texts,
    reasons_text,
    sentence,
    sentence_facts,
)
from crmdesk.analytics.reorder.snapshot import MOST_EXCESS, take_snapshot
from tests.unit.analytics.histories import lines_of

AS_OF = 19_400
_USUAL = 12


def trade(*, longer: bool, seed: int = 5) -> SaleLines:
    """Pairs that now and then buy several times the usual: it covers longer, or they hurry."""
    random = np.random.default_rng(seed)
    rows: list[tuple[int, int, int, int]] = []
    for account in range(110):
        for sku in range(6):
            gap = float(random.choice([10, 15, 20, 30]))
            day = float(random.integers(0, 40))
            while day < 420:
                times = int(random.choice([1, 1, 1, 1, 3, 6]))
                rows.append((account, sku, int(day) + 19_000, _USUAL * times))
                spread = times if longer else 1.0 / times
                day += max(1.0, random.normal(gap, gap * 0.2) * spread)
    return lines_of(rows)


@lru_cache
def model_of(*, longer: bool) -> ReorderModel:
    return fit(purchase_days(trade(longer=longer).until(AS_OF)), AS_OF)


def forecast(days: list[int], quantities: list[int], told: Circumstances | None = None):
    rows = [(1, 1, day, quantity) for day, quantity in zip(days, quantities, strict=True)]
    known = told or Circumstances()
    return score(purchase_days(lines_of(rows)), model_of(longer=True), AS_OF, known)


def weights_of(model: ReorderModel) -> list[float]:
    return [float(weights[EXCESS_FEATURE]) for weights in model.coefficients.values()]


def test_what_covers_longer_is_learned():
    model = model_of(longer=True)
    assert max(weights_of(model)) < -0.3
    assert model.date_coefficients is not None
    assert model.date_coefficients[EXCESS_FEATURE] > 0.1


def test_that_an_order_was_large_never_hurries_the_next():
    eager = model_of(longer=False)
    assert 14 in eager.coefficients
    assert eager.coefficients[14][EXCESS_FEATURE] == 0.0
    assert max(weights_of(eager)) <= 0.0
    assert eager.date_coefficients is not None
    assert eager.date_coefficients[EXCESS_FEATURE] >= 0.0
    lines = purchase_days(trade(longer=False).until(AS_OF))
    rows = [training._training(lines, AS_OF, age) for age in training.SNAPSHOT_AGES]
    free = fit_logistic(*training._labelled(rows, 14), nothing_believed(FEATURES))
    assert free[EXCESS_FEATURE] > 0.1  # what the history alone would say


_GAPS = st.lists(st.integers(5, 40), min_size=3, max_size=12)


@settings(max_examples=80, deadline=None)
@given(gaps=_GAPS, amounts=st.data(), since=st.integers(0, 40), times=st.integers(5, 200))
def test_a_bulk_order_is_not_repeated_and_puts_the_next_need_off(gaps, amounts, since, times):
    days = [AS_OF - since - sum(gaps[place:]) for place in range(len(gaps) + 1)]
    before = amounts.draw(
        st.lists(st.integers(10, 14), min_size=len(gaps), max_size=len(gaps)), label="amounts"
    )
    assume(since <= float(np.median(gaps)))
    usual: Forecasts = forecast(days, [*before, 10])
    bulk: Forecasts = forecast(days, [*before, 14 * times])
    assert 10 <= int(bulk.expected_quantity[0]) <= 14
    for name in ("p7", "p14", "p30"):
        assert getattr(bulk, name)[0] < getattr(usual, name)[0]
    assert bulk.expected_next_day[0] >= usual.expected_next_day[0]
    assert bulk.p7[0] <= bulk.p14[0] <= bulk.p30[0]


def test_the_sentence_says_that_it_was_left_out_and_what_it_did():
    days = [AS_OF - 70, AS_OF - 50, AS_OF - 30, AS_OF - 10]
    plain, bulk = forecast(days, [12] * 4), forecast(days, [12, 12, 12, 60])
    assert "times the usual" not in sentence(sentence_facts(plain, 0))
    assert "was 5 times the usual: it lasts longer." in sentence(sentence_facts(bulk, 0))
    assert because_texts(bulk, {}) == ['{"bulk": 5, "later": true}']
    assert because_texts(plain, {}) == [None]
    assert bulk.p14[0] - bulk.bulk_part[0] == pytest.approx(plain.p14[0], abs=0.01)
    huge = forecast(days, [12, 12, 12, 6000])
    assert "was 8 times the usual or more" in reasons_text(because_texts(huge, {})[0])
    asked = Because(bulk=3)
    assert "the quantity leaves it out" in reasons_text_of(asked)
    assert reasons_text_of(replace(asked, wished=True)) == ""


def reasons_text_of(said: Because) -> str:
    return sentence(SentenceFacts(7, 20, 10, 0.5, said)).partition("within 14 days.")[2].strip()


def test_it_is_seen_up_to_its_bound_and_only_while_it_is_the_last():
    rows = [(1, 1, 100 + 10 * place, quantity) for place, quantity in enumerate([12] * 4 + [9600])]
    purchases = purchase_days(lines_of(rows))
    assert take_snapshot(purchases, 150).excess.tolist() == [MOST_EXCESS]
    assert take_snapshot(purchases, 139).excess.tolist() == [1.0]
    later = purchase_days(lines_of([*rows, (1, 1, 160, 12)]))
    assert take_snapshot(later, 170).excess.tolist() == [1.0]
    once = purchase_days(lines_of([(1, 1, 100, 9600)]))
    assert take_snapshot(once, 150).excess.tolist() == [1.0]


@pytest.mark.parametrize("counted", [0, 30])
def test_a_count_on_the_shelf_speaks_instead(counted):
    days, one = [AS_OF - 70, AS_OF - 50, AS_OF - 30, AS_OF - 10], np.array([1])
    told = replace(
        Circumstances(), counts=PairValues(one, one, np.array([AS_OF]), np.array([counted]))
    )
    plain, bulk = ([12, 12, 12, last] for last in (12, 120))
    seen, unseen = forecast(days, bulk, told), forecast(days, plain, told)
    assert seen.p14[0] == unseen.p14[0]
    assert forecast(days, bulk).p14[0] < forecast(days, plain).p14[0]

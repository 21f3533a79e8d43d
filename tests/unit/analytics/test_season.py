"""The month index of SKUs, and what it does to a forecast."""

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.analytics.reorder import ReorderModel, SaleLines, fit, purchase_days, score
from crmdesk.analytics.reorder.features import SEASON_FEATURE
from crmdesk.analytics.reorder.prior import sku_facts
from crmdesk.analytics.reorder.sentence import because_texts, sentence, sentence_facts
from crmdesk.analytics.reorder.snapshot import take_snapshot
from tests.unit.analytics.histories import lines_of

T = 20_000
_ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(T - 900, T), st.just(1)),
    min_size=1, max_size=150, unique_by=lambda row: row[:3],
)  # fmt: skip


def slowly(rows: list[tuple[int, int, int, int]], sku: int) -> float:
    """The index of a SKU as it is defined, day by day."""
    first = {one: min(day for _, s, day, _ in rows if s == one) for _, one, _, _ in rows}
    found = expected = 0.0
    for start in (T - 364, T - 728):
        told = [(s, d - start) for _, s, d, _ in rows if first[s] <= start < d <= start + 364]
        if first[sku] <= start and told:
            share = sum(after <= 30 for _, after in told) / len(told)
            found += sum(after <= 30 for s, after in told if s == sku)
            expected += share * sum(s == sku for s, _ in told)
    return min(max(math.log((found + 20) / (expected + 20)), -1.5), 1.5)


@settings(max_examples=150, deadline=None)
@given(rows=_ROWS)
def test_the_index_is_what_the_definition_says(rows):
    purchases = purchase_days(lines_of(rows))
    facts, _rate = sku_facts(purchases, take_snapshot(purchases, T))
    wanted = [slowly(rows, sku) for sku in facts.sku.tolist()]
    assert np.abs(facts.season - np.array(wanted)).max() <= 2.0**-5 + 1e-12
    assert (facts.season * 16 == np.rint(facts.season * 16)).all()


def test_a_sku_without_a_whole_year_has_no_season():
    rows = [(account, 1, T - 300 + 10 * place, 1) for account in range(9) for place in range(30)]
    rows += [(account, 2, T - 700 + place, 1) for account in range(9) for place in range(0, 700, 9)]
    purchases = purchase_days(lines_of(rows))
    facts, _rate = sku_facts(purchases, take_snapshot(purchases, T))
    assert facts.season[0] == 0.0


def seasonal_trade(seed: int = 8) -> SaleLines:
    """SKUs 0–4 are bought three times as often from May to August, SKUs 5–9 from November on."""
    random = np.random.default_rng(seed)
    begin = date(2022, 1, 1)
    rows: list[tuple[int, int, int, int]] = []
    for account in range(70):
        for sku in range(10):
            for after in range(2 * 365 + 150):
                month = (begin + timedelta(days=after)).month
                high = month in (5, 6, 7, 8) if sku < 5 else month in (11, 12, 1, 2)
                if random.random() < (0.06 if high else 0.02):
                    rows.append((account, sku, 18_993 + after, 12))
    return lines_of(rows)


def test_what_is_in_season_soon_becomes_likelier():
    day = (date(2024, 4, 29) - date(1970, 1, 1)).days
    purchases = purchase_days(seasonal_trade().until(day))
    model = fit(purchases, day)
    season = model.skus.season
    assert season[:5].min() > 0.2
    assert season[5:].max() < -0.1
    forecasts = score(purchases, model, day)
    flat = replace(model, skus=replace(model.skus, season=0.0 * season))
    unaware = score(purchases, flat, day)
    summer = forecasts.sku < 5
    assert forecasts.p30[summer].mean() > unaware.p30[summer].mean() + 0.01
    assert forecasts.p30[~summer].mean() < unaware.p30[~summer].mean()
    assert np.allclose(forecasts.p14 - forecasts.season_part, unaware.p14, atol=1e-12)
    assert ReorderModel.from_dict(model.to_dict()).skus.season.tolist() == season.tolist()


def test_the_sentence_says_it_where_it_matters():
    day = (date(2024, 4, 29) - date(1970, 1, 1)).days
    purchases = purchase_days(seasonal_trade().until(day))
    model = fit(purchases, day)
    weights = model.coefficients[14].copy()
    weights[SEASON_FEATURE] = 1.5
    strong = score(purchases, replace(model, coefficients={**model.coefficients, 14: weights}), day)
    said = because_texts(strong, {})
    for row, text in enumerate(said):
        part = float(strong.season_part[row])
        assert ("season" in (text or "")) is (abs(part) >= 0.05)
        words = sentence(sentence_facts(strong, row))
        assert ("more than usual in the coming month" in words) is (part >= 0.05)
        assert ("less than usual in the coming month" in words) is (part <= -0.05)
    assert {'{"season": 1}', '{"season": -1}'} <= set(said)
    # What matters begins at five points of a hundred, on either side.
    parts = np.resize([-0.051, -0.049, -0.026, 0.0, 0.026, 0.049, 0.051], len(strong))
    edged = replace(strong, season_part=parts)
    assert ["season" in (text or "") for text in because_texts(edged, {})] == (
        np.abs(parts) >= 0.05
    ).tolist()
    weights[SEASON_FEATURE] = -1.5
    turned = score(purchases, replace(model, coefficients={**model.coefficients, 14: weights}), day)
    assert not turned.season_part.any()

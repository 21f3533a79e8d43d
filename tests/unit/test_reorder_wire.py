"""A reorder model sent as a document is the same model, small, and safe against damage."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.analytics.reorder import ReorderModel
from crmdesk.analytics.reorder.features import FEATURES
from crmdesk.analytics.reorder.model import MODEL_VERSION, SkuFacts
from crmdesk.domain.errors import UserError
from crmdesk.domain.ids import compose_uid
from crmdesk.storage.reorder_wire import MOST_CHARACTERS, is_known, packed, unpacked


def _uid(number: int) -> bytes:
    return compose_uid(1_760_000_000_000 + number // 7, number)


def _model(skus: int, *, seed: int = 3) -> ReorderModel:
    rng = np.random.default_rng(seed)
    factor = np.rint(rng.gamma(2.0, 0.6, skus) * 2**20) / 2**20
    last_90 = rng.poisson(rng.gamma(0.5, 30.0, skus))
    month = last_90 / 3.0 * rng.gamma(4.0, 0.25, skus)
    season = np.rint(np.log((rng.poisson(month) + 20) / (last_90 / 3.0 + 20)) * 2**4) / 2**4
    weights = np.rint(rng.normal(size=(4, FEATURES)) * 2**20) / 2**20
    return ReorderModel(
        as_of=20_000,
        rate=0.0123456789,
        skus=SkuFacts(np.arange(1, skus + 1), factor, last_90 // 3, last_90, season),
        coefficients={7: weights[0], 14: weights[1], 30: weights[2]},
        date_coefficients=weights[3],
    )


def _sent(model: ReorderModel, uids: dict[int, bytes]) -> Any:
    return json.loads(json.dumps(packed(model, uids)))


def test_the_same_model_arrives_whatever_the_numbers_of_the_skus() -> None:
    model = _model(300)
    uids = {key: _uid(key) for key in range(1, 301)}
    there = {uid: 1000 - key for key, uid in uids.items()}
    found = unpacked(_sent(model, uids), there)
    expected = model.with_sku_ids({key: 1000 - key for key in uids})
    assert found.to_dict() == expected.to_dict()


def test_a_sku_that_is_not_here_is_left_out_and_a_new_one_is_unknown() -> None:
    model, uids = _model(4), {key: _uid(key) for key in range(1, 5)}
    found = unpacked(_sent(model, uids), {uids[2]: 7, uids[4]: 3, _uid(99): 5})
    assert found.skus.sku.tolist() == [3, 7]
    assert found.skus.factor.tolist() == [model.skus.factor[3], model.skus.factor[1]]
    assert found.skus.rows_of(np.array([5]))[0].tolist() == [1.0]


def test_a_company_of_20_000_skus_fits_into_a_row_of_hq() -> None:
    model, uids = _model(20_000), {key: _uid(key) for key in range(1, 20_001)}
    sent = packed(model, uids)
    assert len(json.dumps(sent)) < 256 * 1024
    found = unpacked(sent, {uid: key for key, uid in uids.items()})
    assert found.to_dict() == model.to_dict()


def test_of_too_many_skus_those_that_sell_least_are_left_out() -> None:
    model, uids = _model(60_000), {key: _uid(key) for key in range(1, 60_001)}
    sent = packed(model, uids)
    assert len(sent["skus"]) <= MOST_CHARACTERS
    kept = unpacked(sent, {uid: key for key, uid in uids.items()}).skus
    assert 19_000 < len(kept.sku) < 60_000
    left_out = np.setdiff1d(model.skus.sku, kept.sku)
    assert model.skus.last_90[left_out - 1].max() <= kept.last_90.min()


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=30), st.integers(0, 2**40))
def test_any_number_arrives_with_all_its_bits(factors: list[float], count: int) -> None:
    size = len(factors)
    counts = np.full(size, count)
    facts = SkuFacts(np.arange(size), np.array(factors), counts, counts, -np.array(factors))
    model = replace(_model(1), skus=facts)
    uids = {key: _uid(key) for key in range(size)}
    found = unpacked(_sent(model, uids), {uid: key for key, uid in uids.items()})
    assert found.skus.factor.tobytes() == facts.factor.tobytes()
    assert found.skus.last_90.tolist() == counts.tolist()


def test_without_any_sku_a_model_arrives_too() -> None:
    model = _model(0)
    assert unpacked(_sent(model, {}), {}).to_dict() == model.to_dict()


@pytest.mark.parametrize(
    "damage",
    [
        {"format": 99},
        {"skus": "!!"},
        {"skus": "VE~)eVE"},
        {"columns": [["sku", "steps", [5]]]},
        {"model": {"version": MODEL_VERSION}},
        {"model": None},
    ],
)
def test_damage_is_said_in_one_sentence(damage: dict[str, Any]) -> None:
    sent = _sent(_model(5), {key: _uid(key) for key in range(1, 6)})
    with pytest.raises(UserError):
        unpacked({**sent, **damage}, {_uid(1): 1})
    assert is_known(sent)
    assert not is_known(None)

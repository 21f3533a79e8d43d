"""The company's rules: tolerant to read, strict to write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.policy import (
    BOUNDS,
    DEFAULTS,
    BelowCost,
    InvalidPolicy,
    Policy,
    change_policy,
    read_policy,
)
from crmdesk.domain.states import Role

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(["below_cost", "most_discount_bp", *BOUNDS, "of-a-newer-version"])


@given(ANYTHING | st.dictionaries(KEYS, ANYTHING))
def test_any_document_gives_rules_within_their_bounds(document: object) -> None:
    policy = read_policy(document)
    assert isinstance(policy.below_cost, BelowCost)
    for key, (least, most) in BOUNDS.items():
        assert least <= getattr(policy, key) <= most
    assert all(0 <= policy.most_discount_of(role) <= 10_000 for role in Role)


@given(st.dictionaries(KEYS, ANYTHING))
def test_what_may_be_written_is_read_back_as_it_was_meant(changes: dict[str, object]) -> None:
    try:
        document = change_policy({"of-a-newer-version": 7}, changes)
    except InvalidPolicy:
        return
    policy = read_policy(document)
    assert document["of-a-newer-version"] == 7
    for key in changes:
        if key != "most_discount_bp" and key in document:
            assert getattr(policy, key) == document[key]


def test_one_bad_rule_leaves_the_others() -> None:
    policy = read_policy(
        {"below_cost": "block", "quote_valid_days": "many", "most_discount_bp": {"rep": 500}}
    )
    assert policy.below_cost is BelowCost.BLOCK
    assert policy.quote_valid_days == DEFAULTS.quote_valid_days
    assert policy.most_discount_of(Role.REP) == 500
    assert policy.most_discount_of(Role.MANAGER) == DEFAULTS.most_discount_of(Role.MANAGER)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("below_cost", "shrug", "not-a-choice"),
        ("quote_valid_days", 0, "out-of-bounds"),
        ("quote_valid_days", True, "not-a-number"),
        ("return_days", 1.5, "not-a-number"),
        ("most_discount_bp", {"rep": 10_001}, "out-of-bounds"),
        ("most_discount_bp", {"owner": 1}, "unknown"),
        ("most_discount_bp", 5, "not-a-document"),
        ("colour", 5, "unknown"),
    ],
)
def test_what_cannot_be_is_not_written(key: str, value: object, code: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        change_policy({}, {key: value})
    assert (caught.value.key, caught.value.code) == (key, code)


def test_none_takes_a_rule_back_to_its_default() -> None:
    assert read_policy(change_policy({"return_days": 3}, {"return_days": None})) == Policy()

"""Rule documents of promotions: what can be meant is read, everything else is turned away."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.offers import (
    Bundle,
    Extra,
    Gift,
    InvalidRule,
    Mix,
    Offer,
    Part,
    PromotionTerms,
    Reward,
    read_offer,
)
from crmdesk.domain.order_pricing import (
    AskedLine,
    OrderRules,
    ProductRules,
    price_order,
    reason_document,
    unclaimed_gifts,
)
from crmdesk.domain.pricing import AgreedPrice, ListRule, Promotion

A, B, C = "a" * 32, "b" * 32, "c" * 32


def terms(kind: str = "percent", **values: Any) -> PromotionTerms:
    return PromotionTerms("P1", "Offer", kind, **values)


def test_what_can_be_meant_is_read() -> None:
    bundle = read_offer(
        terms("bundle"),
        {"parts": [{"product": B, "quantity": 2}, {"product": A, "quantity": 1}],
         "price_e4": 99_000, "limit": 3},
    )  # fmt: skip
    assert bundle == Offer("P1", "Offer", Bundle((Part(A, 1), Part(B, 2)), Reward(99_000)), 3)
    mix = read_offer(terms("mix"), {"quantity": 6, "categories": [C], "discount_bp": 1_000})
    what = Mix(6, frozenset(), frozenset({C}), Reward(discount_bp=1_000))
    assert mix == Offer("P1", "Offer", what)
    gift = read_offer(
        terms("free", product=A, buy_quantity=12, free_quantity=1), {"free_product": B}
    )
    assert gift == Offer("P1", "Offer", Gift(A, 12, B, 1))
    extra = read_offer(terms(discount_bp=200, category=C), {"stacks": True})
    assert extra == Extra("P1", "Offer", 200, None, C)
    assert read_offer(terms(discount_bp=200), None) is None
    assert read_offer(terms(buy_quantity=5, free_quantity=1), {}) is None


_two = [{"product": A, "quantity": 1}, {"product": B, "quantity": 1}]


@pytest.mark.parametrize(
    ("promotion", "rule", "code", "field"),
    [
        (terms("sale"), None, "unknown", "kind"),
        (terms("mix"), [], "not-a-document", "rule"),
        (terms(), {"stacks": 1}, "not-a-flag", "stacks"),
        (terms(), {"stacks": True}, "not-a-percent", "stacks"),
        (terms(discount_bp=5), {"stack": True}, "unknown", "stack"),
        (terms("bundle"), {}, "two-products", "parts"),
        (terms("bundle"), {"parts": _two[:1], "price_e4": 1}, "two-products", "parts"),
        (terms("bundle"), {"parts": [*_two, _two[0]], "price_e4": 1}, "two-products", "parts"),
        (terms("bundle"), {"parts": _two * 11, "price_e4": 1}, "too-many", "parts"),
        (terms("bundle"), {"parts": _two}, "price-or-percent", "price_e4"),
        (terms("bundle"), {"parts": _two, "price_e4": 1, "discount_bp": 1}, "price-or-percent",
         "price_e4"),
        (terms("bundle"), {"parts": _two, "price_e4": -1}, "out-of-bounds", "price_e4"),
        (terms("bundle"), {"parts": _two, "price_e4": 1.5}, "not-a-number", "price_e4"),
        (terms("bundle"), {"parts": _two, "price_e4": True}, "not-a-number", "price_e4"),
        (terms("bundle"), {"parts": _two, "discount_bp": 10_001}, "out-of-bounds", "discount_bp"),
        (terms("bundle"), {"parts": _two, "price_e4": 1, "limit": 0}, "out-of-bounds", "limit"),
        (terms("bundle"), {"parts": "ab", "price_e4": 1}, "not-a-list", "parts"),
        (terms("bundle"), {"parts": [1, 2], "price_e4": 1}, "not-a-document", "parts"),
        (terms("mix"), {"quantity": 3, "price_e4": 1}, "empty", "products"),
        (terms("mix"), {"quantity": 1, "products": [A], "price_e4": 1}, "two-products",
         "quantity"),
        (terms("mix"), {"quantity": 2, "products": ["SKU1"], "price_e4": 1}, "not-a-uid",
         "products"),
        (terms("free", buy_quantity=1, free_quantity=1), {"free_product": B}, "one-product",
         "product"),
        (terms("free", product=A, buy_quantity=1, free_quantity=1), {"free_product": A},
         "same-product", "free_product"),
        (terms("free", product=A, buy_quantity=1, free_quantity=1), {"limit": 1}, "not-a-uid",
         "free_product"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_turned_away(
    promotion: PromotionTerms, rule: object, code: str, field: str
) -> None:
    with pytest.raises(InvalidRule) as caught:
        read_offer(promotion, rule)
    assert (caught.value.code, caught.value.field) == (code, field)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["parts", "products", "quantity", "price_e4", "limit", "stacks", "x"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.sampled_from(["percent", "free", "bundle", "mix", ""]), _json)
def test_any_document_is_read_or_turned_away(kind: str, rule: object) -> None:
    try:
        read_offer(terms(kind, product=A, buy_quantity=1, free_quantity=1), rule)
    except InvalidRule as error:
        assert error.code


# ------------------------------------------------------------------- what offers do, by example


def goods(key: str, price_e4: int, **values: Any) -> ProductRules:
    return ProductRules(key, rules=(ListRule(1, price_e4),), cost_e4=5_000, **values)


def rules(*offers: Offer, **products: ProductRules) -> OrderRules:
    return OrderRules(products, tuple(offers), list_name="List A")


def test_a_bundle_comes_to_its_price_to_the_cent() -> None:
    bundle = Offer("B", "Trio", Bundle((Part("a", 1), Part("b", 1), Part("c", 1)), Reward(100_000)))
    of = rules(bundle, a=goods("a", 50_000), b=goods("b", 50_000), c=goods("c", 50_000))
    order = price_order([AskedLine(key, 1) for key in "abc"], of)
    assert [line.amounts.net_minor for line in order.lines] == [333, 334, 333]
    assert order.net_minor == 1_000
    assert order.lines[0].reasons == ({"code": "bundle", "name": "Trio"},)


def test_what_a_bundle_leaves_over_has_its_own_reason() -> None:
    bundle = Offer("B", "Duo", Bundle((Part("a", 2), Part("b", 1)), Reward(discount_bp=1_000)))
    of = rules(bundle, a=goods("a", 10_000), b=goods("b", 20_000))
    (a, b) = price_order([AskedLine("a", 5), AskedLine("b", 1)], of).lines
    assert (a.amounts.net_minor, b.amounts.net_minor) == (480, 180)
    assert reason_document(a.reasons) == {
        "code": "bundle", "name": "Duo", "quantity": 2,
        "parts": [
            {"code": "bundle", "name": "Duo", "quantity": 2},
            {"code": "list", "list": "List A", "quantity": 3},
        ],
    }  # fmt: skip
    assert a.price.net_price_e4 == 9_600


def test_three_for_two_prices_take_the_dearest_and_stop_where_they_cost_more() -> None:
    mix = Offer("M", "Any 2", Mix(2, frozenset("abc"), frozenset(), Reward(50_000)))
    of = rules(mix, a=goods("a", 40_000), b=goods("b", 30_000), c=goods("c", 20_000))
    order = price_order([AskedLine("c", 2), AskedLine("a", 1), AskedLine("b", 1)], of)
    # a and b for 5.00 instead of 7.00; two of c at 4.00 stay cheaper than the offer.
    assert order.net_minor == 500 + 400


def test_a_gift_is_free_is_not_below_cost_and_is_offered_when_it_is_missing() -> None:
    gift = Offer("G", "Glass", Gift("a", 6, "b", 1))
    of = rules(gift, a=goods("a", 10_000), b=goods("b", 30_000))
    (missing,) = unclaimed_gifts([AskedLine("a", 13)], of)
    assert (missing.name, missing.product, missing.quantity) == ("Glass", "b", 2)
    order = price_order([AskedLine("a", 13), AskedLine("b", 2)], of)
    assert (order.net_minor, order.lines[1].price.free_quantity) == (1_300, 2)
    assert order.lines[1].reasons == ({"code": "gift", "name": "Glass", "free": 2},)
    assert not order.lines[1].below_cost
    assert unclaimed_gifts([AskedLine("a", 13), AskedLine("b", 2)], of) == []


def test_free_goods_say_how_many() -> None:
    promotion = Promotion("F", "5+1", 1, None, 5, 1)
    of = rules(a=goods("a", 10_000, promotions=(promotion,)))
    (line,) = price_order([AskedLine("a", 13)], of).lines
    assert (line.amounts.net_minor, line.price.free_quantity) == (1_100, 2)
    assert line.reasons == ({"code": "promotion", "name": "5+1", "free": 2},)


def test_promotions_do_not_stack_unless_they_say_so() -> None:
    percents = (Promotion("P", "P", 1, 1_000), Promotion("Q", "Q", 1, 2_000))
    product = goods("a", 10_000, promotions=percents)
    of = rules(a=product)
    assert price_order([AskedLine("a", 10)], of).net_minor == 800
    more = OrderRules({"a": product}, (), (Extra("X", "Fair", 500, "a", None),))
    (line,) = price_order([AskedLine("a", 10)], more).lines
    assert line.amounts.net_minor == 760
    assert [reason["code"] for reason in line.reasons] == ["promotion", "extra"]


def test_what_is_sold_below_cost_is_said() -> None:
    of = rules(a=ProductRules("a", rules=(ListRule(1, 10_000),), cost_e4=10_100))
    (line,) = price_order([AskedLine("a", 10)], of).lines
    assert line.below_cost
    agreed = ProductRules("a", agreed=(AgreedPrice(1, 10_200),), cost_e4=10_100)
    assert not price_order([AskedLine("a", 10)], rules(a=agreed)).lines[0].below_cost


def test_a_product_nobody_knows_costs_nothing_and_says_so() -> None:
    (line,) = price_order([AskedLine("z", 3)], rules()).lines
    assert (line.amounts.net_minor, line.reasons) == (0, ({"code": "none"},))

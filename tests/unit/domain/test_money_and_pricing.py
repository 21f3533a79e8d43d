"""Prices and rounding: exact, half-even, never negative, and never dearer for buying more."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.ids import UidMaker, compose_uid, document_number, seeded_uids, uid_from_text
from crmdesk.domain.money import (
    currency_exponent,
    discounted_price_e4,
    divide_half_even,
    parse_decimal,
    share_of_minor,
    to_minor,
    to_price_e4,
    typed_minor,
)
from crmdesk.domain.pricing import (
    AgreedPrice,
    ListRule,
    Promotion,
    amount_minor,
    decide_price,
    price_line,
)

_prices = st.integers(0, 10_000_000)
_quantities = st.integers(1, 100_000)


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**6))
def test_division_rounds_half_to_even(numerator: int, denominator: int) -> None:
    assert divide_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(st.decimals(-(10**9), 10**9, places=6, allow_nan=False))
def test_decimals_become_integers_exactly(value: Decimal) -> None:
    assert to_minor(value) == int((value * 100).quantize(Decimal(1), ROUND_HALF_EVEN))
    assert to_price_e4(value) == int((value * 10_000).quantize(Decimal(1), ROUND_HALF_EVEN))


@pytest.mark.parametrize(
    ("text", "value"),
    [("1234.5", "1234.5"), ("1.234,50", "1234.50"), ("1 234,5", "1234.5"), ("1,234.50", "1234.50"),
     ("-3", "-3"), ("−3", "-3"), ("0,05", "0.05"), ("1.234", "1.234")],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, value: str) -> None:
    assert parse_decimal(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "1.2.3", "--1"])
def test_what_is_no_number_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        parse_decimal(text)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("120", "EUR", 12_000), ("12,5", "EUR", 1250), ("1.234,50", "EUR", 123_450), ("7", "JPY", 7),
     ("1.005", "KWD", 1005)],
)  # fmt: skip
def test_an_amount_is_what_was_typed(text: str, currency: str, minor: int) -> None:
    assert typed_minor(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1.000", "EUR"), ("1,000", "EUR"), ("1.005", "EUR"), ("1e5", "EUR"), ("7.0", "JPY"),
     ("", "EUR")],
)  # fmt: skip
def test_an_amount_that_may_mean_another_is_none(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        typed_minor(text, currency)


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("XXX", 2)])
def test_minor_units_follow_the_currency(currency: str, digits: int) -> None:
    assert currency_exponent(currency) == digits
    assert amount_minor(15_000, 3, 1, currency) == divide_half_even(45 * 10**digits, 10)


_rules = st.builds(
    lambda listed, breaks: [
        ListRule(1, listed, None),
        *(ListRule(minimum, None, off) for minimum, off in breaks),
    ],
    _prices,
    st.lists(st.tuples(st.integers(2, 500), st.integers(0, 9_999)), max_size=4),
)
_promotions = st.lists(
    st.builds(
        Promotion,
        code=st.just("P"), name=st.just("Offer"), minimum_quantity=st.integers(1, 50),
        discount_bp=st.one_of(st.none(), st.integers(0, 10_000)),
        buy_quantity=st.one_of(st.none(), st.integers(1, 20)),
        free_quantity=st.one_of(st.none(), st.integers(1, 20)),
    ),
    max_size=2,
)  # fmt: skip


@given(_rules, _promotions, _quantities)
def test_a_line_is_never_negative_and_never_above_its_list_price(
    rules: list[ListRule], promotions: list[Promotion], quantity: int
) -> None:
    price = decide_price(quantity, rules, (), promotions, "A")
    assert price is not None
    assert 0 <= price.free_quantity <= quantity
    line = price_line(price, quantity, tax_bp=2100)
    assert 0 <= line.net_minor <= line.list_minor
    assert line.tax_minor == share_of_minor(line.net_minor, 2100)


@given(_rules, _promotions, st.lists(_quantities, min_size=2, max_size=6))
def test_buying_more_never_raises_the_price_of_one(
    rules: list[ListRule], promotions: list[Promotion], quantities: list[int]
) -> None:
    """Breaks and percentages only; a free-goods offer pays in whole groups."""
    percent = [p for p in promotions if not (p.buy_quantity and p.free_quantity)]
    prices = [decide_price(q, rules, (), percent, "A") for q in sorted(quantities)]
    nets = [price.net_price_e4 for price in prices if price is not None]
    assert nets == sorted(nets, reverse=True)


@given(_rules, _prices, _quantities)
def test_an_agreed_price_stands_before_everything(
    rules: list[ListRule], agreed: int, quantity: int
) -> None:
    offer = Promotion("P", "Offer", 1, 9_000, None, None)
    price = decide_price(quantity, rules, (AgreedPrice(1, agreed, None),), (offer,), "A")
    assert price is not None
    assert (price.net_price_e4, price.reason["code"]) == (agreed, "agreed")


def test_without_a_rule_there_is_no_price() -> None:
    assert decide_price(1, (), (), (), "A") is None
    assert decide_price(1, (ListRule(10, 100, None),), (), (), "A") is not None


@given(_prices, st.integers(0, 10_000))
def test_discounts_are_exact(price: int, off: int) -> None:
    assert discounted_price_e4(price, off) == round(Fraction(price * (10_000 - off), 10_000))


@given(_prices, _quantities, st.sampled_from([1, 10, 100, 1000]))
def test_an_amount_is_rounded_once(price: int, quantity: int, per: int) -> None:
    assert amount_minor(price, quantity, per) == round(Fraction(price * quantity, per * 100))


def test_uids_grow_even_within_a_millisecond_and_when_the_clock_goes_back() -> None:
    times = iter([5, 5, 5, 4, 3, 6, 6] * 200)
    make = UidMaker(lambda: next(times))
    made = [make() for _turn in range(1400)]
    assert made == sorted(set(made))
    assert all(uid[6] >> 4 == 7 and uid[8] >> 6 == 2 for uid in made)


def test_uids_of_a_seed_are_the_same_and_text_goes_round() -> None:
    one, two = seeded_uids(3, 1000), seeded_uids(3, 1000)
    assert [one() for _ in range(50)] == [two() for _ in range(50)]
    uid = compose_uid(1000, 5)
    assert uid_from_text(uid.hex()) == uid
    with pytest.raises(ValueError, match="not a uid"):
        uid_from_text("abcd")


def test_document_numbers_carry_their_device() -> None:
    assert document_number("Q", "M07", 412) == "QM07-00412"

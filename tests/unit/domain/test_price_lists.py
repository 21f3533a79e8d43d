"""Versions of price lists by day, and changing many prices at once."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.price_change import MOST_E4, PriceChange
from crmdesk.domain.price_lists import ListRow, PriceLists

JAN, JUL = date(2026, 1, 1), date(2026, 7, 1)


def row(uid: str, replaces: str | None = None, start: date | None = None, status: str = "active",
        *, default: bool = False) -> ListRow:  # fmt: skip
    return ListRow(uid, f"List {uid}", status, replaces, start, None, default)


def test_a_newer_version_holds_from_its_first_day() -> None:
    lists = PriceLists([row("a", status="retired"), row("b", "a", JAN), row("c", "b", JUL)])
    for named in ("a", "b", "c"):
        found = [lists.in_force(named, day) for day in (date(2025, 12, 31), JAN, JUL)]
        assert [one.uid for one in found if one is not None] == ["a", "b", "c"]
    assert [one.uid for one in lists.versions("c")] == ["a", "b", "c"]


def test_a_draft_holds_nowhere() -> None:
    lists = PriceLists(
        [row("a", default=True), row("b", "a", JAN, "draft"), row("d", None, JAN, "draft")]
    )
    for named in ("a", "b", "d", None, "gone"):
        found = lists.in_force(named, JUL)
        assert found is not None and found.uid == "a"


def test_without_a_list_the_default_holds_in_its_version() -> None:
    lists = PriceLists([row("b"), row("a", default=True), row("a2", "a", JUL)])
    early, late = lists.in_force(None, JAN), lists.in_force(None, JUL)
    assert early is not None and late is not None
    assert (early.uid, late.uid) == ("a", "a2")
    assert PriceLists([]).in_force("a", JAN) is None


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.tuples(
            st.none() | st.sampled_from("abcdef"), st.none() | st.sampled_from([JAN, JUL]),
            st.sampled_from(["draft", "active", "retired"]), st.booleans(),
        ),
    ),
    st.none() | st.sampled_from("abcdef"),
)  # fmt: skip
def test_any_chain_ends(
    lists: dict[str, tuple[str | None, date | None, str, bool]], named: str | None
) -> None:
    rows = [
        row(uid, replaces, start, status, default=default)
        for uid, (replaces, start, status, default) in lists.items()
    ]
    found = PriceLists(rows).in_force(named, JAN)
    assert found is None or found.status != "draft"
    assert (found is None) == all(one.status == "draft" for one in rows)


def slow(change: PriceChange, price: int) -> int:
    """The rule in exact fractions: percent half-even, amount, nearest step (half up)."""
    moved = round(Fraction(price * (10_000 + change.percent_bp), 10_000)) + change.amount_e4
    steps = Fraction(moved - change.ending_e4, change.step_e4) + Fraction(1, 2)
    found = (steps.numerator // steps.denominator) * change.step_e4 + change.ending_e4
    while found <= 0:
        found += change.step_e4
    return min(found, MOST_E4)


@given(
    st.integers(1, 10**8), st.integers(-9_999, 30_000), st.integers(-50_000, 50_000),
    st.sampled_from([(1, 0), (100, 0), (500, 0), (1000, 900), (10_000, 9_900), (10_000, 9_500)]),
)  # fmt: skip
def test_changed_prices_are_the_rule_exactly(
    price: int, percent: int, amount: int, rounding: tuple[int, int]
) -> None:
    change = PriceChange(percent, amount, *rounding)
    assert change.of(price) == slow(change, price)
    assert change.of(price) > 0
    assert change.of(0) == 0
    assert PriceChange().of(price) == price

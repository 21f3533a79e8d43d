"""Quotes: legal steps, the queue, what is agreed, and what a chance rests on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.analytics.figures import Missing
from crmdesk.analytics.quotes import (
    FEWEST,
    DecidedQuote,
    OpenQuote,
    WinHistory,
    expected_minor,
)
from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.pricing import amount_minor
from crmdesk.domain.quote_rules import (
    FollowUp,
    QuotedLine,
    VersionLine,
    follow_up_state,
    holds,
    line_changes,
    quoted_price,
)
from crmdesk.domain.states import QUOTE_STEPS, QuoteStatus, check_quote_step

TODAY = date(2026, 11, 24)


@given(st.sampled_from(QuoteStatus), st.sampled_from(QuoteStatus))
def test_a_quote_takes_legal_steps_only(old: QuoteStatus, new: QuoteStatus) -> None:
    if old is new or new in QUOTE_STEPS[old]:
        check_quote_step(old, new)
    else:
        with pytest.raises(IllegalTransition):
            check_quote_step(old, new)


def test_what_was_decided_is_opened_before_it_is_decided_otherwise() -> None:
    decided = {QuoteStatus.WON, QuoteStatus.LOST, QuoteStatus.EXPIRED}
    for status in decided:
        assert not QUOTE_STEPS[status] & (decided - {status})
    assert QUOTE_STEPS[QuoteStatus.SUPERSEDED] == frozenset()


days = st.one_of(st.none(), st.integers(-40, 40).map(lambda n: TODAY + timedelta(days=n)))


@given(days, days)
def test_every_waiting_quote_stands_in_one_group(next_on: date | None, until: date | None) -> None:
    state = follow_up_state(next_on, until, TODAY)
    assert (state is FollowUp.EXPIRED) == (until is not None and until < TODAY)
    if state is FollowUp.LATER:
        assert next_on is not None and next_on > TODAY
    if next_on is None or next_on <= TODAY:
        assert state.waits
    if until is not None and until <= TODAY + timedelta(days=7):
        # What soon holds no longer is only left alone with a follow-up before that.
        assert state is not FollowUp.LATER or (next_on is not None and next_on <= until)


@given(
    st.integers(1, 10_000), st.integers(0, 10**7), st.integers(1, 10**6),
    st.sampled_from((1, 10, 1000)), st.sampled_from(("EUR", "JPY", "KWD")),
    st.integers(0, 9_999),
)  # fmt: skip
def test_the_quoted_quantity_costs_what_was_quoted(
    quantity: int, net: int, listed: int, per: int, currency: str, more: int
) -> None:
    line = QuotedLine("q", "Q-1", "p", quantity, listed, listed, net)
    found = quoted_price(line, quantity, per, currency)
    assert found is not None
    price, said = found
    assert said == net
    assert price.reason["quote"] == "Q-1"
    again = amount_minor(price.net_price_e4, quantity, per, currency)
    # The price shown is the amount's own at 1e-4; what is charged is the amount.
    assert abs(again - net) <= quantity / per / 10 + 1
    bigger = quoted_price(line, quantity + more, per, currency)
    assert bigger is not None
    assert abs(bigger[1] * quantity - net * (quantity + more)) <= quantity
    assert (
        quoted_price(line, (quantity * 9 - 1) // 10 if quantity > 1 else 0, per, currency) is None
    )


def test_a_quote_holds_until_its_day_and_while_it_is_open_or_won() -> None:
    assert holds("sent", TODAY, TODAY) and holds("won", None, TODAY)
    assert not holds("sent", TODAY - timedelta(days=1), TODAY)
    assert not any(holds(s, None, TODAY) for s in ("draft", "lost", "expired", "superseded"))


lines = st.lists(
    st.builds(
        VersionLine, st.sampled_from("abcde"), st.integers(1, 3), st.just("CS"), st.just(12),
        st.integers(12, 36), st.integers(0, 500),
    ),
    unique_by=lambda line: line.product, max_size=5,
)  # fmt: skip


@given(lines, lines)
def test_differences_lead_from_one_version_to_the_other(
    old: list[VersionLine], new: list[VersionLine]
) -> None:
    made = {line.product: line for line in old}
    for change in line_changes(old, new):
        assert change.old == made.get(change.product) and change.old != change.new
        if change.new is None:
            del made[change.product]
        else:
            made[change.product] = change.new
    assert made == {line.product: line for line in new}


# ------------------------------------------------------------------------------------- chances

decided = st.builds(
    DecidedQuote, st.sampled_from(("bar", "shop")), st.integers(1, 10**6), st.integers(0, 60),
    st.lists(st.integers(0, 60), max_size=3).map(tuple), st.booleans(),
)  # fmt: skip
waiting = st.builds(
    OpenQuote, st.sampled_from(("bar", "shop", "new")), st.integers(1, 10**6), st.integers(0, 60),
    st.integers(0, 4),
)  # fmt: skip


@given(st.lists(decided, max_size=60), waiting)
def test_a_chance_is_a_share_and_says_what_it_rests_on(
    history: list[DecidedQuote], quote: OpenQuote
) -> None:
    found = WinHistory(history).chance(quote)
    alive = [one for one in history if one.days_open >= quote.age_days]
    if len(alive) < FEWEST:
        assert found.reason is Missing.TOO_FEW_QUOTES
        return
    chance = found.value
    assert chance is not None
    assert chance.of == len(alive)
    assert chance.company_share == sum(one.won for one in alive) / len(alive)
    assert 0 <= chance.share <= 1
    assert chance.similar <= sum(one.segment == quote.segment for one in alive)
    if chance.similar == 0 and quote.segment == "new":
        assert chance.share == pytest.approx(chance.company_share)


def test_shares_lean_on_the_company_while_cases_are_few() -> None:
    """Twice as many cases of the same kind speak louder than one."""

    def at(count: int) -> float:
        history = [DecidedQuote("bar", 100, 30, (), won=True)] * count
        history += [DecidedQuote("shop", 100, 30, (), won=False)] * 100
        found = WinHistory(history).chance(OpenQuote("bar", 100, 5, 0)).value
        assert found is not None
        return found.share

    assert 0.2 < at(2) < at(8) < at(40) < 1


def test_what_was_decided_earlier_says_nothing_of_an_older_quote() -> None:
    quick = [DecidedQuote("bar", 100, 3, (), won=True)] * 50
    slow = [DecidedQuote("bar", 100, 30, (), won=False)] * 50
    history = WinHistory([*quick, *slow])
    young = history.chance(OpenQuote("bar", 100, 1, 0)).value
    old = history.chance(OpenQuote("bar", 100, 10, 0)).value
    assert young is not None and old is not None
    assert young.share == pytest.approx(0.5) and old.share == 0


def test_what_open_quotes_are_worth_is_the_sum_of_their_chances() -> None:
    history = WinHistory([DecidedQuote("bar", 100, 30, (), won=n % 2 == 0) for n in range(40)])
    sure = history.chance(OpenQuote("bar", 100, 0, 0))
    none = WinHistory([]).chance(OpenQuote("bar", 100, 0, 0))
    assert expected_minor([(1_000, sure), (500, none), (2_000, sure)]).value == 1_500
    assert expected_minor([(500, none)]).reason is Missing.TOO_FEW_QUOTES
    assert expected_minor([]).value == 0

"""What serving costs and brings: hours, kilometres and margin of a month."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.planning.attention import AttentionModel
from crmdesk.planning.effort import (
    MONTH_DAYS,
    PLANNED_SHARE,
    Effort,
    Misfit,
    Practice,
    Rates,
    Rhythm,
    contact_step,
    effort,
    fitting_model,
    in_plans,
    margin_per_day,
    total,
)

RATES = Rates(0.5, 0.3)
PRACTICE = Practice(step_days=28.0, alone=0.0, call_worth=0.5, km=10.0, drive_minutes=20.0)


def test_a_month_of_visits_and_calls_by_hand() -> None:
    model = AttentionModel(14.0, 1, 30.0, 10.0)
    found = effort(model, PRACTICE, [], RATES)
    visits = MONTH_DAYS / 14.0
    assert found.visits == pytest.approx(visits)
    assert found.calls == pytest.approx(visits)
    assert found.km == pytest.approx(visits * 10.0)
    assert found.hours == pytest.approx(visits * (30 + 20 + 10) / 60)
    assert found.cost == pytest.approx(visits * 60 * 0.5 + visits * 10 * 0.3)
    assert found.margin == 0.0


@given(
    st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 1e4), st.floats(0, 1e4)
)  # fmt: skip
def test_plans_make_no_more_than_is_asked_for_and_than_the_hours_allow(
    asked: float, more: float, there: float, km: float
) -> None:
    little = in_plans(Effort(visits=asked * 2, hours=asked, km=km), there)
    much = in_plans(Effort(visits=(asked + more) * 2, hours=asked + more, km=km), there)
    for found, hours in ((little, asked), (much, asked + more)):
        assert found.hours <= PLANNED_SHARE * hours + 1e-6
        assert there == 0 or found.hours <= there * (1 + 1e-9) + 1e-9
        assert found.visits == pytest.approx(found.hours * 2)
    # Who asks for more does not get less, and no more once the hours are full.
    assert much.hours >= little.hours - 1e-6
    if there and asked >= there / PLANNED_SHARE:
        assert much.hours == pytest.approx(little.hours)


def test_as_served_so_far_it_brings_what_it_brings_now() -> None:
    rhythm = Rhythm(cycle_days=35.0, margin_per_day=2.0)
    assert margin_per_day(rhythm, PRACTICE, 28.0) == pytest.approx(2.0)


def test_waiting_half_as_long_with_an_empty_shelf_sells_more() -> None:
    # 35 days = 21 of need + 14 of waiting; with contacts every 14 days 21 + 7.
    rhythm = Rhythm(35.0, 2.0)
    assert margin_per_day(rhythm, PRACTICE, 14.0) == pytest.approx(2.0 * 35 / 28)


def test_a_customer_who_buys_faster_than_one_comes_does_not_wait_all_the_time() -> None:
    # Buys every 12 days, seen every 28: at most 6 of the 12 are waiting.
    assert margin_per_day(Rhythm(12.0, 1.0), PRACTICE, 14.0) == pytest.approx(12 / (6 + 3))


def test_who_orders_alone_sells_the_same_however_often_one_comes() -> None:
    alone = Practice(28.0, 1.0, 0.5, 10.0, 20.0)
    assert margin_per_day(Rhythm(35.0, 2.0), alone, 7.0) == pytest.approx(2.0)


def test_a_call_counts_for_its_share_of_a_visit() -> None:
    assert contact_step(AttentionModel(42.0, 2), 0.5) == pytest.approx(21.0)
    assert contact_step(AttentionModel(42.0, 2), 0.0) == pytest.approx(42.0)


def test_who_buys_faster_than_it_is_seen_is_seen_more_often() -> None:
    rich = [Rhythm(12.0, 30.0)]
    found = fitting_model(AttentionModel(28.0), PRACTICE, rich, RATES, 12.0, 28.0)
    assert found is not None
    assert found.misfit is Misfit.BUYS_FASTER
    assert found.model.interval_days in (14.0, 21.0)


def test_who_buys_slower_is_seen_less_and_called_between() -> None:
    found = fitting_model(AttentionModel(14.0), PRACTICE, [Rhythm(30.0, 2.0)], RATES, 30.0, 14.0)
    assert found is not None
    assert found.misfit is Misfit.BUYS_SLOWER
    assert found.model.interval_days > 14.0
    assert found.model.contact_step_days <= 21.0


def test_a_drive_that_costs_more_than_it_brings_becomes_calls() -> None:
    found = fitting_model(AttentionModel(28.0), PRACTICE, [Rhythm(30.0, 0.1)], RATES, 30.0, 28.0)
    assert found is not None
    assert found.misfit is Misfit.COSTS_MORE
    assert found.model.virtual_between > 0


def test_where_everything_fits_nothing_is_proposed() -> None:
    good = [Rhythm(28.0, 20.0)]
    assert fitting_model(AttentionModel(28.0), PRACTICE, good, RATES, 28.0, 28.0) is None


def test_efforts_add_up_and_take_away() -> None:
    one = Effort(1, 2, 3, 4, 5, 6)
    assert total([one, one]) - one == one
    assert one.net == -1


days = st.floats(1.0, 400.0)
share = st.floats(0.0, 1.0)
practices = st.builds(Practice, days, share, share, st.floats(0.0, 300.0), st.floats(0.0, 300.0))
rhythms = st.lists(st.builds(Rhythm, days, st.floats(0.0, 1e4)), max_size=5)
models = st.builds(
    AttentionModel, days, st.integers(0, 5), st.floats(1.0, 120.0), st.floats(0.0, 60.0)
)


@given(models, practices, rhythms, st.floats(1.0, 4.0))
def test_coming_more_often_never_sells_less_nor_more_than_double(model, practice, own, faster):
    more = AttentionModel(model.interval_days / faster, model.virtual_between)
    before = effort(model, practice, own, RATES)
    after = effort(more, practice, own, RATES)
    assert after.margin >= before.margin - 1e-6
    now = sum(r.margin_per_day for r in own) * MONTH_DAYS
    assert after.margin <= 2.0 * now + 1e-6
    assert after.visits >= before.visits


@given(models, practices, rhythms, days, st.none() | days)
def test_a_proposal_gains_and_stays_within_half_and_double(model, practice, own, buys, seen):
    found = fitting_model(model, practice, own, RATES, buys, seen)
    if found is None:
        return
    assert found.model.visit_minutes == model.visit_minutes
    assert 0.5 <= found.model.interval_days / model.interval_days <= 2.0
    after, before = effort(found.model, practice, own, RATES), effort(model, practice, own, RATES)
    assert after.net > before.net

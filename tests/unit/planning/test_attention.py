"""Attention clocks: visits, calls, who is late."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.planning.attention import (
    AttentionModel,
    DueEntry,
    DueState,
    attention,
    break_even_order,
    due_within,
)

TODAY = date(2026, 3, 16)
MONTHLY = AttentionModel(interval_days=28.0, virtual_between=1)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "state", "overdue"),
    [(27, DueState.FINE, 0.0), (28, DueState.DUE, 0.0), (40, DueState.OVERDUE, 5.0)],
)
def test_states_follow_the_gap(days, state, overdue):
    now = attention(MONTHLY, ago(days), None, TODAY)
    assert (now.state, now.overdue_days, now.gap_days) == (state, overdue, days)
    assert now.visit_due == ago(days) + timedelta(days=28)


def test_a_customer_never_visited_is_due_since_the_relation_began():
    now = attention(MONTHLY, None, None, TODAY, since=ago(3))
    assert (now.state, now.visit_due) == (DueState.NEVER_VISITED, ago(3))
    assert attention(MONTHLY, None, None, TODAY).visit_due == TODAY


def test_a_call_comes_between_two_visits():
    assert attention(MONTHLY, ago(10), None, TODAY).virtual_due == ago(10) + timedelta(days=14)


def test_a_call_resets_the_attention_clock_not_the_visit_clock():
    now = attention(MONTHLY, ago(8), ago(2), TODAY)
    assert now.visit_due == ago(8) + timedelta(days=28)
    assert now.virtual_due == ago(2) + timedelta(days=14)
    assert attention(MONTHLY, ago(20), ago(2), TODAY).virtual_due is None


def test_without_virtual_contacts_no_call_is_due():
    assert attention(AttentionModel(7.0), ago(3), None, TODAY).virtual_due is None


@given(st.integers(0, 200), st.integers(0, 200), st.floats(1.0, 90.0), st.integers(0, 5))
def test_calls_always_come_before_the_visit(visit_ago, call_ago, interval, between):
    model = AttentionModel(interval, between)
    now = attention(model, ago(visit_ago), ago(call_ago), TODAY)
    if now.virtual_due is not None:
        assert between > 0
        assert max(ago(visit_ago), ago(call_ago)) <= now.virtual_due < now.visit_due


def test_due_lists_begin_with_the_longest_waiting():
    entries = [
        DueEntry("later", attention(MONTHLY, ago(5), ago(1), TODAY)),
        DueEntry("late", attention(MONTHLY, ago(60), None, TODAY)),
        DueEntry("call", attention(MONTHLY, ago(12), None, TODAY)),
    ]
    assert [entry.key for entry in due_within(entries, TODAY, 7)] == ["late", "call"]


def test_break_even_order():
    assert break_even_order(18.0, 6.0, 0.3) == pytest.approx(80.0)
    assert break_even_order(18.0, 6.0, 0.0) is None


@pytest.mark.parametrize("values", [(0.0,), (float("nan"),), (7.0, -1), (7.0, 0, -5.0)])
def test_senseless_models_are_refused(values):
    with pytest.raises(ValueError, match=r"attention model|negative"):
        AttentionModel(*values)

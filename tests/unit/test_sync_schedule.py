"""When rounds of sync begin: a virtual clock, and whatever may happen in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.errors import Cancelled, ProfileInUse, Refused, Unreachable
from crmdesk.sync import schedule
from crmdesk.sync.schedule import Outcome, Pace, Schedule, outcome_of

STEPS = st.one_of(
    st.tuples(st.just("wait"), st.floats(0.0, 900.0)),
    st.tuples(st.sampled_from(["change", "key", "connect", "settings"]), st.just(0.0)),
)
ROUNDING = 1e-6
"""Seconds that adding up floats may lose."""

ENDS = st.sampled_from([Outcome.DONE, Outcome.FAILED, Outcome.IN_USE, Outcome.CANCELLED])


def started(**pace: float) -> Schedule:
    made = Schedule(Pace(True, pace.get("interval_s", 120.0)), lambda: 0.5)
    made.start(0.0)
    return made


def round_of(plan: Schedule, outcome: Outcome = Outcome.DONE, seconds: float = 1.0) -> float:
    """Run the next round when it is due; returns when it ended."""
    at = plan.next_at()
    assert at is not None
    plan.begin(at)
    plan.end(at + seconds, outcome)
    return at + seconds


def test_the_first_round_comes_soon_after_the_start() -> None:
    assert started().next_at() == schedule.START_S


def test_a_change_is_sent_a_few_seconds_later_and_typing_on_does_not_put_it_off_for_ever() -> None:
    plan = started()
    now = round_of(plan)
    plan.note_change(now + 10)
    assert plan.next_at() == now + 10 + schedule.DEBOUNCE_S
    for second in range(11, 60):
        plan.note_change(now + second)
    assert plan.next_at() == now + 10 + schedule.DEBOUNCE_MOST_S


def test_what_changes_during_a_round_is_sent_by_the_next() -> None:
    plan = started()
    plan.begin(3.0)
    plan.note_change(3.5)
    assert plan.next_at() is None, "one round at a time"
    plan.end(4.0, Outcome.DONE)
    assert plan.next_at() == 3.5 + schedule.DEBOUNCE_S


def test_failures_wait_longer_and_longer_and_a_change_does_not_hurry_them() -> None:
    plan, waits = started(), []
    now = 0.0
    for _attempt in range(9):
        now = round_of(plan, Outcome.FAILED)
        plan.note_change(now)
        due = plan.next_at()
        assert due is not None
        waits.append(due - now)
    assert waits[:4] == [7.5, 15.0, 30.0, 60.0]
    assert waits[-1] == schedule.LAST_RETRY_S * 0.75


def test_the_network_coming_back_ends_the_waiting() -> None:
    plan = started()
    now = 0.0
    for _attempt in range(8):
        now = round_of(plan, Outcome.FAILED)
    plan.note_connected(now + 1)
    due = plan.next_at()
    assert due is not None
    assert due <= now + 1 + schedule.CONNECTED_S
    assert plan.failures == 0


def test_a_round_of_its_own_accord_waits_for_a_pause_between_keys() -> None:
    plan = started()
    plan.note_key(2.9)
    assert plan.next_at() == pytest.approx(2.9 + schedule.QUIET_S)
    for tenth in range(30, 600):
        plan.note_key(tenth / 10)
    assert plan.next_at() == schedule.START_S + schedule.QUIET_MOST_S
    plan.ask(60.0)
    assert plan.is_due(60.0), "who asks is not kept waiting"


def test_a_device_turned_away_rests_until_somebody_asks() -> None:
    plan = started()
    now = round_of(plan, Outcome.TURNED_AWAY)
    plan.note_change(now)
    plan.note_connected(now)
    assert plan.next_at() is None
    plan.ask(now + 100)
    assert plan.next_at() == now + 100
    round_of(plan)
    assert plan.next_at() is not None


def test_without_automatic_rounds_only_asking_counts() -> None:
    plan = Schedule(Pace(automatic=False), lambda: 0.5)
    plan.start(0.0)
    plan.note_change(1.0)
    assert plan.next_at() is None
    plan.ask(5.0)
    assert plan.is_due(5.0)
    round_of(plan)
    assert plan.next_at() is None
    plan.set_pace(Pace(), 10.0)
    assert plan.next_at() is not None


def test_what_the_ends_of_rounds_mean() -> None:
    assert outcome_of(None) is Outcome.DONE
    assert outcome_of(Cancelled()) is Outcome.CANCELLED
    assert outcome_of(ProfileInUse("x")) is Outcome.IN_USE
    assert outcome_of(Unreachable("x")) is Outcome.FAILED
    assert outcome_of(Refused("x", code="retired")) is Outcome.TURNED_AWAY
    assert outcome_of(Refused("x", code="schema")) is Outcome.FAILED
    assert outcome_of(RuntimeError("a bug")) is Outcome.FAILED


@given(
    steps=st.lists(STEPS, max_size=60),
    ends=st.lists(ENDS, min_size=80, max_size=80),
    lengths=st.lists(st.floats(0.1, 120.0), min_size=1, max_size=5),
    jitter=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=7),
    interval=st.integers(60, 3600),
)
def test_it_never_spins_and_always_tries_again(
    steps: list[tuple[str, float]],
    ends: list[Outcome],
    lengths: list[float],
    jitter: list[float],
    interval: int,
) -> None:
    """Whatever happens: rounds are apart, further after failures, and one more always comes."""
    calls = iter(range(10_000))
    plan = Schedule(Pace(True, interval), lambda: jitter[next(calls) % len(jitter)])
    plan.start(0.0)
    now, ended, failed, rounds = 0.0, None, 0, 0
    outcomes = iter(ends)
    for what, seconds in steps:
        until = now + seconds
        while (due := plan.next_at()) is not None and due <= until and rounds < 80:
            begins = max(due, now)
            if ended is not None:
                assert begins - ended >= schedule.LEAST_GAP_S - ROUNDING, "it spins"
            if failed > 0 and ended is not None:
                least = min(schedule.FIRST_RETRY_S * 2 ** (failed - 1), schedule.LAST_RETRY_S) / 2
                assert begins - ended >= least - ROUNDING, "it does not back off"
            plan.begin(begins)
            assert plan.next_at() is None, "two rounds at once"
            outcome = next(outcomes)
            # Something is typed at the beginning of every second round.
            if rounds % 2:
                plan.note_change(begins + 0.05)
            ended = now = begins + lengths[rounds % len(lengths)]
            plan.end(now, outcome)
            failed = failed + 1 if outcome is Outcome.FAILED else 0
            rounds += 1
            until = max(until, now)
        now = max(now, until)
        if what == "change":
            plan.note_change(now)
        elif what == "key":
            plan.note_key(now)
        elif what == "connect":
            plan.note_connected(now)
            # The first round after it is not held back by what failed before.
            failed = 0
        elif what == "settings":
            plan.set_pace(Pace(True, interval), now)
    due = plan.next_at()
    assert due is not None, "it gave up"
    latest = max(interval * (1 + schedule.SPREAD), schedule.LAST_RETRY_S) + schedule.QUIET_MOST_S
    assert due <= now + latest + ROUNDING, "it forgot to try"

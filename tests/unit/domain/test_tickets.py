"""Service time and the clocks of tickets, against a slow count of every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.policy import Policy, change_policy, read_policy
from crmdesk.domain.service_hours import (
    ServiceHours,
    after_working,
    working_minutes,
    working_time,
)
from crmdesk.domain.states import Role, TicketStatus
from crmdesk.domain.tickets import (
    TICKET_STEPS,
    Happened,
    Priority,
    Told,
    check_new_ticket,
    check_ticket_step,
    clocks,
)

ZONES = [ZoneInfo(name) for name in ("Europe/Madrid", "America/New_York", "Asia/Kolkata", "UTC")]
# Around a clock change in spring and one in autumn, and an ordinary week.
STARTS = [datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC),
          datetime(2026, 11, 20, tzinfo=UTC)]  # fmt: skip
MINUTE = timedelta(minutes=1)
OPEN, WAITING, RESOLVED, CLOSED = TicketStatus

spans = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(0, 1440)).map(lambda p: (min(p), max(p))),
    max_size=3,
).map(tuple)
hours_of = st.builds(
    ServiceHours,
    st.tuples(*[spans] * 7),
    st.sampled_from(ZONES),
    st.frozensets(
        st.sampled_from(STARTS).map(lambda s: (s + timedelta(days=1)).date()), max_size=2
    ),
)
instants = st.builds(lambda s, m: s + m * MINUTE, st.sampled_from(STARTS), st.integers(0, 6_000))


def counts(hours: ServiceHours, minute: datetime) -> bool:
    """Whether the minute that begins then is one of service, the slow way."""
    local = minute.astimezone(hours.zone)
    if local.date() in hours.holidays:
        return False
    at = local.hour * 60 + local.minute
    return any(a <= at < b for a, b in hours.days[local.weekday()])


def slow_minutes(hours: ServiceHours, start: datetime, end: datetime) -> int:
    """Every minute between two instants, counted."""
    found, minute = 0, start
    while minute < end:
        found += counts(hours, minute)
        minute += MINUTE
    return found


def _skips(hours: ServiceHours, start: datetime, end: datetime) -> bool:
    """Whether a span begins or ends in the hour that a clock change leaves out or doubles."""
    day = start.astimezone(hours.zone).date() - timedelta(days=1)
    while day <= end.astimezone(hours.zone).date() + timedelta(days=1):
        here = [datetime(day.year, day.month, day.day, h, tzinfo=hours.zone) for h in (0, 12)]
        if here[0].utcoffset() != here[1].utcoffset() and any(
            60 <= edge < 240 for span in hours.days[day.weekday()] for edge in span
        ):
            return True
        day += timedelta(days=1)
    return False


@settings(max_examples=60, deadline=None)
@given(hours_of, instants, st.integers(0, 5_000))
def test_service_time_is_what_a_count_of_every_minute_gives(
    hours: ServiceHours, start: datetime, length: int
) -> None:
    end = start + length * MINUTE
    if _skips(hours, start, end):
        return
    assert working_minutes(hours, start, end) == slow_minutes(hours, start, end)


@settings(max_examples=60, deadline=None)
@given(hours_of, instants, st.integers(0, 3_000))
def test_a_deadline_is_where_so_much_service_time_has_passed(
    hours: ServiceHours, start: datetime, minutes: int
) -> None:
    due = after_working(hours, start, minutes)
    if not any(any(a < b for a, b in day) for day in hours.days):
        assert due is None or minutes == 0
        return
    if due is None:
        # A service that is open for a few minutes a week: not within five years.
        assert working_time(hours, start, start + timedelta(days=1_800)) < minutes * MINUTE
        return
    assert working_time(hours, start, due) == minutes * MINUTE
    if minutes:
        assert working_time(hours, start, due - MINUTE) < minutes * MINUTE


def test_a_span_through_a_clock_change_is_as_long_as_it_was() -> None:
    madrid = ServiceHours((((0, 1440),),) * 7, ZoneInfo("Europe/Madrid"))
    for day, length in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)):
        start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Madrid"))
        end = (start + timedelta(days=1)).astimezone(UTC)
        assert working_minutes(madrid, start.astimezone(UTC), end) == length * 60


# ------------------------------------------------------------------------------------- clocks

legal_walks = st.lists(st.tuples(st.integers(1, 900), st.integers(0, 2)), max_size=7)


def walk(opened: datetime, steps: list[tuple[int, int]]) -> tuple[TicketStatus, list[Happened]]:
    """A legal history: minutes until the next step, and which of the legal ones."""
    at, state, events = opened, OPEN, []
    for minutes, choice in steps:
        at += minutes * MINUTE
        ways = sorted(TICKET_STEPS[state])
        state = ways[choice % len(ways)]
        events.append(Happened(at, "status", "", state.value))
    return state, events


@settings(max_examples=60, deadline=None)
@given(hours_of, instants, legal_walks, st.integers(0, 900), st.sampled_from(list(Priority)))
def test_the_clocks_are_what_a_count_of_every_minute_gives(
    hours: ServiceHours,
    opened: datetime,
    steps: list[tuple[int, int]],
    more: int,
    priority: Priority,
) -> None:
    status, events = walk(opened, steps)
    now = (events[-1].at if events else opened) + more * MINUTE
    if _skips(hours, opened, now):
        return
    policy = Policy(resolution_minutes_high=60, resolution_minutes_normal=200)
    found = clocks(Told(opened, priority, status, events), hours, policy, now)
    spent = waited = reopened = 0
    state, minute, at = OPEN, opened, 0
    while minute < now or at < len(events):
        while at < len(events) and events[at].at <= minute:
            new = TicketStatus(events[at].to_status)
            reopened += state in (RESOLVED, CLOSED) and new in (OPEN, WAITING)
            state, at = new, at + 1
        if minute < now:
            spent += state is OPEN and counts(hours, minute)
            waited += state is WAITING and counts(hours, minute)
        minute += MINUTE
    assert (found.spent // MINUTE, found.waited // MINUTE, found.reopened) == (
        spent, waited, reopened,
    )  # fmt: skip
    target = {"high": 60, "normal": 200, "low": policy.resolution_minutes_low}[priority.value]
    assert found.late == (spent > target)
    assert (found.resolution is not None) == (status in (RESOLVED, CLOSED))
    if found.due is not None and status is OPEN:
        assert (now > found.due) == found.late or spent == target
    over = status in (RESOLVED, CLOSED)
    assert found.escalation == 0 if over else found.escalation >= (2 if spent > 2 * target else 0)


def desk(policy: Policy | None = None) -> ServiceHours:
    return ServiceHours((policy or Policy()).service_hours, ZoneInfo("UTC"))


def test_first_response_counts_to_the_first_words_to_the_customer() -> None:
    friday = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    monday = datetime(2026, 11, 23, 9, 45, tzinfo=UTC)
    events = [
        Happened(friday, "message", "in"),
        Happened(friday + 5 * MINUTE, "note", "out"),
        Happened(monday, "message", "out"),
        Happened(monday + timedelta(hours=2), "message", "out"),
    ]
    told = Told(friday, Priority.HIGH, OPEN, events)
    found = clocks(told, desk(), Policy(), monday + timedelta(hours=3))
    assert found.response == timedelta(minutes=75)
    assert found.late_response
    assert found.response_due is None
    waiting = Told(friday, Priority.HIGH, OPEN, events[:2])
    later = clocks(waiting, desk(), Policy(), friday + 20 * MINUTE)
    assert (later.response, later.late_response, later.escalation) == (None, False, 0)
    assert later.response_due == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert clocks(waiting, desk(), Policy(), monday).escalation == 1


def test_tickets_without_a_history_speak_for_themselves() -> None:
    opened = datetime(2026, 11, 20, 10, tzinfo=UTC)
    told = Told(
        opened, Priority.NORMAL, CLOSED, (), opened + timedelta(hours=1),
        opened + timedelta(hours=5),
    )  # fmt: skip
    found = clocks(told, desk(), Policy(), opened + timedelta(days=30))
    assert (found.response, found.resolution) == (timedelta(hours=1), timedelta(hours=5))
    assert (found.late, found.due, found.escalation) == (False, None, 0)


# -------------------------------------------------------------------------------------- steps


@pytest.mark.parametrize("role", list(Role))
def test_steps_by_role(role: Role) -> None:
    for old in TicketStatus:
        for new in TicketStatus:
            legal = new is old or new in TICKET_STEPS[old]
            closes = new is CLOSED and old is not CLOSED
            if legal and not (closes and role is Role.REP):
                check_ticket_step(old, new, role)
            else:
                with pytest.raises(IllegalTransition):
                    check_ticket_step(old, new, role)


def test_a_reps_ticket_does_not_begin_closed() -> None:
    check_new_ticket(CLOSED, Role.OFFICE)
    check_new_ticket(RESOLVED, Role.REP)
    with pytest.raises(IllegalTransition):
        check_new_ticket(CLOSED, Role.REP)


def test_the_hours_of_the_service_are_a_rule_of_the_company() -> None:
    week = [[[480, 780], [840, 1080]]] * 5 + [[], []]
    stored = change_policy({}, {"service_hours": week, "response_minutes_high": 30})
    policy = read_policy(stored)
    assert policy.service_hours[0] == ((480, 780), (840, 1080))
    assert policy.response_minutes_high == 30
    wrong: tuple[object, ...] = ([], [[]] * 7, "always", [[[1, 2]]] * 6)
    for broken in wrong:
        assert read_policy({"service_hours": broken}).service_hours == Policy().service_hours
        with pytest.raises(ValueError, match="service_hours"):
            change_policy({}, {"service_hours": broken})

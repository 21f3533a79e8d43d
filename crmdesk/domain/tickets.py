"""Tickets: their legal steps and rights, the clocks of one, and when it is escalated.

Defined once and checked by the same code on the laptop and at HQ. Reading and writing rows is the
services'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.policy import Policy
from crmdesk.domain.service_hours import ServiceHours, after_working, working_time
from crmdesk.domain.states import Role, TicketKind, TicketStatus
from crmdesk.i18n import _, pgettext


class Priority(StrEnum):
    """How soon somebody has to answer."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class EventKind(StrEnum):
    """What a row of a ticket's history is: words to or from the customer, or among ourselves."""

    MESSAGE = "message"
    NOTE = "note"
    STATUS = "status"


TICKET_STEPS: Mapping[TicketStatus, frozenset[TicketStatus]] = MappingProxyType(
    {
        TicketStatus.OPEN: frozenset({TicketStatus.WAITING, TicketStatus.RESOLVED}),
        TicketStatus.WAITING: frozenset({TicketStatus.OPEN, TicketStatus.RESOLVED}),
        # Opened again: the customer says that it is not solved.
        TicketStatus.RESOLVED: frozenset({TicketStatus.OPEN, TicketStatus.CLOSED}),
        TicketStatus.CLOSED: frozenset({TicketStatus.OPEN}),
    }
)

DECISION_COLUMNS = ("status", "resolved_at", "resolution")
"""What one step writes: it holds or falls together."""

_AT_WORK = (TicketStatus.OPEN, TicketStatus.WAITING)
MOST_ESCALATION = 2


def ticket_status_of(value: object) -> TicketStatus:
    """The status a row says; IllegalTransition for what is none."""
    try:
        return TicketStatus(str(value))
    except ValueError as error:
        raise IllegalTransition(_("There is no such state of a ticket.")) from error


def check_ticket_step(old: TicketStatus, new: TicketStatus, role: Role) -> None:
    """Raise :class:`IllegalTransition` unless this role may take a ticket from old to new.

    Reps report, wait, resolve and open again; closing is the office's, who has heard both sides.
    """
    if old is new:
        return
    if new not in TICKET_STEPS[old]:
        raise IllegalTransition(
            _("A ticket that is “{old}” cannot become “{new}”.").format(
                old=ticket_status_word(old), new=ticket_status_word(new)
            )
        )
    if new is TicketStatus.CLOSED and role is Role.REP:
        raise IllegalTransition(_("The office closes tickets. Mark it as resolved."))


def check_new_ticket(status: TicketStatus, role: Role) -> None:
    """Raise :class:`IllegalTransition` unless this role may add a ticket in such a state.

    What the office takes over from elsewhere may be over already; a rep's ticket begins open.
    """
    if role is Role.REP and status is not TicketStatus.OPEN:
        check_ticket_step(TicketStatus.OPEN, status, role)


# ------------------------------------------------------------------------------------- clocks


@dataclass(frozen=True, slots=True)
class Happened:
    """A row of a ticket's history as the clocks see it."""

    at: datetime
    kind: str = EventKind.MESSAGE
    direction: str = ""
    to_status: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A ticket as the clocks see it; ``events`` in order of time.

    ``first_response_at`` and ``resolved_at`` speak where the history does not tell.
    """

    opened_at: datetime
    priority: Priority
    status: TicketStatus
    events: Sequence[Happened] = ()
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Clocks:
    """What was measured, in service time.

    ``response`` and ``resolution`` are None until there has been one; ``spent`` is the service time
    so far without the waits for the customer (until resolved); ``response_due`` and ``due`` are
    instants, None when answered, resolved, or while the clock stands. ``escalation`` is 0, 1 or 2.
    """

    response: timedelta | None
    resolution: timedelta | None
    spent: timedelta
    waited: timedelta
    response_due: datetime | None
    due: datetime | None
    late_response: bool
    late: bool
    reopened: int
    escalation: int


_Stretch = tuple[datetime, datetime]


def targets(policy: Policy, priority: Priority) -> tuple[int, int]:
    """Minutes of service time until a first response and until it is resolved."""
    return {
        Priority.HIGH: (policy.response_minutes_high, policy.resolution_minutes_high),
        Priority.NORMAL: (policy.response_minutes_normal, policy.resolution_minutes_normal),
        Priority.LOW: (policy.response_minutes_low, policy.resolution_minutes_low),
    }[priority]


def clocks(told: Told, hours: ServiceHours, policy: Policy, now: datetime) -> Clocks:
    """The clocks of a ticket at an instant.

    First response: from opening to the first words to the customer. Resolution: from opening to
    the last time it was resolved, without the time in which it waited for the customer or was
    taken as resolved. Late: more than the target of its priority. Escalation 1: late in either;
    2: the company's share of the target of resolution (usually twice it) has passed. What was
    resolved is not escalated.
    """
    answer, resolve = targets(policy, told.priority)
    responded = _responded(told)
    until = responded if responded is not None else now
    response = working_time(hours, told.opened_at, until)
    running, waiting, end, reopened = _stretches(told, now)
    spent = sum((working_time(hours, a, b) for a, b in running), timedelta(0))
    waited = sum((working_time(hours, a, b) for a, b in waiting), timedelta(0))
    over = told.status not in _AT_WORK
    late_response = response > timedelta(minutes=answer)
    late = spent > timedelta(minutes=resolve)
    due = _due(running, hours, resolve) if told.status is TicketStatus.OPEN else None
    level = 0
    if not over:
        level = int(late or (late_response and responded is None))
        if spent * 100 > policy.escalation_percent * timedelta(minutes=resolve):
            level = MOST_ESCALATION
    return Clocks(
        response if responded is not None else None,
        spent if over and end is not None else None,
        spent,
        waited,
        after_working(hours, told.opened_at, answer) if responded is None and not over else None,
        due,
        late_response,
        late,
        reopened,
        level,
    )


def _due(running: Sequence[_Stretch], hours: ServiceHours, resolve: int) -> datetime | None:
    """The instant at which so many minutes of work have passed; ahead, if work goes on till then.

    Of a ticket that was late before it came back that instant lies in the earlier work.
    """
    left = timedelta(minutes=resolve)
    for begin, end in running[:-1]:
        done = working_time(hours, begin, end)
        if done >= left:
            return after_working(hours, begin, left // timedelta(minutes=1))
        left -= done
    return after_working(hours, running[-1][0], left // timedelta(minutes=1)) if running else None


def _responded(told: Told) -> datetime | None:
    for event in told.events:
        if event.kind == EventKind.MESSAGE and event.direction == "out":
            return event.at
    return told.first_response_at


def _stretches(
    told: Told, now: datetime
) -> tuple[list[_Stretch], list[_Stretch], datetime | None, int]:
    """Stretches of work and of waiting, when it was resolved last, and how often it came back."""
    running: list[_Stretch] = []
    waiting: list[_Stretch] = []
    state, since, end, reopened = TicketStatus.OPEN, told.opened_at, None, 0
    steps = [event for event in told.events if event.to_status]
    for event in steps:
        try:
            new = TicketStatus(event.to_status)
        except ValueError:
            continue
        if new is state:
            continue
        _keep(running, waiting, state, since, event.at)
        if state not in _AT_WORK and new in _AT_WORK:
            reopened += 1
            end = None
        if new not in _AT_WORK and state in _AT_WORK:
            end = event.at
        state, since = new, event.at
    if told.status not in _AT_WORK and state in _AT_WORK:
        # Its history does not tell when: the ticket itself does.
        end = told.resolved_at or since
        _keep(running, waiting, state, since, end)
    elif told.status in _AT_WORK:
        _keep(running, waiting, told.status, since, now)
    return running, waiting, end, reopened


def _keep(
    running: list[_Stretch], waiting: list[_Stretch], state: TicketStatus, a: datetime, b: datetime
) -> None:
    if state is TicketStatus.OPEN:
        running.append((a, b))
    elif state is TicketStatus.WAITING:
        waiting.append((a, b))


# -------------------------------------------------------------------------------------- words


def ticket_status_word(status: TicketStatus) -> str:
    """The state as people read it."""
    return {
        TicketStatus.OPEN: pgettext("ticket", "open"),
        TicketStatus.WAITING: pgettext("ticket", "waits for the customer"),
        TicketStatus.RESOLVED: pgettext("ticket", "resolved"),
        TicketStatus.CLOSED: pgettext("ticket", "closed"),
    }[status]


def ticket_kind_word(kind: str) -> str:
    """The kind as people read it."""
    return {
        TicketKind.INCIDENT.value: pgettext("ticket", "Incident"),
        TicketKind.COMPLAINT.value: pgettext("ticket", "Complaint"),
        TicketKind.RETURN.value: pgettext("ticket", "Return"),
    }.get(kind, kind)


def priority_word(priority: str) -> str:
    """The priority as people read it."""
    return {
        Priority.HIGH.value: pgettext("priority", "high"),
        Priority.NORMAL.value: pgettext("priority", "normal"),
        Priority.LOW.value: pgettext("priority", "low"),
    }.get(priority, priority)

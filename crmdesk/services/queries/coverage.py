"""Coverage and compliance by rep and class, with the rows behind every figure.

Owns reading visits and plans of a period; the measures are :mod:`crmdesk.analytics.field`'s.
A planned visit counts as late when the customer was visited within seven days after the planned
day; a closed customer is told apart from a missed visit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

import numpy as np
from sqlalchemy import Connection

from crmdesk.analytics.field import (
    Compliance,
    FieldFigures,
    Flags,
    Ints,
    Planned,
    Visits,
    field_figures,
    plan_compliance,
)
from crmdesk.analytics.figures import Missing, share
from crmdesk.services.workspace import Workspace
from crmdesk.storage.met import somebody_met
from crmdesk.storage.whole_columns import whole_columns

LATE_DAYS = 7
_FELL = "('rejected', 'cancelled')"
"""Orders of these states brought nothing; a visit with none but such was one without an order."""

Line = TypeVar("Line")
Key = TypeVar("Key")


class Grouping(StrEnum):
    """What coverage is grouped by."""

    REP = "rep"
    CLASS = "class"


class Outcome(StrEnum):
    """What became of a planned visit."""

    ON_DAY = "on_day"
    LATE = "late"
    CLOSED = "closed"
    MISSED = "missed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A customer assigned to somebody: how it was visited in the period, and when last at all."""

    account_id: int
    name: str
    city: str
    account_class: str
    rep_id: int | None
    rep: str
    visits: int
    calls: int
    orders: int
    last_visit: date | None


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A planned visit of the period and what became of it; ``reason`` why it was not made."""

    id: int
    account_id: int
    name: str
    city: str
    account_class: str
    rep_id: int
    rep: str
    day: date
    outcome: Outcome
    done_on: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Contacts:
    """Visits and calls of the period with somebody met, one element each; net in minor units."""

    account: Ints
    user: Ints
    in_person: Flags
    ordered: Flags
    net_minor: Ints
    lines: Ints

    def among(self, which: Flags) -> _Contacts:
        """Those chosen."""
        return _Contacts(
            self.account[which], self.user[which], self.in_person[which], self.ordered[which],
            self.net_minor[which], self.lines[which],
        )  # fmt: skip

    def visits(self) -> _Contacts:
        """Those in person."""
        return self.among(self.in_person)


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One rep or class. ``reached`` of ``assigned`` customers; calls beside the visits."""

    key: str
    name: str
    assigned: int
    reached: int
    calls: int
    field: FieldFigures
    plan: Compliance


@dataclass(frozen=True, slots=True)
class MissedReason:
    """Why visits were missed, and how many; without a name nobody said why."""

    name: str
    missed: int
    late: int


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A visit that a rep cannot take on and has asked the office to hand over."""

    account_id: int
    name: str
    city: str
    account_class: str
    rep_id: int | None
    rep: str
    day: date
    text: str


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """A period with its rows by rep and by class, all of it as one, and everything behind."""

    first: date
    last: date
    reps: tuple[CoverageRow, ...]
    classes: tuple[CoverageRow, ...]
    whole: CoverageRow
    reasons: tuple[MissedReason, ...]
    customers: tuple[CustomerLine, ...]
    planned: tuple[PlannedLine, ...]
    asked: tuple[AskedLine, ...]


def coverage_report(ws: Workspace, first: date, last: date) -> CoverageReport:
    """Coverage and compliance from ``first`` to ``last``, both included."""
    with ws.database.read() as connection:
        contacts = _contacts(connection, first, last)
        customers = _customers(connection, last, contacts)
        planned = _planned(connection, first, last, ws.today())
        classed = connection.exec_driver_sql("SELECT id, coalesce(class, '') FROM account").all()
        asked = _asked(connection)
    today = ws.today()
    reps = {line.rep_id: line.rep for line in customers if line.rep_id is not None}
    reps |= {line.rep_id: line.rep for line in planned}
    visits = contacts.visits()
    theirs = _apart(customers, lambda line: line.rep_id)
    planned_by = _apart(planned, lambda line: line.rep_id)
    by_rep = [
        _row(
            str(key), name, theirs[key], planned_by[key],
            visits.among(visits.user == key), today,
        )
        for key, name in sorted(reps.items(), key=lambda pair: pair[1])
    ]  # fmt: skip
    classes = sorted({line.account_class for line in customers})
    members: dict[str, list[int]] = {name: [] for name in classes}
    for account, name in classed:
        members.setdefault(name, []).append(account)
    of_class = _apart(customers, lambda line: line.account_class)
    planned_in = _apart(planned, lambda line: line.account_class)
    by_class = [
        _row(
            name, name, of_class[name], planned_in[name],
            visits.among(np.isin(visits.account, members[name])), today,
        )
        for name in classes
    ]  # fmt: skip
    return CoverageReport(
        first, last, tuple(by_rep), tuple(by_class),
        _row("", "", customers, planned, visits, today), _reasons(planned), tuple(customers),
        tuple(planned), asked,
    )  # fmt: skip


def _apart(lines: Iterable[Line], key: Callable[[Line], Key]) -> dict[Key, list[Line]]:
    """Lines by what they have in common; nothing under any other key."""
    found: dict[Key, list[Line]] = defaultdict(list)
    for line in lines:
        found[key(line)].append(line)
    return found


def _asked(connection: Connection) -> tuple[AskedLine, ...]:
    """What reps have asked for and nobody has seen to; the customer was not visited since."""
    rows = connection.exec_driver_sql(
        "SELECT a.id, a.name, coalesce(a.city, ''), coalesce(a.class, ''), u.id,"
        " coalesce(u.name, ''), local_day(h.at), h.text FROM handover h"
        " JOIN account a ON a.id = h.account_id LEFT JOIN app_user u ON u.id = h.user_id"
        " WHERE h.kind = 'asked' AND h.seen_at IS NULL AND NOT EXISTS (SELECT 1 FROM visit v"
        f" WHERE v.account_id = a.id AND v.date >= local_day(h.at) AND {somebody_met('v')})"
        " ORDER BY h.at DESC"
    )
    return tuple(
        AskedLine(int(key), name, city, class_, rep, rep_name, date.fromisoformat(day), text)
        for key, name, city, class_, rep, rep_name, day, text in rows
    )


def _row(
    key: str,
    name: str,
    customers: Sequence[CustomerLine],
    planned: Sequence[PlannedLine],
    visits: _Contacts,
    today: date,
) -> CoverageRow:
    assigned = np.array([line.account_id for line in customers], dtype=np.int64)
    made = Visits(visits.account, visits.ordered, visits.net_minor, visits.lines)
    plan = Planned(
        planned_day=np.array([p.day.toordinal() for p in planned], dtype=np.int64),
        done_day=np.array([_done_day(p) for p in planned], dtype=np.int64),
        closed=np.array([p.outcome is Outcome.CLOSED for p in planned], dtype=np.bool_),
    )
    # Whoever visited them: a colleague who stands in covers a rep's customers.
    reached = sum(line.visits > 0 for line in customers)
    figures = replace(
        field_figures(made, assigned),
        coverage=share(reached, len(customers), Missing.NO_ACCOUNTS),
    )
    return CoverageRow(
        key, name, len(customers), reached, sum(line.calls for line in customers), figures,
        plan_compliance(plan, today.toordinal()),
    )  # fmt: skip


def _done_day(line: PlannedLine) -> int:
    if line.outcome is Outcome.CLOSED:
        return line.day.toordinal()
    return -1 if line.done_on is None else line.done_on.toordinal()


def _reasons(planned: Iterable[PlannedLine]) -> tuple[MissedReason, ...]:
    missed: Counter[str] = Counter()
    late: Counter[str] = Counter()
    for line in planned:
        if line.outcome is Outcome.MISSED:
            missed[line.reason] += 1
        elif line.outcome is Outcome.LATE:
            late[line.reason] += 1
    names = sorted(missed.keys() | late.keys(), key=lambda name: (-missed[name], -late[name], name))
    return tuple(MissedReason(name, missed[name], late[name]) for name in names)


def _customers(connection: Connection, last: date, contacts: _Contacts) -> list[CustomerLine]:
    """Customers to be visited with whoever has their territory on the last day."""
    visits = _times(contacts.account[contacts.in_person])
    calls = _times(contacts.account[~contacts.in_person])
    orders = _times(contacts.account[contacts.ordered])
    rows = connection.exec_driver_sql(
        "SELECT a.id, a.name, coalesce(a.city, ''), coalesce(a.class, ''), u.id, u.name,"
        " s.last_visit_on"
        " FROM account a LEFT JOIN (SELECT m.territory_id, min(m.user_id) AS user_id FROM"
        " territory_user m JOIN app_user p ON p.id = m.user_id AND p.role = 'rep' WHERE"
        " (m.valid_from IS NULL OR m.valid_from <= :last)"
        " AND m.valid_to IS NULL GROUP BY m.territory_id) h ON h.territory_id = a.territory_id"
        " LEFT JOIN app_user u ON u.id = h.user_id"
        " LEFT JOIN summary_account s ON s.account_id = a.id"
        " WHERE a.status IN ('active', 'prospect', 'lapsed') AND a.merged_into_uid IS NULL"
        " ORDER BY a.name, a.id",
        {"last": last.isoformat()},
    )
    return [
        CustomerLine(
            key, row[1], row[2], row[3], row[4], row[5] or "", visits.get(key, 0),
            calls.get(key, 0), orders.get(key, 0),
            None if row[6] is None else date.fromisoformat(row[6]),
        )
        for row in rows
        for key in (int(row[0]),)
    ]  # fmt: skip


def _times(accounts: Ints) -> dict[int, int]:
    """How often each account is among these."""
    keys, counts = np.unique(accounts, return_counts=True)
    return dict(zip(keys.tolist(), counts.tolist(), strict=True))


def _planned(connection: Connection, first: date, last: date, today: date) -> list[PlannedLine]:
    until = min(last, today)
    rows = connection.exec_driver_sql(
        "SELECT p.id, a.id, a.name, coalesce(a.city, ''), coalesce(a.class, ''), u.id, u.name,"
        " p.date, p.status, coalesce(r.name, ''), (SELECT min(v.date) FROM visit v"
        " WHERE v.account_id = a.id AND v.mode = 'person' AND v.ended_at IS NOT NULL"
        f" AND {somebody_met('v')} AND v.date BETWEEN p.date AND date(p.date, :late)"
        " AND (v.planned_visit_id = p.id OR v.planned_visit_id IS NULL"
        " OR EXISTS (SELECT 1 FROM planned_visit n WHERE n.id = v.planned_visit_id"
        " AND n.moved_from_uid = p.uid)))"
        " FROM planned_visit p JOIN account a ON a.id = p.account_id"
        " JOIN app_user u ON u.id = p.user_id LEFT JOIN outcome_reason r ON r.id = p.reason_id"
        " WHERE p.mode = 'person' AND p.status <> 'cancelled' AND p.date BETWEEN :first AND :last"
        " ORDER BY p.date DESC, u.name, p.sequence, p.id",
        {"first": first.isoformat(), "last": until.isoformat(), "late": f"+{LATE_DAYS} days"},
    )
    found = []
    for key, account, name, city, class_, rep, rep_name, day, status, reason, done in rows:
        planned_on = date.fromisoformat(day)
        done_on = None if done is None else date.fromisoformat(done)
        if done_on is None and status == "done":
            done_on = planned_on
        found.append(
            PlannedLine(
                int(key), int(account), name, city, class_, int(rep), rep_name, planned_on,
                _outcome(status, planned_on, done_on, today), done_on, reason,
            )
        )  # fmt: skip
    return found


def _outcome(status: str, day: date, done_on: date | None, today: date) -> Outcome:
    if done_on is not None:
        return Outcome.ON_DAY if done_on == day else Outcome.LATE
    if status == "closed":
        return Outcome.CLOSED
    if day >= today and status != "missed":
        return Outcome.OPEN
    return Outcome.MISSED


def _contacts(connection: Connection, first: date, last: date) -> _Contacts:
    """What was done in the period, read in one pass: a year of a large company is a lot."""
    account, user, in_person, ordered, net, lines = whole_columns(
        connection,
        "SELECT v.account_id, v.user_id, v.mode = 'person',"
        " coalesce(v.outcome, '') = 'order' AND coalesce(o.stood, 1),"
        " coalesce(o.net, 0), coalesce(o.lines, 0) FROM visit v LEFT JOIN ("
        f"SELECT s.visit_id, max(s.status NOT IN {_FELL}) AS stood,"
        f" sum(s.net_minor) FILTER (WHERE s.status NOT IN {_FELL}) AS net,"
        " sum((SELECT count(*) FROM order_line l WHERE l.parent_id = s.id))"
        f" FILTER (WHERE s.status NOT IN {_FELL}) AS lines"
        " FROM sales_order s WHERE s.visit_id IS NOT NULL AND s.status <> 'draft'"
        " AND s.order_date BETWEEN :first AND :last"
        " GROUP BY s.visit_id) o ON o.visit_id = v.id"
        f" WHERE v.ended_at IS NOT NULL AND {somebody_met('v')}"
        " AND v.date BETWEEN :first AND :last",
        6, {"first": first.isoformat(), "last": last.isoformat()},
    )  # fmt: skip
    return _Contacts(account, user, in_person > 0, ordered > 0, net, lines)


def period_of(key: str, today: date) -> tuple[date, date]:
    """The days of a named period that ends today: weeks, quarter, year; else this month."""
    days = {"weeks": 28, "quarter": 91, "year": 365}
    if key in days:
        return today - timedelta(days=days[key] - 1), today
    return today.replace(day=1), today

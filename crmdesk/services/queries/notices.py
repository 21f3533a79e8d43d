"""What waits for this person: derived from the rows each time, never stored.

One query per kind of notice. A notice's key carries its reason (the day or number that made it), so
that one put aside comes back when there is a new reason. What was put aside or off is in
``notice_state``; writing it is :mod:`crmdesk.services.notices`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.clock import format_instant
from crmdesk.domain.leads import OPEN_LEADS
from crmdesk.domain.pipeline import OPEN_STAGES
from crmdesk.domain.states import Role
from crmdesk.services.queries import deals
from crmdesk.services.workspace import Workspace

MOST = 200
"""Rows of one kind at most: nobody works through more, and the worst come first."""

EXPIRING_DAYS, BIRTHDAY_DAYS, REJECTED_DAYS, SILENT_LEAST_DAYS = 5, 7, 60, 30

STALE_LEAD_DAYS = 14
"""An open lead for which nothing is planned is stale so many days after it was entered."""


class NoticeKind(StrEnum):
    """What it is about, in the order of one day's notices."""

    TICKET = "ticket"
    REJECTED = "rejected"
    PROMISE = "promise"
    FOLLOW_UP = "follow_up"
    EXPIRING = "expiring"
    OPPORTUNITY = "opportunity"
    LEAD = "lead"
    STALE_DEAL = "stale_deal"
    STALE_LEAD = "stale_lead"
    SILENT = "silent"
    BIRTHDAY = "birthday"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that waits.

    ``day`` is when it is, was or becomes due; ``text`` what was written (a promise, a subject, a
    name); ``amount_minor`` what it is about, 0 where there is none. ``snoozed_until`` is set only
    where put-off ones are asked for. ``person`` is who gave a task or, where ``is_given``, does it.
    """

    key: str
    kind: NoticeKind
    row_id: int
    account_id: int | None
    customer: str
    text: str
    day: date
    amount_minor: int = 0
    snoozed_until: date | None = None
    person: str = ""
    is_given: bool = False


# Each gives (reason, id, account, customer, text, day, amount) and of tasks the person; ``:rep`` is
# 1 for reps, whose laptop holds their customers' rows only; the office sees what is theirs.
_OF = " JOIN account a ON a.id = r.account_id"
_TASK = (
    "SELECT lower(hex(r.uid)) || ':' || coalesce(r.due_on, ''), r.id, a.id, a.name, r.text,"
    " coalesce(r.due_on, r.made_on, :today), 0, {person} FROM promise r"
    f"{_OF} LEFT JOIN app_user g ON g.id = r.user_id LEFT JOIN app_user t ON t.id = r.assignee_id"
    " WHERE r.done_at IS NULL"
)
_MY_TASK = _TASK.format(person="iif(g.id <> :me, g.name, '')") + (
    " AND coalesce(r.assignee_id, r.user_id, :me) = :me"
)
_COMING = f"{_MY_TASK} AND (r.due_on > :today OR r.due_on IS NULL) ORDER BY 6 LIMIT :most"
_GIVEN = _TASK.format(person="t.name") + (
    " AND r.user_id = :me AND r.assignee_id <> :me ORDER BY 6 LIMIT :most"
)
_QUERIES: Mapping[NoticeKind, str] = {
    NoticeKind.PROMISE: f"{_MY_TASK} AND r.due_on <= :today ORDER BY r.due_on LIMIT :most",
    NoticeKind.FOLLOW_UP: (
        "SELECT lower(hex(r.uid)) || ':' || r.next_follow_up, r.id, a.id, a.name, r.number,"
        f" r.next_follow_up, r.net_minor FROM quote r{_OF} WHERE r.status = 'sent'"
        " AND r.next_follow_up <= :today AND (:rep OR r.user_id = :me)"
        " ORDER BY r.next_follow_up LIMIT :most"
    ),
    NoticeKind.EXPIRING: (
        "SELECT lower(hex(r.uid)) || ':' || r.valid_until, r.id, a.id, a.name, r.number,"
        f" r.valid_until, r.net_minor FROM quote r{_OF} WHERE r.status = 'sent'"
        " AND r.valid_until BETWEEN :today AND :expiring AND (:rep OR r.user_id = :me)"
        " AND coalesce(r.next_follow_up, '9999') > :today ORDER BY r.valid_until LIMIT :most"
    ),
    NoticeKind.REJECTED: (
        "SELECT lower(hex(r.uid)) || ':' || coalesce(r.submitted_at, ''), r.id, a.id, a.name,"
        f" r.number, r.order_date, r.net_minor FROM sales_order r{_OF} WHERE r.status = 'rejected'"
        " AND r.order_date >= :rejected AND r.user_id = :me ORDER BY r.order_date DESC LIMIT :most"
    ),
    NoticeKind.TICKET: (
        "SELECT lower(hex(r.uid)) || ':' || r.due_at, r.id, a.id, a.name, r.subject,"
        f" local_day(r.due_at), 0 FROM ticket r{_OF} WHERE r.status = 'open'"
        " AND r.due_at < :now AND (r.assignee_id = :me OR (r.assignee_id IS NULL AND (NOT :rep"
        " OR r.opened_by_id = :me))) ORDER BY r.due_at LIMIT :most"
    ),
    NoticeKind.OPPORTUNITY: (
        "SELECT lower(hex(r.uid)) || ':' || r.next_step_on, r.id, a.id, a.name,"
        " coalesce(r.next_step, r.name), r.next_step_on, r.amount_minor"
        f" FROM opportunity r{_OF} WHERE r.stage IN ({{stages}})"
        " AND r.next_step_on <= :today AND r.user_id = :me ORDER BY r.next_step_on LIMIT :most"
    ),
    NoticeKind.LEAD: (
        "SELECT lower(hex(r.uid)) || ':' || r.next_step_on, r.id, NULL,"
        " coalesce(r.company, r.name), coalesce(r.next_step, r.name), r.next_step_on, 0"
        " FROM lead r WHERE r.status IN ({leads}) AND r.next_step_on <= :today"
        " AND r.user_id = :me ORDER BY r.next_step_on LIMIT :most"
    ),
    # What is due is said once: a deal with a step that is due already waits as such.
    NoticeKind.STALE_DEAL: (
        f"SELECT lower(hex(o.uid)) || ':' || local_day({deals.SINCE}), o.id, a.id, a.name, o.name,"
        f" date(local_day({deals.SINCE}), (1 + julianday(:today) - julianday(CASE o.stage"
        " WHEN 'qualified' THEN :stale_qualified WHEN 'proposal' THEN :stale_proposal ELSE"
        " :stale_negotiation END)) || ' days'), o.amount_minor"
        " FROM opportunity o JOIN account a ON a.id = o.account_id"
        f" WHERE {deals.STALE} AND coalesce(o.next_step_on, '9999') > :today AND o.user_id = :me"
        " ORDER BY o.amount_minor DESC LIMIT :most"
    ),
    NoticeKind.STALE_LEAD: (
        "SELECT lower(hex(r.uid)) || ':' || r.status, r.id, NULL, coalesce(r.company, r.name),"
        " coalesce(r.company, r.name), date(r.created_on, :stale_days), 0 FROM lead r"
        " WHERE r.status IN ({leads}) AND r.next_step_on IS NULL AND r.user_id = :me"
        " AND r.created_on <= :stale_lead ORDER BY r.created_on LIMIT :most"
    ),
    # Twice the usual time between two orders has passed, and nobody is on the way there.
    NoticeKind.SILENT: (
        "SELECT lower(hex(a.uid)) || ':' || s.last_on, a.id, a.id, a.name, a.city, s.last_on,"
        # CROSS: those who have not bought first, which an index tells, then who they are.
        " s.net_12m_minor FROM summary_account s CROSS JOIN account a"
        " WHERE a.id = s.account_id AND :rep AND a.status = 'active'"
        " AND a.merged_into_uid IS NULL AND s.order_days >= 3"
        " AND s.next_visit_on IS NULL AND s.last_on <= :silent"
        " AND (julianday(:today) - julianday(s.last_on)) * (s.order_days - 1)"
        " > 2 * (julianday(s.last_on) - julianday(s.first_on))"
        " ORDER BY s.net_12m_minor DESC LIMIT 20"
    ),
    NoticeKind.BIRTHDAY: (
        "SELECT lower(hex(r.uid)) || ':' || substr(b.day, 1, 4), r.id, a.id, a.name, r.name, b.day,"
        " 0 FROM (SELECT id, iif(substr(birthday, 6, 5) >= substr(:today, 6, 5),"
        " substr(:today, 1, 4), substr(:today, 1, 4) + 1) || substr(birthday, 5, 6) AS day"
        " FROM contact WHERE birthday IS NOT NULL AND"
        " (coalesce(substr(birthday, 6, 5), '') BETWEEN :from_1 AND :to_1"
        " OR coalesce(substr(birthday, 6, 5), '') BETWEEN :from_2 AND :to_2)) b"
        " JOIN contact r ON r.id = b.id"
        f"{_OF} WHERE :rep AND r.erased_at IS NULL AND b.day BETWEEN :today AND :birthday"
        " ORDER BY b.day LIMIT :most"
    ),
}


def notices(ws: Workspace, *, put_off: bool = False) -> tuple[Notice, ...]:
    """What waits, the oldest first; with ``put_off`` what was put off to a later day instead."""
    today = ws.today()
    with ws.database.read() as connection:
        states = _states(connection, ws, today)
        found = [
            notice
            for kind in NoticeKind
            for notice in _of_kind(connection, ws, kind)
            if (notice.key in states) == put_off
        ]
    shown = [
        replace(one, snoozed_until=states.get(one.key))
        for one in found
        if not put_off or states[one.key] is not None
    ]
    order = list(NoticeKind)
    return tuple(sorted(shown, key=lambda one: (one.day, order.index(one.kind), one.customer)))


def waiting_count(ws: Workspace) -> int:
    """How many wait: the badge at the place's name."""
    return len(notices(ws))


def _states(connection: Connection, ws: Workspace, today: date) -> dict[str, date | None]:
    """Keys that do not show now: put off until a day, or done with (None)."""
    rows = connection.exec_driver_sql(
        "SELECT key, snoozed_until, done_at FROM notice_state WHERE user_id = ?"
        " AND (done_at IS NOT NULL OR snoozed_until > ?)",
        (ws.user.id, today.isoformat()),
    )
    return {
        str(key): None if done is not None else date.fromisoformat(str(until))
        for key, until, done in rows
    }


def coming_tasks(ws: Workspace) -> tuple[Notice, ...]:
    """The person's open tasks that are not due yet, the nearest first."""
    return _tasks(ws, _COMING)


def given_tasks(ws: Workspace) -> tuple[Notice, ...]:
    """Open tasks that this person gave to somebody, the most pressing first."""
    return tuple(replace(one, is_given=True) for one in _tasks(ws, _GIVEN))


def _tasks(ws: Workspace, query: str) -> tuple[Notice, ...]:
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(query, _parameters(connection, ws))
        return tuple(_notice(NoticeKind.PROMISE, row) for row in rows)


def _of_kind(connection: Connection, ws: Workspace, kind: NoticeKind) -> Sequence[Notice]:
    query = _QUERIES[kind].format(
        stages=", ".join(f"'{stage}'" for stage in OPEN_STAGES),
        leads=", ".join(f"'{status}'" for status in OPEN_LEADS),
    )
    rows = connection.exec_driver_sql(query, _parameters(connection, ws))
    return [_notice(kind, row) for row in rows]


def _notice(kind: NoticeKind, row: Any) -> Notice:
    reason, key, account, customer, text, day, amount, *person = row
    return Notice(
        f"{kind}:{reason}", kind, int(key), account, customer or "", text or "",
        date.fromisoformat(str(day)), int(amount or 0), person=(person[0] or "") if person else "",
    )  # fmt: skip


def _parameters(connection: Connection, ws: Workspace) -> dict[str, Any]:
    today = ws.today()

    def iso(days: int) -> str:
        return (today + timedelta(days=days)).isoformat()

    return {
        "today": today.isoformat(), "me": ws.user.id, "rep": int(ws.user.role is Role.REP),
        "now": format_instant(ws.now()), "expiring": iso(EXPIRING_DAYS),
        "birthday": iso(BIRTHDAY_DAYS), "rejected": iso(-REJECTED_DAYS),
        "silent": iso(-SILENT_LEAST_DAYS), "most": MOST, "stale_lead": iso(-STALE_LEAD_DAYS),
        "stale_days": f"{STALE_LEAD_DAYS} days", **deals.stale_before(connection, today),
        **_days_of_year(iso(0)[5:], iso(BIRTHDAY_DAYS)[5:]),
    }  # fmt: skip


def _days_of_year(first: str, last: str) -> dict[str, str]:
    """The month and day of what lies between two days, as two stretches: a week may end a year."""
    if first <= last:
        return {"from_1": first, "to_1": last, "from_2": "x", "to_2": ""}
    return {"from_1": first, "to_1": "12-31", "from_2": "01-01", "to_2": last}

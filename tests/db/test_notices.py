"""Notices: each kind from its rows, put off, aside and back, and only what is one's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from crmdesk.domain.errors import FieldError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.services import notices as commands
from crmdesk.services import undo, visits
from crmdesk.services.queries.notices import Notice, NoticeKind, notices, waiting_count
from crmdesk.services.workspace import Workspace


def _insert(ws: Workspace, table: str, **values: object) -> int:
    cells = {"uid": new_uid(), **values}
    with ws.database.write() as tx:
        return int(
            tx.connection.exec_driver_sql(
                f"INSERT INTO {table} ({', '.join(cells)}) VALUES ({', '.join('?' * len(cells))})"
                " RETURNING id",
                tuple(cells.values()),
            ).scalar_one()
        )


def _account(ws: Workspace) -> int:
    return _insert(ws, "account", code="QQ-1", name="Quiet Bar")


def _found(ws: Workspace, kind: NoticeKind, row: int, *, put_off: bool = False) -> list[Notice]:
    return [one for one in notices(ws, put_off=put_off) if (one.kind, one.row_id) == (kind, row)]


def _day(ws: Workspace, days: int) -> str:
    return (ws.today() + timedelta(days=days)).isoformat()


def _rows(ws: Workspace, days: int) -> dict[NoticeKind, int]:
    """One row of each kind, due so many days from today."""
    account, me, due = _account(ws), ws.user.id, _day(ws, days)
    instant = f"{due}T06:00:00.000Z"
    quote = {"account_id": account, "user_id": me, "quote_date": _day(ws, -30), "status": "sent"}
    return {
        NoticeKind.PROMISE: _insert(ws, "promise", account_id=account, user_id=me, text="Call",
                                    due_on=due),
        NoticeKind.FOLLOW_UP: _insert(ws, "quote", number="T01-Q901", next_follow_up=due, **quote),
        NoticeKind.REJECTED: _insert(ws, "sales_order", account_id=account, user_id=me,
                                     number="T01-901", status="rejected",
                                     order_date=_day(ws, min(days, 0) * 30)),
        NoticeKind.TICKET: _insert(ws, "ticket", account_id=account, number="T01-T901",
                                   subject="Leaks", opened_at=instant, date=due, due_at=instant,
                                   assignee_id=me),
        NoticeKind.OPPORTUNITY: _insert(ws, "opportunity", account_id=account, user_id=me,
                                        name="Terrace", stage="proposal", next_step_on=due),
        NoticeKind.LEAD: _insert(ws, "lead", user_id=me, name="Ana", status="new",
                                 next_step_on=due),
        NoticeKind.STALE_DEAL: _insert(ws, "opportunity", account_id=account, user_id=me,
                                       name="Oil", stage="negotiation",
                                       opened_on=_day(ws, days - 14)),
        NoticeKind.STALE_LEAD: _insert(ws, "lead", user_id=me, name="Ana", status="contacted",
                                       created_on=_day(ws, days - 14)),
        NoticeKind.BIRTHDAY: _insert(ws, "contact", account_id=account, name="Ana",
                                     birthday=f"1980{_day(ws, -days)[4:]}"),
        NoticeKind.EXPIRING: _insert(ws, "quote", number="T01-Q902", next_follow_up=_day(ws, 9),
                                     valid_until=_day(ws, -days), **quote),
    }  # fmt: skip


def test_each_kind_waits_when_it_is_due(ws: Workspace) -> None:
    rows = _rows(ws, -1)
    for kind, row in rows.items():
        (notice,) = _found(ws, kind, row)
        assert notice.key.startswith(f"{kind}:")
        assert notice.customer in ("Quiet Bar", "Ana")
    assert waiting_count(ws) == len(notices(ws))
    days = [one.day for one in notices(ws)]
    assert days == sorted(days)


def test_nothing_waits_that_is_still_to_come_or_over(ws: Workspace) -> None:
    rows = _rows(ws, 3)
    for kind in set(rows) - {NoticeKind.REJECTED}:
        assert _found(ws, kind, rows[kind]) == [], kind
    done = _insert(ws, "promise", account_id=1, user_id=ws.user.id, text="x", due_on=_day(ws, -2))
    assert _found(ws, NoticeKind.PROMISE, done)
    visits.keep_promise(ws, done)
    assert _found(ws, NoticeKind.PROMISE, done) == []


def test_a_customer_is_silent_after_twice_the_usual_time(ws: Workspace) -> None:
    with ws.database.maintenance() as connection:
        run = connection.exec_driver_sql
        run("UPDATE account SET status = 'active' WHERE id = 1")
        sums = "UPDATE summary_account SET order_days = 11, next_visit_on = NULL, first_on = ?,"
        sums += " last_on = ? WHERE account_id = 1"
        run(sums, (_day(ws, -340), _day(ws, -40)))
    assert _found(ws, NoticeKind.SILENT, 1) == []
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql(sums, (_day(ws, -361), _day(ws, -61)))
    (notice,) = _found(ws, NoticeKind.SILENT, 1)
    assert notice.day == ws.today() - timedelta(days=61)


def test_a_birthday_over_new_year_is_this_winters(ws: Workspace) -> None:
    winter = replace(ws, clock=_OnDay(date(2026, 12, 29), ws))
    contact = _insert(ws, "contact", account_id=1, name="Ana", birthday="1980-01-02")
    (notice,) = _found(winter, NoticeKind.BIRTHDAY, contact)
    assert notice.day == date(2027, 1, 2)


class _OnDay:
    """The same clock on another day."""

    def __init__(self, day: date, ws: Workspace) -> None:
        self._day, self._clock = day, ws.clock

    def today(self) -> date:
        return self._day

    def now(self) -> datetime:
        return self._clock.now()

    def local(self, instant: datetime) -> datetime:
        return self._clock.local(instant)


def test_put_off_notices_come_back_on_their_day_and_with_a_new_reason(ws: Workspace) -> None:
    row = _rows(ws, -1)[NoticeKind.PROMISE]
    (notice,) = _found(ws, NoticeKind.PROMISE, row)
    until = ws.today() + timedelta(days=2)
    changes = commands.snooze(ws, [notice.key], until)
    assert _found(ws, NoticeKind.PROMISE, row) == []
    (off,) = _found(ws, NoticeKind.PROMISE, row, put_off=True)
    assert off.snoozed_until == until
    later = replace(ws, clock=_OnDay(until, ws))
    assert _found(later, NoticeKind.PROMISE, row)
    assert changes.undo is not None
    undo.undo(ws, changes.undo)
    assert _found(ws, NoticeKind.PROMISE, row)
    commands.put_aside(ws, [notice.key])
    assert _found(ws, NoticeKind.PROMISE, row) == _found(
        ws, NoticeKind.PROMISE, row, put_off=True
    ) == []  # fmt: skip
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE promise SET due_on = ? WHERE id = ?", (_day(ws, 0), row)
        )
    assert _found(ws, NoticeKind.PROMISE, row)
    commands.snooze(ws, [notice.key], until)
    commands.bring_back(ws, [notice.key])
    with pytest.raises(FieldError):
        commands.snooze(ws, [notice.key], ws.today())


def test_what_is_due_of_a_stale_deal_is_said_once(ws: Workspace) -> None:
    deal = _rows(ws, -1)[NoticeKind.STALE_DEAL]
    (notice,) = _found(ws, NoticeKind.STALE_DEAL, deal)
    assert notice.day == ws.today()
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE opportunity SET next_step_on = ? WHERE id = ?", (_day(ws, 0), deal)
        )
    assert _found(ws, NoticeKind.STALE_DEAL, deal) == []
    assert _found(ws, NoticeKind.OPPORTUNITY, deal)


def test_every_kind_can_be_put_off_and_put_aside(ws: Workspace) -> None:
    rows = _rows(ws, -1)
    for kind, row in rows.items():
        (notice,) = _found(ws, kind, row)
        commands.snooze(ws, [notice.key], ws.today() + timedelta(days=1))
        assert _found(ws, kind, row) == [], kind
        assert _found(ws, kind, row, put_off=True), kind
        commands.bring_back(ws, [notice.key])
        commands.put_aside(ws, [notice.key])
        assert _found(ws, kind, row) == [], kind


def test_people_in_the_office_see_what_is_theirs(ws: Workspace) -> None:
    rows = _rows(ws, -1)
    with ws.database.read() as connection:
        other = int(
            connection.exec_driver_sql(
                "SELECT id FROM app_user WHERE id <> ? ORDER BY id DESC LIMIT 1", (ws.user.id,)
            ).scalar_one()
        )
    office = replace(ws, user=replace(ws.user, id=other, role=Role.OFFICE))
    for kind, row in rows.items():
        assert _found(office, kind, row) == [], kind
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE promise SET assignee_id = ? WHERE id = ?", (other, rows[NoticeKind.PROMISE])
        )
        tx.connection.exec_driver_sql(
            "UPDATE ticket SET assignee_id = NULL WHERE id = ?", (rows[NoticeKind.TICKET],)
        )
    assert _found(office, NoticeKind.PROMISE, rows[NoticeKind.PROMISE])
    assert _found(ws, NoticeKind.PROMISE, rows[NoticeKind.PROMISE]) == []
    assert _found(office, NoticeKind.TICKET, rows[NoticeKind.TICKET])

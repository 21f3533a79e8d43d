"""What a route sheet says: a rep's day with its stops and what waits at each of them."""

from __future__ import annotations

import json
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.errors import NotFound
from crmdesk.i18n import _, format_clock, format_date, format_money, ngettext
from crmdesk.interchange.documents import words
from crmdesk.interchange.documents.content import (
    Address,
    Customer,
    Head,
    RouteLine,
    RouteSheet,
)
from crmdesk.services.queries.documents import company_of
from crmdesk.services.queries.plan import DayRow, StopRow, monday_of, week_plan
from crmdesk.services.rep_days import DayPlace
from crmdesk.services.workspace import Workspace


def route_document(ws: Workspace, user_id: int, day: date) -> RouteSheet:
    """A rep's day as planned, visits before calls. Raises NotFound for an unknown person."""
    week = week_plan(ws, monday_of(day), user_id)
    row = next((one for one in week.days if one.day == day), None)
    stops = () if row is None else row.stops
    with ws.database.read() as connection:
        user = connection.exec_driver_sql(
            "SELECT name, code, phone, email FROM app_user WHERE id = ?", (user_id,)
        ).first()
        if user is None:
            raise NotFound(_("This person is no longer here."))
        company = company_of(connection)
        places = _places(connection, [stop.account_id for stop in stops])
        waiting = _waiting(connection, ws, [stop.account_id for stop in stops], day)
    head = Head(
        words.ROUTE, f"{user.code} {day.isoformat()}", day, ws.currency, company,
        Customer("", Address(user.name)), rep=user.name, rep_phone=user.phone or "",
        rep_email=user.email or "",
    )  # fmt: skip
    number, lines = 0, []
    for stop in stops:
        number += stop.in_person
        place, due = places.get(stop.account_id, ""), waiting.get(stop.account_id, ())
        lines.append(_line(stop, str(number) if stop.in_person else "", place, due))
    return _sheet(head, row, tuple(lines))


def _sheet(head: Head, row: DayRow | None, lines: tuple[RouteLine, ...]) -> RouteSheet:
    if row is None:
        return RouteSheet(head, lines, 0, 0, 0, 0, "", "", (), tentative=False)
    work = row.rep.work
    begin, until = ("", "") if work is None else (format_clock(work.start), format_clock(work.end))
    return RouteSheet(
        head, lines, row.visits, row.calls, row.work_minutes, round(row.km * 1000),
        _where(row.rep.start, begin), _where(row.rep.end, until),
        () if work is None else work.pauses, tentative=row.tentative,
    )  # fmt: skip


def _where(place: DayPlace | None, hour: str) -> str:
    name = "" if place is None else place.name or _("Home")
    return ", ".join(part for part in (hour, name) if part)


def _line(stop: StopRow, number: str, place: str, due: tuple[str, ...]) -> RouteLine:
    until = None if stop.window is None else stop.window[1]
    return RouteLine(
        number, stop.start_minute, until, stop.minutes, stop.account, place, stop.leg_m,
        stop.leg_minutes, stop.appointment, due,
    )  # fmt: skip


def _places(connection: Connection, accounts: list[int]) -> dict[int, str]:
    rows = connection.exec_driver_sql(
        "SELECT id, street, postcode, city FROM account"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(accounts),),
    )
    found = {}
    for key, street, postcode, city in rows:
        town = " ".join(part for part in (postcode, city) if part)
        found[int(key)] = "\n".join(part for part in (street, town) if part)
    return found


def _waiting(
    connection: Connection, ws: Workspace, accounts: list[int], day: date
) -> dict[int, tuple[str, ...]]:
    """SKUs due, what is late, promises, quotes and tickets of each customer, in a few words."""
    rows = connection.exec_driver_sql(
        "SELECT s.account_id, coalesce(s.due, 0) + coalesce(s.overdue, 0), s.late_minor,"
        " s.open_tickets, (SELECT p.text FROM promise p WHERE p.account_id = s.account_id"
        " AND p.done_at IS NULL AND (p.due_on IS NULL OR p.due_on <= :day)"
        " ORDER BY p.due_on LIMIT 1),"
        " (SELECT min(q.next_follow_up) FROM quote q WHERE q.account_id = s.account_id"
        " AND q.status = 'sent' AND q.next_follow_up <= :day)"
        " FROM summary_account s WHERE s.account_id IN (SELECT value FROM json_each(:accounts))",
        {"day": day.isoformat(), "accounts": json.dumps(accounts)},
    )
    found = {}
    for key, due, late, tickets, promise, quote in rows:
        said = []
        if due:
            said.append(ngettext("{count} SKU due", "{count} SKUs due", due).format(count=due))
        if late and late > 0:
            amount = format_money(late, ws.currency, decimals=0)
            said.append(_("{amount} late").format(amount=amount))
        if tickets:
            said.append(
                ngettext("{count} open ticket", "{count} open tickets", tickets).format(
                    count=tickets
                )
            )
        if quote:
            said.append(_("quote to follow up, {date}").format(
                date=format_date(date.fromisoformat(quote))
            ))  # fmt: skip
        if promise:
            said.append(_("promised: {text}").format(text=promise))
        found[int(key)] = tuple(said)
    return found

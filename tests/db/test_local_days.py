"""Days near midnight: what happened then is told on the day of the people, not of the machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from crmdesk.domain.clock import ZoneClock, format_instant
from crmdesk.domain.ids import new_uid
from crmdesk.domain.pipeline import Stage
from crmdesk.domain.states import Role
from crmdesk.services import opportunities, quote_versions, quotes, tickets
from crmdesk.services.opportunities import DealInput
from crmdesk.services.opportunity_stages import move_deal
from crmdesk.services.queries.coverage import coverage_report, period_of
from crmdesk.services.queries.customer_timeline import timeline_month
from crmdesk.services.queries.deal import deal_sheet
from crmdesk.services.queries.deals import deal_rows
from crmdesk.services.queries.event_details import event_details
from crmdesk.services.queries.quote import quote_sheet
from crmdesk.services.queries.quotes import quote_rows
from crmdesk.services.tickets import Report
from crmdesk.services.workspace import Workspace
from tests.db.quote_steps import ACCOUNT, make_draft, one, priced_products

PLACES = (("Asia/Vladivostok", time(7, 30)), ("America/Lima", time(22, 30)))
"""Half past seven in the one is yesterday in UTC, half past ten at night in the other tomorrow."""


@pytest.fixture(params=PLACES, ids=lambda place: place[0])
def there(ws: Workspace, request: pytest.FixtureRequest) -> Workspace:
    """The company at an hour at which its day is not that of UTC."""
    assert isinstance(ws.clock, ZoneClock)
    zone, hour = ZoneInfo(request.param[0]), request.param[1]
    instant = datetime.combine(ws.today(), hour, zone).astimezone(UTC)
    clock = replace(ws.clock, zone=zone, source=lambda: instant)
    ws.database.clock = clock
    found = replace(ws, clock=clock)
    assert found.today() == ws.today() != found.now().date()
    return found


def test_a_quote_is_sent_on_the_day_of_whoever_sent_it(there: Workspace) -> None:
    quote = make_draft(there, priced_products(there))
    quotes.send_quote(there, quote)
    assert quote_rows(there, [quote])[quote].sent_on == there.today()
    second = quote_versions.revise_quote(there, quote).quote_id
    (first,) = quote_sheet(there, second).versions
    assert first.sent_on == there.today()


def test_a_deal_moves_on_the_day_of_whoever_moved_it(there: Workspace) -> None:
    deal = opportunities.start_deal(there, ACCOUNT, DealInput("Terrace", 90_000)).opportunity_id
    move_deal(there, deal, Stage.PROPOSAL)
    sheet = deal_sheet(there, deal)
    assert [step.on for step in sheet.history] == [there.today(), there.today()]
    assert deal_rows(there, [deal])[deal].since == there.today()
    told = [e for e in timeline_month(there, ACCOUNT, there.today().replace(day=1))
            if e.kind == "stage"]  # fmt: skip
    assert [e.day for e in told] == [there.today()] * len(told) and told


def test_a_ticket_is_answered_on_the_day_of_whoever_answered(there: Workspace) -> None:
    ticket = tickets.open_ticket(there, ACCOUNT, Report("4 dented tins")).ticket_id
    found = event_details(there, "ticket", ticket)
    assert found is not None and [line.day for line in found.lines] == [there.today()]


def test_what_was_asked_in_the_morning_is_answered_by_a_visit_that_day(there: Workspace) -> None:
    """A visit of the day on which the office was asked settles it; one of the day before not."""
    office = replace(there, user=replace(there.user, role=Role.OFFICE))

    def asked() -> list[object]:
        report = coverage_report(office, *period_of("quarter", there.today()))
        return [line.day for line in report.asked if line.account_id == ACCOUNT]

    with there.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run("DELETE FROM handover")
        run("UPDATE visit SET date = '2026-01-05' WHERE account_id = ?", (ACCOUNT,))
        run("INSERT INTO handover (uid, account_id, user_id, kind, text, at)"
            " VALUES (?, ?, ?, 'asked', 'Too far', ?)",
            (new_uid(), ACCOUNT, there.user.id, format_instant(there.now())))  # fmt: skip
    assert asked() == [there.today()]
    for days_ago, left in ((1, [there.today()]), (0, [])):
        day = there.today() - timedelta(days=days_ago)
        with there.database.write() as tx:
            tx.connection.exec_driver_sql(
                "INSERT INTO visit (uid, account_id, user_id, date, started_at, ended_at, mode,"
                " outcome) VALUES (?, ?, ?, ?, ?, ?, 'person', 'no_order')",
                (new_uid(), ACCOUNT, there.user.id, day.isoformat(),
                 *[format_instant(there.now() - timedelta(days=days_ago))] * 2),
            )  # fmt: skip
        assert asked() == left
    assert one(there, "SELECT local_day(NULL)") is None
    assert one(there, "SELECT local_day('2026-11-24')") == "2026-11-24"

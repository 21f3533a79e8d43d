"""Customers and the rep's work: hours, codes, visits, plans, and what today's route shows."""

from __future__ import annotations

import json
import re
from datetime import date

from crmdesk.demo.catalogue import gtin
from crmdesk.demo.spec import DEMO_TODAY
from crmdesk.domain.states import (
    AccountStatus,
    PlanStatus,
    Role,
    TicketKind,
    TicketStatus,
    VisitMode,
    VisitOutcome,
)
from crmdesk.domain.week import USUAL_OPENING, opening_hours, working_week
from tests.unit.demo.conftest import Named

Rows = dict[str, list[Named]]
TODAY = DEMO_TODAY.isoformat()


def test_gtins_have_their_check_digit_and_lie_in_the_in_store_range(rows: Rows) -> None:
    assert gtin("629104150021") == "6291041500213"
    codes = [pack.text("gtin") for pack in rows["packaging"]]
    assert len(codes) == len(set(codes))
    for code in codes:
        assert gtin(code[:-1]) == code
        assert re.fullmatch(r"20\d{11}|[1-4]20\d{11}", code)


def test_hours_and_weeks_are_read_as_written(rows: Rows) -> None:
    for account in rows["account"]:
        written = json.loads(account.text("opening_hours"))
        read = opening_hours(written)
        assert [[list(span) for span in day] for day in read] == written
        assert any(read)
    assert any(opening_hours(json.loads(a.text("opening_hours"))) != USUAL_OPENING
               for a in rows["account"])  # fmt: skip
    rep = next(user for user in rows["user"] if user["code"] == "R1")
    week = working_week(json.loads(rep.text("working_week")))
    assert (week.lunch, week.shift(0), week.shift(5)) == ((810, 75), (510, 1110), None)


def test_words_of_states_are_those_of_the_domain(rows: Rows) -> None:
    for entity, field, words in (
        ("account", "status", AccountStatus), ("user", "role", Role),
        ("planned_visit", "status", PlanStatus), ("planned_visit", "mode", VisitMode),
        ("visit", "outcome", VisitOutcome), ("visit", "mode", VisitMode),
        ("ticket", "kind", TicketKind), ("ticket", "status", TicketStatus),
    ):  # fmt: skip
        assert {row.text(field) for row in rows[entity]} <= {word.value for word in words}


def test_contacts_can_be_reached_at_plausible_numbers_and_no_real_address(rows: Rows) -> None:
    for point in rows["contact_point"]:
        if point["kind"] == "phone":
            assert re.fullmatch(r"\+376[368]\d{5}|\+346\d{8}", point.text("value"))
        else:
            assert point.text("value").endswith(".example")
    assert {p["account"] for p in rows["contact"]} == {a.uid for a in rows["account"]}


def test_names_come_in_several_alphabets(rows: Rows) -> None:
    names = "".join(account.text("name") for account in rows["account"])
    assert re.search("[а-я]", names)
    assert re.search("[é-ú]", names)
    assert len({account["name"] for account in rows["account"]}) == len(rows["account"])


def test_nothing_is_done_in_the_future(rows: Rows) -> None:
    now = "2026-11-24T08:52:00.000Z"
    for entity, field in (
        ("visit", "ended_at"), ("order", "submitted_at"), ("ticket", "first_response_at"),
        ("ticket", "resolved_at"), ("ticket_event", "at"), ("promise", "done_at"), ("note", "at"),
        ("quote", "sent_at"), ("stage_change", "at"), ("collection", "at"),
    ):  # fmt: skip
        assert max((str(row[field] or "") for row in rows[entity]), default="") <= now
    assert all(sale.text("date") < TODAY for sale in rows["sale"])
    for plan in rows["planned_visit"]:
        # Of some of yesterday's visits nobody has said anything yet.
        past = plan.text("date") < "2026-11-23" or plan["status"] in ("missed", "closed")
        waits = plan["status"] == "planned"
        assert past != waits or plan["status"] == "done" or plan.text("date") == "2026-11-23"


def test_orders_stand_beside_the_visit_that_brought_them(rows: Rows) -> None:
    visits = {visit.uid: visit for visit in rows["visit"]}
    with_visit = [order for order in rows["order"] if order["visit"] is not None]
    assert len(with_visit) > 100
    for order in with_visit:
        visit = visits[bytes(order.values["visit"])]  # type: ignore[arg-type]
        assert (visit["account"], visit["date"]) == (order["account"], order["order_date"])
        assert visit["outcome"] == VisitOutcome.ORDER
    idle = [visit for visit in rows["visit"] if visit["outcome"] == VisitOutcome.NO_ORDER]
    assert idle
    assert all(visit["reason"] is not None for visit in idle)


def test_reps_rest_on_weekends_holidays_and_leave(rows: Rows) -> None:
    away: set[str] = {holiday.text("date") for holiday in rows["holiday"] if
                      holiday["country"] == "AD"}  # fmt: skip
    for leave in rows["leave"]:
        first = date.fromisoformat(leave.text("from_date")).toordinal()
        last = date.fromisoformat(leave.text("to_date")).toordinal()
        away |= {date.fromordinal(day).isoformat() for day in range(first, last + 1)}
    for visit in (*rows["visit"], *rows["planned_visit"]):
        assert date.fromisoformat(visit.text("date")).weekday() < 5
        if visit in rows["visit"] or visit["status"] != "missed":
            assert visit["date"] not in away


def test_coming_stops_are_open_when_the_rep_comes(rows: Rows) -> None:
    hours = {a.uid: opening_hours(json.loads(a.text("opening_hours"))) for a in rows["account"]}
    coming = [
        plan for plan in rows["planned_visit"]
        if plan.text("date") >= TODAY and plan["mode"] == "person"
    ]  # fmt: skip
    shut = 0
    for plan in coming:
        weekday, minute = (
            date.fromisoformat(plan.text("date")).weekday(),
            plan.whole("start_minute"),
        )
        spans = hours[bytes(plan.values["account"])][weekday]  # type: ignore[arg-type]
        is_open = any(opens <= minute < closes for opens, closes in spans)
        assert is_open or plan["date"] != TODAY
        shut += not is_open
    assert shut < 0.1 * len(coming)


def test_todays_route_has_nine_stops_two_done_and_a_call(rows: Rows) -> None:
    names = {account.uid: account.text("name") for account in rows["account"]}
    route = sorted(
        (plan for plan in rows["planned_visit"] if plan["date"] == TODAY),
        key=lambda plan: plan.whole("sequence"),
    )
    stops = [plan for plan in route if plan["mode"] == "person"]
    assert [plan["status"] for plan in stops] == ["done"] * 2 + ["planned"] * 7
    assert [plan["sequence"] for plan in stops] == list(range(1, 10))
    minutes = [plan.whole("start_minute") for plan in stops]
    assert minutes == sorted(minutes)
    assert minutes[0] == 520
    assert names[bytes(stops[2].values["account"])] == "Ultramarinos La Perla"  # type: ignore[arg-type]
    assert [plan["mode"] for plan in route[9:]] == ["call"]
    assert all(plan.whole("expected_margin_minor") > 0 for plan in stops)
    orders = [order for order in rows["order"] if order["order_date"] == TODAY]
    assert [order["status"] for order in orders] == ["submitted"]
    assert orders[0]["account"] == stops[0]["account"]


def test_the_third_stop_has_something_to_say(rows: Rows) -> None:
    perla = next(a.uid for a in rows["account"] if a["name"] == "Ultramarinos La Perla")

    def mine(entity: str) -> list[Named]:
        return [row for row in rows[entity] if row["account"] == perla]

    assert any(i["open_minor"] and i.text("due_on") < TODAY for i in mine("invoice"))
    assert any(t["status"] in ("open", "waiting") for t in mine("ticket"))
    assert any(p["done_at"] is None and p["due_on"] == TODAY for p in mine("promise"))
    assert any(q["status"] == "sent" and q["next_follow_up"] == TODAY for q in mine("quote"))
    assert max(sale.text("date") for sale in mine("sale")) == "2026-11-10"

"""Orders, visits, plans, accounts, settings and undo on a real profile."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdesk.demo.spec import DEMO_TODAY
from crmdesk.domain.errors import (
    FieldError,
    IllegalTransition,
    NotFound,
    StaleRevision,
    UserError,
)
from crmdesk.domain.pricing import amount_minor
from crmdesk.domain.states import PlanStatus, VisitMode, VisitOutcome
from crmdesk.services import accounts, orders, plans, visits
from crmdesk.services import settings as preferences
from crmdesk.services.document_lines import MAX_PACKS, LineInput
from crmdesk.services.queries.order import order_sheet
from crmdesk.services.undo import undo
from crmdesk.services.workspace import Workspace
from crmdesk.storage.check import check
from crmdesk.sync import facts
from tests.db.files import ask, put
from tests.db.order_steps import priced, submitted

__all__ = ["priced"]

# ------------------------------------------------------------------------------------- orders


def test_totals_are_the_sums_of_the_lines(ws: Workspace, priced: list[int]) -> None:
    packs = dict(ask(ws, "SELECT product_id, max(id) FROM packaging WHERE sellable GROUP BY 1"))
    order = orders.start_order(ws, 1, suggested=False).order_id
    per = dict(ask(ws, "SELECT id, price_per FROM product"))

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 8), st.integers(0, 5000), st.booleans())
    def change(place: int, count: int, by_pack: bool) -> None:
        product = priced[place]
        packaging = packs.get(product) if by_pack else None
        orders.set_line(ws, order, LineInput(product, packaging, count))
        lines = ask(
            ws, "SELECT quantity, factor, base_quantity, net_minor, tax_minor, cost_minor,"
            " list_price_e4, product_id FROM order_line WHERE parent_id = ?", order
        )  # fmt: skip
        head = ask(
            ws, "SELECT net_minor, tax_minor, total_minor, cost_minor, discount_minor"
            " FROM sales_order WHERE id = ?", order
        )[0]  # fmt: skip
        net, tax = sum(line[3] for line in lines), sum(line[4] for line in lines)
        listed = sum(amount_minor(line[6], line[2], per[line[7]], ws.currency) for line in lines)
        assert head == (net, tax, net + tax, sum(line[5] for line in lines), listed - net)
        assert all(line[0] * line[1] == line[2] and line[3] >= 0 for line in lines)
        assert len({line[7] for line in lines}) == len(lines)

    change()


def test_numbers_never_come_twice_even_after_a_discard(ws: Workspace) -> None:
    numbers = []
    for account in range(1, 7):
        started = orders.start_order(ws, account, suggested=False)
        numbers += ask(ws, "SELECT number FROM sales_order WHERE id = ?", started.order_id)
        if account % 2:
            orders.discard_draft(ws, started.order_id)
    assert len(set(numbers)) == 6
    assert numbers == sorted(numbers)
    assert all(number.startswith("T01-") for (number,) in numbers)


def test_an_open_draft_of_the_day_is_taken_up_again(ws: Workspace) -> None:
    first = orders.start_order(ws, 1, suggested=False)
    assert orders.start_order(ws, 1).order_id == first.order_id
    assert orders.start_order(ws, 2, suggested=False).order_id != first.order_id


def test_a_suggested_order_holds_what_is_due(ws: Workspace) -> None:
    (account,) = ask(
        ws, "SELECT account_id FROM summary_account ORDER BY overdue + due DESC LIMIT 1"
    )[0]
    order = orders.start_order(ws, account).order_id
    lines = ask(
        ws, "SELECT l.product_id, l.base_quantity, l.suggested_quantity, s.state FROM order_line l"
        " JOIN summary_pair s ON s.account_id = ? AND s.product_id = l.product_id"
        " WHERE l.parent_id = ?", account, order
    )  # fmt: skip
    assert lines
    assert {line[3] for line in lines} <= {"overdue", "due"}
    assert all(line[2] is not None and line[1] > 0 for line in lines)


def test_what_cannot_be_ordered_is_refused(ws: Workspace, priced: list[int]) -> None:
    order = orders.start_order(ws, 1, suggested=False).order_id
    with pytest.raises(UserError, match="no lines"):
        orders.submit_order(ws, order)
    for packs in (-1, MAX_PACKS + 1):
        with pytest.raises(FieldError, match="between 0 and"):
            orders.set_line(ws, order, LineInput(priced[0], None, packs))
    (other,) = ask(
        ws, "SELECT id FROM packaging WHERE product_id <> ? LIMIT 1", priced[0]
    )[0]  # fmt: skip
    with pytest.raises(FieldError, match="not sold in that pack"):
        orders.set_line(ws, order, LineInput(priced[0], other, 1))
    with pytest.raises(NotFound):
        orders.set_line(ws, 10**9, LineInput(priced[0], None, 1))


@pytest.fixture
def unpriced(ws: Workspace) -> tuple[int, int, int]:
    """Nothing has a price: a customer, what it bought last and for how much a unit (1e-4)."""
    for name in ("price_rule", "account_price", "promotion"):
        put(ws, f"DELETE FROM {name}")
    account, product = ask(
        ws, "SELECT s.account_id, l.product_id FROM sale s JOIN sale_line l ON l.parent_id = s.id"
        " WHERE s.kind = 'sale' GROUP BY 1, 2 HAVING count(*) > 2 LIMIT 1"
    )[0]  # fmt: skip
    put(
        ws, "INSERT INTO sale (uid, account_id, kind, date, currency) VALUES (?, ?, 'sale', ?, ?)",
        b"s" * 16, account, ws.today().isoformat(), ws.currency,
    )  # fmt: skip
    put(
        ws, "INSERT INTO sale_line (parent_id, position, product_id, base_quantity, net_minor)"
        " SELECT id, 1, ?, 8, 1000 FROM sale WHERE uid = ?", product, b"s" * 16,
    )  # fmt: skip
    put(ws, "UPDATE account SET minimum_order_minor = 0, credit_mode = 'none'")
    (per,) = ask(ws, "SELECT price_per FROM product WHERE id = ?", product)[0]
    return account, product, 12_500 * per


def test_without_a_price_the_last_one_paid_counts(
    ws: Workspace, unpriced: tuple[int, int, int]
) -> None:
    account, product, last_e4 = unpriced
    order = orders.start_order(ws, account, suggested=False).order_id
    orders.set_line(ws, order, LineInput(product, None, 24))
    (line,) = ask(
        ws, "SELECT net_price_e4, list_price_e4, net_minor, json_extract(price_reason, '$.code')"
        " FROM order_line WHERE parent_id = ?", order
    )  # fmt: skip
    assert line == (last_e4, last_e4, 3000, "last")
    shown = order_sheet(ws, order).lines[0]
    assert (shown.reason, shown.reduced) == ("Last price paid", False)
    orders.submit_order(ws, order)
    assert ask(ws, "SELECT net_minor, discount_minor, status FROM sales_order WHERE id = ?",
               order) == [(3000, 0, "submitted")]  # fmt: skip


def test_an_order_with_a_line_without_any_price_is_not_submitted(
    ws: Workspace, unpriced: tuple[int, int, int]
) -> None:
    account, product, _last = unpriced
    never, name = ask(
        ws, "SELECT id, name FROM product WHERE id NOT IN (SELECT l.product_id FROM sale_line l"
        " JOIN sale s ON s.id = l.parent_id WHERE s.account_id = ?) LIMIT 1", account
    )[0]  # fmt: skip
    order = orders.start_order(ws, account, suggested=False).order_id
    orders.set_line(ws, order, LineInput(product, None, 24))
    orders.set_line(ws, order, LineInput(never, None, 1))
    with pytest.raises(UserError, match="has no price") as caught:
        orders.submit_order(ws, order)
    assert name in caught.value.message and caught.value.code == "no-price"
    assert ask(ws, "SELECT status FROM sales_order WHERE id = ?", order) == [("draft",)]
    orders.remove_line(ws, order, never)
    orders.submit_order(ws, order)


def test_the_minimum_order_holds_to_the_cent(ws: Workspace, priced: list[int]) -> None:
    order = orders.start_order(ws, 1, suggested=False).order_id
    orders.set_line(ws, order, LineInput(priced[0], None, 10))
    ((net,),) = ask(ws, "SELECT net_minor FROM sales_order WHERE id = ?", order)
    put(
        ws, "UPDATE account SET minimum_order_minor = ?, credit_mode = 'none' WHERE id = 1", net + 1
    )
    with pytest.raises(UserError, match="below the minimum"):
        orders.submit_order(ws, order)
    put(ws, "UPDATE account SET minimum_order_minor = ? WHERE id = 1", net)
    orders.submit_order(ws, order)


def test_an_order_is_called_back_until_hq_has_it(ws: Workspace, priced: list[int]) -> None:
    order = submitted(ws, priced[0])
    with pytest.raises(UserError, match="has been submitted"):
        orders.set_line(ws, order, LineInput(priced[0], None, 11))
    orders.call_back_order(ws, order)
    assert ask(ws, "SELECT status, submitted_at FROM sales_order WHERE id = ?", order) == [
        ("draft", None)
    ]
    assert ask(ws, "SELECT count(*) FROM journal") == [(0,)]
    orders.set_line(ws, order, LineInput(priced[0], None, 11))
    orders.submit_order(ws, order)
    put(ws, "UPDATE journal SET state = 'sent'")
    with pytest.raises(UserError, match="HQ has this order"):
        orders.call_back_order(ws, order)


def test_a_copy_is_a_new_draft_at_todays_prices(ws: Workspace, priced: list[int]) -> None:
    order = submitted(ws, priced[0])
    put(ws, "UPDATE price_rule SET price_e4 = price_e4 * 2 WHERE price_e4 IS NOT NULL")
    put(ws, "UPDATE sales_order SET order_date = '2026-11-20' WHERE id = ?", order)
    copy = orders.copy_order(ws, order).order_id
    old, new = ask(ws, "SELECT status, net_minor, number FROM sales_order WHERE id IN (?, ?)"
                       " ORDER BY id", order, copy)  # fmt: skip
    assert new[0] == "draft"
    assert new[1] >= old[1]
    assert new[2] != old[2]
    assert ask(ws, "SELECT quantity FROM order_line WHERE parent_id = ?", copy) == [(10,)]


# ------------------------------------------------------------------------------------- visits


def test_a_visit_starts_once_ends_once_and_blocks_the_next(ws: Workspace) -> None:
    ((account, planned),) = ask(
        ws, "SELECT account_id, id FROM planned_visit WHERE user_id = ? AND date = ?"
        " AND status = 'planned' ORDER BY sequence LIMIT 1", ws.user.id, DEMO_TODAY.isoformat()
    )  # fmt: skip
    put(ws, "UPDATE visit SET ended_at = started_at WHERE ended_at IS NULL")
    started = visits.start_visit(ws, account)
    assert visits.start_visit(ws, account).visit_id == started.visit_id
    assert ask(ws, "SELECT status FROM planned_visit WHERE id = ?", planned) == [("started",)]
    with pytest.raises(UserError, match="still running"):
        visits.start_visit(ws, account % 20 + 1)
    visits.finish_visit(ws, started.visit_id, VisitOutcome.ORDER, note="fine")
    assert ask(ws, "SELECT status FROM planned_visit WHERE id = ?", planned) == [("done",)]
    with pytest.raises(UserError, match="already finished"):
        visits.finish_visit(ws, started.visit_id, VisitOutcome.ORDER)
    assert ask(ws, "SELECT last_visit_on FROM summary_account WHERE account_id = ?", account) == [
        (DEMO_TODAY.isoformat(),)
    ]


def test_calls_promises_and_notes_are_kept(ws: Workspace) -> None:
    visits.log_contact(ws, 3, VisitMode.CALL, VisitOutcome.INFORMATION, minutes=7, note="asked")
    visits.add_promise(ws, 3, " samples ", DEMO_TODAY + timedelta(days=2))
    ((promise,),) = ask(ws, "SELECT id FROM promise WHERE text = 'samples'")
    assert visits.keep_promise(ws, promise).touches("promise")
    assert not visits.keep_promise(ws, promise).touches("promise")
    visits.add_note(ws, 3, "prefers mornings")
    with pytest.raises(FieldError):
        visits.add_note(ws, 3, "  ")
    with pytest.raises(FieldError):
        visits.add_promise(ws, 3, "", DEMO_TODAY)
    assert ask(ws, "SELECT mode, outcome, note FROM visit ORDER BY id DESC LIMIT 1") == [
        ("call", "information", "asked")
    ]


def test_a_finished_stop_stays_finished(ws: Workspace) -> None:
    ((stop,),) = ask(ws, "SELECT id FROM planned_visit WHERE status = 'done' LIMIT 1")
    with pytest.raises(IllegalTransition):
        visits.set_stop_status(ws, stop, PlanStatus.PLANNED)
    with pytest.raises(UserError):
        plans.move_visit(ws, stop, DEMO_TODAY, 1)


# -------------------------------------------------------------------------------------- plans


def _future(ws: Workspace) -> list[tuple[Any, ...]]:
    return ask(
        ws, "SELECT id, account_id, date, sequence, status, locked FROM planned_visit"
        " WHERE user_id = ? AND date > ? ORDER BY id", ws.user.id, DEMO_TODAY.isoformat()
    )  # fmt: skip


def test_a_plan_is_proposed_accepted_and_taken_back(ws: Workspace) -> None:
    start = DEMO_TODAY + timedelta(days=1)
    before = _future(ws)
    proposal = plans.propose_plan(ws, start, 21, iterations=100, seed=5)
    assert _future(ws) == before
    changes = plans.accept_plan(ws, proposal)
    planned = ask(
        ws, "SELECT date, count(*) FROM planned_visit WHERE user_id = ? AND status = 'planned'"
        " AND mode = 'person' AND date BETWEEN ? AND ? GROUP BY date ORDER BY date",
        ws.user.id, start.isoformat(), (start + timedelta(days=20)).isoformat(),
    )  # fmt: skip
    wanted = [
        (proposal.days[one.day].isoformat(), len(one.visits))
        for one in proposal.plan.days
        if one.visits
    ]
    assert planned == wanted
    assert changes.undo is not None
    undo(ws, changes.undo)
    assert _future(ws) == before
    assert check(ws.database, ws.folder) == []


def test_a_moved_visit_is_locked_and_stays_in_the_next_plan(ws: Workspace) -> None:
    start = DEMO_TODAY + timedelta(days=1)
    plans.accept_plan(ws, plans.propose_plan(ws, start, 21, iterations=50, seed=5))
    ((key, account, day),) = ask(
        ws, "SELECT id, account_id, date FROM planned_visit WHERE user_id = ? AND date > ?"
        " AND status = 'planned' AND mode = 'person' AND NOT locked AND NOT appointment"
        " ORDER BY date LIMIT 1", ws.user.id, DEMO_TODAY.isoformat()
    )  # fmt: skip
    target = date.fromisoformat(day) + timedelta(days=1)
    plans.move_visit(ws, key, target, 1)
    row = "SELECT account_id, date, sequence, locked FROM planned_visit WHERE id = ?"
    assert ask(ws, row, key) == [(account, target.isoformat(), 1, 1)]
    plans.accept_plan(ws, plans.propose_plan(ws, start, 21, iterations=50, seed=6))
    assert ask(ws, row, key)[0][:2] == (account, target.isoformat())
    plans.lock_visit(ws, key, locked=False)
    assert ask(ws, row, key)[0][3] == 0
    plans.drop_visit(ws, key)
    assert ask(ws, "SELECT status FROM planned_visit WHERE id = ?", key) == [("cancelled",)]


def test_the_same_seed_plans_the_same(ws: Workspace) -> None:
    start = DEMO_TODAY + timedelta(days=1)
    one, two = (plans.propose_plan(ws, start, 5, iterations=60, seed=9).plan for _turn in "ab")
    assert one.days == two.days


# ----------------------------------------------------------------------- accounts and undo


def test_an_edit_is_undone_and_redone(ws: Workspace) -> None:
    first = accounts.edit_account(ws, 1, {"city": "Elsewhere", "usual_weekday": 3})
    assert first.undo is not None
    back = undo(ws, first.undo)
    assert ask(ws, "SELECT city FROM account WHERE id = 1") != [("Elsewhere",)]
    assert back.undo is not None
    undo(ws, back.undo)
    assert ask(ws, "SELECT city, usual_weekday FROM account WHERE id = 1") == [("Elsewhere", 3)]
    assert [op for (op,) in ask(ws, "SELECT op FROM journal")] == ["U", "U", "U"]


def test_undo_says_when_somebody_was_there_since(ws: Workspace) -> None:
    first = accounts.edit_account(ws, 1, {"city": "Mine"})
    put(ws, "UPDATE account SET city = 'HQ' WHERE id = 1")
    assert first.undo is not None
    with pytest.raises(StaleRevision):
        undo(ws, first.undo)
    assert ask(ws, "SELECT city FROM account WHERE id = 1") == [("HQ",)]
    with pytest.raises(NotFound):
        undo(ws, 10**6)


def test_a_new_contact_is_undone_whole_and_a_fact_is_not(ws: Workspace) -> None:
    added = accounts.add_contact(ws, 1, "Eva", phone="+376 312 345", email="eva@one.example")
    assert added.undo is not None
    undo(ws, added.undo)
    assert ask(ws, "SELECT count(*) FROM contact WHERE name = 'Eva'") == [(0,)]
    assert check(ws.database, ws.folder) == []
    visits.add_note(ws, 1, "said")
    ((txn,),) = ask(ws, "SELECT max(txn) FROM journal")
    with pytest.raises(UserError, match="cannot be taken back"):
        undo(ws, txn)


def test_an_edit_meets_what_was_seen(ws: Workspace) -> None:
    with pytest.raises(StaleRevision):
        accounts.edit_account(ws, 1, {"city": "New"}, expected={"city": "Never was"})
    for wrong in (
        {"name": " "}, {"code": ""}, {"status": "sleeping"}, {"latitude": 91.0},
        {"visit_minutes": 2.5}, {"code": ask(ws, "SELECT code FROM account WHERE id = 2")[0][0]},
    ):  # fmt: skip
        with pytest.raises(FieldError):
            accounts.edit_account(ws, 1, wrong)
    with pytest.raises(NotFound):
        accounts.edit_account(ws, 10**6, {"city": "X"})
    assert ask(ws, "SELECT count(*) FROM journal") == [(0,)]


def test_a_customer_is_made_with_the_next_code_and_the_reps_territory(ws: Workspace) -> None:
    key, _changes = accounts.create_account(ws, {"name": " Bar Nou ", "credit_limit_minor": 5})
    code, name, limit, territory = ask(
        ws, "SELECT code, name, credit_limit_minor, territory_id FROM account WHERE id = ?", key
    )[0]
    assert (name, limit) == ("Bar Nou", None)
    assert code == f"{ws.device_prefix}-0001"
    assert (territory,) in ask(
        ws, "SELECT territory_id FROM territory_user WHERE user_id = ?", ws.user.id
    )
    other, _changes = accounts.create_account(ws, {"name": "Bar Vell"})
    assert ask(ws, "SELECT code FROM account WHERE id = ?", other) > [(code,)]
    with pytest.raises(FieldError, match="has this code"):
        accounts.create_account(ws, {"name": "X", "code": code})
    with pytest.raises(FieldError, match="needs a name"):
        accounts.create_account(ws, {"name": " "})


@pytest.mark.parametrize("hours", [[], [[[9, 8]]] * 7, [[[0, 1441]]] * 7, [[[-1, 5]]] * 7])
def test_impossible_hours_are_refused(ws: Workspace, hours: list[list[list[int]]]) -> None:
    with pytest.raises(FieldError):
        accounts.set_opening_hours(ws, 1, hours)


def test_hours_travel_as_a_document(ws: Workspace) -> None:
    hours: list[list[list[int]]] = [[[540, 780]], [], [], [], [], [], []]
    accounts.set_opening_hours(ws, 1, hours)
    ((fields,),) = ask(ws, "SELECT fields FROM journal")
    assert json.loads(fields)["opening_hours"][1] == hours


# ------------------------------------------------------------------------------------ settings


def test_settings_keep_their_type_and_their_limits(ws: Workspace) -> None:
    assert preferences.get(ws, preferences.PLAN_SECONDS) == 3
    preferences.put(ws, preferences.PLAN_SECONDS, 12)
    assert preferences.get(ws, preferences.PLAN_SECONDS) == 12
    with pytest.raises(FieldError):
        preferences.put(ws, preferences.PLAN_SECONDS, 1000)
    put(ws, "UPDATE setting SET value = '\"big\"'")
    assert preferences.get(ws, preferences.PLAN_SECONDS) == 3
    put(ws, "UPDATE setting SET value = 'not json'")
    assert preferences.get(ws, preferences.PLAN_SECONDS) == 3
    assert len({one.key for one in preferences.ALL}) == len(preferences.ALL)
    assert all(one.meaning.endswith(".") for one in preferences.ALL)
    assert ask(ws, "SELECT count(*) FROM journal") == [(0,)]


def test_an_order_that_was_offered_to_hq_is_not_called_back(ws: Workspace) -> None:
    account = ask(ws, "SELECT account_id FROM summary_pair WHERE state = 'due' LIMIT 1")[0][0]
    order_id = orders.start_order(ws, account).order_id
    orders.submit_order(ws, order_id)
    with ws.database.maintenance() as connection:
        last = connection.exec_driver_sql("SELECT max(seq) FROM journal").scalar_one()
        facts.keep_offered(connection, last)
    with pytest.raises(UserError, match="HQ has this order"):
        orders.call_back_order(ws, order_id)

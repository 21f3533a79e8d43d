"""What a person says, keeps, counts and plans on the reorder place, and what is read of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.packaging import Pack
from crmdesk.domain.reorder_overrides import OverrideKind, put_off_until
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.gui.packs import base_text, rounding_text
from crmdesk.services import account_products, orders, plans, undo, visits
from crmdesk.services.queries import reorder, reorder_losses
from crmdesk.services.queries.agreements import agreed_with
from crmdesk.services.queries.contact_days import contact_days
from crmdesk.services.queries.reorder import PairKey, ReorderFilter, Route, Urgency
from crmdesk.services.queries.reorder_detail import sku_detail
from crmdesk.services.queries.reorder_filter import Area, area_rows
from crmdesk.services.reorder_overrides import Said, override_suggestion
from crmdesk.services.stock_counts import count_stock
from crmdesk.services.workspace import Workspace

EVERY = ReorderFilter(states=frozenset(Urgency))


@pytest.fixture
def key(ws: Workspace) -> PairKey:
    """The most urgent SKU of the company that comes in cases."""
    entries = reorder.board_entries(ws, ReorderFilter())
    rows = reorder.board_rows(ws, [entry.key for entry in entries[:40]])
    return next(key for key, row in rows.items() if row.pack.factor > 1)


def keys_of(ws: Workspace, wanted: ReorderFilter = EVERY) -> set[PairKey]:
    return {entry.key for entry in reorder.board_entries(ws, wanted)}


def one(ws: Workspace, query: str, *values: object) -> Any:
    with ws.database.read() as connection:
        return connection.exec_driver_sql(query, values).first()


def suggested(ws: Workspace, account: int) -> set[int]:
    """The products of a new suggested order."""
    order = orders.start_order(ws, account).order_id
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT product_id FROM order_line WHERE parent_id = ?", (order,)
        )
        return set(found.scalars())


# ------------------------------------------------------------------------- against a suggestion


@pytest.mark.parametrize(
    "kind",
    [OverrideKind.NOT_NOW, OverrideKind.WRONG_FORECAST, OverrideKind.DELISTED],
)
def test_what_sets_a_sku_aside_takes_it_from_board_and_order(
    ws: Workspace, key: PairKey, kind: OverrideKind
) -> None:
    until = None if kind is OverrideKind.DELISTED else ws.today() + timedelta(days=30)
    override_suggestion(ws, *key, Said(kind, "because", until))
    assert key not in keys_of(ws, ReorderFilter())
    assert key[1] not in suggested(ws, key[0])


def test_another_quantity_stays_on_the_board_with_its_packs(ws: Workspace, key: PairKey) -> None:
    before = reorder.board_rows(ws, [key])[key]
    wanted = before.pack.factor * (before.packs + 3)
    changes = override_suggestion(
        ws, *key, Said(OverrideKind.QUANTITY, "agreed", base_quantity=wanted)
    )
    row = reorder.board_rows(ws, [key])[key]
    assert row.packs == before.packs + 3
    assert row.agreed_quantity == wanted
    assert row.margin_minor > before.margin_minor
    assert key in keys_of(ws)
    assert changes.undo is not None
    undo.undo(ws, changes.undo)
    assert reorder.board_rows(ws, [key])[key].packs == before.packs


def test_a_substitute_joins_the_list_and_undo_takes_all_of_it_back(
    ws: Workspace, key: PairKey
) -> None:
    other = one(
        ws,
        "SELECT id FROM product WHERE id <> ? AND status = 'active' AND id NOT IN"
        " (SELECT product_id FROM account_product WHERE account_id = ?) ORDER BY id LIMIT 1",
        key[1], key[0],
    )[0]  # fmt: skip
    listed = "SELECT listed FROM account_product WHERE account_id = ? AND product_id = ?"
    changes = override_suggestion(
        ws, *key, Said(OverrideKind.SUBSTITUTED, "changed", substitute_id=other)
    )
    assert one(ws, listed, key[0], key[1])[0] == 0
    assert one(ws, listed, key[0], other)[0] == 1
    detail = sku_detail(ws, key)
    assert detail.said[0].kind == "substituted"
    assert detail.said[0].substitute
    assert changes.undo is not None
    undo.undo(ws, changes.undo)
    assert one(ws, listed, key[0], key[1])[0] == 1
    assert one(ws, listed, key[0], other) is None
    assert sku_detail(ws, key).said == ()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (Said(OverrideKind.NOT_NOW, " "), "reason"),
        (Said(OverrideKind.QUANTITY, "more"), "base_quantity"),
        (Said(OverrideKind.QUANTITY, "more", base_quantity=0), "base_quantity"),
        (Said(OverrideKind.SUBSTITUTED, "other"), "substitute"),
    ],
)
def test_what_is_incomplete_is_refused(ws: Workspace, key: PairKey, said: Said, field: str) -> None:
    with pytest.raises(FieldError) as error:
        override_suggestion(ws, *key, said)
    assert error.value.field == field
    assert one(ws, "SELECT count(*) FROM reorder_override WHERE account_id = ?", key[0])[0] == 0


def test_not_now_lasts_a_month_or_the_rhythm(ws: Workspace) -> None:
    today = ws.today()
    assert put_off_until(today, None) == today + timedelta(days=30)
    assert put_off_until(today, 12.4) == today + timedelta(days=30)
    assert put_off_until(today, 61.6) == today + timedelta(days=62)


# ---------------------------------------------------------------------- the customer's products


def test_the_usual_pack_changes_what_is_suggested(ws: Workspace, key: PairKey) -> None:
    row = reorder.board_rows(ws, [key])[key]
    others = [
        pack for pack in reorder.pack_options(ws, [key[1]])[key[1]]
        if pack.packaging_id != row.pack.packaging_id
    ]  # fmt: skip
    if not others:
        pytest.skip("sold in one pack only")
    account_products.set_usual_packaging(ws, *key, others[0].packaging_id)
    assert reorder.board_rows(ws, [key])[key].pack.packaging_id == others[0].packaging_id
    assert sku_detail(ws, key).usual_packaging_id == others[0].packaging_id
    foreign = one(ws, "SELECT id FROM packaging WHERE product_id <> ? LIMIT 1", key[1])[0]
    with pytest.raises(FieldError):
        account_products.set_usual_packaging(ws, *key, foreign)


def test_listing_and_par_level_are_kept_and_undone(ws: Workspace, key: PairKey) -> None:
    account_products.set_par_level(ws, *key, 48)
    changes = account_products.set_listed(ws, *key, listed=False)
    row = reorder.board_rows(ws, [key]).get(key)
    assert row is not None
    assert (row.listed, row.par_level) == (False, 48)
    assert changes.undo is not None
    undo.undo(ws, changes.undo)
    assert sku_detail(ws, key).listed
    with pytest.raises(FieldError):
        account_products.set_par_level(ws, *key, 0)
    account_products.set_par_level(ws, *key, None)
    assert sku_detail(ws, key).par_level is None


def test_a_count_needs_a_contact_and_is_corrected_by_counting_again(
    ws: Workspace, key: PairKey
) -> None:
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE visit SET ended_at = started_at WHERE ended_at IS NULL"
        )
        tx.connection.exec_driver_sql(
            "UPDATE visit SET date = '2026-11-01' WHERE account_id = ?", (key[0],)
        )
    with pytest.raises(UserError) as error:
        count_stock(ws, *key, 5)
    assert error.value.code == "no-visit"
    visits.log_contact(ws, key[0], VisitMode.CALL, VisitOutcome.INFORMATION)
    count_stock(ws, *key, 5)
    count_stock(ws, *key, 7)
    counted = sku_detail(ws, key).counted
    assert counted is not None
    assert (counted.day, counted.base_quantity) == (ws.today(), 7)
    tasks = (
        "SELECT count(*) FROM visit_task WHERE product_id = ? AND account_id = ? AND counted = 7"
    )
    assert one(ws, tasks, key[1], key[0])[0] == 1
    with pytest.raises(FieldError):
        count_stock(ws, *key, -1)


# ----------------------------------------------------------------------------- losses and areas


def test_losses_name_every_customer_with_something_to_lose(ws: Workspace) -> None:
    entries = reorder_losses.loss_entries(ws, ReorderFilter())
    assert entries
    assert [e.worth_minor for e in entries] == sorted(
        (e.worth_minor for e in entries), reverse=True
    )
    first = (ws.today() - timedelta(days=reorder_losses.LOST_DAYS)).isoformat()
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT p.account_id, p.state, p.expected_net_minor, p.median_gap FROM summary_pair p"
            " JOIN account a ON a.id = p.account_id JOIN product k ON k.id = p.product_id"
            " WHERE p.state IN ('at_risk', 'lapsed') AND p.last_on >= ? AND k.status = 'active'"
            " AND a.merged_into_uid IS NULL AND a.status <> 'lost'",
            (first,),
        ).all()
    worth: dict[int, int] = {}
    for account, _state, net, gap in rows:
        centi = max(100, int((30 if gap is None else gap) * 100))
        worth[account] = worth.get(account, 0) + net * 3044 // centi
    assert {entry.account_id: entry.worth_minor for entry in entries} == worth
    assert sum(e.at_risk + e.lapsed for e in entries) == len(rows)
    some = reorder_losses.loss_rows(ws, [entry.account_id for entry in entries])
    for entry in entries:
        skus = some[entry.account_id].skus
        assert 0 < len(skus) <= 4
        assert [sku.worth_minor for sku in skus] == sorted(
            (sku.worth_minor for sku in skus), reverse=True
        )


def test_what_was_agreed_is_the_newest_of_each_kind(ws: Workspace, key: PairKey) -> None:
    account, today = key[0], ws.today()
    visits.add_promise(ws, account, "bring samples", today + timedelta(days=2))
    visits.log_contact(
        ws, account, VisitMode.CALL, VisitOutcome.INFORMATION, note="ask again in spring"
    )
    override_suggestion(ws, *key, Said(OverrideKind.DELISTED, "No longer listed"))
    plans.add_visit(ws, account, today + timedelta(days=1), mode="call")
    agreed = agreed_with(ws, [account])[account]
    assert agreed.contact_note == "ask again in spring"
    assert agreed.contact_on == today
    assert agreed.promise
    assert agreed.said is not None
    assert agreed.said.reason == "No longer listed"
    assert agreed.planned_on is not None


def test_areas_part_the_board_without_losing_a_row(ws: Workspace) -> None:
    areas = area_rows(ws)
    territories = [row for row in areas if row.area.territory_id is not None]
    people = [row for row in areas if row.area.user_id is not None]
    assert territories
    assert people
    everything = keys_of(ws)
    leaves = set()
    for row in territories:
        part = keys_of(ws, ReorderFilter(states=frozenset(Urgency), area=row.area))
        assert part <= everything
        assert len({account for account, _product in part}) <= row.accounts
        leaves |= part
    assert leaves == everything
    for row in people:
        counts = reorder.board_counts(ws, Route.ALL, row.area)
        part = keys_of(ws, ReorderFilter(states=frozenset(Urgency), area=row.area))
        assert sum(count.pairs for count in counts.states.values()) == len(part)
    nowhere = ReorderFilter(area=Area(user_id=10**9))
    assert keys_of(ws, nowhere) == set()


def test_contact_days_leave_out_weekends_and_leave(ws: Workspace) -> None:
    days = contact_days(ws)
    assert len(days) == 8
    assert days[0].day == ws.today()
    assert all(day.day.weekday() < 5 for day in days)
    away = days[2].day
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO user_leave (uid, user_id, from_date, to_date) VALUES"
            " (randomblob(16), ?, ?, ?)",
            (ws.user.id, away.isoformat(), away.isoformat()),
        )
    assert away not in [day.day for day in contact_days(ws)]
    plans.add_visit(ws, 1, days[1].day, mode="call")
    after = {day.day: day for day in contact_days(ws)}
    assert after[days[1].day].calls == days[1].calls + 1


# ----------------------------------------------------------------------------------- the words


@pytest.mark.parametrize(
    ("expected", "pack", "words"),
    [
        (24, Pack("CS", 12), "Expected: 24 units, which is 2 cases."),
        (20, Pack("CS", 12), "Expected: 20 units; rounded up to whole packs: 2 cases, 24 units."),
        (28, Pack("CS", 12), "Expected: 28 units; rounded down to whole packs: 2 cases, 24 units."),
        (5, Pack("CS", 6, 4), "Expected: 5 units; sold from 4 cases on, so 4 cases, 24 units."),
        (
            30, Pack("CS", 6, 1, 4),
            "Expected: 30 units; sold in steps of 4 cases, so 8 cases, 48 units.",
        ),
        (7, Pack("EA", 1), "Expected: 7 units, sold by the unit."),
    ],
)  # fmt: skip
def test_rounding_is_said_in_words(expected: int, pack: Pack, words: str) -> None:
    assert rounding_text(expected, pack, "EA") == words


@pytest.mark.parametrize(
    ("unit", "quantity", "words"),
    [
        ("G", 1250, "1.25 kg"), ("g", 3000, "3 kg"), ("ML", 500, "0.5 l"), ("EA", 1, "1 unit"),
        ("EA", 1200, "1,200 units"), ("G", 12_345_678, "12,345.678 kg"),
    ],
)  # fmt: skip
def test_weighed_goods_are_said_in_kilograms_and_litres(
    unit: str, quantity: int, words: str
) -> None:
    assert base_text(unit, quantity) == words

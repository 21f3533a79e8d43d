"""Price lists, promotions and costs by the office: what they write, who may, and back again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from crmdesk.domain.errors import FieldError, StaleRevision, UserError
from crmdesk.domain.price_change import PriceChange
from crmdesk.domain.states import Role
from crmdesk.services import costs, orders, price_lists, price_rules, promotions
from crmdesk.services.document_lines import LineInput
from crmdesk.services.import_undo import undo_import
from crmdesk.services.imports import import_file
from crmdesk.services.price_lists import NewVersion
from crmdesk.services.price_rules import RuleInput
from crmdesk.services.prices import terms_of
from crmdesk.services.promotions import PromotionInput
from crmdesk.services.queries.order import order_sheet
from crmdesk.services.undo import undo
from crmdesk.services.workspace import Workspace

TABLES = ("price_list", "price_rule", "promotion", "cost_version", "account_price")


@pytest.fixture
def office(ws: Workspace) -> Workspace:
    """The office, before it has drafted anything."""
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "DELETE FROM price_rule WHERE price_list_id IN"
            " (SELECT id FROM price_list WHERE status = 'draft')"
        )
        tx.connection.exec_driver_sql("DELETE FROM price_list WHERE status = 'draft'")
    return replace(ws, user=replace(ws.user, role=Role.OFFICE))


def ask(ws: Workspace, query: str, *values: object) -> list[Any]:
    with ws.database.read() as connection:
        return list(connection.exec_driver_sql(query, values).all())


def everything(ws: Workspace) -> dict[str, list[Any]]:
    return {name: [tuple(row) for row in ask(ws, f"SELECT * FROM {name} ORDER BY id")]
            for name in TABLES}  # fmt: skip


def list_of(ws: Workspace, account: int, day: date) -> int | None:
    with ws.database.read() as connection:
        return terms_of(connection, account, day).price_list_id


def test_a_new_version_takes_the_old_ones_place_on_its_day(office: Workspace) -> None:
    today = office.today()
    account = ask(office, "SELECT id FROM account WHERE price_list_id IS NOT NULL")[0][0]
    old = list_of(office, account, today)
    assert old is not None
    change = PriceChange(percent_bp=500, step_e4=100)
    wanted = NewVersion("B-27", change=change)
    draft, _made = price_lists.new_version(office, old, wanted)
    now = "valid_from <= ?1 AND coalesce(valid_to, '9999') >= ?1 AND price_list_id = ?2"
    before = ask(office, f"SELECT product_id, price_e4 FROM price_rule WHERE {now} AND price_e4"
                 " IS NOT NULL ORDER BY 1", today.isoformat(), old)  # fmt: skip
    after = ask(office, "SELECT product_id, price_e4 FROM price_rule WHERE price_list_id = ?"
                " AND price_e4 IS NOT NULL ORDER BY 1", draft)  # fmt: skip
    assert [(p, change.of(price)) for p, price in before] == [tuple(row) for row in after]
    assert list_of(office, account, today) == old
    start = today + timedelta(days=30)
    price_lists.activate_list(office, draft, start)
    assert list_of(office, account, start - timedelta(days=1)) == old
    assert list_of(office, account, start) == draft
    assert (
        ask(office, "SELECT valid_to FROM price_list WHERE id = ?", old)[0][0]
        == (start - timedelta(days=1)).isoformat()
    )


def test_an_order_costs_what_the_version_in_force_says(office: Workspace) -> None:
    account = ask(office, "SELECT id FROM account WHERE status = 'active'")[0][0]
    old = list_of(office, account, office.today())
    assert old is not None
    product = ask(office, "SELECT product_id FROM price_rule WHERE price_list_id = ? AND price_e4"
                  " IS NOT NULL AND valid_to IS NULL", old)[0][0]  # fmt: skip
    draft, _made = price_lists.new_version(office, old, NewVersion("X"))
    rule = ask(office, "SELECT id FROM price_rule WHERE price_list_id = ? AND product_id = ?"
               " AND price_e4 IS NOT NULL", draft, product)[0][0]  # fmt: skip
    price_rules.set_rule(office, draft, RuleInput(product, price_e4=12_340_000), rule)
    price_lists.activate_list(office, draft, office.today())
    order = orders.start_order(office, account, suggested=False).order_id
    pack = ask(
        office,
        "SELECT id FROM packaging WHERE product_id = ? AND factor = 1"
        " UNION SELECT min(id) FROM packaging WHERE product_id = ?",
        product,
        product,
    )
    orders.set_line(office, order, LineInput(product, pack[0][0], 1))
    assert order_sheet(office, order).lines[0].list_price_e4 == 12_340_000


def test_every_step_can_be_taken_back(office: Workspace) -> None:
    today, later = office.today(), office.today() + timedelta(days=9)
    listed = ask(office, "SELECT id FROM price_list WHERE status = 'active' ORDER BY id")[0][0]
    product, category = ask(office, "SELECT id, category_id FROM product")[0]
    rule = ask(office, "SELECT id, product_id FROM price_rule WHERE price_list_id = ? AND"
               " valid_to IS NULL AND minimum_quantity = 1", listed)[0]  # fmt: skip
    draft, made = price_lists.new_version(office, listed, NewVersion("D"))
    promo = PromotionInput("P1", "P", "percent", today, later, product_id=product, discount_bp=500)
    steps: list[Callable[[], Any]] = [
        lambda: price_lists.change_prices(office, draft, PriceChange(percent_bp=300), [category]),
        lambda: price_lists.put_away(office, draft),
        lambda: price_lists.activate_list(office, draft, later),
        lambda: price_rules.set_rule(office, listed, RuleInput(rule[1], price_e4=5), rule[0]),
        lambda: price_rules.remove_rule(office, listed, rule[0]),
        lambda: price_rules.set_account_price(office, 1, RuleInput(product, price_e4=77)),
        lambda: promotions.save_promotion(office, promo)[1],
        lambda: costs.set_cost(office, product, 123, later),
        lambda: costs.change_costs(office, PriceChange(percent_bp=100), later, [category]),
    ]
    for step in steps:
        before = everything(office)
        changes = step()
        assert everything(office) != before
        undo(office, changes.undo)
        assert everything(office) == before
    assert made.undo is not None
    undo(office, made.undo)
    assert ask(office, "SELECT 1 FROM price_list WHERE id = ?", draft) == []


def test_a_rep_changes_no_price(ws: Workspace) -> None:
    today = ws.today()
    promo = PromotionInput("P", "P", "percent", today, today, product_id=1, discount_bp=1)
    steps: list[Callable[[], Any]] = [
        lambda: price_lists.new_version(ws, 1, NewVersion("N")),
        lambda: price_lists.change_prices(ws, 1, PriceChange(1)),
        lambda: price_lists.activate_list(ws, 1, today),
        lambda: price_lists.put_away(ws, 1),
        lambda: price_rules.set_rule(ws, 1, RuleInput(1, price_e4=1)),
        lambda: price_rules.remove_rule(ws, 1, 1),
        lambda: price_rules.set_account_price(ws, 1, RuleInput(1, price_e4=1)),
        lambda: price_rules.end_account_price(ws, 1, today),
        lambda: promotions.save_promotion(ws, promo),
        lambda: promotions.end_promotion(ws, 1, today),
        lambda: costs.set_cost(ws, 1, 1, today),
        lambda: costs.change_costs(ws, PriceChange(1), today),
    ]
    before = everything(ws)
    for step in steps:
        with pytest.raises(UserError):
            step()
    assert everything(ws) == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": " "}, "code"),
        ({"name": ""}, "name"),
        ({"valid_to": date(2020, 1, 1)}, "valid_to"),
        ({"kind": "raffle"}, "kind"),
        ({"discount_bp": 0}, "discount_bp"),
        ({"discount_bp": 10_001}, "discount_bp"),
        ({"product_id": None}, "product"),
        ({"kind": "free"}, "buy_quantity"),
        ({"kind": "bundle", "rule": {"parts": [], "discount_bp": 5}}, "parts"),
        ({"kind": "mix", "rule": {"quantity": 3, "discount_bp": 5}}, "products"),
        ({"rule": {"stacks": 1}}, "stacks"),
    ],
)
def test_what_hq_would_refuse_is_not_written(
    office: Workspace, change: dict[str, Any], field: str
) -> None:
    day = office.today()
    good = PromotionInput("NEW", "New", "percent", day, day, product_id=1, discount_bp=100)
    before = everything(office)
    with pytest.raises(FieldError) as caught:
        promotions.save_promotion(office, replace(good, **change))
    assert caught.value.field == field
    assert everything(office) == before


def test_costs_and_promotions_come_from_files_and_go_again(
    office: Workspace, tmp_path: Path
) -> None:
    one, two = (row[0] for row in ask(office, "SELECT sku FROM product ORDER BY id")[:2])
    file = tmp_path / "costs.csv"
    file.write_text(f"sku,cost,valid from\n{one},1.2345,2027-06-01\n{two},x,\nnone,1,\n")
    before = everything(office)
    report = import_file(office, "costs", file)
    assert (report.created, report.rejected, report.rows) == (1, 2, 3)
    assert ask(office, "SELECT cost_e4 FROM cost_version WHERE valid_from = '2027-06-01'") == [
        (12_345,)
    ]
    assert import_file(office, "costs", file).skipped == 1
    undo_import(office, report.batch)
    assert everything(office) == before
    file = tmp_path / "promotions.csv"
    file.write_text(
        "code,name,kind,sku,discount,valid from,valid to,parts,set price,free sku,buy,free\n"
        f"A,Ten,percent,{one},10,2026-12-01,2026-12-31,,,,,\n"
        f"B,Set,bundle,,,2026-12-01,2026-12-31,{one} × 2; {two},9.99,,,\n"
        f"C,Gift,free,{one},,2026-12-01,2026-12-31,,,{two},10,1\n"
        f"D,Alone,bundle,,5,2026-12-01,2026-12-31,{one},,,,\n"
        f"E,Nothing,percent,,5,2026-12-01,2026-12-31,,,,,\n"
    )
    report = import_file(office, "promotions", file)
    assert (report.created, report.rejected) == (3, 2)
    undo_import(office, report.batch)
    assert everything(office) == before
    with pytest.raises(UserError):
        undo_import(office, report.batch)


def test_an_import_that_was_changed_since_is_not_taken_back(
    office: Workspace, tmp_path: Path
) -> None:
    sku, key = ask(office, "SELECT sku, id FROM product")[0]
    file = tmp_path / "costs.csv"
    file.write_text(f"sku,cost,valid from\n{sku},1,2027-06-01\n")
    report = import_file(office, "costs", file)
    costs.set_cost(office, key, 5, date(2027, 6, 1))
    with pytest.raises(StaleRevision):
        undo_import(office, report.batch)

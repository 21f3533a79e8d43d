"""What the office reads of prices: map, waterfall, lines behind, simulation, command line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from crmdesk.analytics.price_position import outliers, price_erosion
from crmdesk.cli.program import Faces, main
from crmdesk.domain.errors import Cancelled
from crmdesk.domain.order_pricing import AskedLine, price_order
from crmdesk.domain.price_change import PriceChange
from crmdesk.domain.states import Role
from crmdesk.services import price_lists
from crmdesk.services.price_lists import NewVersion
from crmdesk.services.prices import read_rules, terms_of
from crmdesk.services.promotions import PromotionInput
from crmdesk.services.queries import price_margins as margins
from crmdesk.services.queries.price_margins import Slice, Step
from crmdesk.services.queries.price_policy import (
    agreed_lines,
    cost_lines,
    price_list_rows,
    promotion_lines,
    rule_lines,
)
from crmdesk.services.queries.price_position import erosion_rows, price_outliers
from crmdesk.services.queries.price_simulation import Trial, _in_year, simulate
from crmdesk.services.workspace import Workspace
from tests.db.conftest import instant


def ask(ws: Workspace, query: str, *values: object) -> list[Any]:
    with ws.database.read() as connection:
        return list(connection.exec_driver_sql(query, values).all())


def year(ws: Workspace) -> tuple[str, str]:
    return (ws.today() - timedelta(days=364)).isoformat(), ws.today().isoformat()


def test_the_map_adds_up_and_every_cell_opens_its_lines(ws: Workspace) -> None:
    found = margins.margin_map(ws)
    query = ("SELECT sum(l.net_minor), count(*), sum(l.cost_minor) FROM sale s JOIN sale_line l"
             " ON l.parent_id = s.id WHERE s.date BETWEEN ? AND ?")  # fmt: skip
    sums = ask(ws, query, *year(ws))[0]
    cells = found.cells.values()
    assert (sum(c.net_minor for c in cells), sum(c.lines for c in cells),
            sum(c.cost_minor for c in cells)) == tuple(sums)  # fmt: skip
    cell = max(cells, key=lambda one: one.lines)
    of = Slice(segment=cell.segment, category_id=cell.category_id)
    rows = margins.lines_behind(ws, of, most=10**6)
    assert (len(rows), sum(row.net_minor for row in rows)) == (cell.lines, cell.net_minor)
    for by_customer in (True, False):
        parts = margins.parts_of(ws, of, by_customer=by_customer)
        assert sum(part.lines for part in parts) == cell.lines
        assert sum(part.net_minor - part.cost_minor for part in parts) == (
            cell.net_minor - cell.cost_minor
        )


def test_pages_of_lines_follow_each_other(ws: Workspace) -> None:
    whole = margins.lines_behind(ws, Slice(account_id=1), most=10**6)
    pages, after = [], None
    while page := margins.lines_behind(ws, Slice(account_id=1), most=7, after=after):
        pages += page
        after = (page[-1].day.isoformat(), page[-1].sale_id, page[-1].position)
    assert pages == whole


@pytest.mark.parametrize("of", [Slice(), Slice(account_id=1), Slice(segment="SHOPS")])
def test_the_waterfall_leads_from_list_to_margin(ws: Workspace, of: Slice) -> None:
    fall = margins.price_waterfall(ws, of)
    between = (Step.AGREED, Step.VOLUME, Step.PROMOTION, Step.FREE, Step.MANUAL, Step.OTHER)
    steps = fall.steps
    assert (
        steps[Step.LIST] + sum(steps[one] for one in between) + steps[Step.UNLISTED]
        == steps[Step.NET]
    )
    assert steps[Step.NET] + steps[Step.COST] + steps[Step.UNCOSTED] == steps[Step.MARGIN]
    assert steps[Step.AGREED] <= 0 and steps[Step.PROMOTION] <= 0
    for step in Step:
        rows = margins.lines_behind(ws, of, step, most=10**6)
        assert len(rows) == fall.lines[step], step
        if step in between:
            assert -sum(row.discount_minor for row in rows) == steps[step]


def test_lines_without_list_price_or_cost_are_shown_beside(ws: Workspace) -> None:
    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE sale SET batch_uid = uid, order_uid = NULL WHERE account_id = 1")
        run("UPDATE sale_line SET cost_minor = NULL, discount_minor = 0"
            " WHERE parent_id IN (SELECT id FROM sale WHERE account_id = 1)")  # fmt: skip
    fall = margins.price_waterfall(ws, Slice(account_id=1))
    assert fall.steps[Step.LIST] == 0
    assert fall.steps[Step.UNLISTED] == fall.steps[Step.NET] > 0
    assert fall.steps[Step.MARGIN] == 0 == fall.lines[Step.COST]
    assert fall.steps[Step.UNCOSTED] == -fall.steps[Step.NET]


def test_a_simulation_says_what_the_order_screen_would(ws: Workspace) -> None:
    """The year's documents priced through the laptop's own way of reading rules, one by one."""
    office = replace(ws, user=replace(ws.user, role=Role.OFFICE))
    account = ask(ws, "SELECT account_id FROM sale WHERE kind = 'sale' GROUP BY 1 ORDER BY count(*)"
                  " DESC LIMIT 1")[0][0]  # fmt: skip
    with ws.database.read() as connection:
        listed = terms_of(connection, account, ws.today()).price_list_id
    assert listed is not None
    for row in price_list_rows(ws):
        if row.state == "draft":
            price_lists.put_away(office, row.id)
    draft, _made = price_lists.new_version(
        office, listed, NewVersion("D", change=PriceChange(percent_bp=700, step_e4=500))
    )
    found = simulate(ws, Trial(list_id=draft))
    part = next(one for one in found.customers if one.key == account)
    documents = ask(ws, "SELECT id, date FROM sale WHERE account_id = ? AND date BETWEEN ? AND ?",
                    account, *year(ws))  # fmt: skip
    change = 0
    for sale, day in documents:
        lines = ask(ws, "SELECT product_id, base_quantity FROM sale_line WHERE parent_id = ?"
                    " AND base_quantity > 0", sale)  # fmt: skip
        with ws.database.read() as connection:
            terms = terms_of(connection, account, date.fromisoformat(day))
            for sign, key in ((-1, terms.price_list_id), (1, draft)):
                known = read_rules(
                    connection, replace(terms, price_list_id=key), [p for p, _q in lines], "EUR"
                )
                asked = [AskedLine(known.uids[p], q) for p, q in lines]
                change += sign * price_order(asked, known.rules).net_minor
    assert part.effect.change == change != 0
    others = sum(one.effect.change for one in found.customers) - part.effect.change
    assert found.whole.change == others + change


def test_a_percent_for_one_segment_and_category_touches_nothing_else(ws: Workspace) -> None:
    category = ask(ws, "SELECT p.category_id FROM sale_line l JOIN product p ON p.id = l.product_id"
                   " GROUP BY 1 ORDER BY count(*) DESC")[0][0]  # fmt: skip
    trial = Trial(change=PriceChange(percent_bp=1_000), segment="SHOPS", categories=(category,))
    before = ask(ws, "SELECT count(*), max(seq) FROM journal")
    found = simulate(ws, trial)
    assert found.whole.change > 0
    assert {one.key for one in found.segments if one.effect.change} == {"SHOPS"}
    assert {one.key for one in found.categories if one.effect.change} == {category}
    assert ask(ws, "SELECT count(*), max(seq) FROM journal") == before


def test_a_promotion_is_tried_on_the_same_days_of_the_year(ws: Workspace) -> None:
    product = ask(ws, "SELECT product_id FROM sale_line GROUP BY 1 ORDER BY count(*) DESC")[0][0]
    start = ws.today() + timedelta(days=40)
    promo = PromotionInput("T", "T", "percent", start, start + timedelta(days=90),
                           product_id=product, discount_bp=2_000)  # fmt: skip
    found = simulate(ws, Trial(promotion=promo))
    assert found.whole.change < 0
    assert {one.key for one in found.products if one.effect.change} == {product}
    since, until = found.since, found.until
    from crmdesk.services.promotions import promotion_row

    with ws.database.read() as connection:
        moved = _in_year(promotion_row(connection, promo), since, until)
    assert moved.valid_to is not None and moved.valid_to <= until
    assert (promo.valid_to - moved.valid_to).days == 365


def test_a_simulation_can_be_stopped(ws: Workspace) -> None:
    heard: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        heard.append((done, total))
        if len(heard) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        simulate(ws, Trial(change=PriceChange(percent_bp=100)), progress)
    assert len(heard) == 3
    assert heard[0][1] == 2 * sum(c.lines for c in margins.margin_map(ws).cells.values())


def test_outliers_are_what_plain_counting_says() -> None:
    rng = Random(2)
    rows = [(a, p, rng.randint(1, 40), rng.randint(50, 4_000)) for a in range(30) for p in range(4)]
    columns = [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]
    found = {(o.account, o.product): o for o in outliers(*columns)}
    for a, p, q, n in rows:
        peers = sorted(n2 / q2 for a2, p2, q2, n2 in rows
                       if p2 == p and a2 != a and q <= 2 * q2 and q2 <= 2 * q)  # fmt: skip
        if len(peers) < 5:
            assert (a, p) not in found
            continue
        middle = (peers[(len(peers) - 1) // 2] + peers[len(peers) // 2]) / 2
        gap = n / q / middle - 1
        assert ((a, p) in found) == (abs(gap) >= 0.12)
        if (a, p) in found:
            assert found[a, p].gap == pytest.approx(gap)
            assert found[a, p].peers == len(peers)
    assert found


def test_prices_up_and_costs_up_more_are_told_apart() -> None:
    months = [202501, 202502, 202601]
    rows = [
        (month, product, 10, 1_100 if month == 202601 else 1_000, 0,
         650 if month == 202601 else 500)
        for month in months for product in (1, 2)
    ]  # fmt: skip
    month, product, quantity, net, discount, cost = np.array(rows, dtype=np.int64).T
    last = price_erosion(month, product, quantity, net, discount, cost, (202501, 202512))[-1]
    assert last.price.value == pytest.approx(1.1)
    assert last.cost.value == pytest.approx(1.3)
    assert last.margin.value == pytest.approx(1 - 650 / 1_100)


def test_what_the_office_reads_is_there(ws: Workspace) -> None:
    lists = price_list_rows(ws)
    assert {row.state for row in lists} >= {"in force"}
    rules = rule_lines(ws, lists[0].id)
    assert rules and all(row.cost_e4 for row in rules)
    assert len(rule_lines(ws, lists[0].id, text=rules[0].sku)) < len(rules)
    promotions = promotion_lines(ws)
    assert promotions and all(row.words.endswith(".") for row in promotions)
    costs = cost_lines(ws)
    assert costs and all(row.price_e4 for row in costs)
    assert agreed_lines(ws)
    assert erosion_rows(ws)
    price_outliers(ws)


def test_the_command_line_writes_what_it_says(
    copy_profile: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_profile("cli")
    faces = Faces(lambda _f: 41, lambda _f, _p: 42, lambda: 43)

    def run(*arguments: str) -> int:
        return main(["prices", *arguments, "--profile", str(folder)], faces, instant)

    out = tmp_path / "effect.csv"
    assert run("simulate", "--percent", "2.5", "--out", str(out), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    customers = [row for row in rows if row["kind"] == "customer"]
    assert round(sum(float(row["net_after"]) for row in customers) * 100) == document["net_after"]
    for step in ("list", "waterfall", "margins"):
        assert run(step, "--json") == 0
        assert json.loads(capsys.readouterr().out)
        assert run(step) == 0
        assert "\n" in capsys.readouterr().out
    assert run("simulate", "--percent", "-2") == 0
    assert run("simulate") == 2
    assert run("simulate", "--draft", "nope") == 2
    assert run("waterfall", "--sku", "nope") == 2

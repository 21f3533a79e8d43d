"""Pricing an order of 200 lines: the engine alone, with its rules read, and a key in the editor.

The floor is what no engine can save: one amount and one tax per line, from prices already known.
"""

from __future__ import annotations

import json
from random import Random

from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import new_uid
from crmdesk.domain.money import share_of_minor
from crmdesk.domain.order_pricing import AskedLine, OrderRules, price_order
from crmdesk.domain.pricing import amount_minor
from crmdesk.services import orders
from crmdesk.services.document_lines import ORDER_LINES, LineInput
from crmdesk.services.prices import read_rules, terms_of
from crmdesk.services.workspace import Workspace
from tests.benchmarks.companies import demo_profile, opened
from tests.benchmarks.harness import Bench, repeat

_LINES = 200
_OFFERS = 24


def measure_price(bench: Bench) -> None:
    """An order of 200 lines of the demo company, with two dozen offers across products."""
    with opened(demo_profile(bench.work, DemoSpec(), quick=bench.quick)) as ws:
        _make_goods(ws)
        products = _products(ws)
        _make_offers(ws, products)
        order_id = orders.start_order(ws, 1, suggested=False).order_id
        with ws.database.write() as tx:
            terms = orders.draft_terms(tx.connection, order_id)
            for place, product in enumerate(products):
                ORDER_LINES.put(tx.connection, order_id, LineInput(product, None, 6 + place % 30))
            ORDER_LINES.reprice(tx.connection, order_id, terms)
        with ws.database.read() as connection:
            terms = terms_of(connection, 1, ws.today())
            known = read_rules(connection, terms, products, ws.currency)
            asked = [
                AskedLine(known.uids[line.product_id], line.packs)
                for line in ORDER_LINES.read(connection, order_id)
            ]
            reading = repeat(
                lambda: price_order(
                    asked, read_rules(connection, terms, products, ws.currency).rules
                ),
                runs=25, warm=2,
            )  # fmt: skip
        floor = repeat(lambda: _amounts(asked, known.rules), runs=50, warm=2)
        alone = repeat(lambda: price_order(asked, known.rules), runs=50, warm=2)
        ratio = min(alone.cpu) / min(floor.cpu)
        bench.add_times(f"{len(asked)} lines priced as a whole", alone, at_most_ms=20)
        bench.add_times("floor: an amount and a tax per line", floor)
        bench.add("the engine against the floor", f"{ratio:.1f} ×")
        bench.add_times("with reading its rules", reading, at_most_ms=20)
        packs = iter(range(10, 10_000))

        def key() -> None:
            orders.set_line(ws, order_id, LineInput(products[0], None, next(packs)))

        times = repeat(key, runs=15, warm=2)
        bench.add_times("one quantity changed, the whole order priced and saved", times)
        orders.discard_draft(ws, order_id)


def _make_goods(ws: Workspace) -> None:
    """Twins of the demo's products and their prices: it has fewer than 200 sold by the piece."""
    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        run(
            "INSERT OR IGNORE INTO product (uid, sku, name, category_id, tax_rate_id)"
            " SELECT randomblob(16), 'BENCH' || id, name, category_id, tax_rate_id FROM product"
            " WHERE status = 'active' AND price_per = 1 AND sku NOT LIKE 'BENCH%'"
        )
        run(
            "INSERT INTO price_rule (uid, price_list_id, product_id, minimum_quantity, price_e4,"
            " discount_bp, valid_from, valid_to) SELECT randomblob(16), r.price_list_id, b.id,"
            " r.minimum_quantity, r.price_e4, r.discount_bp, r.valid_from, r.valid_to"
            " FROM price_rule r JOIN product b ON b.sku = 'BENCH' || r.product_id"
            " WHERE b.id NOT IN (SELECT product_id FROM price_rule)"
        )


def _products(ws: Workspace) -> list[int]:
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT DISTINCT p.id FROM product p JOIN price_rule r ON r.product_id = p.id"
            " WHERE p.status = 'active' AND p.price_per = 1 ORDER BY p.id LIMIT ?",
            (_LINES,),
        )
        return [int(row[0]) for row in rows]


def _make_offers(ws: Workspace, products: list[int]) -> None:
    """Bundles, mixes and gifts, some of which compete for the same products."""
    random = Random(5)
    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        run("DELETE FROM promotion WHERE code LIKE 'BENCH%'")
        uids = [
            run("SELECT lower(hex(uid)) FROM product WHERE id = ?", (key,)).scalar_one()
            for key in products
        ]
        for number in range(_OFFERS):
            one, two, *more = random.sample(range(len(products)), 8)
            rule: dict[str, object] = {"free_product": uids[two], "limit": 3}
            kind, buy, free = "free", 12, 1
            if number % 3 == 0:
                parts = [{"product": uids[key], "quantity": 2} for key in (one, two)]
                kind, rule = "bundle", {"parts": parts, "discount_bp": 1_500}
            elif number % 3 == 1:
                some = [uids[key] for key in more]
                kind, rule = "mix", {"quantity": 6, "products": some, "price_e4": 60_000}
            run(
                "INSERT INTO promotion (uid, code, name, kind, product_id, buy_quantity,"
                " free_quantity, valid_from, valid_to, rule)"
                " VALUES (?, ?, 'Offer', ?, ?, ?, ?, '2020-01-01', '2030-01-01', ?)",
                (
                    new_uid(), f"BENCH{number}", kind, products[one], buy, free,
                    json.dumps(rule),
                ),
            )  # fmt: skip


def _amounts(lines: list[AskedLine], rules: OrderRules) -> int:
    total = 0
    for line in lines:
        of = rules.products[line.product]
        net = amount_minor(of.rules[0].price_e4 or 0, line.base_quantity, of.price_per)
        total += net + share_of_minor(net, of.tax_bp)
    return total

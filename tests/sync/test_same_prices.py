"""Offline price = HQ price: generated orders priced through both readings of the same rules.

The rules are written on the office's laptop, go to HQ by sync and from there to the rep's; each
side reads them in its own way. What the engine itself makes of them is checked against a slow
reference in ``tests/unit/domain``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.domain.order_pricing import AskedLine, OrderRules, PricedOrder, price_order
from crmdesk.domain.pricing import Price, base_price
from crmdesk.hq.exchange.prices import differing_prices, priced_orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.orders import set_line, start_order, submit_order
from crmdesk.services.prices import read_rules, terms_of
from crmdesk.services.workspace import workspace_of
from crmdesk.sync.merge import Image
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop

pytestmark = pytest.mark.hq

ORDERS = 10_000
_SKUS = 12
_DAY = date(2026, 11, 20)
_PRICES = (1, 3_333, 9_999, 12_345, 20_000, 47_850, 99_990)


def _catalogue(office: Laptop, random: Random) -> None:
    """Categories, more products, taxes and costs beside the company's five products."""
    for number, rate in enumerate((0, 400, 2_100)):
        office.run(
            "INSERT INTO tax_rate (uid, code, name, rate_bp) VALUES (?, ?, 'T', ?)",
            new_uid(), f"X{number}", rate,
        )  # fmt: skip
    for code in "KL":
        office.run("INSERT INTO category (uid, code, name) VALUES (?, ?, ?)", new_uid(), code, code)
    for number in range(5, _SKUS):
        office.run(
            "INSERT INTO product (uid, sku, name) VALUES (?, ?, 'More')", new_uid(), f"SKU{number}"
        )
    for (key,) in office.rows("SELECT id FROM product ORDER BY sku"):
        office.run(
            "UPDATE product SET price_per = ?, category_id = (SELECT id FROM category WHERE code ="
            " ?), tax_rate_id = (SELECT id FROM tax_rate WHERE code = ?) WHERE id = ?",
            random.choice((1, 1, 1, 10, 1000)), random.choice("KLM"),
            f"X{random.randrange(4)}", key,
        )  # fmt: skip
        for _version in range(random.randrange(3)):
            office.run(
                "INSERT INTO cost_version (uid, product_id, cost_e4, valid_from)"
                " VALUES (?, ?, ?, ?)", new_uid(), key, random.choice(_PRICES), _some_day(random),
            )  # fmt: skip


def _some_day(random: Random) -> str:
    return (_DAY + timedelta(days=random.randrange(-40, 10))).isoformat()


def _span(random: Random) -> tuple[str | None, str | None]:
    """Days that hold often, from and to, each perhaps open."""
    start = _DAY + timedelta(days=random.randrange(-30, 3))
    end = start + timedelta(days=random.randrange(1, 60))
    return (
        random.choice((None, start.isoformat(), start.isoformat())),
        random.choice((None, end.isoformat())),
    )


def _rules(office: Laptop, random: Random) -> None:
    """Price lists with versions and breaks, agreed prices."""
    for code, default in (("A", 0), ("B", 0), ("C", 1)):
        office.run(
            "INSERT INTO price_list (uid, code, name, is_default) VALUES (?, ?, ?, ?)",
            new_uid(), code, f"List {code}", default,
        )  # fmt: skip
    lists = [key for (key,) in office.rows("SELECT id FROM price_list")]
    products = [key for (key,) in office.rows("SELECT id FROM product")]
    accounts = [key for (key,) in office.rows("SELECT id FROM account")]
    for account in accounts:
        office.run(
            "UPDATE account SET price_list_id = ?, segment = ? WHERE id = ?",
            random.choice((None, *lists)), random.choice((None, "bar", "shop")), account,
        )  # fmt: skip
    for product in products:
        for price_list in lists:
            for number in range(random.randrange(1, 6)):
                # The first one always holds, so that everything has a price.
                by_price = number == 0 or random.random() < 0.6
                quantity = 1 if number == 0 else random.choice((1, 1, 2, 6, 24))
                span = (None, None) if number == 0 else _span(random)
                office.run(
                    "INSERT INTO price_rule (uid, price_list_id, product_id, minimum_quantity,"
                    " price_e4, discount_bp, valid_from, valid_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    new_uid(), price_list, product, quantity,
                    random.choice(_PRICES) if by_price else None,
                    None if by_price else random.randrange(1, 3_000), *span,
                )  # fmt: skip
        if random.random() < 0.4:
            office.run(
                "INSERT INTO account_price (uid, account_id, product_id, minimum_quantity,"
                " price_e4, valid_from, valid_to) VALUES (?, ?, ?, ?, ?, ?, ?)",
                new_uid(), random.choice(accounts), product, random.choice((1, 6)),
                random.choice(_PRICES), *_span(random),
            )  # fmt: skip


def _promotions(office: Laptop, random: Random) -> None:
    """Every kind of promotion, several times, over few products."""
    uids = [uid for (uid,) in office.rows("SELECT lower(hex(uid)) FROM product ORDER BY sku")]
    categories = [uid for (uid,) in office.rows("SELECT lower(hex(uid)) FROM category")]
    for number in range(24):
        kind = ("percent", "stacks", "free", "gift", "bundle", "mix")[number % 6]
        one, two, three = random.sample(uids, 3)
        reward = random.choice(({"price_e4": 50_000}, {"discount_bp": 1_500}))
        rule: dict[str, object] | None = None
        columns: dict[str, object] = {"kind": kind}
        if kind in ("percent", "stacks"):
            columns |= {"kind": "percent", "discount_bp": random.randrange(1, 2_000)}
            rule = {"stacks": True} if kind == "stacks" else None
        elif kind in ("free", "gift"):
            columns |= {"kind": "free", "buy_quantity": random.randrange(2, 12), "free_quantity": 1}
            rule = {"free_product": two} if kind == "gift" else None
        elif kind == "bundle":
            parts = [{"product": uid, "quantity": random.randrange(1, 4)} for uid in (one, two)]
            rule = {"parts": parts, "limit": 5, **reward}
        else:
            some = {"categories": [random.choice(categories)]} if random.random() < 0.3 else {}
            rule = {"quantity": 6, "products": [one, two, three], **some, **reward}
        about = "product_id" if kind == "gift" or random.random() < 0.5 else "category_id"
        table, uid = about.removesuffix("_id"), one if about == "product_id" else categories[0]
        start, end = _span(random)
        key = office.one(f"SELECT id FROM {table} WHERE lower(hex(uid)) = ?", uid)
        columns |= {
            "uid": new_uid(), "code": f"P{number}", "name": f"Offer {number}", about: key,
            "segment": random.choice((None, None, "bar")),
            "minimum_quantity": random.choice((1, 6)), "valid_from": start or "2026-01-01",
            "valid_to": end or "2027-01-01", "rule": None if rule is None else json.dumps(rule),
        }  # fmt: skip
        office.run(
            f"INSERT INTO promotion ({', '.join(columns)})"
            f" VALUES ({', '.join('?' * len(columns))})",
            *columns.values(),
        )


@pytest.fixture
def priced(hq: Headquarters) -> Laptop:
    """A rep's laptop with the rules that the office has made."""
    one, office = hq.join("R1"), hq.join("O1")
    random = Random(11)
    _catalogue(office, random)
    _rules(office, random)
    _promotions(office, random)
    report = office.sync()
    assert (report.refusals, report.waiting) == (0, 0)
    one.sync()
    assert one.one("SELECT count(*) FROM promotion") == 24
    return one


def _orders(rules: OrderRules, random: Random) -> Iterator[list[AskedLine]]:
    """Orders of which a few lines have a price made by hand, off the right list price."""
    while True:
        lines = []
        for uid in random.choices(sorted(rules.products), k=random.randrange(1, 9)):
            quantity = random.choice((1, 2, 5, 6, 11, 24, 60, 1_250, random.randrange(1, 10**6)))
            of, fixed = rules.products[uid], None
            listed = base_price(quantity, of.rules, of.agreed)
            if listed is not None and random.random() < 0.05:
                fixed = Price(listed.list_price_e4, 9_000, 1_000, 0, {"code": "manual"})
            lines.append(AskedLine(uid, quantity, fixed))
        yield lines


def _image(account: str, day: date, lines: list[AskedLine], priced: PricedOrder) -> Image:
    return Image(
        {"account_id": account, "order_date": day.isoformat(), "currency": "EUR"},
        lines=[
            {
                "product_id": line.product, "base_quantity": line.base_quantity,
                "list_price_e4": here.price.list_price_e4,
                "net_price_e4": here.price.net_price_e4, "discount_bp": here.price.discount_bp,
                "price_reason": dict(here.reasons[0]), "net_minor": here.amounts.net_minor,
            }
            for line, here in zip(lines, priced.lines, strict=True)
        ],
    )  # fmt: skip


def test_ten_thousand_orders_cost_the_same_offline_and_at_hq(
    hq: Headquarters, priced: Laptop
) -> None:
    random = Random(12)
    products = [key for (key,) in priced.rows("SELECT id FROM product")]
    buyers = priced.rows("SELECT id, lower(hex(uid)) FROM account ORDER BY code")
    days = [_DAY + timedelta(days=-2 * number) for number in range(10)]
    share = ORDERS // (len(buyers) * len(days))
    seen: Counter[str] = Counter()
    compared = 0
    for key, account in buyers:
        for day in days:
            with priced.database.read() as connection:
                known = read_rules(connection, terms_of(connection, key, day), products, "EUR")
            source = _orders(known.rules, random)
            asked = {str(number): next(source) for number in range(share)}
            here = {uid: price_order(lines, known.rules) for uid, lines in asked.items()}
            images = {uid: _image(account, day, asked[uid], here[uid]) for uid in asked}
            with hq.store.transaction() as connection:
                there = priced_orders(connection, images)
                assert differing_prices(connection, images) == {}
            for uid in asked:
                # Manual lines carry no reason of their own at HQ; amounts and prices are all there.
                assert _figures(there[uid]) == _figures(here[uid])
                seen.update(str(r["code"]) for line in here[uid].lines for r in line.reasons)
            compared += len(asked)
    assert compared == ORDERS
    kinds = ("list", "break", "agreed", "promotion", "bundle", "mix", "gift", "extra", "manual")
    assert all(seen[kind] >= 100 for kind in kinds), seen


def _figures(order: PricedOrder) -> tuple[object, ...]:
    lines = tuple(
        (x.product, x.price.list_price_e4, x.price.net_price_e4, x.price.discount_bp, x.amounts)
        for x in order.lines
    )
    return order.net_minor, order.tax_minor, order.list_minor, order.cost_minor, lines


def test_orders_made_in_the_editor_meet_the_same_prices_at_hq(
    hq: Headquarters, priced: Laptop
) -> None:
    random = Random(13)
    ws = workspace_of(priced.folder, priced.database, lambda: datetime(2026, 11, 20, 9, tzinfo=UTC))
    products = [key for (key,) in priced.rows("SELECT id FROM product")]
    for key, _uid in priced.rows("SELECT id, uid FROM account"):
        order = start_order(ws, key, suggested=False).order_id
        for product in random.sample(products, 7):
            set_line(ws, order, LineInput(product, None, random.randrange(1, 60)))
        submit_order(ws, order)
    made = priced.one("SELECT count(*) FROM sales_order WHERE status = 'submitted'")
    offers = priced.one("SELECT count(*) FROM order_line WHERE price_reason LIKE '%Offer%'")
    assert (made, offers > 5) == (len(company.ACCOUNTS[:4]), True)

    report = priced.sync()

    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    sums = "SELECT net_minor, discount_minor, tax_minor, total_minor, cost_minor FROM sales_order"
    assert hq.rows(f"{sums} ORDER BY number") == priced.rows(f"{sums} ORDER BY number")
    assert hq.one("SELECT count(*) FROM proposal") == 0


@pytest.mark.parametrize(
    "rule",
    [{"quantity": 6}, {"quantity": 6, "products": ["x"], "price_e4": 1}, {"unheard": "of"}],
)
def test_a_promotion_that_cannot_be_meant_is_refused_with_a_sentence(
    hq: Headquarters, rule: dict[str, object]
) -> None:
    office = hq.join("O1")
    office.run(
        "INSERT INTO promotion (uid, code, name, kind, valid_from, valid_to, rule)"
        " VALUES (?, 'P', 'Six', 'mix', '2026-01-01', '2027-01-01', ?)",
        new_uid(), json.dumps(rule),
    )  # fmt: skip
    report = office.sync()
    assert report.refusals == 1
    ((reason,),) = office.rows("SELECT sentence FROM refusal")
    assert "cannot be understood" in reason
    assert hq.one("SELECT count(*) FROM promotion") == 0

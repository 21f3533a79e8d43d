"""Re-pricing a year gives, document by document, what the engine of orders says."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.analytics.figures import Missing
from crmdesk.analytics.price_effect import Effect, effects, line_changes, whole_effect
from crmdesk.analytics.price_simulation import Customer, Repriced, SoldLines, Tariff, reprice
from crmdesk.domain.errors import Cancelled
from crmdesk.domain.order_pricing import AskedLine, price_order
from crmdesk.domain.price_book import AgreedRow, PriceBook, ProductRow, PromotionRow, RuleRow
from crmdesk.domain.price_lists import ListRow, PriceLists

FIRST = date(2026, 1, 1)
UIDS = [f"{n:032x}" for n in range(1, 7)]
CATEGORIES = ["c" * 32, "d" * 32]
PRICES = (1, 3_333, 9_999, 10_000, 12_345, 47_850)
SEGMENTS = (None, "bar", "hotel")


def some_day(rng: Random) -> date | None:
    return rng.choice((None, FIRST + timedelta(days=rng.randrange(40))))


def promotion(rng: Random, number: int) -> PromotionRow:
    kind = rng.choice(("percent", "percent", "free", "bundle", "mix", "gift", "stacks"))
    start = FIRST + timedelta(days=rng.randrange(30))
    rule: object = None
    one, two = rng.sample(UIDS[:5], 2)
    if kind == "bundle":
        rule = {"parts": [{"product": one, "quantity": 1}, {"product": two, "quantity": 2}],
                "price_e4": rng.choice(PRICES)}  # fmt: skip
    elif kind == "mix":
        rule = {"quantity": 3, "products": [one], "categories": [rng.choice(CATEGORIES)],
                "discount_bp": rng.choice((500, 2_500))}  # fmt: skip
    elif kind == "gift":
        rule = {"free_product": two}
    elif kind == "stacks":
        rule = {"stacks": True}
    return PromotionRow(
        f"P{number}", f"P{number}", {"gift": "free", "stacks": "percent"}.get(kind, kind),
        one if rng.random() < 0.6 or kind == "gift" else None,
        rng.choice(CATEGORIES) if rng.random() < 0.6 else None, rng.choice(SEGMENTS),
        rng.choice((333, 1_000)) if kind in ("percent", "stacks") else None,
        rng.randint(1, 3) if kind in ("free", "gift") else None,
        1 if kind in ("free", "gift") else None, rng.choice((1, 1, 4)), rule, start,
        start + timedelta(days=rng.randrange(20)),
    )  # fmt: skip


def year(seed: int) -> tuple[SoldLines, list[Customer], Tariff]:
    rng = Random(seed)
    products = [
        ProductRow(uid, rng.choice((*CATEGORIES, None)), rng.choice((1, 1, 1000)), 0)
        for uid in UIDS
    ]
    lists = PriceLists([
        ListRow("L1", "1", "active", None, None, None, True),
        ListRow("L2", "2", "active", "L1", FIRST + timedelta(days=15), None, False),
        ListRow("L3", "3", "active", None, None, None, False),
    ])  # fmt: skip
    rules = [
        RuleRow(f"r{n}", rng.choice(("L1", "L2", "L3")), rng.choice(UIDS[:5]),
                rng.choice((1, 1, 1, 5)), price, discount, some_day(rng), some_day(rng))
        for n in range(30)
        for price, discount in [rng.choice(((rng.choice(PRICES), None), (None, 600)))]
    ]  # fmt: skip
    agreed = [
        AgreedRow(f"a{n}", rng.choice(("A0", "A1")), rng.choice(UIDS), rng.choice((1, 3)),
                  rng.choice(PRICES), some_day(rng), None)
        for n in range(3)
    ]  # fmt: skip
    promotions = [promotion(rng, n) for n in range(rng.randint(0, 6))]
    customers = [
        Customer(f"A{n}", rng.choice(("L1", "L3", None)), rng.choice(SEGMENTS)) for n in range(4)
    ]
    rows = []
    for document in range(30):
        account, day = rng.randrange(4), FIRST.toordinal() + rng.randrange(40)
        for _line in range(rng.randint(1, 5)):
            quantity = rng.choice((-2, 1, 2, 3, 5, 7, 12))
            rows.append((document, account, rng.randrange(6), day, quantity,
                         100 * quantity, 60, rng.random() < 0.8))  # fmt: skip
    document, account, product, day, quantity, net, cost, costed = np.array(rows, np.int64).T
    lines = SoldLines(document, account, product, day, quantity, net, cost, costed == 1)
    return lines, customers, Tariff(products, rules, agreed, promotions, lists, "EUR")


def one_by_one(lines: SoldLines, customers: list[Customer], tariff: Tariff) -> list[int]:
    """Every document through the engine, in the plainest way."""
    book = PriceBook(tariff.products, (), tariff.rules, tariff.agreed, tariff.promotions)
    nets = [int(net) for net in lines.net]
    for document in sorted(set(lines.document.tolist())):
        at = [n for n in range(len(lines)) if lines.document[n] == document
              and lines.quantity[n] > 0]  # fmt: skip
        if not at:
            continue
        day = date.fromordinal(int(lines.day[at[0]]))
        uids = [tariff.products[int(lines.product[n])].product for n in at]
        buyer = tariff.buyer(customers[int(lines.account[at[0]])], day)
        rules = book.order_rules(buyer, day, uids, tariff.currency)
        order = price_order(
            [AskedLine(u, int(lines.quantity[n])) for u, n in zip(uids, at, strict=True)], rules
        )
        for n, line in zip(at, order.lines, strict=True):
            if line.price.reason["code"] != "none":
                nets[n] = line.amounts.net_minor
    return nets


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**9))
def test_the_simulation_is_the_sum_of_every_document_priced_by_the_engine(seed: int) -> None:
    lines, customers, tariff = year(seed)
    assert reprice(lines, customers, tariff).net.tolist() == one_by_one(lines, customers, tariff)


def test_many_lines_take_the_vectorised_way_and_agree() -> None:
    """Half of the lines without promotions, so that the fast path is really compared."""
    found = 0
    for seed in range(20):
        lines, customers, tariff = year(seed)
        plain = Tariff(tariff.products, tariff.rules, tariff.agreed, [], tariff.lists, "EUR")
        repriced = reprice(lines, customers, plain)
        assert repriced.net.tolist() == one_by_one(lines, customers, plain)
        found += int(repriced.priced.sum())
    assert found > 500


def test_another_list_stands_in_for_one_segment_only() -> None:
    lines, customers, tariff = year(3)
    other = Tariff(
        tariff.products, tariff.rules, tariff.agreed, tariff.promotions, tariff.lists, "EUR",
        lambda listed, segment: "L3" if segment == "bar" else listed,
    )  # fmt: skip
    assert reprice(lines, customers, other).net.tolist() == one_by_one(lines, customers, other)


def test_it_tells_how_far_it_is_and_stops_when_told() -> None:
    lines, customers, tariff = year(4)
    heard: list[int] = []

    def stop(done: int, total: int) -> None:
        assert total == len(lines)
        heard.append(done)
        if len(heard) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        reprice(lines, customers, tariff, stop)
    assert heard == sorted(heard)


def test_an_empty_year_is_no_error() -> None:
    none = np.zeros(0, dtype=np.int64)
    empty = SoldLines(none, none, none, none, none, none, none, none.astype(bool))
    _lines, customers, tariff = year(1)
    repriced = reprice(empty, customers, tariff)
    effect = whole_effect(empty, *line_changes(repriced, repriced))
    assert effect == Effect(0, 0, 0, 0, 0, 0, 0)
    assert effect.volume_to_lose().reason is Missing.NO_MARGIN


def test_the_effect_is_what_the_lines_say() -> None:
    lines, _customers, _tariff = year(5)
    before = Repriced(lines.net, lines.quantity > 0)
    after = Repriced(lines.net + 10, lines.quantity > 0)
    change, priced = line_changes(before, after)
    by_account = effects(lines, change, priced, lines.account, 4)
    whole = whole_effect(lines, change, priced)
    assert whole.change == 10 * int((lines.quantity > 0).sum())
    assert whole.net_after - whole.net == whole.change
    for name in ("lines", "net", "change", "cost", "costed_net", "costed_change", "unpriced"):
        assert sum(getattr(one, name) for one in by_account) == getattr(whole, name)


@given(st.integers(1, 10**6), st.integers(-(10**5), 10**6))
def test_losing_that_much_volume_leaves_the_margin(margin: int, change: int) -> None:
    effect = Effect(1, 2 * margin, change, 2 * margin, change, margin, 0)
    lost = effect.volume_to_lose().value
    if lost is not None:
        assert effect.margin_after * (1 - lost) == pytest.approx(margin)

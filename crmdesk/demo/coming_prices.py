"""What the demo company plans: next year's list as a draft, promotions and costs to come.

Nothing of it holds today, so that the history and the prices of the day stay as they are.
"""

from __future__ import annotations

from datetime import date, timedelta

from crmdesk.demo.goods import BREAK_BP, LISTS, Product
from crmdesk.demo.sink import Sink
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.domain.price_change import PriceChange
from crmdesk.storage.rows import row_maker
from crmdesk.storage.types import dump_json

_STEP_E4 = 100
_DEARER = {"10": 900, "11": 350, "12": 250, "15": 700, "18": 400}
"""Next year's rise of costs by category, in basis points; others rise by 2 %."""
_PASSED_ON = PriceChange(percent_bp=320, step_e4=_STEP_E4)


def write_coming(
    spec: DemoSpec, uids: UidMaker, sink: Sink, products: list[Product], lists: list[Uid],
    categories: dict[str, Uid],
) -> None:  # fmt: skip
    """The draft of the standard list, promotions that begin soon, the costs of January."""
    _draft(spec, uids, sink, products, lists)
    _costs(spec, uids, sink, products)
    _promotions(spec, uids, sink, products, categories)


def _draft(
    spec: DemoSpec, uids: UidMaker, sink: Sink, products: list[Product], lists: list[Uid]
) -> None:
    code, uid = LISTS[0][0], uids()
    sink.add(
        "price_list",
        row_maker("price_list")(
            uid, code=f"{code}/{spec.today.year % 100 + 1}", name=f"List {code}", status="draft",
            replaces=lists[0], note="Oils and coffee have become dearer",
        ),
    )  # fmt: skip
    make = row_maker("price_rule")
    for product in products:
        if product.delisted:
            continue
        price = _PASSED_ON.of(product.prices[0][-1])
        sink.add("price_rule", make(uids(), price_list=uid, product=product.uid, price_e4=price))
        if product.break_at:
            rule = make(
                uids(), price_list=uid, product=product.uid, discount_bp=BREAK_BP,
                minimum_quantity=product.break_at,
            )  # fmt: skip
            sink.add("price_rule", rule)


def _costs(spec: DemoSpec, uids: UidMaker, sink: Sink, products: list[Product]) -> None:
    make = row_maker("cost_version")
    january = date(spec.today.year + 1, 1, 1)
    for product in products:
        if not product.delisted:
            rise = PriceChange(percent_bp=_DEARER.get(product.category_code, 200))
            cost = rise.of(product.costs[-1])
            sink.add(
                "cost_version", make(uids(), product=product.uid, cost_e4=cost, valid_from=january)
            )


def _promotions(
    spec: DemoSpec, uids: UidMaker, sink: Sink, products: list[Product],
    categories: dict[str, Uid],
) -> None:  # fmt: skip
    make = row_maker("promotion")
    start, year = spec.today + timedelta(days=7), spec.today.year % 100
    goods = [p for p in products if not p.delisted and p.price_per == 1]
    coffee = next(p for p in goods if p.category_code == "15")
    sweets = next(p for p in goods if p.category_code == "16")
    oil = next(p for p in goods if p.category_code == "10")
    basket = {
        "parts": [
            {"product": coffee.uid.hex(), "quantity": 6},
            {"product": sweets.uid.hex(), "quantity": 6},
        ],
        "discount_bp": 1_200, "limit": 20,
    }  # fmt: skip
    pasta = {"quantity": 24, "categories": [categories["12"].hex()], "discount_bp": 700}
    rows = (
        ("BREAK", "Breakfast basket", "bundle", None, None, None, basket),
        ("PULSES", "Mixed pulses", "mix", None, None, None, pasta),
        ("OIL", "Ten plus one", "free", oil.uid, 10, 1, None),
        ("LATTE", "Coffee brings sweets", "free", coffee.uid, 12, 1,
         {"free_product": sweets.uid.hex()}),
    )  # fmt: skip
    for code, name, kind, product, buy, free, rule in rows:
        sink.add(
            "promotion",
            make(uids(), code=f"{code}{year}", name=name, kind=kind, product=product,
                 buy_quantity=buy, free_quantity=free,
                 rule=None if rule is None else dump_json(rule), valid_from=start,
                 valid_to=start + timedelta(days=45)),
        )  # fmt: skip

"""What a customer's habits leave in the master data: listed products and agreed prices.

Owns the rows; the habits themselves are :mod:`crmdesk.demo.rhythm`'s.
"""

from __future__ import annotations

from datetime import date
from random import Random

from crmdesk.demo.customer import Agreed, Customer
from crmdesk.demo.rhythm import Pair
from crmdesk.demo.sink import Sink
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import UidMaker
from crmdesk.domain.money import discounted_price_e4
from crmdesk.storage.rows import row_maker

_AGREED = {"A": 3, "B": 1}


def write_habits(
    spec: DemoSpec, uids: UidMaker, sink: Sink, customer: Customer, habits: list[Pair], rng: Random
) -> None:
    """Listed products with their usual packaging, and prices agreed with the better customers."""
    today = spec.today.toordinal()
    make = row_maker("account_product")
    listed = [pair for pair in habits if pair.last >= today - 200 and pair.first < today]
    for pair in listed:
        row = make(
            uids(), account=customer.uid, product=pair.product.uid, usual_packaging=pair.pack.uid,
            par_level=pair.usual * pair.pack.factor if rng.random() < 0.3 else None,
            listed=pair.last >= today - 60,
        )  # fmt: skip
        sink.add("account_product", row)
    wanted = _AGREED.get(customer.cls, 0)
    for pair in listed[:wanted]:
        if rng.random() < 0.7 and not pair.product.delisted:
            _agree(spec, uids, sink, customer, pair, rng)


def _agree(
    spec: DemoSpec, uids: UidMaker, sink: Sink, customer: Customer, pair: Pair, rng: Random
) -> None:
    """A price below the list of the present year, valid in this year only."""
    listed = pair.product.prices[customer.price_list][-1]
    # One customer in ten has kept a bargain that nobody has looked at since.
    kept = 1_400 if customer.code.endswith("7") else 0
    price = discounted_price_e4(listed, rng.choice((300, 400, 500, 600)) + kept)
    first, last = date(spec.today.year, 1, 1), date(spec.today.year, 12, 31)
    customer.agreed[pair.product.sku] = Agreed(price, first.toordinal(), last.toordinal())
    row = row_maker("account_price")(
        uids(), account=customer.uid, product=pair.product.uid, price_e4=price, valid_from=first,
        valid_to=last, reason="Agreed for the year",
    )  # fmt: skip
    sink.add("account_price", row)

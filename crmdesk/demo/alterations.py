"""Orders of the demo company that the office has altered: stock was short of the first line.

Owns the row that says so. The order itself is written as it became.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from crmdesk.demo.pricing import PricedLine
from crmdesk.demo.sink import instant_text
from crmdesk.domain.ids import Uid
from crmdesk.domain.money import share_of_minor
from crmdesk.storage.rows import Row, row_maker

_make = row_maker("order_alteration")


def is_altered(order: Uid, lines: Sequence[PricedLine]) -> bool:
    """Whether this order is one of those; half of them, whatever else is drawn."""
    return len(lines) > 1 and order[-1] % 2 == 0


def alteration(
    uid: Uid, order: Uid, account: Uid, office: Uid, lines: Sequence[PricedLine], day: int
) -> Row:
    """The alteration of an order: its first line was twice as much."""
    quantities = [line.quantity for line in lines]
    before = _document(lines, [quantities[0] * 2, *quantities[1:]], "submitted")
    after = _document(lines, quantities, "submitted")
    return _make(
        uid, account=account, order=order, user=office,
        at=instant_text(date.fromordinal(day), 16 * 60 + order[-2] % 60),
        reason="Stock is short: the rest comes with the next order", before=before, after=after,
    )  # fmt: skip


def _document(
    lines: Sequence[PricedLine], quantities: Sequence[int], status: str
) -> Mapping[str, object]:
    shown, net, tax, cost, discount = [], 0, 0, 0, 0
    for line, quantity in zip(lines, quantities, strict=True):
        times = quantity // line.quantity
        amount = line.net * times
        net, cost, discount = net + amount, cost + line.cost * times, discount + line.discount
        tax += share_of_minor(amount, line.product.tax_bp)
        shown.append(
            {
                "product": line.product.uid.hex(), "sku": line.product.sku,
                "name": line.product.name, "unit": line.pack.unit, "quantity": quantity,
                "factor": line.pack.factor, "base_quantity": quantity * line.pack.factor,
                "net_price_e4": line.price.net_price_e4, "net_minor": amount,
            }
        )  # fmt: skip
    return {
        "status": status, "mark": "", "delivery_date": None, "net_minor": net, "tax_minor": tax,
        "total_minor": net + tax, "cost_minor": cost, "discount_minor": discount, "lines": shown,
    }  # fmt: skip

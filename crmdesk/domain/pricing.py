"""What one product costs: list price, breaks, agreed prices, its own promotions, tax.

Pure rules over values that the caller has read; laptop and HQ give identical amounts to the
minor unit. All prices are for ``price_per`` base units of the product. What several products
cost together is :mod:`crmdesk.domain.order_pricing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from crmdesk.domain.money import (
    PRICE_SCALE,
    currency_exponent,
    discounted_price_e4,
    divide_half_even,
    share_of_minor,
)

Reason = dict[str, str | int]
"""Why something costs what it costs: a code and its values, put in words elsewhere."""


@dataclass(frozen=True, slots=True)
class ListRule:
    """A price or a discount of a price list from a quantity on (base units)."""

    minimum_quantity: int
    price_e4: int | None = None
    discount_bp: int | None = None


@dataclass(frozen=True, slots=True)
class AgreedPrice:
    """A price agreed with this customer."""

    minimum_quantity: int
    price_e4: int
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion in force for the product on the day: percent off, or buy some get some free."""

    code: str
    name: str
    minimum_quantity: int = 1
    discount_bp: int | None = None
    buy_quantity: int | None = None
    free_quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """A unit price with its reason. Of so many units ``free_quantity`` cost nothing."""

    list_price_e4: int
    net_price_e4: int
    discount_bp: int
    free_quantity: int = 0
    reason: Reason = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """Amounts of one line in minor units."""

    net_minor: int
    list_minor: int
    tax_minor: int
    cost_minor: int


def decide_price(
    base_quantity: int,
    rules: Sequence[ListRule],
    agreed: Sequence[AgreedPrice] = (),
    promotions: Sequence[Promotion] = (),
    list_name: str = "",
) -> Price | None:
    """The price of a quantity; None when the product has no price.

    An agreed price goes first. Otherwise the list price of the smallest quantity is the list
    price, and the best single reduction counts: quantity break or promotion, never both.
    """
    before = base_price(base_quantity, rules, agreed, list_name)
    if before is None:
        return None
    return own_price(base_quantity, base_quantity, before, promotions)


def base_price(
    ordered: int,
    rules: Sequence[ListRule],
    agreed: Sequence[AgreedPrice] = (),
    list_name: str = "",
) -> Price | None:
    """The price before any promotion: agreed, else the better of list price and quantity break."""
    reach = max(ordered, 1)
    prices = sorted(
        (rule for rule in rules if rule.price_e4 is not None), key=lambda r: r.minimum_quantity
    )
    contracts = [a for a in agreed if a.minimum_quantity <= reach]
    if contracts:
        best = max(contracts, key=lambda a: a.minimum_quantity)
        listed = prices[0].price_e4 if prices and prices[0].price_e4 is not None else best.price_e4
        until: Reason = {} if best.valid_to is None else {"until": best.valid_to.isoformat()}
        return Price(
            listed, best.price_e4, share_off(listed, best.price_e4), 0, {"code": "agreed", **until}
        )
    if not prices:
        return None
    listed = prices[0].price_e4 or 0
    choices = [Price(listed, listed, 0, 0, {"code": "list", "list": list_name})]
    choices += [
        _break_price(listed, rule)
        for rule in sorted(rules, key=lambda r: r.minimum_quantity)
        if rule.minimum_quantity <= reach and (rule.minimum_quantity > 1 or rule.price_e4 is None)
    ]
    return min(choices, key=lambda p: (p.net_price_e4, p.discount_bp))


def own_price(
    ordered: int,
    rest: int,
    before: Price,
    promotions: Sequence[Promotion],
) -> Price:
    """The best price of ``rest`` units of a product of which ``ordered`` are on the order.

    ``before`` is its base price. Breaks and minimum quantities look at everything ordered, free
    goods at the rest only. Of two equal prices the smaller discount counts, then the base price,
    then the promotion whose code comes first.
    """
    if before.reason.get("code") == "agreed" or not promotions:
        return before
    listed = before.list_price_e4
    choices = [before]
    choices += [
        offer
        for promotion in sorted(promotions, key=lambda p: p.code)
        if promotion.minimum_quantity <= ordered
        and (offer := _promotion_price(listed, promotion, rest)) is not None
    ]
    return min(choices, key=lambda p: (p.net_price_e4 * (rest - p.free_quantity), p.discount_bp))


def share_off(listed: int, net: int) -> int:
    """By how much a net price is below the list price, in basis points; 0 without a list price."""
    return divide_half_even((listed - net) * 10_000, listed) if listed > 0 else 0


def _break_price(listed: int, rule: ListRule) -> Price:
    if rule.price_e4 is not None:
        net = rule.price_e4
    else:
        net = discounted_price_e4(listed, rule.discount_bp or 0)
    reason: Reason = {"code": "break", "from": rule.minimum_quantity}
    return Price(listed, net, share_off(listed, net), 0, reason)


def _promotion_price(listed: int, promotion: Promotion, rest: int) -> Price | None:
    reason: Reason = {"code": "promotion", "name": promotion.name}
    if promotion.buy_quantity and promotion.free_quantity:
        group = promotion.buy_quantity + promotion.free_quantity
        free = max(rest, 0) // group * promotion.free_quantity
        if free == 0:
            return None
        off = divide_half_even(free * 10_000, rest)
        return Price(listed, listed, off, free, {**reason, "free": free})
    if promotion.discount_bp:
        net = discounted_price_e4(listed, promotion.discount_bp)
        return Price(listed, net, promotion.discount_bp, 0, reason)
    return None


def price_line(
    price: Price,
    base_quantity: int,
    *,
    price_per: int = 1,
    tax_bp: int = 0,
    cost_e4: int = 0,
    currency: str = "EUR",
) -> LineAmounts:
    """The amounts of a line, each rounded half-even once."""
    net = amount_minor(price.net_price_e4, base_quantity - price.free_quantity, price_per, currency)
    return LineAmounts(
        net_minor=net,
        list_minor=amount_minor(price.list_price_e4, base_quantity, price_per, currency),
        tax_minor=share_of_minor(net, tax_bp),
        cost_minor=amount_minor(cost_e4, base_quantity, price_per, currency),
    )


def amount_minor(price_e4: int, base_quantity: int, price_per: int, currency: str = "EUR") -> int:
    """Price × quantity in minor units, half-even once."""
    return divide_half_even(
        price_e4 * base_quantity * 10 ** currency_exponent(currency), PRICE_SCALE * price_per
    )

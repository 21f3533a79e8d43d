"""What a line costs: list price, breaks, agreed prices, promotions, tax; the same code everywhere.

Pure rules over values that the caller has read; laptop and HQ give identical amounts to the
minor unit. All prices are for ``price_per`` base units of the product.
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
    """A unit price with its reason. ``reason`` is a code and its values, put in words elsewhere."""

    list_price_e4: int
    net_price_e4: int
    discount_bp: int
    free_quantity: int = 0
    reason: dict[str, str | int] = field(default_factory=dict)


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
    reached = [rule for rule in rules if rule.minimum_quantity <= max(base_quantity, 1)]
    prices = sorted(
        (rule for rule in rules if rule.price_e4 is not None), key=lambda r: r.minimum_quantity
    )
    contracts = [a for a in agreed if a.minimum_quantity <= max(base_quantity, 1)]
    if not prices and not contracts:
        return None
    if contracts:
        best = max(contracts, key=lambda a: a.minimum_quantity)
        listed = prices[0].price_e4 if prices and prices[0].price_e4 is not None else best.price_e4
        until: dict[str, str | int] = (
            {} if best.valid_to is None else {"until": best.valid_to.isoformat()}
        )
        return Price(
            listed, best.price_e4, _share_off(listed, best.price_e4), 0, {"code": "agreed", **until}
        )
    listed = prices[0].price_e4 or 0
    choices = [Price(listed, listed, 0, 0, {"code": "list", "list": list_name})]
    choices += [_break_price(listed, rule) for rule in reached if rule.minimum_quantity > 1]
    choices += [
        offer
        for promotion in promotions
        if promotion.minimum_quantity <= base_quantity
        and (offer := _promotion_price(listed, promotion, base_quantity)) is not None
    ]
    return min(
        choices, key=lambda p: (p.net_price_e4 * (base_quantity - p.free_quantity), p.discount_bp)
    )


def _share_off(listed: int, net: int) -> int:
    return divide_half_even((listed - net) * 10_000, listed) if listed > 0 else 0


def _break_price(listed: int, rule: ListRule) -> Price:
    if rule.price_e4 is not None:
        net = rule.price_e4
    else:
        net = discounted_price_e4(listed, rule.discount_bp or 0)
    reason: dict[str, str | int] = {"code": "break", "from": rule.minimum_quantity}
    return Price(listed, net, _share_off(listed, net), 0, reason)


def _promotion_price(listed: int, promotion: Promotion, base_quantity: int) -> Price | None:
    reason: dict[str, str | int] = {"code": "promotion", "name": promotion.name}
    if promotion.buy_quantity and promotion.free_quantity:
        group = promotion.buy_quantity + promotion.free_quantity
        free = base_quantity // group * promotion.free_quantity
        if free == 0:
            return None
        off = divide_half_even(free * 10_000, base_quantity)
        return Price(listed, listed, off, free, reason)
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

"""What a whole order costs: every line at the best price, offers across products, and why.

Pure; the same code on the laptop and at HQ. The rules:

1. All lines of a product count together. A product has a base price: the agreed one, or the
   better of list price and quantity break for all that is ordered of it. An agreed price is
   final: nothing is taken off it, and its units neither earn an offer nor get one.
2. Offers across products (:mod:`crmdesk.domain.offers`) take units; a taken unit is in no other
   offer and no other promotion.
   *Bundle*: as many whole sets as the units left allow. *Mix*: the units left of its products,
   dearest base price first (then by product), in whole groups. *Gift*: units that earn one
   cost the base price, the free ones nothing; never more gifts than there are units to give.
   At a percent a unit costs the list price less the percent, or the base price where that is
   lower. At a price, sets that do not cost less than their base prices are not given; the price
   of all sets of an offer is one amount in minor units, spread over the products in their order
   by base price, each cumulative share rounded half-even.
3. Units that are left cost the best of base price and the product's own promotions
   (:func:`crmdesk.domain.pricing.own_price`).
4. Offers that share products, directly or through others, are tried in every sequence and
   selection; the cheapest for the customer counts (sum of the products' nets), then the one with
   fewer offers, then codes in order. Of more than four, the four that save most alone take part
   (then by code). See :mod:`crmdesk.domain.offer_choice`.
5. Percents that stack are taken off what a product costs after all that.
6. A line is rounded once, half-even; its tax once from its net. Lines of the same product share
   its units, smaller lines first: units of offers as these were given, then the others, free ones
   last. An amount goes with its units, each share of what is left of it rounded half-even.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from crmdesk.domain.money import PRICE_SCALE, currency_exponent, divide_half_even, share_of_minor
from crmdesk.domain.offer_choice import Pool, Portion, choose
from crmdesk.domain.offers import Extra, Gift, Offer
from crmdesk.domain.pricing import (
    AgreedPrice,
    LineAmounts,
    ListRule,
    Price,
    Promotion,
    Reason,
    amount_minor,
    base_price,
    decide_price,
    own_price,
    share_off,
)

NO_PRICE = Price(0, 0, 0, 0, {"code": "none"})


@dataclass(frozen=True, slots=True)
class ProductRules:
    """Everything that decides a product's price, cost and tax on the day."""

    product: str
    category: str | None = None
    rules: tuple[ListRule, ...] = ()
    agreed: tuple[AgreedPrice, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    price_per: int = 1
    tax_bp: int = 0
    cost_e4: int = 0


@dataclass(frozen=True, slots=True)
class OrderRules:
    """What holds for one customer on one day; products by their key (uid as hex)."""

    products: Mapping[str, ProductRules]
    offers: tuple[Offer, ...] = ()
    extras: tuple[Extra, ...] = ()
    currency: str = "EUR"
    list_name: str = ""


@dataclass(frozen=True, slots=True)
class AskedLine:
    """So many base units of a product; ``fixed`` is a price that no rule decides.

    ``fixed_net_minor`` is what the line comes to at that price, where it was agreed exactly.
    """

    product: str
    base_quantity: int
    fixed: Price | None = None
    fixed_net_minor: int | None = None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with its price and amounts.

    ``price`` holds the list price, the net price per ``price_per`` units after everything, and
    the units that cost nothing. ``reasons`` say for each group of its units (with ``quantity``
    where there are several) why it costs what it does.
    """

    product: str
    base_quantity: int
    price: Price
    reasons: tuple[Reason, ...]
    amounts: LineAmounts
    tax_bp: int

    @property
    def below_cost(self) -> bool:
        """True when the line brings less than it costs; what an offer gives away is meant to."""
        given = 0 < self.base_quantity <= self.price.free_quantity
        return not given and self.amounts.net_minor < self.amounts.cost_minor


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """Lines in the order they were asked for, and their sums in minor units."""

    lines: tuple[PricedLine, ...]
    net_minor: int
    list_minor: int
    tax_minor: int
    cost_minor: int

    @property
    def discount_minor(self) -> int:
        """What the customer saves against the list prices."""
        return self.list_minor - self.net_minor

    @property
    def total_minor(self) -> int:
        """Net and tax."""
        return self.net_minor + self.tax_minor


@dataclass(frozen=True, slots=True)
class UnclaimedGift:
    """Units of a product that would cost nothing if they were put on the order."""

    name: str
    product: str
    quantity: int


def price_order(lines: Sequence[AskedLine], rules: OrderRules) -> PricedOrder:
    """Price an order as a whole. A product without a price costs nothing, with reason "none"."""
    pools = _pools(lines, rules)
    portions = choose(pools, rules.offers)
    made: dict[int, PricedLine] = {}
    places: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        if line.product not in pools or not _counts(line):
            made[place] = _alone(line, rules)
        else:
            places.setdefault(line.product, []).append(place)
    for key, mine in places.items():
        # Lines of the same product and quantity are the same line, so their order cannot matter.
        mine.sort(key=lambda n: lines[n].base_quantity)
        shares = _split(portions[key], [lines[n].base_quantity for n in mine])
        for place, share in zip(mine, shares, strict=True):
            made[place] = _line(lines[place], pools[key], share, rules)
    done = tuple(made[place] for place in range(len(lines)))
    return PricedOrder(
        done,
        net_minor=sum(line.amounts.net_minor for line in done),
        list_minor=sum(line.amounts.list_minor for line in done),
        tax_minor=sum(line.amounts.tax_minor for line in done),
        cost_minor=sum(line.amounts.cost_minor for line in done),
    )


def unclaimed_gifts(lines: Sequence[AskedLine], rules: OrderRules) -> list[UnclaimedGift]:
    """Gifts that the order has earned and does not hold: adding them would not change its net.

    Only of gifts whose products are among the rules.
    """
    found: list[UnclaimedGift] = []
    before = None
    for offer in rules.offers:
        gift = offer.what
        if not isinstance(gift, Gift) or gift.free_product not in rules.products:
            continue
        bought = sum(line.base_quantity for line in lines if line.product == gift.product)
        there = sum(line.base_quantity for line in lines if line.product == gift.free_product)
        times = bought // gift.buy
        times = times if offer.limit is None else min(times, offer.limit)
        missing = times * gift.free - there
        if missing <= 0:
            continue
        if before is None:
            before = price_order(lines, rules).net_minor
        after = price_order([*lines, AskedLine(gift.free_product, missing)], rules)
        if after.net_minor <= before and after.lines[-1].price.free_quantity > 0:
            found.append(UnclaimedGift(offer.name, gift.free_product, missing))
    return found


def reason_document(reasons: Sequence[Reason]) -> dict[str, object]:
    """The reasons of a line as one document: the first one's values, and all of several."""
    if not reasons:
        return {}
    return {**reasons[0], "parts": list(reasons)} if len(reasons) > 1 else dict(reasons[0])


def _pools(lines: Sequence[AskedLine], rules: OrderRules) -> dict[str, Pool]:
    ordered: dict[str, int] = {}
    for line in lines:
        if _counts(line) and line.product in rules.products:
            ordered[line.product] = ordered.get(line.product, 0) + line.base_quantity
    pools: dict[str, Pool] = {}
    for key in sorted(ordered):
        of, quantity = rules.products[key], ordered[key]
        before = base_price(quantity, of.rules, of.agreed, rules.list_name)
        if before is None:
            continue
        pools[key] = Pool(
            key, of.category, quantity, before, of.price_per,
            10 ** currency_exponent(rules.currency), _factors(of, quantity, before, rules.extras),
            _own(of, quantity, before),
        )  # fmt: skip
    return pools


def _counts(line: AskedLine) -> bool:
    return line.fixed is None and line.base_quantity > 0


def _own(of: ProductRules, ordered: int, before: Price) -> Callable[[int], Price]:
    return lambda rest: own_price(ordered, rest, before, of.promotions)


def _factors(
    of: ProductRules, ordered: int, before: Price, extras: Sequence[Extra]
) -> tuple[Extra, ...]:
    if before.reason.get("code") == "agreed":
        return ()
    return tuple(
        extra
        for extra in sorted(extras, key=lambda e: e.code)
        if extra.minimum_quantity <= ordered
        and extra.product in (None, of.product)
        and extra.category in (None, of.category)
        and (extra.product, extra.category) != (None, None)
    )


def _alone(line: AskedLine, rules: OrderRules) -> PricedLine:
    """A line that takes part in nothing: a fixed price, no price, or nothing ordered."""
    of = rules.products.get(line.product) or ProductRules(line.product)
    price = line.fixed or (
        decide_price(line.base_quantity, of.rules, of.agreed, (), rules.list_name) or NO_PRICE
    )
    paid = line.base_quantity - price.free_quantity
    net = line.fixed_net_minor
    if net is None:
        net = amount_minor(price.net_price_e4, paid, of.price_per, rules.currency)
    return _priced(line, price, (price.reason,), net, of, rules.currency)


def _line(
    line: AskedLine, pool: Pool, portions: Sequence[Portion], rules: OrderRules
) -> PricedLine:
    of, listed = rules.products[line.product], pool.before.list_price_e4
    numerator, denominator = pool.exact(portions)
    net = divide_half_even(numerator, denominator)
    free = sum(portion.quantity for portion in portions if portion.is_free)
    first = portions[0]
    if len(portions) == 1 and first.amount_minor is None and not pool.extras:
        each, off = first.price_e4, first.discount_bp
    else:
        # The net in minor units back to a price at 1e-4 for ``price_per`` units.
        each = divide_half_even(
            numerator * PRICE_SCALE * of.price_per, denominator * pool.minor * line.base_quantity
        )
        off = share_off(listed, each)
    reasons = _reasons(portions, pool.extras)
    price = Price(listed, each, off, free, reasons[0])
    return _priced(line, price, reasons, net, of, rules.currency)


def _reasons(portions: Sequence[Portion], extras: Sequence[Extra]) -> tuple[Reason, ...]:
    # The free units of a product's own offer have the same reason as the paid ones.
    merged: list[Portion] = []
    for portion in portions:
        if merged and merged[-1].reason == portion.reason:
            whole = merged[-1].quantity + portion.quantity
            merged[-1] = replace(merged[-1], quantity=whole)
        else:
            merged.append(portion)
    several = len(merged) > 1
    found: list[Reason] = [
        {**portion.reason, "quantity": portion.quantity} if several else portion.reason
        for portion in merged
    ]
    found += [{"code": "extra", "name": e.name, "off": e.discount_bp} for e in extras]
    return tuple(found)


def _priced(
    line: AskedLine, price: Price, reasons: tuple[Reason, ...], net: int, of: ProductRules,
    currency: str,
) -> PricedLine:  # fmt: skip
    quantity = line.base_quantity
    amounts = LineAmounts(
        net_minor=net,
        list_minor=amount_minor(price.list_price_e4, quantity, of.price_per, currency),
        tax_minor=share_of_minor(net, of.tax_bp),
        cost_minor=amount_minor(of.cost_e4, quantity, of.price_per, currency),
    )
    return PricedLine(line.product, quantity, price, reasons, amounts, of.tax_bp)


def _split(portions: Sequence[Portion], quantities: Sequence[int]) -> list[list[Portion]]:
    """Hand the portions of a product out to its lines, in order; amounts by cumulative rounding."""
    shares: list[list[Portion]] = []
    waiting = list(reversed(portions))
    for wanted in quantities:
        mine: list[Portion] = []
        missing = wanted
        while missing > 0:
            portion = waiting.pop()
            if portion.quantity > missing:
                portion, rest = portion.divided(missing)
                waiting.append(rest)
            missing -= portion.quantity
            mine.append(portion)
        shares.append(mine)
    return shares

"""A slow second opinion on prices: every unit for itself, every sequence tried, exact fractions.

Written from the text of the rules in ``crmdesk/domain/order_pricing.py`` and from no other code:
nothing of the engine but its value types is used here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations

from crmdesk.domain.offers import Bundle, Gift, Mix, Offer
from crmdesk.domain.order_pricing import AskedLine, OrderRules, ProductRules

_DIGITS = {"EUR": 2, "JPY": 0, "KWD": 3}


@dataclass
class Group:
    """Units of one product taken together: each at a price, or all for an amount."""

    units: int
    each: Fraction = Fraction(0)
    amount: int | None = None
    free: bool = False


@dataclass
class Goods:
    """All units of a product: what is taken already, and how many are left."""

    rules: ProductRules
    ordered: int
    base: int
    listed: int
    agreed: bool
    left: int
    groups: list[Group] = field(default_factory=list)

    @property
    def base_each(self) -> Fraction:
        return Fraction(self.base, self.rules.price_per)

    def copy(self) -> Goods:
        return Goods(
            self.rules, self.ordered, self.base, self.listed, self.agreed, self.left,
            list(self.groups),
        )  # fmt: skip

    def take(self, group: Group) -> None:
        self.groups.append(group)
        self.left -= group.units


Result = tuple[int, int, int]
"""Net and tax in minor units, units that cost nothing."""


def reduced(price: int, basis_points: int) -> int:
    return round(Fraction(price * (10_000 - basis_points), 10_000))


def off(listed: int, net: int) -> int:
    return round(Fraction((listed - net) * 10_000, listed)) if listed else 0


def base_of(rules: ProductRules, ordered: int) -> tuple[int, int, bool] | None:
    """Base and list price, and whether it is agreed; None without a price."""
    listed = None
    for rule in sorted(rules.rules, key=lambda r: r.minimum_quantity):
        if rule.price_e4 is not None:
            listed = rule.price_e4
            break
    reached = [a for a in rules.agreed if a.minimum_quantity <= ordered]
    if reached:
        agreed = sorted(reached, key=lambda a: -a.minimum_quantity)[0].price_e4
        return agreed, agreed if listed is None else listed, True
    if listed is None:
        return None
    best = listed
    for rule in rules.rules:
        if rule.minimum_quantity > ordered:
            continue
        if rule.price_e4 is None:
            best = min(best, reduced(listed, rule.discount_bp or 0))
        elif rule.minimum_quantity > 1:
            best = min(best, rule.price_e4)
    return best, listed, False


def left_over(goods: Goods) -> list[Group]:
    """The units that no offer took, at the best of base price and the product's own promotions."""
    if goods.left == 0:
        return []
    per, left = goods.rules.price_per, goods.left
    ways = [(Fraction(goods.base * left, per), off(goods.listed, goods.base), 0, goods.base, 0)]
    if not goods.agreed:
        promotions = sorted(goods.rules.promotions, key=lambda p: p.code)
        for place, promotion in enumerate(promotions, 1):
            if promotion.minimum_quantity > goods.ordered:
                continue
            if promotion.buy_quantity and promotion.free_quantity:
                free = 0
                for unit in range(left):
                    # Within each full group the last ones are free.
                    size = promotion.buy_quantity + promotion.free_quantity
                    whole = unit // size < left // size
                    free += whole and unit % size >= promotion.buy_quantity
                if free:
                    cost = Fraction(goods.listed * (left - free), per)
                    share = round(Fraction(free * 10_000, left))
                    ways.append((cost, share, place, goods.listed, free))
            elif promotion.discount_bp:
                price = reduced(goods.listed, promotion.discount_bp)
                cost = Fraction(price * left, per)
                ways.append((cost, promotion.discount_bp, place, price, 0))
    _cost, _off, _place, price, free = min(ways)
    found = [Group(left - free, Fraction(price, per))]
    return [*found, Group(free, free=True)] if free else found


def exact(groups: Sequence[Group], goods: Goods, rules: OrderRules) -> Fraction:
    """What groups cost in minor units, stacking percents taken off."""
    digits = _DIGITS[rules.currency]
    total = Fraction(0)
    for group in groups:
        if group.amount is None:
            total += group.each * group.units * 10**digits / 10_000
        else:
            total += group.amount
    for extra in rules.extras:
        about = (extra.product, extra.category)
        fits = extra.product in (None, goods.rules.product)
        fits = fits and extra.category in (None, goods.rules.category) and about != (None, None)
        if fits and extra.minimum_quantity <= goods.ordered and not goods.agreed:
            total *= Fraction(10_000 - extra.discount_bp, 10_000)
    return total


Stock = dict[str, Goods]


def concerned(offer: Offer, stock: Stock) -> set[str]:
    what = offer.what
    if isinstance(what, Bundle):
        return {part.product for part in what.parts}
    if isinstance(what, Gift):
        return {what.product, what.free_product}
    return {
        key
        for key, goods in stock.items()
        if not goods.agreed and (key in what.products or goods.rules.category in what.categories)
    }


def give(offer: Offer, before: Stock, rules: OrderRules) -> Stock | None:
    """The stock after the offer was given as often as it can be; None when it cannot."""
    stock = {key: goods.copy() for key, goods in before.items()}
    what = offer.what
    if not isinstance(what, Mix) and any(
        key not in stock or stock[key].agreed for key in concerned(offer, stock)
    ):
        return None
    if isinstance(what, Gift):
        return _gift(what, offer.limit, stock)
    units: dict[str, int] = {}
    times = 0
    while offer.limit is None or times < offer.limit:
        one = _bundle(what, units, stock) if isinstance(what, Bundle) else _mix(what, units, stock)
        if one is None:
            break
        if what.reward.price_e4 is not None:
            worth = sum(stock[key].base_each * count for key, count in one.items())
            if worth <= what.reward.price_e4:
                break
        times += 1
        for key, count in one.items():
            units[key] = units.get(key, 0) + count
    if times == 0:
        return None
    _price(what, times, units, stock, rules)
    return stock


def _gift(what: Gift, limit: int | None, stock: Stock) -> Stock | None:
    bought, given = stock[what.product], stock[what.free_product]
    paid = free = times = 0
    while bought.left - paid >= what.buy and given.left - free > 0:
        if limit is not None and times >= limit:
            break
        times += 1
        paid += what.buy
        free += min(what.free, given.left - free)
    if times == 0:
        return None
    bought.take(Group(paid, bought.base_each))
    given.take(Group(free, free=True))
    return stock


def _bundle(what: Bundle, used: dict[str, int], stock: Stock) -> dict[str, int] | None:
    one = {part.product: part.quantity for part in what.parts}
    if all(stock[key].left - used.get(key, 0) >= count for key, count in one.items()):
        return one
    return None


def _mix(what: Mix, used: dict[str, int], stock: Stock) -> dict[str, int] | None:
    waiting = [
        (-goods.base_each, key)
        for key, goods in stock.items()
        if not goods.agreed and (key in what.products or goods.rules.category in what.categories)
        for _unit in range(goods.left - used.get(key, 0))
    ]
    if len(waiting) < what.quantity:
        return None
    one: dict[str, int] = {}
    for _value, key in sorted(waiting)[: what.quantity]:
        one[key] = one.get(key, 0) + 1
    return one


def _price(
    what: Bundle | Mix, times: int, units: dict[str, int], stock: Stock, rules: OrderRules
) -> None:
    reward = what.reward
    if reward.discount_bp is not None:
        for key, count in units.items():
            goods = stock[key]
            price = min(reduced(goods.listed, reward.discount_bp), goods.base)
            goods.take(Group(count, Fraction(price, goods.rules.price_per)))
        return
    whole = round(Fraction(times * (reward.price_e4 or 0) * 10 ** _DIGITS[rules.currency], 10_000))
    worth = sum(stock[key].base_each * count for key, count in units.items())
    reached, spent = Fraction(0), 0
    for key in sorted(units):
        reached += stock[key].base_each * units[key]
        upto = round(whole * reached / worth)
        stock[key].take(Group(units[key], amount=upto - spent))
        spent = upto


def total(stock: Stock, rules: OrderRules) -> int:
    return sum(
        round(exact([*goods.groups, *left_over(goods)], goods, rules)) for goods in stock.values()
    )


def sequences(offers: Sequence[Offer]) -> Iterator[tuple[Offer, ...]]:
    for size in range(len(offers) + 1):
        yield from permutations(offers, size)


def families(offers: Sequence[Offer], stock: Stock) -> list[list[Offer]]:
    """Offers that share products, directly or through others."""
    found: list[tuple[list[Offer], set[str]]] = []
    for offer in offers:
        mine, about = [offer], concerned(offer, stock)
        for other in list(found):
            if other[1] & about:
                found.remove(other)
                mine += other[0]
                about = about | other[1]
        found.append((mine, about))
    return [one for one, _about in found]


def best(stock: Stock, rules: OrderRules) -> Stock:
    """The stock after the cheapest sequence of offers."""
    fitting = [offer for offer in rules.offers if give(offer, stock, rules) is not None]
    for family in families(fitting, stock):
        alone = [(total(give(o, stock, rules) or stock, rules), o.code, o) for o in family]
        four = [o for _total, _code, o in sorted(alone, key=lambda one: one[:2])[:4]]
        ways = []
        for sequence in sequences(four):
            after: Stock | None = stock
            for offer in sequence:
                after = None if after is None else give(offer, after, rules)
            if after is not None:
                codes = [offer.code for offer in sequence]
                ways.append(((total(after, rules), len(codes), codes), after))
        stock = min(ways, key=lambda way: way[0])[1]
    return stock


def priced(lines: Sequence[AskedLine], rules: OrderRules) -> list[Result]:
    """What each line of an order costs."""
    stock: Stock = {}
    for key in {line.product for line in lines}:
        mine = [line for line in lines if line.product == key and _takes_part(line)]
        ordered = sum(line.base_quantity for line in mine)
        of = rules.products.get(key)
        found = None if of is None or not mine else base_of(of, ordered)
        if of is not None and found is not None:
            stock[key] = Goods(of, ordered, *found, ordered)
    stock = best(stock, rules)
    results: dict[int, Result] = {}
    for key, goods in stock.items():
        places = [n for n, line in enumerate(lines) if line.product == key and _takes_part(line)]
        waiting = [*goods.groups, *left_over(goods)]
        for place in sorted(places, key=lambda n: lines[n].base_quantity):
            mine_now = _hand_out(waiting, lines[place].base_quantity)
            net = round(exact(mine_now, goods, rules))
            tax = round(Fraction(net * goods.rules.tax_bp, 10_000))
            results[place] = net, tax, sum(group.units for group in mine_now if group.free)
    for place, line in enumerate(lines):
        if place not in results:
            results[place] = _fixed(line, rules)
    return [results[place] for place in range(len(lines))]


def _takes_part(line: AskedLine) -> bool:
    return line.fixed is None and line.base_quantity > 0


def _hand_out(waiting: list[Group], wanted: int) -> list[Group]:
    mine = []
    while wanted:
        group = waiting.pop(0)
        count = min(group.units, wanted)
        amount = None
        if group.amount is not None:
            amount = round(Fraction(group.amount * count, group.units))
        mine.append(Group(count, group.each, amount, group.free))
        if count < group.units:
            rest = None if group.amount is None or amount is None else group.amount - amount
            waiting.insert(0, Group(group.units - count, group.each, rest, group.free))
        wanted -= count
    return mine


def _fixed(line: AskedLine, rules: OrderRules) -> Result:
    of = rules.products.get(line.product) or ProductRules(line.product)
    if line.fixed is None:
        return 0, 0, 0
    paid = line.base_quantity - line.fixed.free_quantity
    digits = _DIGITS[rules.currency]
    net = round(Fraction(line.fixed.net_price_e4 * paid * 10**digits, 10_000 * of.price_per))
    return net, round(Fraction(net * of.tax_bp, 10_000)), line.fixed.free_quantity

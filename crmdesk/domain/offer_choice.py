"""Which offers across products an order gets: units taken, sequences compared, the cheapest kept.

Owns the counting behind rules 2 to 4 of :mod:`crmdesk.domain.order_pricing`, without ever
handling single units: quantities may be millions. Reading offers and rounding lines are left to
others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crmdesk.domain.money import PRICE_SCALE, discounted_price_e4, divide_half_even
from crmdesk.domain.offers import Bundle, Extra, Gift, Mix, Offer, Reward
from crmdesk.domain.pricing import Price, Reason

MOST_COMPETING = 4


@dataclass(frozen=True, slots=True)
class Portion:
    """Some units of a product at one price, or for one amount in minor units."""

    quantity: int
    price_e4: int
    reason: Reason
    amount_minor: int | None = None
    discount_bp: int = 0
    is_free: bool = False

    def divided(self, quantity: int) -> tuple[Portion, Portion]:
        """So many of its units, and the others; no minor unit is lost."""
        first, amount = None, self.amount_minor
        if amount is not None:
            first = divide_half_even(amount * quantity, self.quantity)
            amount -= first
        rest = replace(self, quantity=self.quantity - quantity, amount_minor=amount)
        return replace(self, quantity=quantity, amount_minor=first), rest


@dataclass(slots=True)
class Pool:
    """All units of one product on the order. ``minor`` is the number of minor units in a major."""

    product: str
    category: str | None
    ordered: int
    before: Price
    price_per: int
    minor: int
    extras: tuple[Extra, ...]
    own: Callable[[int], Price]
    _known: dict[int, list[Portion]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """True where offers may take units: not under an agreed price."""
        return self.before.reason.get("code") != "agreed"

    def left(self, rest: int) -> list[Portion]:
        """The portions of the units that no offer has taken."""
        found = self._known.get(rest)
        if found is None:
            found = self._known[rest] = self._left(rest)
        return found

    def _left(self, rest: int) -> list[Portion]:
        if rest == 0:
            return []
        price = self.own(rest)
        paid, free = rest - price.free_quantity, price.free_quantity
        # Free goods of the same product are one portion when the line is looked at as a whole.
        found = [Portion(paid, price.net_price_e4, price.reason, discount_bp=price.discount_bp)]
        if free:
            found.append(Portion(free, 0, price.reason, discount_bp=10_000, is_free=True))
        return found

    def exact(self, portions: Sequence[Portion]) -> tuple[int, int]:
        """What portions cost in minor units, as numerator and denominator."""
        priced, amounts = 0, 0
        for portion in portions:
            if portion.amount_minor is None:
                priced += portion.price_e4 * portion.quantity
            else:
                amounts += portion.amount_minor
        denominator = PRICE_SCALE * self.price_per
        numerator = priced * self.minor + amounts * denominator
        for extra in self.extras:
            numerator *= 10_000 - extra.discount_bp
            denominator *= 10_000
        return numerator, denominator

    def net_minor(self, portions: Sequence[Portion]) -> int:
        """What portions cost, rounded once."""
        numerator, denominator = self.exact(portions)
        return divide_half_even(numerator, denominator)


@dataclass(slots=True)
class _Taken:
    """What offers have taken of one product so far."""

    portions: list[Portion]
    rest: int
    net_minor: int | None = None


_State = Mapping[str, _Taken]


def choose(pools: Mapping[str, Pool], offers: Sequence[Offer]) -> dict[str, list[Portion]]:
    """The portions of every product with the cheapest choice of offers."""
    state: dict[str, _Taken] = {key: _Taken([], pool.ordered) for key, pool in pools.items()}
    fitting: list[tuple[Offer, frozenset[str]]] = []
    for offer in sorted(offers, key=lambda o: o.code):
        given = _give(offer, pools, state)
        if given:
            fitting.append((offer, _concerned(offer.what, pools)))
    for group, keys in _groups(fitting):
        state.update(_cheapest(group, {key: pools[key] for key in sorted(keys)}, state))
    return {key: [*state[key].portions, *pool.left(state[key].rest)] for key, pool in pools.items()}


def _concerned(what: Bundle | Mix | Gift, pools: Mapping[str, Pool]) -> frozenset[str]:
    if isinstance(what, Bundle):
        return frozenset(part.product for part in what.parts)
    if isinstance(what, Gift):
        return frozenset((what.product, what.free_product))
    return frozenset(
        key
        for key, pool in pools.items()
        if pool.is_open and (key in what.products or pool.category in what.categories)
    )


def _groups(
    fitting: Sequence[tuple[Offer, frozenset[str]]],
) -> list[tuple[list[Offer], frozenset[str]]]:
    """Offers that share products, directly or through others, together with their products."""
    groups: list[tuple[list[Offer], frozenset[str]]] = []
    for offer, keys in fitting:
        apart = [group for group in groups if not group[1] & keys]
        joined = [group for group in groups if group[1] & keys]
        members = [one for group in joined for one in group[0]]
        groups = [*apart, ([*members, offer], keys.union(*(group[1] for group in joined)))]
    return groups


def _cheapest(offers: Sequence[Offer], pools: Mapping[str, Pool], start: _State) -> _State:
    """The state of these products after the best sequence of these offers."""
    before = {key: start[key] for key in pools}
    if len(offers) > MOST_COMPETING:
        alone = {offer.code: _added(pools, before, _give(offer, pools, before)) for offer in offers}
        offers = sorted(offers, key=lambda o: (alone[o.code], o.code))[:MOST_COMPETING]
    # Only what the offers add to the products' nets is compared, so nothing is summed up twice.
    best: tuple[tuple[int, int, tuple[str, ...]], _State] = ((0, 0, ()), before)

    def go_on(state: _State, added: int, codes: tuple[str, ...]) -> None:
        nonlocal best
        for offer in offers:
            if offer.code in codes:
                continue
            given = _give(offer, pools, state)
            if not given:
                continue
            after, said = {**state, **given}, (*codes, offer.code)
            rank = (added + _added(pools, state, given), len(said), said)
            if rank < best[0]:
                best = (rank, after)
            go_on(after, rank[0], said)

    go_on(before, 0, ())
    return best[1]


def _added(pools: Mapping[str, Pool], before: _State, given: _State) -> int:
    """What an offer adds to the nets of the products it takes units of, mostly below zero."""
    return sum(
        _net(pools[key], taken) - _net(pools[key], before[key]) for key, taken in given.items()
    )


def _net(pool: Pool, taken: _Taken) -> int:
    if taken.net_minor is None:
        taken.net_minor = pool.net_minor([*taken.portions, *pool.left(taken.rest)])
    return taken.net_minor


# ------------------------------------------------------------------------------- giving an offer


def _give(offer: Offer, pools: Mapping[str, Pool], state: _State) -> dict[str, _Taken]:
    """What the products look like once an offer has been given as often as it can be."""
    what = offer.what
    if isinstance(what, Bundle):
        return _give_bundle(offer, what, pools, state)
    if isinstance(what, Gift):
        return _give_gift(offer, what, pools, state)
    return _give_mix(offer, what, pools, state)


def _give_bundle(
    offer: Offer, what: Bundle, pools: Mapping[str, Pool], state: _State
) -> dict[str, _Taken]:
    if not all(part.product in pools and pools[part.product].is_open for part in what.parts):
        return {}
    times = min(state[part.product].rest // part.quantity for part in what.parts)
    times = times if offer.limit is None else min(times, offer.limit)
    units = [(pools[part.product], part.quantity * times) for part in what.parts]
    once = [(pools[part.product], part.quantity) for part in what.parts]
    if times == 0 or not _saves(what.reward, once):
        return {}
    return _taken(offer, "bundle", what.reward, times, units, state)


def _give_mix(
    offer: Offer, what: Mix, pools: Mapping[str, Pool], state: _State
) -> dict[str, _Taken]:
    mine = [pools[key] for key in _concerned(what, pools) if key in state and state[key].rest > 0]
    scale = math.lcm(*(pool.price_per for pool in mine))
    mine.sort(key=lambda p: (-p.before.net_price_e4 * (scale // p.price_per), p.product))
    times = sum(state[pool.product].rest for pool in mine) // what.quantity
    times = times if offer.limit is None else min(times, offer.limit)

    def first(count: int) -> list[tuple[Pool, int]]:
        units = []
        for pool in mine:
            quantity = min(state[pool.product].rest, count)
            if quantity:
                units.append((pool, quantity))
            count -= quantity
        return units

    if what.reward.price_e4 is not None:
        times = _saving_groups(what, what.reward.price_e4, times, first, scale)
    if times == 0:
        return {}
    units = first(times * what.quantity)
    return _taken(offer, "mix", what.reward, times, units, state)


def _saving_groups(
    what: Mix, price_e4: int, times: int, first: Callable[[int], list[tuple[Pool, int]]], scale: int
) -> int:
    """How many groups cost less at the price; groups get cheaper, so the others come last."""

    def worth(groups: int) -> int:
        return _worth(first(groups * what.quantity), scale)

    low, high = 0, times
    while low < high:
        middle = (low + high + 1) // 2
        if worth(middle) - worth(middle - 1) > price_e4 * scale:
            low = middle
        else:
            high = middle - 1
    return low


def _give_gift(
    offer: Offer, what: Gift, pools: Mapping[str, Pool], state: _State
) -> dict[str, _Taken]:
    bought, given = pools.get(what.product), pools.get(what.free_product)
    if bought is None or given is None or not (bought.is_open and given.is_open):
        return {}
    left, wanted = state[what.product], state[what.free_product]
    times = min(left.rest // what.buy, -(-wanted.rest // what.free))
    times = times if offer.limit is None else min(times, offer.limit)
    if times == 0:
        return {}
    paid, free = times * what.buy, min(times * what.free, wanted.rest)
    before = bought.before
    earning = Portion(paid, before.net_price_e4, before.reason, discount_bp=before.discount_bp)
    reason: Reason = {"code": "gift", "name": offer.name, "free": free}
    gift = Portion(free, 0, reason, discount_bp=10_000, is_free=True)
    return {
        what.product: _Taken([*left.portions, earning], left.rest - paid),
        what.free_product: _Taken([*wanted.portions, gift], wanted.rest - free),
    }


def _saves(reward: Reward, units: Sequence[tuple[Pool, int]]) -> bool:
    """True when a set at a price costs less than its base prices; a percent never costs more."""
    if reward.price_e4 is None:
        return True
    scale = math.lcm(*(pool.price_per for pool, _quantity in units))
    return _worth(units, scale) > reward.price_e4 * scale


def _worth(units: Sequence[tuple[Pool, int]], scale: int) -> int:
    """The base prices of units at 1e-4, times ``scale`` (a multiple of every ``price_per``)."""
    return sum(
        pool.before.net_price_e4 * quantity * (scale // pool.price_per) for pool, quantity in units
    )


def _taken(
    offer: Offer, code: str, reward: Reward, times: int, units: Sequence[tuple[Pool, int]],
    state: _State,
) -> dict[str, _Taken]:  # fmt: skip
    reason: Reason = {"code": code, "name": offer.name}
    portions: dict[str, Portion] = {}
    units = sorted(units, key=lambda unit: unit[0].product)
    if reward.discount_bp is not None:
        for pool, quantity in units:
            listed, before = pool.before.list_price_e4, pool.before
            price, off = discounted_price_e4(listed, reward.discount_bp), reward.discount_bp
            if before.net_price_e4 < price:
                price, off = before.net_price_e4, before.discount_bp
            portions[pool.product] = Portion(quantity, price, reason, discount_bp=off)
    else:
        whole = divide_half_even((reward.price_e4 or 0) * times * units[0][0].minor, PRICE_SCALE)
        scale = math.lcm(*(pool.price_per for pool, _quantity in units))
        worth, reached, spent = _worth(units, scale), 0, 0
        for pool, quantity in units:
            reached += _worth([(pool, quantity)], scale)
            share = divide_half_even(whole * reached, worth) - spent
            spent += share
            portions[pool.product] = Portion(quantity, 0, reason, share)
    return {
        key: _Taken([*state[key].portions, portion], state[key].rest - portion.quantity)
        for key, portion in portions.items()
    }

"""Price situations out of thin air: orders and rules in which much meets much.

Small numbers and few products on purpose, so that breaks are reached, offers overlap and ties
happen. ``pick(low, high)`` gives a whole number; Hypothesis or a seeded generator stands behind.
"""

from __future__ import annotations

from collections.abc import Callable

from crmdesk.domain.offers import Bundle, Extra, Gift, Mix, Offer, Part, Reward
from crmdesk.domain.order_pricing import AskedLine, OrderRules, ProductRules
from crmdesk.domain.pricing import AgreedPrice, ListRule, Price, Promotion

Pick = Callable[[int, int], int]
PRODUCTS = "abcde"
CATEGORIES = "xy"
_PRICES = (0, 1, 3_333, 9_999, 10_000, 10_000, 12_345, 20_000, 47_850)
_SHARES = (1, 333, 500, 1_000, 1_750, 2_500, 5_000, 10_000)


def situation(pick: Pick) -> tuple[list[AskedLine], OrderRules]:
    """An order and the rules for it."""
    keys = PRODUCTS[: pick(2, len(PRODUCTS))]
    products = {key: _product(key, pick) for key in keys}
    offers = tuple(_offer(f"O{n}", keys, pick) for n in range(pick(0, 4)))
    extras = tuple(
        Extra(
            f"E{n}", f"E{n}", _SHARES[pick(0, 5)], _maybe(PRODUCTS, pick), _maybe(CATEGORIES, pick),
            pick(1, 4),
        )
        for n in range(max(pick(-2, 2), 0))
    )  # fmt: skip
    lines = [_line(PRODUCTS[pick(0, len(keys) - 1)], pick) for _line_number in range(pick(1, 7))]
    currency = ("EUR", "EUR", "JPY", "KWD")[pick(0, 3)]
    return lines, OrderRules(products, offers, extras, currency, "A")


def crowded(pick: Pick) -> tuple[list[AskedLine], OrderRules]:
    """More offers over the same few products than take part."""
    lines, rules = situation(pick)
    offers = tuple(_offer(f"O{n}", "abc", pick) for n in range(pick(5, 6)))
    return lines, OrderRules(rules.products, offers, (), rules.currency, "A")


def _maybe(keys: str, pick: Pick) -> str | None:
    place = pick(-1, len(keys) - 1)
    return None if place < 0 else keys[place]


def _product(key: str, pick: Pick) -> ProductRules:
    rules = []
    if pick(0, 9):
        rules.append(ListRule(pick(1, 1 + 3 * (pick(0, 9) == 0)), _PRICES[pick(0, 8)]))
    for _rule in range(max(pick(-2, 2), 0)):
        if pick(0, 1):
            rules.append(ListRule(pick(1, 8), None, _SHARES[pick(0, 6)]))
        else:
            rules.append(ListRule(pick(2, 8), _PRICES[pick(0, 8)]))
    agreed = [AgreedPrice(pick(1, 4), _PRICES[pick(0, 8)]) for _price in range(max(pick(-8, 2), 0))]
    promotions = tuple(_promotion(f"P{n}", pick) for n in range(max(pick(-1, 2), 0)))
    return ProductRules(
        key, _maybe(CATEGORIES, pick), tuple(rules), tuple(agreed), promotions,
        (1, 1, 1, 3, 10, 1000)[pick(0, 5)], (0, 400, 1_000, 2_100)[pick(0, 3)],
        _PRICES[pick(0, 8)],
    )  # fmt: skip


def _promotion(code: str, pick: Pick) -> Promotion:
    if pick(0, 1):
        return Promotion(code, code, pick(1, 4), _SHARES[pick(0, 7)])
    return Promotion(code, code, pick(1, 3), None, pick(1, 4), pick(1, 2))


def _offer(code: str, keys: str, pick: Pick) -> Offer:
    limit = (None, None, 1, 2)[pick(0, 3)]
    kind = pick(0, 2)
    if kind == 0:
        first = pick(0, len(keys) - 1)
        others = {(first + step) % len(keys) for step in range(pick(2, 3))}
        parts = tuple(Part(keys[place], pick(1, 3)) for place in sorted(others))
        return Offer(code, code, Bundle(parts, _reward(pick)), limit)
    if kind == 1:
        products = frozenset(PRODUCTS[place] for place in range(5) if pick(0, 1))
        categories = frozenset(CATEGORIES[: pick(0, 2)]) if pick(0, 2) == 0 else frozenset()
        return Offer(code, code, Mix(pick(2, 4), products, categories, _reward(pick)), limit)
    first, step = pick(0, len(keys) - 1), pick(1, len(keys) - 1)
    gift = Gift(keys[first], pick(1, 3), keys[(first + step) % len(keys)], pick(1, 3))
    return Offer(code, code, gift, limit)


def _reward(pick: Pick) -> Reward:
    if pick(0, 1):
        return Reward(price_e4=(0, 10_000, 19_999, 25_000, 33_333, 60_000)[pick(0, 5)])
    return Reward(discount_bp=_SHARES[pick(0, 7)])


def _line(product: str, pick: Pick) -> AskedLine:
    fixed = None
    if pick(0, 19) == 0:
        fixed = Price(10_000, _PRICES[pick(0, 8)], 0, 0, {"code": "manual"})
    return AskedLine(product, pick(1, 9), fixed)

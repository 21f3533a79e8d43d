"""Offers across products as data: bundles, mix and match, gifts, and percents on top of others.

Owns what a promotion's ``rule`` document may say, and checks it: every other key, a wrong type or
a number out of bounds makes the whole document invalid, and an invalid promotion gives nothing.
What the offers make of an order is :mod:`crmdesk.domain.order_pricing`.

The documents, by the promotion's kind (products and categories are uids as 32 hex digits, prices
at 1e-4 of the major unit, quantities in base units):

``percent``  ``{}`` or ``{"stacks": true}``: on top of whatever a line costs otherwise.
``free``     ``{}``, or ``{"free_product": uid, "limit": n}``: the free goods are another product.
``bundle``   ``{"parts": [{"product": uid, "quantity": n}, …], "price_e4": p, "limit": n}`` or
             ``"discount_bp"`` in place of the price.
``mix``      ``{"quantity": n, "products": [uid, …], "categories": [uid, …], "price_e4": p,
             "limit": n}`` or ``"discount_bp"``; at least one product or category.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_UID = re.compile(r"[0-9a-f]{32}")
_MOST = {"parts": 20, "products": 500, "categories": 100}
_MOST_QUANTITY = 10**9
_MOST_E4 = 10**11

KINDS = ("percent", "free", "bundle", "mix")


class InvalidRule(ValueError):
    """A rule document that cannot be meant: ``code`` says what is wrong, ``field`` where."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(f"{field}: {code}")
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Reward:
    """What a set of units costs: a price for the whole set at 1e-4, or a percent off the list."""

    price_e4: int | None = None
    discount_bp: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """So many base units of one product."""

    product: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """Fixed quantities of several products together."""

    parts: tuple[Part, ...]
    reward: Reward


@dataclass(frozen=True, slots=True)
class Mix:
    """Any ``quantity`` units out of a set of products."""

    quantity: int
    products: frozenset[str]
    categories: frozenset[str]
    reward: Reward


@dataclass(frozen=True, slots=True)
class Gift:
    """For every ``buy`` units of one product ``free`` units of another cost nothing."""

    product: str
    buy: int
    free_product: str
    free: int


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer across products in force; at most ``limit`` times in an order."""

    code: str
    name: str
    what: Bundle | Mix | Gift
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """A percent that stacks: taken off what the lines of a product or category cost otherwise."""

    code: str
    name: str
    discount_bp: int
    product: str | None
    category: str | None
    minimum_quantity: int = 1


@dataclass(frozen=True, slots=True)
class PromotionTerms:
    """What the columns of a promotion say beside its rule document."""

    code: str
    name: str
    kind: str
    product: str | None = None
    category: str | None = None
    discount_bp: int | None = None
    buy_quantity: int | None = None
    free_quantity: int | None = None
    minimum_quantity: int = 1


def read_offer(terms: PromotionTerms, rule: object) -> Offer | Extra | None:
    """What a promotion does across products; None for one that concerns single lines only.

    Raises InvalidRule when kind, columns and document do not go together.
    """
    if terms.kind not in KINDS:
        raise InvalidRule("unknown", "kind")
    if rule is not None and not isinstance(rule, Mapping):
        raise InvalidRule("not-a-document", "rule")
    document: Mapping[str, Any] = rule or {}
    if terms.kind == "bundle":
        return _bundle(terms, document)
    if terms.kind == "mix":
        return _mix(terms, document)
    gives = bool(terms.buy_quantity and terms.free_quantity)
    if gives and document:
        return _gift(terms, document)
    _only(document, {"stacks"})
    if _flag(document, "stacks"):
        if gives or not terms.discount_bp:
            raise InvalidRule("not-a-percent", "stacks")
        _number(terms.discount_bp, "discount_bp", 10_000)
        return Extra(
            terms.code, terms.name, terms.discount_bp, terms.product, terms.category,
            terms.minimum_quantity,
        )  # fmt: skip
    return None


def _bundle(terms: PromotionTerms, document: Mapping[str, Any]) -> Offer:
    _only(document, {"parts", "price_e4", "discount_bp", "limit"})
    parts = []
    for part in _list(document, "parts"):
        if not isinstance(part, Mapping):
            raise InvalidRule("not-a-document", "parts")
        _only(part, {"product", "quantity"})
        quantity = _number(part.get("quantity"), "quantity", _MOST_QUANTITY)
        parts.append(Part(_uid(part.get("product"), "product"), quantity))
    if len(parts) < 2 or len({part.product for part in parts}) < len(parts):
        raise InvalidRule("two-products", "parts")
    what = Bundle(tuple(sorted(parts, key=lambda p: p.product)), _reward(document))
    return Offer(terms.code, terms.name, what, _limit(document))


def _mix(terms: PromotionTerms, document: Mapping[str, Any]) -> Offer:
    _only(document, {"quantity", "products", "categories", "price_e4", "discount_bp", "limit"})
    products = frozenset(_uid(one, "products") for one in _list(document, "products"))
    categories = frozenset(_uid(one, "categories") for one in _list(document, "categories"))
    if not products and not categories:
        raise InvalidRule("empty", "products")
    quantity = _number(document.get("quantity"), "quantity", _MOST_QUANTITY)
    if quantity < 2:
        raise InvalidRule("two-products", "quantity")
    what = Mix(quantity, products, categories, _reward(document))
    return Offer(terms.code, terms.name, what, _limit(document))


def _gift(terms: PromotionTerms, document: Mapping[str, Any]) -> Offer:
    _only(document, {"free_product", "limit"})
    free_product = _uid(document.get("free_product"), "free_product")
    if terms.product is None:
        raise InvalidRule("one-product", "product")
    if free_product == terms.product:
        raise InvalidRule("same-product", "free_product")
    buy = _number(terms.buy_quantity, "buy_quantity", _MOST_QUANTITY)
    free = _number(terms.free_quantity, "free_quantity", _MOST_QUANTITY)
    what = Gift(terms.product, buy, free_product, free)
    return Offer(terms.code, terms.name, what, _limit(document))


def _reward(document: Mapping[str, Any]) -> Reward:
    price, discount = document.get("price_e4"), document.get("discount_bp")
    if (price is None) == (discount is None):
        raise InvalidRule("price-or-percent", "price_e4")
    if discount is not None:
        return Reward(discount_bp=_number(discount, "discount_bp", 10_000))
    return Reward(price_e4=_number(price, "price_e4", _MOST_E4, least=0))


def _only(document: Mapping[str, Any], known: set[str]) -> None:
    for key in document:
        if key not in known:
            raise InvalidRule("unknown", str(key)[:40])


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    found = document.get(name, [])
    if not isinstance(found, list):
        raise InvalidRule("not-a-list", name)
    if len(found) > _MOST[name]:
        raise InvalidRule("too-many", name)
    return found


def _flag(document: Mapping[str, Any], name: str) -> bool:
    found = document.get(name, False)
    if not isinstance(found, bool):
        raise InvalidRule("not-a-flag", name)
    return found


def _number(value: object, name: str, most: int, *, least: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidRule("not-a-number", name)
    if not least <= value <= most:
        raise InvalidRule("out-of-bounds", name)
    return value


def _limit(document: Mapping[str, Any]) -> int | None:
    found = document.get("limit")
    return None if found is None else _number(found, "limit", 1_000_000)


def _uid(value: object, name: str) -> str:
    if not isinstance(value, str) or not _UID.fullmatch(value):
        raise InvalidRule("not-a-uid", name)
    return value

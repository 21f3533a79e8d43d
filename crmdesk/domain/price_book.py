"""Price rules as they are stored, for many customers, products and days; picks what holds for one.

Owns which of several stored rules counts on a day, once for laptop and HQ, so that both may read
their rows in their own way. What is made of the rules is :mod:`crmdesk.domain.order_pricing`.
Every key is a uid as 32 hex digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeVar

from crmdesk.domain.offers import Extra, Gift, InvalidRule, Offer, PromotionTerms, read_offer
from crmdesk.domain.order_pricing import OrderRules, ProductRules
from crmdesk.domain.pricing import AgreedPrice, ListRule, Promotion


class ProductRow(NamedTuple):
    """A product: what its price is for, and its tax."""

    product: str
    category: str | None
    price_per: int
    tax_bp: int


class CostRow(NamedTuple):
    """What a product costs the company from a day on."""

    product: str
    cost_e4: int
    valid_from: date


class RuleRow(NamedTuple):
    """A price or discount of a price list."""

    uid: str
    price_list: str
    product: str
    minimum_quantity: int
    price_e4: int | None
    discount_bp: int | None
    valid_from: date | None
    valid_to: date | None


class AgreedRow(NamedTuple):
    """A price agreed with a customer."""

    uid: str
    account: str
    product: str
    minimum_quantity: int
    price_e4: int
    valid_from: date | None
    valid_to: date | None


class PromotionRow(NamedTuple):
    """A promotion with its rule document."""

    code: str
    name: str
    kind: str
    product: str | None
    category: str | None
    segment: str | None
    discount_bp: int | None
    buy_quantity: int | None
    free_quantity: int | None
    minimum_quantity: int
    rule: object
    valid_from: date | None
    valid_to: date | None


class Buyer(NamedTuple):
    """Whose order it is: the customer, its price list with its name, and its segment."""

    account: str
    price_list: str | None
    list_name: str
    segment: str | None


@dataclass(slots=True)
class _Running:
    """The promotions of one day and segment, sorted by what they are about."""

    of_product: dict[str, list[Promotion]] = field(default_factory=dict)
    of_category: dict[str, list[Promotion]] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)


_Dated = TypeVar("_Dated", RuleRow, AgreedRow)


class PriceBook:
    """The stored rules about some products; the rows may be of any customer and day."""

    def __init__(
        self,
        products: Iterable[ProductRow],
        costs: Iterable[CostRow],
        rules: Iterable[RuleRow],
        agreed: Iterable[AgreedRow],
        promotions: Iterable[PromotionRow],
    ) -> None:
        self._products = {row.product: row for row in products}
        self._costs: dict[str, list[CostRow]] = {}
        self._rules: dict[tuple[str, str], list[RuleRow]] = {}
        self._agreed: dict[tuple[str, str], list[AgreedRow]] = {}
        for cost in costs:
            self._costs.setdefault(cost.product, []).append(cost)
        for rule in rules:
            self._rules.setdefault((rule.price_list, rule.product), []).append(rule)
        for price in agreed:
            self._agreed.setdefault((price.account, price.product), []).append(price)
        self._promotions = sorted(promotions, key=lambda row: row.code)
        self._running: dict[tuple[date, str | None], _Running] = {}

    def order_rules(
        self, buyer: Buyer, day: date, products: Iterable[str], currency: str
    ) -> OrderRules:
        """The rules for an order of some products on a day."""
        running = self._on(day, buyer.segment)
        wanted = {key: row for key in products if (row := self._products.get(key)) is not None}
        return OrderRules(
            {key: self._product(row, buyer, day, running) for key, row in wanted.items()},
            tuple(running.offers),
            tuple(running.extras),
            currency,
            buyer.list_name,
        )

    def _product(self, row: ProductRow, buyer: Buyer, day: date, running: _Running) -> ProductRules:
        listed = self._rules.get((buyer.price_list or "", row.product), ())
        agreed = self._agreed.get((buyer.account, row.product), ())
        rules = _youngest(listed, day, lambda r: (r.minimum_quantity, r.price_e4 is None))
        prices = _youngest(agreed, day, lambda r: (r.minimum_quantity, False))
        own = (
            *running.of_product.get(row.product, ()),
            *running.of_category.get(row.category or "", ()),
        )
        return ProductRules(
            row.product,
            row.category,
            tuple(ListRule(r.minimum_quantity, r.price_e4, r.discount_bp) for r in rules),
            tuple(AgreedPrice(r.minimum_quantity, r.price_e4, r.valid_to) for r in prices),
            own,
            row.price_per,
            row.tax_bp,
            self._cost(row.product, day),
        )

    def _cost(self, product: str, day: date) -> int:
        known = [row for row in self._costs.get(product, ()) if row.valid_from <= day]
        return max(known, key=lambda row: (row.valid_from, row.cost_e4)).cost_e4 if known else 0

    def _on(self, day: date, segment: str | None) -> _Running:
        found = self._running.get((day, segment))
        if found is None:
            found = self._running[day, segment] = _Running()
            for row in self._promotions:
                if _holds(row, day) and row.segment in (None, segment):
                    _sort_in(row, found)
        return found


def gift_products(promotions: Iterable[PromotionRow]) -> set[str]:
    """The products that promotions give away, which an order need not hold yet."""
    found = set()
    for row in promotions:
        try:
            offer = read_offer(_terms(row), row.rule)
        except InvalidRule:
            continue
        if isinstance(offer, Offer) and isinstance(offer.what, Gift):
            found.add(offer.what.free_product)
    return found


def _terms(row: PromotionRow) -> PromotionTerms:
    return PromotionTerms(
        row.code, row.name, row.kind, row.product, row.category, row.discount_bp,
        row.buy_quantity, row.free_quantity, row.minimum_quantity,
    )  # fmt: skip


def _sort_in(row: PromotionRow, running: _Running) -> None:
    try:
        offer = read_offer(_terms(row), row.rule)
    except InvalidRule:
        # What cannot be meant gives nothing, on the laptop as at HQ.
        return
    if isinstance(offer, Offer):
        running.offers.append(offer)
    elif offer is not None:
        running.extras.append(offer)
    else:
        own = Promotion(
            row.code, row.name, row.minimum_quantity, row.discount_bp, row.buy_quantity,
            row.free_quantity,
        )  # fmt: skip
        # A promotion with both is one for the product and one for the category, as two rows are.
        if row.product is not None:
            running.of_product.setdefault(row.product, []).append(own)
        if row.category is not None:
            running.of_category.setdefault(row.category, []).append(own)


def _holds(row: RuleRow | AgreedRow | PromotionRow, day: date) -> bool:
    start, end = row.valid_from, row.valid_to
    return (start is None or start <= day) and (end is None or end >= day)


def _youngest(
    rows: Sequence[_Dated], day: date, key: Callable[[_Dated], tuple[int, bool]]
) -> list[_Dated]:
    """Of rows that say the same thing differently the youngest one that holds on the day."""
    best: dict[tuple[int, bool], _Dated] = {}
    for row in rows:
        if _holds(row, day):
            known = best.get(key(row))
            if known is None or _age(row) > _age(known):
                best[key(row)] = row
    return [best[one] for one in sorted(best)]


def _age(row: _Dated) -> tuple[date, str]:
    return row.valid_from or date.min, row.uid

"""Prices of the demo company's history, decided by the same code as on the laptop.

Owns remembering decisions: a price depends on product, list, year, break and promotion only, so
two million lines need a few thousand decisions of :mod:`crmdesk.domain.pricing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crmdesk.demo.customer import Customer
from crmdesk.demo.goods import BREAK_BP, LISTS, Catalogue, Pack, Product, Promo
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import Uid
from crmdesk.domain.money import divide_half_even
from crmdesk.domain.pricing import AgreedPrice, ListRule, Price, Promotion, decide_price
from crmdesk.storage.types import dump_json


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line with its money in minor units and its price; quantity in packs."""

    product: Product
    pack: Pack
    quantity: int
    price: Price
    net: int
    discount: int
    cost: int
    reason: str
    suggested: int | None = None


class Pricing:
    """Prices of any day of the history for any customer."""

    def __init__(self, spec: DemoSpec, catalogue: Catalogue) -> None:
        self._first_year = spec.first_day.year
        self._promotions: dict[Uid, list[Promo]] = {}
        for promo in catalogue.promotions:
            self._promotions.setdefault(promo.category, []).append(promo)
        self._known: dict[tuple[str, int, int, bool, str], tuple[Price, str]] = {}

    def line(
        self, customer: Customer, product: Product, pack: Pack, quantity: int, day: int, year: int
    ) -> PricedLine:
        """One line at the prices of a day (an ordinal, in ``year``)."""
        base = quantity * pack.factor
        running = [p for p in self._promotions.get(product.category, ()) if p.runs(day)]
        agreed = customer.agreed.get(product.sku)
        if agreed is not None and agreed.first <= day <= agreed.last:
            price, reason = self._decide(
                product, customer.price_list, year, base, running,
                AgreedPrice(1, agreed.price_e4, date.fromordinal(agreed.last)),
            )  # fmt: skip
        else:
            reached = 0 < product.break_at <= base
            key = (
                product.sku, customer.price_list, year, reached, running[0].code if running else ""
            )  # fmt: skip
            found = self._known.get(key)
            if found is None:
                found = self._decide(product, customer.price_list, year, base, running, None)
                self._known[key] = found
            price, reason = found
        per = 100 * product.price_per
        net = divide_half_even(price.net_price_e4 * base, per)
        listed = net
        if price.net_price_e4 != price.list_price_e4:
            listed = divide_half_even(price.list_price_e4 * base, per)
        cost = divide_half_even(product.costs[year - self._first_year] * base, per)
        return PricedLine(product, pack, quantity, price, net, listed - net, cost, reason)

    def _decide(
        self, product: Product, price_list: int, year: int, base: int, running: list[Promo],
        agreed: AgreedPrice | None,
    ) -> tuple[Price, str]:  # fmt: skip
        rules = [ListRule(1, product.prices[price_list][year - self._first_year])]
        if product.break_at:
            rules.append(ListRule(product.break_at, None, BREAK_BP))
        price = decide_price(
            base, rules, (agreed,) if agreed is not None else (),
            [Promotion(p.code, p.name, 1, p.discount_bp) for p in running],
            f"List {LISTS[price_list][0]}",
        )  # fmt: skip
        if price is None:
            raise ValueError(f"{product.sku} has no price in {year}")
        return price, dump_json(price.reason)

"""What other prices would have brought: the lines of a year priced again by the engine of orders.

Owns doing that for millions of lines in exact integers. Every price comes from
:func:`crmdesk.domain.order_pricing.price_order`; only the multiplication with the quantity is done
for many lines at once where a price does not depend on what else is ordered. Documents in which
offers across products can apply, and those that hold a product twice, go through the engine whole.
Reading lines and rules is :mod:`crmdesk.services.queries.price_simulation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crmdesk.domain.money import PRICE_SCALE, currency_exponent
from crmdesk.domain.offers import Bundle, Gift, Mix, Offer
from crmdesk.domain.order_pricing import AskedLine, OrderRules, ProductRules, price_order
from crmdesk.domain.price_book import (
    AgreedRow,
    Buyer,
    CostRow,
    PriceBook,
    ProductRow,
    PromotionRow,
    RuleRow,
)
from crmdesk.domain.price_lists import PriceLists

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Progress = Callable[[int, int], None]
_SAFE = 2**62


class Customer(NamedTuple):
    """Whose lines they are: uid, the uid of the price list it names, segment."""

    account: str
    price_list: str | None
    segment: str | None


@dataclass(frozen=True, slots=True)
class SoldLines:
    """Sale lines, one array per column, of equal length, ordered by ``document``.

    ``account`` and ``product`` are places in the lists of customers and products, ``day`` ordinals
    (proleptic Gregorian), ``quantity`` base units, ``net`` and ``cost`` minor units; a cost that is
    not known is 0 and not ``costed``.
    """

    document: Ints
    account: Ints
    product: Ints
    day: Ints
    quantity: Ints
    net: Ints
    cost: Ints
    costed: Flags

    def __len__(self) -> int:
        return len(self.document)


@dataclass(frozen=True, slots=True)
class Tariff:
    """The rules that price a year: stored rows, lists, and which list stands in for another.

    ``instead(list uid, segment)`` gives the uid of the list whose rules are used.
    """

    products: Sequence[ProductRow]
    rules: Sequence[RuleRow]
    agreed: Sequence[AgreedRow]
    promotions: Sequence[PromotionRow]
    lists: PriceLists
    currency: str
    instead: Callable[[str, str | None], str] = field(default=lambda listed, _segment: listed)

    def book(self) -> PriceBook:
        """The rules as the engine's book."""
        no_costs: tuple[CostRow, ...] = ()
        return PriceBook(self.products, no_costs, self.rules, self.agreed, self.promotions)

    def buyer(self, customer: Customer, day: date) -> Buyer:
        """The customer as the engine sees it on a day."""
        found = self.lists.in_force(customer.price_list, day)
        listed = None if found is None else self.instead(found.uid, customer.segment)
        return Buyer(customer.account, listed, "", customer.segment)


@dataclass(frozen=True, slots=True)
class Repriced:
    """Nets in minor units; where nothing is ``priced`` the rules know no price for the line."""

    net: Ints
    priced: Flags


def reprice(
    lines: SoldLines,
    customers: Sequence[Customer],
    tariff: Tariff,
    progress: Progress = lambda _done, _total: None,
) -> Repriced:
    """Price all lines again. ``progress`` hears lines done and in all, and may raise to stop."""
    work = _Work(lines, customers, tariff)
    whole = work.whole_documents()
    in_whole = np.isin(lines.document, whole)
    done = 0
    alone = np.flatnonzero(~in_whole & (lines.quantity > 0))
    order = alone[np.argsort(lines.product[alone], kind="stable")]
    for first, last in _runs(lines.product[order]):
        work.one_product(order[first:last])
        done += last - first
        progress(done, len(lines))
    for document in whole:
        here = np.arange(
            np.searchsorted(lines.document, document, "left"),
            np.searchsorted(lines.document, document, "right"),
        )
        work.one_document(here)
        done += len(here)
        progress(done, len(lines))
    return Repriced(work.net, work.priced)


class _Work:
    """One re-pricing on its way."""

    def __init__(self, lines: SoldLines, customers: Sequence[Customer], tariff: Tariff) -> None:
        self.lines, self.customers, self.tariff = lines, customers, tariff
        self.book = tariff.book()
        self.net = lines.net.copy()
        self.priced = np.zeros(len(lines), dtype=np.bool_)
        self.minor = 10 ** currency_exponent(tariff.currency)
        self._segments = {row.segment for row in tariff.promotions if row.segment is not None}
        self._buyers: list[Buyer] = []
        self.buyer_at = self._group_buyers()
        self._agreed: dict[str, set[str]] = {}
        for price in tariff.agreed:
            self._agreed.setdefault(price.product, set()).add(price.account)
        self._days: dict[str, set[int]] = {}
        for rule in tariff.rules:
            self._days.setdefault(rule.product, set()).update(
                _edges(rule.valid_from, rule.valid_to)
            )
        for one in tariff.agreed:
            self._days.setdefault(one.product, set()).update(_edges(one.valid_from, one.valid_to))
        self._promotion_days = {
            day for row in tariff.promotions for day in _edges(row.valid_from, row.valid_to)
        }
        self._offers: dict[tuple[int, str | None], tuple[Offer, ...]] = {}
        self.places = {row.product: place for place, row in enumerate(tariff.products)}

    # ------------------------------------------------------------------------------- buyers

    def _group_buyers(self) -> Ints:
        """For each line the place of its buyer among those that prices can tell apart."""
        lines, tariff = self.lines, self.tariff
        named = {one: place for place, one in enumerate({c.price_list for c in self.customers})}
        segments = {one: place for place, one in enumerate({c.segment for c in self.customers})}
        kind = np.array(
            [named[c.price_list] * len(segments) + segments[c.segment] for c in self.customers],
            dtype=np.int64,
        )
        first_day = int(lines.day.min()) if len(lines) else 0
        span = int(lines.day.max()) - first_day + 1 if len(lines) else 1
        keys, inverse = np.unique(
            kind[lines.account] * span + (lines.day - first_day), return_inverse=True
        )
        by_kind = {int(k): c for k, c in zip(kind, self.customers, strict=True)}
        known: dict[tuple[str | None, str | None], int] = {}
        places = np.zeros(len(keys), dtype=np.int64)
        for place, key in enumerate(keys):
            customer = by_kind[int(key) // span]
            day = date.fromordinal(int(key) % span + first_day)
            buyer = tariff.buyer(customer._replace(account=""), day)
            segment = buyer.segment if buyer.segment in self._segments else None
            known.setdefault((buyer.price_list, segment), len(known))
            places[place] = known[buyer.price_list, segment]
        self._buyers = [Buyer("", listed, "", segment) for listed, segment in known]
        return places[inverse]

    def _buyer(self, line: int) -> Buyer:
        buyer: Buyer = self._buyers[int(self.buyer_at[line])]
        customer = self.customers[int(self.lines.account[line])]
        return Buyer(customer.account, buyer.price_list, "", buyer.segment)

    # ------------------------------------------------------------------------- one product

    def one_product(self, at: Ints) -> None:
        """Lines (their places) of one product that no other line of their document concerns."""
        lines = self.lines
        row = self.tariff.products[int(lines.product[at[0]])]
        bounds = np.array(
            sorted(self._promotion_days | self._days.get(row.product, set())), dtype=np.int64
        )
        period = np.searchsorted(bounds, lines.day[at], "right")
        agreed = self._agreed.get(row.product, set())
        has = np.array([c.account in agreed for c in self.customers], dtype=np.bool_)
        own = np.where(has[lines.account[at]], lines.account[at] + 1, 0)
        key = (own * len(self._buyers) + self.buyer_at[at]) * (len(bounds) + 1) + period
        order = np.argsort(key, kind="stable")
        for first, last in _runs(key[order]):
            self._same_rules(row, at[order[first:last]])

    def _same_rules(self, row: ProductRow, at: Ints) -> None:
        """Lines of one product that the same rules hold for."""
        day = date.fromordinal(int(self.lines.day[at[0]]))
        rules = self.book.order_rules(
            self._buyer(int(at[0])), day, [row.product], self.tariff.currency
        )
        alone = OrderRules(rules.products, (), rules.extras, rules.currency)
        quantity = self.lines.quantity[at]
        if self._by_quantity(alone, row) or int(quantity.max()) > 10**9:
            sizes, inverse = np.unique(quantity, return_inverse=True)
            found = [_alone(row.product, int(size), alone) for size in sizes]
            nets = np.array([0 if one is None else one[1] for one in found], dtype=np.int64)
            known = np.array([one is not None for one in found], dtype=np.bool_)
            self._put(at, nets[inverse], known[inverse])
            return
        steps = np.array(_steps(rules.products[row.product]), dtype=np.int64)
        prices = [_alone(row.product, int(step), alone) for step in steps]
        each = np.array([0 if one is None else one[0] for one in prices], dtype=np.int64)
        known = np.array([one is not None for one in prices], dtype=np.bool_)
        if int(each.max()) * int(quantity.max()) * self.minor >= _SAFE:
            raise OverflowError("a price times a quantity is out of reach")
        step = np.searchsorted(steps, quantity, "right") - 1
        nets = _half_even(each[step] * quantity * self.minor, PRICE_SCALE * row.price_per)
        self._put(at, nets, known[step])

    def _by_quantity(self, rules: OrderRules, row: ProductRow) -> bool:
        """True when the price of a unit depends on how many there are beyond the steps."""
        of = rules.products[row.product]
        concerned = any(
            extra.product in (None, of.product) and extra.category in (None, of.category)
            for extra in rules.extras
        )
        return concerned or any(p.buy_quantity and p.free_quantity for p in of.promotions)

    def _put(self, at: Ints, nets: Ints, known: Flags) -> None:
        self.net[at] = np.where(known, nets, self.lines.net[at])
        self.priced[at] = known

    # ----------------------------------------------------------------------- whole documents

    def whole_documents(self) -> Ints:
        """Documents that hold a product twice, or in which an offer across products may apply."""
        lines = self.lines
        sold = lines.quantity > 0
        pair = lines.document * (len(self.tariff.products) + 1) + lines.product
        keys, counts = np.unique(pair[sold], return_counts=True)
        twice = keys[counts > 1] // (len(self.tariff.products) + 1)
        found = [np.unique(twice)]
        spans = (
            {
                (day, self._buyers[place].segment)
                for day, place in zip(
                    *np.unique(np.stack([lines.day, self.buyer_at]), axis=1), strict=True
                )
            }
            if len(lines) and any(_crosses(row) for row in self.tariff.promotions)
            else set()
        )
        for day, segment in spans:
            offers = self.book.order_rules(
                Buyer("", None, "", segment), date.fromordinal(int(day)), (), self.tariff.currency
            ).offers
            if offers:
                self._offers[int(day), segment] = offers
        if self._offers:
            found.append(self._touched_by_offers())
        return np.unique(np.concatenate(found))

    def _touched_by_offers(self) -> Ints:
        lines = self.lines
        touched = np.zeros(len(lines), dtype=np.bool_)
        segments = np.array([str(b.segment) for b in self._buyers])[self.buyer_at]
        order = np.argsort(lines.day, kind="stable")
        days = lines.day[order]
        for (day, segment), offers in self._offers.items():
            first, last = np.searchsorted(days, (day, day + 1))
            here = order[first:last]
            here = here[(segments[here] == str(segment)) & (lines.quantity[here] > 0)]
            for offer in offers:
                touched[here[np.isin(lines.product[here], self._members(offer))]] = True
        return np.unique(lines.document[touched])

    def _members(self, offer: Offer) -> list[int]:
        what = offer.what
        if isinstance(what, Bundle):
            uids: Iterable[str] = (part.product for part in what.parts)
        elif isinstance(what, Gift):
            uids = (what.product, what.free_product)
        else:
            uids = _mixed(what, self.tariff.products)
        return [self.places[uid] for uid in uids if uid in self.places]

    def one_document(self, at: Ints) -> None:
        """The lines of one document, priced by the engine as a whole."""
        lines = self.lines
        sold = [int(line) for line in at if lines.quantity[line] > 0]
        if not sold:
            return
        uids = [self.tariff.products[int(lines.product[line])].product for line in sold]
        rules = self.book.order_rules(
            self._buyer(sold[0]), date.fromordinal(int(lines.day[sold[0]])), uids,
            self.tariff.currency,
        )  # fmt: skip
        asked = [
            AskedLine(uid, int(lines.quantity[line])) for uid, line in zip(uids, sold, strict=True)
        ]
        for line, priced in zip(sold, price_order(asked, rules).lines, strict=True):
            if priced.price.reason.get("code") != "none":
                self.net[line], self.priced[line] = priced.amounts.net_minor, True


def _runs(values: Ints) -> list[tuple[int, int]]:
    """Where each run of equal values begins and ends."""
    starts = np.flatnonzero(np.diff(values, prepend=-1)).tolist()
    return list(zip(starts, [*starts[1:], len(values)][: len(starts)], strict=True))


def _alone(product: str, quantity: int, rules: OrderRules) -> tuple[int, int] | None:
    """Net unit price at 1e-4 and net in minor units of an order of one line; None: no price."""
    line = price_order([AskedLine(product, quantity)], rules).lines[0]
    if line.price.reason.get("code") == "none":
        return None
    return line.price.net_price_e4, line.amounts.net_minor


def _steps(of: ProductRules) -> list[int]:
    """Quantities from which on another unit price may hold."""
    return sorted(
        {1}
        | {max(rule.minimum_quantity, 1) for rule in of.rules}
        | {max(price.minimum_quantity, 1) for price in of.agreed}
        | {max(promotion.minimum_quantity, 1) for promotion in of.promotions}
    )


def _edges(start: date | None, end: date | None) -> Iterable[int]:
    """The days on which a row begins to hold and no longer holds."""
    if start is not None:
        yield start.toordinal()
    if end is not None:
        yield end.toordinal() + 1


def _crosses(row: PromotionRow) -> bool:
    return row.kind in ("bundle", "mix") or row.rule is not None


def _mixed(what: Mix, products: Sequence[ProductRow]) -> Iterable[str]:
    return (
        row.product
        for row in products
        if row.product in what.products or row.category in what.categories
    )


def _half_even(numerator: Ints, denominator: int) -> Ints:
    """As :func:`crmdesk.domain.money.divide_half_even`, for many."""
    quotient, remainder = np.divmod(numerator, denominator)
    twice = 2 * remainder
    up = (twice > denominator) | ((twice == denominator) & (quotient & 1 == 1))
    rounded: Ints = quotient + up
    return rounded

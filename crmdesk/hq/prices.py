"""What HQ's price lists say of orders that come in: the outcome of a price that changed meanwhile.

An order made offline is taken as it was agreed with the customer. Where HQ's prices for its day
are others, the answer says so line by line and the office gets to see it. How a price is decided
is :mod:`crmdesk.domain.pricing`; here its rules are read for many lines at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crmdesk.domain.pricing import AgreedPrice, ListRule, Promotion, decide_price
from crmdesk.hq.store import HqConnection
from crmdesk.sync.merge import Image
from crmdesk.sync.protocol import Collision, Wire

_MOST_LINES = 20
_BY_HAND = frozenset({"manual", "last", "none"})
"""Prices that no list has decided; only their list price is held against HQ's."""

_HEX = "encode(uuid_send({0}),'hex')"

_ACCOUNTS = f"""
SELECT {_HEX.format("a.account_id")}, {_HEX.format("coalesce(a.price_list_id, d.uid)")}, a.segment
FROM account a LEFT JOIN LATERAL (
    SELECT uid FROM price_list WHERE NOT deleted ORDER BY is_default DESC, uid LIMIT 1
) d ON true WHERE a.account_id = ANY(%s::uuid[])
"""
_RULES = f"""
SELECT {_HEX.format("price_list_id")}, {_HEX.format("product_id")}, minimum_quantity, price_e4,
       discount_bp, valid_from, valid_to
FROM price_rule WHERE NOT deleted AND product_id = ANY(%s::uuid[])
"""
_AGREED = f"""
SELECT {_HEX.format("account_id")}, {_HEX.format("product_id")}, minimum_quantity, price_e4,
       valid_from, valid_to
FROM account_price WHERE NOT deleted AND account_id = ANY(%s::uuid[])
  AND product_id = ANY(%s::uuid[])
"""
_PROMOTIONS = f"""
SELECT {_HEX.format("p.uid")}, o.code, o.name, o.minimum_quantity, o.discount_bp, o.buy_quantity,
       o.free_quantity, o.segment, o.valid_from, o.valid_to
FROM promotion o JOIN product p ON p.uid = o.product_id OR p.category_id = o.category_id
WHERE NOT o.deleted AND p.uid = ANY(%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class _Book:
    """The rules for some accounts and products, not yet limited to a day."""

    accounts: dict[str, tuple[str | None, str | None]]
    skus: dict[str, str]
    rules: dict[tuple[str, str], list[tuple[Any, ...]]]
    agreed: dict[tuple[str, str], list[tuple[Any, ...]]]
    promotions: dict[str, list[tuple[Any, ...]]]

    def price(self, account: str, product: str, quantity: int, day: date) -> tuple[int, int] | None:
        """List and net price at 1e-4 for so many base units; None where HQ knows no price."""
        price_list, segment = self.accounts.get(account, (None, None))
        newest: dict[tuple[int, bool], ListRule] = {}
        # Of two rules for the same quantity the younger one holds, as on the laptop.
        listed = sorted(
            (r for r in self.rules.get((price_list or "", product), []) if _holds(r, day)),
            key=lambda r: r[3] or date.min,
            reverse=True,
        )
        for minimum, price, discount, _start, _end in listed:
            newest.setdefault((minimum, price is None), ListRule(minimum, price, discount))
        agreed = [
            AgreedPrice(r[0], r[1], r[3])
            for r in self.agreed.get((account, product), [])
            if _holds(r, day)
        ]
        promotions = [
            Promotion(*r[:6])
            for r in self.promotions.get(product, [])
            if _holds(r, day) and r[6] in {None, segment}
        ]
        found = decide_price(
            quantity, sorted(newest.values(), key=lambda r: r.minimum_quantity), agreed, promotions
        )
        return None if found is None else (found.list_price_e4, found.net_price_e4)


def _holds(row: Sequence[Any], day: date) -> bool:
    start, end = row[-2], row[-1]
    return (start is None or start <= day) and (end is None or end >= day)


def differing_prices(
    connection: HqConnection, orders: Mapping[str, Image]
) -> dict[str, list[Collision]]:
    """By order (uid): lines whose price is another one at HQ for the order's day.

    ``orders`` are images with their lines. ``mine`` and ``theirs`` are net prices at 1e-4 (list
    prices where the rep set the price by hand); ``base`` names line and SKU.
    """
    lines = {
        uid: [line for line in image.lines or [] if isinstance(line.get("product_id"), str)]
        for uid, image in orders.items()
    }
    products = {str(line["product_id"]) for found in lines.values() for line in found}
    if not products:
        return {}
    accounts = {str(image.values["account_id"]) for image in orders.values()}
    book = _read(connection, sorted(accounts), sorted(products))
    differing: dict[str, list[Collision]] = {}
    for uid, image in orders.items():
        found = list(_of_order(book, image, lines[uid]))
        if found:
            differing[uid] = found[:_MOST_LINES]
    return differing


def _of_order(
    book: _Book, image: Image, lines: Sequence[Mapping[str, Wire]]
) -> Iterable[Collision]:
    day = date.fromisoformat(str(image.values["order_date"]))
    account = str(image.values["account_id"])
    for position, line in enumerate(lines, start=1):
        product, quantity = str(line["product_id"]), line.get("base_quantity") or 0
        price = book.price(account, product, int(quantity), day)
        if price is None:
            continue
        reason = line.get("price_reason")
        code = reason.get("code") if isinstance(reason, dict) else None
        column, theirs = ("net_price_e4", price[1])
        if code in _BY_HAND:
            column, theirs = ("list_price_e4", price[0])
        mine = line.get(column)
        if code is not None and mine != theirs:
            base = {"line": position, "sku": book.skus.get(product, "")}
            yield Collision(column, base, mine, theirs, "mine", "price")


def _read(connection: HqConnection, accounts: list[str], products: list[str]) -> _Book:
    run = connection.execute
    skus = run(
        f"SELECT {_HEX.format('uid')}, sku FROM product WHERE uid = ANY(%s::uuid[])", (products,)
    )
    book = _Book({}, dict(skus.fetchall()), {}, {}, {})
    for account, price_list, segment in run(_ACCOUNTS, (accounts,)):
        book.accounts[account] = (price_list, segment)
    for price_list, product, *rest in run(_RULES, (products,)):
        book.rules.setdefault((price_list, product), []).append(tuple(rest))
    for account, product, *rest in run(_AGREED, (accounts, products)):
        book.agreed.setdefault((account, product), []).append(tuple(rest))
    for product, *rest in run(_PROMOTIONS, (products,)):
        book.promotions.setdefault(product, []).append(tuple(rest))
    return book

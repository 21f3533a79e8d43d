"""What HQ's price lists say of orders and quotes that come in: what becomes of changed prices.

An order or a quote made offline is taken as it was agreed with the customer. Where HQ's prices for
its day are others, the answer says so line by line and the office gets to see it. Orders are priced
whole, by the same code as on the laptop (:mod:`crmdesk.domain.order_pricing`); here its rules are
read for many orders at once. What was agreed in a quote that holds is the right price of its order.
Promotions that cannot be meant are turned away here, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from crmdesk.domain.money import discounted_price_e4
from crmdesk.domain.offers import InvalidRule, PromotionTerms, read_offer
from crmdesk.domain.order_pricing import (
    AskedLine,
    OrderRules,
    PricedLine,
    PricedOrder,
    price_order,
)
from crmdesk.domain.price_book import (
    AgreedRow,
    Buyer,
    CostRow,
    PriceBook,
    ProductRow,
    PromotionRow,
    RuleRow,
)
from crmdesk.domain.price_lists import ListRow, PriceLists
from crmdesk.domain.pricing import Price, base_price
from crmdesk.domain.quote_rules import QuotedLine, holds, quoted_price
from crmdesk.hq.access import auth
from crmdesk.hq.database.store import HqConnection
from crmdesk.i18n import _
from crmdesk.sync.merge import Image, RefusedOp
from crmdesk.sync.protocol import Collision, Wire

_MOST_LINES = 20
_BY_HAND = frozenset({"manual", "last", "none"})
"""Prices that no list has decided; only their list price is held against HQ's."""

_HEX = "encode(uuid_send({0}),'hex')"

_ACCOUNTS = f"""
SELECT {_HEX.format("account_id")}, {_HEX.format("price_list_id")}, segment
FROM account WHERE account_id = ANY(%s::uuid[])
"""
_LISTS = f"""
SELECT {_HEX.format("uid")}, name, status, {_HEX.format("replaces_uid")}, valid_from, valid_to,
       is_default
FROM price_list WHERE NOT deleted
"""
_PRODUCTS = f"""
SELECT {_HEX.format("p.uid")}, {_HEX.format("p.category_id")}, p.price_per,
       coalesce(t.rate_bp, 0), p.sku
FROM product p LEFT JOIN tax_rate t ON t.uid = p.tax_rate_id WHERE p.uid = ANY(%s::uuid[])
"""
_COSTS = f"""
SELECT {_HEX.format("product_id")}, cost_e4, valid_from FROM cost_version
WHERE NOT deleted AND product_id = ANY(%s::uuid[])
"""
_RULES = f"""
SELECT {_HEX.format("uid")}, {_HEX.format("price_list_id")}, {_HEX.format("product_id")},
       minimum_quantity, price_e4, discount_bp, valid_from, valid_to
FROM price_rule WHERE NOT deleted AND product_id = ANY(%s::uuid[])
  AND price_list_id = ANY(%s::uuid[])
"""
_AGREED = f"""
SELECT {_HEX.format("uid")}, {_HEX.format("account_id")}, {_HEX.format("product_id")},
       minimum_quantity, price_e4, valid_from, valid_to
FROM account_price WHERE NOT deleted AND account_id = ANY(%s::uuid[])
  AND product_id = ANY(%s::uuid[])
"""
_PROMOTIONS = f"""
SELECT code, name, kind, {_HEX.format("product_id")}, {_HEX.format("category_id")}, segment,
       discount_bp, buy_quantity, free_quantity, minimum_quantity, rule, valid_from, valid_to
FROM promotion WHERE NOT deleted AND (valid_from IS NULL OR valid_from <= %s)
  AND (valid_to IS NULL OR valid_to >= %s)
"""
_QUOTED = f"""
SELECT {_HEX.format("q.uid")}, {_HEX.format("q.account_id")}, q.currency, q.status, q.valid_until,
       q.number, {_HEX.format("l.product_id")}, l.base_quantity, l.list_price_e4, l.net_price_e4,
       l.net_minor
FROM quote q JOIN quote_line l ON l.account_id = q.account_id AND l.parent_uid = q.uid
WHERE q.uid = ANY(%s::uuid[]) AND NOT q.deleted ORDER BY l.position DESC
"""


@dataclass(frozen=True, slots=True)
class _Order:
    """An order or quote that has come in: for whom, of which day, its lines that name a product."""

    account: str
    day: date
    currency: str
    lines: tuple[Mapping[str, Wire], ...]


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A line of a quote, and what decides whether it can be ordered as agreed."""

    account: str
    currency: str
    status: str
    valid_until: date | None
    line: QuotedLine


@dataclass(frozen=True, slots=True)
class _Known:
    """What HQ knows about the orders' customers and products."""

    book: PriceBook
    lists: PriceLists
    accounts: Mapping[str, tuple[str | None, str | None]]
    skus: Mapping[str, str]
    quoted: Mapping[tuple[str, str], _Quoted]

    def buyer(self, order: _Order) -> Buyer:
        """Who buys: the version of its price list that holds on the order's day, and segment."""
        named, segment = self.accounts.get(order.account, (None, None))
        found = self.lists.in_force(named, order.day) if order.account in self.accounts else None
        if found is None:
            return Buyer(order.account, None, "", segment)
        return Buyer(order.account, found.uid, found.name, segment)


def differing_prices(
    connection: HqConnection, orders: Mapping[str, Image], most_discount_bp: int = 10_000
) -> dict[str, list[Collision]]:
    """By order (uid): lines whose price is another one at HQ for the order's day.

    ``orders`` are images of orders or quotes with their lines. ``mine`` and ``theirs`` are net
    prices at 1e-4 (list prices where the rep set the price by hand); ``base`` names line and SKU.
    A line whose price is right and whose amount is not differs in ``net_minor`` (minor units).
    ``most_discount_bp`` is what the writer may take off a list price by hand; of a line that is
    cheaper ``theirs`` is the least price.
    """
    read = {uid: _order(image) for uid, image in orders.items()}
    if not any(order.lines for order in read.values()):
        return {}
    known = _read(connection, list(read.values()))
    differing: dict[str, list[Collision]] = {}
    for uid, order in read.items():
        found = list(_of_order(known, order, most_discount_bp))
        if found:
            differing[uid] = found[:_MOST_LINES]
    return differing


def priced_orders(connection: HqConnection, orders: Mapping[str, Image]) -> dict[str, PricedOrder]:
    """By uid what orders cost by HQ's own rules; ``orders`` are images with their lines."""
    read = {uid: _order(image) for uid, image in orders.items()}
    if not read:
        return {}
    known = _read(connection, list(read.values()))
    return {uid: _price(known, order) for uid, order in read.items()}


def check_promotion(image: Image) -> None:
    """Refuse a promotion whose rule document cannot be meant."""
    values = image.values
    if values.get("rule") is None:
        return
    terms = PromotionTerms(
        str(values.get("code")), str(values.get("name")), str(values.get("kind")),
        _text(values.get("product_id")), _text(values.get("category_id")),
        _whole(values.get("discount_bp")), _whole(values.get("buy_quantity")),
        _whole(values.get("free_quantity")), _whole(values.get("minimum_quantity")) or 1,
    )  # fmt: skip
    try:
        read_offer(terms, values["rule"])
    except InvalidRule as error:
        raise RefusedOp(
            "invalid-rule",
            _("The promotion {code} cannot be understood: {field}.").format(
                code=terms.code, field=error.field
            ),
        ) from error


def _order(image: Image) -> _Order:
    values = image.values
    lines = tuple(line for line in image.lines or () if isinstance(line.get("product_id"), str))
    day = date.fromisoformat(str(values.get("order_date") or values.get("quote_date")))
    return _Order(str(values["account_id"]), day, str(values.get("currency") or "EUR"), lines)


def _price(known: _Known, order: _Order) -> PricedOrder:
    buyer = known.buyer(order)
    products = {str(line["product_id"]) for line in order.lines}
    rules = known.book.order_rules(buyer, order.day, products, order.currency)
    return price_order([_asked(line, known, order, rules) for line in order.lines], rules)


def _asked(line: Mapping[str, Wire], known: _Known, order: _Order, rules: OrderRules) -> AskedLine:
    fixed = None
    if _code(line) == "quoted":
        agreed = _as_quoted(line, known, order, rules)
        if agreed is not None:
            return agreed
    if _code(line) in _BY_HAND:
        listed, net = _whole(line.get("list_price_e4")) or 0, _whole(line.get("net_price_e4")) or 0
        fixed = Price(listed, net, _whole(line.get("discount_bp")) or 0)
    return AskedLine(str(line["product_id"]), _whole(line.get("base_quantity")) or 0, fixed)


def _as_quoted(
    line: Mapping[str, Wire], known: _Known, order: _Order, rules: OrderRules
) -> AskedLine | None:
    """The line as HQ knows it from the quote; None where that does not hold (any more)."""
    product, reason = str(line["product_id"]), line.get("price_reason")
    uid = str(reason.get("uid")) if isinstance(reason, dict) else ""
    found, of = known.quoted.get((uid, product)), rules.products.get(product)
    if found is None or of is None:
        return None
    if (found.account, found.currency) != (order.account, order.currency):
        return None
    if not holds(found.status, found.valid_until, order.day):
        return None
    wanted = _whole(line.get("base_quantity")) or 0
    agreed = quoted_price(found.line, wanted, of.price_per, order.currency)
    return None if agreed is None else AskedLine(product, wanted, *agreed)


def _code(line: Mapping[str, Wire]) -> object:
    reason = line.get("price_reason")
    return reason.get("code") if isinstance(reason, dict) else None


def _of_order(known: _Known, order: _Order, most_discount_bp: int) -> Iterable[Collision]:
    priced = _price(known, order)
    for position, (line, here) in enumerate(zip(order.lines, priced.lines, strict=True), start=1):
        code = _code(line)
        if code is None:
            continue
        base = {"line": position, "sku": known.skus.get(here.product, "")}
        held = _held_against(known, order, line, here)
        if code == "manual":
            held += _least_price(line, most_discount_bp)
        for column, theirs in held:
            if line.get(column) != theirs:
                yield Collision(column, base, line.get(column), theirs, "mine", "price")
                break


def _least_price(line: Mapping[str, Wire], most_discount_bp: int) -> list[tuple[str, int]]:
    """The least price a person may give by hand, where a line is below it."""
    least = discounted_price_e4(_whole(line.get("list_price_e4")) or 0, most_discount_bp)
    return [("net_price_e4", least)] if (_whole(line.get("net_price_e4")) or 0) < least else []


def _held_against(
    known: _Known, order: _Order, line: Mapping[str, Wire], here: PricedLine
) -> list[tuple[str, int]]:
    """Columns of a line with HQ's values; none where HQ knows no price."""
    if _code(line) in _BY_HAND:
        buyer = known.buyer(order)
        rules = known.book.order_rules(buyer, order.day, [here.product], order.currency)
        of = rules.products.get(here.product)
        listed = base_price(here.base_quantity, of.rules, of.agreed) if of is not None else None
        return [] if listed is None else [("list_price_e4", listed.list_price_e4)]
    if here.price.reason.get("code") == "none":
        return []
    return [("net_price_e4", here.price.net_price_e4), ("net_minor", here.amounts.net_minor)]


def _read(connection: HqConnection, orders: Sequence[_Order]) -> _Known:
    accounts = sorted({order.account for order in orders})
    products = sorted({str(line["product_id"]) for order in orders for line in order.lines})
    days = [order.day for order in orders]
    run = connection.execute
    named = {row[0]: (row[1], row[2]) for row in run(_ACCOUNTS, (accounts,))}
    lists = PriceLists(ListRow(*row) for row in run(_LISTS))
    held = {
        one.uid
        for order in orders
        if (one := lists.in_force(named.get(order.account, (None, None))[0], order.day))
    }
    found = run(_PRODUCTS, (products,)).fetchall()
    book = PriceBook(
        (ProductRow(*row[:4]) for row in found),
        (CostRow(*row) for row in run(_COSTS, (products,))),
        (RuleRow(*row) for row in run(_RULES, (products, sorted(held)))),
        (AgreedRow(*row) for row in run(_AGREED, (accounts, products))),
        [PromotionRow(*row) for row in run(_PROMOTIONS, (max(days), min(days)))],
    )
    quoted = _read_quoted(connection, orders)
    return _Known(book, lists, named, {row[0]: row[4] for row in found}, quoted)


def _read_quoted(
    connection: HqConnection, orders: Sequence[_Order]
) -> dict[tuple[str, str], _Quoted]:
    reasons = [line.get("price_reason") for order in orders for line in order.lines]
    named = {
        str(reason.get("uid"))
        for reason in reasons
        if isinstance(reason, dict) and reason.get("code") == "quoted"
    }
    uids = sorted(uid for uid in named if auth.is_uid(uid))
    if not uids:
        return {}
    return {
        (row[0], row[6]): _Quoted(
            row[1], row[2], row[3], row[4], QuotedLine(row[0], row[5], *row[6:])
        )
        for row in connection.execute(_QUOTED, (uids,))
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

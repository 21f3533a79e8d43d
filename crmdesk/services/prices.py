"""Prices for a customer on a day: reads the rules of an order's products, puts reasons in words.

What an order costs by these rules is :mod:`crmdesk.domain.order_pricing`; which stored rule counts
on a day is :mod:`crmdesk.domain.price_book`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.errors import NotFound
from crmdesk.domain.money import PRICE_SCALE, currency_exponent, divide_half_even
from crmdesk.domain.order_pricing import OrderRules
from crmdesk.domain.price_book import (
    AgreedRow,
    Buyer,
    CostRow,
    PriceBook,
    ProductRow,
    PromotionRow,
    RuleRow,
    gift_products,
)
from crmdesk.domain.price_lists import ListRow, PriceLists
from crmdesk.domain.pricing import Price
from crmdesk.i18n import _, format_date, format_number, format_percent

_MOST_E4 = 10**11
"""Ten million a unit: what an absurd import says beyond it is no price to go by."""

_PROMOTIONS = (
    "SELECT o.code, o.name, o.kind, nullif(lower(hex(p.uid)), ''), nullif(lower(hex(c.uid)), ''),"
    " o.segment, o.discount_bp, o.buy_quantity, o.free_quantity, o.minimum_quantity, o.rule,"
    " o.valid_from, o.valid_to FROM promotion o LEFT JOIN product p ON p.id = o.product_id"
    " LEFT JOIN category c ON c.id = o.category_id"
    " WHERE (o.valid_from IS NULL OR o.valid_from <= :day)"
    " AND (o.valid_to IS NULL OR o.valid_to >= :day)"
    " AND (o.segment IS NULL OR o.segment = :segment)"
)
_PRODUCTS = (
    "SELECT lower(hex(p.uid)), nullif(lower(hex(c.uid)), ''), p.price_per, coalesce(t.rate_bp, 0),"
    " p.id FROM product p"
    " LEFT JOIN tax_rate t ON t.id = p.tax_rate_id LEFT JOIN category c ON c.id = p.category_id"
    " WHERE p.id IN (SELECT value FROM json_each(:ids)) OR p.uid IN (SELECT unhex(value)"
    " FROM json_each(:gifts))"
)
_COSTS = (
    "SELECT product_id, cost_e4, valid_from FROM cost_version"
    " WHERE product_id IN (SELECT value FROM json_each(:ids)) AND valid_from <= :day"
)
_RULES = (
    "SELECT lower(hex(uid)), product_id, minimum_quantity, price_e4, discount_bp, valid_from,"
    " valid_to FROM price_rule WHERE price_list_id = :price_list"
    " AND product_id IN (SELECT value FROM json_each(:ids))"
    " AND (valid_from IS NULL OR valid_from <= :day) AND (valid_to IS NULL OR valid_to >= :day)"
)
_AGREED = (
    "SELECT lower(hex(uid)), product_id, minimum_quantity, price_e4, valid_from, valid_to"
    " FROM account_price WHERE account_id = :account"
    " AND product_id IN (SELECT value FROM json_each(:ids))"
    " AND (valid_from IS NULL OR valid_from <= :day) AND (valid_to IS NULL OR valid_to >= :day)"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is needed to price any product for one customer on one day."""

    account_id: int
    price_list_id: int | None
    buyer: Buyer
    day: date


def terms_of(connection: Connection, account_id: int, day: date) -> Terms:
    """The terms of a customer: the version of its price list that holds, or the default one's."""
    row = connection.exec_driver_sql(
        "SELECT a.segment, lower(hex(a.uid)), lower(hex(l.uid)) FROM account a"
        " LEFT JOIN price_list l ON l.id = a.price_list_id WHERE a.id = ?",
        (account_id,),
    ).first()
    if row is None:
        raise NotFound(_("This customer is no longer here."), _("Choose another one."))
    segment, uid, named = row
    lists, ids = price_lists(connection)
    found = lists.in_force(named or None, day)
    if found is None:
        return Terms(account_id, None, Buyer(uid, None, "", segment), day)
    return Terms(account_id, ids[found.uid], Buyer(uid, found.uid, found.name, segment), day)


def price_lists(connection: Connection) -> tuple[PriceLists, dict[str, int]]:
    """All price lists, and their local ids by uid."""
    rows = connection.exec_driver_sql(
        "SELECT lower(hex(uid)), name, status, nullif(lower(hex(replaces_uid)), ''), valid_from,"
        " valid_to, is_default, id FROM price_list"
    ).all()
    lists = PriceLists(
        ListRow(uid, name, status, replaces, _day(start), _day(end), bool(default))
        for uid, name, status, replaces, start, end, default, _key in rows
    )
    return lists, {row[0]: int(row[7]) for row in rows}


@dataclass(frozen=True, slots=True)
class KnownRules:
    """Rules of an order, with the local ids of its products and their uids both ways."""

    rules: OrderRules
    uids: Mapping[int, str]
    ids: Mapping[str, int]


def read_rules(
    connection: Connection, terms: Terms, products: Collection[int], currency: str
) -> KnownRules:
    """Everything that decides what these products cost; gifts that promotions know included."""
    day = terms.day.isoformat()
    run = connection.exec_driver_sql
    found = run(_PROMOTIONS, {"day": day, "segment": terms.buyer.segment})
    promotions = [_promotion(row) for row in found]
    gifts = json.dumps(sorted(gift_products(promotions)))
    rows = run(_PRODUCTS, {"ids": json.dumps(list(products)), "gifts": gifts}).all()
    uids = {int(row[4]): str(row[0]) for row in rows}
    keys: dict[str, Any] = {
        "day": day, "ids": json.dumps(list(uids)), "account": terms.account_id,
        "price_list": terms.price_list_id,
    }  # fmt: skip
    listed, account = terms.buyer.price_list or "", terms.buyer.account
    book = PriceBook(
        (ProductRow(*row[:4]) for row in rows),
        (
            CostRow(uids[product], cost, date.fromisoformat(start))
            for product, cost, start in run(_COSTS, keys)
        ),
        (
            RuleRow(uid, listed, uids[product], minimum, price, discount, _day(start), _day(end))
            for uid, product, minimum, price, discount, start, end in run(_RULES, keys)
        ),
        (
            AgreedRow(uid, account, uids[product], minimum, price, _day(start), _day(end))
            for uid, product, minimum, price, start, end in run(_AGREED, keys)
        ),
        promotions,
    )
    rules = book.order_rules(terms.buyer, terms.day, uids.values(), currency)
    return KnownRules(rules, uids, {uid: key for key, uid in uids.items()})


def _promotion(row: Sequence[Any]) -> PromotionRow:
    rule, start, end = row[10:13]
    return PromotionRow._make((*row[:10], _document(rule), _day(start), _day(end)))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _document(text: str | None) -> object:
    return None if text is None else json.loads(text)


def last_paid(
    connection: Connection, terms: Terms, product_id: int, price_per: int, currency: str
) -> Price | None:
    """What this customer paid for a product the last time; None when never bought in ``currency``.

    For products no price list knows, as in a profile that has imported only its sales.
    """
    row = connection.exec_driver_sql(
        "SELECT l.net_minor, l.base_quantity FROM sale s JOIN sale_line l ON l.parent_id = s.id"
        " WHERE s.account_id = ? AND l.product_id = ? AND s.kind = 'sale' AND s.currency = ?"
        " AND l.base_quantity > 0 AND l.net_minor > 0 ORDER BY s.date DESC, s.id DESC LIMIT 1",
        (terms.account_id, product_id, currency),
    ).first()
    if row is None:
        return None
    net_minor, quantity = row
    unit_e4 = divide_half_even(
        net_minor * price_per * PRICE_SCALE, quantity * 10 ** currency_exponent(currency)
    )
    if not 0 < unit_e4 <= _MOST_E4:
        return None
    return Price(unit_e4, unit_e4, 0, 0, {"code": "last"})


def reason_words(reason: Mapping[str, Any] | None, discount_bp: int) -> str:
    """The reason of a price as people read it: ``List B``, ``10+ −6 %``, ``Agreed to 31 Dec``.

    Empty for a line without any price (code "none"). Several reasons stand beside each other, the
    loudest first.
    """
    if not reason:
        return ""
    parts = reason.get("parts")
    if isinstance(parts, list) and parts:
        return " · ".join(_part_words(part) for part in parts if isinstance(part, Mapping))
    return _one_reason(reason, discount_bp)


def _part_words(reason: Mapping[str, Any]) -> str:
    quantity = reason.get("quantity")
    words = _one_reason(reason, 0)
    if quantity is None or reason.get("code") == "gift":
        return words
    return _("{count} at {reason}").format(count=format_number(int(quantity)), reason=words)


def _one_reason(reason: Mapping[str, Any], discount_bp: int) -> str:
    code = reason.get("code")
    off = "\u2212" + format_percent(discount_bp / 10_000) if discount_bp > 0 else ""
    if code == "agreed":
        until = reason.get("until")
        if isinstance(until, str):
            return _("Agreed to {date}").format(date=format_date(date.fromisoformat(until)))
        return _("Agreed price")
    if code == "break":
        return _("{quantity}+ units {off}").format(quantity=reason.get("from", ""), off=off).strip()
    if code in ("promotion", "gift") and reason.get("free"):
        return _("{name}: {count} free").format(
            name=reason.get("name", ""), count=format_number(int(reason["free"]))
        )
    if code in ("promotion", "bundle", "mix"):
        return f"{reason.get('name', '')} {off}".strip()
    if code == "extra":
        more = "\u2212" + format_percent(int(reason.get("off", 0)) / 10_000)
        return f"{reason.get('name', '')} {more}".strip()
    if code == "last":
        return _("Last price paid")
    if code == "quoted":
        return _("Agreed in quote {number}").format(number=reason.get("quote", ""))
    if code == "manual":
        return _("By hand {off}").format(off=off).strip()
    return str(reason.get("list", ""))

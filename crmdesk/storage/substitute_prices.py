"""What a substitute costs a customer who has so far bought what it replaces.

Owns the price by which the worth of a forecast is reckoned where the history is another product's:
the substitute's own last price with this customer, else what is agreed or listed for it on the day.
What the former product cost says nothing about it. Promotions are left out: they are of a day, the
purchase is to come.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from crmdesk.domain.money import currency_exponent
from crmdesk.domain.price_book import AgreedRow, Buyer, PriceBook, ProductRow, RuleRow
from crmdesk.domain.price_lists import ListRow, PriceLists
from crmdesk.domain.pricing import base_price

_IDS = "(SELECT value FROM json_each(?))"


class Share(NamedTuple):
    """A price as an amount for a number of base units: minor units, base units."""

    net_minor: int
    quantity: int


def listed_prices(
    connection: Connection, wanted: Sequence[tuple[int, int, int]], day: date
) -> list[Share | None]:
    """The agreed or listed price of each (account, product, base units); None where there is none.

    The amount may be that of a large number of units, so that no fraction is lost.
    """
    if not wanted:
        return []
    run = connection.connection.cursor().execute
    company = run("SELECT currency FROM organisation ORDER BY id LIMIT 1").fetchone()
    currency = str((company and company[0]) or "EUR")
    unit = 10 ** (4 - currency_exponent(currency))
    buyers = _buyers(connection, {account for account, _product, _quantity in wanted}, day)
    book, uids = _book(connection, wanted, buyers.values())
    found: list[Share | None] = []
    for account, product, quantity in wanted:
        buyer, uid = buyers.get(account), uids.get(product)
        if buyer is None or uid is None:
            found.append(None)
            continue
        rules = book.order_rules(buyer, day, (uid,), currency).products[uid]
        price = base_price(quantity, rules.rules, rules.agreed)
        known = price is not None and price.net_price_e4 > 0
        found.append(Share(price.net_price_e4, rules.price_per * unit) if known and price else None)
    return found


def _buyers(connection: Connection, accounts: Iterable[int], day: date) -> dict[int, Buyer]:
    """The customers with the version of their price list that holds on the day."""
    run = connection.connection.cursor().execute
    lists = PriceLists(
        ListRow(uid, name, status, replaces, _day(start), _day(end), bool(default))
        for uid, name, status, replaces, start, end, default in run(
            "SELECT lower(hex(uid)), name, status, nullif(lower(hex(replaces_uid)), ''),"
            " valid_from, valid_to, is_default FROM price_list"
        ).fetchall()
    )
    rows = run(
        "SELECT a.id, lower(hex(a.uid)), nullif(lower(hex(l.uid)), '') FROM account a"
        f" LEFT JOIN price_list l ON l.id = a.price_list_id WHERE a.id IN {_IDS}",
        (json.dumps(sorted(accounts)),),
    ).fetchall()
    # Thousands of customers share a few lists.
    holding = {named: lists.in_force(named, day) for named in {row[2] for row in rows}}
    return {
        key: Buyer(uid, None if (one := holding[named]) is None else one.uid, "", None)
        for key, uid, named in rows
    }


def _book(
    connection: Connection, wanted: Sequence[tuple[int, int, int]], buyers: Iterable[Buyer]
) -> tuple[PriceBook, dict[int, str]]:
    """What is listed and agreed for the products, and their uids."""
    run = connection.connection.cursor().execute
    products = json.dumps(sorted({product for _account, product, _quantity in wanted}))
    accounts = json.dumps(sorted({account for account, _product, _quantity in wanted}))
    lists = json.dumps(sorted({buyer.price_list for buyer in buyers if buyer.price_list}))
    goods = run(
        f"SELECT id, lower(hex(uid)), price_per FROM product WHERE id IN {_IDS}", (products,)
    ).fetchall()
    uids = {int(key): str(uid) for key, uid, _per in goods}
    rules = run(
        "SELECT lower(hex(r.uid)), lower(hex(l.uid)), r.product_id, r.minimum_quantity,"
        " r.price_e4, r.discount_bp, r.valid_from, r.valid_to FROM price_rule r"
        f" JOIN price_list l ON l.id = r.price_list_id WHERE r.product_id IN {_IDS}"
        f" AND lower(hex(l.uid)) IN {_IDS}",
        (products, lists),
    ).fetchall()
    agreed = run(
        "SELECT lower(hex(p.uid)), lower(hex(a.uid)), p.product_id, p.minimum_quantity,"
        " p.price_e4, p.valid_from, p.valid_to FROM account_price p"
        f" JOIN account a ON a.id = p.account_id WHERE p.product_id IN {_IDS}"
        f" AND p.account_id IN {_IDS}",
        (products, accounts),
    ).fetchall()
    book = PriceBook(
        (ProductRow(uid, None, per, 0) for _key, uid, per in goods),
        (),
        (
            RuleRow(uid, of, uids[product], minimum, price, off, _day(start), _day(end))
            for uid, of, product, minimum, price, off, start, end in rules
        ),
        (
            AgreedRow(uid, account, uids[product], minimum, price, _day(start), _day(end))
            for uid, account, product, minimum, price, start, end in agreed
        ),
        (),
    )
    return book, uids


def _day(text: str | None) -> date | None:
    return None if not text else date.fromisoformat(text)

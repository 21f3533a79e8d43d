"""Prices for a customer on a day: reads the rules and lets :mod:`crmdesk.domain.pricing` decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.errors import NotFound
from crmdesk.domain.money import PRICE_SCALE, currency_exponent, divide_half_even
from crmdesk.domain.pricing import AgreedPrice, ListRule, Price, Promotion, decide_price
from crmdesk.i18n import _, format_date, format_percent

_MOST_E4 = 10**11
"""Ten million a unit: what an absurd import says beyond it is no price to go by."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is needed to price any product for one customer on one day."""

    account_id: int
    price_list_id: int | None
    price_list_name: str
    segment: str | None
    day: date


@dataclass(frozen=True, slots=True)
class ProductPricing:
    """Everything that decides a product's price, cost and tax for these terms."""

    rules: tuple[ListRule, ...]
    agreed: tuple[AgreedPrice, ...]
    promotions: tuple[Promotion, ...]
    price_per: int
    tax_bp: int
    cost_e4: int
    list_name: str

    def price(self, base_quantity: int) -> Price | None:
        """The price of so many base units; None when the product has none."""
        return decide_price(base_quantity, self.rules, self.agreed, self.promotions, self.list_name)


def terms_of(connection: Connection, account_id: int, day: date) -> Terms:
    """The terms of a customer: its price list, or the default one."""
    row = connection.exec_driver_sql(
        "SELECT a.price_list_id, a.segment, l.name FROM account a"
        " LEFT JOIN price_list l ON l.id = a.price_list_id WHERE a.id = ?",
        (account_id,),
    ).first()
    if row is None:
        raise NotFound(_("This customer is no longer here."), _("Choose another one."))
    list_id, segment, name = row
    if list_id is None:
        default = connection.exec_driver_sql(
            "SELECT id, name FROM price_list ORDER BY is_default DESC, uid LIMIT 1"
        ).first()
        list_id, name = default if default is not None else (None, "")
    return Terms(account_id, list_id, name or "", segment, day)


def pricing_of(connection: Connection, terms: Terms, product_id: int) -> ProductPricing:
    """Rules, agreed prices and promotions of one product that hold on the day."""
    day = terms.day.isoformat()
    product = connection.exec_driver_sql(
        "SELECT p.price_per, coalesce(t.rate_bp, 0), p.category_id, coalesce((SELECT cost_e4"
        " FROM cost_version c WHERE c.product_id = p.id AND c.valid_from <= ?"
        " ORDER BY c.valid_from DESC LIMIT 1), 0)"
        " FROM product p LEFT JOIN tax_rate t ON t.id = p.tax_rate_id WHERE p.id = ?",
        (day, product_id),
    ).one()
    rules = connection.exec_driver_sql(
        "SELECT minimum_quantity, price_e4, discount_bp FROM price_rule WHERE price_list_id = ?"
        " AND product_id = ? AND (valid_from IS NULL OR valid_from <= ?)"
        " AND (valid_to IS NULL OR valid_to >= ?) ORDER BY minimum_quantity, valid_from DESC",
        (terms.price_list_id, product_id, day, day),
    ).all()
    newest: dict[tuple[int, bool], ListRule] = {}
    for minimum, price, discount in rules:
        newest.setdefault((minimum, price is None), ListRule(minimum, price, discount))
    agreed = connection.exec_driver_sql(
        "SELECT minimum_quantity, price_e4, valid_to FROM account_price WHERE account_id = ?"
        " AND product_id = ? AND (valid_from IS NULL OR valid_from <= ?)"
        " AND (valid_to IS NULL OR valid_to >= ?)",
        (terms.account_id, product_id, day, day),
    ).all()
    promotions = connection.exec_driver_sql(
        "SELECT code, name, minimum_quantity, discount_bp, buy_quantity, free_quantity"
        " FROM promotion WHERE (product_id = ? OR category_id = ?)"
        " AND (segment IS NULL OR segment = ?) AND (valid_from IS NULL OR valid_from <= ?)"
        " AND (valid_to IS NULL OR valid_to >= ?)",
        (product_id, product[2], terms.segment, day, day),
    ).all()
    return ProductPricing(
        rules=tuple(newest.values()),
        agreed=tuple(
            AgreedPrice(m, p, None if to is None else date.fromisoformat(to)) for m, p, to in agreed
        ),
        promotions=tuple(Promotion(*row) for row in promotions),
        price_per=product[0],
        tax_bp=product[1],
        cost_e4=product[3],
        list_name=terms.price_list_name,
    )


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


def reason_words(reason: dict[str, str | int] | None, discount_bp: int) -> str:
    """The reason of a price as people read it: ``List B``, ``10+ −6 %``, ``Agreed to 31 Dec``.

    Empty for a line without any price (code "none").
    """
    if not reason:
        return ""
    code = reason.get("code")
    off = "\u2212" + format_percent(discount_bp / 10_000) if discount_bp > 0 else ""
    if code == "agreed":
        until = reason.get("until")
        if isinstance(until, str):
            return _("Agreed to {date}").format(date=format_date(date.fromisoformat(until)))
        return _("Agreed price")
    if code == "break":
        return _("{quantity}+ units {off}").format(quantity=reason.get("from", ""), off=off).strip()
    if code == "promotion":
        return f"{reason.get('name', '')} {off}".strip()
    if code == "last":
        return _("Last price paid")
    if code == "manual":
        return _("By hand {off}").format(off=off).strip()
    return str(reason.get("list", ""))

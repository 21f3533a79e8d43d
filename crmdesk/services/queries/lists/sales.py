"""The lists of what is sold: products, orders, quotes, invoices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column

from crmdesk.i18n import _
from crmdesk.services.queries.lists import words
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec
from crmdesk.storage.tables import table

_TEXT, _DAY, _MONEY, _NUMBER = Kind.TEXT, Kind.DAY, Kind.MONEY, Kind.NUMBER


def lists() -> tuple[ListSpec, ...]:
    """All of them."""
    return (_products(), _orders(), _quotes(), _invoices())


def _products() -> ListSpec:
    p, category = table("product").c, table("category").c
    source = table("product").outerjoin(table("category"), category.id == p.category_id)
    return ListSpec(
        "products", lambda: _("Products"), "product", "box", source, p.id,
        (
            ListColumn("name", lambda: _("Product"), _TEXT, p.name, 260),
            ListColumn("sku", lambda: _("SKU"), _TEXT, p.sku, 110),
            ListColumn("brand", lambda: _("Brand"), _TEXT, p.brand, 130, field="brand"),
            ListColumn("category", lambda: _("Category"), _TEXT, category.name, 150),
            ListColumn("unit", lambda: _("Base unit"), _TEXT, p.base_unit, 80),
            ListColumn("status", lambda: _("Status"), Kind.CHOICE, p.status, 90,
                       choices=words.product_states),
            ListColumn("launched", lambda: _("Launched"), _DAY, p.launched_on, 100),
            ListColumn("delisted", lambda: _("Delisted"), _DAY, p.delisted_on, 100, shown=False),
        ),
        ("name", False),
        lambda row: ("reorder", {"product": row.id}),
        ("product", "packaging", "sale"),
        found={"product": p.id},
    )  # fmt: skip


def _orders() -> ListSpec:
    o, a, u = table("order").c, table("account").c, table("user").c
    source = (
        table("order").outerjoin(table("account"), a.id == o.account_id)
        .outerjoin(table("user"), u.id == o.user_id)
    )  # fmt: skip
    return ListSpec(
        "orders", lambda: _("Orders"), "order", "orders", source, o.id,
        (
            ListColumn("number", lambda: _("Number"), _TEXT, o.number, 130, order=o.number,
                       indexed=True),
            *customer_columns(o.account_id, shown=False),
            ListColumn("status", lambda: _("Status"), Kind.CHOICE, o.status, 100,
                       choices=words.order_states, indexed=True),
            ListColumn("date", lambda: _("Order date"), _DAY, o.order_date, 100,
                       order=o.order_date, indexed=True),
            ListColumn("delivery", lambda: _("Delivery"), _DAY, o.delivery_date, 100,
                       indexed=True),
            ListColumn("net", lambda: _("Net"), _MONEY, o.net_minor, 100, total=True,
                       indexed=True),
            ListColumn("discount", lambda: _("Discount"), _MONEY, o.discount_minor, 100,
                       total=True, shown=False, indexed=True),
            ListColumn("total", lambda: _("Total"), _MONEY, o.total_minor, 100, total=True,
                       indexed=True),
            ListColumn("rep", lambda: _("Rep"), _TEXT, u.name, 130, via=o.user_id),
            ListColumn("reference", lambda: _("Customer's reference"), _TEXT,
                       o.customer_reference, 140, shown=False, indexed=True),
        ),
        ("date", True),
        lambda row: ("order", {"order": row.id}),
        ("order", "account"),
        found={"order": o.id, "account": o.account_id},
        account=o.account_id,
    )  # fmt: skip


def _quotes() -> ListSpec:
    q, a, u = table("quote").c, table("account").c, table("user").c
    source = (
        table("quote").outerjoin(table("account"), a.id == q.account_id)
        .outerjoin(table("user"), u.id == q.user_id)
    )  # fmt: skip
    return ListSpec(
        "quotes", lambda: _("Quotes"), "quote", "quotes", source, q.id,
        (
            ListColumn("number", lambda: _("Number"), _TEXT, q.number, 130),
            *customer_columns(q.account_id, shown=False),
            ListColumn("title", lambda: _("Title"), _TEXT, q.title, 180, shown=False),
            ListColumn("status", lambda: _("Status"), Kind.CHOICE, q.status, 100,
                       choices=words.quote_states),
            ListColumn("date", lambda: _("Quote date"), _DAY, q.quote_date, 100,
                       order=q.quote_date, indexed=True),
            ListColumn("valid", lambda: _("Valid until"), _DAY, q.valid_until, 100),
            ListColumn("follow", lambda: _("Follow-up"), _DAY, q.next_follow_up, 100),
            ListColumn("net", lambda: _("Net"), _MONEY, q.net_minor, 100, total=True),
            ListColumn("rep", lambda: _("Rep"), _TEXT, u.name, 130),
        ),
        ("date", True),
        lambda row: ("quote", {"quote": row.id}),
        ("quote", "account"),
        found={"quote": q.id, "account": q.account_id},
        account=q.account_id,
    )  # fmt: skip


def _invoices() -> ListSpec:
    i, a = table("invoice").c, table("account").c
    source = table("invoice").outerjoin(table("account"), a.id == i.account_id)
    return ListSpec(
        "invoices", lambda: _("Invoices"), "invoice", "euro", source, i.id,
        (
            ListColumn("number", lambda: _("Number"), _TEXT, i.number, 130, order=i.number,
                       indexed=True),
            *customer_columns(i.account_id, shown=False),
            ListColumn("date", lambda: _("Invoice date"), _DAY, i.date, 100, order=i.date,
                       indexed=True),
            ListColumn("due", lambda: _("Due"), _DAY, i.due_on, 100, order=i.due_on, indexed=True),
            ListColumn("total", lambda: _("Total"), _MONEY, i.total_minor, 100, total=True,
                       indexed=True),
            ListColumn("left", lambda: _("Open"), _MONEY, i.open_minor, 100, total=True,
                       indexed=True),
        ),
        ("date", True),
        lambda row: ("customer", {"account": row.account_id}),
        ("invoice", "payment", "account"),
        found={"invoice": i.id, "account": i.account_id},
        account=i.account_id,
    )  # fmt: skip


def customer_columns(via: Column[Any], *, shown: bool) -> tuple[ListColumn, ...]:
    """Whose row it is, by the list's ``via``: name, town (``shown`` at first) and class."""
    a = table("account").c
    return (
        ListColumn("customer", lambda: _("Customer"), _TEXT, a["name"], 200, via=via),
        ListColumn("city", lambda: _("Town"), _TEXT, a["city"], 120, shown=shown, via=via),
        ListColumn("class", lambda: _("Class"), Kind.CHOICE, a["class"], 70,
                   choices=words.classes, shown=False, via=via),
    )  # fmt: skip

"""What is sold and for how much: products, packagings, prices, promotions, costs, stock."""

from __future__ import annotations

from crmdesk.storage.entities.spec import (
    ACCOUNT,
    Entity,
    Owner,
    Scope,
    day,
    document,
    flag,
    instant,
    integer,
    money,
    must,
    new,
    price,
    quantity,
    ref,
    text,
    uid,
)  # fmt: skip

_CAT = Scope.CATALOGUE

ENTITIES = (
    Entity(
        "tax_rate", Owner.HQ, _CAT,
        (must(text("code")), must(text("name")), integer("rate_bp", 0), day("valid_from")),
        unique=(("code",),),
    ),
    Entity(
        "category", Owner.HQ, _CAT,
        (must(text("code")), must(text("name")), ref("parent", "category")),
        unique=(("code",),),
    ),
    Entity(
        "product", Owner.HQ, _CAT,
        (
            must(text("sku")), must(text("name", indexed=True)), text("brand"), ref("category"),
            ref("tax_rate"), text("base_unit", "EA"), integer("price_per", 1),
            text("status", "active", indexed=True), day("launched_on"), day("delisted_on"),
            uid("substitute"), text("description"),
        ),
        unique=(("sku",),),
    ),
    Entity(
        "packaging", Owner.HQ, _CAT,
        (
            ref("product", required=True, indexed=True), text("unit", "EA"),
            quantity("factor", 1), text("gtin", indexed=True), flag("sellable", 1),
            quantity("minimum", 1), quantity("multiple", 1),
        ),
        unique=(("product_id", "unit", "factor"),),
    ),
    Entity(
        "price_list", Owner.HQ, _CAT,
        (must(text("code")), must(text("name")), text("currency", "EUR"), day("valid_from"),
         day("valid_to"), flag("is_default"), new(text("status", "active")),
         new(uid("replaces")), new(text("note"))),
        unique=(("code",),),
    ),
    Entity(
        "price_rule", Owner.HQ, _CAT,
        (
            ref("price_list", required=True), ref("product", required=True, indexed=True),
            ref("packaging"), quantity("minimum_quantity", 1), price("price_e4"),
            integer("discount_bp"), day("valid_from"), day("valid_to"),
        ),
        indexes=(("price_list_id", "product_id", "valid_from"),),
    ),
    Entity(
        "account_price", Owner.HQ, Scope.ACCOUNT,
        (
            ACCOUNT, ref("product", required=True), quantity("minimum_quantity", 1),
            price("price_e4", 0), day("valid_from"), day("valid_to"), text("reason"),
        ),
    ),
    Entity(
        "promotion", Owner.HQ, _CAT,
        (
            must(text("code")), must(text("name")), text("kind", "percent"), ref("product"),
            ref("category"), text("segment"), integer("discount_bp"), quantity("buy_quantity"),
            quantity("free_quantity"), quantity("minimum_quantity", 1),
            must(day("valid_from")), must(day("valid_to")), document("rule"),
        ),
        unique=(("code",),),
    ),
    Entity(
        "cost_version", Owner.HQ, _CAT,
        (ref("product", required=True), price("cost_e4", 0), must(day("valid_from"))),
        indexes=(("product_id", "valid_from"),),
    ),
    Entity(
        "stock_snapshot", Owner.HQ, _CAT,
        (
            ref("product", required=True, indexed=True), quantity("on_hand", 0),
            must(instant("as_of")), day("next_arrival"),
        ),
    ),
    Entity(
        "campaign", Owner.HQ, Scope.REFERENCE,
        (must(text("code")), must(text("name")), day("from_date"), day("to_date"),
         money("cost_minor"), text("segment")),
        unique=(("code",),),
    ),
)  # fmt: skip

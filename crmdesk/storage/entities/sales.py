"""Documents and facts of selling: orders, quotes, sales, invoices, payments, returns, samples.

``sale`` with its lines is the one fact of what was sold (or came back, with negative
quantities); an invoice's lines are the lines of its sale, so nothing is counted twice.
"""

from __future__ import annotations

from crmdesk.storage.entities.spec import (
    ACCOUNT,
    Entity,
    Field,
    Lines,
    Owner,
    Scope,
    day,
    document,
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

_ACC = Scope.ACCOUNT

# The packaging and its factor are frozen on the line; prices are per ``price_per`` base units.
_PRICED_LINE: tuple[Field, ...] = (
    ref("product", required=True), ref("packaging"), text("unit", "EA"), quantity("quantity", 0),
    quantity("factor", 1), quantity("base_quantity", 0), price("list_price_e4", 0),
    integer("discount_bp", 0), price("net_price_e4", 0), document("price_reason"),
    money("net_minor"), integer("tax_bp", 0), money("tax_minor"), money("cost_minor"),
    quantity("suggested_quantity"), text("override_reason"),
)  # fmt: skip

_TOTALS: tuple[Field, ...] = (
    text("currency", "EUR"), money("net_minor"), money("discount_minor"), money("tax_minor"),
    money("total_minor"), money("cost_minor"),
)  # fmt: skip

ENTITIES = (
    Entity(
        "order", Owner.REP, _ACC,
        (
            ACCOUNT, must(text("number")), text("status", "draft"), ref("user"), ref("visit"),
            ref("site"), ref("price_list"), must(day("order_date")), day("delivery_date"),
            instant("submitted_at"), *_TOTALS, text("customer_reference"), text("note"),
            text("source"), text("answer"), uid("copied_from"),
            new(ref("entered_by", "user")), new(ref("contact")), new(text("signed_by")),
            new(instant("signed_at")), new(document("signature")),
            new(ref("reason", "outcome_reason")),
        ),
        table="sales_order",
        lines=Lines("order_line", _PRICED_LINE),
        unique=(("number",),),
        indexes=(
            ("account_id", "order_date"), ("status", "order_date"), ("order_date", "number"),
        ),
        local_while=("status", "draft"),
    ),
    Entity(
        "order_alteration", Owner.APPEND, _ACC,
        (
            ACCOUNT, ref("order", required=True, indexed=True), ref("user"), must(instant("at")),
            must(text("reason")), must(document("before")), must(document("after")),
        ),
        since=2, office_only=True,
    ),
    Entity(
        "quote", Owner.REP, _ACC,
        (
            ACCOUNT, must(text("number")), integer("version", 1), text("status", "draft"),
            text("title"), ref("user"), ref("price_list"), must(day("quote_date")),
            day("valid_until"), day("next_follow_up", indexed=True), instant("sent_at"),
            day("decided_on"), ref("reason", "outcome_reason"), *_TOTALS, text("note"),
            uid("order"), ref("opportunity"), new(ref("contact")), new(text("terms")),
            new(text("lost_to")), new(uid("revised_from")),
        ),
        lines=Lines("quote_line", _PRICED_LINE),
        unique=(("number", "version"),), indexes=(("account_id", "quote_date"),),
        local_while=("status", "draft"),
    ),
    Entity(
        "quote_follow_up", Owner.APPEND, _ACC,
        (
            ACCOUNT, ref("quote", required=True, indexed=True), ref("user"), must(instant("at")),
            must(day("date")), text("mode", "call"), text("result"), text("note"), day("next_on"),
        ),
        since=2,
    ),
    Entity(
        "invoice", Owner.HQ, _ACC,
        (
            ACCOUNT, must(text("number")), must(day("date")), must(day("due_on")), uid("order"),
            text("currency", "EUR"), money("net_minor"), money("tax_minor"),
            money("total_minor"), money("open_minor"), text("status", "open"),
        ),
        unique=(("number",),), indexes=(("account_id", "date"), ("status", "due_on")),
    ),
    Entity(
        "sale", Owner.APPEND, _ACC,
        (
            ACCOUNT, text("kind", "sale"), must(day("date")), text("document"), ref("user"),
            uid("order"), ref("invoice"), text("currency", "EUR"), money("net_minor"),
            money("cost_minor"), integer("line_count", 0), uid("batch", indexed=True),
        ),
        lines=Lines(
            "sale_line",
            (
                ref("product", required=True), ref("packaging"), quantity("quantity", 0),
                quantity("factor", 1), quantity("base_quantity", 0), money("net_minor"),
                money("discount_minor"), money("cost_minor", None),
            ),
        ),
        indexes=(("account_id", "date"),),
    ),
    Entity(
        "payment", Owner.HQ, _ACC,
        (
            ACCOUNT, ref("invoice", indexed=True), must(day("date")), money("amount_minor"),
            text("currency", "EUR"), text("method"), text("reference"),
        ),
    ),
    Entity(
        "collection", Owner.APPEND, _ACC,
        (
            ACCOUNT, ref("user"), ref("invoice"), uid("visit"), must(day("date")),
            must(instant("at")), money("amount_minor"), text("currency", "EUR"),
            text("method", "cash"), new(text("number")), new(text("reference")),
            new(day("cheque_on")), new(text("note")), new(uid("reverses")),
        ),
    ),
    Entity(
        "return_request", Owner.APPEND, _ACC,
        (
            ACCOUNT, must(text("number")), ref("user"), uid("visit"), must(day("date")),
            ref("reason", "outcome_reason"), text("note"), money("net_minor"),
            new(text("wish", "credit")),
        ),
        lines=Lines(
            "return_line",
            (
                ref("product", required=True), ref("packaging"), quantity("quantity", 0),
                quantity("factor", 1), quantity("base_quantity", 0), text("note"),
                new(ref("reason", "outcome_reason")), new(money("net_minor")),
                new(text("condition")),
            ),
        ),
        unique=(("number",),),
    ),
    Entity(
        "sample", Owner.APPEND, _ACC,
        (
            ACCOUNT, ref("user"), uid("visit"), ref("product", required=True), ref("packaging"),
            quantity("quantity", 1), must(day("date")), new(quantity("base_quantity", 1)),
            new(text("note")),
        ),
    ),
)  # fmt: skip

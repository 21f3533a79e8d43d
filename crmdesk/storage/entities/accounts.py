"""Customers and the people in them: accounts, sites, contacts, listed products, assignments."""

from __future__ import annotations

from crmdesk.storage.entities.spec import (
    ACCOUNT,
    Entity,
    Owner,
    Scope,
    by_hq,
    day,
    document,
    flag,
    instant,
    integer,
    money,
    must,
    new,
    quantity,
    real,
    ref,
    text,
    uid,
)  # fmt: skip

_PLACE = (
    text("street"), text("city"), text("postcode"), text("region"), text("country"),
    real("latitude"), real("longitude"),
)  # fmt: skip

ENTITIES = (
    Entity(
        "account", Owner.BOTH, Scope.ACCOUNT,
        (
            must(text("code")), must(text("name", indexed=True)), text("tax_id"),
            text("class", "C"), text("channel"), text("segment"), uid("parent"),
            text("status", "active"), ref("source_campaign", "campaign"), day("acquired_on"),
            day("lost_on"), ref("lost_reason", "outcome_reason"), *_PLACE,
            text("location_quality"), text("time_zone"), document("opening_hours"),
            integer("visit_minutes"), ref("attention_model"), integer("usual_weekday"),
            integer("delivery_lead_days", 2), text("language"), uid("merged_into"),
            text("description"), new(integer("interval_days")), new(integer("virtual_between")),
            by_hq(ref("territory", indexed=True)), by_hq(ref("price_list")),
            by_hq(money("credit_limit_minor", None)), by_hq(text("credit_mode", "none")),
            by_hq(integer("payment_terms_days", 30)), by_hq(money("minimum_order_minor", None)),
        ),
        unique=(("code",),), indexes=(("status", "name"),),
    ),
    Entity(
        "site", Owner.BOTH, Scope.ACCOUNT,
        (
            ACCOUNT, must(text("name")), *_PLACE, document("opening_hours"), flag("default_ship"),
            new(text("delivery_note")), new(day("closed_on")),
        ),
    ),
    Entity(
        "contact", Owner.BOTH, Scope.ACCOUNT,
        (
            ACCOUNT, must(text("name")), text("job"), day("birthday"), text("language"),
            text("best_time"), instant("consent_at"), text("consent_channel"),
            instant("erased_at"), text("note"), integer("position", 0), new(document("consents")),
        ),
    ),
    Entity(
        "contact_point", Owner.BOTH, Scope.ACCOUNT,
        (
            ACCOUNT, ref("contact", required=True, indexed=True), must(text("kind")),
            must(text("value")), text("label"), flag("preferred"),
        ),
    ),
    Entity(
        "account_product", Owner.BOTH, Scope.ACCOUNT,
        (
            ACCOUNT, ref("product", required=True), flag("listed", 1), quantity("par_level"),
            ref("usual_packaging", "packaging"), text("note"),
        ),
        unique=(("account_id", "product_id"),),
    ),
    Entity(
        "custom_value", Owner.BOTH, Scope.ACCOUNT,
        (ACCOUNT, ref("custom_field", required=True), text("value", "")),
        indexes=(("account_id", "custom_field_id"),), since=2,
        named_by=("account_id", "custom_field_id"),
    ),
    Entity(
        "assignment", Owner.HQ, Scope.ACCOUNT,
        (
            ACCOUNT, ref("territory", required=True), ref("user"), integer("split_bp", 10000),
            day("valid_from"), day("valid_to"),
        ),
    ),
    Entity(
        "reorder_override", Owner.BOTH, Scope.ACCOUNT,
        (
            ACCOUNT, ref("product", required=True), ref("user"), must(text("reason")),
            quantity("base_quantity"), day("until"), day("made_on"),
            new(text("kind", "not_now")), new(ref("substitute", "product")),
        ),
    ),
    Entity(
        "closure", Owner.BOTH, Scope.ACCOUNT,
        (
            ACCOUNT, ref("user"), must(day("from_date")), must(day("to_date")), text("reason"),
            flag("yearly"),
        ),
        since=2,
    ),
    Entity(
        "attachment", Owner.REP, Scope.ACCOUNT,
        (
            ACCOUNT, must(text("sha256")), integer("size", 0), text("mime"), must(text("name")),
            text("kind", "file"), text("owner_kind"), uid("owner", indexed=True),
            instant("taken_at"),
        ),
        indexes=(("sha256",),),
    ),
    Entity(
        "note", Owner.APPEND, Scope.ACCOUNT,
        (ACCOUNT, ref("user"), must(text("text")), must(instant("at")), must(day("date")),
         uid("visit")),
    ),
    Entity(
        "survey_score", Owner.APPEND, Scope.ACCOUNT,
        (
            ACCOUNT, ref("contact"), ref("user"), text("kind", "nps"), integer("score", 0),
            text("comment"), must(day("date")), new(text("about_kind")), new(uid("about")),
        ),
    ),
    Entity(
        "handover", Owner.BOTH, Scope.ACCOUNT,
        (
            ACCOUNT, ref("user"), text("kind", "note"), must(text("text")), document("content"),
            must(instant("at")), instant("seen_at"), ref("seen_by", "user"),
        ),
        since=2,
    ),
    Entity(
        "touch", Owner.APPEND, Scope.ACCOUNT,
        (ACCOUNT, ref("campaign", required=True), must(day("date")), text("kind", "mail")),
    ),
)  # fmt: skip

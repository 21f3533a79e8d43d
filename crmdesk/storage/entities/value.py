"""What customers cost and are worth, goals and pay: rates, rules, metrics, plans."""

from __future__ import annotations

from crmdesk.storage.entities.spec import (
    Entity,
    Owner,
    Scope,
    day,
    document,
    flag,
    integer,
    money,
    must,
    price,
    real,
    ref,
    text,
    uid,
)  # fmt: skip

_REF, _OFFICE = Scope.REFERENCE, Scope.OFFICE

ENTITIES = (
    Entity(
        "cost_rate", Owner.HQ, _REF,
        (must(text("driver")), price("rate_e4", 0), must(text("per")), must(day("valid_from"))),
        indexes=(("driver", "valid_from"),),
    ),
    Entity(
        "cost_pool", Owner.HQ, _OFFICE,
        (must(text("name")), money("cost_minor"), integer("capacity_minutes", 0),
         integer("practical_bp", 8000), must(day("valid_from"))),
    ),
    Entity(
        "spend", Owner.HQ, _OFFICE,
        (must(text("kind")), must(day("date")), money("amount_minor"), ref("campaign"),
         text("segment"), text("note")),
    ),
    Entity(
        "segment_rule", Owner.HQ, _REF,
        (must(text("code")), must(text("name")), must(document("rule")),
         ref("attention_model"), integer("position", 0)),
        unique=(("code",),),
    ),
    Entity(
        "reorder_model", Owner.HQ, _REF,
        (must(day("as_of")), integer("version", 1), must(document("payload"))),
    ),
    Entity(
        "metric_definition", Owner.HQ, _REF,
        (must(text("code")), must(text("name")), text("unit"), text("formula"),
         integer("window_months", 12), flag("higher_is_better", 1)),
        unique=(("code",),),
    ),
    Entity(
        "baseline", Owner.HQ, _REF,
        (ref("metric", "metric_definition", required=True), real("value"), must(day("frozen_on")),
         text("reason")),
    ),
    Entity(
        "goal", Owner.HQ, _REF,
        (ref("metric", "metric_definition", required=True), ref("user"), ref("team"),
         real("target"), must(day("from_date")), must(day("to_date")), real("weight")),
    ),
    Entity(
        "crm_cost", Owner.HQ, _OFFICE,
        (must(text("kind")), must(day("date")), money("amount_minor"), text("note")),
    ),
    Entity(
        "compensation_plan", Owner.HQ, _OFFICE,
        (must(text("name")), integer("version", 1), must(day("valid_from")),
         must(document("rule")), ref("team")),
    ),
    Entity(
        "erasure_request", Owner.HQ, _OFFICE,
        (uid("contact"), must(day("requested_on")), day("done_on"), text("note")),
    ),
)  # fmt: skip

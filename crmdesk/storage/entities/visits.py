"""Plans, visits, promises, tickets: the work of attending to customers."""

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

_ACC = Scope.ACCOUNT

ENTITIES = (
    Entity(
        "planned_visit", Owner.BOTH, _ACC,
        (
            ACCOUNT, ref("user", required=True), must(day("date")), integer("sequence", 0),
            text("mode", "person"), text("status", "planned"), integer("start_minute"),
            integer("minutes", 20), integer("window_from"), integer("window_to"), flag("locked"),
            flag("appointment"), money("expected_margin_minor", None),
            money("expected_net_minor", None), integer("leg_m"), integer("leg_minutes"),
            document("explanation"), uid("moved_from"),
            new(ref("reason", "outcome_reason")), new(text("note")), new(integer("announced", 0)),
        ),
        indexes=(("user_id", "date", "sequence"), ("account_id", "date")),
    ),
    Entity(
        "visit", Owner.REP, _ACC,
        (
            ACCOUNT, ref("user", required=True), ref("planned_visit"), must(day("date")),
            must(instant("started_at")), instant("ended_at"), text("mode", "person"),
            text("outcome"), ref("reason", "outcome_reason"), flag("off_plan"),
            real("latitude"), real("longitude"), text("note"),
            new(ref("contact")), new(text("next_step")), new(day("next_step_on")),
            new(integer("travel_m")),
        ),
        indexes=(("account_id", "date"), ("user_id", "date")),
    ),
    Entity(
        "visit_task", Owner.REP, _ACC,
        (
            ACCOUNT, ref("visit", required=True, indexed=True), must(text("kind")),
            must(text("name")), ref("product"), text("answer"), quantity("counted"),
            uid("attachment"), integer("position", 0), new(text("key")), new(flag("mandatory")),
        ),
    ),
    Entity(
        "promise", Owner.BOTH, _ACC,
        (
            ACCOUNT, ref("user"), uid("visit"), text("kind", "promise"), must(text("text")),
            day("made_on"), day("due_on", indexed=True), instant("done_at"),
            new(ref("assignee", "user")), new(text("note")),
        ),
    ),
    Entity(
        "ticket", Owner.BOTH, _ACC,
        (
            ACCOUNT, must(text("number")), text("kind", "incident"), ref("product"),
            uid("order"), text("priority", "normal"), text("status", "open"),
            must(text("subject")), must(instant("opened_at")), must(day("date")),
            instant("due_at"), instant("first_response_at"), instant("resolved_at"),
            ref("assignee", "user"), ref("opened_by", "user"), by_hq(money("credit_minor", None)),
            new(text("description")), new(ref("contact")), new(uid("visit")),
            new(integer("escalation", 0)), new(text("resolution")),
            new(ref("reason", "outcome_reason")), new(uid("return_request")),
        ),
        unique=(("number",),), indexes=(("account_id", "date"), ("status", "due_at")),
    ),
    Entity(
        "ticket_event", Owner.APPEND, _ACC,
        (
            ACCOUNT, ref("ticket", required=True, indexed=True), must(instant("at")),
            ref("user"), text("kind", "message"), text("direction"), text("text"),
            new(text("to_status")),
        ),
    ),
    Entity(
        "opportunity", Owner.BOTH, _ACC,
        (
            ACCOUNT, ref("user"), must(text("name")), text("kind", "sale"),
            text("stage", "qualified"), money("amount_minor"), text("currency", "EUR"),
            day("opened_on"), day("expected_close"), day("next_step_on"), text("next_step"),
            ref("campaign"), day("closed_on"), ref("reason", "outcome_reason"),
            new(ref("contact")), new(integer("probability_bp")), new(document("splits")),
            new(uid("lead")), new(text("lost_to")), new(text("note")),
        ),
    ),
    Entity(
        "stage_change", Owner.APPEND, _ACC,
        (
            ACCOUNT, ref("opportunity", required=True, indexed=True), ref("user"),
            text("from_stage"), must(text("to_stage")), must(instant("at")),
            ref("reason", "outcome_reason"), new(text("note")),
        ),
    ),
)  # fmt: skip

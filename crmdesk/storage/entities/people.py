"""Organisation, teams, users, territories, leave, holidays, devices, private rows of a user."""

from __future__ import annotations

from crmdesk.storage.entities.spec import (
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
    real,
    ref,
    text,
    uid,
)  # fmt: skip

_REF = Scope.REFERENCE

ENTITIES = (
    Entity(
        "organisation", Owner.HQ, _REF,
        (
            must(text("name")), text("currency", "EUR"), text("country", "ES"),
            text("time_zone", "Europe/Madrid"), text("language", "en"), text("tax_id"),
            text("street"), text("city"), text("postcode"), text("phone"), text("email"),
            integer("fiscal_year_start", 1), money("minimum_order_minor"),
            integer("offline_lease_days", 21), text("document_terms"),
            new(text("website")), new(text("bank_account")), new(document("logo")),
            new(document("policy")), new(document("document_texts")),
        ),
    ),
    Entity("team", Owner.HQ, _REF, (must(text("name")), ref("parent", "team"))),
    Entity(
        "user", Owner.HQ, _REF,
        (
            must(text("code")), must(text("name")), text("email"), text("role", "rep"),
            ref("team"), text("phone"), document("working_week"), text("language", "en"),
            flag("active", 1),
        ),
        table="app_user", unique=(("code",),),
    ),
    Entity(
        "device", Owner.HQ, _REF,
        (
            ref("user", required=True, indexed=True), must(text("name")), must(text("prefix")),
            text("status", "active"), instant("enrolled_at"),
        ),
        unique=(("prefix",),),
    ),
    Entity(
        "territory", Owner.HQ, _REF,
        (must(text("code")), must(text("name")), ref("parent", "territory")),
        unique=(("code",),),
    ),
    Entity(
        "territory_user", Owner.HQ, _REF,
        (
            ref("territory", required=True, indexed=True), ref("user", required=True, indexed=True),
            day("valid_from"), day("valid_to"),
        ),
    ),
    Entity(
        "holiday", Owner.HQ, _REF,
        (must(text("country")), text("region"), must(day("date", indexed=True)),
         must(text("name"))),
    ),
    Entity(
        "region_pack", Owner.HQ, _REF,
        (
            must(text("name")), text("kind", "map"), must(text("sha256")), integer("size", 0),
            document("bounds"), day("made_on"), text("note"),
        ),
        since=2,
    ),
    Entity(
        "attention_model", Owner.HQ, _REF,
        (
            must(text("code")), must(text("name")), integer("interval_days", 28),
            integer("virtual_between", 0), integer("visit_minutes", 20),
            integer("virtual_minutes", 8), document("objectives"),
            new(text("virtual_mode", "call")), new(document("applies")),
        ),
        unique=(("code",),),
    ),
    Entity(
        "outcome_reason", Owner.HQ, _REF,
        (must(text("kind")), must(text("code")), must(text("name")), integer("position", 0),
         text("key")),
        unique=(("kind", "code"),),
    ),
    Entity(
        "custom_field", Owner.HQ, _REF,
        (
            must(text("name")), text("kind", "text"), document("choices"), integer("position", 0),
            flag("active", 1),
        ),
        since=2,
    ),
    Entity(
        "home_base", Owner.BOTH, Scope.USER,
        (
            ref("user", required=True), text("address"), real("latitude"), real("longitude"),
        ),
        unique=(("user_id",),), since=2,
    ),
    Entity(
        "proposal", Owner.HQ, Scope.USER,
        (
            ref("user", required=True, indexed=True), text("kind", "field"),
            must(text("entity")), must(uid("row")), uid("account"), text("field"),
            document("current"), document("proposed"), must(instant("at")),
            text("status", "open"), text("answer"), ref("decided_by", "user"),
            instant("decided_at"),
        ),
        indexes=(("status", "at"),), since=2,
    ),
    Entity(
        "deal_share", Owner.HQ, Scope.USER,
        (
            ref("user", required=True, indexed=True), must(uid("opportunity", indexed=True)),
            must(text("customer")), text("stage", "qualified"), money("amount_minor"),
            text("currency", "EUR"), integer("share_bp", 0),
        ),
        since=2,
    ),
    Entity(
        "leave", Owner.BOTH, Scope.USER,
        (
            ref("user", required=True, indexed=True), must(day("from_date", indexed=True)),
            must(day("to_date")), text("kind", "holiday"), text("note"),
            new(integer("from_minute")), new(integer("to_minute")),
        ),
        table="user_leave",
    ),
    Entity(
        "trip", Owner.REP, Scope.USER,
        (
            ref("user", required=True, indexed=True), must(day("date")),
            integer("odometer_start_km"), integer("odometer_end_km"), integer("distance_m", 0),
        ),
    ),
    Entity(
        "day_sheet", Owner.REP, Scope.USER,
        (
            ref("user", required=True, indexed=True), must(day("date")),
            must(instant("closed_at")), text("currency", "EUR"), money("counted_minor"),
            must(document("totals")), text("note"), by_hq(instant("received_at")),
            by_hq(ref("received_by", "user")),
        ),
        unique=(("user_id", "date"),), since=2,
    ),
    Entity(
        "expense", Owner.REP, Scope.USER,
        (
            ref("user", required=True, indexed=True), must(day("date")), must(text("kind")),
            money("amount_minor"), text("currency", "EUR"), text("note"), uid("attachment"),
        ),
    ),
    Entity(
        "lead", Owner.BOTH, Scope.USER,
        (
            ref("user", required=True, indexed=True), must(text("name")), text("company"),
            text("phone"), text("email"), text("city"), ref("campaign"), text("source"),
            integer("score"), text("status", "new"), day("next_step_on"), text("next_step"),
            text("note"), day("created_on"), uid("account"), new(document("qualification")),
            new(ref("reason", "outcome_reason")), new(day("closed_on")), new(uid("opportunity")),
        ),
    ),
    Entity(
        "day_setting", Owner.BOTH, Scope.USER,
        (
            ref("user", required=True, indexed=True), must(day("date")), text("start_name"),
            real("start_latitude"), real("start_longitude"), text("end_name"),
            real("end_latitude"), real("end_longitude"), document("shifts"), integer("max_km"),
        ),
        unique=(("user_id", "date"),), since=2,
    ),
    Entity(
        "notice_state", Owner.BOTH, Scope.USER,
        (
            ref("user", required=True, indexed=True), must(text("key")), day("snoozed_until"),
            instant("done_at"),
        ),
        unique=(("user_id", "key"),), since=2,
    ),
    Entity(
        "saved_view", Owner.BOTH, Scope.USER,
        (
            ref("user", required=True, indexed=True), must(text("place")), must(text("name")),
            must(document("definition")), flag("shared"),
        ),
    ),
    Entity(
        # What somebody shows to colleagues; everybody gets it, ``people`` (uids) names whose it is.
        "shared_view", Owner.REP, _REF,
        (
            ref("user", required=True, indexed=True), uid("view", indexed=True),
            must(text("place")), must(text("name")), must(document("definition")),
            document("people"),
        ),
        since=2,
    ),
    Entity(
        "dispute", Owner.BOTH, Scope.USER,
        (
            ref("user", required=True, indexed=True), must(text("period")), must(text("line")),
            must(text("text")), text("status", "open"), text("answer"),
        ),
    ),
)  # fmt: skip

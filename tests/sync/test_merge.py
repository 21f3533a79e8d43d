"""The merge rules, by themselves: owners, fields, steps, clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.clock import HLC_COUNTER_BITS
from crmdesk.domain.states import Role
from crmdesk.storage.entities import ENTITIES, Owner, Scope
from crmdesk.sync.clock import corrected_hlc, measure
from crmdesk.sync.merge import (
    BY_OFFICE,
    LINES,
    Image,
    RefusedOp,
    Writer,
    check_scope,
    merge_delete,
    merge_insert,
    merge_lines,
    merge_update,
)

REP = Writer("aa", Role.REP, frozenset({"t1"}))
OFFICE = Writer("bb", Role.OFFICE, frozenset())
ACCOUNT, ORDER = ENTITIES["account"], ENTITIES["order"]


def account(**values: object) -> Image:
    return Image({"name": "x", "description": None, "territory_id": "t1", **values}, rev=3)


def order(status: str = "submitted", user: str = "aa") -> Image:
    return Image({"status": status, "user_id": user, "account_id": "a", "note": None}, rev=2)


def refusal(call: object, *arguments: object) -> str:
    with pytest.raises(RefusedOp) as caught:
        call(*arguments)
    assert caught.value.sentence
    return caught.value.code


def test_fields_nobody_else_touched_are_taken() -> None:
    image = account()
    assert merge_update(ACCOUNT, {"name": ("x", "y")}, image, REP, 7) == []
    assert (image.values["name"], image.clocks, image.changed) == ("y", {"name": 7}, True)


def test_the_same_value_on_both_sides_is_no_collision() -> None:
    image = account(name="y")
    assert merge_update(ACCOUNT, {"name": ("x", "y")}, image, REP, 7) == []
    assert not image.changed


@given(st.integers(0, 100), st.integers(0, 100), st.permutations(["one", "two"]))
def test_a_collision_goes_to_the_later_clock_whoever_comes_first(
    first: int, second: int, names: list[str]
) -> None:
    if first == second:
        return
    one, two = names
    image = account(name="base")
    merge_update(ACCOUNT, {"name": ("base", one)}, image, REP, first)
    (collision,) = merge_update(ACCOUNT, {"name": ("base", two)}, image, OFFICE, second)
    assert image.values["name"] == (one if first > second else two)
    assert {collision.mine, collision.theirs} == {one, two}
    assert collision.kept == ("theirs" if first > second else "mine")


@given(st.dictionaries(st.sampled_from(["name", "channel", "segment", "street"]),
                       st.text(max_size=3), min_size=1))  # fmt: skip
def test_different_fields_always_both_survive(mine: dict[str, str]) -> None:
    image = account(city="Lleida", **dict.fromkeys(("channel", "segment", "street")))
    before = dict(image.values)
    merge_update(ACCOUNT, {"city": ("Lleida", "Reus")}, image, OFFICE, 9)
    fields = {name: (before[name], value) for name, value in mine.items()}
    assert merge_update(ACCOUNT, fields, image, REP, 1) == []
    assert image.values["city"] == "Reus"
    assert all(image.values[name] == value for name, value in mine.items())


def test_what_hq_owns_stays_and_becomes_a_proposal() -> None:
    image = account(payment_terms_days=30)
    (collision,) = merge_update(ACCOUNT, {"payment_terms_days": (30, 90)}, image, REP, 7)
    assert (collision.kind, collision.kept, image.changed) == ("proposal", "theirs", False)
    assert merge_update(ACCOUNT, {"payment_terms_days": (30, 90)}, image, OFFICE, 7) == []
    assert image.values["payment_terms_days"] == 90


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda e: e.name)
def test_owners_decide_who_may_write(entity: object) -> None:
    spec = ENTITIES[entity.name]  # type: ignore[attr-defined]
    image = Image(dict.fromkeys(f.column for f in spec.fields), rev=1)
    image.values["user_id"] = REP.user
    if spec.owner is Owner.HQ:
        assert refusal(merge_insert, spec, {}, None, REP, 1) == "hq-owned"
        assert refusal(merge_update, spec, {}, image, REP, 1) == "hq-owned"
        assert refusal(merge_delete, spec, 1, image, REP) == "hq-owned"
    if spec.owner is Owner.APPEND:
        for writer in (REP, OFFICE):
            assert refusal(merge_update, spec, {}, image, writer, 1) == "append-only"
            assert refusal(merge_delete, spec, 1, image, writer) == "append-only"
    if spec.owner is Owner.REP and any(f.column == "user_id" for f in spec.fields):
        other = Writer("cc", Role.REP, REP.territories)
        assert refusal(merge_update, spec, {"note": (None, "x")}, image, other, 1) == "not-yours"


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda e: e.name)
def test_scopes_hold_for_reps_and_are_open_to_the_office(entity: object) -> None:
    spec = ENTITIES[entity.name]  # type: ignore[attr-defined]
    image = Image({"user_id": "somebody"})
    check_scope(spec, image, "t9", OFFICE)
    if spec.scope in {Scope.ACCOUNT, Scope.USER, Scope.OFFICE}:
        assert refusal(check_scope, spec, image, "t9", REP) == "scope"
        if spec.scope is Scope.ACCOUNT:
            assert refusal(check_scope, spec, image, None, REP) == "scope"
            check_scope(spec, image, "t1", REP)


def test_a_submitted_document_is_immutable_for_everybody() -> None:
    for writer in (REP, OFFICE):
        assert (
            refusal(merge_update, ORDER, {"note": (None, "x")}, order(), writer, 1) == "immutable"
        )
        assert refusal(merge_lines, ORDER, [], order(), writer) == "immutable"
        assert refusal(merge_delete, ORDER, 2, order(), writer) == "immutable"


def test_order_steps_follow_the_state_at_hq() -> None:
    image = order("accepted")
    step = {"status": ("submitted", "draft")}
    assert refusal(merge_update, ORDER, step, image, REP, 1) == "step"
    image = order("submitted")
    assert merge_update(ORDER, step, image, REP, 1) == []
    assert image.values["status"] == "draft"
    merge_lines(ORDER, [{"quantity": 1, "unknown": 2}], image, REP)
    assert image.lines == [{"quantity": 1}]
    again = {"status": (None, "submitted"), "user_id": (None, "aa"), "number": (None, "1")}
    made, _collisions = merge_insert(ORDER, again, image, REP, 1)
    assert (made.values["status"], made.rev, made.created) == ("submitted", 2, True)


def test_a_rep_cannot_hand_in_an_accepted_order() -> None:
    fields = {"status": (None, "accepted"), "user_id": (None, "aa")}
    assert refusal(merge_insert, ORDER, fields, None, REP, 1) == "step"


def test_a_deletion_never_swallows_an_edit() -> None:
    contact = ENTITIES["contact"]
    image = Image({"name": "x", "account_id": "a"}, rev=5)
    (collision,) = merge_delete(contact, 4, image, REP)
    assert (collision.kind, image.deleted) == ("delete", False)
    assert merge_delete(contact, 5, image, REP) == []
    assert image.deleted
    assert refusal(merge_update, contact, {"name": ("x", "y")}, image, OFFICE, 1) == "deleted"


def test_unknown_fields_of_a_newer_laptop_are_kept() -> None:
    image = account()
    merge_update(ACCOUNT, {"mood": (None, "sunny")}, image, REP, 1)
    assert image.extra == {"mood": "sunny"} and image.changed
    made, _collisions = merge_insert(ACCOUNT, {"mood": (None, "dull")}, None, OFFICE, 1)
    assert made.extra == {"mood": "dull", BY_OFFICE: ["mood"]}
    merge_update(ACCOUNT, {"mood": ("dull", "sunny"), "_by_office": (None, ["x"])}, made, REP, 1)
    assert made.extra == {"mood": "sunny"}


def test_unknown_fields_of_lines_are_kept_too() -> None:
    image, _collisions = merge_insert(ORDER, {"number": (None, "N")}, None, OFFICE, 1)
    merge_lines(ORDER, [{"quantity": 1, "grade": "A"}, {"quantity": 2}], image, OFFICE)
    assert image.extra == {LINES: [{"grade": "A"}, {}]}
    merge_lines(ORDER, [{"quantity": 1}], image, OFFICE)
    assert image.extra == {}


def test_no_laptop_fills_a_row_with_fields_that_nobody_knows() -> None:
    image = account()
    many = {f"f{n}": (None, n) for n in range(301)}
    assert refusal(merge_update, ACCOUNT, many, image, REP, 1) == "malformed"


YEARS = int(timedelta(days=3650).total_seconds() * 1000)


@given(st.integers(-YEARS, YEARS), st.integers(0, 1 << 15))
def test_a_clock_ten_years_off_neither_wins_nor_loses_for_ever(offset: int, counter: int) -> None:
    now = 1_763_800_000_000
    laptop_now = now + offset
    minute_ago = ((laptop_now - 60_000) << HLC_COUNTER_BITS) + counter
    found = corrected_hlc(minute_ago, laptop_now, now) >> HLC_COUNTER_BITS
    assert abs(found - (now - 60_000)) <= 5_000
    future = (laptop_now + YEARS) << HLC_COUNTER_BITS
    assert corrected_hlc(future, laptop_now, now) >> HLC_COUNTER_BITS <= now


def test_the_offset_is_measured_from_the_middle_of_the_exchange() -> None:
    found = measure(1_000, 61_500, 2_000)
    assert (found.ms, found.uncertainty_ms, found.worth_telling) == (60_000, 500, False)
    assert measure(0, 3_600_000, 100).worth_telling

"""Lists of everything: filters against reading all rows, paging, totals, sentences, bulk edits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest
from sqlalchemy import literal, select

from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.states import Role
from crmdesk.i18n import use_language
from crmdesk.services import bulk_edits, saved_views, undo
from crmdesk.services.queries.lists import reading, sentences
from crmdesk.services.queries.lists.conditions import (
    BARE,
    OPS,
    Condition,
    ListQuery,
    Op,
    from_document,
    same_words,
    to_document,
)
from crmdesk.services.queries.lists.registry import all_lists, list_named
from crmdesk.services.queries.lists.spec import Kind
from crmdesk.services.queries.lists.walking import Order
from crmdesk.services.workspace import Workspace
from crmdesk.storage.spelling import folded_text
from tests.db.list_reference import everything, holds, places_of, values_of, walk_little

LISTS = tuple(all_lists())


@pytest.mark.parametrize("key", LISTS)
def test_every_condition_finds_what_reading_all_rows_finds(ws: Workspace, key: str) -> None:
    spec = list_named(key)
    every = list(reading.rows_of(ws, spec, everything(ws, spec, ListQuery())).values())
    for column in spec.columns:
        for op in OPS[column.kind]:
            values = values_of(column, every)
            if op in (Op.EMPTY, Op.FILLED):
                values = [None]
            elif op in (Op.PAST, Op.NOT_PAST, Op.AHEAD):
                values = [0, 7, 400]
            for value in values:
                condition = Condition(column.key, op, value)
                found = everything(ws, spec, ListQuery(conditions=(condition,)))
                wanted = {
                    row.id for row in every
                    if holds(column, condition, row.values[column.key], ws.today())
                }  # fmt: skip
                assert set(found) == wanted, condition


@pytest.mark.parametrize("key", LISTS)
def test_pages_go_on_where_the_last_one_ended_in_any_order(ws: Workspace, key: str) -> None:
    spec = list_named(key)
    every = set(everything(ws, spec, ListQuery()))
    for column, descending in itertools.product(spec.columns, (False, True)):
        query = ListQuery(sort=(column.key, descending))
        keys = everything(ws, spec, query)
        assert len(keys) == len(set(keys))
        assert set(keys) == every
        whole = reading.first_page(ws, spec, query, size=100_000)
        assert whole.keys == keys, column.key
        assert whole.after is None


@pytest.mark.parametrize("key", LISTS)
def test_totals_are_of_all_rows_that_match(ws: Workspace, key: str) -> None:
    spec = list_named(key)
    query = ListQuery(text="a")
    rows = reading.rows_of(ws, spec, everything(ws, spec, query))
    total = reading.totals(ws, spec, query)
    assert total.count == len(rows)
    for column in spec.columns:
        if column.total:
            assert total.sums[column.key] == sum(
                int(row.values[column.key] or 0) for row in rows.values()
            )


@pytest.fixture(params=["en", "es", "ru"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    use_language(str(request.param))
    yield str(request.param)
    use_language("en")


@pytest.mark.parametrize("key", LISTS)
def test_what_a_sentence_says_can_be_typed(ws: Workspace, key: str, language: str) -> None:
    spec = list_named(key)
    grammar = sentences.Grammar(spec, "EUR", ws.today())
    said = []
    for column in spec.columns:
        choices = list(column.choices()) if column.choices is not None else ["Bar and Sons", "x"]
        for op in OPS[column.kind]:
            values: list[Any] = choices
            if op in (Op.EMPTY, Op.FILLED):
                values = [None]
            elif op in (Op.PAST, Op.NOT_PAST, Op.AHEAD):
                values = [1, 2, 5, 21, 365]
            elif column.kind is Kind.DAY:
                values = [f"2026-{month:02d}-05" for month in range(1, 13)]
            elif column.kind in (Kind.MONEY, Kind.NUMBER):
                values = [0, 7, 1_234_567]
            for value in values:
                condition = Condition(column.key, op, value)
                words = sentences.say(grammar, condition)
                assert sentences.read_all(grammar, words) == (condition,), words
                said.append(condition)
    example = sentences.example(grammar)
    assert sentences.say_all(grammar, sentences.read_all(grammar, example)) == example
    some = tuple(said[:: max(1, len(said) // 9)])
    assert sentences.read_all(grammar, sentences.say_all(grammar, some)) == some


def test_a_sentence_reads_like_one(ws: Workspace) -> None:
    grammar = sentences.Grammar(list_named("customers"), "EUR", date(2026, 11, 24))
    typed = "class is a and LAST VISIT before 1 nov and Net 12 m at least 1,000"
    conditions = sentences.read_all(grammar, typed)
    assert conditions == (
        Condition("class", Op.IS, "A"),
        Condition("last_visit", Op.BEFORE, "2026-11-01"),
        Condition("net", Op.LEAST, 100_000),
    )
    words = "Class is A and Last visit before 1 Nov 2026 and Net 12 m at least 1,000.00"
    assert sentences.say_all(grammar, conditions) == words


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Colour is red", "is not a condition of this list"),
        ("Class is Z", "never “Z”"),
        ("Last visit before someday", "no day"),
        ("Net 12 m at least lots", "no number"),
        ("Class", "is not a condition"),
    ],
)
def test_a_sentence_that_is_not_understood_says_why(ws: Workspace, typed: str, words: str) -> None:
    grammar = sentences.Grammar(list_named("customers"), "EUR", ws.today())
    with pytest.raises(FieldError) as caught:
        sentences.read_all(grammar, f"Status is Active and {typed}")
    assert words in caught.value.message
    assert caught.value.hint


def test_a_sentence_begun_can_be_completed_to_the_end(ws: Workspace) -> None:
    spec = list_named("customers")
    grammar = sentences.Grammar(
        spec, "EUR", ws.today(), lambda key: reading.listed_values(ws, spec, key)
    )
    assert "Class " in sentences.endings(grammar, "cl")
    assert "Class is A" in sentences.endings(grammar, "Class i")
    assert sentences.endings(grammar, "Status is Active and Class is B ") == []
    town = reading.listed_values(ws, spec, "city")[0]
    assert any(town in one for one in sentences.endings(grammar, "Status is Active and Town is "))
    for one in sentences.endings(grammar, "Class "):
        assert sentences.read_all(grammar, one)


def test_a_view_comes_back_as_it_was_kept_and_unknown_parts_are_left_out(ws: Workspace) -> None:
    spec = list_named("customers")
    query = ListQuery(
        "bar", (Condition("class", Op.IS, "A"),), ("net", True), (("name", 200), ("net", 0))
    )
    assert from_document(spec, to_document(query)) == (query, 0)
    strange = to_document(query)
    strange["filter"] += [["colour", "is", "red"], ["net", "is", "lots"], "?", ["net", "odd", 1]]
    strange["columns"] += [["colour", 1], 7]
    assert from_document(spec, strange) == (query, 4)
    assert from_document(spec, "nonsense") == (ListQuery(), 1)


# ------------------------------------------------------------------------------- bulk edits


def test_a_bulk_edit_is_one_step_that_can_be_taken_back(ws: Workspace) -> None:
    spec = list_named("customers")
    keys = everything(ws, spec, ListQuery())
    before = {row.id: row.values["class"] for row in reading.rows_of(ws, spec, keys).values()}
    edited = bulk_edits.edit_rows(ws, spec, keys, "class", "B")
    assert edited.changed == sum(value != "B" for value in before.values())
    assert edited.changed + edited.same == len(keys)
    assert {row.values["class"] for row in reading.rows_of(ws, spec, keys).values()} == {"B"}
    assert edited.changes.undo is not None
    undo.undo(ws, edited.changes.undo)
    after = {row.id: row.values["class"] for row in reading.rows_of(ws, spec, keys).values()}
    assert after == before


def test_nobody_changes_what_is_not_theirs_to_change(ws: Workspace) -> None:
    products, orders = list_named("products"), list_named("orders")
    keys = everything(ws, products, ListQuery())
    assert bulk_edits.editable_columns(ws, products) == ()
    assert bulk_edits.editable_columns(ws, orders) == ()
    with pytest.raises(UserError):
        bulk_edits.edit_rows(ws, products, keys, "brand", "Mine")
    office = replace(ws, user=replace(ws.user, role=Role.OFFICE))
    assert bulk_edits.edit_rows(office, products, keys, "brand", "House").changed == len(keys)


@pytest.mark.parametrize(
    ("column", "value"), [("class", "Z"), ("class", ""), ("visit_minutes", 5_000)]
)
def test_an_impossible_value_changes_nothing(ws: Workspace, column: str, value: Any) -> None:
    spec = list_named("customers")
    keys = everything(ws, spec, ListQuery())
    with pytest.raises(FieldError):
        bulk_edits.edit_rows(ws, spec, keys, column, value)
    with pytest.raises(FieldError):
        bulk_edits.edit_rows(ws, spec, range(bulk_edits.MOST_ROWS + 1), "class", "A")


# ------------------------------------------------------------------------------ saved views


def test_views_are_kept_replaced_shared_by_name_and_deleted(ws: Workspace) -> None:
    place = "contacts"
    key, _changes = saved_views.save_view(ws, place, " Mine ", {"text": "a"})
    other, name = saved_views.colleagues(ws)[0]
    theirs = replace(ws, user=replace(ws.user, id=other, uid=_uid(ws, other)))
    third, _third_name = saved_views.colleagues(ws)[1]
    somebody = replace(ws, user=replace(ws.user, id=third, uid=_uid(ws, third)))
    saved_views.share_view(ws, key, [other])
    (mine,) = saved_views.saved_views(ws, place)
    assert (mine.name, mine.owner, mine.shared, mine.people) == (
        "Mine", "", True, ((other, name),),
    )  # fmt: skip
    (seen,) = saved_views.saved_views(theirs, place)
    assert (seen.name, seen.owner, dict(seen.definition)) == ("Mine", ws.user.name, {"text": "a"})
    assert saved_views.saved_views(somebody, place) == ()
    again, _changes = saved_views.save_view(ws, place, "Mine", {"text": "b"})
    assert again == key
    assert dict(saved_views.saved_views(theirs, place)[0].definition) == {"text": "b"}
    saved_views.share_view(ws, key)
    assert [view.name for view in saved_views.saved_views(somebody, place)] == ["Mine"]
    saved_views.stop_sharing(ws, key)
    assert saved_views.saved_views(theirs, place) == ()
    saved_views.share_view(ws, key)
    saved_views.delete_view(ws, key)
    assert saved_views.saved_views(ws, place) == saved_views.saved_views(theirs, place) == ()
    with pytest.raises(FieldError):
        saved_views.save_view(ws, place, " ", {})


def test_a_view_for_somebody_who_is_gone_is_shown_to_nobody(ws: Workspace) -> None:
    key, _changes = saved_views.save_view(ws, "contacts", "Mine", {"text": "a"})
    with pytest.raises(NotFound):
        saved_views.share_view(ws, key, [987_654])
    other, _name = saved_views.colleagues(ws)[0]
    theirs = replace(ws, user=replace(ws.user, id=other, uid=_uid(ws, other)))
    assert saved_views.saved_views(theirs, "contacts") == ()


def _uid(ws: Workspace, user: int) -> bytes:
    with ws.database.read() as connection:
        return bytes(
            connection.exec_driver_sql(
                "SELECT uid FROM app_user WHERE id = ?", (user,)
            ).scalar_one()
        )


_TEXTS = (
    "",
    "Bar",
    "BAR",
    "bär",
    "Café Ñu",
    "Бар №1",
    "100%",
    "a_b",
    "a\\b",
    "tab\there",
    "ﬁn",
    "İ",
)


def test_texts_are_compared_as_they_are_folded(ws: Workspace) -> None:
    """Plain ones by SQLite, the others by Python: nobody sees which."""
    with ws.database.read() as connection:
        for text, wanted in itertools.product(_TEXTS, (*_TEXTS, "a", "%", "_", "é", "ba")):
            value = literal(text)
            found = connection.execute(
                select(
                    same_words(
                        value, wanted, lambda one, part: one.contains(part, autoescape=True)
                    ),
                    same_words(value, wanted, lambda one, whole: one == whole),
                )
            ).one()
            whole, part = folded_text(text) or "", folded_text(wanted) or ""
            assert tuple(map(bool, found)) == (part in whole, part == whole), (text, wanted)


# ------------------------------------------------------------------------- long lists


@pytest.mark.parametrize("key", LISTS)
@pytest.mark.parametrize(("walked", "short"), [(30, 0), (6_000, 0), (30, 50_000)])
def test_any_order_and_filter_give_what_sorting_all_rows_gives(
    ws: Workspace, key: str, walked: int, short: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a page ends before it is full, and where the filter leads to few rows."""
    walk_little(monkeypatch, walked, short)
    spec, draw = list_named(key), Random(key)
    rows = list(reading.rows_of(ws, spec, list(places_of(ws, spec, spec.columns[0]))).values())
    for column in (one for one in spec.columns if one.sortable):
        places = places_of(ws, spec, column)
        asked = draw.choice(spec.columns)
        op = draw.choice([op for op in OPS[asked.kind] if op not in (Op.PAST, Op.AHEAD)])
        value = draw.choice([0, 30]) if op is Op.NOT_PAST else draw.choice(values_of(asked, rows))
        condition = Condition(asked.key, op, None if op in BARE else value)
        down = draw.random() < 0.5
        for conditions in ((), (condition,)):
            found = everything(ws, spec, ListQuery("", conditions, (column.key, down)))
            wanted = [
                row.id for row in rows
                if not conditions
                or holds(asked, condition, row.values[asked.key], ws.today())
            ]  # fmt: skip
            wanted.sort(key=lambda row: places[row], reverse=down)
            assert found == wanted, (column.key, down, conditions)


def test_every_order_of_a_long_list_has_its_index(ws: Workspace) -> None:
    """A page along a column is read from an index, and nothing is sorted for it."""
    for spec in all_lists().values():
        for column in (one for one in spec.columns if one.indexed):
            for down in (False, True):
                order = Order(column, down)
                parts = order.parts(spec)
                query = select(*parts).where(*spec.where(ws)).order_by(*order.ordered(parts))
                with ws.database.read() as connection:
                    first = connection.execute(query.limit(1)).first()
                    if first is not None:
                        query = query.where(order.beyond(parts, tuple(first)))
                    compiled = query.limit(9).compile(
                        connection, compile_kwargs={"literal_binds": True}
                    )
                    steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
                plan = " / ".join(str(step[-1]) for step in steps)
                assert "USING" in plan, (spec.key, column.key, plan)
                assert "INDEX" in plan, (spec.key, column.key, plan)
                assert "TEMP B-TREE FOR ORDER BY" not in plan, (spec.key, column.key, plan)


def test_a_search_for_few_goes_on_to_the_end_of_a_long_list(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that found nothing in what it looked through says where to go on."""
    monkeypatch.setattr(reading, "_WALKED_FIRST", 20)
    monkeypatch.setattr(reading, "_SLICE", 10)
    monkeypatch.setattr(reading, "_SHORT", 0)
    spec = list_named("contacts")
    last = everything(ws, spec, ListQuery(sort=("job", True)))[-1]
    name = reading.rows_of(ws, spec, [last])[last].values["name"]
    query = ListQuery("", (Condition("name", Op.IS, name),), ("job", True))
    page = reading.first_page(ws, spec, query)
    assert page.keys == []
    assert page.after is not None
    assert last in everything(ws, spec, query)

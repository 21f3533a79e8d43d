"""Fields of the company's own in the list of customers: shown, filtered, sorted, put away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from crmdesk.domain.custom_fields import CustomField, FieldKind
from crmdesk.domain.states import Role
from crmdesk.services.custom_fields import custom_fields, save_field
from crmdesk.services.customer_data import read_data, save_data
from crmdesk.services.queries.lists import reading, sentences
from crmdesk.services.queries.lists.conditions import ListQuery
from crmdesk.services.queries.lists.own_fields import known_part, with_own_fields
from crmdesk.services.queries.lists.registry import list_named
from crmdesk.services.queries.lists.spec import ListSpec
from crmdesk.services.workspace import Workspace
from tests.db.files import put

_VALUES = [("2", "summer", "yes", "2026-03-01"), ("10.5", "none", "", ""), ("", "summer", "no", "")]


@pytest.fixture
def filled(ws: Workspace) -> Iterator[tuple[Workspace, list[int]]]:
    """Four fields, three customers with values."""
    office = replace(ws, user=replace(ws.user, role=Role.OFFICE))
    for field in (
        CustomField(0, "Fridges", FieldKind.NUMBER),
        CustomField(0, "Terrace", FieldKind.CHOICE, ("none", "summer")),
        CustomField(0, "Bakery", FieldKind.YES_NO), CustomField(0, "Opened", FieldKind.DATE),
    ):  # fmt: skip
        save_field(office, field)
    keys = reading.first_page(ws, list_named("customers"), ListQuery()).keys[:3]
    for key, values in zip(keys, _VALUES, strict=True):
        data = read_data(ws, key)
        own = dict(zip((one.id for one in data.fields), values, strict=True))
        save_data(ws, key, replace(data, custom=own))
    yield office, keys


def found(ws: Workspace, spec: ListSpec, sentence: str) -> list[int]:
    conditions = sentences.read_all(sentences.Grammar(spec, "EUR", ws.today()), sentence)
    return sorted(reading.first_page(ws, spec, ListQuery(conditions=conditions), 100_000).keys)


def test_own_fields_filter_and_sort_the_customers(filled: tuple[Workspace, list[int]]) -> None:
    ws, (one, two, three) = filled
    spec = with_own_fields(ws, list_named("customers"))
    assert found(ws, spec, "Fridges at least 2") == sorted([one, two])
    assert found(ws, spec, "Terrace is summer") == sorted([one, three])
    assert found(ws, spec, "Terrace is summer and Bakery is no") == [three]
    assert found(ws, spec, "Opened before 2 Mar 2026") == [one]
    key = next(column.key for column in spec.columns if column.title() == "Fridges")
    page = reading.first_page(ws, spec, ListQuery(sort=(key, True)))
    assert page.keys[:2] == [two, one], "as numbers, not as words"
    assert page.rows[two].values[key] == 10.5
    data = read_data(ws, two)
    save_data(ws, two, replace(data, custom=dict.fromkeys(data.custom, "")))
    emptied = reading.first_page(ws, spec, ListQuery(sort=(key, True)), 100_000)
    assert {emptied.rows[two].values[c.key] for c in spec.columns if c.key.startswith("own_")} == {
        None
    }


def test_of_two_values_of_one_field_the_newer_holds(filled: tuple[Workspace, list[int]]) -> None:
    """Two laptops may have written the first one each; until HQ has made them one, both lie."""
    ws, (one, two, _three) = filled
    for uid, value in ((b"\x00" * 16, "7"), (b"\xff" * 16, "9")):
        put(ws, "INSERT INTO custom_value (uid, account_id, custom_field_id, value) SELECT ?, ?,"
            " id, ? FROM custom_field WHERE name = 'Fridges'", uid, one, value)  # fmt: skip
    spec = with_own_fields(ws, list_named("customers"))
    assert found(ws, spec, "Fridges at least 9") == sorted([one, two])


def test_a_field_put_away_leaves_the_list_and_views_go_on(
    filled: tuple[Workspace, list[int]],
) -> None:
    ws, _keys = filled
    spec = with_own_fields(ws, list_named("customers"))
    field = custom_fields(ws)[0]
    key = next(column.key for column in spec.columns if column.title() == "Fridges")
    query = ListQuery(sort=(key, True), columns=(("name", 0), (key, 90)))
    save_field(ws, replace(field, active=False))
    left = with_own_fields(ws, list_named("customers"))
    assert not left.knows(key) and left.knows("city")
    assert known_part(left, query) == ListQuery(columns=(("name", 0),))
    assert with_own_fields(ws, list_named("contacts")) is list_named("contacts")

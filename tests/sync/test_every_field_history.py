"""Every field of a customer's card has a history that can be read, and every value comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.gui.change_words import change_words, field_name
from crmdesk.services.field_words import known_words
from crmdesk.services.queries.field_history import FieldChange, field_changes
from crmdesk.services.restoring_values import restore_value
from crmdesk.storage.entities import ENTITIES, Field, Kind, Owner
from crmdesk.storage.types import dump_json
from crmdesk.sync.history import TRACKED
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at

pytestmark = pytest.mark.hq

# What a row is of never changes; erasing somebody has no way back.
FIXED = {
    "account_id", "contact_id", "product_id", "custom_field_id", "erased_at",
}  # fmt: skip
FIELDS = [
    (name, field) for name in TRACKED for field in ENTITIES[name].fields
    if field.column not in FIXED
]  # fmt: skip
SET: dict[str, Any] = {
    "code": "C0-X", "class": "A", "status": "lapsed", "credit_mode": "hard", "country": "AD",
    "language": "es", "usual_weekday": 3, "kind": "mobile", "location_quality": "town",
    "time_zone": "Europe/Andorra", "consent_channel": "email", "value": "a terrace",
    "opening_hours": dump_json([[[480, 900]]] * 5 + [[], []]),
    "consents": dump_json({"email": {"given": False, "on": "2026-11-02"}}),
}  # fmt: skip


def value_of(laptop: Laptop, field: Field) -> Any:
    if field.column in SET:
        return SET[field.column]
    if field.kind is Kind.REF:
        table = ENTITIES[str(field.ref)].table or field.ref
        return laptop.one(f"SELECT max(id) FROM {table}")
    if field.kind is Kind.UID:
        return laptop.one("SELECT uid FROM account WHERE code = 'C3'")
    if field.kind is Kind.DATE:
        return "2024-02-29"
    if field.kind is Kind.INSTANT:
        return "2026-03-29T01:59:59.999Z"
    if field.kind is Kind.BOOL:
        return 0 if field.default else 1
    if field.kind is Kind.REAL:
        return 42.125
    return f"a {field.column.replace('_', ' ')}" if field.kind is Kind.TEXT else 17


def stock(office: Laptop) -> None:
    """One row of each kind at the first customer, and what its fields can refer to."""
    insert = {
        "campaign": ("code, name", "'S', 'Spring'"),
        "outcome_reason": ("kind, code, name", "'account_lost', 'x', 'Moved away'"),
        "attention_model": ("code, name", "'A', 'Weekly'"),
        "price_list": ("code, name, currency", "'L', 'List', 'EUR'"),
        "custom_field": ("name", "'Terrace'"),
    }
    for table, (columns, values) in insert.items():
        office.run(f"INSERT INTO {table} (uid, {columns}) VALUES (?, {values})", new_uid())
    of = {
        "site": ("name", "'Cellar'"),
        "contact_point": ("contact_id, kind, value",
                          "(SELECT id FROM contact WHERE account_id = a.id), 'phone', '+3761'"),
        "account_product": ("product_id", "(SELECT min(id) FROM product)"),
        "custom_value": ("custom_field_id, value", "(SELECT id FROM custom_field), 'none'"),
    }  # fmt: skip
    for table, (columns, values) in of.items():
        office.run(
            f"INSERT INTO {table} (uid, account_id, {columns}) SELECT ?, a.id, {values}"
            " FROM account a WHERE code = 'C0'",
            new_uid(),
        )


def state(laptop: Laptop, account: int) -> dict[tuple[str, str], Any]:
    """Every field of the card: scalars, references by uid."""
    found = {}
    for name, field in FIELDS:
        table, where = ENTITIES[name].table or name, "id" if name == "account" else "account_id"
        value = laptop.one(f"SELECT {field.column} FROM {table} WHERE {where} = ?", account)
        if field.kind is Kind.REF and value is not None:
            target = ENTITIES[str(field.ref)].table or field.ref
            value = laptop.one(f"SELECT uid FROM {target} WHERE id = ?", value)
        found[name, field.column] = value
    return found


def heard(*laptops: Laptop) -> None:
    for _round in range(2):
        for laptop in laptops:
            assert laptop.sync().refusals == 0


def newest(laptop: Laptop, account: int) -> dict[tuple[str, str], FieldChange]:
    found: dict[tuple[str, str], FieldChange] = {}
    for one in field_changes(at(laptop), account):
        found.setdefault((one.entity, one.field), one)
    return found


def test_every_field_of_the_card_is_told_and_comes_back(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    stock(office)
    heard(office, rep)
    here, there = (
        int(laptop.one("SELECT id FROM account WHERE code = 'C0'")) for laptop in (rep, office)
    )
    before = state(rep, here)
    assert before == state(office, there)
    for name, field in FIELDS:
        if field.column == "territory_id":
            continue
        table, where = ENTITIES[name].table or name, "id" if name == "account" else "account_id"
        office.run(f"UPDATE {table} SET {field.column} = ? WHERE {where} = ?",
                   value_of(office, field), there)  # fmt: skip
    heard(office, rep, office)
    changed = state(rep, here)
    assert changed == state(office, there)
    told = newest(rep, here)
    for name, field in FIELDS:
        if field.column == "territory_id":
            continue
        key = (name, field.column)
        assert changed[key] != before[key], key
        assert key in told and told[key].by == "Olga Office" and told[key].kept, key
        # In words: the field has a name of its own, the values can be read.
        title, was = change_words(told[key], "EUR")
        assert field_name(told[key]) and "{" not in title + was and "_" not in title, title

    # Put back by the rep, a new change that the office gets; what is HQ's by the office.
    for name, field in FIELDS:
        key = (name, field.column)
        mine = ENTITIES[name].owner_of(field.name) is not Owner.HQ
        if mine:
            changes = restore_value(at(rep), told[key], older=True)
            assert changes.undo is not None
    heard(rep, office, rep)
    of_office = newest(office, there)
    for name, field in FIELDS:
        if ENTITIES[name].owner_of(field.name) is Owner.HQ and field.column != "territory_id":
            restore_value(at(office), of_office[name, field.column], older=True)
    heard(office, rep)
    assert state(rep, here) == before == state(office, there)
    told = newest(office, there)
    for name, field in FIELDS:
        if ENTITIES[name].owner_of(field.name) is not Owner.HQ:
            assert told[name, field.column].by == "Ruth Rep", (name, field.column)


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=lambda one: getattr(one, "column", one))
def test_every_field_has_words_of_its_own(name: str, field: Field) -> None:
    """Not the column's name in other letters, which nobody translates."""
    base = field.column.removesuffix("_id").removesuffix("_uid")
    assert known_words().keys() & {base, field.column}, (name, field.column)


def test_consents_put_back_take_the_single_one_along(hq: Headquarters) -> None:
    office = hq.join("O1")
    account = office.one("SELECT id FROM account WHERE code = 'C0'")
    given = {"call": {"given": True, "on": "2026-03-02"}}
    for document, at_, channel in (
        (given, "2026-03-02T00:00:00.000Z", "call"),
        ({"call": {"given": False, "on": "2026-11-02"}}, None, None),
    ):
        office.run(
            "UPDATE contact SET consents = ?, consent_at = ?, consent_channel = ?"
            " WHERE account_id = ?",
            dump_json(document), at_, channel, account,
        )  # fmt: skip
    change = newest(office, account)["contact", "consents"]
    assert change_words(change, "EUR")[1].startswith("was Calls agreed")
    restore_value(at(office), change, older=True)
    columns = "SELECT consents, consent_at, consent_channel FROM contact WHERE account_id = ?"
    ((document, at_, channel),) = office.rows(columns, account)
    assert (json.loads(document), at_, channel) == (given, "2026-03-02T00:00:00.000Z", "call")
    # Back to where nobody had been asked: nothing of a consent is left.
    office.run("UPDATE contact SET consents = NULL, consent_at = NULL, consent_channel = NULL")
    office.run(
        "UPDATE contact SET consents = ?, consent_at = '2026-03-02T00:00:00.000Z',"
        " consent_channel = 'call' WHERE account_id = ?",
        dump_json(given), account,
    )  # fmt: skip
    restore_value(at(office), newest(office, account)["contact", "consents"], older=True)
    assert office.rows(columns, account) == [(None, None, None)]

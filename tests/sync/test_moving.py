"""A customer that moves takes everything along: rows of every kind, deletions, late changes."""

from __future__ import annotations

import pytest

from crmdesk.hq.administration import admin
from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.hq.exchange import editing
from crmdesk.storage.entities import ENTITIES
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note
from tests.sync.every_row import fill

pytestmark = pytest.mark.hq

INSIDE = [entity for entity in ENTITIES.values() if by_account(entity)]


def inside(laptop: Laptop, code: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of an account by kind, uids and revisions first; lines by their number."""
    found = {}
    for entity in INSIDE:
        name = table_name(entity)
        columns = ", ".join(
            f"t.{f.column}" for f in entity.fields if f.kind.value not in {"ref", "uid"}
        )
        join = "" if name == "account" else "JOIN account a ON a.id = t.account_id"
        owner = "t" if name == "account" else "a"
        query = f"SELECT t.uid, t.rev, {columns} FROM {name} t {join} WHERE {owner}.code = ?"
        found[name] = laptop.rows(f"{query} ORDER BY t.uid", code)
        if entity.lines is not None:
            query = (
                f"SELECT count(*) FROM {entity.lines.name} l JOIN {name} t ON t.id = l.parent_id"
                f" {join} WHERE {owner}.code = ?"
            )
            found[entity.lines.name] = laptop.rows(query, code)
    return found


def test_case_12_a_moved_customer_leaves_and_arrives_with_all_it_has(hq: Headquarters) -> None:
    """One row of every kind, all fields filled, with what was deleted and changed since."""
    office, one, two = hq.join("O1"), hq.join("R1"), hq.join("R2")
    fill(office)
    assert office.sync().refusals == 0
    code = hq.one("SELECT code FROM account WHERE code NOT LIKE 'C_'")
    admin.reassign_territory(hq.store, [code], "T1", now_ms=hq.now_ms())
    one.sync()
    office.sync()
    whole = inside(office, code)
    assert inside(one, code) == whole
    assert {name for name, rows in whole.items() if not rows} == set()
    # Deleted and changed before the move, which the new owner hears of in the same breath.
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())
    point = hq.one("SELECT encode(uuid_send(uid),'hex') FROM contact_point")
    editing.delete_row(hq.store, "contact_point", point, hq.now_ms())
    office.run("UPDATE contact SET job = 'changed' WHERE uid <> ?", company.CONTACTS[0])
    office.sync()
    admin.reassign_territory(hq.store, [code], "T2", now_ms=hq.now_ms())

    for laptop in (one, two, office):
        laptop.sync()

    assert {name: rows for name, rows in inside(one, code).items() if any(map(any, rows))} == {}
    after = inside(office, code)
    assert after["contact_point"] == [] and ("changed" in repr(after["contact"]))
    assert inside(two, code) == after
    for laptop in (one, two):
        assert laptop.rows("PRAGMA foreign_key_check") == []


def test_rows_made_by_others_while_it_moves_are_where_it_is(hq: Headquarters) -> None:
    one, two, office = hq.join("R1"), hq.join("R2"), hq.join("O1")
    add_note(office, "C0", "O1", "before")
    office.sync()
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())
    add_note(office, "C0", "O1", "after")
    office.sync()
    one.sync()
    two.sync()
    assert one.rows("SELECT 1 FROM note") == []
    assert two.rows("SELECT text FROM note ORDER BY text") == [("after",), ("before",)]
    assert two.one("SELECT count(*) FROM sale") == 9

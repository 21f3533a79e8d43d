"""One specification, two stores: parity, distribution keys, migrations, values there and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Index, UniqueConstraint

from crmdesk.domain.errors import NewerFile, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.hq.database import bulk, schema, tables
from crmdesk.hq.database.copying import encoders
from crmdesk.hq.database.migrations import alembic_config
from crmdesk.hq.database.store import Store
from crmdesk.storage import tables as local
from crmdesk.storage.entities import ENTITIES, Entity, Field, Kind, Scope
from crmdesk.storage.rows import Batch, row_maker
from tests.sync import company
from tests.sync.conftest import Headquarters

_EVERY = list(ENTITIES.values())
_HQ_ONLY = {"account_id", "rev", "deleted", "clocks", "extra"}


@pytest.mark.parametrize("entity", _EVERY, ids=lambda e: e.name)
def test_both_stores_have_the_same_columns(entity: Entity) -> None:
    here, there = local.table(entity.name), tables.table(entity.name)
    assert {c.name for c in here.columns} - {"id"} - _HQ_ONLY == {
        c.name for c in there.columns
    } - _HQ_ONLY
    for one in entity.fields:
        if one.column != "account_id" or entity.scope is not Scope.ACCOUNT:
            assert here.c[one.column].nullable == there.c[one.column].nullable
    if entity.lines is not None:
        lines_here, lines_there = local.table(entity.lines.name), tables.table(entity.lines.name)
        assert {c.name for c in lines_here.columns} - {"parent_id"} == {
            c.name for c in lines_there.columns
        } - {"account_id", "parent_uid"}


@pytest.mark.parametrize(
    "entity", [e for e in _EVERY if e.scope is Scope.ACCOUNT], ids=lambda e: e.name
)
def test_keys_of_account_rows_start_with_the_distribution_column(entity: Entity) -> None:
    names = [entity.name, *([entity.lines.name] if entity.lines else [])]
    for table in (tables.table(name) for name in names):
        assert next(iter(table.primary_key.columns)).name == "account_id"
        for rule in table.constraints:
            if isinstance(rule, UniqueConstraint):
                assert rule.columns[0].name == "account_id"
        for index in table.indexes:
            assert isinstance(index, Index)
            if index.unique:
                assert next(iter(index.columns)).name == "account_id"
        for key in table.foreign_key_constraints:
            target = key.referred_table
            if target.name == "account" or "account_id" in target.c:
                assert key.column_keys[0] == "account_id"
                assert next(iter(key.elements)).column.name == "account_id"


def test_the_newest_revision_is_the_one_the_program_knows() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == schema.HEAD_REVISION


@pytest.mark.hq
def test_a_newer_database_and_a_foreign_one_are_refused(hq: Headquarters) -> None:
    schema.upgrade(hq.store)
    with hq.store.transaction() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("DELETE FROM hq_state")
    with pytest.raises(NewerFile):
        schema.upgrade(hq.store)
    with pytest.raises(UserError, match="not a crmdesk HQ"):
        schema.fact(hq.store, "epoch")


@pytest.mark.hq
def test_a_bulk_load_leaves_every_rule_in_place(hq: Headquarters) -> None:
    keys = {row[0] for row in hq.rows("SELECT conname FROM pg_constraint WHERE contype = 'f'")}
    assert keys >= {
        k.name for t in tables.metadata.tables.values() for k in t.foreign_key_constraints
    }
    indexes = {row[0] for row in hq.rows("SELECT indexname FROM pg_indexes")}
    assert indexes >= {i.name for t in tables.metadata.tables.values() for i in t.indexes}


@pytest.mark.hq
def test_a_later_bulk_load_reaches_the_laptops_by_the_feed(hq: Headquarters) -> None:
    one = hq.join("R1")
    account, note = row_maker("account"), row_maker("note")
    uid = new_uid()

    def batches() -> Iterator[Batch]:
        yield Batch("account", [account(uid, code="L1", name="Loaded", territory=company.T1)])
        yield Batch(
            "note",
            [
                note(new_uid(), account=a, text=f"{n}", at="2026-01-01T00:00:00.000Z",
                     date="2026-01-01")
                for n, a in enumerate([uid, *company.ACCOUNTS])
            ],
        )  # fmt: skip

    bulk.load(hq.store, batches())
    one.sync()

    assert one.one("SELECT name FROM account WHERE code = 'L1'") == "Loaded"
    assert one.one("SELECT count(*) FROM note") == 5
    with pytest.raises(UserError, match="twice"):
        bulk.load(hq.store, [Batch("account", [account(new_uid(), code="L1", name="Again")])])
    assert hq.one("SELECT count(*) FROM account") == 7


_TEXT = Field("x", Kind.TEXT)
_texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]))


def _unescaped(cell: str) -> str:
    """What PostgreSQL makes of a cell of COPY's text format."""
    result, escape = "", False
    for letter in cell:
        if escape:
            result += {"t": "\t", "n": "\n", "r": "\r"}.get(letter, letter)
            escape = False
        elif letter == "\\":
            escape = True
        else:
            result += letter
    return result


@given(_texts)
def test_copy_text_comes_back_as_it_was(text: str) -> None:
    cell = encoders([_TEXT])[0](text)
    assert "\t" not in cell and "\n" not in cell and "\r" not in cell
    assert cell != "\\N"
    assert _unescaped(cell) == text


@pytest.mark.hq
def test_every_kind_of_value_survives_the_round_trip(hq: Headquarters, fresh_database: str) -> None:
    """Bulk load → PostgreSQL → snapshot → SQLite gives the very same values."""
    store = Store(fresh_database)
    make = row_maker("account")
    strange = 'tab\t line\n back\\slash "quote" \\N \x7f  é漢字🙂 \\t'
    row = make(
        new_uid(), code="X1", name=strange, territory=company.T1, latitude=-0.1 + 0.2,
        longitude=1e-7, opening_hours={"b": [1, 2.5, None], "a": strange}, visit_minutes=0,
        acquired_on="1999-12-31", parent=company.ACCOUNTS[0], credit_limit_minor=2**52 + 1,
    )  # fmt: skip
    contact = row_maker("contact")(
        new_uid(), account=row.uid, name="x", consent_at="2026-02-28T23:59:59.999Z"
    )
    bulk.load(store, [Batch("account", [row]), Batch("contact", [contact])])
    store.dispose()

    one = hq.join("R1")

    fields = {f.name: f.column for f in ENTITIES["account"].fields if f.kind is not Kind.REF}
    found = one.rows(f"SELECT {', '.join(fields.values())} FROM account WHERE code = 'X1'")[0]
    expected = dict(zip([f.name for f in ENTITIES["account"].fields], row.values, strict=True))
    assert dict(zip(fields, found, strict=True)) == {name: expected[name] for name in fields}
    assert one.one("SELECT consent_at FROM contact WHERE name = 'x'") == "2026-02-28T23:59:59.999Z"

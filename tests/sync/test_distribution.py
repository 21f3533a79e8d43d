"""HQ's schema on a distributed PostgreSQL: every key allows it, and the calls are right."""

from __future__ import annotations

import json

import psycopg
import pytest
from sqlalchemy import Table, UniqueConstraint

from crmdesk.cli.program import Faces, main
from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.hq.administration import distribution
from crmdesk.hq.database.tables import metadata, table
from crmdesk.storage.entities import ENTITIES, Scope
from tests.sync.conftest import Headquarters

_TABLES = list(metadata.tables.values())
_DISTRIBUTED = [t for t in _TABLES if distribution.placement(t).column is not None]


@pytest.mark.parametrize("one", _DISTRIBUTED, ids=lambda t: t.name)
def test_every_key_of_a_distributed_table_starts_with_its_column(one: Table) -> None:
    column = distribution.placement(one).column
    assert column is not None
    assert not one.c[column].nullable
    assert next(iter(one.primary_key.columns)).name == column
    for rule in one.constraints:
        if isinstance(rule, UniqueConstraint):
            assert rule.columns[0].name == column, rule.name
    for index in one.indexes:
        if index.unique:
            assert next(iter(index.columns)).name == column, index.name


@pytest.mark.parametrize("one", _TABLES, ids=lambda t: t.name)
def test_foreign_keys_stay_on_one_node(one: Table) -> None:
    """To a reference table from anywhere; else only along the distribution column."""
    here = distribution.placement(one)
    for key in one.foreign_key_constraints:
        there = distribution.placement(key.referred_table)
        if there.column is None:
            continue
        assert here.column is not None, f"{key.name}: a reference table refers to a distributed one"
        assert (here.beside or here.table) == (there.beside or there.table), key.name
        assert key.column_keys[0] == here.column, key.name
        assert next(iter(key.elements)).column.name == there.column, key.name


def test_rows_of_accounts_lie_by_account_with_their_lines_and_history() -> None:
    for entity in ENTITIES.values():
        if entity.scope is Scope.ACCOUNT:
            assert distribution.placement(table(entity.name)).column == "account_id"
            if entity.lines is not None:
                assert distribution.placement(table(entity.lines.name)).column == "account_id"
        else:
            assert distribution.placement(table(entity.name)).column is None
    wanted = {
        "change": "account_id", "feed": "scope", "scope_head": "scope", "outbox": "scope",
        "op_result": "device_id", "blob": "sha256", "blob_chunk": "sha256", "unique_value": None,
    }  # fmt: skip
    for name, column in wanted.items():
        assert distribution.placement(metadata.tables[name]).column == column


def test_the_plan_names_every_table_once_in_a_possible_order() -> None:
    plan = distribution.plan()
    names = [step.table for step in plan]
    assert sorted(names) == sorted(metadata.tables)
    kinds = [step.column is None for step in plan]
    assert kinds == sorted(kinds, reverse=True), "reference tables come first"
    for at, step in enumerate(plan):
        if step.beside is not None:
            assert step.beside in names[:at]
            assert plan[names.index(step.beside)].column == step.column
        for key in metadata.tables[step.table].foreign_key_constraints:
            if key.referred_table.name != step.table:
                assert key.referred_table.name in names[:at], key.name


def test_the_calls_are_printed_without_an_hq(capsys: pytest.CaptureFixture[str]) -> None:
    faces = Faces(None, None, None)  # type: ignore[arg-type]
    assert main(["hq", "distribute", "--dry-run"], faces, None) == 0  # type: ignore[arg-type]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(metadata.tables)
    assert "SELECT create_reference_table('app_user');" in lines
    assert (
        "SELECT create_distributed_table('account', 'account_id', colocate_with => 'none');"
        in lines
    )
    assert (
        "SELECT create_distributed_table('order_line', 'account_id', colocate_with => 'account');"
        in lines
    )
    assert main(["hq", "distribute", "--dry-run", "--json"], faces, None) == 0  # type: ignore[arg-type]
    assert len(json.loads(capsys.readouterr().out)) == len(lines)


@pytest.mark.hq
def test_without_citus_it_explains_itself_and_changes_nothing(hq: Headquarters) -> None:
    with pytest.raises(EnvironmentProblem, match="no Citus"):
        distribution.distribute(hq.store)


# What Citus's two functions do with a table, as far as its documentation says what they refuse.
_STAND_IN = """
CREATE TABLE pg_dist_partition (logicalrelid regclass, partkey text, beside text);
CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_constraint c JOIN pg_dist_partition p
               ON p.logicalrelid = c.confrelid AND p.partkey IS NOT NULL
               WHERE c.conrelid = name AND c.contype = 'f') THEN
        RAISE 'a reference table refers to a distributed one';
    END IF;
    INSERT INTO pg_dist_partition VALUES (name, NULL, NULL);
END $$;
CREATE FUNCTION create_distributed_table(name regclass, col text, colocate_with text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE number smallint;
BEGIN
    SELECT attnum INTO STRICT number FROM pg_attribute WHERE attrelid = name AND attname = col;
    IF EXISTS (SELECT 1 FROM pg_index WHERE indrelid = name AND indisunique
               AND NOT number = ANY(indkey::smallint[])) THEN
        RAISE 'a unique index without the distribution column';
    END IF;
    IF EXISTS (SELECT 1 FROM pg_constraint c LEFT JOIN pg_dist_partition p
               ON p.logicalrelid = c.confrelid WHERE c.conrelid = name AND c.contype = 'f'
               AND c.confrelid <> name AND (p.logicalrelid IS NULL
               OR (p.partkey IS NOT NULL AND NOT number = ANY(c.conkey)))) THEN
        RAISE 'a foreign key that leaves the node';
    END IF;
    IF colocate_with <> 'none' AND NOT EXISTS (SELECT 1 FROM pg_dist_partition
               WHERE logicalrelid = colocate_with::regclass) THEN
        RAISE 'nothing to lie beside';
    END IF;
    INSERT INTO pg_dist_partition VALUES (name, col, colocate_with);
END $$;
"""


@pytest.mark.hq
def test_every_call_is_possible_on_the_real_tables(hq: Headquarters) -> None:
    """Citus is not in Debian: its documented refusals stand in for it, over real catalogues."""
    with hq.store.transaction() as connection:
        connection.execute(_STAND_IN)
        for step in distribution.plan():
            connection.execute(step.call.encode())
        placed = connection.execute("SELECT count(*) FROM pg_dist_partition").fetchone()
        assert placed == (len(metadata.tables),)
        wrong = distribution.Placement("contact", "uid", "account").call
        connection.execute("DELETE FROM pg_dist_partition WHERE logicalrelid = 'contact'::regclass")
        with (
            pytest.raises(psycopg.errors.RaiseException, match="leaves the node"),
            connection.transaction(),
        ):
            connection.execute(wrong.encode())

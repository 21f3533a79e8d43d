"""Older schemas: golden databases are upgraded, keep what they had, and meet today's HQ."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect

from crmdesk.hq.database import schema as hq_schema
from crmdesk.hq.database import tables
from crmdesk.hq.database.embedded import Cluster
from crmdesk.hq.database.store import Store, create_database, drop_database
from crmdesk.hq.running import serving
from crmdesk.storage import check, profile, schema, upgrading
from crmdesk.storage.entities import SCHEMA_VERSION
from crmdesk.storage.indexes import LIST_INDEXES
from crmdesk.storage.tables import whole_metadata
from crmdesk.sync import facts
from tests.sync import golden
from tests.sync.conftest import Laptop, _serve

pytestmark = pytest.mark.hq

_OLDER = range(max(1, SCHEMA_VERSION - 2), SCHEMA_VERSION)


@pytest.fixture(params=_OLDER, ids=lambda v: f"schema-{v}")
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def old_hq(version: int, postgres: Cluster) -> Iterator[str]:
    """The URL of an HQ as that version left it."""
    name = f"golden_{version}"
    create_database(postgres.url("postgres"), name)
    url = postgres.url(name)
    subprocess.run(
        [postgres.program("psql"), "--quiet", "--set=ON_ERROR_STOP=1", url],
        input=golden.hq_sql(version), check=True, capture_output=True,
    )  # fmt: skip
    yield url
    drop_database(postgres.url("postgres"), name)


def test_an_older_hq_ends_with_the_present_tables(old_hq: str) -> None:
    store = Store(old_hq)
    hq_schema.upgrade(store)
    assert hq_schema.revision(store) == hq_schema.HEAD_REVISION
    found = inspect(store.engine)
    for table in tables.metadata.tables.values():
        there = {c["name"]: c["nullable"] for c in found.get_columns(table.name)}
        assert there == {c.name: c.nullable for c in table.columns}, table.name
        indexes = {i["name"] for i in found.get_indexes(table.name)}
        assert indexes >= {i.name for i in table.indexes}
        assert {k["name"] for k in found.get_foreign_keys(table.name)} == {
            k.name for k in table.foreign_key_constraints
        }
    assert hq_schema.fact(store, "schema_version") == str(SCHEMA_VERSION)
    store.dispose()


def test_an_older_laptop_ends_with_the_present_tables(version: int, tmp_path: Path) -> None:
    golden.unpack_laptop(version, tmp_path / "laptop")
    database = profile.open_database(tmp_path / "laptop", serving.system_clock())
    with database.read() as connection:
        assert schema.revision(connection) == schema.HEAD_REVISION
        found = inspect(connection)
        for table in whole_metadata().tables.values():
            there = {c["name"]: c["nullable"] for c in found.get_columns(table.name)}
            assert there == {c.name: bool(c.nullable) for c in table.columns}, table.name
            rows = connection.exec_driver_sql(f"PRAGMA index_list({table.name})")
            indexes = {row[1] for row in rows}
            assert indexes >= {i.name for i in table.indexes}, table.name
            assert indexes >= {name for name, of, _columns in LIST_INDEXES if of == table.name}
    assert check.check(database, tmp_path / "laptop") == []
    database.dispose()


def test_an_older_laptop_and_hq_meet_after_their_upgrades(
    version: int, old_hq: str, tmp_path: Path
) -> None:
    from crmdesk.hq.running.app import make_app, open_hq

    known = golden.facts_of(version)
    store, clock = Store(old_hq), serving.system_clock()
    hq_schema.upgrade(store)
    url, stop = _serve(make_app(open_hq(store, clock)))
    golden.unpack_laptop(version, tmp_path / "laptop")
    laptop = Laptop(tmp_path / "laptop", profile.open_database(tmp_path / "laptop", clock), url)
    with laptop.database.maintenance() as connection:
        profile.set_fact(connection, facts.URL, url)
    assert laptop.waiting() == int(known["waiting"])

    report = laptop.sync()

    assert (report.refusals, report.waiting) == (0, 0)
    assert report.sent == int(known["waiting"])
    with store.transaction() as connection:
        notes = connection.execute("SELECT text FROM note ORDER BY text").fetchall()
        orders = connection.execute("SELECT number FROM sales_order ORDER BY number").fetchall()
    assert notes == [("answered",), ("waiting",)]
    assert orders == [("R01-00001",), ("R01-00002",)]
    assert laptop.rows("SELECT number, status FROM sales_order ORDER BY number") == [
        ("R01-00001", "submitted"), ("R01-00002", "submitted"), ("R01-00003", "draft"),
    ]  # fmt: skip
    laptop.database.dispose()
    stop()
    store.dispose()


def test_fields_that_an_older_hq_kept_go_into_place_with_its_upgrade(
    version: int, old_hq: str, tmp_path: Path
) -> None:
    """The laptop hears of it by the feed, and of the entities that the upgrade brought."""
    from crmdesk.hq.running.app import make_app, open_hq

    store, clock = Store(old_hq), serving.system_clock()
    with store.transaction() as connection:
        connection.execute(
            """UPDATE account SET extra = '{"channel": "hotel", "mood": 1}' WHERE code = 'C0'"""
        )
    hq_schema.upgrade(store)
    url, stop = _serve(make_app(open_hq(store, clock)))
    golden.unpack_laptop(version, tmp_path / "laptop")
    laptop = Laptop(tmp_path / "laptop", profile.open_database(tmp_path / "laptop", clock), url)
    with laptop.database.maintenance() as connection:
        profile.set_fact(connection, facts.URL, url)
    assert laptop.fact(upgrading.ENTITIES_SINCE) == str(version)

    laptop.sync()

    with store.transaction() as connection:
        query = "SELECT channel, extra FROM account WHERE code = 'C0'"
        assert connection.execute(query).fetchall() == [("hotel", {"mood": 1})]
    assert laptop.one("SELECT channel FROM account WHERE code = 'C0'") == "hotel"
    assert laptop.rows("SELECT 1 FROM profile WHERE key = ?", upgrading.ENTITIES_SINCE) == []
    laptop.database.dispose()
    stop()
    store.dispose()

"""Both sides make the same checksums of the same rows, whatever these hold, and quickly."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.domain.ids import compose_uid
from crmdesk.hq.database import bulk
from crmdesk.hq.database.embedded import Cluster
from crmdesk.hq.exchange import sums
from crmdesk.storage.rows import Batch, row_maker
from crmdesk.storage.types import dump_json
from crmdesk.sync import checksums
from crmdesk.sync.cursor import read_cursor
from crmdesk.sync.local_sums import contents, local_sums
from tests.sync import company
from tests.sync.both_sums import both
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note, draft_order, submit_order
from tests.sync.every_row import fill

pytestmark = pytest.mark.hq


def test_every_kind_of_row_has_the_same_sum_on_both_sides(hq: Headquarters) -> None:
    office, other = hq.join("O1"), hq.join("O1", "second")
    office.sync()
    fill(office)
    assert office.sync().refusals == 0
    other.sync()
    third = hq.join("O1", "third")
    office.sync()
    other.sync()
    for laptop in (office, other, third):
        here, there = both(hq, laptop)
        assert {s for s in here if here[s] != there[s]} == set()
        assert sum(any(packed) for packed in here.values()) >= 5


def test_work_of_a_rep_leaves_equal_sums_and_drafts_do_not_count(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    add_note(one, "C0", "R1", 'a "quoted" \\ tab\t and\nline')
    submit_order(one, "C0", "R1", "R01-00001")
    draft_order(one, "C1", "R1", "R01-00002")
    one.run("UPDATE account SET latitude = 42, longitude = -0.0 WHERE code = 'C1'")
    one.run("UPDATE account SET opening_hours = '{\"b\":1e300,\"a\":[1.5,2.0]}' WHERE code = 'C2'")
    one.sync()
    office.sync()
    one.sync()
    for laptop in (one, office):
        here, there = both(hq, laptop)
        assert {s for s in here if here[s] != there[s]} == set()


def test_the_rows_behind_a_bucket_are_the_same_on_both_sides(hq: Headquarters) -> None:
    one = hq.join("R1")
    submit_order(one, "C0", "R1", "R01-00001")
    one.sync()
    scope = f"t/{company.T1.hex()}"
    every = range(checksums.BUCKETS)
    with one.database.read() as connection:
        here = contents(connection, {scope: every})[scope]
    with hq.store.transaction(snapshot=True) as connection:
        found = sums.bucket_rows(connection, scope, every)
    there = {
        (name, bytes.fromhex(uid)): (rev, value)
        for name, rows in found.items()
        for uid, rev, value in rows
    }
    assert here == there
    assert {"account", "contact", "sale", "order"} <= {name for name, _uid in here}


@pytest.fixture(scope="module")
def plain(postgres: Cluster) -> Iterator[psycopg.Connection[tuple[str]]]:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        yield connection


_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
_documents = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner) | st.dictionaries(_texts, inner),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(document=_documents)
def test_documents_print_as_postgresql_prints_them(
    plain: psycopg.Connection[tuple[str]], document: object
) -> None:
    text = dump_json(document)
    row = plain.execute("SELECT %s::jsonb::text", (text,)).fetchone()
    assert row is not None
    assert checksums.document_text(text) == row[0]
    # What another laptop makes of HQ's document has the same text again.
    assert checksums.document_text(dump_json(json.loads(row[0]))) == row[0]


@given(value=st.floats(allow_nan=False))
def test_measured_values_are_their_bytes(
    plain: psycopg.Connection[tuple[str]], value: float
) -> None:
    query = "SELECT encode(float8send(%s::float8 + 0), 'hex')"
    row = plain.execute(query, (repr(value),)).fetchone()
    assert row is not None
    assert checksums.real_text(value) == row[0]


@given(pairs=st.lists(st.tuples(st.integers(0, 511), st.integers(0, 2**64 - 1)), max_size=30))
def test_the_order_of_rows_does_not_matter(pairs: list[tuple[int, int]]) -> None:
    one, other = checksums.Sums(), checksums.Sums()
    for bucket, value in pairs:
        one.add(bucket, value)
    for bucket, value in reversed(pairs):
        other.add(bucket, value)
    assert one.packed() == other.packed()
    assert checksums.differing_buckets(one.packed(), other.packed()) == []
    if pairs:
        other.add(pairs[0][0], 1)
        assert checksums.differing_buckets(one.packed(), other.packed()) == [pairs[0][0]]


def test_fifty_thousand_rows_are_summed_in_well_under_a_second(hq: Headquarters) -> None:
    note = row_maker("note")
    rows = [
        note(compose_uid(1_770_000_000_000, n), account=company.ACCOUNTS[n % 4], user=company.R1,
             text=f"Note {n}: visited, talked about the assortment and next week's order",
             at="2026-02-03T04:05:06.789Z", date="2026-02-03")
        for n in range(50_000)
    ]  # fmt: skip
    bulk.load(hq.store, [Batch("note", rows)])
    one = hq.join("R1", "large") if "R1" not in hq.stock else hq.join("R1")
    with one.database.read() as connection:
        scopes = sorted(read_cursor(connection))
        local_sums(connection, scopes)
        started = time.process_time()
        here = local_sums(connection, scopes)
        local_s = time.process_time() - started
    with hq.store.transaction(snapshot=True) as connection:
        started = time.perf_counter()
        there = sums.scope_sums(connection, scopes)
        hq_s = time.perf_counter() - started
    assert here.packed == there
    # Both take about a quarter of a second; the bounds leave room for a busy machine.
    assert local_s < 1
    assert hq_s < 2

"""The stream itself: deterministic, parents first, of the right kinds, unique, loadable."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path

import pytest

from crmdesk.demo.company import company
from crmdesk.demo.sink import MAX_ROWS, instant_text
from crmdesk.demo.spec import DEMO_TODAY, DemoSpec
from crmdesk.domain.clock import fixed_clock
from crmdesk.storage import bulk, profile, schema
from crmdesk.storage.entities import ENTITIES, Field, Kind
from crmdesk.storage.entities.spec import INTEGER_KINDS
from crmdesk.storage.rows import Batch, Value
from tests.unit.demo.conftest import SMALL, Named

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_TINY = (
    DemoSpec(customers=1, years=1, reps=1),
    DemoSpec(customers=13, years=2, reps=13),
    DemoSpec(customers=12, years=1, reps=2, today=date(2025, 3, 2)),
)


def _digest(spec: DemoSpec) -> str:
    digest = hashlib.sha256()
    for batch in company(spec):
        digest.update(repr(batch).encode())
    return digest.hexdigest()


def test_same_spec_same_bytes_other_seed_other_rows() -> None:
    spec = DemoSpec(customers=4, years=1, reps=1)
    assert _digest(spec) == _digest(spec)
    assert _digest(spec) != _digest(DemoSpec(customers=4, years=1, reps=1, seed=7))


def _fits(field: Field, value: Value) -> bool:
    if value is None:
        return not field.required
    if field.kind in INTEGER_KINDS:
        return type(value) is int
    if field.kind is Kind.BOOL:
        return type(value) is int and value in (0, 1)
    if field.kind in (Kind.REF, Kind.UID):
        return isinstance(value, bytes) and len(value) == 16
    if field.kind is Kind.DATE:
        return isinstance(value, str) and _DATE.fullmatch(value) is not None
    if field.kind is Kind.INSTANT:
        return isinstance(value, str) and _INSTANT.fullmatch(value) is not None
    if field.kind is Kind.REAL:
        return isinstance(value, int | float)
    return isinstance(value, str)


def _check_stream(batches: list[Batch]) -> None:
    known: dict[str, set[Value]] = {name: set() for name in ENTITIES}
    taken: set[tuple[object, ...]] = set()
    for batch in batches:
        spec = ENTITIES[batch.entity]
        assert 0 < len(batch.rows) <= MAX_ROWS
        known[batch.entity].update(row.uid for row in batch.rows)
        for row in batch.rows:
            pairs = list(zip(spec.fields, row.values, strict=True))
            for line in row.lines:
                assert spec.lines is not None
                pairs += zip(spec.lines.fields, line, strict=True)
            for field, value in pairs:
                assert _fits(field, value), (batch.entity, field.name, value)
                if field.kind is Kind.REF and value is not None:
                    assert value in known[field.ref or ""], (batch.entity, field.name)
            columns = dict(zip((f.column for f in spec.fields), row.values, strict=True))
            for unique in spec.unique:
                key = (batch.entity, unique, *(columns[name] for name in unique))
                assert key not in taken, key
                taken.add(key)
    assert sum(map(len, known.values())) == len(set().union(*known.values()))


def test_every_value_fits_its_field_and_every_reference_its_row(batches: list[Batch]) -> None:
    _check_stream(batches)


@pytest.mark.parametrize("spec", _TINY, ids=lambda spec: f"{spec.customers}-{spec.reps}")
def test_odd_sizes_and_days_hold_too(spec: DemoSpec) -> None:
    _check_stream(list(company(spec)))


def test_every_entity_of_a_lived_in_company_is_there(rows: dict[str, list[Named]]) -> None:
    never = {
        "reorder_model", "erasure_request", "attachment", "dispute", "region_pack",
        "custom_field", "custom_value", "deal_share",
    }  # fmt: skip
    by_chance = {
        "opportunity", "stage_change", "collection", "day_sheet", "touch", "survey_score", "site",
        "order_alteration", "notice_state",
    }  # fmt: skip
    empty = {name for name, found in rows.items() if not found}
    assert empty <= never | by_chance


def test_size_scales(rows: dict[str, list[Named]]) -> None:
    assert len(rows["account"]) == SMALL.customers
    double = sum(
        len(row.lines)
        for batch in company(DemoSpec(customers=40, years=1, reps=2))
        for row in batch.rows
        if batch.entity == "sale"
    )
    single = sum(len(row.lines) for row in rows["sale"])
    assert 1.4 < double / single < 2.8


@pytest.mark.parametrize("lines", [2_000, 12_000])
def test_asked_lines_are_about_met(lines: int) -> None:
    spec = DemoSpec(customers=24, years=1, reps=1, lines=lines)
    sold = sum(
        len(row.lines) for batch in company(spec) if batch.entity == "sale" for row in batch.rows
    )
    assert 0.75 * lines < sold < 1.25 * lines


@pytest.mark.parametrize(
    "wrong", [{"customers": 0}, {"years": 0}, {"reps": 0}, {"reps": 301}, {"lines": 0}]
)
def test_impossible_companies_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="demo company"):
        DemoSpec(**wrong)  # type: ignore[arg-type]


def test_local_minutes_become_utc_in_summer_and_winter() -> None:
    assert instant_text(date(2026, 11, 24), 592) == "2026-11-24T08:52:00.000Z"
    assert instant_text(date(2026, 7, 1), 592) == "2026-07-01T07:52:00.000Z"
    assert instant_text(date(2026, 7, 1), 30) == "2026-06-30T22:30:00.000Z"


def test_the_clock_stands_at_eight_to_ten_on_a_tuesday() -> None:
    moment = DemoSpec().instant()
    assert (moment.date(), moment.hour, moment.minute) == (DEMO_TODAY, 9, 52)
    assert DEMO_TODAY.weekday() == 1


def test_a_database_takes_it_whole(batches: list[Batch], tmp_path: Path) -> None:
    database = profile.database_at(tmp_path / "demo.db", None, fixed_clock(SMALL.instant()))
    try:
        schema.create(database)
        count = bulk.load(database, iter(batches))
        with database.read() as connection:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            integrity = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
            lines = connection.exec_driver_sql("SELECT count(*) FROM sale_line").scalar()
    finally:
        database.dispose()
    assert count == sum(len(batch.rows) for batch in batches)
    assert (broken, integrity) == ([], "ok")
    assert lines == sum(
        len(row.lines) for batch in batches if batch.entity == "sale" for row in batch.rows
    )

"""A table is written column by column and says, cell by cell, what each cell is."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.interchange import writing


def test_equal_cells_of_other_kinds_keep_their_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_ROWS_AT_ONCE", 4)
    east = timezone(timedelta(hours=3))
    rows: list[tuple[writing.Cell, ...]] = [
        (1, "=1+1", datetime(2026, 1, 5, 12, tzinfo=UTC), "x"),
        (1.0, "-5", datetime(2026, 1, 5, 15, tzinfo=east), "x"),
        (Decimal("1.00"), "=1+1", date(2026, 1, 5), None),
        (True, "plain", "2026-01-05", ""),
        ("1", None, 7),
        (None, "last", 7, "=x"),
    ]
    file = tmp_path / "t.csv"
    assert writing.write_table(file, ["a", "=b", "c", "d"], rows) == 6
    assert file.read_text(encoding="utf-8").splitlines() == [
        "a,'=b,c,d",
        "1,'=1+1,2026-01-05 12:00,x",
        "1.0,-5,2026-01-05 15:00,x",
        "1.00,'=1+1,2026-01-05,",
        "True,plain,2026-01-05,",
        "1,,7,",
        ",last,7,'=x",
    ]


@given(st.text(st.sampled_from("=+-@'\t\n x1,;\u202e"), max_size=6))
def test_what_was_made_safe_for_a_spreadsheet_is_read_back_as_it_was(words: str) -> None:
    safe = str(writing.safe_cell(words))
    assert writing.unguarded(safe) == words
    first = safe.lstrip()[:1]
    assert first not in {"=", "@"}
    assert first not in {"+", "-"} or re.fullmatch(r"[+-]\d+([.,]\d+)?", safe)

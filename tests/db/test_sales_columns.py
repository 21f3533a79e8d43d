"""A chunk of sales read as columns gives what its rows give one by one; chunks lose no row."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdesk.domain.ids import UidMaker
from crmdesk.interchange import csv_rows, tables
from crmdesk.interchange.ledger import Ledger
from crmdesk.interchange.sales import SalesContext, SalesWriter
from crmdesk.interchange.sales_cells import Columns, SalesParser
from crmdesk.interchange.sales_writing import Writing
from crmdesk.services.workspace import Workspace

_FIELDS = (
    "account", "sku", "date", "quantity", "unit", "pack", "unit_price", "amount", "cost",
    "document", "description",
)  # fmt: skip
_CELLS: dict[str, list[str]] = {
    "account": ["A1", "A2", " A1", "", "B" * 41],
    "sku": ["S1", "S2", "S 3", "S1 ", ""],
    "date": ["2026-01-05", "2026-01-06", "06/01/2026", "soon"],
    "quantity": ["1", "-1", "5", "12", "24", "-24", "0.5", "-1,25", "1000000000", "0", "x"],
    "unit": ["", "", "CS", "ea", "6", "?", "kg", "g", "KG"],
    "pack": ["", "", "12", "1", "1000000000", "-1"],
    "unit_price": ["1", "0.005", "2.675", "", "1000000000", "0.0001", "no"],
    "amount": ["", "7.125", "-3", "1e17", "no"],
    "cost": ["", "0.125", "1", "999999999"],
    "document": ["", "D1", "D2", "D1 "],
    "description": ["", "One", "y" * 201],
}
_ROW = st.tuples(*(st.sampled_from(_CELLS[name]) for name in _FIELDS)).map(list)
_ONE_BY_ONE = SalesParser.columns


def _alone(self: SalesParser, rows: list[list[str]]) -> Columns:
    found = _ONE_BY_ONE(self, rows)
    found.bad[:] = True
    return found


def _written(ws: Workspace, rows: list[list[str]], size: int) -> tuple[Any, ...]:
    """Everything the rows leave in the store, and the ledger; nothing of it stays."""
    ledger = Ledger()
    places = {name: place for place, name in enumerate(_FIELDS)}
    with ws.database.exclusive() as driver:
        driver.execute("PRAGMA foreign_keys = OFF")
    with ws.database.write(applying=True) as tx:
        inside = tx.connection.begin_nested()
        parser = SalesParser(places, "EUR", ws.today(), Writing())
        ticks = iter(range(1, 10**6))
        uids = UidMaker(lambda: next(ticks), lambda count: b"\0" * count)
        writer = SalesWriter(tx.connection, SalesContext(uids, "EUR", b"b" * 16, None), parser)
        for at in range(0, len(rows), size):
            chunk = parser.chunk(range(at + 2, at + 2 + size), rows[at : at + size])
            writer.take(chunk, ledger)
        writer.finish()
        run = tx.connection.exec_driver_sql
        found = tuple(
            tuple(run(f"SELECT {columns} FROM {table} ORDER BY 1, 2").all())
            for table, columns in (
                ("sale", "id, account_id, kind, date, document, net_minor, cost_minor, line_count"),
                ("sale_line", "*"), ("account", "id, code, name, acquired_on"),
                ("product", "id, sku, name"), ("packaging", "id, product_id, unit, factor"),
            )
        )  # fmt: skip
        inside.rollback()
    with ws.database.exclusive() as driver:
        driver.execute("PRAGMA foreign_keys = ON")
    rejects = tuple((one.line, one.reason) for one in ledger.rejects)
    return (*found, rejects, ledger.rows, ledger.created, ledger.balanced)


def test_columns_give_what_rows_give_one_by_one(alone: Workspace) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(_ROW, min_size=1, max_size=40), st.integers(1, 40))
    def check(rows: list[list[str]], size: int) -> None:
        together = _written(alone, rows, size)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SalesParser, "columns", _alone)
            assert together == _written(alone, rows, 1)

    check()


def test_amounts_that_64_bits_cannot_hold_are_exact(alone: Workspace) -> None:
    """1,000,000,000 pieces at 1,000,000,000.0000 do not wrap round into something believable."""
    row = dict.fromkeys(_FIELDS, "")
    row |= {"account": "A1", "sku": "S1", "date": "2026-01-05", "quantity": "5", "unit_price": "1"}
    huge = row | {"quantity": "1000000000", "unit_price": "1000000000"}
    found = _written(alone, [list(row.values()), list(huge.values()), list(row.values())], 3)
    assert [reason for _line, reason in found[5]] == ["the amount is too large"]
    assert found[0][0][5] == 1000


_LINES = st.lists(
    st.sampled_from(["a,b", "", '"x,y",z', '5" pipe,1', '"open', 'end",2', '"a\nb",3', 'q,"', "é"]),
    max_size=30,
)


def test_chunks_have_the_rows_that_reading_one_by_one_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "_CHUNK_CHARACTERS", 12)

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_LINES)
    def check(lines: list[str]) -> None:
        path = tmp_path / "t.csv"
        path.write_text("\n".join(["one,two", *lines]) + "\n", encoding="utf-8")
        assert _read(path, "chunks") == _read(path, "rows")

    check()


def test_lines_cut_at_once_have_the_cells_of_their_rows() -> None:
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.sampled_from(["a,b", "c,", ",", "d", "e,f,g", '"x,y",z', '5" pipe,1', "é,\0"]),
                 min_size=1, max_size=12),
        st.lists(st.sampled_from(["\n", "\n", "\r\n", "\r"]), min_size=1, max_size=2),
        st.sampled_from(["\n", "\r\n", "\r", ""]), st.integers(1, 4),
    )  # fmt: skip
    def check(texts: list[str], ends: list[str], last: str, width: int) -> None:
        lines = [text + ends[at % len(ends)] for at, text in enumerate(texts)]
        lines[-1] = texts[-1] + last
        rows = csv_rows.LineRows(lines, ",")
        assert [list(column) for column in rows.columns(width)] == [
            list(column) for column in csv_rows.columns_of(csv.reader(lines), width)
        ]
        assert [rows[at] for at in range(len(rows))] == list(rows) == list(csv.reader(lines))

    check()
    alike = csv_rows.LineRows(["a,b\r\n", '"x,y",z\r\n', "c,d"], ",")
    assert alike._cut() == [["a", "x,y", "c"], ["b", "z", "d"]]


def _read(path: Path, how: str) -> object:
    from crmdesk.domain.errors import UserError

    found: list[tuple[int, list[str]]] = []
    try:
        with tables.open_table(path) as table:
            if how == "rows":
                found += table.rows
            else:
                for numbers, rows in table.chunks:
                    found += zip(numbers, rows, strict=True)
            return found, table.digest.hex()
    except UserError as error:
        return str(error)


def test_many_rows_of_the_standard_library_come_back(tmp_path: Path) -> None:
    """What a CSV writer makes of any text is read back in chunks as it was."""
    rng = np.random.default_rng(3)
    words = ['a"b', "line\nbreak", ",", "plain", "", '"', "\r"]
    rows = [[words[n] for n in rng.integers(0, len(words), 3)] for _row in range(500)]
    out = io.StringIO()
    csv.writer(out).writerows([["x", "y", "z"], *rows])
    path = tmp_path / "t.csv"
    path.write_bytes(out.getvalue().encode())
    with tables.open_table(path) as table:
        found = [row for _numbers, chunk in table.chunks for row in chunk]
    assert found == rows

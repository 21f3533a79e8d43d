"""What an import takes for a table: encodings, spreadsheets, maps, and files that are none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.services.imports import Reading, import_file
from crmdesk.services.workspace import Workspace
from tests.db.files import HEAD, ask, everything, take, write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1251"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(
    alone: Workspace, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    word = "Молоко парное" if encoding in ("cp1251", "utf-16") else "Jamón ibérico à point"
    text = "\r\n".join([HEAD, f"1,A1,S1,{word},2026-10-01,1,1,", ""]).replace(",", delimiter)
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    assert take(alone, path).created == 1
    assert ask(alone, "SELECT name FROM product") == [(word,)]


def _sheet(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    book.save(path)
    return path


def test_a_spreadsheet(alone: Workspace, tmp_path: Path) -> None:
    from datetime import datetime

    path = _sheet(
        tmp_path / "a.xlsx",
        [
            ["Customer", "SKU", "Date", "Qty", "Unit price"],
            [17850, "S1", datetime(2026, 10, 1), 3, 2.55],  # noqa: DTZ001 - a cell has no zone
            [],
            ["A2", 84029.0, "2026-10-02", -1.0, "1.00"],
            ["A2", "S1", "2026-10-02", 1.5, 1],
        ],
    )
    report = take(alone, path)
    assert (report.rows, report.created) == (3, 2)
    assert [(one.line, "whole number" in one.reason) for one in report.rejects] == [(5, True)]
    assert ask(alone, "SELECT code FROM account ORDER BY id") == [("17850",), ("A2",)]
    assert ask(alone, "SELECT sku FROM product ORDER BY id") == [("S1",), ("84029",)]
    assert take(alone, path).skipped == 2


def test_a_map_names_columns_and_goes_first(alone: Workspace, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv", "x,A1,old,S1,2026-10-01,4", head="customer,who,item,code,when,qty"
    )
    chosen = {"account": "who", "sku": "code", "date": "when"}
    assert take(alone, path, reading=Reading(chosen)).created == 1
    assert ask(alone, "SELECT code FROM account") == [("A1",)]
    assert ask(alone, "SELECT sku FROM product") == [("S1",)]
    for wrong, words in (({"weather": "who"}, "unknown field"), ({"sku": "nope"}, "not in the")):
        with pytest.raises(UserError, match=words):
            import_file(alone, "sales", path, reading=Reading(wrong))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "no heading"),
        ("blank.csv", b"\n\n1,2\n", "no heading"),
        ("wide.csv", b",".join([b"a"] * 501), "no heading"),
        ("lacking.csv", b"customer,sku,qty\nA,S,1\n", "no column for: date"),
        ("numbers.csv", b"1001,A1,S1,2026-10-01,5\n", "no column for"),
        ("nul.csv", b"customer,sku,date,qty\nA\x00,S,2026-10-01,1\n", "not a table of text"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a table of text"),
        ("zip.xlsx", b"PK\x03\x04nonsense", "not a spreadsheet"),
        ("text.xlsx", b"customer,sku,date,qty\n", "not a spreadsheet"),
        ("bad.csv.zst", b"not zstd", "not a complete .zst"),
        ("open.csv", b'customer,sku,date,qty\nA,"S,2026-10-01,1\nB,S,2026-10-01,1', "never closed"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_changes_nothing(
    alone: Workspace, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    before = everything(alone)
    with pytest.raises(UserError, match=words):
        import_file(alone, "sales", path)
    assert everything(alone) == before


def test_a_quotation_mark_that_opens_late_is_found(alone: Workspace, tmp_path: Path) -> None:
    rows = [f"{n},A,S,{chr(34) if n == 300 else ''}oil,2026-10-01,1,1," for n in range(2000)]
    with pytest.raises(UserError, match="line 302 is never closed"):
        import_file(alone, "sales", write(tmp_path / "a.csv", *rows))
    assert ask(alone, "SELECT count(*) FROM sale") == [(0,)]


def test_quotes_that_are_closed_hold_lines_and_delimiters(alone: Workspace, tmp_path: Path) -> None:
    row = '1,A1,S1,"Oil, virgin\n""extra""",2026-10-01,1,1,'
    report = take(alone, write(tmp_path / "a.csv", row, "bad", 'x,A1,S2,12" plate,2026-10-01,1,1,'))
    assert [one.line for one in report.rejects] == [4]
    assert ask(alone, "SELECT name FROM product ORDER BY id") == [
        ('Oil, virgin "extra"',), ('12" plate',)
    ]  # fmt: skip


def test_packed_files_are_read_to_their_end_or_refused(alone: Workspace, tmp_path: Path) -> None:
    content = write(tmp_path / "a.csv", *[f"{n},A,S,,2026-10-01,1,1," for n in range(9000)])
    pack = zstandard.ZstdCompressor().compress
    text = content.read_bytes()
    whole = tmp_path / "frames.csv.zst"
    whole.write_bytes(pack(text[:50_000]) + pack(text[50_000:]))
    assert take(alone, whole).created == 9000
    cut = tmp_path / "cut.csv.zst"
    cut.write_bytes(pack(text + b"1,A,S,,2026-10-01,1,1,\n")[:-10])
    with pytest.raises(UserError, match="not a complete"):
        import_file(alone, "sales", cut)
    assert ask(alone, "SELECT count(*) FROM sale_line") == [(9000,)]


def test_a_bomb_is_refused(alone: Workspace, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.csv.zst"
    line = b"1,A,S,,2026-10-01,1,1," + b" " * 4000 + b"\n"
    bomb.write_bytes(zstandard.ZstdCompressor().compress(HEAD.encode() + b"\n" + line * 20_000))
    assert bomb.stat().st_size < 50_000
    with pytest.raises(UserError, match="hostile"):
        import_file(alone, "sales", bomb)
    assert ask(alone, "SELECT count(*) FROM sale_line") == [(0,)]


def test_nul_bytes_far_down_cost_nothing(alone: Workspace, tmp_path: Path) -> None:
    rows = [f"{n},A,S,oil,2026-10-01,1,1," for n in range(4000)]
    path = write(tmp_path / "a.csv", *rows)
    path.write_bytes(path.read_bytes() + b"9,A\x00B,S,oil,2026-10-01,1,1,\n")
    assert take(alone, path).created == 4001
    assert ask(alone, "SELECT code FROM account ORDER BY id") == [("A",), ("A B",)]


def test_a_missing_file_and_an_unknown_kind(alone: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file"):
        import_file(alone, "sales", tmp_path / "none.csv")
    with pytest.raises(NotFound):
        import_file(alone, "sales", tmp_path)
    with pytest.raises(UserError, match="Nothing called"):
        import_file(alone, "weather", tmp_path / "none.csv")

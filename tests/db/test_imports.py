"""Files into the profile: every row is counted once, nothing is lost, nothing is half done."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdesk.domain.errors import Cancelled, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.interchange import ahead, csv_rows
from crmdesk.services import imports
from crmdesk.services.forecasting import make_whole
from crmdesk.services.import_undo import undo_import
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile
from crmdesk.storage.check import check
from tests.db.files import HEAD, ROWS, ask, everything, take, write

# --------------------------------------------------------------------------------- real data


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("online_retail_dev.csv.zst", 128_690),
        pytest.param("synth_dev.csv.zst", 77_046, marks=pytest.mark.slow),
        ("cdnow_sample.csv.zst", 6_919),
    ],
)
def test_real_data_balances_to_the_last_row(
    alone: Workspace, shared_data: Path, name: str, rows: int
) -> None:
    path = shared_data / name
    report = take(alone, path)
    with path.open("rb") as packed:
        text = io.TextIOWrapper(
            zstandard.ZstdDecompressor().stream_reader(packed), "utf-8", newline=""
        )
        assert sum(1 for row in csv.reader(text) if row) - 1 == report.rows
    assert report.rows == rows
    assert ask(alone, "SELECT count(*) FROM sale_line") == [(report.created,)]
    assert ask(alone, "SELECT sum(line_count) FROM sale") == [(report.created,)]
    assert ask(
        alone, "SELECT count(*) FROM sale s JOIN sale_line l ON l.parent_id = s.id"
        " WHERE (l.base_quantity < 0) <> (s.kind = 'return')"
    ) == [(0,)]  # fmt: skip


# ---------------------------------------------------------------------------------- meaning


def test_rows_become_documents_lines_accounts_and_products(
    alone: Workspace, tmp_path: Path
) -> None:
    report = take(alone, write(tmp_path / "a.csv", *ROWS))
    assert (report.rows, report.created) == (3, 3)
    assert report.made == {"account": 2, "product": 2, "packaging": 2}
    assert ask(alone, "SELECT code, country FROM account ORDER BY code") == [
        ("A1", "ES"), ("A2", "FR")
    ]  # fmt: skip
    assert ask(alone, "SELECT kind, date, document, net_minor, line_count FROM sale") == [
        ("sale", "2026-10-01", "1001", 5760, 2), ("sale", "2026-10-02", "1002", 9840, 1)
    ]  # fmt: skip
    assert check(alone.database, alone.folder) == []


def test_returns_are_returns_and_not_sales(alone: Workspace, tmp_path: Path) -> None:
    take(alone, write(tmp_path / "a.csv", *ROWS, "1001,A1,S1,Olive oil,2026-10-01,-2,4.25,ES"))
    assert ask(alone, "SELECT kind, net_minor, line_count FROM sale WHERE document = '1001'") == [
        ("sale", 5760, 2), ("return", -850, 1)
    ]  # fmt: skip
    assert ask(alone, "SELECT order_days FROM summary_account a JOIN account c ON c.id ="
                      " a.account_id WHERE c.code = 'A1'") == [(1,)]  # fmt: skip
    assert ask(alone, "SELECT sum(base_quantity), sum(return_lines) FROM summary_month m"
                      " JOIN product p ON p.id = m.product_id WHERE p.sku = 'S1'") == [
        (34, 1)
    ]  # fmt: skip


def test_identical_lines_are_distinct_and_the_same_file_is_not(
    alone: Workspace, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", *ROWS, ROWS[0], ROWS[0])
    assert take(alone, path).created == 5
    before = ask(alone, "SELECT * FROM sale_line")
    copy = tmp_path / "renamed.csv"
    copy.write_bytes(path.read_bytes())
    again = take(alone, copy)
    assert (again.created, again.skipped) == (0, 5)
    assert again.made == {}
    packed = tmp_path / "packed.csv.zst"
    packed.write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
    assert take(alone, packed).skipped == 5
    assert ask(alone, "SELECT * FROM sale_line") == before
    other = write(tmp_path / "b.csv", *ROWS)
    assert take(alone, other).created == 3


def test_packs_units_costs_and_amounts(alone: Workspace, tmp_path: Path) -> None:
    head = "customer;sku;date;qty;unit;pack;price;cost;amount"
    take(
        alone,
        write(
            tmp_path / "a.csv",
            "A;S1;01/10/2026;3;cajas;12;10,50;8;",
            "A;S1;02/10/2026;2;ud;;0,90;;",
            "A;S1;03/10/2026;24;;;0,90;;",
            "A;S1;04/10/2026;1;CS;;10,50;;",
            "A;S2;05/10/2026;2;CS;;7;;",
            "A;S3;06/10/2026;-2;;;;;19,99",
            head=head,
        ),
    )
    rows = ask(
        alone,
        "SELECT p.sku, k.unit, l.quantity, l.factor, l.base_quantity, l.net_minor, l.cost_minor"
        " FROM sale_line l JOIN sale s ON s.id = l.parent_id JOIN product p ON p.id = l.product_id"
        " LEFT JOIN packaging k ON k.id = l.packaging_id ORDER BY s.date",
    )
    assert rows == [
        ("S1", "CS", 3, 12, 36, 3150, 2400),
        ("S1", "EA", 2, 1, 2, 180, None),
        ("S1", "EA", 24, 1, 24, 2160, None),
        ("S1", "CS", 1, 12, 12, 1050, None),
        ("S2", "CS", 2, 1, 2, 1400, None),
        ("S3", "EA", -2, 1, -2, -1999, None),
    ]


def test_a_refused_line_makes_nothing(alone: Workspace, tmp_path: Path) -> None:
    head = "customer,sku,date,qty,unit,pack,price"
    report = take(
        alone,
        write(
            tmp_path / "a.csv",
            "A,S1,2026-10-01,1,,,1",
            "B,S1,2026-10-01,1,barrel,,1",
            "C,S9,2026-10-01,1000000000,CS,1000,1",
            "D,S8,2026-10-01,1000000000,,,9000000",
            head=head,
        ),
    )
    assert [(one.line, "known" in one.reason) for one in report.rejects] == [
        (3, True), (4, False), (5, False)
    ]  # fmt: skip
    assert ask(alone, "SELECT code FROM account") == [("A",)]
    assert ask(alone, "SELECT sku FROM product") == [("S1",)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,,S,,2026-10-01,1,1,", "no customer"),
        ("1,A,,,2026-10-01,1,1,", "no SKU"),
        ("1,A,S,,yesterday,1,1,", "not a date"),
        ("1,A,S,,2026-02-30,1,1,", "not a date"),
        ("1,A,S,,1066-10-14,1,1,", "not a believable date"),
        ("1,A,S,,2031-01-01,1,1,", "in the future"),
        ("1,A,S,,2026-10-01,many,1,", "not a quantity"),
        ("1,A,S,,2026-10-01,1_0,1,", "not a quantity"),
        ("1,A,S,,2026-10-01,1.5,1,", "not a whole number"),
        ("1,A,S,,2026-10-01,0,1,", "zero"),
        ("1,A,S,,2026-10-01,,1,", "no quantity"),
        ("1,A,S,,2026-10-01,10000000000,1,", "too large"),
        ("1,A,S,,2026-10-01,1e999999999,1,", "not a quantity"),
        ("1,A,S,,2026-10-01,nan,1,", "not a quantity"),
        ("1,A,S,,2026-10-01,1,cheap,", "not a price"),
        ("1,A,S,,2026-10-01,1,-1,", "not possible"),
        ("1,A,S,,2026-10-01,1,1e40,", "not a price"),
        ("1,A,S,,2026-10-01,1,infinity,", "not a price"),
        ("1," + "A" * 41 + ",S,,2026-10-01,1,1,", "too long"),
        ("1,A,S," + "x" * 201 + ",2026-10-01,1,1,", "longer than 200"),
        ("1,A,S," + "x" * 1_000_000 + ",2026-10-01,1,1,", "longer than 200"),
        ("1,A", "no SKU"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_reason(
    alone: Workspace, tmp_path: Path, row: str, reason: str
) -> None:
    report = take(alone, write(tmp_path / "a.csv", ROWS[0], row, ROWS[1]))
    assert (report.created, report.rejected) == (2, 1)
    assert report.rejects[0].line == 3
    assert reason in report.rejects[0].reason
    assert ask(alone, "SELECT line, reason FROM import_row") == [(3, report.rejects[0].reason)]


_cells = st.one_of(
    st.sampled_from(
        ["", "A1", "S1", "2026-10-01", "01/02/2026", "5", "-3", "0", "2.50", "1,5", "1e9", "CS",
         "12", "99999999999999999999", "=1+1", "é", "Ж", "\t", " ", "'", "1/1/1", "٣"]
    ),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8),
    st.integers(-(10**12), 10**12).map(str),
    st.floats().map(str),
)  # fmt: skip


def test_any_table_balances(alone: Workspace, tmp_path: Path) -> None:
    turn = 0

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(_cells, max_size=10), max_size=8))
    def check_table(rows: list[list[str]]) -> None:
        nonlocal turn
        turn += 1
        path = tmp_path / f"{turn}.csv"
        with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["account", "sku", "date", "quantity", "unit", "pack", "price", "cost", "amount"]
            )
            writer.writerows(rows)
        expected = sum(1 for row in rows if row)
        before = ask(alone, "SELECT count(*) FROM sale_line")[0][0]
        report = take(alone, path)
        assert report.rows == expected
        assert ask(alone, "SELECT count(*) FROM sale_line")[0][0] == before + report.created

    check_table()
    assert check(alone.database, alone.folder) == []


# --------------------------------------------------------------------- nothing half done


def test_a_dry_run_and_a_cancelled_import_leave_nothing(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "_CHUNK_CHARACTERS", 40_000)
    many = [f"{n},N{n},S{n},,2026-10-01,1,1," for n in range(5000)]
    path = write(tmp_path / "a.csv", *many)
    before = everything(ws)
    tried = take(ws, path, dry_run=True)
    assert (tried.created, tried.batch, tried.dry_run) == (5000, 0, True)
    assert everything(ws) == before
    seen: list[tuple[str, int]] = []
    with pytest.raises(Cancelled):
        take(ws, path, progress=lambda *what: seen.append(what), cancelled=lambda: len(seen) == 2)
    assert 0 < seen[0][1] < seen[1][1] < 5000
    assert everything(ws) == before
    assert check(ws.database, ws.folder) == []


def test_a_second_process_reads_what_this_one_would(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "_CHUNK_CHARACTERS", 200_000)
    monkeypatch.setattr(imports, "_WORTH_A_PROCESS_BYTES", 0)
    noise = random.Random(1)
    many = [
        f"D{n // 7},A{n % 90},S{n % 70},,2026-0{n % 9 + 1}-1{n % 10},{n % 9 - 1},1,,"
        + noise.randbytes(500).hex() for n in range(3000)
    ]  # fmt: skip
    whole = write(tmp_path / "a.csv", *many, head=f"{HEAD},note")
    open_end = write(tmp_path / "b.csv", *many, '1,A1,S1,"open,2026-10-01,1,1,', head=HEAD)
    cut = tmp_path / "c.csv.zst"
    cut.write_bytes(zstandard.compress(whole.read_bytes())[:-100_000])
    asked: list[bool] = []
    found: list[object] = []
    for two in (True, False):
        monkeypatch.setattr(ahead, "_can_fork", lambda two=two: asked.append(two) or two)
        report = take(ws, whole, dry_run=True)
        found.append((report.created, report.rejects, report.made))
        before = everything(ws)
        for file, reason in ((open_end, "line 3002 is never closed"), (cut, "not a complete")):
            with pytest.raises(UserError, match=reason) as refused:
                take(ws, file)
            found.append(str(refused.value))
        assert everything(ws) == before
    assert asked == [True] * 3 + [False] * 3
    assert found[:3] == found[3:]
    monkeypatch.setattr(ahead, "_can_fork", lambda: True)
    assert take(ws, whole).created == 2666
    content = hashlib.sha256(whole.read_bytes()).hexdigest()
    assert ask(ws, "SELECT file_sha256 FROM import_batch") == [(f"sales:{content}",)]
    assert take(ws, whole).skipped == 2666
    assert check(ws.database, ws.folder) == []


def test_undo_takes_back_what_was_made_and_keeps_what_is_used(
    ws: Workspace, tmp_path: Path
) -> None:
    before = everything(ws)
    report = take(ws, write(tmp_path / "a.csv", *ROWS))
    undo_import(ws, report.batch)
    after = everything(ws)
    assert after[:5] == before[:5]
    assert after[7:] == before[7:]
    assert take(ws, tmp_path / "a.csv").created == 3
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO contact (uid, account_id, name) SELECT ?, id, 'Eva' FROM account"
            " WHERE code = 'A1'",
            (new_uid(),),
        )
    undo_import(ws, report.batch + 1)
    assert ask(ws, "SELECT code FROM account WHERE code IN ('A1', 'A2')") == [("A1",)]
    assert check(ws.database, ws.folder) == []
    with pytest.raises(UserError, match="taken back already"):
        undo_import(ws, report.batch)
    with pytest.raises(NotFound):
        undo_import(ws, 999)


def test_sales_that_hq_has_are_not_taken_back(ws: Workspace, tmp_path: Path) -> None:
    report = take(ws, write(tmp_path / "a.csv", *ROWS))
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE sale SET rev = 5 WHERE document = '1001'")
    with pytest.raises(UserError, match="HQ has these sales"):
        undo_import(ws, report.batch)


def test_an_import_on_its_way_to_hq_is_not_taken_back(ws: Workspace, tmp_path: Path) -> None:
    report = take(ws, write(tmp_path / "a.csv", *ROWS))
    before = everything(ws)
    with profile.locked(ws.folder, "sync"), pytest.raises(UserError, match="on their way"):
        undo_import(ws, report.batch)
    assert everything(ws) == before
    undo_import(ws, report.batch)
    assert ask(ws, "SELECT count(*) FROM sale WHERE document = '1001'") == [(0,)]


def test_a_profile_with_an_hq_journals_what_it_imported(ws: Workspace, tmp_path: Path) -> None:
    with ws.database.maintenance() as connection:
        profile.set_fact(connection, "hq.url", "http://localhost:1")
    path = write(tmp_path / "a.csv", *ROWS)
    with pytest.raises(UserError, match="office"):
        take(ws, path)  # what a rep's laptop imports, HQ would refuse row by row
    ws = replace(ws, user=replace(ws.user, role=Role.OFFICE))
    report = take(ws, path)
    rows = ask(ws, "SELECT entity, op, count(*) FROM journal GROUP BY 1, 2 ORDER BY 1, 2")
    assert rows == [
        ("account", "I", 2), ("packaging", "I", 2), ("product", "I", 2), ("sale", "I", 2),
        ("sale", "L", 2),
    ]  # fmt: skip
    (lines,) = ask(ws, "SELECT fields FROM journal WHERE op = 'L' ORDER BY seq LIMIT 1")
    assert len(json.loads(lines[0])["lines"]) == 2
    undo_import(ws, report.batch)
    assert ask(ws, "SELECT count(*) FROM journal") == [(0,)]


# -------------------------------------------------------------------------------- master data


def test_master_data_are_created_updated_skipped_and_merged(
    alone: Workspace, tmp_path: Path
) -> None:
    head = "code,name,city,lat"
    path = write(
        tmp_path / "a.csv", "A1,One,Vic,41.9", "A2,Two,,", ",None,,", "A3,Far,,95", head=head
    )
    report = take(alone, path, "accounts")
    assert (report.created, report.rejected) == (2, 2)
    again = take(alone, write(tmp_path / "b.csv", "A1,One,Girona,41.9", "A2,Two,,", head=head),
                 "accounts")  # fmt: skip
    assert (again.updated, again.skipped) == (1, 1)
    products = write(tmp_path / "p.csv", "S1,Oil,EA", head="sku,name,base unit")
    assert take(alone, products, "products").created == 1
    packs = write(tmp_path / "k.csv", "S1,CS,12,8412345678905", "S1,EA,1,", "S1,CS,0,", "S9,CS,6,",
                  "S1,BU,48,8412345678906", "S1,PL,480,08412345678905",
                  head="sku,unit,factor,gtin")  # fmt: skip
    report = take(alone, packs, "packagings")
    assert (report.created, report.skipped, report.rejected) == (1, 1, 4)
    assert ask(alone, "SELECT gtin FROM packaging WHERE gtin IS NOT NULL") == [("8412345678905",)]
    prices = write(tmp_path / "r.csv", "S1,4.255,2026-01-01", "S1,x,", head="sku,price,valid from")
    report = take(alone, prices, "prices")
    assert (report.created, report.rejected) == (1, 1)
    assert ask(alone, "SELECT price_e4 FROM price_rule") == [(42550,)]
    people = write(
        tmp_path / "c.csv", "A1,Eva,+34600111222,", "A1,Eva,,eva@one.example", "A9,X,,",
        "A2,Bob,12,", head="account,name,phone,email",
    )  # fmt: skip
    report = take(alone, people, "contacts")
    assert (report.created, report.merged, report.rejected) == (1, 1, 2)
    assert check(alone.database, alone.folder) == []


def test_what_a_large_import_leaves_for_later_is_made_by_whoever_opens_the_profile(
    alone: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "LARGE", 3)
    rows = [f"{n},A{n % 3},S{n % 4},,2026-0{1 + n % 9}-1{n % 5},{1 + n},1," for n in range(60)]
    path = write(tmp_path / "a.csv", *rows)
    derived = (
        "SELECT * FROM summary_pair ORDER BY account_id, product_id",
        "SELECT * FROM summary_account ORDER BY account_id",
        "SELECT * FROM summary_month ORDER BY 1, 2, 3",
    )
    imports.import_file(alone, "sales", path, derive_later=True)
    assert ask(alone, derived[0]) == []
    assert [
        row[0] for row in ask(alone, "SELECT value FROM profile WHERE key = 'summaries.as_of'")
    ] == []
    make_whole(alone)
    later = [ask(alone, query) for query in derived]
    assert len(later[0]) == 12
    make_whole(alone)
    undo_import(alone, 1)
    imports.import_file(alone, "sales", path)
    inline = [ask(alone, query) for query in derived]
    assert [len(table) for table in later] == [len(table) for table in inline]
    assert [row[2:] for row in later[0]] == [row[2:] for row in inline[0]]
    assert check(alone.database, alone.folder) == []

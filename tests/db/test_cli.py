"""The command line on a real profile: one JSON document, exit codes, files, and no traceback."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crmdesk.analytics.reorder import ReorderState
from crmdesk.services import reorder
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile
from tests.db.commands import Run, run
from tests.db.conftest import instant
from tests.db.files import HEAD, ROWS, write
from tests.unit.planning.instances import small_instance

__all__ = ["run"]

_ROOT = Path(__file__).resolve().parents[2]


def test_the_commands_that_answer_give_one_document(
    run: Run, folder: Path, tmp_path: Path, ws: Workspace
) -> None:
    with ws.database.read() as connection:
        code = connection.exec_driver_sql("SELECT code FROM account LIMIT 1").scalar_one()
        user = ws.user.code
    ws.close()
    file = write(tmp_path / "sales.csv", *ROWS)
    commands: list[tuple[object, ...]] = [
        ("customer", code),
        ("search", "a"),
        ("reorder", "--as-of", "2026-11-01"),
        ("reorder", "--account", code, "--horizon", "30"),
        ("reorder", "backtest", "--cutoffs", "2026-06-01,2026-08-01"),
        ("plan", "--user", user, "--from", "2026-11-25", "--days", "3", "--iterations", "50"),
        ("import", "sales", file, "--dry-run"),
        ("import", "sales", file),
        ("import", "undo", "1"),
        ("export", "accounts", "--out", tmp_path / "accounts.csv"),
        ("conflicts",),
        ("refusals",),
        ("backup", "--out", tmp_path / "x.backup", "--replace"),
        ("check",),
        ("restore", tmp_path / "x.backup"),
        ("check",),
    ]
    for command in commands:
        said = run(*command, "--json")
        assert said.code == 0, (command, said)
        assert said.document is not None, command
        assert said.err == "", command
        if command[0] != "import" and command[0] != "restore":
            people = run(*command)
            assert people.code == 0, command
            assert people.out.strip(), command


def test_documents_say_what_is_promised(run: Run, folder: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", *ROWS, "1,A1,S1,,yesterday,1,1,")
    said = run("import", "sales", file, "--json")
    assert said.code == 1
    document = said.document
    assert {k: document[k] for k in ("rows", "created", "updated", "merged", "skipped")} == {
        "rows": 4, "created": 3, "updated": 0, "merged": 0, "skipped": 0
    }  # fmt: skip
    assert document["rejected"] == 1
    assert document["rejects"] == [{"line": 5, "reason": "“yesterday” is not a date"}]
    said = run("import", "undo", document["batch"], "--json")
    assert (said.code, said.document) == (0, {"undone": document["batch"]})
    said = run("import", "undo", document["batch"])
    assert (said.code, said.out) == (2, "")
    assert "taken back already" in said.err
    assert "line 5" in run("import", "sales", file).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("weather",), "invalid choice"),
        (("hq", "serve", "--port", "65536"), "is not a port"),
        (("reorder", "--as-of", "soon"), "not a date"),
        (("reorder", "--as-of", "9999-12-31"), "not a believable date"),
        (("plan", "--from", "9999-12-31"), "not a believable date"),
        (("brief", "--day", "9999-12-31"), "not a believable date"),
        (("reorder", "--horizon", "0"), "at least one day"),
        (("reorder", "--account", "nobody"), "no customer"),
        (("reorder", "--as-of", "2026-11-01", "--out", "x.pdf"), "must end in"),
        (("reorder", "backtest", "--account", "nobody"), "no customer"),
        (("reorder", "backtest", "--cutoffs", "1999-01-01"), "outside the history"),
        (("customer", "nobody"), "nobody"),
        (("customer", "\udcff"), "not valid text"),
        (("import", "sales", "none.csv"), "no file"),
        (("import", "weather", "none.csv"), "Nothing called"),
        (("import", "undo", "many"), "by its number"),
        (("import", "undo", "77"), "no import 77"),
        (("import", "undo", str(2**63)), "by its number"),
        (("import", "sales", "none.csv", "--map", "none.json"), "no file"),
        (("export", "weather", "--out", "x.csv"), "Nothing called"),
        (("plan", "--user", "nobody", "--days", "2"), "no user"),
        (("plan", "--days", "0"), "between 1 and 62"),
        (("plan", "--instance", "none.json", "--out", "x.json"), "no file"),
        (("restore", "none.backup"), "no file"),
        (("conflicts", "resolve", "9", "--keep", "mine"), "no open conflict"),
        (("conflicts", "resolve", str(2**63), "--keep", "mine"), "not a number of this list"),
        (("collect", "C00001", "1.000"), "is no amount"),
        (("day-sheet", "--close", "1,005"), "is no amount"),
        (("refusals", "retry", "9"), "no open refusal"),
        (("refusals", "discard", "9"), "no open refusal"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_changes_nothing(
    run: Run, folder: Path, tmp_path: Path, arguments: tuple[str, ...], words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    said = run(*arguments)
    assert said.code == 2, said
    assert said.out == ""
    assert words in said.err
    assert len(said.err.strip().splitlines()) <= 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not json", "not a JSON file"),
        ("[" * 100_000, "not a JSON file"),
        ("[1]", "must map fields"),
        ('{"account": 3}', "must map fields"),
        ('{"weather": "qty"}', "unknown field"),
        ('{"account": "nope"}', "not in the file"),
    ],
)
def test_a_wrong_map_is_wrong_input(
    run: Run, folder: Path, tmp_path: Path, content: str, words: str
) -> None:
    columns = tmp_path / "m.json"
    columns.write_text(content, encoding="utf-8")
    said = run("import", "sales", write(tmp_path / "a.csv", *ROWS), "--map", columns)
    assert (said.code, said.out) == (2, "")
    assert words in said.err


def test_a_broken_environment_is_three(run: Run, folder: Path) -> None:
    path = folder / profile.DATABASE_FILE
    path.write_bytes(b"\0" * 8192)
    for arguments in (("check",), ("search", "a"), ("import", "undo", "1")):
        said = run(*arguments)
        assert (said.code, said.out) == (3, "")
        assert said.err.startswith("crmdesk: crmdesk.db does not open")


def test_a_finding_is_one(run: Run, folder: Path, ws: Workspace) -> None:
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql("DROP TRIGGER capture_account_update")
    ws.close()
    said = run("check", "--json")
    assert said.code == 1
    assert [one["area"] for one in said.document["findings"]] == ["capture"]


def test_no_profile(run: Run, tmp_path: Path) -> None:
    for arguments in (("check",), ("search", "a"), ("customer", "1"), ("backup",)):
        said = run(*arguments)
        assert said.code == 2
        assert "no profile" in said.err
    assert not (tmp_path / "profile").exists()


def test_common_options_stand_before_or_behind_the_command(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMDESK_PROFILE", str(tmp_path / "elsewhere"))
    options = ("--profile", folder, "--json")
    for arguments in ((*options, "check"), ("check", *options), (*options, "refusals")):
        said = run(*arguments)
        assert said.code == 0, said
        assert said.document is not None
    for deciding in (
        (*options, "refusals", "discard", "9"),
        ("refusals", "discard", "9", *options),
    ):
        assert "no open refusal" in run(*deciding).err
    assert not (tmp_path / "elsewhere").exists()


def test_without_a_command_the_desktop_opens(run: Run) -> None:
    assert run().code == 41
    assert run("--smoke").code == 43


# --------------------------------------------------------------------------------- standalone


def test_an_import_starts_a_standalone_profile(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "a.csv", *ROWS)
    said = run("import", "sales", file)
    assert said.code == 3
    assert "CRMDESK_PASSPHRASE" in said.err
    assert not profile.exists(tmp_path / "profile")
    monkeypatch.setenv("CRMDESK_PASSPHRASE", "secret words")
    for failing in (("import", "sales", tmp_path / "none.csv"),
                    ("import", "sales", file, "--dry-run")):  # fmt: skip
        run(*failing)
        assert not (tmp_path / "profile").exists()
    assert run("import", "sales", file, "--json").document["created"] == 3
    assert run("search", "olive", "--json").document[0]["code"] == "S1"
    assert run("check").code == 0
    monkeypatch.setenv("CRMDESK_PASSPHRASE", "other words")
    said = run("check")
    assert (said.code, "passphrase is wrong" in said.err) == (3, True)


# --------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".csv.zst"])
def test_reorder_writes_the_table(run: Run, folder: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"reorder{ending}"
    said = run("reorder", "--as-of", "2026-11-01", "--out", out, "--json")
    assert said.code == 0
    from crmdesk.interchange.tables import open_table

    with open_table(out) as table:
        assert tuple(table.columns) == reorder.COLUMNS
        rows = [row for _line, row in table.rows]
    assert len(rows) == said.document["rows"] > 100
    place = {name: i for i, name in enumerate(reorder.COLUMNS)}
    states = {row[place["state"]] for row in rows}
    assert states <= {str(state) for state in ReorderState}
    for row in rows:
        p_7, p_14, p_30 = (float(row[place[name]]) for name in ("p_7", "p_14", "p_30"))
        assert 0 <= p_7 <= p_14 <= p_30 <= 1
        assert row[place["reason"]]
    pairs = [(row[0], row[1]) for row in rows]
    assert len(set(pairs)) == len(pairs)


def test_a_horizon_beyond_the_calendar_is_none(run: Run, folder: Path, tmp_path: Path) -> None:
    run("reorder", "--horizon", "999999999999", "--out", tmp_path / "far.csv")
    run("reorder", "--out", tmp_path / "all.csv")
    assert (tmp_path / "far.csv").read_text("utf-8") == (tmp_path / "all.csv").read_text("utf-8")


def test_a_history_too_short_to_judge_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMDESK_PASSPHRASE", "secret words")
    run("import", "sales", write(tmp_path / "a.csv", *ROWS))
    said = run("reorder", "backtest")
    assert said.code == 1
    assert "No past day can be judged" in said.out


def test_a_backup_names_the_folder_in_its_way(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    said = run("backup", "--out", tmp_path / "there")
    assert said.code == 3
    assert f"{tmp_path / 'there'} cannot be written" in said.err


def test_a_backup_is_not_written_over_a_file_unasked(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "important.txt"
    mine.write_text("mine", encoding="utf-8")
    said = run("backup", "--out", mine)
    assert said.code == 2
    assert "already" in said.err
    assert mine.read_text("utf-8") == "mine"
    assert run("backup", "--out", mine, "--replace").code == 0
    assert mine.stat().st_size > 10_000


def test_a_join_that_reaches_nobody_speaks_of_the_address(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMDESK_PASSPHRASE", "secret words")
    said = run("join", "https://127.0.0.1:1", "--code", "ABCDEFGH", "--profile", tmp_path / "new")
    assert said.code == 3
    assert "Check the address" in said.err
    assert "kept" not in said.err
    assert not (tmp_path / "new").exists()


def test_reorder_looks_at_nothing_later(run: Run, folder: Path, tmp_path: Path) -> None:
    """That day counts and the days after it do not: removing them changes nothing."""
    run("reorder", "--as-of", "2026-09-15", "--out", tmp_path / "one.csv")
    from crmdesk.domain.clock import fixed_clock

    database = profile.open_database(folder, fixed_clock(instant()))
    with database.write(applying=True) as tx:
        later = "SELECT id FROM sale WHERE date > '2026-09-15'"
        tx.connection.exec_driver_sql(f"DELETE FROM sale_line WHERE parent_id IN ({later})")
        tx.connection.exec_driver_sql("DELETE FROM sale WHERE date > '2026-09-15'")
    database.dispose()
    run("reorder", "--as-of", "2026-09-15", "--out", tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_text("utf-8") == (tmp_path / "two.csv").read_text("utf-8")


@pytest.mark.parametrize(
    "kind", ["accounts", "contacts", "products", "packagings", "prices", "sales", "orders"]
)
def test_exports_come_back_in(run: Run, folder: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"{kind}.csv"
    said = run("export", kind, "--out", out, "--json")
    assert said.code == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == said.document["rows"] > 0
    if kind in ("sales", "orders"):
        return
    said = run("import", kind, out, "--json")
    document = said.document
    assert document["rows"] == len(rows)
    assert document["created"] == 0, document
    assert document["rejected"] == 0, document["rejects"][:3]


def test_formulas_leave_as_text(run: Run, folder: Path, tmp_path: Path, ws: Workspace) -> None:
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET name = '=HYPERLINK(1)' WHERE id = 1")
        tx.connection.exec_driver_sql(
            "UPDATE account SET name = '@SUM(1)', tax_id = '-5' WHERE id = 2"
        )
    # In CSV an apostrophe keeps them from being run; a workbook says of each cell what it is.
    for ending, guard in ((".csv", "'"), (".xlsx", "")):
        out = tmp_path / f"a{ending}"
        assert run("export", "accounts", "--out", out).code == 0
        from crmdesk.interchange.tables import open_table

        with open_table(out) as table:
            names = {row[1] for _line, row in table.rows}
        assert {f"{guard}=HYPERLINK(1)", f"{guard}@SUM(1)"} <= names
    assert not list(tmp_path.glob(".export-*"))


def test_an_instance_is_planned(run: Run, shared_instances: Path, tmp_path: Path) -> None:
    instance = min(
        (
            path
            for path in shared_instances.rglob("*.json")
            if "workdays" in path.read_text("utf-8")
        ),
        key=lambda path: path.stat().st_size,
    )
    out = tmp_path / "plan.json"
    said = run("plan", "--instance", instance, "--iterations", "20", "--seed", "3", "--out", out,
               "--json")  # fmt: skip
    assert said.code == 0, said.err
    assert json.loads(out.read_text("utf-8"))
    again = tmp_path / "again.json"
    run("plan", "--instance", instance, "--iterations", "20", "--seed", "3", "--out", again)
    assert again.read_text("utf-8") == out.read_text("utf-8")


def test_customers_that_a_plan_does_not_weigh_are_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = small_instance()
    one = document["customers"][0]
    document["customers"] = [one | {"id": i, "margin": 10.0 * i} for i in range(10)]
    instance, out = tmp_path / "many.json", tmp_path / "plan.json"
    instance.write_text(json.dumps(document), "utf-8")
    monkeypatch.setattr("crmdesk.planning.instance.MOST_STOPS", 4)
    said = run("plan", "--instance", instance, "--iterations", "5", "--out", out)
    assert said.code == 0, said.err
    assert "A plan weighs 4 customers" in said.out
    assert "Not planned: 0, 1, 2, 3, 4 and 1 more." in said.out
    days = json.loads(out.read_text("utf-8"))["days"]
    assert {u for order in days.values() for u in order} == {6, 7, 8, 9}


@pytest.mark.parametrize("seconds", ["0.01", "0.2", "0.6"])
def test_an_instance_is_planned_however_few_the_seconds(
    run: Run, tmp_path: Path, seconds: str
) -> None:
    instance, out = tmp_path / "small.json", tmp_path / "plan.json"
    instance.write_text(json.dumps(small_instance()), "utf-8")
    said = run("plan", "--instance", instance, "--seconds", seconds, "--out", out)
    assert said.code == 0, said.err
    days = json.loads(out.read_text("utf-8"))["days"]
    assert {u for order in days.values() for u in order} == {0, 1}


# ------------------------------------------------------------------------------ as a program


def _program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crmdesk", *arguments],
        cwd=_ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys; from crmdesk.cli.program import Faces, main; from datetime import datetime;"
        "main(['--help'], Faces(None, None, None), None);"
        "heavy = {'sqlalchemy', 'numpy', 'PySide6', 'sqlcipher3', 'openpyxl', 'httpx2', 'alembic',"
        " 'keyring', 'starlette', 'psycopg'};"
        "print('HEAVY', *(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.rstrip().endswith("HEAVY")
    assert "import" in done.stdout


def test_the_program_itself(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", *ROWS, head=HEAD)
    done = _program(
        "import", "sales", str(file), "--json", "--profile", str(tmp_path / "p"),
        CRMDESK_PASSPHRASE="secret",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["created"] == 3
    wrong = _program("check", "--profile", str(tmp_path / "p"), CRMDESK_PASSPHRASE="no")
    assert (wrong.returncode, wrong.stdout) == (3, "")
    assert len(wrong.stderr.splitlines()) == 1

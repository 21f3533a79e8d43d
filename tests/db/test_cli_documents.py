"""``crmdesk export document``: PDF files for office scripts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crmdesk.services.workspace import open_workspace
from tests.gui.demo_profile import SPEC, make_profile
from tests.in_process import program_in_process


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_profile(tmp_path_factory.mktemp("documents") / "profile")


def run(profile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crmdesk", "--profile", str(profile), *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def numbers(profile: Path) -> list[str]:
    ws = open_workspace(profile, SPEC.instant)
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT number FROM sales_order ORDER BY id DESC LIMIT 2"
        ).all()
    ws.close()
    return [row[0] for row in rows]


def test_documents_are_written_for_scripts(profile: Path, tmp_path: Path) -> None:
    first, second = numbers(profile)
    one = run(profile, "export", "document", "order", first, "--out", str(tmp_path / "o.pdf"),
              "--language", "es")  # fmt: skip
    assert (one.returncode, one.stderr) == (0, "")
    assert (tmp_path / "o.pdf").read_bytes().startswith(b"%PDF-")
    both = run(profile, "--json", "export", "document", "order", first, second, "--out",
               str(tmp_path / "all"))  # fmt: skip
    files = json.loads(both.stdout)["files"]
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == sorted(
        Path(one["file"]).name for one in files
    )
    assert [one["pages"] for one in files] == [1, 1]


def test_wrong_input_is_one_clear_line(
    profile: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = program_in_process(capsys, monkeypatch)
    out = str(tmp_path / "o.pdf")
    for arguments in (
        ("document", "order"), ("document", "bill", "1"), ("document", "order", "nothing"),
        ("document", "order", "a", "b"), ("document", "day-sheet", "yesterday"),
        ("accounts", "extra"),
    ):  # fmt: skip
        done = here("--profile", str(profile), "export", *arguments, "--out", out)
        assert done.returncode == 2, arguments
        assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not Path(out).exists()

"""A process killed without warning: the profile opens clean with everything that was committed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmdesk.domain.clock import ZoneClock
from crmdesk.storage import backup, profile
from crmdesk.storage.check import check
from tests.db import crash_work

_ROOT = Path(__file__).resolve().parents[2]


def _killed(seed: int, within_s: float, *arguments: object) -> list[str]:
    """Run the work and kill it at a random moment of the time given; returns what it said."""
    wait_s = random.Random(seed).uniform(0, within_s)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.db.crash_work", *map(str, arguments)],
        cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as work:  # fmt: skip
        assert work.stdout is not None
        assert work.stderr is not None
        assert work.stdout.readline() == "go\n", work.stderr.read()
        time.sleep(wait_s)
        work.kill()
        said = work.stdout.read().split()
    sys.stdout.write(f"seed {seed}: killed after {wait_s:.3f} s, last word {said[-1:]}\n")
    return said


def _state(folder: Path, clock: ZoneClock, *queries: str) -> list[Any]:
    """Answers of a profile that must open clean."""
    database = profile.open_database(folder, clock)
    try:
        assert check(database, folder) == []
        with database.read() as connection:
            return [connection.exec_driver_sql(query).scalar() for query in queries]
    finally:
        database.dispose()


def _sales_file(path: Path, rows: int) -> Path:
    lines = ["document,customer,sku,date,qty,unit_price"]
    for n in range(rows):
        day = f"2026-{n % 9 + 1:02d}-{n % 27 + 1:02d}"
        lines.append(f"D{n // 7},K{n % 400:04d},S{n % 300:03d},{day},{n % 9 + 1},1.5")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(("seed", "how"), [(1, "import"), (2, "import"), (5, "import-ahead")])
def test_import(folder: Path, clock: ZoneClock, tmp_path: Path, seed: int, how: str) -> None:
    file = _sales_file(tmp_path / "sales.csv", 6000)
    counts = ("SELECT count(*) FROM sale_line", "SELECT count(*) FROM account",
              "SELECT count(*) FROM import_batch")  # fmt: skip
    lines, accounts, batches = _state(folder, clock, *counts)
    said = _killed(seed, 2.0, how, folder, file)
    found = _state(folder, clock, *counts)
    everything = [lines + 6000, accounts + 400, batches + 1]
    assert found in ([lines, accounts, batches], everything)
    if "done" in said:
        assert found == everything


@pytest.mark.parametrize("seed", [4])
def test_order_entry(folder: Path, clock: ZoneClock, seed: int) -> None:
    said = [int(word) for word in _killed(seed, 0.7, "orders", folder) if word != "done"]
    kept, net, lines = _state(
        folder, clock,
        "SELECT count(*) FROM order_line WHERE parent_id = (SELECT max(id) FROM sales_order)",
        "SELECT net_minor FROM sales_order ORDER BY id DESC LIMIT 1",
        "SELECT sum(net_minor) FROM order_line WHERE parent_id = (SELECT max(id) FROM sales_order)",
    )  # fmt: skip
    if said:
        assert kept >= said[-1]
        assert net == lines


@pytest.mark.parametrize("seed", [7])
def test_backup(folder: Path, clock: ZoneClock, tmp_path: Path, seed: int) -> None:
    target = tmp_path / "out" / "one.backup"
    _killed(seed, 0.15, "backup", folder, target)
    _state(folder, clock)
    if target.exists():
        backup.restore(target, tmp_path / "elsewhere", clock)
        assert _state(tmp_path / "elsewhere", clock, "SELECT count(*) FROM account") == [20]


@pytest.mark.parametrize("seed", [9])
def test_restore(
    copy_profile: Callable[..., Path], clock: ZoneClock, tmp_path: Path, seed: int
) -> None:
    folder, file = _two_states(copy_profile, clock, tmp_path)
    said = _killed(seed, 0.4, "restore", folder, file)
    (city,) = _state(folder, clock, "SELECT DISTINCT city FROM account")
    assert city in ("before", "after")
    if "done" in said:
        assert city == "after"


def _two_states(
    copy_profile: Callable[..., Path], clock: ZoneClock, tmp_path: Path
) -> tuple[Path, Path]:
    """A profile whose cities are "before", and a backup of it in which they are "after"."""
    folder, file = copy_profile(), tmp_path / "x.backup"
    database = profile.open_database(folder, clock)
    for city in ("after", "before"):
        with database.write() as tx:
            tx.connection.exec_driver_sql("UPDATE account SET city = ?", (city,))
        if city == "after":
            backup.back_up(database, folder, file)
    database.dispose()
    return folder, file


class _Power(BaseException):
    """The power goes."""


@pytest.mark.parametrize("step", range(6))
def test_restore_cut_off_between_any_two_renames(
    copy_profile: Callable[..., Path],
    clock: ZoneClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
) -> None:
    folder, file = _two_states(copy_profile, clock, tmp_path)
    done = 0

    def cut(original: Callable[..., Any]) -> Callable[..., Any]:
        def renamed(self: Path, target: Path) -> Any:
            nonlocal done
            if done == step:
                raise _Power
            done += 1
            return original(self, target)

        return renamed

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", cut(Path.replace))
        patched.setattr(Path, "rename", cut(Path.rename))
        try:
            backup.restore(file, folder, clock)
        except _Power:
            pass
        else:
            assert done <= step, "nothing was cut off"
    (city,) = _state(folder, clock, "SELECT DISTINCT city FROM account")
    assert city == ("before" if step == 0 else "after")
    if step:
        (aside,) = (folder / "backups").glob("before-restore-*")
        assert {path.name for path in aside.iterdir()} >= {"crmdesk.db", "key.json"}


def test_the_work_is_what_it_says() -> None:
    """The program that is killed imports here too, so a slip in it is seen at once."""
    assert callable(crash_work.main)

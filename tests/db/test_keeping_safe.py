"""What must not happen: leftovers deleted, foreign eyes, lost commits, files taken away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as dbapi
from sqlalchemy.exc import IntegrityError

from crmdesk.cli.program import Faces, main
from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import DiskFull, EnvironmentProblem, ProfileInUse, UserError
from crmdesk.services.workspace import Workspace, workspace_of
from crmdesk.storage import backup, crypto, profile, schema
from crmdesk.storage.check import check
from crmdesk.storage.engine import translate_error
from crmdesk.sync.bootstrap import join
from tests.db.conftest import instant
from tests.db.files import ROWS, write

_ROOT = Path(__file__).resolve().parents[2]
_posix = pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
_Usage = namedtuple("_Usage", "total used free")


def _import(folder: Path, file: Path, *more: str) -> int:
    faces = Faces(lambda _f: 41, lambda _f, _p: 42, lambda: 43)
    return main(["import", "sales", str(file), "--profile", str(folder), *more], faces, instant)


# ------------------------------------------------------------------------ other people's files


@pytest.mark.parametrize("name", [crypto.KEY_FILE, "backups/a.backup", "attachments/ab12"])
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_the_rest_of_a_profile_is_never_built_upon(
    tmp_path: Path, name: str, more: list[str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("CRMDESK_PASSPHRASE", "correct horse")
    folder = tmp_path / "profile"
    kept = folder / name
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"all that is left")
    file = write(tmp_path / "sales.csv", *ROWS)

    assert _import(folder, file, *more) == 2

    assert "crmdesk restore" in capsys.readouterr().err
    assert kept.read_bytes() == b"all that is left"
    assert [path for path in folder.rglob("*") if path.is_file()] == [kept]


def test_joining_does_not_build_upon_it_either(tmp_path: Path, clock: ZoneClock) -> None:
    (tmp_path / "profile" / "backups").mkdir(parents=True)
    (tmp_path / "profile" / "backups" / "a.backup").write_bytes(b"x")
    with pytest.raises(UserError, match="rest of a profile"):
        join(tmp_path / "profile", "http://127.0.0.1:1", "C", clock, device_name="x")
    assert (tmp_path / "profile" / "backups" / "a.backup").exists()


def test_a_dry_run_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMDESK_PASSPHRASE", "correct horse")
    folder = tmp_path / "profile"
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "crmdesk.log").write_text("an older trouble", encoding="utf-8")
    (folder / "backups").mkdir()
    (folder / "letter.txt").write_text("dear", encoding="utf-8")
    before = sorted(folder.rglob("*"))

    assert _import(folder, write(tmp_path / "sales.csv", *ROWS), "--dry-run") == 0
    assert sorted(folder.rglob("*")) == before
    assert _import(folder, tmp_path / "missing.csv") == 2
    assert sorted(folder.rglob("*")) == before
    assert _import(tmp_path / "new", tmp_path / "missing.csv") == 2
    assert not (tmp_path / "new").exists()


def test_a_failed_beginning_leaves_no_key_in_the_keyring(
    tmp_path: Path, clock: ZoneClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    kept: dict[str, str] = {}
    monkeypatch.setattr(keyring, "set_password", lambda _s, name, key: kept.update({name: key}))
    monkeypatch.setattr(keyring, "delete_password", lambda _s, name: kept.pop(name))
    with pytest.raises(ZeroDivisionError), profile.removed_on_failure(tmp_path / "new"):
        profile.make(tmp_path / "new", clock, way="keyring").dispose()
        assert len(kept) == 1
        raise ZeroDivisionError
    assert kept == {}
    assert not (tmp_path / "new").exists()


def test_a_profile_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, clock: ZoneClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_database: object, *, triggers: bool) -> None:
        raise OSError("no")

    with monkeypatch.context() as patched:
        patched.setattr(schema, "create", broken)
        with pytest.raises(OSError, match="no"):
            profile.make(tmp_path / "profile", clock, way="open")
    assert not (tmp_path / "profile").exists()
    profile.make(tmp_path / "profile", clock, way="open").dispose()


# ------------------------------------------------------------------------------- foreign eyes


def test_values_stay_out_of_tracebacks(ws: Workspace) -> None:
    with pytest.raises(IntegrityError) as caught, ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO account (uid, code, name) SELECT uid, code, ? FROM account LIMIT 1",
            ("Secret Customer",),
        )
    assert "Secret Customer" not in str(caught.value)


@_posix
def test_a_profile_is_closed_to_other_users(tmp_path: Path, clock: ZoneClock) -> None:
    old = os.umask(0o022)
    try:
        folder = tmp_path / "profile"
        database = profile.make(folder, clock, way="open")
        backup.back_up(database, folder, folder / "backups" / "one.backup")
        backup.backup_before_upgrade(database)
        with database.maintenance() as connection:
            profile.set_fact(connection, "x", "y")
        _assert_private(folder)
        database.dispose()
        backup.restore(folder / "backups" / "one.backup", folder, clock)
        _assert_private(folder)
        backup.restore(folder / "backups" / "one.backup", tmp_path / "second", clock)
        _assert_private(tmp_path / "second")
        (folder / profile.DATABASE_FILE).chmod(0o644)
        profile.open_database(folder, clock).dispose()
        _assert_private(folder)
    finally:
        os.umask(old)


def _assert_private(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


@_posix
def test_the_window_being_first_leaves_the_profile_closed_too(
    tmp_path: Path, clock: ZoneClock
) -> None:
    folder = tmp_path / "profile"
    (folder / "logs").mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "window.ini").write_text("[look]", encoding="utf-8")
    profile.make(folder, clock, way="open").dispose()
    assert folder.stat().st_mode & 0o077 == 0


@_posix
def test_a_folder_with_other_things_keeps_its_mode(tmp_path: Path, clock: ZoneClock) -> None:
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    tmp_path.chmod(0o755)
    profile.make(tmp_path, clock, way="open").dispose()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / profile.DATABASE_FILE).stat().st_mode & 0o077 == 0


# -------------------------------------------------------------------------------------- disks


def test_commits_reach_the_disk(ws: Workspace) -> None:
    with ws.database.exclusive() as driver:
        assert driver.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize("words", ["disk I/O error", "unable to open database file"])
def test_a_full_disk_is_told_from_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    error = dbapi.OperationalError(words)
    problem = translate_error(error, tmp_path / "crmdesk.db")
    assert isinstance(problem, EnvironmentProblem)
    assert "disk is full" not in str(problem)
    assert "crmdesk restore" not in str(problem)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: _Usage(10, 10, 0))
    problem = translate_error(error, tmp_path / "crmdesk.db")
    assert isinstance(problem, DiskFull)
    assert "disk is full" in problem.message


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    if os.name == "nt" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root for a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip("no disk may be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("arguments", [["search", "a"], ["import", "sales", "FILE"]])
def test_on_a_full_disk_commands_say_so(
    small_disk: Path, copy_profile: Callable[..., Path], tmp_path: Path, arguments: list[str]
) -> None:
    folder = small_disk / "profile"
    shutil.copytree(copy_profile("to-copy"), folder)
    file = write(tmp_path / "sales.csv", *ROWS)
    with (small_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError):
        while True:
            filler.write(b"x" * 4096)
    command = [str(file) if one == "FILE" else one for one in arguments]

    done = subprocess.run(
        [sys.executable, "-m", "crmdesk", *command, "--profile", str(folder)],
        cwd=_ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "TMPDIR": str(tmp_path), "LANGUAGE": "en"},
    )  # fmt: skip

    assert done.returncode in {0, 3}, done.stderr
    if done.returncode or arguments[0] == "import":
        assert "disk is full" in done.stderr


# ------------------------------------------------------------------------- restore and opening


@pytest.mark.skipif(os.name == "nt", reason="Windows holds open files itself")
def test_no_restore_under_a_running_command(folder: Path, clock: ZoneClock, tmp_path: Path) -> None:
    first = profile.open_database(folder, clock)
    second = profile.open_database(folder, clock)
    backup.back_up(first, folder, tmp_path / "one.backup")
    first.dispose()
    with pytest.raises(ProfileInUse):
        backup.restore(tmp_path / "one.backup", folder, clock)
    second.dispose()
    backup.restore(tmp_path / "one.backup", folder, clock)
    with (
        profile.locked(folder, profile.IN_USE),
        pytest.raises(ProfileInUse, match="being restored"),
    ):
        profile.open_database(folder, clock)


def test_the_window_finishes_a_restore_that_was_killed(folder: Path, clock: ZoneClock) -> None:
    ready = folder / profile.RESTORING
    ready.mkdir()
    (folder / profile.DATABASE_FILE).rename(ready / profile.DATABASE_FILE)
    with profile.locked(folder, "desktop"):
        profile.open_database(folder, clock).dispose()
    assert not ready.exists()


@pytest.mark.parametrize(
    ("step", "words"),
    [("DELETE FROM organisation", "no company"), ("SELECT 1", "person this profile belongs to")],
)
def test_a_profile_without_company_or_person_is_a_sentence(
    folder: Path, clock: ZoneClock, step: str, words: str
) -> None:
    database = profile.open_database(folder, clock)
    with database.maintenance() as connection:
        connection.exec_driver_sql(step)
        profile.set_fact(connection, "user.uid", "00" * 16)
    with pytest.raises(EnvironmentProblem, match=words) as caught:
        workspace_of(folder, database, instant)
    assert caught.value.hint
    database.dispose()


# --------------------------------------------------------------------------------- the network


@pytest.mark.parametrize(
    "address", ["http://hq.example.com:8642", "hq.example.com", "ftp://127.0.0.1", "http://[x"]
)
def test_joining_wants_an_encrypted_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    address: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("CRMDESK_PASSPHRASE", "correct horse")
    faces = Faces(lambda _f: 41, lambda _f, _p: 42, lambda: 43)
    folder = str(tmp_path / "p")
    assert main(["join", address, "--code", "X", "--profile", folder], faces, instant) == 2
    assert "https" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [["serve", "--host", "0.0.0.0"], ["serve", "--host", "hq.example.com"], ["init"]],  # noqa: S104
)
def test_hq_is_not_begun_half(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    pytest.importorskip("psycopg", reason="HQ's libraries are not installed (extra hq)")
    faces = Faces(lambda _f: 41, lambda _f, _p: 42, lambda: 43)
    assert main(["hq", *arguments, "--folder", str(tmp_path / "hq")], faces, instant) == 2
    said = capsys.readouterr().err
    assert "--company" in said if arguments == ["init"] else "unencrypted" in said
    assert not (tmp_path / "hq").exists()


# --------------------------------------------------------------------------------------- words


def test_ctrl_c_promises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_folder: Path) -> int:
        raise KeyboardInterrupt

    faces = Faces(interrupted, lambda _f, _p: 42, lambda: 43)
    assert main(["--profile", str(tmp_path)], faces, instant) == 3
    assert capsys.readouterr().err == "Cancelled.\n"


@pytest.mark.parametrize(
    ("street", "city", "line"),
    [
        ("Calle 1", None, "Calle 1 · "),
        (None, "Vic", "Vic · "),
        ("Calle 1", "Vic", "Calle 1, Vic ·"),
    ],
)
def test_a_card_without_city_has_no_stray_comma(
    ws: Workspace, folder: Path, capsys: pytest.CaptureFixture[str],
    street: str | None, city: str | None, line: str,
) -> None:  # fmt: skip
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET street = ?, city = ?", (street, city))
    with ws.database.read() as connection:
        code = connection.exec_driver_sql("SELECT code FROM account LIMIT 1").scalar_one()
    faces = Faces(lambda _f: 41, lambda _f, _p: 42, lambda: 43)
    assert main(["customer", str(code), "--profile", str(folder)], faces, instant) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith(line)


# ------------------------------------------------------------------------------------ checking


def test_a_search_index_that_lost_entries_is_found(ws: Workspace, folder: Path) -> None:
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql(
            "UPDATE search_index_data SET block = zeroblob(length(block)) WHERE id > 10"
        )
    assert any(one.area == "search" for one in check(ws.database, folder))

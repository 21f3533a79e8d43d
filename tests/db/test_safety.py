"""Every way a store can fail has its sentence, and none of them loses what was committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import (
    CorruptFile,
    CrmdeskError,
    DiskFull,
    EnvironmentProblem,
    KeyMissing,
    NewerFile,
    NotFound,
    ProfileInUse,
    UserError,
    WrongKey,
)
from crmdesk.domain.ids import new_uid
from crmdesk.services.workspace import Workspace
from crmdesk.storage import crypto, profile, schema
from crmdesk.storage.check import check
from crmdesk.storage.engine import Database

_ROOT = Path(__file__).resolve().parents[2]
_as_root = pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0 or shutil.which("runuser") is None,
    reason="needs root to act as another user",
)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


# --------------------------------------------------------------------------------------- keys


def test_a_passphrase_opens_what_it_locked_and_nothing_else_does(
    tmp_path: Path, clock: ZoneClock
) -> None:
    profile.make(tmp_path, clock, way="passphrase", passphrase="correct horse").dispose()
    text = (tmp_path / crypto.KEY_FILE).read_text("utf-8")
    key = crypto.find_key(tmp_path, "correct horse")
    assert len(key) == 64
    assert key not in text
    assert "horse" not in text
    with pytest.raises(WrongKey, match="passphrase is wrong"):
        profile.open_database(tmp_path, clock, "correct hors")
    with pytest.raises(KeyMissing, match="protected by a passphrase"):
        profile.open_database(tmp_path, clock)
    profile.open_database(tmp_path, clock, "correct horse").dispose()
    assert b"SQLite format" not in (tmp_path / profile.DATABASE_FILE).read_bytes()[:4096]


def test_wrapping_again_gives_other_bytes_for_the_same_key(tmp_path: Path) -> None:
    key = crypto.new_key()
    texts = set()
    for _turn in range(2):
        crypto.keep_key(tmp_path, key, way="passphrase", passphrase="p")
        texts.add((tmp_path / crypto.KEY_FILE).read_text("utf-8"))
        assert crypto.find_key(tmp_path, "p") == key
    assert len(texts) == 2
    if os.name != "nt":
        assert (tmp_path / crypto.KEY_FILE).stat().st_mode & 0o077 == 0


def test_an_empty_passphrase_is_none(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing):
        crypto.keep_key(tmp_path, crypto.new_key(), way="passphrase", passphrase="")


def test_the_keyring_keeps_the_key(
    tmp_path: Path, clock: ZoneClock, memory_keyring: dict[tuple[str, str], str]
) -> None:
    profile.make(tmp_path, clock, way="keyring").dispose()
    (key,) = memory_keyring.values()
    assert key not in (tmp_path / crypto.KEY_FILE).read_text("utf-8")
    profile.open_database(tmp_path, clock).dispose()
    memory_keyring.clear()
    with pytest.raises(KeyMissing, match="does not hold the key"):
        profile.open_database(tmp_path, clock)


def test_without_a_keyring_nothing_half_made_is_left(tmp_path: Path, clock: ZoneClock) -> None:
    with pytest.raises(KeyMissing, match="No keyring"):
        profile.make(tmp_path / "new", clock, way="keyring")
    assert not profile.exists(tmp_path / "new")


def test_another_key_is_said_to_be_wrong_and_changes_nothing(
    folder: Path, clock: ZoneClock
) -> None:
    before = (folder / profile.DATABASE_FILE).read_bytes()
    crypto.keep_key(folder, crypto.new_key(), way="open")
    with pytest.raises(WrongKey, match="does not open with this key"):
        profile.open_database(folder, clock)
    assert (folder / profile.DATABASE_FILE).read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff\xfe", b"not json"])
def test_a_damaged_key_file_is_a_sentence(folder: Path, clock: ZoneClock, content: bytes) -> None:
    (folder / crypto.KEY_FILE).write_bytes(content)
    with pytest.raises(CorruptFile, match="key file"):
        profile.open_database(folder, clock)


@pytest.mark.parametrize("way", ["passphrase", "keyring", "open", "magic"])
def test_a_key_file_without_its_facts_is_a_sentence(
    folder: Path, clock: ZoneClock, way: str
) -> None:
    (folder / crypto.KEY_FILE).write_text('{"way": "' + way + '"}', encoding="utf-8")
    with pytest.raises(CorruptFile, match="key file"):
        profile.open_database(folder, clock, "x")


def test_a_missing_key_file_is_a_sentence(folder: Path, clock: ZoneClock) -> None:
    (folder / crypto.KEY_FILE).unlink()
    with pytest.raises(KeyMissing, match="key file"):
        profile.open_database(folder, clock)


# -------------------------------------------------------------------------------------- files


def test_no_profile_and_a_second_one(folder: Path, clock: ZoneClock, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no profile"):
        profile.open_database(tmp_path / "nothing", clock)
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(UserError, match="already a profile"):
        profile.make(folder, clock, way="open")


def test_a_newer_file_is_refused_untouched(folder: Path, clock: ZoneClock) -> None:
    database = profile.open_database(folder, clock)
    with database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.dispose()
    before = (folder / profile.DATABASE_FILE).read_bytes()
    with pytest.raises(NewerFile, match="newer version"):
        profile.open_database(folder, clock)
    assert (folder / profile.DATABASE_FILE).read_bytes() == before


@pytest.mark.parametrize("place", [3, 60, 4096 + 9, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_a_flipped_byte_is_noticed(folder: Path, clock: ZoneClock, place: float) -> None:
    path = folder / profile.DATABASE_FILE
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if isinstance(place, float) else place] ^= 0x40
    path.write_bytes(content)
    with pytest.raises((CorruptFile, WrongKey)) as caught:
        _open_and_check(folder, clock)
    assert "damaged" in str(caught.value)
    assert "crmdesk restore" in str(caught.value)


def _open_and_check(folder: Path, clock: ZoneClock, passphrase: str | None = None) -> None:
    database = profile.open_database(folder, clock, passphrase)
    try:
        assert check(database, folder) != []
        raise CorruptFile("check found it", "damaged: crmdesk restore")
    finally:
        database.dispose()


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.4, 0.95])
def test_a_file_that_was_cut_short_is_noticed(folder: Path, clock: ZoneClock, share: float) -> None:
    path = folder / profile.DATABASE_FILE
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises((CorruptFile, WrongKey)):
        _open_and_check(folder, clock)


def test_a_proved_passphrase_means_that_the_file_is_damaged(
    tmp_path: Path, clock: ZoneClock
) -> None:
    profile.make(tmp_path, clock, way="passphrase", passphrase="p").dispose()
    path = tmp_path / profile.DATABASE_FILE
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptFile, match="is damaged"):
        profile.open_database(tmp_path, clock, "p")


# ---------------------------------------------------------------------------------- full disk


def test_a_full_disk_keeps_the_last_committed_state(ws: Workspace, folder: Path) -> None:
    with ws.database.exclusive() as driver:
        pages = driver.execute("PRAGMA page_count").fetchone()[0]
        driver.execute(f"PRAGMA max_page_count = {pages + 20}")
    kept = 0
    with pytest.raises(DiskFull, match="disk is full") as caught:
        for number in range(1000):
            with ws.database.write() as tx:
                tx.connection.exec_driver_sql(
                    "INSERT INTO promise (uid, account_id, text, due_on) VALUES (?, 1, ?, ?)",
                    (new_uid(), f"full {number} " + "x" * 5000, "2026-12-01"),
                )
            kept += 1
    assert "Nothing was lost" in str(caught.value)
    assert kept > 0
    with ws.database.exclusive() as driver:
        driver.execute("PRAGMA max_page_count = 1000000")
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT count(*) FROM promise WHERE text LIKE 'full %'"
        ).scalar()
    assert found == kept
    assert check(ws.database, folder) == []
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET city = 'room again'")


# --------------------------------------------------------------------------------- permission


_OPEN = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from crmdesk.domain.clock import fixed_clock
from crmdesk.domain.errors import CrmdeskError
from crmdesk.storage import profile
try:
    database = profile.open_database(Path(sys.argv[1]), fixed_clock(datetime.now(UTC)))
    with database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET city = 'x'")
except CrmdeskError as error:
    print(type(error).__name__, error)
"""


@_as_root
@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_folder_without_permission_is_a_sentence(folder: Path, mode: int) -> None:
    """The profile belongs to root; another user may at most read it."""
    for parent in folder.parents:
        if parent.is_relative_to(tempfile.gettempdir()) and parent != Path(tempfile.gettempdir()):
            parent.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    folder.chmod(mode)
    user = ["runuser", "-u", "nobody", "--"]
    if subprocess.run([*user, sys.executable, "-c", "import crmdesk"], cwd=_ROOT,
                      capture_output=True, check=False).returncode:  # fmt: skip
        pytest.skip("another user cannot read this installation")
    done = subprocess.run(
        [*user, sys.executable, "-c", _OPEN, str(folder)],
        cwd=_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout.split()[0] in {"DiskFull", "NotFound", "CorruptFile"}, done.stdout


# ---------------------------------------------------------------------------- second process


_HOLD = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from crmdesk.domain.clock import fixed_clock
from crmdesk.storage import profile
folder = Path(sys.argv[1])
database = profile.open_database(folder, fixed_clock(datetime.now(UTC)))
with profile.locked(folder, "desktop"), database.write() as tx:
    tx.connection.exec_driver_sql("UPDATE account SET city = 'held'")
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_told_and_readers_go_on(folder: Path, clock: ZoneClock) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)],
        cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(ProfileInUse, match="already open"),
            profile.locked(folder, "desktop"),
        ):
            pass
        database = Database(
            folder / profile.DATABASE_FILE, crypto.find_key(folder), clock, busy_timeout_s=0.05
        )
        with database.read() as connection:
            assert (
                connection.exec_driver_sql(
                    "SELECT count(*) FROM account WHERE city = 'held'"
                ).scalar()
                == 0
            )
        with pytest.raises(ProfileInUse, match="writing"), database.write():
            pass
        holder.kill()
        holder.wait()
        # The lock goes with its process, and the half-done change with it.
        with profile.locked(folder, "desktop"), database.write() as tx:
            assert (
                tx.connection.exec_driver_sql(
                    "SELECT count(*) FROM account WHERE city = 'held'"
                ).scalar()
                == 0
            )
        database.dispose()
        holder.stdin.close()


def test_every_environment_problem_says_what_to_do() -> None:
    import sqlcipher3.dbapi2 as dbapi

    from crmdesk.storage.engine import translate_error

    path = Path("crmdesk.db")
    for text in (
        "file is not a database", "database disk image is malformed", "disk I/O error",
        "database or disk is full", "database is locked", "unable to open database file",
        "attempt to write a readonly database",
    ):  # fmt: skip
        problem = translate_error(dbapi.OperationalError(text), path)
        assert isinstance(problem, EnvironmentProblem), text
        assert problem.hint
        assert text not in str(problem)
    assert translate_error(dbapi.OperationalError("no such table: x"), path) is None
    assert translate_error(ValueError("database is locked"), path) is None
    known = UserError("known")
    assert translate_error(known, path) is known
    assert isinstance(known, CrmdeskError)


# --------------------------------------------------------------------------------- migrations

_REVISION = """
revision = "9998"
down_revision = "0002"

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    with op.batch_alter_table("account", recreate="always") as batch:
        batch.add_column(sa.Column("moon_phase", sa.Text()))
"""


def test_head_is_the_newest_file() -> None:
    versions = _ROOT / "crmdesk" / "storage" / "migrations" / "versions"
    newest = max(path.name.partition("_")[0] for path in versions.glob("[0-9]*.py"))
    assert newest == schema.HEAD_REVISION


def test_an_older_file_is_backed_up_upgraded_and_captured_anew(
    folder: Path, clock: ZoneClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revision that rebuilds a table of parents drops its triggers, and must not its children."""
    from crmdesk.storage import migrations
    from crmdesk.storage.capture import trigger_ddl

    script = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, script)
    (script / "versions" / "9998_moon.py").write_text(_REVISION, encoding="utf-8")
    original = migrations.alembic_config

    def config() -> object:
        made = original()
        made.set_main_option("script_location", str(script))
        return made

    monkeypatch.setattr(migrations, "alembic_config", config)
    monkeypatch.setattr(schema, "HEAD_REVISION", "9998")
    database = profile.open_database(folder, clock)
    with database.read() as connection:
        run = connection.exec_driver_sql
        assert schema.revision(connection) == "9998"
        assert run("SELECT count(*) FROM contact").scalar_one() > 0
        triggers = run("SELECT sql FROM sqlite_master WHERE type = 'trigger'").scalars()
        assert set(triggers) == set(trigger_ddl())
        assert run("PRAGMA foreign_key_check").all() == []
    with database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET city = 'later', moon_phase = 'full'")
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT DISTINCT op FROM journal").all() == [("U",)]
    with database.exclusive() as driver:
        assert driver.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert check(database, folder) == []
    database.dispose()
    (kept,) = (folder / "backups").glob("before-upgrade-*.db")
    old = Database(kept, crypto.find_key(folder), clock)
    with old.read() as connection:
        assert schema.revision(connection) == "0002"
        assert connection.exec_driver_sql("SELECT count(*) FROM account").scalar_one() == 20
    old.dispose()


def test_a_failed_upgrade_leaves_the_old_file(
    copy_profile: Callable[..., Path],
    clock: ZoneClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from crmdesk.storage import migrations
    from crmdesk.storage.capture import trigger_ddl

    folder = copy_profile()
    script = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, script)
    broken = _REVISION + '    op.execute("DELETE FROM account WHERE id = 1")\n    1 / 0\n'
    (script / "versions" / "9998_moon.py").write_text(broken, encoding="utf-8")
    original = migrations.alembic_config

    def config() -> object:
        made = original()
        made.set_main_option("script_location", str(script))
        return made

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "alembic_config", config)
        patched.setattr(schema, "HEAD_REVISION", "9998")
        with pytest.raises(ZeroDivisionError):
            profile.open_database(folder, clock)
    database = profile.open_database(folder, clock)
    with database.read() as connection:
        run = connection.exec_driver_sql
        assert run("SELECT count(*) FROM account").scalar_one() == 20
        triggers = run("SELECT sql FROM sqlite_master WHERE type = 'trigger'").scalars()
        assert set(triggers) == set(trigger_ddl())
    database.dispose()

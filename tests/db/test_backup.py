"""Backups while the profile is in use, and restores that believe nothing."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import CorruptFile, DiskFull, NewerFile, NotFound, ProfileInUse, WrongKey
from crmdesk.services.workspace import Workspace
from crmdesk.storage import backup, crypto, profile
from crmdesk.storage.check import check


@pytest.fixture
def saved(ws: Workspace, folder: Path, tmp_path: Path) -> Path:
    """A backup of the company."""
    target = tmp_path / "saved.backup"
    backup.back_up(ws.database, folder, target)
    return target


def _count(folder: Path, clock: ZoneClock, query: str, passphrase: str | None = None) -> int:
    database = profile.open_database(folder, clock, passphrase)
    try:
        assert check(database, folder) == []
        with database.read() as connection:
            return int(connection.exec_driver_sql(query).scalar_one())
    finally:
        database.dispose()


def test_a_backup_during_writes_is_one_consistent_state(
    ws: Workspace, folder: Path, tmp_path: Path, clock: ZoneClock
) -> None:
    """Every transaction renames two customers alike, so a torn copy would show two names."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with ws.database.write() as tx:
                for key in (1, 2):
                    tx.connection.exec_driver_sql(
                        "UPDATE account SET name = ? WHERE id = ?", (f"name {number}", key)
                    )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            backup.back_up(ws.database, folder, tmp_path / f"{number}.backup")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        copy = tmp_path / f"copy-{number}"
        backup.restore(tmp_path / f"{number}.backup", copy, clock)
        query = "SELECT count(DISTINCT name) FROM account WHERE id IN (1, 2)"
        assert _count(copy, clock, query) == 1
    assert not list(tmp_path.glob(".backup-*"))


def test_a_restore_keeps_the_old_profile_aside(
    ws: Workspace, folder: Path, saved: Path, clock: ZoneClock
) -> None:
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET city = 'newer'")
    ws.close()
    facts = backup.restore(saved, folder, clock)
    assert facts.size > 0
    newer = "SELECT count(*) FROM account WHERE city = 'newer'"
    assert _count(folder, clock, newer) == 0
    (aside,) = (folder / "backups").glob("before-restore-*")
    assert _count(aside, clock, newer) == 20
    assert not list(folder.glob(".restore-*"))


def test_only_the_newest_few_are_kept_aside(
    ws: Workspace, folder: Path, saved: Path, clock: ZoneClock
) -> None:
    ws.close()
    for hour in range(6):
        later = ZoneClock(lambda hour=hour: clock.now().replace(hour=hour), clock.zone)
        backup.restore(saved, folder, later)
    assert len(list((folder / "backups").glob("before-restore-*"))) == 3


def test_a_passphrase_backup_opens_anywhere_with_its_passphrase(
    tmp_path: Path, clock: ZoneClock
) -> None:
    database = profile.make(tmp_path / "one", clock, way="passphrase", passphrase="p")
    backup.back_up(database, tmp_path / "one", tmp_path / "x.backup")
    database.dispose()
    with pytest.raises(WrongKey):
        backup.restore(tmp_path / "x.backup", tmp_path / "two", clock, "wrong")
    assert not profile.exists(tmp_path / "two")
    backup.restore(tmp_path / "x.backup", tmp_path / "two", clock, "p")
    assert _count(tmp_path / "two", clock, "SELECT count(*) FROM account", "p") == 0


def test_nothing_is_readable_in_a_backup(saved: Path, ws: Workspace) -> None:
    with ws.database.read() as connection:
        name = connection.exec_driver_sql("SELECT name FROM account LIMIT 1").scalar_one()
    assert str(name).encode() not in saved.read_bytes()


def test_an_open_desktop_is_not_restored_over(folder: Path, saved: Path, clock: ZoneClock) -> None:
    with profile.locked(folder, "desktop"), pytest.raises(ProfileInUse):
        backup.restore(saved, folder, clock)


def test_a_target_that_cannot_be_written_is_a_sentence(
    ws: Workspace, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(DiskFull):
        backup.back_up(ws.database, folder, tmp_path / "file" / "x.backup")


# ---------------------------------------------------------------------------------- hostile


def _rebuilt(
    saved: Path, target: Path, change: Callable[[dict[str, bytes]], None], *, packed: bool = False
) -> Path:
    with zipfile.ZipFile(saved) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(target, "w", how) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return target


def _climb(entries: dict[str, bytes]) -> None:
    entries["../../outside.txt"] = b"x"


def _absolute(entries: dict[str, bytes]) -> None:
    entries["/outside.txt"] = entries.pop("key.json")


def _no_manifest(entries: dict[str, bytes]) -> None:
    del entries["manifest.json"]


def _wrong_digest(entries: dict[str, bytes]) -> None:
    database = bytearray(entries["crmdesk.db"])
    database[5000] ^= 1
    entries["crmdesk.db"] = bytes(database)


def _list_manifest(entries: dict[str, bytes]) -> None:
    entries["manifest.json"] = b"[]"


def _no_json(entries: dict[str, bytes]) -> None:
    entries["manifest.json"] = b"\xff"


def _long_manifest(entries: dict[str, bytes]) -> None:
    entries["manifest.json"] = b" " * 2_000_000 + entries["manifest.json"]


def _newer_format(entries: dict[str, bytes]) -> None:
    facts = json.loads(entries["manifest.json"])
    entries["manifest.json"] = json.dumps({**facts, "format": 99}).encode()


@pytest.mark.parametrize(
    "change",
    [_climb, _absolute, _no_manifest, _wrong_digest, _list_manifest, _no_json, _long_manifest,
     _newer_format],
)  # fmt: skip
def test_a_hostile_container_changes_nothing(
    saved: Path,
    ws: Workspace,
    folder: Path,
    tmp_path: Path,
    clock: ZoneClock,
    change: Callable[[dict[str, bytes]], None],
) -> None:
    ws.close()
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    hostile = _rebuilt(saved, tmp_path / "hostile.backup", change)
    with pytest.raises(CorruptFile, match="not a complete crmdesk backup"):
        backup.restore(hostile, folder, clock)
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    after.pop("desktop.lock", None)
    assert after == before
    assert not list(tmp_path.rglob("outside.txt"))
    assert not list(folder.glob(".restore-*"))


def test_a_packed_container_is_refused_before_it_unpacks(
    saved: Path, tmp_path: Path, clock: ZoneClock
) -> None:
    def bomb(entries: dict[str, bytes]) -> None:
        entries["crmdesk.db"] = b"\0" * (64 << 20)

    hostile = _rebuilt(saved, tmp_path / "bomb.backup", bomb, packed=True)
    assert hostile.stat().st_size < 1 << 20
    with pytest.raises(CorruptFile):
        backup.restore(hostile, tmp_path / "two", clock)
    assert sum(p.stat().st_size for p in (tmp_path / "two").rglob("*") if p.is_file()) == 0


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_backup_that_was_cut_short_is_refused(
    saved: Path, tmp_path: Path, clock: ZoneClock, share: float
) -> None:
    content = saved.read_bytes()
    cut = tmp_path / "cut.backup"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CorruptFile):
        backup.restore(cut, tmp_path / "two", clock)
    assert not profile.exists(tmp_path / "two")


def test_a_missing_file_and_a_newer_database(
    ws: Workspace, folder: Path, tmp_path: Path, clock: ZoneClock
) -> None:
    with pytest.raises(NotFound):
        backup.restore(tmp_path / "none.backup", folder, clock)
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    backup.back_up(ws.database, folder, tmp_path / "new.backup")
    with pytest.raises(NewerFile):
        backup.restore(tmp_path / "new.backup", tmp_path / "two", clock)
    assert not profile.exists(tmp_path / "two")


def test_another_profiles_key_in_the_container_is_refused(
    saved: Path, tmp_path: Path, clock: ZoneClock
) -> None:
    def swap(entries: dict[str, bytes]) -> None:
        facts = json.loads(entries[crypto.KEY_FILE])
        entries[crypto.KEY_FILE] = json.dumps({**facts, "key": crypto.new_key()}).encode()

    hostile = _rebuilt(saved, tmp_path / "swapped.backup", swap)
    with pytest.raises(WrongKey):
        backup.restore(hostile, tmp_path / "two", clock)
    assert not profile.exists(tmp_path / "two")

"""A profile: the folder with the local database, its key file, attachments, backups and logs.

Owns making, opening and locking the folder, and the small facts kept in the ``profile`` table
(who works here, on which device, for which HQ). One profile per device and user.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from crmdesk.domain.clock import Clock
from crmdesk.domain.errors import (
    CorruptFile,
    DiskFull,
    NotFound,
    ProfileInUse,
    UserError,
    WrongKey,
)
from crmdesk.i18n import _
from crmdesk.storage import crypto, schema, summaries
from crmdesk.storage.engine import Database

DATABASE_FILE = "crmdesk.db"
RESTORING, ASIDE_FILE = "restoring", "aside"
FOLDERS = ("attachments", "backups", "logs", "maps")
IN_USE = "use"
_SET_FACT = (
    "INSERT INTO profile (key, value) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_KEPT_FOLDERS = ("attachments", "backups")
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


def exists(folder: Path) -> bool:
    """True when there is a profile in the folder; DiskFull when nobody may look into it."""
    try:
        return (folder / DATABASE_FILE).exists() or (folder / RESTORING).exists()
    except OSError as error:
        raise cannot_write(folder, error) from error


def make(
    folder: Path,
    clock: Clock,
    *,
    way: str = "keyring",
    passphrase: str | None = None,
    triggers: bool = True,
) -> Database:
    """Make a new profile and open it.

    ``way``: keyring, passphrase or open (demo only); ``triggers`` False for one that is filled by
    a bulk load at once. Raises UserError when one is there already
    or the remains of one are, KeyMissing without a keyring, DiskFull when the folder cannot be
    written. What was made here goes again when it fails.
    """
    if exists(folder):
        raise UserError(
            _("There is already a profile in {folder}.").format(folder=folder),
            _("Open it, or name another folder with --profile."),
        )
    refuse_remains(folder)
    with removed_on_failure(folder) as keeping:
        try:
            make_folders(folder)
            make_private(folder / DATABASE_FILE)
        except OSError as error:
            raise cannot_write(folder, error) from error
        key = crypto.new_key()
        crypto.keep_key(folder, key, way=way, passphrase=passphrase)
        database = database_at(folder / DATABASE_FILE, key, clock)
        database.hold(used(folder))
        try:
            schema.create(database, triggers=triggers)
        except BaseException:
            database.dispose()
            raise
        keeping.keep()
    return database


def refuse_remains(folder: Path) -> None:
    """UserError for a folder with a key, backups or attachments of a profile that has no database.

    They may be all that is left of somebody's data, so nothing is made on top of them.
    """
    try:
        remains = (folder / crypto.KEY_FILE).exists() or any(
            (folder / name).is_dir() and any((folder / name).iterdir()) for name in _KEPT_FOLDERS
        )
    except OSError as error:
        raise cannot_write(folder, error) from error
    if remains and not (folder / DATABASE_FILE).exists():
        raise UserError(
            _("{folder} holds the rest of a profile without its database.").format(folder=folder),
            _("Restore a backup there (crmdesk restore FILE), or name another folder: --profile."),
        )


class Keeping:
    """Whether what is being made stays; it does not until :meth:`keep` is called."""

    kept = False

    def keep(self) -> None:
        """Let it stay."""
        self.kept = True


@contextmanager
def removed_on_failure(folder: Path) -> Iterator[Keeping]:
    """Remove what was made of a profile in the block, unless it is kept.

    Only files and folders of a profile that were not there before go, and folders only when
    they hold nothing of anybody else's.
    """
    files = [
        *(DATABASE_FILE + end for end in ("-wal", "-shm", "")),
        crypto.KEY_FILE, f"{IN_USE}.lock", "sync.lock", "desktop.lock",
    ]  # fmt: skip
    new_folder = not folder.exists()
    new = [name for name in (*files, *FOLDERS) if not (folder / name).exists()]
    keeping = Keeping()
    try:
        yield keeping
    finally:
        if not keeping.kept:
            with contextlib.suppress(OSError):
                for name in new:
                    place = folder / name
                    if name == crypto.KEY_FILE:
                        crypto.forget_keyring_entry(place)
                    if name in ("logs", "maps"):
                        shutil.rmtree(place, ignore_errors=True)
                    elif name not in FOLDERS:
                        place.unlink(missing_ok=True)
                    elif place.is_dir() and not any(place.iterdir()):
                        place.rmdir()
                if new_folder and folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()


def make_folders(folder: Path) -> None:
    """The folders of a profile, closed to other users of the computer."""
    ours = not folder.exists() or all(_is_ours(path) for path in folder.iterdir())
    folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    if ours:
        folder.chmod(_PRIVATE_FOLDER)
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(_PRIVATE_FOLDER)


def _is_ours(path: Path) -> bool:
    known = (*FOLDERS, RESTORING, crypto.KEY_FILE, "window.ini")
    return path.name in known or path.name.startswith(DATABASE_FILE) or path.suffix == ".lock"


def make_private(file: Path) -> None:
    """Make an empty file that only its owner reads; what writes into it keeps that."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT, _PRIVATE_FILE))
    file.chmod(_PRIVATE_FILE)


def open_database(folder: Path, clock: Clock, passphrase: str | None = None) -> Database:
    """Open a profile's database, upgrading an older one after a backup.

    Raises NotFound, KeyMissing, WrongKey, NewerFile, CorruptFile, DiskFull, ProfileInUse.
    """
    if not exists(folder):
        raise NotFound(
            _("There is no profile in {folder}.").format(folder=folder),
            _("Make one with: crmdesk demo, crmdesk join URL, or crmdesk import."),
        )
    if (folder / RESTORING).exists():
        with locked(folder, IN_USE):
            finish_restore(folder)
    with contextlib.suppress(OSError):
        # A profile of an earlier version, or copied here, may be open to others.
        if (folder / DATABASE_FILE).stat().st_mode & 0o077:
            (folder / DATABASE_FILE).chmod(_PRIVATE_FILE)
    passphrase = passphrase or os.environ.get("CRMDESK_PASSPHRASE")
    database = database_at(folder / DATABASE_FILE, crypto.find_key(folder, passphrase), clock)
    database.hold(used(folder))
    try:
        schema.ensure(database)
    except WrongKey as error:
        database.dispose()
        if crypto.key_way(folder) == "passphrase":
            # The passphrase has proved the key to be the right one, so it is the file.
            raise CorruptFile(
                _("{file} is damaged and cannot be read safely.").format(file=DATABASE_FILE),
                _("Nothing was changed. Restore the newest backup: crmdesk restore FILE."),
            ) from error
        raise
    except BaseException:
        database.dispose()
        raise
    return database


def finish_restore(folder: Path) -> None:
    """Carry out a restore that was decided: the old files aside, the new ones in their place.

    Every step can be repeated after a crash: what still lies in the restoring folder has not
    replaced its predecessor yet.
    """
    ready = folder / RESTORING
    if not ready.exists():
        return
    try:
        note = ready / ASIDE_FILE
        aside = folder / "backups" / (note.read_text("utf-8") if note.exists() else "aside")
        aside.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        for name, companions in ((DATABASE_FILE, ("-wal", "-shm", "")), (crypto.KEY_FILE, ("",))):
            if not (ready / name).exists():
                continue
            for companion in companions:
                old = folder / f"{name}{companion}"
                if old.exists():
                    old.replace(aside / old.name)
            (ready / name).replace(folder / name)
        _restore_attachments(folder, ready, aside)
        shutil.rmtree(ready)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _restore_attachments(folder: Path, ready: Path, aside: Path) -> None:
    """The restored attachments into their place; the others belong to the database put aside."""
    name = "attachments"
    if not (ready / name).exists():
        return
    present = folder / name
    if present.exists() and any(present.iterdir()):
        places = (aside / f"{name}{end}" for end in ("", *(f"-{n}" for n in range(1, 1000))))
        present.replace(next(place for place in places if not place.exists()))
    elif present.exists():
        present.rmdir()
    (ready / name).replace(folder / name)


def database_at(path: Path, key_hex: str | None, clock: Clock) -> Database:
    """A database object with the summaries kept up to date in every write."""
    return Database(path, key_hex, clock, maintain=summaries.maintain)


def cannot_write(folder: Path, error: OSError) -> DiskFull:
    """The sentence for a folder that cannot be written."""
    if error.errno == errno.ENOSPC:
        return DiskFull(_("The disk is full."), _("Free some space and try again."))
    return DiskFull(
        _("{folder} cannot be written: {reason}.").format(folder=folder, reason=error.strerror),
        _("Check the folder's permissions."),
        code="permission",
    )


def get_fact(connection: Connection, key: str) -> str | None:
    """A fact of this profile, or None."""
    found = connection.exec_driver_sql("SELECT value FROM profile WHERE key = ?", (key,)).scalar()
    return None if found is None else str(found)


def get_facts(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Several facts at once; those there are."""
    marks = ", ".join("?" * len(keys))
    rows = connection.exec_driver_sql(
        f"SELECT key, value FROM profile WHERE key IN ({marks})",
        tuple(keys),
    )
    return {str(key): str(value) for key, value in rows.all()}


def set_facts(connection: Connection, values: Mapping[str, str]) -> None:
    """Write several facts at once."""
    connection.exec_driver_sql(_SET_FACT, list(values.items()))


def set_fact(connection: Connection, key: str, value: str | None) -> None:
    """Write or remove (None) a fact of this profile."""
    if value is None:
        connection.exec_driver_sql("DELETE FROM profile WHERE key = ?", (key,))
        return
    connection.exec_driver_sql(_SET_FACT, (key, value))


@contextmanager
def locked(folder: Path, purpose: str) -> Iterator[None]:
    """Hold the profile for one purpose (desktop, sync, use); ProfileInUse if another does.

    The lock is the operating system's and goes with the process, however it ends.
    """
    path = folder / f"{purpose}.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        if not _try_lock(handle):
            raise ProfileInUse(
                _("This profile is already open in another crmdesk."),
                _("Use that window, or close it first."),
            )
        yield
    finally:
        os.close(handle)


@contextmanager
def used(folder: Path) -> Iterator[None]:
    """Say that the profile's database is open, so that no restore takes its files away.

    Any number may hold this at once; a restore takes it alone. ProfileInUse during a restore.
    """
    try:
        handle = os.open(folder / f"{IN_USE}.lock", os.O_RDWR | os.O_CREAT, _PRIVATE_FILE)
    except OSError:
        # A full disk or a folder that is read only: what SQLite says of it is more exact.
        yield
        return
    try:
        if not _try_share(handle):
            raise ProfileInUse(
                _("A backup is being restored into this profile."),
                _("Wait until it has finished and try again."),
            )
        yield
    finally:
        os.close(handle)


def _try_share(handle: int) -> bool:
    if os.name == "nt":
        # Windows has no shared lock here; it does not replace a file that is open either.
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _try_lock(handle: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

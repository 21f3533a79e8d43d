"""Backup and restore of a profile while it is in use: one file with everything needed.

A backup is a ZIP container (stored, not compressed: the database in it is encrypted) of the
database, its key file, a manifest with sizes and SHA-256, and the attachments whose bytes are
nowhere else: all of a profile that works alone, those not sent yet of one that has an HQ. A
passphrase profile opens anywhere with its passphrase; a keyring profile only for the user whose
keyring has its key.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as dbapi

from crmdesk.domain.clock import Clock, format_instant
from crmdesk.domain.errors import CorruptFile, NotFound, UserError
from crmdesk.i18n import _
from crmdesk.storage import crypto, profile, resuming, schema, transfers
from crmdesk.storage.attachments import FOLDER, AttachmentFiles
from crmdesk.storage.engine import Database, translate_error

_DATABASE, _KEY, _MANIFEST = profile.DATABASE_FILE, crypto.KEY_FILE, "manifest.json"
_FORMAT = 2
_READABLE = (1, 2)
_ATTACHMENT = re.compile(rf"{FOLDER}/[0-9a-f]{{64}}")
_MAX_MANIFEST = 1_000_000
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """What a backup says of itself."""

    made_at: str
    revision: str
    size: int


def back_up(database: Database, folder: Path, target: Path) -> BackupFacts:
    """Write a consistent copy of the profile in ``folder`` to ``target`` while it is in use.

    The target appears whole or not at all. Raises DiskFull when it cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as work:
            copy = Path(work) / _DATABASE
            _copy_database(database, copy)
            facts = {
                "format": _FORMAT,
                "made_at": format_instant(database.clock.now()),
                "revision": schema.HEAD_REVISION,
                "size": copy.stat().st_size,
                "sha256": _digest(copy),
            }
            draft = Path(work) / "backup"
            profile.make_private(draft)
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(_MANIFEST, json.dumps(facts, indent=1))
                archive.write(folder / _KEY, _KEY)
                archive.write(copy, _DATABASE)
                for path in _attachments(database, folder):
                    # One may have been removed since the database was copied.
                    with contextlib.suppress(FileNotFoundError):
                        archive.write(path, f"{FOLDER}/{path.name}")
            draft.replace(target)
    except OSError as error:
        named = target if target.is_dir() else target.parent
        raise profile.cannot_write(named, error) from error
    return BackupFacts(str(facts["made_at"]), schema.HEAD_REVISION, int(str(facts["size"])))


def _attachments(database: Database, folder: Path) -> list[Path]:
    """The files of attachments that no HQ has."""
    files = AttachmentFiles(database, folder)
    with database.read() as connection:
        wanted = transfers.only_here(connection)
    return [files.path(digest) for digest in wanted if files.holds(digest)]


def _copy_database(database: Database, copy: Path) -> None:
    with database.exclusive() as source:
        profile.make_private(copy)
        target = dbapi.connect(str(copy))
        try:
            database.unlock(target)
            source.backup(target)
        except dbapi.Error as error:
            raise (translate_error(error, copy) or error) from error
        finally:
            target.close()


def restore(file: Path, folder: Path, clock: Clock, passphrase: str | None = None) -> BackupFacts:
    """Put a backup in the place of the profile in ``folder``; the present one is kept aside.

    The backup is verified first (container, digest, key, integrity, version); nothing is changed
    when anything is wrong. A restore that is killed half-way is finished at the next opening.
    Raises NotFound, CorruptFile, WrongKey, KeyMissing, NewerFile; ProfileInUse while a window or
    a command has the profile open.
    """
    if not file.is_file():
        raise NotFound(_("There is no file {file}.").format(file=file))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise profile.cannot_write(folder, error) from error
    with profile.locked(folder, "desktop"), profile.locked(folder, profile.IN_USE):
        profile.finish_restore(folder)
        for left_over in folder.glob(".restore-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as work:
            ready = Path(work) / "ready"
            (ready / FOLDER).mkdir(mode=0o700, parents=True)
            facts = _unpack(file, ready)
            _verify(ready, clock, passphrase)
            for path in ready.iterdir():
                if path.name not in (_KEY, _DATABASE, FOLDER):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            stamp = clock.now().strftime("%Y%m%d-%H%M%S-%f")
            (ready / profile.ASIDE_FILE).write_text(f"before-restore-{stamp}", encoding="utf-8")
            # From this rename on the restore is decided, whatever happens to this process.
            ready.rename(folder / profile.RESTORING)
        profile.finish_restore(folder)
        profile.make_folders(folder)
        _prune(folder / "backups")
    return facts


def _unpack(file: Path, work: Path) -> BackupFacts:
    damaged = CorruptFile(
        _("{file} is not a complete crmdesk backup.").format(file=file.name),
        _("Choose another backup; nothing was changed."),
    )
    try:
        with zipfile.ZipFile(file) as archive:
            names = {info.filename: info for info in archive.infolist()}
            files = [name for name in names if _ATTACHMENT.fullmatch(name)]
            if set(names) != {_MANIFEST, _KEY, _DATABASE, *files}:
                raise damaged
            if names[_MANIFEST].file_size > _MAX_MANIFEST or names[_KEY].file_size > _MAX_MANIFEST:
                raise damaged
            if len(names) != len(archive.infolist()):
                raise damaged
            # Stored, never compressed: what is unpacked can be no larger than the file itself.
            if any(info.compress_type != zipfile.ZIP_STORED for info in names.values()):
                raise damaged
            facts: Any = json.loads(archive.read(_MANIFEST))
            for name in (_KEY, _DATABASE, *files):
                profile.make_private(work / name)
                with archive.open(name) as source, (work / name).open("wb") as target:
                    shutil.copyfileobj(source, target, _CHUNK)
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, RuntimeError) as error:
        # RuntimeError: an entry that asks for a password.
        raise damaged from error
    except OSError as error:
        raise profile.cannot_write(work, error) from error
    if (
        not isinstance(facts, dict)
        or facts.get("format") not in _READABLE
        or facts.get("sha256") != _digest(work / _DATABASE)
    ):
        raise damaged
    size = (work / _DATABASE).stat().st_size
    return BackupFacts(str(facts.get("made_at")), str(facts.get("revision")), size)


def _verify(work: Path, clock: Clock, passphrase: str | None) -> None:
    database = profile.open_database(work, clock, passphrase)
    try:
        with database.read() as connection:
            answer = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if answer != "ok":
            raise CorruptFile(
                _("The database in this backup is damaged."), _("Choose another backup.")
            )
        with database.maintenance() as connection:
            resuming.step_ahead(connection, clock)
    finally:
        database.dispose()


def _prune(backups: Path, keep: int = 3) -> None:
    """Keep the newest few folders that restores put aside."""
    for old in sorted(backups.glob("before-restore-*"))[:-keep]:
        shutil.rmtree(old, ignore_errors=True)


def backup_before_upgrade(database: Database) -> Path:
    """A plain copy of the database beside it, before its schema changes."""
    stamp = database.clock.now().strftime("%Y%m%d-%H%M%S")
    target = database.path.parent / "backups" / f"before-upgrade-{stamp}.db"
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise profile.cannot_write(target.parent, error) from error
    _copy_database(database, target)
    return target


def default_target(folder: Path, clock: Clock) -> Path:
    """Where a backup goes when nobody says: the profile's own folder, named by the time."""
    stamp = clock.local(clock.now()).strftime("%Y-%m-%d-%H%M%S")
    target = folder / "backups" / f"crmdesk-{stamp}.backup"
    if target.exists():
        raise UserError(_("There is a backup of this very second already."))
    return target


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

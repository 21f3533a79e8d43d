"""Destroying a profile that HQ has reported lost: its key first, then everything it locked.

Without the key the encrypted database is noise, so the key goes before anything else can fail.
Only an explicit order of HQ to this device leads here (``wiped``).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path

from crmdesk.storage.crypto import KEY_FILE, forget_keyring_entry
from crmdesk.storage.profile import DATABASE_FILE, RESTORING


def wipe(folder: Path) -> None:
    """Destroy the keys of a profile, then its database, backups, attachments and maps.

    The keys that a restore or an older profile left here go too, for the backups beside them
    open with those. Open connections go on until they are closed; nothing can be opened again.
    """
    keys = [folder / KEY_FILE, (folder / KEY_FILE).with_suffix(".new"), *folder.rglob(KEY_FILE)]
    for key_file in dict.fromkeys(keys):
        if key_file.is_file():
            _destroy_key(key_file)
    for name in ("backups", "attachments", "maps", RESTORING):
        shutil.rmtree(folder / name, ignore_errors=True)
    for left_over in folder.glob(".restore-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            (folder / (DATABASE_FILE + suffix)).unlink(missing_ok=True)


def _destroy_key(key_file: Path) -> None:
    forget_keyring_entry(key_file)
    with key_file.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(0)
        file.write(secrets.token_bytes(size))
        file.flush()
        os.fsync(file.fileno())
    key_file.unlink()

"""Destroying a profile that HQ has reported lost: its key first, then the file itself.

Without the key the encrypted database is noise, so the key goes before anything else can fail.
Only an explicit order of HQ to this device leads here (``wiped``).
"""

from __future__ import annotations

import contextlib
import json
import secrets
from pathlib import Path

from crmdesk.storage.crypto import KEY_FILE
from crmdesk.storage.profile import DATABASE_FILE

_SERVICE = "crmdesk"


def wipe(folder: Path) -> None:
    """Destroy the key of a profile, then its database, attachments' folder left to the desktop.

    Open connections go on until they are closed; nothing can be opened again.
    """
    key_file = folder / KEY_FILE
    if key_file.exists():
        _forget_keyring_entry(key_file)
        with key_file.open("r+b") as file:
            size = file.seek(0, 2)
            file.seek(0)
            file.write(secrets.token_bytes(size))
            file.flush()
        key_file.unlink()
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            (folder / (DATABASE_FILE + suffix)).unlink(missing_ok=True)


def _forget_keyring_entry(key_file: Path) -> None:
    try:
        facts = json.loads(key_file.read_text(encoding="utf-8"))
    except ValueError:
        return
    if not isinstance(facts, dict) or facts.get("way") != "keyring":
        return
    import keyring
    from keyring.errors import KeyringError

    with contextlib.suppress(KeyringError):
        keyring.delete_password(_SERVICE, str(facts.get("profile")))

"""The database key: made at random, kept by the keyring or wrapped by a passphrase.

``key.json`` beside the database says how. Three ways: ``keyring`` (the operating system keeps
it), ``passphrase`` (argon2id, 64 MiB, t=3; the derived 64 bytes are a one-time pad for the key
and a MAC over it; the salt is new at every wrapping), and ``open`` (in the file itself; only
for the demo company, whose data are invented).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from crmdesk.domain.errors import CorruptFile, KeyMissing, WrongKey
from crmdesk.i18n import _

KEY_FILE = "key.json"
_SERVICE = "crmdesk"
_NEEDED: dict[str, tuple[str, ...]] = {
    "open": ("key",), "keyring": ("profile",), "passphrase": ("salt", "wrapped", "mac"),
}  # fmt: skip
_MEMORY_KIB, _PASSES, _LANES = 64 * 1024, 3, 4


def new_key() -> str:
    """A random 256-bit key as 64 hexadecimal digits."""
    return secrets.token_hex(32)


def keep_key(folder: Path, key_hex: str, *, way: str, passphrase: str | None = None) -> None:
    """Store the key of a profile: ``way`` is keyring, passphrase or open.

    Raises KeyMissing when a keyring is wanted and none answers, or a passphrase is empty.
    """
    facts: dict[str, object] = {"way": way, "profile": secrets.token_hex(8)}
    if way == "keyring":
        _keyring_set(str(facts["profile"]), key_hex)
    elif way == "passphrase":
        facts |= _wrap(bytes.fromhex(key_hex), passphrase or "")
    elif way == "open":
        facts["key"] = key_hex
    else:
        raise ValueError(f"no such way to keep a key: {way}")
    target = folder / KEY_FILE
    draft = target.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(facts, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)


def key_way(folder: Path) -> str:
    """How this profile's key is kept: keyring, passphrase or open."""
    return str(_facts(folder)["way"])


def find_key(folder: Path, passphrase: str | None = None) -> str:
    """The key of a profile. Raises KeyMissing without keyring entry or passphrase, WrongKey."""
    facts = _facts(folder)
    needed = _NEEDED.get(str(facts["way"]))
    if needed is None or not all(isinstance(facts.get(name), str) for name in needed):
        raise _unreadable()
    if facts["way"] == "open":
        return str(facts["key"])
    if facts["way"] == "keyring":
        return _keyring_get(str(facts["profile"]))
    if not passphrase:
        raise KeyMissing(
            _("This profile is protected by a passphrase."),
            _("Enter it, or set CRMDESK_PASSPHRASE for scripts."),
        )
    return _unwrap(facts, passphrase)


def _facts(folder: Path) -> dict[str, object]:
    try:
        facts = json.loads((folder / KEY_FILE).read_text("utf-8"))
    except FileNotFoundError:
        raise KeyMissing(
            _("The key file of this profile is missing."),
            _("Restore the profile from a backup: crmdesk restore FILE."),
        ) from None
    except (ValueError, OSError) as error:
        raise _unreadable() from error
    if not isinstance(facts, dict) or "way" not in facts:
        raise _unreadable()
    return facts


def _unreadable() -> CorruptFile:
    return CorruptFile(
        _("The key file of this profile cannot be read."),
        _("Restore the profile from a backup: crmdesk restore FILE."),
    )


def _derive(passphrase: str, salt: bytes) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(
        passphrase.encode(), salt, _PASSES, _MEMORY_KIB, _LANES, hash_len=64, type=Type.ID
    )


def _wrap(key: bytes, passphrase: str) -> dict[str, object]:
    if not passphrase:
        raise KeyMissing(_("A passphrase is needed."), _("Choose one of at least eight letters."))
    salt = secrets.token_bytes(16)
    pad = _derive(passphrase, salt)
    wrapped = bytes(a ^ b for a, b in zip(key, pad[:32], strict=True))
    mac = hmac.new(pad[32:], wrapped, hashlib.sha256).digest()
    return {"salt": _text(salt), "wrapped": _text(wrapped), "mac": _text(mac)}


def _unwrap(facts: dict[str, object], passphrase: str) -> str:
    try:
        salt, wrapped, mac = (base64.b64decode(str(facts[n])) for n in _NEEDED["passphrase"])
    except ValueError as error:
        raise _unreadable() from error
    if len(salt) < 8 or len(wrapped) != 32:
        raise _unreadable()
    pad = _derive(passphrase, salt)
    if not hmac.compare_digest(hmac.new(pad[32:], wrapped, hashlib.sha256).digest(), mac):
        raise WrongKey(_("The passphrase is wrong."), _("Try again; nothing was changed."))
    return bytes(a ^ b for a, b in zip(wrapped, pad[:32], strict=True)).hex()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def keyring_available() -> bool:
    """True when the operating system offers a keyring that can keep secrets."""
    import keyring
    from keyring.backends import fail, null

    return not isinstance(keyring.get_keyring(), fail.Keyring | null.Keyring)


def _keyring_set(profile: str, key_hex: str) -> None:
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(_SERVICE, profile, key_hex)
    except KeyringError as error:
        raise _no_keyring() from error


def _keyring_get(profile: str) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        key = keyring.get_password(_SERVICE, profile)
    except KeyringError as error:
        raise _no_keyring() from error
    if key is None:
        raise KeyMissing(
            _("The keyring of this computer does not hold the key of this profile."),
            _("Sign in as the user who made the profile, or restore a passphrase backup."),
        )
    return key


def forget_keyring_entry(key_file: Path) -> None:
    """Have the keyring forget the key that a key file names, if it names one."""
    try:
        facts = json.loads(key_file.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return
    if not isinstance(facts, dict) or facts.get("way") != "keyring":
        return
    import keyring
    from keyring.errors import KeyringError

    with contextlib.suppress(KeyringError):
        keyring.delete_password(_SERVICE, str(facts.get("profile")))


def _no_keyring() -> KeyMissing:
    return KeyMissing(
        _("No keyring answers on this computer."), _("Use a passphrase for this profile instead.")
    )

"""Passwords of people at HQ: argon2id, bounded in memory and time, made anew when its terms change.

Hashing is made to be expensive, so only a few run at once and the others wait. Wrong tries are
counted by :mod:`crmdesk.hq.access.attempts`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from crmdesk.domain.errors import Refused, UserError
from crmdesk.hq.database.store import HqConnection
from crmdesk.i18n import _

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 256
_AT_ONCE = 2
_PATIENCE_S = 10.0


class Passwords:
    """Hashes and verifies; any number of threads may call it."""

    def __init__(self, hasher: PasswordHasher | None = None, *, at_once: int = _AT_ONCE) -> None:
        self._hasher = hasher
        self._room = threading.BoundedSemaphore(at_once)
        self._nobody = ""

    def _made(self) -> PasswordHasher:
        if self._hasher is None:
            from argon2 import PasswordHasher

            self._hasher = PasswordHasher()
        return self._hasher

    def hash(self, password: str) -> str:
        """The password as argon2id; UserError when it is too short or far too long."""
        if len(password) < SHORTEST:
            raise UserError(_("The password is too short."), _("Use at least eight characters."))
        if len(password) > LONGEST:
            raise UserError(_("The password is too long."))
        with self._turn():
            return self._made().hash(password)

    def verify(self, known: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed.

        Without a hash the answer is no, after the same work. Refused (``too-many``) when too many
        wait for their turn.
        """
        from argon2.exceptions import Argon2Error, InvalidHashError

        with self._turn():
            if known is None and not self._nobody:
                self._nobody = self._made().hash("nobody's password")
            try:
                self._made().verify(known or self._nobody, password[: LONGEST + 1])
            except (Argon2Error, InvalidHashError):
                return False
        return known is not None

    def is_stale(self, known: str) -> bool:
        """Whether a hash was made on other terms than today's and should be made again."""
        return self._made().check_needs_rehash(known)

    def _turn(self) -> _Turn:
        return _Turn(self._room)


class _Turn:
    def __init__(self, room: threading.BoundedSemaphore) -> None:
        self._room = room

    def __enter__(self) -> None:
        if not self._room.acquire(timeout=_PATIENCE_S):
            raise Refused(_("HQ is too busy."), _("Try again in a minute."), code="too-many")

    def __exit__(self, *_error: object) -> None:
        self._room.release()


def set_password(
    connection: HqConnection, user: str, password: str, passwords: Passwords | None = None
) -> None:
    """Keep a user's password (uid as hex); UserError when it is too short."""
    connection.execute(
        "INSERT INTO credential (user_id, password_hash) VALUES (%s, %s) ON CONFLICT (user_id)"
        " DO UPDATE SET password_hash = EXCLUDED.password_hash",
        (user, (passwords or Passwords()).hash(password)),
    )
    connection.execute("DELETE FROM attempt WHERE key = %s", (password_key(user),))
    connection.execute("INSERT INTO audit (user_id, action) VALUES (%s, 'password-set')", (user,))


def clear_password(connection: HqConnection, user: str) -> None:
    """Ask this user (uid as hex) for no password any more."""
    connection.execute("DELETE FROM credential WHERE user_id = %s", (user,))
    connection.execute(
        "INSERT INTO audit (user_id, action) VALUES (%s, 'password-cleared')", (user,)
    )


def known_hash(connection: HqConnection, user: str) -> str | None:
    """The hash of a user's password; None when there is none to ask for."""
    row = connection.execute(
        "SELECT password_hash FROM credential WHERE user_id = %s", (user,)
    ).fetchone()
    return None if row is None else str(row[0])


def password_key(user: str) -> str:
    """Under which key wrong passwords of a user are counted."""
    return f"password/{user}"

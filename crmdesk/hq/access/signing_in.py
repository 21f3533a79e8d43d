"""Enrolment and tokens as they are asked for from outside: counted, and slowed down.

An unknown and a wrong code, an unknown device and a wrong key get the same answer after the same
work. What codes, keys and tokens are is :mod:`crmdesk.hq.access.auth`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from crmdesk.domain.errors import Refused
from crmdesk.hq.access import attempts, auth
from crmdesk.hq.access.passwords import Passwords, known_hash, password_key
from crmdesk.hq.database import schema
from crmdesk.hq.database.store import Store
from crmdesk.i18n import _
from crmdesk.sync.protocol import EnrolRequest, EnrolResponse, TokenRequest

_GUESSES = frozenset({"code", "device"})


@contextmanager
def counted(store: Store, keys: Sequence[str], now: datetime) -> Iterator[None]:
    """Refused while the keys have to wait; what the block refuses as a guess is counted."""
    with store.transaction() as connection:
        attempts.check(connection, keys, now)
    try:
        yield
    except Refused as error:
        if error.code in _GUESSES:
            with store.transaction() as connection:
                attempts.note_failure(connection, keys, now)
        raise


def enrol(
    store: Store,
    passwords: Passwords,
    message: EnrolRequest,
    *,
    address: str,
    now: datetime,
) -> EnrolResponse:
    """Change a code, and the password of a user who has one, for a device.

    Refused: ``code``, ``password`` (asked for, or wrong: the code stays good), ``too-many``,
    ``no-company``.
    """
    with counted(store, attempts.from_address("enrol", address), now):
        with store.transaction() as connection:
            user = auth.owner_of_code(connection, message.code, now)
            known = known_hash(connection, user)
        if known is not None:
            _check_password(store, passwords, user, known, message.password, now)
        with store.transaction() as connection:
            epoch, _secret = schema.facts(connection)
            return auth.enrol(connection, message.code, message.name, now, epoch)


def _check_password(
    store: Store, passwords: Passwords, user: str, known: str, given: str, now: datetime
) -> None:
    if not given:
        raise Refused(
            _("This user has a password."), _("Give it together with the code."), code="password"
        )
    keys = [password_key(user)]
    with store.transaction() as connection:
        waits = attempts.locked(connection, keys, now)
    # A locked user costs the same work, so that nobody learns from the time whether it was right.
    right = passwords.verify(known, given) and not waits
    with store.transaction() as connection:
        if right:
            attempts.forget(connection, keys)
            if passwords.is_stale(known):
                connection.execute(
                    "UPDATE credential SET password_hash = %s WHERE user_id = %s"
                    " AND password_hash = %s",
                    (passwords.hash(given), user, known),
                )
        elif not waits:
            attempts.note_failure(connection, keys, now)
            auth.audit(connection, "wrong-password", user=user)
    if not right:
        raise Refused(
            _("The password is wrong, or was wrong too often."),
            _("Try again; after several wrong tries wait a quarter of an hour."),
            code="password",
        )


def sign_in(store: Store, message: TokenRequest, *, address: str, now: datetime) -> str:
    """The status of a device that shows its key: active or retiring.

    Refused: ``device``, ``too-many``, and how the device or its user has ended.
    """
    # Devices are known to every colleague, so a device is locked for one address only.
    keys = attempts.from_address("token", address)
    keys += [f"token/{message.device[:32]}@{address}"] if address else []
    with counted(store, keys, now), store.transaction() as connection:
        status = auth.check_key(connection, message.device, message.key)
        connection.execute(
            "UPDATE hq_device SET last_seen_at = %s, schema_version = %s, waiting = %s"
            " WHERE device_id = %s",
            (now, message.schema, message.waiting, message.device),
        )
    return status

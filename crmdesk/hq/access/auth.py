"""Enrolment, device keys, access tokens and passwords.

A one-time code makes a device and gives it a random key, of which HQ keeps a hash. The key buys
access tokens that live a few minutes; a token names a device and nothing else, and the device's row
is looked up at every request. How often somebody may guess is
:mod:`crmdesk.hq.access.signing_in`'s, passwords are :mod:`crmdesk.hq.access.passwords`'.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import struct
from datetime import datetime, timedelta

from crmdesk.domain.errors import Refused
from crmdesk.domain.ids import new_uid
from crmdesk.hq.database import feed
from crmdesk.hq.database.scopes import REFERENCE
from crmdesk.hq.database.store import HqConnection
from crmdesk.i18n import _
from crmdesk.sync.protocol import EnrolResponse

TOKEN_LIFE = timedelta(minutes=15)
CODE_LIFE = timedelta(days=7)
_NOBODY = bytes(32)
_MAC_BYTES = 16
_UID = re.compile("[0-9a-fA-F]{32}")
# Letters and digits that cannot be mistaken for each other when read aloud.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def make_token(secret: str, device: str, now: datetime) -> str:
    """An access token for a device (hex), valid for :data:`TOKEN_LIFE`."""
    expires = int((now + TOKEN_LIFE).timestamp())
    body = bytes.fromhex(device) + struct.pack(">I", expires)
    return base64.urlsafe_b64encode(body + _mac(secret, body)).decode()


def read_token(secret: str, token: str, now: datetime) -> str:
    """The device (hex) a token speaks for; Refused when it is forged, broken or too old."""
    try:
        data = base64.urlsafe_b64decode(token)
    except ValueError:
        data = b""
    body, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
    if len(body) != 20 or not hmac.compare_digest(mac, _mac(secret, body)):
        raise Refused(_("This device is not signed in."), code="token")
    if struct.unpack(">I", body[16:])[0] < now.timestamp():
        raise Refused(_("The sign-in of this device has expired."), code="token")
    return body[:16].hex()


def _mac(secret: str, body: bytes) -> bytes:
    return hmac.new(bytes.fromhex(secret), body, hashlib.sha256).digest()[:_MAC_BYTES]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _plain_code(code: str) -> str:
    # What follows is the fingerprint of HQ's certificate, which is for the laptop.
    return code.partition("#")[0].replace("-", "").replace(" ", "").upper()


def make_code(connection: HqConnection, user: str, now: datetime) -> str:
    """A one-time enrolment code for a user (hex); HQ keeps only its hash."""
    letters = "".join(secrets.choice(_ALPHABET) for _position in range(12))
    connection.execute(
        "INSERT INTO enrolment (code_hash, user_id, expires_at) VALUES (%s, %s, %s)",
        (_hash(letters), user, now + CODE_LIFE),
    )
    return "-".join(letters[i : i + 4] for i in range(0, 12, 4))


def owner_of_code(connection: HqConnection, code: str, now: datetime) -> str:
    """The user (hex) a code is good for; Refused like :func:`enrol` when it is not good."""
    row = connection.execute(
        "SELECT encode(uuid_send(u.uid),'hex') FROM enrolment e"
        " JOIN app_user u ON u.uid = e.user_id"
        " WHERE e.code_hash = %s AND e.used_at IS NULL AND e.expires_at > %s AND u.active",
        (_hash(_plain_code(code)), now),
    ).fetchone()
    if row is None:
        raise _bad_code()
    return str(row[0])


def _bad_code() -> Refused:
    return Refused(
        _("This enrolment code is not valid."),
        _("Codes work once and for a week. Ask the office for a new one."),
        code="code",
    )


def enrol(
    connection: HqConnection, code: str, name: str, now: datetime, epoch: str
) -> EnrolResponse:
    """Make a device for the user of a code. Refused when it is unknown, used or too old.

    Refused, and the code stays good, while HQ has no company: no laptop could work with that.
    """
    found = connection.execute("SELECT name FROM organisation WHERE NOT deleted LIMIT 1").fetchone()
    if found is None:
        raise Refused(
            _("This HQ has no company yet."),
            _("Ask the office to finish setting it up; the code stays good."),
            code="no-company",
        )
    row = connection.execute(
        "UPDATE enrolment e SET used_at = %s FROM app_user u WHERE e.code_hash = %s"
        " AND e.used_at IS NULL AND e.expires_at > %s AND u.uid = e.user_id AND u.active"
        " RETURNING encode(uuid_send(u.uid),'hex'), u.code, u.name, u.role",
        (now, _hash(_plain_code(code)), now),
    ).fetchone()
    if row is None:
        raise _bad_code()
    user, user_code, user_name, role = (str(value) for value in row)
    device, key = new_uid().hex(), secrets.token_urlsafe(32)
    prefix = _free_prefix(connection, user_code)
    connection.execute(
        "INSERT INTO device (uid, user_id, name, prefix, status, enrolled_at)"
        " VALUES (%s, %s, %s, %s, 'active', %s)",
        (device, user, name[:80] or user_name, prefix, now),
    )
    connection.execute(
        "INSERT INTO hq_device (device_id, user_id, key_hash, enrolled_at) VALUES (%s,%s,%s,%s)",
        (device, user, _hash(key), now),
    )
    connection.execute(
        "UPDATE enrolment SET device_id = %s WHERE code_hash = %s",
        (device, _hash(_plain_code(code))),
    )
    audit(connection, "enrol", user=user, device=device)
    feed.announce(connection, [(REFERENCE, "device", device, None)])
    return EnrolResponse(device, key, prefix, user, user_name, role, str(found[0]), epoch)


def _free_prefix(connection: HqConnection, user_code: str) -> str:
    letter = next((c for c in user_code.upper() if c.isascii() and c.isalpha()), "D")
    # Two enrolments at once must not be given the same prefix.
    connection.execute("LOCK TABLE device IN SHARE ROW EXCLUSIVE MODE")
    rows = connection.execute("SELECT prefix FROM device").fetchall()
    taken = {str(row[0]) for row in rows}
    number = 1
    while f"{letter}{number:02d}" in taken:
        number += 1
    return f"{letter}{number:02d}"


def check_key(connection: HqConnection, device: str, key: str) -> str:
    """The status (active, retiring) of the device that has this key.

    Refused: ``device`` for an unknown device and a wrong key alike, else how it or its user ended.
    """
    row = None
    if is_uid(device):
        row = connection.execute(
            "SELECT d.key_hash, d.status, u.active FROM hq_device d JOIN app_user u"
            " ON u.uid = d.user_id WHERE d.device_id = %s",
            (device,),
        ).fetchone()
    known = _NOBODY if row is None else bytes(row[0])
    if not hmac.compare_digest(known, _hash(key)) or row is None:
        raise Refused(
            _("HQ does not know this device."), _("Enrol it again with a new code."), code="device"
        )
    status = str(row[1])
    if status == "active" and not row[2]:
        status = "inactive"
    check_status(status, leaving=True)
    return status


def is_uid(text: str) -> bool:
    """Whether a text is a uid as requests write it: 32 hexadecimal digits."""
    return _UID.fullmatch(text) is not None


def lease_days(connection: HqConnection) -> int:
    """For how many days a device may work without coming back; 0 for ever."""
    row = connection.execute(
        "SELECT offline_lease_days FROM organisation WHERE NOT deleted LIMIT 1"
    ).fetchone()
    return 0 if row is None else int(row[0])


def pins(connection: HqConnection) -> list[str]:
    """The keys (SHA-256, hex) HQ shows or will show; none without a certificate of its own."""
    row = connection.execute("SELECT value FROM hq_state WHERE key = 'pins'").fetchone()
    return [] if row is None else str(row[0]).split()


def check_status(status: str, *, leaving: bool = False) -> None:
    """Refused with what to do for a device or user that is no longer active.

    ``leaving`` lets one pass that is being retired: it may still send, and is given nothing.
    """
    if status == "active" or (leaving and status == "retiring"):
        return
    hints = {
        "retiring": _("This device is being retired by the office."),
        "retired": _("This device has been retired by the office."),
        "wiped": _("This device has been reported lost; its data will be destroyed."),
        "cloned": _("Two copies of this device are in use, so HQ has stopped it."),
        "inactive": _("This user is no longer active."),
    }
    raise Refused(
        hints.get(status, _("This device may not sync.")),
        _("Speak to the office; enrol the device again with a new code."),
        code=status,
    )


def audit(
    connection: HqConnection,
    action: str,
    *,
    user: str | None = None,
    device: str | None = None,
    detail: str | None = None,
) -> None:
    """Write the audit log; ``detail`` is JSON text without secrets."""
    connection.execute(
        "INSERT INTO audit (user_id, device_id, action, detail) VALUES (%s, %s, %s, %s::jsonb)",
        (user, device, action, detail),
    )

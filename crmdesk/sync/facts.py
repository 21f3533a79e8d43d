"""What a joined profile knows about its HQ: kept in the ``profile`` table of the encrypted file."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _
from crmdesk.storage.profile import get_fact, get_facts, set_fact
from crmdesk.sync.protocol import EnrolResponse

URL, EPOCH, KEY = "hq.url", "hq.epoch", "device.key"
DEVICE, PREFIX, USER = "device.uid", "device.prefix", "user.uid"
PINS = "hq.pins"
"""The keys (SHA-256, hex, by spaces) that are HQ's; without them the authorities decide."""

ROLE, ORGANISATION = "user.role", "organisation.name"
OFFERED_SEQ = "sync.offered_seq"
"""The highest journal entry ever put into a request: HQ may have it although no answer came."""
RESTORED_AT = "sync.hq_restored_at"
"""The instant at which this laptop learned of HQ's last restore."""
AGAIN_SEQ = "sync.again_seq"
"""The highest journal entry at that instant: what is up to there is offered again."""
HQ_SCHEMA = "hq.schema"
"""HQ's schema as of the last round: what it cannot take yet is not put into a file."""
OFFSET_MS, LAST_SYNC, LAST_RESULT = "sync.offset_ms", "sync.last_at", "sync.last_result"


@dataclass(frozen=True, slots=True)
class Membership:
    """Which HQ this profile belongs to, and as which device."""

    url: str
    epoch: str
    device: str
    key: str
    user: str
    pins: tuple[str, ...] = ()


def membership(connection: Connection) -> Membership | None:
    """The membership of this profile; None for one that works alone."""
    known = get_facts(connection, (URL, DEVICE, KEY, PINS, EPOCH, USER))
    url, device, key = (known.get(name) for name in (URL, DEVICE, KEY))
    if not url or not device or not key:
        return None
    pins = tuple(known.get(PINS, "").split())
    return Membership(url, known.get(EPOCH, ""), device, key, known.get(USER, ""), pins)


def require_membership(connection: Connection) -> Membership:
    """The membership; UserError when the profile has not joined an HQ."""
    found = membership(connection)
    if found is None:
        raise UserError(
            _("This profile works alone; there is no HQ to sync with."),
            _("Join one with: crmdesk join URL --code CODE."),
            code="alone",
        )
    return found


def keep_membership(connection: Connection, url: str, enrolled: EnrolResponse) -> None:
    """Write what enrolment gave into a fresh profile."""
    facts = {
        URL: url, EPOCH: enrolled.epoch, DEVICE: enrolled.device, KEY: enrolled.key,
        PREFIX: enrolled.prefix, USER: enrolled.user, ROLE: enrolled.role,
        ORGANISATION: enrolled.organisation,
    }  # fmt: skip
    for key, value in facts.items():
        set_fact(connection, key, value)


def keep_pins(connection: Connection, shown: str, announced: list[str]) -> set[str]:
    """Remember the key HQ has just shown and those it will show; returns them.

    To be called only after HQ has proved its key; nothing is kept where authorities decide.
    """
    if not shown:
        return set()
    pins = {shown, *announced}
    set_fact(connection, PINS, " ".join(sorted(pins)))
    return pins


def keep_offered(connection: Connection, seq: int) -> None:
    """Remember, before a request leaves, up to which journal entry it offers."""
    if seq > offered(connection):
        set_fact(connection, OFFERED_SEQ, str(seq))


def offered(connection: Connection) -> int:
    """Up to which journal entry HQ may have seen; 0 when nothing was ever sent."""
    return int(get_fact(connection, OFFERED_SEQ) or 0)

"""What a restore must not undo: which devices there are, and which of them have ended.

A laptop that was enrolled after the backup goes on with its key, and its short name, which stands
in the numbers of its documents, is not given twice. One that was retired, wiped or stopped since
stays so. Read from the database that is about to be replaced, written behind the backup's rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from crmdesk.hq.database.store import Store

_ENDED = frozenset({"retiring", "retired", "wiped", "cloned"})

_DEVICE = sql.SQL(
    "INSERT INTO public.device (uid, user_id, name, prefix, status, enrolled_at)"
    " SELECT {device}, u.uid, {name}, {prefix}, {status}, {enrolled} FROM public.app_user u"
    " WHERE u.uid = {user} ON CONFLICT DO NOTHING;"
)
_KEY = sql.SQL(
    "INSERT INTO public.hq_device (device_id, user_id, key_hash, status, enrolled_at)"
    " SELECT d.uid, d.user_id, {key}, {status}, {enrolled} FROM public.device d"
    " WHERE d.uid = {device} ON CONFLICT DO NOTHING;"
)
_END = (
    sql.SQL(
        "UPDATE public.hq_device SET status = {status}"
        " WHERE device_id = {device} AND status <> {status};"
    ),
    sql.SQL(
        "UPDATE public.device SET status = {status} WHERE uid = {device} AND status <> {status};"
    ),
)


@dataclass(frozen=True, slots=True)
class Device:
    """A device as it is before the restore (uids as hex)."""

    device: str
    user: str
    name: str
    prefix: str
    status: str
    enrolled: datetime | None
    key: bytes

    @property
    def ended(self) -> bool:
        """True for one that may not work any more."""
        return self.status in _ENDED


def devices(store: Store) -> list[Device]:
    """All devices of an HQ; none when its tables cannot be read (any more)."""
    with suppress(psycopg.Error), store.transaction() as connection:
        rows = connection.execute(
            "SELECT encode(uuid_send(d.uid),'hex'), encode(uuid_send(d.user_id),'hex'), d.name,"
            " d.prefix, h.status, h.enrolled_at, h.key_hash"
            " FROM hq_device h JOIN device d ON d.uid = h.device_id ORDER BY d.prefix"
        ).fetchall()
        return [
            Device(str(device), str(user), str(name), str(prefix), str(status), at, bytes(key))
            for device, user, name, prefix, status, at, key in rows
        ]
    return []


def statements(carried: Sequence[Device]) -> list[str]:
    """SQL that makes these devices what they were; of columns that every schema has."""
    found = []
    for one in carried:
        values = {
            name: sql.Literal(getattr(one, name))
            for name in ("device", "user", "name", "prefix", "status", "enrolled", "key")
        }
        steps = [_DEVICE, _KEY, *(_END if one.ended else ())]
        found += [step.format(**values).as_string(None) for step in steps]
    return found

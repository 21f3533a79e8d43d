"""The first things an administrator does at HQ: a company, users, territories, devices, codes.

All take an open store and plain values, and say what went wrong as expected errors. Looking after
what is there is :mod:`crmdesk.hq.administration.people`'s; backups are
:mod:`crmdesk.hq.administration.keeping`'s; making and starting an HQ is
:mod:`crmdesk.hq.database.home`'s and :mod:`crmdesk.hq.running.serving`'s.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.states import Role
from crmdesk.hq.access import auth, passwords
from crmdesk.hq.database import feed
from crmdesk.hq.database.scopes import REFERENCE
from crmdesk.hq.database.store import Store
from crmdesk.hq.exchange import editing
from crmdesk.i18n import _
from crmdesk.sync.pinning import with_fingerprint

MOVED_AT_ONCE = 100
DEVICE_ENDS = ("retired", "wiped")
_DEVICES = (
    "SELECT d.prefix, d.name, u.code, h.status, h.last_seen_at, h.waiting, h.program,"
    " h.schema_version, h.clock_offset_ms,"
    " encode(uuid_send(h.device_id),'hex') FROM hq_device h"
    " JOIN device d ON d.uid = h.device_id JOIN app_user u ON u.uid = h.user_id"
)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device as the administrator sees it; ``waiting`` changes had not been sent at last word.

    ``clock_offset_ms`` is how far HQ's clock was ahead of the device's at its last push.
    """

    prefix: str
    name: str
    user_code: str
    status: str
    last_seen_at: datetime | None
    waiting: int | None
    program: str | None
    schema: int
    clock_offset_ms: int


def found_company(store: Store, name: str, admin_name: str, now: datetime) -> str:
    """The first rows of an empty HQ; returns the enrolment code of its administrator (A1).

    UserError when there is a company already.
    """
    with store.transaction() as connection:
        if connection.execute("SELECT 1 FROM organisation LIMIT 1").fetchone() is not None:
            raise UserError(_("This HQ has a company already."))
    now_ms = int(now.timestamp() * 1000)
    editing.insert_row(store, "organisation", {"name": name}, now_ms)
    tax = {"code": "none", "name": _("No tax")}
    editing.insert_row(store, "tax_rate", tax, now_ms)
    prices = {"code": "A", "name": _("Standard prices"), "is_default": 1}
    editing.insert_row(store, "price_list", prices, now_ms)
    add_territory(store, "T1", _("All customers"), now_ms=now_ms)
    add_user(store, "A1", admin_name, Role.ADMIN.value, territories=["T1"], now_ms=now_ms)
    return make_code(store, "A1", now)


def has_company(url: str) -> bool:
    """Whether a PostgreSQL database holds an HQ with a company already (a restored backup)."""
    store = Store(url)
    try:
        with store.transaction() as connection:
            there = connection.execute("SELECT to_regclass('organisation')").fetchone()
            if there is None or there[0] is None:
                return False
            row = connection.execute("SELECT 1 FROM organisation LIMIT 1").fetchone()
            return row is not None
    finally:
        store.dispose()


def add_user(
    store: Store,
    code: str,
    name: str,
    role: str,
    *,
    territories: Sequence[str] = (),
    password: str | None = None,
    now_ms: int,
) -> str:
    """A new user with their territories (by code); returns the uid (hex).

    Raises UserError for a code that exists, an unknown role or a short password; NotFound.
    """
    require_role(role)
    user = editing.insert_row(store, "user", {"code": code, "name": name, "role": role}, now_ms)
    for territory in territories:
        assign_user(store, code, territory, now_ms=now_ms)
    if password is not None:
        with store.transaction() as connection:
            passwords.set_password(connection, user, password)
    return user


def require_role(role: str) -> None:
    """UserError unless it is a role."""
    if role not in {r.value for r in Role}:
        roles = ", ".join(r.value for r in Role)
        raise UserError(
            _("There is no role {role}.").format(role=role),
            _("Choose one of {roles}.").format(roles=roles),
        )


def add_territory(
    store: Store, code: str, name: str, *, parent: str | None = None, now_ms: int
) -> str:
    """A new territory below ``parent`` (by code); returns the uid (hex)."""
    above = None
    if parent is not None:
        with store.transaction() as connection:
            above = editing.find_uid(connection, "territory", "code", parent)
    values = {"code": code, "name": name, "parent_id": above}
    return editing.insert_row(store, "territory", values, now_ms)


def assign_user(store: Store, user: str, territory: str, *, now_ms: int) -> None:
    """Give a user (by code) a territory (by code): their devices get its customers."""
    with store.transaction() as connection:
        ids = {
            "user_id": editing.find_uid(connection, "user", "code", user),
            "territory_id": editing.find_uid(connection, "territory", "code", territory),
        }
    editing.insert_row(store, "territory_user", ids, now_ms)


def reassign_territory(
    store: Store, accounts: Sequence[str], territory: str, *, now_ms: int
) -> None:
    """Move accounts (by code), with everything in them, to another territory (by code).

    In small transactions: whoever writes in one of these accounts meanwhile waits for a moment.
    """
    with store.transaction() as connection:
        target = editing.find_uid(connection, "territory", "code", territory)
        uids = editing.find_uids(connection, "account", "code", accounts)
    for start in range(0, len(uids), MOVED_AT_ONCE):
        part = uids[start : start + MOVED_AT_ONCE]
        editing.update_rows(store, "account", part, {"territory_id": target}, now_ms)


def make_code(store: Store, user: str, now: datetime) -> str:
    """A one-time enrolment code for a user (by code).

    Behind it stands the fingerprint of HQ's key, where HQ has a certificate of its own.
    """
    with store.transaction() as connection:
        uid = editing.find_uid(connection, "user", "code", user)
        code = auth.make_code(connection, uid, now)
        auth.audit(connection, "enrolment-code", user=uid)
        pins = auth.pins(connection)
    return with_fingerprint(code, pins[0]) if pins else code


def devices(store: Store) -> list[DeviceRow]:
    """All devices, by prefix."""
    with store.transaction() as connection:
        rows = connection.execute(f"{_DEVICES} ORDER BY d.prefix".encode()).fetchall()
    return [DeviceRow(*row[:-1]) for row in rows]


def end_device(store: Store, prefix: str, how: str) -> DeviceRow:
    """Retire a device that leaves, or have a lost one wiped (``how``: retired, wiped).

    One that leaves first brings what it has not sent yet. Returns the device as it was: its
    ``waiting`` changes may be lost with one that is wiped. UserError when it has ended already.
    """
    if how not in DEVICE_ENDS:
        raise UserError(_("A device is retired or wiped."))
    with store.transaction() as connection:
        row = connection.execute(
            f"{_DEVICES} WHERE d.prefix = %s FOR UPDATE OF h".encode(), (prefix,)
        ).fetchone()
        if row is None:
            raise NotFound(_("There is no device {prefix}.").format(prefix=prefix))
        before = DeviceRow(*row[:-1])
        status = "retiring" if how == "retired" else how
        if before.status == "wiped" or (before.status == "retired" and how == "retired"):
            raise UserError(_("The device {prefix} has ended already.").format(prefix=prefix))
        uid = str(row[-1])
        connection.execute("UPDATE hq_device SET status = %s WHERE device_id = %s", (status, uid))
        connection.execute(
            "UPDATE device SET status = %s, rev = rev + 1 WHERE uid = %s", (status, uid)
        )
        feed.announce(connection, [(REFERENCE, "device", uid, None)])
        detail = {"device": prefix, "waiting": before.waiting}
        auth.audit(connection, f"device-{status}", device=uid, detail=json.dumps(detail))
    return before

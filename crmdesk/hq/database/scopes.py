"""Who may have and change which rows: scopes by territory, person and role, decided at HQ.

A scope is a set of rows that travels together: ``t/<territory>`` the accounts of a territory with
everything in them, ``t/none`` accounts without one, ``u/<user>`` what is private to a person,
``catalogue``, ``reference`` and ``office``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from crmdesk.domain.states import Role
from crmdesk.hq.database.store import HqConnection
from crmdesk.storage.entities import Entity, Scope

CATALOGUE, REFERENCE, OFFICE = "catalogue", "reference", "office"
UNASSIGNED = "t/none"

_PRINCIPAL = """
WITH RECURSIVE mine AS (
    SELECT tu.territory_id FROM territory_user tu JOIN hq_device d ON d.user_id = tu.user_id
    WHERE d.device_id = %(device)s AND NOT tu.deleted
      AND (tu.valid_from IS NULL OR tu.valid_from <= %(today)s)
      AND (tu.valid_to IS NULL OR tu.valid_to >= %(today)s)
    UNION
    SELECT t.uid FROM territory t JOIN mine m ON t.parent_id = m.territory_id WHERE NOT t.deleted
)
SELECT encode(uuid_send(d.user_id),'hex'), d.status, u.role, u.active,
       (SELECT coalesce(array_agg(encode(uuid_send(territory_id),'hex')), '{}') FROM mine),
       (SELECT value FROM hq_state WHERE key = 'epoch'),
       (SELECT prefix FROM device WHERE uid = d.device_id)
FROM hq_device d JOIN app_user u ON u.uid = d.user_id
WHERE d.device_id = %(device)s
"""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a device, its user, the role and the territories (uids as hex).

    ``epoch`` is HQ's at this moment: it is new after HQ was restored from a backup, of which no
    server process is told. ``prefix`` is the device's short name.
    """

    device: str
    user: str
    role: Role
    territories: frozenset[str]
    status: str = "active"
    epoch: str = ""
    prefix: str = ""

    @property
    def in_office(self) -> bool:
        """True for office, manager and admin: they see every account."""
        return self.role is not Role.REP


def principal(connection: HqConnection, device: str, today: date) -> Principal | None:
    """The principal of a device as HQ knows it now; None for an unknown device."""
    row = connection.execute(_PRINCIPAL, {"device": device, "today": today}).fetchone()
    if row is None:
        return None
    user, status, role, active, territories, epoch, prefix = row
    return Principal(
        device,
        user,
        Role(role),
        frozenset(territories),
        status if active else "inactive",
        str(epoch),
        str(prefix),
    )


def scopes_of(connection: HqConnection, who: Principal) -> list[str]:
    """Every scope whose rows this principal's devices may have, sorted."""
    if not who.in_office:
        own = [territory_scope(t) for t in who.territories]
        return sorted([CATALOGUE, REFERENCE, f"u/{who.user}", *own])
    rows = connection.execute(
        "SELECT 't/' || encode(uuid_send(uid),'hex') FROM territory"
        " UNION ALL SELECT 'u/' || encode(uuid_send(uid),'hex') FROM app_user"
    ).fetchall()
    return sorted([CATALOGUE, REFERENCE, OFFICE, UNASSIGNED, *(str(row[0]) for row in rows)])


def territory_scope(territory: str | None) -> str:
    """The scope of the accounts of a territory (hex), or of those without one."""
    return UNASSIGNED if territory is None else f"t/{territory}"


def row_scope(entity: Entity, values: Mapping[str, object], territory: str | None) -> str:
    """The scope a row is in; ``territory`` is that of its account."""
    if entity.scope is Scope.ACCOUNT:
        return territory_scope(territory)
    if entity.scope is Scope.USER:
        return f"u/{values.get('user_id')}"
    return entity.scope.value


def scope_sql(entity: Entity) -> str:
    """The expression of a row's scope; the row is called ``t``, its account ``a``."""
    if entity.scope is Scope.ACCOUNT:
        account = "t" if entity.name == "account" else "a"
        return f"coalesce('t/' || encode(uuid_send({account}.territory_id),'hex'), 't/none')"
    if entity.scope is Scope.USER:
        return "'u/' || encode(uuid_send(t.user_id),'hex')"
    return f"'{entity.scope.value}'"


def split(scopes: list[str]) -> tuple[list[str], list[str]]:
    """The territories and the users (hex) named by a list of scopes."""
    territories = [s[2:] for s in scopes if s.startswith("t/") and s != UNASSIGNED]
    return territories, [s[2:] for s in scopes if s.startswith("u/")]

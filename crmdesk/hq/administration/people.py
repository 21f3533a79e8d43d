"""Users and territories as an administrator looks after them: lists, changes, who has what.

Everything is written through :mod:`crmdesk.hq.exchange.editing`, so that laptops hear of it, and
audited. Making the first ones is :mod:`crmdesk.hq.administration.admin`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.states import Role
from crmdesk.hq.access import auth, passwords
from crmdesk.hq.administration import admin
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.exchange import editing
from crmdesk.i18n import LANGUAGES, _
from crmdesk.sync.protocol import Wire

_USERS = """
SELECT u.code, u.name, u.role, u.active, u.language,
       (SELECT coalesce(array_agg(DISTINCT t.code ORDER BY t.code), '{}') FROM territory_user tu
        JOIN territory t ON t.uid = tu.territory_id
        WHERE tu.user_id = u.uid AND NOT tu.deleted AND NOT t.deleted),
       (SELECT count(*) FROM hq_device d WHERE d.user_id = u.uid AND d.status = 'active'),
       EXISTS (SELECT 1 FROM credential c WHERE c.user_id = u.uid)
FROM app_user u WHERE NOT u.deleted ORDER BY u.code
"""
_TERRITORIES = """
SELECT t.code, t.name, p.code,
       (SELECT count(*) FROM account a WHERE a.territory_id = t.uid AND NOT a.deleted),
       (SELECT coalesce(array_agg(DISTINCT u.code ORDER BY u.code), '{}') FROM territory_user tu
        JOIN app_user u ON u.uid = tu.user_id WHERE tu.territory_id = t.uid AND NOT tu.deleted)
FROM territory t LEFT JOIN territory p ON p.uid = t.parent_id WHERE NOT t.deleted ORDER BY t.code
"""
_ABOVE = """
WITH RECURSIVE above AS (
    SELECT uid, parent_id FROM territory WHERE code = %s AND NOT deleted
    UNION SELECT t.uid, t.parent_id FROM territory t JOIN above a ON t.uid = a.parent_id
)
SELECT EXISTS (SELECT 1 FROM above a JOIN territory t ON t.uid = a.uid WHERE t.code = %s)
"""
_LINKS = """
SELECT encode(uuid_send(tu.uid),'hex') FROM territory_user tu
JOIN app_user u ON u.uid = tu.user_id JOIN territory t ON t.uid = tu.territory_id
WHERE u.code = %s AND t.code = %s AND NOT tu.deleted
"""


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user; ``devices`` counts those at work."""

    code: str
    name: str
    role: str
    active: bool
    language: str
    territories: list[str]
    devices: int
    password: bool


@dataclass(frozen=True, slots=True)
class TerritoryRow:
    """A territory with the code of the one above, its customers, and the users who have it."""

    code: str
    name: str
    parent: str | None
    customers: int
    users: list[str]


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of customers that were to be moved (by code)."""

    moved: list[str]
    unchanged: list[str]
    unknown: list[str]


def users(store: Store) -> list[UserRow]:
    """All users by code."""
    with store.transaction() as connection:
        return [UserRow(*row) for row in connection.execute(_USERS).fetchall()]


def territories(store: Store) -> list[TerritoryRow]:
    """All territories by code."""
    with store.transaction() as connection:
        return [TerritoryRow(*row) for row in connection.execute(_TERRITORIES).fetchall()]


def require_user(store: Store, code: str) -> None:
    """NotFound unless there is a user of this code."""
    with store.transaction() as connection:
        editing.find_uid(connection, "user", "code", code)


def require_language(language: str) -> None:
    """UserError unless the program speaks it."""
    if language not in LANGUAGES:
        raise UserError(
            _("There is no language {language}.").format(language=language),
            _("Choose one of {languages}.").format(languages=", ".join(LANGUAGES)),
        )


def require_territories(store: Store, codes: Sequence[str]) -> None:
    """NotFound names the first of these codes that is no territory's."""
    if codes:
        with store.transaction() as connection:
            editing.find_uids(connection, "territory", "code", codes)


def change_user(store: Store, code: str, values: Mapping[str, Wire], *, now_ms: int) -> list[str]:
    """Set name, email, role, language or active of a user; returns which of them changed.

    UserError for a role or language there is not, and for taking away the last administrator.
    """
    if "role" in values:
        admin.require_role(str(values["role"]))
    if "language" in values:
        require_language(str(values["language"]))
    with store.transaction() as connection:
        uid = editing.find_uid(connection, "user", "code", code)
        if values.get("active") == 0 or values.get("role", Role.ADMIN) != Role.ADMIN:
            _keep_an_admin(connection, code)
    changed = editing.update_changed(store, "user", uid, values, now_ms)
    if changed:
        _audit(store, "user-changed", user=uid, detail={"fields": changed})
    return changed


def _keep_an_admin(connection: HqConnection, code: str) -> None:
    rows = connection.execute(
        "SELECT code FROM app_user WHERE role = 'admin' AND active AND NOT deleted"
    ).fetchall()
    if rows == [(code,)]:
        raise UserError(
            _("{user} is the last administrator.").format(user=code),
            _("Make somebody else an administrator first."),
        )


def set_password(store: Store, code: str, password: str) -> None:
    """Give a user a password; UserError when it is too short."""
    with store.transaction() as connection:
        uid = editing.find_uid(connection, "user", "code", code)
        passwords.set_password(connection, uid, password)


def clear_password(store: Store, code: str) -> None:
    """Ask a user for no password any more when a device is enrolled."""
    with store.transaction() as connection:
        uid = editing.find_uid(connection, "user", "code", code)
        passwords.clear_password(connection, uid)
        auth.audit(connection, "password-cleared", user=uid)


def give_territories(store: Store, user: str, codes: Sequence[str], *, now_ms: int) -> list[str]:
    """Give a user territories (by code); returns those the user did not have."""
    given = []
    for code in codes:
        with store.transaction() as connection:
            editing.find_uid(connection, "user", "code", user)
            editing.find_uid(connection, "territory", "code", code)
            there = connection.execute(_LINKS, (user, code)).fetchone()
        if there is None:
            admin.assign_user(store, user, code, now_ms=now_ms)
            _audit(store, "territory-given", detail={"user": user, "territory": code})
            given.append(code)
    return given


def take_territories(store: Store, user: str, codes: Sequence[str], *, now_ms: int) -> list[str]:
    """Take territories (by code) from a user; returns those the user had.

    The user's laptops let go of the customers in them once what waits there has been answered.
    """
    taken = []
    for code in codes:
        with store.transaction() as connection:
            editing.find_uid(connection, "user", "code", user)
            editing.find_uid(connection, "territory", "code", code)
            links = [str(row[0]) for row in connection.execute(_LINKS, (user, code)).fetchall()]
        for link in links:
            editing.delete_row(store, "territory_user", link, now_ms)
        if links:
            _audit(store, "territory-taken", detail={"user": user, "territory": code})
            taken.append(code)
    return taken


def set_territories(
    store: Store, user: str, codes: Collection[str], *, now_ms: int
) -> tuple[list[str], list[str]]:
    """Make these (by code) the territories of a user; returns what was given and taken."""
    had = next((row.territories for row in users(store) if row.code == user), None)
    if had is None:
        raise NotFound(_("HQ has no {kind} {value}.").format(kind="user", value=user))
    given = give_territories(store, user, sorted(set(codes) - set(had)), now_ms=now_ms)
    return given, take_territories(store, user, sorted(set(had) - set(codes)), now_ms=now_ms)


def change_territory(
    store: Store,
    code: str,
    *,
    name: str | None = None,
    parent: str | None = None,
    top: bool = False,
    now_ms: int,
) -> list[str]:
    """Rename a territory, put it below another (by code) or at the top; returns what changed.

    UserError for one that would lie below itself.
    """
    values: dict[str, Wire] = {} if name is None else {"name": name}
    with store.transaction() as connection:
        uid = editing.find_uid(connection, "territory", "code", code)
        if top:
            values["parent_id"] = None
        elif parent is not None:
            values["parent_id"] = editing.find_uid(connection, "territory", "code", parent)
            below = connection.execute(_ABOVE, (parent, code)).fetchone()
            if below is not None and below[0]:
                raise UserError(_("{code} cannot lie below itself.").format(code=code))
    changed = editing.update_changed(store, "territory", uid, values, now_ms)
    if changed:
        _audit(store, "territory-changed", detail={"territory": code, "fields": changed})
    return changed


def move_customers(store: Store, codes: Sequence[str], territory: str, *, now_ms: int) -> Moved:
    """Move customers (by code), with everything in them, to a territory; skips unknown codes."""
    wanted = list(dict.fromkeys(codes))
    with store.transaction() as connection:
        target = editing.find_uid(connection, "territory", "code", territory)
        rows = connection.execute(
            "SELECT code, encode(uuid_send(territory_id),'hex') FROM account"
            " WHERE code = ANY(%s) AND NOT deleted",
            (wanted,),
        ).fetchall()
    where = {str(code): at for code, at in rows}
    moved = [code for code in wanted if code in where and where[code] != target]
    if moved:
        admin.reassign_territory(store, moved, territory, now_ms=now_ms)
        _audit(store, "customers-moved", detail={"territory": territory, "count": len(moved)})
    unchanged = [code for code in wanted if where.get(code) == target]
    return Moved(moved, unchanged, [code for code in wanted if code not in where])


def _audit(
    store: Store, action: str, *, user: str | None = None, detail: dict[str, object]
) -> None:
    with store.transaction() as connection:
        auth.audit(connection, action, user=user, detail=msgspec.json.encode(detail).decode())

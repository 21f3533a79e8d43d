"""Customers and their contacts: create, edit with a revision check, add people.

Edits are field by field, so that two people's changes meet as fields, not as records.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, StaleRevision
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import AccountStatus, Role
from crmdesk.i18n import _
from crmdesk.services.territories import own_territory
from crmdesk.services.workspace import Workspace
from crmdesk.storage.entities import Field, Kind, Owner, entity
from crmdesk.storage.rows import Value, storage_form

_CODE = re.compile(r"\S(.{0,38}\S)?")


def create_account(ws: Workspace, values: Mapping[str, object]) -> tuple[int, ChangeSet]:
    """Make a customer. ``values`` by field name; ``name`` is needed, ``code`` made when missing.

    Raises FieldError for an empty name, a code in use or an impossible value.
    """
    with ws.database.write() as tx:
        key = insert_account(tx.connection, ws, values)
    return key, ChangeSet.of("account", [key], undo=tx.txn)


def insert_account(connection: Connection, ws: Workspace, values: Mapping[str, object]) -> int:
    """The same inside a write that is open, together with what else belongs to it; its id."""
    name = str(values.get("name") or "").strip()
    if not name:
        raise FieldError("name", _("A customer needs a name."))
    code = str(values.get("code") or "").strip() or _next_code(connection, ws.device_prefix)
    check_code(connection, code, None)
    territory = own_territory(connection, ws.user.id, ws.today())
    cells = {
        **_cells("account", values, ws.user.role, new=True),
        "name": name,
        "code": code,
        "uid": new_uid(),
    }
    cells.setdefault("territory_id", territory)
    cells.setdefault("acquired_on", ws.today().isoformat())
    marks = ", ".join("?" * len(cells))
    key = connection.exec_driver_sql(
        f"INSERT INTO account ({', '.join(cells)}) VALUES ({marks}) RETURNING id",  # noqa: S608
        tuple(cells.values()),
    ).scalar_one()
    return int(key)


def _next_code(connection: Connection, device_prefix: str) -> str:
    """A code of this device's own, so that two offline laptops never make the same one."""
    prefix = f"{device_prefix}-"
    found = connection.exec_driver_sql(
        "SELECT max(CAST(substr(code, ?) AS INTEGER)) FROM account WHERE substr(code, 1, ?) = ?",
        (len(prefix) + 1, len(prefix), prefix),
    ).scalar()
    return f"{prefix}{int(found or 0) + 1:04d}"


def check_code(connection: Connection, code: str, account_id: int | None) -> None:
    """Raise FieldError for a code that is none, or that another customer has."""
    if not _CODE.fullmatch(code):
        raise FieldError("code", _("A code has 1 to 40 characters."))
    taken = connection.exec_driver_sql(
        "SELECT name FROM account WHERE code = ? AND id IS NOT ?", (code, account_id)
    ).scalar()
    if taken is not None:
        raise FieldError(
            "code", _("{name} has this code already.").format(name=taken), _("Choose another one.")
        )


def edit_account(
    ws: Workspace,
    account_id: int,
    values: Mapping[str, object],
    *,
    expected: Mapping[str, object] | None = None,
) -> ChangeSet:
    """Change fields of a customer.

    ``expected`` holds the values the person saw; StaleRevision when one has changed since, so
    that nobody's words are overwritten unseen. Fields that HQ owns become a proposal at HQ.
    """
    return _edit(ws, "account", account_id, values, expected)


def edit_contact(
    ws: Workspace,
    contact_id: int,
    values: Mapping[str, object],
    *,
    expected: Mapping[str, object] | None = None,
) -> ChangeSet:
    """Change fields of a contact; see :func:`edit_account`."""
    return _edit(ws, "contact", contact_id, values, expected)


def _edit(
    ws: Workspace,
    name: str,
    row_id: int,
    values: Mapping[str, object],
    expected: Mapping[str, object] | None,
) -> ChangeSet:
    cells = _cells(name, values, ws.user.role, new=False)
    if not cells:
        return ChangeSet()
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        names = list(cells)
        row = run(
            f"SELECT {', '.join(names)} FROM {name} WHERE id = ?",  # noqa: S608 - names are fields
            (row_id,),
        ).first()
        if row is None:
            raise NotFound(_("This row is no longer here."))
        seen = _cells(name, expected or {}, ws.user.role, new=False)
        now = dict(zip(names, row, strict=True))
        if any(column in now and now[column] != value for column, value in seen.items()):
            raise StaleRevision(
                _("Somebody has changed this since you opened it."),
                _("Look at the new values and change them again if you still want to."),
            )
        if name == "account" and "code" in cells:
            check_code(tx.connection, str(cells["code"] or ""), row_id)
        pairs = ", ".join(f"{column} = ?" for column in names)
        run(f"UPDATE {name} SET {pairs} WHERE id = ?", (*cells.values(), row_id))  # noqa: S608
        account = row_id
        if name != "account":
            account = int(
                run(f"SELECT account_id FROM {name} WHERE id = ?", (row_id,)).scalar_one()  # noqa: S608
            )
    touched = {name: frozenset({row_id})}
    touched["account"] = touched.get("account", frozenset()) | {account}
    return ChangeSet(touched, undo=tx.txn)


def _cells(name: str, values: Mapping[str, object], role: Role, *, new: bool) -> dict[str, Value]:
    spec = entity(name)
    cells: dict[str, Value] = {}
    for key, value in values.items():
        field = spec.field(key)
        if new and role is Role.REP and spec.owner_of(key) is Owner.HQ:
            continue
        cells[field.column] = _checked(field, value)
    return cells


def _checked(field: Field, value: object) -> Value:
    if isinstance(value, str):
        value = value.strip() or None
    if value is None and field.required:
        raise FieldError(field.name, _("This field cannot be empty."))
    if field.name == "status" and value not in {s.value for s in AccountStatus}:
        raise FieldError(field.name, _("There is no such status."))
    if field.name in ("latitude", "longitude") and isinstance(value, int | float):
        limit = 90 if field.name == "latitude" else 180
        if not -limit <= value <= limit:
            raise FieldError(field.name, _("This place is not on the map."))
    if field.kind in (Kind.MONEY, Kind.PRICE, Kind.QUANTITY, Kind.INT) and isinstance(value, float):
        raise FieldError(field.name, _("This must be a whole number."))
    return storage_form(field, value)


def add_contact(
    ws: Workspace, account_id: int, name: str, *, job: str = "", phone: str = "", email: str = ""
) -> ChangeSet:
    """Add a person to a customer, with telephone (stored as E.164) and e-mail."""
    with ws.database.write() as tx:
        ways = contact_ways(ws, phone, email)
        contact = insert_contact(tx.connection, account_id, name, job, ways)
    touched = {"contact": frozenset({contact}), "account": frozenset({account_id})}
    return ChangeSet(touched, undo=tx.txn)


def contact_ways(ws: Workspace, phone: str, email: str) -> list[tuple[str, str]]:
    """How somebody is reached, as stored: (kind, value). FieldError for what cannot be."""
    ways = []
    if phone.strip():
        ways.append(("phone", e164(phone, ws.country)))
    if email.strip():
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email.strip()):
            raise FieldError("email", _("This is not an e-mail address."))
        ways.append(("email", email.strip()))
    return ways


def insert_contact(
    connection: Connection, account_id: int, name: str, job: str, ways: Sequence[tuple[str, str]]
) -> int:
    """A person with how they are reached, inside a write that is open; the local id."""
    if not name.strip():
        raise FieldError("name", _("A contact needs a name."))
    contact = connection.exec_driver_sql(
        "INSERT INTO contact (uid, account_id, name, job, position) VALUES (?, ?, ?, ?,"
        " (SELECT count(*) FROM contact WHERE account_id = ?)) RETURNING id",
        (new_uid(), account_id, name.strip(), job.strip() or None, account_id),
    ).scalar_one()
    for kind, value in ways:
        connection.exec_driver_sql(
            "INSERT INTO contact_point (uid, account_id, contact_id, kind, value, preferred)"
            " VALUES (?, ?, ?, ?, ?, 1)",
            (new_uid(), account_id, contact, kind, value),
        )
    return int(contact)


def e164(number: str, country: str) -> str:
    """A telephone number in international form; FieldError when it cannot be one."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        raise FieldError("phone", _("This is not a telephone number."))
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def set_opening_hours(ws: Workspace, account_id: int, hours: list[list[list[int]]]) -> ChangeSet:
    """Opening hours of a customer: seven lists (Monday first) of [open, close] minutes."""
    valid = len(hours) == 7 and all(
        len(span) == 2 and 0 <= span[0] < span[1] <= 1440 for day in hours for span in day
    )
    if not valid:
        raise FieldError("opening_hours", _("These hours are not possible."))
    return edit_account(ws, account_id, {"opening_hours": hours})

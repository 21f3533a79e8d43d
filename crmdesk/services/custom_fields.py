"""Fields of the company's own: defined by the office, filled in by whoever has the customer.

Owns rows of ``custom_field`` and ``custom_value``. A value's uid comes from its customer and its
field, so that two laptops that fill one in before they meet have written one row: the later value
holds, and the other is shown as a conflict.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.custom_fields import (
    MOST_FIELDS,
    CustomField,
    FieldKind,
    check_definition,
    check_value,
    read_choices,
    read_kind,
)
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid, uid_of
from crmdesk.domain.states import Role
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

PREFIX = "custom."


def custom_fields(ws: Workspace, *, retired: bool = False) -> tuple[CustomField, ...]:
    """The fields in use, in their order; with ``retired`` those put away too."""
    with ws.database.read() as connection:
        found = fields_in(connection)
    return tuple(one for one in found if one.active or retired)


def fields_in(connection: Connection) -> tuple[CustomField, ...]:
    """All fields, inside a transaction that is already open."""
    rows = connection.exec_driver_sql(
        "SELECT id, name, kind, choices, position, active FROM custom_field ORDER BY position, id"
    )
    return tuple(
        CustomField(
            int(row.id), row.name, read_kind(row.kind), read_choices(_loaded(row.choices)),
            int(row.position), bool(row.active),
        )
        for row in rows
    )  # fmt: skip


def save_field(ws: Workspace, field: CustomField) -> ChangeSet:
    """Define a field (id 0) or change one: name, choices, order, in use or put away.

    What a field holds cannot change once it has values. UserError for a rep, FieldError, NotFound.
    """
    if ws.user.role is Role.REP:
        raise UserError(
            _("The office decides which fields a customer has."),
            _("Ask them; you get theirs with the next sync."),
        )
    check_definition(field.name, field.kind, field.choices)
    choices = field.choices if field.kind is FieldKind.CHOICE else ()
    cells = {
        "name": field.name.strip(), "kind": field.kind.value,
        "choices": dump_json(list(choices)) if choices else None, "active": int(field.active),
        "position": field.position,
    }  # fmt: skip
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        others = [one for one in fields_in(tx.connection) if one.id != field.id]
        if any(one.name.casefold() == field.name.strip().casefold() for one in others):
            raise FieldError("name", _("There is a field of this name already."))
        if field.id == 0:
            if len(others) >= MOST_FIELDS:
                raise FieldError("name", _("Forty fields are more than anybody fills in."))
            cells["position"] = max((one.position for one in others), default=0) + 1
            names, marks = ", ".join(cells), ", ".join("?" * len(cells))
            query = f"INSERT INTO custom_field (uid, {names}) VALUES (?, {marks}) RETURNING id"  # noqa: S608
            key = int(run(query, (new_uid(), *cells.values())).scalar_one())
            return ChangeSet.of("custom_field", [key], undo=tx.txn)
        row = run("SELECT * FROM custom_field WHERE id = ?", (field.id,)).first()
        if row is None:
            raise NotFound(_("This field is no longer here."))
        used = run(
            "SELECT 1 FROM custom_value WHERE custom_field_id = ? AND value <> '' LIMIT 1",
            (field.id,),
        ).first()
        if used is not None and read_kind(row.kind) is not field.kind:
            raise FieldError(
                "kind", _("Customers have values of this kind already."),
                _("Put this field away and define a new one."),
            )  # fmt: skip
        changed = {name: value for name, value in cells.items() if row._mapping[name] != value}
        if not changed:
            return ChangeSet()
        pairs = ", ".join(f"{name} = ?" for name in changed)
        query = f"UPDATE custom_field SET {pairs} WHERE id = ?"  # noqa: S608 - own names
        run(query, (*changed.values(), field.id))
    return ChangeSet.of("custom_field", [field.id], undo=tx.txn)


def values_in(connection: Connection, account_id: int) -> dict[int, str]:
    """A customer's values by field (local id)."""
    rows = connection.exec_driver_sql(
        "SELECT custom_field_id, value FROM custom_value WHERE account_id = ?",
        (account_id,),
    )
    return {int(row[0]): str(row[1]) for row in rows if row[1]}


def write_values(connection: Connection, account_id: int, typed: Mapping[int, str]) -> set[int]:
    """Give a customer these values by field, in an open transaction; the touched rows' ids.

    FieldError, NotFound for a field that is gone.
    """
    known = {one.id: one for one in fields_in(connection)}
    run = connection.exec_driver_sql
    touched: set[int] = set()
    for field_id, text in typed.items():
        if field_id not in known:
            raise NotFound(_("This field is no longer here."))
        row = run(
            "SELECT id, value FROM custom_value WHERE account_id = ? AND custom_field_id = ?",
            (account_id, field_id),
        ).first()
        before = "" if row is None else str(row.value)
        if text.strip() == before:
            continue
        value = check_value(known[field_id], text)
        if value == before:
            continue
        if row is None:
            query = (
                "INSERT INTO custom_value (uid, account_id, custom_field_id, value)"
                " VALUES (?, ?, ?, ?) RETURNING id"
            )
            cells = (_value_uid(connection, account_id, field_id), account_id, field_id, value)
            touched.add(int(run(query, cells).scalar_one()))
            continue
        run("UPDATE custom_value SET value = ? WHERE id = ?", (value, row.id))
        touched.add(int(row.id))
    return touched


def _value_uid(connection: Connection, account_id: int, field_id: int) -> bytes:
    account, field = connection.exec_driver_sql(
        "SELECT a.uid, f.uid FROM account a, custom_field f WHERE a.id = ? AND f.id = ?",
        (account_id, field_id),
    ).one()
    return uid_of(bytes(account), bytes(field))


def _loaded(text: str | None) -> object:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None

"""Putting an older value of a customer's data back: a new change like any other, undoable.

The value comes from the history (:mod:`crmdesk.services.queries.field_history`). Where the field
is HQ's, a rep's wish travels as a proposal, as with any edit.
"""

from __future__ import annotations

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.consents import latest_given, read_consents
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.i18n import _
from crmdesk.services.accounts import check_code
from crmdesk.services.queries.field_history import ADDED, REMOVED, FieldChange, read_changes
from crmdesk.services.workspace import Workspace
from crmdesk.storage.entities import entity
from crmdesk.storage.wire_values import local_value


def restore_value(ws: Workspace, change: FieldChange, *, older: bool) -> ChangeSet:
    """Give a field the value of a change again, or with ``older`` the one before it.

    NotFound when the row is gone, UserError where the field has that value already or what it
    refers to is no longer here, FieldError for a field that cannot be empty or a code in use.
    """
    if change.row_id is None:
        raise NotFound(_("What this was about is no longer here."))
    if change.field in (ADDED, REMOVED):
        raise UserError(
            _("This step cannot be taken back."), _("Make the opposite change instead.")
        )
    wire = change.old_wire if older else change.new_wire
    spec = entity(change.entity)
    name = spec.table or spec.name
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        field = next((f for f in spec.fields if f.column == change.field), None)
        if field is None:
            raise NotFound(_("This program does not know this field."))
        value = local_value(tx.connection, spec, change.field, wire)
        if value is None and wire is not None:
            raise UserError(_("What this referred to is no longer here."))
        if value is None and field.default is not None:
            value = field.default
        if value is None and field.required:
            raise FieldError(field.name, _("This field cannot be empty."))
        if spec.name == "account" and field.name == "code":
            check_code(tx.connection, str(value or ""), change.row_id)
        row = run(f"SELECT {field.column} FROM {name} WHERE id = ?", (change.row_id,)).first()  # noqa: S608
        if row is None:
            raise NotFound(_("What this was about is no longer here."))
        if row[0] == value:
            raise UserError(_("It has this value already."))
        run(f"UPDATE {name} SET {field.column} = ? WHERE id = ?", (value, change.row_id))  # noqa: S608
        _restore_beside(tx.connection, spec.name, field.name, change.row_id, wire)
        if wire is None and field.name == "consents":
            _restore_single(tx.connection, change, older=older)
        if spec.name == "account":
            account = change.row_id
        else:
            query = f"SELECT account_id FROM {name} WHERE id = ?"  # noqa: S608
            account = int(run(query, (change.row_id,)).scalar_one())
    touched = {spec.name: frozenset({change.row_id})}
    touched["account"] = touched.get("account", frozenset()) | {account}
    return ChangeSet(touched, undo=tx.txn)


def _restore_beside(
    connection: Connection, entity_name: str, field: str, row_id: int, wire: object
) -> None:
    """What says the same beside a value follows it: the single consent, the one usual site."""
    run = connection.exec_driver_sql
    if (entity_name, field) == ("contact", "consents"):
        if wire is None:
            # Before there was a document the single consent counts: it has lines of its own.
            return
        latest = latest_given(read_consents(wire))
        run(
            "UPDATE contact SET consent_at = ?, consent_channel = ? WHERE id = ?",
            (
                None if latest is None else f"{latest.on.isoformat()}T00:00:00.000Z",
                None if latest is None else latest.channel.value, row_id,
            ),
        )  # fmt: skip
    elif (entity_name, field) == ("site", "default_ship") and wire:
        run(
            "UPDATE site SET default_ship = 0 WHERE default_ship AND id <> ? AND account_id ="
            " (SELECT account_id FROM site WHERE id = ?)",
            (row_id, row_id),
        )


def _restore_single(connection: Connection, change: FieldChange, *, older: bool) -> None:
    """The single consent as it was beside a document that said nothing, if one step wrote both."""
    account = connection.exec_driver_sql(
        "SELECT account_id FROM contact WHERE id = ?", (change.row_id,)
    ).scalar_one()
    beside = {
        # Of two steps within one millisecond the nearer one is meant.
        one.field: one
        for one in sorted(
            read_changes(connection, int(account)),
            key=lambda one: abs(one.number - change.number), reverse=True,
        )
        if (one.entity, one.row_id, one.at) == (change.entity, change.row_id, change.at)
    }  # fmt: skip
    for one in beside.values():
        if one.field in ("consent_at", "consent_channel"):
            value = one.old_wire if older else one.new_wire
            connection.exec_driver_sql(
                f"UPDATE contact SET {one.field} = ? WHERE id = ?",  # noqa: S608 - own names
                (value, change.row_id),
            )

"""Undo: a compensating change made from the journal, itself journalled and synced.

It checks first that every field still holds what the undone step wrote, and says so when
somebody, or HQ, has changed it since.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, StaleRevision, UserError
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace
from crmdesk.storage.engine import Tx
from crmdesk.storage.entities import Entity, Owner, entity
from crmdesk.storage.rows import Value
from crmdesk.storage.wire_values import local_value


def undo(ws: Workspace, txn: int) -> ChangeSet:
    """Take back one transaction of this laptop; the result can be undone again.

    Raises StaleRevision when a row has changed since, UserError for facts and documents.
    """
    with ws.database.write() as tx:
        return undo_in(tx, txn)


def undo_in(tx: Tx, txn: int) -> ChangeSet:
    """The same inside a transaction that is already open, together with what else belongs to it."""
    rows = tx.connection.exec_driver_sql(
        "SELECT entity, uid, op, fields FROM journal WHERE txn = ? ORDER BY seq DESC", (txn,)
    ).all()
    if not rows:
        raise NotFound(_("There is nothing to take back."))
    touched: dict[str, set[int]] = {}
    for name, uid, op, fields in rows:
        spec = entity(name)
        if op in ("C", "L", "D") or spec.owner is Owner.APPEND or spec.lines is not None:
            raise UserError(
                _("This step cannot be taken back."), _("Make the opposite change instead.")
            )
        values = json.loads(fields)
        key = (_undo_insert if op == "I" else _undo_update)(tx.connection, spec, uid, values)
        touched.setdefault(name, set()).add(key)
    kinds = {name: frozenset(keys) for name, keys in touched.items()}
    return ChangeSet(kinds, undo=tx.txn)


def _row(connection: Connection, spec: Entity, uid: bytes) -> Any:
    row = connection.exec_driver_sql(
        f"SELECT * FROM {spec.table or spec.name} WHERE uid = ?",  # noqa: S608 - own table names
        (uid,),
    ).first()
    if row is None:
        raise _stale()
    return row._mapping


def _stale() -> StaleRevision:
    return StaleRevision(
        _("This has been changed since, so it was not taken back."),
        _("Open it to see what it is now."),
    )


def _undo_insert(
    connection: Connection, spec: Entity, uid: bytes, values: dict[str, list[Any]]
) -> int:
    row = _row(connection, spec, uid)
    if any(
        row[column] != local_value(connection, spec, column, new)
        for column, (_old, new) in values.items()
    ):
        raise _stale()
    connection.exec_driver_sql(
        f"DELETE FROM {spec.table or spec.name} WHERE uid = ?",  # noqa: S608
        (uid,),
    )
    return int(row["id"])


def _undo_update(
    connection: Connection, spec: Entity, uid: bytes, values: dict[str, list[Any]]
) -> int:
    row = _row(connection, spec, uid)
    restored: dict[str, Value] = {}
    for column, (old, new) in values.items():
        if row[column] != local_value(connection, spec, column, new):
            raise _stale()
        restored[column] = local_value(connection, spec, column, old)
    pairs = ", ".join(f"{column} = ?" for column in restored)
    connection.exec_driver_sql(
        f"UPDATE {spec.table or spec.name} SET {pairs} WHERE uid = ?",  # noqa: S608
        (*restored.values(), uid),
    )
    return int(row["id"])

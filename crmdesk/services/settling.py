"""Settling what sync brought to the person: fine as it is, or the other value back.

Nothing is ever thrown away here: a settled collision keeps both values, and a restored one is an
ordinary edit that is journalled, synced and can be undone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace
from crmdesk.storage.entities import Entity, Kind, Owner, entity
from crmdesk.storage.rows import Value
from crmdesk.storage.tables import conflict, refusal
from crmdesk.storage.types import dump_json

_KINDS = {"conflict": conflict, "refused": refusal}


def settle(ws: Workspace, kind: str, ids: Sequence[int]) -> ChangeSet:
    """Mark conflicts or refusals as seen and fine; ``kind`` is "conflict" or "refused"."""
    source = _KINDS[kind]
    with ws.database.write() as tx:
        tx.connection.execute(
            update(source)
            .where(source.c.id == bindparam("row"), source.c.state == "open")
            .values(state="settled"),
            [{"row": key} for key in ids],
        )
    return ChangeSet.of("conflict", ids)


def reopen(ws: Workspace, kind: str, ids: Sequence[int]) -> ChangeSet:
    """Take :func:`settle` back."""
    source = _KINDS[kind]
    with ws.database.write() as tx:
        tx.connection.execute(
            update(source).where(source.c.id == bindparam("row")).values(state="open"),
            [{"row": key} for key in ids],
        )
    return ChangeSet.of("conflict", ids)


def restore_other(ws: Workspace, conflict_id: int) -> ChangeSet:
    """Put the value that was not kept into the row; the collision is settled by it.

    Raises NotFound when the row or the collision is gone, UserError when HQ owns the field.
    """
    with ws.database.write() as tx:
        run = tx.connection
        row = run.execute(select(conflict).where(conflict.c.id == conflict_id)).first()
        if row is None or row.state != "open":
            raise NotFound(_("This is already settled."))
        spec = entity(row.entity)
        if row.kind == "proposal" or _owner(spec, row.field) is Owner.HQ:
            raise UserError(
                _("HQ decides this field."),
                _("Office sees your value as a proposal; you need not do anything."),
            )
        if row.kind == "delete":
            raise UserError(
                _("A deleted row cannot be put back from here."), _("Add it anew where it was.")
            )
        wire = json.loads(row.theirs if row.kept == "mine" else row.mine or "null")
        column = next((f.column for f in spec.fields if row.field in (f.name, f.column)), row.field)
        table_name = spec.table or spec.name
        key = run.exec_driver_sql(
            f"UPDATE {table_name} SET {column} = ? WHERE uid = ? RETURNING id",  # noqa: S608
            (_local(run, spec, column, wire), row.uid),
        ).scalar()
        if key is None:
            raise NotFound(_("This is no longer on this computer."))
        run.execute(update(conflict).where(conflict.c.id == conflict_id).values(state="restored"))
    return ChangeSet(
        {row.entity: frozenset({int(key)}), "conflict": frozenset({conflict_id})}, undo=tx.txn
    )


def _owner(spec: Entity, name: str) -> Owner:
    found = next((f for f in spec.fields if name in (f.name, f.column)), None)
    return spec.owner if found is None else found.owner or spec.owner


def _local(connection: Connection, spec: Entity, column: str, wire: Any) -> Value:
    """A wire value as the local column holds it."""
    if wire is None:
        return None
    field = next(f for f in spec.fields if f.column == column)
    if field.kind is Kind.REF and field.ref:
        target = entity(field.ref)
        found = connection.exec_driver_sql(
            f"SELECT id FROM {target.table or target.name} WHERE uid = ?",  # noqa: S608
            (bytes.fromhex(wire),),
        ).scalar()
        return None if found is None else int(found)
    if field.kind is Kind.UID:
        return bytes.fromhex(wire)
    if field.kind is Kind.JSON:
        return dump_json(wire)
    value: Value = wire
    return value

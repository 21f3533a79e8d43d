"""Imports taken back: their rows, and what they made as long as nothing else uses it."""

from __future__ import annotations

import json

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, ProfileInUse, UserError
from crmdesk.i18n import _
from crmdesk.services.imports import TAKEN_BACK
from crmdesk.services.undo import undo_in
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile, summaries
from crmdesk.sync import facts


class _Journalled(Exception):
    """This import is taken back from the journal."""


def undo_import(ws: Workspace, batch: int) -> ChangeSet:
    """Take back an import: of sales its documents, and the accounts and products it made; of
    prices, costs and promotions every row as it was before.

    Accounts and products that are used otherwise by now stay. Raises UserError when HQ has the
    rows already or a round of sync may be taking them there, NotFound when there is no such import.
    """
    try:
        with profile.locked(ws.folder, "sync"):
            return _undo(ws, batch)
    except _Journalled:
        return _undo_journalled(ws, batch)
    except ProfileInUse as error:
        raise UserError(
            _("These sales may be on their way to HQ just now."), _("Try again in a moment.")
        ) from error


def _undo_journalled(ws: Workspace, batch: int) -> ChangeSet:
    """The opposite of what the journal holds; StaleRevision where a row has changed since."""
    with ws.database.write() as tx:
        txn = profile.get_fact(tx.connection, f"import.{batch}.txn")
        if txn is None:
            raise UserError(_("This import cannot be taken back."), _("Correct the rows instead."))
        changed = undo_in(tx, int(txn))
        tx.connection.exec_driver_sql(
            "UPDATE import_batch SET state = 'undone' WHERE id = ?", (batch,)
        )
        profile.set_fact(tx.connection, f"import.{batch}.txn", None)
    return changed


def _undo(ws: Workspace, batch: int) -> ChangeSet:
    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT uid, kind, state FROM import_batch WHERE id = ?", (batch,)).first()
        if row is None:
            raise NotFound(_("There is no import {number}.").format(number=batch))
        if row[2] == "undone":
            raise UserError(_("Import {number} has been taken back already.").format(number=batch))
        if row[1] in TAKEN_BACK and row[2] == "done":
            raise _Journalled
        if row[1] != "sales" or row[2] != "done":
            raise UserError(_("This import cannot be taken back."), _("Correct the rows instead."))
        at_hq = run(
            "SELECT 1 FROM sale WHERE batch_uid = ? AND (rev > 0 OR uid IN (SELECT uid FROM journal"
            " WHERE seq <= ?)) LIMIT 1",
            (row[0], facts.offered(tx.connection)),
        ).first()
        if at_hq is not None:
            raise UserError(
                _("HQ has these sales already."), _("Import the opposite quantities instead.")
            )
        run(
            "DELETE FROM journal WHERE state = 'waiting' AND uid IN"
            " (SELECT uid FROM sale WHERE batch_uid = ?)",
            (row[0],),
        )
        run(
            "DELETE FROM sale_line WHERE parent_id IN (SELECT id FROM sale WHERE batch_uid = ?)",
            (row[0],),
        )
        run("DELETE FROM sale WHERE batch_uid = ?", (row[0],))
        made = json.loads(profile.get_fact(tx.connection, f"import.{batch}.made") or "{}")
        _remove_unused(tx.connection, made)
        run("UPDATE import_batch SET state = 'undone' WHERE id = ?", (batch,))
        profile.set_fact(tx.connection, f"import.{batch}.made", None)
        summaries.rebuild(tx.connection, ws.today())
    return ChangeSet(everything=True)


def _remove_unused(connection: Connection, made: dict[str, list[int]]) -> None:
    """Delete what an import made, row by row, keeping what something else refers to by now."""
    run = connection.exec_driver_sql
    for name in ("packaging", "product", "account"):
        for key in made.get(name, []):
            uid = run(f"SELECT uid FROM {name} WHERE id = ?", (key,)).scalar()  # noqa: S608
            if uid is None or _referenced(connection, name, key):
                continue
            run("DELETE FROM journal WHERE state = 'waiting' AND uid = ?", (uid,))
            run(f"DELETE FROM {name} WHERE id = ?", (key,))  # noqa: S608


def _referenced(connection: Connection, name: str, key: int) -> bool:
    from crmdesk.storage.entities import ENTITIES

    for spec in ENTITIES.values():
        for table, owned in (
            (spec.table or spec.name, spec.fields),
            (spec.lines.name if spec.lines else "", spec.lines.fields if spec.lines else ()),
        ):
            for one in owned:
                if (
                    one.ref == name
                    and connection.exec_driver_sql(
                        f"SELECT 1 FROM {table} WHERE {one.column} = ? LIMIT 1",  # noqa: S608
                        (key,),
                    ).first()
                ):
                    return True
    return False

"""Settling what sync brought to the person: fine as it is, one side, another value, taken back.

Nothing is ever thrown away here: a settled collision keeps both values, and a restored one is an
ordinary edit that is journalled, synced and can be undone, also after a restart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.money import parse_decimal, to_minor, to_price_e4
from crmdesk.i18n import _
from crmdesk.services.field_words import field_word
from crmdesk.services.undo import undo_in
from crmdesk.services.workspace import Workspace
from crmdesk.storage.engine import Tx
from crmdesk.storage.entities import Entity, Field, Kind, Owner, entity
from crmdesk.storage.rows import Value
from crmdesk.storage.tables import conflict, refusal, seen, table
from crmdesk.storage.wire_values import local_value

_KINDS = {"conflict": conflict, "price": conflict, "refused": refusal}
"""Where the cards of a kind are kept; handovers and decided proposals are rows of their own."""

TYPED = frozenset(
    {Kind.TEXT, Kind.INT, Kind.MONEY, Kind.PRICE, Kind.QUANTITY, Kind.REAL, Kind.BOOL, Kind.DATE}
)
"""Kinds of fields whose value can be typed in place."""

_UNCLEAR = re.compile(r"-?\d{1,3}[.,]\d{3}")
"""Either thousands or a fraction, depending on who reads it."""


def settle(ws: Workspace, kind: str, ids: Sequence[int]) -> ChangeSet:
    """Mark cards as seen and fine.

    ``kind`` is conflict, price, refused, handover, outcome (a decided proposal) or file; ``ids``
    are the rows of it.
    """
    now = format_instant(ws.now())
    with ws.database.write() as tx:
        if kind == "handover":
            return _see_handovers(tx, ws, ids, now)
        if kind == "outcome":
            return _see_outcomes(tx.connection, ids, now)
        if kind == "file":
            return _see_files(tx.connection, ids, now)
        source = _KINDS[kind]
        tx.connection.execute(
            update(source)
            .where(source.c.id == bindparam("row"), source.c.state == "open")
            .values(state="settled", settled_at=now),
            [{"row": key} for key in ids],
        )
    return ChangeSet.of("conflict", ids)


def reopen(ws: Workspace, kind: str, ids: Sequence[int]) -> ChangeSet:
    """Take back how cards were settled, now or long after: what was written is put back too.

    Raises StaleRevision when the row has been changed since, UserError for what cannot be taken
    back (an order that was sent again).
    """
    with ws.database.write() as tx:
        if kind == "handover":
            return _unsee_handovers(tx, ids)
        if kind == "outcome":
            return _unsee_outcomes(tx.connection, ids)
        if kind == "file":
            return _unsee_files(tx.connection, ids)
        source = _KINDS[kind]
        changes = ChangeSet.of("conflict", ids)
        for txn in _settling_txns(tx.connection, source, ids):
            changes |= undo_in(tx, txn)
        tx.connection.execute(
            update(source)
            .where(source.c.id == bindparam("row"))
            .values(state="open", settled_at=None, settled_txn=None),
            [{"row": key} for key in ids],
        )
    return changes


def _settling_txns(connection: Connection, source: Table, ids: Sequence[int]) -> list[int]:
    """The transactions that settled these, the latest first."""
    rows = connection.scalars(
        select(source.c.settled_txn)
        .where(source.c.id.in_(ids), source.c.settled_txn.is_not(None))
        .distinct()
        .order_by(source.c.settled_txn.desc())
    )
    return [int(txn) for txn in rows]


def restore_other(ws: Workspace, conflict_id: int) -> ChangeSet:
    """Put the value that was not kept into the row; the collision is settled by it.

    Raises NotFound when the row or the collision is gone, UserError when HQ owns the field.
    """
    with ws.database.write() as tx:
        row, spec, column = _collided(tx.connection, conflict_id)
        wire = json.loads((row.theirs if row.kept == "mine" else row.mine) or "null")
        return _write(tx, ws, row, spec, column, local_value(tx.connection, spec, column, wire))


def settle_with(ws: Workspace, conflict_id: int, text: str) -> ChangeSet:
    """Put a value that the person typed into the row; the collision is settled by it.

    Raises FieldError for a value that the field cannot hold, else like :func:`restore_other`.
    """
    with ws.database.write() as tx:
        row, spec, column = _collided(tx.connection, conflict_id)
        field = next((f for f in spec.fields if f.column == column), None)
        if field is None:
            raise UserError(_("Keep mine or theirs: this conflict is not about one field."))
        return _write(tx, ws, row, spec, column, typed_value(field, text, ws.currency))


def _collided(connection: Connection, conflict_id: int) -> tuple[Any, Entity, str]:
    """The open collision, its entity and the column; raises for what is not settled by a value."""
    row = connection.execute(select(conflict).where(conflict.c.id == conflict_id)).first()
    if row is None or row.state != "open":
        raise NotFound(_("This is already settled."))
    spec = entity(row.entity)
    if row.kind == "price":
        raise UserError(
            _("The order stands as it was agreed."), _("HQ knows; you need not do anything.")
        )
    if row.kind == "proposal" or _owner(spec, row.field) is Owner.HQ:
        raise UserError(
            _("HQ decides this field."),
            _("Office sees your value as a proposal; you need not do anything."),
        )
    if row.kind == "delete":
        raise UserError(
            _("A deleted row cannot be put back from here."), _("Add it anew where it was.")
        )
    column = next((f.column for f in spec.fields if row.field in (f.name, f.column)), row.field)
    return row, spec, column


def _write(tx: Tx, ws: Workspace, row: Any, spec: Entity, column: str, value: Value) -> ChangeSet:
    key = tx.connection.exec_driver_sql(
        f"UPDATE {spec.table or spec.name} SET {column} = ?"  # noqa: S608 - own names
        " WHERE uid = ? RETURNING id",
        (value, row.uid),
    ).scalar()
    if key is None:
        raise NotFound(_("This is no longer on this computer."))
    tx.connection.execute(
        update(conflict)
        .where(conflict.c.id == row.id)
        .values(state="restored", settled_at=format_instant(ws.now()), settled_txn=tx.txn)
    )
    return ChangeSet(
        {row.entity: frozenset({int(key)}), "conflict": frozenset({int(row.id)})}, undo=tx.txn
    )


def _owner(spec: Entity, name: str) -> Owner:
    found = next((f for f in spec.fields if name in (f.name, f.column)), None)
    return spec.owner if found is None else found.owner or spec.owner


def typed_value(field: Field, text: str, currency: str) -> Value:
    """What a person typed as the value of a field; FieldError when it cannot hold that."""
    text = text.strip()
    if field.kind not in TYPED:
        raise FieldError(field.name, _("Keep mine or theirs: this field is not typed by hand."))
    hint = _("Dates are written 2026-11-24.") if field.kind is Kind.DATE else ""
    try:
        if field.kind is not Kind.TEXT:
            return _read(field, text, currency)
    except ValueError:
        if field.kind in (Kind.MONEY, Kind.PRICE):
            hint = _("Write amounts without a mark between the thousands: 2000 or 2000.50.")
        raise FieldError(
            field.name,
            _("{field} cannot be {value}.").format(field=field_word(field.name), value=text),
            hint,
        ) from None
    if not text and field.required:
        raise FieldError(field.name, _("This field cannot be empty."))
    return text or None


def _read(field: Field, text: str, currency: str) -> Value:
    """Text as the value of a field that is not text; ValueError when it is none."""
    if not text:
        if field.required:
            raise ValueError(text)
        return None
    if field.kind in (Kind.MONEY, Kind.PRICE):
        if _UNCLEAR.fullmatch(text):
            raise ValueError(text)
        value = parse_decimal(text)
        return to_minor(value, currency) if field.kind is Kind.MONEY else to_price_e4(value)
    if field.kind is Kind.REAL:
        return float(parse_decimal(text))
    if field.kind is Kind.DATE:
        return date.fromisoformat(text).isoformat()
    whole = int(text)
    if field.kind is Kind.BOOL and whole not in (0, 1):
        raise ValueError(text)
    return whole


# ----------------------------------------------------------------- handovers, decided proposals


def _see_handovers(tx: Tx, ws: Workspace, ids: Sequence[int], now: str) -> ChangeSet:
    _set_seen(tx, ids, now, ws.user.id)
    return ChangeSet.of("handover", ids, undo=tx.txn)


def _unsee_handovers(tx: Tx, ids: Sequence[int]) -> ChangeSet:
    _set_seen(tx, ids, None, None)
    return ChangeSet.of("handover", ids)


def _set_seen(tx: Tx, ids: Sequence[int], at: str | None, user_id: int | None) -> None:
    for key in ids:
        tx.connection.exec_driver_sql(
            "UPDATE handover SET seen_at = ?, seen_by_id = ? WHERE id = ?", (at, user_id, key)
        )


def _see_outcomes(connection: Connection, ids: Sequence[int], now: str) -> ChangeSet:
    """Note decided proposals as known, and the collisions they came from with them."""
    for uid, row_uid, field in _proposals(connection, ids):
        connection.execute(
            insert(seen).prefix_with("OR IGNORE").values(entity="proposal", uid=uid, at=now)
        )
        connection.execute(
            update(conflict)
            .where(
                conflict.c.uid == row_uid, conflict.c.field == field, conflict.c.state == "open",
                conflict.c.kind == "proposal",
            )
            .values(state="settled", settled_at=now)
        )  # fmt: skip
    return ChangeSet.of("proposal", ids)


def _unsee_outcomes(connection: Connection, ids: Sequence[int]) -> ChangeSet:
    for uid, _row_uid, _field in _proposals(connection, ids):
        connection.exec_driver_sql("DELETE FROM seen WHERE entity = 'proposal' AND uid = ?", (uid,))
    return ChangeSet.of("proposal", ids)


def _proposals(connection: Connection, ids: Sequence[int]) -> list[tuple[bytes, bytes, str]]:
    c = table("proposal").c
    rows = connection.execute(select(c.uid, c.row_uid, c.field).where(c.id.in_(ids)))
    return [(bytes(uid), bytes(row_uid), str(field)) for uid, row_uid, field in rows]


def _see_files(connection: Connection, ids: Sequence[int], now: str) -> ChangeSet:
    for key in ids:
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO seen (entity, uid, at)"
            " SELECT 'attachment', uid, ? FROM attachment WHERE id = ?",
            (now, key),
        )
    return ChangeSet.of("attachment", ids)


def _unsee_files(connection: Connection, ids: Sequence[int]) -> ChangeSet:
    for key in ids:
        connection.exec_driver_sql(
            "DELETE FROM seen WHERE entity = 'attachment'"
            " AND uid = (SELECT uid FROM attachment WHERE id = ?)",
            (key,),
        )
    return ChangeSet.of("attachment", ids)

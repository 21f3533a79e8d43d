"""What changed in a customer's data: who wrote which value when, and what it was before.

Owns joining one's own journal with what HQ's log told (:mod:`crmdesk.sync.history`), and deciding
which values were kept: the same rule as HQ's, replayed. Wording is left to the places, putting an
older value back to :mod:`crmdesk.services.restoring_values`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from crmdesk.domain.clock import hlc_instant, parse_instant
from crmdesk.services.queries.sync_needs import name_of
from crmdesk.storage.entities import ENTITIES, Owner
from crmdesk.storage.profile import get_fact
from crmdesk.storage.tables import table, told_change
from crmdesk.sync import facts
from crmdesk.sync.history import SAID_WHEN_NEW, TRACKED

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_TOLD_WHEN_NEW = ("contact", "site", *SAID_WHEN_NEW)
ADDED, REMOVED = "+", "-"
"""Instead of a field: the row itself came or went."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value that somebody gave a field.

    ``entity`` and ``row_id`` name the row (None: no longer here), ``about`` its name where it is
    not the customer itself. ``old`` and ``new`` are wire values, references by name; the other two
    are as they can be put back. ``by`` is empty for HQ itself. ``kept`` is False where another
    value won, or where the field is HQ's to change (``proposed``). ``waiting``: HQ has not seen
    it; ``mine``: written in this profile.
    """

    entity: str
    row_id: int | None
    about: str
    field: str
    old: Any
    new: Any
    old_wire: Any
    new_wire: Any
    by: str
    at: datetime
    kept: bool = True
    proposed: bool = False
    waiting: bool = False
    mine: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class _Step:
    """A change of several fields, from the journal or HQ's log."""

    entity: str
    uid: bytes
    op: str
    fields: Mapping[str, Any]
    by: str
    at: datetime
    hlc: int
    order: tuple[int, int]
    state: str
    mine: bool
    in_office: bool


def field_changes(ws: Workspace, account_id: int) -> tuple[FieldChange, ...]:
    """All known changes of a customer's data, the newest first."""
    with ws.database.read() as connection:
        return read_changes(connection, account_id, ws.user.name, in_office=ws.user.role != "rep")


def read_changes(
    connection: Connection, account_id: int, me: str = "", *, in_office: bool = True
) -> tuple[FieldChange, ...]:
    """The same inside a read transaction that is already open; ``me`` is who works here."""
    rows = _rows_of(connection, account_id)
    steps = [*_told(connection, account_id), *_written(connection, rows, me, in_office=in_office)]
    if not steps:
        return ()
    steps.sort(key=lambda step: step.order)
    known = {(entity, uid): (key, name) for entity, key, uid, name in rows}
    found = [
        change
        for step in steps
        for change in _changes(connection, step, known.get((step.entity, step.uid), (None, "")))
    ]
    if get_fact(connection, facts.URL) is None:
        # Working alone nobody else decides, and there is nobody to send to.
        met = [(True, False)] * len(found)
        found = [replace(one, waiting=False) for one in found]
    else:
        met = _met(steps)
    told = [
        replace(one, kept=kept, proposed=proposed, number=number)
        for number, (one, (kept, proposed)) in enumerate(zip(found, met, strict=True), start=1)
    ]
    return tuple(sorted(told, key=lambda one: (one.at, one.number), reverse=True))


def _rows_of(connection: Connection, account_id: int) -> list[tuple[str, int, bytes, str]]:
    """The rows of a customer's data: entity, local id, uid, and a name for those of a contact."""
    run = connection.exec_driver_sql
    rows = run(
        "SELECT 'account', id, uid, '' FROM account WHERE id = :a"
        " UNION ALL SELECT 'contact', id, uid, name FROM contact WHERE account_id = :a"
        " AND erased_at IS NULL"
        " UNION ALL SELECT 'contact_point', p.id, p.uid, c.name FROM contact_point p"
        " JOIN contact c ON c.id = p.contact_id WHERE p.account_id = :a"
        " UNION ALL SELECT 'site', id, uid, name FROM site WHERE account_id = :a"
        " UNION ALL SELECT 'account_product', k.id, k.uid, p.name FROM account_product k"
        " JOIN product p ON p.id = k.product_id WHERE k.account_id = :a"
        " UNION ALL SELECT 'custom_value', v.id, v.uid, f.name FROM custom_value v"
        " JOIN custom_field f ON f.id = v.custom_field_id WHERE v.account_id = :a",
        {"a": account_id},
    )
    return [(str(name), int(key), bytes(uid), str(said or "")) for name, key, uid, said in rows]


def _told(connection: Connection, account_id: int) -> list[_Step]:
    account, user = table("account"), table("user")
    rows = connection.execute(
        select(told_change, user.c.name.label("by"), user.c.role)
        .select_from(
            told_change.join(account, account.c.uid == told_change.c.account_uid).outerjoin(
                user, user.c.uid == told_change.c.user_uid
            )
        )
        .where(account.c.id == account_id)
        .order_by(told_change.c.number)
    )
    return [
        _Step(
            row.entity, bytes(row.uid), row.op, json.loads(row.fields), row.by or "",
            hlc_instant(row.hlc) if row.hlc else parse_instant(row.at), row.hlc,
            (0, row.number), "sent", row.own_seq is not None, row.role != "rep",
        )
        for row in rows
    ]  # fmt: skip


_TOLD_OF = """
SELECT own_seq FROM told_change WHERE own_seq IS NOT NULL
AND uid IN (SELECT unhex(value) FROM json_each(?))
"""
_WRITTEN = """
SELECT seq, entity, uid, op, fields, hlc, state FROM journal
WHERE uid IN (SELECT unhex(value) FROM json_each(?)) AND op IN ('I', 'U') ORDER BY seq
"""


def _written(
    connection: Connection,
    rows: Sequence[tuple[str, int, bytes, str]],
    me: str,
    *,
    in_office: bool,
) -> list[_Step]:
    """One's own changes that HQ has not told of: it has not had them, or there is no HQ."""
    # As one value: a customer of many people has thousands of rows.
    uids = json.dumps([uid.hex() for _entity, _key, uid, _name in rows])
    told = {row[0] for row in connection.exec_driver_sql(_TOLD_OF, (uids,))}
    found = connection.exec_driver_sql(_WRITTEN, (uids,)).all()
    return [
        _Step(
            row.entity, bytes(row.uid), row.op, json.loads(row.fields or "{}"), me,
            hlc_instant(row.hlc), row.hlc, (1, row.seq), row.state, mine=True,
            in_office=in_office,
        )
        for row in found
        if row.seq not in told
        and (row.op == "U" or row.entity in _TOLD_WHEN_NEW) and row.entity in TRACKED
    ]  # fmt: skip


def _changes(
    connection: Connection, step: _Step, row: tuple[int | None, str]
) -> Iterable[FieldChange]:
    key, name = row
    new_value = step.op == "I" and step.entity in SAID_WHEN_NEW
    if step.op != "U" and not new_value:
        said = step.fields.get("name")
        about = name or (str(said[1]) if isinstance(said, list) else "")
        mark = ADDED if step.op == "I" else REMOVED
        yield FieldChange(step.entity, key, about, mark, None, about or None, None, None, step.by,
                          step.at, waiting=step.state == "waiting", mine=step.mine)  # fmt: skip
        return
    for column, pair in step.fields.items():
        if new_value and column != "value":
            continue
        old, new = pair
        yield FieldChange(
            step.entity, key, name, column,
            name_of(connection, step.entity, column, old),
            name_of(connection, step.entity, column, new),
            old, new, step.by, step.at, waiting=step.state == "waiting", mine=step.mine,
        )  # fmt: skip


def _met(steps: Sequence[_Step]) -> list[tuple[bool, bool]]:
    """Whether each change stood when it met HQ's row, by the merge's own rule and in HQ's order.

    The second tells whether it was a wish about a field of HQ's.
    """
    now: dict[tuple[bytes, str], tuple[Any, int]] = {}
    found: list[tuple[bool, bool]] = []
    for step in steps:
        pairs = step.fields
        if step.op == "I" and step.entity in SAID_WHEN_NEW:
            # Two may have made the same row, each from nothing.
            pairs = {"value": ("", step.fields["value"][1])} if "value" in step.fields else {}
        elif step.op != "U":
            found.append((True, False))
            continue
        owners = _owners(step.entity)
        for column, (old, new) in pairs.items():
            key = (step.uid, column)
            value, hlc = now.get(key, (old, 0))
            proposed = owners.get(column) is Owner.HQ and not step.in_office
            stands = (value in (old, new) or step.hlc > hlc) and step.state != "refused"
            if stands and not proposed:
                now[key] = (new, max(step.hlc, hlc))
            found.append((stands and not proposed, proposed))
    return found


def _owners(entity_name: str) -> dict[str, Owner]:
    spec = ENTITIES[entity_name]
    return {f.column: f.owner or spec.owner for f in spec.fields}

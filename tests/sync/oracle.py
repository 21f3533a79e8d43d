"""What must be true when everybody has synced and nobody has anything new.

Reads HQ's tables and the laptops' files by SQL of its own, knowing only the entity specification:
every laptop holds exactly the rows its user may see, value by value; every op a laptop ever
accepted is applied, superseded with a record, or refused with a reason; nothing is done twice.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from crmdesk.storage.check import check
from crmdesk.storage.entities import ENTITIES, Entity, Field, Kind, Scope
from tests.sync.world import Finding, Peer, World

Cells = tuple[Any, ...]
Table = dict[str, Cells]
"""Rows by uid (hex): revision, fields in order, and lines where there are any."""

_MOVING = {"order": {"status", "answer", "delivery_date"}, "quote": {
    "status", "next_follow_up", "decided_on", "reason_id", "order_uid", "sent_at",
    "lost_to"}}  # fmt: skip


def check_world(world: World, *, files: bool = False) -> None:
    """Raise Finding at the first thing that is not as it must be; ``files`` checks them too."""
    store = HqTables(world)
    for peer in world.peers.values():
        if peer.ended:
            continue
        check_rows(store, peer)
        check_ops(world, peer)
        check_state(peer)
        if files:
            check_file(peer)
        world.tally["replicas compared"] += 1
    check_history(world, store)
    check_documents(world, store)


# -- rows ------------------------------------------------------------------------------------


class HqTables:
    """All living rows of HQ, read once, with what decides who may see each."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.rows: dict[str, dict[str, tuple[str | None, Cells]]] = {}
        with world.stage.store.transaction(snapshot=True) as connection:
            self._territory = {
                uid.hex: None if territory is None else territory.hex
                for uid, territory in connection.execute("SELECT uid, territory_id FROM account")
            }
            some = "SELECT '{}' WHERE EXISTS (SELECT 1 FROM {})"
            filled = " UNION ALL ".join(some.format(n, _table(e)) for n, e in ENTITIES.items())
            there = {row[0] for row in connection.execute(filled.encode())}
            for name, entity in ENTITIES.items():
                if name not in there:
                    self.rows[name] = {}
                    continue
                found = connection.execute(_hq_query(entity).encode()).fetchall()
                lines = self._lines(connection, entity)
                self.rows[name] = {
                    row[0].hex: (
                        None if row[1] is None else row[1].hex,
                        (*(_plain(v) for v in row[2:]), *lines.get(row[0].hex, ())),
                    )
                    for row in found
                }
                for uid, (whose, cells) in self.rows[name].items():
                    if entity.lines is not None and uid not in lines:
                        self.rows[name][uid] = (whose, (*cells, ()))

    def _lines(self, connection: Any, entity: Entity) -> dict[str, tuple[tuple[Cells, ...]]]:
        if entity.lines is None:
            return {}
        columns = ", ".join(f'"{f.column}"' for f in entity.lines.fields)
        found: dict[str, list[Cells]] = {}
        query = f"SELECT parent_uid, {columns} FROM {entity.lines.name} ORDER BY 1, position"
        for row in connection.execute(query.encode()):
            found.setdefault(row[0].hex, []).append(tuple(_plain(v) for v in row[1:]))
        return {uid: (tuple(rows),) for uid, rows in found.items()}

    def visible(self, entity: Entity, user: str, territories: set[str], office: bool) -> Table:
        """What a user may see of an entity."""
        rows = self.rows[entity.name]
        if entity.scope is Scope.OFFICE and not office:
            return {}
        if office or entity.scope in {Scope.CATALOGUE, Scope.REFERENCE}:
            return {uid: cells for uid, (_whose, cells) in rows.items()}
        if entity.scope is Scope.USER:
            return {uid: cells for uid, (whose, cells) in rows.items() if whose == user}
        return {
            uid: cells
            for uid, (account, cells) in rows.items()
            if self._territory.get(account or "") in territories
        }

    def territories(self, user: str) -> set[str]:
        """The territories of a user with all below them."""
        rows = self._world.rows(
            "WITH RECURSIVE below(t) AS (SELECT territory_id FROM territory_user"
            " WHERE user_id = %s AND NOT deleted UNION SELECT c.uid FROM territory c"
            " JOIN below b ON c.parent_id = b.t WHERE NOT c.deleted) SELECT t FROM below",
            user,
        )
        return {row[0].hex for row in rows}


@cache
def _hq_query(entity: Entity) -> str:
    whose = "NULL::uuid"
    if entity.scope is Scope.ACCOUNT:
        whose = "uid" if entity.name == "account" else "account_id"
    elif entity.scope is Scope.USER:
        whose = "user_id"
    columns = ", ".join(f'"{f.column}"' for f in entity.fields)
    return f"SELECT uid, {whose}, rev, {columns} FROM {_table(entity)} WHERE NOT deleted"


def _table(entity: Entity) -> str:
    return entity.table or entity.name


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return value


@cache
def _local_query(entity: Entity) -> str:
    columns = ", ".join(_local_column(f) for f in entity.fields)
    return f"SELECT t.id, lower(hex(t.uid)), t.rev, {columns} FROM {_table(entity)} t"


def _local_column(field: Field) -> str:
    if field.kind is Kind.REF and field.ref:
        target = _table(ENTITIES[field.ref])
        return f"(SELECT lower(hex(r.uid)) FROM {target} r WHERE r.id = t.{field.column})"
    if field.kind is Kind.UID:
        return f"iif(t.{field.column} IS NULL, NULL, lower(hex(t.{field.column})))"
    return f't."{field.column}"'


def local_rows(connection: Connection, entity: Entity) -> Table:
    """What a laptop has of an entity."""
    run = connection.exec_driver_sql
    documents = [i for i, f in enumerate(entity.fields) if f.kind is Kind.JSON]
    lines: dict[int, list[Cells]] = {}
    if entity.lines is not None:
        columns = ", ".join(_local_column(f) for f in entity.lines.fields)
        inner = [i for i, f in enumerate(entity.lines.fields) if f.kind is Kind.JSON]
        query = f"SELECT t.parent_id, {columns} FROM {entity.lines.name} t ORDER BY 1, position"
        for key, *cells in run(query):
            lines.setdefault(key, []).append(tuple(_parsed(cells, inner)))
    found: Table = {}
    for key, uid, rev, *cells in run(_local_query(entity)):
        end = () if entity.lines is None else (tuple(lines.get(key, ())),)
        found[uid] = (rev, *_parsed(cells, documents), *end)
    return found


def _parsed(cells: list[Any], documents: list[int]) -> list[Any]:
    for at in documents:
        if cells[at] is not None:
            value = json.loads(cells[at])
            cells[at] = (
                json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value
            )
    return cells


def check_rows(store: HqTables, peer: Peer) -> None:
    """A laptop's tables are HQ's rows as its user may see them, value by value."""
    user = peer.fact("user.uid")
    territories, office = store.territories(user), peer.user == "O1"
    with peer.database.unguarded(), peer.database.read() as connection:
        tables = {name: local_rows(connection, entity) for name, entity in ENTITIES.items()}
    for entity in ENTITIES.values():
        wanted = store.visible(entity, user, territories, office)
        here = tables[entity.name]
        if entity.local_while is not None:
            # A draft is the laptop's own: new ones HQ does not know, withdrawn ones it had.
            at = 1 + [f.column for f in entity.fields].index(entity.local_while[0])
            drafts = {u for u, cells in here.items() if cells[at] == entity.local_while[1]}
            wanted = {u: c for u, c in wanted.items() if u not in drafts}
            here = {u: c for u, c in here.items() if u not in drafts}
        if here != wanted:
            raise Finding(
                f"{peer.name}: {entity.name} differs\n{_difference(entity, here, wanted)}"
            )


def _difference(entity: Entity, here: Table, wanted: Table) -> str:
    names = ["rev", *(f.column for f in entity.fields), *(["lines"] if entity.lines else [])]
    found = []
    for uid in sorted(here.keys() | wanted.keys()):
        mine, theirs = here.get(uid), wanted.get(uid)
        if mine == theirs:
            continue
        if mine is None or theirs is None:
            found.append(f"  {uid}: only {'at HQ' if mine is None else 'here'} {mine or theirs}")
            continue
        for name, left, right in zip(names, mine, theirs, strict=True):
            if left != right:
                found.append(f"  {uid}.{name}: here {left!r}, at HQ {right!r}")
    return "\n".join(found[:8])


# -- ops -------------------------------------------------------------------------------------


def check_ops(world: World, peer: Peer) -> None:
    """Every op ever accepted is exactly one of applied, superseded with a record, refused."""
    device = peer.device
    states = dict(peer.rows("SELECT seq, state FROM journal"))
    answers = {
        int(seq): answer
        for seq, answer in world.rows(
            "SELECT seq, answer::jsonb FROM op_result WHERE device_id = %s", device
        )
    }
    logged = Counter(
        int(row[0]) for row in world.rows("SELECT txn FROM change WHERE device_id = %s", device)
    )
    refused = {row[0] for row in peer.rows("SELECT seq FROM refusal WHERE sentence <> ''")}
    conflicts = set(peer.rows("SELECT lower(hex(uid)), field FROM conflict"))
    for seq, kept in peer.accepted.items():
        state, answer = states.get(seq), answers.get(seq)
        if state is None and answer is None:
            raise Finding(f"{peer.name}: op {seq} is lost: {kept}")
        if state == "waiting":
            raise Finding(f"{peer.name}: op {seq} still waits: {kept}")
        if state == "refused":
            if seq not in refused or logged[seq]:
                raise Finding(f"{peer.name}: op {seq} refused without a reason, or applied: {kept}")
            world.tally["ops refused"] += 1
            continue
        if answer is None or (state == "sent" and answer["status"] == "r"):
            raise Finding(f"{peer.name}: op {seq} counts as sent, HQ says {answer}: {kept}")
        if answer["status"] == "r":
            continue
        if logged[seq] != 1:
            raise Finding(f"{peer.name}: op {seq} was done {logged[seq]} times: {kept}")
        if answer["status"] == "m":
            world.tally["ops merged"] += 1
            for one in answer["collisions"]:
                if state is not None and (kept.uid, one["field"]) not in conflicts:
                    raise Finding(f"{peer.name}: op {seq} superseded without a record: {kept}")
        else:
            world.tally["ops applied"] += 1
    doubled = [seq for seq, times in logged.items() if times > 1]
    if doubled:
        raise Finding(f"{peer.name}: ops {doubled} were done twice")


def check_state(peer: Peer) -> None:
    """Nothing waits, nothing is half-way."""
    for query, what in (
        ("SELECT count(*) FROM journal WHERE state = 'waiting'", "ops wait"),
        ("SELECT applying FROM sync_state", "capture is off"),
        ("SELECT count(*) FROM base_image", "images are kept without waiting ops"),
        ("SELECT count(*) FROM dirty", "derived rows are not up to date"),
        ("SELECT count(*) FROM profile WHERE key = 'sync.leaving'", "customers are leaving"),
    ):
        if peer.one(query):
            raise Finding(f"{peer.name}: {what}")
    if peer.rows("PRAGMA foreign_key_check"):
        raise Finding(f"{peer.name}: references lead nowhere")


def check_file(peer: Peer) -> None:
    """The file itself, its triggers, its index, and summaries equal to a rebuild."""
    with peer.database.unguarded():
        found = check(peer.database, peer.folder)
    if found:
        raise Finding(f"{peer.name}: {found[0]}")


# -- HQ's own history ------------------------------------------------------------------------


def check_history(world: World, store: HqTables) -> None:
    """The last change of a field that was not superseded is the field's value.

    Together with the answers this says that nothing was overwritten by something older, nor lost.
    """
    fields: dict[tuple[str, str, str], Any] = {}
    superseded = _superseded(world)
    rows = world.rows(
        "SELECT c.entity, c.uid, c.op, c.fields, c.device_id, c.txn FROM change c ORDER BY c.id"
    )
    for name, uid, op, content, device, seq in rows:
        if op not in {"I", "U"} or content is None:
            continue
        for column, (_base, new) in content.items():
            if (device.hex, int(seq), column) not in superseded:
                fields[name, uid.hex, column] = new
    for (name, uid, column), value in fields.items():
        entity = ENTITIES[name]
        row = store.rows[name].get(uid)
        if row is None:
            continue
        at = [f.column for f in entity.fields].index(column)
        found = row[1][1 + at]
        wanted = json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value
        if found != wanted:
            raise Finding(f"HQ: {name} {uid}.{column} is {found!r}, last written {wanted!r}")


def _superseded(world: World) -> set[tuple[str, int, str]]:
    found = set()
    for device, seq, answer in world.rows(
        "SELECT device_id, seq, answer::jsonb FROM op_result WHERE answer::jsonb ->> 'status' = 'm'"
    ):
        for one in answer["collisions"]:
            if one["kept"] == "theirs":
                found.add((device.hex, int(seq), one["field"]))
    return found


def check_documents(world: World, store: HqTables) -> None:
    """A document at HQ says what it said when it was last handed in."""
    content: dict[str, dict[str, Any]] = {}
    lines: dict[str, list[Any]] = {}
    rows = world.rows(
        "SELECT entity, uid, op, fields FROM change WHERE entity IN ('order', 'sale') ORDER BY id"
    )
    for name, uid, op, fields in rows:
        if op == "I":
            kept = {k: v[1] for k, v in fields.items() if k not in _MOVING.get(name, ())}
            content[uid.hex] = kept
        elif op == "L":
            lines[uid.hex] = fields["lines"]
    for name in ("order", "sale"):
        entity = ENTITIES[name]
        columns = [f.column for f in entity.fields]
        assert entity.lines is not None
        inner = [f.column for f in entity.lines.fields]
        for uid, (_whose, cells) in store.rows[name].items():
            for column, value in content.get(uid, {}).items():
                if cells[1 + columns.index(column)] != value:
                    raise Finding(f"HQ: {name} {uid}.{column} was altered to {cells}")
            if uid in lines:
                here = [dict(zip(inner, line, strict=True)) for line in cells[-1]]
                wanted = lines[uid]
                if [{k: h[k] for k in w} for h, w in zip(here, wanted, strict=True)] != wanted:
                    raise Finding(f"HQ: the lines of {name} {uid} were altered: {here}")

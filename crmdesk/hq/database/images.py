"""Rows in and out of HQ's tables for a push: read under lock, written back set-based."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import psycopg

from crmdesk.domain.erasure import NAMELESS
from crmdesk.hq.database.store import HqConnection, as_uids
from crmdesk.hq.database.tables import by_account, references_to, table_name
from crmdesk.hq.database.wire import (
    image_sql,
    insert_lines_sql,
    lines_sql,
    quoted,
    row_sql,
    upsert_sql,
)
from crmdesk.storage.entities import ENTITIES, Kind, Owner, Scope
from crmdesk.sync.merge import Image
from crmdesk.sync.protocol import Wire

RowKey = tuple[str, str]
"""Entity name and uid (hex)."""

_decode = msgspec.json.Decoder(list[Any]).decode


def account_of(entity_name: str, uid: str, values: Mapping[str, Wire]) -> str | None:
    """The account (hex) a row belongs to; None for rows outside accounts."""
    if entity_name == "account":
        return uid
    if ENTITIES[entity_name].scope is not Scope.ACCOUNT:
        return None
    found = values.get("account_id")
    return found if isinstance(found, str) else None


def accounts_of_rows(connection: HqConnection, uids: Mapping[str, Iterable[str]]) -> set[str]:
    """The accounts in which existing rows really lie, whatever a request claims."""
    found: set[str] = set()
    for name, wanted in uids.items():
        entity = ENTITIES[name]
        if not by_account(entity):
            continue
        query = (
            f"SELECT encode(uuid_send(account_id),'hex') FROM {quoted(table_name(entity))}"
            " WHERE uid = ANY(%s::uuid[])"
        )
        found.update(str(row[0]) for row in connection.execute(query.encode(), (as_uids(wanted),)))
    return found


def lock_accounts(
    connection: HqConnection, shared: set[str], edited: set[str], moving: set[str]
) -> dict[str, str | None]:
    """Lock accounts and return their territories (hex).

    Writers of rows inside share the account; whoever moves it between territories waits for them
    and they for him, so that the scope of a write is judged at one moment.
    """
    territories: dict[str, str | None] = {}
    for mode, accounts in (
        ("UPDATE", moving),
        ("NO KEY UPDATE", edited - moving),
        ("KEY SHARE", shared - edited - moving),
    ):
        if not accounts:
            continue
        rows = connection.execute(
            "SELECT encode(uuid_send(account_id),'hex'), encode(uuid_send(territory_id),'hex')"
            f" FROM account WHERE account_id = ANY(%s::uuid[]) ORDER BY account_id FOR {mode}"
            .encode(),
            (as_uids(sorted(accounts)),),
        )  # fmt: skip
        territories.update(dict(rows.fetchall()))
    return territories


def read_images(connection: HqConnection, uids: Mapping[str, Iterable[str]]) -> dict[RowKey, Image]:
    """The rows as they are, locked for writing, parents first and by uid."""
    images: dict[RowKey, Image] = {}
    for name, entity in ENTITIES.items():
        wanted = uids.get(name)
        if not wanted:
            continue
        columns = [f.column for f in entity.fields]
        query = (
            f"SELECT {image_sql(name)}::text FROM {quoted(table_name(entity))} t"
            " WHERE t.uid = ANY(%s::uuid[]) ORDER BY t.uid FOR NO KEY UPDATE"
        )
        for (text,) in connection.execute(query.encode(), (as_uids(sorted(wanted)),)):
            uid, rev, *cells = _decode(text)
            *values, deleted, clocks, extra = cells
            images[name, uid] = Image(
                dict(zip(columns, values, strict=True)), rev, deleted, clocks or {}, extra or {}
            )
    return images


def add_lines(
    connection: HqConnection, name: str, uids: Iterable[str], images: Mapping[RowKey, Image]
) -> None:
    """Give images of documents the lines that HQ has, in wire form by column."""
    entity = ENTITIES[name]
    if entity.lines is None:
        return
    columns = [f.column for f in entity.lines.fields]
    query = (
        f"SELECT encode(uuid_send(t.uid),'hex'), {lines_sql(name)}::text"
        f" FROM {quoted(table_name(entity))} t WHERE t.uid = ANY(%s::uuid[])"
    )
    for uid, text in connection.execute(query.encode(), (as_uids(sorted(uids)),)):
        image = images.get((name, uid))
        if image is not None:
            image.lines = [dict(zip(columns, cells, strict=True)) for cells in _decode(text)]


def read_rows(connection: HqConnection, keys: Iterable[RowKey]) -> dict[RowKey, list[Wire]]:
    """Rows as they go over the wire, lines included; deleted ones are left out."""
    wanted: dict[str, list[str]] = {}
    for name, uid in keys:
        wanted.setdefault(name, []).append(uid)
    found: dict[RowKey, list[Wire]] = {}
    for name, uids in wanted.items():
        query = (
            f"SELECT {row_sql(name)}::text FROM {quoted(table_name(ENTITIES[name]))} t"
            " WHERE t.uid = ANY(%s::uuid[]) AND NOT t.deleted"
        )
        for (text,) in connection.execute(query.encode(), (as_uids(uids),)):
            cells = _decode(text)
            found[name, cells[0]] = cells
    return found


def write_images(connection: HqConnection, images: Mapping[RowKey, Image]) -> None:
    """Write changed rows with their lines, parents first, one statement per entity."""
    by_entity: dict[str, list[tuple[str, Image]]] = {}
    for (name, uid), image in images.items():
        by_entity.setdefault(name, []).append((uid, image))
    for name, entity in ENTITIES.items():
        rows = by_entity.get(name)
        if not rows:
            continue
        objects = [_object(name, uid, image) for uid, image in rows]
        connection.execute(upsert_sql(name).encode(), (msgspec.json.encode(objects).decode(),))
        with_lines = [(uid, image) for uid, image in rows if image.lines is not None]
        if entity.lines is not None and with_lines:
            _write_lines(connection, name, with_lines)


class StillNeeded(psycopg.IntegrityError):
    """A row that others refer to cannot be deleted, nor a deleted one referred to."""


def check_references(connection: HqConnection, images: Mapping[RowKey, Image]) -> None:
    """Tombstones keep PostgreSQL's foreign keys content, so live references are checked here."""
    deleted: dict[str, list[tuple[str, Image]]] = {}
    living: dict[str, list[str]] = {}
    for (name, uid), image in images.items():
        if image.deleted:
            deleted.setdefault(name, []).append((uid, image))
        else:
            living.setdefault(name, []).append(uid)
    for name, rows in deleted.items():
        _check_unneeded(connection, name, rows)
    for name, uids in living.items():
        _check_parents(connection, name, uids)


def _check_unneeded(connection: HqConnection, name: str, rows: Sequence[tuple[str, Image]]) -> None:
    uids = [uid for uid, _image in rows]
    accounts = [account_of(name, uid, image.values) for uid, image in rows]
    inside = by_account(ENTITIES[name])
    tables_of_rows = {table_name(e) for e in ENTITIES.values()}
    for table, column, child_inside in references_to(name):
        query = f"SELECT 1 FROM {quoted(table)} t WHERE t.{quoted(column)} = ANY(%s::uuid[])"
        parameters: list[object] = [uids]
        if inside and child_inside:
            query += " AND t.account_id = ANY(%s::uuid[])"
            parameters.append(accounts)
        if table in tables_of_rows:
            query += " AND NOT t.deleted"
        if connection.execute(f"{query} LIMIT 1".encode(), parameters).fetchone() is not None:
            raise StillNeeded(f"{name} is referred to by {table}")


def _check_parents(connection: HqConnection, name: str, uids: list[str]) -> None:
    entity = ENTITIES[name]
    tests = []
    for one in entity.fields:
        if one.kind is not Kind.REF or not one.ref or one.ref == "account":
            continue
        target = ENTITIES[one.ref]
        same = " AND p.account_id = t.account_id" if by_account(target) else ""
        # Nobody is given a telephone after being erased.
        gone = "p.deleted"
        if name == "contact_point" and one.ref == "contact":
            gone = f"(p.deleted OR p.erased_at IS NOT NULL AND p.name = '{NAMELESS}')"
        tests.append(
            f"EXISTS (SELECT 1 FROM {quoted(table_name(target))} p"
            f" WHERE p.uid = t.{quoted(one.column)}{same} AND {gone})"
        )
    if not tests:
        return
    query = (
        f"SELECT 1 FROM {quoted(table_name(entity))} t WHERE t.uid = ANY(%s::uuid[])"
        f" AND ({' OR '.join(tests)}) LIMIT 1"
    )
    if connection.execute(query.encode(), (as_uids(uids),)).fetchone() is not None:
        raise StillNeeded(f"{name} refers to a deleted row")


def _object(name: str, uid: str, image: Image) -> dict[str, Wire]:
    row = {**image.values, "uid": uid, "rev": image.rev, "deleted": image.deleted}
    if by_account(ENTITIES[name]):
        row["account_id"] = account_of(name, uid, image.values)
    if ENTITIES[name].owner is Owner.BOTH:
        row["clocks"] = image.clocks or None
    row["extra"] = image.extra or None
    return row


def _write_lines(connection: HqConnection, name: str, rows: Sequence[tuple[str, Image]]) -> None:
    entity = ENTITIES[name]
    if entity.lines is None:
        return
    defaults = {f.column: f.default for f in entity.lines.fields if f.default is not None}
    accounts, parents, objects = [], [], []
    for uid, image in rows:
        account = account_of(name, uid, image.values)
        accounts.append(account)
        parents.append(uid)
        for position, line in enumerate(image.lines or (), start=1):
            cells = {**defaults, **line}
            objects.append(
                {**cells, "account_id": account, "parent_uid": uid, "position": position}
            )
    connection.execute(
        f"DELETE FROM {quoted(entity.lines.name)} l USING unnest(%s::uuid[], %s::uuid[])"
        " AS d(account_id, parent_uid)"
        " WHERE l.account_id = d.account_id AND l.parent_uid = d.parent_uid".encode(),
        (accounts, parents),
    )
    if objects:
        text = msgspec.json.encode(objects).decode()
        connection.execute(insert_lines_sql(name).encode(), (text,))

"""Customers that leave this laptop: which have to, and what stays readable of them.

HQ has never seen a draft, so with its customer the only copy would go. Before an account is
purged its drafts are written into the refusals, and refusals about it note the customer's name.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from crmdesk.i18n import _
from crmdesk.storage.capture import lines_query, row_query
from crmdesk.storage.entities import ENTITIES, Entity
from crmdesk.storage.tables import journal, refusal
from crmdesk.storage.types import dump_json

LEFT = "left"
"""The code of a draft whose customer has left; nobody refused it."""

CUSTOMER = "customer"
"""The key in a refusal's fields under which the name of a customer that left is kept."""


_REFUSED_CUSTOMERS = """
SELECT a.uid FROM journal r JOIN account a ON a.uid = r.uid
WHERE r.state = 'refused' AND r.entity = 'account' AND r.op = 'I' AND a.rev = 0 AND NOT EXISTS
      (SELECT 1 FROM journal j WHERE j.state = 'waiting' AND j.account_uid = a.uid)
"""


def strays(connection: Connection, held: Collection[str]) -> set[bytes]:
    """Customers (uids) outside the scopes we hold, whatever left them here.

    A change of territory that was only proposed hides a customer when its scope is lost meanwhile;
    a new customer that HQ refused stays behind for a draft that refers to it. Where something
    still waits to be sent, HQ has not yet said where the customer is.
    """
    if not held:
        return set()
    run = connection.exec_driver_sql
    there = run(
        "SELECT t.id, t.uid FROM territory t"
        " WHERE EXISTS (SELECT 1 FROM account a WHERE a.territory_id = t.id)"
    ).all()
    outside: list[int | None] = [key for key, uid in there if f"t/{uid.hex()}" not in held]
    if "t/none" not in held:
        outside.append(None)
    found = {bytes(row[0]) for row in run(_REFUSED_CUSTOMERS)}
    for key in outside:
        rows = run(
            "SELECT uid FROM account a WHERE territory_id IS ? AND rev > 0 AND NOT EXISTS"
            " (SELECT 1 FROM journal j WHERE j.state = 'waiting' AND j.account_uid = a.uid)",
            (key,),
        )
        found.update(row[0] for row in rows)
    return found


def keep_words(connection: Connection, account_ids: Sequence[int], at: str) -> None:
    """Keep what was typed about accounts (local keys) that are about to be purged.

    ``at`` is the present instant as text.
    """
    run = connection.exec_driver_sql
    for key in account_ids:
        uid, name = run("SELECT uid, name FROM account WHERE id = ?", (key,)).one()
        for entity in ENTITIES.values():
            if entity.local_while is not None:
                _keep_drafts(connection, entity, key, str(name), at)
        about = select(journal.c.seq).where(
            journal.c.account_uid == uid, journal.c.state == "refused"
        )
        known = func.coalesce(refusal.c.fields, "{}")
        connection.execute(
            update(refusal)
            .where(refusal.c.code != LEFT, refusal.c.seq.in_(about))
            .values(fields=func.json_set(known, f"$.{CUSTOMER}", name))
        )


def _keep_drafts(
    connection: Connection, entity: Entity, account_id: int, customer: str, at: str
) -> None:
    if entity.local_while is None:
        return
    run = connection.exec_driver_sql
    column, value = entity.local_while
    table = entity.table or entity.name
    drafts = run(
        f"SELECT id, uid, number, note FROM {table} WHERE account_id = ? AND {column} = ?",  # noqa: S608
        (account_id, value),
    ).all()
    for key, uid, number, note in drafts:
        lines = _line_words(connection, entity, key)
        if not lines and not note:
            continue
        fields: dict[str, Any] = json.loads(run(row_query(entity), (uid,)).scalar_one())
        fields |= json.loads(run(lines_query(entity), (uid,)).scalar_one())
        fields[CUSTOMER] = customer
        sentence = _(
            "{customer} is no longer your customer, so the draft {number} went. It said: {lines}"
        ).format(
            customer=customer, number=number, lines="; ".join([*lines, *([note] if note else [])])
        )
        connection.execute(
            insert(refusal),
            {
                "seq": 0, "txn": 0, "entity": entity.name, "uid": uid, "code": LEFT,
                "sentence": sentence, "fields": dump_json(fields), "at": at,
            },
        )  # fmt: skip


def _line_words(connection: Connection, entity: Entity, key: int) -> list[str]:
    if entity.lines is None:
        return []
    rows = connection.exec_driver_sql(
        f"SELECT l.quantity, l.unit, p.sku, p.name FROM {entity.lines.name} l"  # noqa: S608
        " JOIN product p ON p.id = l.product_id WHERE l.parent_id = ? ORDER BY l.position",
        (key,),
    )
    return [f"{quantity} {unit} {sku} {name}" for quantity, unit, sku, name in rows]

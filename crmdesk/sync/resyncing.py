"""A scope given anew: what its snapshot does not have has gone while we were silent.

HQ forgets tombstones in time. Who stood before them gets the whole scope as a snapshot instead of
news, and finds out by what is missing there. So does who gains a scope with a customer that was
here before: a snapshot has no tombstones, and the scope it has left tells no more about it. The
journal is kept, and rows with waiting ops stay until HQ has answered these.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from crmdesk.storage import resuming
from crmdesk.storage.entities import ENTITIES
from crmdesk.storage.tables import journal, table
from crmdesk.sync.local_sums import keys_in, keys_inside
from crmdesk.sync.restored import again

_CHUNK = 500


def vanished(
    connection: Connection,
    anew: Collection[str],
    present: Mapping[str, Collection[bytes]],
    staged: Mapping[str, Collection[bytes]],
    now: datetime,
    *,
    gained: bool,
) -> dict[str, set[bytes]]:
    """Local rows that neither the snapshot nor other news has, by entity.

    Those of the scopes ``anew``; if scopes were ``gained``, also those inside customers that the
    snapshot has and that were here already. Rows with waiting ops and drafts are not among them.
    Nothing after a restore of HQ: then the comparison tells what HQ has deleted from what it has
    lost.
    """
    known = _known_accounts(connection, present.get("account", ())) if gained else []
    if not anew and not known:
        return {}
    if again(connection, now):
        resuming.make_due(connection)
        return {}
    found: dict[str, set[bytes]] = {}
    for entity in ENTITIES.values():
        there, coming = present.get(entity.name, ()), staged.get(entity.name, ())
        here: set[bytes] = set()
        if anew:
            here |= {uid for scope, uid in keys_in(connection, entity) if scope in anew}
        if known and entity.in_account:
            here |= set(keys_inside(connection, entity, known))
        uids = {uid for uid in here if uid not in there and uid not in coming}
        uids -= _unsent(connection, uids)
        if uids:
            found[entity.name] = uids
    return found


def _known_accounts(connection: Connection, uids: Collection[bytes]) -> list[int]:
    """Local keys of those accounts among ``uids`` that are here."""
    account, found = table("account"), list[int]()
    every = list(uids)
    for start in range(0, len(every), _CHUNK):
        query = select(account.c.id).where(account.c.uid.in_(every[start : start + _CHUNK]))
        found += connection.scalars(query)
    return found


def _unsent(connection: Connection, uids: Collection[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    every = list(uids)
    for start in range(0, len(every), _CHUNK):
        query = select(journal.c.uid).where(
            journal.c.state == "waiting", journal.c.uid.in_(every[start : start + _CHUNK])
        )
        found.update(connection.scalars(query))
    return found

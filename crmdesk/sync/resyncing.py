"""A scope given anew: what its snapshot does not have has gone while we were silent.

HQ forgets tombstones in time. Who stood before them gets the whole scope as a snapshot instead of
news, and finds out by what is missing there. The journal is kept, and rows with waiting ops stay
until HQ has answered these.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from crmdesk.storage import resuming
from crmdesk.storage.entities import ENTITIES
from crmdesk.storage.tables import journal
from crmdesk.sync.local_sums import keys_in
from crmdesk.sync.restored import again

_CHUNK = 500


def vanished(
    connection: Connection,
    anew: Collection[str],
    present: Mapping[str, Collection[bytes]],
    staged: Mapping[str, Collection[bytes]],
    now: datetime,
) -> dict[str, set[bytes]]:
    """Local rows of the scopes ``anew`` that neither their snapshot nor other news has, by entity.

    Rows with waiting ops and drafts are not among them. Nothing after a restore of HQ: then the
    comparison tells what HQ has deleted from what it has lost.
    """
    if not anew:
        return {}
    if again(connection, now):
        resuming.make_due(connection)
        return {}
    found: dict[str, set[bytes]] = {}
    for entity in ENTITIES.values():
        there, coming = present.get(entity.name, ()), staged.get(entity.name, ())
        uids = {
            uid
            for scope, uid in keys_in(connection, entity)
            if scope in anew and uid not in there and uid not in coming
        }
        uids -= _unsent(connection, uids)
        if uids:
            found[entity.name] = uids
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

"""After HQ was restored from a backup: its laptops give it again what it lost.

At once every laptop offers its whole journal; HQ's stored answers tell what it still has. A change
to something HQ does not know any more is put off, for whoever wrote that may not have been here
yet. Rows that HQ has no trace of stay on the laptops that hold them. The first month belongs to
those who wrote them; in the second whoever holds such a row and may write it offers it as new, and
HQ judges it like any other change. Then all is as ever. What was changed at HQ itself after the
backup, and by devices that never come back, is thus kept where it is a row of its own; an edit of
a row that HQ has an older state of is kept by its author only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, update

from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.domain.states import Role
from crmdesk.storage import capture, profile, resuming, transfers
from crmdesk.storage.entities import ENTITIES, Entity, Owner
from crmdesk.storage.tables import journal, table
from crmdesk.sync import facts
from crmdesk.sync.cursor import keep_cursor
from crmdesk.sync.history import ask_all_again
from crmdesk.sync.local_sums import RowKey

AUTHORS_FIRST = timedelta(days=30)
"""How long rows that HQ does not know wait for those who wrote them; then as long for others."""

_CHUNK = 500


def start_over(connection: Connection, epoch: str, now: datetime) -> None:
    """HQ is another one than it was: every answered op waits again, every scope is new to us."""
    connection.execute(update(journal).where(journal.c.state == "sent").values(state="waiting"))
    keep_cursor(connection, {})
    # Its log is another one too: every customer is asked for again.
    ask_all_again(connection)
    transfers.offer_again(connection)
    highest = connection.scalar(select(func.max(journal.c.seq))) or 0
    profile.set_fact(connection, facts.EPOCH, epoch)
    profile.set_fact(connection, facts.RESTORED_AT, format_instant(now))
    profile.set_fact(connection, facts.AGAIN_SEQ, str(max(1, highest)))
    resuming.make_due(connection)


def again(connection: Connection, now: datetime) -> int:
    """Up to which journal entry HQ is offered what it had before; 0 when that time is over."""
    restored_at = profile.get_fact(connection, facts.RESTORED_AT)
    if restored_at is None or now - parse_instant(restored_at) >= 2 * AUTHORS_FIRST:
        return 0
    return int(profile.get_fact(connection, facts.AGAIN_SEQ) or 0)


def surviving(connection: Connection, keys: Sequence[RowKey], now: datetime) -> set[RowKey]:
    """Those of rows unknown to HQ that stay, because HQ may have lost them; offers them in time."""
    if not keys or again(connection, now) == 0:
        return set()
    restored_at = parse_instant(profile.get_fact(connection, facts.RESTORED_AT) or "")
    if now - restored_at >= AUTHORS_FIRST:
        _offer(connection, keys)
    return set(keys)


def _offer(connection: Connection, keys: Sequence[RowKey]) -> None:
    """Put rows into the journal as new ones, parents first, each a transaction of its own."""
    role = profile.get_fact(connection, facts.ROLE) or Role.REP.value
    in_office = role != Role.REP.value
    user = bytes.fromhex(profile.get_fact(connection, facts.USER) or "")
    for entity in ENTITIES.values():
        uids = [uid for name, uid in keys if name == entity.name]
        if not in_office:
            uids = _own(connection, entity, uids, user)
        for start in range(0, len(uids), _CHUNK):
            part = uids[start : start + _CHUNK]
            marks = ", ".join("?" * len(part))
            capture.journal_facts(connection, entity.name, f"n.uid IN ({marks})", tuple(part))


def _own(connection: Connection, entity: Entity, uids: Sequence[bytes], user: bytes) -> list[bytes]:
    """Rows that a rep may add: not HQ's kind, and nobody else's."""
    if entity.owner is Owner.HQ:
        return []
    if all(one.column != "user_id" for one in entity.fields):
        return list(uids)
    target, person = table(entity.name), table("user")
    found: list[bytes] = []
    for start in range(0, len(uids), _CHUNK):
        query = (
            select(target.c.uid)
            .join(person, person.c.id == target.c.user_id, isouter=True)
            .where(target.c.uid.in_(uids[start : start + _CHUNK]))
            .where((person.c.uid == user) | person.c.uid.is_(None))
        )
        found += connection.scalars(query)
    return found

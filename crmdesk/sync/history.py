"""Who changed the data of customers elsewhere: fetched from HQ's log, kept here for offline.

The customers that a round touched, and those never asked for, are asked for in the next round that
has nothing else to do, at the latest after an hour, so that no change waits for it. HQ's answer
takes the place of what was known of them: it is the same whatever was lost on the way, and a laptop
that joins later has all that HQ has. One's own changes stand in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, delete, insert, select

from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.storage.engine import Database
from crmdesk.storage.profile import get_fact, get_facts, set_fact, set_facts
from crmdesk.storage.tables import table, told_account, told_change
from crmdesk.storage.types import dump_json
from crmdesk.sync.protocol import (
    MAX_ACCOUNTS_ASKED,
    PROTOCOL_VERSION,
    HistoryAnswer,
    HistoryRequest,
    ToldChange,
)
from crmdesk.sync.session import Session

TRACKED = ("account", "contact", "contact_point", "site", "account_product", "custom_value")
"""The rows that people call a customer's data."""

SAID_WHEN_NEW = ("custom_value",)
"""Of these the first value is a change of the customer's data as any later one is."""

TOLD_SINCE = 2
"""The schema of HQ from which on it tells."""

_OWED = "sync.history_owed"
"""Set while there are customers to be asked for."""
_ASKED_AT = "sync.history_asked_at"
"""When all had been asked for, by HQ's clock."""
_LONGEST_WAIT = timedelta(hours=1)


def ask_again(connection: Connection, entity_name: str, local_ids: Iterable[int]) -> None:
    """Rows of a kind were changed by HQ's news: what is known of their customers is out of date."""
    if entity_name not in TRACKED:
        return
    set_fact(connection, _OWED, "1")
    account, target = table("account"), table(entity_name)
    ids = list(local_ids)
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        if entity_name == "account":
            whose = select(account.c.uid).where(account.c.id.in_(part))
        else:
            whose = (
                select(account.c.uid)
                .join(target, target.c.account_id == account.c.id)
                .where(target.c.id.in_(part))
            )
        connection.execute(delete(told_account).where(told_account.c.account_uid.in_(whose)))


def owe(connection: Connection) -> None:
    """There are customers to be asked for in the next round that has time for it."""
    set_fact(connection, _OWED, "1")


def is_owed(connection: Connection) -> bool:
    """Whether rows that people call a customer's data came since HQ was last asked."""
    return get_fact(connection, _OWED) is not None


def ask_all_again(connection: Connection) -> None:
    """HQ was restored: nothing that it told before counts any more."""
    connection.execute(delete(told_account))
    set_fact(connection, _OWED, "1")


def due(database: Database, now: datetime, *, quiet: bool) -> bool:
    """Whether to ask in this round: at once if it is ``quiet``, else when it has waited long.

    ``now`` is by HQ's clock; that it was asked at a moment ahead of it was noted by a wrong one.
    """
    with database.read() as connection:
        known = get_facts(connection, (_OWED, _ASKED_AT))
    if _ASKED_AT not in known:
        if not quiet:
            # Just joined: the wait begins here.
            with database.maintenance() as connection:
                set_facts(connection, {_OWED: "1", _ASKED_AT: format_instant(now)})
        return quiet
    if _OWED not in known:
        return False
    return quiet or not now - _LONGEST_WAIT < parse_instant(known[_ASKED_AT]) <= now


def fetch(database: Database, session: Session, check_cancelled: Callable[[], None]) -> int:
    """Ask for the customers that are to be asked for; returns how many changes were told."""
    if session.partial or session.hq_schema < TOLD_SINCE:
        return 0
    told = 0
    while accounts := _wanted(database):
        check_cancelled()
        request = HistoryRequest(PROTOCOL_VERSION, [uid.hex() for uid in accounts])
        answer = msgspec.json.decode(session.post("/v1/history", request), type=HistoryAnswer)
        at = session.hq_now().isoformat()
        with database.maintenance() as connection:
            _keep(connection, accounts, answer.changes, at)
        told += len(answer.changes)
    with database.maintenance() as connection:
        set_fact(connection, _OWED, None)
        set_fact(connection, _ASKED_AT, format_instant(session.hq_now()))
    return told


def _wanted(database: Database) -> list[bytes]:
    account = table("account")
    known = select(told_account.c.account_uid)
    query = (
        select(account.c.uid)
        .where(account.c.rev > 0, account.c.uid.not_in(known))
        .order_by(account.c.uid)
        .limit(MAX_ACCOUNTS_ASKED)
    )
    with database.read() as connection:
        return [bytes(uid) for uid in connection.scalars(query)]


def _keep(
    connection: Connection, accounts: Collection[bytes], told: Sequence[ToldChange], at: str
) -> None:
    connection.execute(delete(told_change).where(told_change.c.account_uid.in_(accounts)))
    rows = [
        {
            "account_uid": bytes.fromhex(one.account), "number": one.number, "entity": one.entity,
            "uid": bytes.fromhex(one.uid), "op": one.op, "fields": dump_json(one.fields),
            "user_uid": bytes.fromhex(one.user) if one.user else None,
            "own_seq": one.own or None, "hlc": one.hlc, "at": one.at,
        }
        for one in told
    ]  # fmt: skip
    if rows:
        connection.execute(insert(told_change), rows)
    connection.execute(
        insert(told_account).prefix_with("OR REPLACE"),
        [{"account_uid": uid, "at": at} for uid in accounts],
    )

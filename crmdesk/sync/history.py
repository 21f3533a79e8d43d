"""Who changed the data of customers elsewhere: fetched from HQ's log, kept here for offline.

After a round the customers that it touched, and those never asked for, are asked for again; HQ's
answer takes the place of what was known of them. So it is the same whatever was lost on the way,
and a laptop that joins later has all that HQ has. One's own changes stand in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec
from sqlalchemy import Connection, delete, insert, select

from crmdesk.storage.engine import Database
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

TRACKED = ("account", "contact", "contact_point", "site", "account_product")
"""The rows that people call a customer's data."""

TOLD_SINCE = 2
"""The schema of HQ from which on it tells."""


def ask_again(connection: Connection, entity_name: str, local_ids: Iterable[int]) -> None:
    """Rows of a kind were changed by HQ's news: what is known of their customers is out of date."""
    if entity_name not in TRACKED:
        return
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


def asked(database: Database) -> bool:
    """Whether HQ has been asked about any customer: all that a round without news has to know."""
    with database.read() as connection:
        return connection.scalar(select(told_account.c.account_uid).limit(1)) is not None


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

"""Taking over what a retired device had not sent: judged as its user, with the office's reach.

The customers concerned need not be the user's any more: the office has decided to take the words.
What only HQ may change becomes a proposal, as it would have been.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from crmdesk.domain.states import Role
from crmdesk.hq.access import quarantine
from crmdesk.hq.access.auth import is_uid
from crmdesk.hq.access.quarantine import HeldTxn
from crmdesk.hq.database import feed
from crmdesk.hq.database.scopes import Principal
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.exchange.push import judge_and_write
from crmdesk.sync.protocol import Answer, Txn


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a held transaction; ``refused`` is HQ's sentence, empty when it stands."""

    number: int
    refused: str = ""


def take_over(
    store: Store, prefix: str, now_ms: int, numbers: Collection[int] | None = None
) -> list[Taken]:
    """Judge held transactions (none named: all) and take those that stand; others stay held.

    NotFound when nothing like that is held.
    """
    with store.transaction() as connection:
        found = quarantine.chosen(connection, prefix, numbers)
        who = _on_behalf(connection, prefix, found)
        results = []
        for txn in found:
            answers = judge_and_write(connection, who, [Txn(txn.number, list(txn.ops))], now_ms)
            results.append(Taken(txn.number, _refusal(answers)))
        stood = {result.number for result in results if not result.refused}
        taken = [txn for txn in found if txn.number in stood]
        if taken:
            quarantine.settle(connection, taken, "taken")
    with store.transaction() as connection:
        feed.sequence(connection)
    return results


def _refusal(answers: dict[int, Answer]) -> str:
    refused = [a for a in answers.values() if a.status == "r" and a.code != "together"]
    return refused[0].sentence if refused else ""


def _on_behalf(connection: HqConnection, prefix: str, txns: list[HeldTxn]) -> Principal:
    row = connection.execute(
        "SELECT encode(uuid_send(d.uid),'hex'), encode(uuid_send(u.uid),'hex'), u.role"
        " FROM device d JOIN app_user u ON u.uid = d.user_id WHERE d.prefix = %s",
        (prefix,),
    ).fetchone()
    device, user, role = row if row is not None else ("", "", Role.REP.value)
    named = {op.account or op.uid for txn in txns for op in txn.ops}
    accounts = sorted(uid for uid in named if is_uid(uid))
    territories = connection.execute(
        "SELECT encode(uuid_send(territory_id),'hex') FROM account"
        " WHERE account_id = ANY(%s::uuid[]) AND territory_id IS NOT NULL"
        " UNION SELECT encode(uuid_send(territory_id),'hex') FROM territory_user"
        " WHERE user_id = %s AND NOT deleted",
        (accounts, user),
    ).fetchall()
    return Principal(str(device), str(user), Role(role), frozenset(str(t[0]) for t in territories))

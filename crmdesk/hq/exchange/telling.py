"""Who changed the data of customers, told to whoever has them: from HQ's log, bounded.

Only what people read as the data of a customer is told (:data:`TRACKED`), of the last five years,
and of each customer the newest changes. Documents have their own history.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from crmdesk.domain.clock import format_instant
from crmdesk.hq.database.scopes import Principal, scopes_of
from crmdesk.hq.database.store import HqConnection, as_uids
from crmdesk.sync.history import SAID_WHEN_NEW, TRACKED
from crmdesk.sync.protocol import ToldChange, Wire

MOST_OF_ACCOUNT = 500
_MOST_TEXT = 4_000

_CHANGES = """
SELECT encode(uuid_send(c.account_id),'hex'), c.id, c.entity, encode(uuid_send(c.uid),'hex'), c.op,
       c.fields, coalesce(encode(uuid_send(u.uid),'hex'), ''),
       CASE WHEN c.device_id = %(device)s::uuid THEN c.txn ELSE 0 END, coalesce(c.hlc, 0), c.at
FROM unnest(%(accounts)s::uuid[]) AS w(account_id)
JOIN account a ON a.account_id = w.account_id
CROSS JOIN LATERAL (
    SELECT * FROM change c WHERE c.account_id = a.account_id AND c.entity = ANY(%(entities)s)
    AND c.at > now() - interval '5 years'
    AND (c.op = 'U' OR (c.op IN ('I', 'D') AND c.entity IN ('contact', 'site'))
         OR (c.op = 'I' AND c.entity = ANY(%(new)s)))
    ORDER BY c.id DESC LIMIT %(most)s
) c
LEFT JOIN app_user u ON u.uid = c.user_id
WHERE coalesce('t/' || encode(uuid_send(a.territory_id),'hex'), 't/none') = ANY(%(scopes)s)
ORDER BY c.account_id, c.id
"""


def changes(connection: HqConnection, who: Principal, accounts: Sequence[str]) -> list[ToldChange]:
    """The changes of these accounts (hex), oldest first; of those out of reach there are none."""
    if not accounts:
        return []
    rows = connection.execute(
        _CHANGES,
        {
            "accounts": as_uids(sorted(set(accounts))), "device": who.device,
            "entities": list(TRACKED), "new": list(SAID_WHEN_NEW), "most": MOST_OF_ACCOUNT,
            "scopes": scopes_of(connection, who),
        },
    )  # fmt: skip
    return [
        ToldChange(
            account, int(number), entity, uid, op, _told(op, fields), user, int(own or 0),
            int(hlc), format_instant(at),
        )
        for account, number, entity, uid, op, fields, user, own, hlc, at in rows
    ]  # fmt: skip


def _told(op: str, fields: object) -> dict[str, Wire]:
    """Old and new values by column; of what was added only its name, or its value."""
    if not isinstance(fields, dict):
        return {}
    if op == "I":
        fields = {name: pair for name, pair in fields.items() if name in ("name", "value")}
    return {
        name: pair
        for name, pair in fields.items()
        if isinstance(pair, list) and len(pair) == 2 and len(json.dumps(pair)) <= _MOST_TEXT
    }

"""Unsent work of a device that is being retired: held apart until the office has looked at it.

Nothing held here is seen by anybody's laptop. Deciding over it by taking it over is
:mod:`crmdesk.hq.exchange.taking_over`'s, which judges it like a push.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from crmdesk.domain.errors import NotFound, Refused
from crmdesk.hq.access import auth
from crmdesk.hq.database import feed
from crmdesk.hq.database.scopes import REFERENCE
from crmdesk.hq.database.store import HqConnection, Store, as_records
from crmdesk.i18n import _
from crmdesk.sync.protocol import Answer, Op, Txn

HELD = "held"
MOST_HELD = 100_000


@dataclass(frozen=True, slots=True)
class HeldTxn:
    """One step of a person that waits for the office's word."""

    prefix: str
    user_code: str
    number: int
    at: datetime
    ops: tuple[Op, ...]


def hold(
    connection: HqConnection, device: str, user: str, txns: Sequence[Txn]
) -> dict[int, Answer]:
    """Keep transactions of a retiring device apart; the answers by sequence number.

    Refused when it brings more than any laptop can have left.
    """
    rows = [
        (op.seq, txn.number, msgspec.json.encode(op).decode()) for txn in txns for op in txn.ops
    ]
    count = connection.execute(
        "SELECT count(*) FROM quarantine WHERE device_id = %s", (device,)
    ).fetchone()
    if count is None or int(count[0]) + len(rows) > MOST_HELD:
        raise Refused(_("The request is too large for HQ."), code="too-large")
    connection.execute(
        "INSERT INTO quarantine (device_id, seq, txn, op) SELECT %s, seq, txn, op"
        " FROM json_to_recordset(%s::json) AS n(seq bigint, txn bigint, op text)"
        " ON CONFLICT DO NOTHING",
        (device, as_records(("seq", "txn", "op"), rows)),
    )
    auth.audit(
        connection, "quarantined", user=user, device=device, detail=f'{{"changes": {len(rows)}}}'
    )
    sentence = _("This device is being retired; the office decides about this change.")
    return {seq: Answer(seq, "r", code=HELD, sentence=sentence) for seq, _txn, _op in rows}


def finish(connection: HqConnection, device: str) -> None:
    """A retiring device has said that it has nothing left: it is retired from now on."""
    connection.execute("UPDATE hq_device SET status = 'retired' WHERE device_id = %s", (device,))
    connection.execute(
        "UPDATE device SET status = 'retired', rev = rev + 1 WHERE uid = %s", (device,)
    )
    feed.announce(connection, [(REFERENCE, "device", device, None)])
    auth.audit(connection, "device-retired", device=device)


def held(connection: HqConnection, prefix: str | None = None) -> list[HeldTxn]:
    """What waits for the office, by device and in order; of all devices without a prefix."""
    rows = connection.execute(
        "SELECT d.prefix, u.code, q.txn, min(q.at), array_agg(q.op ORDER BY q.seq)"
        " FROM quarantine q JOIN device d ON d.uid = q.device_id"
        " JOIN app_user u ON u.uid = d.user_id"
        " WHERE q.state = 'held' AND (%(prefix)s::text IS NULL OR d.prefix = %(prefix)s)"
        " GROUP BY d.prefix, u.code, q.txn ORDER BY d.prefix, q.txn",
        {"prefix": prefix},
    ).fetchall()
    return [
        HeldTxn(
            str(found),
            str(code),
            int(number),
            at,
            tuple(msgspec.json.decode(text, type=Op) for text in texts),
        )
        for found, code, number, at, texts in rows
    ]


def chosen(
    connection: HqConnection, prefix: str, numbers: Collection[int] | None = None
) -> list[HeldTxn]:
    """The held transactions with these numbers (none named: all); NotFound for a missing one."""
    found = held(connection, prefix)
    if numbers is not None:
        found = [txn for txn in found if txn.number in numbers]
    if not found or (numbers is not None and len(found) < len(set(numbers))):
        raise NotFound(_("Nothing like that is held of device {prefix}.").format(prefix=prefix))
    return found


def settle(connection: HqConnection, txns: Sequence[HeldTxn], state: str) -> None:
    """Write what the office decided (``taken``, ``dismissed``) and audit it."""
    for txn in txns:
        connection.execute(
            "UPDATE quarantine q SET state = %s FROM device d WHERE d.uid = q.device_id"
            " AND d.prefix = %s AND q.txn = %s AND q.state = 'held'",
            (state, txn.prefix, txn.number),
        )
    detail = {"device": txns[0].prefix, "steps": [txn.number for txn in txns[:100]]}
    auth.audit(connection, f"quarantine-{state}", detail=msgspec.json.encode(detail).decode())


def dismiss(store: Store, prefix: str, numbers: Collection[int] | None = None) -> int:
    """Let held transactions go; they stay readable in the table. Returns how many."""
    with store.transaction() as connection:
        found = chosen(connection, prefix, numbers)
        settle(connection, found, "dismissed")
    return len(found)

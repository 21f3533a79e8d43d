"""What HQ itself adds after judging a push: proposals for the office, word for a new owner, audit.

The rows go into the same transaction as the push. The device that pushed hears of them like any
other device, because it has not written them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from crmdesk.domain.ids import new_uid
from crmdesk.domain.policy import read_policy
from crmdesk.hq.access import auth
from crmdesk.hq.database import deal_shares, feed, images
from crmdesk.hq.database.scopes import Principal, row_scope
from crmdesk.hq.database.store import HqConnection
from crmdesk.hq.exchange import bounds
from crmdesk.hq.exchange.judging import Verdict
from crmdesk.hq.exchange.prices import differing_prices
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES
from crmdesk.sync.merge import Image
from crmdesk.sync.protocol import Collision, Op, Txn, Wire

_MOST_CONTENT_BYTES = 64 * 1024
_MOST_NAMED = 20
_PRICED = ("order", "quote")

_LEFT_BEHIND = """
SELECT encode(uuid_send(a.account_id),'hex'), encode(uuid_send(a.territory_id),'hex')
FROM account a WHERE a.account_id = ANY(%s::uuid[]) AND EXISTS (
    SELECT 1 FROM change c WHERE c.account_id = a.account_id AND c.uid = a.uid
    AND c.entity = 'account' AND c.fields -> 'territory_id' ->> 0 = ANY(%s))
"""


class Following:
    """Writes what follows from a verdict; ``now`` is HQ's present instant as text."""

    def __init__(self, connection: HqConnection, who: Principal, now: str) -> None:
        self._connection = connection
        self._who = who
        self._now = now
        self._rows: dict[images.RowKey, Image] = {}
        self._news: list[tuple[str, str, str, str | None]] = []

    def write(self, verdict: Verdict, txns: Sequence[Txn]) -> None:
        """Proposals and price differences of accepted ops; handovers and audit of foreign ones.

        Shares of divided opportunities follow them and their customers' names.
        """
        self._rows, self._news = {}, []
        self._note_prices(verdict)
        for op, collision in verdict.proposals:
            self._propose(op, collision)
        foreign = [txn for txn in txns if _refused_for_scope(verdict, txn)]
        if foreign:
            self._tell_new_owners(foreign)
        touched: dict[str, list[str]] = {"opportunity": [], "account": []}
        for name, uid in verdict.changed:
            if name in touched:
                touched[name].append(uid)
        self._news += deal_shares.refresh(
            self._connection, touched["opportunity"], touched["account"]
        )
        if self._rows:
            images.write_images(self._connection, self._rows)
        if self._news:
            feed.announce(self._connection, self._news)

    def _add(
        self, name: str, values: dict[str, Wire], account: str | None, territory: str | None = None
    ) -> None:
        entity, uid = ENTITIES[name], new_uid().hex()
        whole = {f.column: f.default for f in entity.fields} | values
        self._rows[name, uid] = Image(whole, rev=1)
        self._news.append((row_scope(entity, whole, territory), name, uid, account))

    def _propose(self, op: Op, collision: Collision) -> None:
        values: dict[str, Wire] = {
            "user_id": self._who.user, "entity": op.entity, "row_uid": op.uid,
            "account_uid": op.account, "field": collision.field, "current": collision.theirs,
            "proposed": collision.mine, "at": self._now,
        }  # fmt: skip
        self._add("proposal", values, None)

    def _note_prices(self, verdict: Verdict) -> None:
        """What was agreed is taken; where HQ's prices are others, both sides are told.

        So it is with a quote: the customer has it in hand already.
        """
        orders = {
            uid: image
            for (name, uid), image in verdict.changed.items()
            if name in _PRICED
            and image.lines
            and not image.deleted
            and (image.created or uid in verdict.altered)
        }
        if not orders:
            return
        policy = self._connection.execute(
            "SELECT policy FROM organisation WHERE NOT deleted LIMIT 1"
        ).fetchone()
        most = read_policy(policy[0] if policy is not None else None).most_discount_of(
            self._who.role
        )
        differing = differing_prices(self._connection, orders, most)
        last = {op.uid: op for op, _rev, _account in verdict.ops if op.entity in _PRICED}
        for uid, collisions in differing.items():
            op = last[uid]
            answer = verdict.answers[op.seq]
            verdict.answers[op.seq] = msgspec.structs.replace(
                answer, status="m", collisions=[*answer.collisions, *collisions]
            )
            self._propose_prices(op, collisions)

    def _propose_prices(self, op: Op, collisions: Sequence[Collision]) -> None:
        values: dict[str, Wire] = {
            "user_id": self._who.user, "kind": "price", "entity": op.entity, "row_uid": op.uid,
            "account_uid": op.account, "field": "net_price_e4", "at": self._now,
            "current": [{**c.base, "price_e4": c.theirs} for c in collisions],
            "proposed": [{**c.base, "price_e4": c.mine} for c in collisions],
        }  # fmt: skip
        self._add("proposal", values, None)

    def _tell_new_owners(self, txns: Sequence[Txn]) -> None:
        """Text about a customer that has moved reaches whoever has it now; the rest is audited."""
        named = {op.account or op.uid for txn in txns for op in txn.ops}
        known = {uid for uid in named if auth.is_uid(uid)}
        moved: dict[str, str | None] = dict(
            self._connection.execute(
                _LEFT_BEHIND, (sorted(known), sorted(self._who.territories))
            ).fetchall()
        )
        for txn in txns:
            about = {op.account or op.uid for op in txn.ops} & moved.keys()
            for account in sorted(about):
                self._hand_over(txn, account, moved[account])
        strange = sorted(known - moved.keys())
        if strange:
            detail = {"rows": strange[:_MOST_NAMED], "count": len(strange)}
            auth.audit(
                self._connection, "refused-scope", user=self._who.user, device=self._who.device,
                detail=json.dumps(detail),
            )  # fmt: skip

    def _hand_over(self, txn: Txn, account: str, territory: str | None) -> None:
        content = _content(op for op in txn.ops if (op.account or op.uid) == account)
        text = _("Written by the former owner before the customer moved; it was not taken over.")
        values: dict[str, Wire] = {
            "account_id": account, "user_id": self._who.user, "kind": "refused", "text": text,
            "content": content, "at": self._now,
        }  # fmt: skip
        self._add("handover", values, account, territory)


def _refused_for_scope(verdict: Verdict, txn: Txn) -> bool:
    return any(verdict.answers[op.seq].code == "scope" for op in txn.ops)


def _content(ops: Iterable[Op]) -> list[dict[str, Any]]:
    """The refused changes as data, bounded: what does not fit is left out and said."""
    found: list[dict[str, Any]] = []
    size = 0
    for op in ops:
        size += len(bytes(op.fields)) + 100
        if size > _MOST_CONTENT_BYTES or bounds.too_deep(bytes(op.fields)):
            found.append({"left_out": True})
            break
        try:
            fields = msgspec.json.decode(op.fields)
        except ValueError:
            found.append({"left_out": True})
            continue
        found.append({"entity": op.entity, "uid": op.uid, "op": op.op, "fields": fields})
    return found

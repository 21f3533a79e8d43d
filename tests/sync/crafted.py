"""Ops that no honest laptop would send."""

from __future__ import annotations

import msgspec

from crmdesk.sync.protocol import PROTOCOL_VERSION, Op, PushRequest, PushResponse, Txn
from crmdesk.sync.transport import HttpTransport
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.wires import session_of


def craft(hq: Headquarters, laptop: Laptop, transport: HttpTransport, *ops: Op) -> PushResponse:
    """Send ops that no honest laptop would."""
    session = session_of(laptop, transport)
    request = PushRequest(PROTOCOL_VERSION, session.epoch(), hq.now_ms(), [Txn(1, list(ops))])
    return msgspec.json.decode(session.post("/v1/push", request), type=PushResponse)


def op(kind: str, entity: str, uid: str, account: str | None, fields: object, **more: int) -> Op:
    raw = msgspec.Raw(msgspec.json.encode(fields))
    return Op(more.get("seq", 900), entity, uid, account, kind, raw, more.get("rev", 1), 1 << 60, 1)

"""Whom a rep may give a task or a ticket, and in whose name one may be made: decided at HQ.

The laptop offers the same people (:mod:`crmdesk.services.queries.task_people`); another program
may write what it likes. A rep keeps tasks or gives them to the office, never to another rep, and
makes them in no other's name. What the office gives is its own business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmdesk.hq.database.store import HqConnection
from crmdesk.hq.exchange.bounds import may_say
from crmdesk.i18n import _
from crmdesk.sync.merge import RefusedOp, Writer
from crmdesk.sync.protocol import Op, Wire

_MAKER: Mapping[str, str] = {"promise": "user_id", "ticket": "opened_by_id"}
"""Which column says who made it; who is to do it is ``assignee_id`` in each."""


def office_people(connection: HqConnection, ops: Sequence[Op], writer: Writer) -> frozenset[str]:
    """The uids (hex) of everybody in the office; none where these ops give nothing to anybody."""
    if writer.in_office or not any(
        op.entity in _MAKER and may_say(op, b"assignee_id") for op in ops
    ):
        return frozenset()
    rows = connection.execute(
        "SELECT encode(uuid_send(uid),'hex') FROM app_user WHERE role <> 'rep' AND NOT deleted"
    )
    return frozenset(str(row[0]) for row in rows)


def check_given(
    entity: str,
    before: Mapping[str, Wire],
    after: Mapping[str, Wire],
    writer: Writer,
    office: frozenset[str],
) -> None:
    """Raise RefusedOp where a rep has given to somebody else's rep, or written in another's name.

    ``before`` are the values as they were, empty for a new row. What stands there already stays.
    """
    maker = _MAKER.get(entity)
    if maker is None or writer.in_office:
        return
    made_by, given_to = after.get(maker), after.get("assignee_id")
    if made_by != before.get(maker) and (before.get(maker) or made_by != writer.user):
        raise RefusedOp("not-yours", _("This was written by somebody else."))
    allowed = {None, writer.user, *office}
    if given_to != before.get("assignee_id") and given_to not in allowed:
        raise RefusedOp(
            "assignee", _("A rep gives this to the office or keeps it, not to another rep.")
        )

"""A person who was erased leaves HQ's log, its stored answers and its tombstones too.

The erasure itself is a change like any other (:mod:`crmdesk.services.erasing_people`); what follows
here is in the transaction that takes it. Who did what when stays in the log, without the words.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import structs

from crmdesk.domain.erasure import NAMELESS
from crmdesk.hq.access import auth
from crmdesk.hq.database import feed, images
from crmdesk.hq.database.scopes import Principal, territory_scope
from crmdesk.hq.database.store import HqConnection
from crmdesk.hq.exchange.judging import Verdict
from crmdesk.sync.erasure_merge import is_erased
from crmdesk.sync.protocol import Answer

# The ways to reach the person: those that are still there, and all that were deleted before.
_POINTS = """
SELECT encode(uuid_send(p.uid),'hex') FROM contact_point p WHERE p.account_id = %(account)s::uuid
AND (p.contact_id = %(contact)s::uuid OR p.deleted)
UNION
SELECT encode(uuid_send(c.uid),'hex') FROM change c WHERE c.account_id = %(account)s::uuid
AND c.entity = 'contact_point' AND NOT EXISTS (
    SELECT 1 FROM contact_point p WHERE p.account_id = c.account_id AND p.uid = c.uid
    AND NOT p.deleted AND p.contact_id <> %(contact)s::uuid)
"""

_STRIP_LOG = """
UPDATE change SET fields = CASE WHEN fields ? 'erased_at'
    THEN jsonb_build_object('erased_at', fields -> 'erased_at') END
WHERE account_id = %(account)s::uuid AND uid = ANY(%(uids)s::uuid[])
AND entity IN ('contact', 'contact_point') AND fields IS NOT NULL
RETURNING encode(uuid_send(device_id),'hex'), txn
"""


def erased_people(verdict: Verdict) -> set[tuple[str, str]]:
    """The people (account and uid as hex) whose erasure a push brings, or brings again."""
    return {
        (str(images.account_of(*key, image.values)), key[1])
        for key, image in verdict.changed.items()
        if key[0] == "contact" and is_erased(image.values)
    }


def forget(connection: HqConnection, who: Principal, people: Collection[tuple[str, str]]) -> None:
    """Leave no word of these people in what HQ keeps beside its living rows.

    Stored answers and the quarantine are looked through once, however many people there are.
    """
    uids: set[str] = set()
    answered: set[tuple[str, int]] = set()
    for account, contact in sorted(people):
        row = connection.execute(
            "SELECT 1 FROM contact WHERE account_id = %s::uuid AND uid = %s::uuid"
            " AND erased_at IS NOT NULL AND name = %s",
            (account, contact, NAMELESS),
        ).fetchone()
        if row is not None:
            about, known = _forget(connection, who, account, contact)
            uids |= about
            answered |= known
    if uids:
        connection.execute(
            "DELETE FROM quarantine WHERE op LIKE ANY(%s)", ([f"%{uid}%" for uid in sorted(uids)],)
        )
        _strip_answers(connection, answered, sorted(uids))


def _forget(
    connection: HqConnection, who: Principal, account: str, contact: str
) -> tuple[set[str], set[tuple[str, int]]]:
    """Forget one; returns uids of the person and its points, and the answers of their changes."""
    run = connection.execute
    about: dict[str, Any] = {"account": account, "contact": contact}
    points = [str(row[0]) for row in run(_POINTS, about)]
    about["uids"] = [contact, *points]
    answered = {(str(d), int(n)) for d, n in run(_STRIP_LOG, about) if d and n is not None}
    run(
        "UPDATE contact SET extra = NULL WHERE account_id = %(account)s::uuid"
        " AND uid = %(contact)s::uuid",
        about,
    )
    gone = run(
        "UPDATE contact_point SET deleted = true, rev = rev + 1 WHERE contact_id ="
        " %(contact)s::uuid AND account_id = %(account)s::uuid AND NOT deleted"
        " RETURNING encode(uuid_send(uid),'hex')",
        about,
    ).fetchall()
    run(
        "UPDATE contact_point SET value = '', label = NULL, extra = NULL"
        " WHERE account_id = %(account)s::uuid AND uid = ANY(%(uids)s::uuid[]) AND deleted",
        about,
    )
    handed = run(
        "UPDATE handover SET content = NULL, rev = rev + 1 WHERE account_id = %(account)s::uuid"
        " AND NOT deleted AND content::text LIKE '%%' || %(contact)s || '%%'"
        " RETURNING encode(uuid_send(uid),'hex')",
        about,
    ).fetchall()
    _announce(connection, account, [("contact_point", str(row[0])) for row in gone]
              + [("handover", str(row[0])) for row in handed])  # fmt: skip
    auth.audit(
        connection, "person-erased", user=who.user, device=who.device,
        detail=json.dumps({"account": account, "contact": contact}),
    )  # fmt: skip
    return {contact, *points}, answered


def _announce(connection: HqConnection, account: str, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    found = connection.execute(
        "SELECT encode(uuid_send(territory_id),'hex') FROM account WHERE account_id = %s::uuid",
        (account,),
    ).fetchone()
    scope = territory_scope(None if found is None else found[0])
    feed.announce(connection, [(scope, name, uid, account) for name, uid in rows])


def _strip_answers(
    connection: HqConnection, answered: Collection[tuple[str, int]], uids: Collection[str]
) -> None:
    """Stored answers keep their verdict; rows of the person and values that collided go."""
    rows = connection.execute(
        "SELECT encode(uuid_send(device_id),'hex'), seq, answer FROM op_result"
        " WHERE (device_id, seq) IN (SELECT * FROM unnest(%s::uuid[], %s::bigint[]))"
        " OR answer LIKE ANY(%s)",
        (
            [device for device, _seq in sorted(answered)],
            [seq for _device, seq in sorted(answered)],
            [f"%{uid}%" for uid in uids],
        ),
    ).fetchall()
    for device, seq, answer in rows:
        said = msgspec.json.decode(answer, type=Answer)
        if said.row is None and not said.collisions:
            continue
        bare = structs.replace(said, row=None, collisions=[])
        connection.execute(
            "UPDATE op_result SET answer = %s WHERE device_id = %s::uuid AND seq = %s",
            (msgspec.json.encode(bare).decode(), device, seq),
        )

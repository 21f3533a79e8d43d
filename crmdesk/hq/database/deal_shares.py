"""Shares of divided opportunities, for people who do not have the customer.

HQ keeps one row per opportunity and person, in that person's own scope: the customer's name, the
amount, the stage and the share, and nothing else of the customer. It follows the opportunity and
the name of its customer, in the transaction that changed them; whoever has no share any more
loses the row. Nobody else writes these rows.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from crmdesk.domain.ids import uid_of
from crmdesk.domain.pipeline import read_splits
from crmdesk.hq.database import images
from crmdesk.hq.database.scopes import row_scope
from crmdesk.hq.database.store import HqConnection, as_uids
from crmdesk.storage.entities import ENTITIES
from crmdesk.sync.merge import Image
from crmdesk.sync.protocol import Wire

NAME = "deal_share"

News = list[tuple[str, str, str, str | None]]
"""Rows for the feed: scope, entity, uid, account."""

_DIVIDED = (
    "SELECT encode(uuid_send(uid),'hex') FROM opportunity"
    " WHERE splits IS NOT NULL AND account_id = ANY(%s::uuid[])"
)
_EVERY = "SELECT encode(uuid_send(uid),'hex') FROM opportunity WHERE splits IS NOT NULL"
_KNOWN = (
    "SELECT encode(uuid_send(uid),'hex') FROM deal_share WHERE opportunity_uid = ANY(%s::uuid[])"
)
_DEALS = (
    "SELECT encode(uuid_send(o.uid),'hex'), a.name, o.stage, o.amount_minor, o.currency,"
    " o.splits::text FROM opportunity o JOIN account a ON a.account_id = o.account_id"
    " WHERE o.uid = ANY(%s::uuid[]) AND o.splits IS NOT NULL AND NOT o.deleted AND NOT a.deleted"
)
_PEOPLE = (
    "SELECT encode(uuid_send(uid),'hex') FROM app_user WHERE uid = ANY(%s::uuid[]) AND NOT deleted"
)


def refresh(
    connection: HqConnection, opportunities: Iterable[str], accounts: Iterable[str] = ()
) -> News:
    """Bring the shares of opportunities up to date, and of divided ones of accounts (uids, hex).

    Returns what the feed has to tell; the changed rows themselves are written.
    """
    deals, customers = set(opportunities), sorted(set(accounts))
    if customers:
        rows = connection.execute(_DIVIDED.encode(), (as_uids(customers),))
        deals |= {str(row[0]) for row in rows}
    return _renew(connection, deals) if deals else []


def refresh_all(connection: HqConnection) -> News:
    """The same for every divided opportunity: after a bulk load."""
    deals = {str(row[0]) for row in connection.execute(_EVERY.encode())}
    return _renew(connection, deals) if deals else []


def _renew(connection: HqConnection, deals: set[str]) -> News:
    known = {str(row[0]) for row in connection.execute(_KNOWN.encode(), (as_uids(sorted(deals)),))}
    wanted = _wanted(connection, deals)
    there = images.read_images(connection, {NAME: known | wanted.keys()})
    changed: dict[images.RowKey, Image] = {}
    for uid, values in wanted.items():
        image = there.get((NAME, uid))
        if image is None:
            changed[NAME, uid] = Image(dict(values), rev=1)
        elif image.deleted or any(image.values.get(k) != v for k, v in values.items()):
            image.values.update(values)
            image.deleted, image.rev = False, image.rev + 1
            changed[NAME, uid] = image
    for uid in known - wanted.keys():
        image = there[NAME, uid]
        if not image.deleted:
            image.deleted, image.rev = True, image.rev + 1
            changed[NAME, uid] = image
    images.write_images(connection, changed)
    entity = ENTITIES[NAME]
    return [
        (row_scope(entity, image.values, None), NAME, uid, None)
        for (_name, uid), image in changed.items()
    ]


def _wanted(connection: HqConnection, deals: set[str]) -> dict[str, dict[str, Wire]]:
    """The rows there should be, by uid."""
    rows = connection.execute(_DEALS.encode(), (as_uids(sorted(deals)),)).fetchall()
    shares = {str(row[0]): read_splits(msgspec.json.decode(row[5])) for row in rows}
    named = sorted({user for one in shares.values() for user in one if _is_uid(user)})
    people = {str(row[0]) for row in connection.execute(_PEOPLE.encode(), (as_uids(named),))}
    found: dict[str, dict[str, Wire]] = {}
    for deal, customer, stage, amount, currency, _splits in rows:
        for user, share in shares[str(deal)].items():
            if user in people:
                uid = uid_of(bytes.fromhex(deal), bytes.fromhex(user)).hex()
                found[uid] = {
                    "user_id": user, "opportunity_uid": str(deal), "customer": customer,
                    "stage": stage, "amount_minor": int(amount), "currency": currency,
                    "share_bp": share,
                }  # fmt: skip
    return found


def _is_uid(text: str) -> bool:
    return len(text) == 32 and all(sign in "0123456789abcdef" for sign in text)

"""Changes made at HQ itself: the same judgement, log and feed as a push from a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from crmdesk.domain.clock import HLC_COUNTER_BITS
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.hq.database import feed, images
from crmdesk.hq.database.scopes import Principal
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.database.tables import table_name
from crmdesk.hq.database.wire import quoted
from crmdesk.hq.exchange.push import judge_and_write
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES, SCHEMA_VERSION
from crmdesk.sync.protocol import Op, Txn, Wire

NOBODY = "0" * 32
HQ_ITSELF = Principal(NOBODY, NOBODY, Role.ADMIN, frozenset())


def find_uid(connection: HqConnection, entity_name: str, column: str, value: str) -> str:
    """The uid (hex) of the row with this code; NotFound when there is none."""
    return find_uids(connection, entity_name, column, [value])[0]


def find_uids(
    connection: HqConnection, entity_name: str, column: str, values: Sequence[str]
) -> list[str]:
    """The uids (hex) of the rows with these codes, in their order; NotFound names a missing one."""
    rows = connection.execute(
        f"SELECT {quoted(column)}, encode(uuid_send(uid),'hex')"
        f" FROM {quoted(table_name(ENTITIES[entity_name]))}"
        f" WHERE {quoted(column)} = ANY(%s) AND NOT deleted".encode(),
        (list(values),),
    ).fetchall()
    found = {str(value): str(uid) for value, uid in rows}
    for value in values:
        if value not in found:
            raise NotFound(
                _("HQ has no {kind} {value}.").format(kind=entity_name, value=value),
                _("Check the code."),
            )
    return [found[value] for value in values]


def insert_row(store: Store, entity_name: str, values: Mapping[str, Wire], now_ms: int) -> str:
    """A new row from wire values by column; returns its uid (hex). UserError when refused."""
    uid = new_uid().hex()
    fields = {column: [None, value] for column, value in values.items() if value is not None}
    _apply(store, [_op(entity_name, uid, "I", fields, values.get("account_id"), now_ms)], now_ms)
    return uid


def update_rows(
    store: Store,
    entity_name: str,
    uids: Sequence[str],
    values: Mapping[str, Wire],
    now_ms: int,
) -> None:
    """Set columns of rows (uids as hex) in one transaction. UserError when refused."""
    with store.transaction() as connection:
        found = images.read_images(connection, {entity_name: uids})
    ops = []
    for seq, uid in enumerate(uids, start=1):
        image = found.get((entity_name, uid))
        if image is None:
            raise NotFound(_("HQ does not have this row."))
        fields = {column: [image.values.get(column), value] for column, value in values.items()}
        account = images.account_of(entity_name, uid, image.values)
        ops.append(_op(entity_name, uid, "U", fields, account, now_ms, seq, image.rev))
    _apply(store, ops, now_ms)


def update_changed(
    store: Store, entity_name: str, uid: str, values: Mapping[str, Wire], now_ms: int
) -> list[str]:
    """Set those columns of a row (uid as hex) that differ; returns which did."""
    with store.transaction() as connection:
        found = images.read_images(connection, {entity_name: [uid]})
    image = found.get((entity_name, uid))
    if image is None:
        raise NotFound(_("HQ does not have this row."))
    different = {c: value for c, value in values.items() if image.values.get(c) != value}
    if different:
        update_rows(store, entity_name, [uid], different, now_ms)
    return sorted(different)


def delete_row(store: Store, entity_name: str, uid: str, now_ms: int) -> None:
    """A tombstone for a row. UserError when refused."""
    with store.transaction() as connection:
        found = images.read_images(connection, {entity_name: [uid]})
    image = found.get((entity_name, uid))
    if image is None:
        raise NotFound(_("HQ does not have this row."))
    account = images.account_of(entity_name, uid, image.values)
    _apply(store, [_op(entity_name, uid, "D", None, account, now_ms, 1, image.rev)], now_ms)


def _op(
    entity_name: str,
    uid: str,
    kind: str,
    fields: dict[str, list[Wire]] | None,
    account: Wire,
    now_ms: int,
    seq: int = 1,
    base_rev: int = 0,
) -> Op:
    return Op(
        seq, entity_name, uid, account if isinstance(account, str) else None, kind,
        msgspec.Raw(msgspec.json.encode(fields)), base_rev, now_ms << HLC_COUNTER_BITS,
        SCHEMA_VERSION,
    )  # fmt: skip


def _apply(store: Store, ops: list[Op], now_ms: int) -> None:
    with store.transaction() as connection:
        answers = judge_and_write(connection, HQ_ITSELF, [Txn(0, ops)], now_ms)
        for answer in answers.values():
            if answer.status == "r" and answer.code != "together":
                raise UserError(answer.sentence, code=answer.code)
    with store.transaction() as connection:
        feed.sequence(connection)

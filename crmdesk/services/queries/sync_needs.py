"""What needs the person: refused steps, collisions, price differences, handovers, answers.

Owns which rows make one card, what can be done about it, and the number that the chip shows.
Settling is :mod:`crmdesk.services.settling`, sending again :mod:`crmdesk.services.resolving`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from crmdesk.domain.clock import hlc_instant, parse_instant
from crmdesk.domain.states import Role
from crmdesk.services.queries.sync_waiting import facts_of
from crmdesk.services.settling import TYPED
from crmdesk.storage.entities import ENTITIES, Kind
from crmdesk.storage.tables import conflict, journal, refusal, seen, table, transfer
from crmdesk.sync.departing import CUSTOMER, LEFT

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

TOGETHER = "together"
"""The code of what was refused only because another part of the same step was."""

HOPELESS = frozenset(
    {
        LEFT, "scope", "hq-owned", "append-only", "immutable", "kept", "not-yours",
        "account-fixed", "malformed", "unknown-entity", "deleted", "exists", "decided",
    }
)  # fmt: skip
"""Codes with which the same step would be refused again."""

ANSWERED_DAYS = 14
_MOST_PARTS = 5
_OLDEST = "2000-01-01T00:00:00.000Z"
_account, _user = table("account"), table("user")


@dataclass(frozen=True, slots=True)
class CollisionRow:
    """A field both sides changed, as wire values; ``kept`` is "mine" or "theirs".

    ``kind`` is field, proposal (HQ owns the field), price or delete; ``typed`` when another value
    can be typed in place.
    """

    id: int
    field: str
    base: Any
    mine: Any
    theirs: Any
    kept: str
    kind: str
    theirs_by: str
    theirs_at: datetime | None
    typed: bool = False
    mine_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HandedPart:
    """One change of a former owner that was not taken over: entity and the new values by field."""

    entity: str
    values: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class NeedRow:
    """Something that needs the person.

    ``kind`` is refused (a step), conflict (the collisions of one row), price (an order taken
    although HQ's prices are others), handover (a former owner's words), outcome (the office's
    answer to a proposal) or file (whose bytes HQ did not take). ``ids`` are the rows behind it.
    ``row_id`` is the local id of the document or customer concerned, None when it is no longer
    here; ``status`` its state. ``by`` is who wrote or decided it, ``parts`` how many changes the
    refused step had.
    """

    kind: str
    ids: tuple[int, ...]
    entity: str
    row_id: int | None
    account_id: int | None
    name: str
    number: str
    amount_minor: int | None
    at: datetime
    code: str
    sentence: str
    collisions: tuple[CollisionRow, ...] = ()
    by: str = ""
    status: str = ""
    parts: int = 1
    can_retry: bool = False
    handed: tuple[HandedPart, ...] = ()


def need_rows(connection: Connection, ws: Workspace) -> tuple[NeedRow, ...]:
    """Every card, newest first."""
    needs = [
        *_refusals(connection),
        *_conflicts(connection),
        *_handovers(connection, ws),
        *_outcomes(connection, ws),
        *_files(connection),
    ]
    return tuple(sorted(needs, key=lambda need: need.at, reverse=True))


def need_count(connection: Connection, ws: Workspace) -> int:
    """How many cards there are, without reading them."""
    collided = select(conflict.c.entity, conflict.c.uid, conflict.c.kind == "price").where(
        conflict.c.state == "open", ~_decided_since()
    )
    handed = select(func.count()).select_from(_handover_rows(ws).subquery())
    answered = select(func.count()).select_from(_outcome_rows(ws).subquery())
    files = select(func.count()).select_from(_file_rows().subquery())
    count = connection.scalar(select(func.count()).select_from(collided.distinct().subquery()))
    rows = connection.execute(
        select(refusal.c.txn, refusal.c.uid, refusal.c.code).where(refusal.c.state == "open")
    )
    refused = len(_steps(rows.all()))
    return (
        int(count or 0)
        + refused
        + int(connection.scalar(handed) or 0)
        + int(connection.scalar(answered) or 0)
        + int(connection.scalar(files) or 0)
    )


# -------------------------------------------------------------------------------------- refusals


def _steps(rows: Sequence[Any]) -> dict[bytes, list[Any]]:
    """Refusals by the row that caused them: parts of a step go with its culprit."""
    culprits = {row.txn: row.uid for row in rows if row.code != TOGETHER and row.txn}
    found: dict[bytes, list[Any]] = {}
    for row in rows:
        cause = culprits.get(row.txn, row.uid) if row.code == TOGETHER else row.uid
        found.setdefault(bytes(cause), []).append(row)
    return found


def _refusals(connection: Connection) -> list[NeedRow]:
    """One per refused row with what fell with it; the sentence is HQ's own."""
    rows = connection.execute(
        select(refusal).where(refusal.c.state == "open").order_by(refusal.c.id)
    ).all()
    return [_as_it_was(connection, _refused(connection, step)) for step in _steps(rows).values()]


def _refused(connection: Connection, step: Sequence[Any]) -> NeedRow:
    # A command of the same document says less than the document itself.
    told = next((row for row in step if row.code != TOGETHER), step[0])
    ids = tuple(row.id for row in step)
    need = _need(connection, "refused", ids, told.entity, told.uid, told.at)
    return replace(
        need,
        code=told.code,
        sentence=told.sentence,
        parts=len({row.uid for row in step}),
        by=_decider(connection, told.uid) if told.code == "decided" else "",
        can_retry=told.code not in HOPELESS and _can_be_made_again(need),
    )


def _decider(connection: Connection, uid: bytes) -> str:
    """Who decided a proposal that somebody here wanted to decide otherwise."""
    c = table("proposal").c
    name = connection.scalar(
        select(_user.c.name)
        .select_from(table("proposal").join(_user, _user.c.id == c.decided_by_id))
        .where(c.uid == uid)
    )
    return str(name or "")


def _can_be_made_again(need: NeedRow) -> bool:
    """A document only as the draft that it has become; other rows as they were."""
    spec = ENTITIES.get(need.entity)
    if spec is None:
        return False
    if spec.local_while is None:
        return True
    return spec.name == "order" and need.status == spec.local_while[1]


def _as_it_was(connection: Connection, need: NeedRow) -> NeedRow:
    """A refusal whose customer has left says who and which document it was about."""
    if need.name:
        return need
    was: dict[str, Any] = {}
    texts = select(refusal.c.fields).where(
        refusal.c.id.in_(need.ids), refusal.c.fields.is_not(None)
    )
    for text in connection.scalars(texts):
        was |= json.loads(text)
    number, amount = was.get("number", (None, None)), was.get("net_minor", (None, None))
    return replace(
        need,
        name=was.get(CUSTOMER, ""),
        number=need.number or number[1] or "",
        amount_minor=amount[1] if need.amount_minor is None else need.amount_minor,
    )


# ------------------------------------------------------------------------------------- conflicts


def _conflicts(connection: Connection) -> list[NeedRow]:
    """One per row with open collisions; those of prices are a card of their own."""
    grouped: defaultdict[tuple[str, bytes, bool], list[Any]] = defaultdict(list)
    for row in connection.execute(
        select(conflict)
        .where(conflict.c.state == "open", ~_decided_since())
        .order_by(conflict.c.id)
    ):
        grouped[(row.entity, row.uid, row.kind == "price")].append(row)
    return [
        replace(
            _need(
                connection, "price" if priced else "conflict", tuple(row.id for row in rows),
                entity_name, uid, rows[-1].at,
            ),
            code=rows[0].kind,
            by=rows[0].theirs_by or "",
            collisions=tuple(_collision(connection, row) for row in rows),
        )
        for (entity_name, uid, priced), rows in grouped.items()
    ]  # fmt: skip


def _decided_since() -> ColumnElement[bool]:
    """A collision that became a proposal which the office has answered: the answer is the card."""
    c = table("proposal").c
    return and_(
        conflict.c.kind == "proposal",
        exists(
            select(c.id).where(
                c.row_uid == conflict.c.uid, c.field == conflict.c.field, c.status != "open"
            )
        ),
    )


def account_of(connection: Connection, entity_name: str, uid: bytes) -> tuple[int | None, str]:
    """The customer a row belongs to: local id and name; None when it is not here."""
    t = table(entity_name)
    if entity_name == "account":
        query = select(t.c.id, t.c.name).where(t.c.uid == uid)
    elif entity_name == "proposal":
        query = (
            select(_account.c.id, _account.c.name)
            .select_from(t.join(_account, _account.c.uid == t.c.account_uid))
            .where(t.c.uid == uid)
        )
    elif "account_id" in t.c:
        query = (
            select(_account.c.id, _account.c.name)
            .select_from(t.join(_account, _account.c.id == t.c.account_id))
            .where(t.c.uid == uid)
        )
    else:
        return None, ""
    found = connection.execute(query).first()
    return (None, "") if found is None else (int(found[0]), str(found[1]))


def _collision(connection: Connection, row: Any) -> CollisionRow:
    def value(text: str | None) -> Any:
        wire = None if text is None else json.loads(text)
        return name_of(connection, row.entity, row.field, wire)

    return CollisionRow(
        id=row.id, field=row.field, base=value(row.base), mine=value(row.mine),
        theirs=value(row.theirs), kept=row.kept, kind=row.kind, theirs_by=row.theirs_by or "",
        theirs_at=None if row.theirs_at is None else parse_instant(row.theirs_at),
        typed=row.kind == "field" and _is_typed(row.entity, row.field),
        mine_at=_written_here(connection, row),
    )  # fmt: skip


def _written_here(connection: Connection, row: Any) -> datetime | None:
    """When the person last wrote the field here, as far as it has been sent."""
    path = '$."' + row.field.replace('"', "") + '"'
    hlc = connection.scalar(
        select(func.max(journal.c.hlc)).where(
            journal.c.uid == row.uid,
            journal.c.op.in_(("I", "U")),
            journal.c.state != "waiting",
            func.json_extract(journal.c.fields, path).is_not(None),
        )
    )
    return None if hlc is None else hlc_instant(int(hlc))


def _is_typed(entity_name: str, field_name: str) -> bool:
    fields = ENTITIES[entity_name].fields if entity_name in ENTITIES else ()
    return any(field_name in (f.name, f.column) and f.kind in TYPED for f in fields)


def name_of(connection: Connection, entity_name: str, field_name: str, wire: Any) -> Any:
    """What a reference refers to, by name; other values as they are."""
    if not isinstance(wire, str) or entity_name not in ENTITIES:
        return wire
    spec = ENTITIES[entity_name]
    field = next((f for f in spec.fields if field_name in (f.name, f.column)), None)
    if field is None or field.kind is not Kind.REF or field.ref is None:
        return wire
    target = table(field.ref)
    column = next((target.c[name] for name in ("name", "number", "code") if name in target.c), None)
    if column is None:
        return wire
    found = connection.execute(select(column).where(target.c.uid == bytes.fromhex(wire))).scalar()
    return wire if found is None else found


def _need(
    connection: Connection,
    kind: str,
    ids: tuple[int, ...],
    entity_name: str,
    uid: bytes,
    at: str,
) -> NeedRow:
    row: dict[str, Any] = {}
    account_id: int | None = None
    name = ""
    if entity_name in ENTITIES:
        row = facts_of(connection, entity_name, uid)
        account_id, name = account_of(connection, entity_name, uid)
    return NeedRow(
        kind=kind, ids=ids, entity=entity_name, row_id=row.get("id"), account_id=account_id,
        name=name, number=row.get("number") or "", amount_minor=row.get("amount"),
        at=parse_instant(at), code="", sentence="", status=row.get("status") or "",
    )  # fmt: skip


# ------------------------------------------------------------------------- handovers and answers


def _handover_rows(ws: Workspace) -> Select[Any]:
    """Unseen words of others about customers of this person's own."""
    c, mine = table("handover").c, table("territory_user").c
    query = (
        select(c.id, c.text, c.content, c.at, c.kind, _user.c.name.label("by"),
               _account.c.id.label("account_id"), _account.c.name)
        .select_from(
            table("handover")
            .join(_account, _account.c.id == c.account_id)
            .outerjoin(_user, _user.c.id == c.user_id)
        )
        .where(c.seen_at.is_(None), or_(c.user_id.is_(None), c.user_id != ws.user.id))
    )  # fmt: skip
    if ws.user.role is Role.REP:
        return query
    # The office has every customer here; it is told of those that are its own.
    return query.where(
        exists(
            select(mine.id).where(
                mine.territory_id == _account.c.territory_id, mine.user_id == ws.user.id
            )
        )
    )


def _handovers(connection: Connection, ws: Workspace) -> list[NeedRow]:
    return [
        NeedRow(
            kind="handover", ids=(row.id,), entity="handover", row_id=None,
            account_id=row.account_id, name=row.name, number="", amount_minor=None, at=row.at,
            code=row.kind, sentence=row.text, by=row.by or "", handed=handed_parts(row.content),
        )
        for row in connection.execute(_handover_rows(ws))
    ]  # fmt: skip


def handed_parts(content: Any) -> tuple[HandedPart, ...]:
    """The changes in a handover, those that say something to a person, the first few."""
    found = []
    for one in content if isinstance(content, list) else []:
        fields = one.get("fields") if isinstance(one, dict) else None
        if not isinstance(fields, dict) or one.get("op") not in ("I", "U"):
            continue
        pairs = [(name, pair) for name, pair in fields.items() if isinstance(pair, list)]
        values = tuple((name, pair[1]) for name, pair in pairs if len(pair) == 2)
        found.append(HandedPart(str(one.get("entity", "")), values))
    return tuple(found[:_MOST_PARTS])


def _outcome_rows(ws: Workspace) -> Select[Any]:
    """Late answers to this person's proposals that have not been seen here.

    Older ones stand in the list of proposals: a computer that has just joined begins calmly.
    """
    c = table("proposal").c
    return (
        select(table("proposal"), _user.c.name.label("by"))
        .select_from(table("proposal").outerjoin(_user, _user.c.id == c.decided_by_id))
        .where(
            c.user_id == ws.user.id, c.status != "open",
            c.decided_at >= ws.now() - timedelta(days=ANSWERED_DAYS),
            or_(c.decided_by_id.is_(None), c.decided_by_id != ws.user.id),
            ~exists(select(seen.c.uid).where(seen.c.entity == "proposal", seen.c.uid == c.uid)),
        )
    )  # fmt: skip


def _outcomes(connection: Connection, ws: Workspace) -> Iterable[NeedRow]:
    for row in connection.execute(_outcome_rows(ws)):
        need = _need(connection, "outcome", (row.id,), row.entity, row.row_uid, _OLDEST)
        accepted = row.status == "accepted"
        collision = CollisionRow(
            id=row.id, field=row.field or "", base=row.current,
            mine=name_of(connection, row.entity, row.field or "", row.proposed),
            theirs=name_of(connection, row.entity, row.field or "", row.current),
            kept="mine" if accepted else "theirs", kind=row.kind, theirs_by=row.by or "",
            theirs_at=row.decided_at,
        )  # fmt: skip
        yield replace(
            need,
            at=row.decided_at or row.at,
            code=row.kind,
            status=row.status,
            sentence=row.answer or "",
            by=row.by or "",
            collisions=(collision,),
        )


# ----------------------------------------------------------------------------------------- files


def _file_rows() -> Select[Any]:
    """Files whose bytes HQ did not take, one each, as long as nobody has taken note here."""
    c = table("attachment").c
    noted = select(seen.c.uid).where(seen.c.entity == "attachment", seen.c.uid == c.uid)
    return (
        select(func.min(c.id).label("id"), c.name, transfer.c.asked_at, transfer.c.problem,
               _account.c.id.label("account_id"), _account.c.name.label("customer"))
        .select_from(
            transfer.join(table("attachment"), c.sha256 == transfer.c.sha256).join(
                _account, _account.c.id == c.account_id
            )
        )
        .where(transfer.c.state == "refused", ~exists(noted))
        .group_by(transfer.c.sha256)
    )  # fmt: skip


def _files(connection: Connection) -> list[NeedRow]:
    return [
        NeedRow(
            kind="file", ids=(row.id,), entity="attachment", row_id=None,
            account_id=row.account_id, name=row.customer, number=row.name, amount_minor=None,
            at=parse_instant(row.asked_at), code="file", sentence=row.problem or "", can_retry=True,
        )
        for row in connection.execute(_file_rows())
    ]  # fmt: skip

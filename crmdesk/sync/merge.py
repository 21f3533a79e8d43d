"""How an op from a laptop meets HQ's row: pure decisions, field by field, by owner.

Works on wire values. It neither reads nor writes anything: HQ hands in the row as it is and the
writer, and gets the row as it will be, the collisions to show, or a refusal. The rules are the
table of owners in the data model: H is HQ's, R the rep's own, B both sides', A only added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.order_changes import ALTERED_COLUMNS
from crmdesk.domain.states import (
    OrderStatus,
    PlanStatus,
    QuoteStatus,
    Role,
    check_order_step,
    check_plan_step,
    check_quote_step,
)
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES, Entity, Owner, Scope
from crmdesk.sync import deal_merge, erasure_merge, rules_merge, same_row, ticket_merge
from crmdesk.sync.protocol import Collision, Wire

Fields = Mapping[str, tuple[Wire, Wire]]
"""Column → (base, new), as the journal has it."""

MOVING = {
    "order": frozenset({"status", "answer", "reason_id", "delivery_date"}),
    "quote": frozenset(
        {
            "status",
            "next_follow_up",
            "decided_on",
            "reason_id",
            "order_uid",
            "sent_at",
            "lost_to",
        }
    ),
}
"""What may still change on a document that has been submitted.

Of a quote that may whoever has the customer now: its follow-ups and its decision go with it.
"""

REPS_MOVING = {**MOVING, "order": frozenset({"status"})}
"""The same for reps: what HQ answers to an order is the office's to write."""

BY_OFFICE, LINES = "_by_office", "_lines"
"""Keys of ``extra`` beside unknown fields: which of them the office wrote, and those of lines."""

_MOST_UNKNOWN = 300
_OFFICE_ROLES = frozenset({Role.OFFICE, Role.MANAGER, Role.ADMIN})


class RefusedOp(Exception):
    """HQ does not take this op; the code is for the program, the sentence for the person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Writer:
    """Who pushes: user (hex), role, the territories (hex) whose accounts are theirs."""

    user: str
    role: Role
    territories: frozenset[str]

    @property
    def in_office(self) -> bool:
        """True for those who may write what HQ owns."""
        return self.role in _OFFICE_ROLES


@dataclass(slots=True)
class Image:
    """A row at HQ: wire values by column and what HQ keeps beside them.

    ``lines`` is None while the op does not touch them. ``created`` marks a row that came into
    being in the transaction at hand, so that its lines may follow.
    """

    values: dict[str, Wire]
    rev: int = 0
    deleted: bool = False
    clocks: dict[str, int] = field(default_factory=dict)
    extra: dict[str, Wire] = field(default_factory=dict)
    lines: list[dict[str, Wire]] | None = None
    created: bool = False
    changed: bool = False

    def copy(self) -> Image:
        """An independent copy, so that a refused transaction leaves no trace."""
        return Image(
            dict(self.values), self.rev, self.deleted, dict(self.clocks), dict(self.extra),
            self.lines, self.created, self.changed,
        )  # fmt: skip


def merge_insert(
    entity: Entity, fields: Fields, image: Image | None, writer: Writer, hlc: int
) -> tuple[Image, list[Collision]]:
    """A new row, or the same one again; raises RefusedOp."""
    _may_add(entity, writer)
    known, extra = _split(entity, {name: pair[1] for name, pair in fields.items()})
    if image is not None and not _is_local(entity, image):
        same = same_row.is_same(entity, known, image.values)
        if image.deleted and not same:
            raise RefusedOp("deleted", _("This was deleted at HQ."))
        if not image.deleted:
            if all(image.values.get(name) == value for name, value in known.items()):
                return image, []
            if not same:
                raise RefusedOp("exists", _("HQ has this row already, with other content."))
            said = same_row.as_update(entity, fields)
            return image, merge_update(entity, said, image, writer, hlc)
    values: dict[str, Wire] = {**_defaults(entity.name), **known}
    _check_person(entity, values, writer)
    _check_author(entity, values, writer)
    collisions = _take_back_hq_fields(entity, values, writer)
    status = OrderStatus(str(values["status"])) if entity.name == "order" else None
    if status is not None:
        _check_status(entity, OrderStatus.DRAFT, status, writer)
    if entity.name == "quote":
        _check_quote(values, {})
    if entity.name == "ticket":
        _check_new_ticket(values, writer)
    _check_row(entity, values, known)
    clocks = dict.fromkeys(known, hlc) if entity.owner is Owner.BOTH else {}
    rev = 0 if image is None else image.rev
    made = Image(values, rev, clocks=clocks, created=True, changed=True)
    _keep_extra(made, extra, writer)
    return made, collisions


def _keep_extra(image: Image, extra: Mapping[str, Wire], writer: Writer) -> None:
    """Keep fields of a newer laptop until HQ knows them, and whether the office wrote them."""
    kept = {name: value for name, value in extra.items() if not name.startswith("_")}
    if not kept:
        return
    if len(image.extra.keys() | kept.keys()) > _MOST_UNKNOWN:
        raise RefusedOp("malformed", _("HQ could not read this change."))
    by_office = set(image.extra.get(BY_OFFICE) or ()) - kept.keys()
    if writer.in_office:
        by_office |= kept.keys()
    image.extra.update(kept)
    image.extra.pop(BY_OFFICE, None)
    if by_office:
        image.extra[BY_OFFICE] = sorted(by_office)
    image.changed = True


def merge_update(
    entity: Entity,
    fields: Fields,
    image: Image,
    writer: Writer,
    hlc: int,
    *,
    altering: bool = False,
) -> list[Collision]:
    """Changed fields onto HQ's row, in place; returns what collided. Raises RefusedOp.

    ``altering``: the same transaction says that, and why, the office alters this order.
    """
    if image.deleted:
        raise RefusedOp("deleted", _("This was deleted at HQ while you were changing it."))
    if entity.owner is Owner.APPEND:
        raise RefusedOp("append-only", _("What happened cannot be changed afterwards."))
    if entity.owner is Owner.HQ and not writer.in_office:
        raise RefusedOp("hq-owned", _("Only the office changes this."))
    if entity.name == "contact":
        erasing = erasure_merge.is_erasure(fields)
        if erasure_merge.is_erased(image.values) and not erasing:
            raise RefusedOp("erased", _("This person was erased. Nothing is kept of them."))
        if erasing:
            for column, value in erasure_merge.left_of(entity, image.values, fields).items():
                _set(entity, image, column, value, hlc)
            return []
    if not (entity.name == "quote" and fields.keys() <= MOVING["quote"]):
        _check_person(entity, image.values, writer)
    known, extra = _split(entity, dict(fields))
    if "account_id" in known:
        raise RefusedOp("account-fixed", _("A row cannot move to another customer."))
    _check_immutable(entity, known, image, writer, ALTERED_COLUMNS if altering else frozenset())
    if entity.name == "organisation":
        known = rules_merge.joined_rules(known, image.values)
    if entity.name == "proposal":
        known = _first_decision_stands(known, image)
    collisions = _leave_behind(entity, known, image, writer, hlc)
    for column, (base, new) in known.items():
        found = _merge_field(entity, column, (base, new), image, writer, hlc)
        if found is not None:
            collisions.append(found)
    _keep_extra(image, {name: pair[1] for name, pair in extra.items()}, writer)
    if entity.name == "quote":
        _check_quote(image.values, {name: pair[1] for name, pair in known.items()})
    _check_row(entity, image.values, known)
    return collisions


def _merge_field(
    entity: Entity, column: str, pair: tuple[Wire, Wire], image: Image, writer: Writer, hlc: int
) -> Collision | None:
    base, new = pair
    current = image.values.get(column)
    if current == new:
        return None
    if _owner(entity, column) is Owner.HQ and not writer.in_office:
        return Collision(column, base, new, current, "theirs", "proposal")
    if current == base or entity.owner is not Owner.BOTH:
        _check_step(entity, column, current, new, writer)
        _set(entity, image, column, new, hlc)
        return None
    later = hlc > image.clocks.get(column, 0)
    if later and _step_is_legal(entity, column, current, new, writer):
        _set(entity, image, column, new, hlc)
        return Collision(column, base, new, current, "mine")
    return Collision(column, base, new, current, "theirs")


def _set(entity: Entity, image: Image, column: str, value: Wire, hlc: int) -> None:
    image.values[column] = value
    image.changed = True
    if entity.owner is Owner.BOTH:
        image.clocks[column] = hlc


def merge_lines(
    entity: Entity,
    lines: list[dict[str, Wire]],
    image: Image,
    writer: Writer,
    *,
    altering: bool = False,
) -> None:
    """The lines of a document, replaced as a whole: while it is new, a draft or being altered."""
    if entity.lines is None:
        raise RefusedOp("malformed", _("HQ could not read this change."))
    if image.deleted:
        raise RefusedOp("deleted", _("This was deleted at HQ."))
    _check_person(entity, image.values, writer)
    if not image.created and not altering and not _is_local(entity, image):
        raise _immutable()
    known = {f.column for f in entity.lines.fields}
    image.lines = [{name: value for name, value in line.items() if name in known} for line in lines]
    beyond = [{name: value for name, value in line.items() if name not in known} for line in lines]
    image.extra.pop(LINES, None)
    if any(beyond):
        image.extra[LINES] = beyond
    image.changed = True


def merge_delete(
    entity: Entity, base_rev: int, image: Image | None, writer: Writer
) -> list[Collision]:
    """A deletion becomes a tombstone, unless somebody has edited the row meanwhile."""
    if image is None or image.deleted:
        return []
    if entity.owner is Owner.APPEND:
        raise RefusedOp("append-only", _("What happened cannot be deleted."))
    if entity.owner is Owner.HQ and not writer.in_office:
        raise RefusedOp("hq-owned", _("Only the office changes this."))
    if entity.name == "account":
        raise RefusedOp("kept", _("A customer is never deleted. Mark it as lost or merge it."))
    _check_person(entity, image.values, writer)
    if entity.local_while is not None and not _is_local(entity, image):
        raise _immutable()
    if image.rev > base_rev:
        return [Collision("", None, None, None, "theirs", "delete")]
    image.deleted = True
    image.changed = True
    return []


def check_scope(entity: Entity, image: Image, territory: str | None, writer: Writer) -> None:
    """Raise RefusedOp unless the row lies where this writer may write."""
    if writer.in_office:
        return
    if entity.scope is Scope.ACCOUNT:
        if territory is None or territory not in writer.territories:
            raise RefusedOp("scope", _("This customer is not in your territory (any more)."))
    elif entity.scope is Scope.USER:
        if image.values.get("user_id") != writer.user:
            raise RefusedOp("scope", _("This belongs to somebody else."))
    elif entity.scope is Scope.OFFICE:
        raise RefusedOp("scope", _("Only the office sees and changes this."))


def _may_add(entity: Entity, writer: Writer) -> None:
    if (entity.owner is Owner.HQ or entity.office_only) and not writer.in_office:
        raise RefusedOp("hq-owned", _("Only the office adds this."))


@cache
def _defaults(entity_name: str) -> dict[str, Wire]:
    return {f.column: f.default for f in ENTITIES[entity_name].fields}


@cache
def _owners(entity_name: str) -> dict[str, Owner]:
    entity = ENTITIES[entity_name]
    return {f.column: f.owner or entity.owner for f in entity.fields}


def _owner(entity: Entity, column: str) -> Owner:
    return _owners(entity.name).get(column, entity.owner)


def _split(entity: Entity, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields this version knows, and those of a newer laptop, kept for later."""
    columns = _defaults(entity.name)
    extra = {name: value for name, value in values.items() if name not in columns}
    if not extra:
        return values, extra
    return {name: value for name, value in values.items() if name in columns}, extra


def _check_person(entity: Entity, values: Mapping[str, Wire], writer: Writer) -> None:
    """A rep's own rows (visits, orders, expenses) are written by that rep or the office."""
    if entity.owner is not Owner.REP or writer.in_office:
        return
    if values.get("user_id", writer.user) not in {None, writer.user}:
        raise RefusedOp("not-yours", _("This was written by somebody else."))


def _check_author(entity: Entity, values: Mapping[str, Wire], writer: Writer) -> None:
    """What happened (notes, sales, events) is told by whoever was there, in no other's name."""
    if entity.owner is not Owner.APPEND or writer.in_office:
        return
    if values.get("user_id", writer.user) not in {None, writer.user}:
        raise RefusedOp("not-yours", _("This was written by somebody else."))


def _take_back_hq_fields(
    entity: Entity, values: dict[str, Wire], writer: Writer
) -> list[Collision]:
    """A rep's new row keeps HQ's own fields at their defaults; the wish becomes a proposal.

    The territory of a new customer is the exception: it must be one of the rep's own.
    """
    if writer.in_office or entity.owner is Owner.HQ:
        return []
    collisions = []
    for one in entity.fields:
        if one.owner is not Owner.HQ:
            continue
        wished = values[one.column]
        if entity.name == "account" and one.column == "territory_id":
            if wished is None and len(writer.territories) == 1:
                values[one.column] = next(iter(writer.territories))
            continue
        if wished != one.default:
            values[one.column] = one.default
            collisions.append(
                Collision(one.column, None, wished, one.default, "theirs", "proposal")
            )
    return collisions


def _is_local(entity: Entity, image: Image) -> bool:
    """True while a document is a draft, which HQ holds only after a withdrawal."""
    if entity.local_while is None:
        return False
    column, value = entity.local_while
    return image.values.get(column) == value and not image.deleted


def _check_immutable(
    entity: Entity,
    fields: Mapping[str, Any],
    image: Image,
    writer: Writer,
    altered: frozenset[str],
) -> None:
    if entity.local_while is None or _is_local(entity, image):
        return
    moving = (MOVING if writer.in_office else REPS_MOVING).get(entity.name, frozenset()) | altered
    if any(name not in moving for name in fields):
        raise _immutable()


def _immutable() -> RefusedOp:
    return RefusedOp(
        "immutable", _("This document has been submitted and cannot be changed. Make a copy.")
    )


def _first_decision_stands(fields: dict[str, Any], image: Image) -> dict[str, Any]:
    """What is left of a decision when somebody has decided meanwhile: nothing if it is the same.

    Another decision is refused with its whole transaction, so that what it writes falls with it.
    """
    if "status" not in fields:
        return fields
    base, new = fields["status"]
    status = image.values.get("status")
    if status == base:
        return fields
    if status == new:
        return {}
    raise RefusedOp("decided", _("Somebody else has decided this meanwhile; that stands."))


def _leave_behind(
    entity: Entity, fields: dict[str, Any], image: Image, writer: Writer, hlc: int
) -> list[Collision]:
    """Take a decision that came too late out of the fields; what it said is shown as collided."""
    if entity.name == "opportunity":
        later = hlc > image.clocks.get("stage", 0)
        behind = deal_merge.left_behind(fields, image.values, later=later)
    elif entity.name == "ticket":
        later = hlc > image.clocks.get("status", 0)
        behind = ticket_merge.left_behind(fields, image.values, writer.role, later=later)
    else:
        return []
    taken = {column: fields.pop(column) for column in sorted(behind)}
    return [
        Collision(column, base, new, image.values.get(column), "theirs")
        for column, (base, new) in taken.items()
        if new != image.values.get(column)
    ]


def _check_new_ticket(values: Mapping[str, Wire], writer: Writer) -> None:
    try:
        ticket_merge.check_new(values, writer.role)
    except IllegalTransition as error:
        raise RefusedOp("step", error.message) from error


def _check_row(entity: Entity, values: Mapping[str, Wire], written: Mapping[str, Any]) -> None:
    try:
        deal_merge.check_row(entity.name, values, written.keys())
    except IllegalTransition as error:
        raise RefusedOp("step", error.message) from error


def _check_step(entity: Entity, column: str, old: Wire, new: Wire, writer: Writer) -> None:
    is_deal = deal_merge.is_step(entity.name, column)
    if column != "status" and not is_deal:
        return
    try:
        if is_deal:
            deal_merge.check_step(entity.name, old, new)
        elif entity.name == "order":
            check_order_step(OrderStatus(str(old)), OrderStatus(str(new)), writer.role)
        elif entity.name == "quote":
            check_quote_step(QuoteStatus(str(old)), QuoteStatus(str(new)))
        elif entity.name == "ticket":
            ticket_merge.check_step(old, new, writer.role)
        elif entity.name == "planned_visit":
            check_plan_step(PlanStatus(str(old)), PlanStatus(str(new)))
    except IllegalTransition as error:
        raise RefusedOp("step", error.message) from error
    except ValueError as error:
        raise RefusedOp("malformed", _("HQ does not know this state.")) from error


def _check_status(entity: Entity, old: OrderStatus, new: OrderStatus, writer: Writer) -> None:
    if writer.in_office:
        return
    _check_step(entity, "status", old.value, new.value, writer)


def _check_quote(values: Mapping[str, Wire], changed: Mapping[str, Wire]) -> None:
    """No quote is lost without saying why, and none that waits is left without a next date."""
    try:
        status = QuoteStatus(str(values.get("status")))
    except ValueError as error:
        raise RefusedOp("malformed", _("HQ does not know this state.")) from error
    if status is QuoteStatus.LOST and values.get("reason_id") is None:
        raise RefusedOp("reason", _("A lost quote says why it was lost."))
    if status is not QuoteStatus.SENT:
        return
    if "next_follow_up" in changed and changed["next_follow_up"] is None:
        raise RefusedOp("no-next", _("A quote that waits has a date of its next follow-up."))
    if "status" in changed and values.get("order_uid") is not None:
        raise RefusedOp("ordered", _("This quote has been ordered and cannot be opened again."))


def _step_is_legal(entity: Entity, column: str, old: Wire, new: Wire, writer: Writer) -> bool:
    try:
        _check_step(entity, column, old, new, writer)
    except RefusedOp:
        return False
    return True

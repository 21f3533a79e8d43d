"""Judging a push: every client transaction against the rows as they are, wholly in or out.

Works in memory on rows that are already locked; the merge rules are :mod:`crmdesk.sync.merge`'s.
What was accepted stands in ``changed`` and is written afterwards in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec

from crmdesk.domain.letterhead import logo_of
from crmdesk.hq.database.bulk import unique_text
from crmdesk.hq.database.images import RowKey, account_of
from crmdesk.hq.database.scopes import row_scope
from crmdesk.hq.database.tables import global_uniques
from crmdesk.hq.exchange import bounds
from crmdesk.hq.exchange.credit import Credit
from crmdesk.hq.exchange.doorstep import check_taken
from crmdesk.hq.exchange.giving import check_given
from crmdesk.hq.exchange.order_steps import OrderSteps
from crmdesk.hq.exchange.packs import check_region_pack
from crmdesk.hq.exchange.prices import check_promotion
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES, Entity, Scope
from crmdesk.sync.merge import (
    Image,
    RefusedOp,
    Writer,
    check_scope,
    merge_delete,
    merge_insert,
    merge_lines,
    merge_update,
)
from crmdesk.sync.protocol import Answer, Collision, Op, Txn

_fields, _lines = bounds.fields, bounds.lines

UniqueKey = tuple[str, str, str]
"""Entity, columns joined by comma, joined value."""


@dataclass(slots=True)
class Ground:
    """What a push is judged on: locked rows, territories of accounts, values already taken.

    ``credit`` is that of the customers whose orders it accepts, where it accepts any; ``office``
    those who may be given a task by a rep, where it gives any.
    """

    images: dict[RowKey, Image]
    territories: dict[str, str | None]
    taken: dict[UniqueKey, str]
    credit: Credit | None = None
    office: frozenset[str] = frozenset()


@dataclass(slots=True)
class Verdict:
    """What became of the transactions; ``ops`` are the accepted ones with revision and account.

    ``altered`` are orders that the office has altered.
    """

    answers: dict[int, Answer] = field(default_factory=dict)
    changed: dict[RowKey, Image] = field(default_factory=dict)
    ops: list[tuple[Op, int, str | None]] = field(default_factory=list)
    uniques: dict[UniqueKey, RowKey] = field(default_factory=dict)
    news: dict[tuple[str, str, str, str | None], None] = field(default_factory=dict)
    proposals: list[tuple[Op, Collision]] = field(default_factory=list)
    show: set[RowKey] = field(default_factory=set)
    altered: set[str] = field(default_factory=set)


class Judge:
    """Judges transactions one after the other; each sees what those before it have changed."""

    def __init__(self, ground: Ground, writer: Writer, hlc: Callable[[int], int]) -> None:
        self.verdict = Verdict()
        self._ground = ground
        self._writer = writer
        self._hlc = hlc
        self._start = {key: image.rev for key, image in ground.images.items()}
        self._work: dict[RowKey, Image] = {}
        self._claimed: dict[UniqueKey, RowKey] = {}
        self._altered: set[RowKey] = set()
        self._steps = OrderSteps(Txn(0, []), {}, writer)

    def judge(self, txn: Txn) -> None:
        """Take or refuse one transaction."""
        self._work, self._claimed, self._altered = {}, {}, set()
        outcomes: list[tuple[Op, list[Collision]]] = []
        try:
            self._steps = OrderSteps(txn, self._ground.images, self._writer, self._ground.credit)
        except (msgspec.DecodeError, ValueError, TypeError, RefusedOp):
            self.refuse(txn, txn.ops[0], _unreadable())
            return
        for op in txn.ops:
            try:
                outcomes.append((op, self._one(op)))
            except RefusedOp as refusal:
                self.refuse(txn, op, refusal)
                return
            except (msgspec.DecodeError, ValueError, TypeError):
                self.refuse(txn, op, _unreadable())
                return
        steps, work = self._steps, self._work
        for op, reason in chain(steps.check_altered(work), steps.check_credit(work)):
            self.refuse(txn, op, reason)
            return
        self.verdict.altered |= self._steps.altered
        self._accept(outcomes)

    def refuse(self, txn: Txn, culprit: Op, refusal: RefusedOp) -> None:
        """Refuse a whole transaction because of one of its ops."""
        together = _("Not taken because another part of the same step was refused.")
        for op in txn.ops:
            mine = op is culprit
            code, sentence = (refusal.code, refusal.sentence) if mine else ("together", together)
            self.verdict.answers[op.seq] = Answer(op.seq, "r", code=code, sentence=sentence)
            if op.entity in ENTITIES and self._may_show(op):
                self.verdict.show.add((op.entity, op.uid))

    def _may_show(self, op: Op) -> bool:
        image = self._ground.images.get((op.entity, op.uid))
        if image is None:
            return False
        try:
            self._check_scope(ENTITIES[op.entity], op.uid, image)
        except RefusedOp:
            return False
        return True

    def _one(self, op: Op) -> list[Collision]:
        entity = ENTITIES.get(op.entity)
        if entity is None:
            raise RefusedOp("unknown-entity", _("HQ does not know this kind of row yet."))
        if op.op == "C":
            self._check_command(op)
            return []
        key = (op.entity, op.uid)
        image = self._image(key)
        if image is not None:
            self._check_scope(entity, op.uid, image)
        before = dict(image.values) if image is not None else {}
        collisions = self._apply(entity, op, key, image)
        after = self._work.get(key)
        if after is not None and after.changed:
            self._check_scope(entity, op.uid, after)
            self._claim_uniques(entity, key, after)
            if op.entity == "promotion" and not after.deleted:
                check_promotion(after)
            if op.entity == "organisation":
                _check_logo(after)
            if op.entity == "region_pack" and not after.deleted:
                check_region_pack(after)
            check_taken(op.entity, after, self._writer)
            check_given(op.entity, before, after.values, self._writer, self._ground.office)
        return collisions

    def _apply(self, entity: Entity, op: Op, key: RowKey, image: Image | None) -> list[Collision]:
        hlc = self._hlc(op.hlc)
        if op.op == "I":
            fields = _fields(op.fields) or {}
            made, collisions = merge_insert(entity, fields, image, self._writer, hlc)
            self._work[key] = made
            if made.values.get("territory_id") != fields.get("territory_id", (None, None))[1]:
                # HQ has put a new customer into the writer's territory: the laptop has to hear it.
                self._altered.add(key)
            return collisions
        if op.op == "D":
            return merge_delete(entity, op.base_rev, image, self._writer)
        if image is None:
            raise RefusedOp("missing", _("HQ does not have this row."))
        altering = entity.name == "order" and op.uid in self._steps.altered
        if op.op == "U":
            fields = _fields(op.fields) or {}
            return merge_update(entity, fields, image, self._writer, hlc, altering=altering)
        if op.op == "L":
            lines = _lines(op.fields).get("lines", [])
            merge_lines(entity, lines, image, self._writer, altering=altering)
            return []
        raise _unreadable()

    def _image(self, key: RowKey) -> Image | None:
        """The row as this transaction sees it: a copy it may change."""
        found = self._work.get(key)
        if found is None:
            known = self._ground.images.get(key)
            if known is None:
                return None
            found = self._work[key] = known.copy()
            found.changed = found.created = False
            found.lines = None
        return found

    def _check_command(self, op: Op) -> None:
        self._steps.check_command(op)
        if self._writer.in_office or op.account is None:
            return
        if self._territory(op.account) not in self._writer.territories:
            raise RefusedOp("scope", _("This customer is not in your territory (any more)."))

    def _check_scope(self, entity: Entity, uid: str, image: Image) -> None:
        territory = None
        if entity.scope is Scope.ACCOUNT:
            account = account_of(entity.name, uid, image.values)
            territory = self._territory(account)
        check_scope(entity, image, territory, self._writer)

    def _territory(self, account: str | None) -> str | None:
        if account is None:
            return None
        image = self._work.get(("account", account)) or self._ground.images.get(
            ("account", account)
        )
        if image is not None:
            found = image.values.get("territory_id")
            return found if isinstance(found, str) else None
        if account not in self._ground.territories:
            raise RefusedOp("missing-reference", _("HQ does not know this customer."))
        return self._ground.territories[account]

    def _claim_uniques(self, entity: Entity, key: RowKey, image: Image) -> None:
        for columns in global_uniques(entity):
            value = unique_text(image.values.get(c) for c in columns)
            unique = (entity.name, ",".join(columns), value)
            holder = self._ground.taken.get(unique)
            claimed = self.verdict.uniques.get(unique) or self._claimed.get(unique)
            if (holder or (claimed and claimed[1]) or key[1]) != key[1]:
                shown = value.replace("\x1f", " ")
                raise RefusedOp("duplicate", _("{value} exists at HQ already.").format(value=shown))
            if holder is None:
                self._claimed[unique] = key

    def _accept(self, outcomes: Sequence[tuple[Op, list[Collision]]]) -> None:
        verdict, images = self.verdict, self._ground.images
        for key, image in self._work.items():
            if not image.changed:
                continue
            before = images.get(key)
            if key[0] == "order" and self._ground.credit is not None:
                self._ground.credit.follow(before, image)
            image.rev = (before.rev if before is not None else 0) + 1
            if before is not None and image.lines is None:
                image.lines = before.lines
            self._announce(key, before, image)
            images[key] = verdict.changed[key] = image
        verdict.uniques.update(self._claimed)
        for op, collisions in outcomes:
            key = (op.entity, op.uid)
            image_now = images.get(key)
            rev = image_now.rev if image_now is not None else 0
            answer = Answer(op.seq, "m" if collisions else "a", rev, collisions=collisions)
            verdict.answers[op.seq] = answer
            account = op.account
            if image_now is not None:
                account = account_of(op.entity, op.uid, image_now.values)
            verdict.ops.append((op, rev, account))
            verdict.proposals += [(op, c) for c in collisions if c.kind == "proposal"]
            # Without the others' changes the laptop must not take over the new revision.
            if op.op != "C" and (collisions or self._start.get(key, 0) != op.base_rev):
                verdict.show.add(key)
        verdict.show |= self._altered

    def _announce(self, key: RowKey, before: Image | None, image: Image) -> None:
        name, uid = key
        entity = ENTITIES[name]
        account = account_of(name, uid, image.values)
        territory = self._territory(account) if account is not None else None
        scope = row_scope(entity, image.values, territory)
        if name == "account" and before is not None:
            old = before.values.get("territory_id")
            if old != image.values.get("territory_id"):
                old_scope = row_scope(entity, before.values, old if isinstance(old, str) else None)
                self.verdict.news[old_scope, "account", uid, uid] = None
                self.verdict.news[scope, "account*", uid, uid] = None
                return
        if entity.scope is Scope.USER and before is not None:
            # Who had it until now hears that it has gone.
            self.verdict.news[row_scope(entity, before.values, None), name, uid, account] = None
        self.verdict.news[scope, name, uid, account] = None


def _unreadable() -> RefusedOp:
    return RefusedOp("malformed", _("HQ could not read this change."))


def candidate_uniques(txns: Sequence[Txn]) -> dict[tuple[str, str], set[str]]:
    """Values of unique groups that new rows bring, by (entity, columns): to be looked up."""
    found: dict[tuple[str, str], set[str]] = {}
    for txn in txns:
        for op in txn.ops:
            entity = ENTITIES.get(op.entity)
            if entity is None or op.op not in {"I", "U"}:
                continue
            for columns in global_uniques(entity):
                values = _new_values(op)
                if any(c in values for c in columns):
                    joined = unique_text(values.get(c, _default(entity, c)) for c in columns)
                    found.setdefault((op.entity, ",".join(columns)), set()).add(joined)
    return found


def _new_values(op: Op) -> Mapping[str, Any]:
    try:
        return {name: pair[1] for name, pair in (_fields(op.fields) or {}).items()}
    except (ValueError, RefusedOp):
        return {}


def _default(entity: Entity, column: str) -> object:
    return next((f.default for f in entity.fields if f.column == column), None)


def _check_logo(image: Image) -> None:
    """Refuse a logo that is no small picture: every laptop would get it."""
    logo = image.values.get("logo")
    if logo is not None and not logo_of(logo):
        raise RefusedOp("invalid-logo", _("A logo is a PNG or JPEG picture."))

"""The office's steps on submitted orders, judged on the rows as they are: nobody decides unseen.

Owns which orders a push decides about and whether each step still fits. What fits is
:mod:`crmdesk.domain.order_changes`, the same code that the desktop asks before it writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.order_changes import (
    ALTER,
    OFFICE_STEPS,
    Seen,
    check_office_step,
    check_totals,
    content_mark,
    read_seen,
)
from crmdesk.hq.access.auth import is_uid
from crmdesk.hq.database.images import RowKey
from crmdesk.hq.exchange import bounds
from crmdesk.hq.exchange.credit import Credit
from crmdesk.i18n import _
from crmdesk.sync.merge import Image, RefusedOp, Writer
from crmdesk.sync.protocol import Op, Txn

_ALTERATION = "order_alteration"
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def decided_orders(txns: Sequence[Txn]) -> set[str]:
    """The orders (hex) that a push decides about or alters: their lines have to be known."""
    found = set()
    for op in (op for txn in txns for op in txn.ops):
        try:
            if op.entity == _ALTERATION and op.op == "I":
                found.add(str(_alteration(op).get("order_id")))
            elif op.entity == "order" and op.op == "C" and _command(op) in (*OFFICE_STEPS, ALTER):
                found.add(op.uid)
        except (msgspec.DecodeError, ValueError, TypeError, RefusedOp):
            continue
    return {uid for uid in found if is_uid(uid)}


def using_credit(txns: Sequence[Txn]) -> list[Op]:
    """The ops by which orders may be accepted or grow: their customers' credit has to be known."""
    ops = [op for txn in txns for op in txn.ops if is_uid(op.uid)]
    accepting = [op for op in ops if op.entity == "order" and op.op in {"U", "C"}]
    return [
        *(op for op in ops if op.entity == _ALTERATION and op.op == "I"),
        *(op for op in accepting if bounds.may_say(op, b"accept")),
    ]


class OrderSteps:
    """The office's steps in one transaction; ``images`` are the rows before it."""

    def __init__(
        self,
        txn: Txn,
        images: Mapping[RowKey, Image],
        writer: Writer,
        credit: Credit | None = None,
    ) -> None:
        self._images = images
        self._credit = credit
        self._writer = writer
        self._txn = txn
        self._said: dict[str, dict[str, Any]] = {}
        self._alterations: dict[str, Op] = {}
        for op in txn.ops:
            if op.entity == _ALTERATION and op.op == "I":
                self._alterations[str(_alteration(op).get("order_id"))] = op

    @property
    def altered(self) -> frozenset[str]:
        """The orders (hex) that this transaction alters."""
        return frozenset(self._alterations) if self._writer.in_office else frozenset()

    def check_command(self, op: Op) -> None:
        """Raise RefusedOp for a step by somebody who may not, or on what is no longer so."""
        if op.entity != "order" or _command(op) not in (*OFFICE_STEPS, ALTER):
            return
        if not self._writer.in_office:
            raise RefusedOp("step", _("The office decides about orders that HQ has."))
        args = _decode(op.fields).get("args")
        seen = read_seen(args.get("seen") if isinstance(args, dict) else None)
        self._check(_command(op), op.uid, seen)
        self._said[op.uid] = args if isinstance(args, dict) else {}

    def check_altered(self, work: Mapping[RowKey, Image]) -> Iterator[tuple[Op, RefusedOp]]:
        """The alterations whose order was another one before, or is another one than they say."""
        for uid, op in self._alterations.items():
            try:
                self._check_alteration(uid, _alteration(op), work)
            except RefusedOp as refusal:
                yield op, refusal
            except ValueError:
                yield op, RefusedOp("malformed", _("HQ could not read this change."))

    def check_credit(self, work: Mapping[RowKey, Image]) -> Iterator[tuple[Op, RefusedOp]]:
        """The ops by which an order passes a hard credit limit without a reason."""
        for op in self._txn.ops:
            key = (op.entity, op.uid)
            before, after = self._images.get(key), work.get(key)
            if self._credit is None or op.entity != "order" or after is None:
                continue
            try:
                self._credit.check(before, after, self._said.get(op.uid, {}))
            except RefusedOp as refusal:
                yield op, refusal

    def _check_alteration(
        self, uid: str, fields: Mapping[str, Any], work: Mapping[RowKey, Image]
    ) -> None:
        self._check(ALTER, uid, read_seen(fields.get("before")))
        before = self._images["order", uid]
        after = work.get(("order", uid), before)
        if after.values.get("account_id") != fields.get("account_id"):
            raise RefusedOp("step", _("This order belongs to another customer."))
        lines = after.lines if after.lines is not None else before.lines or []
        try:
            if after is not before and after.changed:
                check_totals(after.values, lines)
        except IllegalTransition as error:
            raise RefusedOp("step", error.message) from error
        if read_seen(fields.get("after")) != _seen(after, lines):
            raise RefusedOp("step", _("The alteration does not say what became of the order."))

    def _check(self, command: str, uid: str, seen: Seen) -> None:
        image = self._images.get(("order", uid))
        if image is None or image.deleted:
            raise RefusedOp("missing", _("HQ does not have this row."))
        try:
            check_office_step(command, seen, _seen(image, image.lines or []))
        except IllegalTransition as error:
            raise RefusedOp("step", error.message) from error


def _seen(image: Image, lines: Sequence[Mapping[str, Any]]) -> Seen:
    values = image.values
    return Seen(str(values.get("status")), content_mark(lines, values.get("delivery_date")))


def _command(op: Op) -> str:
    try:
        return str(_decode(op.fields).get("command"))
    except msgspec.DecodeError:
        return ""


def _alteration(op: Op) -> dict[str, Any]:
    return {name: pair[1] for name, pair in (bounds.fields(op.fields) or {}).items()}

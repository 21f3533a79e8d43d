"""What the office does with orders that came in: accept, reject, ship, invoice, take back.

Every order is a transaction of its own: one that HQ refuses does not hold up the others. A step
carries what its person saw of the order, so that HQ (:mod:`crmdesk.hq.exchange.order_steps`) can
tell that somebody else came first. Altering is :mod:`crmdesk.services.order_alterations`'.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, IllegalTransition, NotFound, StaleRevision, UserError
from crmdesk.domain.order_changes import OFFICE_STEPS, Seen, content_mark
from crmdesk.domain.order_limits import MOST_REASON
from crmdesk.domain.states import OrderStatus, Role, check_order_step
from crmdesk.i18n import _
from crmdesk.services.credit import credit_of
from crmdesk.services.workspace import Workspace
from crmdesk.storage.capture import lines_query, record_command
from crmdesk.storage.engine import Tx
from crmdesk.storage.entities import ENTITIES
from crmdesk.storage.types import dump_json

_TAKEN_BACK = {"accept": "submitted", "reject": "submitted"}


@dataclass(frozen=True, slots=True)
class Left:
    """An order that a step in bulk left as it is, and why.

    ``code`` is "credit" where it passes a hard limit and can be accepted with a reason.
    """

    order_id: int
    number: str
    sentence: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step touched: the orders that moved, and those it left."""

    command: str
    order_ids: tuple[int, ...]
    left: tuple[Left, ...] = ()
    changes: ChangeSet = field(default_factory=ChangeSet)

    @property
    def can_be_taken_back(self) -> bool:
        """Whether :func:`take_back` can undo it: an answer can, goods on their way cannot."""
        return bool(self.order_ids) and self.command in _TAKEN_BACK


def accept_orders(ws: Workspace, ids: Sequence[int], *, beyond_credit: str = "") -> Taken:
    """Accept submitted orders; those that are no longer submitted are left, with the reason.

    So are those beyond a hard credit limit, unless ``beyond_credit`` says why they are accepted all
    the same: the rep reads it, and HQ asks for it again. FieldError for too long a reason.
    """
    reason = beyond_credit.strip()
    check_reason(reason)
    return step_each(ws, "accept", ids, beyond_credit=reason)


def reject_order(
    ws: Workspace, order_id: int, text: str = "", *, reason_id: int | None = None
) -> Taken:
    """Reject a submitted order, or cancel an accepted one, and tell the rep why.

    ``reason_id`` is an ``outcome_reason`` of kind ``order_rejected``; ``text`` what there is to
    say beyond it. FieldError without either.
    """
    text = text.strip()
    if not text and reason_id is None:
        raise FieldError("reason", _("Say why: the rep reads it."))
    check_reason(text)
    with ws.database.read() as connection:
        status = _status(connection, order_id)
        answer = _answer(connection, reason_id, text)
    command = "cancel" if status == OrderStatus.ACCEPTED else "reject"

    def note(tx: Tx, key: int) -> None:
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET answer = ?, reason_id = ? WHERE id = ?",
            (answer, reason_id, key),
        )

    return step_each(ws, command, [order_id], note, strict=True)


def ship_orders(ws: Workspace, ids: Sequence[int]) -> Taken:
    """Note that accepted orders have left the house; from here nothing is altered or taken back."""
    return step_each(ws, "ship", ids)


def take_back(ws: Workspace, taken: Taken) -> ChangeSet:
    """Undo accepting or rejecting: the orders wait for the office again.

    Raises StaleRevision for an order that has moved on since, UserError for a step that stays.
    """
    if not taken.can_be_taken_back:
        raise UserError(
            _("This step cannot be taken back."), _("Make the opposite change instead.")
        )
    changes = ChangeSet()
    for order_id in taken.order_ids:
        with ws.database.write() as tx:
            if _status(tx.connection, order_id) != OFFICE_STEPS[taken.command]:
                raise StaleRevision(
                    _("This has been changed since, so it was not taken back."),
                    _("Open it to see what it is now."),
                )
            _check_no_copy(tx.connection, order_id)
            changes |= _step(tx, ws, order_id, "reopen")
            tx.connection.exec_driver_sql(
                "UPDATE sales_order SET answer = NULL, reason_id = NULL WHERE id = ?", (order_id,)
            )
    return changes


def reopen_order(ws: Workspace, order_id: int) -> ChangeSet:
    """Let an accepted or rejected order wait for the office again."""
    with ws.database.read() as connection:
        status = _status(connection, order_id)
    command = "reject" if status == OrderStatus.REJECTED else "accept"
    return take_back(ws, Taken(command, (order_id,)))


def seen_of(connection: Connection, order_id: int) -> Seen:
    """What there is to be seen of an order here: its status and the mark of its content."""
    row = connection.exec_driver_sql(
        "SELECT uid, status, delivery_date FROM sales_order WHERE id = ?", (order_id,)
    ).first()
    if row is None:
        raise NotFound(_("This order is no longer here."), _("Choose another one."))
    text = connection.exec_driver_sql(lines_query(ENTITIES["order"]), (row[0],)).scalar_one()
    return Seen(str(row[1]), content_mark(json.loads(text)["lines"], row[2]))


def check_office(ws: Workspace) -> None:
    """Raise UserError for a rep."""
    if ws.user.role is Role.REP:
        raise UserError(
            _("The office decides about orders that HQ has."), _("Ask the office to change it.")
        )


def record_step(
    tx: Tx, order_id: int, command: str, seen: Seen, said: Mapping[str, Any] | None = None
) -> int:
    """Write a step of the office as a command op, with what is ``said`` about it besides.

    Returns the account's local id.
    """
    uid, account_uid, account_id = tx.connection.exec_driver_sql(
        "SELECT o.uid, a.uid, a.id FROM sales_order o JOIN account a ON a.id = o.account_id"
        " WHERE o.id = ?",
        (order_id,),
    ).one()
    args = dump_json({"command": command, "args": {"seen": seen.document(), **(said or {})}})
    record_command(tx.connection, "order", uid, account_uid, args)
    return int(account_id)


def step_each(
    ws: Workspace,
    command: str,
    ids: Sequence[int],
    also: Callable[[Tx, int], None] | None = None,
    *,
    strict: bool = False,
    beyond_credit: str = "",
) -> Taken:
    """One step on each of these orders, each in a transaction of its own with what belongs to it.

    Orders that the step does not fit are left with the reason; ``strict`` raises it instead.
    ``beyond_credit`` is why orders are accepted that pass a hard credit limit.
    """
    check_office(ws)
    changes, moved, left = ChangeSet(), [], []
    for order_id in ids:
        try:
            with ws.database.write() as tx:
                one = _step(tx, ws, order_id, command, beyond_credit)
                if also is not None:
                    also(tx, order_id)
        except (IllegalTransition, NotFound) as error:
            if strict:
                raise
            left.append(Left(order_id, _number(ws, order_id), error.message, error.code))
            continue
        moved.append(order_id)
        changes |= one
    return Taken(command, tuple(moved), tuple(left), changes)


def _step(tx: Tx, ws: Workspace, order_id: int, command: str, beyond_credit: str = "") -> ChangeSet:
    """One step on one order inside a transaction; raises IllegalTransition."""
    check_office(ws)
    seen = seen_of(tx.connection, order_id)
    new = OFFICE_STEPS[command]
    if seen.status == new:
        raise IllegalTransition(_("It is so already."))
    check_order_step(OrderStatus(seen.status), new, ws.user.role)
    said = None
    if new is OrderStatus.ACCEPTED:
        said = credit_decision(tx, ws, order_id, beyond_credit)
    account_id = record_step(tx, order_id, command, seen, said)
    tx.connection.exec_driver_sql(
        "UPDATE sales_order SET status = ? WHERE id = ?", (new.value, order_id)
    )
    return ChangeSet({"order": frozenset({order_id}), "account": frozenset({account_id})})


def credit_decision(
    tx: Tx, ws: Workspace, order_id: int, reason: str, *, total_minor: int | None = None
) -> Mapping[str, Any] | None:
    """What a step says that takes an order beyond a hard limit, None within it.

    ``total_minor`` is what the order is to become. IllegalTransition (code ``credit``) without a
    reason.
    """
    credit = credit_of(tx.connection, ws, order_id, waiting=False, total_minor=total_minor)
    if not credit.check.blocks:
        return None
    if not reason:
        raise IllegalTransition(credit.sentence(ws.currency), code="credit")
    tx.connection.exec_driver_sql(
        "UPDATE sales_order SET answer = ? WHERE id = ?", (reason, order_id)
    )
    return {"credit": {"reason": reason, "over_minor": credit.check.over_minor}}


def check_reason(text: str) -> None:
    """Raise FieldError for a reason that is too long."""
    if len(text) > MOST_REASON:
        raise FieldError(
            "reason", _("A reason has at most {most} characters.").format(most=MOST_REASON)
        )


def _status(connection: Connection, order_id: int) -> OrderStatus:
    found = connection.exec_driver_sql(
        "SELECT status FROM sales_order WHERE id = ?", (order_id,)
    ).scalar()
    if found is None:
        raise NotFound(_("This order is no longer here."), _("Choose another one."))
    return OrderStatus(found)


def _answer(connection: Connection, reason_id: int | None, text: str) -> str:
    """What the rep reads: the reason in words, and what was said beyond it."""
    if reason_id is None:
        return text
    name = connection.exec_driver_sql(
        "SELECT name FROM outcome_reason WHERE id = ?", (reason_id,)
    ).scalar()
    if name is None:
        raise FieldError("reason", _("This reason is no longer in use. Choose another one."))
    return f"{name}: {text}" if text else str(name)


def _check_no_copy(connection: Connection, order_id: int) -> None:
    """A rejected order that has come in again as a copy would be delivered twice."""
    copy = connection.exec_driver_sql(
        "SELECT c.number FROM sales_order c JOIN sales_order o ON o.uid = c.copied_from_uid"
        " WHERE o.id = ? AND o.status = 'rejected' AND c.status NOT IN ('draft', 'rejected',"
        " 'cancelled')",
        (order_id,),
    ).scalar()
    if copy is not None:
        raise UserError(
            _("This order has come in again as {number}.").format(number=copy),
            _("Reject that one first if this one is to be delivered."),
        )


def _number(ws: Workspace, order_id: int) -> str:
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT number FROM sales_order WHERE id = ?", (order_id,)
        ).scalar()
    return str(found or "")

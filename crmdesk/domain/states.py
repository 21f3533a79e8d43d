"""States and their legal steps, checked by the same code on the laptop and at HQ."""

from __future__ import annotations

from enum import StrEnum

from crmdesk.domain.errors import IllegalTransition
from crmdesk.i18n import _, pgettext


class Role(StrEnum):
    """What a person is in the company; decides places and rights."""

    REP = "rep"
    OFFICE = "office"
    MANAGER = "manager"
    ADMIN = "admin"


class AccountStatus(StrEnum):
    PROSPECT = "prospect"
    ACTIVE = "active"
    LAPSED = "lapsed"
    LOST = "lost"


class OrderStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SHIPPED = "shipped"
    INVOICED = "invoiced"
    PAID = "paid"
    CANCELLED = "cancelled"


class QuoteStatus(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    WON = "won"
    LOST = "lost"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class PlanStatus(StrEnum):
    PLANNED = "planned"
    STARTED = "started"
    DONE = "done"
    MISSED = "missed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class VisitMode(StrEnum):
    PERSON = "person"
    CALL = "call"
    VIDEO = "video"
    MESSAGE = "message"


class VisitOutcome(StrEnum):
    ORDER = "order"
    NO_ORDER = "no_order"
    CLOSED = "closed"
    ABSENT = "absent"
    INFORMATION = "information"


class TicketStatus(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class TicketKind(StrEnum):
    INCIDENT = "incident"
    COMPLAINT = "complaint"
    RETURN = "return"


ORDER_STEPS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.DRAFT: frozenset({OrderStatus.SUBMITTED, OrderStatus.CANCELLED}),
    OrderStatus.SUBMITTED: frozenset(
        {OrderStatus.ACCEPTED, OrderStatus.REJECTED, OrderStatus.DRAFT, OrderStatus.CANCELLED}
    ),
    # Back to submitted: the office takes its own answer back, as long as nothing has left.
    OrderStatus.ACCEPTED: frozenset(
        {OrderStatus.SHIPPED, OrderStatus.CANCELLED, OrderStatus.SUBMITTED}
    ),
    OrderStatus.REJECTED: frozenset({OrderStatus.SUBMITTED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.INVOICED}),
    OrderStatus.INVOICED: frozenset({OrderStatus.PAID}),
    OrderStatus.PAID: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}
REP_ORDER_STEPS = frozenset(
    {
        (OrderStatus.DRAFT, OrderStatus.SUBMITTED),
        (OrderStatus.DRAFT, OrderStatus.CANCELLED),
        (OrderStatus.SUBMITTED, OrderStatus.DRAFT),
    }
)
QUOTE_STEPS: dict[QuoteStatus, frozenset[QuoteStatus]] = {
    QuoteStatus.DRAFT: frozenset({QuoteStatus.SENT}),
    QuoteStatus.SENT: frozenset(
        {
            QuoteStatus.DRAFT, QuoteStatus.WON, QuoteStatus.LOST, QuoteStatus.EXPIRED,
            QuoteStatus.SUPERSEDED,
        }
    ),
    QuoteStatus.WON: frozenset({QuoteStatus.SENT}),
    QuoteStatus.LOST: frozenset({QuoteStatus.SENT, QuoteStatus.SUPERSEDED}),
    QuoteStatus.EXPIRED: frozenset({QuoteStatus.SENT, QuoteStatus.SUPERSEDED}),
    QuoteStatus.SUPERSEDED: frozenset(),
}  # fmt: skip
PLAN_STEPS: dict[PlanStatus, frozenset[PlanStatus]] = {
    PlanStatus.PLANNED: frozenset(
        {
            PlanStatus.STARTED, PlanStatus.DONE, PlanStatus.MISSED, PlanStatus.CLOSED,
            PlanStatus.CANCELLED,
        }
    ),
    PlanStatus.STARTED: frozenset({PlanStatus.DONE, PlanStatus.PLANNED, PlanStatus.CLOSED}),
    PlanStatus.DONE: frozenset(),
    PlanStatus.MISSED: frozenset({PlanStatus.PLANNED}),
    PlanStatus.CLOSED: frozenset({PlanStatus.PLANNED}),
    PlanStatus.CANCELLED: frozenset({PlanStatus.PLANNED}),
}  # fmt: skip


def check_order_step(old: OrderStatus, new: OrderStatus, role: Role) -> None:
    """Raise :class:`IllegalTransition` unless this role may take the order from old to new."""
    if old is new:
        return
    by_rep = role is Role.REP
    if new not in ORDER_STEPS[old] or (by_rep and (old, new) not in REP_ORDER_STEPS):
        raise IllegalTransition(
            _("An order that is {old} cannot become {new}.").format(
                old=order_status_word(old), new=order_status_word(new)
            )
        )


def check_quote_step(old: QuoteStatus, new: QuoteStatus) -> None:
    """Raise :class:`IllegalTransition` unless a quote may go from old to new.

    Of two decisions the first stands: whoever wants another one opens the quote again.
    """
    if old is not new and new not in QUOTE_STEPS[old]:
        raise IllegalTransition(
            _("A quote that is {old} cannot become {new}.").format(
                old=quote_status_word(old), new=quote_status_word(new)
            )
        )


def check_plan_step(old: PlanStatus, new: PlanStatus) -> None:
    """Raise :class:`IllegalTransition` unless a planned visit may go from old to new."""
    if old is not new and new not in PLAN_STEPS[old]:
        raise IllegalTransition(_("This visit is finished and cannot be changed."))


def order_status_word(status: OrderStatus) -> str:
    """The status as people read it."""
    return {
        OrderStatus.DRAFT: _("draft"),
        OrderStatus.SUBMITTED: _("submitted"),
        OrderStatus.ACCEPTED: _("accepted"),
        OrderStatus.REJECTED: _("rejected"),
        OrderStatus.SHIPPED: _("shipped"),
        OrderStatus.INVOICED: _("invoiced"),
        OrderStatus.PAID: _("paid"),
        OrderStatus.CANCELLED: _("cancelled"),
    }[status]


def quote_status_word(status: QuoteStatus) -> str:
    """The status of a quote as people read it."""
    return {
        QuoteStatus.DRAFT: pgettext("quote", "draft"),
        QuoteStatus.SENT: pgettext("quote", "sent"),
        QuoteStatus.WON: pgettext("quote", "won"),
        QuoteStatus.LOST: pgettext("quote", "lost"),
        QuoteStatus.EXPIRED: pgettext("quote", "expired"),
        QuoteStatus.SUPERSEDED: pgettext("quote", "replaced"),
    }[status]

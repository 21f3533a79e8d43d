"""What the office does to a submitted order, and when it still fits: the same code on both sides.

A step is taken on what a person saw: the order's status and a mark of its content. Whoever comes
second, after somebody else has accepted, rejected or altered the order, is told so instead of
deciding about something they have not seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.states import OrderStatus, order_status_word
from crmdesk.i18n import _

ALTERABLE = frozenset({OrderStatus.SUBMITTED, OrderStatus.ACCEPTED})
"""While an order is one of these the office may alter it; nothing has left the house yet."""

ALTERED_COLUMNS = frozenset(
    {"net_minor", "discount_minor", "tax_minor", "total_minor", "cost_minor"}
)
"""Columns of a submitted order that an alteration may change, beside its lines."""

OFFICE_STEPS = {
    "accept": OrderStatus.ACCEPTED,
    "reject": OrderStatus.REJECTED,
    "cancel": OrderStatus.CANCELLED,
    "reopen": OrderStatus.SUBMITTED,
    "ship": OrderStatus.SHIPPED,
    "invoice": OrderStatus.INVOICED,
}
"""Steps of the office by the name of their command; ``alter`` leaves the status as it is."""

ALTER = "alter"
_SAME_FOR_TWO = frozenset({"accept", "ship"})
_MARKED = ("product_id", "packaging_id", "quantity", "factor", "base_quantity", "net_minor")


@dataclass(frozen=True, slots=True)
class Seen:
    """An order as somebody saw it: its status and the mark of its lines and delivery day."""

    status: str
    mark: str

    def document(self) -> dict[str, str]:
        """The same as a small document, for the journal."""
        return {"status": self.status, "mark": self.mark}


def read_seen(document: object) -> Seen:
    """What a document says was seen; ValueError when it says nothing of the kind."""
    if isinstance(document, Mapping):
        status, mark = document.get("status"), document.get("mark")
        if isinstance(status, str) and isinstance(mark, str):
            return Seen(status, mark)
    raise ValueError("not what somebody saw of an order")


def content_mark(lines: Sequence[Mapping[str, Any]], delivery_date: object) -> str:
    """A short mark that is another one when lines, amounts or delivery day are others.

    ``lines`` in wire form: references as 32 hexadecimal digits; ``delivery_date`` as ISO text.
    """
    content = [[line.get(name) for name in _MARKED] for line in lines]
    text = json.dumps([content, delivery_date], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check_office_step(command: str, seen: Seen, now: Seen) -> None:
    """Raise :class:`IllegalTransition` unless a step still fits the order as it is now.

    Two people who accept (or ship) the same order mean the same; anything else done by somebody
    else in between has to be looked at first.
    """
    if seen == now:
        if command == ALTER and now.status not in ALTERABLE:
            raise IllegalTransition(
                _("An order that is {status} cannot be altered any more.").format(
                    status=_word(now.status)
                )
            )
        return
    if seen.mark != now.mark:
        raise IllegalTransition(
            _("This order has been altered meanwhile. Look at it again, then decide.")
        )
    if command in _SAME_FOR_TWO and now.status == OFFICE_STEPS[command]:
        return
    raise IllegalTransition(
        _("This order is {status} by now. Look at it again, then decide.").format(
            status=_word(now.status)
        )
    )


def check_totals(values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> None:
    """Raise :class:`IllegalTransition` unless an altered order's totals are those of its lines."""
    sums = {
        name: sum(int(line.get(name) or 0) for line in lines)
        for name in ("net_minor", "tax_minor", "cost_minor")
    }
    sums["total_minor"] = sums["net_minor"] + sums["tax_minor"]
    if not lines or any(values.get(name) != amount for name, amount in sums.items()):
        raise IllegalTransition(_("The totals of the altered order are not those of its lines."))


def _word(status: str) -> str:
    try:
        return order_status_word(OrderStatus(status))
    except ValueError:
        return status

"""What HQ asks of tickets beyond their fields: legal steps, and whole ones.

Pure; the rules themselves are :mod:`crmdesk.domain.tickets`', the same code that the laptop asks
before it writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.states import Role
from crmdesk.domain.tickets import (
    DECISION_COLUMNS,
    check_new_ticket,
    check_ticket_step,
    ticket_status_of,
)
from crmdesk.sync.protocol import Wire


def check_new(values: Mapping[str, Wire], role: Role) -> None:
    """Raise IllegalTransition unless this role may add such a ticket."""
    check_new_ticket(ticket_status_of(values.get("status")), role)


def check_step(old: Wire, new: Wire, role: Role) -> None:
    """Raise IllegalTransition unless this role may take a ticket from old to new."""
    check_ticket_step(ticket_status_of(old), ticket_status_of(new), role)


def left_behind(
    fields: Mapping[str, tuple[Wire, Wire]], values: Mapping[str, Any], role: Role, *, later: bool
) -> frozenset[str]:
    """The columns of a step that another one has come before: all of them, or none.

    State, instant and words of a solution go together: a ticket that waits again does not keep the
    solution of somebody who did not know.
    """
    if "status" not in fields:
        return frozenset()
    base, new = fields["status"]
    status = values.get("status")
    if status == base:
        return frozenset()
    if status != new and later and _is_legal(status, new, role):
        return frozenset()
    return frozenset(DECISION_COLUMNS) & fields.keys()


def _is_legal(old: Wire, new: Wire, role: Role) -> bool:
    try:
        check_step(old, new, role)
    except IllegalTransition:
        return False
    return True

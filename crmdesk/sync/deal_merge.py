"""What HQ asks of leads and opportunities beyond their fields: legal rows, whole decisions.

Pure; the rules themselves are :mod:`crmdesk.domain.pipeline`'s and :mod:`crmdesk.domain.leads`',
the same code that the laptop asks before it writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.leads import check_lead, check_lead_step, status_of
from crmdesk.domain.pipeline import DECISION_COLUMNS, check_deal, check_stage_step, stage_of
from crmdesk.sync.protocol import Wire

_JUDGED = {
    "opportunity": (
        frozenset({"stage", "reason_id", "closed_on", "splits", "amount_minor"}),
        check_deal,
    ),
    "lead": (
        frozenset({"status", "reason_id", "closed_on", "score", "account_uid"}),
        check_lead,
    ),
}
_STEPS = {("opportunity", "stage"), ("lead", "status")}


def is_step(entity: str, column: str) -> bool:
    """Whether a column is a state that moves by legal steps only."""
    return (entity, column) in _STEPS


def check_step(entity: str, old: Wire, new: Wire) -> None:
    """Raise IllegalTransition unless a lead or an opportunity may go from old to new."""
    if entity == "opportunity":
        check_stage_step(stage_of(old), stage_of(new))
    else:
        check_lead_step(status_of(old), status_of(new))


def check_row(entity: str, values: Mapping[str, Wire], written: Set[str]) -> None:
    """Raise IllegalTransition unless the row may stand like this; ``written`` are its new columns.

    What stands there from before is left alone until one of the columns in question is written.
    """
    judged = _JUDGED.get(entity)
    if judged is not None and judged[0] & written:
        judged[1](values)


def left_behind(
    fields: Mapping[str, tuple[Wire, Wire]], values: Mapping[str, Any], *, later: bool
) -> frozenset[str]:
    """The columns of a decision that another one has come before: all of them, or none.

    Stage, reason and day of the end go together. Otherwise a deal that one has won and another
    lost would keep the stage of the first with the reason of the second. ``later``: this op's
    clock is later than that of the stage as it is.
    """
    if "stage" not in fields:
        return frozenset()
    base, new = fields["stage"]
    stage = values.get("stage")
    if stage == base:
        return frozenset()
    if stage != new and later and _is_legal(stage, new):
        return frozenset()
    return frozenset(DECISION_COLUMNS) & fields.keys()


def _is_legal(old: Wire, new: Wire) -> bool:
    try:
        check_step("opportunity", old, new)
    except IllegalTransition:
        return False
    return True

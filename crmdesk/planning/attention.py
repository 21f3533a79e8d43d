"""Attention models: who is due for a visit, who for a call, how late.

Owns the clocks of attention: an in-person interval with virtual contacts in between. A virtual
contact resets the attention clock, not the visit (order) clock. Leaves choosing days to `solver`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from crmdesk.planning.value import SaturatingValue, ValueModel


class DueState(Enum):
    """Where a customer stands against the promised interval."""

    FINE = "fine"
    DUE = "due"
    OVERDUE = "overdue"
    NEVER_VISITED = "never_visited"


@dataclass(frozen=True, slots=True)
class AttentionModel:
    """A visit every `interval_days`, with `virtual_between` calls or messages in between."""

    interval_days: float
    virtual_between: int = 0
    visit_minutes: float = 25.0
    virtual_minutes: float = 10.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.interval_days) and self.interval_days > 0.0):
            raise ValueError("an attention model needs an interval above zero")
        if self.virtual_between < 0 or self.visit_minutes < 0.0 or self.virtual_minutes < 0.0:
            raise ValueError("contacts and minutes cannot be negative")

    @property
    def contact_step_days(self) -> float:
        """Days between two contacts of any kind."""
        return self.interval_days / (self.virtual_between + 1)


@dataclass(frozen=True, slots=True)
class Attention:
    """One customer's clocks on one day.

    `gap_days` counts from the last visit; a customer never visited is taken as due on `visit_due`,
    the day the relation began. `virtual_due` is None when no call comes before the next visit.
    """

    state: DueState
    gap_days: int
    visit_due: date
    overdue_days: float
    virtual_due: date | None


def attention(
    model: AttentionModel,
    last_visit: date | None,
    last_virtual: date | None,
    today: date,
    *,
    since: date | None = None,
    value: ValueModel | None = None,
) -> Attention:
    """Where a customer stands on `today`.

    `since` is when the relation began, used while there was no visit yet (default: today). Overdue
    means beyond the tolerance of the value model (1.25 intervals).
    """
    rules = value if value is not None else SaturatingValue()
    interval = round(model.interval_days)
    seen = last_visit
    if seen is None:
        seen = (since or today) - timedelta(days=interval)
    visit_due = seen + timedelta(days=interval)
    gap = (today - seen).days
    overdue = rules.overdue_days(model.interval_days, gap)
    if last_visit is None:
        state = DueState.NEVER_VISITED
    elif overdue > 0.0:
        state = DueState.OVERDUE
    else:
        state = DueState.DUE if today >= visit_due else DueState.FINE
    return Attention(state, gap, visit_due, overdue, _virtual_due(model, seen, last_virtual))


def _virtual_due(model: AttentionModel, seen: date, last_virtual: date | None) -> date | None:
    """The next call, if it falls clearly before the next visit (half a step at least)."""
    if model.virtual_between == 0:
        return None
    step = model.contact_step_days
    contact = seen if last_virtual is None else max(seen, last_virtual)
    call = contact + timedelta(days=round(step))
    visit_due = seen + timedelta(days=round(model.interval_days))
    return call if (visit_due - call).days >= step / 2.0 else None


@dataclass(frozen=True, slots=True)
class DueEntry:
    """A customer's key with its clocks, for sorted lists."""

    key: str
    attention: Attention


def due_within(entries: Iterable[DueEntry], today: date, days: int) -> list[DueEntry]:
    """Customers whose visit or call falls due by `today` + `days`, the latest ones first."""
    until = today + timedelta(days=days)

    def first_due(entry: DueEntry) -> date:
        call = entry.attention.virtual_due
        due = entry.attention.visit_due
        return due if call is None else min(due, call)

    chosen = [entry for entry in entries if first_due(entry) <= until]
    return sorted(chosen, key=lambda entry: (first_due(entry), entry.key))


def break_even_order(travel_cost: float, minutes_cost: float, margin_rate: float) -> float | None:
    """The order value from which a drive pays: its costs divided by the contribution margin rate.

    None when the rate is zero or negative: no order would pay.
    """
    if margin_rate <= 0.0:
        return None
    return (travel_cost + minutes_cost) / margin_rate

"""Which visits and calls count: those at which somebody was met.

Owns the condition in SQL, so that planning, coverage and the summaries mean the same. What a visit
costs, where it was and what it says in the history holds for a closed door too.
"""

from __future__ import annotations

from crmdesk.domain.visit_work import NOBODY_MET

_OUTCOMES = ", ".join(f"'{outcome.value}'" for outcome in sorted(NOBODY_MET))


def somebody_met(visit: str = "visit") -> str:
    """The condition on a row of ``visit`` by its name in the query; one that runs counts."""
    return f"coalesce({visit}.outcome, '') NOT IN ({_OUTCOMES})"

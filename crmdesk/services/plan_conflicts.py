"""Fixed visits that a plan cannot keep: they stay where they are, so nobody is planned twice.

Owns that rule. Which visits cannot be kept is found by :mod:`crmdesk.planning.solver`, told by the
places.
"""

from __future__ import annotations

from crmdesk.planning.plan import Plan, plan_from_orders
from crmdesk.planning.problem import Problem


def refused_stops(plan: Plan) -> frozenset[int]:
    """The customers of fixed visits that the plan cannot keep, by position."""
    return frozenset(conflict.stop for conflict in plan.conflicts)


def seen_once(problem: Problem, plan: Plan) -> Plan:
    """The plan without further visits of customers whose fixed visit it cannot keep.

    That visit stands in the plan until a person moves it or takes it off.
    """
    refused = refused_stops(plan)
    fixed = {(visit.stop, visit.day) for visit in problem.fixed}
    orders = [
        [u for u in order if u not in refused or (u, d) in fixed]
        for d, order in enumerate(plan.orders())
    ]
    if orders == [list(order) for order in plan.orders()]:
        return plan
    return plan_from_orders(
        problem, orders, conflicts=plan.conflicts, iterations=plan.iterations, seed=plan.seed
    )

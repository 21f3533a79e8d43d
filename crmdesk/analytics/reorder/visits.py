"""What a visit does to the chance of a purchase: with one, without one.

Owns how much more often a customer orders on the day of a visit or the day after than on other
days, measured on the organisation's own history, and the chance of a pair for a number of visits
in the horizon. Forecasts already contain the usual visits; the planner asks what one more, or none,
would change. An effect below one is not believed: nobody orders less for being visited.
"""

from dataclasses import dataclass

import numpy as np

from crmdesk.analytics.reorder.exact import Floats, Ints, exp, log
from crmdesk.analytics.reorder.purchases import PurchaseDays

WINDOW_DAYS = 365
_FEWEST_ORDERS = 30
_MOST_LIFT = 50.0
_ALMOST_SURE = 1.0 - 1e-12
_DAY_BITS = 21


@dataclass(frozen=True, slots=True)
class VisitEffect:
    """``lift`` is the rate of order-days on days under a visit ÷ that on other days, at least 1.

    ``orders_visited`` and ``orders_other`` are the order-days it was measured on.
    """

    lift: float
    orders_visited: int
    orders_other: int


def visit_effect(
    purchases: PurchaseDays, visit_account: Ints, visit_day: Ints, as_of: int
) -> VisitEffect:
    """Measured on the last year of the accounts that had a visit in it; 1 with too few orders.

    A visit covers its own day and the next. Both counts get half an order, so that a company whose
    customers order in visits only has a lift that is large and finite.
    """
    recent = (visit_day > as_of - WINDOW_DAYS) & (visit_day <= as_of)
    account, day = visit_account[recent], visit_day[recent]
    ids = np.unique(account)
    if not len(ids) or not len(purchases):
        return VisitEffect(1.0, 0, 0)
    begin = as_of - WINDOW_DAYS
    code = np.searchsorted(ids, account)
    covered = np.unique(
        np.concatenate(
            ((code << _DAY_BITS) | (day - begin), (code << _DAY_BITS) | (day + 1 - begin))
        )
    )
    inside = (purchases.day > begin) & (purchases.day <= as_of)
    place = np.minimum(np.searchsorted(ids, purchases.account), len(ids) - 1)
    inside &= ids[place] == purchases.account
    orders = np.unique((place[inside] << _DAY_BITS) | (purchases.day[inside] - begin))
    visited = int(np.isin(orders, covered).sum())
    other = len(orders) - visited
    other_days = len(ids) * WINDOW_DAYS - len(covered)
    if len(orders) < _FEWEST_ORDERS or other_days <= 0:
        return VisitEffect(1.0, visited, other)
    lift = ((visited + 0.5) / len(covered)) / ((other + 0.5) / other_days)
    return VisitEffect(min(max(lift, 1.0), _MOST_LIFT), visited, other)


def usual_visits(account: Ints, visit_account: Ints, visit_day: Ints, as_of: int) -> Floats:
    """Visits per day of each account over the last year, 0 for one that was not visited."""
    recent = (visit_day > as_of - WINDOW_DAYS) & (visit_day <= as_of)
    ids, count = np.unique(visit_account[recent], return_counts=True)
    if not len(ids):
        return np.zeros(len(account))
    place = np.minimum(np.searchsorted(ids, account), len(ids) - 1)
    return np.where(ids[place] == account, count[place] / WINDOW_DAYS, 0.0)


def chance_with_visits(
    chance: Floats, horizon: int, visits: Ints | int, usual: Floats, effect: VisitEffect
) -> Floats:
    """Chance of a purchase within the horizon if so many visits fall into it.

    ``chance`` is the forecast, ``usual`` the visits per day that it was made with. The hazard is
    shared out over the days by their weight: 1 for an ordinary one, two of ``lift`` per visit.
    """
    extra = 2.0 * (effect.lift - 1.0)
    now = horizon + extra * np.minimum(visits, horizon // 2)
    then = horizon + extra * np.minimum(usual * horizon, horizon / 2.0)
    hazard = -log(1.0 - np.minimum(chance, _ALMOST_SURE))
    return np.asarray(1.0 - exp(-hazard * now / then))

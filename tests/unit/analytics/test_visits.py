"""With a visit, without one: the effect is found as it was made, and a chance moves with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.analytics.reorder import PurchaseDays, purchase_days
from crmdesk.analytics.reorder.exact import Ints
from crmdesk.analytics.reorder.visits import (
    VisitEffect,
    chance_with_visits,
    usual_visits,
    visit_effect,
)
from tests.unit.analytics.histories import lines_of

T = 20_000


def company(on_visit: float, otherwise: float, seed: int = 3) -> tuple[PurchaseDays, Ints, Ints]:
    random = np.random.default_rng(seed)
    rows, visits = [], []
    for account in range(120):
        for day in range(T - 360, T + 1):
            covered = (day + account) % 14 in (0, 1)
            if (day + account) % 14 == 0:
                visits.append((account, day))
            if random.random() < (on_visit if covered else otherwise):
                rows.append((account, 1, day, 5))
    table = np.array(visits, dtype=np.int64)
    return purchase_days(lines_of(rows)), table[:, 0], table[:, 1]


@pytest.mark.parametrize(("on_visit", "otherwise"), [(0.3, 0.03), (0.1, 0.1), (0.2, 0.05)])
def test_the_effect_that_was_made_is_found(on_visit, otherwise):
    found = visit_effect(*company(on_visit, otherwise), T)
    assert found.lift == pytest.approx(max(on_visit / otherwise, 1.0), rel=0.15)


def test_without_visits_or_orders_there_is_no_effect():
    nothing = np.zeros(0, dtype=np.int64)
    orders, account, day = company(0.3, 0.03)
    assert visit_effect(orders, nothing, nothing, T).lift == 1.0
    assert visit_effect(orders.until(0), account, day, T).lift == 1.0
    assert visit_effect(*company(0.02, 0.2), T).lift == 1.0
    assert visit_effect(orders, account, day, T - 5000).lift == 1.0
    assert usual_visits(np.array([1, 999]), account, day, T).tolist() == [
        pytest.approx(1 / 14, rel=0.05), 0.0
    ]  # fmt: skip


@given(
    chance=st.floats(0.0, 1.0), visits=st.integers(0, 6), lift=st.floats(1.0, 50.0),
    usual=st.floats(0.0, 0.5), horizon=st.sampled_from([7, 14, 30]),
)  # fmt: skip
def test_more_visits_never_lower_a_chance(chance, visits, lift, usual, horizon):
    effect = VisitEffect(lift, 100, 100)
    first, then = (
        float(chance_with_visits(np.array([chance]), horizon, n, np.array([usual]), effect)[0])
        for n in (visits, visits + 1)
    )
    assert 0.0 <= first <= then <= 1.0
    as_usual = chance_with_visits(np.array([chance]), 14, 1, np.array([1 / 14]), effect)
    assert as_usual[0] == pytest.approx(chance, abs=1e-9)

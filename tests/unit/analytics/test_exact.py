"""Reproducible arithmetic and the incomplete beta function, against scipy as the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from crmdesk.analytics.reorder import exact, purchase_days
from crmdesk.analytics.reorder.renewal import RenewalParameters, incomplete_beta, renewal_of
from crmdesk.analytics.reorder.snapshot import take_snapshot
from tests.unit.analytics.histories import lines_of


def test_logarithm_and_exponential_agree_with_the_library():
    x = np.exp(np.linspace(-40.0, 40.0, 20_001))
    assert np.allclose(exact.log(x), np.log(x), rtol=4e-16, atol=1e-15)
    y = np.linspace(-600.0, 600.0, 20_001)
    assert np.allclose(exact.exp(y), np.exp(y), rtol=1e-14, atol=0.0)
    assert exact.log(1.0) == 0.0
    assert exact.exp(0.0) == 1.0


def test_the_logistic_function_keeps_its_ends():
    x = np.array([-900.0, -30.0, 0.0, 30.0, 900.0])
    assert np.allclose(exact.logistic(x), special.expit(np.clip(x, -700, 700)), rtol=1e-13)


def test_log_gamma_agrees_with_scipy():
    x = np.concatenate([np.linspace(0.5, 30.0, 500), np.linspace(30.0, 3000.0, 500)])
    assert np.allclose(exact.log_gamma(x), special.gammaln(x), rtol=1e-13, atol=1e-13)


@given(st.floats(0.5, 900.0), st.floats(0.5, 5.0), st.floats(0.0, 1.0))
def test_incomplete_beta_agrees_with_scipy(a, b, x):
    ours = incomplete_beta(np.array([a]), b, np.array([x]))[0]
    assert ours == pytest.approx(special.betainc(a, b, x), abs=1e-11)


def test_a_value_does_not_depend_on_its_neighbours():
    a = np.geomspace(0.5, 700.0, 300)
    x = np.linspace(0.0, 1.0, 300)
    whole = incomplete_beta(a, 1.4, x)
    alone = [incomplete_beta(a[i : i + 1], 1.4, x[i : i + 1])[0] for i in range(300)]
    assert whole.tolist() == alone


def test_renewal_matches_the_formulas_of_its_definition():
    p = RenewalParameters()
    rows = [(1, 1, 100, 1), *((2, 1, day, 1) for day in range(1, 88, 14))]
    snapshot = take_snapshot(purchase_days(lines_of(rows)), 112)
    m, span, since = np.array([0, 6]), np.array([0, 84]), np.array([12, 27])
    prior = np.array([60.0, 30.0])
    renewal = renewal_of(p, snapshot, prior)
    a = p.rate_shape + p.shape * m
    b = p.rate_shape / p.shape * p.prior_weight * prior + span
    survive = [special.betainc(a, p.shape, b / (b + t)) for t in (since, since + 14)]
    expected = (
        (1 - p.lost_share)
        * (survive[0] - survive[1])
        / (p.lost_share + (1 - p.lost_share) * survive[0])
    )
    chances, days = renewal.forecast((7, 14))
    assert np.allclose(chances[1], expected, atol=1e-11)
    ends = special.betainc(a, p.shape, b / (b + since + 60))
    half = (survive[0] + ends) / 2
    assert (special.betainc(a, p.shape, b / (b + since + days)) <= half).all()
    assert (special.betainc(a, p.shape, b / (b + since + days - 1)) > half).all()


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=50), st.randoms())
def test_a_total_does_not_depend_on_the_order(values, random):
    mixed = list(values)
    random.shuffle(mixed)
    assert exact.total(np.array(values), 20) == exact.total(np.array(mixed), 20)


def test_small_systems_are_solved():
    random = np.random.default_rng(5)
    root = random.normal(size=(12, 12))
    matrix = root @ root.T + np.eye(12)
    right = random.normal(size=12)
    assert np.allclose(exact.solve_positive(matrix, right), np.linalg.solve(matrix, right))
    with pytest.raises(ArithmeticError):
        exact.solve_positive(-matrix, right)

"""The same bits under other processors' kernels; a sampled fit ends where a whole one does."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from threading import Thread, get_ident

import numpy as np
import pytest
from scipy import optimize

from crmdesk.analytics.reorder import cores, fit, logistic, purchase_days, training
from crmdesk.analytics.reorder.features import CLASSIC_FEATURES, FEATURES
from crmdesk.analytics.reorder.knowledge import believed
from tests.unit.analytics.digest import AS_OF, digest
from tests.unit.analytics.histories import invented_lines, shuffled

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "machine",
    [
        {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1"},
        {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"},
    ],
    ids=["old BLAS kernels", "no wide vectors"],
)
def test_other_numeric_kernels_give_the_same_bits(machine):
    environment = {**os.environ, **machine, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    script = Path(__file__).parent / "digest.py"
    done = subprocess.run(
        [sys.executable, str(script)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == digest()


@cache
def digest_of_one_core():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cores, "_cores", lambda: 1)
        return digest()


@pytest.mark.parametrize("count", [2, 3])
def test_any_number_of_cores_gives_the_same_bits(monkeypatch, count):
    monkeypatch.setattr(cores, "_cores", lambda: count)
    used = set()
    assert cores.shared(
        lambda a, b: used.add(get_ident()) or a - b, range(99), range(0, 198, 2)
    ) == [-number for number in range(99)]
    assert get_ident() not in used
    assert digest() == digest_of_one_core()


def test_work_is_done_where_no_thread_can_be_had(monkeypatch):
    def refused(_self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(cores, "_cores", lambda: 2)
    monkeypatch.setattr(Thread, "start", refused)
    assert cores.shared(abs, [-1, 2, -3]) == [1, 2, 3]


def test_narrow_features_teach_the_same(monkeypatch):
    matrix, label = labelled()
    assert matrix.dtype == np.float64
    monkeypatch.setattr(logistic, "_MOST_WIDENED", 0)
    narrow, _same = labelled()
    assert narrow.dtype == np.float32
    one, other = (logistic.fit_logistic(rows, label, believed(14)) for rows in (narrow, matrix))
    assert (one == other).all()


def labelled(horizon: int = 14):
    purchases = purchase_days(invented_lines().until(AS_OF))
    rows = [training._training(purchases, AS_OF, age) for age in training.SNAPSHOT_AGES]
    return training._labelled(rows, horizon)


def test_features_lie_on_their_grid():
    matrix, _label = labelled()
    assert matrix.shape[1] == FEATURES
    scaled = matrix.astype(np.float64) * 1024.0
    assert (scaled == np.rint(scaled)).all()
    assert np.abs(matrix).max() <= 64.0
    assert (np.ptp(matrix[:, 1:], axis=0) > 0.0).sum() >= FEATURES - 2


def test_a_sampled_fit_ends_where_the_whole_one_does(monkeypatch):
    matrix, label = labelled()
    whole = logistic.fit_logistic(matrix, label, believed(14))
    monkeypatch.setattr(logistic, "_SAMPLE", 400)
    assert len(logistic.sampled_rows(matrix)) < len(matrix) / 2
    assert np.abs(logistic.fit_logistic(matrix, label, believed(14)) - whole).max() < 2e-3


def test_a_sampled_fit_does_not_depend_on_the_order_of_lines(monkeypatch):
    monkeypatch.setattr(logistic, "_SAMPLE", 400)
    lines = invented_lines().until(AS_OF)
    one = fit(purchase_days(lines), AS_OF)
    assert fit(purchase_days(shuffled(lines, 4)), AS_OF).to_dict() == one.to_dict()


def test_the_fit_is_the_minimum_that_scipy_finds():
    matrix, label = labelled()
    x = matrix.astype(np.float64)
    belief = believed(14)
    penalty = belief.curvature()

    def cost(weights):
        score = x @ weights
        loss = np.logaddexp(0.0, score) - label * score
        chance = 1.0 / (1.0 + np.exp(-score))
        apart = weights - belief.mean
        slope = x.T @ (chance - label) + penalty @ apart
        return loss.sum() + 0.5 * apart @ penalty @ apart, slope

    found = optimize.minimize(cost, np.zeros(FEATURES), jac=True, method="BFGS")
    ours = logistic.fit_logistic(matrix, label, belief)
    assert cost(ours)[0] <= found.fun + 1e-4
    assert np.abs(x @ ours - x @ found.x).max() < 0.01


def test_a_separable_history_still_converges():
    random = np.random.default_rng(3)
    matrix = np.zeros((300, FEATURES), dtype=np.float32)
    matrix[:, 0] = 1.0
    matrix[:, 1] = np.rint(random.normal(size=300) * 1024) / 1024 * 8
    label = (matrix[:, 1] > 0).astype(np.float64)
    weights = logistic.fit_logistic(matrix, label, logistic.nothing_believed(FEATURES))
    assert np.isfinite(weights).all()
    chance = logistic.probabilities(matrix, weights)
    assert ((chance > 0.5) == (label > 0.5)).mean() > 0.98


def test_the_median_regression_halves_its_residuals():
    random = np.random.default_rng(4)
    matrix = np.zeros((4000, FEATURES), dtype=np.float32)
    matrix[:, 0] = 1.0
    matrix[:, 1] = np.rint(random.normal(size=4000) * 1024) / 1024
    target = 2.0 + 0.5 * matrix[:, 1] + random.exponential(1.0, 4000)
    weights = logistic.fit_absolute(matrix, target, logistic.nothing_believed(FEATURES))
    assert weights[0] == pytest.approx(2.0 + np.log(2.0), abs=0.06)
    assert weights[1] == pytest.approx(0.5, abs=0.06)
    assert np.mean(target > logistic.linear(matrix, weights)) == pytest.approx(0.5, abs=0.02)


def test_the_classic_fit_leaves_out_the_own_gaps():
    purchases = purchase_days(invented_lines().until(AS_OF))
    classic = training.fit_classic(purchases, AS_OF)
    for weights in classic.coefficients.values():
        assert (weights[CLASSIC_FEATURES:] == 0.0).all()
        assert (weights[:CLASSIC_FEATURES] != 0.0).sum() > 20


@pytest.mark.parametrize("value", [0.0, 1.0, 2.0, 3.0])
def test_rows_that_are_all_alike_are_never_sampled_away(monkeypatch, value):
    monkeypatch.setattr(logistic, "_SAMPLE", 10)
    alike = np.full((100, FEATURES), value, dtype=np.float32)
    assert len(logistic.sampled_rows(alike)) == 100

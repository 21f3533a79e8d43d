"""Measures, baselines, and the figures the forecast must reach on sets it was not made for."""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy import special

from crmdesk.analytics.figures import Missing
from crmdesk.analytics.reorder import SaleLines, backtest, baselines, metrics
from crmdesk.analytics.reorder.backtest import BacktestReport, Scores
from crmdesk.analytics.reorder.musts import musts, usual_cutoffs
from tests.unit.analytics.histories import invented_lines, lines_of, shuffled


def test_area_under_the_curve_counts_ties_half():
    positive = np.array([False, True, False, True])
    assert metrics.area_under_curve(np.array([1.0, 2.0, 3.0, 4.0]), positive) == 0.75
    assert metrics.area_under_curve(np.zeros(4), positive) == 0.5
    assert metrics.area_under_curve(np.zeros(4), ~np.zeros(4, dtype=bool)) is None


def test_log_loss_and_calibration():
    bought = np.array([True, False] * 50)
    half = np.full(100, 0.5)
    assert metrics.log_loss(half, bought) == pytest.approx(np.log(2.0))
    assert metrics.calibration_error(half, bought) == pytest.approx(0.0)
    assert metrics.calibration_error(half + 0.2, bought) == pytest.approx(0.2)
    assert metrics.log_loss(np.zeros(0), np.zeros(0, dtype=bool)) is None


def test_the_call_list_shares_ties():
    rank = np.array([9.0] + [1.0] * 39)
    bought = np.array([True] + [True, False, False] * 13)
    assert metrics.call_list_hits(rank, bought) == pytest.approx((1 + 1 / 3) / 2)
    assert metrics.call_list_hits(rank[:5], bought[:5]) is None


def test_recall_is_over_accounts_with_an_order():
    account = np.array([0, 0, 0, 1, 1, 2])
    rank = np.array([0.9, 0.5, 0.1, 0.3, 0.2, 0.7])
    ordered = np.array([True, False, True, False, True, False])
    assert metrics.next_order_recall(rank, account, ordered, size=2) == pytest.approx(0.75)
    assert metrics.next_order_recall(rank, account, np.zeros(6, dtype=bool)) is None


def test_quantity_errors():
    actual, said = np.array([10.0, 10.0]), np.array([5.0, 11.0])
    assert metrics.wape(said, actual) == pytest.approx(0.3)
    assert metrics.bias(said, actual) == pytest.approx(-0.2)
    assert metrics.wape(said, np.zeros(2)) is None


def test_bg_nbd_finds_the_parameters_its_customers_were_made_with():
    random = np.random.default_rng(1)
    size, age = 4000, 52 * 7
    rate = random.gamma(1.2, 1.0 / 6.0, size)
    drop = random.beta(1.0, 4.0, size)
    repeats, recency = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for row in range(size):
        week = random.exponential(1.0 / rate[row])
        while week < 52.0:
            repeats[row] += 1
            recency[row] = round(week * 7)
            if random.random() < drop[row]:
                break
            week += random.exponential(1.0 / rate[row])
    known = np.full(size, age)
    fitted = baselines.fit_bg_nbd(repeats, recency, known)
    assert fitted.r == pytest.approx(1.2, rel=0.15)
    assert fitted.alpha == pytest.approx(6.0, rel=0.2)
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(0.2, rel=0.2)
    chance = baselines.bg_nbd_chance(fitted, repeats, recency, known, 14)
    assert ((chance > 0.0) & (chance < 1.0)).all()


def test_bg_nbd_likelihood_is_equation_six():
    at = baselines.BgNbd(0.243, 4.414, 0.793, 2.426)
    x, seen, known = 3.0, 20.0, 39.0
    first = special.beta(at.a, at.b + x) / special.beta(at.a, at.b)
    second = special.beta(at.a + 1, at.b + x - 1) / special.beta(at.a, at.b)
    rising = special.gamma(at.r + x) * at.alpha**at.r / special.gamma(at.r)
    expected = rising * (
        first * (at.alpha + known) ** -(at.r + x) + second * (at.alpha + seen) ** -(at.r + x)
    )
    ours = baselines._log_likelihood(at, np.array([x]), np.array([seen]), np.array([known]))
    assert ours[0] == pytest.approx(np.log(expected), rel=1e-12)


def test_a_report_is_the_same_in_any_order_of_lines():
    lines = invented_lines(accounts=25)
    one = backtest(lines, [19_380, 19_400])
    other = backtest(shuffled(lines, 2), [19_400, 19_380, 19_400])
    assert one == other
    assert [report.cutoff for report in one.cutoffs] == [19_380, 19_400]
    assert one.left_out == {}


def test_cutoffs_that_cannot_be_judged_are_named_with_the_reason():
    lines = lines_of([(1, 1, day, 5) for day in (10, 20, 100)])
    report = backtest(lines, [5, 15, 95, 400])
    assert report.cutoffs == []
    assert report.methods == {}
    assert report.left_out[15] == Missing.TOO_FEW_PURCHASES
    assert report.left_out[95] == report.left_out[400] == Missing.TOO_FEW_DAYS
    assert backtest(lines_of([]), [5]).left_out == {5: Missing.NO_SALES}


def test_a_measure_without_meaning_is_none():
    report = backtest(invented_lines(accounts=20), [19_480])
    scores = report.methods["model"]
    assert scores.log_loss_14 is not None
    assert (scores.date_error_days, scores.auc_silent_60, scores.calibration_30) == (None,) * 3


def test_one_account_is_judged_by_the_model_of_all():
    lines = invented_lines(accounts=25)
    whole = backtest(lines, [19_400]).cutoffs[0]
    parts = [backtest(lines, [19_400], account) for account in (3, 4)]
    for part in parts:
        assert part.cutoffs[0].pairs == whole.pairs
        assert sum(size for _mean, _share, size in part.cutoffs[0].calibration) <= 6
        assert part.methods["model"].call_list is None
    assert parts[0].methods["model"] != parts[1].methods["model"]
    assert backtest(lines, [19_400], 999).left_out == {19_400: Missing.TOO_FEW_PURCHASES}


def check_musts(report: BacktestReport) -> None:
    """The column "must" of the design, beside the baselines on the same cut-offs."""
    ours, rule = report.methods["model"], report.methods["due_date"]
    for field in fields(Scores):
        assert getattr(ours, field.name) is not None, field.name
    missed = [one for one in musts(report) if not one.met and not one.further]
    assert missed == []
    assert ours.auc_14 >= rule.auc_14
    assert ours.auc_silent_60 >= rule.auc_silent_60
    assert ours.recall_at_10 >= rule.recall_at_10


def test_a_must_without_meaning_is_neither_met_nor_missed():
    lines = musts(BacktestReport([], {}, {}))
    assert len(lines) == 15
    assert {one.met for one in lines} == {None}


def test_a_must_that_is_missed_says_so():
    report = backtest(invented_lines(accounts=20), [19_400])
    poor = replace(report.methods["model"], log_loss_14=9.0, auc_14=0.1, wape=9.0)
    spoilt = BacktestReport(report.cutoffs, {**report.methods, "model": poor}, {})
    missed = [(one.measure, one.met) for one in musts(spoilt) if one.value in (9.0, 0.1)]
    assert missed == [("log_loss_14", False)] * 2 + [("auc_14", False)] + [("wape", False)] * 2


@pytest.mark.parametrize(("first", "last"), [(0, 10), (0, 59), (0, 284), (0, 2000), (5, 5)])
def test_the_usual_cutoffs_lie_within_the_history(first, last):
    days = usual_cutoffs(first, last)
    assert days == sorted(set(days))
    assert all(first < day < last for day in days)
    assert len(days) == 5 or last - first < 100


def test_the_wholesaler(online_retail: SaleLines):
    end = int(online_retail.day.max())
    check_musts(backtest(online_retail, [end - 100, end - 60]))


def test_the_distributor(synthetic: SaleLines):
    end = int(synthetic.day.max())
    check_musts(backtest(synthetic, [end - 120, end - 60]))

"""The order of a single day against PyVRP's, stored and, where PyVRP is installed, fresh."""

import importlib.util
import json
import statistics

import pytest

from crmdesk.planning.replan import resequence_day
from crmdesk.planning.schedule import timetable
from tests.unit.planning.single_days import SEEDS, STORED, oracle_metres, single_day


def ours(seed: int) -> float:
    problem = single_day(seed)
    found = resequence_day(problem, 0, range(len(problem.stops)), seed=seed)
    assert found.left_out == ()
    return timetable(problem, 0, found.order).km * 1000.0


def test_orders_are_within_one_per_cent_of_the_stored_oracle():
    answers = {int(seed): metres for seed, metres in json.loads(STORED.read_text()).items()}
    assert set(answers) == set(SEEDS)
    ratios = [ours(seed) / metres for seed, metres in answers.items() if metres is not None]
    assert len(ratios) >= 12
    assert statistics.fmean(ratios) <= 1.01
    assert max(ratios) <= 1.05


@pytest.mark.skipif(importlib.util.find_spec("pyvrp") is None, reason="PyVRP is not installed")
def test_orders_are_within_one_per_cent_of_a_fresh_oracle():
    fresh = {seed: oracle_metres(single_day(seed), 0.3) for seed in list(SEEDS)[:6]}
    ratios = [ours(seed) / metres for seed, metres in fresh.items() if metres is not None]
    assert ratios
    assert statistics.fmean(ratios) <= 1.01

"""The forecast of invented small companies beside simple rules, kind by kind.

Owns the rules and the judging. A figure is the mean over companies of the mean over cut-offs, of
the pairs with three purchase-days or more; the rule shown beside the model is the one that is best
at that measure for that kind, known only afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crmdesk.analytics.reorder import PurchaseDays, fit, score
from crmdesk.analytics.reorder.baselines import (
    due_date_days,
    due_nearness,
    learned_chance,
    mean_interval_chance,
)
from crmdesk.analytics.reorder.exact import Floats, Ints
from crmdesk.analytics.reorder.snapshot import HORIZONS, Snapshot, days_to_next, take_snapshot
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES
from tests.benchmarks.harness import Bench
from tests.benchmarks.small_companies import HELD_BACK, LEARNED, Question, questions

JUDGED = range(1000, 1012)
"""Numbers of the companies that are judged; nothing was learned from them."""
_QUICK = range(1000, 1001)
_MODEL = "model"
_SOON = 60
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Answer:
    """Chances by place in ``HORIZONS`` and days to the next purchase, an element per pair."""

    chances: Sequence[Floats]
    days: Floats


@dataclass(frozen=True, slots=True)
class _Measure:
    name: str
    digits: int
    of: Callable[[Answer, Ints], float | None]


def measure_small(bench: Bench) -> None:
    """A row per kind and one of their mean: each measure of the model, and of the best rule."""
    numbers = _QUICK if bench.quick else JUDGED
    names = ", ".join(measure.name for measure in _MEASURES)
    found: list[Sequence[_Pair]] = []
    for kind in (*LEARNED, *HELD_BACK):
        pairs = _beside_rules(judged(kind, numbers))
        found.append([pair for pair, _rule in pairs])
        learned = ", not learned from" if kind in HELD_BACK else ""
        bench.add(
            f"{kind}{learned}: {names}",
            _shown([pair[0] for pair, _rule in pairs]),
            floor=_shown([pair[1] for pair, _rule in pairs], [rule for _pair, rule in pairs]),
        )
    means = np.mean(np.array(found), axis=0)
    bench.add(
        f"mean of {len(found)} kinds, companies of each: {len(numbers)}: {names}",
        _shown(means[:, 0].tolist()),
        floor=_shown(means[:, 1].tolist()),
        ratio=float(means[0, 0] / means[0, 1]),
    )


_Pair = tuple[float, float]


def judged(kind: str, numbers: Sequence[int]) -> Mapping[str, Floats]:
    """Each measure, in the order of the table, by method: a row per company with such pairs."""
    rows: dict[str, list[Floats]] = defaultdict(list)
    for number in numbers:
        cutoffs: dict[str, list[list[float]]] = defaultdict(list)
        for question in questions(kind, number):
            own = np.flatnonzero(question.snapshot.count >= MINIMUM_PURCHASES)
            if len(own) == 0:
                continue
            for method, answer in _answers(question).items():
                said = Answer([chance[own] for chance in answer.chances], answer.days[own])
                actual = question.days_to_next[own]
                values = [measure.of(said, actual) for measure in _MEASURES]
                cutoffs[method].append([np.nan if one is None else one for one in values])
        for method, values_by_cutoff in cutoffs.items():
            rows[method].append(_mean_of_known(np.array(values_by_cutoff)))
    return {method: np.array(values) for method, values in rows.items()}


def _answers(question: Question) -> dict[str, Answer]:
    forecasts = score(question.history, fit(question.history, question.as_of), question.as_of)
    days = (forecasts.expected_next_day - question.as_of).astype(np.float64)
    model = Answer([forecasts.p7, forecasts.p14, forecasts.p30], days)
    return {_MODEL: model, **_rules(question.history, question.snapshot)}


def _rules(history: PurchaseDays, snapshot: Snapshot) -> dict[str, Answer]:
    """What a person could reckon by hand of a pair's own purchases."""
    since = snapshot.days_since
    last = snapshot.starts + snapshot.count - 1
    before = np.maximum(last - 1, snapshot.starts)
    last_gap = (history.day[last] - history.day[before]).astype(np.float64)
    by_median = due_date_days(snapshot.median_gap, since)
    return {
        "mean interval": Answer(
            [mean_interval_chance(snapshot, horizon) for horizon in HORIZONS],
            due_date_days(snapshot.mean_gap, since),
        ),
        "last interval": Answer(
            [1.0 - np.exp(-horizon / np.maximum(last_gap, 0.5)) for horizon in HORIZONS],
            due_date_days(last_gap, since),
        ),
        "own gaps": Answer(
            [
                (within + horizon / (horizon + snapshot.mean_gap)) / (snapshot.longer_gaps + 1.0)
                for within, horizon in zip(snapshot.gaps_within, HORIZONS, strict=True)
            ],
            by_median,
        ),
        "due date": Answer(
            [_due_chance(history, snapshot, horizon) for horizon in HORIZONS], by_median
        ),
    }


def _due_chance(history: PurchaseDays, snapshot: Snapshot, horizon: int) -> Floats:
    """How many of those so near their due day bought, a horizon ago."""
    earlier = take_snapshot(history, snapshot.as_of - horizon)
    own = np.flatnonzero(earlier.count >= MINIMUM_PURCHASES)
    bought = (days_to_next(history, earlier)[own] <= horizon).astype(np.float64)
    return learned_chance(
        due_nearness(snapshot, horizon), due_nearness(earlier, horizon)[own], bought
    )


def _log_loss(horizon: int) -> Callable[[Answer, Ints], float]:
    def of(said: Answer, actual: Ints) -> float:
        chance = np.clip(said.chances[HORIZONS.index(horizon)], _EDGE, 1.0 - _EDGE)
        return float(-np.mean(np.log(np.where(actual <= horizon, chance, 1.0 - chance))))

    return of


def _brier(said: Answer, actual: Ints) -> float:
    return float(np.mean((said.chances[HORIZONS.index(14)] - (actual <= 14)) ** 2))


def _days_off(said: Answer, actual: Ints) -> float | None:
    """Of the pairs that were bought within 60 days; None where there are none."""
    soon = actual <= _SOON
    return float(np.abs(said.days[soon] - actual[soon]).mean()) if soon.any() else None


_MEASURES = (
    _Measure("log-loss 14 d", 3, _log_loss(14)),
    _Measure("30 d", 3, _log_loss(30)),
    _Measure("Brier 14 d", 3, _brier),
    _Measure("days off", 1, _days_off),
)


def _mean_of_known(rows: Floats) -> Floats:
    """The mean of each column without its NaNs; NaN where it has nothing else."""
    known = ~np.isnan(rows)
    count = known.sum(axis=0)
    sums = np.where(known, rows, 0.0).sum(axis=0)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def _beside_rules(values: Mapping[str, Floats]) -> list[tuple[_Pair, str]]:
    """For each measure the model's value and the best rule's, and that rule's name."""
    means = {method: _mean_of_known(rows) for method, rows in values.items()}
    model = means.pop(_MODEL)
    pairs = []
    for place in range(len(_MEASURES)):
        best = min(means, key=lambda rule: float(means[rule][place]))
        pairs.append(((float(model[place]), float(means[best][place])), best))
    return pairs


def _shown(values: Sequence[float], rules: Sequence[str] | None = None) -> str:
    shown = [
        f"{value:.{measure.digits}f}" for value, measure in zip(values, _MEASURES, strict=True)
    ]
    if rules is None:
        return ", ".join(shown)
    return ", ".join(f"{value} {rule}" for value, rule in zip(shown, rules, strict=True))

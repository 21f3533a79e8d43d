"""``python -m tests.benchmarks.small_learning``: learn what ``knowledge`` holds, and print it.

Owns the fits over all made-up companies at once, and says how far the coefficients in the source
are from those that come out. What changes the features, or another version of NumPy with other
draws, moves them; they need no change while the benchmark ``small`` stays as good.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from crmdesk.analytics.reorder.circumstances import NOTHING_KNOWN
from crmdesk.analytics.reorder.exact import Floats, Ints
from crmdesk.analytics.reorder.features import DATE_HORIZON, FEATURES, Design, trend_feature
from crmdesk.analytics.reorder.knowledge import believed, believed_date
from crmdesk.analytics.reorder.opening import OpenTime
from crmdesk.analytics.reorder.prior import prior_days_of, sku_facts
from crmdesk.analytics.reorder.silence import silent_days
from crmdesk.analytics.reorder.snapshot import HORIZONS, take_snapshot
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES
from tests.benchmarks.small_companies import LEARNED, Question, questions

_NUMBERS = range(100, 140)
_ROWS_OF_INFORMATION = 300
_PENALTY = 300.0
_INTERCEPT_SHARE = 0.02
_MOST_WEIGHT = 60
_CHANCE_ROWS, _DATE_ROWS = 400, 200
_SOON = 60
_HUBER_STEPS = ((0.3, 8), (0.05, 12))
_NEWTON_STEPS = 40
_LINE = 98


@dataclass(frozen=True, slots=True)
class Case:
    """The own pairs of a company as of a day: features by horizon, days to the next purchase."""

    features: dict[int, np.ndarray]
    days_to_next: Ints


def main() -> None:
    """Print the tables as they stand in the source, and how far from those in the source."""
    cases = list(learned_cases(LEARNED, _NUMBERS))
    chances, date = fit_chances(cases), fit_date(cases)
    information = np.rint(_ROWS_OF_INFORMATION * information_of(cases, chances[DATE_HORIZON]))
    print(as_source(chances, date, information))
    moved = [np.abs(chances[horizon] - believed(horizon).mean).max() for horizon in HORIZONS]
    moved.append(np.abs(date - believed_date().mean).max())
    told = np.abs(information - believed(DATE_HORIZON).information).max()
    print(
        f"{len(cases)} cases; the coefficients in the source differ by at most {max(moved):.3f},"
        f" their information by {told:.0f}"
    )


def learned_cases(kinds: Iterable[str], numbers: Sequence[int]) -> Iterator[Case]:
    """What is learned from: each company at each of its cut-offs, where it has own pairs."""
    kinds = tuple(kinds)
    for number in numbers:
        for kind in kinds:
            for question in questions(kind, number):
                case = _case(question)
                if case is not None:
                    yield case


def _case(question: Question) -> Case | None:
    """The features as ``fit`` and ``score`` see them: days on which all were silent left out."""
    history, as_of = question.history, question.as_of
    silent = silent_days(history, as_of)
    if len(silent):
        history = OpenTime(silent, NOTHING_KNOWN.closed, history, as_of).moved(history)
    snapshot = take_snapshot(history, as_of)
    own = np.flatnonzero(snapshot.count >= MINIMUM_PURCHASES)
    if len(own) == 0:
        return None
    skus, rate = sku_facts(history, snapshot)
    factor, last_30, last_90, season = skus.rows_of(snapshot.sku)
    prior_days = prior_days_of(snapshot, rate, factor)[own]
    trend = trend_feature(last_30[own], last_90[own])
    design = Design(snapshot.of_pairs(own), prior_days, trend, season[own])
    features = dict(zip(HORIZONS, design.matrices(HORIZONS), strict=True))
    return Case(features, question.days_to_next[own])


def _weights(rows: int, pairs: int) -> Floats:
    """A case counts as its pairs, at most 60, however many of its rows are used."""
    return np.full(rows, min(pairs, _MOST_WEIGHT) / rows)


def _penalty() -> Floats:
    """Of the squares of the coefficients: hardly any of the first, which is the intercept."""
    penalty = np.eye(FEATURES) * _PENALTY
    penalty[0, 0] *= _INTERCEPT_SHARE
    return penalty


def fit_chances(cases: Sequence[Case]) -> dict[int, Floats]:
    """Coefficients of the chance by horizon."""
    rng = np.random.default_rng(0)
    found = {}
    for horizon in HORIZONS:
        rows, labels, weights = [], [], []
        for case in cases:
            pairs = len(case.days_to_next)
            some = rng.permutation(pairs)[:_CHANCE_ROWS]
            rows.append(case.features[horizon][some].astype(np.float64))
            labels.append((case.days_to_next[some] <= horizon).astype(np.float64))
            weights.append(_weights(len(some), pairs))
        found[horizon] = _logistic(*map(np.concatenate, (rows, labels, weights)))
    return found


def _logistic(rows: Floats, label: Floats, weight: Floats) -> Floats:
    """The least weighted log-loss and penalty, by Newton's steps, halved where they overshoot."""
    penalty = _penalty()

    def loss(at: Floats) -> float:
        linear = rows @ at
        misses = weight @ (np.logaddexp(0.0, linear) - label * linear)
        return float(misses + 0.5 * at @ penalty @ at)

    at = np.zeros(FEATURES)
    least = loss(at)
    for _step in range(_NEWTON_STEPS):
        chance = _chance(rows @ at)
        slope = rows.T @ (weight * (chance - label)) + penalty @ at
        curvature = (rows * (weight * chance * (1.0 - chance))[:, None]).T @ rows + penalty
        step = np.linalg.solve(curvature, -slope)
        while loss(at + step) > least + 1e-12 and np.abs(step).max() > 1e-9:
            step = step / 2.0
        at = at + step
        before, least = least, loss(at)
        if before - least < 1e-7 * max(1.0, before):
            break
    return at


def _chance(linear: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-np.clip(linear, -30.0, 30.0)))


def information_of(cases: Sequence[Case], coefficients: Floats) -> Floats:
    """What one row tells of the coefficients of ``DATE_HORIZON``, on average: a curvature."""
    curvature, weight = np.zeros((FEATURES, FEATURES)), 0.0
    for case in cases:
        rows = case.features[DATE_HORIZON].astype(np.float64)
        chance = _chance(rows @ coefficients)
        each = _weights(len(rows), len(rows))
        curvature += (rows * (each * chance * (1.0 - chance))[:, None]).T @ rows
        weight += float(each.sum())
    return curvature / weight


def fit_date(cases: Sequence[Case]) -> Floats:
    """Coefficients of ln(days to the next purchase) that are the least off, within 60 days."""
    rng = np.random.default_rng(0)
    rows, targets, weights = [], [], []
    for case in cases:
        soon = np.flatnonzero(case.days_to_next <= _SOON)
        some = rng.permutation(soon)[:_DATE_ROWS]
        if len(some):
            rows.append(case.features[DATE_HORIZON][some].astype(np.float64))
            targets.append(np.log(case.days_to_next[some]))
            weights.append(_weights(len(some), len(some)))
    return _absolute(*map(np.concatenate, (rows, targets, weights)))


def _absolute(rows: Floats, target: Floats, weight: Floats) -> Floats:
    """The least weighted absolute deviation, by Huber's loss of ever narrower width."""
    penalty, at = _penalty(), np.zeros(FEATURES)
    for width, steps in _HUBER_STEPS:
        for _step in range(steps):
            off = target - rows @ at
            bend = weight * width / np.maximum(np.abs(off), width)
            slope = rows.T @ (np.clip(off, -width, width) * weight) - width * penalty @ at
            at = at + np.linalg.solve((rows * bend[:, None]).T @ rows + penalty * width, slope)
    return at


def as_source(chances: dict[int, Floats], date: Floats, information: Floats) -> str:
    """The three tables as ``knowledge`` holds them: symmetric ones up to their diagonal."""
    lines = ["_CHANCES = {"]
    for horizon in HORIZONS:
        lines += [f"    {horizon}: (", _wrapped(_decimals(chances[horizon]), 8), "    ),"]
    lines += ["}", "_DATE = (", _wrapped(_decimals(date), 4), ")", "_INFORMATION = ("]
    for place, row in enumerate(information):
        numbers = [str(int(number)) for number in row[: place + 1]]
        joined = ", ".join(numbers) + ("," if place == 0 else "")
        short = len(joined) < 90
        lines += [f"    ({joined}),"] if short else ["    (", _wrapped(numbers, 8), "    ),"]
    return "\n".join([*lines, ")", ""])


def _decimals(values: Floats) -> list[str]:
    return [f"{value:.3f}" for value in values]


def _wrapped(numbers: Sequence[str], indent: int) -> str:
    margin = " " * indent
    width = _LINE - indent
    text = ", ".join(numbers) + ","
    return textwrap.fill(text, width, initial_indent=margin, subsequent_indent=margin)


if __name__ == "__main__":
    main()

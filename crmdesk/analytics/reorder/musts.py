"""What the forecast must reach beside its rivals, and whether a backtest reached it.

Owns the lines of the table "must" and "further" and the choice of cut-offs. Leaves the measuring to
``backtest`` and the words to the faces.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from crmdesk.analytics.reorder.backtest import DATE_WINDOW, BacktestReport, Scores

_CUTOFFS = 5
_LEAST_STEP = 7
_MOST_STEP = 30
# Half a year: the fit looks back 72 days, and before them pairs must have become regular.
_LEAST_HISTORY = 180
_NONE = Scores()


@dataclass(frozen=True, slots=True)
class Must:
    """One line: a measure of the model, the bound, and the rivals the bound was made of.

    ``at_least`` says that more is better. ``met`` is ``None`` where the value or its bound has no
    meaning for these sales (too few pairs, no such rival). ``further`` lines are wishes.
    """

    measure: str
    value: float | None
    bound: float | None
    rule: str
    at_least: bool
    further: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the bound holds."""
        if self.value is None or self.bound is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def usual_cutoffs(first: int, last: int) -> list[int]:
    """Five days to judge a history from ``first`` to ``last`` at, the newest 60 days from its end.

    They lie 7 to 30 days apart, so that the first has half a year before it where the history is
    long enough; a history of less than 120 days is judged two weeks before its end.
    """
    newest = last - (DATE_WINDOW if last - first > 2 * DATE_WINDOW else 14)
    room = (newest - first - _LEAST_HISTORY) // (_CUTOFFS - 1)
    step = min(max(room, _LEAST_STEP), _MOST_STEP)
    days = [newest - step * place for place in range(_CUTOFFS)]
    return sorted(day for day in days if day > first)


def musts(report: BacktestReport) -> list[Must]:
    """Every line of the table over all cut-offs of a backtest."""
    lines = [*_chances(report), *_amounts(report)]
    scored = sum(one.scored for one in report.cutoffs)
    pairs = sum(one.pairs for one in report.cutoffs)
    share = scored / pairs if pairs else None
    return [*lines, _least("coverage", share, 1.0, "every pair")]


def _chances(report: BacktestReport) -> Iterator[Must]:
    ours, rule, bg, classic = (
        report.methods.get(name, _NONE) for name in ("model", "due_date", "bg_nbd", "logistic")
    )
    loss, auc, silent = ours.log_loss_14, ours.auc_14, ours.auc_silent_60
    yield _most("log_loss_14", loss, _times(0.99, bg.log_loss_14), "0.99 × BG/NBD")
    yield _most("log_loss_14", loss, _times(1.01, classic.log_loss_14), "1.01 × logistic")
    yield _least("auc_14", auc, _less(classic.auc_14, 0.006), "logistic − 0.006")
    yield _least("auc_silent_60", silent, _less(classic.auc_silent_60, 0.006), "logistic − 0.006")
    yield _most("calibration_14", ours.calibration_14, 0.03, "0.03")
    yield _most("calibration_14", ours.calibration_14, 0.015, "0.015", further=True)
    yield _most("calibration_30", ours.calibration_30, 0.04, "0.04")
    yield _most("calibration_30", ours.calibration_30, 0.015, "0.015", further=True)
    hits = ours.call_list
    yield _least("call_list", hits, _times(1.10, rule.call_list), "1.10 × due date")
    yield _least("call_list", hits, _times(0.95, classic.call_list), "0.95 × logistic")
    recall = _times(0.98, classic.recall_at_10)
    yield _least("recall_at_10", ours.recall_at_10, recall, "0.98 × logistic")


def _amounts(report: BacktestReport) -> Iterator[Must]:
    ours, rule, last, middle = (
        report.methods.get(name, _NONE)
        for name in ("model", "due_date", "last_quantity", "lower_median")
    )
    days = _times(0.87, rule.date_error_days)
    yield _most("date_error_days", ours.date_error_days, days, "0.87 × median interval")
    yield _most("wape", ours.wape, _times(0.88, last.wape), "0.88 × last quantity")
    wish = _times(0.98, middle.wape)
    yield _most("wape", ours.wape, wish, "0.98 × lower median", further=True)


def _least(measure: str, value: float | None, bound: float | None, rule: str) -> Must:
    return Must(measure, value, bound, rule, at_least=True)


def _most(
    measure: str,
    value: float | None,
    bound: float | None,
    rule: str,
    *,
    further: bool = False,
) -> Must:
    return Must(measure, value, bound, rule, at_least=False, further=further)


def _times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * value


def _less(value: float | None, by: float) -> float | None:
    return None if value is None else value - by

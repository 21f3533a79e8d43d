"""How good the forecast has been: the model and its baselines on past cut-off days.

Owns the protocol: at each cut-off only what was known by then is used for fitting and scoring, and
what followed is the truth. Leaves measures to ``metrics`` and rivals to ``baselines``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.figures import Missing
from crmdesk.analytics.reorder import baselines, metrics
from crmdesk.analytics.reorder.circumstances import NOTHING_KNOWN, Circumstances, rows_of
from crmdesk.analytics.reorder.exact import Floats, Ints
from crmdesk.analytics.reorder.forecast import Forecasts, score
from crmdesk.analytics.reorder.purchases import (
    PurchaseDays,
    SaleLines,
    pair_starts,
    purchase_days,
)
from crmdesk.analytics.reorder.quantity import lower_medians
from crmdesk.analytics.reorder.snapshot import (
    HORIZONS,
    NEVER,
    Snapshot,
    days_to_next,
    next_purchases,
    take_snapshot,
)
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES
from crmdesk.analytics.reorder.substitutes import NO_REPLACEMENTS, Replacements
from crmdesk.analytics.reorder.training import fit, fit_classic

DATE_WINDOW = 60
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scores:
    """Measures of one method; ``None`` where the method gives no such figure or it has no meaning.

    ``auc_silent_60`` ranks the pairs that buy nothing in 60 days; ``call_list`` is the share that
    bought within 7 days among the top 5 %; ``date_error_days`` is over the purchases within 60
    days; ``wape`` and ``bias`` are of the quantity of that purchase. The methods "last_quantity"
    and "lower_median" speak of quantities alone.
    """

    log_loss_14: float | None = None
    auc_14: float | None = None
    auc_silent_60: float | None = None
    calibration_14: float | None = None
    calibration_30: float | None = None
    call_list: float | None = None
    recall_at_10: float | None = None
    date_error_days: float | None = None
    wape: float | None = None
    bias: float | None = None


@dataclass(frozen=True, slots=True)
class CutoffReport:
    """Scores of every method at one cut-off; ``calibration`` is the model's at 14 days."""

    cutoff: int
    pairs: int
    scored: int
    methods: dict[str, Scores]
    calibration: list[tuple[float, float, int]]


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """All cut-offs, and the plain mean of each measure over those where it has a meaning.

    ``left_out`` names the cut-offs that could not be judged, with the reason.
    """

    cutoffs: list[CutoffReport]
    methods: dict[str, Scores]
    left_out: dict[int, Missing]


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a method says of the pairs: chances by horizon, an order of urgency, dates, amounts."""

    chance: dict[int, Floats]
    rank: Floats
    days: Floats | None = None
    quantity: Ints | None = None


@dataclass(frozen=True, slots=True)
class _Truth:
    """What followed a cut-off for each scored pair."""

    days: Ints
    quantity: Ints
    in_next_order: Mask
    complete_days: int


def backtest(
    lines: SaleLines,
    cutoffs: Sequence[int],
    account: int | None = None,
    circumstances: Circumstances = NOTHING_KNOWN,
    replacements: Replacements = NO_REPLACEMENTS,
) -> BacktestReport:
    """Judge the model and its baselines at each cut-off day (days since 1970-01-01).

    Lines after a cut-off are the truth and have no part in its forecasts. Pairs with at least
    three purchase-days by the cut-off are judged; with an ``account`` only its pairs, by the model
    of everybody's lines. The model knows the ``circumstances`` and ``replacements`` as of each
    cut-off, the baselines do not.
    """
    if len(lines.day) == 0:
        return BacktestReport([], {}, {int(cutoff): Missing.NO_SALES for cutoff in cutoffs})
    everything = purchase_days(lines)
    end = int(np.max(lines.day))
    reports: list[CutoffReport] = []
    left_out: dict[int, Missing] = {}
    for cutoff in sorted({int(cutoff) for cutoff in cutoffs}):
        if cutoff + 14 > end:
            left_out[cutoff] = Missing.TOO_FEW_DAYS
            continue
        history = purchase_days(lines.until(cutoff))
        known = Known(
            purchase_days(replacements.taken_over(lines.until(cutoff), cutoff)),
            circumstances.known_by(cutoff),
        )
        report = _judge(history, known, everything, cutoff, end, account)
        if report is None:
            left_out[cutoff] = Missing.TOO_FEW_PURCHASES
        else:
            reports.append(report)
    return BacktestReport(reports, _means(reports), left_out)


@dataclass(frozen=True, slots=True)
class Known:
    """What the model sees at a cut-off: the history with substitutes, and what else is known."""

    purchases: PurchaseDays
    circumstances: Circumstances


def _judge(
    history: PurchaseDays,
    known: Known,
    everything: PurchaseDays,
    cutoff: int,
    end: int,
    account: int | None,
) -> CutoffReport | None:
    snapshot = take_snapshot(history, cutoff)
    judged = snapshot.count >= MINIMUM_PURCHASES
    if account is not None:
        judged &= snapshot.account == account
    own = np.flatnonzero(judged)
    if len(own) == 0:
        return None
    told = known.circumstances
    model, classic = fit(known.purchases, cutoff, told), fit_classic(history, cutoff)
    forecasts = score(known.purchases, model, cutoff, told)
    bare = replace(model, coefficients={}, date_coefficients=None)
    renewal = score(history, bare, cutoff)
    mine = rows_of(snapshot.account, snapshot.sku, forecasts.account, forecasts.sku)
    truth = _truth(history, everything, snapshot, own, end)
    claims = {
        "model": _of_forecasts(forecasts, mine[own]),
        "logistic": _of_forecasts(score(history, classic, cutoff), own),
        "renewal": replace(_of_forecasts(renewal, own), quantity=None),
        "bg_nbd": _bg_nbd(snapshot, own),
        "due_date": _due_date(history, snapshot, own),
        "mean_interval": _mean_interval(history, snapshot, own),
    }
    amounts = {
        "last_quantity": _last_quantities(history, snapshot)[own],
        "lower_median": lower_medians(history)[own],
    }
    code = snapshot.account_code[own]
    methods = {name: _scores(claim, truth, code) for name, claim in claims.items()}
    methods |= {name: _amount_scores(said, truth) for name, said in amounts.items()}
    return CutoffReport(
        cutoff=cutoff,
        pairs=len(snapshot),
        scored=int((mine >= 0).sum()),
        methods=methods,
        calibration=metrics.calibration_table(forecasts.p14[mine[own]], truth.days <= 14),
    )


def _truth(
    history: PurchaseDays, everything: PurchaseDays, snapshot: Snapshot, own: Ints, end: int
) -> _Truth:
    """Next purchases after the cut-off, less what was returned by the end of the lines.

    The history stays as it was known at the cut-off, so that the pairs are those of the snapshot.
    """
    cutoff = snapshot.as_of
    later = everything.where(everything.day > cutoff)
    joined = _joined(history, later)
    row = next_purchases(joined, snapshot)
    days = days_to_next(joined, snapshot)
    first_order = np.full(int(snapshot.account_code[-1]) + 1, NEVER, dtype=np.int64)
    ids = snapshot.account[np.flatnonzero(np.diff(snapshot.account_code, prepend=-1))]
    place = np.minimum(np.searchsorted(ids, later.account), len(ids) - 1)
    known = ids[place] == later.account
    np.minimum.at(first_order, place[known], later.day[known] - cutoff)
    in_next = (row >= 0) & (days == first_order[snapshot.account_code])
    return _Truth(days[own], joined.quantity[row[own]], in_next[own], end - cutoff)


def _joined(history: PurchaseDays, later: PurchaseDays) -> PurchaseDays:
    """Both histories, sorted as purchase-days are."""
    names = [field.name for field in fields(PurchaseDays)]
    columns = [np.concatenate((getattr(history, n), getattr(later, n))) for n in names]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    return PurchaseDays(*(column[order] for column in columns))


def _scores(claim: _Claim, truth: _Truth, account: Ints) -> Scores:
    soon = truth.days <= 14
    result = Scores(
        auc_14=metrics.area_under_curve(claim.chance.get(14, claim.rank), soon),
        call_list=metrics.call_list_hits(claim.rank, truth.days <= 7),
        recall_at_10=metrics.next_order_recall(claim.rank, account, truth.in_next_order),
    )
    if 14 in claim.chance:
        result = replace(
            result,
            log_loss_14=metrics.log_loss(claim.chance[14], soon),
            calibration_14=metrics.calibration_error(claim.chance[14], soon),
        )
    if truth.complete_days >= 30 and 30 in claim.chance:
        month = metrics.calibration_error(claim.chance[30], truth.days <= 30)
        result = replace(result, calibration_30=month)
    if truth.complete_days < DATE_WINDOW:
        return result
    near = truth.days <= DATE_WINDOW
    silent = metrics.area_under_curve(-claim.chance.get(30, claim.rank), ~near)
    result = replace(result, auc_silent_60=silent)
    if claim.days is not None:
        actual = truth.days[near].astype(np.float64)
        error = metrics.mean_error_days(claim.days[near], actual)
        result = replace(result, date_error_days=error)
    if claim.quantity is not None:
        amounts = _amount_scores(claim.quantity, truth)
        result = replace(result, wape=amounts.wape, bias=amounts.bias)
    return result


def _amount_scores(quantity: Ints, truth: _Truth) -> Scores:
    """Errors of the quantity alone, over the purchases within 60 days."""
    if truth.complete_days < DATE_WINDOW:
        return Scores()
    near = truth.days <= DATE_WINDOW
    amount = truth.quantity[near].astype(np.float64)
    said = quantity[near].astype(np.float64)
    return Scores(wape=metrics.wape(said, amount), bias=metrics.bias(said, amount))


def _of_forecasts(forecasts: Forecasts, own: Ints) -> _Claim:
    return _Claim(
        {7: forecasts.p7[own], 14: forecasts.p14[own], 30: forecasts.p30[own]},
        forecasts.p7[own],
        (forecasts.expected_next_day[own] - forecasts.as_of).astype(np.float64),
        forecasts.expected_quantity[own],
    )


def _bg_nbd(snapshot: Snapshot, own: Ints) -> _Claim:
    repeats = snapshot.count - 1
    recency = snapshot.last - snapshot.first
    age = snapshot.as_of - snapshot.first
    fitted = baselines.fit_bg_nbd(repeats, recency, age)
    chance = {
        horizon: baselines.bg_nbd_chance(fitted, repeats[own], recency[own], age[own], horizon)
        for horizon in HORIZONS
    }
    return _Claim(chance, chance[7])


def _due_date(history: PurchaseDays, snapshot: Snapshot, own: Ints) -> _Claim:
    """The rule learns how often it holds on the days one horizon before the cut-off."""
    chance = {}
    for horizon in HORIZONS:
        cutoff = snapshot.as_of - horizon
        earlier = take_snapshot(history, cutoff)
        old = np.flatnonzero(earlier.count >= MINIMUM_PURCHASES)
        bought = (days_to_next(history, earlier)[old] <= horizon).astype(np.float64)
        learned = baselines.due_nearness(earlier, horizon)[old]
        now = baselines.due_nearness(snapshot, horizon)[own]
        chance[horizon] = baselines.learned_chance(now, learned, bought)
    days = baselines.due_date_days(snapshot.median_gap, snapshot.days_since)[own]
    last = _last_quantities(history, snapshot)[own]
    return _Claim(chance, baselines.due_nearness(snapshot, 7)[own], days, last)


def _last_quantities(history: PurchaseDays, snapshot: Snapshot) -> Ints:
    return np.asarray(history.quantity[pair_starts(history) + snapshot.count - 1])


def _mean_interval(history: PurchaseDays, snapshot: Snapshot, own: Ints) -> _Claim:
    """Ranks by the mean interval; its quantity is the mean one."""
    chance = {h: baselines.mean_interval_chance(snapshot, h)[own] for h in HORIZONS}
    days = baselines.due_date_days(snapshot.mean_gap, snapshot.days_since)[own]
    whole = np.add.reduceat(history.quantity, pair_starts(history))
    return _Claim(chance, chance[7], days, np.rint(whole / snapshot.count)[own].astype(np.int64))


def _means(reports: list[CutoffReport]) -> dict[str, Scores]:
    """Plain mean of each measure of each method over the cut-offs that have it."""
    names = list(reports[0].methods) if reports else []
    return {name: _mean([report.methods[name] for report in reports]) for name in names}


def _mean(scores: list[Scores]) -> Scores:
    means: dict[str, float | None] = {}
    for field in fields(Scores):
        known = [value for one in scores if (value := getattr(one, field.name)) is not None]
        means[field.name] = sum(known) / len(known) if known else None
    return Scores(**means)

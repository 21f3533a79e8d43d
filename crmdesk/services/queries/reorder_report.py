"""How good the forecast has been, for the company or one customer: calibration, calls, quantities.

Owns on which past days it is judged, what is kept of it in the profile, and its figures beside the
due-date rule and the mean interval. Judging is :mod:`crmdesk.analytics.reorder.backtest`'s. It is
work of seconds to minutes: run it as a job.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmdesk.domain.errors import Cancelled
from crmdesk.storage import profile

if TYPE_CHECKING:
    from crmdesk.analytics.reorder.backtest import BacktestReport, CutoffReport
    from crmdesk.services.workspace import Workspace

METHODS = ("model", "due_date", "mean_interval")
DAYS_AFTER = 60
DAYS_BEFORE = 90
_DAYS = 5
_APART = 30
_KEPT = 20
_FACT = "reorder.report"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Measures:
    """One method's figures, None where it gives none; shares of one, days, and 1 = all of it.

    ``call_list``: of the likeliest 5 % so many bought within 7 days. ``ranking``: the chance that
    one who bought stands above one who did not. ``wape`` and ``bias`` are of quantities.
    """

    call_list: float | None
    recall_at_10: float | None
    ranking: float | None
    date_error_days: float | None
    wape: float | None
    bias: float | None


@dataclass(frozen=True, slots=True)
class Band:
    """Of so many pairs that were called ``said`` likely within 14 days, ``happened`` bought."""

    said: float
    happened: float
    pairs: int


@dataclass(frozen=True, slots=True)
class AccuracyReport:
    """What was found on past days; no days when the history is too short.

    ``pairs`` counts forecasts judged over all days, ``calibration_error`` is the mean distance of
    said and happened. ``first_on`` and ``last_on`` are the history's ends.
    """

    account_id: int | None
    made_on: date
    first_on: date | None
    last_on: date | None
    days: tuple[date, ...]
    pairs: int
    calibration_error: float | None
    bands: tuple[Band, ...]
    methods: Mapping[str, Measures]

    @property
    def enough(self) -> bool:
        """True when there was something to judge."""
        return bool(self.days) and self.pairs > 0


def kept_report(ws: Workspace, account_id: int | None = None) -> AccuracyReport | None:
    """The report made last for the company or a customer; None when none is kept."""
    with ws.database.read() as connection:
        kept = _kept(connection).get(str(account_id or 0))
    return None if kept is None else _from_json(kept)


def account_name(ws: Workspace, account_id: int) -> str:
    """The customer's name; empty when it has left this profile."""
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT name FROM account WHERE id = ?", (account_id,)
        ).scalar()
    return str(found or "")


def make_report(
    ws: Workspace,
    account_id: int | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> AccuracyReport:
    """Judge the forecast on past days, and keep the report in the profile.

    ``progress`` is told (days judged, days in all). Raises Cancelled between two days.
    """
    from crmdesk.analytics.reorder.backtest import backtest
    from crmdesk.storage.line_arrays import day_number, day_of, read_lines

    with ws.database.read() as connection:
        sales = read_lines(connection).sales.until(day_number(ws.today()))
    first = last = None
    if len(sales.day):
        first, last = day_of(sales.day.min()), day_of(sales.day.max())
    days = judged_days(first, last)
    reports: list[BacktestReport] = []
    for place, day in enumerate(days):
        if cancelled is not None and cancelled():
            raise Cancelled
        if progress is not None:
            progress(place, len(days))
        reports.append(backtest(sales, [day_number(day)], account_id))
    made = _summed(ws.today(), account_id, (first, last), days, reports)
    keep_report(ws, made)
    return made


def keep_report(ws: Workspace, report: AccuracyReport) -> None:
    """Keep a report in the profile, in place of the one before."""
    with ws.database.maintenance() as connection:
        _keep(connection, report)


def judged_days(first: date | None, last: date | None) -> tuple[date, ...]:
    """The days to judge on, the newest first: with days enough before and after each of them."""
    if first is None or last is None:
        return ()
    newest = last - timedelta(days=DAYS_AFTER)
    days = (newest - timedelta(days=_APART * back) for back in range(_DAYS))
    return tuple(day for day in days if (day - first).days >= DAYS_BEFORE)


def _summed(
    today: date,
    account_id: int | None,
    ends: tuple[date | None, date | None],
    days: Sequence[date],
    reports: Sequence[BacktestReport],
) -> AccuracyReport:
    judged = [
        (day, cutoff)
        for day, report in zip(days, reports, strict=True)
        for cutoff in report.cutoffs
    ]
    bands = _bands([cutoff for _day, cutoff in judged])
    pairs = sum(band.pairs for band in bands)
    error = None
    if pairs:
        error = sum(abs(band.said - band.happened) * band.pairs for band in bands) / pairs
    return AccuracyReport(
        account_id=account_id,
        made_on=today,
        first_on=ends[0],
        last_on=ends[1],
        days=tuple(day for day, _cutoff in judged),
        pairs=pairs,
        calibration_error=error,
        bands=bands,
        methods={name: _measures([cutoff for _day, cutoff in judged], name) for name in METHODS},
    )


def _bands(cutoffs: Sequence[CutoffReport]) -> tuple[Band, ...]:
    """The classes of all days joined by tenths of the chance that was said."""
    joined: dict[int, tuple[float, float, int]] = {}
    for cutoff in cutoffs:
        for said, happened, pairs in cutoff.calibration:
            tenth = min(9, int(said * 10))
            before = joined.get(tenth, (0.0, 0.0, 0))
            joined[tenth] = (
                before[0] + said * pairs, before[1] + happened * pairs, before[2] + pairs,
            )  # fmt: skip
    return tuple(
        Band(said / pairs, happened / pairs, pairs)
        for _tenth, (said, happened, pairs) in sorted(joined.items())
    )


def _measures(cutoffs: Sequence[CutoffReport], method: str) -> Measures:
    """Plain means over the days that have a figure."""
    names = {
        "call_list": "call_list", "recall_at_10": "recall_at_10", "ranking": "auc_14",
        "date_error_days": "date_error_days", "wape": "wape", "bias": "bias",
    }  # fmt: skip
    means: dict[str, float | None] = {}
    for name, theirs in names.items():
        known = [
            float(value)
            for cutoff in cutoffs
            if method in cutoff.methods
            and (value := getattr(cutoff.methods[method], theirs)) is not None
        ]
        means[name] = sum(known) / len(known) if known else None
    return Measures(**means)


def _kept(connection: Connection) -> dict[str, Any]:
    try:
        found = json.loads(profile.get_fact(connection, _FACT) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _keep(connection: Connection, report: AccuracyReport) -> None:
    kept = _kept(connection)
    key = str(report.account_id or 0)
    kept.pop(key, None)
    customers = [name for name in kept if name != "0"]
    for oldest in customers[: max(0, len(customers) - _KEPT + 1)]:
        del kept[oldest]
    kept[key] = _to_json(report)
    profile.set_fact(connection, _FACT, json.dumps(kept))


def _to_json(report: AccuracyReport) -> dict[str, Any]:
    return {
        "account_id": report.account_id,
        "made_on": report.made_on.isoformat(),
        "first_on": None if report.first_on is None else report.first_on.isoformat(),
        "last_on": None if report.last_on is None else report.last_on.isoformat(),
        "days": [day.isoformat() for day in report.days],
        "pairs": report.pairs,
        "calibration_error": report.calibration_error,
        "bands": [asdict(band) for band in report.bands],
        "methods": {name: asdict(measures) for name, measures in report.methods.items()},
    }


def _from_json(kept: Any) -> AccuracyReport | None:
    """What was kept; None when another version kept something else."""
    try:
        return AccuracyReport(
            account_id=kept["account_id"],
            made_on=date.fromisoformat(kept["made_on"]),
            first_on=_day(kept["first_on"]),
            last_on=_day(kept["last_on"]),
            days=tuple(date.fromisoformat(day) for day in kept["days"]),
            pairs=int(kept["pairs"]),
            calibration_error=kept["calibration_error"],
            bands=tuple(Band(**band) for band in kept["bands"]),
            methods={
                name: Measures(**{field.name: found[field.name] for field in fields(Measures)})
                for name, found in kept["methods"].items()
            },
        )
    except (KeyError, TypeError, ValueError):
        return None


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)

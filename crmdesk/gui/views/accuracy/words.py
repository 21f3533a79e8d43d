"""The words of the accuracy page: its heading, its measures, what a band says. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from crmdesk.i18n import _, format_date, format_number, format_percent, ngettext
from crmdesk.services.queries.reorder_report import (
    DAYS_AFTER,
    DAYS_BEFORE,
    METHODS,
    AccuracyReport,
    Band,
    Measures,
)

NONE = "–"


@dataclass(frozen=True, slots=True)
class MeasureItem:
    """One measure of all methods: figures in the order of METHODS; ``best`` is which wins."""

    key: str
    name: str
    meaning: str
    figures: tuple[str, ...]
    best: int | None


@dataclass(frozen=True, slots=True)
class BandItem:
    """One point of the calibration chart: shares of one, pairs, and what it says."""

    said: float
    happened: float
    pairs: int
    label: str
    sentence: str


def method_names() -> tuple[str, ...]:
    """What is compared, in the order of METHODS."""
    return (_("This forecast"), _("Due-date rule"), _("Mean interval"))


def heading(report: AccuracyReport, today: date) -> str:
    """On how much it was judged, and when."""
    forecasts = ngettext("{count} forecast", "{count} forecasts", report.pairs)
    days = ngettext("{count} day in the past", "{count} days in the past", len(report.days))
    made = _("measured today")
    if report.made_on != today:
        made = _("measured on {day}").format(day=format_date(report.made_on))
    return _("{forecasts} on {days}, from {first} to {last}; {made}").format(
        forecasts=forecasts.format(count=format_number(report.pairs)),
        days=days.format(count=len(report.days)),
        first=format_date(min(report.days), year=True),
        last=format_date(max(report.days), year=True),
        made=made,
    )


def too_short(report: AccuracyReport) -> tuple[str, str]:
    """Why nothing can be said yet."""
    if report.first_on is None or report.last_on is None:
        return _("No sales yet"), _(
            "Import sales or submit orders; the forecast is judged on what was bought later."
        )
    if report.days:
        return _("Too few purchases to say"), _(
            "A SKU is judged from its third purchase on; on no past day there was one."
        )
    days = (report.last_on - report.first_on).days
    return _("The history is too short to say"), _(
        "A forecast is judged on days with {before} days of sales before and {after} days after "
        "them. There are {days} days of sales so far."
    ).format(before=DAYS_BEFORE, after=DAYS_AFTER, days=days)


def method_text() -> str:
    """How it is measured, for whoever wants to know."""
    return "\n\n".join(
        (
            _(
                "On each of these days the forecast was made anew from what was known on that day "
                "alone, and then compared with what was really bought. SKUs count from their third "
                "purchase on."
            ),
            _(
                "The due-date rule expects the next purchase one usual gap after the last one, in "
                "the last quantity. The mean interval does the same with the average of all gaps "
                "and quantities."
            ),
            _(
                "Real purchases are not very predictable: no forecast names the day. What counts "
                "is that 60 % means 60 %, and that those at the top of the list buy."
            ),
        )
    )


def band_item(band: Band) -> BandItem:
    """A point of the chart."""
    said, happened = format_percent(band.said), format_percent(band.happened)
    pairs = ngettext("{count} forecast", "{count} forecasts", band.pairs)
    return BandItem(
        band.said,
        band.happened,
        band.pairs,
        format_number(band.pairs),
        _("Called {said} likely: {happened} bought within 14 days ({pairs}).").format(
            said=said, happened=happened, pairs=pairs.format(count=format_number(band.pairs))
        ),
    )


def calibration_text(report: AccuracyReport) -> str:
    """The chart in one sentence."""
    if report.calibration_error is None:
        return ""
    return _("On average what was said and what happened lie {points} points apart.").format(
        points=format_number(report.calibration_error * 100, 1)
    )


def measure_items(methods: Mapping[str, Measures]) -> tuple[MeasureItem, ...]:
    """The table: what was measured, in words, for every method."""
    return (
        _item(methods, "call_list", _("Call list"), _(
            "of the likeliest 5 %, bought in 7 days"), _percent, max),
        _item(methods, "recall_at_10", _("Next order"), _(
            "of the next order, in the first ten"), _percent, max),
        _item(methods, "ranking", _("Ranking"), _(
            "buyers above others; half would be chance"), _percent, max),
        _item(methods, "date_error_days", _("Date"), _(
            "days off on average"), _days, min),
        _item(methods, "wape", _("Quantity (WAPE)"), _(
            "off, as a share of what was bought"), _percent, min),
        _item(methods, "bias", _("Quantity (bias)"), _(
            "too much (+) or too little (−) in all"), _signed, _nearest_zero),
    )  # fmt: skip


def _item(
    methods: Mapping[str, Measures],
    key: str,
    name: str,
    meaning: str,
    text: Callable[[float], str],
    better: Callable[[list[float]], float],
) -> MeasureItem:
    values = [getattr(methods[method], key) if method in methods else None for method in METHODS]
    known = [value for value in values if value is not None]
    shown = tuple(NONE if value is None else text(value) for value in values)
    best = None
    if len(known) > 1 and len(set(shown)) > 1:
        best = values.index(better(known))
    return MeasureItem(key, name, meaning, shown, best)


def _percent(share: float) -> str:
    return format_percent(share)


def _signed(share: float) -> str:
    text = format_percent(abs(share), 1)
    if text == format_percent(0, 1):
        return text
    return f"{'+' if share > 0 else '−'}{text}"


def _days(days: float) -> str:
    return format_number(days, 1)


def _nearest_zero(values: list[float]) -> float:
    return min(values, key=abs)

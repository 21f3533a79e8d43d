"""The figures of the pipeline in words: what each says, how it is made, and which rows it opens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from crmdesk.analytics import figures as f
from crmdesk.analytics.pipeline import StageFlow, WinRate
from crmdesk.analytics.pipeline_breaks import BREAK_STAGES, BreakMatrix, TimeLine
from crmdesk.analytics.pipeline_forecast import HORIZON_DAYS, Replay
from crmdesk.domain.pipeline import OPEN_STAGES, Stage, stage_word
from crmdesk.gui.customer_words import missing_words
from crmdesk.gui.views.pipeline.items import (
    Bar,
    BreaksItem,
    Figure,
    FiguresItem,
    HeatCell,
    MonthItem,
)
from crmdesk.gui.views.pipeline.words import days_words, money
from crmdesk.i18n import (
    _,
    format_number,
    format_percent,
    month_short,
    ngettext,
    pgettext,
)
from crmdesk.services.queries.pipeline_figures import PipelineFigures

_MOST_REASONS = 8
_MOST_LINES = 12


def figures_item(found: PipelineFigures, currency: str, *, by_person: bool) -> FiguresItem:
    """All pictures; ``by_person`` chooses the time lines."""
    lines = found.by_person if by_person else found.by_reason
    return FiguresItem(
        _tiles(found, currency),
        _months(found.replays, currency),
        _accuracy_words(found),
        money(_most(found.replays), currency) if found.replays else "",
        tuple(_flow(flow) for flow in found.flows),
        tuple(_person(name, rate) for name, rate in found.people.items()),
        _breaks(found.breaks, currency),
        _lines(lines[:_MOST_LINES]),
        tuple(stage_word(stage) for stage in OPEN_STAGES),
    )


def _tiles(found: PipelineFigures, currency: str) -> tuple[Figure, ...]:
    forecast, speed = found.forecast, found.velocity
    expected = forecast.expected_minor
    open_words = ngettext("{count} opportunity", "{count} opportunities", speed.open_count)
    decided = found.win_rate.won + found.win_rate.lost
    return (
        Figure(
            pgettext("opportunities", "Open"), money(forecast.open_minor, currency),
            open_words.format(count=format_number(speed.open_count)),
            _("What all open opportunities come to."), forecast.open_keys,
        ),
        Figure(
            _("Expected in {days} days").format(days=HORIZON_DAYS), _money(expected, currency),
            _("usual weights: {amount}").format(amount=money(forecast.usual_minor, currency)),
            _("Σ amount × chance. The chance is the share of your opportunities that were won"
              " within {days} days, of those that stood in the same stage at the same age; a share"
              " of few is drawn to that of its stage. Nobody types a percentage.").format(
                  days=HORIZON_DAYS) if expected.value is not None
            else missing_words(expected.reason),
            forecast.open_keys,
        ),
        Figure(
            _("Win rate"), _rate(found.win_rate.rate),
            _("{won} of {all} in a year").format(
                won=format_number(len(found.win_rate.won)), all=format_number(len(decided))),
            _("Won ÷ (won + lost) of what was decided within a year."), decided,
        ),
        Figure(
            _("Velocity"), _monthly(speed.per_day_minor, currency), _("a month"),
            _("Open opportunities × mean amount × win rate ÷ median days to win, for 30 days."),
            (*forecast.open_keys, *decided),
        ),
        Figure(
            _("Days to win"), _days(speed.cycle_days), _("median of a year"),
            _("From the beginning to the win: half of the won ones were faster."),
            found.win_rate.won,
        ),
    )  # fmt: skip


def _most(replays: Sequence[Replay]) -> int:
    """The largest amount of all months, in minor units."""
    amounts = [
        amount for one in replays
        for amount in (one.actual_minor, one.forecast.expected_minor.value or 0,
                       one.forecast.usual_minor)
    ]  # fmt: skip
    return max(amounts, default=0) or 1


def _months(replays: Sequence[Replay], currency: str) -> tuple[MonthItem, ...]:
    most = _most(replays)
    return tuple(_month(one, most, currency) for one in replays)


def _month(one: Replay, most: int, currency: str) -> MonthItem:
    day = date.fromordinal(one.day)
    expected = one.forecast.expected_minor.value
    sentence = _(
        "{month}: {expected} were expected of what was open then, {usual} by usual weights;"
        " {actual} were won within {days} days."
    ).format(
        month=f"{month_short(day.month)} {day.year}",
        expected="–" if expected is None else money(expected, currency),
        usual=money(one.forecast.usual_minor, currency),
        actual=money(one.actual_minor, currency), days=HORIZON_DAYS,
    )  # fmt: skip
    figure = Figure(
        month_short(day.month), money(one.actual_minor, currency), "", sentence,
        one.forecast.open_keys,
    )  # fmt: skip
    return MonthItem(
        month_short(day.month), one.actual_minor / most,
        None if expected is None else expected / most, one.forecast.usual_minor / most, figure,
    )  # fmt: skip


def _accuracy_words(found: PipelineFigures) -> str:
    good = found.accuracy
    if good.wape.value is None or good.usual_wape.value is None or good.bias.value is None:
        return _("too few decided opportunities to tell how good it has been")
    words = _("off by {ours} (usual weights: {usual}), {bias} too high on the whole")
    if good.bias.value < 0:
        words = _("off by {ours} (usual weights: {usual}), {bias} too low on the whole")
    return words.format(
        ours=format_percent(good.wape.value), usual=format_percent(good.usual_wape.value),
        bias=format_percent(abs(good.bias.value)),
    )  # fmt: skip


def _flow(flow: StageFlow) -> Bar:
    share = flow.on_rate.value
    sentence = _(
        "{stage}: of {entered} decided opportunities that were in it {on} went further and {won}"
        " were won; half of them stayed less than {days}."
    ).format(
        stage=stage_word(flow.stage), entered=format_number(len(flow.entered)),
        on=format_number(len(flow.on)), won=format_number(len(flow.won)), days=_days(flow.days),
    )  # fmt: skip
    figure = Figure(stage_word(flow.stage), _rate(flow.on_rate), "", sentence, flow.entered)
    words = _("{share} won · {days}").format(share=_rate(flow.won_rate), days=_days(flow.days))
    return Bar(
        stage_word(flow.stage), ((_rate(flow.on_rate), share or 0.0, 3),), words, True, figure
    )


def _person(name: str, rate: WinRate) -> Bar:
    won, every = len(rate.won), len(rate.won) + len(rate.lost)
    counts = f"{format_number(won)}/{format_number(every)}"
    sentence = _("{name} won {won} of {all} opportunities that were decided within a year.").format(
        name=name or "–", won=format_number(won), all=format_number(every)
    )
    figure = Figure(name or "–", _rate(rate.rate), counts, sentence, (*rate.won, *rate.lost))
    return Bar(name or "–", ((_rate(rate.rate), rate.rate.value or 0.0, 3),), counts, True, figure)


def _breaks(matrix: BreakMatrix, currency: str) -> BreaksItem:
    heads = tuple(
        _("after winning") if stage is Stage.WON else stage_word(stage) for stage in BREAK_STAGES
    )
    most = max((len(cell.keys) for cell in matrix.cells.values()), default=0)
    rows = []
    for reason in matrix.reasons[:_MOST_REASONS]:
        cells: list[HeatCell | None] = []
        for stage, head in zip(BREAK_STAGES, heads, strict=True):
            cell = matrix.cells.get((stage, reason))
            if cell is None:
                cells.append(None)
                continue
            count = len(cell.keys)
            label = f"{reason or '–'} · {head}"
            sentence = _("{where}: {count} broke here within a year, {amount}.").format(
                where=label, count=format_number(count), amount=money(cell.amount_minor, currency)
            )
            level = 1 + min(3, (4 * count - 1) // max(most, 1))
            figure = Figure(label, format_number(count), "", sentence, cell.keys)
            cells.append(HeatCell(format_number(count), level, figure))
        rows.append((reason or "–", format_number(matrix.of_reason(reason)), tuple(cells)))
    empty = "" if rows else _("No opportunity was lost within a year.")
    return BreaksItem(heads, tuple(rows), empty)


def _lines(lines: Sequence[TimeLine]) -> tuple[Bar, ...]:
    longest = max((sum(line.days) for line in lines), default=0.0) or 1.0
    bars = []
    for line in lines:
        word = pgettext("stage", "Won") if line.won else pgettext("stage", "Lost")
        label = f"{line.label or '–'} · {word}"
        said = ", ".join(
            f"{stage_word(stage)} {days_words(round(days))}"
            for stage, days in zip(OPEN_STAGES, line.days, strict=True) if days
        )  # fmt: skip
        sentence = _("{label}: {count} within a year; median days by stage: {stages}.").format(
            label=label, count=format_number(len(line.keys)), stages=said or "–"
        )
        parts = tuple(
            (format_number(round(days)), days / longest, place + 1)
            for place, days in enumerate(line.days)
        )
        note = f"{days_words(round(line.cycle))} · {format_number(len(line.keys))}"
        figure = Figure(label, note, "", sentence, line.keys)
        bars.append(Bar(label, parts, note, line.won, figure))
    return tuple(bars)


def _money(figure: f.Figure[int], currency: str) -> str:
    return "–" if figure.value is None else money(figure.value, currency)


def _monthly(figure: f.Figure[int], currency: str) -> str:
    return "–" if figure.value is None else money(figure.value * 30, currency)


def _rate(figure: f.Figure[float]) -> str:
    return "–" if figure.value is None else format_percent(figure.value)


def _days(figure: f.Figure[float]) -> str:
    return "–" if figure.value is None else days_words(round(figure.value))

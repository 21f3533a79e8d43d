"""What became of opportunities: their paths through the stages, win rate, velocity, conversion.

Pure: deals in, figures out, each with the keys of the deals it rests on. Days are ordinals. Where
and why deals break is :mod:`crmdesk.analytics.pipeline_breaks`', the forecast is
:mod:`crmdesk.analytics.pipeline_forecast`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from crmdesk.analytics.figures import Figure, Missing, share
from crmdesk.domain.pipeline import CLOSED_STAGES, OPEN_STAGES, Stage


class Move(NamedTuple):
    """One change of stage as the history has it; ``reason`` is empty where none was given."""

    day: int
    before: Stage
    after: Stage
    reason: str = ""


class Deal(NamedTuple):
    """An opportunity with its history, oldest move first; ``stage`` is where it stands."""

    key: int
    person: str
    amount_minor: int
    opened: int
    stage: Stage
    reason: str = ""
    closed: int | None = None
    moves: tuple[Move, ...] = ()


class Stay(NamedTuple):
    """The days in an open stage: from ``first`` up to ``last``, None while it is still there."""

    stage: Stage
    first: int
    last: int | None


class Path(NamedTuple):
    """The way of a deal. ``won`` and ``lost`` are days; at most one of them is set.

    ``ended`` is the day on which a customer who had been won was found not to buy again;
    ``broke`` the stage in which the deal was lost (WON after a win), with ``broke_reason``.
    """

    deal: Deal
    stays: tuple[Stay, ...]
    won: int | None = None
    lost: int | None = None
    ended: int | None = None
    broke: Stage | None = None
    broke_reason: str = ""
    won_reason: str = ""

    @property
    def decided(self) -> int | None:
        """The day on which it was won or lost; None while it is open."""
        return self.won if self.won is not None else self.lost

    @property
    def cycle(self) -> int | None:
        """The days from its beginning to its decision."""
        return None if self.decided is None else max(0, self.decided - self.deal.opened)

    def at(self, day: int) -> Stay | None:
        """The stage it was in at the end of a day; None before it began and once decided."""
        for stay in self.stays:
            if stay.first <= day and (stay.last is None or day < stay.last):
                return stay
        return None


def path_of(deal: Deal) -> Path:
    """The path that the moves tell.

    A move taken back on the same day counts nowhere. Moves that do not begin where the deal
    stood (two people moved it at once and one of them was not taken) are left out, and the row's
    own stage is the last word.
    """
    first = deal.moves[0].before if deal.moves else deal.stage
    steps: list[tuple[int, Stage, str]] = [
        (deal.opened, first if first in OPEN_STAGES else OPEN_STAGES[0], "")
    ]
    for move in deal.moves:
        day, stage, _reason = steps[-1]
        if move.before is not stage or move.after is stage:
            continue
        if len(steps) > 1 and steps[-2][1] is move.after and move.day == day:
            steps.pop()
        else:
            steps.append((max(move.day, day), move.after, move.reason))
    day, stage, _reason = steps[-1]
    if stage is not deal.stage:
        if len(steps) > 1 and stage in CLOSED_STAGES and deal.stage in CLOSED_STAGES:
            steps.pop()
        last = max(steps[-1][0], deal.closed if deal.closed is not None else day)
        steps.append((last, deal.stage, deal.reason))
    return _read(deal, steps)


def as_of(deal: Deal, day: int) -> Deal:
    """A deal as its moves told it on a past day, whatever came of it later."""
    known = tuple(move for move in deal.moves if move.day <= day)
    if len(known) == len(deal.moves):
        return deal
    stage = known[-1].after if known else deal.moves[0].before
    over = bool(known) and stage in CLOSED_STAGES
    return deal._replace(
        stage=stage, reason=known[-1].reason if over else "",
        closed=known[-1].day if over else None, moves=known,
    )  # fmt: skip


def was_reopened(deal: Deal) -> bool:
    """Whether a decision was taken back: days between knew another end than today does."""
    return any(m.before in CLOSED_STAGES and m.after in OPEN_STAGES for m in deal.moves)


def _read(deal: Deal, steps: Sequence[tuple[int, Stage, str]]) -> Path:
    stays = [
        Stay(stage, day, steps[place + 1][0] if place + 1 < len(steps) else None)
        for place, (day, stage, _reason) in enumerate(steps)
        if stage in OPEN_STAGES
    ]
    stays = [stay for stay in stays if stay.last is None or stay.last >= stay.first]
    day, stage, reason = steps[-1]
    before = steps[-2] if len(steps) > 1 else (deal.opened, OPEN_STAGES[0], "")
    if stage is Stage.WON:
        return Path(deal, tuple(stays), won=day, won_reason=reason)
    if stage is Stage.ENDED and before[1] is Stage.WON:
        return Path(
            deal, tuple(stays), won=before[0], ended=day, broke=Stage.WON, broke_reason=reason,
            won_reason=before[2],
        )  # fmt: skip
    if stage in CLOSED_STAGES:
        return Path(deal, tuple(stays), lost=day, broke=before[1], broke_reason=reason)
    return Path(deal, tuple(stays))


def decided_between(paths: Iterable[Path], first: int, last: int) -> list[Path]:
    """Those won or lost from ``first`` to ``last``, both days included."""
    return [path for path in paths if path.decided is not None and first <= path.decided <= last]


@dataclass(frozen=True, slots=True)
class WinRate:
    """Won ÷ (won + lost) of what was decided; the keys are the deals behind both."""

    rate: Figure[float]
    won: tuple[int, ...]
    lost: tuple[int, ...]


def win_rate(decided: Sequence[Path]) -> WinRate:
    """The share won of decided deals; no figure without any."""
    won = tuple(path.deal.key for path in decided if path.won is not None)
    lost = tuple(path.deal.key for path in decided if path.lost is not None)
    return WinRate(share(len(won), len(won) + len(lost), Missing.NO_DEALS), won, lost)


def win_rates(decided: Sequence[Path]) -> dict[str, WinRate]:
    """The win rate of each person, by name."""
    people: dict[str, list[Path]] = {}
    for path in decided:
        people.setdefault(path.deal.person, []).append(path)
    return {person: win_rate(found) for person, found in sorted(people.items())}


@dataclass(frozen=True, slots=True)
class StageFlow:
    """What happened in a stage to deals that are decided.

    ``entered`` deals were in it, ``on`` of them went further (a later stage or won), ``won`` were
    won in the end; ``days`` is the median of their finished stays. Keys of deals.
    """

    stage: Stage
    entered: tuple[int, ...]
    on: tuple[int, ...]
    won: tuple[int, ...]
    days: Figure[float]

    @property
    def on_rate(self) -> Figure[float]:
        """The share that went further."""
        return share(len(self.on), len(self.entered), Missing.NO_DEALS)

    @property
    def won_rate(self) -> Figure[float]:
        """The share that was won in the end."""
        return share(len(self.won), len(self.entered), Missing.NO_DEALS)


def stage_flows(decided: Sequence[Path]) -> list[StageFlow]:
    """Conversion and days of each open stage, in order."""
    flows = []
    for place, stage in enumerate(OPEN_STAGES):
        later = set(OPEN_STAGES[place + 1 :])
        entered, on, won, days = [], [], [], []
        for path in decided:
            mine = [stay for stay in path.stays if stay.stage is stage]
            if not mine:
                continue
            key = path.deal.key
            entered.append(key)
            began = mine[0].first
            further = any(stay.stage in later and stay.first >= began for stay in path.stays)
            if further or path.won is not None:
                on.append(key)
            if path.won is not None:
                won.append(key)
            days += [stay.last - stay.first for stay in mine if stay.last is not None]
        figure: Figure[float] = (
            Figure(float(median(days))) if days else Figure(None, Missing.NO_DEALS)
        )
        flows.append(StageFlow(stage, tuple(entered), tuple(on), tuple(won), figure))
    return flows


@dataclass(frozen=True, slots=True)
class Velocity:
    """How much the open deals bring a day: open × mean value × win rate ÷ median cycle.

    ``per_day_minor`` in minor units a day; ``cycle_days`` is the median from beginning to winning.
    """

    open_count: int
    mean_minor: Figure[int]
    rate: Figure[float]
    cycle_days: Figure[float]
    per_day_minor: Figure[int]


def velocity(open_paths: Sequence[Path], decided: Sequence[Path]) -> Velocity:
    """Velocity of the open deals by what was decided; no figure where a part of it is missing."""
    count = len(open_paths)
    total = sum(path.deal.amount_minor for path in open_paths)
    mean: Figure[int] = Figure(round(total / count)) if count else Figure(None, Missing.NO_DEALS)
    rate = win_rate(decided).rate
    cycles = [path.cycle for path in decided if path.won is not None and path.cycle is not None]
    cycle: Figure[float] = (
        Figure(float(median(cycles))) if cycles else Figure(None, Missing.NO_DEALS)
    )
    if mean.value is None or rate.value is None or not cycle.value:
        return Velocity(count, mean, rate, cycle, Figure(None, Missing.NO_DEALS))
    return Velocity(
        count, mean, rate, cycle, Figure(round(total * rate.value / cycle.value))
    )  # fmt: skip

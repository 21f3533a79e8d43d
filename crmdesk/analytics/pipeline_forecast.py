"""What open deals will bring in the next 90 days, by the company's own history, and how good
that has been.

The chance of a deal is the share of deals that, standing in the same stage at the same age on some
day, were won within 90 days of it. Days are taken every week, so that slow deals count as often
as they are met. A share of few deals is drawn towards that of its stage, and that of a stage
towards the company's (as if ``WEIGHT`` deals had gone like those). Only days whose 90 days were
over are used, so that a replay at a past day knows nothing of what came later.
Owns the shares, the forecast and its replay; days are ordinals, money is minor units.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from crmdesk.analytics.figures import Figure, Missing
from crmdesk.analytics.pipeline import Path, Stay, as_of, path_of, was_reopened
from crmdesk.domain.pipeline import USUAL_WEIGHT_BP, WHOLE_BP, Stage

HORIZON_DAYS = 90
EVERY_DAYS = 7
AGE_DAYS = (14, 30, 60)
"""Ages in a stage are told apart at these days."""

WEIGHT = 8.0
FEWEST = 20
"""With fewer deals in the history there is no honest share."""


@dataclass(frozen=True, slots=True)
class Chance:
    """The share won within 90 days, of how many ``similar`` deals and ``of`` how many in all."""

    share: float
    similar: int
    of: int


@dataclass(slots=True)
class _Count:
    """How often deals were seen, how often they were won within the horizon, and which."""

    seen: int = 0
    won: int = 0
    deals: set[int] = field(default_factory=set)

    @classmethod
    def of_all(cls, counts: Collection[_Count]) -> _Count:
        """Some counts taken together."""
        return cls(
            sum(one.seen for one in counts), sum(one.won for one in counts),
            set().union(*(one.deals for one in counts)),
        )  # fmt: skip

    def drawn(self, towards: float) -> float:
        if not self.seen:
            return towards
        deals = len(self.deals)
        return (deals * (self.won / self.seen) + WEIGHT * towards) / (deals + WEIGHT)


_NONE = _Count()


def age_group(days: int) -> int:
    """Which of the ages a number of days in a stage belongs to."""
    return bisect_right(AGE_DAYS, max(days, 0))


class StageHistory:
    """Chances by stage and age, from what had happened by a day."""

    def __init__(self) -> None:
        self._ages: dict[tuple[Stage, int], _Count] = {}
        # Stages and all, summed up when they are asked for.
        self._stages: dict[Stage, _Count] = {}
        self._all: _Count | None = None

    def see(self, path: Path, stay: Stay, first: int, last: int, *, times: int = 1) -> None:
        """Take in the weekly days of a stay from ``first`` to ``last``, both included.

        With ``times`` -1 they are taken out again.
        """
        began, won = stay.first, path.won
        first = max(first, began)
        if stay.last is not None:
            last = min(last, stay.last - 1)
        if last < first:
            return
        for age, (begins, ends) in enumerate(_AGES):
            low, high = began + begins, began + ends
            if low > last:
                return
            low, high = max(low, first), min(high, last)
            seen = _weeks(low, high)
            if not seen:
                continue
            gone = 0
            if won is not None and won - HORIZON_DAYS <= high:
                gone = _weeks(max(low, won - HORIZON_DAYS), min(high, won - 1))
            count = self._ages.get((stay.stage, age))
            if count is None:
                count = self._ages[stay.stage, age] = _Count()
            count.seen += times * seen
            count.won += times * gone
            (count.deals.add if times > 0 else count.deals.discard)(path.deal.key)
            self._all = None

    def chance(self, stage: Stage, days: int) -> Figure[Chance]:
        """The chance of a deal that has been in a stage for some days, or TOO_FEW_DEALS."""
        every = self._all if self._all is not None else self._summed()
        of = len(every.deals)
        if of < FEWEST:
            return Figure(None, Missing.TOO_FEW_DEALS)
        here = self._ages.get((stage, age_group(days)), _NONE)
        in_stage = self._stages.get(stage, _NONE).drawn(every.won / every.seen)
        return Figure(Chance(here.drawn(in_stage), len(here.deals), of))

    def _summed(self) -> _Count:
        stages = {stage for stage, _age in self._ages}
        self._stages = {
            one: _Count.of_all([c for (stage, _age), c in self._ages.items() if stage is one])
            for one in stages
        }
        self._all = _Count.of_all(self._stages.values())
        return self._all


_FAR = 10**7
_AGES = tuple(
    (begins, ends - 1) for begins, ends in zip((0, *AGE_DAYS), (*AGE_DAYS, _FAR), strict=True)
)


def _weeks(first: int, last: int) -> int:
    """How many of the weekly days lie from ``first`` to ``last``, both included."""
    return max(0, last // EVERY_DAYS - (first - 1) // EVERY_DAYS)


def history(paths: Iterable[Path], today: int) -> StageHistory:
    """The chances as of a day."""
    made = StageHistory()
    for path in paths:
        for stay in path.stays:
            made.see(path, stay, 0, today - HORIZON_DAYS)
    return made


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the deals open on a day will bring within 90 days: expected, beside usual weights."""

    open_keys: tuple[int, ...]
    open_minor: int
    expected_minor: Figure[int]
    usual_minor: int


def forecast(open_paths: Sequence[Path], known: StageHistory, day: int) -> Forecast:
    """Σ amount × chance of the deals open on a day; the usual weights of their stages beside it."""
    expected, usual, total = 0.0, 0, 0
    missing: Missing | None = None
    chances: dict[tuple[Stage, int], Figure[Chance]] = {}
    for path in open_paths:
        stay = path.at(day)
        if stay is None:
            continue
        amount = path.deal.amount_minor
        total += amount
        usual += amount * USUAL_WEIGHT_BP[stay.stage]
        group = stay.stage, age_group(day - stay.first)
        chance = chances.get(group)
        if chance is None:
            chance = chances[group] = known.chance(stay.stage, day - stay.first)
        if chance.value is None:
            missing = chance.reason
        else:
            expected += amount * chance.value.share
    keys = tuple(path.deal.key for path in open_paths)
    figure: Figure[int] = Figure(None, missing) if missing else Figure(round(expected))
    return Forecast(keys, total, figure, round(usual / WHOLE_BP))


@dataclass(frozen=True, slots=True)
class Replay:
    """The forecast as it would have been on a past day, and what came of it within 90 days."""

    day: int
    forecast: Forecast
    actual_minor: int
    won: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Over all replays: WAPE = Σ|A−F| ÷ ΣA and bias = Σ(F−A) ÷ ΣA, ours and by usual weights."""

    wape: Figure[float]
    bias: Figure[float]
    usual_wape: Figure[float]
    usual_bias: Figure[float]


def replay(paths: Sequence[Path], days: Sequence[int]) -> list[Replay]:
    """The forecast of each past day by what was known then, beside what happened."""
    return learn(paths, days, max(days))[1] if days else []


def learn(
    paths: Sequence[Path], days: Sequence[int], today: int
) -> tuple[StageHistory, list[Replay]]:
    """The chances as of ``today``, and the replays of past ``days``, in one walk through time."""
    ordered = sorted(days)
    ends = [day - HORIZON_DAYS for day in (*ordered, today)]
    stretches: list[list[tuple[Path, Stay]]] = [[] for _end in ends]
    wavering = [path for path in paths if was_reopened(path.deal)]
    for path in paths:
        for stay in () if was_reopened(path.deal) else path.stays:
            begins = bisect_left(ends, stay.first)
            done = len(ends) - 1 if stay.last is None else bisect_left(ends, stay.last - 1)
            for place in range(begins, min(done, len(ends) - 1) + 1):
                stretches[place].append((path, stay))
    known, found, since = StageHistory(), [], 0
    there = _there(paths, ordered)
    for place, end in enumerate(ends):
        for path, stay in stretches[place]:
            known.see(path, stay, since, end)
        since = end + 1
        if place < len(ordered):
            views = [path_of(as_of(path.deal, ordered[place])) for path in wavering]
            _see_all(known, views, end)
            found.append(_replayed(there[place], known, ordered[place]))
            _see_all(known, views, end, times=-1)
    _see_all(known, wavering, ends[-1])
    return known, found


def _see_all(known: StageHistory, paths: Iterable[Path], last: int, *, times: int = 1) -> None:
    for path in paths:
        for stay in path.stays:
            known.see(path, stay, 0, last, times=times)


def _there(paths: Iterable[Path], days: Sequence[int]) -> list[list[Path]]:
    """Which deals were open at the end of each of some days, which are in order."""
    there: list[list[Path]] = [[] for _day in days]
    for path in paths:
        begun, over = bisect_left(days, path.deal.opened), path.decided
        for place in range(begun, len(days) if over is None else bisect_left(days, over)):
            if path.at(days[place]) is not None:
                there[place].append(path)
    return there


def _replayed(there: Sequence[Path], known: StageHistory, day: int) -> Replay:
    """``there`` are the deals that were open at the end of the day."""
    won = [
        path for path in there
        if path.won is not None and day < path.won <= day + HORIZON_DAYS
    ]  # fmt: skip
    return Replay(
        day, forecast(there, known, day), sum(path.deal.amount_minor for path in won),
        tuple(path.deal.key for path in won),
    )  # fmt: skip


def accuracy(replays: Sequence[Replay]) -> Accuracy:
    """How far the forecasts were off, where there was one; no figure while nothing was won."""
    pairs = [
        (one.actual_minor, one.forecast.expected_minor.value, one.forecast.usual_minor)
        for one in replays
        if one.forecast.expected_minor.value is not None
    ]
    total = sum(actual for actual, _ours, _usual in pairs)
    if not total:
        none: Figure[float] = Figure(None, Missing.TOO_FEW_DEALS)
        return Accuracy(none, none, none, none)
    ours = [(actual, expected or 0) for actual, expected, _usual in pairs]
    usual = [(actual, weighted) for actual, _ours, weighted in pairs]
    return Accuracy(
        Figure(sum(abs(a - f) for a, f in ours) / total),
        Figure(sum(f - a for a, f in ours) / total),
        Figure(sum(abs(a - f) for a, f in usual) / total),
        Figure(sum(f - a for a, f in usual) / total),
    )

"""Figures of the pipeline against a reference that walks day by day and counts in fractions."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from statistics import median

from hypothesis import event, given, settings
from hypothesis import strategies as st

from crmdesk.analytics.figures import Missing
from crmdesk.analytics.pipeline import (
    Deal,
    Move,
    Path,
    decided_between,
    path_of,
    stage_flows,
    velocity,
    win_rate,
    win_rates,
)
from crmdesk.analytics.pipeline_breaks import break_matrix, time_lines, who, why
from crmdesk.analytics.pipeline_forecast import (
    AGE_DAYS,
    FEWEST,
    HORIZON_DAYS,
    WEIGHT,
    StageHistory,
    accuracy,
    forecast,
    history,
    replay,
)
from crmdesk.domain.pipeline import CLOSED_STAGES, OPEN_STAGES, STAGE_STEPS, USUAL_WEIGHT_BP, Stage

TODAY = 1_000
_FEWER = settings(max_examples=30, deadline=None)
Q, P, N, WON, LOST, ENDED = Stage


@st.composite
def deals(draw: st.DrawFn, key: int = 1) -> Deal:
    """A deal with a legal history of different days that ends today at the latest."""
    opened = draw(st.integers(500, TODAY - 5))
    stage, day, moves = Q, opened, []
    for _step in range(draw(st.integers(0, 5))):
        day += draw(st.integers(1, 60))
        if day > TODAY or stage in (LOST, ENDED):
            break
        after = draw(st.sampled_from(sorted(STAGE_STEPS[stage])))
        reason = draw(st.sampled_from(["price", "need"])) if after in CLOSED_STAGES else ""
        moves.append(Move(day, stage, after, reason))
        stage = after
    ended = stage in CLOSED_STAGES
    return Deal(
        key, draw(st.sampled_from(["Ada", "Bo"])), draw(st.integers(0, 10**6)), opened, stage,
        moves[-1].reason if ended else "", moves[-1].day if ended else None, tuple(moves),
    )  # fmt: skip


@st.composite
def companies(draw: st.DrawFn) -> list[Deal]:
    return [draw(deals(key)) for key in range(draw(st.integers(0, 20)))]


def stage_on(deal: Deal, day: int) -> Stage | None:
    """The stage at the end of a day, from the moves alone."""
    if day < deal.opened:
        return None
    stage = deal.moves[0].before if deal.moves else deal.stage
    for move in deal.moves:
        if move.day <= day:
            stage = move.after
    return stage


def days_in(deal: Deal, day: int) -> int:
    """How many days ago the stay in the stage of a day began."""
    back = 0
    while day - back - 1 >= deal.opened:
        if any(move.day == day - back for move in deal.moves):
            break
        back += 1
    return back


def outcome(deal: Deal) -> tuple[str, int | None]:
    """Won, lost or open, and the day: an end after a win is a win."""
    moves = list(deal.moves)
    if deal.stage is ENDED and moves[-1].before is WON:
        moves.pop()
        return "won", moves[-1].day
    if deal.stage is WON:
        return "won", moves[-1].day
    if deal.stage in CLOSED_STAGES:
        return "lost", moves[-1].day
    return "open", None


@_FEWER
@given(deals())
def test_a_path_tells_where_a_deal_stood_on_every_day(deal: Deal) -> None:
    path = path_of(deal)
    word, day = outcome(deal)
    assert (path.won, path.lost) == (
        day if word == "won" else None,
        day if word == "lost" else None,
    )
    for at in range(deal.opened - 1, TODAY + 1):
        stage, stay = stage_on(deal, at), path.at(at)
        if stage in OPEN_STAGES:
            assert stay is not None and (stay.stage, at - stay.first) == (stage, days_in(deal, at))
        else:
            assert stay is None


def test_a_move_taken_back_on_its_day_counts_nowhere() -> None:
    deal = Deal(1, "Ada", 5, 10, Q, moves=(Move(20, Q, WON, "price"), Move(20, WON, Q)))
    assert (
        path_of(deal) == path_of(Deal(1, "Ada", 5, 10, Q))
        or path_of(deal).stays == path_of(Deal(1, "Ada", 5, 10, Q)).stays
    )
    assert path_of(deal).won is None


def test_the_row_has_the_last_word_when_two_have_moved_a_deal_at_once() -> None:
    deal = Deal(1, "Ada", 5, 10, WON, "price", 31,
                (Move(30, Q, LOST, "need"), Move(31, Q, WON, "price")))  # fmt: skip
    path = path_of(deal)
    assert (path.won, path.lost, path.won_reason) == (31, None, "price")


@_FEWER
@given(companies())
def test_win_rates_and_matrix_count_every_decided_deal_once(company: list[Deal]) -> None:
    paths = [path_of(deal) for deal in company]
    first = TODAY - 365
    decided = decided_between(paths, first, TODAY)
    ends = [(outcome(deal), deal) for deal in company]
    mine = [(word, deal) for (word, day), deal in ends if day is not None and first <= day <= TODAY]
    words = Counter(word for word, _deal in mine)
    found = win_rate(decided)
    if words:
        assert found.rate.value == float(Fraction(words["won"], len(mine)))
    else:
        assert found.rate.reason is Missing.NO_DEALS
    assert set(found.won) | set(found.lost) == {deal.key for _word, deal in mine}
    assert sum(len(one.won) + len(one.lost) for one in win_rates(decided).values()) == len(mine)

    matrix = break_matrix(paths, first, TODAY)
    broken = Counter(
        (deal.moves[-1].before, deal.reason)
        for deal in company
        if deal.stage in (LOST, ENDED) and first <= deal.moves[-1].day <= TODAY
    )
    assert {where: len(cell.keys) for where, cell in matrix.cells.items()} == broken
    assert len(matrix.total.keys) == sum(broken.values()) == len(set(matrix.total.keys))
    assert sum(matrix.of_reason(reason) for reason in matrix.reasons) == sum(broken.values())
    assert sum(matrix.of_stage(stage) for stage in Stage) == sum(broken.values())
    assert matrix.total.amount_minor == sum(
        deal.amount_minor for deal in company if deal.key in matrix.total.keys
    )


@_FEWER
@given(companies())
def test_conversion_and_days_of_a_stage(company: list[Deal]) -> None:
    decided = decided_between([path_of(deal) for deal in company], 0, TODAY)
    chosen = [deal for deal in company if outcome(deal)[0] != "open"]
    for place, flow in enumerate(stage_flows(decided)):
        entered, on, won, stays = set(), set(), set(), []
        for deal in chosen:
            end = outcome(deal)[1] or 0
            seen = [(day, stage_on(deal, day)) for day in range(deal.opened, end)]
            here = [day for day, stage in seen if stage is flow.stage]
            if not here:
                continue
            entered.add(deal.key)
            later = OPEN_STAGES[place + 1 :]
            if any(stage in later and day > here[0] for day, stage in seen):
                on.add(deal.key)
            if outcome(deal)[0] == "won":
                on.add(deal.key)
                won.add(deal.key)
            runs = [day for day in here if day - 1 not in here]
            stays += [next(d for d in range(run, end + 1) if d not in here) - run for run in runs]
        assert (set(flow.entered), set(flow.on), set(flow.won)) == (entered, on, won)
        assert flow.days.value == (float(median(stays)) if stays else None)


@_FEWER
@given(companies())
def test_velocity_is_its_formula(company: list[Deal]) -> None:
    paths = [path_of(deal) for deal in company]
    open_paths = [path for path in paths if path.decided is None]
    decided = decided_between(paths, 0, TODAY)
    found = velocity(open_paths, decided)
    won = [path for path in decided if path.won is not None]
    if open_paths and won and (cycle := median([path.cycle or 0 for path in won])):
        total = sum(path.deal.amount_minor for path in open_paths)
        exact = Fraction(total) * Fraction(len(won), len(decided)) / Fraction(cycle)
        assert found.per_day_minor.value is not None
        assert abs(found.per_day_minor.value - exact) <= Fraction(1, 2) + Fraction(total, 10**9)
    else:
        assert found.per_day_minor.value is None


@_FEWER
@given(companies())
def test_time_lines_hold_every_deal_once_by_either_label(company: list[Deal]) -> None:
    decided = decided_between([path_of(deal) for deal in company], 0, TODAY)
    for label in (who, why):
        lines = time_lines(decided, label)
        keys = [key for line in lines for key in line.keys]
        assert sorted(keys) == sorted(path.deal.key for path in decided)
        for line in lines:
            there = [path for path in decided if path.deal.key in line.keys]
            assert line.cycle == float(median([path.cycle or 0 for path in there]))
            assert {path.won is not None for path in there} == {line.won}


# ----------------------------------------------------------------------------------- forecast


def shares(company: list[Deal], cutoff: int) -> dict[tuple[Stage, int], float] | None:
    """Chances of every stage and age at a day, counted day by day in fractions."""
    seen: list[tuple[Stage, int, int, bool]] = []
    for deal in company:
        word, end = outcome(deal)
        for day in range(deal.opened, cutoff - HORIZON_DAYS + 1):
            stage = stage_on(deal, day)
            if day % 7 or stage not in OPEN_STAGES:
                continue
            age = sum(days_in(deal, day) >= limit for limit in AGE_DAYS)
            won = word == "won" and end is not None and day < end <= day + HORIZON_DAYS
            seen.append((stage, age, deal.key, won))
    if len({key for _s, _a, key, _w in seen}) < FEWEST:
        return None
    company_share = Fraction(sum(won for *_rest, won in seen), len(seen))
    weight = Fraction(WEIGHT)

    def drawn(rows: list[tuple[Stage, int, int, bool]], towards: Fraction) -> Fraction:
        if not rows:
            return towards
        count = len({key for _s, _a, key, _w in rows})
        raw = Fraction(sum(row[3] for row in rows), len(rows))
        return (count * raw + weight * towards) / (count + weight)

    return {
        (stage, age): float(
            drawn(
                [row for row in seen if row[:2] == (stage, age)],
                drawn([row for row in seen if row[0] is stage], company_share),
            )
        )
        for stage in OPEN_STAGES
        for age in range(len(AGE_DAYS) + 1)
    }


@settings(max_examples=12, deadline=None)
@given(st.lists(deals(), min_size=45, max_size=55), st.integers(880, TODAY))
def test_chances_and_forecast_are_those_of_the_reference(drawn: list[Deal], cutoff: int) -> None:
    company = [
        Deal(key, one.person, one.amount_minor, one.opened, one.stage, one.reason, one.closed,
             one.moves) for key, one in enumerate(drawn)
    ]  # fmt: skip
    paths = [path_of(deal) for deal in company]
    (found,) = replay(paths, [cutoff])
    # What came after the day changes nothing in its forecast, only in what was won.
    until = [path_of(as_of(deal, cutoff)) for deal in company if deal.opened <= cutoff]
    assert forecast(open_at(until, cutoff), history(until, cutoff), cutoff) == found.forecast

    # A win that is taken back later was a win on that day.
    expected = shares([as_of(one, cutoff) for one in company if one.opened <= cutoff], cutoff)
    open_deals = [deal for deal in company if stage_on(deal, cutoff) in OPEN_STAGES]
    assert found.forecast.open_minor == sum(deal.amount_minor for deal in open_deals)
    usual = sum(deal.amount_minor * USUAL_WEIGHT_BP[stage_of(deal, cutoff)] for deal in open_deals)
    assert found.forecast.usual_minor == round(usual / 10_000)
    actual = sum(
        deal.amount_minor for deal in open_deals
        if outcome(deal)[0] == "won" and cutoff < (outcome(deal)[1] or 0) <= cutoff + HORIZON_DAYS
    )  # fmt: skip
    assert found.actual_minor == actual
    event(f"chances: {expected is not None}")
    if expected is None:
        assert found.forecast.expected_minor.value is None or not open_deals
        return
    total = sum(
        deal.amount_minor
        * expected[stage_of(deal, cutoff),
                   sum(days_in(deal, cutoff) >= limit for limit in AGE_DAYS)]
        for deal in open_deals
    )  # fmt: skip
    assert found.forecast.expected_minor.value is not None
    assert abs(found.forecast.expected_minor.value - total) <= 1


def stage_of(deal: Deal, day: int) -> Stage:
    stage = stage_on(deal, day)
    assert stage is not None
    return stage


def open_at(paths: list[Path], day: int) -> list[Path]:
    return [path for path in paths if path.at(day) is not None]


def as_of(deal: Deal, day: int) -> Deal:
    """A deal as it was known on a day."""
    moves = tuple(move for move in deal.moves if move.day <= day)
    stage = stage_of(deal, day)
    closed = moves[-1].day if stage in CLOSED_STAGES else None
    reason = moves[-1].reason if closed is not None else ""
    return Deal(deal.key, deal.person, deal.amount_minor, deal.opened, stage, reason, closed, moves)


def test_a_win_taken_back_later_counts_in_replays_of_the_days_between() -> None:
    def deal(key: int, *moves: Move) -> Deal:
        stage = moves[-1].after if moves else Q
        closed = moves[-1].day if stage in CLOSED_STAGES else None
        return Deal(key, "Ada", 100, 700, stage, "", closed, moves)

    lost = [deal(n, Move(720, Q, LOST, "need")) for n in range(25)]
    kept = [deal(30, Move(730, Q, WON, "price"))]
    back = [deal(30, Move(730, Q, WON, "price"), Move(900, WON, Q))]
    fresh = Deal(40, "Bo", 10_000, 850, Q)
    days = [860, 950]
    with_it, without = (
        replay([path_of(one) for one in [*lost, *some, fresh]], days) for some in (kept, back)
    )
    assert with_it[0].forecast == without[0].forecast
    assert with_it[1].forecast != without[1].forecast


def test_few_deals_are_drawn_to_their_stage_and_without_any_there_is_no_figure() -> None:
    lost = [Deal(n, "Ada", 100, 700, LOST, "price", 730, (Move(730, Q, LOST, "price"),))
            for n in range(30)]  # fmt: skip
    won = [Deal(n, "Ada", 100, 700, WON, "price", 730, (Move(730, Q, WON, "price"),))
           for n in range(30, 60)]  # fmt: skip
    known = history([path_of(deal) for deal in lost + won], TODAY)
    half = known.chance(Q, 3).value
    assert half is not None and half.share == 0.5 and half.similar == half.of == 60
    never = known.chance(N, 3).value
    assert never is not None and (never.share, never.similar) == (0.5, 0)
    assert StageHistory().chance(Q, 3).reason is Missing.TOO_FEW_DEALS


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=6))
def test_accuracy_is_wape_and_bias(pairs: list[tuple[int, int]]) -> None:
    days = list(range(len(pairs)))
    replays = [
        one for day, (actual, usual) in zip(days, pairs, strict=True)
        for one in [_replayed(day, actual, usual)]
    ]  # fmt: skip
    found = accuracy(replays)
    total = sum(actual for actual, _usual in pairs)
    if not total:
        assert found.wape.value is None
        return
    assert found.usual_wape.value == sum(abs(a - u) for a, u in pairs) / total
    assert found.usual_bias.value == sum(u - a for a, u in pairs) / total
    assert found.wape.value == sum(abs(a - 2 * u) for a, u in pairs) / total


def _replayed(day: int, actual: int, usual: int):
    from crmdesk.analytics.figures import Figure
    from crmdesk.analytics.pipeline_forecast import Forecast, Replay

    return Replay(day, Forecast((), 0, Figure(2 * usual), usual), actual, ())

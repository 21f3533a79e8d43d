"""Figures of the pipeline: which opportunities they rest on.

The figures are :mod:`crmdesk.analytics.pipeline`'s and its siblings'. A rep sees the own deals'
figures, of divided ones the own share of the amount; chances rest on every deal of the profile,
for there are never too many.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmdesk.analytics.pipeline import (
    Deal,
    Move,
    Path,
    StageFlow,
    Velocity,
    WinRate,
    decided_between,
    path_of,
    stage_flows,
    velocity,
    win_rate,
    win_rates,
)
from crmdesk.analytics.pipeline_breaks import (
    BreakMatrix,
    TimeLine,
    break_matrix,
    time_lines,
    who,
    why,
)
from crmdesk.analytics.pipeline_forecast import (
    HORIZON_DAYS,
    Accuracy,
    Forecast,
    Replay,
    StageHistory,
    accuracy,
    forecast,
    history,
    learn,
)
from crmdesk.domain.money import divide_half_even
from crmdesk.domain.pipeline import CLOSED_STAGES, WHOLE_BP, read_splits, stage_of
from crmdesk.domain.states import Role
from crmdesk.storage.pausing import without_collecting

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

HISTORY_DAYS = 3 * 365
"""Older opportunities say little about today's."""

WINDOW_DAYS = 365
"""Win rate, conversion and where deals break are told of the last year."""

REPLAYS = 12
"""The forecast is replayed on the first days of so many months."""


@dataclass(frozen=True, slots=True)
class PipelineFigures:
    """All figures of one reading; every part keeps the keys (local ids) of its deals."""

    known: StageHistory
    forecast: Forecast
    replays: tuple[Replay, ...]
    accuracy: Accuracy
    velocity: Velocity
    win_rate: WinRate
    people: dict[str, WinRate]
    flows: tuple[StageFlow, ...]
    breaks: BreakMatrix
    by_reason: tuple[TimeLine, ...]
    by_person: tuple[TimeLine, ...]


@without_collecting()
def pipeline_figures(ws: Workspace, person: int | None = None) -> PipelineFigures:
    """The figures of everybody, or of one person; a rep's are the own ones."""
    today = ws.today()
    if ws.user.role is Role.REP:
        person = ws.user.id
    mine: dict[int, int] = {}
    with ws.database.read() as connection:
        paths = [path_of(deal) for deal in _deals(connection, today, person, mine)]
    chosen = [_of_person(path, mine[path.deal.key]) for path in paths if path.deal.key in mine]
    return figures_of(paths, chosen, today)


def figures_of(paths: list[Path], chosen: list[Path], today: date) -> PipelineFigures:
    """The figures of ``chosen``; chances come from all ``paths``."""
    day = today.toordinal()
    decided = decided_between(chosen, day - WINDOW_DAYS + 1, day)
    open_paths = [path for path in chosen if path.at(day) is not None]
    known, replays = learn(paths, _months(today), day)
    return PipelineFigures(
        known,
        forecast(open_paths, known, day),
        tuple(replays),
        accuracy(replays),
        velocity(open_paths, decided),
        win_rate(decided),
        win_rates(decided),
        tuple(stage_flows(decided)),
        break_matrix(chosen, day - WINDOW_DAYS + 1, day),
        tuple(time_lines(decided, why)),
        tuple(time_lines(decided, who)),
    )


@without_collecting()
def stage_history(ws: Workspace) -> StageHistory:
    """The chances alone, for lists that show one with each deal."""
    today = ws.today()
    with ws.database.read() as connection:
        # One after the other: of all of them at once a chance knows nothing more.
        return history(map(path_of, _deals(connection, today, None, {})), today.toordinal())


def _months(today: date) -> list[int]:
    """The first days of the last months whose 90 days are over."""
    last = today - timedelta(days=HORIZON_DAYS)
    year, month, found = last.year, last.month, []
    for _step in range(REPLAYS):
        found.append(date(year, month, 1).toordinal())
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return sorted(found)


def _deals(
    connection: Connection, today: date, person: int | None, mine: dict[int, int]
) -> Iterator[Deal]:
    """All deals of three years with their moves, by id, read as they are asked for.

    ``mine`` is given those of the person with their share (bp).
    """
    since = (today - timedelta(days=HISTORY_DAYS)).isoformat()
    uid: object = None
    if person is not None:
        uid = connection.exec_driver_sql(
            "SELECT uid FROM app_user WHERE id = ?", (person,)
        ).scalar()
    moves = _Moves(connection)
    # By bare cursors, since there are many.
    cursor = connection.connection.cursor()
    rows = cursor.execute(
        "SELECT o.id, o.user_id, coalesce(u.name, ''), o.amount_minor, o.opened_on, o.stage,"
        " coalesce(r.name, ''), o.closed_on, o.splits FROM opportunity o"
        " LEFT JOIN app_user u ON u.id = o.user_id"
        " LEFT JOIN outcome_reason r ON r.id = o.reason_id WHERE o.opened_on >= ? ORDER BY o.id",
        (since,),
    )
    for key, user, name, amount, opened, stage, reason, closed, splits in rows:
        share = WHOLE_BP if person is None else _share(splits, uid)
        if share is None:
            share = WHOLE_BP if user == person else 0
        if share or user == person:
            mine[key] = share
        standing = _stage(stage)
        ended = _ordinal(closed) if closed and standing in CLOSED_STAGES else None
        yield Deal(
            key, name, amount, _ordinal(opened), standing, reason, ended, moves.of(key)
        )  # fmt: skip
    cursor.close()


class _Moves:
    """The moves of one deal after the other, read beside them and held no longer."""

    def __init__(self, connection: Connection) -> None:
        self._reasons: dict[int | None, str] = {
            row[0]: row[1]
            for row in connection.exec_driver_sql("SELECT id, name FROM outcome_reason")
        }
        self._rows: Iterator[tuple[Any, ...]] = iter(
            connection.connection.cursor().execute(
                "SELECT opportunity_id, from_stage, to_stage, reason_id, local_day(at)"
                " FROM stage_change WHERE from_stage IS NOT NULL ORDER BY opportunity_id, at, id"
            )
        )
        self._next = next(self._rows, None)

    def of(self, deal: int) -> tuple[Move, ...]:
        """Those of a deal, oldest first; deals are asked for by growing ids."""
        row, found = self._next, []
        while row is not None and row[0] <= deal:
            if row[0] == deal:
                _deal, before, after, reason, day = row
                found.append(
                    Move(
                        _ordinal(day), _stage(before), _stage(after), self._reasons.get(reason, "")
                    )
                )
            row = next(self._rows, None)
        self._next = row
        return tuple(found)


def _share(splits: str | None, uid: object) -> int | None:
    """The basis points of a person in a divided deal, 0 for none; None when it is not divided."""
    if splits is None:
        return None
    shares = read_splits(json.loads(splits) if splits else None)
    if not shares:
        return None
    return shares.get(uid.hex(), 0) if isinstance(uid, bytes) else 0


def _of_person(path: Path, share: int) -> Path:
    """A path with what a person has of its amount, where the deal is divided."""
    if share == WHOLE_BP:
        return path
    amount = divide_half_even(path.deal.amount_minor * share, WHOLE_BP)
    return path._replace(deal=path.deal._replace(amount_minor=amount))


_stage = lru_cache(maxsize=64)(stage_of)


@lru_cache(maxsize=4096)
def _ordinal(text: str) -> int:
    return date.fromisoformat(text[:10]).toordinal()

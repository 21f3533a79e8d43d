"""Random territories of any size, unlike the shared ones: for growth, and for tuning."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from crmdesk.planning.problem import Break, Day, Problem, Stop, Weights
from crmdesk.planning.travel import matrix_from_plane

_FIRST = date(2024, 1, 1)
_HOURS = (
    ((480.0, 1140.0),),
    ((540.0, 810.0), (960.0, 1200.0)),
    ((450.0, 720.0), (780.0, 990.0)),
    ((600.0, 780.0),),
)


def wide_territory(customers: int, *, seed: int, weeks: int = 4) -> Problem:
    """One rep among towns scattered around home; few large customers, many small ones."""
    return wide_map(customers, seed=seed, weeks=weeks)[0]


def wide_map(
    customers: int, *, seed: int, weeks: int = 4
) -> tuple[Problem, list[tuple[float, float]]]:
    """The same with its places on the map in kilometres, home first."""
    draw = Random(seed)
    towns = [
        (draw.gauss(0.0, 38.0), draw.gauss(0.0, 38.0), draw.uniform(1.0, 5.0))
        for _town in range(5 + customers // 25)
    ]
    points = [(0.0, 0.0)]
    offsets = [7 * week + weekday for week in range(weeks) for weekday in range(5)]
    days = tuple(
        Day(_FIRST + timedelta(days=offset), 480.0, 1050.0, 0, 0, 300.0, (Break(780.0, 60.0),))
        for offset in offsets
    )
    stops = []
    for number in range(customers):
        x, y, spread = draw.choice(towns)
        points.append((draw.gauss(x, spread), draw.gauss(y, spread)))
        interval = draw.choices((7.0, 14.0, 28.0, 42.0), (1, 3, 5, 2))[0]
        hours, closed = draw.choice(_HOURS), draw.choice((None, None, 0, 4))
        stops.append(
            Stop(
                str(number), number + 1, float(draw.choice((15, 20, 30, 45))),
                tuple(() if offset % 7 == closed else hours for offset in offsets),
                interval, -draw.randrange(int(1.3 * interval)),
                margin=draw.lognormvariate(4.2, 0.6), overdue_per_day=draw.choice((0.5, 1.5, 3.0)),
            )
        )  # fmt: skip
    problem = Problem(
        tuple(stops), days, matrix_from_plane(points), Weights(per_km=0.3),
        first_date=_FIRST, horizon_days=7 * weeks,
    )  # fmt: skip
    return problem, points

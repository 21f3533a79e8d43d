"""Coverage, strike rate, drop size, lines per call, plan compliance."""

import numpy as np

from crmdesk.analytics.field import (
    Planned,
    Visits,
    field_figures,
    plan_compliance,
)
from crmdesk.analytics.figures import Figure, Missing


def visits(*rows: tuple[int, int, int, int]) -> Visits:
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Visits(table[:, 0], table[:, 1] == 1, table[:, 2], table[:, 3])


def test_figures_of_a_week():
    done = visits((1, 1, 10_000, 4), (1, 0, 0, 0), (2, 1, 5_001, 3), (9, 0, 0, 0))
    figures = field_figures(done, np.array([1, 2, 3, 4, 4]))
    assert figures.coverage == Figure(0.5)
    assert figures.strike_rate == Figure(0.5)
    assert figures.drop_size_minor == Figure(7_500)
    assert figures.lines_per_call == Figure(3.5)
    assert (figures.visits, figures.visits_with_order) == (4, 2)


def test_reasons_where_nothing_can_be_said():
    nothing = field_figures(visits(), np.array([], dtype=np.int64))
    assert nothing.coverage == Figure(None, Missing.NO_ACCOUNTS)
    assert nothing.strike_rate == Figure(None, Missing.NO_VISITS)
    assert nothing.drop_size_minor == Figure(None, Missing.NO_VISITS)
    empty_handed = field_figures(visits((1, 0, 0, 0)), np.array([1]))
    assert empty_handed.drop_size_minor == Figure(None, Missing.NO_ORDERS)
    assert empty_handed.lines_per_call == Figure(None, Missing.NO_ORDERS)
    assert empty_handed.strike_rate == Figure(0.0)


def test_compliance_tells_late_missed_and_closed_apart():
    planned = Planned(
        planned_day=np.array([10, 10, 11, 11, 12, 15, 16]),
        done_day=np.array([10, 11, -1, 11, -1, -1, 15]),
        closed=np.array([False, False, False, True, False, False, False]),
    )
    result = plan_compliance(planned, today=15)
    assert result.planned == 6
    assert (result.on_day, result.early_or_late, result.closed, result.missed) == (1, 2, 1, 2)
    assert result.share == Figure(1 / 6)


def test_no_plan_has_no_compliance():
    empty = np.array([], dtype=np.int64)
    result = plan_compliance(Planned(empty, empty, empty == 0), today=1)
    assert result.share == Figure(None, Missing.NO_PLAN)


def test_a_closed_door_noted_without_a_day_is_not_a_missed_visit():
    planned = Planned(np.array([10]), np.array([-1]), np.array([True]))
    result = plan_compliance(planned, today=12)
    assert (result.closed, result.missed) == (1, 0)

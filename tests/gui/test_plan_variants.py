"""Plans side by side, and a plan in the making as the board shows it."""

from datetime import timedelta

import pytest

from crmdesk.planning.solver import Progress
from crmdesk.services import plans
from crmdesk.services.plan_drafts import draft_of, draft_week
from crmdesk.services.plan_variants import propose_variants
from crmdesk.services.planning_problem import Objective, RepProblem
from crmdesk.services.queries.plan import week_plan
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json
from tests.gui.copied_company import ws
from tests.gui.desk_company import TODAY
from tests.gui.plan_stage import template

__all__ = ["template", "ws"]

MONDAY = TODAY - timedelta(days=1)
NEXT = MONDAY + timedelta(days=7)
SHORT = {"days": [[[540, 720]]] * 5 + [[], []], "max_km": 280}


def test_each_objective_is_best_at_its_own(ws: Workspace) -> None:
    with ws.database.maintenance() as connection:  # three hours a day: not everybody can be seen
        connection.exec_driver_sql("UPDATE app_user SET working_week = ?", (dump_json(SHORT),))
    # Long enough for each search to have come to the end of what it finds.
    now, margin, coverage = propose_variants(ws, NEXT, 14, iterations=4_000)
    assert (now.key, margin.key, coverage.key) == ("now", "margin", "coverage")
    assert now.moves == ()
    assert margin.totals.margin_minor > now.totals.margin_minor
    assert coverage.totals.coverage > margin.totals.coverage
    assert margin.proposal is not None
    assert coverage.proposal is not None
    assert coverage.proposal.plan.worth < margin.proposal.plan.worth
    for variant in (margin, coverage):
        assert variant.proposal is not None
        assert all(move.before != move.after for move in variant.moves)
        worths = [v.expected for d in variant.proposal.plan.days for v in d.visits]
        assert round(sum(worths) * 100) == pytest.approx(variant.totals.margin_minor, abs=1)


def test_a_short_search_by_margin_never_ends_below_the_plan_by_coverage(ws: Workspace) -> None:
    shares: list[float] = []
    for seed in (1, 2, 3):
        _now, margin, coverage = propose_variants(
            ws, NEXT, 14, iterations=0, seed=seed, on_progress=lambda p: shares.append(p.share)
        )
        assert margin.proposal is not None
        assert coverage.proposal is not None
        assert margin.proposal.plan.worth >= coverage.proposal.plan.worth - 1e-6
        assert shares[0] == 0.0
        assert shares == sorted(shares)
        assert shares.pop() == 1.0
        shares.clear()


def test_a_plan_in_the_making_looks_like_the_one_that_is_accepted(ws: Workspace) -> None:
    sources: list[RepProblem] = []
    seen: list[Progress] = []
    proposal = plans.propose_plan(
        ws, NEXT, 7, iterations=200, on_source=sources.append, on_progress=seen.append
    )
    week = week_plan(ws, NEXT)
    first = draft_week(week, sources[0], seen[0].orders, 100)
    assert first.visits == seen[0].visits > 0
    draft = draft_of(ws, week, proposal)
    plans.accept_plan(ws, proposal)
    written = week_plan(ws, NEXT)
    assert any(not s.in_person for d in written.days for s in d.stops)
    assert (draft.visits, draft.calls) == (written.visits, written.calls)
    for made, kept in zip(draft.days, written.days, strict=True):
        drives = [stop for stop in kept.stops if stop.in_person]
        assert [(s.account_id, s.start_minute, s.leg_m) for s in made.stops if s.in_person] == [
            (s.account_id, s.start_minute, s.leg_m) for s in drives
        ]
        said = [(s.account_id, s.mode, s.why) for s in made.stops]
        assert sorted(said, key=str) == sorted(
            ((s.account_id, s.mode, s.why) for s in kept.stops), key=str
        )
        assert made.km == pytest.approx(kept.km, abs=0.1)


def test_what_is_done_stays_in_a_draft(ws: Workspace) -> None:
    proposal = plans.propose_plan(ws, TODAY, 6, iterations=50, objective=Objective.COVERAGE)
    week = week_plan(ws, MONDAY)
    draft = draft_week(week, proposal.source, proposal.plan.orders(), 100)
    assert draft.days[0] == week.days[0]
    done = [s.id for d in week.days for s in d.stops if not s.waiting]
    assert set(done) <= {s.id for d in draft.days for s in d.stops}

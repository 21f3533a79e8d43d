"""Lists, board and sheets of the pipeline against queries of their own; any history of a deal."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdesk.cli.program import Faces, main
from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.pipeline import CLOSED_STAGES, OPEN_STAGES, REASON_KINDS, STAGE_STEPS, Stage
from crmdesk.domain.policy import DEFAULTS
from crmdesk.services import opportunities
from crmdesk.services.opportunities import DealInput
from crmdesk.services.opportunity_stages import move_deal
from crmdesk.services.queries.deal import choices, deal_sheet
from crmdesk.services.queries.deals import (
    RECENT_DAYS,
    DealFilter,
    DealGroup,
    DealSort,
    board,
    deal_counts,
    deal_keys,
    deal_rows,
    waiting_count,
)
from crmdesk.services.queries.leads import LeadFilter, LeadGroup, LeadSort, lead_counts, lead_keys
from crmdesk.services.queries.pipeline_figures import WINDOW_DAYS, pipeline_figures
from crmdesk.services.workspace import Workspace
from tests.db.files import ask
from tests.db.quote_steps import ACCOUNT, one


@pytest.fixture
def lively(ws: Workspace) -> Workspace:
    """Two dozen deals more, in every stage, for the small company has few."""
    ended = [Stage.WON, Stage.LOST, Stage.ENDED]
    for place in range(24):
        made = DealInput(f"Deal {place}", 1_000 * (place + 1))
        key = opportunities.start_deal(ws, 1 + place % 5, made).opportunity_id
        stage = (*OPEN_STAGES, *ended)[place % 6]
        if stage is not Stage.QUALIFIED:
            why = None
            if stage in ended:
                why = one(ws, "SELECT min(id) FROM outcome_reason WHERE kind = ?",
                          REASON_KINDS[stage])  # fmt: skip
            move_deal(ws, key, stage, reason_id=why)
        if place % 3 == 0 and stage in OPEN_STAGES:
            opportunities.plan_step(ws, key, "Call", ws.today() + timedelta(days=place - 9))
    return ws


def stored(ws: Workspace) -> list[dict[str, Any]]:
    """The rep's own deals, with the day their stage began, worked out row by row."""
    found = []
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT * FROM opportunity WHERE user_id = ? OR splits LIKE ?",
            (ws.user.id, f"%{ws.user.uid.hex()}%"),
        )
        for row in rows.mappings().all():
            moves = connection.exec_driver_sql(
                "SELECT at, to_stage FROM stage_change WHERE opportunity_id = ? ORDER BY at, id",
                (row["id"],),
            ).all()
            days = [at[:10] for at, stage in moves if stage == row["stage"]]
            found.append({**row, "since": date.fromisoformat(days[-1] if days
                                                             else row["opened_on"])})  # fmt: skip
    return found


def test_groups_and_stale_marks_are_those_of_the_rules(lively: Workspace) -> None:
    today, rows = lively.today(), stored(lively)
    limits = {"qualified": DEFAULTS.stale_qualified_days, "proposal": DEFAULTS.stale_proposal_days,
              "negotiation": DEFAULTS.stale_negotiation_days}  # fmt: skip
    opened = {row["id"] for row in rows if row["stage"] in limits}
    expected = {
        DealGroup.OPEN: opened,
        DealGroup.DO: {row["id"] for row in rows if row["id"] in opened
                       and (row["next_step_on"] or "") <= today.isoformat()},
        DealGroup.STALE: {row["id"] for row in rows if row["id"] in opened
                          and (today - row["since"]).days > limits[row["stage"]]},
        DealGroup.WON: {row["id"] for row in rows if row["stage"] == "won"},
        DealGroup.LOST: {row["id"] for row in rows if row["stage"] in ("lost", "ended")},
        DealGroup.ALL: {row["id"] for row in rows},
    }  # fmt: skip
    counts = deal_counts(lively, DealFilter())
    for group, ids in expected.items():
        keys = deal_keys(lively, DealFilter(group=group))
        assert set(keys) == ids and len(keys) == len(ids) == counts[group], group
    assert waiting_count(lively) == len(expected[DealGroup.DO])
    shown = deal_rows(lively, list(expected[DealGroup.ALL]))
    assert {key for key, row in shown.items() if row.stale} == expected[DealGroup.STALE]
    assert {key for key, row in shown.items() if row.is_due(today)} == expected[DealGroup.DO]


def test_the_company_decides_when_a_deal_is_stale(lively: Workspace) -> None:
    before = deal_counts(lively, DealFilter())[DealGroup.STALE]
    with lively.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE organisation SET policy = ?",
            (json.dumps({f"stale_{stage}_days": 700 for stage in OPEN_STAGES}),),
        )
    assert deal_counts(lively, DealFilter())[DealGroup.STALE] < before or before == 0


@pytest.mark.parametrize("sort", list(DealSort))
def test_every_order_shows_every_deal_once(lively: Workspace, sort: DealSort) -> None:
    wanted = DealFilter(group=DealGroup.ALL)
    up, down = (deal_keys(lively, wanted, sort, descending=way) for way in (False, True))
    assert up == down[::-1] and len(set(up)) == len(up)


def test_the_board_holds_open_deals_and_what_closed_lately(lively: Workspace) -> None:
    first = (lively.today() - timedelta(days=RECENT_DAYS)).isoformat()
    rows = [row for row in stored(lively)
            if row["stage"] in OPEN_STAGES or row["closed_on"] >= first]  # fmt: skip
    counts = Counter(row["stage"] for row in rows)
    for column in board(lively, DealFilter()):
        mine = [row for row in rows if row["stage"] == column.stage]
        assert (column.count, column.amount_minor) == (
            counts[column.stage], sum(row["amount_minor"] for row in mine),
        )  # fmt: skip
        assert set(column.ids) == {row["id"] for row in mine}


def test_deals_are_found_by_what_they_are_and_by_customer(lively: Workspace) -> None:
    name = one(lively, "SELECT name FROM account WHERE id = ?", ACCOUNT)
    found = deal_keys(lively, DealFilter(name[:6], DealGroup.ALL))
    assert set(found) >= {row["id"] for row in stored(lively) if row["account_id"] == ACCOUNT}
    (found_one,) = deal_keys(lively, DealFilter("deal 23", DealGroup.ALL))
    assert deal_rows(lively, [found_one])[found_one].name == "Deal 23"
    assert deal_keys(lively, DealFilter("no such deal", DealGroup.ALL)) == []


def test_a_sheet_tells_the_whole_way(lively: Workspace) -> None:
    key = opportunities.start_deal(lively, ACCOUNT, DealInput("Terrace", 5)).opportunity_id
    quote = opportunities.quote_for_deal(lively, key).quote_id
    move_deal(lively, key, Stage.PROPOSAL, note="sent")
    sheet = deal_sheet(lively, key)
    assert [(step.before, step.after, step.note) for step in sheet.history] == [
        (None, Stage.QUALIFIED, ""), (Stage.QUALIFIED, Stage.PROPOSAL, "sent"),
    ]  # fmt: skip
    assert [(one.kind, one.id) for one in sheet.documents] == [("quote", quote)]
    known = choices(lively)
    assert all(known.reasons[stage] for stage in CLOSED_STAGES) and known.lead_reasons


def test_leads_are_listed_once_in_every_order(ws: Workspace) -> None:
    counts = lead_counts(ws, LeadFilter())
    for group in LeadGroup:
        for sort in LeadSort:
            keys = lead_keys(ws, LeadFilter(group=group), sort)
            assert len(set(keys)) == len(keys) == counts[group]
    own = one(ws, "SELECT count(*) FROM lead WHERE user_id = ?", ws.user.id)
    assert counts[LeadGroup.ALL] == own > 0


def test_figures_rest_on_the_reps_own_deals_and_shares(lively: Workspace) -> None:
    found = pipeline_figures(lively)
    first = (lively.today() - timedelta(days=WINDOW_DAYS - 1)).isoformat()
    rows = [row for row in stored(lively) if row["closed_on"] and row["closed_on"] >= first]
    lost = {row["id"] for row in rows if row["stage"] in ("lost", "ended")}
    assert set(found.breaks.total.keys) == lost
    won = {row["id"] for row in rows if row["stage"] == "won"}
    assert won <= set(found.win_rate.won)
    opened = {row["id"] for row in stored(lively) if row["stage"] in OPEN_STAGES}
    assert set(found.forecast.open_keys) == opened
    whole = sum(row["amount_minor"] for row in stored(lively) if row["id"] in opened)
    divided = [row for row in stored(lively) if row["id"] in opened and row["splits"]]
    if not divided:
        assert found.forecast.open_minor == whole

    largest = max(opened, key=lambda key: deal_rows(lively, [key])[key].amount_minor)
    amount = deal_rows(lively, [largest])[largest].amount_minor
    other = one(lively, "SELECT min(id) FROM app_user WHERE id <> ?", lively.user.id)
    opportunities.split_deal(lively, largest, [(lively.user.id, 2_500), (other, 7_500)])
    after = pipeline_figures(lively).forecast
    assert after.open_keys == found.forecast.open_keys
    assert found.forecast.open_minor - after.open_minor == amount - amount // 4


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(list(Stage)), max_size=8))
def test_any_history_ends_where_the_row_stands(ws: Workspace, wanted: list[Stage]) -> None:
    """Whatever is tried: only legal steps happen, and the history is the row's own."""
    key = opportunities.start_deal(ws, ACCOUNT, DealInput("Any", 1)).opportunity_id
    stage = Stage.QUALIFIED
    taken = []
    for to in wanted:
        why = None
        if to in REASON_KINDS:
            why = one(ws, "SELECT min(id) FROM outcome_reason WHERE kind = ?", REASON_KINDS[to])
        legal = to is stage or to in STAGE_STEPS[stage]
        if not legal:
            with pytest.raises(IllegalTransition):
                move_deal(ws, key, to, reason_id=why)
            continue
        move_deal(ws, key, to, reason_id=why)
        if to is not stage:
            taken.append((stage.value, to.value))
        stage = to
    assert ask(ws, "SELECT from_stage, to_stage FROM stage_change WHERE opportunity_id = ?"
                   " ORDER BY id", key) == taken  # fmt: skip
    row = ask(ws, "SELECT stage, closed_on IS NOT NULL, reason_id IS NOT NULL FROM opportunity"
                  " WHERE id = ?", key)[0]  # fmt: skip
    ended = stage in CLOSED_STAGES
    assert row == (stage.value, ended, ended)


@pytest.mark.parametrize("what", ["open", "stale", "leads", "figures"])
def test_the_command_says_what_the_place_shows(
    folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, what: str
) -> None:
    from tests.db.conftest import instant

    def nothing(*_arguments: object) -> int:
        raise AssertionError

    faces = Faces(nothing, nothing, nothing)
    out = tmp_path / "rows.csv"
    arguments = ["--profile", str(folder), "pipeline", what, "--json", "--out", str(out)]
    assert main(arguments, faces, instant) == 0
    document = json.loads(capsys.readouterr().out)
    assert out.read_text(encoding="utf-8-sig").count("\n") >= 1
    if what == "figures":
        assert {"forecast", "stages", "breaks", "replays"} <= document.keys()
    else:
        rows = document["leads" if what == "leads" else "opportunities"]
        assert len(out.read_text(encoding="utf-8-sig").splitlines()) == len(rows) + 1
    assert main(["--profile", str(folder), "pipeline", what], faces, instant) == 0
    assert capsys.readouterr().out.strip()

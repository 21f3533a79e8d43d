"""How SQLite reads for the reorder place: by index, never a whole table for what is seen first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from crmdesk.services.queries import reorder, reorder_losses
from crmdesk.services.queries.agreements import agreed_with
from crmdesk.services.queries.contact_days import contact_days
from crmdesk.services.queries.reorder import ReorderFilter, Urgency
from crmdesk.services.queries.reorder_detail import sku_detail
from crmdesk.services.workspace import Workspace

SMALL = ("territory", "app_user", "territory_user", "organisation", "holiday", "user_leave")
"""Tables of a few rows, which may be read whole."""


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """What runs inside, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def before(_c: Any, _k: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", before)
    yield seen
    event.remove(Engine, "before_cursor_execute", before)


def plan_of(ws: Workspace, act: Callable[[], object]) -> list[str]:
    """The steps SQLite takes for it."""
    with statements() as seen:
        act()
    steps: list[str] = []
    assert seen
    with ws.database.read() as connection:
        cursor = connection.connection.cursor()
        for statement, parameters in seen:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps += [str(row[3]) for row in cursor.fetchall()]
        cursor.close()
    return steps


def scans(steps: list[str]) -> list[str]:
    """Tables read whole, apart from small ones, constants and what was just made."""
    found = []
    for step in steps:
        words = step.split()
        made = (
            words[1].startswith("(")
            or words[1][0].isdigit()
            or words[1] in (*SMALL, "CONSTANT", "anon_1")
        )
        if words[0] == "SCAN" and not made:
            found.append(step)
    return found


def test_the_first_page_comes_by_its_index_without_sorting_everything(ws: Workspace) -> None:
    wanted = ReorderFilter(states=frozenset(Urgency))
    steps = plan_of(ws, lambda: reorder.board_page(ws, wanted))
    assert scans(steps) == []
    found = [step for step in steps if "summary_pair" in step]
    assert found
    assert all("ix_summary_pair_likely (state=?)" in step for step in found)
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in steps)


def test_the_first_page_is_the_beginning_of_the_whole_list(ws: Workspace) -> None:
    for states in (ReorderFilter().states, frozenset(Urgency), frozenset({Urgency.FINE})):
        wanted = ReorderFilter(states=states)
        whole = reorder.board_entries(ws, wanted)
        assert reorder.board_page(ws, wanted, 25) == whole[:25]
        assert reorder.board_page(ws, wanted, 10**6) == whole


@pytest.mark.parametrize("count", [1, 60])
def test_rows_in_view_are_found_by_key(ws: Workspace, count: int) -> None:
    keys = [entry.key for entry in reorder.board_page(ws, ReorderFilter(), count)]
    assert scans(plan_of(ws, lambda: reorder.board_rows(ws, keys))) == []
    assert scans(plan_of(ws, lambda: sku_detail(ws, keys[0]))) == []
    assert scans(plan_of(ws, lambda: agreed_with(ws, [key[0] for key in keys]))) == []


def test_lists_never_read_sale_lines_or_all_plans(ws: Workspace) -> None:
    customers = [entry.account_id for entry in reorder_losses.loss_entries(ws, ReorderFilter())]
    assert scans(plan_of(ws, lambda: reorder_losses.loss_rows(ws, customers[:60]))) == []
    assert scans(plan_of(ws, lambda: contact_days(ws))) == []
    steps = plan_of(ws, lambda: reorder.board_entries(ws, ReorderFilter()))
    steps += plan_of(ws, lambda: reorder.board_counts(ws))
    assert [step for step in scans(steps) if "sale" in step.split()] == []
    # Everything that matches has to be looked at once: customer by customer, each by its key.
    assert any(step.startswith("SEARCH summary_pair USING PRIMARY KEY") for step in steps)


def test_a_scan_would_be_seen(ws: Workspace) -> None:
    def read_all() -> None:
        with ws.database.read() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sale_line WHERE net_minor > 5").all()

    assert scans(plan_of(ws, read_all)) != []

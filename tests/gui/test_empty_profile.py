"""A profile that starts alone: empty, and with nothing but imported sales in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.gui.widgets.lines import LineLabel
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.services import orders
from crmdesk.services.forecasting import bring_up_to_date
from crmdesk.services.imports import import_file
from crmdesk.services.workspace import NewCompany, Workspace, start_alone, workspace_of

NOW = datetime(2026, 11, 24, 8, 52, tzinfo=UTC)
TODAY = date(2026, 11, 24)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Workspace]:
    """The profile of somebody who has just begun."""
    company = NewCompany("Distribuciones Nuevas", "Rocío Almagro")
    made = start_alone(tmp_path / "alone", lambda: NOW, company, way="open")
    yield made
    made.close()


@pytest.fixture
def sales(alone: Workspace, tmp_path: Path) -> Workspace:
    """The same after a file of sales: no coordinates, no plan, no price list, no costs."""
    lines = ["order_no,customer,sku,description,date,qty,unit_price,pack"]
    for customer in range(1, 13):
        for sku in range(1, 6):
            gap, day = 7 * (1 + (customer + sku) % 4), TODAY - timedelta(days=300 + customer)
            while day < TODAY - timedelta(days=2):
                order = f"S{customer}-{day:%y%m%d}"
                lines.append(f"{order},C{customer:03},K{sku},Item {sku},{day},{6 * sku},{sku}.95,6")
                day += timedelta(days=gap)
    file = tmp_path / "sales.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = import_file(alone, "sales", file)
    assert report.created > 100
    bring_up_to_date(alone)
    return workspace_of(alone.folder, alone.database, lambda: NOW)


class Opened:
    """The window on a workspace, and what went wrong in it."""

    def __init__(self, workspace: Workspace, runner: Runner, qtbot: QtBot) -> None:
        self.failures: list[str] = []
        self._runner = runner
        self._qtbot = qtbot
        self.window = MainWindow(runner, Bus(), ErrorDesk())
        runner.unhandled = lambda error: self.failures.append(repr(error))
        qtbot.addWidget(self.window)
        self.window.resize(1440, 900)
        self.window.show()
        self.window.activateWindow()
        self.window.open_places(workspace, places_for(workspace), ShellSources())
        self.settle()

    def settle(self) -> None:
        self._qtbot.waitUntil(lambda: self._runner.running == 0, timeout=10_000)
        assert self.failures == []

    def go(self, place: str, **args: object) -> Any:
        self.window.go(place, **args)
        self.settle()
        return self.window.place(place)

    def empty_words(self, place: str) -> str:
        """The empty states that can be seen in a place."""
        widget = self.go(place)
        states = [state for state in widget.findChildren(EmptyState) if state.isVisible()]
        return " ".join(state.accessibleName() for state in states)


@pytest.fixture
def silent(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is written to the log, by us or by Qt."""
    yield
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []


FIRST_STEPS = {
    "today": "Plan the week",
    "customers": "Add the first one with N",
    "reorder": "Import sales or submit orders",
    "orders": "Start one with N",
    "sync": "works alone",
}


def test_every_place_of_an_empty_profile_teaches_the_first_step(
    alone: Workspace, runner: Runner, qtbot: QtBot, synchronous_maps: None, silent: None
) -> None:
    opened = Opened(alone, runner, qtbot)
    for spec in places_for(alone):
        words = opened.empty_words(spec.key)
        assert FIRST_STEPS.get(spec.key, "") in words
    plan = opened.go("plan")
    said = [label.text() for label in plan.findChildren(LineLabel) if label.isVisible()]
    assert any("no visits planned yet" in words for words in said)
    qtbot.keyClick(plan, Qt.Key.Key_R)
    opened.settle()
    opened.window.close()


def test_every_place_works_on_imported_sales_alone(
    sales: Workspace, runner: Runner, qtbot: QtBot, synchronous_maps: None, silent: None
) -> None:
    opened = Opened(sales, runner, qtbot)
    assert "Plan the week" in opened.empty_words("today")
    assert opened.go("customers").model.rowCount() == 12
    assert opened.go("customer", account=1).findChildren(EmptyState) != []
    plan = opened.go("plan")
    qtbot.keyClick(plan, Qt.Key.Key_R)
    opened.settle()
    assert opened.go("reorder").model.shown_keys() != []
    opened.go("sync")
    opened.window.close()


def test_an_order_without_price_lists_costs_what_was_paid_last(
    sales: Workspace, runner: Runner, qtbot: QtBot, synchronous_maps: None, silent: None
) -> None:
    order = orders.start_order(sales, 1).order_id
    opened = Opened(sales, runner, qtbot)
    place = opened.go("order", order=order)
    assert place.table.model().rowCount() > 0
    place.table.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_5, Qt.Key.Key_Return, Qt.Key.Key_P):
        qtbot.keyClick(place.focusWidget() or place, key)
        opened.settle()
    assert "Last price paid" in place.table.tsv([0])
    opened.window.close()

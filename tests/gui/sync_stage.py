"""What the tests of the sync centre share: the story in a profile, a view that notes things."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from crmdesk.domain.states import Role
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.sync_words import RoundItem
from crmdesk.gui.views.sync.items import CentreItem, FieldItem
from crmdesk.gui.views.sync.presenter import Selection, SyncPresenter
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.sync_story import tell, tell_all


def sql(ws: Workspace, statement: str, *values: Any) -> list[Any]:
    with ws.database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement, values)]


@pytest.fixture
def story(demo: Workspace) -> Workspace:
    """The demo company after some days of syncing."""
    tell(demo)
    return demo


def open_conflict(ws: Workspace, field_name: str) -> int:
    query = "SELECT id FROM conflict WHERE field = ? AND state = 'open'"
    return int(sql(ws, query, field_name)[0][0])


@pytest.fixture
def everything(demo: Workspace) -> Workspace:
    """The story with every kind of card."""
    tell_all(demo)
    return demo


def office_of(ws: Workspace) -> Workspace:
    """The same profile as somebody who decides proposals has it."""
    return replace(ws, user=replace(ws.user, role=Role.OFFICE))


@dataclass
class FakeView:
    item: CentreItem | None = None
    selection: Selection = field(default_factory=Selection)
    rounds: list[RoundItem] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def selected(self) -> str:
        return self.selection.need

    def show_centre(self, item: CentreItem, selection: Selection) -> None:
        self.item, self.selection = item, selection

    def ask_value(self, key: str, field: FieldItem) -> None:
        self.asked.append(field.plain)

    def ask_reason(self, title: str) -> None:
        self.asked.append(title)

    def entry_done(self) -> None:
        self.asked.clear()

    def complain(self, words: str) -> None:
        self.complaints.append(words)

    def show_round(self, item: RoundItem) -> None:
        self.rounds.append(item)


def presenter_of(
    ws: Workspace, runner: DirectRunner, desk: FakeDesk
) -> tuple[SyncPresenter, FakeView]:
    view = FakeView()
    made = SyncPresenter(PlaceContext(ws, runner, desk), view)
    made.start()
    return made, view

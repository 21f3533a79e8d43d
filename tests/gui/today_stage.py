"""The day's page with what it showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crmdesk.gui.views.today.asking import Question
from crmdesk.gui.views.today.model import (
    BriefItem,
    Entry,
)
from crmdesk.gui.views.today.presenter import Running, TodayPresenter
from crmdesk.gui.views.today.story import Story
from crmdesk.gui.views.today.travel import TravelItem
from crmdesk.gui.widgets.items import FactPart
from crmdesk.services.queries.today import (
    ReasonRow,
)
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk


def sql(ws: Workspace, statement: str, *values: Any) -> list[Any]:
    with ws.database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement, values)]


@dataclass
class FakeView:
    entries: Sequence[Entry] = ()
    brief: BriefItem | None = None
    selected: int = 0
    running: Running | None = None
    startable: bool = False
    asked: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    story: Story | None = None
    warnings: list[str] = field(default_factory=list)
    travel: TravelItem | None = None
    travel_problem: str = ""
    driven: str = ""
    heading: str = ""
    empty: bool = False
    busy: bool = False

    def show_heading(self, facts: Sequence[FactPart], now: str) -> None:
        assert facts
        self.heading = "".join(part.text for part in facts)

    def show_route(self, entries: Sequence[Entry], home: tuple[float, float] | None) -> None:
        self.entries = entries

    def show_so_far(self, parts: Sequence[FactPart]) -> None:
        assert parts

    def select_stop(self, key: int) -> None:
        self.selected = key

    def show_brief(self, brief: BriefItem | None) -> None:
        self.brief = brief

    def show_running(self, running: Running | None, *, startable: bool) -> None:
        self.running, self.startable = running, startable

    def ask_outcome(self, name: str, reasons: Sequence[ReasonRow]) -> None:
        self.asked.append(name)

    def show_nothing_planned(self) -> None:
        self.empty = True

    def show_replanning(self, *, busy: bool) -> None:
        self.busy = busy

    def ask(self, question: Question) -> None:
        self.questions.append(question)

    def tell(self, story: Story | None) -> None:
        self.story = story

    def warn(self, sentence: str) -> None:
        self.warnings.append(sentence)

    def show_travel(self, item: TravelItem | None) -> None:
        self.travel = item

    def show_travel_problem(self, sentence: str) -> None:
        self.travel_problem = sentence

    def show_driven(self, sentence: str) -> None:
        self.driven = sentence


@dataclass
class Stage:
    ws: Workspace
    view: FakeView
    presenter: TodayPresenter
    runner: DirectRunner
    desk: FakeDesk

    def settle(self) -> None:
        """What the bus does after each commit."""
        while self.runner.committed:
            self.presenter.on_changes(self.runner.committed.pop())

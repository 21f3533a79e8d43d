"""The plan's stage: a small company copied for each test, a view that keeps what it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from crmdesk.gui.jobs import Control
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan import planner
from crmdesk.gui.views.plan.items import CardItem, DayItem, FormItem, UnplannedItem, VariantItem
from crmdesk.gui.views.plan.presenter import PlanPresenter
from crmdesk.gui.views.plan.reasons import Explanation
from crmdesk.gui.views.plan.totals import Heading
from crmdesk.gui.widgets.map_items import Home, MapStop
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.desk_company import make_company


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's profile, made once."""
    folder = tmp_path_factory.mktemp("planned") / "profile"
    make_company(folder).close()
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches of a fraction of a second."""
    monkeypatch.setattr(planner, "_seconds", lambda _ws: 0.3)


@dataclass
class FakeView:
    """What a presenter showed, for looking at."""

    heading: Heading | None = None
    days: list[DayItem] = field(default_factory=list)
    selected: int | None = None
    explanation: Explanation | None = None
    card: CardItem | None = None
    map: tuple[str, str, Sequence[MapStop], Home | None] = ("", "", (), None)
    unplanned: tuple[UnplannedItem, ...] = ()
    progress: list[tuple[str, int, int]] = field(default_factory=list)
    outcome: tuple[str, str, str] = ("", "", "")
    control: Control | None = None
    drawn: int = 0
    variants: tuple[VariantItem, ...] = ()
    chosen: str = ""
    form: FormItem | None = None
    complaint: tuple[str, str] = ("", "")
    file: str = ""
    links: tuple[tuple[str, str], ...] = ()
    person: str = ""
    people: tuple[tuple[int, str], ...] = ()

    def show_person(self, name: str) -> None:
        self.person = name

    def ask_person(self, people: Sequence[tuple[int, str]]) -> None:
        self.people = tuple(people)

    def show_heading(self, heading: Heading) -> None:
        self.heading = heading

    def show_days(self, days: Sequence[DayItem]) -> None:
        self.days = list(days)
        self.drawn += 1

    def show_selected(self, card: int | None) -> None:
        self.selected = card

    def show_explanation(self, explanation: Explanation | None, card: CardItem | None) -> None:
        self.explanation, self.card = explanation, card

    def show_map(self, title: str, note: str, stops: Sequence[MapStop], home: Home | None) -> None:
        self.map = (title, note, stops, home)

    def show_unplanned(self, note: str, items: Sequence[UnplannedItem]) -> None:
        self.unplanned = tuple(items)

    def show_progress(self, text: str, done: int, total: int) -> None:
        self.progress.append((text, done, total))

    def show_outcome(self, strong: str, middle: str, margin: str) -> None:
        self.outcome = (strong, middle, margin)

    def show_variants(self, items: Sequence[VariantItem], chosen: str) -> None:
        self.variants, self.chosen = tuple(items), chosen

    def ask(self, form: FormItem | None) -> None:
        self.form = form

    def complain(self, field: str, words: str) -> None:
        self.complaint = (field, words)

    def ask_file(self, stem: str, ending: str) -> str:
        return self.file

    def open_links(self, links: Sequence[tuple[str, str]]) -> None:
        self.links = tuple(links)

    def new_control(self) -> Control:
        self.control = Control()
        return self.control

    def cards(self) -> dict[int, tuple[date, CardItem]]:
        return {card.key: (day.day, card) for day in self.days for card in day.cards}


Made = tuple[PlanPresenter, FakeView, FakeDesk]


@pytest.fixture
def made(ws: Workspace, direct_runner: DirectRunner, desk: FakeDesk) -> Made:
    """A presenter that has read, its view and its desk."""
    view = FakeView()
    presenter = PlanPresenter(PlaceContext(ws, direct_runner, desk), view)
    presenter.start()
    return presenter, view, desk

"""The reorder board on a small company: its profile, a view that remembers, a presenter."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.reorder.asking import Question
from crmdesk.gui.views.reorder.items import (
    DetailItem,
    Grouping,
    GroupItem,
    LossItem,
    RowItem,
    TileItem,
)
from crmdesk.gui.views.reorder.presenter import ReorderPresenter
from crmdesk.services.queries.contact_days import ContactDay
from crmdesk.services.queries.reorder import (
    PairKey,
    Urgency,
)
from crmdesk.services.queries.reorder_accuracy import board_accuracy
from crmdesk.services.queries.reorder_detail import SkuDetail
from crmdesk.services.queries.reorder_filter import AreaRow
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.desk_company import make_company

EVERY = frozenset(Urgency)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company") / "profile"
    made = make_company(folder)
    board_accuracy(made)  # once for all copies: it is kept in the profile for the day
    made.close()
    return folder


@dataclass
class FakeView:
    """What a presenter showed, for looking at."""

    tiles: list[TileItem] = field(default_factory=list)
    heading: str = ""
    routes: tuple[int, int] = (0, 0)
    entries: list[PairKey | GroupItem] = field(default_factory=list)
    picks: frozenset[PairKey] = frozenset()
    rows: dict[PairKey, RowItem] = field(default_factory=dict)
    total: tuple[str, str, int] = ("", "", 0)
    empty: tuple[str, str] = ("", "")
    sentence: str = ""
    detail: DetailItem | None = None
    areas: tuple[tuple[AreaRow, ...], str, bool] = ((), "", False)
    mode: Grouping = Grouping.URGENCY
    question: Question | None = None
    beside: tuple[str, bool] = ("", False)
    kept: SkuDetail | None = None
    days: tuple[ContactDay, ...] = ()
    selected: list[PairKey] = field(default_factory=list)
    losses: list[int] = field(default_factory=list)
    loss_rows: dict[int, LossItem] = field(default_factory=dict)

    def select(self, key: PairKey) -> None:
        self.selected.append(key)

    def show_areas(self, areas: Sequence[AreaRow], chosen: str, *, several: bool) -> None:
        self.areas = (tuple(areas), chosen, several)

    def show_sentence(self, sentence: str) -> None:
        self.sentence = sentence

    def show_detail(self, item: DetailItem | None) -> None:
        self.detail = item

    def show_mode(self, grouping: Grouping) -> None:
        self.mode = grouping

    def show_question(self, question: Question | None) -> None:
        self.question = question
        self.beside = ("", False) if question is None else (question.beside, question.wrong)

    def show_beside(self, words: str, *, wrong: bool) -> None:
        self.beside = (words, wrong)

    def offer_packs(self, detail: SkuDetail) -> None:
        self.kept = detail

    def offer_days(self, key: PairKey | int, mode: str, days: Sequence[ContactDay]) -> None:
        self.days = tuple(days)

    def show_losses(self, account_ids: Sequence[int]) -> None:
        self.losses = list(account_ids)

    def put_losses(self, items: dict[int, LossItem]) -> None:
        self.loss_rows.update(items)

    def show_losses_sentence(self, words: str) -> None:
        self.sentence = words

    def show_tiles(self, tiles: Sequence[TileItem]) -> None:
        self.tiles = list(tiles)

    def show_heading(self, facts: str) -> None:
        self.heading = facts

    def show_routes(self, stops_today: int, stops_week: int) -> None:
        self.routes = (stops_today, stops_week)

    def show_entries(
        self, entries: Sequence[PairKey | GroupItem], picks: frozenset[PairKey]
    ) -> None:
        self.entries, self.picks = list(entries), picks

    def put_rows(self, items: dict[PairKey, RowItem]) -> None:
        self.rows.update(items)

    def show_total(self, picked: str, amount: str, count: int) -> None:
        self.total = (picked, amount, count)

    def show_empty(self, title: str, hint: str) -> None:
        self.empty = (title, hint)

    def pairs(self) -> list[PairKey]:
        return [entry for entry in self.entries if not isinstance(entry, GroupItem)]

    def groups(self) -> list[GroupItem]:
        return [entry for entry in self.entries if isinstance(entry, GroupItem)]


Made = tuple[ReorderPresenter, FakeView, FakeDesk]


@pytest.fixture
def made(ws: Workspace, direct_runner: DirectRunner, desk: FakeDesk) -> Made:
    view = FakeView()
    presenter = ReorderPresenter(PlaceContext(ws, direct_runner, desk), view)
    presenter.start()
    presenter.read_rows(view.pairs())
    return presenter, view, desk

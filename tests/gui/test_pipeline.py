"""The pipeline without its window: what is shown, asked, moved, given and taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester

from crmdesk.domain.pipeline import Stage
from crmdesk.domain.states import Role
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.pipeline.forms import Ask
from crmdesk.gui.views.pipeline.items import ColumnItem, FiguresItem, Mode, SideItem
from crmdesk.gui.views.pipeline.model import DealsModel, LeadsModel
from crmdesk.gui.views.pipeline.presenter import FIGURE, PipelinePresenter
from crmdesk.gui.views.pipeline.words import read_amount, typed_amount
from crmdesk.gui.widgets.formbar import Form, Given
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.deal import LinkedDocument
from crmdesk.services.queries.deals import DealFilter, DealGroup, DealRow, deal_keys, deal_rows
from crmdesk.services.queries.leads import LeadFilter, LeadGroup, LeadRow, lead_keys, lead_rows
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk


class ListFake:
    """Keeps what a list was told to show."""

    def __init__(self) -> None:
        self.chips: list[ChipItem] = []
        self.keys: list[int] = []
        self.rows: dict[int, Any] = {}
        self.empty = ("", "")

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        self.chips = list(chips)

    def choose_chip(self, key: str) -> None:
        self.chip = key

    def show_heading(self, facts: str) -> None:
        pass

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, Any]) -> None:
        self.keys, self.rows = list(keys), dict(rows)

    def put_rows(self, rows: Mapping[int, Any]) -> None:
        self.rows.update(rows)

    def show_empty(self, title: str, hint: str) -> None:
        self.empty = (title, hint)


class ViewFake:
    """Keeps what the place was told to show."""

    def __init__(self) -> None:
        self.deals, self.leads = ListFake(), ListFake()
        self.mode = Mode.BOARD
        self.heading = ("", "")
        self.columns: list[ColumnItem] = []
        self.figures: FiguresItem | None = None
        self.side: SideItem | None = None
        self.selected: int | None = None
        self.form: Form | None = None
        self.problem = ("", "")
        self.offered: list[CustomerRow] = []
        self.refreshed = 0
        self.documents: list[LinkedDocument] = []

    def show_mode(self, mode: Mode) -> None:
        self.mode = mode

    def show_heading(self, facts: str, person: str) -> None:
        self.heading = (facts, person)

    def show_board(self, columns: Sequence[ColumnItem]) -> None:
        self.columns = list(columns)

    def show_figures(self, item: FiguresItem, *, by_person: bool) -> None:
        self.figures = item

    def show_side(self, item: SideItem | None) -> None:
        self.side = item

    def select_deal(self, key: int) -> None:
        self.selected = key

    def select_lead(self, key: int) -> None:
        self.selected = key

    def refresh_rows(self) -> None:
        self.refreshed += 1

    def ask(self, form: Form) -> None:
        self.form = form

    def complain(self, problem: str, field: str) -> None:
        self.problem = (problem, field)

    def put_form_away(self) -> None:
        self.form = None

    def offer_documents(self, documents: Sequence[LinkedDocument]) -> None:
        self.documents = list(documents)

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        self.offered = list(rows)


Stood = tuple[PipelinePresenter, ViewFake]


def made(ws: Workspace, runner: DirectRunner, desk: FakeDesk) -> Stood:
    view = ViewFake()
    presenter = PipelinePresenter(PlaceContext(ws, runner, desk), view)
    presenter.start()
    return presenter, view


@pytest.fixture
def stood(demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk) -> Stood:
    return made(demo, direct_runner, desk)


def filled(form: Form | None, **values: str) -> Given:
    assert form is not None
    return Given(form.kind, form.subject, {f.key: f.value for f in form.fields} | values)


def reason_of(form: Form | None) -> str:
    assert form is not None
    return next(f for f in form.fields if f.key == "reason").choices[0][0]


# ---------------------------------------------------------------------------------- presenter


def test_the_board_opens_with_every_open_deal_in_its_column(demo: Workspace, stood: Stood) -> None:
    _presenter, view = stood
    shown = {card.key: column.stage for column in view.columns for card in column.cards}
    rows = deal_rows(demo, deal_keys(demo, DealFilter()))
    assert {key: stage for key, stage in shown.items() if key in rows} == {
        key: row.stage for key, row in rows.items()
    }
    assert view.side is not None and view.side.blocks
    assert view.refreshed == 1  # the chances are known


def test_a_move_goes_to_the_next_stage_and_is_taken_back(
    demo: Workspace, stood: Stood, desk: FakeDesk
) -> None:
    presenter, view = stood
    key = next(card.key for card in view.columns[0].cards)
    presenter.select_deal(key)
    presenter.steps.shift(1)
    assert deal_rows(demo, [key])[key].stage is Stage.PROPOSAL
    assert desk.undo is not None
    desk.undo()
    assert deal_rows(demo, [key])[key].stage is Stage.QUALIFIED
    presenter.steps.shift(-1)
    assert deal_rows(demo, [key])[key].stage is Stage.QUALIFIED


def test_no_deal_is_lost_without_a_reason(demo: Workspace, stood: Stood, desk: FakeDesk) -> None:
    presenter, view = stood
    key = view.columns[0].cards[0].key
    presenter.steps.drop(key, Stage.LOST)
    form = view.form
    assert form is not None and form.kind == Ask.LOST
    presenter.steps.answer(filled(form))
    assert view.problem[1] == "reason" and view.form is form
    presenter.steps.answer(filled(form, reason=reason_of(form), lost_to="Makro"))
    row = deal_rows(demo, [key])[key]
    assert (row.stage, row.lost_to, view.form) == (Stage.LOST, "Makro", None)
    presenter.steps.shift(1)
    assert "closed" in desk.toasts[-1]
    presenter.steps.reopen()
    assert deal_rows(demo, [key])[key].stage is Stage.QUALIFIED


def test_shares_are_typed_by_name(demo: Workspace, stood: Stood) -> None:
    presenter, view = stood
    key = view.columns[0].cards[0].key
    presenter.select_deal(key)
    presenter.steps.ask(Ask.SHARES)
    form = view.form
    with demo.database.read() as connection:
        people = connection.exec_driver_sql("SELECT name FROM app_user ORDER BY id LIMIT 2")
        first, second = [str(name) for (name,) in people]
    for wrong in (f"{first} 60, {second} 30", "nobody 100", "60"):
        presenter.steps.answer(filled(form, shares=wrong))
        assert view.problem[1] in ("splits", "shares")
        assert not deal_rows(demo, [key])[key].shared
    presenter.steps.answer(filled(form, shares=f"{first} 62,5; {second} 37,5 %"))
    presenter.select_deal(key)
    assert deal_rows(demo, [key])[key].shared
    assert view.side is not None
    shares = next(lines for _title, lines in view.side.blocks if len(lines) == 2
                  and {line.lead for line in lines} == {first, second})  # fmt: skip
    assert shares


def test_a_lead_is_entered_qualified_and_converted_with_its_twin_named(
    demo: Workspace, stood: Stood, desk: FakeDesk
) -> None:
    presenter, view = stood
    with demo.database.read() as connection:
        name = connection.exec_driver_sql("SELECT name FROM account ORDER BY id").scalar()
    presenter.steps.ask_new_lead()
    presenter.steps.answer(filled(view.form, name="Pau"))
    lead = presenter.lead
    assert lead is not None
    presenter.steps.ask(Ask.EDIT_LEAD)
    presenter.steps.answer(filled(view.form, company=str(name)))
    presenter.steps.ask(Ask.QUALIFY)
    best = {f.key: f.choices[0][0] for f in view.form.fields} if view.form else {}
    presenter.steps.answer(filled(view.form, **best))
    assert lead_rows(demo, [lead])[lead].score.points == 100
    presenter.select_lead(lead)
    assert view.side is not None and len(view.side.blocks[0][1]) == 5

    presenter.steps.ask(Ask.CONVERT)
    form = view.form
    assert form is not None and form.fields[0].key == "account" and not form.fields[0].value
    presenter.steps.answer(filled(form, amount="2400"))
    assert view.problem[1] == "account"
    presenter.steps.answer(filled(form, amount="many", account="new"))
    assert view.problem[1] == "amount"
    presenter.steps.answer(filled(form, amount="2400", account=form.fields[0].choices[1][0]))
    assert view.mode is Mode.BOARD and presenter.deal is not None
    row = deal_rows(demo, [presenter.deal])[presenter.deal]
    assert (row.amount_minor, row.customer) == (240_000, name)
    assert desk.undo is not None
    desk.undo()
    assert deal_rows(demo, [row.id]) == {}
    assert lead_rows(demo, [lead])[lead].status == "qualified"


def test_every_figure_opens_its_rows(stood: Stood) -> None:
    presenter, view = stood
    presenter.choose_mode(Mode.FIGURES)
    item = view.figures
    assert item is not None
    cells = [cell.figure for _r, _t, row in item.breaks.rows for cell in row if cell is not None]
    bars = [bar.figure for bar in (*item.flows, *item.people, *item.lines)]
    figures = [*item.tiles, *(month.figure for month in item.months), *bars, *cells]
    assert len(figures) > 12
    for figure in figures:
        assert figure.sentence
        if not figure.keys:
            continue
        presenter.open_figure(figure)
        assert view.mode is Mode.LIST
        assert set(view.deals.keys) == set(figure.keys), figure.label
        assert view.deals.chips[0].key == FIGURE
    for cell in cells:
        assert int(cell.value) == len(cell.keys)
    presenter.choose_deals(DealGroup.ALL)
    assert view.deals.chips[0].key != FIGURE


def test_managers_see_everybody_or_one_and_reps_their_own(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE opportunity SET user_id = (SELECT id FROM app_user WHERE role = 'manager'),"
            " splits = NULL WHERE id % 2 = 0"
        )
    presenter, view = made(demo, direct_runner, desk)
    own = {card.key for column in view.columns for card in column.cards}
    assert own and all(key % 2 for key in own)
    presenter.choose_person(1)
    assert {card.key for column in view.columns for card in column.cards} == own

    manager = replace(demo, user=replace(demo.user, role=Role.MANAGER))
    presenter, view = made(manager, direct_runner, desk)
    every = {card.key for column in view.columns for card in column.cards}
    assert own < every
    presenter.choose_person(demo.user.id)
    assert {card.key for column in view.columns for card in column.cards} == own
    assert view.heading[1] == demo.user.name


class _Slow(DirectRunner):
    """Keeps reads back until a test lets them go, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Callable[[], None]] = []
        self.keeps = False

    def read(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        **rest: object,
    ) -> None:
        if self.keeps:
            self.kept.append(lambda: DirectRunner.read(self, work, done, failed, **rest))
        else:
            DirectRunner.read(self, work, done, failed, **rest)


def test_figures_that_come_late_are_not_shown_as_somebody_elses(
    demo: Workspace, desk: FakeDesk
) -> None:
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE opportunity SET user_id = (SELECT id FROM app_user WHERE role = 'manager'),"
            " splits = NULL WHERE id % 2 = 0"
        )
    manager, runner = replace(demo, user=replace(demo.user, role=Role.MANAGER)), _Slow()
    presenter, view = made(manager, runner, desk)
    presenter.choose_mode(Mode.FIGURES)
    presenter.choose_person(demo.user.id)
    of_rep = view.figures
    presenter.choose_person(None)
    assert view.figures != of_rep
    runner.keeps = True
    presenter.choose_person(None)
    presenter.choose_person(demo.user.id)
    for late in reversed(runner.kept):
        late()
    assert view.figures == of_rep


def test_its_quotes_are_opened_and_a_first_one_is_begun(
    demo: Workspace, stood: Stood, desk: FakeDesk
) -> None:
    presenter, view = stood
    keys = (card.key for column in view.columns for card in column.cards)
    key = next(key for key in keys if not deal_rows(demo, [key])[key].quotes)
    presenter.select_deal(key)
    presenter.steps.open_documents()
    assert "Q starts one" in desk.toasts[-1] and desk.went == []
    presenter.steps.quote()
    presenter.steps.open_documents()
    assert [place for place, _args in desk.went] == ["quote", "quote"]
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE quote SET opportunity_id = ? WHERE id IN (SELECT id FROM quote LIMIT 3)", (key,)
        )
    presenter.steps.open_documents()
    assert len(view.documents) >= 3


def test_managers_give_and_reps_do_not(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, stood: Stood
) -> None:
    presenter, view = stood
    key = view.columns[0].cards[0].key
    presenter.select_deal(key)
    presenter.steps.give()
    assert view.form is None and "manager" in desk.toasts[-1]
    manager = replace(demo, user=replace(demo.user, role=Role.MANAGER))
    presenter, view = made(manager, direct_runner, desk)
    presenter.select_deal(key)
    presenter.steps.give()
    form = view.form
    assert form is not None
    other = next(k for k, _name in form.fields[0].choices if k != form.fields[0].value)
    presenter.steps.answer(filled(form, user=other))
    with demo.database.read() as connection:
        has = "SELECT user_id FROM opportunity WHERE id = ?"
        assert connection.exec_driver_sql(has, (key,)).scalar() == int(other)


def test_empty_lists_teach_the_first_step(stood: Stood) -> None:
    presenter, view = stood
    presenter.choose_mode(Mode.LIST)
    presenter.search("zzzzz")
    assert "zzzzz" in view.deals.empty[0]
    presenter.choose_mode(Mode.LEADS)
    assert "zzzzz" in view.leads.empty[0]


def test_amounts_are_typed_and_read_back() -> None:
    for text, minor in (("2400", 240_000), ("2400.50", 240_050), ("0", 0)):
        assert read_amount(text, "EUR") == minor
        assert read_amount(typed_amount(minor, "EUR"), "EUR") == minor
    for text in ("", "many", "1.234567"):
        assert read_amount(text, "EUR") is None


@pytest.mark.parametrize("kind", ["deals", "leads"])
def test_the_models_keep_qts_rules(
    demo: Workspace, qtmodeltester: ModelTester, qapp: QApplication, kind: str
) -> None:
    model: DealsModel | LeadsModel
    rows: Mapping[int, DealRow | LeadRow]
    if kind == "deals":
        model = DealsModel(demo.today, "EUR", lambda: None)
        keys = deal_keys(demo, DealFilter(group=DealGroup.ALL))
        rows = deal_rows(demo, keys)
    else:
        model = LeadsModel(demo.today)
        keys = lead_keys(demo, LeadFilter(group=LeadGroup.ALL))
        rows = lead_rows(demo, keys)
    model.set_keys(keys, rows)
    qtmodeltester.check(model)
    assert model.rowCount() == len(keys) > 5

"""The reorder board: what is read, how it is grouped, picked, changed and put into orders."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.errors import FieldError
from crmdesk.domain.reorder_overrides import OverrideKind
from crmdesk.gui import theme
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.reorder import menus
from crmdesk.gui.views.reorder.asking import Ask, Question
from crmdesk.gui.views.reorder.items import (
    DetailItem,
    Grouping,
    GroupItem,
    LossItem,
    RowItem,
    TileItem,
)
from crmdesk.gui.views.reorder.presenter import ReorderPresenter
from crmdesk.gui.views.reorder.widget import ReorderPlace
from crmdesk.services import reorder_board, undo
from crmdesk.services.queries import reorder as queries
from crmdesk.services.queries.contact_days import ContactDay
from crmdesk.services.queries.reorder import (
    PairKey,
    ReorderFilter,
    ReorderSort,
    Route,
    Urgency,
)
from crmdesk.services.queries.reorder_accuracy import board_accuracy
from crmdesk.services.queries.reorder_detail import SkuDetail
from crmdesk.services.queries.reorder_filter import AreaRow
from crmdesk.services.reorder_overrides import Said, override_suggestion
from crmdesk.services.workspace import Workspace, open_workspace
from crmdesk.storage import profile
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.desk_company import NOW, TODAY, make_company
from tests.gui.pictures import settle

EVERY = frozenset(Urgency)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company") / "profile"
    made = make_company(folder)
    board_accuracy(made)  # once for all copies: it is kept in the profile for the day
    made.close()
    return folder


@pytest.fixture
def ws(template: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(template, tmp_path / "profile")
    workspace = open_workspace(tmp_path / "profile", lambda: NOW)
    yield workspace
    workspace.close()


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


# ------------------------------------------------------------------------------------ queries


def test_counts_and_rows_tell_the_same_story(ws: Workspace) -> None:
    counts = queries.board_counts(ws)
    for state in Urgency:
        entries = queries.board_entries(ws, ReorderFilter(states=frozenset({state})))
        assert counts.states[state].pairs == len(entries)
        assert counts.states[state].accounts == len({entry.key[0] for entry in entries})
        assert counts.states[state].margin_minor == sum(entry.margin_minor for entry in entries)
    assert counts.as_of == TODAY
    assert counts.stops == {Route.TODAY: 5, Route.WEEK: 25}


def test_urgent_states_come_first_and_the_likely_first_within(ws: Workspace) -> None:
    entries = queries.board_entries(ws, ReorderFilter(states=EVERY))
    rows = queries.board_rows(ws, [entry.key for entry in entries])
    order = list(Urgency)
    ranks = [order.index(entry.state) for entry in entries]
    assert ranks == sorted(ranks)
    for state in Urgency:
        likely = [rows[entry.key].p_14 for entry in entries if entry.state is state]
        assert likely == sorted(likely, reverse=True)


def test_every_key_has_its_row_and_purchases_of_the_last_year_only(ws: Workspace) -> None:
    entries = queries.board_entries(ws, ReorderFilter(states=EVERY))
    rows = queries.board_rows(ws, [entry.key for entry in entries])
    assert rows.keys() == {entry.key for entry in entries}
    for row in rows.values():
        assert all(0 <= day < queries.HISTORY_DAYS and units > 0 for day, units in row.purchases)
        days = [day for day, _units in row.purchases]
        assert days == sorted(days, reverse=True)
        newest = (TODAY - row.last_on).days
        assert (days[-1] == newest) if newest < queries.HISTORY_DAYS else not days


def test_a_route_shows_only_its_customers_with_their_next_visit(ws: Workspace) -> None:
    today = queries.board_entries(ws, ReorderFilter(route=Route.TODAY))
    rows = queries.board_rows(ws, [entry.key for entry in today])
    assert 0 < len({entry.key[0] for entry in today}) <= 5
    later = queries.board_entries(ws, ReorderFilter(route=Route.WEEK))
    assert {entry.key for entry in today} < {entry.key for entry in later}
    visited = [row for row in rows.values() if row.visit_on is not None]
    assert visited
    assert {row.visit_on for row in visited} == {TODAY}


def test_words_find_customers_in_either_alphabet_and_products(ws: Workspace) -> None:
    latin = queries.board_entries(ws, ReorderFilter(states=EVERY, text="ivanov"))
    assert latin
    assert {entry.account.partition(" ")[0] for entry in latin} == {"Бакалея"}
    product = queries.board_entries(ws, ReorderFilter(states=EVERY, text="tomate"))
    assert {entry.product for entry in product} == {"Tomate frito Huerta Real 400 g"}
    assert queries.board_entries(ws, ReorderFilter(text="nothing like it")) == ()


def test_returns_are_no_purchases(ws: Workspace) -> None:
    key = queries.board_entries(ws, ReorderFilter(states=EVERY))[0].key
    before = queries.board_rows(ws, [key])[key].purchases
    newest = TODAY - timedelta(days=before[-1][0])
    with ws.database.write() as tx:
        sale = tx.connection.exec_driver_sql(
            "INSERT INTO sale (uid, account_id, kind, date) VALUES (randomblob(16), ?, 'return', ?)"
            " RETURNING id",
            (key[0], newest.isoformat()),
        ).scalar_one()
        tx.connection.exec_driver_sql(
            "INSERT INTO sale_line (parent_id, position, product_id, quantity, base_quantity)"
            " VALUES (?, 1, ?, -1, ?)",
            (sale, key[1], -before[-1][1]),
        )
    assert queries.board_rows(ws, [key])[key].purchases == before[:-1]


def test_accuracy_is_measured_on_what_was_bought(ws: Workspace) -> None:
    with ws.database.maintenance() as connection:
        profile.set_fact(connection, "reorder.accuracy", None)
    accuracy = board_accuracy(ws)
    assert accuracy is not None
    assert 0.0 < accuracy.came_true <= 1.0
    assert accuracy.high == pytest.approx(accuracy.low + 0.1)
    assert accuracy.pairs > 300
    # The customers of this company keep their rhythm, so a forecast must beat chance by far.
    assert accuracy.called_bought > 0.5
    assert board_accuracy(ws) == accuracy  # from the profile the second time
    with ws.database.read() as connection:
        assert profile.get_fact(connection, "reorder.accuracy") is not None


# ----------------------------------------------------------------------------------- commands


def test_picks_become_lines_of_one_draft_a_customer(ws: Workspace) -> None:
    entries = queries.board_entries(ws, ReorderFilter())
    account = entries[0].key[0]
    keys = [entry.key for entry in entries if entry.key[0] == account][:2]
    other = next(entry.key for entry in entries if entry.key[0] != account)
    rows = queries.board_rows(ws, [*keys, other])
    picks = [
        reorder_board.Pick(k[0], k[1], row.pack.packaging_id, row.packs, row.packs * 12)
        for k, row in rows.items()
    ]
    added = reorder_board.add_to_orders(ws, picks)
    assert (len(added.orders), added.lines) == (2, len(picks))
    again = reorder_board.add_to_orders(ws, [picks[0]])
    assert again.orders[picks[0].account_id] == added.orders[picks[0].account_id]
    with ws.database.read() as connection:
        lines = connection.exec_driver_sql(
            "SELECT o.account_id, l.product_id, l.quantity, l.suggested_quantity FROM order_line l"
            " JOIN sales_order o ON o.id = l.parent_id WHERE o.status = 'draft'"
        ).all()
    assert {(r[0], r[1]): (r[2], r[3]) for r in lines} == {
        (p.account_id, p.product_id): (p.packs, p.suggested) for p in picks
    }


def test_a_pair_put_off_leaves_the_board_until_undone(ws: Workspace) -> None:
    key = queries.board_entries(ws, ReorderFilter())[0].key
    changes = override_suggestion(
        ws, *key, Said(OverrideKind.NOT_NOW, "Enough in stock", TODAY + timedelta(days=30))
    )
    assert key not in {entry.key for entry in queries.board_entries(ws, ReorderFilter())}
    assert changes.undo is not None
    undo.undo(ws, changes.undo)
    assert key in {entry.key for entry in queries.board_entries(ws, ReorderFilter())}


def test_putting_off_needs_a_reason_and_ends_by_itself(ws: Workspace) -> None:
    key = queries.board_entries(ws, ReorderFilter())[0].key
    with pytest.raises(FieldError):
        override_suggestion(ws, *key, Said(OverrideKind.NOT_NOW, "  "))
    override_suggestion(
        ws, *key, Said(OverrideKind.NOT_NOW, "Enough in stock", TODAY - timedelta(days=1))
    )
    assert key in {entry.key for entry in queries.board_entries(ws, ReorderFilter())}


# ---------------------------------------------------------------------------------- presenter


def test_the_board_opens_on_the_urgent_states(made: Made) -> None:
    _presenter, view, _desk = made
    assert [tile.key for tile in view.tiles if tile.on] == ["overdue", "due", "at_risk"]
    assert [group.key for group in view.groups()] == ["overdue", "due", "at_risk"]
    assert view.heading.startswith("as of today · last 90 days: shown ")
    assert view.routes == (5, 25)
    assert view.empty == ("", "")
    assert not any(group.right for group in view.groups())


def test_tiles_switch_states_and_one_stays(made: Made) -> None:
    presenter, view, _desk = made
    for key in ("overdue", "due", "at_risk"):
        presenter.toggle_state(key)
    assert [group.key for group in view.groups()] == ["at_risk"]
    presenter.toggle_state("fine")
    assert [group.key for group in view.groups()] == ["at_risk", "fine"]


def test_filtering_says_how_much_is_shown_and_why_nothing_is(made: Made) -> None:
    presenter, view, _desk = made
    presenter.search("tomate")
    assert all(" of " in group.right for group in view.groups())
    presenter.search("zzzz")
    assert view.empty[0] == "Nothing found"
    assert view.pairs() == []


@pytest.mark.parametrize(("grouping", "part"), [("customer", 0), ("sku", 1)])
def test_grouping_keeps_every_row_under_its_heading(made: Made, grouping: str, part: int) -> None:
    presenter, view, _desk = made
    before = set(view.pairs())
    presenter.choose_grouping(grouping)
    assert set(view.pairs()) == before
    current = ""
    for entry in view.entries:
        if isinstance(entry, GroupItem):
            current = entry.key
        else:
            assert current == f"{grouping}:{entry[part]}"
    assert len({group.key for group in view.groups()}) == len(view.groups())


def test_rows_say_rhythm_quantity_and_next_visit(made: Made) -> None:
    _presenter, view, _desk = made
    item = view.rows[view.pairs()[0]]
    assert item.why.startswith("Buys every ~")
    assert item.why.endswith(f"; usually {item.packs} {item.unit}.")
    assert item.purchases.marks == item.row.purchases
    assert any(row.visit.startswith("today ") for row in view.rows.values())
    assert any(row.visit == "no visit planned" for row in view.rows.values())


def test_quantities_change_margin_and_pick_the_row(made: Made) -> None:
    presenter, view, _desk = made
    key = view.pairs()[0]
    row = view.rows[key].row
    assert presenter.set_packs(key, str(row.packs * 2))
    assert view.rows[key].packs == row.packs * 2
    assert int(view.rows[key].margin) == pytest.approx(row.margin_minor * 2 / 100, abs=1)
    assert presenter.picks() == {key}
    assert view.total[2] == 1
    assert presenter.set_packs(key, "0")
    assert presenter.picks() == frozenset()
    assert not presenter.set_packs(key, "many")
    assert not presenter.set_packs(key, "1000000")


def test_the_next_pack_holds_about_the_same_goods(made: Made) -> None:
    presenter, view, _desk = made
    key = next(k for k in view.pairs() if k[1] % 2 == 0)  # sold in units and cases of twelve
    row = view.rows[key].row
    presenter.next_pack(key)
    assert view.rows[key].unit == "units"
    assert view.rows[key].packs == row.packs * 12
    presenter.next_pack(key)
    assert (view.rows[key].packs, view.rows[key].row.pack.unit) == (row.packs, "CS")


def test_picks_survive_a_filter_and_go_into_orders(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    keys = view.pairs()[:3]
    presenter.set_picks(keys)
    presenter.set_packs(keys[0], "7")
    presenter.search("nothing at all")
    assert presenter.picks() == set(keys)
    presenter.add_to_orders(None)
    assert desk.toasts[-1].startswith("3 lines added to ")
    assert presenter.picks() == frozenset()
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT o.account_id, l.product_id, l.quantity FROM order_line l"
            " JOIN sales_order o ON o.id = l.parent_id"
        ).all()
    assert {(row[0], row[1]) for row in found} == set(keys)
    assert next(row[2] for row in found if (row[0], row[1]) == keys[0]) == 7


def test_adding_takes_the_current_row_when_nothing_is_picked(made: Made) -> None:
    presenter, view, desk = made
    presenter.add_to_orders(None)
    assert "Space" in desk.toasts[-1]
    presenter.add_to_orders(view.pairs()[0])
    assert desk.toasts[-1].startswith("1 line added to 1 draft order")


def test_not_now_can_be_taken_back(made: Made) -> None:
    presenter, view, desk = made
    key = view.pairs()[0]
    presenter.steps.put_off(key, "Enough in stock")
    presenter.start()
    assert key not in view.pairs()
    assert desk.undo is not None
    desk.undo()
    presenter.start()
    assert key in view.pairs()


def test_a_row_opens_the_customer_at_this_product(made: Made) -> None:
    presenter, view, desk = made
    presenter.open(view.pairs()[0])
    account, product = view.pairs()[0]
    assert desk.went == [("customer", {"account": account, "product": product})]


def test_the_export_is_the_windows(made: Made) -> None:
    presenter, _view, desk = made
    presenter.export()
    assert desk.exports == 1


def test_sorting_is_asked_of_the_query(made: Made) -> None:
    presenter, view, _desk = made
    presenter.sort(ReorderSort.MARGIN, descending=False)
    presenter.read_rows(view.pairs())
    overdue = [view.rows[key].row for key in view.pairs()]
    margins = [row.margin_minor for row in overdue if row.state is Urgency.OVERDUE]
    assert margins == sorted(margins)


def test_the_sentence_says_what_is_shown(made: Made) -> None:
    presenter, view, _desk = made
    shown, customers = len(view.pairs()), len({key[0] for key in view.pairs()})
    assert view.sentence.startswith(
        f"{shown} SKUs at {customers} customers, overdue, due or at ris"
    )
    presenter.choose_route("today")
    presenter.search("tomate")
    assert "on today's route, with “tomate” · " in view.sentence


def test_all_of_a_customer_is_picked_and_let_go(made: Made) -> None:
    presenter, view, _desk = made
    account = view.pairs()[0][0]
    members = {key for key in view.pairs() if key[0] == account}
    presenter.pick_group(view.pairs()[0])
    assert presenter.picks() == members
    assert view.total[2] == len(members)
    presenter.pick_group(view.pairs()[0])
    assert presenter.picks() == frozenset()


def test_a_packs_minimum_and_multiple_hold_when_typed(made: Made, ws: Workspace) -> None:
    presenter, view, _desk = made
    key = view.pairs()[0]
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE packaging SET minimum = 3, multiple = 2 WHERE product_id = ?", (key[1],)
        )
    presenter.read_rows([key])
    assert presenter.set_packs(key, "1")
    assert view.rows[key].packs == 4
    presenter.detail.look_at(key)
    assert view.detail is not None
    assert view.detail.rounding.startswith("Expected: ")


def test_the_current_row_speaks_of_what_was_said_and_kept(made: Made, ws: Workspace) -> None:
    presenter, view, _desk = made
    key = view.pairs()[0]
    presenter.steps.ask(Ask.PAR, key)
    assert view.question is not None
    assert view.question.number
    presenter.steps.asking.answer("two")
    assert view.beside == ("Type a whole number.", True)
    presenter.steps.asking.answer("2")
    assert view.question is None
    row = view.rows[key].row
    presenter.detail.look_at(key)
    assert view.detail is not None
    assert f"par level {2 * row.pack.factor} units" in view.detail.facts


def test_a_question_about_packs_can_be_answered_in_another(made: Made) -> None:
    presenter, view, desk = made
    key = view.pairs()[0]
    presenter.steps.ask(Ask.PAR, key)
    asking = presenter.steps.asking
    asking.type("3")
    assert view.beside == ("cases = 36 units", False)
    names = set()
    for _press in range(3):
        asking.cycle()
        names.add(view.beside[0])
    assert "units" in names
    asking.leave()
    assert view.question is None
    assert desk.toasts == []


def test_a_substitute_is_found_by_its_name(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    key = view.pairs()[0]
    presenter.steps.ask(Ask.SUBSTITUTE, key)
    asking = presenter.steps.asking
    asking.answer("")
    assert view.beside[1]
    asking.type("zzzz")
    assert view.beside == ("No product is called that.", False)
    asking.type("lavamar")
    assert " of " in view.beside[0]
    asking.cycle()
    asking.answer("lavamar")
    assert "is substituted at" in desk.toasts[-1]
    presenter.start()
    assert key not in view.pairs()
    assert desk.undo is not None
    desk.undo()
    presenter.start()
    assert key in view.pairs()


def test_a_contact_is_planned_and_promised_for_who_slips_away(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    presenter.choose_grouping("losses")
    assert view.mode is Grouping.LOSSES
    assert view.losses
    assert "a month at stake" in view.sentence
    account = view.losses[0]
    presenter.losses.read_rows(view.losses)
    item = view.loss_rows[account]
    assert "(at risk)" in item.skus or "(lapsed)" in item.skus
    presenter.steps.ask_day(account, "call")
    day = view.days[1].day
    presenter.steps.plan_contact(account, day, "call")
    assert desk.toasts[-1].startswith(f"Call to {item.account} planned")
    presenter.steps.ask_promise(account)
    presenter.steps.asking.answer("bring the new list")
    presenter.losses.read_rows([account])
    assert "bring the new list" in view.loss_rows[account].agreed
    presenter.open(account)
    assert desk.went[-1] == ("customer", {"account": account})


def test_a_sku_of_the_card_is_found_in_any_state(made: Made) -> None:
    presenter, view, _desk = made
    presenter.toggle_state("fine")
    fine = next(key for key in view.pairs() if view.rows.get(key) is None)
    presenter.toggle_state("fine")
    presenter.show_account(*fine)
    assert view.selected == [fine]
    assert {key[0] for key in view.pairs()} == {fine[0]}
    assert "in any state" in view.sentence


def test_the_order_of_the_current_customer_opens(made: Made) -> None:
    presenter, view, desk = made
    key = view.pairs()[0]
    presenter.add_to_orders(key, then_open=True)
    assert desk.went[-1][0] == "order"


def test_accuracy_is_asked_for_the_current_customer(made: Made) -> None:
    presenter, view, desk = made
    presenter.detail.look_at(view.pairs()[0])
    presenter.show_accuracy()
    assert desk.went[-1] == ("accuracy", {"account": view.pairs()[0][0]})


# ------------------------------------------------------------------------------------- widget


@pytest.fixture
def place(
    qtbot: QtBot, ws: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> Iterator[ReorderPlace]:
    window = QWidget()  # without a layout it gives no size hints, which offscreen cannot take
    qtbot.addWidget(window)
    window.resize(1248, 851)
    place = ReorderPlace(PlaceContext(ws, direct_runner, desk))
    place.setParent(window)
    place.resize(1248, 851)
    with qtbot.waitExposed(window):
        window.show()
    place.presenter.start()
    place.show_target({})
    settle(20)
    yield place


def test_the_model_keeps_qts_rules(place: ReorderPlace, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(place.model)


def test_keys_pick_change_and_add(place: ReorderPlace, qtbot: QtBot, desk: FakeDesk) -> None:
    place.table.setFocus()
    first = place.model.shown_keys()[0]
    assert place.table.current_key() == first
    qtbot.keyClick(place.table, Qt.Key.Key_Space)
    assert place.presenter.picks() == {first}
    assert place._add.text() == "Add 1 to visit orders"
    qtbot.keyClick(place.table, Qt.Key.Key_Down)
    qtbot.keyClick(place.table, Qt.Key.Key_9)
    editor = place.table.viewport().findChild(QLineEdit)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    second = place.model.shown_keys()[1]
    qtbot.waitUntil(lambda: place.presenter.picks() == {first, second})
    assert place.model.row_of(second).packs == 9
    place._on_add_wanted()
    assert desk.toasts[-1].startswith("2 lines added")
    assert place.model.picked() == []
    assert desk.went == []  # Enter ended typing and opened nothing


def test_the_first_cell_says_the_whole_sentence(place: ReorderPlace) -> None:
    index = place.model.index(1, 0)
    spoken = str(place.model.data(index, Qt.ItemDataRole.AccessibleTextRole))
    assert "% likely within 14 days" in spoken
    assert "usually" in spoken


def test_tiles_filter_by_click_and_by_space(place: ReorderPlace, qtbot: QtBot) -> None:
    rows = place.model.rowCount()
    qtbot.mouseClick(place.tiles.tile("fine"), Qt.MouseButton.LeftButton)
    assert place.model.rowCount() > rows
    place.tiles.tile("fine").setFocus()
    qtbot.keyClick(place.tiles.tile("fine"), Qt.Key.Key_Space)
    assert place.model.rowCount() == rows


def test_put_off_asks_why(place: ReorderPlace) -> None:
    key = place.model.shown_keys()[0]
    menu = menus.reasons_menu(place, place.presenter.steps, key)
    menu.actions()[0].trigger()
    place.presenter.start()
    assert key not in place.model.shown_keys()
    menu.close()


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_it_paints_in_both_schemes(place: ReorderPlace, qapp: QApplication, scale: float) -> None:
    pictures = []
    for scheme in ("light", "dark"):
        theme.apply(qapp, scheme, scale=scale)
        settle(20)
        pictures.append(place.grab().toImage())
    assert pictures[0] != pictures[1]

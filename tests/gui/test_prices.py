"""The place of prices: its presenter without Qt, and the window driven by keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.states import Role
from crmdesk.gui import theme
from crmdesk.gui.form_meeting import Filled
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.prices.items import Form, MapItem, Section, Table, Tile
from crmdesk.gui.views.prices.lists import AGREED
from crmdesk.gui.views.prices.presenter import PricesPresenter
from crmdesk.gui.views.prices.rules import ask_rules
from crmdesk.gui.views.prices.widget import PricesPlace, build
from crmdesk.gui.widgets.items import Tone, WaterfallStep
from crmdesk.i18n import use_language
from crmdesk.services.queries.policy import company_policy
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.pictures import settle
from tests.gui.stage import on_stage
from tests.screens.looking import COLOURS, colours, cut_off


class FakeView:
    """Keeps what it was told to show."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.form: Form | None = None
        self.preview = ("", Tone.MUTED)
        self.problem = ("", "")
        self.map = MapItem()
        self.fall: tuple[str, str, Sequence[WaterfallStep]] = ("", "", ())
        self.tiles: Sequence[Tile] = ()
        self.heading = ""
        self.progress: list[tuple[str, int, int]] = []
        self.page = ""

    def show_heading(self, facts: str) -> None:
        self.heading = facts

    def show_section(self, section: Section) -> None:
        self.tables.clear()

    def show_table(self, table: Table) -> None:
        self.tables[table.name] = table

    def show_form(self, form: Form) -> None:
        self.form, self.problem = form, ("", "")

    def show_preview(self, text: str, tone: Tone) -> None:
        self.preview = (text, tone)

    def show_problem(self, field: str, text: str) -> None:
        self.problem = (field, text)

    def close_form(self) -> None:
        self.form = None

    def show_map(self, item: MapItem) -> None:
        self.map = item

    def show_waterfall(self, title: str, note: str, steps: Sequence[WaterfallStep]) -> None:
        self.fall = (title, note, steps)

    def show_count(self, text: str) -> None:
        self.count = text

    def show_progress(self, text: str, done: int, total: int) -> None:
        self.progress.append((text, done, total))

    def show_tiles(self, tiles: Sequence[Tile]) -> None:
        self.tiles = tiles

    def open_page(self, name: str) -> None:
        self.page = name


@pytest.fixture
def office(demo: Workspace) -> Workspace:
    return replace(demo, user=replace(demo.user, role=Role.OFFICE))


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(
    office: Workspace, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView
) -> PricesPresenter:
    made = PricesPresenter(PlaceContext(office, direct_runner, desk), view)
    made.start()
    return made


def typed(view: FakeView, **values: str) -> dict[str, str]:
    """What a form holds, with some fields typed anew."""
    assert view.form is not None
    return {one.key: one.text for one in view.form.fields} | values


def ask(ws: Workspace, query: str, *values: object) -> Any:
    with ws.database.read() as connection:
        return connection.exec_driver_sql(query, values).first()


# -------------------------------------------------------------------------- without the window


def test_only_the_office_has_the_place(demo: Workspace) -> None:
    for role in Role:
        ws = replace(demo, user=replace(demo.user, role=role))
        rail = {spec.key for spec in places_for(ws) if spec.in_rail}
        assert ("prices" in rail) == (role is not Role.REP)


def test_the_demo_company_has_something_of_everything(
    presenter: PricesPresenter, view: FakeView
) -> None:
    states = {row.state for row in presenter.lists.lists.values()}
    assert states == {"draft", "in force", "ended"}
    presenter.choose(Section.PROMOTIONS)
    rows = presenter.promotions.rows.values()
    assert {row.kind for row in rows} == {"percent", "free", "bundle", "mix"}
    assert {row.state for row in rows} == {"running", "planned", "ended"}
    assert not any("cannot be understood" in row.words for row in rows)
    presenter.choose(Section.COSTS)
    assert any(row.next_e4 for row in presenter.costs.rows.values())


def test_a_promotion_says_what_it_gives_while_it_is_typed(
    presenter: PricesPresenter, view: FakeView, desk: FakeDesk, office: Workspace
) -> None:
    presenter.choose(Section.PROMOTIONS)
    sku, name = ask(office, "SELECT sku, name FROM product WHERE status = 'active'")
    presenter.promotions.edit(None)
    good = typed(view, kind="free", code="G1", name="Gift", what=sku, buy_quantity="10",
                 free_quantity="1", valid_to="2027-02-01")  # fmt: skip
    presenter.typed(good)
    assert view.preview[0].startswith(f"Buy 10 of {name}")
    presenter.typed(good | {"what": "nothing-like-this"})
    assert view.preview[1] is Tone.MUTED
    presenter.submit(Filled(good | {"valid_to": "soon"}))
    assert view.problem[0] == "valid_to" and view.form is not None
    presenter.submit(Filled(good))
    assert view.form is None and "Gift" in desk.toasts[-1]
    assert ask(office, "SELECT buy_quantity FROM promotion WHERE code = 'G1'")[0] == 10


def test_every_promotion_opens_as_it_was_typed(
    presenter: PricesPresenter, view: FakeView, office: Workspace
) -> None:
    presenter.choose(Section.PROMOTIONS)
    for key, row in list(presenter.promotions.rows.items()):
        before = ask(office, "SELECT * FROM promotion WHERE id = ?", key)
        presenter.promotions.edit(key)
        assert view.preview == (row.words, Tone.GOOD)
        presenter.submit(Filled(typed(view)))
        assert view.problem == ("", ""), row.code
        after = ask(office, "SELECT * FROM promotion WHERE id = ?", key)
        assert tuple(after) == tuple(before), row.code


def test_a_map_cell_opens_its_waterfall_and_its_lines(
    presenter: PricesPresenter, view: FakeView
) -> None:
    presenter.choose(Section.MARGINS)
    cells = [cell for row in view.map.cells for cell in row if cell is not None]
    assert cells and all(cell.margin is None or cell.margin < 1 for cell in cells)
    presenter.margins.look_at(cells[0].segment, cells[0].category_id, "X")
    title, _note, steps = view.fall
    assert title.endswith("X") and steps[0].total
    net = next(step.amount_minor for step in steps if step.key == "net")
    for page in ("customers", "products"):
        presenter.margins.choose_page(page)
        assert sum(row.net_minor for row in view.tables[page].rows.values()) == net
    presenter.margins.choose_page("lines")
    rows = view.tables["lines"].rows
    assert sum(row.net_minor for row in rows.values()) == net
    presenter.margins.look_at_customer(next(iter(rows)))
    assert len({row.account_id for row in view.tables["lines"].rows.values()}) == 1
    for page in ("outliers", "months"):
        presenter.margins.choose_page(page)
        assert page in view.tables


def test_a_draft_is_tried_from_its_list(presenter: PricesPresenter, view: FakeView) -> None:
    draft = next(row for row in presenter.lists.lists.values() if row.state == "draft")
    presenter.lists.choose(draft.id)
    presenter.lists.try_out()
    assert presenter.section is Section.TRIAL
    assert view.tiles[0].note.startswith("+")
    assert view.progress[-1][0] == ""
    names = {row.part.key for row in view.tables["effects"].rows.values()}
    presenter.trial.choose_page("segments")
    assert names != {row.part.key for row in view.tables["effects"].rows.values()}


def test_what_cannot_be_tried_is_said_at_its_field(
    presenter: PricesPresenter, view: FakeView
) -> None:
    presenter.choose(Section.TRIAL)
    for field, values in (
        ("percent", {"percent": ""}), ("percent", {"percent": "many"}),
        ("percent", {"percent": "-100"}), ("segment", {"segment": "Mars"}),
        ("categories", {"categories": "Moon"}), ("step", {"step": "0.05", "ending": "1"}),
    ):  # fmt: skip
        presenter.submit(Filled(typed(view, **values)))
        assert view.problem[0] == field


def test_company_rules_are_a_form(
    presenter: PricesPresenter, view: FakeView, office: Workspace
) -> None:
    ask_rules(presenter)
    presenter.submit(Filled(typed(view, return_days="soon")))
    assert view.problem[0] == "return_days"
    presenter.submit(
        Filled(typed(view, return_days="14", below_cost="block", **{"most.rep": "7.5"}))
    )
    policy = company_policy(office)
    assert (policy.return_days, policy.below_cost.value) == (14, "block")
    assert policy.most_discount_of(Role.REP) == 750


# ------------------------------------------------------------------------------ the window


@pytest.fixture
def place(office: Workspace, runner: Runner, desk: FakeDesk, qtbot: QtBot) -> Iterator[PricesPlace]:
    made = build(PlaceContext(office, runner, desk))
    runner.committed = made.presenter.on_changes
    window = on_stage(qtbot, made, 1240, 820)
    made.presenter.start()
    qtbot.waitUntil(lambda: runner.running == 0, timeout=20_000)
    made.lists.lists.table.setFocus()
    yield made
    made.presenter.close()
    window.close()


Keys = Callable[..., None]


@pytest.fixture
def press(qtbot: QtBot, runner: Runner) -> Keys:
    """Press keys on whatever has the keyboard, and wait until everything has been answered."""

    def press(*strokes: str | Qt.Key, ctrl: bool = False, alt: bool = False) -> None:
        held = Qt.KeyboardModifier.NoModifier
        held = Qt.KeyboardModifier.ControlModifier if ctrl else held
        held = Qt.KeyboardModifier.AltModifier if alt else held
        for stroke in strokes:
            focus = QApplication.focusWidget()
            assert isinstance(focus, QWidget)
            if isinstance(stroke, str):
                qtbot.keyClicks(focus, stroke, held)
            else:
                qtbot.keyClick(focus, stroke, held)
            qtbot.waitUntil(lambda: runner.running == 0, timeout=20_000)

    return press


def test_a_new_version_from_nothing_but_keys(
    place: PricesPlace, press: Keys, office: Workspace, desk: FakeDesk
) -> None:
    lists = place.presenter.lists
    row = next(r for r in lists.lists.values() if r.state == "in force" and r.code == "A")
    place.lists.lists.table.select_key(row.id)
    press("N")
    code = place.form.field("code")
    assert isinstance(code, QLineEdit) and code.hasFocus()
    press("A/27", Qt.Key.Key_Tab, "+4", Qt.Key.Key_Tab, Qt.Key.Key_Tab, "0.05", Qt.Key.Key_Return)
    assert place.form.isHidden()
    draft = ask(office, "SELECT id, status FROM price_list WHERE code = 'A/27'")
    assert draft is not None and draft[1] == "draft"
    prices = ask(office, "SELECT count(*), sum(price_e4 % 500) FROM price_rule"
                 " WHERE price_list_id = ? AND price_e4 IS NOT NULL", draft[0])  # fmt: skip
    assert prices[0] > 100 and prices[1] == 0
    place.lists.lists.table.select_key(draft[0])
    place.lists.lists.table.setFocus()
    press("A", Qt.Key.Key_Return)
    status, start = ask(office, "SELECT status, valid_from FROM price_list WHERE id = ?", draft[0])
    assert (status, start) == ("active", "2026-12-01")
    assert ask(office, "SELECT valid_to FROM price_list WHERE code = 'A'")[0] == "2026-11-30"
    assert desk.undo is not None
    desk.undo()


def test_a_price_is_set_and_what_is_wrong_loses_nothing(
    place: PricesPlace, press: Keys, office: Workspace
) -> None:
    press(Qt.Key.Key_Return)
    table = place.lists.pages.front().table
    assert table.hasFocus()
    key = table.current_key()
    press(Qt.Key.Key_Return)
    price = place.form.field("price")
    assert isinstance(price, QLineEdit)
    price.setFocus()
    price.selectAll()
    press("much", Qt.Key.Key_Return)
    assert not place.form.isHidden() and price.text() == "much" and price.hasFocus()
    assert place.form.words()
    press("9.99", Qt.Key.Key_Return)
    assert place.form.isHidden()
    product, listed = ask(
        office, "SELECT product_id, price_list_id FROM price_rule WHERE id = ?", key
    )
    newest = ask(office, "SELECT price_e4, valid_from FROM price_rule WHERE product_id = ?"
                 " AND price_list_id = ? ORDER BY id DESC", product, listed)  # fmt: skip
    assert tuple(newest) == (99_900, office.today().isoformat())
    old = ask(office, "SELECT valid_to FROM price_rule WHERE id = ?", key)[0]
    assert old == (office.today() - timedelta(days=1)).isoformat()


def test_every_part_opens_by_its_key_and_esc_leaves_a_form(
    place: PricesPlace, press: Keys, office: Workspace
) -> None:
    for stroke, section in (("2", Section.PROMOTIONS), ("3", Section.COSTS),
                            ("4", Section.MARGINS), ("5", Section.TRIAL),
                            ("1", Section.LISTS)):  # fmt: skip
        press(stroke, alt=True)
        assert place.presenter.section is section
    press("2", alt=True)
    place.promotions.box.table.setFocus()
    press("N")
    kind = place.form.field("kind")
    assert isinstance(kind, QComboBox) and kind.hasFocus()
    press(Qt.Key.Key_Escape)
    assert place.form.isHidden() and place.promotions.box.table.hasFocus()
    press("4", alt=True)
    place.margins.map.setFocus(Qt.FocusReason.TabFocusReason)
    press(Qt.Key.Key_Right, Qt.Key.Key_Return)
    assert place.presenter.margins.slice.category_id is not None
    press("W")
    assert place.presenter.margins.slice.category_id is None


def test_a_change_is_tried_by_keys_and_shows_who_pays(
    place: PricesPlace, press: Keys, office: Workspace
) -> None:
    before = ask(office, "SELECT max(seq) FROM journal")
    press("5", alt=True)
    assert not place.form.isHidden()
    press(Qt.Key.Key_Return)
    assert any("Volume may fall by" in text for text in place.trial.tiles.texts())
    assert place.trial.box.model.rowCount() > 0
    assert ask(office, "SELECT max(seq) FROM journal") == before


def test_agreed_prices_have_their_own_row(place: PricesPlace, press: Keys) -> None:
    place.lists.lists.table.select_key(AGREED)
    press(Qt.Key.Key_End)
    assert place.lists.pages.front().name == "agreed"
    assert place.presenter.lists.agreed


@pytest.mark.parametrize("language", ["en", "es", "ru"])
def test_all_parts_are_painted_whole(
    place: PricesPlace, runner: Runner, qtbot: QtBot, qapp: QApplication, language: str
) -> None:
    use_language(language)
    try:
        for section in Section:
            place._on_section_wanted(section)
            qtbot.waitUntil(lambda: runner.running == 0, timeout=20_000)
            settle(10)
            assert cut_off(place.window()) == [], section
            pictures = []
            for scheme in ("dark", "light"):
                theme.apply(qapp, scheme)
                settle(10)
                picture = place.grab().toImage()
                assert colours(picture) >= COLOURS
                pictures.append(picture)
            assert pictures[0] != pictures[1]
    finally:
        use_language("en")


def test_the_tables_are_proper_models(place: PricesPlace, qtmodeltester: ModelTester) -> None:
    for box in place._boxes.values():
        qtmodeltester.check(box.model)

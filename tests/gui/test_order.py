"""The order sheet: drafts saved at each change, warnings, undo, and the keys of the place."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.order.lines import WarningBar
from crmdesk.gui.views.order.model import LIST, NET, QUANTITY, TOTAL, OrderModel
from crmdesk.gui.views.order.presenter import OrderPresenter
from crmdesk.gui.views.order.widget import OrderPlace, build
from crmdesk.gui.views.order.words import SheetItem
from crmdesk.gui.widgets.items import Tone
from crmdesk.services import orders, visits
from crmdesk.services.document_lines import LineInput
from crmdesk.services.queries.customers import (
    CustomerFilter,
    CustomerNeed,
    CustomerSort,
    customer_keys,
)
from crmdesk.services.queries.order import (
    OrderSheet,
    order_sheet,
)
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.order_stage import FakeView
from tests.gui.stage import on_stage


@pytest.fixture
def order_id(demo: Workspace) -> int:
    """A draft with suggestions for the customer that needs most; there is enough of everything."""
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE stock_snapshot SET on_hand = 1000000000")
    account = customer_keys(
        demo, CustomerFilter(need=CustomerNeed.OVERDUE), CustomerSort.NEEDS, descending=True
    )[0]
    return orders.start_order(demo, account).order_id


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView, order_id: int
) -> OrderPresenter:
    made = OrderPresenter(PlaceContext(demo, direct_runner, desk), view)
    made.start()
    made.show(order_id)
    return made


def sheet_of(presenter: OrderPresenter) -> OrderSheet:
    assert presenter.sheet is not None
    return presenter.sheet


# -------------------------------------------------------------------------------- presenter


def test_a_typed_quantity_is_saved_at_once(
    presenter: OrderPresenter, view: FakeView, demo: Workspace
) -> None:
    line = sheet_of(presenter).lines[0]
    presenter.set_packs(line.product_id, str(line.packs + 1))
    stored = order_sheet(demo, sheet_of(presenter).id).lines[0]
    assert stored.packs == line.packs + 1
    assert view.saved == [False, True]
    assert view.sheet is not None
    assert view.sheet.lines[0].packs == str(line.packs + 1)


@pytest.mark.parametrize("typed", ["x", "-3", "1.5"])
def test_what_is_no_number_changes_nothing(presenter: OrderPresenter, typed: str) -> None:
    before = sheet_of(presenter)
    presenter.set_packs(before.lines[0].product_id, typed)
    assert sheet_of(presenter) == before


def test_zero_takes_a_line_off_and_undo_brings_it_back(
    presenter: OrderPresenter, desk: FakeDesk
) -> None:
    line = sheet_of(presenter).lines[0]
    presenter.set_packs(line.product_id, "0")
    assert line.product_id not in [x.product_id for x in sheet_of(presenter).lines]
    assert line.name in desk.toasts[-1]
    assert desk.undo is not None
    desk.undo()
    back = [x for x in sheet_of(presenter).lines if x.product_id == line.product_id]
    assert back[0].packs == line.packs
    assert back[0].packaging_id == line.packaging_id


def test_undo_goes_back_step_by_step(presenter: OrderPresenter) -> None:
    first = sheet_of(presenter)
    one, two = first.lines[0], first.lines[1]
    presenter.set_packs(one.product_id, str(one.packs + 1))
    presenter.set_packs(two.product_id, str(two.packs + 2))
    presenter.next_pack(one.product_id)
    while presenter.can_undo:
        presenter.undo()
    again = sheet_of(presenter)
    assert [(x.packs, x.packaging_id) for x in again.lines] == [
        (x.packs, x.packaging_id) for x in first.lines
    ]
    assert again.net_minor == first.net_minor
    presenter.undo()


def test_next_pack_walks_the_packagings(presenter: OrderPresenter) -> None:
    line = next(x for x in sheet_of(presenter).lines if len(x.packagings) > 1)
    seen = [line.packaging_id]
    for _press in range(len(line.packagings)):
        presenter.next_pack(line.product_id)
        now = next(x for x in sheet_of(presenter).lines if x.product_id == line.product_id)
        assert now.packs == line.packs
        seen.append(now.packaging_id)
    assert seen[0] == seen[-1]
    assert len(set(seen)) == len(line.packagings)


def _unusual_line(presenter: OrderPresenter) -> int:
    line = next(x for x in sheet_of(presenter).lines if x.usual and x.usual.times >= 3)
    assert line.usual is not None
    presenter.set_packs(line.product_id, str(max(line.usual.most, line.usual.quantity) * 4))
    return line.product_id


def test_an_unusual_quantity_warns_and_can_be_kept(
    presenter: OrderPresenter, view: FakeView
) -> None:
    product = _unusual_line(presenter)
    assert view.sheet is not None
    assert [w.product_id for w in view.sheet.warnings] == [product]
    assert "× the usual" in view.sheet.warnings[0].loud
    shown = next(x for x in view.sheet.lines if x.product_id == product)
    assert shown.usual_tone is Tone.WARNING
    presenter.keep(product)
    kept: SheetItem | None = view.sheet
    assert kept is not None
    assert kept.warnings == ()


def test_an_unusual_quantity_can_be_made_usual(presenter: OrderPresenter, view: FakeView) -> None:
    product = _unusual_line(presenter)
    presenter.use_usual()
    line = next(x for x in sheet_of(presenter).lines if x.product_id == product)
    assert line.usual is not None
    assert line.base_quantity <= max(line.usual.quantity, line.factor)
    assert view.sheet is not None
    assert view.sheet.warnings == ()


def test_products_and_suggestions_are_added(
    presenter: OrderPresenter, view: FakeView, demo: Workspace
) -> None:
    line = sheet_of(presenter).lines[0]
    presenter.remove(line.product_id)
    asked = sheet_of(presenter).also_ask[0]
    presenter.add_suggestion(0)
    added = next(x for x in sheet_of(presenter).lines if x.product_id == asked.product_id)
    assert (added.packs, added.packaging_id) == (asked.packs, asked.packaging_id)
    assert added.suggested == asked.usual_quantity
    assert view.selected[-1] == asked.product_id
    presenter.find(added.name)
    assert added.product_id in [one.product_id for one in view.found]
    count = len(sheet_of(presenter).lines)
    presenter.add_product(view.found[0])
    assert len(sheet_of(presenter).lines) == count
    presenter.add_suggestion(99)
    presenter.find("")
    assert view.found == []


def test_submitting_leaves_and_can_be_called_back(
    presenter: OrderPresenter, view: FakeView, desk: FakeDesk, demo: Workspace
) -> None:
    order_id = sheet_of(presenter).id
    presenter.submit()
    assert desk.backs == 1
    assert order_sheet(demo, order_id).status == "submitted"
    presenter.show(order_id)
    assert view.sheet is not None
    assert view.sheet.can_call_back
    assert not view.sheet.lines[0].editable
    assert desk.undo is not None
    desk.undo()
    assert order_sheet(demo, order_id).is_draft
    assert desk.went[-1] == ("order", {"order": order_id})


def test_an_order_that_cannot_be_submitted_says_why(
    presenter: OrderPresenter, desk: FakeDesk
) -> None:
    for line in sheet_of(presenter).lines:
        presenter.remove(line.product_id)
    presenter.submit()
    assert "no lines" in str(desk.failures[-1])
    assert sheet_of(presenter).is_draft


def test_a_draft_can_be_deleted_and_an_order_repeated(
    presenter: OrderPresenter, view: FakeView, desk: FakeDesk, demo: Workspace
) -> None:
    order_id = sheet_of(presenter).id
    lines = len(sheet_of(presenter).lines)
    presenter.submit()
    presenter.show(order_id)
    presenter.copy()
    copy = int(str(desk.went[-1][1]["order"]))
    assert copy != order_id
    assert len(order_sheet(demo, copy).lines) == lines
    presenter.show(copy)
    presenter.discard()
    with pytest.raises(NotFound):
        order_sheet(demo, copy)
    presenter.show(copy)
    assert "no longer here" in view.gone


def test_begin_goes_on_with_the_visits_order(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView
) -> None:
    account = customer_keys(demo, CustomerFilter(need=CustomerNeed.OVERDUE))[0]
    visit = visits.start_visit(demo, account).visit_id
    made = OrderPresenter(PlaceContext(demo, direct_runner, desk), view)
    made.begin(account, visit)
    first = sheet_of(made).id
    assert sheet_of(made).visit_running
    assert view.sheet is not None
    assert "visit running" in view.sheet.facts
    made.begin(account, visit)
    assert sheet_of(made).id == first


def test_changes_of_others_are_read_but_own_ones_once(
    presenter: OrderPresenter, view: FakeView, demo: Workspace
) -> None:
    sheet = sheet_of(presenter)
    line = sheet.lines[0]
    changes = orders.set_line(
        demo, sheet.id, LineInput(line.product_id, line.packaging_id, line.packs + 5)
    )
    view.sheet = None
    presenter.on_changes(ChangeSet.of("note", [1]))
    assert view.sheet is None
    presenter.on_changes(changes)
    assert sheet_of(presenter).lines[0].packs == line.packs + 5


def test_the_sheet_in_words(presenter: OrderPresenter, view: FakeView) -> None:
    item = view.sheet
    assert item is not None
    assert item.badge.text == "Draft"
    assert item.totals[0].label == "Net"
    assert item.credit[-1].label == "This order"
    assert item.worth[0].label == "Gross margin"
    assert item.terms[0].label == "Payment"
    assert item.delivery
    assert 0 < len(item.last_orders) <= 6
    assert item.foot.startswith(f"{len(item.lines)} line")


# ------------------------------------------------------------------------------------ place


@pytest.fixture
def place(
    qtbot: QtBot, demo: Workspace, runner: Runner, desk: FakeDesk, order_id: int
) -> Iterator[OrderPlace]:
    made = build(PlaceContext(demo, runner, desk))
    window = on_stage(qtbot, made)
    made.presenter.start()
    made.show_target({"order": order_id})
    qtbot.waitUntil(lambda: made.model.rowCount() > 0 and runner.running == 0)
    made.table.setFocus()
    yield made
    made.presenter.close()
    window.close()


def _press(qtbot: QtBot, *keys: Qt.Key | str) -> None:
    """Each key goes to whatever has the focus then, as from a keyboard."""
    for key in keys:
        for one in key if isinstance(key, str) else [key]:
            target = QApplication.focusWidget()
            assert isinstance(target, QWidget)
            if isinstance(one, str):
                qtbot.keyClicks(target, one)
            else:
                qtbot.keyClick(target, one)


def test_model_keeps_qt_rules(
    qtmodeltester: ModelTester, presenter: OrderPresenter, view: FakeView
) -> None:
    _unusual_line(presenter)
    assert view.sheet is not None
    model = OrderModel("EUR")
    assert model.show_lines(view.sheet)
    qtmodeltester.check(model)
    assert not model.show_lines(view.sheet)
    assert model.rowCount() == len(view.sheet.lines) + 1
    assert model.heading_places() != []


def test_digits_down_digits_enter_change_two_lines(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int
) -> None:
    first, second = place.model.key_at(0), place.model.key_at(1)
    _press(qtbot, "2", Qt.Key.Key_Down, "3", Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0)
    stored = {line.product_id: line.packs for line in order_sheet(demo, order_id).lines}
    assert (stored[int(str(first))], stored[int(str(second))]) == (2, 3)


def test_a_draft_is_saved_while_a_quantity_is_being_typed(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int
) -> None:
    before = [(line.product_id, line.packs) for line in order_sheet(demo, order_id).lines]

    def stored() -> list[tuple[int, int]]:
        return [(line.product_id, line.packs) for line in order_sheet(demo, order_id).lines]

    for typed, packs in (("3", 3), ("1", 31)):
        _press(qtbot, typed)
        qtbot.waitUntil(lambda packs=packs: stored()[0][1] == packs and runner.running == 0)
    _press(qtbot, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: stored() == before and runner.running == 0)
    _press(qtbot, "3", "1")
    qtbot.waitUntil(lambda: stored()[0][1] == 31 and runner.running == 0)
    _press(qtbot, Qt.Key.Key_Down, "7")
    qtbot.waitUntil(lambda: stored()[1][1] == 7 and runner.running == 0)
    _press(qtbot, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0)
    assert [packs for _key, packs in stored()[:2]] == [31, 7]
    for _step in range(2):
        qtbot.keyClick(place.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: runner.running == 0)
    assert stored() == before


def test_typing_goes_on_while_a_warning_opens_above(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int
) -> None:
    second = place.model.key_at(1)
    _press(qtbot, "9999", Qt.Key.Key_Down, "1")
    qtbot.waitUntil(lambda: place.model.heading_places() == [1] and runner.running == 0)
    _press(qtbot, "2", Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0)
    stored = {line.product_id: line.packs for line in order_sheet(demo, order_id).lines}
    assert stored[int(str(second))] == 12
    bars = place.table.viewport().findChildren(WarningBar)
    assert any(bar.isVisible() for bar in bars)


def test_u_and_k_settle_a_warning_and_ctrl_z_takes_back(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int
) -> None:
    before = {line.product_id: line.packs for line in order_sheet(demo, order_id).lines}
    _press(qtbot, "9999", Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: place.model.heading_places() == [1] and runner.running == 0)
    _press(qtbot, Qt.Key.Key_U)
    qtbot.waitUntil(lambda: place.model.heading_places() == [] and runner.running == 0)
    for _press_again in range(2):
        qtbot.keyClick(place.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: runner.running == 0)
    after = {line.product_id: line.packs for line in order_sheet(demo, order_id).lines}
    assert after == before


def test_a_finds_and_enter_adds(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int
) -> None:
    with demo.database.read() as connection:
        product, sku = connection.exec_driver_sql(
            "SELECT p.id, p.sku FROM product p WHERE p.status = 'active' AND p.id NOT IN"
            " (SELECT product_id FROM order_line WHERE parent_id = ?) LIMIT 1",
            (order_id,),
        ).one()
    _press(qtbot, Qt.Key.Key_A)
    assert place.finder.field.hasFocus()
    _press(qtbot, sku)
    qtbot.waitUntil(lambda: place.finder.model.rowCount() > 0)
    _press(qtbot, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: place.table.current_key() == product)
    assert place.table.hasFocus()
    assert product in [line.product_id for line in order_sheet(demo, order_id).lines]


def test_what_is_being_typed_is_submitted_too(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int, desk: FakeDesk
) -> None:
    first = place.model.key_at(0)
    _press(qtbot, "2")
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    qtbot.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: desk.backs == 1 or bool(desk.failures))
    assert desk.failures == []
    sheet = order_sheet(demo, order_id)
    assert sheet.status == "submitted"
    assert next(x.packs for x in sheet.lines if x.product_id == first) == 2


def test_a_submitted_order_cannot_be_typed_into(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int
) -> None:
    orders.submit_order(demo, order_id)
    place.show_target({"order": order_id})
    qtbot.waitUntil(lambda: not place.table.editable and runner.running == 0)
    _press(qtbot, "7", Qt.Key.Key_Return)
    assert place.table.viewport().findChild(QLineEdit) is None
    assert not place.finder.field.isVisible()


def test_a_narrow_sheet_keeps_quantity_and_total(qtbot: QtBot, place: OrderPlace) -> None:
    assert not place.table.isColumnHidden(LIST)
    window = place.window()
    window.resize(980, 700)
    qtbot.waitUntil(lambda: place.table.isColumnHidden(LIST))
    assert place.table.isColumnHidden(NET)
    assert not place.table.isColumnHidden(QUANTITY)
    assert not place.table.isColumnHidden(TOTAL)

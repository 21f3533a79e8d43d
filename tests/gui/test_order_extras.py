"""Beside the lines on the order sheet: discount, day, note, signature, substitute, last order."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.order.widget import OrderPlace, build
from crmdesk.services import orders
from crmdesk.services.queries.customers import (
    CustomerFilter,
    CustomerNeed,
    CustomerSort,
    customer_keys,
)
from crmdesk.services.queries.order import order_sheet
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import FakeDesk
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


def test_d_gives_a_discount_with_its_reason(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int, desk: FakeDesk
) -> None:
    _press(qtbot, Qt.Key.Key_D, "5 opening", Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: order_sheet(demo, order_id).lines[0].by_hand == "opening")
    qtbot.waitUntil(lambda: runner.running == 0)
    assert place.table.hasFocus()
    assert order_sheet(demo, order_id).lines[0].discount_bp == 500
    _press(qtbot, Qt.Key.Key_D, "lots", Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0)
    assert "no discount" in str(desk.failures[-1])
    assert desk.undo is not None
    desk.undo()
    qtbot.waitUntil(lambda: order_sheet(demo, order_id).lines[0].by_hand is None)


def test_day_note_number_and_signature_by_keys(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int
) -> None:
    _press(qtbot, Qt.Key.Key_N, "Ring twice", Qt.Key.Key_Return)
    _press(qtbot, Qt.Key.Key_C, "PO 12", Qt.Key.Key_Return)
    _press(qtbot, Qt.Key.Key_T, "4.12", Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: str(order_sheet(demo, order_id).delivery_date) == "2026-12-04")
    assert place.table.hasFocus()
    _press(qtbot, Qt.Key.Key_S, "Eva", Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: order_sheet(demo, order_id).signed_by == "Eva")
    qtbot.waitUntil(lambda: runner.running == 0)
    sheet = order_sheet(demo, order_id)
    assert (sheet.note, sheet.reference, sheet.signature) == ("Ring twice", "PO 12", None)
    # With the pen: what is drawn is stored, and a changed quantity takes it off.
    _press(qtbot, Qt.Key.Key_S)
    pad = place.signing.pad
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=QPoint(20, 60))
    for x in range(30, 200, 10):
        qtbot.mouseMove(pad, QPoint(x, 40 + x % 30))
    qtbot.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=QPoint(200, 60))
    _press(qtbot, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: order_sheet(demo, order_id).signature is not None)
    qtbot.waitUntil(lambda: runner.running == 0)
    _press(qtbot, "77", Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: order_sheet(demo, order_id).signed_by == "")


def test_a_substitute_and_the_last_order_by_one_key(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int, desk: FakeDesk
) -> None:
    first = order_sheet(demo, order_id).lines[0]
    with demo.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE stock_snapshot SET on_hand = 0 WHERE product_id = ?", (first.product_id,))
        run(
            "UPDATE product SET substitute_uid = (SELECT uid FROM product WHERE status = 'active'"
            " AND id NOT IN (SELECT product_id FROM order_line WHERE parent_id = ?) LIMIT 1)"
            " WHERE id = ?", (order_id, first.product_id),
        )  # fmt: skip
    place.presenter.show(order_id)
    qtbot.waitUntil(lambda: place.model.heading_places() == [1] and runner.running == 0)
    _press(qtbot, Qt.Key.Key_I)
    qtbot.waitUntil(lambda: place.model.heading_places() == [] and runner.running == 0)
    keys = [line.product_id for line in order_sheet(demo, order_id).lines]
    assert first.product_id not in keys
    qtbot.keyClick(place.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: place.model.heading_places() != [] and runner.running == 0)
    assert first.product_id in [line.product_id for line in order_sheet(demo, order_id).lines]
    _press(qtbot, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: place.model.heading_places() == [])
    count = len(order_sheet(demo, order_id).lines)
    _press(qtbot, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: runner.running == 0 and bool(desk.toasts))
    assert "order of" in desk.toasts[-1]
    assert len(order_sheet(demo, order_id).lines) >= count

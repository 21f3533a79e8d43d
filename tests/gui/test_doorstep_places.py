"""Return, collection, sample and end of day on the real window, by keys alone and counted."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.gui.jobs import Runner
from crmdesk.gui.shell import MainWindow
from crmdesk.services import visits
from crmdesk.services.workspace import Workspace
from tests.gui.hands import ALT, CTRL, SHIFT, Keyboard, ask


@pytest.fixture
def keyboard(qtbot: QtBot, runner: Runner) -> Keyboard:
    return Keyboard(qtbot, runner)


@pytest.fixture
def account(demo: Workspace) -> int:
    """A customer that owes, has bought lately, and is being visited."""
    (account,) = ask(
        demo, "SELECT i.account_id FROM invoice i WHERE i.open_minor > 0 AND EXISTS (SELECT 1"
        " FROM sale s WHERE s.account_id = i.account_id AND s.date >= date(?, '-20 days'))"
        " AND EXISTS (SELECT 1 FROM summary_pair p WHERE p.account_id = i.account_id"
        " AND p.state = 'due') GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
        demo.today().isoformat(),
    )[0]  # fmt: skip
    with demo.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE stock_snapshot SET on_hand = 1000000000")
        run("UPDATE account SET credit_mode = 'soft', minimum_order_minor = 0")
    visits.start_visit(demo, int(account))
    return int(account)


def test_order_with_return_sample_and_collection_by_keys(
    window: MainWindow, demo: Workspace, runner: Runner, keyboard: Keyboard, account: int
) -> None:
    window.go("order", account=account)
    place = window.place("order")
    keyboard.wait(lambda: place.model.rowCount() > 0)
    place.table.setFocus()

    # Two quantities, a return of three damaged, a sample, cash, and back to the order.
    keyboard.press("2", Qt.Key.Key_Down, "1", Qt.Key.Key_Return)
    keyboard.press((Qt.Key.Key_R, SHIFT))
    returning = window.place("returning")
    keyboard.wait(lambda: returning.model.rowCount() > 0)
    keyboard.press("3", Qt.Key.Key_Return)
    keyboard.press(Qt.Key.Key_R, Qt.Key.Key_C, Qt.Key.Key_C)
    keyboard.press((Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: window.stack.currentWidget() is place)
    keyboard.press((Qt.Key.Key_F, SHIFT))
    sampling = window.place("sampling")
    sku, name = ask(
        demo, "SELECT sku, id FROM product WHERE status = 'active' ORDER BY id DESC LIMIT 1"
    )[0]  # fmt: skip
    keyboard.press(sku)
    keyboard.wait(lambda: sampling.finder.model.rowCount() > 0)
    keyboard.press(Qt.Key.Key_Return)
    keyboard.wait(lambda: sampling.model.rowCount() > 0)
    keyboard.press(Qt.Key.Key_Escape)
    keyboard.wait(lambda: window.stack.currentWidget() is place)
    keyboard.press((Qt.Key.Key_M, SHIFT))
    collecting = window.place("collecting")
    keyboard.wait(lambda: collecting.debts.rows_model().rowCount() > 0)
    keyboard.press("50.25", (Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: collecting.receipts.rows_model().rowCount() > 0)
    keyboard.press(Qt.Key.Key_Escape)
    keyboard.wait(lambda: window.stack.currentWidget() is place)
    # The customer signs by name, and the order goes.
    keyboard.press(Qt.Key.Key_S, "Eva", Qt.Key.Key_Return)
    keyboard.wait(lambda: bool(place.presenter.sheet.signed_by))
    keyboard.press((Qt.Key.Key_Return, CTRL))
    keyboard.wait(
        lambda: bool(ask(demo, "SELECT 1 FROM sales_order WHERE signed_by = 'Eva'"
                         " AND status = 'submitted'"))
    )  # fmt: skip

    assert keyboard.pressed <= 40, keyboard.pressed
    assert ask(
        demo, "SELECT l.quantity, l.condition, r.code, v.account_id, h.net_minor > 0"
        " FROM return_line l JOIN return_request h ON h.id = l.parent_id"
        " JOIN outcome_reason r ON r.id = l.reason_id JOIN visit v ON v.uid = h.visit_uid"
        " WHERE h.account_id = ? AND h.rev = 0 AND h.date = ?", account, demo.today().isoformat()
    ) == [(3, "damaged", "damaged", account, 1)]  # fmt: skip
    assert ask(
        demo, "SELECT s.product_id, s.quantity FROM sample s WHERE s.account_id = ? AND s.date = ?",
        account, demo.today().isoformat(),
    ) == [(name, 1)]  # fmt: skip
    assert ask(
        demo, "SELECT sum(amount_minor), min(method), substr(min(number), 1, 5) FROM collection"
        " WHERE account_id = ? AND date = ?", account, demo.today().isoformat()
    ) == [(5025, "cash", "CM07-")]  # fmt: skip


def test_several_samples_are_given_and_counted_again_by_keys(
    window: MainWindow, demo: Workspace, keyboard: Keyboard, account: int
) -> None:
    ((sku, product),) = ask(
        demo, "SELECT sku, id FROM product WHERE status = 'active' ORDER BY id DESC LIMIT 1"
    )
    given = (
        "SELECT quantity, base_quantity FROM sample WHERE account_id = ? AND product_id = ?"
        " AND date = ?"
    )
    asked = (given, account, product, demo.today().isoformat())
    window.go("sampling", account=account)
    place = window.place("sampling")
    keyboard.wait(lambda: place.presenter._sheet is not None)
    keyboard.press(f"3x {sku}")
    keyboard.wait(lambda: place.finder.model.rowCount() > 0)
    keyboard.press(Qt.Key.Key_Return)
    keyboard.wait(lambda: ask(demo, *asked) == [(3, 3)])
    keyboard.wait(lambda: place.model.rowCount() > 0)
    place.table.setFocus()
    place.table.select_first()
    keyboard.press("1", "2", Qt.Key.Key_Return)
    keyboard.wait(lambda: ask(demo, *asked) == [(12, 12)])
    # HQ gets the last word only, once.
    entries = "SELECT op FROM journal WHERE entity = 'sample'"
    assert ask(demo, entries) == [("I",)]
    keyboard.press("0", Qt.Key.Key_Return)
    keyboard.wait(lambda: ask(demo, *asked) == [])


def test_the_day_is_ended_by_keys(
    window: MainWindow, demo: Workspace, keyboard: Keyboard, account: int
) -> None:
    window.go("collecting", account=account)
    collecting = window.place("collecting")
    keyboard.wait(lambda: collecting.debts.rows_model().rowCount() > 0)
    before = collecting.receipts.rows_model().rowCount()
    keyboard.press("120", (Qt.Key.Key_Return, CTRL))
    keyboard.press("30", (Qt.Key.Key_M, ALT), (Qt.Key.Key_M, ALT), (Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: collecting.receipts.rows_model().rowCount() == before + 2)
    # A slip: a third receipt, taken back by its counter-entry.
    collecting.amount.setFocus()
    keyboard.press("7", (Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: collecting.receipts.rows_model().rowCount() == before + 3)
    collecting.receipts.select_first()
    keyboard.press((Qt.Key.Key_Delete, CTRL))
    keyboard.wait(lambda: collecting.receipts.rows_model().rowCount() == before + 4)

    window.go("today")
    keyboard.wait(lambda: True)
    keyboard.press((Qt.Key.Key_E, SHIFT))
    day = window.place("day_end")
    keyboard.wait(lambda: day.presenter.day is not None and len(day.presenter.day.taken) >= 4)
    assert day.counted.hasFocus()
    cash = day.presenter.day.cash_minor
    keyboard.press(str(cash // 100 - 1), (Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: True)
    assert "differs" in window.notice.text()
    keyboard.press(Qt.Key.Key_Return, "parking", (Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: day.presenter.day.closed_today is not None)
    closed = day.presenter.day.closed_today
    assert closed.difference_minor == cash // 100 * 100 - 100 - cash
    assert closed.note == "parking"
    assert not day._close.isEnabled()


def test_a_return_that_is_left_is_there_again(
    window: MainWindow, demo: Workspace, keyboard: Keyboard, account: int
) -> None:
    window.go("customer", account=account)
    keyboard.wait(lambda: True)
    keyboard.press((Qt.Key.Key_R, SHIFT))
    place = window.place("returning")
    keyboard.wait(lambda: place.model.rowCount() > 0)
    keyboard.press("2", Qt.Key.Key_Return, Qt.Key.Key_Escape)
    keyboard.wait(lambda: window.stack.currentWidget() is not place)
    place.presenter.show(10**6)
    keyboard.wait(lambda: place._pages.currentIndex() == 1)
    window.go("returning", account=account)
    keyboard.wait(lambda: bool(place.presenter.lines))
    assert [line.packs for line in place.presenter.lines] == [2]
    # Without a reason it is not taken, and nothing is lost.
    keyboard.press((Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: True)
    assert "Say why" in window.notice.text()
    assert len(place.presenter.lines) == 1

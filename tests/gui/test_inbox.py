"""The office's inbox in the real window, by keys: accept, reject, alter, bulk, key for a rep."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.gui.views.inbox.items import GroupItem
from crmdesk.gui.views.inbox.words import _TONES, empty_words, note_item
from crmdesk.gui.widgets.gathering import Gathering, ListContent
from crmdesk.services import orders
from crmdesk.services.queries.inbox import InboxFilter, InboxGroup, inbox, waiting_count
from crmdesk.services.queries.inbox_attention import Attention
from crmdesk.services.workspace import Workspace
from tests.gui.inbox_stage import Stage, office

__all__ = ["office"]

Key = Qt.Key
_STATUS = "SELECT status FROM sales_order WHERE id = ?"


@pytest.fixture
def stage(office: Workspace, runner: Runner, qtbot: QtBot) -> Iterator[Stage]:
    window = MainWindow(runner, Bus(), ErrorDesk())
    qtbot.addWidget(window)
    window.open_places(office, places_for(office), ShellSources())
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    made = Stage(window, runner, qtbot, office)
    made.rest()
    yield made
    window.close()


def badge(stage: Stage) -> str:
    return next(b.badge() for b in stage.window.rail.buttons() if b.key == "inbox")


def test_the_office_begins_in_its_inbox_with_what_waits(stage: Stage) -> None:
    here = stage.window.here()
    assert here is not None and here.place == "inbox"
    assert badge(stage) == "5" == str(waiting_count(stage.ws))
    rows = inbox(stage.ws, InboxFilter()).rows
    keys = stage.place.model.shown_keys()
    assert keys == [row.id for row in rows]
    looks = [bool(row.attention) for row in rows]
    assert looks == sorted(looks, reverse=True), "what needs a look stands first"
    for part in (True, False):
        days = [row.order_date for row in rows if bool(row.attention) is part]
        assert days == sorted(days), "then the oldest"
    assert stage.place.preview.model.shown_keys(), "the order stands beside the list with its lines"


def test_more_orders_are_read_as_the_end_comes_into_view(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmdesk.gui.views.inbox.presenter.MOST", 2)
    presenter, table = stage.place.presenter, stage.place.table
    presenter._narrow(InboxFilter(most=2))
    stage.rest()
    assert len(stage.place.model.shown_keys()) == 2
    headings = [e for e in presenter._entries(inbox(stage.ws, InboxFilter(most=2)))
                if isinstance(e, GroupItem)]  # fmt: skip
    assert headings[-1].title == "3 more orders"
    first = stage.current
    table.setFocus()
    stage.press(Key.Key_Down)
    assert len(stage.place.model.shown_keys()) == 4
    assert stage.current != first, "the bar stays where it was"
    for _step in range(3):
        stage.press(Key.Key_Down)
    assert len(stage.place.model.shown_keys()) == 5
    presenter.more()
    stage.rest()
    assert len(stage.place.model.shown_keys()) == 5


def test_the_list_leaves_the_window_with_all_that_its_cells_say(stage: Stage) -> None:
    found: list[ListContent] = []
    Gathering(stage.place.table, found.append, lambda: None).start()
    stage.qtbot.waitUntil(lambda: bool(found))
    rows = inbox(stage.ws, InboxFilter()).rows
    place = {head: number for number, head in enumerate(found[0].heads)}
    assert [row[place["Number"]] for row in found[0].values] == [row.number for row in rows]
    assert [row[place["Rep"]] for row in found[0].values] == [row.rep for row in rows]
    assert [row[place["Total"]] for row in found[0].values] == [
        Decimal(row.total_minor) / 100 for row in rows
    ]
    assert {row[place["Delivery"]] for row in found[0].values} == {
        row.delivery_date for row in rows
    }


def test_one_key_accepts_and_one_takes_it_back(stage: Stage) -> None:
    order = stage.current
    stage.press(Key.Key_A)
    assert stage.one(_STATUS, order) == "accepted"
    assert badge(stage) == "4"
    assert order not in stage.place.model.shown_keys()
    assert "accepted" in stage.window.toast_note.text()
    stage.press((Key.Key_Z, Qt.KeyboardModifier.ControlModifier))
    assert stage.one(_STATUS, order) == "submitted"
    assert badge(stage) == "5"


def test_picked_orders_are_accepted_together(stage: Stage) -> None:
    stage.press(Key.Key_Space, Key.Key_Down, Key.Key_Space)
    picked = stage.place.model.picked()
    assert len(picked) == 2
    assert stage.place._buttons["accept"].text() == "Accept 2"
    stage.press(Key.Key_A)
    assert {stage.one(_STATUS, key) for key in picked} == {"accepted"}
    assert stage.place.model.picked() == []
    assert badge(stage) == "3"


def test_a_rejection_wants_a_reason_by_number_or_in_words(stage: Stage) -> None:
    order = stage.current
    stage.press(Key.Key_R)
    ask = stage.place.preview.ask
    assert ask.isVisible()
    stage.press(Key.Key_Return)
    assert ask.isVisible(), "an empty answer is none"
    assert stage.one(_STATUS, order) == "submitted"
    stage.press(Key.Key_Escape)
    assert not ask.isVisible()

    stage.press(Key.Key_R, "1", "back on Monday", Key.Key_Return)
    assert stage.one(_STATUS, order) == "rejected"
    reason = stage.one(
        "SELECT r.name FROM sales_order o JOIN outcome_reason r ON r.id = o.reason_id"
        " WHERE o.id = ?", order,
    )  # fmt: skip
    answer = stage.one("SELECT answer FROM sales_order WHERE id = ?", order)
    assert answer == f"{reason}: back on Monday"


def test_lines_are_altered_in_place_and_the_reason_is_asked(stage: Stage) -> None:
    order = stage.current
    before = stage.one("SELECT total_minor FROM sales_order WHERE id = ?", order)
    day = stage.one("SELECT delivery_date FROM sales_order WHERE id = ?", order)
    control = Qt.KeyboardModifier.ControlModifier
    stage.press(Key.Key_E)
    lines = stage.place.preview.lines
    product = lines.current_key()
    stage.press("9")
    editor = lines.viewport().findChild(QLineEdit)
    assert editor is not None
    stage.press(Key.Key_Return)
    assert "was" in stage.place.preview.model.row_of(product).detail
    assert stage.one("SELECT total_minor FROM sales_order WHERE id = ?", order) == before
    stage.press(Key.Key_Down)
    dropped = lines.current_key()
    stage.press(Key.Key_Delete, (Key.Key_Right, control), (Key.Key_Return, control))
    assert stage.place.preview.ask.isVisible()
    stage.press("Stock is short", Key.Key_Return)

    packs = "SELECT quantity FROM order_line WHERE parent_id = ? AND product_id = ?"
    assert stage.one(packs, order, product) == 9
    assert stage.one(packs, order, dropped) is None
    assert stage.one("SELECT delivery_date FROM sales_order WHERE id = ?", order) > day
    why = "SELECT reason FROM order_alteration WHERE order_id = ? ORDER BY id DESC"
    assert stage.one(why, order) == "Stock is short"
    assert stage.one(_STATUS, order) == "submitted"
    net, total = (
        stage.one("SELECT sum(net_minor) FROM order_line WHERE parent_id = ?", order),
        stage.one("SELECT net_minor FROM sales_order WHERE id = ?", order),
    )
    assert net == total


def test_a_line_is_added_by_its_sku_while_altering(stage: Stage) -> None:
    order = stage.current
    with stage.ws.database.read() as connection:
        (sku,) = connection.exec_driver_sql(
            "SELECT p.sku FROM product p JOIN price_rule r ON r.product_id = p.id"
            " WHERE p.status = 'active' AND p.id NOT IN (SELECT product_id FROM order_line"
            " WHERE parent_id = ?) LIMIT 1", (order,),
        ).one()  # fmt: skip
    stage.press(Key.Key_E, Key.Key_L, sku)
    stage.qtbot.waitUntil(lambda: stage.place.preview.finder.model.shown_keys() != [])
    stage.rest()
    stage.press(Key.Key_Return, "3", Key.Key_Return)
    added = stage.place.preview.lines.current_key()
    assert stage.place.preview.model.row_of(added).packs == "3"
    stage.press((Key.Key_Return, Qt.KeyboardModifier.ControlModifier))
    stage.press("Asked for by phone", Key.Key_Return)
    packs = "SELECT quantity FROM order_line WHERE parent_id = ? AND product_id = ?"
    assert stage.one(packs, order, added) == 3
    assert stage.one("SELECT sku FROM product WHERE id = ?", added) == sku


def test_leaving_an_alteration_changes_nothing(stage: Stage) -> None:
    order = stage.current
    before = stage.one("SELECT count(*) FROM order_line WHERE parent_id = ?", order)
    altered = stage.one("SELECT count(*) FROM order_alteration")
    stage.press(Key.Key_E, Key.Key_Delete, Key.Key_Escape)
    assert not stage.place.presenter.altering.on
    assert stage.one("SELECT count(*) FROM order_line WHERE parent_id = ?", order) == before
    assert stage.one("SELECT count(*) FROM order_alteration") == altered


def test_accepted_orders_are_shipped_from_their_chip(stage: Stage) -> None:
    stage.place.show_target({"group": "waiting"})
    order = stage.current
    stage.press(Key.Key_A)
    stage.place.show_target({"group": "to_ship"})
    stage.rest()
    stage.place.table.select_key(order)
    stage.rest()
    stage.press(Key.Key_S)
    assert stage.one(_STATUS, order) == "shipped"
    stage.place.show_target({"group": "to_invoice"})
    stage.rest()
    stage.place.table.select_key(order)
    stage.rest()
    stage.press(Key.Key_I)
    assert stage.one(_STATUS, order) == "invoiced"
    invoices = "SELECT count(*) FROM invoice i JOIN sales_order o ON o.uid = i.order_uid"
    assert stage.one(f"{invoices} WHERE o.id = ?", order) == 1


def test_an_order_by_phone_is_keyed_in_the_name_of_the_customers_rep(stage: Stage) -> None:
    stage.press(Key.Key_N)
    assert stage.place.picker.isVisible()
    stage.press(Key.Key_Return)
    here = stage.window.here()
    assert here is not None and here.place == "order"
    order = here.args["order"]
    with stage.ws.database.read() as connection:
        rep, keyed = connection.exec_driver_sql(
            "SELECT u.role, e.role FROM sales_order o JOIN app_user u ON u.id = o.user_id"
            " JOIN app_user e ON e.id = o.entered_by_id WHERE o.id = ?",
            (order,),
        ).one()
    assert (rep, keyed) == ("rep", "office")


def test_the_list_is_narrowed_by_rep_territory_and_text(stage: Stage) -> None:
    presenter = stage.place.presenter
    found = inbox(stage.ws, InboxFilter())
    rep = found.reps[0]
    presenter.choose_rep(rep.id)
    stage.rest()
    assert len(stage.place.model.shown_keys()) == rep.count
    number = found.rows[0].number
    presenter.show_all()
    presenter.search(number)
    stage.rest()
    assert found.rows[0].id in stage.place.model.shown_keys()
    presenter.search("nothing of the kind")
    stage.rest()
    assert stage.place.model.shown_keys() == []


def test_an_order_that_comes_in_appears_by_itself(stage: Stage) -> None:
    account = stage.one("SELECT account_id FROM sales_order ORDER BY id DESC LIMIT 1")
    order = orders.start_order(stage.ws, account).order_id
    with stage.ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET status = 'submitted' WHERE id = ?", (order,)
        )
    from crmdesk.domain.changes import ChangeSet

    stage.window._bus.publish(ChangeSet.of("order", [order]))
    stage.rest()
    assert order in stage.place.model.shown_keys()
    assert badge(stage) == "6"


def test_a_rep_has_no_inbox(demo: Workspace) -> None:
    assert "inbox" not in {spec.key for spec in places_for(demo) if spec.in_rail}
    assert waiting_count(demo) == 0


@pytest.mark.parametrize(
    "code",
    ["credit_hard", "credit_soft", "below_cost", "price", "stock", "twice", "unusual", "late"],
)
def test_every_note_is_a_sentence_for_one_and_many(code: str) -> None:
    one = note_item(Attention(code, 1, 1250, "Rice 1 kg"), "EUR").text
    many = note_item(Attention(code, 3, 1250, "Rice 1 kg"), "EUR").text
    assert one and many and "{" not in one + many


def test_no_two_notes_say_the_same() -> None:
    said = {note_item(Attention(code, 3, 1250, "Rice 1 kg"), "EUR").text for code in _TONES}
    assert len(said) == len(_TONES)
    assert {"€12.50 over the credit limit", "€12.50 over the credit limit, which is hard"} <= said


@pytest.mark.parametrize("group", list(InboxGroup))
def test_every_empty_state_teaches_a_step(group: InboxGroup) -> None:
    for narrowed in (True, False):
        title, hint = empty_words(group, narrowed=narrowed)
        assert title and hint


def test_beyond_a_hard_limit_it_asks_why_and_keeps_the_answer(stage: Stage) -> None:
    order = stage.current
    with stage.ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE account SET credit_mode = 'hard', credit_limit_minor = 0"
            " WHERE id = (SELECT account_id FROM sales_order WHERE id = ?)", (order,),
        )  # fmt: skip
    stage.press(Key.Key_A)
    assert stage.one(_STATUS, order) == "submitted"
    assert isinstance(QApplication.focusWidget(), QLineEdit)
    stage.press(Key.Key_Return)
    assert stage.one(_STATUS, order) == "submitted"
    stage.press("pays on Friday", Key.Key_Return)
    assert stage.one(_STATUS, order) == "accepted"
    assert stage.one("SELECT answer FROM sales_order WHERE id = ?", order) == "pays on Friday"


def test_an_accepted_order_that_grows_beyond_a_hard_limit_asks_why(stage: Stage) -> None:
    order = stage.current
    stage.press(Key.Key_A)
    with stage.ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE account SET credit_mode = 'hard', credit_limit_minor = 0"
            " WHERE id = (SELECT account_id FROM sales_order WHERE id = ?)", (order,),
        )  # fmt: skip
    before = stage.one("SELECT total_minor FROM sales_order WHERE id = ?", order)
    stage.place.show_target({"group": "to_ship"})
    stage.rest()
    stage.place.table.select_key(order)
    stage.rest()
    control = Qt.KeyboardModifier.ControlModifier
    stage.press(Key.Key_E, "90", Key.Key_Return, (Key.Key_Return, control))
    stage.press("More is wanted", Key.Key_Return)
    assert "it is passed by" in stage.place.preview.ask.field.accessibleName()
    assert stage.one("SELECT total_minor FROM sales_order WHERE id = ?", order) == before
    stage.press("pays on Friday", Key.Key_Return)
    assert stage.one("SELECT total_minor FROM sales_order WHERE id = ?", order) > before
    assert stage.one("SELECT answer FROM sales_order WHERE id = ?", order) == "pays on Friday"

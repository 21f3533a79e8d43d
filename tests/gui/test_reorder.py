"""The reorder board: what is read, how it is grouped, picked, changed and put into orders."""

from collections.abc import Iterator
from datetime import timedelta

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
from crmdesk.gui.views.reorder.widget import ReorderPlace
from crmdesk.services import reorder_board, undo
from crmdesk.services.queries import reorder as queries
from crmdesk.services.queries.reorder import (
    ReorderFilter,
    Route,
    Urgency,
)
from crmdesk.services.queries.reorder_accuracy import board_accuracy
from crmdesk.services.reorder_overrides import Said, override_suggestion
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.copied_company import ws
from tests.gui.desk_company import TODAY
from tests.gui.pictures import settle
from tests.gui.reorder_stage import EVERY, made, template

__all__ = ["made", "template", "ws"]


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
    assert isinstance(key, tuple)
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

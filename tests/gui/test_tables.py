"""The lazy table: keys first, rows on demand, sorting, picking, copying, remembering."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.rows import PAGE, Cell, Column, Heading, RowsModel
from crmdesk.gui.widgets.tables import RowsTable


@dataclass(frozen=True)
class Row:
    name: str
    amount: int


COLUMNS = (
    Column("name", "Customer", lambda r: Cell(r.name, detail="Cabra"), stretch=True),
    Column("amount", "Net €", lambda r: Cell(str(r.amount), "cases"), right=True, width=90),
    Column("state", "State", lambda r: Cell("", badge=BadgeItem("due", Tone.ACCENT)), width=90),
    Column("quantity", "Quantity", lambda r: Cell("4", "cases", field=True), editable=True),
)


def rows_for(keys: list[Any]) -> dict[Any, Row]:
    return {key: Row(f"Customer {key}", key) for key in keys}


@pytest.fixture
def model(qapp: QApplication) -> RowsModel:
    made = RowsModel(COLUMNS, pickable=True)
    made.rows_wanted.connect(lambda keys: made.put_rows(rows_for(keys)))
    return made


@pytest.fixture
def table(qtbot: QtBot, model: RowsModel) -> RowsTable:
    made = RowsTable(model)
    qtbot.addWidget(made)
    made.resize(800, 400)
    made.show()
    return made


def test_model_keeps_qts_rules(model: RowsModel, qtmodeltester: ModelTester) -> None:
    heading = Heading("due", (Run("Due"),))
    model.set_keys([heading, *range(200)], rows_for(list(range(5))))
    qtmodeltester.check(model)
    model.set_keys([])
    qtmodeltester.check(model)


def test_only_pages_in_view_are_fetched(qtbot: QtBot) -> None:
    model = RowsModel(COLUMNS)
    wanted: list[int] = []
    model.rows_wanted.connect(wanted.extend)
    model.rows_wanted.connect(lambda keys: model.put_rows(rows_for(keys)))
    table = RowsTable(model)
    qtbot.addWidget(table)
    table.resize(600, 320)
    model.set_keys(range(100_000))
    table.show()
    qtbot.waitUntil(lambda: bool(wanted))
    table.grab()
    assert 0 < len(wanted) <= 2 * PAGE
    table.scrollToBottom()
    table.grab()
    assert len(wanted) <= 4 * PAGE
    assert 99_999 in wanted
    assert len(wanted) == len(set(wanted))


def test_rows_have_one_height_wherever_headings_stood_before(
    table: RowsTable, model: RowsModel
) -> None:
    heading = Heading("due", (Run("Due"),))
    model.set_keys([1, heading, 2, heading, 3])
    ordinary = table.rowHeight(0)
    assert table.rowHeight(1) != ordinary
    model.set_keys([1, 2, 3, 4, 5])
    assert {table.rowHeight(place) for place in range(5)} == {ordinary}
    model.set_keys([heading, 1, 2])
    assert table.rowHeight(0) != ordinary
    assert table.rowHeight(1) == ordinary


def test_row_that_has_not_come_is_blank_not_wrong(qapp: QApplication) -> None:
    model = RowsModel(COLUMNS)
    model.set_keys([1, 2])
    assert model.index(0, 0).data() == ""
    model.put_rows({1: Row("Bar El Parque", 5), 99: Row("not shown", 1)})
    assert model.index(0, 0).data() == "Bar El Parque"
    assert model.index(0, 1).data() == "5 cases"
    assert model.row_of(99) is None


def test_forgotten_rows_are_asked_for_again(qapp: QApplication) -> None:
    model = RowsModel(COLUMNS)
    asked: list[list[int]] = []
    model.rows_wanted.connect(asked.append)
    model.set_keys([1, 2], rows_for([1, 2]))
    model.forget_rows([2])
    assert model.index(0, 0).data() == "Customer 1"
    assert model.index(1, 0).data() == ""
    assert asked == [[2]]


def test_header_click_asks_for_another_order(table: RowsTable, model: RowsModel) -> None:
    model.set_keys(range(3))
    orders: list[tuple[str, bool]] = []
    model.sort_wanted.connect(lambda key, down: orders.append((key, down)))
    table.horizontalHeader().setSortIndicator(1, Qt.SortOrder.DescendingOrder)
    table.horizontalHeader().setSortIndicator(1, Qt.SortOrder.AscendingOrder)
    assert orders == [("amount", True), ("amount", False)]


def test_space_picks_enter_opens_arrows_skip_headings(
    qtbot: QtBot, table: RowsTable, model: RowsModel
) -> None:
    model.set_keys([Heading("a", (Run("A"),)), 1, Heading("b", (Run("B"),)), 2])
    opened: list[int] = []
    table.opened.connect(opened.append)
    table.select_first()
    assert table.current_key() == 1
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert table.current_key() == 2
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert model.picked() == [2]
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert model.picked() == []
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert opened == [2]


def test_picked_rows_survive_another_order_and_leave_with_their_row(model: RowsModel) -> None:
    model.set_keys([1, 2, 3])
    model.set_picked([1, 3])
    model.set_keys([3, 2, 1])
    assert model.picked() == [3, 1]
    model.set_keys([2, 3])
    assert model.picked() == [3]


def test_click_on_the_tick_picks(qtbot: QtBot, table: RowsTable, model: RowsModel) -> None:
    model.set_keys([1, 2])
    rect = table.visualRect(model.index(1, 0))
    spot = rect.topLeft() + QPoint(16, rect.height() // 2)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert model.picked() == [2]


def test_typing_a_digit_edits_the_quantity(
    qtbot: QtBot, table: RowsTable, model: RowsModel
) -> None:
    model.set_keys([1, 2])
    table.select_key(2)
    edits: list[tuple[object, str, str]] = []
    model.edited.connect(lambda key, column, text: edits.append((key, column, text)))
    qtbot.keyClicks(table, "1")
    editor = table.viewport().findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    qtbot.keyClicks(editor, "2")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(edits))
    assert edits == [(2, "quantity", "12")]


def test_copy_gives_tab_separated_text_of_shown_columns(table: RowsTable, model: RowsModel) -> None:
    model.set_keys([1, 2, 3], rows_for([1, 2, 3]))
    table.show_column(3, on=False)
    table.horizontalHeader().moveSection(1, 0)
    assert table.tsv([0, 2]) == (
        "Net €\tCustomer\tState\n1 cases\tCustomer 1\tdue\n3 cases\tCustomer 3\tdue\n"
    )


def test_layout_is_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "layout.ini"), QSettings.Format.IniFormat)

    def made() -> RowsTable:
        table = RowsTable(RowsModel(COLUMNS), name="customers", settings=settings)
        qtbot.addWidget(table)
        table.resize(800, 300)
        table.show()
        return table

    first = made()
    first.show_column(2, on=False)
    first.horizontalHeader().moveSection(1, 0)
    first.setColumnWidth(1, 133)
    second = made()
    assert second.shown_columns() == [1, 0, 3]
    assert second.columnWidth(1) == 133
    second.reset_layout()
    assert second.shown_columns() == [0, 1, 2, 3]
    assert made().shown_columns() == [0, 1, 2, 3]


def test_sorting_is_remembered_and_a_column_without_room_is_not(
    qtbot: QtBot, tmp_path: Path
) -> None:
    settings = QSettings(str(tmp_path / "layout.ini"), QSettings.Format.IniFormat)

    def made() -> tuple[RowsTable, list[tuple[str, bool]]]:
        model = RowsModel(COLUMNS)
        sorts: list[tuple[str, bool]] = []
        model.sort_wanted.connect(lambda column, descending: sorts.append((column, descending)))
        table = RowsTable(model, name="customers", settings=settings)
        model.setParent(table)
        qtbot.addWidget(table)
        table.resize(800, 300)
        table.show()
        return table, sorts

    first, _sorts = made()
    first.give_way(2, on=True)
    first.horizontalHeader().setSortIndicator(1, Qt.SortOrder.DescendingOrder)
    assert first.shown_columns() == [0, 1, 3]
    second, sorts = made()
    assert sorts == [("amount", True)]
    assert second.shown_columns() == [0, 1, 2, 3]
    second.resize(1000, 300)
    filled = sum(second.columnWidth(column) for column in range(4))
    assert filled == second.viewport().width()
    second.give_way(2, on=True)
    second.give_way(2, on=False)
    assert second.shown_columns() == [0, 1, 2, 3]


def test_yielding_columns_leave_and_come_back_with_the_room(qtbot: QtBot) -> None:
    columns = [replace(column, yields=column.key in ("amount", "state")) for column in COLUMNS]
    table = RowsTable(RowsModel(columns))
    qtbot.addWidget(table)
    table.show()
    for width, shown in ((700, [0, 1, 2, 3]), (400, [0, 1, 3]), (300, [0, 3]), (700, [0, 1, 2, 3])):
        table.resize(width, 300)
        assert table.shown_columns() == shown
    table.show_column(1, on=False)
    table.resize(900, 300)
    assert table.shown_columns() == [0, 2, 3]


def test_selected_row_has_its_bar_at_the_left(table: RowsTable, model: RowsModel) -> None:
    model.set_keys([1, 2])
    table.select_key(1)
    image: QImage = table.viewport().grab().toImage()
    row = table.visualRect(model.index(0, 0))
    assert image.pixelColor(1, row.center().y()).name().upper() == t.LIGHT.accent
    assert image.pixelColor(6, row.top() + 3).name().upper() == t.LIGHT.accent_soft

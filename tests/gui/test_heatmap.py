"""The heat map: keys first, rows lazily, and a selected row that speaks."""

from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.gui import theme
from crmdesk.gui.widgets.heatmap import HeatLegend, HeatTable, cell_span
from crmdesk.gui.widgets.heatmap_model import MONTHS, PAGE, HeatModel, month_initial
from crmdesk.gui.widgets.items import HeatItem

MONTH_DAYS = tuple(date(2024 + (11 + i) // 12, (11 + i) % 12 + 1, 1) for i in range(24))


def make_item(key: int) -> HeatItem:
    units = tuple((key + i) % 5 * 12 for i in range(24))
    levels = tuple((key + i) % 5 for i in range(24))
    return HeatItem(
        key, f"SKU {key}", levels, units, every="~21", next_due="17 Nov", usual="3 cases",
        suggest="3", sentence=f"Buys SKU {key} every ~21 days.",
    )  # fmt: skip


@pytest.fixture
def table(qtbot: QtBot, qapp: QApplication) -> HeatTable:
    theme.apply(qapp, "light")
    made = HeatTable()
    qtbot.addWidget(made)
    made.resize(820, 400)
    return made


def test_model_keeps_qt_rules(qtbot: QtBot) -> None:
    model = HeatModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_rows(range(100), MONTH_DAYS, [make_item(k) for k in range(10)])
    model.put_items([make_item(k) for k in range(10, 100)])
    assert model.rowCount() == 100
    model.set_rows((), ())
    assert model.rowCount() == 0


def test_a_page_is_asked_for_once_and_only_when_looked_at() -> None:
    model = HeatModel()
    asked: list[list[int]] = []
    model.rows_wanted.connect(asked.append)
    model.set_rows(range(1000, 1500), MONTH_DAYS, [make_item(1000 + k) for k in range(PAGE)])
    assert model.item(0) is not None
    assert asked == []
    assert model.item(70) is None
    assert model.item(71) is None
    assert asked == [list(range(1064, 1128))]
    model.put_items([make_item(k) for k in asked[0]])
    row = model.item(70)
    assert row is not None
    assert row.name == "SKU 1070"


def test_hundreds_of_skus_read_only_what_is_seen(table: HeatTable) -> None:
    asked: list[list[int]] = []
    table.heat.rows_wanted.connect(asked.append)
    table.set_rows(range(800), MONTH_DAYS, [make_item(k) for k in range(PAGE)])
    table.grab()
    assert asked == []


def test_the_selected_row_speaks_and_enter_opens_it(qtbot: QtBot, table: HeatTable) -> None:
    said: list[tuple[str, str]] = []
    table.spoken.connect(lambda name, words: said.append((name, words)))
    table.set_rows(range(5), MONTH_DAYS, [make_item(k) for k in range(5)])
    assert said[-1] == ("SKU 0", "Buys SKU 0 every ~21 days.")
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert said[-1] == ("SKU 1", "Buys SKU 1 every ~21 days.")
    with qtbot.waitSignal(table.purchases_wanted) as opened:
        qtbot.keyClick(table, Qt.Key.Key_Return)
    assert opened.args == [1]


def test_left_and_right_walk_the_months_and_say_the_units(qtbot: QtBot, table: HeatTable) -> None:
    said: list[str] = []
    table.spoken.connect(lambda _name, words: said.append(words))
    table.set_rows(range(5), MONTH_DAYS, [make_item(k) for k in range(5)])
    qtbot.keyClick(table, Qt.Key.Key_Left)
    assert said[-1] == "Nov 2026: 36"
    qtbot.keyClick(table, Qt.Key.Key_Left)
    qtbot.keyClick(table, Qt.Key.Key_Left)
    qtbot.keyClick(table, Qt.Key.Key_Left)
    assert said[-1] == "Aug 2026: none"
    qtbot.keyClick(table, Qt.Key.Key_Escape)
    assert said[-1] == "Buys SKU 0 every ~21 days."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cells_are_painted_in_the_five_hues(
    qapp: QApplication, table: HeatTable, scheme: str
) -> None:
    theme.apply(qapp, scheme)
    table.set_rows(range(8), MONTH_DAYS, [make_item(k) for k in range(8)])
    image = table.grab().toImage()
    colours = {
        image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)
    }
    for level in range(5):
        assert theme.color(f"heat{level}").rgb() in colours, level


def test_months_are_read_aloud_newest_first(table: HeatTable) -> None:
    table.set_rows(range(1), MONTH_DAYS, [make_item(0)])
    index = table.heat.index(0, MONTHS)
    said = str(table.heat.data(index, Qt.ItemDataRole.AccessibleTextRole))
    assert said.startswith("Nov 2026: 36, Oct 2026: 24, Sep 2026: 12, Jul 2026: 48")


def test_a_narrow_column_shows_the_newest_months_that_fit() -> None:
    assert cell_span(24, 24 * 16) == (24, 16.0)
    assert cell_span(24, 96, 8) == (12, 8.0)
    assert cell_span(0, 96) == (0, 0.0)
    assert cell_span(6, 1000, 14) == (6, 28)


def test_initials_and_legend(qtbot: QtBot) -> None:
    assert "".join(month_initial(m) for m in range(1, 13)) == "JFMAMJJASOND"
    legend = HeatLegend()
    qtbot.addWidget(legend)
    legend.resize(legend.sizeHint())
    assert not legend.grab().isNull()

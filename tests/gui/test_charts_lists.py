"""Lists of needs and figures, badges in rows, chips that change, columns as wide as their words."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui import theme
from crmdesk.gui.widgets.badges import BadgeRow, Chip, FilterChips
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.items import BadgeItem, NeedItem, Pair, Tone, WaterfallStep
from crmdesk.gui.widgets.needs import NeedsList
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.waterfall import Waterfall

NEEDS = (
    NeedItem(1, "Lejía Blancol 2 L", "Overdue", "warning", Tone.DANGER, "Buys every ~28 days.",
             0.71, "1 case"),
    NeedItem(2, "Detergente", "At risk", "trend-down", Tone.WARNING, "Buys every ~46 days.",
             0.13, "2 cases"),
)  # fmt: skip


def _colours(widget: QWidget) -> set[int]:
    image = widget.grab().toImage()
    return {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}


@pytest.mark.parametrize("width", [360, 800])
def test_needs_are_painted_walked_and_added(qtbot: QtBot, width: int) -> None:
    needs = NeedsList("Also ask about", "Add", ["Alt+1", "Alt+2"])
    qtbot.addWidget(needs)
    needs.set_items(NEEDS)
    needs.resize(width, needs.sizeHint().height())
    colours = _colours(needs)
    assert theme.color("danger").rgb() in colours
    assert (theme.color("accent").rgb() in colours) == (width > 460)
    qtbot.keyClick(needs, Qt.Key.Key_Down)
    qtbot.keyClick(needs, Qt.Key.Key_Down)
    assert needs.accessibleDescription().startswith("Detergente, At risk. Buys every ~46 days.")
    with qtbot.waitSignal(needs.part_activated) as added:
        qtbot.keyClick(needs, Qt.Key.Key_Return)
    assert added.args == [1]


def test_no_needs_are_said(qtbot: QtBot) -> None:
    needs = NeedsList("Will need")
    qtbot.addWidget(needs)
    needs.set_items((), "Nothing is due.")
    needs.resize(300, needs.sizeHint().height())
    assert theme.color("muted").rgb() in _colours(needs)
    assert needs.part_count() == 0


def test_pairs_are_one_line_each_and_said(qtbot: QtBot) -> None:
    pairs = PairList("Totals")
    qtbot.addWidget(pairs)
    pairs.set_pairs([Pair("Net", "428.12"), Pair("Margin", "121.40", note="28 %", strong=True)])
    two = pairs.sizeHint().height()
    assert pairs.accessibleDescription() == "Net 428.12. Margin 121.40 28 %"
    pairs.set_pairs([Pair("Net", "428.12", tone=Tone.GOOD, icon="check")])
    assert pairs.sizeHint().height() * 2 == two
    pairs.resize(220, 24)
    assert theme.color("good").rgb() in _colours(pairs)


def test_badges_take_a_second_row_when_narrow(qtbot: QtBot) -> None:
    row = BadgeRow()
    qtbot.addWidget(row)
    row.set_items([BadgeItem("Active", Tone.GOOD, "check"), BadgeItem("€214.60, 6 days late")])
    row.resize(row.natural_width(), 20)
    one = row.sizeHint().height()
    row.resize(160, 20)
    assert row.sizeHint().height() > one
    assert row.accessibleName() == "Active, €214.60, 6 days late"


def test_chips_that_stay_keep_their_place_and_choice(qtbot: QtBot) -> None:
    chips = FilterChips([("all", "All"), ("due", "Due"), ("late", "Late")], "Filter")
    qtbot.addWidget(chips)
    chips.resize(400, 30)
    chips.choose("due")
    chips.set_choices([("all", "All 40"), ("due", "Due 12")])
    assert chips.choice() == "due"
    chips.set_choices([("all", "All 40"), ("late", "Late 2")])
    assert chips.choice() == "all"
    words = [chip.text() for chip in chips.findChildren(Chip) if chip in chips._chips]
    assert sorted(words) == ["All 40", "Late 2"]


def test_a_column_is_as_wide_as_its_words_at_every_text_size(qapp: QApplication) -> None:
    assert column_width(200, "short") == 200
    wide = column_width(40, "Quantity and something more")
    assert wide > 100
    theme.apply(qapp, "light", scale=1.5)
    assert abs(column_width(40, "Quantity and something more") - wide) <= 8


def test_long_labels_of_a_waterfall_stand_on_two_lines(qtbot: QtBot) -> None:
    chart = Waterfall()
    qtbot.addWidget(chart)
    words = ("Выручка", "Скидки", "Себестоимость", "Обслуживание", "Задолженность", "Вклад")
    chart.set_steps([WaterfallStep(w, w, 100, "1", total=True) for w in words])
    chart.resize(360, 200)
    assert chart._staggered()
    chart.resize(1200, 200)
    assert not chart._staggered()

"""The timeline: any length, any month at once, and only what is seen is read."""

import time
from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.gui import theme
from crmdesk.gui.widgets.items import MonthCount, TimelineItem
from crmdesk.gui.widgets.timeline import TimelineList, TimelineOverview, overview_months
from crmdesk.gui.widgets.timeline_model import TimelineModel

TODAY = date(2026, 11, 24)


def make_events(month: date, count: int) -> list[TimelineItem]:
    return [
        TimelineItem(
            f"{month}-{i}",
            month.replace(day=max(28 - i, 1)),
            "order",
            "orders",
            f"Order {i}",
            "6 lines",
            "€243.10",
        )
        for i in range(count)
    ]


def make_months(each: int, months: int = 60) -> list[MonthCount]:
    newest_first = overview_months(TODAY)[::-1][:months]
    return [MonthCount(month, each) for month in newest_first]


@pytest.fixture
def timeline(qtbot: QtBot, qapp: QApplication) -> TimelineList:
    theme.apply(qapp, "light")
    made = TimelineList()
    qtbot.addWidget(made)
    made.resize(340, 500)
    made.show()
    return made


def test_model_keeps_qt_rules(qtbot: QtBot) -> None:
    model = TimelineModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_months(make_months(3, 4))
    model.put_month(date(2026, 10, 1), make_events(date(2026, 10, 1), 3))
    assert model.rowCount() == 16
    model.set_months([])
    assert model.rowCount() == 0


def test_a_month_is_asked_for_once_when_first_seen() -> None:
    model = TimelineModel()
    asked: list[date] = []
    model.month_wanted.connect(asked.append)
    model.set_months(make_months(3, 3))
    assert model.item(0) is None
    assert asked == []
    assert model.item(1) is None
    assert model.item(2) is None
    assert asked == [date(2026, 11, 1)]
    model.put_month(date(2026, 11, 1), make_events(date(2026, 11, 1), 3))
    event = model.item(2)
    assert event is not None
    assert event.title == "Order 1"


def test_events_that_vanished_since_counting_leave_an_empty_row() -> None:
    model = TimelineModel()
    model.set_months(make_months(3, 1))
    model.put_month(date(2026, 11, 1), make_events(date(2026, 11, 1), 2))
    assert model.item(2) is not None
    assert model.item(3) is None


def test_a_hundred_thousand_events_open_and_jump_without_being_read(
    timeline: TimelineList,
) -> None:
    asked: list[date] = []
    timeline.events.month_wanted.connect(asked.append)
    started = time.perf_counter()
    timeline.set_months(make_months(1667))
    timeline.show_month(date(2023, 3, 1))
    timeline.grab()
    elapsed_s = time.perf_counter() - started
    assert timeline.events.months.events == 100_020
    assert timeline.top_month() == date(2023, 3, 1)
    assert date(2023, 3, 1) in asked
    assert len(asked) <= 3
    assert elapsed_s < 5, "a list of 100,000 events must not lay out every row"


def test_arrows_step_over_headings_and_enter_opens(qtbot: QtBot, timeline: TimelineList) -> None:
    timeline.events.month_wanted.connect(
        lambda month: timeline.events.put_month(month, make_events(month, 2))
    )
    timeline.set_months(make_months(2, 3))
    qtbot.keyClick(timeline, Qt.Key.Key_Down)
    rows = [timeline.currentIndex().row()]
    for _press in range(3):
        qtbot.keyClick(timeline, Qt.Key.Key_Down)
        rows.append(timeline.currentIndex().row())
    assert rows == [1, 2, 4, 5]
    with qtbot.waitSignal(timeline.event_opened) as opened:
        qtbot.keyClick(timeline, Qt.Key.Key_Return)
    assert opened.args is not None
    assert opened.args[0].title == "Order 1"


def test_an_event_is_read_aloud_in_full(timeline: TimelineList) -> None:
    timeline.set_months(make_months(2, 1))
    timeline.events.put_month(date(2026, 11, 1), make_events(date(2026, 11, 1), 2))
    said = timeline.events.data(timeline.events.index(1), Qt.ItemDataRole.AccessibleTextRole)
    assert said == "28 Nov 2026, Order 0, 6 lines, €243.10"
    heading = timeline.events.data(timeline.events.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert heading == "Nov 2026, 2 events"


def test_overview_covers_five_years_and_jumps(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    bar = TimelineOverview()
    qtbot.addWidget(bar)
    bar.resize(300, 38)
    bar.set_counts(make_months(4, 10), TODAY)
    bar.set_shown(date(2026, 11, 1))
    image = bar.grab().toImage()
    assert bar.part_count() == 60
    assert bar.part_text(59) == "Nov 2026: 4 events"
    assert bar.accessibleDescription() == "40 events"
    colours = {image.pixel(x, y) for x in range(300) for y in range(38)}
    assert theme.color("accent").rgb() in colours
    assert theme.color("heat2").rgb() in colours
    qtbot.keyClick(bar, Qt.Key.Key_End)
    qtbot.keyClick(bar, Qt.Key.Key_Left)
    with qtbot.waitSignal(bar.month_chosen) as chosen:
        qtbot.keyClick(bar, Qt.Key.Key_Return)
    assert chosen.args == [date(2026, 10, 1)]


def test_headings_give_their_height_back_when_other_months_are_shown(
    timeline: TimelineList,
) -> None:
    timeline.set_months(make_months(1, 6))
    heights = {timeline.rowHeight(0), timeline.rowHeight(1)}
    timeline.set_months(make_months(3, 3))
    assert len(heights) == 2
    assert timeline.rowHeight(2) == timeline.rowHeight(1)
    assert timeline.rowHeight(4) == timeline.rowHeight(0)

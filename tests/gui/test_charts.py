"""The painted widgets: their scales, their words, their keys, and that both schemes paint."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui import theme
from crmdesk.gui.widgets.badges import Badge, FilterChips
from crmdesk.gui.widgets.creditbar import CreditBar, credit_widths
from crmdesk.gui.widgets.factstrip import FactStrip
from crmdesk.gui.widgets.items import (
    BadgeItem,
    CreditPart,
    Fact,
    FactPart,
    MonthCount,
    MonthIndex,
    Purchases,
    Tone,
    WaterfallStep,
    heat_level,
    heat_thresholds,
    waterfall_bars,
)
from crmdesk.gui.widgets.probability import ProbabilityBar
from crmdesk.gui.widgets.sparkline import Sparkline, describe_purchases, sparkline_bars
from crmdesk.gui.widgets.waterfall import Waterfall, wrap_label

STEPS = (
    WaterfallStep("revenue", "Revenue", 548_000, "5,480", total=True, tone=Tone.ACCENT),
    WaterfallStep("goods", "Goods", -370_200, "−3,702"),
    WaterfallStep("orders", "Orders tickets", -9_600, "−96"),
    WaterfallStep("contribution", "Contrib.", 168_200, "1,682", total=True, tone=Tone.GOOD),
)


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, qapp: QApplication) -> str:
    name = str(request.param)
    theme.apply(qapp, name)
    return name


def _grab(qtbot: QtBot, widget: QWidget, width: int, height: int) -> QImage:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    return widget.grab().toImage()


def _has_colour(image: QImage, token: str) -> bool:
    wanted = QColor(theme.color(token)).rgb()
    return any(
        image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height())
    )


def test_changes_hang_from_the_bar_before_and_totals_stand_on_the_base() -> None:
    bars = waterfall_bars(STEPS)
    assert [(b.low_minor, b.high_minor) for b in bars] == [
        (0, 548_000),
        (177_800, 548_000),
        (168_200, 177_800),
        (0, 168_200),
    ]


@given(st.lists(st.integers(-10_000, 10_000), max_size=12))
def test_a_waterfall_without_totals_ends_at_the_sum(amounts: list[int]) -> None:
    bars = waterfall_bars([WaterfallStep(str(i), "", a, "") for i, a in enumerate(amounts)])
    assert (bars[-1].end_minor if bars else 0) == sum(amounts)


def test_heat_runs_from_nothing_to_a_busy_month() -> None:
    limits = heat_thresholds([[0, 1, 2, 3], [4, 5, 6, 7], [0, 0, 8, 0]])
    assert [heat_level(v, limits) for v in (0, 1, 3, 5, 8)] == [0, 1, 2, 3, 4]


def test_a_steady_buyer_is_not_all_dark() -> None:
    limits = heat_thresholds([[1, 1, 1, 1]])
    assert heat_level(1, limits) == 2
    assert heat_thresholds([[0, 0]]) == (0, 0, 0)


@given(st.lists(st.floats(0, 1e6), max_size=40))
def test_more_bought_is_never_lighter(values: list[float]) -> None:
    limits = heat_thresholds([values])
    levels = [heat_level(v, limits) for v in sorted(values)]
    assert levels == sorted(levels)


def test_a_month_index_finds_headings_events_and_the_nearest_older_month() -> None:
    index = MonthIndex(
        [
            MonthCount(date(2026, 11, 1), 2),
            MonthCount(date(2026, 10, 1), 0),
            MonthCount(date(2026, 9, 1), 3),
        ]
    )
    assert len(index) == 7
    assert index.events == 5
    assert [index.locate(row) for row in range(7)] == [
        (0, -1), (0, 0), (0, 1), (1, -1), (1, 0), (1, 1), (1, 2),
    ]  # fmt: skip
    assert index.row_of(date(2026, 10, 1)) == 3
    assert index.row_of(date(2020, 1, 1)) == 3
    assert MonthIndex([]).row_of(date(2026, 1, 1)) is None


def test_sparkline_leaves_the_gap_before_now_to_scale() -> None:
    bars = sparkline_bars(Purchases(100, ((100, 4), (50, 2), (20, 4))), QRectF(0, 0, 104, 20))
    lefts = [bar.left() for bar in bars]
    assert lefts == sorted(lefts)
    assert lefts[1] - lefts[0] == pytest.approx((lefts[2] - lefts[0]) * 50 / 80)
    assert bars[0].height() == 20
    assert bars[1].height() == 10


def test_sparkline_says_how_many_and_how_long_ago() -> None:
    assert (
        describe_purchases(Purchases(365, ((28, 3), (49, 3))))
        == "2 purchases in 365 days, the last 28 days ago"
    )
    assert describe_purchases(Purchases(365)) == "No purchases in the last 365 days"


def test_credit_above_the_limit_fills_the_whole_bar() -> None:
    parts = [CreditPart("late", "Late", 60_00, "60"), CreditPart("this", "This", 80_00, "80")]
    assert sum(credit_widths(parts, 100_00, 200)) == pytest.approx(200)
    assert sum(credit_widths(parts, 280_00, 200)) == pytest.approx(100)


def test_probability_paints_and_says_its_share(qtbot: QtBot, scheme: str) -> None:
    bar = ProbabilityBar()
    bar.set_probability(0.68, sentence="Buys every ~21 days.")
    image = _grab(qtbot, bar, 140, 20)
    assert bar.accessibleName() == "Probability 68\u00a0%"
    assert bar.accessibleDescription() == "Buys every ~21 days."
    assert _has_colour(image, "accent")
    assert _has_colour(image, "bar_track")


def test_sparkline_paints_bars_and_the_now_line(qtbot: QtBot, scheme: str) -> None:
    line = Sparkline()
    line.set_purchases(Purchases(90, tuple((d, 2) for d in range(10, 90, 10))))
    image = _grab(qtbot, line, 144, 24)
    assert _has_colour(image, "bar")
    assert _has_colour(image, "muted")


def test_waterfall_is_walked_by_arrows_and_opened_by_enter(qtbot: QtBot, scheme: str) -> None:
    chart = Waterfall()
    chart.set_steps(STEPS)
    image = _grab(qtbot, chart, 480, 220)
    assert _has_colour(image, "bar")
    assert _has_colour(image, "good")
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert chart.accessibleDescription() == "Goods −3,702"
    with qtbot.waitSignal(chart.step_activated) as opened:
        qtbot.keyClick(chart, Qt.Key.Key_Return)
    assert opened.args == ["goods"]
    qtbot.keyClick(chart, Qt.Key.Key_End)
    assert chart.accessibleDescription() == "Contrib. 1,682"


def test_waterfall_says_everything_before_it_is_walked(qtbot: QtBot) -> None:
    chart = Waterfall()
    qtbot.addWidget(chart)
    chart.set_steps(STEPS[:2])
    assert chart.accessibleDescription() == "Revenue 5,480. Goods −3,702"


def test_a_long_label_breaks_at_a_space(qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    assert wrap_label("Orders tickets", 50) == ["Orders", "tickets"]
    assert wrap_label("Orders tickets", 500) == ["Orders tickets"]
    assert wrap_label("Себестоимость", 30) == ["Себестоимость"]


def test_credit_bar_paints_each_part(qtbot: QtBot, scheme: str) -> None:
    bar = CreditBar()
    bar.set_parts(
        [
            CreditPart("late", "Late, ask today", 214_60, "214.60", Tone.DANGER),
            CreditPart("open", "Open, not due", 627_40, "627.40", Tone.MUTED),
            CreditPart("this", "This order", 463_05, "463.05"),
        ],
        1_500_00,
    )
    image = _grab(qtbot, bar, 240, bar.sizeHint().height())
    for token in ("danger", "heat2", "accent", "bar_track"):
        assert _has_colour(image, token), token
    assert "Late, ask today 214.60" in bar.accessibleDescription()


def test_badge_has_words_on_a_soft_ground(qtbot: QtBot, scheme: str) -> None:
    badge = Badge(BadgeItem("1 ticket", Tone.WARNING, "ticket"))
    image = _grab(qtbot, badge, badge.sizeHint().width(), badge.sizeHint().height())
    assert badge.accessibleName() == "1 ticket"
    assert _has_colour(image, "warning_soft")


def test_filter_chips_are_one_choice_moved_by_arrows(qtbot: QtBot) -> None:
    chips = FilterChips([("all", "All"), ("visits", "Visits"), ("orders", "Orders")], "Filter")
    qtbot.addWidget(chips)
    chips.resize(300, 30)
    chips.show()
    heard: list[str] = []
    chips.chosen.connect(heard.append)
    first = next(c for c in chips.children() if isinstance(c, QWidget))
    assert chips.choice() == "all"
    qtbot.keyClick(first, Qt.Key.Key_Right)
    qtbot.keyClick(first, Qt.Key.Key_Left)
    assert heard == ["visits", "orders"]
    chips.choose("all")
    assert heard == ["visits", "orders"]
    assert chips.choice() == "all"


def test_filter_chips_wrap_instead_of_being_cut(qtbot: QtBot) -> None:
    words = ["Все", "Визиты", "Заказы", "Обращения", "Деньги", "Заметки"]
    chips = FilterChips([(w, w) for w in words], "Filter")
    qtbot.addWidget(chips)
    chips.resize(600, 30)
    one_row = chips.sizeHint().height()
    chips.resize(220, 30)
    assert chips.sizeHint().height() >= 2 * one_row


def test_facts_wrap_and_say_why_there_is_none(qtbot: QtBot, scheme: str) -> None:
    strip = FactStrip()
    facts = [Fact(f"Label {i}", (FactPart("a value of some length"),)) for i in range(8)]
    facts.append(Fact("Lifetime value", (FactPart("–"),), why="Fewer than three orders."))
    strip.set_facts(facts)
    _grab(qtbot, strip, 1200, 40)
    assert strip.heightForWidth(500) > strip.heightForWidth(1800)
    assert strip.part_text(8) == "Lifetime value: –. Fewer than three orders."
    _grab(qtbot, strip, 600, strip.heightForWidth(600))
    assert all(strip.part_rect(i).right() <= 601 for i in range(9))

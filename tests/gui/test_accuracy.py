"""The accuracy page: what it judges, what it keeps, how it is measured, stopped and shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.errors import Cancelled
from crmdesk.gui import theme
from crmdesk.gui.jobs import Control, Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.accuracy import words
from crmdesk.gui.views.accuracy.presenter import AccuracyPresenter
from crmdesk.gui.views.accuracy.widget import AccuracyPlace
from crmdesk.gui.views.accuracy.words import BandItem, MeasureItem
from crmdesk.services.queries.reorder_report import (
    METHODS,
    AccuracyReport,
    Measures,
    judged_days,
    kept_report,
    make_report,
)
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.copied_company import ws
from tests.gui.desk_company import TODAY, make_company
from tests.gui.pictures import settle
from tests.gui.stage import on_stage

__all__ = ["ws"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company with its own report and that of customer 1, made once for all tests."""
    folder = tmp_path_factory.mktemp("company") / "profile"
    made = make_company(folder)
    make_report(made)
    make_report(made, 1)
    made.close()
    return folder


@dataclass
class FakeView:
    """What the page showed."""

    choice: tuple[str, bool] = ("", False)
    heading: str = ""
    bands: list[BandItem] = field(default_factory=list)
    sentence: str = ""
    measures: list[MeasureItem] = field(default_factory=list)
    empty: tuple[str, str] = ("", "")
    progress: list[tuple[str, int, int]] = field(default_factory=list)
    measured: int = 0

    def show_choice(self, customer: str, *, of_customer: bool) -> None:
        self.choice = (customer, of_customer)

    def show_heading(self, facts: str) -> None:
        self.heading = facts

    def show_report(
        self, bands: Sequence[BandItem], sentence: str, measures: Sequence[MeasureItem]
    ) -> None:
        self.bands, self.sentence, self.measures = list(bands), sentence, list(measures)

    def show_empty(self, title: str, hint: str) -> None:
        self.empty = (title, hint)

    def show_progress(self, words: str, done: int, total: int) -> None:
        self.progress.append((words, done, total))

    def show_measured(self) -> None:
        self.measured += 1


# ------------------------------------------------------------------------------------ the days


def test_days_leave_sixty_days_after_and_ninety_before() -> None:
    last = date(2026, 11, 24)
    days = judged_days(date(2020, 1, 1), last)
    assert len(days) == 5
    assert days[0] == last - timedelta(days=60)
    assert {(a - b).days for a, b in pairwise(days)} == {30}
    assert judged_days(last - timedelta(days=149), last) == ()
    assert judged_days(last - timedelta(days=150), last) == (last - timedelta(days=60),)
    assert judged_days(None, None) == ()


# ---------------------------------------------------------------------------------- the report


def test_the_report_agrees_with_the_backtest_and_with_what_was_bought(ws: Workspace) -> None:
    from crmdesk.analytics.reorder import backtest
    from crmdesk.storage.line_arrays import day_number, read_lines

    report = kept_report(ws)
    assert report is not None
    assert report.enough
    assert list(report.methods) == list(METHODS)
    with ws.database.read() as connection:
        sales = read_lines(connection).sales
    same = backtest(sales, [day_number(day) for day in report.days])
    assert report.pairs == sum(pairs for c in same.cutoffs for _s, _h, pairs in c.calibration)
    assert report.methods["model"].wape == pytest.approx(same.methods["model"].wape)
    assert report.methods["due_date"].call_list == pytest.approx(same.methods["due_date"].call_list)
    bought = sum(band.happened * band.pairs for band in report.bands) / report.pairs
    share = sum(h * n for c in same.cutoffs for _s, h, n in c.calibration) / report.pairs
    assert bought == pytest.approx(share)
    assert [band.said for band in report.bands] == sorted(band.said for band in report.bands)


def test_it_is_kept_and_a_customer_has_its_own(ws: Workspace) -> None:
    company, customer = kept_report(ws), kept_report(ws, 1)
    assert company is not None
    assert customer is not None
    assert customer.account_id == 1
    assert 0 < customer.pairs < company.pairs
    assert kept_report(ws, 2) is None


def test_measuring_tells_how_far_it_is_and_stops_between_days(ws: Workspace) -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(Cancelled):
        make_report(
            ws, 2, progress=lambda done, total: told.append((done, total)),
            cancelled=lambda: len(told) >= 2,
        )  # fmt: skip
    assert told == [(0, 5), (1, 5)]
    assert kept_report(ws, 2) is None


def test_a_short_history_is_said_to_be_short(ws: Workspace) -> None:
    with ws.database.write(applying=True) as tx:
        early = (TODAY - timedelta(days=100)).isoformat()
        tx.connection.exec_driver_sql(
            "DELETE FROM sale_line WHERE parent_id IN (SELECT id FROM sale WHERE date < ?)",
            (early,),
        )
        tx.connection.exec_driver_sql("DELETE FROM sale WHERE date < ?", (early,))
    report = make_report(ws)
    assert not report.enough
    title, hint = words.too_short(report)
    assert title == "The history is too short to say"
    assert "There are 1" in hint or "There are 9" in hint


# ----------------------------------------------------------------------------------- presenter


def presenter_of(
    ws: Workspace, runner: DirectRunner, desk: FakeDesk, view: FakeView
) -> AccuracyPresenter:
    return AccuracyPresenter(PlaceContext(ws, runner, desk), view, Control)


def test_the_kept_report_is_shown_without_measuring(
    ws: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    view = FakeView()
    page = presenter_of(ws, direct_runner, desk, view)
    page.show(1)
    assert view.progress == []
    assert view.choice == ("Бакалея Иванов", False)
    company = view.heading
    assert "forecasts on 5 days in the past" in company
    page.choose(of_customer=True)
    assert view.choice[1]
    assert view.heading != company
    assert view.measures[0].key == "call_list"
    assert "points apart" in view.sentence


def test_the_better_method_is_marked_and_ties_are_not() -> None:
    report = AccuracyReport(
        None, TODAY, TODAY, TODAY, (TODAY,), 1, 0.1, (),
        {
            "model": _measures(0.5, 12.0, -0.04),
            "due_date": _measures(0.4, 17.0, 0.01),
            "mean_interval": _measures(0.4, 17.0, 0.2),
        },
    )  # fmt: skip
    items = {item.key: item for item in words.measure_items(report.methods)}
    assert items["call_list"].best == 0
    assert items["date_error_days"].best == 0
    assert items["bias"].best == 1
    bias = [figure.replace("\u00a0", " ") for figure in items["bias"].figures]
    assert bias == ["−4.0 %", "+1.0 %", "+20.0 %"]
    assert items["wape"].best is None
    assert items["wape"].figures == ("–", "–", "–")


def _measures(call_list: float, days: float, bias: float) -> Measures:
    return Measures(call_list, None, None, days, None, bias)


# -------------------------------------------------------------------------------------- widget


def test_the_page_by_keys(
    ws: Workspace, runner: Runner, desk: FakeDesk, qtbot: QtBot, qapp: QApplication,
    qtmodeltester: ModelTester,
) -> None:  # fmt: skip
    place = AccuracyPlace(PlaceContext(ws, runner, desk))
    window = on_stage(qtbot, place)
    place.show_target({"account": 1})
    qtbot.waitUntil(lambda: place.model.rowCount() == 6)
    qtmodeltester.check(place.model)
    qtbot.waitUntil(lambda: runner.running == 0)
    assert place.chart.part_count() > 3
    assert "bought within 14 days" in place.chart.part_text(0)
    before = place.chart.summary()
    qtbot.keyClick(place.table, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: place.chart.summary() != before)
    pictures = []
    for scheme in ("dark", "light"):
        theme.apply(qapp, scheme)
        settle(10)
        pictures.append(place.grab().toImage())
    assert pictures[0] != pictures[1]
    qtbot.keyClick(place.table, Qt.Key.Key_R)
    qtbot.waitUntil(place.progress.isVisible)
    qtbot.keyClick(place, Qt.Key.Key_Escape)
    assert not place.progress.isVisible()
    assert desk.backs == 0
    qtbot.keyClick(place, Qt.Key.Key_Escape)
    assert desk.backs == 1
    qtbot.waitUntil(lambda: runner.running == 0, timeout=20_000)
    assert window.isVisible()

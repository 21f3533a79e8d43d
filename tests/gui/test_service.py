"""The service place: its queries on the demo company, its presenter, its keys in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles

import pytest
from PySide6.QtCore import QBuffer, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.analytics.service import Sign, Signs, csat, losing_risk, nps, spread
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.states import Role, TicketStatus
from crmdesk.gui import theme
from crmdesk.gui.jobs import Runner
from crmdesk.gui.photos import compressed
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow
from crmdesk.gui.views.service import widget as service_widget
from crmdesk.gui.views.service.model import events_model, tickets_model
from crmdesk.services import satisfaction, tickets
from crmdesk.services.company_policy import change_company_policy
from crmdesk.services.queries.service_figures import (
    complaints_by_sku,
    score_rows,
    service_figures,
)
from crmdesk.services.queries.ticket_sheet import ticket_sheet
from crmdesk.services.queries.tickets import (
    TicketFilter,
    TicketGroup,
    TicketSort,
    loads,
    ticket_counts,
    ticket_keys,
    ticket_rows,
)
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import OpenWindow
from tests.gui.hands import CTRL, Keyboard, ask


@pytest.fixture
def office(demo: Workspace) -> Workspace:
    """The demo profile with the rights of the office."""
    return replace(demo, user=replace(demo.user, role=Role.OFFICE))


# ------------------------------------------------------------------------------------ figures


def test_nps_and_csat_by_their_formulas() -> None:
    scores = [10, 9, 9, 8, 7, 6, 0, 3, 10, 5]
    found = nps(scores).value
    assert found is not None
    assert (found.good, found.bad, found.answers) == (4, 4, 10)
    assert found.share == 0
    found = csat([5, 4, 3, 1]).value
    assert found is not None
    assert found.share == 0.5
    assert nps([]).value is None
    assert csat([0, 6]).value is None


def test_spread_is_median_and_ninetieth_percentile() -> None:
    told = [float(n * n % 97) for n in range(1, 40)]
    found = spread(told).value
    assert found is not None
    assert found.median == pytest.approx(median(told))
    assert found.most == pytest.approx(quantiles(told, n=10, method="inclusive")[8])


def test_the_risk_of_losing_is_the_sum_of_its_signs() -> None:
    assert losing_risk(Signs()).points == 0
    assert losing_risk(Signs(lapse=1.0)).points == 0
    assert losing_risk(Signs(lapse=2.0)).parts == ((Sign.LATE_ORDER, 25),)
    worst = losing_risk(Signs(9.0, 3, 7, 4, low_score=True))
    assert worst.points == 100
    assert [sign for sign, _points in worst.parts][:2] == [Sign.LATE_ORDER, Sign.COMPLAINTS]
    calm = losing_risk(Signs(1.5, 0, 1, 1, low_score=False))
    assert calm.points == sum(points for _sign, points in calm.parts) == 12 + 10 + 5


def test_figures_of_the_demo_company_agree_with_their_rows(demo: Workspace) -> None:
    found = service_figures(demo)
    since = found.since.isoformat()
    assert found.tickets == ask(demo, "SELECT count(*) FROM ticket WHERE date >= ?", since)[0][0]
    assert found.tickets > 0
    rows = score_rows(demo, found.since)
    for kind, figure in (("nps", found.nps), ("csat", found.csat)):
        assert figure.value is not None
        answers = [row.score for row in rows if row.kind == kind]
        assert figure.value.answers == len(answers)
        good, bad = (9, 6) if kind == "nps" else (4, -1)
        share = (sum(s >= good for s in answers) - sum(s <= bad for s in answers)) / len(answers)
        assert figure.value.share == pytest.approx(share)
    for row in complaints_by_sku(demo, found.since):
        counted = ask(
            demo, "SELECT count(*) FROM ticket WHERE product_id = ? AND date >= ? AND kind IN"
            " ('complaint', 'return')", row.product_id, since,
        )[0][0]  # fmt: skip
        assert row.tickets == counted > 0
        assert row.rate is None or row.rate == pytest.approx(1000 * row.tickets / row.lines)


def test_lists_by_group_and_the_load_of_people(demo: Workspace) -> None:
    counts = ticket_counts(demo)
    for group in TicketGroup:
        keys = ticket_keys(demo, TicketFilter(group=group))
        assert len(keys) == counts[group]
        assert len(set(keys)) == len(keys)
    assert sum(one.at_work for one in loads(demo)) == counts[TicketGroup.WORK] > 0
    keys = ticket_keys(demo, TicketFilter(group=TicketGroup.ALL), TicketSort.OPENED)
    rows = ticket_rows(demo, keys)
    days = [rows[key].day for key in keys]
    assert days == sorted(days)
    for sort in TicketSort:
        down = ticket_keys(demo, TicketFilter(group=TicketGroup.ALL), sort, descending=True)
        assert sorted(down) == sorted(keys)
    some = rows[keys[0]]
    assert keys[0] in ticket_keys(demo, TicketFilter(some.number, TicketGroup.ALL))
    of_one = ticket_keys(demo, TicketFilter(group=TicketGroup.ALL, account_id=some.account_id))
    assert {rows[key].account_id for key in of_one} == {some.account_id}


def test_an_answer_about_a_ticket_is_kept_once_and_in_range(office: Workspace) -> None:
    (key, account) = ask(
        office, "SELECT t.id, t.account_id FROM ticket t WHERE t.status = 'open' LIMIT 1"
    )[0]  # fmt: skip
    tickets.set_status(office, key, TicketStatus.RESOLVED, "Done.")
    with office.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("DELETE FROM survey_score WHERE account_id = ?", (account,))
    assert ticket_sheet(office, key).may_ask
    for score in (0, 6):
        with pytest.raises(FieldError):
            satisfaction.record_score(office, account, "csat", score, about=("ticket", key))
    before = ticket_sheet(office, key).risk.points
    satisfaction.record_score(office, account, "csat", 2, about=("ticket", key))
    sheet = ticket_sheet(office, key)
    assert (sheet.score, sheet.may_ask) == (2, False)
    assert sheet.risk.points >= min(100, before + 15)
    with pytest.raises(NotFound):
        satisfaction.record_score(office, account, "csat", 5, about=("ticket", 10**9))


def test_models_are_sound(demo: Workspace, qtmodeltester: ModelTester) -> None:
    model = tickets_model(demo)
    keys = ticket_keys(demo, TicketFilter(group=TicketGroup.ALL))[:20]
    model.set_keys(keys, ticket_rows(demo, keys))
    qtmodeltester.check(model)
    qtmodeltester.check(events_model())


# ---------------------------------------------------------------------------- the real window


@pytest.fixture
def window(office: Workspace, open_window: OpenWindow) -> MainWindow:
    return open_window(office)


def history(ws: Workspace, ticket: int) -> Sequence[tuple[object, ...]]:
    return ask(
        ws, "SELECT kind, direction, text, to_status FROM ticket_event WHERE ticket_id = ?"
        " ORDER BY id", ticket,
    )  # fmt: skip


def test_a_ticket_from_report_to_answer_by_keys(
    window: MainWindow, office: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    keyboard = Keyboard(qtbot, runner)
    window.go("service")
    place = window.place("service")
    keyboard.wait(lambda: place.model.rowCount() > 0)
    place.table.setFocus()
    name = ask(office, "SELECT name FROM account ORDER BY id LIMIT 1")[0][0]
    sku = ask(office, "SELECT sku FROM product WHERE status = 'active' LIMIT 1")[0][0]
    keyboard.press(Qt.Key.Key_N)
    keyboard.press(name)
    keyboard.wait(place.picker.isVisible)
    qtbot.wait(150)
    keyboard.press(Qt.Key.Key_Return)
    keyboard.wait(place.form.isVisible)
    keyboard.press((Qt.Key.Key_Return, CTRL))
    # Without words nothing is opened, and nothing is lost.
    assert place.form.isVisible()
    place.form.subject.setFocus()
    keyboard.press("4 dented tins")
    place.form.finder.field.setFocus()
    keyboard.press(sku)
    keyboard.wait(lambda: place.form.finder.model.rowCount() > 0)
    keyboard.press(Qt.Key.Key_Return, (Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: not place.form.isVisible())
    ((key, product),) = ask(
        office, "SELECT t.id, p.sku FROM ticket t LEFT JOIN product p ON p.id = t.product_id"
        " WHERE t.subject = '4 dented tins' AND t.opened_by_id = ? ORDER BY t.id DESC LIMIT 1",
        office.user.id,
    )  # fmt: skip
    assert product == sku
    keyboard.wait(lambda: place.presenter.sheet is not None and place.presenter.sheet.row.id == key)
    keyboard.press(Qt.Key.Key_R, "A credit note comes.", Qt.Key.Key_Return)
    keyboard.press(Qt.Key.Key_W)
    keyboard.press(Qt.Key.Key_C, "Thank you.", Qt.Key.Key_Return)
    keyboard.press(Qt.Key.Key_T, "Third time this month.", Qt.Key.Key_Return)
    keyboard.press(Qt.Key.Key_P, Qt.Key.Key_D, "Credited.", Qt.Key.Key_Return)
    keyboard.press(Qt.Key.Key_X)
    keyboard.wait(lambda: place.presenter.sheet.row.status is TicketStatus.CLOSED)
    assert history(office, key) == [
        ("message", "in", None, None),
        ("message", "out", "A credit note comes.", None),
        ("status", None, None, "waiting"),
        ("message", "in", "Thank you.", None),
        ("status", None, None, "open"),
        ("note", None, "Third time this month.", None),
        ("status", None, "Credited.", "resolved"),
        ("status", None, None, "closed"),
    ]
    assert ask(office, "SELECT priority FROM ticket WHERE id = ?", key) == [("high",)]


def test_people_and_scores_are_chosen_by_digits(
    window: MainWindow, office: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    keyboard = Keyboard(qtbot, runner)
    window.go("service")
    place = window.place("service")
    keyboard.wait(lambda: place.presenter.sheet is not None)
    place.table.setFocus()
    key = place.presenter.sheet.row.id
    person = place.presenter.sheet.people[1]
    keyboard.press(Qt.Key.Key_A)
    keyboard.press(Qt.Key.Key_2)
    keyboard.wait(
        lambda: ask(office, "SELECT assignee_id FROM ticket WHERE id = ?", key) == [(person[0],)]
    )
    place.table.select_key(key)
    keyboard.wait(lambda: place.presenter.sheet is not None and place.presenter.sheet.row.id == key)
    place.table.setFocus()
    keyboard.press(Qt.Key.Key_D, "Exchanged.", Qt.Key.Key_Return)
    place.presenter.show_ticket(key)
    keyboard.wait(lambda: place.presenter.sheet is not None and place.presenter.sheet.row.id == key)
    QApplication.processEvents()
    keyboard.press(Qt.Key.Key_S)
    keyboard.press(Qt.Key.Key_4)
    keyboard.wait(lambda: place.presenter.sheet is not None and place.presenter.sheet.score == 4)


def test_an_answer_goes_to_the_ticket_it_was_begun_for(
    window: MainWindow, office: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    keyboard = Keyboard(qtbot, runner)
    window.go("service")
    place = window.place("service")
    keyboard.wait(lambda: place.presenter.sheet is not None and place.model.rowCount() > 1)
    place.table.setFocus()
    key = place.presenter.sheet.row.id
    keyboard.press(Qt.Key.Key_R, "We bring new ones")
    # Meanwhile a sync takes the ticket off the list, and the bar goes to the next one.
    tickets.set_status(office, key, TicketStatus.RESOLVED, "Exchanged.")
    place.presenter.refresh()
    keyboard.wait(lambda: place.presenter.sheet is not None and place.presenter.sheet.row.id != key)
    keyboard.press(Qt.Key.Key_Return)
    assert ("message", "out", "We bring new ones", None) in history(office, key)


def test_a_problem_is_reported_from_the_visit_sheet(
    window: MainWindow, office: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    keyboard = Keyboard(qtbot, runner)
    account = ask(office, "SELECT min(id) FROM account")[0][0]
    window.go("visit", account=account)
    visit = window.place("visit")
    keyboard.wait(lambda: visit.presenter.sheet is not None)
    visit.setFocus()
    keyboard.press(Qt.Key.Key_Space)
    keyboard.wait(lambda: visit.presenter.sheet.visit_id is not None)
    keyboard.press(Qt.Key.Key_I)
    place = window.place("service")
    keyboard.wait(place.form.isVisible)
    keyboard.press("Torn bags", (Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: not place.form.isVisible())
    assert ask(
        office, "SELECT t.account_id, v.id FROM ticket t JOIN visit v ON v.uid = t.visit_uid"
        " WHERE t.subject = 'Torn bags' ORDER BY t.id DESC LIMIT 1",
    ) == [(account, visit.presenter.sheet.visit_id)]  # fmt: skip


def test_reps_have_the_place_beside_and_its_picture_opens(
    demo: Workspace, tmp_path: object
) -> None:
    keys = {spec.key: spec.in_rail for spec in places_for(demo)}
    assert keys["service"] is False
    assert keys["visit"] is False


def test_what_a_ticket_is_about_is_chosen_opened_and_has_files(
    window: MainWindow, office: Workspace, runner: Runner, qtbot: QtBot, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    keyboard = Keyboard(qtbot, runner)
    account, order, number, contact, name = ask(
        office, "SELECT o.account_id, o.id, o.number, c.id, c.name FROM sales_order o"
        " JOIN contact c ON c.account_id = o.account_id WHERE o.status <> 'draft' LIMIT 1",
    )[0]  # fmt: skip
    window.go("service", new=account)
    place = window.place("service")
    keyboard.wait(place.form.isVisible)
    place.form.contact.choose(str(contact))
    place.form.subject.setFocus()
    keyboard.press("Wet boxes", (Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: not place.form.isVisible())
    keyboard.wait(lambda: place.presenter.sheet is not None
                  and place.presenter.sheet.row.subject == "Wet boxes")  # fmt: skip
    assert place.presenter.sheet.about.contact == name
    place.table.setFocus()
    keyboard.press(Qt.Key.Key_B)
    assert place.links.isVisible()
    place.links.field("order").setText("none such")
    keyboard.press((Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: "no order none such" in place.links.problem.text())
    place.links.field("order").setText(number.lower())
    keyboard.press((Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: not place.links.isVisible())
    keyboard.wait(lambda: place.presenter.sheet.about.order_id == order)

    shown: list[str] = []
    monkeypatch.setattr(service_widget, "show_contents", lambda name, _data: shown.append(name))
    photo = tmp_path / "wet.png"
    photo.write_bytes(picture_bytes())
    place.presenter.links.add_files([photo], compressed)
    keyboard.wait(lambda: len(place.presenter.sheet.about.files) == 1)
    place.table.setFocus()
    keyboard.press(Qt.Key.Key_F)
    keyboard.wait(lambda: shown == ["wet.jpg"])
    keyboard.press(Qt.Key.Key_O)
    keyboard.wait(lambda: window.stack.currentWidget() is window.place("order"))


def picture_bytes() -> bytes:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    data = QBuffer()
    data.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(data, "PNG")  # type: ignore[call-overload]
    return bytes(data.data().data())


def test_a_solved_ticket_quietly_offers_to_ask_but_not_within_the_companys_days(
    window: MainWindow, office: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    keyboard = Keyboard(qtbot, runner)
    key, account = ask(office, "SELECT id, account_id FROM ticket WHERE status = 'open' LIMIT 1")[0]
    with office.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("DELETE FROM survey_score WHERE account_id = ?", (account,))
    tickets.set_status(office, key, TicketStatus.RESOLVED, "Done.")
    window.go("service", ticket=key)
    place = window.place("service")
    keyboard.wait(lambda: place.presenter.sheet is not None and place.presenter.sheet.row.id == key)
    assert place._offer.isVisible() and not place.choice.isVisible()
    satisfaction.record_score(office, account, "nps", 9)
    place.presenter.refresh()
    keyboard.wait(lambda: not place._offer.isVisible())
    change_company_policy(office, {"ask_again_days": 0})
    place.presenter.refresh()
    keyboard.wait(place._offer.isVisible)


def test_a_ticket_opened_from_elsewhere_leaves_no_filter_that_is_not_in_force(
    window: MainWindow, office: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    keyboard = Keyboard(qtbot, runner)
    window.go("service")
    place = window.place("service")
    place.search.setText("zzz")
    place.presenter.search("zzz")
    keyboard.wait(lambda: place.model.rowCount() == 0)
    key, account = ask(office, "SELECT id, account_id FROM ticket WHERE status = 'closed'")[0]
    window.go("service", ticket=key)
    keyboard.wait(lambda: place.presenter.sheet is not None)
    assert place.presenter.sheet.row.id == key
    assert (place.chips.choice(), place.search.text()) == (TicketGroup.ALL, "")
    window.go("service", account=account)
    keyboard.wait(lambda: runner.running == 0)
    assert place.chips.choice() == TicketGroup.WORK


def test_the_form_is_not_squeezed_on_a_small_screen_with_large_text(
    window: MainWindow, runner: Runner, qtbot: QtBot, qapp: QApplication
) -> None:
    keyboard = Keyboard(qtbot, runner)
    window.go("service")
    place = window.place("service")
    keyboard.wait(lambda: place.model.rowCount() > 0)
    theme.apply(qapp, "light", scale=1.5)
    window.resize(1280, 800)
    place.show_form("Araceli", [(1, "Ana")])
    field = place.form.returned
    qtbot.waitUntil(lambda: field.height() >= field.sizeHint().height())
    assert not place.table.isVisible()
    place.close_form()
    assert place.table.isVisible()
    theme.apply(qapp, "light")
    window.resize(1440, 900)
    place.show_form("Araceli", [(1, "Ana")])
    assert place.table.isVisible()
    place.close_form()

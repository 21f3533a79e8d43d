"""The call brief: what it says, on the screen and on paper, for one customer and for a day."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.cli.program import Faces, main
from crmdesk.domain.ids import new_uid
from crmdesk.gui import theme
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.brief.presenter import BriefPresenter
from crmdesk.gui.views.brief.widget import BriefPlace, build
from crmdesk.interchange.documents.content import BriefLine, CallBrief
from crmdesk.services import accounts, opportunities, visits
from crmdesk.services.call_briefs import call_brief, day_briefs
from crmdesk.services.documents import Wanted, document_sheet
from crmdesk.services.opportunities import DealInput
from crmdesk.services.queries.call_brief import brief_facts, day_stops, near
from crmdesk.services.queries.customers import CustomerFilter, CustomerSort, customer_keys
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.demo_profile import SPEC
from tests.gui.stage import on_stage

TODAY = date(2026, 11, 24)


@pytest.fixture
def busiest(demo: Workspace) -> int:
    return customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)[0]


def lines(brief: CallBrief, key: str) -> tuple[BriefLine, ...]:
    return next((section.lines for section in brief.sections if section.key == key), ())


def test_a_brief_says_what_matters_in_the_doorway(demo: Workspace, busiest: int) -> None:
    for number in range(7):
        accounts.add_contact(demo, busiest, f"Clerk {number}")
    accounts.add_contact(demo, busiest, "Inés Vera", job="orders", phone="+34 600 555 127")
    opportunities.start_deal(
        demo, busiest, DealInput("Terrace", 120_000, next_step="Bring the offer",
                                 next_step_on=TODAY - timedelta(days=1)),
    )  # fmt: skip
    with demo.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE contact SET birthday = '1980-11-30' WHERE name = 'Inés Vera'")
        run(
            "INSERT INTO ticket (uid, account_id, number, subject, opened_at, date) VALUES"
            " (?, ?, 'T-1', 'Two tins dented', '2026-11-20T09:00:00.000Z', '2026-11-20')",
            (new_uid(), busiest),
        )
        run(
            "INSERT INTO promise (uid, account_id, text, made_on, due_on) VALUES"
            " (?, ?, 'A sample of the oil', '2026-11-10', '2026-11-20')",
            (new_uid(), busiest),
        )
    brief = call_brief(demo, busiest, minute=705)

    assert brief.when == "11:45"
    assert [s.key for s in brief.sections][:2] == ["due", "debts"]
    due = lines(brief, "due")
    assert due[0].note.startswith("overdue: every") and due[0].amount.endswith(("cases", "case"))
    assert due[0].tone == "danger"
    assert lines(brief, "tickets")[0].text == "T-1 Two tins dented"
    assert ("A sample of the oil", "danger") in [
        (line.text, line.tone) for line in lines(brief, "promises")
    ]
    assert len(lines(brief, "visits")) == 3
    ines = next(line for line in lines(brief, "people") if line.text == "Inés Vera")
    assert (ines.amount, ines.tone) == ("+34600555127", "good")
    assert "birthday on 30 Nov" in ines.note
    assert len(lines(brief, "people")) == 7, "six, and whoever has a birthday"
    deal = lines(brief, "talk")[0]
    assert (deal.text, deal.tone) == ("Opportunity: Terrace", "warning")
    assert deal.note == "Qualified · Bring the offer · yesterday" and "1,200" in deal.amount
    talk = [line.note for line in lines(brief, "talk")]
    assert "objective" in talk
    assert any("buy it, not yet here" in note for note in talk)


def test_what_peers_buy_is_really_not_bought_here(demo: Workspace, busiest: int) -> None:
    with demo.database.read() as connection:
        bought = set(
            connection.exec_driver_sql(
                "SELECT DISTINCT p.name FROM sale s JOIN sale_line l ON l.parent_id = s.id"
                " JOIN product p ON p.id = l.product_id WHERE s.account_id = ?",
                (busiest,),
            ).scalars()
        )
    peers = [x.text for x in lines(call_brief(demo, busiest), "talk") if "not yet here" in x.note]
    assert peers and not set(peers) & bought


def test_what_peers_buy_is_what_reading_every_pair_tells(demo: Workspace) -> None:
    with demo.database.read() as connection:
        run = connection.exec_driver_sql
        accounts_of = [tuple(row) for row in run("SELECT id, segment, status FROM account")]
        active = run("SELECT id, name FROM product WHERE status = 'active'")
        names = {int(key): str(name) for key, name in active}
        pairs = run("SELECT account_id, product_id, n, state FROM summary_pair").all()
    told = 0
    for account, segment, _status in accounts_of[::3]:
        found = brief_facts(demo, account).peers
        peers = {key for key, other, status in accounts_of
                 if segment and other == segment and status == "active"}  # fmt: skip
        own = {product for key, product, _n, _state in pairs if key == account}
        buyers = Counter(product for key, product, n, state in pairs
                         if key in peers and n >= 2 and state != "lapsed"
                         and product in names and product not in own)  # fmt: skip
        most = sorted((-count, names[product]) for product, count in buyers.items())
        enough = max(1, round(len(peers) * 0.4)) if len(peers) >= 5 else len(pairs)
        wanted = [(name, -count / len(peers)) for count, name in most if -count >= enough][:3]
        assert [(row.product, row.share) for row in found] == wanted
        told += len(wanted)
    assert told


@pytest.mark.parametrize(
    ("born", "today", "expected"),
    [
        ("1980-11-24", TODAY, TODAY),
        ("1980-12-08", TODAY, date(2026, 12, 8)),
        ("1980-12-09", TODAY, None),
        ("1980-01-02", date(2026, 12, 28), date(2027, 1, 2)),
        ("1984-02-29", date(2027, 2, 20), date(2027, 2, 28)),
        (None, TODAY, None),
    ],
)
def test_birthdays_are_told_two_weeks_ahead(
    born: str | None, today: date, expected: date | None
) -> None:
    assert near(born, today) == expected


def test_the_day_has_a_brief_for_every_stop_in_order(demo: Workspace) -> None:
    stops = day_stops(demo, TODAY)
    briefs = day_briefs(demo)
    assert len(stops) > 1
    assert [brief.account_id for brief in briefs] == [account for account, _minute in stops]
    assert day_briefs(demo, TODAY + timedelta(days=4_000)) == ()


def test_a_brief_is_one_page_and_a_day_has_them_all(
    demo: Workspace, busiest: int, tmp_path: Path, qapp: QApplication
) -> None:
    from crmdesk.gui.printing.pdf import write_pdf
    from crmdesk.gui.printing.typeface import load_typeface

    load_typeface()
    sheet = document_sheet(demo, Wanted("brief", busiest))
    written = write_pdf(sheet, tmp_path / "one.pdf")
    assert (written.pages, written.missing) == (1, "")
    brief = call_brief(demo, busiest)
    html = "".join(str(piece) for piece in sheet.pieces)
    assert brief.name in html and lines(brief, "due")[0].text in html
    whole = document_sheet(demo, Wanted("briefs", demo.user.id, TODAY))
    body = "".join(str(piece) for piece in whole.pieces)
    assert all(one.name in body for one in day_briefs(demo))
    assert whole.title.startswith("Call briefs")


# ---------------------------------------------------------------------------------------- place


class FakeView:
    def __init__(self) -> None:
        self.brief: CallBrief | None = None
        self.place = ""
        self.empty = ""

    def show_brief(self, brief: CallBrief, place: str) -> None:
        self.brief, self.place = brief, place

    def show_empty(self, message: str, hint: str) -> None:
        self.empty = message


def test_stops_are_walked_and_one_alone_has_no_neighbours(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    view = FakeView()
    presenter = BriefPresenter(PlaceContext(demo, direct_runner, desk), view)
    presenter.start()
    stops = [account for account, _minute in day_stops(demo, TODAY)]
    assert view.brief is not None and view.brief.account_id == stops[0]
    assert view.place == f"stop 1 of {len(stops)}"
    presenter.step(1)
    assert view.brief.account_id == stops[1]
    presenter.step(-1)
    presenter.step(-1)
    assert view.brief.account_id == stops[0]
    presenter.open_card()
    assert desk.went[-1] == ("customer", {"account": stops[0]})
    presenter.show(stops[1], day=False)
    assert (view.brief.account_id, view.place) == (stops[1], "")
    presenter.on_changes(visits.add_note(demo, stops[1], "x"))
    presenter.show(10**6, day=False)
    assert "no longer" in view.empty


@pytest.fixture
def place(qtbot: QtBot, demo: Workspace, runner: Runner, desk: FakeDesk) -> Iterator[BriefPlace]:
    made = build(PlaceContext(demo, runner, desk))
    window = on_stage(qtbot, made)
    made.show_target({"day": True})
    qtbot.waitUntil(lambda: bool(made.presenter.account_id) and runner.running == 0)
    yield made
    made.presenter.close()
    window.close()


def test_keys_walk_the_day_and_leave(
    qtbot: QtBot, place: BriefPlace, desk: FakeDesk, runner: Runner, demo: Workspace
) -> None:
    stops = [account for account, _minute in day_stops(demo, TODAY)]
    place.setFocus()
    qtbot.keyClick(place, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: place.presenter.account_id == stops[1] and runner.running == 0)
    assert place.paper() == Wanted("brief", stops[1])
    qtbot.keyClick(place, Qt.Key.Key_C)
    assert desk.went[-1][0] == "customer"
    qtbot.keyClick(place, Qt.Key.Key_Escape)
    assert desk.backs == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_brief_is_painted(
    qapp: QApplication, place: BriefPlace, qtbot: QtBot, scheme: str
) -> None:
    theme.apply(qapp, scheme, scale=1.25)
    image = place.grab().toImage()
    found = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, 600, 3)}
    assert theme.color("surface").rgb() in found
    assert len(found) > 12


def test_the_command_line_says_the_same(
    demo: Workspace, busiest: int, capsys: pytest.CaptureFixture[str]
) -> None:
    brief = call_brief(demo, busiest)
    faces = Faces(desktop=lambda _p: 0, tour=lambda _a, _b: 0, smoke=lambda: 0)
    folder = str(demo.folder)
    demo.close()
    assert main(["brief", brief.code, "--profile", folder], faces, SPEC.instant) == 0
    said = capsys.readouterr().out
    assert brief.name in said
    assert all(section.title in said for section in brief.sections)

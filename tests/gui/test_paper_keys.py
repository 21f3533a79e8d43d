"""The keys that bring a document or a list out of the window, in the real window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.gui.jobs import Runner
from crmdesk.gui.paper_keys import Asking
from crmdesk.gui.printing.mail import (
    ATTACHED,
    SHOWN,
    Way,
    is_address,
    mail_folder,
    mailto,
    open_mail,
)
from crmdesk.gui.shell import MainWindow
from crmdesk.gui.widgets.gathering import Gathering, ListContent
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import format_amount, format_number, read_number, speaking
from crmdesk.interchange.documents.sheet import Letter, Sheet
from crmdesk.interchange.writing import safe_cell, write_table
from crmdesk.services.workspace import Workspace
from tests.gui.pdf_reading import read_pdf


@dataclass
class FakeAsking(Asking):
    """A person who always answers, and a machine of any kind."""

    folder: Path
    started: list[Sequence[str]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    mails: bool = True
    ending: str = ".xlsx"

    def pdf_file(self, parent: QWidget, stem: str) -> Path | None:
        return self.folder / f"{stem}.pdf"

    def table_file(self, parent: QWidget, stem: str) -> Path | None:
        return self.folder / f"{stem}{self.ending}"

    def printer(self, parent: QWidget, sheet: Sheet) -> QPrinter | None:
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(str(self.folder / "printed.pdf"))
        return printer

    def mail_way(self) -> Way:
        return Way("linux", lambda _name: True, self._start)

    def open_url(self, url: str) -> bool:
        self.opened.append(url)
        return self.mails

    def _start(self, arguments: Sequence[str]) -> bool:
        self.started.append(arguments)
        return self.mails


@pytest.fixture
def asking(window: MainWindow, tmp_path: Path) -> FakeAsking:
    made = FakeAsking(tmp_path)
    window.paper.asking = made
    return made


def open_order(window: MainWindow, demo: Workspace, qtbot: QtBot, runner: Runner) -> str:
    with demo.database.read() as connection:
        key, number = connection.exec_driver_sql(
            "SELECT id, number FROM sales_order ORDER BY id DESC LIMIT 1"
        ).one()
    window.go("order", order=key)
    qtbot.waitUntil(lambda: runner.running == 0 and window.paper.offers("global.pdf"))
    return str(number)


def press(window: MainWindow, qtbot: QtBot, key: Qt.Key) -> None:
    qtbot.keyClick(QApplication.focusWidget() or window, key, Qt.KeyboardModifier.ControlModifier)


def test_an_order_is_saved_as_pdf_by_one_key(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot, asking: FakeAsking
) -> None:
    number = open_order(window, demo, qtbot, runner)
    press(window, qtbot, Qt.Key.Key_S)
    # Its name begins with the document's in the customer's language.
    qtbot.waitUntil(lambda: len(list(asking.folder.glob(f"*-{number}.pdf"))) == 1)
    qtbot.waitUntil(lambda: runner.running == 0)
    (path,) = asking.folder.glob(f"*-{number}.pdf")
    assert number in read_pdf(path).all_words()
    assert window.toast_note.isVisible()


def test_an_order_is_printed(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot, asking: FakeAsking
) -> None:
    number = open_order(window, demo, qtbot, runner)
    press(window, qtbot, Qt.Key.Key_P)
    path = asking.folder / "printed.pdf"
    qtbot.waitUntil(path.exists)
    assert number in read_pdf(path).all_words()


def test_an_order_goes_out_by_the_mail_program(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot, asking: FakeAsking
) -> None:
    number = open_order(window, demo, qtbot, runner)
    press(window, qtbot, Qt.Key.Key_M)
    qtbot.waitUntil(lambda: bool(asking.started))
    command = list(asking.started[0])
    attached = Path(command[command.index("--attach") + 1])
    assert attached.read_bytes().startswith(b"%PDF-")
    assert number in command[command.index("--subject") + 1]
    assert asking.opened == []


def test_where_nothing_can_be_attached_the_folder_is_shown(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot, asking: FakeAsking
) -> None:
    asking.mails = False
    open_order(window, demo, qtbot, runner)
    press(window, qtbot, Qt.Key.Key_M)
    qtbot.waitUntil(lambda: len(asking.opened) == 2)
    assert asking.opened[0].startswith("mailto:")
    assert asking.opened[1].startswith("file:")
    assert window.notice.isVisible()


@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_any_list_is_written_as_it_is_shown(
    window: MainWindow, runner: Runner, qtbot: QtBot, asking: FakeAsking, ending: str
) -> None:
    asking.ending = ending
    window.go("orders")
    qtbot.waitUntil(lambda: runner.running == 0 and window.paper.offers("global.export"))
    table = window.place("orders").table
    table.show_column(4, on=False)
    expected = table.rows_model().shown_keys()
    press(window, qtbot, Qt.Key.Key_E)
    path = asking.folder / f"orders{ending}"
    qtbot.waitUntil(path.exists, timeout=20_000)
    qtbot.waitUntil(lambda: runner.running == 0)
    if ending == ".csv":
        lines = path.read_text("utf-8").splitlines()
        assert len(lines) == len(expected) + 1
        assert "Delivery" not in lines[0]
        return
    sheet = load_workbook(path).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == len(expected) + 1
    assert "Delivery" not in rows[0]
    dated = rows[0].index("Taken")
    assert all(isinstance(row[dated], date) for row in rows[1:])
    assert all(isinstance(row[rows[0].index("Net €")], int | float) for row in rows[1:])


def test_commands_that_make_no_sense_are_not_offered(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot, asking: FakeAsking
) -> None:
    def titles() -> set[str]:
        return {hit.title for hit in window.commands("")}

    window.go("orders")
    qtbot.waitUntil(lambda: runner.running == 0 and window.paper.offers("global.export"))
    assert {"Export the list", "Print"} <= titles()
    open_order(window, demo, qtbot, runner)
    assert {"Save as PDF", "Print", "Send by mail"} <= titles()
    window.go("sync")
    qtbot.waitUntil(lambda: runner.running == 0)
    assert "Save as PDF" not in titles()


def test_a_file_that_cannot_be_written_is_said(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot, asking: FakeAsking
) -> None:
    (asking.folder / "file").write_text("")
    asking.folder = asking.folder / "file"
    failed: list[Exception] = []
    runner.unhandled = failed.append
    open_order(window, demo, qtbot, runner)
    press(window, qtbot, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: bool(failed))
    assert isinstance(failed[0], EnvironmentProblem)
    assert "Choose another folder" in str(failed[0])


# --------------------------------------------------------------------------------------- lists


def lazy_table(
    qtbot: QtBot, count: int, rows: Callable[[list[int]], dict[int, int]]
) -> tuple[RowsTable, RowsModel]:
    model = RowsModel(
        (
            Column("a", "Number", lambda row: Cell(format_number(row)), right=True),
            Column("b", "Words", lambda row: Cell(f"row {row}")),
            Column("c", "Hidden", lambda row: Cell("x"), hidden=True),
        )
    )
    table = RowsTable(model)
    qtbot.addWidget(table)
    model.rows_wanted.connect(lambda keys: model.put_rows(rows(keys)))
    model.set_keys(range(count))
    return table, model


def test_rows_that_were_never_looked_at_are_written_too(qtbot: QtBot) -> None:
    asked: list[int] = []

    def rows(keys: list[int]) -> dict[int, int]:
        asked.append(len(keys))
        return {key: key * 1000 for key in keys}

    table, _model = lazy_table(qtbot, 1750, rows)
    found: list[ListContent] = []
    Gathering(table, found.append, lambda: None).start()
    qtbot.waitUntil(lambda: bool(found))
    content = found[0]
    assert [title for title, _width, _right in content.columns] == ["Number", "Words"]
    assert [row[0] for row in content.values] == [Decimal(key * 1000) for key in range(1750)]
    assert content.words[3] == ("3,000", "row 3000")
    assert max(asked) <= 500


def test_what_is_copied_is_no_formula_either(qtbot: QtBot) -> None:
    model = RowsModel((Column("a", "Name", Cell),))
    table = RowsTable(model)
    qtbot.addWidget(table)
    rows = ["=1+1", "@SUM(A1)", "two\tcells\nand rows", "+376 1"]
    model.set_keys(range(4), dict(enumerate(rows)))
    assert table.tsv(range(4)) == "Name\n'=1+1\n'@SUM(A1)\ntwo cells and rows\n+376 1\n"


def test_a_list_that_becomes_another_is_not_written(qtbot: QtBot) -> None:
    table, model = lazy_table(qtbot, 600, lambda keys: {})
    said: list[str] = []
    Gathering(table, lambda _c: said.append("done"), lambda: said.append("changed")).start()
    qtbot.wait(20)
    model.set_keys([1, 2])
    qtbot.waitUntil(lambda: bool(said))
    assert said == ["changed"]


@pytest.mark.parametrize("language", ["en", "es", "ru"])
def test_numbers_are_read_as_they_are_written(language: str) -> None:
    with speaking(language):
        for minor in (0, 5, -123456, 98765432, 100000):
            assert read_number(format_amount(minor)) == Decimal(minor).scaleb(-2)
        assert read_number("2 units") is None
        assert read_number("") is None
        assert read_number("–") is None


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"]
)
def test_nothing_is_run_as_a_formula(tmp_path: Path, text: str) -> None:
    assert str(safe_cell(text)).startswith("'")
    for name in ("a.csv", "a.xlsx"):
        write_table(tmp_path / name, [text, "b"], [[text, 1], ["\x00\x07ok", None]])
    assert f'"{text}"' not in (tmp_path / "a.csv").read_text("utf-8")
    sheet = load_workbook(tmp_path / "a.xlsx").active
    assert sheet is not None
    for row in sheet.iter_rows():
        assert all(cell.data_type != "f" for cell in row)
    assert sheet["A3"].value == "ok"


def test_a_list_is_printed(
    window: MainWindow, runner: Runner, qtbot: QtBot, asking: FakeAsking
) -> None:
    window.go("customers")
    qtbot.waitUntil(lambda: runner.running == 0 and window.paper.offers("global.print"))
    press(window, qtbot, Qt.Key.Key_P)
    path = asking.folder / "printed.pdf"
    qtbot.waitUntil(path.exists, timeout=20_000)
    said = read_pdf(path)
    assert "Customers" in said.words(0)
    assert "Net 12 m" in said.words(0).replace("\t", " ")


# ---------------------------------------------------------------------------------------- mail

LETTER = Letter("shop@example.com", "Order 1 & 2", "Hello,\n50 % off")


def test_mail_is_opened_as_the_platform_allows(tmp_path: Path) -> None:
    started: list[list[str]] = []

    def start(arguments: Sequence[str]) -> bool:
        started.append(list(arguments))
        return True

    file = tmp_path / "o.pdf"
    assert open_mail(LETTER, file, Way("linux", lambda _n: True, start)) == ATTACHED
    assert started[-1][-1] == "shop@example.com"
    assert open_mail(LETTER, file, Way("linux", lambda _n: False, start)) == SHOWN
    assert open_mail(LETTER, file, Way("darwin", lambda _n: False, start)) == ATTACHED
    assert started[-1] == ["open", "-a", "Mail", str(file)]
    assert open_mail(LETTER, file, Way("darwin", lambda _n: True, lambda _a: False)) == SHOWN
    assert open_mail(LETTER, file, Way("win32", lambda _n: True, start)) == SHOWN


def test_hostile_addresses_are_no_addresses(tmp_path: Path) -> None:
    for text in ("--attach=/etc/passwd", "a@b,c@d", "a b@c", "", "a@b\n@c", "<a@b>"):
        assert not is_address(text), text
    started: list[list[str]] = []
    way = Way("linux", lambda _n: True, lambda a: bool(started.append(list(a))) or True)
    open_mail(Letter("--attach=/etc/passwd", "s", "t"), tmp_path / "o.pdf", way)
    assert "--attach=/etc/passwd" not in started[0]


def test_a_mailto_address_is_quoted() -> None:
    assert mailto(LETTER) == (
        "mailto:shop@example.com?subject=Order%201%20%26%202&body=Hello%2C%0D%0A50%20%25%20off"
    )


def test_documents_under_way_are_taken_away_after_a_day() -> None:
    folder = mail_folder()
    old = folder / "old.pdf"
    old.write_bytes(b"x")
    mail_folder(old.stat().st_mtime + 25 * 3600)
    assert not old.exists()
    assert folder.stat().st_mode & 0o077 == 0


# ------------------------------------------------------------------------- which place has what


def test_places_say_which_document_they_show(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot, asking: FakeAsking
) -> None:
    with demo.database.read() as connection:
        account = connection.exec_driver_sql(
            "SELECT account_id FROM collection WHERE user_id = ? ORDER BY id DESC LIMIT 1",
            (demo.user.id,),
        ).scalar_one()
        quote = connection.exec_driver_sql("SELECT max(id) FROM quote").scalar_one()
    shown = {
        "quote": ({"quote": quote}, "quote"),
        "orders": ({}, "order"), "collecting": ({"account": account}, "receipt"),
        "day_end": ({}, "day-sheet"),
    }  # fmt: skip
    for place, (args, kind) in shown.items():
        window.go(place, **args)
        qtbot.waitUntil(lambda: runner.running == 0)
        wanted = window.place(place).paper()
        assert wanted is not None, place
        assert wanted.kind == kind
        press(window, qtbot, Qt.Key.Key_S)
        qtbot.waitUntil(lambda: any(asking.folder.glob("*.pdf")), timeout=20_000)
        qtbot.waitUntil(lambda: runner.running == 0)
        for path in asking.folder.glob("*.pdf"):
            assert read_pdf(path).pages
            path.unlink()


def test_an_event_of_the_history_is_a_document(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot, asking: FakeAsking
) -> None:
    with demo.database.read() as connection:
        account, number = connection.exec_driver_sql(
            "SELECT account_id, number FROM return_request ORDER BY date DESC, id DESC LIMIT 1"
        ).one()
    window.go("customer", account=account)
    qtbot.waitUntil(lambda: runner.running == 0)
    history = window.place("customer").history.list
    for _step in range(400):
        item = history.selected()
        if item is not None and item.kind == "return":
            break
        qtbot.keyClick(history, Qt.Key.Key_Down)
        qtbot.waitUntil(lambda: runner.running == 0)
    wanted = window.place("customer").paper()
    assert wanted is not None
    assert wanted.kind == "return"
    history.setFocus()
    press(window, qtbot, Qt.Key.Key_S)
    path = asking.folder / f"Return-{number}.pdf"
    qtbot.waitUntil(path.exists, timeout=20_000)

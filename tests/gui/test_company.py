"""The page of the company: what an admin changes stands on the next document, and can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.letterhead import MOST_LOGO_BYTES
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.printing import pdf
from crmdesk.gui.printing.images import logo_png, read_image
from crmdesk.gui.views.company.widget import CompanyPlace
from crmdesk.services import undo
from crmdesk.services.company import change_company
from crmdesk.services.documents import Wanted, document_sheet
from crmdesk.services.queries.company import company
from crmdesk.services.workspace import Workspace, workspace_of
from tests.gui.conftest import FakeDesk
from tests.gui.demo_profile import SPEC
from tests.gui.pdf_reading import read_pdf
from tests.gui.stage import on_stage


@pytest.fixture
def admin(demo: Workspace) -> Workspace:
    with demo.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE app_user SET role = 'admin' WHERE id = ?",
                                   (demo.user.id,))  # fmt: skip
    return workspace_of(demo.folder, demo.database, SPEC.instant)


@pytest.fixture
def place(admin: Workspace, runner: Runner, desk: FakeDesk, qtbot: QtBot) -> Iterator[CompanyPlace]:
    made = CompanyPlace(PlaceContext(admin, runner, desk))
    window = on_stage(qtbot, made, 1240)
    made.presenter.start()
    qtbot.waitUntil(lambda: bool(made.fields["name"].text()))
    yield made
    made.presenter.close()
    window.close()


def picture(
    width: int = 400, height: int = 120, kind: bytes = b"PNG", *, noise: bool = False
) -> bytes:
    image = QImage(width, height, QImage.Format.Format_ARGB32)
    image.fill(QColor("#ffffff"))
    painter = QPainter(image)
    painter.fillRect(10, 10, width // 2, height // 2, QColor("#1d56c9"))
    painter.end()
    if noise:
        for y in range(height):
            for x in range(width):
                image.setPixel(x, y, (x * 2654435761 ^ y * 40503 * x * 97) & 0xFFFFFF | 0xFF000000)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(kind)).write(image)
    return bytes(data.data())


def last_order(ws: Workspace) -> int:
    with ws.database.read() as connection:
        found = connection.exec_driver_sql("SELECT max(id) FROM sales_order").scalar_one()
    return int(found)


def test_what_is_typed_stands_on_the_next_document(
    place: CompanyPlace, admin: Workspace, qtbot: QtBot, runner: Runner, desk: FakeDesk,
    tmp_path: Path,
) -> None:  # fmt: skip
    place.fields["bank_account"].setFocus()
    place.fields["bank_account"].clear()
    qtbot.keyClicks(place.fields["bank_account"], "AD12 0001 2030 2003 5910 0100")
    place.terms["es"].setPlainText("Pago a 30 días.\nGracias.")
    qtbot.keyClick(place.fields["bank_account"], Qt.Key.Key_Return,
                   Qt.KeyboardModifier.ControlModifier)  # fmt: skip
    qtbot.waitUntil(lambda: bool(desk.toasts))
    sheet = document_sheet(admin, Wanted("order", last_order(admin), language="es"))
    pdf.write_pdf(sheet, tmp_path / "d.pdf")
    said = read_pdf(tmp_path / "d.pdf").all_words()
    assert "AD12 0001 2030 2003 5910 0100" in said
    assert "Pago a 30 días." in said
    sheet = document_sheet(admin, Wanted("order", last_order(admin), language="en"))
    assert "Goods remain ours until paid." in "".join(getattr(p, "html", "") for p in sheet.pieces)
    assert desk.undo is not None
    desk.undo()
    qtbot.waitUntil(lambda: runner.running == 0)
    assert company(admin).terms.get("es", "") != "Pago a 30 días.\nGracias."


def test_a_wrong_field_is_said_and_nothing_is_lost(
    place: CompanyPlace, admin: Workspace, qtbot: QtBot
) -> None:
    place.fields["country"].setText("Andorra")
    place.fields["street"].setText("Carrer Nou 1")
    place.save_button.click()
    qtbot.waitUntil(place.problem.isVisible)
    assert place.fields["street"].text() == "Carrer Nou 1"
    assert company(admin).fields["country"] == "AD"


def test_a_logo_is_made_small_and_shown_on_documents(
    place: CompanyPlace, admin: Workspace, qtbot: QtBot, desk: FakeDesk, tmp_path: Path
) -> None:
    file = tmp_path / "logo.jpg"
    file.write_bytes(picture(3000, 900, b"JPG"))
    place.presenter.take_logo(file)
    qtbot.waitUntil(lambda: bool(desk.toasts))
    logo = company(admin).logo
    assert logo.startswith(b"\x89PNG")
    assert len(logo) <= MOST_LOGO_BYTES
    sheet = document_sheet(admin, Wanted("order", last_order(admin)))
    assert "logo" in sheet.pictures
    pdf.write_pdf(sheet, tmp_path / "d.pdf")
    assert b"/Subtype /Image" in (tmp_path / "d.pdf").read_bytes()


def test_a_rep_may_look_but_not_change(demo: Workspace) -> None:
    with pytest.raises(UserError, match="office"):
        change_company(demo, {"name": "Mine"})


def test_only_what_differs_is_written_and_it_can_be_undone(admin: Workspace) -> None:
    before = company(admin)
    assert change_company(admin, dict(before.fields), dict(before.terms)).undo is None
    changes = change_company(admin, {"phone": "+376 1"}, {"": "All.", "ru": "Всё."})
    after = company(admin)
    assert (after.fields["phone"], after.terms[""], after.terms["ru"]) == ("+376 1", "All.", "Всё.")
    assert changes.undo is not None
    undo.undo(admin, changes.undo)
    assert company(admin) == before


@pytest.mark.parametrize(
    ("fields", "terms", "logo"),
    [
        ({"name": "  "}, {}, None), ({"country": "E"}, {}, None), ({"email": "nobody"}, {}, None),
        ({"policy": "x"}, {}, None), ({"name": "x" * 201}, {}, None), ({}, {"de": "x"}, None),
        ({}, {"en": "x" * 6001}, None), ({}, {}, b"GIF89a"),
        ({}, {}, b"\x89PNG\r\n\x1a\n" + b"0" * 40_000),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_field(
    admin: Workspace, fields: dict[str, str], terms: dict[str, str], logo: bytes | None
) -> None:
    before = company(admin)
    with pytest.raises(FieldError):
        change_company(admin, fields, terms, logo)
    assert company(admin) == before


# ------------------------------------------------------------------------------------ pictures

SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 width="300" height="100">%s<rect width="100" height="50" fill="url(#a)"/></svg>"""


def test_drawings_become_pictures(qapp: QApplication) -> None:
    gradient = b'<linearGradient id="a"><stop offset="0" stop-color="#f00"/></linearGradient>'
    image = read_image(logo_png(SVG % gradient))
    assert image is not None
    assert image.width() == 880


@pytest.mark.parametrize(
    "inner",
    [
        b'<image xlink:href="file:///etc/hostname" width="9" height="9"/>',
        b'<image href="http://example.com/a.png"/>', b"<script>alert(1)</script>",
        b'<style>@import "a.css";</style>', b'<use xlink:href="#a"/>',
        b'<rect fill="url(file:///etc/passwd)"/>', b'<a xlink:href="http://x">x</a>',
    ],
)  # fmt: skip
def test_drawings_that_name_others_are_refused(qapp: QApplication, inner: bytes) -> None:
    with pytest.raises(UserError, match="names other"):
        logo_png(SVG % inner)


def test_a_drawing_that_multiplies_itself_is_refused(qapp: QApplication) -> None:
    bomb = b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + SVG % b"&b;"
    with pytest.raises(UserError, match="names other"):
        logo_png(bomb)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"GIF89a" + b"0" * 50, picture.__doc__ or b"\x89PNG\r\n\x1a\n", b"<svg"]
)
def test_what_is_no_picture_is_refused(qapp: QApplication, data: bytes) -> None:
    with pytest.raises(UserError, match="no picture"):
        logo_png(data)


def test_pictures_that_would_fill_the_memory_are_refused(qapp: QApplication) -> None:
    small = bytearray(picture(10, 10))
    small[16:24] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(UserError, match="no picture"):
        logo_png(bytes(small))
    with pytest.raises(UserError, match="larger"):
        logo_png(b"0" * 4_000_001)


def test_a_photo_is_made_small_until_it_fits(qapp: QApplication) -> None:
    png = logo_png(picture(500, 300, noise=True))
    assert len(png) <= MOST_LOGO_BYTES

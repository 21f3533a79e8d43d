"""Documents as PDF: what stands on which page, in which language, with which fonts, and nothing
that a hostile name could do."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QPdfWriter
from PySide6.QtWidgets import QApplication

from crmdesk.domain.errors import DiskFull, EnvironmentProblem, UserError
from crmdesk.gui.printing import pdf
from crmdesk.gui.printing.paging import KEPT_ROWS, LaidBlock, LaidTable, Pager
from crmdesk.gui.printing.typeface import missing_letters
from crmdesk.i18n import speaking
from crmdesk.interchange.documents.content import Address, TradeDocument
from crmdesk.interchange.documents.sheet import Sheet
from crmdesk.interchange.documents.template import Html, markup
from crmdesk.interchange.documents.trade import trade_sheet
from crmdesk.paths import resources_dir
from crmdesk.services.documents import Wanted, document_sheet
from crmdesk.services.queries.documents import strokes_of
from crmdesk.services.workspace import Workspace
from tests.gui import paper
from tests.gui.pdf_reading import PdfText, read_pdf


def printed(
    tmp_path: Path, document: TradeDocument, language: str = "en", *, gtins: bool = False
) -> PdfText:
    with speaking(language):
        sheet = trade_sheet(document, gtins=gtins)
    pdf.write_pdf(sheet, tmp_path / "d.pdf")
    return read_pdf(tmp_path / "d.pdf")


def test_an_order_says_everything(qapp: QApplication, tmp_path: Path) -> None:
    text = printed(tmp_path, paper.order(3))
    said = text.words(0)
    for part in (
        "Order M07-000123", "Distribucions Valira", "L-712345-K", "Customer C00040", "Deliver to",
        "24 Nov 2026", "26 Nov 2026", "PO 77", "Rocío Almagro", "within 30 days", "SKU-0003",
        "Tomate frito 3", "case of 12", "0.5208", "4.5 %", "12.50", "IGI 4.5 % on 37.50",
        "39.18 EUR", "AD12 0001 2030 2003 5910 0100", "Goods remain ours", "Signed for the",
        "Page 1 of 1",
    ):  # fmt: skip
        assert part.replace("\u00a0", " ") in said.replace("\u00a0", " "), part
    assert text.title == "Order M07-000123"
    assert text.size_pt == (595.0, 842.0)
    assert len(text.pages) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Order", "Customer", "24 Nov 2026", "1,250.00")),
        ("es", ("Entrega", "Cantidad", "24 nov 2026", "1250,00")),
        ("ru", ("Доставка", "Кол-во", "24 ноя 2026", "1250,00")),
    ],
)
def test_the_language_is_the_documents(
    qapp: QApplication, tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    if not (resources_dir() / "translations/ru/LC_MESSAGES/crmdesk.mo").exists():
        pytest.skip("the translations are not compiled")
    said = printed(tmp_path, paper.order(100), language).all_words()
    for word in words:
        assert word in said, word


def test_fonts_are_inside_and_every_letter_can_be_copied(
    qapp: QApplication, tmp_path: Path
) -> None:
    text = printed(tmp_path, paper.order(8))
    assert len(text.fonts) == text.embedded == 4
    assert {name.partition("-")[0] for name in text.fonts} == {
        "Inteq", "NotoSansArabic", "NotoSansHebrew",
    }  # fmt: skip
    said = text.all_words()
    assert "\ufffd" not in said
    assert "+376812345" in said
    for word in (*paper.HEBREW.split(), *paper.ARABIC.split()):
        assert word in said, word


def test_pages_repeat_their_head_and_carry_the_sum(qapp: QApplication, tmp_path: Path) -> None:
    text = printed(tmp_path, paper.order(120))
    pages = [text.words(number) for number in range(len(text.pages))]
    assert len(pages) >= 5
    with_lines = [said for said in pages if "SKU-" in said]
    seen = 0
    for number, said in enumerate(pages):
        assert f"Page {number + 1} of {len(pages)}" in said
        if number:
            assert "Order M07-000123" in said
    for number, said in enumerate(with_lines):
        assert "Unit price" in said
        if number:
            assert f"Brought forward {amount(seen)}" in said
        lines = re.findall(r"SKU-(\d{4})", said)
        assert lines == [f"{n:04}" for n in range(seen + 1, seen + 1 + len(lines))]
        assert len(lines) >= KEPT_ROWS
        seen += len(lines)
        if number < len(with_lines) - 1:
            assert f"Carried over {amount(seen)}" in said
    assert seen == 120
    assert "Total" in with_lines[-1]


def amount(lines: int) -> str:
    return f"{1250 * lines / 100:,.2f}"


@pytest.mark.parametrize("lines", [0, 1, 2, 500])
def test_any_number_of_lines_is_printed(qapp: QApplication, tmp_path: Path, lines: int) -> None:
    text = printed(tmp_path, paper.order(lines))
    said = text.all_words()
    assert len(re.findall(r"SKU-\d{4}", said)) == lines
    assert ("No lines yet." in said) == (lines == 0)
    assert len(text.pages) == (1 if lines < 10 else len(text.pages))
    assert (tmp_path / "d.pdf").stat().st_size < 60_000 + 500 * lines


def test_letter_paper_where_offices_use_it(qapp: QApplication, tmp_path: Path) -> None:
    assert printed(tmp_path, paper.order(1, country="US")).size_pt == (612.0, 792.0)
    assert printed(tmp_path, paper.order(1, country="MX")).size_pt == (612.0, 792.0)
    assert printed(tmp_path, paper.order(1, country="RU")).size_pt == (595.0, 842.0)


def test_markup_in_words_is_only_words(qapp: QApplication, tmp_path: Path) -> None:
    hostile = '<img src="file:///etc/passwd"><table><tr><td>&lt;'
    document = paper.order(2)
    head = document.head
    customer = replace(head.customer, address=Address(hostile, hostile), contact=hostile)
    lines = tuple(replace(line, name=hostile, sku="</td></tr>") for line in document.lines)
    said = printed(
        tmp_path,
        replace(document, head=replace(head, customer=customer, number="{{sku}}"), lines=lines),
    ).all_words()
    assert paper.MARKUP in said
    for part in ("<img", 'src="file:///etc/passwd">', "<table><tr><td>&lt;"):
        assert said.replace(" ", "").count(part.replace(" ", "")) >= 3, part
    assert "{{sku}}" in said


@given(st.text(max_size=60))
def test_no_text_becomes_markup(text: str) -> None:
    made = markup(text).replace("<br/>", "")
    assert "<" not in made
    assert ">" not in made
    assert not re.search(r"&(?!amp;|lt;|gt;|quot;|#x27;)", made)
    assert not re.search("[\u202a-\u202e\ue000-\ue002]", made)
    assert markup(Html("<b>")) == "<b>"


def test_a_name_from_right_to_left_is_set_apart() -> None:
    assert markup("שלום (ABC) 12") == "\u2068שלום (ABC) 12\u2069"
    assert markup("\u202eevil") == "evil"


def test_barcodes_of_goods_only_when_asked(qapp: QApplication, tmp_path: Path) -> None:
    without = printed(tmp_path, paper.order(3))
    with_them = printed(tmp_path, paper.order(3), gtins=True)
    assert "4006381333931" not in without.all_words()
    assert with_them.all_words().count("4006381333931") == 3
    assert with_them.page_fills[0] >= without.page_fills[0] + 3 * 30


def test_the_same_document_is_the_same_file_but_for_its_dates(
    qapp: QApplication, tmp_path: Path
) -> None:
    files = []
    for name in ("a.pdf", "b.pdf"):
        pdf.write_pdf(trade_sheet(paper.order(5)), tmp_path / name)
        data = (tmp_path / name).read_bytes()
        data = re.sub(rb"D:\d{14}(Z|[+-]\d\d'\d\d')", b"", data)
        files.append(re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", b"", data))
    assert files[0] == files[1]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_other_readers_find_the_words_too(qapp: QApplication, tmp_path: Path) -> None:
    printed(tmp_path, paper.order(3))
    done = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "d.pdf"), "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for words in ("Order M07-000123", "Distribucions Valira", "Tomate frito 2", "39.18"):
        assert words in done.stdout
    assert "\t" not in done.stdout


# ------------------------------------------------------------------------------------- files


def sheet() -> Sheet:
    return trade_sheet(paper.order(1))


@pytest.mark.parametrize("name", ["order", "order.txt", ".pdf", "a" * 300 + ".pdf"])
def test_names_that_are_none_are_refused(qapp: QApplication, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="pdf"):
        pdf.write_pdf(sheet(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        pdf.write_pdf(sheet(), tmp_path / "file" / "order.pdf")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(qapp: QApplication, tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        pdf.write_pdf(sheet(), tmp_path / "order.pdf")
    tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_leaves_the_old_file(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "order.pdf"
    path.write_bytes(b"the old one")
    real = QPdfWriter
    monkeypatch.setattr(pdf, "QPdfWriter", lambda _path: real("/dev/full"))
    with pytest.raises(DiskFull, match="space"):
        pdf.write_pdf(sheet(), path)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_file_names_are_harmless() -> None:
    document = paper.order(1)
    head = replace(document.head, number="../../etc/pa:ss\u202ewd\n*?")
    stem = trade_sheet(replace(document, head=head)).stem
    assert re.fullmatch(r"[\w.-]+", stem)
    assert not stem.startswith(".")
    assert stem == "Order-etc-pa-sswd"


def test_letters_that_are_missing_are_named(qapp: QApplication) -> None:
    assert missing_letters("Ωmega Ярославль שלום مرحبا €") == ""
    assert missing_letters("東京 shop") == "京東"


# -------------------------------------------------------------------------------- from the rows


@pytest.mark.parametrize(
    ("kind", "table"),
    [("order", "sales_order"), ("quote", "quote"), ("return", "return_request"),
     ("receipt", "collection")],
)  # fmt: skip
def test_documents_of_the_demo(
    demo: Workspace, qapp: QApplication, tmp_path: Path, kind: str, table: str
) -> None:
    with demo.database.read() as connection:
        key, number, name = connection.exec_driver_sql(
            f"SELECT d.id, d.number, a.name FROM {table} d JOIN account a ON a.id = d.account_id"
            " ORDER BY d.id DESC LIMIT 1"
        ).one()
    made = document_sheet(demo, Wanted(kind, key, language="en"))
    pdf.write_pdf(made, tmp_path / "d.pdf")
    said = read_pdf(tmp_path / "d.pdf").all_words()
    assert name in said
    assert (number or "") in said
    assert "Distribucions Valira" in said


def test_day_sheet_of_the_demo(demo: Workspace, qapp: QApplication, tmp_path: Path) -> None:
    made = document_sheet(demo, Wanted("day-sheet", demo.user.id, demo.today(), "en"))
    pdf.write_pdf(made, tmp_path / "d.pdf")
    said = read_pdf(tmp_path / "d.pdf").all_words()
    assert demo.user.name in said
    assert "Not closed yet" in said


def test_a_document_speaks_its_customers_language(demo: Workspace) -> None:
    with demo.database.write() as tx:
        key, account = tx.connection.exec_driver_sql(
            "SELECT id, account_id FROM sales_order ORDER BY id DESC LIMIT 1"
        ).one()
        tx.connection.exec_driver_sql("UPDATE account SET language = 'ru' WHERE id = ?", (account,))
    assert document_sheet(demo, Wanted("order", key)).language == "ru"
    assert document_sheet(demo, Wanted("order", key, language="es")).language == "es"


def test_a_signature_keeps_its_shape() -> None:
    stored = {"aspect": 200, "strokes": [[[0, 0], [100, 100]]]}
    assert strokes_of(stored) == (((0.0, 0.0), (200.0, 100.0)),)
    for broken in (None, "x", [[["a", 1]]], {"strokes": 7}, {"strokes": [[[-1, 0]]]}):
        assert strokes_of(broken) == ()


# --------------------------------------------------------------------------------------- paging


class Slab:
    """A piece of a height whose lines are 10 px each."""

    def __init__(self, height: float) -> None:
        self.height = height

    def line_breaks(self) -> list[float]:
        return [float(edge) for edge in range(10, int(self.height) + 1, 10)]


@settings(max_examples=50)
@given(
    st.lists(st.integers(5, 400), min_size=0, max_size=40), st.integers(10, 500),
    st.integers(0, 150),
)  # fmt: skip
def test_every_row_stands_once_within_its_page(rows: list[int], first: int, totals: int) -> None:
    height, edges = 300.0, [0.0]
    for row in rows:
        edges.append(edges[-1] + row)
    table = LaidTable(Slab(20), body := Slab(edges[-1]), tuple(edges), lambda _p, _o: Slab(15))
    pieces: list[LaidBlock | LaidTable] = [LaidBlock(Slab(first), with_next=True)]
    if rows:
        pieces.append(table)
    pieces.append(LaidBlock(end := Slab(totals)))
    pages = Pager(height, Slab(25)).lay(pieces)
    shown = [part for page in pages for part in page if part.laid is body]
    at = 0.0
    for part in shown:
        assert part.top == at
        at = part.bottom
    assert at == edges[-1]
    for page in pages:
        for part in page:
            assert part.y + part.bottom - part.top <= height + 0.001
    last = next(page for page in pages if any(part.laid is end for part in page))
    if rows and len(rows) > KEPT_ROWS and max(rows) < 60 and totals:
        assert any(part.laid is body for part in last), "totals stand alone"


@pytest.mark.parametrize("count", range(3, 40))
def test_totals_never_stand_alone(count: int) -> None:
    edges = tuple(22.0 * row for row in range(count + 1))
    body, end = Slab(edges[-1]), Slab(70)
    table = LaidTable(Slab(20), body, edges, lambda _place, _out: Slab(15))
    pages = Pager(300.0, Slab(25)).lay([LaidBlock(Slab(90)), table, LaidBlock(end, gap=6)])
    last = next(page for page in pages if any(part.laid is end for part in page))
    rows = [part for part in last if part.laid is body]
    assert rows
    assert rows[0].bottom - rows[0].top >= 22.0 * min(KEPT_ROWS, count)

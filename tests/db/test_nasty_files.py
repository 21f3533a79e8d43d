"""Files as distributors have them: nothing is guessed silently, every row is accounted for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from crmdesk.domain.errors import UserError
from crmdesk.services.imports import ImportReport, Reading, import_file
from crmdesk.services.workspace import Workspace
from crmdesk.storage.check import check
from tests.db.files import ask, everything, take, write

_LINES = (
    "SELECT p.sku, p.base_unit, k.unit, l.quantity, l.factor, l.base_quantity, l.net_minor"
    " FROM sale_line l JOIN product p ON p.id = l.product_id"
    " LEFT JOIN packaging k ON k.id = l.packaging_id ORDER BY l.parent_id, l.position"
)


def _said(report: ImportReport) -> str:
    return " ".join(report.notes)


def _reasons(report: ImportReport) -> list[tuple[int, str]]:
    return [(one.line, one.reason) for one in report.rejects]


def _book(path: Path, rows: Sequence[Sequence[object]], **others: str) -> Path:
    """A workbook whose last sheet has the rows; ``others`` are sheets before it, by their state."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for title, state in others.items():
        sheet = book.create_sheet(title)
        sheet.sheet_state = state
        sheet.append(["customer", "sku", "date", "qty"])
        sheet.append(["HIDDEN", "H", "2026-10-01", 99])
    sheet = book.create_sheet("Ventas")
    for row in rows:
        sheet.append(list(row))
    book.active = len(book.worksheets) - 1
    book.save(path)
    return path


# ------------------------------------------------------------------------------------ letters

_RUSSIAN = "Контрагент;Артикул;Номенклатура;Дата;Кол-во\r\nМагазин Заря;A1;{};24.10.2026;3\r\n"
_SPANISH = "Cliente;Artículo;Descripción;Fecha;Cant.\r\nC1;A1;{};24/10/2026;3\r\n"


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("cp1251", "Windows-1251"), ("koi8-r", "KOI8-R"), ("cp866", "CP866"),
        ("utf-16-le", ""), ("utf-16-be", ""), ("utf-16", ""), ("utf-8", ""), ("utf-32", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("word", ["Молоко пастеризованное", "КОЛБАСА ДОКТОРСКАЯ ВЕС"])
def test_russian_letters_in_any_writing(
    alone: Workspace, tmp_path: Path, encoding: str, named: str, word: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(_RUSSIAN.format(word).encode(encoding))
    report = take(alone, path)
    assert ask(alone, "SELECT name FROM product") == [(word,)]
    assert ask(alone, "SELECT code FROM account") == [("Магазин Заря",)]
    assert ("does not say" in _said(report)) == bool(named)
    assert named in _said(report)


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac_roman"])
def test_spanish_letters_of_old_programs(alone: Workspace, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(_SPANISH.format("Jamón ibérico, piña y cañón").encode(encoding))
    take(alone, path)
    assert ask(alone, "SELECT name FROM product") == [("Jamón ibérico, piña y cañón",)]


def test_letters_that_come_late_tell_the_encoding(alone: Workspace, tmp_path: Path) -> None:
    rows = [f"C{n};S1;Oil;2026-10-01;1" for n in range(6000)]
    text = "\n".join(["customer;sku;description;date;qty", *rows, "C1;S2;Молоко;2026-10-01;1", ""])
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode("cp1251"))
    assert take(alone, path).created == 6001
    assert ask(alone, "SELECT name FROM product WHERE sku = 'S2'") == [("Молоко",)]


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_line_ends_and_titles_above_the_heading(
    alone: Workspace, tmp_path: Path, end: str, delimiter: str
) -> None:
    lines = ["Informe de ventas, octubre", "", "Empresa: Nuevas S.L.",
             "Cliente;Ref.;Fecha;Uds.".replace(";", delimiter),
             "C1;S1;24/10/2026;3".replace(";", delimiter), ""]  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_bytes(end.join(lines).encode())
    report = take(alone, path)
    assert (report.rows, report.created) == (1, 1)
    assert "heading is line 4" in _said(report)
    assert report.columns == {
        "account": "Cliente", "sku": "Ref.", "date": "Fecha", "quantity": "Uds."
    }  # fmt: skip


def test_a_line_that_names_the_delimiter_is_no_heading(alone: Workspace, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "customer;sku;date;qty", "C,1;S1;2026-10-24;3", head="sep=;")
    assert take(alone, path).created == 1
    assert ask(alone, "SELECT code FROM account") == [("C,1",)]


# --------------------------------------------------------------------------- goods by weight


def test_goods_by_weight_are_kept_in_grams(alone: Workspace, tmp_path: Path) -> None:
    report = take(
        alone,
        write(
            tmp_path / "a.csv",
            "A;J1;Jamón;01/10/2026;1,250;KG;20,00;",
            "A;J1;Jamón;02/10/2026;2;kg;20,00;",
            "A;J1;Jamón;03/10/2026;-0,3;Kg.;20,00;",
            "A;J1;Jamón;04/10/2026;800;g;;16,00",
            "A;V1;Vino;05/10/2026;0,75;l;8,00;",
            "A;V1;Vino;06/10/2026;75;cl;;6,00",
            "A;S1;Sal;07/10/2026;3;ud;0,50;",
            head="cliente;articulo;descripcion;fecha;cantidad;unidad;precio;importe",
        ),
    )
    assert _reasons(report) == []
    assert ask(alone, _LINES) == [
        ("J1", "G", "KG", 1, 1000, 1250, 2500),
        ("J1", "G", "KG", 2, 1000, 2000, 4000),
        ("J1", "G", "KG", -1, 1000, -300, -600),
        ("J1", "G", "KG", 1, 1000, 800, 1600),
        ("V1", "ML", "L", 1, 1000, 750, 600),
        ("V1", "ML", "L", 1, 1000, 750, 600),
        ("S1", "EA", "EA", 3, 1, 3, 150),
    ]
    assert ask(alone, "SELECT sku, price_per FROM product ORDER BY sku") == [
        ("J1", 1000), ("S1", 1), ("V1", 1000)
    ]  # fmt: skip
    assert "kept in grams or millilitres: J1, V1" in _said(report)
    assert check(alone.database, alone.folder) == []


def test_what_a_weight_cannot_be_is_refused(alone: Workspace, tmp_path: Path) -> None:
    report = take(
        alone,
        write(
            tmp_path / "a.csv",
            "A;J1;2026-10-01;1.5;kg;;20.00",
            "A;J1;2026-10-01;1.2345;kg;;20.00",
            "A;J1;2026-10-01;800;g;;12.50",
            "A;J1;2026-10-01;3;ud;;12.50",
            "A;J1;2026-10-01;1.5;l;;12.50",
            "A;J1;2026-10-01;2;kg;5;12.50",
            "A;S1;2026-10-01;6;ud;;1.00",
            "A;S1;2026-10-01;1.5;kg;;1.00",
            "A;S1;2026-10-01;1.5;;;1.00",
            head="customer;sku;date;qty;unit;pack;price",
        ),
    )
    assert [(line, part in reason) for (line, reason), part in zip(_reasons(report), (
        "finer than a thousandth", "not clear", "weighs is not known", "the unit L", "do not go",
        "counted in pieces", "need a unit",
    ), strict=True)] == [(n, True) for n in (3, 4, 5, 6, 7, 9, 10)]  # fmt: skip


def test_a_known_weight_without_a_unit_is_read_in_kilograms_and_said(
    alone: Workspace, tmp_path: Path
) -> None:
    take(alone, write(tmp_path / "a.csv", "A;J1;2026-10-01;1.5;kg", head="customer;sku;date;qty;u"),
         reading=Reading({"unit": "u"}))  # fmt: skip
    path = write(tmp_path / "b.csv", "A;J1;2026-10-02;2;20", "A;J1;2026-10-03;0,25;20",
                 head="customer;sku;date;qty;price")  # fmt: skip
    report = take(alone, path)
    assert "read as kilograms or litres for: J1" in _said(report)
    assert [row[3:] for row in ask(alone, _LINES)][1:] == [
        (2, 1000, 2000, 4000), (1, 1000, 250, 500)
    ]  # fmt: skip


def test_half_a_case_is_so_many_pieces(alone: Workspace, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv", "A;S1;2026-10-01;3;CS;12;12.00", "A;S1;2026-10-02;0.5;CS;12;12.00",
        "A;S1;2026-10-02;0.3;CS;12;12.00", head="customer;sku;date;qty;unit;pack;price",
    )  # fmt: skip
    report = take(alone, path)
    assert [line for line, _reason in _reasons(report)] == [4]
    assert [row[3:] for row in ask(alone, _LINES)] == [(3, 12, 36, 3600), (6, 1, 6, 600)]


# -------------------------------------------------------------------------- numbers and days


@pytest.mark.parametrize(
    ("cells", "net"),
    [
        (["1.234,50", "1.234"], [123450, 123400]),
        (["1,234.50", "1,234"], [123450, 123400]),
        (["1 234,50", "1\u202f234,5"], [123450, 123450]),
        (["1'234.50", "1.234.567"], [123450, 123456700]),
        (["12,5", "1.234.567,00 €"], [1250, 123456700]),
        (["12,50-", "(3,10)", "-4,00"], [-1250, -310, -400]),
        (["0.500", "1.250"], [50, 125]),
    ],
)
def test_thousands_and_decimals_by_what_the_file_shows(
    alone: Workspace, tmp_path: Path, cells: list[str], net: list[int]
) -> None:
    back = -1 if net[0] < 0 else 1
    rows = [f"A;S1;2026-10-01;{back};{cell}" for cell in cells]
    report = take(alone, write(tmp_path / "a.csv", *rows, head="customer;sku;date;qty;amount"))
    assert [row[6] for row in ask(alone, _LINES)] == net
    assert report.rejected == len(cells) - len(net)


def test_a_number_that_may_be_two_is_refused_until_somebody_says(
    alone: Workspace, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", "A;S1;2026-10-01;1;1.234", "A;S1;2026-10-01;2;2.500",
                 head="customer;sku;date;qty;amount")  # fmt: skip
    report = take(alone, path, dry_run=True)
    assert [reason for _line, reason in _reasons(report)] == [
        "“1.234” may be 1234 or 1.234: nothing in the file says which",
        "“2.500” may be 2500 or 2.500: nothing in the file says which",
    ]
    assert take(alone, path, reading=Reading(decimal=",")).created == 2
    assert [row[6] for row in ask(alone, _LINES)] == [123400, 250000]


@pytest.mark.parametrize(
    "day",
    [
        "2026-11-24", "24/11/2026", "24.11.26", "24-nov-2026", "24 de noviembre de 2026",
        "Nov 24, 2026", "24 ноября 2026 г.", "46350", "46350.5", "20261124",
        "2026-11-24T10:30:00", "24/11/2026 10:30",
    ],
)  # fmt: skip
def test_days_in_any_usual_writing(alone: Workspace, tmp_path: Path, day: str) -> None:
    path = write(tmp_path / "a.csv", f"A;S1;{day};1", head="customer;sku;date;qty")
    report = take(alone, path)
    assert ask(alone, "SELECT date FROM sale") == [("2026-11-24",)]
    assert ("days of a spreadsheet" in _said(report)) == day.startswith("46350")


def _days(ws: Workspace, path: Path, *written: str) -> ImportReport:
    rows = [f"A;S1;{day};1" for day in written]
    return take(ws, write(path, *rows, head="customer;sku;date;qty"))


def test_which_number_of_a_day_is_the_month_is_seen_said_or_refused(
    alone: Workspace, tmp_path: Path
) -> None:
    report = _days(alone, tmp_path / "a.csv", "03/04/2026", "05/06/2026")
    assert "03/04/2026 were read with the day first: 3 Apr 2026" in _said(report)
    assert _days(alone, tmp_path / "b.csv", "03/04/2026", "04/13/2026").notes == ()
    assert ask(alone, "SELECT date FROM sale ORDER BY id DESC LIMIT 2") == [
        ("2026-04-13",), ("2026-03-04",)
    ]  # fmt: skip
    mixed = _days(alone, tmp_path / "c.csv", "03/04/2026", "04/13/2026", "13/04/2026", "05/05/2026")
    assert _reasons(mixed) == [
        (2, "“03/04/2026” may be 3 Apr 2026 or 4 Mar 2026: the file has both orders")
    ]


def test_an_order_of_days_that_shows_late_stops_the_file(alone: Workspace, tmp_path: Path) -> None:
    before = everything(alone)
    with pytest.raises(UserError, match="04/13/2026 cannot"):
        _days(alone, tmp_path / "a.csv", *["03/04/2026"] * 1500, "04/13/2026")
    assert everything(alone) == before


# --------------------------------------------------------------------------- columns and rows


def test_two_columns_with_one_heading_are_asked_about(alone: Workspace, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "A;S1;2026-10-01;2;5,00;7,00",
                 head="customer;sku;date;qty;price;price")  # fmt: skip
    before = everything(alone)
    with pytest.raises(UserError, match="“price”: number 5 and number 6") as wrong:
        import_file(alone, "sales", path)
    assert '{"unit_price": "#6"}' in str(wrong.value.hint)
    assert everything(alone) == before
    report = take(alone, path, reading=Reading({"unit_price": "#6"}))
    assert [row[6] for row in ask(alone, _LINES)] == [1400]
    assert "not used: price" in _said(report)
    twice = write(tmp_path / "b.csv", "A;S1;2026-10-01;2;x;y", head="customer;sku;date;qty;z;z")
    assert take(alone, twice).created == 1


def test_totals_returns_and_discounts(alone: Workspace, tmp_path: Path) -> None:
    report = take(
        alone,
        write(
            tmp_path / "a.csv",
            "A;S1;01/10/2026;10;10,00;100,00",
            ";S1;01/10/2026;3;10,00;30,00",
            "A;S1;02/10/2026;-2;10,00;-20,00",
            "A;S2;02/10/2026;10;10,00;95,00",
            "A;S2;02/10/2026;1;;-5,00",
            "Total A;;;18;;170,00",
            "TOTAL GENERAL;;;18;;170,00",
            head="cliente;articulo;fecha;cantidad;precio;importe",
        ),
    )
    assert _reasons(report) == [
        (3, "no customer"), (6, "the amount is negative, the quantity is not"), (7, "no SKU"),
        (8, "no SKU"),
    ]  # fmt: skip
    assert [row[5:] for row in ask(alone, _LINES)] == [(10, 10000), (-2, -2000), (10, 10000)]
    assert "In 1 row the amount is not price times quantity (line 5)" in _said(report)


def test_a_workbook_with_titles_merged_cells_and_hidden_sheets(
    alone: Workspace, tmp_path: Path
) -> None:
    path = _book(
        tmp_path / "a.xlsx",
        [
            [], [None, "Informe de ventas"], [], [None, "Datos", None, None, "Venta"],
            [None, "Cliente", "Artículo", "Fecha", "Cantidad", "Precio"],
            [None, "C1", "S1", datetime(2026, 10, 1), "1.234", 2.5],  # noqa: DTZ001
            [None, "C1", "S1", 46350, 3, "1.234,50"],
            [None, "C1", '=cmd|"/c calc"!A1', "24/11/2026", 1, 1],
            [None, None, "S2", "24/11/2026", 1, 1],
            [None, "Total", None, None, 1238, None],
        ],
        Antiguo="hidden", Viejo="veryHidden",
    )  # fmt: skip
    report = take(alone, path)
    assert "Sheet “Ventas” was read; not read: “Antiguo” (hidden), “Viejo” (hidden)." in _said(
        report
    )
    assert "heading is line 5" in _said(report)
    assert ask(alone, "SELECT code FROM account") == [("C1",)]
    assert [line for line, _reason in _reasons(report)] == [6, 8, 9, 10]
    assert ask(alone, "SELECT date, net_minor FROM sale") == [("2026-11-24", 370350)]


def test_a_sheet_is_chosen_by_its_name(alone: Workspace, tmp_path: Path) -> None:
    path = _book(tmp_path / "a.xlsx", [["customer", "sku", "date", "qty"],
                 ["C1", "S1", "2026-10-01", 1]], Primera="visible")  # fmt: skip
    report = take(alone, path)
    assert "“Primera” was read; not read: “Ventas”" in _said(report)
    assert ask(alone, "SELECT code FROM account") == [("HIDDEN",)]
    take(alone, path, reading=Reading(sheet="Ventas"))
    assert ask(alone, "SELECT code FROM account ORDER BY id") == [("HIDDEN",), ("C1",)]
    with pytest.raises(UserError, match="no sheet “Nada”"):
        take(alone, path, reading=Reading(sheet="Nada"))


def test_texts_that_a_spreadsheet_would_run_stay_texts(alone: Workspace, tmp_path: Path) -> None:
    from crmdesk.interchange.tables import open_table
    from crmdesk.interchange.writing import write_table
    from crmdesk.services.exports import export

    name = "=cmd|'/c calc'!A1"
    path = write(tmp_path / "a.csv", f'A;S1;"{name}";2026-10-01;1;-1+1',
                 head="customer;sku;description;date;qty;country")  # fmt: skip
    take(alone, path)
    assert ask(alone, "SELECT name FROM product") == [(name,)]
    with export(alone, "sales") as table:
        write_table(tmp_path / "out.csv", table.columns, table.rows)
    with open_table(tmp_path / "out.csv") as table_file:
        assert next(table_file.rows)[1][-1] == f"'{name}"


def _locked(path: Path) -> None:
    compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    path.write_bytes(compound + "EncryptedPackage".encode("utf-16-le") + bytes(600))


def _page(path: Path) -> None:
    path.write_text("<html><table><tr><td>Cliente</td></tr></table></html>", encoding="utf-8")


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


def _hidden(path: Path) -> None:
    _book(path, [["customer", "sku", "date", "qty"]])
    from openpyxl import load_workbook

    book = load_workbook(path)
    book.create_sheet("Vacía")
    book.worksheets[0].sheet_state = "hidden"
    book.active = 1
    book.save(path)


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("a.xlsx", _locked, "locked by a password"), ("a.xls", _locked, "locked by a password"),
        ("a.xls", _page, "page of the web"), ("a.csv", _nothing, "is empty"),
        ("a.xlsx", _nothing, "not a spreadsheet"), ("a.xlsx", _hidden, "no heading"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_says_what_it_is(
    alone: Workspace, tmp_path: Path, name: str, make: Callable[[Path], None], words: str
) -> None:
    make(tmp_path / name)
    before = everything(alone)
    with pytest.raises(UserError, match=words):
        import_file(alone, "sales", tmp_path / name)
    assert everything(alone) == before


def test_a_table_of_text_that_is_called_xls(alone: Workspace, tmp_path: Path) -> None:
    path = write(tmp_path / "a.xls", "A\tS1\t2026-10-01\t2", head="customer\tsku\tdate\tqty")
    assert take(alone, path).created == 1


def test_what_an_export_says_of_sales_comes_in_again(alone: Workspace, tmp_path: Path) -> None:
    from crmdesk.interchange.writing import write_table
    from crmdesk.services.exports import export

    rows = ("A;J1;2026-10-01;1,25;kg;20,00", "A;S1;2026-10-02;3;;1,50")
    take(alone, write(tmp_path / "a.csv", *rows, head="customer;sku;date;qty;unit;price"))
    with export(alone, "sales") as table:
        write_table(tmp_path / "out.csv", table.columns, table.rows)
    take(alone, tmp_path / "out.csv")
    found = [(row[0], *row[5:]) for row in ask(alone, _LINES)]
    assert found == [("J1", 1250, 2500), ("S1", 3, 450)] * 2


def test_products_by_weight_are_made_in_grams_with_a_pack_of_a_kilogram(
    alone: Workspace, tmp_path: Path
) -> None:
    path = write(tmp_path / "p.csv", "J1,Jamón,kg", "V1,Vino,l", "S1,Sal,", "X1,Xal,barrel",
                 head="sku,name,base unit")  # fmt: skip
    assert take(alone, path, "products").created == 4
    assert ask(
        alone, "SELECT p.sku, p.base_unit, p.price_per, k.unit, k.factor FROM product p"
        " JOIN packaging k ON k.product_id = p.id ORDER BY p.id",
    ) == [
        ("J1", "G", 1000, "KG", 1000), ("V1", "ML", 1000, "L", 1000), ("S1", "EA", 1, "EA", 1),
        ("X1", "BARREL", 1, "EA", 1),
    ]  # fmt: skip
    assert take(alone, path, "products").skipped == 4
    other = write(tmp_path / "q.csv", "S1,Sal,kg", head="sku,name,base unit")
    assert [reason for _line, reason in _reasons(take(alone, other, "products"))] == [
        "the base unit of S1 is EA and cannot become G"
    ]


def test_what_was_weighed_is_shown_as_it_was_weighed(alone: Workspace, tmp_path: Path) -> None:
    from crmdesk.gui.figure_words import row_item
    from crmdesk.gui.views.customer.detail_words import purchase_item
    from crmdesk.services.queries.customer_matrix import purchases
    from crmdesk.services.queries.event_details import event_details

    rows = [f"A;J1;2026-10-0{day};{amount};kg;20,00" for day, amount in
            ((1, "1,25"), (2, "2"), (3, "-0,3"))]  # fmt: skip
    take(alone, write(tmp_path / "a.csv", *rows, head="customer;sku;date;qty;unit;price"))
    found = [purchase_item(row, "EUR") for row in purchases(alone, 1, 1)]
    assert [(one.packs, one.units, one.price) for one in found] == [
        ("\u22120.3 kg", "\u22120.3 kg", "20.00"), ("2 kg", "2 kg", "20.00"),
        ("1.25 kg", "1.25 kg", "20.00"),
    ]  # fmt: skip
    sale = event_details(alone, "sale", 1)
    assert sale is not None
    item = row_item(sale.lines[0], "EUR")
    assert (item.quantity, item.detail) == ("1.25 kg", "20.00 per kg")

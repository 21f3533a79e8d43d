"""Documents as PDF: an order of 200 lines and one of 500, from its rows' values to the file.

The floor is Qt's own: the same 200 lines as one table of rich text, laid out and not written.
"""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from crmdesk.gui.printing.laying import Rich, Setting
from crmdesk.gui.printing.pdf import write_pdf
from crmdesk.gui.printing.pictures import Pictures
from crmdesk.gui.printing.typeface import document_font, load_typeface
from crmdesk.interchange.documents.sheet import Table, table_html
from crmdesk.interchange.documents.trade import trade_sheet
from tests.benchmarks.harness import Bench, repeat
from tests.gui import paper

_WIDTH = 665.0


def measure_print(bench: Bench) -> None:
    """One document after the other in one process, as an office script does it."""
    app = QGuiApplication.instance() or QGuiApplication(["crmdesk"])
    load_typeface()
    file = bench.work / "document.pdf"
    font = document_font()
    sheet = trade_sheet(paper.order(200))
    setting = Setting(font, sheet.style, Pictures({}, font))
    table = next(piece for piece in sheet.pieces if isinstance(piece, Table))
    html = f"<table>{table_html(table)}</table>"
    floor = repeat(lambda: Rich(html, _WIDTH, setting).height, runs=5, warm=1)
    for lines, most in ((10, None), (200, 500), (500, None)):
        order = paper.order(lines)
        times = repeat(lambda order=order: write_pdf(trade_sheet(order), file), runs=5, warm=1)
        bench.add_times(f"an order of {lines} lines as PDF", times, at_most_ms=most)
        if lines == 200:
            bench.add_times("floor: its rows laid out as rich text", floor)
            bench.add("against the floor", f"{min(times.cpu) / min(floor.cpu):.1f} ×")
            bench.add("size of the file", f"{file.stat().st_size / 1000:.0f} kB")
    del app

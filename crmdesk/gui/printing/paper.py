"""Documents on paper: the platform's own print dialog, then page by page."""

from __future__ import annotations

from PySide6.QtCore import QMarginsF
from PySide6.QtGui import QPageLayout, QPainter
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QDialog, QWidget

from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.gui.printing.laying import lay_out, paint_page
from crmdesk.gui.printing.pdf import MARGINS_MM, page_size
from crmdesk.i18n import _
from crmdesk.interchange.documents.sheet import Sheet

_PX = 96


def ask_printer(parent: QWidget, sheet: Sheet) -> QPrinter | None:
    """The printer that the person chooses; None when not wanted."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setDocName(sheet.title)
    printer.setPageLayout(
        QPageLayout(
            page_size(sheet), QPageLayout.Orientation.Portrait, QMarginsF(MARGINS_MM),
            QPageLayout.Unit.Millimeter,
        )
    )  # fmt: skip
    dialog = QPrintDialog(printer, parent)
    return printer if dialog.exec() == QDialog.DialogCode.Accepted else None


def print_sheet(sheet: Sheet, printer: QPrinter) -> int:
    """Print a document, or the pages asked for; returns how many pages went to the printer.

    Raises EnvironmentProblem when the printer does not take them.
    """
    scale = printer.resolution() / _PX
    area = printer.pageRect(QPrinter.Unit.DevicePixel)
    laid = lay_out(sheet, area.width() / scale, area.height() / scale)
    first, last = printer.fromPage() or 1, printer.toPage() or len(laid.pages)
    wanted = range(first - 1, min(last, len(laid.pages)))
    painter = QPainter()
    if not painter.begin(printer):
        raise EnvironmentProblem(
            _("The printer does not answer."), _("Check it, or save the document as PDF.")
        )
    for number in wanted:
        if number > wanted.start and not printer.newPage():
            break
        painter.save()
        painter.scale(scale, scale)
        paint_page(painter, laid, number)
        painter.restore()
    painter.end()
    return len(wanted)

"""Documents printed without a window: for the command line, with an application of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication

from crmdesk.gui.printing.pdf import write_pdf
from crmdesk.interchange.documents.sheet import Sheet


def print_documents(sheets: Iterable[tuple[Sheet, Path]]) -> Iterator[tuple[Path, int, str]]:
    """Write each document; gives its file, its pages and the letters no bundled font has.

    Raises what :func:`crmdesk.gui.printing.pdf.write_pdf` raises.
    """
    app = _application()
    for sheet, path in sheets:
        written = write_pdf(sheet, path)
        yield written.path, written.pages, written.missing
    del app


def make_logo(picture: bytes) -> bytes:
    """A picture file as the PNG that is kept of it. Raises UserError."""
    from crmdesk.gui.printing.images import logo_png

    app = _application()
    made = logo_png(picture)
    del app
    return made


def _application() -> QCoreApplication:
    """The application there is, else one that opens no window and so needs no display."""
    app = QGuiApplication.instance()
    if app is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        app = QGuiApplication(["crmdesk"])
    return app

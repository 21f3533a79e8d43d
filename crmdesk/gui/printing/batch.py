"""Documents printed without a window: for the command line, with an application of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from crmdesk.gui.printing.pdf import write_pdf
from crmdesk.interchange.documents.sheet import Sheet


def print_documents(sheets: Iterable[tuple[Sheet, Path]]) -> Iterator[tuple[Path, int, str]]:
    """Write each document; gives its file, its pages and the letters no bundled font has.

    Raises what :func:`crmdesk.gui.printing.pdf.write_pdf` raises.
    """
    app = QGuiApplication.instance()
    if app is None:
        # No window is opened, so no display is needed.
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        app = QGuiApplication(["crmdesk"])
    for sheet, path in sheets:
        written = write_pdf(sheet, path)
        yield written.path, written.pages, written.missing
    del app

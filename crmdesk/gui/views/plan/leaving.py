"""What leaves the window: a file dialog of the machine, a map program."""

from __future__ import annotations

from PySide6.QtCore import QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from crmdesk.gui import keys


class Asking:
    """Asks the machine; replaced in tests."""

    def plan_file(self, parent: QWidget, stem: str, ending: str) -> str:
        """Where the plan is to be written; empty when not wanted."""
        place = QStandardPaths.StandardLocation.DocumentsLocation
        start = f"{QStandardPaths.writableLocation(place)}/{stem}.{ending}"
        name, _kind = QFileDialog.getSaveFileName(
            parent, keys.title("plan.give"), start, f"*.{ending}"
        )
        return name if not name or name.lower().endswith(f".{ending}") else f"{name}.{ending}"

    def open_url(self, url: str) -> bool:
        """Open a map program."""
        return QDesktopServices.openUrl(QUrl(url))

"""Asking where a table is to be saved: CSV or XLSX.

Owns the one file dialog of all exports. Writing is the presenters', off the interface thread.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from crmdesk.i18n import _


def ask_export_file(parent: QWidget, stem: str) -> Path | None:
    """The file to write, always with an ending that can be written; None when not wanted."""
    place = QStandardPaths.StandardLocation.DocumentsLocation
    folder = Path(QStandardPaths.writableLocation(place))
    kinds = {_("Excel workbooks (*.xlsx)"): ".xlsx", _("CSV files (*.csv)"): ".csv"}
    name, kind = QFileDialog.getSaveFileName(
        parent, _("Export"), str(folder / f"{stem}.xlsx"), ";;".join(kinds)
    )
    if not name:
        return None
    chosen = Path(name)
    if chosen.suffix.lower() in kinds.values():
        return chosen
    return chosen.with_name(chosen.name + kinds.get(kind, ".csv"))

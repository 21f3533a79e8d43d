"""What a file would bring, shown before it is taken: rows, columns, and every row that is left out.

Owns the page between choosing a file and opening the company made from it. Reading the file again
is left to whoever listens.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _, format_number, ngettext
from crmdesk.services.import_words import reject_lines, report_lines
from crmdesk.services.imports import ImportReport

_SHOWN = 5_000


class FileReport(Surface):
    """A report as text that can be read, copied and scrolled; Enter takes the rows, Esc leaves."""

    taken = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_5, t.SPACE_5, t.SPACE_5, t.SPACE_5)
        column.setSpacing(t.SPACE_3)
        self.heading = TextLabel("", size=t.SIZE_STRONG, weight=t.SEMIBOLD, wrap=True, parent=self)
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(_("What was read of the file"))
        theme.least_height(self.text, 220)
        column.addWidget(self.heading)
        column.addWidget(self.text, 1)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        self.take = KeyHintButton(_("Take these rows"), "Enter", kind="filled", parent=self)
        self.take.clicked.connect(self.taken)
        self.leave = KeyHintButton(_("Choose another file"), "Esc", parent=self)
        self.leave.clicked.connect(self.left)
        row.addWidget(self.take)
        row.addWidget(self.leave)
        row.addStretch(1)
        column.addLayout(row)
        self.setFocusProxy(self.take)

    def show_report(self, report: ImportReport) -> None:
        """Show what the file would bring."""
        words = ngettext(
            "{taken} row can be taken, {left} cannot. Nothing has been kept yet.",
            "{taken} rows can be taken, {left} cannot. Nothing has been kept yet.",
            report.created,
        )
        self.heading.setText(
            words.format(taken=format_number(report.created), left=format_number(report.rejected))
        )
        lines = [*report_lines(report), "", *reject_lines(report, _SHOWN)]
        self.text.setPlainText("\n".join(lines).rstrip())
        self.take.setEnabled(report.created > 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back to the choices, Enter takes the rows from wherever the keyboard is."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.take.isEnabled():
            self.taken.emit()
        else:
            super().keyPressEvent(event)

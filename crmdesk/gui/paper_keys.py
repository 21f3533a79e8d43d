"""Out of the window: the document or the list shown, as a file, on paper, by mail.

Owns the keys that work alike in every place. A place that shows a document says so with
``paper()`` (a :class:`~crmdesk.services.documents.Wanted` or None), and may say with
``why_no_paper()`` why nothing goes on paper now. Lists need nothing: the table with the focus,
else the first one shown, is taken as it stands, with its columns, filter and order. Where a list
has a document per row, ``prints_list`` says that printing is meant for the list.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from crmdesk.gui import keys
from crmdesk.gui.presenting import Desk, JobRunner
from crmdesk.i18n import _, format_number, ngettext

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

    from crmdesk.gui.printing.mail import Way
    from crmdesk.gui.printing.pdf import Written
    from crmdesk.gui.widgets.gathering import ListContent
    from crmdesk.gui.widgets.tables import RowsTable
    from crmdesk.interchange.documents.sheet import Sheet
    from crmdesk.services.documents import Wanted
    from crmdesk.services.workspace import Workspace

SAVE, PRINT, MAIL, EXPORT = "global.pdf", "global.print", "global.mail", "global.export"


class Asking:
    """What a person is asked on the way out; replaced in tests."""

    def pdf_file(self, parent: QWidget, stem: str) -> Path | None:
        """Where the document is to be saved."""
        place = QStandardPaths.StandardLocation.DocumentsLocation
        start = Path(QStandardPaths.writableLocation(place)) / f"{stem}.pdf"
        name, _kind = QFileDialog.getSaveFileName(
            parent, _("Save as PDF"), str(start), _("PDF files (*.pdf)")
        )
        if not name:
            return None
        chosen = Path(name)
        pdf = chosen.suffix.lower() == ".pdf"
        return chosen if pdf else chosen.with_name(chosen.name + ".pdf")

    def table_file(self, parent: QWidget, stem: str) -> Path | None:
        """Where the list is to be written."""
        from crmdesk.gui.widgets.exporting import ask_export_file

        return ask_export_file(parent, stem)

    def printer(self, parent: QWidget, sheet: Sheet) -> QPrinter | None:
        """On which printer."""
        from crmdesk.gui.printing.paper import ask_printer

        return ask_printer(parent, sheet)

    def mail_way(self) -> Way:
        """How mails are opened here."""
        from crmdesk.gui.printing.mail import this_machine

        return this_machine()

    def open_url(self, url: str) -> bool:
        """Open an address or a folder with the system's program for it."""
        return QDesktopServices.openUrl(QUrl(url))


class PaperKeys(QObject):
    """Binds the keys in a window; ``shown`` gives the place on the screen with its title.

    ``closed`` is asked by the runner: what comes back after the window has gone is dropped.
    """

    def __init__(
        self,
        window: QWidget,
        runner: JobRunner,
        desk: Desk,
        shown: Callable[[], tuple[QWidget, str] | None],
    ) -> None:
        super().__init__(window)
        self.asking = Asking()
        self.workspace: Workspace | None = None
        self.closed = False
        self._window, self._runner, self._desk, self._shown = window, runner, desk, shown
        for action, slot in (
            (SAVE, self.save_pdf), (PRINT, self.print_shown), (MAIL, self.send_by_mail),
            (EXPORT, self.export_list),
        ):  # fmt: skip
            keys.bind(window, action, slot)

    def offers(self, action: str) -> bool:
        """Whether an action of this map makes sense for what is shown; True for all others."""
        if action in (SAVE, MAIL):
            return self._wanted() is not None
        if action == EXPORT:
            return self._table() is not None
        if action == PRINT:
            return self._wanted() is not None or self._table() is not None
        return True

    # ----------------------------------------------------------------------------- documents

    def save_pdf(self) -> None:
        """Save the document shown as a PDF file."""
        self._read_sheet(self._on_sheet_to_save)

    def print_shown(self) -> None:
        """Print the document shown, or the list."""
        if self._refused():
            return
        shown = self._shown()
        lists = shown is not None and getattr(shown[0], "prints_list", False)
        if self._wanted() is not None and not (lists and self._table() is not None):
            self._read_sheet(self._on_sheet_to_print)
        else:
            self._gather(self._on_list_to_print)

    def send_by_mail(self) -> None:
        """Open the mail program with the document attached."""
        self._read_sheet(self._on_sheet_to_send)

    def export_list(self) -> None:
        """Write the list shown as XLSX or CSV."""
        self._gather(self._on_list_to_write)

    def _wanted(self) -> Wanted | None:
        shown = self._shown()
        paper = getattr(shown[0], "paper", None) if shown is not None else None
        wanted: Wanted | None = paper() if callable(paper) else None
        return wanted

    def _refused(self) -> bool:
        """True where the place says why nothing of it goes on paper now; tells it."""
        shown = self._shown()
        asked = getattr(shown[0], "why_no_paper", None) if shown is not None else None
        why = str(asked()) if callable(asked) else ""
        if why:
            self._desk.toast(why)
        return bool(why)

    def _read_sheet(self, done: Callable[[Sheet], None]) -> None:
        if self._refused():
            return
        wanted, ws = self._wanted(), self.workspace
        if wanted is None or ws is None:
            self._desk.toast(_("No document is shown here."))
            return

        def work() -> Sheet:
            from crmdesk.services.documents import document_sheet

            return document_sheet(ws, wanted)

        self._runner.read(work, done, owner=self)

    def _on_sheet_to_save(self, sheet: Sheet) -> None:
        path = self.asking.pdf_file(self._window, sheet.stem)
        if path is not None:
            self._write(sheet, path, self._on_saved)

    def _write(self, sheet: Sheet, path: Path, done: Callable[[Written], None]) -> None:
        from crmdesk.gui.printing.pdf import write_pdf
        from crmdesk.gui.printing.typeface import load_typeface

        load_typeface()
        self._runner.read(lambda: write_pdf(sheet, path), done, owner=self)

    def _on_saved(self, written: Written) -> None:
        words = ngettext("{file} written, {count} page", "{file} written, {count} pages",
                         written.pages)  # fmt: skip
        self._desk.toast(words.format(file=written.path.name, count=written.pages))
        self._say_missing(written.missing)

    def _say_missing(self, letters: str) -> None:
        if letters:
            self._desk.banner(
                _("No bundled font has these letters: {letters}").format(
                    letters=" ".join(letters[:20])
                ),
                _("Look at the document before you hand it out."),
            )

    def _on_sheet_to_print(self, sheet: Sheet) -> None:
        printer = self.asking.printer(self._window, sheet)
        if printer is None:
            return
        from crmdesk.gui.printing.paper import print_sheet

        count = print_sheet(sheet, printer)
        words = ngettext("{count} page sent to the printer", "{count} pages sent to the printer",
                         count)  # fmt: skip
        self._desk.toast(words.format(count=count))

    def _on_sheet_to_send(self, sheet: Sheet) -> None:
        from crmdesk.gui.printing.mail import mail_folder

        path = mail_folder() / f"{sheet.stem}.pdf"
        self._write(sheet, path, lambda written: self._on_attachment_written(sheet, written))

    def _on_attachment_written(self, sheet: Sheet, written: Written) -> None:
        from crmdesk.gui.printing.mail import open_mail

        self._say_missing(written.missing)
        way = self.asking.mail_way()
        self._runner.network(
            lambda: open_mail(sheet.letter, written.path, way),
            lambda how: self._on_mail_opened(sheet, written.path, how),
            owner=self,
        )

    def _on_mail_opened(self, sheet: Sheet, path: Path, how: str) -> None:
        from crmdesk.gui.printing.mail import ATTACHED, mailto

        if how == ATTACHED:
            self._desk.toast(_("The mail is open in your mail program."))
            return
        opened = self.asking.open_url(mailto(sheet.letter))
        self.asking.open_url(path.parent.as_uri())
        if opened:
            self._desk.banner(
                _("The mail is open, but {file} could not be attached.").format(file=path.name),
                _("Drag it in from its folder, which is open too: {folder}").format(
                    folder=path.parent
                ),
            )
        else:
            self._desk.banner(
                _("No mail program answers on this computer."),
                _("The document is here: {file}").format(file=path),
            )

    # --------------------------------------------------------------------------------- lists

    def _table(self) -> RowsTable | None:
        from crmdesk.gui.widgets.tables import RowsTable

        shown = self._shown()
        if shown is None:
            return None
        focus = QApplication.focusWidget()
        tables = [
            table
            for table in shown[0].findChildren(RowsTable)
            if table.isVisible() and table.rows_model().shown_keys()
        ]
        return next((table for table in tables if table is focus), tables[0] if tables else None)

    def _gather(self, done: Callable[[str, ListContent], None]) -> None:
        from crmdesk.gui.widgets.gathering import Gathering

        table, shown = self._table(), self._shown()
        if table is None or shown is None:
            self._desk.toast(_("No list is shown here."))
            return
        title = table.accessibleName() or shown[1]
        again = _("The list has changed meanwhile. Try again.")

        def start() -> None:
            Gathering(
                table, lambda content: done(title, content), lambda: self._desk.toast(again)
            ).start()

        # A list that has not read all its keys does so first.
        complete = getattr(shown[0], "complete_list", None)
        if callable(complete):
            complete(start)
        else:
            start()

    def _on_list_to_write(self, title: str, content: ListContent) -> None:
        from crmdesk.interchange.documents.frame import stem_of

        path = self.asking.table_file(self._window, stem_of(title).lower())
        if path is None:
            return

        def work() -> int:
            from crmdesk.interchange.writing import write_table

            return write_table(path, content.heads, content.values)

        self._runner.read(work, lambda count: self._on_list_written(path, count), owner=self)

    def _on_list_written(self, path: Path, count: int) -> None:
        words = ngettext("{count} row written to {file}", "{count} rows written to {file}", count)
        self._desk.toast(words.format(count=format_number(count), file=path.name))

    def _on_list_to_print(self, title: str, content: ListContent) -> None:
        from crmdesk.interchange.documents.listing import list_sheet

        if self.workspace is None:
            return
        words = ngettext("{count} row", "{count} rows", len(content.words))
        under = words.format(count=format_number(len(content.words)))
        sheet = list_sheet(title, under, content.columns, content.words, self.workspace.country)
        self._on_sheet_to_print(sheet)

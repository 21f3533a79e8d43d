"""What stands in the window before there is a workspace: the first run, and the locked profile.

Owns the two screens and their words. Making or opening a profile is left to
:mod:`crmdesk.gui.app`, which listens to their signals.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from crmdesk.domain.errors import CrmdeskError, KeyMissing, Refused
from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import Run, TextLabel
from crmdesk.gui.widgets.locked import LockedCard
from crmdesk.gui.widgets.notices import Banner, IconLabel, ProgressLine
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _

if TYPE_CHECKING:
    from crmdesk.gui.import_report import FileReport
    from crmdesk.services.imports import ImportReport

MIN_PASSPHRASE = 8


class _Choice(Surface):
    """One way to begin: icon, heading, words, what it needs, and its button."""

    def __init__(self, icon: str, title: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(t.SPACE_5, t.SPACE_5, t.SPACE_5, t.SPACE_5)
        self.column.setSpacing(t.SPACE_3)
        self.column.addWidget(IconLabel(icon, "accent", 24, self))
        self.column.addWidget(
            TextLabel(title, size=t.SIZE_STRONG, weight=t.SEMIBOLD, wrap=True, parent=self)
        )
        self.column.addWidget(TextLabel(words, ink="muted", wrap=True, parent=self))
        self.column.addStretch(1)

    def field(self, placeholder: str) -> QLineEdit:
        """Add a field above the button."""
        made = QLineEdit(self)
        made.setPlaceholderText(placeholder)
        made.setAccessibleName(placeholder)
        theme.least_height(made, t.BUTTON)
        self.column.addWidget(made)
        return made


class FirstRun(QWidget):
    """Three choices: the demo company, an HQ, or alone from a spreadsheet.

    Where no keyring answers, a passphrase for the new profile is asked for below them.
    """

    demo_wanted = Signal()
    join_wanted = Signal(str, str)
    alone_wanted = Signal(str, object)
    cancel_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.notice = Banner(self, closable=False)
        self.progress = ProgressLine(self)
        self.progress.cancelled.connect(self.cancel_wanted)
        self.progress.hide()
        self._file: Path | None = None
        self._report: FileReport | None = None
        self._asks_secret = False
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_6, t.SPACE_6, t.SPACE_6, t.SPACE_6)
        column.setSpacing(t.SPACE_3)
        column.addStretch(1)
        heading = TextLabel(
            _("How do you want to begin?"), size=t.SIZE_HERO, weight=t.SEMIBOLD, parent=self
        )
        column.addWidget(heading, 0, Qt.AlignmentFlag.AlignHCenter)
        words = _("Everything stays on this computer, encrypted. You can change your mind later.")
        column.addWidget(
            TextLabel(words, ink="muted", parent=self), 0, Qt.AlignmentFlag.AlignHCenter
        )
        column.addSpacing(t.SPACE_4)
        column.addWidget(self.notice)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_4)
        self._choices = [self._demo_choice(), self._join_choice(), self._alone_choice()]
        row.addStretch(1)
        for choice in self._choices:
            theme.most_width(choice, 340)
            theme.least_height(choice, 320)
            row.addWidget(choice, 8)
        row.addStretch(1)
        column.addLayout(row)
        self._column = column
        self._secret = self._passphrase_fields()
        column.addWidget(self._secret, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(t.SPACE_4)
        column.addWidget(self.progress)
        column.addStretch(2)

    def _passphrase_fields(self) -> QWidget:
        room = QWidget(self)
        theme.fix_width(room, 420)
        column = QVBoxLayout(room)
        column.setContentsMargins(0, t.SPACE_4, 0, 0)
        column.setSpacing(t.SPACE_2)
        self._first, self._second = QLineEdit(room), QLineEdit(room)
        for field, words in (
            (self._first, _("Passphrase for the new profile")),
            (self._second, _("The same passphrase again")),
        ):
            field.setEchoMode(QLineEdit.EchoMode.Password)
            field.setPlaceholderText(words)
            field.setAccessibleName(words)
            theme.least_height(field, t.BUTTON)
            column.addWidget(field)
        room.hide()
        return room

    def ask_passphrase(self, message: str) -> None:
        """Show the fields for a passphrase and say why one is needed."""
        self._secret.show()
        self.complain(message, _("Choose a passphrase below, type it twice, then begin again."))
        self._first.setFocus()

    def ask_password(self, message: str, hint: str) -> None:
        """Show the field for the user's password at HQ and say why it is needed."""
        self._password.show()
        self._password.clear()
        self.complain(message, hint)
        self._password.setFocus()

    def password(self) -> str:
        """The user's password at HQ; empty until HQ has asked for it."""
        return self._password.text() if self._password.isVisibleTo(self) else ""

    def passphrase(self) -> str | None:
        """The passphrase that was chosen, or None where the keyring keeps the key."""
        return self._first.text() if self._secret.isVisibleTo(self) else None

    def _passphrase_stands(self) -> bool:
        chosen = self.passphrase()
        if chosen is None:
            return True
        if len(chosen) < MIN_PASSPHRASE:
            self.complain(_("The passphrase is too short."), _("Use at least eight characters."))
        elif chosen != self._second.text():
            self.complain(
                _("The two passphrases are not the same."), _("Type it again in both fields.")
            )
        else:
            return True
        self._first.setFocus()
        return False

    def _demo_choice(self) -> _Choice:
        choice = _Choice(
            "shop",
            _("Try the demo company"),
            _("A distributor with customers, routes and five years of orders. Ready in a minute."),
            self,
        )
        button = KeyHintButton(_("Open the demo"), "Enter", kind="filled", parent=choice)
        button.clicked.connect(self.demo_wanted)
        choice.column.addWidget(button)
        self.setFocusProxy(button)
        return choice

    def _join_choice(self) -> _Choice:
        choice = _Choice(
            "server",
            _("Join your company"),
            _("You need the address of your HQ and the code your administrator gave you."),
            self,
        )
        self._address = choice.field(_("Server address"))
        self._code = choice.field(_("Enrolment code"))
        self._password = choice.field(_("Your password at HQ"))
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._password.hide()
        button = KeyHintButton(_("Join"), parent=choice)
        button.clicked.connect(self._on_join_clicked)
        choice.column.addWidget(button)
        return choice

    def _alone_choice(self) -> _Choice:
        choice = _Choice(
            "document",
            _("Start alone from Excel"),
            _("Bring your sales list (XLSX or CSV). Customers and products are made from it."),
            self,
        )
        self._company = choice.field(_("Name of your company"))
        button = KeyHintButton(_("Choose a file…"), parent=choice)
        button.clicked.connect(self._on_file_clicked)
        choice.column.addWidget(button)
        return choice

    def _on_join_clicked(self) -> None:
        address, code = self._address.text().strip(), self._code.text().strip()
        if not address or not code:
            self.complain(
                _("Two things are missing."), _("Fill in the server address and the code.")
            )
            return
        if self._passphrase_stands():
            self.join_wanted.emit(address, code)

    def _on_file_clicked(self) -> None:
        if not self._passphrase_stands():
            return
        pattern = _("Sales list") + " (*.xlsx *.xls *.ods *.csv *.txt *.tsv)"
        name, _kind = QFileDialog.getOpenFileName(self, _("Choose a file…"), "", pattern)
        if name:
            self._want(Path(name), seen=False)

    def _want(self, path: Path, *, seen: bool) -> None:
        from crmdesk.services.imports import SalesFile

        self._file = path
        self.alone_wanted.emit(self._company.text().strip(), SalesFile(path, seen))

    def shows(self, error: Exception) -> bool:
        """Ask for what is missing or say what went wrong; False where it is not the person's."""
        report = getattr(error, "report", None)
        if report is not None:
            self._show_report(report)
        elif isinstance(error, KeyMissing):
            self.ask_passphrase(error.message)
        elif isinstance(error, Refused) and error.code == "password":
            self.ask_password(error.message, error.hint)
        elif isinstance(error, CrmdeskError):
            self.complain(error.message, error.hint)
        else:
            return False
        return True

    def _show_report(self, report: ImportReport) -> None:
        """A file was read that somebody has to look at before anything of it is kept."""
        from crmdesk.gui.import_report import FileReport

        self.set_busy(busy=False)
        if self._report is None:
            self._report = FileReport(self)
            self._report.taken.connect(self._on_report_taken)
            self._report.left.connect(self._on_report_left)
            self._column.insertWidget(self._column.indexOf(self.notice) + 1, self._report, 20)
        self._asks_secret = self._secret.isVisibleTo(self)
        for choice in (*self._choices, self._secret):
            choice.hide()
        self._report.show_report(report)
        self._report.show()
        self._report.setFocus()

    def _on_report_taken(self) -> None:
        if self._file is not None:
            self._show_choices()
            self._want(self._file, seen=True)

    def _on_report_left(self) -> None:
        self._show_choices()
        self._company.setFocus()

    def _show_choices(self) -> None:
        if self._report is not None:
            self._report.hide()
        for choice in self._choices:
            choice.show()
        self._secret.setVisible(self._asks_secret)

    def complain(self, message: str, hint: str) -> None:
        """Say what did not work above the choices."""
        self.set_busy(busy=False)
        runs = [Run(message, weight=t.SEMIBOLD), Run(hint, gap=t.SPACE_1)]
        self.notice.say(runs, tone="warning")

    def set_busy(self, *, busy: bool) -> None:
        """Show progress instead of letting the person choose again."""
        self.progress.setVisible(busy)
        for choice in (*self._choices, self._secret):
            choice.setEnabled(not busy)
        if busy:
            self.notice.hide()


class Unlock(LockedCard):
    """A locked profile asks for its passphrase here, in the window."""

    passphrase_given = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("This profile is locked"), parent)
        self._field = QLineEdit(self.card)
        self._field.setEchoMode(QLineEdit.EchoMode.Password)
        self._field.setAccessibleName(_("Passphrase"))
        self._field.setPlaceholderText(_("Passphrase"))
        theme.least_height(self._field, t.BUTTON)
        self._field.returnPressed.connect(self._on_open_wanted)
        self.add(self._field)
        button = KeyHintButton(_("Open"), "Enter", kind="filled", parent=self.card)
        button.clicked.connect(self._on_open_wanted)
        self.add(button)
        self.setFocusProxy(self._field)
        self.ask(_("Type its passphrase to open it. Nobody else can read what is in it."))

    def ask(self, words: str) -> None:
        """Say why the passphrase is asked for (again)."""
        self.words.setText(words)
        self._field.clear()
        self._field.setEnabled(True)
        self._field.setFocus()

    def asked(self) -> str:
        """The words above the field."""
        return self.words.text()

    def _on_open_wanted(self) -> None:
        if self._field.text():
            self._field.setEnabled(False)
            self.passphrase_given.emit(self._field.text())

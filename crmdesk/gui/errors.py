"""How an error is shown: banner, dialog, crash dialog, or not at all.

Owns that decision and the one ``sys.excepthook``. Which errors exist is left to
:mod:`crmdesk.domain.errors`; the banner itself is the shell's.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from crmdesk.domain.errors import (
    Cancelled,
    CrmdeskError,
    EnvironmentProblem,
    LeaseEnded,
    Unreachable,
)
from crmdesk.i18n import _

_log = logging.getLogger(__name__)


class ErrorDesk(QObject):
    """Shows each error in the way its kind asks for; callable from any thread.

    Cancelled and Unreachable are silent (being offline shows in the sync chip), UserError and
    refusals go to the banner, EnvironmentProblem to a dialog that says the data are safe,
    everything else to one crash dialog with the log file to send.
    """

    _raised = Signal(object)

    def __init__(self, window: QWidget | None = None, log_file: Path | None = None) -> None:
        super().__init__(window)
        self._window = window
        self._log_file = log_file
        self._crash_open = False
        self.on_banner: Callable[[str, str], None] | None = None
        self._raised.connect(self.show, Qt.ConnectionType.QueuedConnection)

    def attach(self, window: QWidget) -> None:
        """Show dialogs over this window from now on."""
        self._window = window

    def install(self) -> None:
        """Become ``sys.excepthook`` and ``threading.excepthook``."""
        sys.excepthook = self._on_uncaught
        threading.excepthook = lambda args: self._on_uncaught(
            args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
        )

    def uninstall(self) -> None:
        """Give the hooks back to Python."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__

    def show(self, error: BaseException) -> None:
        """Show one error; on the interface thread."""
        # Whoever watches the lease ends the desktop; one dialog is enough.
        if isinstance(error, Cancelled | Unreachable | LeaseEnded):
            return
        if isinstance(error, EnvironmentProblem):
            self._show_environment(error)
        elif isinstance(error, CrmdeskError):
            self._show_banner(error)
        else:
            self._show_crash(error)

    def _show_banner(self, error: CrmdeskError) -> None:
        if self.on_banner is not None:
            self.on_banner(error.message, error.hint)
        else:
            self._box(QMessageBox.Icon.Warning, error.message, error.hint, modal=False)

    def _show_environment(self, error: EnvironmentProblem) -> None:
        safe = _("Your data are safe: everything saved so far is still on this computer.")
        self._box(QMessageBox.Icon.Warning, error.message, f"{error.hint}\n\n{safe}".strip())

    def _show_crash(self, error: BaseException) -> None:
        _log.error("uncaught error", exc_info=error)
        if self._crash_open:
            return
        self._crash_open = True
        words = _("This is a mistake in crmdesk. What you saved is safe; you can go on working.")
        if self._log_file is not None:
            send = _("To help us mend it, send this file: {path}").format(path=self._log_file)
            words = f"{words}\n\n{send}"
        box = self._box(QMessageBox.Icon.Critical, _("Something went wrong"), words)
        box.setDetailedText("".join(traceback.format_exception(error)))
        box.finished.connect(self._on_crash_closed)

    def _box(
        self, icon: QMessageBox.Icon, text: str, informative: str, *, modal: bool = True
    ) -> QMessageBox:
        box = QMessageBox(icon, "crmdesk", text, QMessageBox.StandardButton.Ok, self._window)
        box.setInformativeText(informative)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setModal(modal)
        box.open() if modal else box.show()
        return box

    def _on_crash_closed(self) -> None:
        self._crash_open = False

    def _on_uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        self._raised.emit(error)

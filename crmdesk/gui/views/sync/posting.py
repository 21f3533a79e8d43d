"""Sync without a network, in the window: what waits goes into a file, HQ's answer comes from one.

Owns asking for the file, the two buttons below what waits, and what is said afterwards; the files
are :mod:`crmdesk.sync.filesync`'s.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from crmdesk.domain.errors import CorruptFile, NewerFile
from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.i18n import _

if TYPE_CHECKING:
    from crmdesk.domain.changes import ChangeSet
    from crmdesk.gui.jobs import Owner
    from crmdesk.sync.filesync import Exported, Taken


class FilePost(QWidget):
    """The strip with both buttons; what it reads and writes goes through the runner."""

    def __init__(self, context: PlaceContext, owner: Owner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._owner = owner
        self._ws, self._runner, self._desk = context.workspace, context.runner, context.desk
        row = QHBoxLayout(self)
        row.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        row.setSpacing(t.SPACE_2)
        for action, slot in (
            ("sync.write_file", self.ask_write),
            ("sync.take_file", self.ask_take),
        ):
            button = KeyHintButton(keys.title(action), keys.hint(action), kind="quiet", parent=self)
            button.clicked.connect(slot)
            row.addWidget(button)
        row.addStretch(1)

    # -------------------------------------------------------------------------------- asking

    def ask_write(self) -> None:
        """Ask where to, and write what waits."""
        name = f"crmdesk-{self._ws.today().isoformat()}.sync"
        chosen, _kind = QFileDialog.getSaveFileName(
            self, _("Write a file for HQ"), str(_documents() / name), _kinds()
        )
        if chosen:
            self.write(Path(chosen))

    def ask_take(self) -> None:
        """Ask for HQ's answer, and take it."""
        chosen, _kind = QFileDialog.getOpenFileName(
            self, _("Take HQ's answer"), str(_documents()), _kinds()
        )
        if chosen:
            self.take(Path(chosen))

    # --------------------------------------------------------------------------------- doing

    def write(self, target: Path) -> None:
        """Write what waits into a file."""
        from crmdesk.sync.filesync import export

        ws = self._ws
        self._runner.network(
            lambda: export(ws.database, target),
            lambda found: self._on_written(found, target),
            self._on_failed,
            owner=self._owner,
        )

    def take(self, answer: Path) -> None:
        """Take HQ's answer from a file."""
        from crmdesk.sync.filesync import take

        ws = self._ws

        def work() -> tuple[Taken, ChangeSet]:
            taken = take(ws.database, answer)
            return taken, taken.report.changes

        self._runner.network(
            work, lambda found: self._on_taken(found[0]), self._on_failed, owner=self._owner
        )

    def _on_failed(self, error: Exception) -> None:
        """A file that is none of ours is said in the banner, like any other mistake."""
        if isinstance(error, CorruptFile | NewerFile):
            self._desk.banner(error.message, error.hint or _("Nothing was changed."))
        else:
            self._desk.fail(error)

    def _on_written(self, found: Exported, target: Path) -> None:
        self._desk.toast(" ".join(found.sentences(target.name)))

    def _on_taken(self, taken: Taken) -> None:
        if taken.sentence:
            self._desk.banner(taken.counts, taken.sentence, tone="accent")
        else:
            self._desk.toast(taken.counts)


def _documents() -> Path:
    place = QStandardPaths.StandardLocation.DocumentsLocation
    return Path(QStandardPaths.writableLocation(place))


def _kinds() -> str:
    return _("Files for HQ (*.sync);;All files (*)")

"""Start-up of the desktop: the window first, then the database on a thread.

Owns the order of events between an empty window and an open Today: first run, locked profile,
opening, the new day's forecasts. It must stay light to import: storage, numpy and the network are
imported by the jobs that need them. What making a demo or joining means is given as functions.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QSettings, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import (
    Cancelled,
    CrmdeskError,
    KeyMissing,
    LeaseEnded,
    Unreachable,
    WrongKey,
)
from crmdesk.gui import theme
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.finding import find_hits, note_chosen, recent_hits
from crmdesk.gui.heap import HeapKeeper
from crmdesk.gui.jobs import Control, Report, Runner
from crmdesk.gui.presenting import Hit
from crmdesk.gui.quick_imports import without_looking_for_features
from crmdesk.gui.ready_roads import ReadyRoads
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.gui.widgets.map_tiles import TileStore
from crmdesk.gui.widgets.topbar_state import ChipState
from crmdesk.i18n import _
from crmdesk.paths import resources_dir

if TYPE_CHECKING:
    from crmdesk.gui.firstrun import FirstRun, Unlock
    from crmdesk.gui.lease_screen import LeaseScreen
    from crmdesk.services.imports import SalesFile
    from crmdesk.services.workspace import Workspace

CHIP_MS = 30_000
LOG_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Beginnings:
    """How a first profile is made; each returns its folder and runs off the interface thread.

    ``demo(control)``, ``join(address, code, passphrase, password, control)`` (``password`` is the
    user's at HQ, empty until HQ asks for it), ``alone(company, file, passphrase, control)``;
    without a passphrase the keyring keeps the key, and KeyMissing has the person asked for one. A
    missing way is refused with a sentence.
    """

    demo: Callable[[Control], Path] | None = None
    join: Callable[[str, str, str | None, str, Control], Path] | None = None
    alone: Callable[[str, SalesFile, str | None, Control], Path] | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """What the desktop is started with: the profile's folder, the clock, the beginnings.

    ``search(workspace, text)`` and ``chip(workspace)`` replace the usual ones and are read off the
    interface thread; ``opened(window, workspace)`` is told when the places are there.
    """

    folder: Path
    instants: Callable[[], datetime]
    beginnings: Beginnings = Beginnings()
    passphrase: str | None = None
    search: Callable[[Workspace, str], Sequence[Hit]] | None = None
    chip: Callable[[Workspace], ChipState] | None = None
    opened: Callable[[MainWindow, Workspace], None] | None = None
    sync_by_itself: bool = True


class Desktop:
    """The running desktop: application, runner, bus, window, and the workspace once it is open."""

    closed = False

    def __init__(self, app: QApplication, start: Start) -> None:
        self._app = app
        self._start = start
        self._folder = start.folder
        self._held = ExitStack()
        self._settings = QSettings(str(start.folder / "window.ini"), QSettings.Format.IniFormat)
        scheme = str(self._settings.value("look/scheme", "light"))
        scale = float(str(self._settings.value("look/scale", 1.0)))
        theme.apply(app, scheme if scheme in ("light", "dark") else "light", scale=scale)
        self.runner = Runner()
        HeapKeeper(self.runner, self._on_idle)
        self.bus = Bus()
        log = start.folder / "logs" / "crmdesk.log"
        self.errors = ErrorDesk(None, log)
        self.window = MainWindow(self.runner, self.bus, self.errors, self._settings)
        self.errors.attach(self.window)
        self.workspace: Workspace | None = None
        self._first_run: FirstRun | None = None
        self._unlock: Unlock | None = None
        self._lease: LeaseScreen | None = None
        self._given = start.passphrase
        self._control: Control | None = None
        self._day: date | None = None
        self._chip_timer = QTimer(self.window, interval=CHIP_MS)
        self._chip_timer.timeout.connect(self._on_ticked)
        self.window.rounds.on_ended = self._on_round_ended

    def show(self) -> None:
        """Show the window, then begin to open the profile."""
        self.window.show()
        QTimer.singleShot(0, self._open)

    def _on_idle(self) -> None:
        if self.workspace is not None:
            self.workspace.database.release_memory()

    def close(self) -> None:
        """Close the window and the database."""
        if self.closed:
            return
        self.closed = True
        self._chip_timer.stop()
        self.window.close()
        self.runner.close()
        self.window.deleteLater()
        if self.workspace is not None:
            self.workspace.close()
        self._held.close()

    # ------------------------------------------------------------------------------- opening

    def _open(self, passphrase: str | None = None) -> None:
        folder, instants = self._folder, self._start.instants
        given = self._given = passphrase or self._given
        self.runner.read(
            lambda: _open_profile(folder, instants, given, self._held),
            self._on_opened,
            self._on_open_failed,
            owner=self,
        )

    def _on_opened(self, workspace: Workspace | None) -> None:
        if workspace is None:
            self._show_first_run()
            return
        from crmdesk.gui.places import places_for

        self.workspace = workspace
        start = self._start
        search, chip = start.search or find_hits, start.chip or _chip_of
        sources = ShellSources(
            search=lambda text: search(workspace, text),
            recent=lambda: recent_hits(workspace),
            opened=lambda hit: note_chosen(workspace, hit),
            chip=lambda: chip(workspace),
            on_look_changed=self._on_look_changed,
        )
        self.window.set_person(workspace.user.name, person_line(workspace))
        TileStore.of_application().look_again(workspace.folder / "maps")
        self.window.open_places(workspace, places_for(workspace), sources)
        self._chip_timer.start()
        self._day = workspace.today()
        self.window.forecasts.begin_day(workspace)
        ReadyRoads(workspace.folder, self.runner, self.window.toast, self.errors.show)
        if start.sync_by_itself:
            self.runner.read(lambda: _is_joined(workspace), self._on_joined_read, owner=self)
        if start.opened is not None:
            start.opened(self.window, workspace)

    def _on_joined_read(self, joined: bool) -> None:
        if joined and not self.closed:
            self.window.rounds.run_by_itself()

    def _on_ticked(self) -> None:
        """Now and then: the chip follows, and after midnight every place tells the new day."""
        workspace = self.workspace
        if workspace is not None and workspace.is_locked():
            self._end(lease_words(), _("crmdesk closes now. Open it again to sync."))
            return
        self.window.refresh_chip()
        self.window.rounds.settings_changed()  # perhaps by a command in a terminal
        if workspace is None or workspace.today() == self._day:
            return
        self._day = workspace.today()
        self.window.show_day(self._day)
        self.window.forecasts.begin_day(workspace)
        self.bus.publish(ChangeSet(everything=True))

    def _on_open_failed(self, error: Exception) -> None:
        if isinstance(error, KeyMissing | WrongKey) and _opens_by_passphrase(self._folder):
            self._show_unlock(again=isinstance(error, WrongKey))
        elif isinstance(error, LeaseEnded):
            self._show_lease(error)
        else:
            self.errors.show(error)

    def _show_unlock(self, *, again: bool) -> None:
        if self._unlock is None:
            from crmdesk.gui.firstrun import Unlock

            self._unlock = Unlock()
            self._unlock.passphrase_given.connect(self._open)
        elif again:
            self._unlock.ask(_("That was not the passphrase. Try again; capital letters count."))
        self.window.show_alone(self._unlock)

    def _show_lease(self, error: LeaseEnded) -> None:
        """Nothing of the data is shown until a sync has been through."""
        if self._lease is None:
            from crmdesk.gui.lease_screen import LeaseScreen

            self._lease = LeaseScreen()
            self._lease.sync_wanted.connect(self._on_lease_sync)
        self._lease.say(error)
        self.window.show_alone(self._lease)

    def _on_lease_sync(self) -> None:
        folder, instants, given = self._folder, self._start.instants, self._given
        self.runner.network(
            lambda: _sync_locked(folder, instants, given),
            lambda _nothing: self._open(given),
            self._on_lease_sync_failed,
            owner=self,
        )

    def _on_lease_sync_failed(self, error: Exception) -> None:
        if isinstance(error, CrmdeskError) and self._lease is not None:
            if _is_gone(self._folder):
                self._end(error.message, _("crmdesk closes now. Speak to the office."))
            else:
                self._lease.say(error)
        else:
            self.errors.show(error)

    # ----------------------------------------------------------------------------------- sync

    def _on_round_ended(self, error: Exception | None, asked: bool) -> None:
        """What a round by itself did not reach stands in the sync centre; who asked is told."""
        if isinstance(error, CrmdeskError) and (error.code == "wiped" or _is_gone(self._folder)):
            self._end(error.message, _("crmdesk closes now. Speak to the office."))
        elif error is None or isinstance(error, Cancelled):
            return
        elif not isinstance(error, CrmdeskError):
            self.errors.show(error)
        elif asked:
            tone = "accent" if isinstance(error, Unreachable) else "warning"
            self.window.banner(error.message, error.hint, tone=tone)

    def _end(self, message: str, what_next: str) -> None:
        """The profile is gone by order of HQ, or locked: say so, and show nothing of it."""
        self.window.rounds.close()
        self._chip_timer.stop()
        box = QMessageBox(QMessageBox.Icon.Warning, "crmdesk", message, parent=self.window)
        box.setInformativeText(what_next)
        box.setModal(True)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(self.window.close)
        self.window.show_alone(QWidget())
        box.open()

    # ----------------------------------------------------------------------------- first run

    def _show_first_run(self) -> None:
        if self._first_run is None:
            from crmdesk.gui.firstrun import FirstRun

            screen = self._first_run = FirstRun()
            screen.demo_wanted.connect(self._on_demo_wanted)
            screen.join_wanted.connect(self._on_join_wanted)
            screen.alone_wanted.connect(self._on_alone_wanted)
            screen.cancel_wanted.connect(self._on_cancel_wanted)
        self.window.show_alone(self._first_run)

    def _on_demo_wanted(self) -> None:
        demo = self._start.beginnings.demo
        self._begin(None if demo is None else demo, _("Making the demo company"))

    def _on_join_wanted(self, address: str, code: str) -> None:
        join = self._start.beginnings.join
        secret = self._new_passphrase()
        word = "" if self._first_run is None else self._first_run.password()
        work = None if join is None else lambda control: join(address, code, secret, word, control)
        self._begin(work, _("Joining {address}").format(address=address))

    def _on_alone_wanted(self, company: str, file: SalesFile) -> None:
        alone = self._start.beginnings.alone
        secret = self._new_passphrase()
        work = None if alone is None else lambda control: alone(company, file, secret, control)
        self._begin(work, _("Reading {file}").format(file=file.path.name))

    def _new_passphrase(self) -> str | None:
        return None if self._first_run is None else self._first_run.passphrase()

    def _begin(self, work: Callable[[Control], Path] | None, words: str) -> None:
        screen = self._first_run
        if screen is None:
            return
        if work is None:
            screen.complain(
                _("This way to begin is not part of this build."), _("Choose another one.")
            )
            return
        screen.set_busy(busy=True)
        screen.progress.show_progress(words, 0, 0)
        control = self._control = Control()
        self.runner.network(
            lambda: work(control),
            self._on_begun,
            self._on_begin_failed,
            owner=self,
            control=control,
            progressed=lambda report: self._on_progressed(words, report),
        )

    def _on_progressed(self, words: str, report: Report) -> None:
        if self._first_run is not None:
            text = report.text or words
            self._first_run.progress.show_progress(text, report.done, report.total)

    def _on_begun(self, folder: Path) -> None:
        self._folder = folder
        self._open(self._new_passphrase())

    def _on_begin_failed(self, error: Exception) -> None:
        if self._first_run is None or not self._first_run.shows(error):
            self._on_cancel_wanted()
            self.errors.show(error)

    def _on_cancel_wanted(self) -> None:
        if self._control is not None:
            self._control.cancel()
        if self._first_run is not None:
            self._first_run.set_busy(busy=False)

    def _on_look_changed(self, scheme: str, scale: float) -> None:
        if not Path(self._settings.fileName()).parent.is_dir():
            return
        self._settings.setValue("look/scheme", scheme)
        self._settings.setValue("look/scale", scale)


def _open_profile(
    folder: Path, instants: Callable[[], datetime], passphrase: str | None, held: ExitStack
) -> Workspace | None:
    """Open the profile, or None when there is none yet; imports the store (on a thread)."""
    from crmdesk.services.workspace import open_workspace
    from crmdesk.storage import profile

    if not profile.exists(folder):
        return None
    with ExitStack() as trying:
        trying.enter_context(profile.locked(folder, "desktop"))
        workspace = open_workspace(folder, instants, passphrase=passphrase)
        held.push(trying.pop_all())
    # The first place is imported here, while the window already takes keys.
    import_module("crmdesk.gui.views.today.widget")
    return workspace


def _sync_locked(folder: Path, instants: Callable[[], datetime], passphrase: str | None) -> None:
    """One round of a profile whose data are locked; opens nothing for anybody else."""
    from crmdesk.services.workspace import open_workspace
    from crmdesk.storage import profile
    from crmdesk.sync.client import sync_once

    with profile.locked(folder, "desktop"):
        workspace = open_workspace(folder, instants, passphrase=passphrase, to_sync=True)
        try:
            sync_once(workspace.database)
        finally:
            workspace.close()


def _is_gone(folder: Path) -> bool:
    """Whether HQ has had the profile destroyed."""
    from crmdesk.storage import profile

    return not profile.exists(folder)


def lease_words() -> str:
    """Why the data are locked, in one sentence."""
    from crmdesk.sync.lease import ended

    return ended().message


def _opens_by_passphrase(folder: Path) -> bool:
    """Whether a passphrase is what the profile wants: a keyring's missing key is no such thing."""
    from crmdesk.storage import crypto

    try:
        return crypto.key_way(folder) == "passphrase"
    except CrmdeskError:
        return False


def _chip_of(workspace: Workspace) -> ChipState:
    from crmdesk.gui.sync_words import chip_state
    from crmdesk.services.queries.sync import sync_status

    return chip_state(sync_status(workspace), workspace.clock.local(workspace.now()))


def _is_joined(workspace: Workspace) -> bool:
    from crmdesk.services.queries.sync import sync_status

    return not sync_status(workspace).alone


def person_line(workspace: Workspace) -> str:
    """Role and territory: "Rep · Subbética"."""
    roles = {
        "rep": _("Rep"),
        "office": _("Office"),
        "manager": _("Manager"),
        "admin": _("Administrator"),
    }
    role = roles.get(str(workspace.user.role), str(workspace.user.role))
    return " · ".join(part for part in (role, workspace.user.territory) if part)


def make_application(arguments: Sequence[str] = ()) -> QApplication:
    """The one QApplication, made or found."""
    found = QApplication.instance()
    if isinstance(found, QApplication):
        return found
    without_looking_for_features()
    QCoreApplication.setApplicationName("crmdesk")
    QCoreApplication.setOrganizationName("crmdesk")
    app = QApplication([sys.argv[0], *arguments])
    app.setWindowIcon(QIcon(str(resources_dir() / "icons" / "app.svg")))
    return app


def _keep_log(path: Path) -> Callable[[], None]:
    """Keep warnings and errors in a file of at most 1 MB; the returned function ends it.

    The file is made with the first record, when the profile's folder is there.
    """
    logger = logging.getLogger("crmdesk")
    handler = _LogFile(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.setLevel(logging.WARNING)
    logger.addHandler(handler)

    def forget() -> None:
        logger.removeHandler(handler)
        handler.close()

    return forget


class _LogFile(logging.Handler):
    """Appends to a file, and begins it anew past its limit; a full disk must not stop the work."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            full = self._path.exists() and self._path.stat().st_size > LOG_BYTES
            with self._path.open("w" if full else "a", encoding="utf-8") as file:
                file.write(self.format(record) + "\n")
        except OSError:
            self.handleError(record)


def run(start: Start) -> int:
    """Run the desktop until its window closes; returns the exit code."""
    app = make_application()
    desktop = Desktop(app, start)
    desktop.errors.install()
    forget_log = _keep_log(start.folder / "logs" / "crmdesk.log")
    desktop.show()
    try:
        return app.exec()
    finally:
        desktop.close()
        desktop.errors.uninstall()
        forget_log()

"""Roads that an older version prepared are made ready anew, beside the work.

Owns when that happens (some time after the profile was opened) and what is said about it. Preparing
is :mod:`crmdesk.services.region_packs`'.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from crmdesk.gui.jobs import Control, Runner
from crmdesk.i18n import _

if TYPE_CHECKING:
    from crmdesk.services.region_packs import PackFile

WAIT_MS = 15_000
"""The morning's first work comes first."""


class ReadyRoads(QObject):
    """Prepares, one after the other, the maps whose roads cannot be planned on."""

    def __init__(
        self,
        folder: Path,
        runner: Runner,
        say: Callable[[str], None],
        failed: Callable[[Exception], None],
        wait_ms: int = WAIT_MS,
    ) -> None:
        super().__init__(runner)
        self.closed = False
        self._folder = folder
        self._runner = runner
        self._say = say
        self._failed = failed
        self._control = Control()
        runner.closing.connect(self.close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)
        self._timer.start(wait_ms)

    def close(self) -> None:
        """Give up; what is not done is done next time."""
        self.closed = True
        self._timer.stop()
        self._control.cancel()

    def _look(self) -> None:
        from crmdesk.services.region_packs import unready_packs

        folder = self._folder
        self._runner.network(lambda: unready_packs(folder), self._on_found, owner=self)

    def _on_found(self, packs: tuple[PackFile, ...]) -> None:
        from crmdesk.services.region_packs import prepare_roads

        if not packs:
            return
        pack, folder, control = packs[0], self._folder, self._control
        self._say(
            _(
                "The roads of {name} are prepared anew for this version. Until then its drives"
                " are estimated."
            ).format(name=pack.facts.title)
        )

        def work() -> tuple[PackFile, ...]:
            prepare_roads(folder, pack, lambda _done, _all: control.check())
            return packs[1:]

        def done(rest: tuple[PackFile, ...]) -> None:
            self._say(_("{name} is ready: drives go by its roads.").format(name=pack.facts.title))
            self._on_found(rest)

        self._runner.network(work, done, self._failed, control=control, owner=self)

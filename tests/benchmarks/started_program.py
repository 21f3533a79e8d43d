"""The program as ``crmdesk`` starts it, leaving when Today's rows have been painted.

Run as a process of its own: ``started_program.py PROFILE``. Goes the way of the program's entry
point, command line included; only the desktop is told to note the instants.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdesk.gui.app import Desktop
    from tests.benchmarks.keys import Marks

_GIVE_UP_S = 60.0


def _now() -> datetime:
    return datetime.now(UTC)


def _desktop(folder: Path) -> int:
    from crmdesk.gui.app import Desktop, Start, make_application
    from tests.benchmarks.keys import when_it_takes_a_key

    marks: Marks = {}
    app = make_application()
    desktop = Desktop(app, Start(folder, _now, sync_by_itself=False))
    when_it_takes_a_key(desktop.window, marks, lambda: None)
    desktop.show()
    _until_today_is_painted(desktop, marks)
    desktop.close()
    print(json.dumps(marks))
    return 0


def _until_today_is_painted(desktop: Desktop, marks: Marks) -> None:
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QApplication

    from tests.benchmarks.keys import mark

    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise TypeError("no application")

    class Painted(QObject):
        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
            if event.type() is QEvent.Type.Paint and route.rows_model().rowCount():
                app.exit()
            return False

    deadline = time.monotonic() + _GIVE_UP_S
    while desktop.workspace is None and time.monotonic() < deadline:
        app.processEvents()
    marks["opened"] = mark()
    route = desktop.window.place("today").route
    table = route.focusProxy()
    watch = Painted(table)
    table.viewport().installEventFilter(watch)
    app.exec()
    marks["rows"] = mark()


def main() -> None:
    """Start the program on the profile named."""
    from crmdesk.cli.program import Faces
    from crmdesk.cli.program import main as run

    faces = Faces(_desktop, lambda _folder, _pictures: 3, lambda: 3)
    sys.exit(run(["--profile", sys.argv[1]], faces, _now))


if __name__ == "__main__":
    main()

"""The program as ``crmdesk`` starts it, leaving when Today's rows have been painted.

Run as a process of its own: ``started_program.py PROFILE``. Goes the way of the program's entry
point, command line included; only the desktop is told to note the instants.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_GIVE_UP_MS = 60_000


def _now() -> datetime:
    return datetime.now(UTC)


def _desktop(folder: Path) -> int:
    from PySide6.QtCore import QTimer

    from crmdesk.gui.app import Desktop, Start, make_application
    from tests.benchmarks.keys import Marks, mark, when_it_takes_a_key

    marks: Marks = {}
    app = make_application()

    def opened(window: Any, _workspace: object) -> None:
        marks["opened"] = mark()
        _when_rows_are_painted(window.place("today").route, on_rows)

    def on_rows() -> None:
        marks["rows"] = mark()
        app.exit()

    desktop = Desktop(app, Start(folder, _now, opened=opened, sync_by_itself=False))
    when_it_takes_a_key(desktop.window, marks, lambda: None)
    QTimer.singleShot(_GIVE_UP_MS, app.quit)
    desktop.show()
    app.exec()
    desktop.close()
    print(json.dumps(marks))
    return 0


def _when_rows_are_painted(route: Any, painted: Any) -> None:
    from PySide6.QtCore import QEvent, QObject, QTimer

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() is QEvent.Type.Paint and route.rows_model().rowCount():
                watched.removeEventFilter(self)
                # The painting itself comes after the filter.
                QTimer.singleShot(0, painted)
            return False

    viewport = route.focusProxy().viewport()
    viewport.installEventFilter(Watch(viewport))


def main() -> None:
    """Start the program on the profile named."""
    from crmdesk.cli.program import Faces
    from crmdesk.cli.program import main as run

    faces = Faces(_desktop, lambda _folder, _pictures: 3, lambda: 3)
    sys.exit(run(["--profile", sys.argv[1]], faces, _now))


if __name__ == "__main__":
    main()

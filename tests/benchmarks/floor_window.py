"""The floor of starting: a process that shows an empty window of the same size and takes a key."""

from __future__ import annotations

import json
import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

from tests.benchmarks.keys import Marks, when_it_takes_a_key


def main() -> None:
    """Print the instants of this start as JSON."""
    app = QApplication(sys.argv)
    window = QMainWindow()
    window.resize(1440, 900)
    marks: Marks = {}
    when_it_takes_a_key(window, marks, lambda: QTimer.singleShot(0, app.quit))
    window.show()
    app.exec()
    print(json.dumps(marks))


if __name__ == "__main__":
    main()

"""A window around one place, without the shell: shown, and of whatever size it is given."""

from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot


def on_stage(qtbot: QtBot, place: QWidget, width: int = 1200, height: int = 820) -> QWidget:
    """Show the place in a window of its own and give that window back, to be kept.

    The window takes no least size from the place: the offscreen platform warns of each change.
    """
    window = QWidget()
    layout = QVBoxLayout(window)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
    layout.addWidget(place)
    qtbot.addWidget(window)
    window.resize(width, height)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window

"""How large the window begins: as it is meant to be, and never larger than the screen."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget


def first_size(window: QWidget, wanted: tuple[int, int], platform: str = "") -> QSize:
    """The size to begin with, in px; a small laptop's screen is smaller than what is ``wanted``.

    The screen of the offscreen platform is an invention and bounds nothing.
    """
    size = QSize(*wanted)
    if (platform or QGuiApplication.platformName()) == "offscreen":
        return size
    return size.boundedTo(window.screen().availableSize())

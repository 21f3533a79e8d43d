"""Pictures of widgets for looking at and for comparing; offscreen, no display needed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QWidget


def settle(milliseconds: int = 0) -> None:
    """Let the interface thread catch up, at least ``milliseconds``.

    What wraps asks for its height when it knows its width, and so do those around it, one after
    the other: all of them are laid out when this returns.
    """
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
    for _pass in range(5):
        QApplication.processEvents()


def grab(
    widget: QWidget, path: Path, size: tuple[int, int] = (1440, 900), scale: float = 1.0
) -> QPixmap:
    """Show the widget at ``size``, save what it looks like, and give the picture back."""
    widget.resize(*size)
    widget.show()
    settle(30)
    if scale == 1.0:
        picture = widget.grab()
    else:
        picture = QPixmap(round(size[0] * scale), round(size[1] * scale))
        picture.setDevicePixelRatio(scale)
        widget.render(picture)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not picture.save(str(path)):
        raise OSError(path)
    return picture

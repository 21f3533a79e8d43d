"""Line icons drawn for crmdesk, recoloured by token.

Owns reading ``resources/icons/*.svg`` (20-px grid, stroke 1.5, ``currentColor``) and turning
them into pixmaps of the asked colour, size and pixel ratio. Which icon means what is left to
the places.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from crmdesk.gui import theme
from crmdesk.paths import resources_dir

SMALL = 16
LARGE = 20


def names() -> list[str]:
    """All line icons, sorted; the program's own mark is not one of them."""
    found = (path.stem for path in (resources_dir() / "icons").glob("*.svg"))
    return sorted(name for name in found if name != "app")


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    return (resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=512)
def _renderer(name: str, hex_color: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace("currentColor", hex_color).encode()))


@lru_cache(maxsize=1024)
def _pixmap(name: str, hex_color: str, size: int, ratio: float) -> QPixmap:
    renderer = _renderer(name, hex_color)
    made = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(made.rect()))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


def pixmap(name: str, ink: str = "muted", size: int = SMALL, ratio: float = 1.0) -> QPixmap:
    """A square pixmap of ``size`` logical px; raises FileNotFoundError for an unknown name."""
    return _pixmap(name, theme.color(ink).name(), size, ratio)


def icon(name: str, ink: str = "muted", size: int = SMALL) -> QIcon:
    """A QIcon in one colour, sharp at pixel ratios 1 and 2."""
    made = QIcon()
    for ratio in (1.0, 2.0):
        made.addPixmap(pixmap(name, ink, size, ratio))
    return made


def paint(painter: QPainter, name: str, rect: QRectF, ink: str = "muted") -> None:
    """Draw the icon into ``rect`` in the colour of the ink token (or ``#RRGGBB``)."""
    _renderer(name, theme.color(ink).name()).render(painter, rect)

"""Pictures kept over a moving map: always what painting anew would show, and seldom painted."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from crmdesk.gui import theme
from crmdesk.gui.widgets.map_kept import KeptPicture
from crmdesk.gui.widgets.map_layers import HeatLayer, MapLayer, MapPoint, TerritoryLayer
from crmdesk.gui.widgets.map_projection import Camera, project

_MOVES = st.lists(
    st.tuples(st.integers(-300, 300), st.integers(-300, 300), st.sampled_from((0, 0, 0, 1, -1))),
    min_size=1,
    max_size=6,
)


def _points() -> list[MapPoint]:
    chance = Random(5)
    return [
        MapPoint(n, chance.gauss(42.5, 0.03), chance.gauss(1.55, 0.04), chance.random(),
                 group=f"T{n % 3}")
        for n in range(60)
    ]  # fmt: skip


def _painted(layer: MapLayer, camera: Camera) -> np.ndarray:
    image = QImage(camera.width, camera.height, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFF)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    layer.paint(painter, camera)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).astype(int)


@pytest.mark.parametrize("kind", [HeatLayer, TerritoryLayer])
@settings(max_examples=15, deadline=None)
@given(moves=_MOVES)
def test_a_kept_picture_is_what_painting_anew_shows(
    qapp: QApplication, kind: type[HeatLayer | TerritoryLayer], moves: list[tuple[int, int, int]]
) -> None:
    points = _points()
    kept = kind(points)
    camera = Camera(*project(1.55, 42.5), 11.0, 400, 300)
    _painted(kept, camera)
    for right, down, zoom in moves:
        camera = camera.moved(right, down).zoomed(zoom / 2, 200, 150)
        kept.sharpen(camera, 1.0)
        assert not kept.sharpen(camera, 1.0)
        difference = np.abs(_painted(kept, camera) - _painted(kind(points), camera))
        # Soft pictures are stretched, so their pixels lie up to four apart; dashes run on.
        assert difference.mean() < 2.5


def test_a_map_that_is_only_moved_is_seldom_painted_anew(qapp: QApplication) -> None:
    drawn: list[float] = []

    def draw(painter: QPainter, camera: Camera) -> None:
        drawn.append(camera.zoom)
        painter.fillRect(QRectF(0, 0, camera.width, camera.height), theme.color("accent"))

    kept = KeptPicture(draw)

    class Layer:
        above = False
        paint = staticmethod(kept.paint)
        sharpen = staticmethod(kept.sharpen)

        def bounds_points(self) -> list[tuple[float, float]]:
            return []

    camera = Camera(0.5, 0.4, 10.0, 200, 100)
    for _step in range(40):
        assert (_painted(Layer(), camera) != 255).any(axis=0)
        camera = camera.moved(5, 3)
    assert len(drawn) == 2  # at rest, and with a margin of 256 pixels around
    for zoom in (0.5, 0.5, -1.0):
        camera = camera.zoomed(zoom, 100, 50)
        assert (_painted(Layer(), camera) != 255).any(axis=0)
    assert len(drawn) == 2  # hurrying on stretches what there is
    assert kept.sharpen(camera.zoomed(0.5, 100, 50), 1.0)
    assert drawn == [10.0, 10.0, 10.5]


@pytest.mark.parametrize("coarse", [1, 4])
@pytest.mark.parametrize("zoom", [-1.0, -0.5, 0.5, 1.0])
def test_a_stretched_picture_lies_where_the_sharp_one_will(
    qapp: QApplication, coarse: int, zoom: float
) -> None:
    corner, opposite = project(1.52, 42.52), project(1.58, 42.49)

    def draw(painter: QPainter, camera: Camera) -> None:
        left, top = camera.to_view(*corner)
        right, bottom = camera.to_view(*opposite)
        painter.fillRect(QRectF(left, top, right - left, bottom - top), theme.color("accent"))

    def ink(kept: KeptPicture, camera: Camera) -> np.ndarray:
        image = QImage(400, 300, QImage.Format.Format_RGB32)
        image.fill(0xFFFFFF)
        painter = QPainter(image)
        kept.paint(painter, camera)
        painter.end()
        pixels = np.frombuffer(image.constBits(), np.uint8).reshape(300, 400, 4)
        return pixels[:, :, 2] < 128

    stretched = KeptPicture(draw, coarse=coarse)
    camera = Camera(*project(1.55, 42.505), 11.0, 400, 300)
    ink(stretched, camera)
    for near in (camera.zoomed(zoom, 120, 80), camera.zoomed(zoom, 200, 150).moved(31, -17)):
        shown, sharp = ink(stretched, near), ink(KeptPicture(draw), near)
        assert sharp.sum() > 500
        assert (shown & sharp).sum() / (shown | sharp).sum() > 0.9

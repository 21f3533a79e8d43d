"""The map with areas over it: outlines of territories with what they say, customers as dots.

Owns painting and choosing areas; base map, moving and zooming are the map's own.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import text_token
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.map import MapView
from crmdesk.gui.widgets.map_projection import fit_camera, project
from crmdesk.i18n import _

_TALL = 220
Place = tuple[float, float]
"""Latitude and longitude in degrees."""


@dataclass(frozen=True, slots=True)
class Area:
    """An outline; ``label`` and ``detail`` stand in its middle, the tone colours it."""

    key: Hashable
    label: str
    detail: str
    outline: tuple[Place, ...]
    tone: Tone = Tone.ACCENT


@dataclass(frozen=True, slots=True)
class Dot:
    """A customer; ``strong`` ones are those it is about."""

    place: Place
    tone: Tone = Tone.MUTED
    strong: bool = False


class AreaMap(MapView):
    """``area_selected`` carries the key of the outline that was clicked."""

    area_selected = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._areas: tuple[Area, ...] = ()
        self._dots: tuple[Dot, ...] = ()
        self._chosen: Hashable | None = None
        self._fitted_to: tuple[object, ...] = ()
        self._pressed: QPointF | None = None
        self.setAccessibleName(_("Territories on the map"))

    def set_areas(
        self, areas: Sequence[Area], dots: Sequence[Dot] = (), chosen: Hashable | None = None
    ) -> None:
        """Show other outlines and dots; the view follows when the outlines have changed."""
        self._areas, self._dots, self._chosen = tuple(areas), tuple(dots), chosen
        outlines = tuple(area.outline for area in areas)
        if outlines != self._fitted_to:
            self._fitted_to = outlines
            self.fit()
        self.setAccessibleDescription(
            "; ".join(f"{area.label} {area.detail}".strip() for area in areas)
        )
        self.update()

    def areas(self) -> tuple[Area, ...]:
        """The outlines shown."""
        return self._areas

    def fit(self) -> None:
        """Show all outlines and dots."""
        places = [place for area in self._areas for place in area.outline]
        places += [dot.place for dot in self._dots]
        if not places:
            super().fit()
            return
        points = [project(longitude, latitude) for latitude, longitude in places]
        margin = (30, 30, theme.scaled(52), 34)
        self._move_to(fit_camera(points, self.width(), self.height(), margin=margin))
        self._fitted = True

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for area in self._areas:
            self._paint_area(painter, area)
        for dot in sorted(self._dots, key=lambda one: one.strong):
            self._paint_dot(painter, dot)
        taken: list[QRectF] = []
        for area in self._areas:
            self._paint_label(painter, area, taken)
        painter.end()

    def _polygon(self, area: Area) -> QPolygonF:
        camera = self.camera()
        return QPolygonF(
            [
                QPointF(*camera.to_view(*project(longitude, latitude)))
                for latitude, longitude in area.outline
            ]
        )

    def _paint_area(self, painter: QPainter, area: Area) -> None:
        chosen = area.key == self._chosen
        ink = text_token(area.tone)
        painter.setPen(QPen(theme.color(ink), 2.5 if chosen else 1.5))
        painter.setBrush(theme.color(ink, alpha=0.26 if chosen else 0.14))
        painter.drawPolygon(self._polygon(area))

    def _paint_dot(self, painter: QPainter, dot: Dot) -> None:
        latitude, longitude = dot.place
        x, y = self.camera().to_view(*project(longitude, latitude))
        radius = 4.5 if dot.strong else 2.5
        painter.setPen(QPen(theme.color("surface"), 1))
        painter.setBrush(theme.color(text_token(dot.tone)))
        painter.drawEllipse(QPointF(x, y), radius, radius)

    def _paint_label(self, painter: QPainter, area: Area, taken: list[QRectF]) -> None:
        """The words of an area in its middle, above one that they would hide; none over another."""
        if not area.outline:
            return
        told = area.detail if self.height() >= theme.scaled(_TALL) else ""
        around = self._polygon(area).boundingRect()
        middle = around.center()
        name, detail = theme.font(t.SIZE_SMALL, t.SEMIBOLD), theme.font(t.SIZE_SMALL)
        width = max(
            QFontMetricsF(name).horizontalAdvance(area.label),
            QFontMetricsF(detail).horizontalAdvance(told),
        )
        line = theme.scaled(17)
        height = line * (2 if told else 1) + 6
        box = QRectF(middle.x() - width / 2 - 8, middle.y() - height / 2, width + 16, height)
        if around.width() < box.width() and around.height() < 2 * box.height():
            box.moveBottom(max(around.top() - 4, box.height()))
        while (met := next((one for one in taken if one.intersects(box)), None)) is not None:
            box.moveTop(met.bottom() + 2)
        taken.append(box)
        painter.setPen(QPen(theme.color(text_token(area.tone)), 1))
        painter.setBrush(theme.color("raised", alpha=0.92))
        painter.drawRoundedRect(box, t.RADIUS, t.RADIUS)
        painter.setFont(name)
        painter.setPen(theme.color("text"))
        upper = QRectF(box.left(), box.top() + 3, box.width(), line)
        painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, area.label)
        if told:
            painter.setFont(detail)
            painter.setPen(theme.color(text_token(area.tone)))
            painter.drawText(upper.translated(0, line), Qt.AlignmentFlag.AlignCenter, told)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        at, pressed = event.position(), self._pressed
        if pressed is None or (at - pressed).manhattanLength() > 4:
            return
        for area in reversed(self._areas):
            if self._polygon(area).containsPoint(at, Qt.FillRule.WindingFill):
                self.area_selected.emit(area.key)
                return

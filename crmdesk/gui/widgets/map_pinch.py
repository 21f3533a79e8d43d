"""Two fingers that zoom, on a touchpad or a touch screen, in the steps of the map.

Owns hearing both kinds of events and adding up their small changes until they make a step.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QNativeGestureEvent
from PySide6.QtWidgets import QGestureEvent, QPinchGesture, QWidget

from crmdesk.gui.widgets.map_projection import ZOOM_STEP

PINCHES = {QEvent.Type.NativeGesture, QEvent.Type.Gesture}
"""The events that may be one."""
_LEAST, _MOST = 0.25, 4.0  # a change of size within one event


@dataclass(frozen=True, slots=True)
class Pinched:
    """By how much to zoom, around which pixel of the view."""

    change: float
    at: QPointF


class Pinching:
    """The pinches of one view."""

    def __init__(self, view: QWidget) -> None:
        self._view = view
        self._rest = 0.0
        if sys.platform != "darwin":  # there touchpads alone pinch, and say so themselves
            view.grabGesture(Qt.GestureType.PinchGesture)

    def hear(self, event: QEvent) -> Pinched | None:
        """What an event asks for; None when it is no pinch. Less than a step changes nothing."""
        if event.type() is QEvent.Type.NativeGesture:
            return self._hear_touchpad(cast(QNativeGestureEvent, event))
        if event.type() is QEvent.Type.Gesture:
            return self._hear_touch(cast(QGestureEvent, event))
        return None

    def _hear_touchpad(self, event: QNativeGestureEvent) -> Pinched | None:
        kind = event.gestureType()
        if kind is Qt.NativeGestureType.BeginNativeGesture:
            self._rest = 0.0
            return None
        if kind is not Qt.NativeGestureType.ZoomNativeGesture:
            return None
        return self._pinched(1.0 + event.value(), event.position())

    def _hear_touch(self, event: QGestureEvent) -> Pinched | None:
        pinch = event.gesture(Qt.GestureType.PinchGesture)
        if not isinstance(pinch, QPinchGesture):
            return None
        if pinch.state() is Qt.GestureState.GestureStarted:
            self._rest = 0.0
        middle = self._view.mapFromGlobal(pinch.centerPoint())
        return self._pinched(pinch.scaleFactor(), middle)

    def _pinched(self, factor: float, at: QPointF) -> Pinched:
        if math.isfinite(factor):
            self._rest += math.log2(min(max(factor, _LEAST), _MOST))
        steps = math.trunc(self._rest / ZOOM_STEP)
        self._rest -= steps * ZOOM_STEP
        return Pinched(steps * ZOOM_STEP, at)

"""The two zoom buttons in the map's corner.

Owns their look. What they do is the map view's.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui.theme_tokens import RADIUS
from crmdesk.i18n import _

_SIDE = 26


class ZoomButtons(QWidget):
    """Plus above minus; ``pressed`` carries 1 or -1."""

    pressed = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._plus = self._button("plus", _("Zoom in"), 1)
        self._minus = self._button("minus", _("Zoom out"), -1)
        column.addWidget(self._plus)
        column.addWidget(self._minus)
        self._dress()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._dress()
        super().changeEvent(event)

    def _button(self, icon: str, name: str, step: int) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(icon)
        button.setAccessibleName(name)
        button.setToolTip(name)
        # The keys + and − do the same; the stops are what Tab should reach in a map.
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.clicked.connect(lambda: self.pressed.emit(step))
        return button

    def _dress(self) -> None:
        tk = theme.tokens()
        side = theme.scaled(_SIDE)
        for button, sides in (
            (self._plus, ("top-left", "top-right")),
            (self._minus, ("bottom-left", "bottom-right")),
        ):
            corners = " ".join(f"border-{name}-radius: {RADIUS}px;" for name in sides)
            lid = "border-top: none;" if button is self._minus else ""
            button.setIcon(icons.icon(button.objectName(), "muted"))
            button.setFixedSize(side, side)
            button.setStyleSheet(
                f"QToolButton {{ background: {tk.raised}; border: 1px solid {tk.border}; {lid}"
                f" {corners} }} QToolButton:hover {{ background: {tk.hover}; }}"
            )
        self.setFixedSize(side, 2 * side)

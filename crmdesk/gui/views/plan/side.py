"""Beside the board: the map of the chosen day, and who is not planned."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.plan.items import UnplannedItem
from crmdesk.gui.views.plan.unplanned import UnplannedList
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.map import MapView
from crmdesk.gui.widgets.map_items import Home, MapStop
from crmdesk.gui.widgets.panels import Panel
from crmdesk.i18n import _

_WIDTH = 288
_MAP = 272


class SideColumn(QWidget):
    """``maps_wanted`` for more of maps; ``sorted(by_due)`` when the list is turned round."""

    maps_wanted = Signal()
    sorted = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._by_due = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        self._map_panel = Panel(_("Map"), parent=self)
        self.map = MapView(self._map_panel)
        self.maps = KeyHintButton("", keys.hint("plan.maps"), kind="quiet", icon="map")
        self.maps.setAccessibleName(_("Maps"))
        self.maps.setToolTip(keys.title("plan.maps"))
        if self._map_panel.header is not None:
            self._map_panel.header.add_right(self.maps)
        self._map_panel.body.addWidget(self.map)
        column.addWidget(self._map_panel)
        self._left_out = Panel(_("Not planned"), parent=self)
        self._order = KeyHintButton(_("by margin"), kind="quiet", icon="sort-down")
        if self._left_out.header is not None:
            self._left_out.header.add_right(self._order)
        self.unplanned = UnplannedList()
        scroll = QScrollArea()
        scroll.setWidget(self.unplanned)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        self.unplanned.setAutoFillBackground(False)
        self._left_out.body.addWidget(scroll, 1)
        column.addWidget(self._left_out, 1)
        self.maps.clicked.connect(self.maps_wanted)
        self._order.clicked.connect(self._on_order_clicked)

    def fit(self, width: int, height: int) -> None:
        """Grow with the text, but leave the board three quarters of the place's size."""
        self.setFixedWidth(min(theme.scaled(_WIDTH), width * 26 // 100))
        self._map_panel.setFixedHeight(min(theme.scaled(_MAP), height * 2 // 5))

    def show_map(
        self, title: str, note: str, stops: Sequence[MapStop], home: Home | None, card: int | None
    ) -> None:
        """Show a day's route with its chosen stop."""
        self._map_panel.set_title(title, note)
        self._map_panel.setToolTip(note)
        self.map.set_route(stops, home)
        self.map.select(card)

    def show_unplanned(self, note: str, items: Sequence[UnplannedItem]) -> None:
        """Show who is left out."""
        self._left_out.set_title(_("Not planned"), note)
        self.unplanned.set_items(items)

    def _on_order_clicked(self) -> None:
        self._by_due = not self._by_due
        self._order.set_label(_("by date") if self._by_due else _("by margin"))
        self.sorted.emit(self._by_due)

"""Maps on the screen: places to put right and maps on the left, the map itself beside them.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.maps.model import maps_model, places_model
from crmdesk.gui.views.maps.presenter import MapsPresenter, MapsSheet
from crmdesk.gui.views.maps.words import cover_words, quality_words, stage_words
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.map_layers import ClusterLayer, HeatLayer, MapPoint, TerritoryLayer
from crmdesk.gui.widgets.map_placing import PlacingMap
from crmdesk.gui.widgets.map_tiles import TileStore
from crmdesk.gui.widgets.notices import EmptyState, ProgressLine
from crmdesk.gui.widgets.panels import KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.side_tables import TableOrEmpty, fill_table, side_table
from crmdesk.i18n import _
from crmdesk.interchange.mappack import SUFFIX
from crmdesk.interchange.mbtiles import SUFFIX as PICTURES
from crmdesk.services.queries.locations import PlaceProblem
from crmdesk.services.queries.maps import MapRow
from crmdesk.services.region_packs import FOLDER

_SIDE = 400
_FOOT = ("maps.map", "maps.put", "maps.keep", "maps.card", "maps.heat", "maps.territories")
_MAPS_FOOT = ("maps.add", "maps.publish", "maps.fetch", "maps.remove")


class MapsPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self._folder = context.workspace.folder / FOLDER
        self._sheet: MapsSheet | None = None
        self._wanted: int | None = None
        self._heat = False
        self._territories = False
        self.presenter = MapsPresenter(context, self)
        self._build()
        self._bind()
        self.setFocusProxy(self.places)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: whose pin is to be put right."""
        if "account" in args:
            self._wanted = int(args["account"])
            self._show_wanted()

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self.header = PageHeader(_("Maps"), self)
        self.make = KeyHintButton(
            _("Make a map"), keys.hint("maps.build"), kind="filled", parent=self
        )
        self.header.add_action(self.make)
        column.addWidget(self.header)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addWidget(self._side())
        row.addWidget(self._map_panel(), 1)
        column.addLayout(row, 1)

    def _side(self) -> QWidget:
        side = QWidget(self)
        theme.fix_width(side, _SIDE)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        panel = Panel(_("Places to put right"), parent=side)
        self.places_panel = panel
        self.places = side_table(places_model(self), _("Places to put right"), self)
        none = EmptyState(
            "pin", _("Every customer is placed well."),
            _("Choose one on the map to move its pin."), parent=panel,
        )  # fmt: skip
        self._stack = TableOrEmpty(self.places, none, panel)
        panel.body.addWidget(self._stack, 1)
        column.addWidget(panel, 3)
        second = Panel(_("Maps"), _("made of OpenStreetMap extracts"), side)
        self.maps = side_table(maps_model(self), _("Maps"), self)
        second.body.addWidget(self.maps, 1)
        self.progress = ProgressLine(second, key=keys.hint("maps.stop"))
        self.progress.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        self.progress.hide()
        second.body.addWidget(self.progress)
        second.add_foot(
            KeyStrip([((keys.hint(action),), keys.title(action)) for action in _MAPS_FOOT])
        )
        column.addWidget(second, 2)
        return side

    def _map_panel(self) -> Panel:
        panel = Panel(parent=self)
        self.map = PlacingMap(panel)
        panel.body.addWidget(self.map, 1)
        panel.add_foot(KeyStrip([((keys.hint(action),), keys.title(action)) for action in _FOOT]))
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self.places.current_key_changed.connect(
            lambda key: presenter.choose_place(key if isinstance(key, int) else None)
        )
        self.places.opened.connect(lambda _key: self.map.setFocus())
        self.map.placed.connect(presenter.keep_pin)
        self.map.chosen.connect(self._on_point_chosen)
        self.make.clicked.connect(self._on_build_wanted)
        self.progress.cancelled.connect(presenter.stop)
        slots: dict[str, Callable[[], object]] = {
            "maps.part1": self.places.setFocus, "maps.part2": self.maps.setFocus,
            "maps.build": self._on_build_wanted, "maps.add": self._on_add_wanted,
            "maps.stop": presenter.stop, "maps.map": self.map.setFocus,
            "maps.publish": lambda: presenter.publish(self._map_row()),
            "maps.fetch": lambda: presenter.fetch(self._map_row()),
            "maps.remove": lambda: presenter.remove(self._map_row()),
            "maps.card": presenter.open_card,
            "maps.heat": self._on_heat, "maps.territories": self._on_territories,
        }  # fmt: skip
        for action, slot in slots.items():
            keys.bind(self, action, slot)

    # ------------------------------------------------------------------- the presenter's view

    def show_sheet(self, sheet: MapsSheet) -> None:
        """Show places, maps and points."""
        first = self._sheet is None
        self._sheet = sheet
        self.header.set_title(
            _("Maps"),
            [Run(quality_words(sheet.quality), "muted"), Run(" · ", "muted"),
             Run(cover_words(sheet.page), "muted")],
        )  # fmt: skip
        rows = {row.account_id: row for row in sheet.quality.rows}
        fill_table(self.places, list(rows), rows)
        self._stack.show_table(on=bool(rows))
        by_key = {row.key: row for row in sheet.page.rows}
        fill_table(self.maps, list(by_key), by_key)
        self._show_layers()
        if first:
            self.map.fit()
        self._show_wanted()

    def show_pin(self, name: str, latitude: float | None, longitude: float | None) -> None:
        """Show the pin of a customer; no name: nobody's."""
        if name:
            self.map.show_pin(name, latitude, longitude)
        else:
            self.map.hide_pin()

    def propose_pin(self, latitude: float, longitude: float) -> None:
        """Put the chosen customer's pin where it probably belongs, to be kept by a key."""
        self.map.propose(latitude, longitude)

    def show_making(self, stage: str, done: int, total: int) -> None:
        """Show how far the making of a map is; no stage: none is made."""
        self.progress.setVisible(bool(stage))
        self.make.setEnabled(not stage)
        if stage:
            self.progress.show_progress(stage_words(stage), done if total else 0, total)

    def maps_changed(self) -> None:
        """Other maps are in the profile now: draw with them."""
        TileStore.of_application().look_again(self._folder)

    # --------------------------------------------------------------------------------- layers

    def _show_layers(self) -> None:
        if self._sheet is None:
            return
        poor = {
            row.account_id
            for row in self._sheet.quality.rows
            if row.problem is not PlaceProblem.NONE
        }
        most = max((point.due_minor for point in self._sheet.points), default=0) or 1
        points = [
            MapPoint(
                point.account_id, point.latitude, point.longitude, point.due_minor / most,
                point.account_id in poor, point.territory,
            )
            for point in self._sheet.points
        ]  # fmt: skip
        self.map.clusters = ClusterLayer(points)
        layers: list[Any] = [TerritoryLayer(points)] if self._territories else []
        layers += [HeatLayer(points)] if self._heat else []
        self.map.layers = [*layers, self.map.clusters]
        self.map.update()

    def _on_heat(self) -> None:
        self._heat = not self._heat
        self._show_layers()

    def _on_territories(self) -> None:
        self._territories = not self._territories
        self._show_layers()

    # --------------------------------------------------------------------------------- input

    def _show_wanted(self) -> None:
        if self._wanted is None or self._sheet is None:
            return
        wanted, self._wanted = self._wanted, None
        self._on_point_chosen(wanted)
        self.map.setFocus()

    def _on_point_chosen(self, key: object) -> None:
        if isinstance(key, int) and not self.places.select_key(key):
            self.presenter.choose_place(key)

    def _map_row(self) -> MapRow | None:
        key = self.maps.current_key()
        rows = self._sheet.page.rows if self._sheet is not None else ()
        return next((row for row in rows if row.key == key), None)

    def _file(self, title: str, kinds: str) -> Path | None:
        place = QStandardPaths.StandardLocation.DownloadLocation
        name, _kind = QFileDialog.getOpenFileName(
            self, title, QStandardPaths.writableLocation(place), kinds
        )
        return Path(name) if name else None

    def _on_build_wanted(self) -> None:
        if self.presenter.making:
            return
        path = self._file(_("Choose an extract"), _("OpenStreetMap extracts (*.osm.pbf *.pbf)"))
        if path is not None:
            self.presenter.build(path)

    def _on_add_wanted(self) -> None:
        path = self._file(
            _("Choose a map"), _("Maps ({pattern})").format(pattern=f"*{SUFFIX} *{PICTURES}")
        )
        if path is not None:
            self.presenter.add(path)


def build(context: PlaceContext) -> MapsPlace:
    """Make the place."""
    return MapsPlace(context)

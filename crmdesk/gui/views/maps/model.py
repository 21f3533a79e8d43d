"""The tables of the maps place: customers to put right, and maps."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from crmdesk.gui.views.maps.words import problem_words, roads_words, state_words
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import _, format_number
from crmdesk.services.queries.locations import PlaceProblem, PlaceRow
from crmdesk.services.queries.maps import MapRow, MapState

_BAD = (PlaceProblem.NONE, PlaceProblem.ZERO, PlaceProblem.SWAPPED, PlaceProblem.OUTLIER)


def places_model(parent: QWidget) -> RowsModel:
    """Customers by local id, with what is wrong with their place."""
    return RowsModel(
        (
            Column(
                "customer", _("Customer"),
                lambda row: Cell(row.name, unit=row.town, detail=problem_words(row),
                                 detail_tone=_tone(row)),
                260, stretch=True, sortable=False,
            ),
        ),
        parent=parent,
    )  # fmt: skip


def _tone(row: PlaceRow) -> Tone:
    return Tone.DANGER if row.problem in _BAD else Tone.WARNING


def maps_model(parent: QWidget) -> RowsModel:
    """Maps by their key."""
    return RowsModel(
        (
            Column(
                "map", _("Map"),
                lambda row: Cell(row.title, unit=roads_words(row), detail=state_words(row),
                                 detail_tone=_map_tone(row)),
                280, stretch=True, sortable=False,
            ),
            Column(
                "customers", _("Customers"),
                lambda row: Cell(_count(row)), 88, right=True,
                sortable=False,
            ),
        ),
        parent=parent,
    )  # fmt: skip


def _count(row: MapRow) -> str:
    """How many customers a map has roads for."""
    if row.pack is not None and not row.pack.facts.roads:
        return "–"
    return format_number(float(row.customers))


def _map_tone(row: MapRow) -> Tone:
    return Tone.DANGER if row.problem or row.state is MapState.REFUSED else Tone.MUTED

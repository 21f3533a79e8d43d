"""The words of the maps place."""

from __future__ import annotations

from crmdesk.i18n import _, format_bytes, format_number, format_percent, ngettext
from crmdesk.services.queries.locations import PlaceProblem, PlaceQuality, PlaceRow
from crmdesk.services.queries.maps import MapRow, MapsPage, MapState


def problem_words(row: PlaceRow) -> str:
    """What is wrong with a place."""
    if row.problem is PlaceProblem.OUTLIER:
        return _("{km} km from all others").format(km=format_number(row.km, 0))
    if row.problem is PlaceProblem.OFF_ROAD:
        return _("{km} km from every road").format(km=format_number(row.km, 1))
    return {
        PlaceProblem.NONE: _("no place"),
        PlaceProblem.ZERO: _("latitude and longitude are 0"),
        PlaceProblem.SWAPPED: _("latitude and longitude look exchanged"),
        PlaceProblem.POSTCODE: _("by postcode or town only"),
        PlaceProblem.SHARED: _("on one spot with others"),
    }[row.problem]


def state_words(row: MapRow) -> str:
    """Where a map is and what happens to it."""
    if row.problem:
        return row.problem
    if row.unready:
        return _("roads not prepared yet: its drives are estimated")
    if row.state is MapState.COMING:
        return _("{share} fetched").format(share=format_percent(row.share))
    if row.state is MapState.HERE and row.sending:
        return _("goes to HQ with the next sync")
    if row.state is MapState.HERE and row.published_id is not None:
        return _("here, given to everybody")
    if row.state is MapState.HERE and row.pack is not None and row.pack.bundled:
        return _("comes with the program")
    return {
        MapState.HERE: _("only here"), MapState.AT_HQ: _("at HQ; D fetches it"),
        MapState.ARRIVED: _("has arrived"), MapState.REFUSED: _("cannot be fetched"),
    }[row.state]  # fmt: skip


def roads_words(row: MapRow) -> str:
    """What a map is good for, and how large it is."""
    size = format_bytes(row.size)
    if row.pack is None:
        return size
    roads = row.pack.facts.roads
    zooms = row.pack.facts.zooms
    if zooms is not None:
        return _("pictures, zoom {first} to {last}, {size}").format(
            first=zooms[0], last=zooms[1], size=size
        )
    if not roads:
        return _("names only, {size}").format(size=size)
    return ngettext(
        "{roads} stretch of road, {size}", "{roads} stretches of road, {size}", roads
    ).format(roads=format_number(float(roads)), size=size)


def quality_words(found: PlaceQuality) -> str:
    """How well all customers are placed."""
    return _("{good} of {customers} customers are placed well").format(
        good=found.good, customers=found.customers
    )


def cover_words(page: MapsPage) -> str:
    """What share of the customers can be driven to by road."""
    if not page.placed:
        return _("no customer has a place yet")
    if page.covered == page.placed:
        return _("every placed customer lies on a map with roads")
    return ngettext(
        "{count} placed customer lies on no map with roads: its drives are estimated",
        "{count} placed customers lie on no map with roads: their drives are estimated",
        page.placed - page.covered,
    ).format(count=page.placed - page.covered)


def stage_words(stage: str) -> str:
    """What the making of a map is at."""
    return {
        "reading": _("Reading the extract"), "roads": _("Cutting roads at junctions"),
        "levels": _("Drawing levels of detail"), "writing": _("Writing the map"),
        "preparing": _("Preparing roads for planning"),
    }.get(stage, _("Making the map"))  # fmt: skip

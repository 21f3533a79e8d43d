"""Routes for navigation devices and maps: GPX 1.1 (topografix.com/GPX/1/1) and KML 2.2 (OGC).

Owns the two shapes. Text goes through the XML library, so that no name can break a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from crmdesk.i18n import format_date
from crmdesk.interchange.route import Point, RouteDay, RouteStop, safe_line

_GPX, _KML = "http://www.topografix.com/GPX/1/1", "http://www.opengis.net/kml/2.2"


def gpx_bytes(days: Sequence[RouteDay], title: str, stamp: datetime) -> bytes:
    """A route for each day, numbered stops between its two ends."""
    root = ET.Element("gpx", {"version": "1.1", "creator": "crmdesk", "xmlns": _GPX})
    metadata = ET.SubElement(root, "metadata")
    _text(metadata, "name", title)
    _text(metadata, "time", stamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    for day in days:
        if not day.drives:
            continue
        route = ET.SubElement(root, "rte")
        _text(route, "name", _day_title(day))
        if day.start is not None:
            _point(route, day.start, day.start_name, None)
        for number, stop in enumerate(day.drives, 1):
            if stop.place is not None:
                _point(route, stop.place, f"{number} {stop.name}", stop)
        if day.end is not None:
            _point(route, day.end, day.end_name, None)
    return _written(root)


def kml_bytes(days: Sequence[RouteDay], title: str) -> bytes:
    """A folder for each day: a placemark per stop and the line that joins them."""
    root = ET.Element("kml", {"xmlns": _KML})
    document = ET.SubElement(root, "Document")
    _text(document, "name", title)
    for day in days:
        if not day.drives:
            continue
        folder = ET.SubElement(document, "Folder")
        _text(folder, "name", _day_title(day))
        for number, stop in enumerate(day.drives, 1):
            mark = ET.SubElement(folder, "Placemark")
            _text(mark, "name", f"{number} {stop.name}")
            if stop.address:
                _text(mark, "description", stop.address)
            point = ET.SubElement(mark, "Point")
            _text(point, "coordinates", _coordinates([stop.place] if stop.place else []))
        line = ET.SubElement(folder, "Placemark")
        _text(line, "name", _day_title(day))
        shape = ET.SubElement(line, "LineString")
        _text(shape, "tessellate", "1")
        _text(shape, "coordinates", _coordinates(day.points))
    return _written(root)


def _point(parent: ET.Element, place: Point, name: str, stop: RouteStop | None) -> None:
    point = ET.SubElement(parent, "rtept", {"lat": f"{place[0]:.6f}", "lon": f"{place[1]:.6f}"})
    if stop is not None and stop.begins is not None:
        _text(point, "time", stop.begins.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if name:
        _text(point, "name", name)
    if stop is not None and stop.address:
        _text(point, "desc", stop.address)


def _coordinates(points: Sequence[Point]) -> str:
    """KML has the longitude first."""
    return " ".join(f"{longitude:.6f},{latitude:.6f}" for latitude, longitude in points)


def _day_title(day: RouteDay) -> str:
    return format_date(day.day, weekday=True, year=True)


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = safe_line(text)


def _written(root: ET.Element) -> bytes:
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"

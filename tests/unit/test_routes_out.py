"""Plans in files of other programs: nothing a person typed may break or disguise them."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from crmdesk.interchange.calendar import CANCEL, Organizer, calendar_bytes
from crmdesk.interchange.map_links import MOST_POINTS, MapProgram, map_links
from crmdesk.interchange.route import RouteDay, RouteStop, chunks, safe_line
from crmdesk.interchange.tracks import gpx_bytes, kml_bytes

STAMP = datetime(2026, 11, 24, 8, 52, tzinfo=UTC)
DAY = date(2026, 11, 26)
REP = Organizer("Rocío Almagro", "R1", "rocio@example.org")
NASTY = 'Бакалея "Волга"; <b>&, متجر النور\r\nBEGIN:VEVENT\x00\u202egnp.exe'
SAFE = 'Бакалея "Волга"; <b>&, متجر النور BEGIN:VEVENTgnp.exe'


def parsed(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - made by the program itself


def stop(name: str = "Bar El Parque", **values: Any) -> RouteStop:
    fields: dict[str, Any] = {
        "uid": f"{name.encode('utf-8', 'replace').hex()[:20]}@crmdesk", "name": name,
        "address": "Calle Mayor 1, Rute", "place": (42.5, 1.52), "day": DAY,
        "begins": datetime(2026, 11, 26, 9, 5, tzinfo=UTC), "minutes": 25, "in_person": True,
    }  # fmt: skip
    return RouteStop(**{**fields, **values})


def day(*stops: RouteStop) -> RouteDay:
    return RouteDay(DAY, stops, (42.46, 1.49), (42.54, 1.73), "Home", "Hotel Canillo")


def test_an_event_says_when_where_and_how_sure() -> None:
    stops = [
        stop(sequence=3),
        stop("Bar Dos", tentative=True),
        stop("Bar Tres", begins=None, in_person=False),
        stop("Gone", cancelled=True, sequence=2),
    ]
    text = calendar_bytes(stops, REP, STAMP)
    calendar = Calendar.from_ical(text)
    assert calendar["METHOD"] == "PUBLISH"
    one, two, three = calendar.walk("VEVENT")
    assert str(one["UID"]) == stops[0].uid
    assert (one["SEQUENCE"], str(one["STATUS"])) == (3, "CONFIRMED")
    assert one.decoded("DTSTART") == datetime(2026, 11, 26, 9, 5, tzinfo=UTC)
    assert one.decoded("DTEND") == datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
    assert one["GEO"].to_ical() == "42.5;1.52"
    assert str(one["ORGANIZER"]) == "mailto:rocio@example.org"
    assert str(two["STATUS"]) == "TENTATIVE"
    assert three.decoded("DTSTART") == DAY
    assert str(three["TRANSP"]) == "TRANSPARENT"
    gone = Calendar.from_ical(calendar_bytes(stops, REP, STAMP, method=CANCEL))
    assert gone["METHOD"] == "CANCEL"
    (event,) = gone.walk("VEVENT")
    assert (str(event["STATUS"]), event["SEQUENCE"]) == ("CANCELLED", 2)
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))


def test_a_person_without_an_address_has_one_that_cannot_exist() -> None:
    calendar = Calendar.from_ical(calendar_bytes([stop()], Organizer('A "B"', "R 1"), STAMP))
    (event,) = calendar.walk("VEVENT")
    assert str(event["ORGANIZER"]) == "mailto:R1@crmdesk.invalid"


def test_names_cannot_break_a_file_or_turn_its_direction() -> None:
    assert safe_line(NASTY) == SAFE
    nasty = stop(NASTY, address=NASTY, note=NASTY)
    calendar = Calendar.from_ical(calendar_bytes([nasty], REP, STAMP))
    (event,) = calendar.walk("VEVENT")
    assert str(event["SUMMARY"]) == SAFE
    gpx = parsed(gpx_bytes([day(nasty)], NASTY, STAMP))
    names = [found.text for found in gpx.iter("{http://www.topografix.com/GPX/1/1}name")]
    assert names == [SAFE, "Thu 26 Nov 2026", "Home", f"1 {SAFE}", "Hotel Canillo"]
    kml = parsed(kml_bytes([day(nasty)], NASTY))
    assert SAFE in "".join(kml.itertext())


def test_routes_have_their_points_in_order() -> None:
    route = day(stop("A", place=(1.0, 10.0)), stop("B", place=None), stop("C", place=(3.0, 30.0)))
    gpx = parsed(gpx_bytes([route], "Visits", STAMP))
    points = [(p.get("lat"), p.get("lon")) for p in gpx.iter() if p.tag.endswith("rtept")]
    assert points == [
        ("42.460000", "1.490000"), ("1.000000", "10.000000"), ("3.000000", "30.000000"),
        ("42.540000", "1.730000"),
    ]  # fmt: skip
    kml = kml_bytes([route], "Visits").decode()
    assert "1.490000,42.460000 10.000000,1.000000 30.000000,3.000000 1.730000,42.540000" in kml
    assert b"<rte>" not in gpx_bytes([day(stop(in_person=False))], "Visits", STAMP)


@pytest.mark.parametrize("program", list(MapProgram))
def test_links_are_short_enough_and_join(program: MapProgram) -> None:
    points = [(42 + n / 100, 1 + n / 100) for n in range(24)]
    links = map_links(points, program)
    assert links[0].first == 0
    assert links[-1].last == 23
    assert all(a.last == b.first for a, b in pairwise(links))
    assert all(link.last - link.first + 1 <= MOST_POINTS[program] for link in links)
    assert all(link.url.startswith("https://") and len(link.url) < 2_000 for link in links)
    assert map_links(points[:1], program) == ()


def test_a_google_link_has_its_places_on_the_way() -> None:
    points = [(42.0, 1.0), (42.1, 1.1), (42.2, 1.2), (42.3, 1.3)]
    (link,) = map_links(points, MapProgram.GOOGLE)
    query = parse_qs(urlsplit(link.url).query)
    assert query["origin"] == ["42.000000,1.000000"]
    assert query["waypoints"] == ["42.100000,1.100000|42.200000,1.200000"]
    assert query["destination"] == ["42.300000,1.300000"]
    (apple,) = map_links(points, MapProgram.APPLE)
    assert parse_qs(urlsplit(apple.url).query)["waypoint"] == [
        "42.100000,1.100000", "42.200000,1.200000",
    ]  # fmt: skip
    assert len(map_links(points, MapProgram.GOOGLE, most=3)) == 2


@given(st.integers(0, 60), st.integers(2, 20))
def test_stretches_cover_every_way_once(count: int, most: int) -> None:
    points = [(float(n), float(n)) for n in range(count)]
    ways = [way for part in chunks(points, most) for way in pairwise(part)]
    assert ways == list(pairwise(points))


@given(st.text(), st.text(), st.text())
def test_any_text_makes_files_that_can_be_read(name: str, address: str, note: str) -> None:
    odd = stop(name, address=address, note=note)
    (event,) = Calendar.from_ical(calendar_bytes([odd], REP, STAMP)).walk("VEVENT")
    assert str(event["SUMMARY"]) == safe_line(name)
    parsed(gpx_bytes([day(odd)], name, STAMP))
    parsed(kml_bytes([day(odd)], name))

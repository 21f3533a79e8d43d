"""The places of the demo company: real, inside their countries, and stable."""

from pathlib import Path

import pytest

from crmdesk.demo.geography import Country, places, regions
from crmdesk.demo.geography_sources import spanish_places


def test_there_are_enough_places_for_the_demo() -> None:
    assert len(places("AD")) >= 2_500
    assert len({(p.region, p.town) for p in places("ES")}) >= 450
    assert regions("AD") == (
        "Andorra la Vella", "Canillo", "Encamp", "Escaldes-Engordany", "La Massana", "Ordino",
        "Sant Julià de Lòria",
    )  # fmt: skip
    assert regions("ES") == ("Barcelona", "Córdoba", "Girona", "Huesca", "Lleida", "Sevilla")


@pytest.mark.parametrize(
    ("country", "west", "south", "east", "north"),
    [("AD", 1.40, 42.42, 1.79, 42.66), ("ES", -6.6, 36.8, 3.4, 43.0)],
)
def test_places_lie_in_their_country(
    country: Country, west: float, south: float, east: float, north: float
) -> None:
    for place in places(country):
        assert west <= place.longitude <= east
        assert south <= place.latitude <= north
        assert place.country == country
        assert place.street and place.town and place.postcode and place.region


def test_no_address_stands_for_two_buildings_of_one_town() -> None:
    addresses = [(p.region, p.town, p.street) for p in places("AD")]
    assert len(set(addresses)) == len(addresses)


def test_the_file_is_what_its_source_gives(shared_data: Path) -> None:
    spain = spanish_places(shared_data / "geo" / "ES.txt")
    assert [(p.street, p.town, p.latitude) for p in places("ES")] == [
        (row[0], row[1], row[4]) for row in spain
    ]

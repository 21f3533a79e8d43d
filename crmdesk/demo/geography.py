"""Real places for the demo company's customers.

Owns reading ``resources/demo/places.json.zst``: addresses in Andorra (OpenStreetMap, ODbL) and in
Spanish towns (GeoNames, CC BY 4.0). The file holds streets and towns only, no businesses and no
persons; who lives at an address is invented elsewhere. :mod:`crmdesk.demo.geography_sources`
makes the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import msgspec
import zstandard

from crmdesk.paths import resources_dir

Country = Literal["AD", "ES"]


@dataclass(frozen=True, slots=True)
class Place:
    """One address. ``region`` is the parish (Andorra) or the province (Spain).

    Latitude and longitude are degrees on WGS 84.
    """

    street: str
    town: str
    postcode: str
    region: str
    country: str
    latitude: float
    longitude: float


@cache
def places(country: Country) -> tuple[Place, ...]:
    """Every address of a country, ordered by region, town and street (so stable between runs)."""
    path = resources_dir() / "demo" / "places.json.zst"
    raw = zstandard.ZstdDecompressor().decompress(path.read_bytes())
    rows = msgspec.json.decode(raw, type=dict[str, list[tuple[str, str, str, str, float, float]]])
    return tuple(
        Place(street, town, postcode, region, country, latitude, longitude)
        for street, town, postcode, region, latitude, longitude in rows[country]
    )


def regions(country: Country) -> tuple[str, ...]:
    """The parishes or provinces a country's places lie in, in alphabetical order."""
    return tuple(sorted({place.region for place in places(country)}))

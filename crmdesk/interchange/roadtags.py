"""What the tags of an OpenStreetMap way say about driving on it: class, speed, direction, access.

Owns the table of road classes and usual speeds, and who may drive where. Tags are what anybody
wrote: every value is read within bounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

# highway=* → our class and a speed in km/h where the way has no maxspeed of its own.
_ROADS = {
    "motorway": ("trunk", 105), "trunk": ("trunk", 75), "primary": ("primary", 55),
    "secondary": ("secondary", 45), "tertiary": ("tertiary", 38), "unclassified": ("minor", 30),
    "residential": ("street", 24), "living_street": ("street", 12), "service": ("service", 14),
    "track": ("track", 10), "motorway_link": ("trunk", 60), "trunk_link": ("trunk", 45),
    "primary_link": ("primary", 40), "secondary_link": ("secondary", 35),
    "tertiary_link": ("tertiary", 30), "road": ("minor", 25),
}  # fmt: skip
_CLOSED = frozenset({"no", "agricultural", "forestry", "military", "psv", "emergency"})
# The most particular word counts: a road closed to all may be open to cars.
_ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
_MILE_KM = 1.609
_FERRY_KMH = 18
_MOST_CROSSING_S = 48 * 3600
_CLOCK = re.compile(r"(?:([0-9]{1,2}):(?=[0-9]{2}))?([0-9]{1,4})(?::([0-9]{2}))?", re.ASCII)
_SPAN = re.compile(r"PT(?:([0-9]{1,2})H)?(?:([0-9]{1,4})M)?(?:([0-9]{1,5})S)?", re.ASCII)
_LEAST_LIMIT, _MOST_LIMIT = 10, 130


class Tags(Protocol):
    """A way's tags."""

    def get(self, key: str, default: str = "") -> Any:
        """The value of a tag."""


@dataclass(frozen=True, slots=True)
class Road:
    """A road as it is drawn and driven; ``car`` is false where cars may not go.

    ``seconds`` is what a ferry says its crossing takes; 0 for roads and where it says nothing.
    """

    road_class: str
    speed_kmh: int
    oneway: int
    car: bool
    seconds: int = 0


def road_of(tags: Tags | Mapping[str, str]) -> Road | None:
    """The road a way is; None for what is none."""
    if tags.get("route", "") == "ferry" and not tags.get("highway", ""):
        return _ferry(tags)
    known = _ROADS.get(tags.get("highway", ""))
    if known is None or tags.get("area", "") == "yes":
        return None
    road_class, usual = known
    return Road(road_class, _speed(tags.get("maxspeed", ""), usual), _oneway(tags), _car(tags))


def _ferry(tags: Tags | Mapping[str, str]) -> Road:
    """A ferry; one that names people on foot and nobody else takes no cars."""
    said = any(tags.get(key, "") for key in _ACCESS_KEYS[:-1])
    car = _car(tags) and (said or not tags.get("foot", ""))
    return Road("ferry", _FERRY_KMH, _oneway(tags), car, _duration(tags.get("duration", "")))


def _duration(text: str) -> int:
    """Seconds of ``MM``, ``HH:MM``, ``HH:MM:SS`` or ``PT1H30M``; 0 for anything else."""
    match = _CLOCK.fullmatch(text.strip()) or _SPAN.fullmatch(text.strip())
    if match is None:
        return 0
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    return total if total <= _MOST_CROSSING_S else 0


def whole_number(text: str, most: int) -> int:
    """A number somebody wrote in plain digits, at most ``most``; 0 for anything else."""
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        return 0
    return min(int(text), most)


def _speed(tagged: str, usual: int) -> int:
    """What is driven, in km/h: four fifths of a sensible limit, or the usual of the class."""
    number, _space, unit = tagged.strip().partition(" ")
    limit = float(whole_number(number, 999))
    if unit == "mph":
        limit *= _MILE_KM
    elif unit not in ("", "km/h"):
        limit = 0.0
    return max(8, round(limit * 0.8)) if _LEAST_LIMIT <= limit <= _MOST_LIMIT else usual


def _oneway(tags: Tags | Mapping[str, str]) -> int:
    tagged = tags.get("oneway", "")
    if tagged == "-1":
        return -1
    implied = tags.get("junction", "") in ("roundabout", "circular") or tags.get("highway", "") in (
        "motorway",
        "motorway_link",
    )
    return 1 if tagged in ("yes", "1", "true") or (implied and tagged != "no") else 0


def _car(tags: Tags | Mapping[str, str]) -> bool:
    for key in _ACCESS_KEYS:
        tagged = tags.get(key, "")
        if tagged:
            # A private yard is driven into by whoever visits there; a private road is no shortcut,
            # but only the finest classes carry the word.
            return tagged not in _CLOSED
    return True

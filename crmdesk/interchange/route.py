"""A rep's route as it leaves the program: days with stops, and text that no file format minds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

Point = tuple[float, float]
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_BREAKS: Final = re.compile("[\r\n\t\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class RouteStop:
    """One planned visit or call. ``uid`` never changes; ``begins`` is in UTC, None without an hour.

    ``sequence`` counts how often it has been announced with something new; ``tentative`` ones lie
    after the committed weeks, ``cancelled`` ones have been announced and do not take place.
    """

    uid: str
    name: str
    address: str
    place: Point | None
    day: date
    begins: datetime | None
    minutes: int
    in_person: bool
    confirmed: bool = False
    tentative: bool = False
    cancelled: bool = False
    sequence: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class RouteDay:
    """One day in driving order, with where it begins and ends (None: not known)."""

    day: date
    stops: tuple[RouteStop, ...]
    start: Point | None
    end: Point | None
    start_name: str = ""
    end_name: str = ""

    @property
    def drives(self) -> tuple[RouteStop, ...]:
        """The stops that are driven to and whose place is known, in order."""
        return tuple(s for s in self.stops if s.in_person and s.place is not None)

    @property
    def points(self) -> tuple[Point, ...]:
        """All places of the day in driving order, its two ends included."""
        places = [self.start, *(stop.place for stop in self.drives), self.end]
        return tuple(place for place in places if place is not None)


def safe_line(text: str) -> str:
    """Text in one line: no control characters, nothing that turns the direction of what follows.

    Letters of every script stay, right-to-left ones too.
    """
    return _BREAKS.sub(" ", _FORBIDDEN.sub("", text)).strip()


def chunks(points: Sequence[Point], most: int) -> list[tuple[Point, ...]]:
    """Stretches of at most ``most`` points (two at least); each begins where the last one ended."""
    if most < 2:
        raise ValueError("a stretch has two points at least")
    if len(points) < 2:
        return []
    return [tuple(points[n : n + most]) for n in range(0, len(points) - 1, most - 1)]

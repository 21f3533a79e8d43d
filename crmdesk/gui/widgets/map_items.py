"""What a map is asked to show, as frozen values without Qt, so that presenters can make them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum

SYNCHRONOUS_MAPS = "crmdesk_maps_synchronous"
"""An application property: with it maps are painted whole at once, for pictures and tests."""


class StopState(StrEnum):
    """Where a stop is in the day."""

    DONE = "done"
    NEXT = "next"
    TO_COME = "to come"


@dataclass(frozen=True, slots=True)
class MapStop:
    """A numbered stop. ``key`` is what a click reports; ``name`` is what a screen reader says."""

    key: Hashable
    number: str
    name: str
    latitude: float
    longitude: float
    state: StopState = StopState.TO_COME


@dataclass(frozen=True, slots=True)
class Home:
    """Where the day begins and ends, in degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Chip:
    """The words in the corner: muted, strong, muted ("Next leg", "2 km, 6 min", "estimated")."""

    lead: str
    value: str
    note: str = ""

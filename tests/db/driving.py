"""Drives searched by a program of its own: ``python -m tests.db.driving FOLDER SEED``."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

from crmdesk.demo.geography import places
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.clock import fixed_clock
from crmdesk.domain.policy import DEFAULTS
from crmdesk.services.travel import Point, travel_between
from crmdesk.storage import profile

_MOST = 12


def places_of(seed: int) -> list[Point]:
    """Places in Andorra; those of two seeds overlap."""
    every = [(place.latitude, place.longitude) for place in places("AD")[::40]]
    return Random(seed).sample(every, _MOST)


def search_drives(folder: Path, seed: int) -> list[float]:
    """Kilometres between the places of a seed, asked for one place after the other."""
    database = profile.open_database(
        folder, fixed_clock(DemoSpec(customers=20, years=1, reps=2).instant(), "Europe/Andorra")
    )
    try:
        with database.read() as connection:
            for count in range(2, _MOST):
                travel_between(connection, places_of(seed)[:count], DEFAULTS)
            return list(travel_between(connection, places_of(seed), DEFAULTS).km)
    finally:
        database.dispose()


if __name__ == "__main__":
    search_drives(Path(sys.argv[1]), int(sys.argv[2]))

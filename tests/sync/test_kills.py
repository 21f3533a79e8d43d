"""A few real kills and one crowd in every run; ``python -m tests.sync.long`` has hundreds."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from tests.sync import crowd, kills
from tests.sync.oracle import check_world
from tests.sync.world import Stage, World

pytestmark = [
    pytest.mark.hq,
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]


@pytest.fixture
def world(stage: Stage) -> Iterator[World]:
    """A company whose laptops are at rest."""
    made = World(stage)
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(3))
def test_killed_laptops_and_servers_lose_nothing(world: World, seed: int) -> None:
    rng = random.Random(seed)
    killed = 0
    for number in range(4):
        name = kills.work(world, rng)
        if number % 2:
            killed += kills.kill_server(world, name, rng.randint(1, 30))
        else:
            killed += kills.kill_laptop(world, name, rng.randint(1, 40))
        world.rest()
        check_world(world, files=True)
    assert killed >= 2


def test_everybody_at_once_over_two_servers_and_an_open_transaction(world: World) -> None:
    crowd.run(world, random.Random(7))
    world.rest()
    check_world(world, files=True)
    assert world.one("SELECT count(*) FROM tax_rate WHERE code = 'last'") == 1

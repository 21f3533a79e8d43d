"""Everybody at once: threads of people over real HTTP, two server processes, a long transaction.

The same steps as in the random histories, against one PostgreSQL, while one transaction stays
open from the beginning to the end with a change of its own in it.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from crmdesk.domain.errors import ProfileInUse, Refused, Unreachable
from crmdesk.hq.database import feed
from crmdesk.hq.running import serving
from crmdesk.sync.client import Syncer
from crmdesk.sync.transport import HttpTransport
from tests.sync import company
from tests.sync.actions import ACTIONS, HQ_ACTIONS
from tests.sync.world import Finding, World

_STEPS = 25


def run(world: World, rng: random.Random) -> None:
    """Let everybody work and sync for some seconds; the world is left for its judge."""
    with _two_servers(world) as urls, psycopg.connect(world.stage.url) as idle:
        _write_and_wait(idle)
        seeds = {name: rng.random() for name in world.peers}
        with ThreadPoolExecutor(len(world.peers) + 1) as pool:
            futures = [
                pool.submit(_work, world, name, urls, random.Random(seed))
                for name, seed in seeds.items()
            ]
            futures.append(pool.submit(_administer, world, random.Random(rng.random())))
            for future in futures:
                future.result()
        # The open transaction has held nobody up; now its change has to arrive as well.
        idle.commit()
    world.tally["crowds"] += 1


@contextlib.contextmanager
def _two_servers(world: World) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        servers = [serving.start_server(Path(folder) / str(n), world.stage.url) for n in (1, 2)]
        try:
            yield [server.url for server in servers]
        finally:
            for server in servers:
                server.stop()


def _write_and_wait(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    # A row of its own: whoever wants the same row would have to wait, as in any database.
    uid = company.uid(77, 1).hex()
    connection.execute(
        "INSERT INTO tax_rate (uid, code, name) VALUES (%s, 'last', 'committed last')", (uid,)
    )
    feed.announce(connection, [("catalogue", "tax_rate", uid, None)])


def _work(world: World, name: str, urls: list[str], rng: random.Random) -> None:
    peer = world.peers[name]
    transports = [HttpTransport(url, timeout_s=60) for url in urls]
    try:
        for _step in range(_STEPS):
            action = ACTIONS[rng.choice(sorted(ACTIONS))]
            world.act(name, action, rng.randrange(8), rng.randrange(8), rng.randrange(8))
            if rng.random() < 0.35:
                _sync(world, name, transports[rng.randrange(2)])
    finally:
        for transport in transports:
            transport.close()
    peer.note_accepted()


def _sync(world: World, name: str, transport: HttpTransport) -> None:
    world.tally["rounds"] += 1
    try:
        Syncer(world.peers[name].database, transport=transport).sync()
    except (Refused, ProfileInUse) as error:
        raise Finding(f"{name}: {error}") from error
    except Unreachable as error:
        if error.code != "too-many":
            raise Finding(f"{name} cannot sync: {error}") from error
        time.sleep(0.2)


def _administer(world: World, rng: random.Random) -> None:
    for _step in range(_STEPS // 2):
        action = HQ_ACTIONS[rng.choice(sorted(HQ_ACTIONS))]
        world.act_at_hq(action, rng.randrange(8), rng.randrange(8))
        time.sleep(0.05)

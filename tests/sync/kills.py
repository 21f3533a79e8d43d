"""kill −9 for real: of a laptop, of a server process in the middle of a push, of PostgreSQL.

Each function lets people work, kills one process at a moment that a number chooses, and leaves
the world to whoever judges it. Processes are forked, so that each dies at an exact statement.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from crmdesk.domain.errors import Refused, Unreachable
from crmdesk.hq.database.embedded import Cluster
from crmdesk.hq.database.store import Store
from crmdesk.hq.running import endpoints
from crmdesk.storage import profile
from crmdesk.sync.client import Syncer
from crmdesk.sync.transport import HttpTransport
from tests.sync.actions import ACTIONS, HQ_ACTIONS
from tests.sync.virtual import Line
from tests.sync.world import PEERS, Finding, Peer, World


def work(world: World, rng: random.Random, steps: int = 6) -> str:
    """Some steps of everybody, most of them of one laptop, whose name is returned."""
    name = rng.choice(sorted(PEERS))
    for _step in range(steps):
        who = name if rng.random() < 0.6 else rng.choice(sorted(PEERS))
        action = ACTIONS[rng.choice(sorted(ACTIONS))]
        world.act(who, action, rng.randrange(8), rng.randrange(8), rng.randrange(8))
        if rng.random() < 0.2:
            hq_action = HQ_ACTIONS[rng.choice(sorted(HQ_ACTIONS))]
            world.act_at_hq(hq_action, rng.randrange(8), rng.randrange(8))
        if rng.random() < 0.2:
            world.sync(rng.choice(sorted(PEERS)))
    return name


def _forked(child: Callable[[], None]) -> int:
    """Run in a process of its own; its exit status as of ``waitpid``."""
    process = os.fork()
    if process == 0:
        try:
            child()
            os._exit(0)
        finally:
            os._exit(1)
    return process


def _was_killed(process: int) -> bool:
    _pid, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    if os.WEXITSTATUS(status) != 0:
        raise Finding("the killed process failed before it was killed")
    return False


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# -- the laptop ------------------------------------------------------------------------------


def kill_laptop(world: World, name: str, statement: int) -> bool:
    """Kill a laptop at the nth statement of a round; False when it had fewer."""
    peer = world.peers[name]
    if peer.ended:
        return False
    peer.database.dispose()
    killed = _was_killed(_forked(lambda: _sync_and_die(world, peer, statement)))
    world.time.pass_by(5_000)
    if profile.exists(peer.folder):
        peer.begin()
    else:
        peer.ended = "destroyed"
    world.tally["kills of laptops"] += killed
    return killed


def _sync_and_die(world: World, peer: Peer, statement: int) -> None:
    # Nothing of the parent's connections may be used here.
    store = Store(world.stage.url)
    hq = endpoints.open_hq(store, peer.clock)
    database = profile.open_database(peer.folder, peer.clock)
    count = 0

    def on_statement(*_rest: object) -> None:
        nonlocal count
        count += 1
        if count == statement:
            _die()

    event.listen(Engine, "before_cursor_execute", on_statement)
    event.listen(Engine, "commit", on_statement)
    with contextlib.suppress(Refused):
        Syncer(database, transport=Line(lambda: hq)).sync()
    database.dispose()


# -- the server ------------------------------------------------------------------------------


def kill_server(world: World, name: str, statement: int) -> bool:
    """Kill a server process of its own at its nth statement while a laptop syncs with it."""
    peer = world.peers[name]
    if peer.ended:
        return False
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    process = _forked(lambda: _serve_and_die(world, listener, statement))
    listener.close()
    transport = HttpTransport(url, timeout_s=30)
    try:
        Syncer(peer.database, transport=transport).sync()
    except Unreachable:
        pass
    except Refused as error:
        world._check_refused(peer, error)
    finally:
        transport.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
        killed = _was_killed_or_ended(process)
    world.time.pass_by(5_000)
    if not peer.ended:
        peer.note_accepted()
    world.tally["kills of servers"] += killed
    return killed


def _was_killed_or_ended(process: int) -> bool:
    _pid, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _serve_and_die(world: World, listener: socket.socket, statement: int) -> None:
    import uvicorn

    from crmdesk.hq.running.app import make_app

    store = Store(world.stage.url)
    app = make_app(endpoints.open_hq(store, world.hq.clock))
    count = 0

    def counted(plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == statement:
                _die()
            return plain(*args, **kwargs)

        return call

    psycopg.Connection.execute = counted(psycopg.Connection.execute)  # type: ignore[method-assign]
    psycopg.Connection.commit = counted(psycopg.Connection.commit)  # type: ignore[method-assign]
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


# -- PostgreSQL ------------------------------------------------------------------------------


def kill_postgres(world: World, cluster: Cluster, name: str, after_s: float) -> bool:
    """Kill PostgreSQL some time after a laptop has begun to sync, and start it again."""
    peer = world.peers[name]
    if peer.ended:
        return False
    killer = threading.Thread(target=lambda: (time.sleep(after_s), cluster.kill()))
    killer.start()
    try:
        peer.sync()
    except Unreachable:
        pass
    except Refused as error:
        world._check_refused(peer, error)
    finally:
        killer.join()
        cluster.start()
    world.time.pass_by(5_000)
    if not peer.ended:
        peer.note_accepted()
    world.tally["kills of PostgreSQL"] += 1
    return True

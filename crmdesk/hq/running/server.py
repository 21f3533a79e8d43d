"""The server of one process: its log, its metrics, and how it ends.

At the first signal it takes no more work: running requests are finished, new ones are told to
come back, and it ends as soon as nothing runs. What still runs when the time is up is cancelled in
PostgreSQL, which rolls it back; should that not answer either, the process ends all the same. A
second signal ends it at once.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from types import FrameType

import prometheus_client
import uvicorn

from crmdesk.domain.errors import EnvironmentProblem, UserError
from crmdesk.hq.database import schema
from crmdesk.hq.database.store import Store
from crmdesk.hq.running import doors, fitting, readiness
from crmdesk.hq.running.app import make_app, open_hq
from crmdesk.hq.running.logs import logging_to
from crmdesk.hq.running.metrics import Metrics
from crmdesk.hq.running.observing import Drain
from crmdesk.hq.running.options import ServeOptions
from crmdesk.hq.running.serving import system_clock
from crmdesk.hq.running.upkeep import upkeep
from crmdesk.i18n import _

_log = logging.getLogger("crmdesk.hq")
# Until connections have taken their last bytes after the last request.
_CLOSE_S = 3
# For administration, backups and whoever else looks in.
_SPARE_CONNECTIONS = 5


_SHORTEST_TOKEN = 16


def run(url: str, options: ServeOptions, listener: socket.socket, *, place: int = 0) -> None:
    """Serve on a bound socket until SIGTERM or SIGINT; ``place`` is our number among siblings.

    Raises EnvironmentProblem when the database does not answer or does not fit this program.
    """
    token = metrics_token(options)
    store = Store(url, prepare=not options.pooler, bounded=True)
    with logging_to(sys.stderr, options.log_level), closing_store(store):
        schema.check(store)
        drain, metrics = Drain(), Metrics(store)
        clock = system_clock(offset_s=options.offset_s)
        hq = open_hq(store, clock)
        app = make_app(hq, metrics=metrics, drain=drain, metrics_token=token)
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            ssl_certfile=options.certificate,
            ssl_keyfile=options.private_key,
            http=doors.protocol(),
            ws="none",
            # Without a proxy of ours anybody could name any address as theirs.
            proxy_headers=bool(options.proxies),
            forwarded_allow_ips=list(options.proxies),
        )
        server = HqServer(config, drain, store, grace_s=options.grace_s, last_s=options.last_s)
        fit = partial(fitting.when_due, store, clock, url, options)
        with _metrics_shown(metrics, options, place), upkeep(store, clock, fit), _quiet_end():
            _collect_seldom()
            server.run(sockets=[listener])


def _collect_seldom() -> None:
    """Look for cycles less often, and not among what is there for good.

    A push makes tens of thousands of objects without one cycle; looking through them and the
    program's own again and again took a quarter of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def check(url: str, options: ServeOptions) -> None:
    """What would keep every process from serving, said once: EnvironmentProblem, UserError."""
    metrics_token(options)
    store = Store(url, prepare=not options.pooler)
    with closing_store(store):
        schema.check(store)
        with store.transaction() as connection:
            row = connection.execute("SHOW max_connections").fetchone()
    most = int(row[0]) if row is not None else 0
    wanted = options.processes * store.most_connections
    if not options.pooler and wanted > most - _SPARE_CONNECTIONS:
        raise UserError(
            _("{count} processes may use {wanted} connections; PostgreSQL allows {most}.").format(
                count=options.processes, wanted=wanted, most=most
            ),
            _("Raise max_connections, take fewer processes, or put a pooler in between."),
        )


def metrics_token(options: ServeOptions) -> str | None:
    """The token that opens /metrics, from its file; UserError for one that can be guessed."""
    if options.metrics_token_file is None:
        return None
    try:
        token = options.metrics_token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            _("The file {file} with the token for metrics cannot be read.").format(
                file=options.metrics_token_file
            )
        ) from error
    if len(token) < _SHORTEST_TOKEN:
        raise UserError(
            _("The token for metrics is too short."), _("Use at least sixteen characters.")
        )
    return token


@contextmanager
def closing_store(store: Store) -> Iterator[None]:
    """Every connection is closed at the end."""
    try:
        yield
    finally:
        store.dispose()


@contextmanager
def _metrics_shown(metrics: Metrics, options: ServeOptions, place: int) -> Iterator[None]:
    """Metrics at a loopback port of this process' own while the body runs."""
    if options.metrics_port is None:
        yield
        return
    port = options.metrics_port + place
    try:
        shown, thread = prometheus_client.start_http_server(
            port, addr="127.0.0.1", registry=metrics.registry
        )
    except OSError as error:
        raise EnvironmentProblem(
            _("The HQ server cannot listen on {host}:{port}.").format(host="127.0.0.1", port=port),
            _("Another program may be using it; choose another --metrics-port."),
        ) from error
    with closing(shown.socket):
        try:
            yield
        finally:
            shown.shutdown()
            thread.join()


@contextmanager
def _quiet_end() -> Iterator[None]:
    """Let the server end by a signal without ending this process before it has tidied up.

    uvicorn finishes its requests and then raises the signal once more for us.
    """
    ends = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda _number, _frame: None) for number in ends]
    try:
        yield
    finally:
        for number, handler in zip(ends, before, strict=True):
            signal.signal(number, handler)


def _end_at_once() -> None:
    _log.error("ended with requests that the database did not let go")
    for handler in logging.getLogger().handlers:
        handler.flush()
    os._exit(0)


class HqServer(uvicorn.Server):
    """A server that drains before it stops; ``grace_s`` and ``last_s`` bound how long."""

    def __init__(
        self, config: uvicorn.Config, drain: Drain, store: Store, *, grace_s: float, last_s: float
    ) -> None:
        config.timeout_graceful_shutdown = _CLOSE_S
        super().__init__(config)
        self._drain = drain
        self._store = store
        self._grace_s = grace_s
        self._until_s: float | None = None
        self._last_resort = threading.Timer(grace_s + last_s, _end_at_once)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until the end."""
        try:
            super().run(sockets)
        finally:
            # A thread that is stuck in the database would keep the interpreter from ending.
            while self._store.busy and self._last_resort.is_alive():
                time.sleep(0.1)
            self._last_resort.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, and say so."""
        await super().startup(sockets)
        readiness.tell_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: the first begins the end, the second ends it."""
        if self._drain.draining:
            super().handle_exit(sig, frame)
            return
        self._drain.draining = True
        self._captured_signals.append(sig)
        # A thread may wait for a PostgreSQL that does not even take a cancellation. Nothing is
        # lost: what has not been committed is rolled back there and sent again.
        self._last_resort.daemon = True
        self._last_resort.start()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: is it over?"""
        if self._drain.draining and not self.should_exit:
            now_s = time.monotonic()
            if self._until_s is None:
                self._until_s = now_s + self._grace_s
                _log.info("ending", extra={"running": self._drain.running})
            if self._drain.running == 0 or now_s >= self._until_s:
                self.should_exit = True
                if self._drain.running:
                    _log.info("cancelled", extra={"running": self._drain.running})
                    await asyncio.to_thread(self._store.cancel_running)
        return await super().on_tick(counter)

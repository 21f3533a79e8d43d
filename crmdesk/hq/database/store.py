"""Connections and transactions of the HQ store, and what PostgreSQL's failures mean for a person.

Every server process has one pool; nothing is kept in a session, so a pooler in transaction mode
may stand in between. SQL that belongs to a step lives with that step.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import msgspec
import psycopg
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.i18n import _

HqConnection = psycopg.Connection[tuple[Any, ...]]
_WAIT_S = 30.0
_CANCEL_S = 3.0
_SHORT = "SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = '20s'"
_LONG = "SET LOCAL statement_timeout = '20min'; SET LOCAL lock_timeout = '20s'"
_IDLE = "SET LOCAL idle_in_transaction_session_timeout = '5min'"


class Store:
    """The HQ database behind a pool of connections.

    ``prepare=False`` never makes server-side prepared statements (for poolers that lose them).
    ``bounded`` ends statements that take or wait too long: for what answers requests.
    """

    def __init__(
        self,
        url: str,
        *,
        connections: int = 12,
        streams: int = 4,
        prepare: bool = True,
        bounded: bool = False,
    ) -> None:
        self.url = url
        self.connections, self.streams = connections, streams
        self._prepare = prepare
        self._bounded = bounded
        self.most_connections = connections + streams
        self._engine = self._pool(connections)
        self._running: set[HqConnection] = set()
        self._ending = False
        # A first download holds its connection for long: it must not starve the short requests.
        self._streams = self._pool(streams)

    def _pool(self, size: int) -> Engine:
        return create_engine(
            make_url(self.url).set(drivername="postgresql+psycopg"),
            pool_size=size,
            max_overflow=0,
            pool_timeout=_WAIT_S,
            pool_pre_ping=True,
            connect_args={
                "prepare_threshold": 5 if self._prepare else None,
                # So that an administrator sees whose sessions these are.
                "application_name": "crmdesk",
            },
        )

    @property
    def engine(self) -> Engine:
        """For schema work through SQLAlchemy and Alembic."""
        return self._engine

    @contextmanager
    def transaction(self, *, snapshot: bool = False, long: bool = False) -> Iterator[HqConnection]:
        """One transaction on the bare driver connection: commits, or rolls back on any error.

        ``snapshot`` gives one unchanging view of the data, read-only; ``long`` takes a connection
        of those set aside for streams. Raises EnvironmentProblem when PostgreSQL does not answer
        or every connection stays in use.
        """
        try:
            pooled = (self._streams if long else self._engine).raw_connection()
        except (psycopg.OperationalError, OperationalError, PoolTimeout) as error:
            raise _unreachable(error) from error
        connection = cast(HqConnection, pooled.driver_connection)
        self._running.add(connection)
        try:
            if self._ending:
                raise EnvironmentProblem(_("HQ is being restarted."), code="ending")
            self._begin(connection, snapshot=snapshot, long=long)
            yield connection
            connection.commit()
        except BaseException:
            if connection.closed or connection.broken:
                pooled.invalidate()
            else:
                connection.rollback()
            raise
        finally:
            self._running.discard(connection)
            pooled.close()

    def _begin(self, connection: HqConnection, *, snapshot: bool, long: bool) -> None:
        """Begin and bound the transaction in one message.

        The bounds hold for the transaction only, so that a pooler may hand the session on.
        """
        steps = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if snapshot else "BEGIN"]
        if self._bounded:
            steps += [_LONG if long else _SHORT, _IDLE]
        result = connection.pgconn.exec_("; ".join(steps).encode())
        if result.status != psycopg.pq.ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError(result.error_message.decode(errors="replace"))

    def pools(self) -> list[tuple[str, int, int]]:
        """The pools of this process: name, connections in use, connections at most."""
        found = []
        for name, engine in (("requests", self._engine), ("streams", self._streams)):
            pool = engine.pool
            if isinstance(pool, QueuePool):
                found.append((name, pool.checkedout(), pool.size()))
        return found

    @property
    def busy(self) -> bool:
        """Whether a transaction is open in this process."""
        return bool(self._running)

    def cancel_running(self) -> None:
        """Stop every statement that runs and begin none: transactions roll back and report it."""
        self._ending = True
        until_s = time.monotonic() + _CANCEL_S
        for connection in list(self._running):
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=left_s)

    def dispose(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()
        self._streams.dispose()


def as_records(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as one JSON parameter for ``json_to_recordset``: cheaper than arrays by column."""
    records = [dict(zip(names, row, strict=True)) for row in rows]
    return msgspec.json.encode(records).decode()


def as_uids(uids: Iterable[str]) -> str:
    """Uids (hex, proven) as one parameter for ``%s::uuid[]``: cheaper than a list of texts."""
    return "{" + ",".join(uids) + "}"


def _unreachable(
    error: psycopg.OperationalError | OperationalError | PoolTimeout,
) -> EnvironmentProblem:
    if isinstance(error, PoolTimeout):
        return EnvironmentProblem(_("HQ is too busy."), _("The next sync will try again."))
    cause = error.orig if isinstance(error, OperationalError) else error
    detail = str(cause).strip().splitlines()
    return EnvironmentProblem(_("The HQ database does not answer."), detail[0] if detail else "")


def database_exists(maintenance_url: str, name: str) -> bool:
    """True when the server behind the URL has a database of that name."""
    with psycopg.connect(maintenance_url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        return found.fetchone() is not None


def create_database(maintenance_url: str, name: str, *, template: str | None = None) -> None:
    """Make a database, from a template when one is named."""
    copied = "" if template is None else f' TEMPLATE "{template}"'
    with psycopg.connect(maintenance_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{copied}'.encode())


def drop_database(maintenance_url: str, name: str) -> None:
    """Drop a database and whoever is connected to it."""
    with psycopg.connect(maintenance_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

"""The local database: encrypted SQLite with one writer, several readers and clear failures.

Owns connections, pragmas, transactions and the translation of SQLite's errors into sentences.
What the tables mean is elsewhere. Statements have two functions of ours: ``folded`` for texts and
``local_day``, the day of a stored instant in the company's time zone. A write transaction
advances the journal's clock, and before it commits it seals the journal and brings marked
summaries and search entries up to date.
"""

from __future__ import annotations

import hashlib
import hmac
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as dbapi
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import QueuePool

from crmdesk.domain.clock import Clock, next_hlc
from crmdesk.domain.errors import (
    CorruptFile,
    CrmdeskError,
    DiskFull,
    EnvironmentProblem,
    ProfileInUse,
    UserError,
    WrongKey,
)
from crmdesk.i18n import _
from crmdesk.storage import capture
from crmdesk.storage.local_days import LocalDays
from crmdesk.storage.search import VOCABULARY
from crmdesk.storage.spelling import folded_text
from crmdesk.storage.vocabulary import Vocabulary

_WRITER_CACHE_KIB, _READER_CACHE_KIB = 64_000, 8_000
# SQLite needs a few pages of room for its log and index; below this nothing can be written.
_NO_ROOM_BYTES = 1 << 20

_OWNER = "crmdesk_database"

Maintenance = Callable[[Connection, Clock], None]


@dataclass(frozen=True, slots=True)
class Tx:
    """One write transaction: its connection, journal number and hybrid logical time."""

    connection: Connection
    txn: int
    hlc: int


class Database:
    """The profile's database. Thread-safe: writers queue, readers run beside them (WAL).

    ``key_hex`` is the raw 256-bit key as 64 hexadecimal digits; ``None`` opens a plaintext file
    (tests only). ``maintain`` is called in every write transaction before it commits.
    """

    def __init__(
        self,
        path: Path,
        key_hex: str | None,
        clock: Clock,
        *,
        maintain: Maintenance | None = None,
        busy_timeout_s: float = 5.0,
    ) -> None:
        self.path = path
        self.clock = clock
        self._key_hex = key_hex
        self._maintain = maintain
        self._busy_ms = int(busy_timeout_s * 1000)
        self._write_lock = threading.RLock()
        self._running: set[Any] = set()
        self._vocabulary = Vocabulary()
        self._held = ExitStack()
        # Called before data are read or written; raises while they are locked.
        self.guard: Callable[[], None] | None = None
        self._free = threading.local()
        # What has been answered or sent to HQ must survive a power cut, so commits reach the disk.
        self._writer = self._engine(1, _WRITER_CACHE_KIB, "BEGIN IMMEDIATE", "FULL")
        self._readers = self._engine(4, _READER_CACHE_KIB, "BEGIN", "NORMAL")

    @property
    def clock(self) -> Clock:
        """The clock, whose time zone is the company's."""
        return self._clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self._clock, self._local_days = clock, LocalDays(clock)

    def _engine(self, connections: int, cache_kib: int, begin: str, flush: str) -> Engine:
        _bind_quickly()
        engine = create_engine(
            f"sqlite+pysqlite:///{self.path}",
            module=dbapi,
            poolclass=QueuePool,
            pool_size=connections,
            # The one that was used last has in its cache what is asked for next.
            pool_use_lifo=True,
            max_overflow=2,
            connect_args={"check_same_thread": False, "cached_statements": 256},
            # What a statement carries are customers' data: not for tracebacks and logs.
            hide_parameters=True,
            execution_options={_OWNER: self},
        )

        @event.listens_for(engine, "connect")
        def _on_connect(connection: Any, record: Any) -> None:
            record.info[VOCABULARY] = self._vocabulary
            self._prepare(connection, cache_kib, flush)

        @event.listens_for(engine, "begin")
        def _on_begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        @event.listens_for(engine, "handle_error")
        def _on_error(context: ExceptionContext) -> None:
            problem = translate_error(context.original_exception, self.path)
            if problem is not None:
                raise problem from context.original_exception

        return engine

    def _prepare(self, connection: Any, cache_kib: int, flush: str) -> None:
        self.unlock(connection)
        cursor = connection.cursor()
        try:
            cursor.execute(f"PRAGMA busy_timeout = {self._busy_ms}")
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.execute(f"PRAGMA cache_size = -{cache_kib}")
            cursor.execute("PRAGMA temp_store = MEMORY")
            cursor.execute("PRAGMA secure_delete = ON")
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute(f"PRAGMA synchronous = {flush}")
            cursor.close()
            connection.create_function("folded", 1, folded_text, deterministic=True)
            connection.create_function("local_day", 1, self._local_day)
        except dbapi.Error as error:
            connection.close()
            raise (translate_error(error, self.path) or error) from error

    def _local_day(self, stored: str | None) -> str | None:
        return self._local_days.of(stored)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read connection with one consistent view of the data."""
        self._check_guard()
        with self._in_words(), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, applying: bool = False) -> Iterator[Tx]:
        """One write transaction; commits at the end of the block, rolls back on any error.

        ``applying`` switches journal capture off: only for applying what HQ sent.
        """
        self._check_guard()
        with self._write_lock, self._in_words(), self._writer.connect() as connection:
            row = connection.exec_driver_sql("SELECT txn, hlc FROM sync_state WHERE id = 1").one()
            tx = Tx(connection, int(row[0]) + 1, next_hlc(int(row[1]), self.clock.now()))
            connection.exec_driver_sql(
                "UPDATE sync_state SET txn = ?, hlc = ?, applying = ? WHERE id = 1",
                (tx.txn, tx.hlc, int(applying)),
            )
            yield tx
            capture.seal(connection, tx.txn)
            if self._maintain is not None:
                self._maintain(connection, self.clock)
            if applying:
                connection.exec_driver_sql("UPDATE sync_state SET applying = 0 WHERE id = 1")
            connection.commit()

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Nobody else of this program writes until the block ends, a round of sync neither.

        For what reads first and then writes by what it has read. Transactions inside are their own.
        """
        with self._write_lock:
            yield

    def is_locked(self) -> bool:
        """Whether the guard would let nobody read now."""
        try:
            self._check_guard()
        except CrmdeskError:
            return True
        return False

    def _check_guard(self) -> None:
        if self.guard is not None and not getattr(self._free, "depth", 0):
            self.guard()

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """Let this thread read and write although the data are locked: for sync only."""
        self._free.depth = getattr(self._free, "depth", 0) + 1
        try:
            yield
        finally:
            self._free.depth -= 1

    @contextmanager
    def maintenance(self) -> Iterator[Connection]:
        """A write transaction that is no change of anybody's: schema, summaries, settings."""
        with self._write_lock, self._in_words(), self._writer.connect() as connection:
            yield connection
            connection.commit()
            # Summaries of a whole company have filled its room, which nobody needs afterwards.
            connection.exec_driver_sql("PRAGMA shrink_memory")

    def release_memory(self) -> None:
        """Let go of the pages that connections keep, but for the reader that was used last.

        For a program that has nothing to do: what is used is not waited for.
        """
        if self._write_lock.acquire(blocking=False):
            try:
                _shrink(self._writer, keep=0)
            finally:
                self._write_lock.release()
        _shrink(self._readers, keep=1)

    @contextmanager
    def trial(self) -> Iterator[Connection]:
        """A write transaction that is always rolled back: to see what a rebuild would give."""
        with self._write_lock, self._writer.connect() as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Give errors of statements that went past SQLAlchemy the same sentences as the others."""
        try:
            yield
        except dbapi.Error as error:
            problem = translate_error(error, self.path)
            if problem is None:
                raise
            raise problem from error

    @contextmanager
    def exclusive(self) -> Iterator[Any]:
        """The bare driver connection outside any transaction: backup, vacuum, bulk pragmas."""
        with self._write_lock:
            connection = self._writer.raw_connection()
            try:
                yield connection.driver_connection
            finally:
                connection.close()

    def unlock(self, connection: Any) -> None:
        """Give a bare driver connection to a new file the key of this database."""
        connection.isolation_level = None
        connection.execute("PRAGMA cipher_log_level = NONE")
        if self._key_hex is not None:
            connection.execute(f"PRAGMA key = \"x'{self._key_hex}'\"")

    def derived_key(self, purpose: str) -> str | None:
        """A key of its own for files beside the database; None where the database has none.

        From it nobody finds the database's key or that of another purpose.
        """
        if self._key_hex is None:
            return None
        secret = bytes.fromhex(self._key_hex)
        return hmac.new(secret, f"crmdesk {purpose}".encode(), hashlib.sha256).hexdigest()

    def hold(self, lock: AbstractContextManager[None]) -> None:
        """Hold a lock from now until :meth:`dispose`."""
        self._held.enter_context(lock)

    def dispose(self) -> None:
        """Close every connection, the last one checkpoints the WAL; then let go of the lock."""
        self._readers.dispose()
        self._writer.dispose()
        self._held.close()


def _shrink(engine: Engine, *, keep: int) -> None:
    """Empty the caches of connections that nobody uses, but for the first that would be used."""
    pool = engine.pool
    idle = pool.checkedin() if isinstance(pool, QueuePool) else 0
    taken = [engine.raw_connection() for _one in range(idle)]
    for connection in taken[keep:]:
        connection.cursor().execute("PRAGMA shrink_memory")
    for connection in reversed(taken):
        connection.close()


def database_of(connection: Connection) -> Database | None:
    """The database a connection was opened by; None for one that was opened otherwise."""
    owner = connection.get_execution_options().get(_OWNER)
    return owner if isinstance(owner, Database) else None


def _bind_quickly() -> None:
    """Tell the driver that None and blobs need no adapter.

    It asks for one for each value it binds, and finding none takes it ten times as long as all the
    rest of binding: most of the time of writing rows. These give back what they get, without a
    call of Python's.
    """
    dbapi.register_adapter(type(None), {None: None}.get)
    dbapi.register_adapter(bytes, bytes.__bytes__)


def translate_error(error: BaseException, path: Path) -> CrmdeskError | None:
    """The sentence for an error of the driver, or None for a bug of ours."""
    if isinstance(error, CrmdeskError):
        return error
    if not isinstance(error, dbapi.Error):
        return None
    text = str(error)
    if "file is not a database" in text or "file is encrypted" in text:
        return WrongKey(
            _("{file} does not open with this key, or its beginning is damaged.").format(
                file=path.name
            ),
            _("Check the passphrase, or restore the newest backup: crmdesk restore FILE."),
        )
    return _disk_problem(text, path) or _broken_rule(text)


def _disk_problem(text: str, path: Path) -> CrmdeskError | None:
    unusable = "disk I/O error" in text or "unable to open database file" in text
    if "database or disk is full" in text or (unusable and _without_room(path)):
        return DiskFull(
            _("The disk is full."),
            _("Nothing was lost: the last saved state is kept. Free some space and try again."),
        )
    if "disk I/O error" in text:
        return EnvironmentProblem(
            _("The disk does not answer."),
            _("What was saved before is kept. Check that the disk is connected, then try again."),
            code="disk",
        )
    if "malformed" in text or "fts5: corruption" in text:
        return CorruptFile(
            _("{file} is damaged and cannot be read safely.").format(file=path.name),
            _("Nothing was changed. Restore the newest backup: crmdesk restore FILE."),
        )
    if "locked" in text or "busy" in text:
        return ProfileInUse(
            _("Another program is writing to this profile."),
            _("Wait until it has finished, or close it, and try again."),
        )
    if "unable to open database file" in text or "readonly database" in text:
        return DiskFull(
            _("{file} cannot be opened for writing.").format(file=path),
            _("Check the folder's permissions and that the disk is there."),
            code="permission",
        )
    return None


def _broken_rule(text: str) -> CrmdeskError | None:
    if "immutable document" in text:
        return UserError(
            _("This document has been submitted and cannot be changed."),
            _("Make a copy and change that."),
            code="immutable",
        )
    if "facts are only added" in text:
        return UserError(
            _("What happened cannot be changed afterwards."),
            _("Add a correction instead."),
            code="append-only",
        )
    return None


def _without_room(path: Path) -> bool:
    """True when the disk of a file has no room; a disk that does not say has some."""
    try:
        return shutil.disk_usage(path.parent).free < _NO_ROOM_BYTES
    except OSError:
        return False

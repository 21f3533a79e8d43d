"""A whole company in one process: HQ on a real PostgreSQL, its laptops on real SQLite files.

A :class:`Stage` is made once per process: the company at HQ and a laptop of each kind, joined and
at rest. A :class:`World` is one history on it: it begins with a copy of these laptops and with HQ
set back. What people do in it is :mod:`tests.sync.actions`', what must be true in the end
:mod:`tests.sync.oracle`'s.
"""

from __future__ import annotations

import itertools
import random
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from crmdesk.domain import ids
from crmdesk.domain.errors import LeaseEnded, Refused, Unreachable, UserError
from crmdesk.hq.administration import admin
from crmdesk.hq.database import bulk, schema
from crmdesk.hq.database.store import Store, create_database
from crmdesk.hq.exchange import pull
from crmdesk.hq.running import endpoints
from crmdesk.storage import backup, profile
from crmdesk.storage.engine import Database
from crmdesk.sync.bootstrap import KeyKeeping, join
from crmdesk.sync.client import Syncer, SyncReport
from tests.sync import company
from tests.sync.conftest import Laptop
from tests.sync.virtual import Line, Trouble, VirtualClock, VirtualTime

PEERS = {"north": "R1", "north2": "R1", "south": "R2", "office": "O1"}
"""The laptops by name, and whose they are: the second rep of the north has two."""

_ROUNDS = 12
_PAGE = 7
_MONTH_MS = 32 * 86_400_000


class Crash(BaseException):
    """The laptop's process ended; nothing may catch this."""


class Finding(AssertionError):
    """Something that must never happen, in words."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One op as the laptop's journal took it."""

    seq: int
    txn: int
    entity: str
    uid: str
    op: str
    fields: str | None


@dataclass
class Peer(Laptop):
    """One laptop: its clock, its line, and every op it has ever accepted."""

    name: str = ""
    user: str = ""
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(VirtualTime()))
    line: Line = field(default_factory=lambda: Line(_nobody))
    accepted: dict[int, Kept] = field(default_factory=dict)
    ended: str = ""
    backups: list[Path] = field(default_factory=list)
    syncer: Syncer | None = None
    last_seq: int = 0
    device: str = ""

    def begin(self) -> None:
        """Open the file, as a start of the program does."""
        self.database = profile.open_database(self.folder, self.clock)
        self.syncer = Syncer(self.database, transport=self.line)
        self.last_seq = int(self.one("SELECT coalesce(max(seq), 0) FROM journal"))
        self.device = self.fact("device.uid")

    def forget_lost(self, world: World) -> None:
        """HQ was set back: what only HQ still had is gone with it."""
        if self.ended:
            return
        known = {row[0] for row in self.rows("SELECT seq FROM journal")}
        found = world.rows("SELECT seq FROM op_result WHERE device_id = %s", self.device)
        known |= {int(row[0]) for row in found}
        self.accepted = {seq: kept for seq, kept in self.accepted.items() if seq in known}

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read, although the laptop's own person may be locked out by the lease."""
        with self.database.unguarded():
            return super().rows(sql, *parameters)

    def note_accepted(self) -> None:
        """Remember what the journal has taken since the last look."""
        rows = self.rows(
            "SELECT seq, txn, entity, lower(hex(uid)), op, fields FROM journal WHERE seq > ?"
            " ORDER BY seq",
            self.last_seq,
        )
        for row in rows:
            self.accepted[row[0]] = Kept(*row)
            self.last_seq = row[0]

    def sync(self, transport: Any = None) -> SyncReport:
        """One round on this laptop's own line, with the token of the round before."""
        if self.syncer is None:
            raise ValueError(f"{self.name} is not running")
        return self.syncer.sync()


def _nobody() -> endpoints.Hq:
    raise ValueError("there is no HQ")


# -- once per process ------------------------------------------------------------------------


class Stage:
    """The company at HQ in a database of its own, and joined laptops to copy."""

    def __init__(self, maintenance_url: str, database_url: str, folder: Path) -> None:
        self.folder, self.url = folder, database_url
        self._putting: psycopg.Connection[Any] | None = None
        name = database_url.partition("@/")[2].partition("?")[0]
        create_database(maintenance_url, name)
        self.store = Store(database_url)
        self.time = VirtualTime()
        schema.upgrade(self.store)
        bulk.load(self.store, company.batches())
        hq = endpoints.open_hq(self.store, VirtualClock(self.time))
        with _seeded_uids(self.time):
            self._join_everybody(hq)
        self._keep_stock()

    def _join_everybody(self, hq: endpoints.Hq) -> None:
        from crmdesk.sync import facts

        joined = []
        for name, user in PEERS.items():
            clock, line = VirtualClock(self.time), Line(lambda: hq)
            code = admin.make_code(self.store, user, clock.now())
            place = self.folder / "stock" / name
            place.parent.mkdir(exist_ok=True)
            join(place, "memory:", code, clock, device_name=name, keeping=KeyKeeping("open"),
                 transport=line)  # fmt: skip
            joined.append((place, clock, line))
        for place, clock, line in joined:
            database = profile.open_database(place, clock)
            with database.maintenance() as connection:
                profile.set_fact(connection, facts.URL, "memory:")
            Syncer(database, transport=line).sync()
            database.dispose()

    def _keep_stock(self) -> None:
        """A copy of every table, and functions that put copies in place: 4 ms instead of 400."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            names = [
                str(row[0])
                for row in connection.execute(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
                )
            ]
            for copy in ("stock", "saved"):
                connection.execute(f"CREATE SCHEMA {copy}".encode())
                for name in names:
                    query = f'CREATE TABLE {copy}."{name}" AS TABLE public."{name}"'
                    connection.execute(query.encode())
            for function, source, target in (
                ("set_back", "stock", "public"),
                ("save", "public", "saved"),
                ("restore", "saved", "public"),
            ):
                body = "".join(
                    f'DELETE FROM {target}."{name}"; INSERT INTO {target}."{name}" OVERRIDING'
                    f' SYSTEM VALUE SELECT * FROM {source}."{name}";'
                    for name in names
                )
                connection.execute(
                    f"CREATE FUNCTION stock.{function}() RETURNS void LANGUAGE plpgsql AS $$"
                    f" BEGIN SET LOCAL session_replication_role = replica; {body} END $$".encode()
                )

    def put(self, what: str) -> None:
        """``set_back`` to the beginning, ``save`` as a backup does, or ``restore`` that."""
        # One connection for all: what PostgreSQL has prepared there is most of the cost.
        if self._putting is None or self._putting.closed:
            self._putting = psycopg.connect(self.url, autocommit=True)
        try:
            self._putting.execute(f"SELECT stock.{what}()".encode())
        except psycopg.OperationalError:
            # PostgreSQL was killed in the meantime.
            self._putting = psycopg.connect(self.url, autocommit=True)
            self._putting.execute(f"SELECT stock.{what}()".encode())

    def dispose(self) -> None:
        """Let go of the database."""
        if self._putting is not None:
            self._putting.close()
        self.store.dispose()


class _seeded_uids:  # noqa: N801
    """Uids that are the same whenever a history is told again."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time

    def __enter__(self) -> None:
        maker = ids.new_uid
        self._before = (maker._now_ms, maker._random)
        maker._now_ms, maker._last = (lambda: self._time.ms), (0, 0)
        maker._random = random.Random(7).randbytes

    def __exit__(self, *_error: object) -> None:
        ids.new_uid._now_ms, ids.new_uid._random = self._before
        ids.new_uid._last = (0, 0)


# -- one history -----------------------------------------------------------------------------


class World:
    """One history. ``tally`` counts what happened in it; findings raise :class:`Finding`."""

    def __init__(self, stage: Stage, tally: Counter[str] | None = None) -> None:
        self.stage = stage
        self.tally: Counter[str] = Counter() if tally is None else tally
        self.time = VirtualTime()
        self._uids = _seeded_uids(self.time)
        self._uids.__enter__()
        self._page, pull.PAGE_ENTRIES = pull.PAGE_ENTRIES, _PAGE
        stage.put("set_back")
        stage.put("save")
        self.hq = endpoints.open_hq(stage.store, VirtualClock(self.time))
        self.folder = stage.folder / "history"
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(stage.folder / "stock", self.folder)
        self.peers: dict[str, Peer] = {}
        for name, user in PEERS.items():
            peer = Peer(self.folder / name, None, "memory:", name, user,  # type: ignore[arg-type]
                        VirtualClock(self.time), Line(lambda: self.hq))  # fmt: skip
            peer.begin()
            self.peers[name] = peer
        self.set_back = False
        self.numbers = itertools.count(1)

    def close(self) -> None:
        """Let go of files and of what was set for the history."""
        pull.PAGE_ENTRIES = self._page
        self._uids.__exit__()
        for peer in self.peers.values():
            peer.database.dispose()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what people do ----------------------------------------------------------------------

    def act(self, name: str, action: Callable[..., None], a: int, b: int, c: int) -> None:
        """One local step of a person; what the laptop itself does not allow is no step."""
        peer = self.peers[name]
        if peer.ended:
            return
        self.time.pass_by(1_000)
        try:
            action(self, peer, a, b, c)
        except (UserError, IntegrityError, LeaseEnded):
            self.tally["steps not allowed"] += 1
        else:
            self.tally["steps"] += 1
        peer.note_accepted()

    def act_at_hq(self, action: Callable[..., None], a: int, b: int) -> None:
        """One step of HQ's own administrator."""
        self.time.pass_by(1_000)
        try:
            action(self, a, b)
        except UserError:
            self.tally["steps not allowed"] += 1
        else:
            self.tally["steps"] += 1

    def sync(self, name: str, trouble: Trouble | None = None) -> SyncReport | None:
        """One round; None when it came to nothing for a reason that may be."""
        peer = self.peers[name]
        if peer.ended:
            return None
        self.time.pass_by(1_000)
        peer.line.trouble = trouble
        self.tally["rounds"] += 1
        try:
            report = peer.sync()
        except Unreachable as error:
            if trouble is None or not trouble.happened:
                raise Finding(f"{name} cannot sync: {error}") from error
            return None
        except Refused as error:
            self._check_refused(peer, error)
            return None
        finally:
            if trouble is not None and trouble.happened:
                self.tally[f"fault {trouble.kind}"] += 1
            peer.line.trouble = None
            if not peer.ended:
                peer.note_accepted()
        return report

    def _check_refused(self, peer: Peer, error: Refused) -> None:
        status = self.one("SELECT status FROM hq_device WHERE device_id = %s", peer.device)
        if status == "active" or error.code != status:
            raise Finding(f"{peer.name} was refused without reason: {error.code} {error}")
        peer.ended = error.code
        self.tally[f"ended {error.code}"] += 1

    def crash_during_sync(self, name: str, statement: int) -> bool:
        """End the laptop's process at its nth statement of a round; False if it has fewer."""
        peer = self.peers[name]
        if peer.ended:
            return False
        self.time.pass_by(1_000)
        disarm = crash_at(peer.database, statement)
        crashed, refused = False, None
        try:
            peer.sync()
        except Crash:
            crashed = True
        except Refused as error:
            refused = error
        except Unreachable as error:
            raise Finding(f"{name} cannot sync: {error}") from error
        finally:
            disarm()
        if refused is not None:
            self._check_refused(peer, refused)
            return False
        peer.database.dispose()
        if not profile.exists(peer.folder):
            peer.ended = "destroyed"
            return True
        peer.begin()
        self.tally["fault crash"] += crashed
        return crashed

    def replay(self, name: str, which: int) -> None:
        """An old push of a laptop arrives once more."""
        self.peers[name].line.replay(which)
        self.tally["fault reordered"] += 1

    # -- restores ------------------------------------------------------------------------------

    def back_up(self, name: str) -> None:
        """A laptop's person makes a backup."""
        peer = self.peers[name]
        if peer.ended:
            return
        file = self.folder / f"{name}-{len(peer.backups)}.backup"
        with peer.database.unguarded():
            backup.back_up(peer.database, peer.folder, file)
        peer.backups.append(file)

    def restore(self, name: str, which: int) -> None:
        """A laptop is set back to one of its backups; what it had not sent since is gone."""
        peer = self.peers[name]
        if peer.ended or not peer.backups:
            return
        self.time.pass_by(60_000)
        peer.database.dispose()
        backup.restore(peer.backups[which % len(peer.backups)], peer.folder, peer.clock)
        peer.begin()
        known = {row[0] for row in peer.rows("SELECT seq FROM journal")}
        found = self.rows("SELECT seq FROM op_result WHERE device_id = %s", peer.device)
        sent = {int(row[0]) for row in found}
        for seq in list(peer.accepted):
            if seq not in known and seq not in sent:
                del peer.accepted[seq]
        self.tally["fault laptop restored"] += 1

    def save_hq(self) -> None:
        """HQ makes a backup."""
        self.stage.put("save")

    def restore_hq(self) -> None:
        """HQ is set back to its backup and starts a new epoch."""
        self.time.pass_by(60_000)
        self.stage.put("restore")
        schema.new_epoch(self.stage.store)
        self.hq = endpoints.open_hq(self.stage.store, VirtualClock(self.time))
        for peer in self.peers.values():
            peer.forget_lost(self)
        self.set_back = True
        self.tally["fault HQ restored"] += 1

    # -- rest ----------------------------------------------------------------------------------

    def rest(self) -> None:
        """Clean rounds of everybody until nobody has anything new.

        After a restore of HQ rows it does not know are kept for their authors for a month, and
        offered by whoever has them in the next: only after that is it quiet.
        """
        self._quiet()
        while self.set_back:
            self.set_back = False
            for _month in range(3):
                self.time.pass_by(_MONTH_MS)
                self._quiet()

    def _quiet(self) -> None:
        for _round in range(_ROUNDS):
            busy = {}
            for name, peer in self.peers.items():
                report = self.sync(name)
                if report is not None and not peer.ended:
                    # What HQ has put off goes on waiting: the oracle asks for it in the end.
                    found = (report.sent, report.received)
                    if any(found):
                        busy[name] = (*found, report.waiting, report.changes.touched)
            if not busy:
                return
        raise Finding(f"the laptops do not come to rest: {busy}")

    # -- looking ---------------------------------------------------------------------------------

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read at HQ."""
        with self.stage.store.transaction() as connection:
            return connection.execute(sql.encode(), parameters).fetchall()

    def one(self, sql: str, *parameters: object) -> Any:
        """The first column of the first row at HQ."""
        found = self.rows(sql, *parameters)
        return found[0][0] if found else None


def crash_at(database: Database, statement: int) -> Callable[[], None]:
    """End this process, as the database sees it, at the nth statement; returns how to disarm it."""
    count = 0

    def on_statement(*_rest: object) -> None:
        nonlocal count
        count += 1
        if count >= statement:
            raise Crash

    engines = (database._writer, database._readers)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", on_statement)
        event.listen(engine, "commit", on_statement)

    def disarm() -> None:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", on_statement)
            event.remove(engine, "commit", on_statement)

    return disarm

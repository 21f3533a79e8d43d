"""What is to travel of the attachments' bytes: the table ``transfer``, one row per digest.

Owns the queue's rows and their rules: what is due, what waits for how long, what was refused, and
clearing up after attachments that are no longer here. Who sends is :mod:`crmdesk.sync.attachments`.
Every digest whose bytes are here has a row, finished ones too, so what is here without an
attachment naming it is found by a query.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import sqlite

from crmdesk.domain.clock import format_instant
from crmdesk.domain.ids import compose_uid
from crmdesk.storage.attachments import AttachmentFiles, is_digest
from crmdesk.storage.engine import Database
from crmdesk.storage.tables import refusal, table, transfer

UP, DOWN = "up", "down"
WAITING, DONE, REFUSED = "waiting", "done", "refused"

RECENT = timedelta(days=14)
RECENT_BYTES = 5 * 1024 * 1024
"""Younger and smaller attachments of others are fetched unasked; the rest on demand."""

_MOST_AT_ONCE = 100
_FIRST_WAIT_S, _LONGEST_WAIT_S = 5.0, 3600.0

_t = transfer.c


@dataclass(frozen=True, slots=True)
class Transfer:
    """One file on its way."""

    sha256: str
    direction: str
    size: int
    attempts: int


def queue_up(connection: Connection, sha256: str, size: int, at: str) -> None:
    """Have bytes that are here sent; a digest that HQ has or that is under way stays as it is."""
    _queue(connection, sha256, UP, size, at, revive=_t.direction == UP)


def queue_down(connection: Connection, sha256: str, size: int, at: str) -> None:
    """Have bytes fetched that are not here; asked again, they are tried at once."""
    _queue(connection, sha256, DOWN, size, at, revive=_t.direction == DOWN)


def _queue(
    connection: Connection, sha256: str, direction: str, size: int, at: str,
    *, revive: ColumnElement[bool],
) -> None:  # fmt: skip
    statement = sqlite.insert(transfer).values(
        sha256=sha256, direction=direction, size=size, asked_at=at
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["sha256"],
            set_={"state": WAITING, "attempts": 0, "next_at": None, "problem": None},
            where=and_(revive, _t.state != DONE),
        )
    )


def fetch_again(connection: Connection, sha256: str, size: int, at: str) -> None:
    """Have bytes fetched whose file has gone from here, whichever way they once travelled."""
    connection.execute(delete(transfer).where(_t.sha256 == sha256))
    queue_down(connection, sha256, size, at)


def queue_recent(database: Database, now: datetime) -> None:
    """Have recent, small attachments of others fetched that nobody asked for yet."""
    since = compose_uid(int((now - RECENT).timestamp() * 1000), 0)
    with database.read() as connection:
        rows = connection.execute(_recent(), {"since": since}).all()
    wanted = [(str(sha256), int(size)) for sha256, size in rows if is_digest(str(sha256))]
    if wanted:
        with database.maintenance() as connection:
            for sha256, size in wanted:
                queue_down(connection, sha256, size, format_instant(now))


@cache
def _recent() -> Select[Any]:
    attachment = table("attachment").c
    return (
        select(attachment.sha256, attachment.size)
        .where(
            attachment.uid >= bindparam("since"),
            attachment.rev > 0,
            attachment.size.between(1, RECENT_BYTES),
            ~exists().where(_t.sha256 == attachment.sha256),
        )
        .order_by(attachment.uid.desc())
        .limit(_MOST_AT_ONCE)
    )


def due(connection: Connection, now: datetime) -> list[Transfer]:
    """What may travel now, own files first; a file goes after HQ has taken its row.

    A moment further ahead than any wait is long was noted by a clock that has been set back since.
    """
    latest = now + timedelta(seconds=_LONGEST_WAIT_S)
    moments = {"now": format_instant(now), "latest": format_instant(latest)}
    return _transfers(connection.execute(_due(), moments))


@cache
def _due() -> Select[Any]:
    ahead = _t.next_at.between(bindparam("now"), bindparam("latest"))
    return _waiting(or_(_t.next_at.is_(None), _t.next_at == bindparam("now"), ~ahead))


def unsent(connection: Connection) -> list[Transfer]:
    """Files whose row HQ has and whose bytes it has not, also those that wait after a failure."""
    return _transfers(connection.execute(_waiting(_t.direction == UP)))


def _waiting(test: ColumnElement[bool]) -> Select[Any]:
    attachment, pack = table("attachment").c, table("region_pack").c
    at_hq = or_(
        exists().where(attachment.sha256 == _t.sha256, attachment.rev > 0),
        exists().where(pack.sha256 == _t.sha256, pack.rev > 0),
    )
    return (
        select(_t.sha256, _t.direction, _t.size, _t.attempts)
        .where(_t.state == WAITING, test, at_hq)
        .order_by(_t.direction.desc(), _t.asked_at, _t.sha256)
        .limit(_MOST_AT_ONCE)
    )


def _transfers(rows: Iterable[Any]) -> list[Transfer]:
    return [Transfer(str(a), str(b), int(c), int(d)) for a, b, c, d in rows]


def offer_again(connection: Connection) -> None:
    """After HQ was restored: whatever is here is offered; HQ says of which it lost the bytes."""
    connection.execute(
        update(transfer)
        .where(_t.state == DONE)
        .values(state=WAITING, direction=UP, done=0, next_at=None)
    )


def went(database: Database, sha256: str, done: int) -> None:
    """Note how far a file is; that is also what ends its waiting after failures."""
    _note(database, sha256, done=done, attempts=0, next_at=None, problem=None)


def arrived(database: Database, sha256: str, size: int) -> None:
    """Note that a file is wholly where it was to go."""
    _note(database, sha256, done=size, state=DONE, attempts=0, next_at=None, problem=None)


def refused(database: Database, sha256: str, problem: str) -> None:
    """Note why a file will not be tried again by itself."""
    _note(database, sha256, state=REFUSED, problem=problem)


def failed(database: Database, one: Transfer, problem: str) -> None:
    """Have a file wait, longer after every failure without progress."""
    wait = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(one.attempts, 12))
    next_at = format_instant(database.clock.now() + timedelta(seconds=wait))
    _note(database, one.sha256, attempts=one.attempts + 1, next_at=next_at, problem=problem)


def _note(database: Database, sha256: str, **values: Any) -> None:
    with database.maintenance() as connection:
        connection.execute(update(transfer).where(_t.sha256 == sha256).values(values))


def waiting(connection: Connection) -> tuple[int, int]:
    """How many files, and how many bytes of them, still have to be sent."""
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(_t.size - _t.done), 0)).where(
            _t.state == WAITING, _t.direction == UP
        )
    ).one()
    return int(row[0]), int(row[1])


def only_here(connection: Connection) -> list[str]:
    """Digests whose bytes are nowhere but on this computer, as far as it knows."""
    query = select(_t.sha256).where(_t.direction == UP, _t.state != DONE)
    return [str(sha256) for sha256 in connection.scalars(query)]


# -- clearing up -----------------------------------------------------------------------------


@cache
def _unnamed() -> ColumnElement[bool]:
    """Neither an attachment, a region pack nor an open refusal of one names the digest any more."""
    attachment, pack = table("attachment").c, table("region_pack").c
    offered = func.json_extract(refusal.c.fields, "$.sha256[1]")
    return and_(
        ~exists().where(attachment.sha256 == _t.sha256),
        ~exists().where(pack.sha256 == _t.sha256),
        ~exists().where(
            refusal.c.entity.in_(("attachment", "region_pack")),
            refusal.c.state == "open",
            offered == _t.sha256,
        ),
    )


@cache
def _one_unnamed() -> Select[Any]:
    return select(_t.sha256).where(_unnamed()).limit(1)


def clear_up(database: Database, files: AttachmentFiles) -> int:
    """Remove bytes and transfers that nothing here names any more; returns how many went.

    An account that leaves takes its rows with it, and by this its photos. What HQ refused stays
    until its person has settled that.
    """
    with database.read() as connection:
        if connection.scalar(_one_unnamed()) is None:
            return 0
    # In a write transaction nobody can be about to name what is removed here.
    with database.maintenance() as connection:
        gone = [str(sha256) for sha256 in connection.scalars(select(_t.sha256).where(_unnamed()))]
        for sha256 in gone:
            if is_digest(sha256):
                files.remove(sha256)
            connection.execute(delete(transfer).where(_t.sha256 == sha256))
        wanted = connection.scalars(select(_t.sha256)).all()
        for stray in files.strays(wanted, database.clock.now()):
            stray.unlink(missing_ok=True)
    return len(gone)

"""How this laptop stands to HQ: the chip's state, and the whole sync centre in one read.

Owns putting it together; what waits, what needs the person, what has been and the proposals are
read by the modules beside. Syncing itself is :mod:`crmdesk.sync`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from crmdesk.domain.clock import hlc_instant, parse_instant
from crmdesk.services.queries.files import FileRow, file_rows
from crmdesk.services.queries.proposals import ProposalRow, decides, open_count, proposal_rows
from crmdesk.services.queries.sync_history import SessionRow, SettledRow, session_rows, settled_rows
from crmdesk.services.queries.sync_needs import CollisionRow, NeedRow, need_count, need_rows
from crmdesk.services.queries.sync_waiting import WaitingRow, waiting_ops, waiting_rows
from crmdesk.storage import transfers
from crmdesk.storage.profile import get_fact
from crmdesk.storage.tables import journal, summary_account
from crmdesk.sync import facts, lease

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

__all__ = [
    "CollisionRow", "NeedRow", "SessionRow", "SettledRow", "SyncCentre", "SyncStatus",
    "WaitingRow", "sync_centre", "sync_status",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """What the sync chip says. ``last_result`` is "done" or the code of what went wrong.

    ``need`` counts the cards and, for who decides them, the open ``proposals``. ``locks_at`` is
    when the data lock themselves unless HQ is met; None while that is far.
    """

    alone: bool
    last_at: datetime | None
    last_result: str
    waiting: int
    need: int
    proposals: int = 0
    locks_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SyncCentre:
    """The whole sync centre in one consistent read.

    ``files`` are attachments whose bytes wait to be sent; ``lease_until`` is when this computer
    locks unless it meets HQ before. ``proposals`` are those that wait for the office (``decides``:
    this person decides them), or this person's own.
    """

    status: SyncStatus
    address: str
    device: str
    customers: int
    offset_ms: int
    lease_until: datetime | None
    waiting: tuple[WaitingRow, ...]
    oldest_at: datetime | None
    files: int
    uploads: tuple[FileRow, ...]
    file_bytes: int
    needs: tuple[NeedRow, ...]
    sessions: tuple[SessionRow, ...]
    settled: tuple[SettledRow, ...]
    proposals: tuple[ProposalRow, ...]
    decides: bool


def sync_status(ws: Workspace) -> SyncStatus:
    """The chip's state; a few milliseconds."""
    with ws.database.read() as connection:
        return _status(connection, ws)


def sync_centre(ws: Workspace) -> SyncCentre:
    """Everything the sync centre shows."""
    uploads = tuple(row for row in file_rows(ws) if row.direction == "up")
    with ws.database.read() as connection:
        ops = waiting_ops(connection)
        member = facts.membership(connection)
        files, size = transfers.waiting(connection) if member is not None else (0, 0)
        left = lease.read(connection, ws.now()).left
        status = _status(connection, ws)
        return SyncCentre(
            status=status,
            address="" if member is None else member.url,
            device=ws.device_prefix,
            customers=connection.execute(
                select(func.count()).select_from(summary_account)
            ).scalar_one(),
            offset_ms=int(get_fact(connection, facts.OFFSET_MS) or 0),
            lease_until=None if left is None else ws.now() + left,
            waiting=waiting_rows(connection, ws, ops),
            oldest_at=min((hlc_instant(op.hlc) for op in ops), default=None),
            files=files,
            uploads=tuple(row for row in uploads if row.state == "waiting"),
            file_bytes=size,
            needs=need_rows(connection, ws),
            sessions=session_rows(connection),
            settled=settled_rows(connection, ws),
            proposals=proposal_rows(connection, ws),
            decides=decides(ws.user.role),
        )


def _status(connection: Connection, ws: Workspace) -> SyncStatus:
    now = ws.now()
    standing = lease.read(connection, now)
    locks_at = now + standing.left if standing.near and standing.left is not None else None
    last = get_fact(connection, facts.LAST_SYNC)
    waiting = connection.execute(
        select(func.count()).select_from(
            select(journal.c.entity, journal.c.uid)
            .where(journal.c.state == "waiting", journal.c.op != "C")
            .distinct()
            .subquery()
        )
    ).scalar_one()
    proposals = open_count(connection) if decides(ws.user.role) else 0
    return SyncStatus(
        alone=facts.membership(connection) is None,
        last_at=None if last is None else parse_instant(last),
        last_result=get_fact(connection, facts.LAST_RESULT) or "",
        waiting=int(waiting),
        need=need_count(connection, ws) + proposals,
        proposals=proposals,
        locks_at=locks_at,
    )

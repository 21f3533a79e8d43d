"""Photos and files on their way: what waits, how far it is, and what HQ did not take.

Owns reading the queue as rows a person can follow. Sending is :mod:`crmdesk.sync.attachments`,
how many wait in all stands in :func:`crmdesk.services.queries.sync.sync_centre`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from crmdesk.domain.clock import parse_instant

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST = 200

_ROWS = """
SELECT t.direction, t.state, t.size, t.done, t.problem, t.next_at, min(a.id), min(a.name),
       min(c.name)
FROM transfer t JOIN attachment a ON a.sha256 = t.sha256 JOIN account c ON c.id = a.account_id
WHERE t.state <> 'done' GROUP BY t.sha256
ORDER BY t.state = 'waiting', t.direction DESC, t.asked_at LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file that is not where it is to go. Sizes in bytes.

    ``direction`` is up or down; ``state`` waiting or refused, then ``problem`` says why; a waiting
    one may have a problem too and is tried again at ``next_at``.
    """

    attachment_id: int
    name: str
    customer: str
    direction: str
    state: str
    size: int
    done: int
    problem: str
    next_at: datetime | None


def file_rows(ws: Workspace) -> tuple[FileRow, ...]:
    """The files under way, refused ones first, at most :data:`MOST`."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(_ROWS, (MOST,)).all()
    return tuple(
        FileRow(
            int(row[6]), str(row[7]), str(row[8]), str(row[0]), str(row[1]), int(row[2]),
            int(row[3]), str(row[4] or ""), None if row[5] is None else parse_instant(row[5]),
        )
        for row in rows
    )  # fmt: skip

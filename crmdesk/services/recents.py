"""What was opened from the command field last, newest first; kept in the profile, never sent."""

from __future__ import annotations

import json

from crmdesk.services.queries.search import FoundRow, titled
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile

_FACT = "search.recents"
MOST = 8


def note_opened(ws: Workspace, kind: str, row_id: int) -> None:
    """Put a row in front of the others; the oldest of more than :data:`MOST` goes."""
    with ws.database.maintenance() as connection:
        before = _kept(profile.get_fact(connection, _FACT))
        kept = [(kind, row_id), *(key for key in before if key != (kind, row_id))][:MOST]
        profile.set_fact(connection, _FACT, json.dumps(kept))


def recent_rows(ws: Workspace) -> tuple[FoundRow, ...]:
    """The rows opened last as they are called now; those that are gone are left out."""
    with ws.database.read() as connection:
        kept = _kept(profile.get_fact(connection, _FACT))
    return titled(ws, kept)


def _kept(text: str | None) -> list[tuple[str, int]]:
    try:
        return [(str(kind), int(key)) for kind, key in json.loads(text or "[]")]
    except (TypeError, ValueError):
        return []

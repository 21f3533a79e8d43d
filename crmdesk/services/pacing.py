"""How this profile is set to sync by itself, for whoever runs the rounds.

Owns reading the settings into what :mod:`crmdesk.sync.schedule` needs. When a round begins is
decided there, what a round does in :mod:`crmdesk.sync.client`.
"""

from __future__ import annotations

from crmdesk.services import settings
from crmdesk.services.queries.sync import sync_status
from crmdesk.services.workspace import Workspace
from crmdesk.sync.schedule import Pace


def pace_of(ws: Workspace) -> Pace:
    """Whether rounds begin by themselves, and how far apart."""
    automatic = bool(settings.get(ws, settings.SYNC_AUTOMATIC))
    return Pace(automatic, 60.0 * settings.get(ws, settings.SYNC_INTERVAL))


def is_whole(ws: Workspace, *, metered: bool | None, asked: bool) -> bool:
    """Whether a round may fetch what is large: snapshots and attachments.

    ``metered`` is what the system says of the connection, None where it does not tell. Whoever
    asks for a round gets a whole one.
    """
    if asked:
        return True
    chosen = settings.get(ws, settings.SYNC_METERED)
    return chosen == "never" or (chosen == "auto" and not metered)


def has_waiting(ws: Workspace) -> bool:
    """Whether something waits to be sent."""
    return sync_status(ws).waiting > 0

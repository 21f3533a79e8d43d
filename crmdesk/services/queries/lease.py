"""How long this laptop may still work without meeting HQ; readable also when that time is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from crmdesk.sync import lease

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LeaseState:
    """``days`` as HQ has set them (0: for ever), ``until`` when the data lock themselves.

    ``near`` says that it is time to tell the person, ``ended`` that the data are locked.
    """

    days: int
    until: datetime | None
    near: bool
    ended: bool


def lease_state(ws: Workspace) -> LeaseState:
    """The offline lease as of now."""
    now = ws.now()
    with ws.database.unguarded(), ws.database.read() as connection:
        found = lease.read(connection, now)
    until = None if found.left is None else now + found.left
    return LeaseState(found.days, until, found.near, found.ended)

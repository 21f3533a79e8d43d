"""The program of whoever sits at a laptop."""

from __future__ import annotations

from datetime import UTC, datetime

from crmdesk.services.workspace import Workspace, workspace_of
from tests.sync.conftest import Laptop


def at(laptop: Laptop) -> Workspace:
    """What the services are given there; it tells the time by the machine's clock."""
    return workspace_of(laptop.folder, laptop.database, lambda: datetime.now(UTC))

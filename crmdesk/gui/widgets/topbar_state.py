"""What the sync chip says, without Qt, so that it can be made off the interface thread."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChipState:
    """What the sync chip says.

    ``kind`` is ``"in_sync"``, ``"syncing"``, ``"waiting"``, ``"offline"``, ``"stopped"`` (HQ has
    turned this computer away) or ``"alone"`` (no HQ);
    ``when`` is in words ("2 min ago", "since Mon"); ``waiting`` and ``need`` are counts.
    """

    kind: str = "alone"
    when: str = ""
    waiting: int = 0
    need: int = 0

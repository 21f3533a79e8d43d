"""Counts beside the places of the rail: read at the start and after every change.

Owns when they are read. What a place counts is its :class:`~crmdesk.gui.presenting.PlaceSpec`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.bus import Bus
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceSpec
from crmdesk.gui.widgets.rail import Rail

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


class RailBadges:
    """Follows the bus for as long as the rail is there."""

    def __init__(self, rail: Rail, runner: Runner, bus: Bus) -> None:
        self.closed = False
        self._rail = rail
        self._runner = runner
        self._counts: dict[str, Callable[[], int]] = {}
        bus.subscribe(self._on_changes_published)

    def open(self, workspace: Workspace, places: Sequence[PlaceSpec]) -> None:
        """Count in these places from now on."""
        self._counts = {
            spec.key: partial(spec.badge, workspace)
            for spec in places
            if spec.badge is not None and spec.in_rail
        }
        self._read()

    def _on_changes_published(self, _changes: ChangeSet) -> None:
        if not self.closed:
            self._read()

    def _read(self) -> None:
        for key, count in self._counts.items():
            self._runner.read(count, partial(self._rail.set_badge, key), owner=self)

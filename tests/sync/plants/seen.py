"""Bugs planted in what the user sees: case 36."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sync.planted import plant

_TEST = "tests/sync/test_seen.py::test_case_36_unsent_refused_and_last_consistent_are_always_seen"


@plant(case=36, test=_TEST)
def _chip_not_read_after_rounds(patch: pytest.MonkeyPatch) -> None:
    """The chip follows changes only: what a round has sent goes on waiting in it."""
    from crmdesk.gui import chip_follower

    patch.setattr(chip_follower.ChipFollower, "_on_round_changed", lambda *_: None)


@plant(case=36, test=_TEST)
def _refusals_not_counted(patch: pytest.MonkeyPatch) -> None:
    """What HQ refused is kept, but nobody is told."""
    from crmdesk.services.queries import sync_needs

    patch.setattr(sync_needs, "_steps", lambda _rows: {})


@plant(case=36, test=_TEST)
def _broken_rounds_count_as_consistent(patch: pytest.MonkeyPatch) -> None:
    """Every round moves the last consistent time, also one that broke off half-way."""
    from crmdesk.sync import client

    finish = client.Round._finish

    def finished(self: Any, started_at: str, *args: Any) -> None:
        self._consistent_at = started_at
        finish(self, started_at, *args)

    patch.setattr(client.Round, "_finish", finished)

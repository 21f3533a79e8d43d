"""Bugs planted in the ending of devices: case 32."""

from __future__ import annotations

import pytest

from crmdesk.hq.access import auth
from crmdesk.sync import lease
from tests.sync.planted import plant


@plant(
    case=32,
    test="tests/sync/test_ended_devices.py::test_case_32_an_ended_device_gets_nothing_from_its_next_request_on",
)
def _token_is_enough(patch: pytest.MonkeyPatch) -> None:
    """A good token is believed; how the device stands is not looked at."""
    patch.setattr(auth, "check_status", lambda _status, **_how: None)


@plant(
    case=32,
    test="tests/sync/test_lease.py::test_case_32_a_laptop_that_stays_away_locks_itself_and_a_sync_unlocks_it",
)
def _lease_without_end(patch: pytest.MonkeyPatch) -> None:
    """The laptop forgets when it has met HQ."""
    patch.setattr(lease, "_lease", lambda *_: lease.FOR_EVER)

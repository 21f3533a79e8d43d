"""Bugs planted in the administration of HQ: restores, ended devices and running servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from crmdesk.hq.administration import carrying, restoring
from crmdesk.hq.database import scopes
from crmdesk.hq.database.scopes import Principal
from crmdesk.hq.exchange import pull, push
from crmdesk.hq.running import endpoints
from tests.sync.planted import plant

_RESTORED, _KEPT = "tests/sync/test_restored_hq.py", "tests/sync/test_keeping_hq.py"


@plant(
    case=27,
    test=f"{_KEPT}::test_case_27_laptops_offer_again_what_a_restored_hq_has_lost",
)
def _restored_under_the_old_epoch(patch: pytest.MonkeyPatch) -> None:
    """The backup's rows come back under the epoch that they had, and nobody compares positions."""
    written = restoring._epilogue

    def epilogue(epoch: str, carried: Sequence[carrying.Device]) -> str:
        return written(epoch, carried).replace(f"'{epoch}'", "value")

    patch.setattr(restoring, "_epilogue", epilogue)
    patch.setattr(pull, "is_ahead", lambda *_: False)


@plant(
    case=27,
    test=f"{_RESTORED}::test_case_27_every_running_server_notices_a_new_epoch_at_once",
)
def _epoch_of_the_start(patch: pytest.MonkeyPatch) -> None:
    """A server keeps the epoch it has seen first."""
    known: list[str] = []
    find = scopes.principal

    def principal(connection: Any, device: str, today: Any) -> Principal | None:
        found = find(connection, device, today)
        if found is None:
            return None
        known.append(found.epoch)
        return replace(found, epoch=known[0])

    patch.setattr(endpoints, "principal", principal)


@plant(
    case=27,
    test=f"{_RESTORED}::test_case_27_a_push_that_overlaps_a_restore_is_not_taken",
)
def _epoch_read_outside_the_lock(patch: pytest.MonkeyPatch) -> None:
    """A push believes the epoch that its caller had when it was looked up."""
    lock = push._Push._lock_device

    def lock_device(self: push._Push) -> None:
        row = self._connection.execute("SELECT value FROM hq_state WHERE key = 'epoch'").fetchone()
        now = "" if row is None else str(row[0])
        self._request = structs.replace(self._request, epoch=now)
        lock(self)

    patch.setattr(push._Push, "_lock_device", lock_device)


@plant(
    case=32,
    test=f"{_KEPT}::test_case_32_what_was_ended_since_the_backup_stays_ended",
)
def _the_backup_knows_best(patch: pytest.MonkeyPatch) -> None:
    """A device that was wiped after the backup works again after the restore."""
    patch.setattr(carrying, "devices", lambda _store: [])

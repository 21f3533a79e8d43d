"""Bugs planted in how HQ shares itself out: cases 33 and 34."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.concurrency import run_in_threadpool

from crmdesk.hq.administration import admin
from crmdesk.hq.running import workers
from tests.sync.planted import plant


@plant(
    case=33,
    test="tests/sync/test_load.py::test_case_33_on_monday_morning_nobody_times_out_and_everybody_has_a_turn",
)
def _everybody_in_the_same_threads(patch: pytest.MonkeyPatch) -> None:
    """Long and short requests wait for connections in the threads that they share."""

    async def short(_self: object, call: Callable[..., Any], *args: Any) -> Any:
        return await run_in_threadpool(call, *args)

    @asynccontextmanager
    async def streaming(_self: object) -> AsyncIterator[None]:
        yield

    patch.setattr(workers.Workers, "short", short)
    patch.setattr(workers.Workers, "streaming", streaming)


@plant(
    case=34,
    test="tests/sync/test_load.py::test_case_34_moving_five_thousand_customers_stalls_no_push_for_a_second",
)
def _all_customers_in_one_transaction(patch: pytest.MonkeyPatch) -> None:
    """Every customer that moves stays locked until the last one has moved."""
    patch.setattr(admin, "MOVED_AT_ONCE", 1_000_000)

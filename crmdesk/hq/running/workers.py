"""Who works on requests: as many threads as there are connections to work with.

A request that has to wait does so in the event loop, in the order of arrival and at next to no
cost, and never in a thread that waits for a connection: many first downloads could otherwise take
every thread and leave none for the short requests, nor for going on with the downloads themselves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter

_P = ParamSpec("_P")
_T = TypeVar("_T")
_SPARE = 2
"""Connections left to health, metrics and administration within the process."""


class Workers:
    """Threads for short requests and room for long ones; ``connections`` and ``streams`` are the
    sizes of the store's pools.
    """

    def __init__(self, connections: int, streams: int) -> None:
        self._short = CapacityLimiter(max(1, connections - _SPARE))
        self._streams = CapacityLimiter(streams)

    async def short(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call in a thread, in turn."""
        work = partial(call, *args, **kwargs)
        return await anyio.to_thread.run_sync(work, limiter=self._short)

    @asynccontextmanager
    async def streaming(self) -> AsyncIterator[None]:
        """Hold one of the connections set aside for long answers until they have been read.

        So few never fill the threads that everything else shares.
        """
        async with self._streams:
            yield

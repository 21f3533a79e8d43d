"""uvicorn in a thread of a test: it ends when told, not at its next tenth of a second."""

from __future__ import annotations

import asyncio
import socket
import threading

import uvicorn

_LOOK_S = 0.002


class PromptServer(uvicorn.Server):
    """A server without the pauses: uvicorn's own looks ten times a second whether it is to end.

    What it does in the end is the same: open requests are answered, then connections are closed.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._began = threading.Event()
        self._told: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def wait_until_started(self) -> None:
        """Until it accepts connections; fails when it has not begun within half a minute."""
        assert self._began.wait(30), "the server of the test did not begin"

    def end(self) -> None:
        """Begin to end; a second call, and one after the end, does nothing."""
        if self._loop is None or self._told is None or self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        """Wait to be told."""
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        await self.on_tick(0)
        self._began.set()
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connections, let the open requests end, close."""
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        while state.connections or state.tasks:  # noqa: ASYNC110 (uvicorn tells nobody)
            await asyncio.sleep(_LOOK_S)

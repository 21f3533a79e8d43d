"""HQ's server in a process of its own."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmdesk.hq.running import children, serving
from crmdesk.hq.running.options import ServeOptions
from tests.sync.conftest import Headquarters


@dataclass
class Child:
    """A server process of the test."""

    url: str
    process: Any
    log: Path

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def logged(self, event: str) -> bool:
        return f'"{event}"' in self.log.read_text()


@contextmanager
def child(hq: Headquarters, folder: Path, **more: Any) -> Iterator[Child]:
    """``serve`` in a process of its own, with options."""
    folder.mkdir(exist_ok=True)
    address, log = folder / "server.json", folder / "server.log"
    options = ServeOptions(port=0, **more)
    with log.open("ab") as output:
        process = children.start(
            children.Task(hq.database_url, options, address), output=output
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        url = ""
        while time.monotonic() < deadline and not url:
            assert process.poll() is None, log.read_text()
            if address.exists():
                found = json.loads(address.read_text())["url"]
                url = found if serving._answers(found) else ""
            time.sleep(0.05)
        yield Child(url, process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()

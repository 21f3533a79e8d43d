"""Where an HQ server listens, and starting one as a child of the demo and of tests.

One process is :mod:`crmdesk.hq.running.server`, several at one address
:mod:`crmdesk.hq.running.processes`. The embedded PostgreSQL, if there is one, is started before and
stopped after by whoever owns the folder.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.hq.running import children
from crmdesk.hq.running.options import ServeOptions, require_private
from crmdesk.i18n import _

SERVER_FILE = "server.json"
_START_S, _STOP_S = 30.0, 15.0


def system_clock(*, offset_s: float = 0.0, zone: str = "UTC") -> ZoneClock:
    """HQ's clock; ``offset_s`` moves it with the demo company."""
    return ZoneClock(lambda: datetime.now(UTC), ZoneInfo(zone), timedelta(seconds=offset_s))


def serve(url: str, options: ServeOptions, *, address_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT, in this process or in several that share one address.

    Raises EnvironmentProblem when the address is taken or the database does not fit, UserError
    without TLS on the network.
    """
    require_private(options)
    from crmdesk.hq.running import processes, server

    with closing(_listen(options.host, options.port)) as listener:
        if address_file is not None:
            scheme = "http" if options.certificate is None else "https"
            host, port = listener.getsockname()[:2]
            _write_address(address_file, f"{scheme}://{host}:{port}")
        try:
            if options.processes == 1:
                server.run(url, options, listener)
            else:
                server.check(url, options)
                processes.run(url, options, listener)
        finally:
            if address_file is not None:
                address_file.unlink(missing_ok=True)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise EnvironmentProblem(
            _("The HQ server cannot listen on {host}:{port}.").format(host=host, port=port),
            _("Another program may be using it; choose another --port."),
        ) from error
    return listener


def _write_address(path: Path, url: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    draft.replace(path)


@dataclass(slots=True)
class ServerProcess:
    """A server running as a child of this process."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self) -> None:
        """Let it finish what it does, then end it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        self.process.wait()


def start_server(folder: Path, url: str, *, offset_s: float = 0.0, port: int = 0) -> ServerProcess:
    """Start a server on the loopback and wait until it answers; its log is in ``folder``.

    Raises EnvironmentProblem with the end of the log when it does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    address, log = folder / SERVER_FILE, folder / "server.log"
    address.unlink(missing_ok=True)
    options = ServeOptions(port=port, offset_s=offset_s)
    with log.open("ab") as output:
        process = children.start(children.Task(url, options, address), output=output)
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        if address.exists():
            found = json.loads(address.read_text(encoding="utf-8"))["url"]
            if _answers(found):
                return ServerProcess(process, found)
        time.sleep(0.05)
    process.kill()
    process.wait()
    tail = log.read_text(errors="replace").strip()[-600:]
    raise EnvironmentProblem(_("The HQ server did not start."), tail)


def _answers(url: str) -> bool:
    import httpx2

    try:
        with httpx2.Client(timeout=5.0) as client:
            return client.get(f"{url}/health").status_code == 200
    except httpx2.TransportError:
        return False

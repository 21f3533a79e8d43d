"""Running the HQ server: in this process, or as a child of the demo and of tests.

A child writes its address into a file once it answers, and stops cleanly on SIGTERM. The embedded
PostgreSQL, if there is one, is started before and stopped after by whoever owns the folder.
"""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import EnvironmentProblem, UserError
from crmdesk.i18n import _

SERVER_FILE = "server.json"
_START_S, _STOP_S = 30.0, 15.0


def system_clock(*, offset_s: float = 0.0, zone: str = "UTC") -> ZoneClock:
    """HQ's clock; ``offset_s`` moves it with the demo company."""
    return ZoneClock(lambda: datetime.now(UTC), ZoneInfo(zone), timedelta(seconds=offset_s))


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where and how to listen. Without TLS files it listens on the loopback, or ``insecure``.

    ``proxies`` are the addresses whose word on where a request comes from is taken.
    """

    host: str = "127.0.0.1"
    port: int = 8642
    offset_s: float = 0.0
    certificate: Path | None = None
    private_key: Path | None = None
    insecure: bool = False
    proxies: tuple[str, ...] = ()


def require_private(options: ServeOptions) -> None:
    """UserError when what laptops send, customers and device keys, would go about unencrypted."""
    if options.certificate is not None or options.insecure or _is_loopback(options.host):
        return
    raise UserError(
        _("Without a certificate the server would send customers' data unencrypted."),
        _("Give --certificate and --private-key, serve on 127.0.0.1, or say --insecure."),
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(url: str, options: ServeOptions, *, address_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises EnvironmentProblem when the address is taken, UserError without TLS on the network.
    """
    require_private(options)
    import uvicorn

    from crmdesk.hq import doors
    from crmdesk.hq.app import make_app, open_hq
    from crmdesk.hq.store import Store

    listener = _listen(options.host, options.port)
    store = Store(url, bounded=True)
    try:
        app = make_app(open_hq(store, system_clock(offset_s=options.offset_s)))
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=10,
            ssl_certfile=options.certificate,
            ssl_keyfile=options.private_key,
            http=doors.protocol(),
            ws="none",
            # Without a proxy of ours anybody could name any address as theirs.
            proxy_headers=bool(options.proxies),
            forwarded_allow_ips=list(options.proxies),
        )
        if address_file is not None:
            scheme = "http" if options.certificate is None else "https"
            host, port = listener.getsockname()[:2]
            _write_address(address_file, f"{scheme}://{host}:{port}")
        with _quiet_end():
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        store.dispose()
        listener.close()
        if address_file is not None:
            address_file.unlink(missing_ok=True)


@contextmanager
def _quiet_end() -> Iterator[None]:
    """Let the server end by a signal without ending this process before it has tidied up.

    uvicorn finishes its requests and then raises the signal once more for us.
    """
    ends = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda _number, _frame: None) for number in ends]
    try:
        yield
    finally:
        for number, handler in zip(ends, before, strict=True):
            signal.signal(number, handler)


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
    command = [sys.executable]
    if not getattr(sys, "frozen", False):
        command += ["-m", "crmdesk.hq.child"]
    else:
        command += ["--hq-child"]
    command += [url, str(address), str(port), str(offset_s)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
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

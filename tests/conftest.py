"""What every test runs under: no network, no screen, no home, no system keyring, no stray warnings.

Owns the process-wide guards and the way to the shared real data. Databases, HQ servers and windows
are made by the fixtures of the folders that test them.
"""

import ipaddress
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import sleep as pause
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

_ROOT = Path(__file__).resolve().parent.parent
_LAST_SECONDS = 20
_PATIENCE_MS = 30_000
_HOME = Path(tempfile.mkdtemp(prefix="crmdesk-tests-"))


def _isolate_environment() -> None:
    """Point everything that belongs to a person at a throw-away folder.

    Runs while this file is imported: Qt and platformdirs read the environment only once.
    """
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(_HOME / name.lower())
    runtime = _HOME / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ.update(
        HOME=str(_HOME),
        XDG_RUNTIME_DIR=str(runtime),
        LANGUAGE="en",
        LC_ALL="C.UTF-8",
        PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring",
        QT_QPA_PLATFORM="offscreen",
    )
    for name in ("CRMDESK_PROFILE", "QT_SCALE_FACTOR", "QT_STYLE_OVERRIDE", "DATABASE_URL"):
        os.environ.pop(name, None)


_isolate_environment()


class NetworkBlockedError(RuntimeError):
    """A test tried to leave the machine."""


def _require_loopback(host: object) -> None:
    if host in (None, "", b"", "localhost", b"localhost"):
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        raise NetworkBlockedError(f"name lookup of {name!r} in a test") from None
    if not (address.is_loopback or address.is_unspecified):
        raise NetworkBlockedError(f"connection to {name} in a test")


def _block_network() -> None:
    """Let sockets reach the loopback addresses and local socket files only."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    getaddrinfo = socket.getaddrinfo

    def check(sock: socket.socket, address: Any) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            _require_loopback(address[0])

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        _require_loopback(host)
        return getaddrinfo(host, *args, **kwargs)

    for where, name, guarded in (
        (socket.socket, "connect", guarded_connect),
        (socket.socket, "connect_ex", guarded_connect_ex),
        (socket, "getaddrinfo", guarded_getaddrinfo),
    ):
        setattr(where, name, guarded)


def pytest_configure(config: pytest.Config) -> None:
    """Raise the guards before any test is collected."""
    config.addinivalue_line(
        "markers", "logs_warnings: the test means crmdesk to log a warning or an error"
    )
    # How long an example takes says more of the machine and of what else it does than of the code.
    settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("house")
    _block_network()
    _be_patient()


def _be_patient() -> None:
    """Wait for what a window does for half a minute, not for five seconds, on a busy machine."""
    from pytestqt.qtbot import QtBot

    for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitSignals, QtBot.waitCallback):
        defaults = wait.__kwdefaults__
        assert defaults is not None
        defaults["timeout"] = _PATIENCE_MS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: no worker is left with one when the others have ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_unconfigure() -> None:
    """Take the throw-away home away."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _planted_bug() -> Iterator[None]:
    """A bug planted on purpose for the whole run, where ``tests.sync.planted`` asks for one."""
    name = os.environ.get("CRMDESK_PLANT")
    if not name:
        yield
        return
    from tests.sync import planted

    with pytest.MonkeyPatch.context() as patch:
        planted.apply(name, patch)
        yield


@pytest.fixture(autouse=True)
def _one_day() -> None:
    """A test that asks the system's clock does not begin in the last seconds of a day."""
    for now in (datetime.now().astimezone(), datetime.now(UTC)):
        midnight = datetime.combine(now.date() + timedelta(days=1), time.min, now.tzinfo)
        left = (midnight - now).total_seconds()
        if left < _LAST_SECONDS:
            pause(left)


@pytest.fixture(autouse=True)
def _no_unexpected_log(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fail a test during which crmdesk logged a warning, unless it is marked `logs_warnings`."""
    yield
    if request.node.get_closest_marker("logs_warnings"):
        return
    unexpected = [
        record.getMessage()
        for phase in ("setup", "call")
        for record in caplog.get_records(phase)
        if record.levelno >= logging.WARNING and record.name.partition(".")[0] == "crmdesk"
    ]
    if unexpected:
        pytest.fail("unexpected log records:\n" + "\n".join(unexpected))


@pytest.fixture
def memory_keyring() -> Iterator[dict[tuple[str, str], str]]:
    """A keyring in memory, as (service, user) → secret; without it there is no keyring at all."""
    import keyring
    from keyring.backend import KeyringBackend
    from keyring.errors import PasswordDeleteError

    secrets: dict[tuple[str, str], str] = {}

    class MemoryKeyring(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return secrets.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            secrets[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            if secrets.pop((service, username), None) is None:
                raise PasswordDeleteError(username)

    previous = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield secrets
    keyring.set_keyring(previous)


def _shared(name: str) -> Path:
    root = Path(os.environ.get("CRMDESK_SHARED") or _ROOT.parent / "shared")
    folder = root / name
    if not folder.is_dir():
        pytest.skip(f"no shared {name} (set CRMDESK_SHARED to the folder that holds it)")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real data sets; skips the test where it is absent."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_instances() -> Path:
    """The folder with the routing instances; skips the test where it is absent."""
    return _shared("instances")

"""What a connection, a device and an address may hold of a server: heads, slow bodies, requests."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest

from crmdesk.domain.errors import Refused
from crmdesk.hq.running import app, doors, endpoints, serving
from crmdesk.hq.running.app import make_app
from crmdesk.hq.running.endpoints import Reply, open_hq
from crmdesk.hq.running.limits import Room
from crmdesk.sync.protocol import Failure, PullRequest
from tests.sync.by_hand import Hand, hand
from tests.sync.conftest import Headquarters, _serve
from tests.sync.wires import Wire, session_of

pytestmark = pytest.mark.hq

__all__ = ["hand"]


@contextmanager
def server(hq: Headquarters, **patience: float) -> Iterator[tuple[str, int]]:
    url, stop = _serve(
        make_app(open_hq(hq.store, serving.system_clock())), http=doors.protocol(**patience)
    )
    parts = urlsplit(url)
    try:
        yield str(parts.hostname), int(parts.port or 0)
    finally:
        stop()


def closes(line: socket.socket, within_s: float) -> bool:
    """Whether the other side ends the connection; what it still says is read."""
    line.settimeout(within_s)
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def test_a_head_that_drips_is_cut(hq: Headquarters) -> None:
    with server(hq, head_s=0.5) as address:
        for opening in (b"", b"POST /v1/push HTTP/1.1\r\nhost: x\r\n"):
            with socket.create_connection(address) as line:
                line.sendall(opening)
                assert closes(line, 5)
        # Nor does a drop now and then help.
        with socket.create_connection(address) as line:
            started = time.monotonic()
            with pytest.raises(OSError):
                while time.monotonic() - started < 5:
                    line.sendall(b"x")
                    time.sleep(0.05)
        # A second request on the same connection has no longer.
        with socket.create_connection(address) as line:
            line.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            assert line.recv(1000)
            line.sendall(b"GET /hea")
            assert closes(line, 5)


def test_an_endless_head_is_cut(hq: Headquarters) -> None:
    with server(hq) as address, socket.create_connection(address) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n")
        with pytest.raises(OSError):
            for _piece in range(10_000):
                line.sendall(b"x-more: " + b"x" * 1000 + b"\r\n")
                time.sleep(0.001)


def test_a_quiet_connection_between_requests_may_stay(hq: Headquarters) -> None:
    with server(hq, head_s=0.3) as address, socket.create_connection(address) as line:
        for _request in range(2):
            line.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b"200" in line.recv(1000)
            time.sleep(0.8)
            line.setblocking(False)
            with suppress(BlockingIOError):
                line.recv(1000)
            line.setblocking(True)
        assert not closes(line, 0.2)


def _timed_out(caplog: pytest.LogCaptureFixture) -> bool:
    return any(getattr(record, "status", None) == 408 for record in caplog.records)


def test_a_body_that_drips_is_refused(
    hq: Headquarters,
    hand: Hand,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever drips on while HQ answers may lose the answer on the way; HQ's log has it then."""
    narrow = endpoints.Endpoint(endpoints._push, room=Room(seconds=1.0, pause_s=0.3))
    monkeypatch.setitem(endpoints.ENDPOINTS, "/v1/push", narrow)

    head = (
        b"POST /v1/push HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n"
        b"authorization: Bearer " + hand.token.encode() + b"\r\n\r\n"
    )
    parts = urlsplit(hq.url)
    for gap in (2.0, 0.1):
        with socket.create_connection((str(parts.hostname), int(parts.port or 0))) as line:
            line.sendall(head)
            started = time.monotonic()
            line.settimeout(gap)
            found = b""
            while not found and time.monotonic() - started < 10:
                try:
                    line.sendall(b" ")
                    found = line.recv(1000) or b"closed"
                except TimeoutError:
                    continue
                except ConnectionError:
                    found = b"closed"
        ends = time.monotonic() + 5
        while not _timed_out(caplog) and time.monotonic() < ends:
            time.sleep(0.02)
        assert _timed_out(caplog), "HQ went on waiting"
        assert found == b"closed" or (b"408" in found and b"timeout" in found)
        caplog.clear()


def test_a_reader_that_does_not_read_is_cut_and_gives_its_connection_back(
    hq: Headquarters, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def endless(_hq: Any, _call: Any) -> Reply:
        def pieces() -> Iterator[bytes]:
            try:
                while True:
                    yield b"x" * 65536
            finally:
                ended.set()

        return Reply(pieces())

    monkeypatch.setitem(endpoints.ENDPOINTS, "/v1/snapshot", endpoints.Endpoint(endless))
    with server(hq, stall_s=0.5) as address, socket.create_connection(address) as line:
        line.sendall(
            b"POST /v1/snapshot HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n"
            b"authorization: Bearer " + hand.token.encode() + b"\r\n\r\n"
        )
        assert ended.wait(10)


def test_a_device_has_only_so_many_requests_open(
    hq: Headquarters, hand: Hand, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = hq.join("R2")
    go_on = threading.Event()

    def slow(_hq: Any, _call: Any) -> Reply:
        go_on.wait(20)
        return Reply(b"{}")

    monkeypatch.setitem(endpoints.ENDPOINTS, "/v1/snapshot", endpoints.Endpoint(slow))
    found: list[int] = []

    def ask() -> None:
        other = Hand(hq, hq.laptops[0])
        # The asking below takes a place too, for a moment.
        while (status := other.post("/v1/snapshot", b"")[0]) == 429:
            time.sleep(0.02)
        found.append(status)
        other.client.close()

    threads = [threading.Thread(target=ask) for _n in range(doors.MOST_OF_DEVICE)]
    for thread in threads:
        thread.start()
    try:
        deadline = time.monotonic() + 10
        while (code := hand.post("/v1/pull", PullRequest(1, "e"))[1]) != "too-many":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert code == "too-many"
        session = session_of(two, wire(hq.url))
        with pytest.raises(Refused) as caught:
            session.post("/v1/pull", PullRequest(1, "e"))
        assert caught.value.code == "epoch", "others are not held up"
    finally:
        go_on.set()
        for thread in threads:
            thread.join()
    assert found == [200] * doors.MOST_OF_DEVICE
    assert hand.post("/v1/pull", PullRequest(1, "e"))[1] == "epoch"


def test_an_address_has_only_so_many_requests_without_a_token_open(
    hq: Headquarters, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is not known is counted by address; who has a token is counted as a device."""
    monkeypatch.setattr(app, "MOST_OF_ADDRESS", 3)
    go_on = threading.Event()
    inside = threading.Semaphore(0)

    def slow(_hq: Any, _call: Any) -> Reply:
        inside.release()
        go_on.wait(20)
        return Reply(b"{}")

    monkeypatch.setitem(endpoints.ENDPOINTS, "/v1/enrol", endpoints.Endpoint(slow, signed=False))
    found: list[int] = []
    with server(hq) as (host, port):
        url = f"http://{host}:{port}"

        def ask() -> None:
            with httpx2.Client(base_url=url, timeout=20) as stranger:
                found.append(stranger.post("/v1/enrol", content=b"{}").status_code)

        threads = [threading.Thread(target=ask) for _n in range(3)]
        for thread in threads:
            thread.start()
        try:
            assert all(inside.acquire(timeout=10) for _thread in threads)
            with httpx2.Client(base_url=url, timeout=20) as fourth:
                answer = fourth.post("/v1/enrol", content=b"{}")
            assert answer.status_code == 429
            assert msgspec.json.decode(answer.content, type=Failure).code == "too-many"
            known = Hand(hq, hq.laptops[0], url)
            assert known.post("/v1/pull", PullRequest(1, "e"))[1] == "epoch"
            known.client.close()
        finally:
            go_on.set()
            for thread in threads:
                thread.join()
        assert found == [200] * 3
        ask()
        assert found[-1] == 200, "who has ended makes room"


def test_an_office_behind_one_address_finds_room() -> None:
    """Two hundred laptops that sign in at the same moment, as the benchmark has them."""
    assert doors.MOST_OF_ADDRESS >= 200


def test_a_request_ends_after_its_whole_time(
    hq: Headquarters, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "WHOLE_S", 0.5)

    def endless(_hq: Any, _call: Any) -> Reply:
        def pieces() -> Iterator[bytes]:
            while True:
                time.sleep(0.05)
                yield b"x"

        return Reply(pieces())

    monkeypatch.setitem(endpoints.ENDPOINTS, "/v1/snapshot", endpoints.Endpoint(endless))
    with server(hq) as (host, port):
        slow = Hand(hq, hq.laptops[0], f"http://{host}:{port}")
        with pytest.raises(httpx2.TransportError):
            slow.post("/v1/snapshot", b"")
        slow.client.close()

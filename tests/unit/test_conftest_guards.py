"""The guards of tests/conftest.py do stop what they promise to stop."""

import os
import socket
from pathlib import Path

import keyring
import pytest
from keyring.errors import NoKeyringError


def test_connection_to_another_machine_is_blocked() -> None:
    with socket.socket() as sock, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        sock.connect(("192.0.2.1", 80))


def test_name_lookup_is_blocked() -> None:
    with pytest.raises(RuntimeError, match=r"crm\.example"):
        socket.getaddrinfo("crm.example", 443)


def test_loopback_and_local_sockets_work(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert client.getpeername() == server.getsockname()
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)


def test_home_is_not_the_persons() -> None:
    assert "crmdesk-tests-" in os.environ["HOME"]
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"


def test_there_is_no_system_keyring() -> None:
    with pytest.raises(NoKeyringError):
        keyring.get_password("crmdesk", "anyone")


def test_memory_keyring_keeps_and_forgets(memory_keyring: dict[tuple[str, str], str]) -> None:
    keyring.set_password("crmdesk", "someone", "secret")
    assert memory_keyring == {("crmdesk", "someone"): "secret"}
    keyring.delete_password("crmdesk", "someone")
    assert keyring.get_password("crmdesk", "someone") is None

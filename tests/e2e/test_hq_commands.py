"""An office's first day by the command line: HQ made and served, a laptop enrolled and synced."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("psycopg", reason="HQ's libraries are not installed (extra hq)")

from crmdesk.hq.database import home
from crmdesk.hq.database.embedded import installed_programs

pytestmark = pytest.mark.hq

_COMMAND = [sys.executable, "-m", "crmdesk"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach; its cluster is stopped afterwards."""
    if not installed_programs():
        pytest.skip("no PostgreSQL: install postgresql-15 or the extra hq-embedded")
    found = Path(tempfile.mkdtemp(prefix="crmdesk-hq-tests-"))
    yield found
    for name in ("hq", "again"):
        if (found / name / "hq.json").exists():
            home.open_home(found / name).stop()
    shutil.rmtree(found, ignore_errors=True)


def run(*arguments: object) -> Any:
    """A command's JSON document."""
    done = subprocess.run(
        [*_COMMAND, *map(str, arguments), "--json"],
        capture_output=True, text=True, check=False, env=_environment(), timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _environment() -> dict[str, str]:
    return {**os.environ, "CRMDESK_PASSPHRASE": "eight letters", "PYTHONPATH": str(Path.cwd())}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_served(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server did not come up")


def test_from_an_empty_folder_to_a_synced_laptop(folder: Path) -> None:
    hq, laptop, port = folder / "hq", folder / "laptop", free_port()
    made = run("hq", "init", "--folder", hq, "--company", "Bäckerei Groß", "--admin", "Ada")
    server = subprocess.Popen(
        [*_COMMAND, "hq", "serve", "--folder", str(hq), "--port", str(port), "--processes", "2"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(),
    )  # fmt: skip
    try:
        wait_until_served(server, port)
        joined = run("join", f"http://127.0.0.1:{port}", "--code", made["code"],
                     "--profile", laptop)  # fmt: skip
        assert joined["rows"] >= 5
        report = run("sync", "--profile", laptop)
        assert (report["sent"], report["refusals"], report["waiting"]) == (0, 0, 0)
        rep = run("hq", "user", "add", "R1", "Ruth Rep", "--territory", "T1", "--folder", hq)
        assert len(rep["code"].replace("-", "")) == 12
        assert run("sync", "--profile", laptop)["received"] == 2
        (device,) = run("hq", "device", "--folder", hq)
        assert device["user_code"] == "A1"
        assert run("hq", "check", "--folder", hq)["findings"] == []
        dump = run("hq", "backup", "--folder", hq, "--out", folder / "kept", "--keep", "3")["file"]
        assert run("hq", "restore", dump, "--folder", folder / "again")["safety"] is None
        again = run("hq", "check", "--folder", folder / "again")
        assert again["findings"] == [] and again["counts"]["user"] == 2
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    place = home.open_home(hq)
    assert place.cluster is not None and not place.cluster.running()

"""``crmdesk sync --watch``: rounds by the desktop's schedule, until HQ turns the device away."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from crmdesk.cli import syncing
from crmdesk.cli.program import Faces, main
from crmdesk.sync import schedule
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note

pytestmark = pytest.mark.hq

_WAIT_S = 30.0


def wait_until(test: object) -> None:
    """Until the test holds; fails after half a minute."""
    end = time.monotonic() + _WAIT_S
    while not test():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_it_sends_what_changes_and_ends_when_turned_away(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DEBOUNCE_S", "LEAST_GAP_S", "FIRST_RETRY_S"):
        monkeypatch.setattr(schedule, name, 0.05)
    monkeypatch.setattr(syncing, "_TICK_S", 0.02)
    laptop = hq.join("R1")
    codes: list[int] = []
    faces = Faces(lambda _f: 1, lambda _f, _p: 1, lambda: 1)

    def watch() -> None:
        arguments = ["sync", "--watch", "--profile", str(laptop.folder)]
        codes.append(main(arguments, faces, lambda: datetime.now(UTC)))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        add_note(laptop, "C0", "R1", "one")
        wait_until(lambda: hq.rows("SELECT text FROM note") == [("one",)])
        # Nobody answers for a moment: it goes on by itself.
        url = hq.url
        hq.stop()
        add_note(laptop, "C0", "R1", "two")
        time.sleep(0.5)
        assert thread.is_alive()
        hq.restart()
        assert hq.url != url
        wait_until(lambda: hq.one("SELECT count(*) FROM note") == 2)
        with hq.store.transaction() as connection:
            connection.execute("UPDATE hq_device SET status = 'cloned'")
        add_note(laptop, "C0", "R1", "three")
        thread.join(_WAIT_S)
        assert not thread.is_alive()
        assert codes == [3]
    finally:
        with hq.store.transaction() as connection:
            connection.execute("UPDATE hq_device SET status = 'cloned'")
        thread.join(_WAIT_S)

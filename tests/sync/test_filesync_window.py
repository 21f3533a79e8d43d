"""Sync by files from the window: W writes what waits, I takes HQ's answer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.bus import Bus
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import ShellSources, build_shell
from crmdesk.gui.views.sync.widget import SyncPlace
from crmdesk.hq.exchange import editing
from crmdesk.services.workspace import workspace_of
from tests.gui.conftest import runner
from tests.sync import company
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note
from tests.sync.filepost import Post

__all__ = ["runner"]

pytestmark = pytest.mark.hq


def test_a_note_goes_to_hq_and_news_come_back_in_files_by_two_keys(
    hq: Headquarters, qtbot: QtBot, runner: Runner, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    one = hq.join("R1")
    add_note(one, "C0", "R1", "by stick")
    uid = company.ACCOUNTS[0].hex()
    editing.update_rows(hq.store, "account", [uid], {"credit_limit_minor": 70_000}, hq.now_ms())
    ws = workspace_of(one.folder, one.database, lambda: datetime.now(UTC))
    specs = [spec for spec in places_for(ws) if spec.key == "sync"]
    bus = Bus()
    heard: list[ChangeSet] = []
    bus.subscribe(heard.append)
    window = build_shell(ws, runner, bus, specs, ShellSources())
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.go("sync")
    place = window.place("sync")
    assert isinstance(place, SyncPlace)
    qtbot.waitUntil(lambda: runner.running == 0, timeout=20_000)
    assert place.post.isVisible()

    up = tmp_path / "up.sync"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(up), ""))
    qtbot.keyClick(place, Qt.Key.Key_W)
    qtbot.waitUntil(lambda: up.exists() and runner.running == 0, timeout=20_000)
    assert one.waiting() > 0, "everything waits until the answer"

    answer = Post(hq, one, tmp_path).answered(up)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(answer), ""))
    qtbot.keyClick(place, Qt.Key.Key_I)
    qtbot.waitUntil(lambda: one.waiting() == 0 and runner.running == 0, timeout=20_000)
    assert one.one("SELECT credit_limit_minor FROM account WHERE code = 'C0'") == 70_000
    assert any(changes.touches("account") for changes in heard)
    assert hq.one("SELECT count(*) FROM note WHERE text = 'by stick'") == 1

    # A file that is none: a sentence, and nothing changed.
    up.write_bytes(b"not a file of ours")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(up), ""))
    qtbot.keyClick(place, Qt.Key.Key_I)
    qtbot.waitUntil(window.notice.isVisible, timeout=20_000)
    window.close()

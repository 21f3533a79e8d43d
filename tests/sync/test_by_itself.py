"""The whole desktop on a joined laptop: it sends and receives without being asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.gui.app import Desktop, Start
from crmdesk.hq.exchange import editing
from crmdesk.services import accounts
from crmdesk.services.queries.sync import sync_status
from crmdesk.sync import schedule
from tests.gui.conftest import synchronous_maps
from tests.sync import company
from tests.sync.conftest import Headquarters

__all__ = ["synchronous_maps"]

pytestmark = pytest.mark.hq

_WAIT_MS = 20_000


def test_a_change_goes_and_news_comes_without_being_asked(
    hq: Headquarters, qtbot: QtBot, qapp: QApplication, synchronous_maps: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in ("START_S", "DEBOUNCE_S", "QUIET_S", "LEAST_GAP_S"):
        monkeypatch.setattr(schedule, name, 0.1)
    laptop = hq.join("R1")
    editing.update_rows(
        hq.store, "account", [company.ACCOUNTS[1].hex()], {"description": "news"}, hq.now_ms()
    )
    desktop = Desktop(qapp, Start(laptop.folder, lambda: datetime.now(UTC)))
    desktop.show()
    try:
        news = "SELECT description FROM account WHERE code = 'C1'"
        qtbot.waitUntil(lambda: laptop.one(news) == "news", timeout=_WAIT_MS)
        rounds = desktop.window.rounds
        qtbot.waitUntil(lambda: not rounds.state.running, timeout=_WAIT_MS)
        assert rounds.state.next_in_s is not None
        ws = desktop.workspace
        assert ws is not None
        key = laptop.one("SELECT id FROM account WHERE code = 'C0'")
        desktop.runner.write(lambda: accounts.edit_account(ws, key, {"description": "typed"}))
        qtbot.waitUntil(
            lambda: hq.one("SELECT description FROM account WHERE code = 'C0'") == "typed",
            timeout=_WAIT_MS,
        )
        qtbot.waitUntil(lambda: not rounds.state.running, timeout=_WAIT_MS)
        assert sync_status(ws).waiting == 0
        qtbot.waitUntil(lambda: desktop.window.top.chip.state.kind == "in_sync", timeout=_WAIT_MS)
        qtbot.waitUntil(lambda: desktop.runner.running == 0, timeout=_WAIT_MS)
    finally:
        desktop.close()
